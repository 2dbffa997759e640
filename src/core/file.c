#include "core/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/checked.h"
#include "core/clock.h"
#include "core/memory.h"

#define OWN_PREFIX ".clproc-"
#define TEMPORARY_NAME OWN_PREFIX "%08x"

clproc_status clp_bytes_reserve(clp_bytes *bytes, size_t capacity, clproc_error *error) {
    uint8_t *data = clp_memory_grow(CLP_MEMORY_FILE, bytes->data, &bytes->capacity, capacity, 1);
    if (!data) {
        return clp_error_memory(error, "file contents", capacity);
    }
    bytes->data = data;
    return CLPROC_OK;
}

clproc_status clp_bytes_append(clp_bytes *bytes, const void *data, size_t size,
                               clproc_error *error) {
    size_t total;
    if (!clp_checked_add(bytes->size, size, &total)) {
        return clp_error_memory(error, "file contents", size);
    }
    clproc_status status = clp_bytes_reserve(bytes, total, error);
    if (status == CLPROC_OK && size) {
        memcpy(bytes->data + bytes->size, data, size);
        bytes->size = total;
    }
    return status;
}

void clp_bytes_free(clp_bytes *bytes) {
    clp_memory_free(bytes->data);
    *bytes = (clp_bytes){0};
}

static clproc_status read_error(const char *path, clproc_error *error) {
    int code = errno;
    clproc_status status = code == ENOMEM ? CLPROC_ERROR_MEMORY : CLPROC_ERROR_INPUT;
    const char *remedy = code == ENOENT   ? "; check the name"
                         : code == EACCES ? "; check its permissions"
                         : code == EMFILE ? "; raise `ulimit -n` or use fewer --jobs"
                                          : "";
    return clp_error_set_file(error, status, path, "cannot be read: %s%s", strerror(code), remedy);
}

/** Reads on from where `bytes` ends until it holds `most` bytes or the file ends. */
static clproc_status read_until(int file, const char *path, size_t most, clp_bytes *bytes,
                                clproc_error *error) {
    while (bytes->size < most) {
        size_t room = bytes->capacity < most ? bytes->capacity : most;
        ssize_t count = read(file, bytes->data + bytes->size, room - bytes->size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return read_error(path, error);
        }
        if (count == 0) {
            break;
        }
        bytes->size += (size_t)count;
        if (bytes->size == bytes->capacity) {
            clproc_status status = clp_bytes_reserve(bytes, bytes->size + 1, error);
            if (status != CLPROC_OK) {
                return clp_error_in_file(error, status, path);
            }
        }
    }
    return CLPROC_OK;
}

static clproc_status too_large(const char *path, size_t limit, clproc_error *error) {
    return clp_error_set_file(error, CLPROC_ERROR_LIMIT, path,
                              "is larger than the limit of %zu bytes", limit);
}

/** Enough for any signature, and little where it says no. */
#define HEAD_BYTES 4096

static clproc_status read_all(int file, const char *path, size_t expected, size_t limit,
                              clp_file_judge judge, clp_bytes *bytes, bool *accepted,
                              clproc_error *error) {
    bytes->size = 0;
    *accepted = true;
    if (judge) {
        clproc_status status = clp_bytes_reserve(bytes, HEAD_BYTES, error);
        if (status != CLPROC_OK) {
            return clp_error_in_file(error, status, path);
        }
        status = read_until(file, path, HEAD_BYTES, bytes, error);
        *accepted = status == CLPROC_OK && judge(bytes->data, bytes->size);
        if (!*accepted) {
            return status;
        }
    }
    if (limit && expected > limit) {
        return too_large(path, limit, error);
    }
    /* One byte more than expected, so that the end is seen without growing. */
    clproc_status status = clp_bytes_reserve(bytes, expected + 1, error);
    if (status != CLPROC_OK) {
        return clp_error_in_file(error, status, path);
    }
    status = read_until(file, path, limit ? limit + 1 : SIZE_MAX, bytes, error);
    if (status == CLPROC_OK && limit && bytes->size > limit) {
        return too_large(path, limit, error);
    }
    return status;
}

clproc_status clp_file_read(const char *path, size_t limit, clp_bytes *bytes, clproc_error *error) {
    bool accepted;
    return clp_file_read_if(path, limit, NULL, bytes, &accepted, error);
}

