/* Compiled kernels: where PoCL puts them in this process, and where they are kept for the next.
 *
 *  PoCL trusts what lies in its cache, and ends the process where that is damaged or the disk is
 * full. So every process gives it an empty folder of its own, in memory where possible, and removes
 * it at its end; what is kept are the sealed binaries of binaries.c. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/file.h"
#include "device/device_private.h"

/** Whether PoCL compiles a kernel for each size of its work-groups and kind of grid. Without, one
 * variant serves all, which a program's binary needs anyway. Ours are as fast so: their vectors are
 * written out, and nothing is gained from work-items beside each other. */
#define SPECIALIZATION "POCL_WORK_GROUP_SPECIALIZATION"

#define UNKNOWN (-1)

/** What all kernels take, compiled in one run, is far below. */
#define FREE_BYTES ((uint64_t)64 << 20)
#define FREE_FILES 1000

bool clp_cache_has_room(const char *folder) {
    struct statvfs system;
    return statvfs(folder, &system) == 0 &&
           (uint64_t)system.f_bavail * system.f_frsize >= FREE_BYTES &&
           /* Some file systems do not count files. */
           (system.f_files == 0 || system.f_favail >= FREE_FILES);
}

/* ------------------------------------------------------- what is kept */

bool clp_cache_is_ours(const struct stat *info) {
    return info->st_uid == geteuid() && (info->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

int clp_cache_open(const char *path) {
    struct stat info;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder >= 0 && fstat(folder, &info) == 0 && info.st_uid == geteuid()) {
        /* A wide umask may have made it, and may make files in it. */
        if ((info.st_mode & 0777) != 0700) {
            (void)fchmod(folder, 0700);
        }
        if (fstat(folder, &info) == 0 && clp_cache_is_ours(&info)) {
            return folder;
        }
    }
    if (folder >= 0) {
        close(folder);
    }
    return -1;
}

bool clp_cache_is_usable(const char *path) {
    int folder = -1;
    bool usable = clp_file_make_folder(path, NULL) == CLPROC_OK &&
                  (folder = clp_cache_open(path)) >= 0 && access(path, W_OK | X_OK) == 0;
    if (folder >= 0) {
        close(folder);
    }
    return usable;
}

/** The folder beside PoCL's cache that was asked for, else where that usually is, or where neither
 * can be written, or is another user's, one below /tmp; false if that is of no use either. */
static bool choose_kept(char path[CLP_CACHE_PATH]) {
    const char *asked = getenv("POCL_CACHE_DIR"), *xdg = getenv("XDG_CACHE_HOME"),
               *home = getenv("HOME"), *known = getenv(CLP_CACHE_KEPT);
    int length = -1;
    if (known && *known) {
        length = snprintf(path, CLP_CACHE_PATH, "%s", known);
    } else if (asked && *asked) {
        length = snprintf(path, CLP_CACHE_PATH, "%s/clproc-programs", asked);
    } else if (xdg && *xdg) {
        length = snprintf(path, CLP_CACHE_PATH, "%s/pocl/kcache/clproc-programs", xdg);
    } else if (home && *home) {
        length = snprintf(path, CLP_CACHE_PATH, "%s/.cache/pocl/kcache/clproc-programs", home);
    }
    if (length > 0 && length < CLP_CACHE_PATH && clp_cache_is_usable(path)) {
        return true;
    }
    snprintf(path, CLP_CACHE_PATH, "/tmp/clproc-cache-%ld", (long)geteuid());
    return clp_cache_is_usable(path);
}

/* ------------------------------------------------------- what is PoCL's */

#define OWN_PREFIX "clproc-pocl-"

/** Figures of the process itself, as what PoCL knows of its folder is. */
static struct {
    pthread_mutex_t lock;
    char path[CLP_CACHE_PATH]; /**< "" before it is made */
    int file;                  /**< the folder, locked */
    pid_t process;             /**< that made it; a child makes its own */
    char notice[384];          /**< of making it */
} own = {.lock = PTHREAD_MUTEX_INITIALIZER, .file = -1};

/** Removes `name` and what is in it. */
static void remove_tree(int folder, const char *name) {
    const struct dirent *entry;
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT) {
        return;
    }
    int file = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = file >= 0 ? fdopendir(file) : NULL;
    while (stream && (entry = readdir(stream))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            remove_tree(file, entry->d_name);
        }
    }
    if (stream) {
        closedir(stream);
    } else if (file >= 0) {
        close(file);
    }
    unlinkat(folder, name, AT_REMOVEDIR);
}

