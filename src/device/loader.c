/** The loader of OpenCL drivers (ocl-icd): which of them it starts at the process's first call. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/** A driver's file, as far as it is asked about. */
typedef struct driver {
    char library[4096]; /**< "": it could not be read */
    bool pocl;
} driver;

static driver read_driver(const char *path) {
    driver found = {.library = ""};
    clp_bytes file = {0};
    if (clp_file_read(path, sizeof found.library - 1, &file, NULL) != CLPROC_OK) {
        found.pocl = true; /* it may be */
    } else if (file.size > 0) {
        memcpy(found.library, file.data, file.size);
        found.library[strcspn(found.library, "\r\n")] = '\0';
        found.pocl = strstr(found.library, "libpocl") != NULL;
    }
    clp_bytes_free(&file);
    return found;
}

/** True if a library can be loaded. It stays loaded: the loader is to find it there. */
static bool loads(const driver *d) {
    return d->library[0] && dlopen(d->library, RTLD_LAZY | RTLD_LOCAL) != NULL;
}

/** How many drivers there are of a kind, and others. */
typedef struct census {
    size_t wanted, others;
} census;

/** Counts the drivers of a folder: PoCL where it can be loaded, or all but PoCL. With `to`, links
 * to those that are wanted come there. */
static census count_drivers(const char *folder, clp_drivers which, const char *to) {
    struct dirent *entry;
    DIR *open = opendir(folder);
    census count = {.others = !open && errno != ENOENT}; /* what cannot be seen may be there */
    while (open && (entry = readdir(open))) {
        char name[4096], whole[PATH_MAX], link[4096 + 256];
        if (!ends_with(entry->d_name, ".icd") ||
            snprintf(name, sizeof name, "%s/%s", folder, entry->d_name) >= (int)sizeof name) {
            continue;
        }
        driver found = read_driver(name);
        bool wanted = which == CLP_DRIVERS_CPU ? found.pocl && loads(&found) : !found.pocl;
        if (wanted && to) {
            snprintf(link, sizeof link, "%s/%s", to, entry->d_name);
            wanted = realpath(name, whole) && symlink(whole, link) == 0;
        }
        count.wanted += wanted;
        count.others += !wanted;
    }
    if (open) {
        closedir(open);
    }
    return count;
}

/** Where the loader looks; ocl-icd reads a second variable where the first is not set. */
static const char *folder_asked(void) {
    const char *asked = getenv(CLP_LOADER_VARIABLE), *other = getenv("OPENCL_VENDOR_PATH");
    return asked ? asked : other ? other : CLP_LOADER_FOLDER;
}

bool clp_loader_has_pocl(void) {
    const char *asked = folder_asked();
    struct stat info;
    if (stat(asked, &info) != 0) {
        /* ocl-icd takes names of libraries, too, and looks for files elsewhere. */
        return strcmp(asked, CLP_LOADER_FOLDER) != 0;
    }
    if (S_ISDIR(info.st_mode)) {
        return count_drivers(asked, CLP_DRIVERS_GPU, NULL).others > 0;
    }
    return !ends_with(asked, ".icd") || read_driver(asked).pocl;
}

/** False where the user has said which devices PoCL offers: there may be none among them. */
static bool pocl_offers_cpu(void) {
    const char *drivers = getenv("POCL_DEVICES");
    return !drivers || strcmp(drivers, CLP_POCL_DEVICES) == 0;
}

bool clp_devices_cpu_suffices(void) {
    char notice[384];
    if (!pocl_offers_cpu()) {
        return false;
    }
    census count = count_drivers(folder_asked(), CLP_DRIVERS_CPU, NULL);
    return count.wanted > 0 && count.others > 0 &&
           clp_pocl_preflight(notice, sizeof notice, NULL) == CLPROC_OK;
}

void clp_loader_prepare(void) {
    (void)setenv(CLP_LOADER_VARIABLE, folder_asked(), 1);
}

void clp_loader_restrict(clp_drivers which) {
    const char *asked = getenv(CLP_LOADER_VARIABLE);
    char own[CLP_CACHE_PATH], folder[CLP_CACHE_PATH + 16];
    if (restricted.is || which == CLP_DRIVERS_ALL || !clp_cache_own(own) ||
        (which == CLP_DRIVERS_CPU && !pocl_offers_cpu())) {
        return;
    }
    /* Not all loaders take a single driver's file in place of a folder. */
    snprintf(folder, sizeof folder, "%s/drivers", own);
    int length = snprintf(restricted.before, sizeof restricted.before, "%s", asked ? asked : "");
    if (length < 0 || (size_t)length >= sizeof restricted.before || mkdir(folder, 0700) != 0) {
        return;
    }
    census count = count_drivers(folder_asked(), which, folder);
    restricted.is =
        count.wanted > 0 && count.others > 0 && setenv(CLP_LOADER_VARIABLE, folder, 1) == 0;
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
