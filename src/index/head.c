#include "index/head.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** Bytes of a later read, unless more are needed. */
#define NEXT ((size_t)8 << 10)

static clproc_status open_error(const char *path, int code, clproc_error *error) {
    return clp_error_set_file(error, CLPROC_ERROR_INPUT, path, "cannot be read: %s%s",
                              strerror(code), clp_file_remedy(code));
}

static void reset(clp_head *head) {
    head->first.bytes.size = head->other.bytes.size = 0;
    head->lent = NULL;
    head->read = 0;
    head->code = 0;
}

static void note_info(clp_head *head, const struct stat *info) {
    head->size = head->file_size = (uint64_t)info->st_size;
    head->seconds = info->st_mtim.tv_sec;
    head->nanoseconds = info->st_mtim.tv_nsec;
}

clproc_status clp_head_look(clp_head *head, const char *path, clproc_error *error) {
    struct stat info;
    reset(head);
    if (stat(path, &info) != 0) {
        return open_error(path, errno, error);
    }
    note_info(head, &info);
    return CLPROC_OK;
}

clproc_status clp_head_lend(clp_head *head, const char *path, const uint8_t *data, size_t size,
                            clproc_error *error) {
    clproc_status status = clp_head_look(head, path, error);
    head->lent = data;
    head->size = head->read = size;
    return status;
}

clproc_status clp_head_open(clp_head *head, const char *path, clproc_error *error) {
    struct stat info;
    reset(head);
    /* Not to wait where a pipe has nobody at its other end. */
    head->file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (head->file < 0 || fstat(head->file, &info) != 0) {
        int code = errno;
        clp_head_close(head);
        return open_error(path, code, error);
    }
    if (!S_ISREG(info.st_mode)) {
        clp_head_close(head);
        return clp_error_set_file(error, CLPROC_ERROR_INPUT, path, "is not a regular file");
    }
    note_info(head, &info);
    return CLPROC_OK;
}

void clp_head_close(clp_head *head) {
    if (head->file >= 0) {
        close(head->file);
    }
    head->file = -1;
}

void clp_head_free(clp_head *head) {
    clp_bytes_free(&head->first.bytes);
    clp_bytes_free(&head->other.bytes);
}

static const uint8_t *find(const clp_head_window *window, uint64_t offset, size_t bytes) {
    return offset >= window->start && offset - window->start <= window->bytes.size &&
                   bytes <= window->bytes.size - (offset - window->start)
               ? window->bytes.data + (offset - window->start)
               : NULL;
}

/** Fills a window from `offset`, with at least `needed` bytes if the file still has them. */
static void fill(clp_head *head, clp_head_window *window, uint64_t offset, size_t needed,
                 size_t wished) {
    uint64_t left = head->size - offset;
    wished = wished > needed ? wished : needed;
    wished = wished < left ? wished : (size_t)left;
    window->start = offset;
    window->bytes.size = 0;
    if (clp_bytes_reserve(&window->bytes, wished, NULL) != CLPROC_OK) {
        head->code = ENOMEM;
        return;
    }
    while (window->bytes.size < wished) {
        ssize_t count = pread(head->file, window->bytes.data + window->bytes.size,
                              wished - window->bytes.size, (off_t)(offset + window->bytes.size));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            head->code = count < 0 ? errno : 0;
            return; /* 0: the file has become shorter */
        }
        window->bytes.size += (size_t)count;
        head->read += (uint64_t)count;
    }
}

const uint8_t *clp_head_at(clp_head *head, uint64_t offset, size_t bytes) {
    if (offset > head->size || bytes > head->size - offset) {
        return NULL;
    }
    if (head->lent) {
        return head->lent + offset;
    }
    if (head->first.bytes.size == 0 && head->read == 0) {
        fill(head, &head->first, 0, 0, CLP_HEAD_FIRST);
    }
    const uint8_t *found = find(&head->first, offset, bytes);
    found = found ? found : find(&head->other, offset, bytes);
    if (found || head->code || head->read + bytes > CLP_HEAD_MOST) {
        return found;
    }
    fill(head, &head->other, offset, bytes, NEXT);
    return find(&head->other, offset, bytes);
}
