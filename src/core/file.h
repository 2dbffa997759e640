/** Whole files: read with one open, written under a temporary name and renamed. */
#ifndef CLP_CORE_FILE_H
#define CLP_CORE_FILE_H

#include <stdbool.h>

#include "core/error.h"

/** A growing block of bytes that is used again for file after file. Zero-initialise; free with
 * clp_bytes_free(). */
typedef struct clp_bytes {
    uint8_t *data;
    size_t size;     /**< bytes in use */
    size_t capacity; /**< bytes held */
} clp_bytes;

/** Ensures room for `capacity` bytes, keeping the content. */
clproc_status clp_bytes_reserve(clp_bytes *bytes, size_t capacity, clproc_error *error);
clproc_status clp_bytes_append(clp_bytes *bytes, const void *data, size_t size,
                               clproc_error *error);
void clp_bytes_free(clp_bytes *bytes);

/** Reads a regular file whole. Files larger than `limit` bytes are refused (0: no limit). */
clproc_status clp_file_read(const char *path, size_t limit, clp_bytes *bytes, clproc_error *error);

/** Judges by a file's first bytes (at least 16, unless the file is shorter) whether to read the
 * rest. */
typedef bool (*clp_file_judge)(const uint8_t *head, size_t size);

/** As clp_file_read(), but stops after the first bytes, with `*accepted` false, if `judge` says so.
 */
clproc_status clp_file_read_if(const char *path, size_t limit, clp_file_judge judge,
                               clp_bytes *bytes, bool *accepted, clproc_error *error);

/** Writes `path` so that it is either the old file or all of the new one; a symbolic link there is
 * replaced, not followed; a device, pipe or socket refused. `durable`: the file and its folder are
 * on disk on return. */
clproc_status clp_file_write(const char *path, const void *data, size_t size, bool durable,
                             clproc_error *error);

/** Writes to an open stream, such as standard output. */
clproc_status clp_file_write_stream(int file, const void *data, size_t size, clproc_error *error);

/** True for the names of files that are clproc's own and no outputs: they begin with ".clproc-". */
bool clp_file_is_own(const char *name);
/** Removes what clp_file_write() has left in a folder where its process was killed. What a living
 * process writes, here or on another machine, is locked and stays. Nothing is told: what cannot be
 * removed is in nobody's way. */
void clp_file_sweep(const char *folder);

/** Makes a folder and what is missing above it. */
clproc_status clp_file_make_folder(const char *path, clproc_error *error);

#endif
