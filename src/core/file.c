#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/checked.h"
#include "core/memory.h"

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

void clp_bytes_trim(clp_bytes *bytes, size_t most) {
    if (bytes->capacity > most) {
        clp_bytes_free(bytes);
    }
}

const char *clp_file_remedy(int code) {
    switch (code) {
    case ENOENT:
        return "; check the name";
    case EACCES:
    case EPERM:
    case EROFS:
        return "; check its permissions";
    case EMFILE:
        return "; raise `ulimit -n` or use fewer --jobs";
    case ENFILE:
        return "; the machine has too many open files, end other programs";
    case ENOSPC:
    case EDQUOT:
        return "; free some space";
    case ENAMETOOLONG:
        return "; use shorter names";
    default:
        return "";
    }
}

const char *clp_file_read_remedy(const char *path, int code) {
    struct stat info;
    bool dangles = code == ENOENT && lstat(path, &info) == 0;
    return dangles ? "; it is a symbolic link to what is not there" : clp_file_remedy(code);
}

clproc_status clp_file_read_error(const char *path, int code, clproc_error *error) {
    clproc_status status = code == ENOMEM ? CLPROC_ERROR_MEMORY : CLPROC_ERROR_INPUT;
    return clp_error_set_file(error, status, path, "cannot be read: %s%s", strerror(code),
                              clp_file_read_remedy(path, code));
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
            return clp_file_read_error(path, errno, error);
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
/** Read at once of a file of unknown length. */
#define STEP_BYTES ((size_t)1 << 20)

/** Memory for so many bytes of a file. */
static clproc_status take_room(const clp_file_wish *wish, size_t count, clp_bytes *bytes,
                               clproc_error *error) {
    clproc_status status = wish->afford ? wish->afford(wish->purse, count, error) : CLPROC_OK;
    return status == CLPROC_OK ? clp_bytes_reserve(bytes, count, error) : status;
}

/** Reads on to a file's end and not beyond the limit. */
static clproc_status read_whole(int file, const char *path, size_t expected,
                                const clp_file_wish *wish, clp_bytes *bytes, clproc_error *error) {
    size_t limit = wish->limit;
    if (limit && expected > limit) {
        return too_large(path, limit, error);
    }
    /* One byte more than expected, so that the end is seen without growing. */
    clproc_status status = take_room(wish, expected + 1, bytes, error);
    if (status != CLPROC_OK) {
        return clp_error_in_file(error, status, path);
    }
    status = read_until(file, path, limit ? limit + 1 : SIZE_MAX, bytes, error);
    if (status == CLPROC_OK && limit && bytes->size > limit) {
        return too_large(path, limit, error);
    }
    return status;
}

/** Reads what the extent asks for, of a file that is expected to have so many bytes. */
static clproc_status read_extent(int file, const char *path, size_t expected, clp_file_wish *wish,
                                 clp_bytes *bytes, clproc_error *error) {
    size_t limit = wish->limit ? wish->limit : SIZE_MAX - 1, wanted = HEAD_BYTES;
    clproc_status status = CLPROC_OK;
    for (;;) {
        size_t most = wanted > limit ? limit + 1 : wanted;
        CLP_TRY(status, out, take_room(wish, most, bytes, error));
        CLP_TRY(status, out, read_until(file, path, most, bytes, error));
        if (bytes->size < most) {
            break; /* the end of the file */
        }
        size_t end = wish->extent(wish->state, bytes->data, bytes->size, &limit);
        if (end <= bytes->size) {
            bytes->size = end;
            break;
        }
        if (end == CLP_FILE_WHOLE) {
            wish->limit = limit;
            return read_whole(file, path, expected, wish, bytes, error);
        }
        if (bytes->size > limit || end > limit) {
            status = too_large(path, limit, error);
            break;
        }
        wanted = end - bytes->size < STEP_BYTES ? bytes->size + STEP_BYTES : end;
    }
    wish->limit = limit;
out:
    return status == CLPROC_OK ? status : clp_error_in_file(error, status, path);
}

static clproc_status read_wished(int file, const char *path, size_t expected, clp_file_wish *wish,
                                 clp_bytes *bytes, bool *accepted, clproc_error *error) {
    bytes->size = 0;
    *accepted = true;
    if (wish->judge) {
        clproc_status status = clp_bytes_reserve(bytes, HEAD_BYTES, error);
        if (status != CLPROC_OK) {
            return clp_error_in_file(error, status, path);
        }
        status = read_until(file, path, HEAD_BYTES, bytes, error);
        *accepted = status == CLPROC_OK && wish->judge(bytes->data, bytes->size);
        if (!*accepted) {
            return status;
        }
    }
    return wish->extent && expected > CLP_FILE_PLENTY
               ? read_extent(file, path, expected, wish, bytes, error)
               : read_whole(file, path, expected, wish, bytes, error);
}

clproc_status clp_file_read(const char *path, size_t limit, clp_bytes *bytes, clproc_error *error) {
    bool accepted;
    return clp_file_read_if(path, &(clp_file_wish){.limit = limit}, bytes, &accepted, error);
}

clproc_status clp_file_read_if(const char *path, clp_file_wish *wish, clp_bytes *bytes,
                               bool *accepted, clproc_error *error) {
    struct stat info;
    /* O_NONBLOCK: opening a pipe must not wait for a writer. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        return clp_file_read_error(path, errno, error);
    }
    clproc_status status;
    if (fstat(file, &info) != 0) {
        status = clp_file_read_error(path, errno, error);
    } else if (!S_ISREG(info.st_mode)) {
        status = clp_error_set_file(error, CLPROC_ERROR_INPUT, path, "is not a regular file");
    } else {
        status = read_wished(file, path, (size_t)info.st_size, wish, bytes, accepted, error);
    }
    close(file);
    return status;
}

bool clp_file_is_same(const char *a, const char *b) {
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}
