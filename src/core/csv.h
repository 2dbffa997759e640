/** CSV as RFC 4180 has it. */
#ifndef CLP_CORE_CSV_H
#define CLP_CORE_CSV_H

#include "core/file.h"

/** Appends a text as a cell, in quotes where commas, quotes, line ends or blanks at its ends ask
 * for them. */
clproc_status clp_csv_put_cell(clp_bytes *text, const char *cell, clproc_error *error);

/** A cell without its quotes, where it stands. */
typedef struct clp_csv_cell {
    const char *text;
    size_t size;
    bool quoted; /**< quotes within are still doubled */
} clp_csv_cell;

/** True if a quote is open behind a text that begins with a record: a line break there belongs to a
 * cell. */
bool clp_csv_is_open(const char *text, size_t size);
/** The end of a record without its line end, if that is there. */
const char *clp_csv_end(const char *record, size_t size);
/** Finds the next cell of a record that ends at `end`; returns what follows it, NULL if that is
 * neither a comma nor the end. */
const char *clp_csv_next(const char *at, const char *end, clp_csv_cell *found);
/** A cell's text, ended by a NUL that does not count, in place of what `text` held. */
clproc_status clp_csv_get_cell(const clp_csv_cell *cell, clp_bytes *text, clproc_error *error);

#endif
