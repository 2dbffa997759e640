/** The frame of the HTML pages: self-contained, light and dark. */
#ifndef CLP_REPORT_PAGE_H
#define CLP_REPORT_PAGE_H

#include "core/embedded.h"
#include "report/text.h"

/** The files of src/report/page/, embedded at build time; ends with an entry whose name is NULL. */
extern const clp_embedded clp_page_files[];

void clp_page_begin(clp_text *text, const char *title);
/** `script`: with the script that draws the charts. */
void clp_page_end(clp_text *text, bool script);

#endif
