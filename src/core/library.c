#include "core/library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *load(const clp_library *library) {
    void *handle = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        return dlerror();
    }
    for (size_t i = 0; i < library->count; i++) {
        void *symbol = dlsym(handle, library->slots[i].name);
        if (!symbol) {
            return dlerror();
        }
        memcpy(library->slots[i].pointer, &symbol, sizeof symbol);
    }
    return NULL;
}

const char *clp_library_load(clp_library *library) {
    const char *cause = NULL;
    pthread_mutex_lock(&lock);
    if (!library->loaded) {
        cause = load(library);
        library->loaded = !cause;
    }
    pthread_mutex_unlock(&lock);
    return cause;
}
