#include "report/tables.h"
#include "report/writers.h"

void clp_html_write(clp_text *text, const clp_analysis *analysis, const clp_findings *findings) {
    clp_text_add(text,
                 "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>clproc profile"
                 "</title><pre>");
    clp_text tables = {0};
    clp_tables(&tables, analysis, findings, CLPROC_VIEW_ALL);
    clp_text_add_bytes(&tables, "", 1);
    if (tables.failed) {
        text->failed = true;
    } else {
        clp_text_html(text, tables.data);
    }
    clp_text_free(&tables);
    clp_text_add(text, "</pre></html>\n");
}
