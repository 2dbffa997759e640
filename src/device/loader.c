/** The loader of OpenCL drivers (ocl-icd): which of them it starts at the process's first call. */
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "device/device_private.h"

/** A figure of the process, as the variable is. */
static struct {
    bool is;
    char before[4096]; /**< what the variable was; "": it was not set */
} restricted;

static bool ends_with(const char *name, const char *end) {
    size_t length = strlen(name), tail = strlen(end);
    return length > tail && strcmp(name + length - tail, end) == 0;
}

/** True if a driver's file names PoCL's library, and that can be loaded. It stays loaded: the
 * loader is to find it there. */
static bool names_pocl(const char *path) {
    char library[4096];
    clp_bytes file = {0};
    bool found = clp_file_read(path, sizeof library - 1, &file, NULL) == CLPROC_OK &&
                 file.size > 0 && memmem(file.data, file.size, "libpocl", 7) != NULL;
    if (found) {
        size_t length = strcspn(memcpy(library, file.data, file.size), "\r\n");
        library[length < file.size ? length : file.size] = '\0';
        found = dlopen(library, RTLD_LAZY | RTLD_LOCAL) != NULL;
    }
    clp_bytes_free(&file);
    return found;
}

/** PoCL's file in a folder of drivers; false where it is not there, or alone. */
static bool find_pocl(const char *folder, char *path, size_t size) {
    size_t others = 0;
    bool found = false;
    struct dirent *entry;
    DIR *open = opendir(folder);
    while (open && (entry = readdir(open))) {
        char name[4096];
        if (!ends_with(entry->d_name, ".icd") ||
            snprintf(name, sizeof name, "%s/%s", folder, entry->d_name) >= (int)sizeof name) {
            continue;
        }
        if (!found && names_pocl(name)) {
            found = snprintf(path, size, "%s", name) < (int)size;
        } else {
            others++;
        }
    }
    if (open) {
        closedir(open);
    }
    return found && others > 0;
}

bool clp_devices_cpu_suffices(void) {
    const char *asked = getenv(CLP_LOADER_VARIABLE);
    char path[4096], notice[384];
    return find_pocl(asked ? asked : CLP_LOADER_FOLDER, path, sizeof path) &&
           clp_pocl_preflight(notice, sizeof notice, NULL) == CLPROC_OK;
}

void clp_loader_prepare(void) {
    (void)setenv(CLP_LOADER_VARIABLE, CLP_LOADER_FOLDER, 0);
}

void clp_loader_restrict(void) {
    const char *asked = getenv(CLP_LOADER_VARIABLE);
    char path[4096];
    if (restricted.is) {
        return;
    }
    int length = snprintf(restricted.before, sizeof restricted.before, "%s", asked ? asked : "");
    if (length >= 0 && (size_t)length < sizeof restricted.before &&
        find_pocl(asked ? asked : CLP_LOADER_FOLDER, path, sizeof path)) {
        restricted.is = setenv(CLP_LOADER_VARIABLE, path, 1) == 0;
    }
}

void clp_loader_release(void) {
    if (!restricted.is) {
        return;
    }
    /* Children must find what there was. */
    if (restricted.before[0]) {
        (void)setenv(CLP_LOADER_VARIABLE, restricted.before, 1);
    } else {
        (void)unsetenv(CLP_LOADER_VARIABLE);
    }
    restricted.is = false;
}
