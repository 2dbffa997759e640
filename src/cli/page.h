/** How help is set: for a terminal, or as a manual page. */
#ifndef CLP_CLI_PAGE_H
#define CLP_CLI_PAGE_H

#include <stddef.h>

/** Everything goes to standard output. */
typedef struct clp_cli_page {
    void (*heading)(const char *title);
    void (*paragraph)(const char *text);
    /** A term and what it means. */
    void (*entry)(const char *term, const char *meaning);
    /** Lines kept as they are. */
    void (*verbatim)(const char *lines);
} clp_cli_page;

extern const clp_cli_page clp_cli_page_terminal;
/** Troff with the man macros; begins with a .TH line of its own. */
extern const clp_cli_page clp_cli_page_man;

#endif
