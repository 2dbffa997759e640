/** The beginning of a file, and what else of it is asked for: one open, few reads.
 *
 *  The first read is as long as the header before was, of a file with the same ending: files of one
 * folder are mostly of one make. */
#ifndef CLP_INDEX_HEAD_H
#define CLP_INDEX_HEAD_H

#include "core/file.h"

/** Bytes that are read of one file at most. */
#define CLP_HEAD_MOST ((uint64_t)48 << 20)

typedef struct clp_head_window {
    clp_bytes bytes;
    uint64_t start; /**< where in the file they stand */
} clp_head_window;

/** Zero-initialise; release with clp_head_free(). Used again for file after file. */
typedef struct clp_head {
    int file;                     /**< while one is open */
    uint64_t size;                /**< bytes there are to read */
    uint64_t file_size;           /**< of the file, which may be lent in part */
    int64_t seconds, nanoseconds; /**< of its last change */
    clp_head_window first, other;
    const uint8_t *lent; /**< all there is; NULL where the file is read */
    uint64_t read;       /**< bytes read of this file */
    int code;            /**< errno of a read that failed, 0 if none did */
    uint64_t reached;    /**< how far its beginning was asked for */
    size_t *expected;    /**< of its ending: bytes of the first read */
    size_t usual[128];   /**< by the first letter of an ending; 0: not known yet */
} clp_head;

/** Opens a regular file, and reads nothing yet. */
clproc_status clp_head_open(clp_head *head, const char *path, clproc_error *error);
/** The same of a file whose first bytes have been read already; they must live as long. */
clproc_status clp_head_lend(clp_head *head, const char *path, const uint8_t *data, size_t size,
                            clproc_error *error);
/** Finds out a file's size and time, without opening it. */
clproc_status clp_head_look(clp_head *head, const char *path, clproc_error *error);
void clp_head_close(clp_head *head);
void clp_head_free(clp_head *head);

/** `bytes` bytes from `offset`; NULL where the file does not have them, cannot be read, or more was
 * asked for than is read of a file. Valid until the next call. */
const uint8_t *clp_head_at(clp_head *head, uint64_t offset, size_t bytes);
/** The same where nothing behind it will be asked for: reads no more than that. */
const uint8_t *clp_head_exactly(clp_head *head, uint64_t offset, size_t bytes);

/** A part of a file that is a structure of its own; offsets within it begin at its start. */
typedef struct clp_head_part {
    clp_head *head;
    uint64_t start, size;
} clp_head_part;

/** As clp_head_at(), within the `part` that is given: a clp_reach's `at`. */
const uint8_t *clp_head_reach(void *part, uint64_t offset, size_t bytes);

/** All bytes of the file: those that are lent, or else read into `whole` and valid as long as that
 * is. NULL where they cannot be read. */
const uint8_t *clp_head_whole(clp_head *head, clp_bytes *whole);

#endif
