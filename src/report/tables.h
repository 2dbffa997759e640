/** The profile as tables for a terminal, 100 columns wide. */
#ifndef CLP_REPORT_TABLES_H
#define CLP_REPORT_TABLES_H

#include "report/findings.h"
#include "report/text.h"

void clp_tables(clp_text *text, const clp_analysis *analysis, const clp_findings *findings,
                clproc_profile_view view);

/* For tables elsewhere: cells are padded by characters, not bytes. */
#define CLP_TABLE_WIDTH 100
/** A heading over a rule, with a note at its right end. */
void clp_table_heading(clp_text *text, const char *title, const char *note);
/** Right-aligned in `width` columns; for texts of clproc's own. */
void clp_table_cell(clp_text *text, int width, const char *string);
/** Text that may come from files and drivers: control characters become "?". */
void clp_table_text(clp_text *text, const char *string);
/** Such a text, left-aligned; a longer name, or any with width 0, stands on a line of its own. */
void clp_table_name(clp_text *text, int width, const char *name);
/** A sentence, wrapped, every line indented. */
void clp_table_paragraph(clp_text *text, int indent, const char *sentence);

#endif
