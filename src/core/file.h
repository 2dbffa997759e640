/** Whole files: read with one open (file.c), written under a temporary name and renamed
 * (file_write.c). */
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
/** Frees what has room for more than `most` bytes. */
void clp_bytes_trim(clp_bytes *bytes, size_t most);

/** Reads a regular file whole. Files larger than `limit` bytes are refused (0: no limit). */
clproc_status clp_file_read(const char *path, size_t limit, clp_bytes *bytes, clproc_error *error);

/** Judges by a file's first bytes (at least 16, unless the file is shorter) whether to read the
 * rest. */
typedef bool (*clp_file_judge)(const uint8_t *head, size_t size);

/** Tells of a large file how much of it to read, with `size` bytes read from its beginning: so many
 * before it is asked again; if not more than there are, the file is taken to end there;
 * CLP_FILE_WHOLE: all of it, so that its size tells what that takes. It may lower the limit. */
#define CLP_FILE_WHOLE SIZE_MAX
typedef size_t (*clp_file_extent)(void *state, const uint8_t *bytes, size_t size, size_t *limit);

/** Called before so many bytes of a file are taken memory for; its failure ends the reading. */
typedef clproc_status (*clp_file_afford)(void *purse, size_t bytes, clproc_error *error);

/** What of a file to read. Every field may be 0. */
typedef struct clp_file_wish {
    size_t limit;           /**< larger ones are refused; out: the limit that counted */
    clp_file_judge judge;   /**< may say no after the first bytes */
    clp_file_extent extent; /**< is asked about files above CLP_FILE_PLENTY */
    void *state;            /**< of extent */
    clp_file_afford afford;
    void *purse; /**< of afford */
} clp_file_wish;

/** Bytes of a file that are read without asking. */
#define CLP_FILE_PLENTY ((size_t)64 << 20)

/** As clp_file_read(), but of what is wished for; `*accepted` is false if the judge said no. */
clproc_status clp_file_read_if(const char *path, clp_file_wish *wish, clp_bytes *bytes,
                               bool *accepted, clproc_error *error);

/** What to do about an error of a file, as "; check its permissions"; empty where there is nothing
 * to say. */
const char *clp_file_remedy(int code);
/** Against a failure to open a file for reading; it knows a link that leads to nothing. */
const char *clp_file_read_remedy(const char *path, int code);
/** Says that a file cannot be read, for the cause that errno `code` is. */
clproc_status clp_file_read_error(const char *path, int code, clproc_error *error);

/** A tree of folders that files are written to. */
typedef struct clp_file_tree {
    size_t root;   /**< bytes of every path that the user chose: these may lead through links */
    bool no_links; /**< of the folders below the root none may be a symbolic link, at any time */
    bool durable;  /**< files, and the folders made for them, are on disk on return */
    bool sweeps;   /**< each file's folder is swept first, see clp_file_sweep() */
} clp_file_tree;

/** Writes `path` so that it is either the old file or all of the new one. A symbolic link there is
 * followed if the whole path is of the user's choice or the tree may have links, and replaced if
 * not, or if it leads nowhere; a device, pipe or socket is refused, with links to them. */
clproc_status clp_file_write_in(const clp_file_tree *tree, const char *path, const void *data,
                                size_t size, clproc_error *error);
/** Makes a folder and what is missing above it. */
clproc_status clp_file_make_folder_in(const clp_file_tree *tree, const char *path,
                                      clproc_error *error);

/** A file that is written part by part. */
typedef struct clp_file_writer {
    const clp_file_tree *tree; /**< must live as long */
    const char *path;          /**< the same, or what follows */
    char *real;                /**< where a link at the path leads to; NULL: no link was followed */
    int folder, file;
    char temporary[24]; /**< the name it has until it is whole */
} clp_file_writer;

/** What clp_file_write_in() does, in three steps: the first makes a temporary file, the last puts
 * it in place. After a failure only clp_file_abandon() may follow. */
clproc_status clp_file_begin(clp_file_writer *writer, const clp_file_tree *tree, const char *path,
                             clproc_error *error);
clproc_status clp_file_put(clp_file_writer *writer, const void *data, size_t size,
                           clproc_error *error);
clproc_status clp_file_commit(clp_file_writer *writer, clproc_error *error);
/** Removes the temporary file, unless it was put in place, and closes all. May follow any of them,
 * and itself. */
void clp_file_abandon(clp_file_writer *writer);

/** The same without a tree to keep to. */
clproc_status clp_file_write(const char *path, const void *data, size_t size, bool durable,
                             clproc_error *error);
clproc_status clp_file_make_folder(const char *path, clproc_error *error);

/** Writes to an open stream, such as standard output. Once `*cancel` is not 0, it waits no longer
 * for a reader: CLPROC_ERROR_CANCELLED, and what the reader did not take is lost. `cancel` may be
 * NULL. */
clproc_status clp_file_write_stream(int file, const void *data, size_t size,
                                    const volatile int *cancel, clproc_error *error);

/** True if both names lead to one file that is there. */
bool clp_file_is_same(const char *a, const char *b);

/** True for the names of files that are clproc's own and no outputs: they begin with ".clproc-". */
bool clp_file_is_own(const char *name);
/** Removes what clp_file_write() has left in a folder where its process was killed. What a living
 * process writes, here or on another machine, is locked and stays. Nothing is told: what cannot be
 * removed is in nobody's way. */
void clp_file_sweep(const clp_file_tree *tree, const char *folder);

#endif
