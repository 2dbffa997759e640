/** One row of an index: a value for each field, or none. */
#ifndef CLP_INDEX_ROW_H
#define CLP_INDEX_ROW_H

#include "core/file.h"
#include "features/features.h"
#include "index/fields.h"

typedef enum clp_cell_kind {
    CLP_CELL_NONE,
    CLP_CELL_INTEGER,
    CLP_CELL_REAL,
    CLP_CELL_TEXT, /**< UTF-8 without NULs */
    CLP_CELL_LIST  /**< of texts, each ended by a NUL */
} clp_cell_kind;

/** Where a value came from: a higher one replaces a lower one, the first of equals stays. */
typedef enum clp_rank {
    CLP_RANK_FORMAT,
    CLP_RANK_IPTC,
    CLP_RANK_XMP_LANGUAGE, /**< XMP, in a language that is not the text's own */
    CLP_RANK_XMP,
    CLP_RANK_EXIF
} clp_rank;

typedef struct clp_cell {
    clp_cell_kind kind;
    clp_rank rank;
    uint32_t size; /**< bytes of a text or list */
    uint32_t room; /**< bytes that a list may grow to where it stands */
    union {
        int64_t integer;
        double real;
        size_t text; /**< where it begins in the row's text */
    };
} clp_cell;

/** The most bytes of a text, as UTF-8: longer ones are cut. */
enum { CLP_ROW_TEXT = 32768 };

/** Zero-initialise; release with clp_row_free(). Used again for row after row. */
typedef struct clp_row {
    clp_cell values[CLP_FIELD_COUNT];
    clp_bytes text;
    bool exhausted; /**< memory was: the row lacks something */
} clp_row;

void clp_row_clear(clp_row *row);
void clp_row_free(clp_row *row);

void clp_row_integer(clp_row *row, clp_field field, clp_rank rank, int64_t number);
/** Whole numbers become integers; what is not finite is left out. */
void clp_row_number(clp_row *row, clp_field field, clp_rank rank, double number);
/** Text up to its first NUL; what is not UTF-8 is taken for Latin-1. Empty text is left out. */
void clp_row_text(clp_row *row, clp_field field, clp_rank rank, const void *text, size_t size);
/** The same of text that ends with a NUL. */
void clp_row_string(clp_row *row, clp_field field, clp_rank rank, const char *text);
/** A file's name, or a part of it, spelled as in name.h. */
void clp_row_name(clp_row *row, clp_field field, const char *name, size_t size);
/** Adds to a list; an item of a higher rank begins it anew. */
void clp_row_item(clp_row *row, clp_field field, clp_rank rank, const void *text, size_t size);
/** Fills in what a picture looks like; NULL: it could not be seen. */
void clp_row_features(clp_row *row, const clp_features *features);
/** Adds a flaw to the row's warning, once. */
void clp_row_warn(clp_row *row, const char *flaw);
/** Takes the flaw that begins so out of the row's warning, and those after it. */
void clp_row_unwarn(clp_row *row, const char *start);

static inline bool clp_row_has(const clp_row *row, clp_field field) {
    return row->values[field].kind != CLP_CELL_NONE;
}
/** A text or list; "" for what is none. */
const char *clp_row_get(const clp_row *row, clp_field field);
/** The next item of a list from `*at`, 0 at first; NULL at its end. */
const char *clp_row_next(const clp_row *row, clp_field field, size_t *at);

/** A number as text, up to 15 digits, in any locale. */
void clp_number_print(const clp_cell *value, char *text, size_t size);

#endif