clproc_status clp_file_read_if(const char *path, size_t limit, clp_file_judge judge,
                               clp_bytes *bytes, bool *accepted, clproc_error *error) {
    struct stat info;
    /* O_NONBLOCK: opening a pipe must not wait for a writer. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        return read_error(path, error);
    }
    clproc_status status;
    if (fstat(file, &info) != 0) {
        status = read_error(path, error);
    } else if (!S_ISREG(info.st_mode)) {
        status = clp_error_set_file(error, CLPROC_ERROR_INPUT, path, "is not a regular file");
    } else {
        status = read_all(file, path, (size_t)info.st_size, limit, judge, bytes, accepted, error);
    }
    close(file);
    return status;
}

static clproc_status write_error(const char *path, const char *action, clproc_error *error) {
    int code = errno;
    const char *remedy = code == ENOSPC || code == EDQUOT ? "; free some space"
                         : code == EACCES || code == EROFS
                             ? "; check the output folder's permissions"
                             : "";
    return clp_error_set_file(error, CLPROC_ERROR_IO, path, "%s: %s%s", action, strerror(code),
                              remedy);
}

static clproc_status write_all(int file, const char *path, const uint8_t *data, size_t size,
                               clproc_error *error) {
    while (size > 0) {
        ssize_t count = write(file, data, size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return write_error(path, "cannot be written", error);
        }
        data += count;
        size -= (size_t)count;
    }
    return CLPROC_OK;
}

clproc_status clp_file_write_stream(int file, const void *data, size_t size, clproc_error *error) {
    return write_all(file, "standard output", data, size, error);
}

static clproc_status sync_folder(const char *path, clproc_error *error) {
    char *folder = clp_memory_string(CLP_MEMORY_FILE, path);
    if (!folder) {
        return clp_error_memory(error, "a file name", strlen(path));
    }
    char *slash = strrchr(folder, '/');
    if (slash) {
        slash[slash == folder] = '\0';
    }
    clproc_status status = CLPROC_OK;
    int file = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0 || fsync(file) != 0) {
        status = write_error(path, "its folder cannot be synced", error);
    }
    if (file >= 0) {
        close(file);
    }
    clp_memory_free(folder);
    return status;
}

/** Marks a temporary file as one that is being written, for clp_file_sweep(); false if that was
 * quicker. Where there are no locks, it removes nothing either. */
static bool lock_temporary(int file) {
    struct stat info;
    return flock(file, LOCK_EX) != 0 || fstat(file, &info) != 0 || info.st_nlink > 0;
}

/** Opens a new file beside `path`, a dot file: same file system, and a name that no listing of
 * pictures takes. Its mode is what the umask allows. `name` has room for it. */
static int open_temporary(const char *path, char *name, size_t room) {
    const char *base = strrchr(path, '/');
    int folder = base ? (int)(base - path) + 1 : 0;
    uint64_t number = clp_clock_ns() ^ ((uint64_t)getpid() << 40) ^ (uintptr_t)&number;
    for (int attempt = 0; attempt < 100; attempt++) {
        number = number * 6364136223846793005u + 1442695040888963407u;
        snprintf(name, room, "%.*s" TEMPORARY_NAME, folder, path, (unsigned)(number >> 32));
        int file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file < 0 ? errno != EEXIST : lock_temporary(file)) {
            return file;
        }
        if (file >= 0) {
            close(file);
        }
    }
    errno = EEXIST;
    return -1;
}

bool clp_file_is_own(const char *name) {
    return strncmp(name, OWN_PREFIX, sizeof OWN_PREFIX - 1) == 0;
}

static bool is_temporary(const char *name) {
    const char *number = name + sizeof OWN_PREFIX - 1;
    return clp_file_is_own(name) && strlen(number) == 8 && strspn(number, "0123456789abcdef") == 8;
}

/** Removes a temporary file if nobody is writing it. */
static void sweep_file(int folder, const char *name) {
    struct stat info, named;
    int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) {
        return;
    }
    if (fstat(file, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid() &&
        flock(file, LOCK_EX | LOCK_NB) == 0 &&
        fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_dev == info.st_dev &&
        named.st_ino == info.st_ino) {
        unlinkat(folder, name, 0);
    }
    close(file);
}

void clp_file_sweep(const char *folder) {
    DIR *stream = opendir(folder);
    const struct dirent *entry;
    while (stream && (entry = readdir(stream))) {
        if (is_temporary(entry->d_name)) {
            sweep_file(dirfd(stream), entry->d_name);
        }
    }
    if (stream) {
        closedir(stream);
    }
}

/** A device, pipe or socket is there for others: a new file must not take its place. */
static clproc_status check_place(const char *path, clproc_error *error) {
    struct stat info;
    if (lstat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode) &&
        !S_ISDIR(info.st_mode)) {
        return clp_error_set_file(
            error, CLPROC_ERROR_IO, path,
            "is a device, pipe or socket, which is not replaced; name another "
            "file");
    }
    return CLPROC_OK;
}

clproc_status clp_file_write(const char *path, const void *data, size_t size, bool durable,
                             clproc_error *error) {
    size_t room = strlen(path) + sizeof OWN_PREFIX "01234567";
    char *temporary = clp_memory_alloc(CLP_MEMORY_FILE, room);
    if (!temporary) {
        return clp_error_memory(error, "a file name", room);
    }
    int file = -1;
    clproc_status status;
    CLP_TRY(status, out, check_place(path, error));
    file = open_temporary(path, temporary, room);
    if (file < 0) {
        status = write_error(path, "cannot be created", error);
        goto out;
    }
    status = write_all(file, path, data, size, error);
    if (status == CLPROC_OK && durable && fsync(file) != 0) {
        status = write_error(path, "cannot be synced", error);
    }
    if (close(file) != 0 && status == CLPROC_OK) {
        status = write_error(path, "cannot be written", error);
    }
    if (status == CLPROC_OK && rename(temporary, path) != 0) {
        status = write_error(path, "cannot be put in place", error);
    }
    if (status != CLPROC_OK) {
        unlink(temporary);
    } else if (durable) {
        status = sync_folder(path, error);
    }
out:
    clp_memory_free(temporary);
    return status;
}

clproc_status clp_file_make_folder(const char *path, clproc_error *error) {
    char *part = clp_memory_string(CLP_MEMORY_FILE, path);
    if (!part) {
        return clp_error_memory(error, "a file name", strlen(path));
    }
    clproc_status status = CLPROC_OK;
    for (char *slash = part + 1; status == CLPROC_OK; slash++) {
        char kept = *slash;
        if (kept != '/' && kept != '\0') {
            continue;
        }
        *slash = '\0';
        struct stat info;
        if (mkdir(part, 0777) != 0 &&
            (errno != EEXIST || stat(part, &info) != 0 || !S_ISDIR(info.st_mode))) {
            if (errno == EEXIST) {
                errno = ENOTDIR;
            }
            status = write_error(part, "this folder cannot be made", error);
        }
        if (kept == '\0') {
            break;
        }
        *slash = kept;
    }
    clp_memory_free(part);
    return status;
}
