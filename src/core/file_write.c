/* Writing files: folders are opened one after the other from the tree's root, and everything is
 * done relative to what was opened, so that no link can be swapped in meanwhile. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cancel.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/memory.h"

#define OWN_PREFIX ".clproc-"
#define TEMPORARY_NAME OWN_PREFIX "%08x"
#define TEMPORARY_SIZE sizeof OWN_PREFIX "01234567"
_Static_assert(TEMPORARY_SIZE <= sizeof((clp_file_writer *)0)->temporary, "a name must fit");

static const clp_file_tree any_tree = {0};

/** While a stream has no room, a request to stop is looked for as often as this. */
enum { LOOK_MS = 100 };

static clproc_status write_error(const char *path, const char *action, clproc_error *error) {
    int code = errno;
    const char *remedy = code == EACCES || code == EROFS ? "; check the output folder's permissions"
                                                         : clp_file_remedy(code);
    return clp_error_set_file(error, CLPROC_ERROR_IO, path, "%s: %s%s", action, strerror(code),
                              remedy);
}

/** Where the last part of a path begins. */
static size_t base_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* ---------------------------------------------------------------- folders */

/** Puts a folder's entries on disk; `folder` may be open for its path alone. */
static clproc_status sync_folder(int folder, const char *path, clproc_error *error) {
    int file = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    clproc_status status = CLPROC_OK;
    if (file < 0 || fsync(file) != 0) {
        status = write_error(path, "its folder cannot be synced", error);
    }
    if (file >= 0) {
        close(file);
    }
    return status;
}

/** A walk down a path. */
typedef struct walk {
    const clp_file_tree *tree;
    const char *target; /**< that is to be written or made */
    bool make;          /**< what is missing */
    char *path;         /**< writable: ends behind the part that was reached last */
    int folder;         /**< open, or AT_FDCWD */
} walk;

static clproc_status make_part(const walk *at, const char *name, clproc_error *error) {
    if (mkdirat(at->folder, name, 0777) != 0) {
        return errno == EEXIST ? CLPROC_OK
                               : write_error(at->path, "this folder cannot be made", error);
    }
    return at->tree->durable ? sync_folder(at->folder, at->path, error) : CLPROC_OK;
}