/** Removes folders of processes that were killed: they are not locked. */
static void sweep(const char *base) {
    DIR *stream = opendir(base);
    const struct dirent *entry;
    while (stream && (entry = readdir(stream))) {
        struct stat info;
        if (strncmp(entry->d_name, OWN_PREFIX, sizeof OWN_PREFIX - 1) != 0) {
            continue;
        }
        int file = openat(dirfd(stream), entry->d_name,
                          O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (file >= 0 && fstat(file, &info) == 0 && info.st_uid == geteuid() &&
            flock(file, LOCK_EX | LOCK_NB) == 0) {
            remove_tree(dirfd(stream), entry->d_name);
        }
        if (file >= 0) {
            close(file);
        }
    }
    if (stream) {
        closedir(stream);
    }
}

/** True for a folder in which PoCL can write compiled kernels, and load them. */
static bool suits(const char *base) {
    struct statvfs system;
    return base && *base == '/' && access(base, W_OK | X_OK) == 0 && statvfs(base, &system) == 0 &&
           !(system.f_flag & (ST_NOEXEC | ST_RDONLY)) && clp_cache_has_room(base);
}

/** Makes a locked folder in `base`. Another process's sweep() may be quicker than the lock: what it
 * has locked or removed by then is left to it. */
static bool make_own(const char *base) {
    struct stat info;
    sweep(base);
    for (int attempt = 0; attempt < 100; attempt++) {
        int length = snprintf(own.path, sizeof own.path, "%s/" OWN_PREFIX "XXXXXX", base);
        if (length < 0 || length >= CLP_CACHE_PATH || !mkdtemp(own.path)) {
            break;
        }
        own.file = open(own.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        bool locked = own.file >= 0 && flock(own.file, LOCK_EX | LOCK_NB) == 0;
        bool swept = own.file < 0 ? errno == ENOENT
                     : locked     ? fstat(own.file, &info) != 0 || info.st_nlink == 0
                                  : errno == EWOULDBLOCK;
        /* Where there are no locks nothing is swept either. */
        if (own.file >= 0 && !swept) {
            own.process = getpid();
            return true;
        }
        if (own.file >= 0) {
            close(own.file);
        } else if (!swept) {
            rmdir(own.path);
        }
        own.file = -1;
    }
    own.path[0] = '\0';
    return false;
}

static bool choose_own(const char *kept) {
    const char *bases[] = {"/dev/shm", getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/tmp", kept};
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        if (suits(bases[i]) && make_own(bases[i])) {
            return true;
        }
    }
    return false;
}

__attribute__((destructor)) static void leave(void) {
    if (own.path[0] && own.process == getpid()) {
        remove_tree(AT_FDCWD, own.path);
        own.path[0] = '\0';
    }
}

bool clp_cache_own(char path[CLP_CACHE_PATH]) {
    pthread_mutex_lock(&own.lock);
    bool there = own.path[0] && own.process == getpid();
    snprintf(path, CLP_CACHE_PATH, "%s", there ? own.path : "");
    pthread_mutex_unlock(&own.lock);
    return there;
}

void clp_devices_leave(void) {
    pthread_mutex_lock(&own.lock);
    leave();
    pthread_mutex_unlock(&own.lock);
}

clproc_status clp_cache_prepare(char *notice, size_t notice_size, clproc_error *error) {
    char kept[CLP_CACHE_PATH];
    clproc_status status = CLPROC_OK;
    pthread_mutex_lock(&own.lock);
    if (own.path[0] && own.process == getpid()) {
        goto out;
    }
    own.notice[0] = '\0';
    bool keeps = choose_kept(kept);
    if (!choose_own(keeps ? kept : NULL)) {
        status = clp_error_set(error, CLPROC_ERROR_NO_DEVICE,
                               "PoCL needs 64 MB for compiled kernels, and neither /dev/shm nor "
                               "/tmp has them; free some space, or set TMPDIR");
    } else if (setenv("POCL_CACHE_DIR", own.path, 1) != 0 ||
               setenv("POCL_DEVICES", CLP_POCL_DEVICES, 0) != 0 ||
               setenv(SPECIALIZATION, "0", 0) != 0 ||
               setenv(CLP_CACHE_KEPT, keeps ? kept : "", 1) != 0) {
        status = clp_error_set(error, CLPROC_ERROR_MEMORY, "cannot set POCL_CACHE_DIR: %s",
                               strerror(errno));
    } else if (!keeps || !clp_cache_has_room(kept)) {
        snprintf(own.notice, sizeof own.notice,
                 "compiled kernels cannot be kept in %.200s, every run compiles them anew; free "
                 "some space, or set POCL_CACHE_DIR to another folder",
                 kept);
    }
out:
    snprintf(notice, notice_size, "%s", own.notice);
    pthread_mutex_unlock(&own.lock);
    return status;
}

/* ------------------------------------------------------- what is known */

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
