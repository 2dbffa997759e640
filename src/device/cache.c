/** The driver's cache of compiled programs: whether a build found its program there. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/device_private.h"

#define UNKNOWN (-1)

/** Entries of a folder and, down to `depth`, of those in it; their names are made of capitals. */
static int64_t count_entries(const char *path, int depth) {
    int64_t count = 0;
    struct dirent *entry;
    DIR *folder = opendir(path);
    while (folder && (entry = readdir(folder))) {
        char below[4096];
        size_t length = strlen(entry->d_name);
        if (strspn(entry->d_name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != length) {
            continue;
        }
        snprintf(below, sizeof below, "%.3900s/%.100s", path, entry->d_name);
        count += depth == 0 ? 1 : count_entries(below, depth - 1);
    }
    if (folder) {
        closedir(folder);
    }
    return count;
}

int64_t clp_cache_programs(const clp_device *device) {
    const char *path = getenv("POCL_CACHE_DIR");
    bool pocl = strcmp(device->info.platform, CLP_POCL_PLATFORM) == 0;
    /* PoCL keeps XX/REST-OF-HASH for each program. Of other drivers' caches nothing can be told. */
    return pocl && path && *path ? count_entries(path, 1) : UNKNOWN;
}

clp_prof_cache clp_cache_since(const clp_device *device, int64_t programs) {
    return programs == UNKNOWN                      ? CLP_CACHE_UNKNOWN
           : clp_cache_programs(device) == programs ? CLP_CACHE_WARM
                                                    : CLP_CACHE_COLD;
}
