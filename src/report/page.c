#include "report/page.h"

static void embed(clp_text *text, const char *name) {
    const clp_embedded *file = clp_embedded_find(clp_page_files, name);
    if (file) {
        clp_text_add_bytes(text, file->text, file->size);
    }
}

void clp_page_begin(clp_text *text, const char *title) {
    clp_text_add(text, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                       "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    clp_text_html(text, title);
    clp_text_add(text, "</title>\n<style>\n");
    embed(text, "page.css");
    clp_text_add(text, "</style>\n</head>\n<body>\n");
}

void clp_page_end(clp_text *text, bool script) {
    if (script) {
        clp_text_add(text, "<script>\n");
        embed(text, "page.js");
        clp_text_add(text, "</script>\n");
    }
    clp_text_add(text, "</body>\n</html>\n");
}