static clproc_status part_error(const walk *at, const char *name, clproc_error *error) {
    int code = errno;
    struct stat info;
    if (at->tree->no_links && fstatat(at->folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISLNK(info.st_mode)) {
        return clp_error_set_file(error, CLPROC_ERROR_IO, at->path,
                                  "is a symbolic link, and might lead out of the output folder; "
                                  "remove it, or use --follow-links");
    }
    errno = code;
    return at->make ? write_error(at->path, "this folder cannot be made", error)
                    : write_error(at->target, "cannot be created", error);
}

/** Opens the folder `name`, the next part of the path. */
static clproc_status enter(walk *at, const char *name, bool follow, clproc_error *error) {
    int flags = O_PATH | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
    int next = openat(at->folder, name, flags);
    clproc_status status = CLPROC_OK;
    if (next < 0 && errno == ENOENT && at->make) {
        status = make_part(at, name, error);
        next = status == CLPROC_OK ? openat(at->folder, name, flags) : -1;
    }
    if (next < 0) {
        return status != CLPROC_OK ? status : part_error(at, name, error);
    }
    if (at->folder != AT_FDCWD) {
        close(at->folder);
    }
    at->folder = next;
    return CLPROC_OK;
}

/** Enters part after part of the path. */
static clproc_status descend(walk *at, clproc_error *error) {
    char *name = at->path, *stop;
    bool more = true;
    clproc_status status = CLPROC_OK;
    if (*name == '/') {
        status = enter(at, "/", true, error);
    }
    for (; status == CLPROC_OK && more; name = stop + 1) {
        stop = name + strcspn(name, "/");
        more = *stop != '\0';
        *stop = '\0';
        if (*name) {
            bool follow = !at->tree->no_links || (size_t)(name - at->path) < at->tree->root;
            status = enter(at, name, follow, error);
        }
        *stop = more ? '/' : '\0';
    }
    return status;
}

/** Opens the folder that the first `length` bytes of a path name; none are the present one. */
static clproc_status open_folder(const clp_file_tree *tree, const char *path, size_t length,
                                 bool make, int *folder, clproc_error *error) {
    walk at = {.tree = tree, .target = path, .make = make, .folder = AT_FDCWD};
    clproc_status status;
    at.path = clp_memory_string(CLP_MEMORY_FILE, length ? path : ".");
    if (!at.path) {
        return clp_error_memory(error, "a file name", length + 1);
    }
    at.path[length ? length : 1] = '\0';
    /* What may be a link anyway, and has to be there, is one call. */
    status = make || tree->no_links ? descend(&at, error) : enter(&at, at.path, true, error);
    clp_memory_free(at.path);
    if (status != CLPROC_OK && at.folder != AT_FDCWD) {
        close(at.folder);
    }
    *folder = status == CLPROC_OK ? at.folder : -1;
    return status;
}

clproc_status clp_file_make_folder_in(const clp_file_tree *tree, const char *path,
                                      clproc_error *error) {
    int folder;
    clproc_status status = open_folder(tree, path, strlen(path), true, &folder, error);
    if (status == CLPROC_OK) {
        close(folder);
    }
    return status;
}

clproc_status clp_file_make_folder(const char *path, clproc_error *error) {
    return clp_file_make_folder_in(&any_tree, path, error);
}

/* -------------------------------------------------------- temporary files */

/** Marks a temporary file as one that is being written, for clp_file_sweep(); false if that was
 * quicker. Where there are no locks, it removes nothing either. */
static bool lock_temporary(int file) {
    struct stat info;
    return flock(file, LOCK_EX) != 0 || fstat(file, &info) != 0 || info.st_nlink > 0;
}

/** Opens a new file, a dot file: a name that no listing of pictures takes. Its mode is what the
 * umask allows. */
static int open_temporary(int folder, char name[TEMPORARY_SIZE]) {
    uint64_t number = clp_clock_ns() ^ ((uint64_t)getpid() << 40) ^ (uintptr_t)&number;
    for (int attempt = 0; attempt < 100; attempt++) {
        number = number * 6364136223846793005u + 1442695040888963407u;
        snprintf(name, TEMPORARY_SIZE, TEMPORARY_NAME, (unsigned)(number >> 32));
        int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
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

/** Removes a temporary file if no run is writing it. */
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

static void sweep_folder(int folder) {
    int file = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = file >= 0 ? fdopendir(file) : NULL;
    const struct dirent *entry;
    while (stream && (entry = readdir(stream))) {
        if (is_temporary(entry->d_name)) {
            sweep_file(file, entry->d_name);
        }
    }
    if (stream) {
        closedir(stream);
    } else if (file >= 0) {
        close(file);
    }
}

void clp_file_sweep(const clp_file_tree *tree, const char *folder) {
    int place;
    if (open_folder(tree, folder, strlen(folder), false, &place, NULL) == CLPROC_OK) {
        sweep_folder(place);
        close(place);
    }
}

/* ---------------------------------------------------------------- writing */

/** A device, pipe or socket is there for others: a new file must not take its place, nor that of a
 * link to it, as /dev/stdout is one. */
static clproc_status check_place(int folder, const char *path, bool *link, clproc_error *error) {
    const char *name = path + base_of(path);
    struct stat info;
    bool there = fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0;
    *link = there && S_ISLNK(info.st_mode);
    there = *link ? fstatat(folder, name, &info, 0) == 0 : there;
    if (there && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
        return clp_error_set_file(
            error, CLPROC_ERROR_IO, path,
            "is a device, pipe or socket, which is not replaced; name another "
            "file, or - for standard output");
    }
    return CLPROC_OK;
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

/** Waits until a stream takes PIPE_BUF bytes at once. */
static clproc_status await_room(int file, const volatile int *cancel, clproc_error *error) {
    struct pollfd stream = {.fd = file, .events = POLLOUT};
    clproc_status status = CLPROC_OK;
    while (status == CLPROC_OK && poll(&stream, 1, clp_cancel_asked(cancel) ? 0 : LOOK_MS) <= 0 &&
           stream.revents == 0) {
        status = clp_cancel_check(cancel, error);
    }
    return status;
}

clproc_status clp_file_write_stream(int file, const void *data, size_t size,
                                    const volatile int *cancel, clproc_error *error) {
    const uint8_t *from = data;
    struct stat info;
    /* A longer write to a pipe would wait for its reader, where no request to stop is heard. */
    bool waits = fstat(file, &info) == 0 && !S_ISREG(info.st_mode);
    clproc_status status = CLPROC_OK;
    while (status == CLPROC_OK && size > 0) {
        size_t part = waits && size > PIPE_BUF ? PIPE_BUF : size;
        if (waits) {
            CLP_TRY(status, out, await_room(file, cancel, error));
        }
        status = write_all(file, "standard output", from, part, error);
        from += part;
        size -= part;
    }
out:
    return status;
}

/** Some file systems tell only here that something could not be written. The file stays open, since
 * its lock goes with the last descriptor. */
static clproc_status check_close(int file, const char *path, clproc_error *error) {
    int copy = fcntl(file, F_DUPFD_CLOEXEC, 0);
    return copy >= 0 && close(copy) == 0 ? CLPROC_OK
                                         : write_error(path, "cannot be written", error);
}

static void close_folder(clp_file_writer *writer) {
    if (writer->folder >= 0 && writer->folder != AT_FDCWD) {
        close(writer->folder);
    }
    writer->folder = -1;
}

clproc_status clp_file_begin(clp_file_writer *writer, const clp_file_tree *tree, const char *path,
                             clproc_error *error) {
    *writer = (clp_file_writer){.tree = tree, .path = path, .folder = -1, .file = -1};
    bool link, follows = !tree->no_links || strlen(path) <= tree->root;
    clproc_status status;
    CLP_TRY(status, out, open_folder(tree, path, base_of(path), false, &writer->folder, error));
    CLP_TRY(status, out, check_place(writer->folder, path, &link, error));
    if (link && follows && (writer->real = realpath(path, NULL))) {
        writer->path = writer->real;
        close_folder(writer);
        CLP_TRY(
            status, out,
            open_folder(tree, writer->path, base_of(writer->path), false, &writer->folder, error));
    }
    if (tree->sweeps) {
        sweep_folder(writer->folder);
    }
    writer->file = open_temporary(writer->folder, writer->temporary);
    if (writer->file < 0) {
        status = write_error(path, "cannot be created", error);
    }
out:
    return status;
}

clproc_status clp_file_put(clp_file_writer *writer, const void *data, size_t size,
                           clproc_error *error) {
    return write_all(writer->file, writer->path, data, size, error);
}

clproc_status clp_file_commit(clp_file_writer *writer, clproc_error *error) {
    const char *path = writer->path;
    clproc_status status = CLPROC_OK;
    if (writer->tree->durable && fsync(writer->file) != 0) {
        return write_error(path, "cannot be synced", error);
    }
    CLP_TRY(status, out, check_close(writer->file, path, error));
    if (renameat(writer->folder, writer->temporary, writer->folder, path + base_of(path)) != 0) {
        return write_error(path, "cannot be put in place", error);
    }
    writer->temporary[0] = '\0';
    if (writer->tree->durable) {
        CLP_TRY(status, out, sync_folder(writer->folder, path, error));
    }
out:
    return status;
}

void clp_file_abandon(clp_file_writer *writer) {
    if (writer->file >= 0) {
        if (writer->temporary[0]) {
            unlinkat(writer->folder, writer->temporary, 0);
        }
        /* Not before it has its name: another run's clp_file_sweep() takes what is not locked.
         */
        close(writer->file);
    }
    close_folder(writer);
    free(writer->real);
    writer->real = NULL;
    writer->file = -1;
}

clproc_status clp_file_write_in(const clp_file_tree *tree, const char *path, const void *data,
                                size_t size, clproc_error *error) {
    clp_file_writer writer;
    clproc_status status;
    CLP_TRY(status, out, clp_file_begin(&writer, tree, path, error));
    CLP_TRY(status, out, clp_file_put(&writer, data, size, error));
    CLP_TRY(status, out, clp_file_commit(&writer, error));
out:
    clp_file_abandon(&writer);
    return status;
}

clproc_status clp_file_write(const char *path, const void *data, size_t size, bool durable,
                             clproc_error *error) {
    clp_file_tree tree = {.durable = durable};
    return clp_file_write_in(&tree, path, data, size, error);
}
