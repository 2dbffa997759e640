/** CSV as RFC 4180 has it. */
#ifndef CLP_CORE_CSV_H
#define CLP_CORE_CSV_H

#include "core/file.h"

/** Appends a text as a cell, in quotes where commas, quotes, line ends or blanks at its ends ask for
 * them. */
clproc_status clp_csv_put_cell(clp_bytes *text, const char *cell, clproc_error *error);

#endif
