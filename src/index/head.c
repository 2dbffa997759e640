#include "index/head.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** Bytes of the first read where nothing is known, and its bounds. */
enum { FIRST = 4 << 10, LEAST_FIRST = 40, MOST_FIRST = 64 << 10 };
/** The first read takes this part of a usual header more: headers of one make differ a little. */
enum { SLACK = 16 };
/** Bytes that a later read takes beside what is asked for: an eighth of the header so far, within
 * these bounds. */
enum { LEAST_MORE = 16, MOST_MORE = 1 << 10 };
/** What is asked for within so many bytes of the beginning belongs to it. */
enum { GAP = 4 << 10 };

static size_t *usual_of(clp_head *head, const char *path) {
    const char *dot = strrchr(path, '.');
    return &head->usual[dot ? dot[1] & 127 : 0];
}

/** Notes how long the header was: at once where it was shorter, by and by where it was longer. A
 * second read costs less than one that is too long. */
static void learn(clp_head *head) {
    uint64_t reached = head->reached;
    size_t *usual = head->expected;
    reached = reached < LEAST_FIRST ? LEAST_FIRST : reached > MOST_FIRST ? MOST_FIRST : reached;
    if (reached <= *usual || *usual == 0) {
        *usual = (size_t)reached;
    } else {
        *usual += ((size_t)reached - *usual) / 4;
    }
}

static void reset(clp_head *head) {
    head->first.bytes.size = head->other.bytes.size = 0;
    head->lent = NULL;
    head->read = head->reached = 0;
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
        return clp_file_read_error(path, errno, error);
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
    head->expected = usual_of(head, path);
    /* Not to wait where a pipe has no writer. */
    head->file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (head->file < 0 || fstat(head->file, &info) != 0) {
        int code = errno;
        clp_head_close(head);
        return clp_file_read_error(path, code, error);
    }
    if (!S_ISREG(info.st_mode)) {
        clp_head_close(head);
        return clp_error_set_file(error, CLPROC_ERROR_INPUT, path, "is not a regular file");
    }
    /* The system would read several times what is asked for, as if the rest were to follow. That it
     * may not take advice is no loss. */
    (void)posix_fadvise(head->file, 0, 0, POSIX_FADV_RANDOM);
    note_info(head, &info);
    return CLPROC_OK;
}

void clp_head_close(clp_head *head) {
    if (head->file >= 0) {
        close(head->file);
        if (head->reached > 0 && head->reached < head->size) {
            learn(head);
        }
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

/** Appends `wished` bytes to a window, as far as the file has them. */
static void extend(clp_head *head, clp_head_window *window, size_t wished) {
    uint64_t left = head->size - window->start - window->bytes.size;
    size_t wanted = window->bytes.size + (wished < left ? wished : (size_t)left);
    if (clp_bytes_reserve(&window->bytes, wanted, NULL) != CLPROC_OK) {
        head->code = ENOMEM;
        return;
    }
    while (window->bytes.size < wanted) {
        ssize_t count =
            pread(head->file, window->bytes.data + window->bytes.size, wanted - window->bytes.size,
                  (off_t)(window->start + window->bytes.size));
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

/** True if what is asked for begins within a window. */
static bool begins_in(const clp_head_window *window, uint64_t offset) {
    return window->bytes.size > 0 && offset >= window->start &&
           offset - window->start <= window->bytes.size;
}

/** How much to read beside what is asked for. */
static size_t count_more(const clp_head *head) {
    uint64_t more = head->reached / 8;
    return more < LEAST_MORE ? LEAST_MORE : more > MOST_MORE ? MOST_MORE : (size_t)more;
}

static const uint8_t *get(clp_head *head, uint64_t offset, size_t bytes, bool exactly) {
    clp_head_window *first = &head->first, *other = &head->other;
    if (offset > head->size || bytes > head->size - offset) {
        return NULL;
    }
    if (head->lent) {
        return head->lent + offset;
    }
    if (first->bytes.size == 0 && head->read == 0) {
        first->start = 0;
        size_t usual = *head->expected;
        extend(head, first, usual ? usual + usual / SLACK : FIRST);
    }
    if (offset <= head->reached + GAP && offset + bytes > head->reached) {
        head->reached = offset + bytes;
    }
    const uint8_t *found = find(first, offset, bytes);
    found = found ? found : find(other, offset, bytes);
    if (found || head->code || head->read + bytes > CLP_HEAD_MOST) {
        return found;
    }
    clp_head_window *window = begins_in(first, offset) ? first : other;
    if (!begins_in(window, offset)) {
        window->start = offset;
        window->bytes.size = 0;
    }
    size_t missing = (size_t)(offset + bytes - window->start - window->bytes.size);
    extend(head, window, missing + (exactly ? 0 : count_more(head)));
    return find(window, offset, bytes);
}

const uint8_t *clp_head_at(clp_head *head, uint64_t offset, size_t bytes) {
    return get(head, offset, bytes, false);
}

const uint8_t *clp_head_exactly(clp_head *head, uint64_t offset, size_t bytes) {
    return get(head, offset, bytes, true);
}

const uint8_t *clp_head_reach(void *part, uint64_t offset, size_t bytes) {
    const clp_head_part *within = part;
    return offset <= within->size && bytes <= within->size - offset
               ? clp_head_at(within->head, within->start + offset, bytes)
               : NULL;
}

const uint8_t *clp_head_whole(clp_head *head, clp_bytes *whole) {
    clp_head_window window = {.bytes = *whole};
    if (head->lent) {
        return head->lent;
    }
    (void)posix_fadvise(head->file, 0, 0, POSIX_FADV_SEQUENTIAL);
    window.bytes.size = 0;
    extend(head, &window, (size_t)head->size);
    *whole = window.bytes;
    return whole->size == head->size ? whole->data : NULL;
}
