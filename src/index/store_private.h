/** What the kinds of store share. */
#ifndef CLP_INDEX_STORE_PRIVATE_H
#define CLP_INDEX_STORE_PRIVATE_H

#include "index/store.h"

typedef struct clp_text_format clp_text_format;

/** One kind; functions that are NULL have nothing to do. */
typedef struct clp_store_kind {
    const char *endings[4];        /**< NULL ends them */
    size_t state;                  /**< bytes of what it keeps */
    const clp_text_format *format; /**< of text files, else NULL */
    clproc_status (*open)(clp_store *store, clproc_error *error);
    clproc_status (*scan)(clp_store *store, clp_old *old, clp_selection *found, bool *usable,
                          clproc_error *error);
    clproc_status (*fetch)(clp_store *store, uint64_t place, clp_row *row, clproc_error *error);
    clproc_status (*copy)(clp_store *store, uint64_t place, clproc_error *error);
    /** Opens the index to be read, and finds out its fields. */
    clproc_status (*read)(clp_store *store, clp_selection *fields, clproc_error *error);
    clproc_status (*next)(clp_store *store, clp_row *row, uint64_t *place, bool *there,
                          clproc_error *error);
    clproc_status (*print)(const clp_selection *selection, const clp_row *row, clp_bytes *text,
                           clproc_error *error);
    clproc_status (*put)(clp_store *store, const clp_row *row, const void *text, size_t size,
                         clproc_error *error);
    clproc_status (*commit)(clp_store *store, clproc_error *error);
    void (*close)(clp_store *store);
} clp_store_kind;

struct clp_store {
    const clp_store_kind *kind;
    const char *path;
    const clp_selection *selection;
    const volatile int *cancel; /**< ends waiting for who reads a stream; may be NULL */
    clp_selection own;          /**< the selection of an index that is read */
    bool existed;
    bool given_up; /**< its files are closed */
    void *state;
};

/** The most bytes of a column's name that is told, with its NUL. */
enum { CLP_STORE_NAME = 64 };

/** True if a row has a name and is of this program's make: it holds all that would be found. */
bool clp_store_is_current(const clp_store *store, const clp_row *row);

extern const clp_store_kind clp_store_json, clp_store_csv, clp_store_sqlite;

/* ------------------------------------------------------------- text files */

/** How the lines of a text file are read and written. */
struct clp_text_format {
    /** Appends what stands before the rows; NULL: nothing. */
    clproc_status (*head)(const clp_selection *selection, clp_bytes *text, clproc_error *error);
    /** True if the first record is the head that this selection has. */
    bool (*same_head)(const clp_selection *selection, const clp_bytes *record);
    /** Adds the fields that a record tells: of the head its names, else its own. `foreign`: the
     * name of one that is no field's, or "". False if it tells none. */
    bool (*names)(clp_selection *found, const uint8_t *record, size_t size,
                  char foreign[CLP_STORE_NAME]);
    /** Finds out the fields by the first record; false if it is none of an index. */
    bool (*fields)(clp_selection *selection, const uint8_t *record, size_t size);
    /** True if the record goes on behind a line; `open`: whether it does behind those before, false
     * for its first. So no line is read twice. NULL: each line is a record. */
    bool (*is_open)(const char *line, size_t size, bool open);
    /** Reads a record; false if it is none, or has not all fields of the selection. */
    bool (*parse)(const clp_selection *selection, const uint8_t *record, size_t size, clp_row *row);
    /** As `parse`, of what clp_old_add() asks for alone, and false also for what is not just as
     * this program writes it. NULL: there is no such short way. */
    bool (*skim)(const clp_selection *selection, const uint8_t *record, size_t size, clp_row *row);
};

typedef struct clp_text_file {
    const clp_text_format *format;
    FILE *old; /**< NULL if there was none */
    char *line;
    size_t capacity; /**< of `line` */
    clp_bytes record;
    clp_file_tree tree;
    clp_file_writer writer;
    clp_bytes waiting; /**< to be written */
    bool stream;       /**< goes to standard output */
} clp_text_file;

clproc_status clp_text_open(clp_store *store, clproc_error *error);
clproc_status clp_text_scan(clp_store *store, clp_old *old, clp_selection *found, bool *usable,
                            clproc_error *error);
clproc_status clp_text_fetch(clp_store *store, uint64_t place, clp_row *row, clproc_error *error);
clproc_status clp_text_copy(clp_store *store, uint64_t place, clproc_error *error);
clproc_status clp_text_read(clp_store *store, clp_selection *fields, clproc_error *error);
clproc_status clp_text_next(clp_store *store, clp_row *row, uint64_t *place, bool *there,
                            clproc_error *error);
clproc_status clp_text_put(clp_store *store, const clp_row *row, const void *text, size_t size,
                           clproc_error *error);
clproc_status clp_text_commit(clp_store *store, clproc_error *error);
void clp_text_close(clp_store *store);

/* ----------------------------------------------------------------- values */

/** Appends a JSON string, or a list as an array of them. */
clproc_status clp_json_put_text(clp_bytes *text, const char *string, clproc_error *error);
clproc_status clp_json_put_list(clp_bytes *text, const clp_row *row, clp_field field,
                                clproc_error *error);
/** Reads a list from such an array; false if it is none. */
bool clp_json_get_list(clp_row *row, clp_field field, const char *text, size_t size);

#endif
