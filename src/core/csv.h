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

/** Bytes of the mark of UTF-8 that some programs begin files with; 0 if there is none. */
size_t clp_csv_mark(const char *text, size_t size);
/** True if a quote is open behind a line, or several: the record goes on there. `open`: whether one
 * is before it. Quotes within a cell that does not begin with one are letters. */
bool clp_csv_is_open(const char *line, size_t size, bool open);
/** The end of a record without its line end, if that is there. */
const char *clp_csv_end(const char *record, size_t size);
/** Finds the next cell of a record that ends at `end`; returns what follows it, NULL if that is
 * neither a comma nor the end, or if its closing quote is missing. */
const char *clp_csv_next(const char *at, const char *end, clp_csv_cell *found);
/** A cell's text, ended by a NUL that does not count, in place of what `text` held. */
clproc_status clp_csv_get_cell(const clp_csv_cell *cell, clp_bytes *text, clproc_error *error);

#endif
