/** Tables whose rows are scored: CSV with a row of names, or JSON lines. Records are kept as they
 * are, so that scores can be added to them. */
#ifndef CLP_MODEL_TABLE_H
#define CLP_MODEL_TABLE_H

#include <stdio.h>

#include "core/file.h"

typedef enum clp_table_kind { CLP_TABLE_CSV, CLP_TABLE_JSON } clp_table_kind;

/** Chooses by the file's ending; `what` names the file in the error. */
clproc_status clp_table_kind_of(const char *path, const char *what, clp_table_kind *kind,
                                clproc_error *error);

/** Zero-initialise; release with clp_table_close(). */
typedef struct clp_table {
    const char *path;
    clp_table_kind kind;
    FILE *file;
    char *line;
    size_t capacity;          /**< of `line` */
    clp_bytes head;           /**< of CSV: the record of names as it stands in the file */
    size_t columns;           /**< of CSV */
    size_t *which;            /**< of CSV: the column of each wanted name */
    const char *const *names; /**< of the columns that are wanted; NULL: all */
    size_t name_count;
    const char *const *added; /**< names of columns that will be added */
    size_t added_count;
    uint64_t rows; /**< that were read */
} clp_table;

/** Records of a table, one behind the other, each ended by a NUL. Zero-initialise; free both. */
typedef struct clp_records {
    clp_bytes text;
    clp_bytes ends; /**< of each record, as size_t, its NUL not counted */
    size_t count;
    uint64_t first; /**< row of the first, from 1 */
} clp_records;

/** Opens a table. `path` must live as long. */
clproc_status clp_table_open(clp_table *table, const char *path, clproc_error *error);
void clp_table_close(clp_table *table);
/** How many columns a CSV has; 0 of other tables, which have no order. */
size_t clp_table_columns(const clp_table *table);
/** Says which columns are wanted, in this order; NULL: all there are, in their order. The names
 * must live as long. An unknown name is an error. */
clproc_status clp_table_select(clp_table *table, const char *const *names, size_t count,
                               clproc_error *error);
/** Says what columns will be added; those must not be there. The names must live as long. */
clproc_status clp_table_add(clp_table *table, const char *const *names, size_t count,
                            clproc_error *error);

/** Reads up to `most` records; none at the end. */
clproc_status clp_table_next(clp_table *table, size_t most, clp_records *records,
                             clproc_error *error);
/** Reads a record's wanted columns as numbers; NaN is what is missing. May be called by several
 * threads at once. */
clproc_status clp_table_parse(const clp_table *table, const clp_records *records, size_t index,
                              double *values, clproc_error *error);
/** Appends the record with further columns: `names` are those, already as the table spells them. */
clproc_status clp_table_print(const clp_table *table, const clp_records *records, size_t index,
                              const char *const *names, const double *values, size_t count,
                              clp_bytes *out, clproc_error *error);
/** The same of the record of names, if there is one. */
clproc_status clp_table_print_head(const clp_table *table, const char *const *names, size_t count,
                                   clp_bytes *out, clproc_error *error);
/** Spells a name as the table does, with quotes where it needs them. */
clproc_status clp_table_spell(const clp_table *table, const char *name, clp_bytes *out,
                              clproc_error *error);

#endif
