#include "batch/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "core/memory.h"

static clp_entry_kind kind_of(int folder, const struct dirent *entry) {
    struct stat info;
    switch (entry->d_type) {
    case DT_REG:
        return CLP_ENTRY_FILE;
    case DT_DIR:
        return CLP_ENTRY_FOLDER;
    case DT_LNK:
    case DT_UNKNOWN:
        if (fstatat(folder, entry->d_name, &info, 0) != 0 || S_ISREG(info.st_mode)) {
            return CLP_ENTRY_FILE; /* a dangling link fails when it is read, with its cause */
        }
        return S_ISDIR(info.st_mode) ? CLP_ENTRY_FOLDER : CLP_ENTRY_OTHER;
    default:
        return CLP_ENTRY_OTHER;
    }
}

static clproc_status append(clp_folder *folder, const char *name, clp_entry_kind kind,
                            clproc_error *error) {
    clp_folder_entry *entries = clp_memory_grow(
        CLP_MEMORY_LISTING, folder->entries, &folder->capacity, folder->count + 1, sizeof *entries);
    if (entries) {
        folder->entries = entries;
    }
    char *copy = clp_memory_string(CLP_MEMORY_LISTING, name);
    if (!entries || !copy) {
        clp_memory_free(copy);
        return clp_error_memory(error, "the list of files", strlen(name));
    }
    entries[folder->count++] = (clp_folder_entry){.name = copy, .kind = kind};
    return CLPROC_OK;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const clp_folder_entry *)a)->name, ((const clp_folder_entry *)b)->name);
}

clproc_status clp_folder_read(clp_folder *folder, const char *path, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    DIR *stream = opendir(path);
    if (!stream) {
        int code = errno;
        return clp_error_set_file(error, CLPROC_ERROR_INPUT, path,
                                  "this folder cannot be read: %s%s", strerror(code),
                                  clp_file_remedy(code));
    }
    while (status == CLPROC_OK) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (!entry) {
            break;
        }
        const char *name = entry->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !clp_file_is_own(name)) {
            status = append(folder, name, kind_of(dirfd(stream), entry), error);
        }
    }
    if (status == CLPROC_OK && errno != 0) {
        status = clp_error_set_file(error, CLPROC_ERROR_INPUT, path,
                                    "this folder cannot be read: %s", strerror(errno));
    }
    closedir(stream);
    if (status == CLPROC_OK && folder->count > 1) {
        qsort(folder->entries, folder->count, sizeof *folder->entries, by_name);
    } else if (status != CLPROC_OK) {
        clp_folder_free(folder);
    }
    return status;
}

void clp_folder_free(clp_folder *folder) {
    for (size_t i = 0; i < folder->count; i++) {
        clp_memory_free(folder->entries[i].name);
    }
    clp_memory_free(folder->entries);
    *folder = (clp_folder){0};
}
