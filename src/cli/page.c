#include "page.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------- terminal */

enum { width = 98, column = 30 };

/** Prints text from the present column on, wrapped between `indent` and `width`. */
static void wrap(const char *text, size_t at, size_t indent) {
    bool first = true;
    while (*text) {
        size_t word = strcspn(text, " ");
        if (!first && at + 1 + word > width) {
            printf("\n%*s", (int)indent, "");
            at = indent;
            first = true;
        }
        printf("%s%.*s", first ? "" : " ", (int)word, text);
        at += word + !first;
        first = false;
        text += word;
        text += *text == ' ';
    }
    putchar('\n');
}

/** Characters, not bytes, of UTF-8 text. */
static size_t characters(const char *text) {
    size_t count = 0;
    for (; *text; text++) {
        count += (*text & 0xc0) != 0x80;
    }
    return count;
}

static void terminal_heading(const char *title) {
    printf("\n%s:\n", title);
}

static void terminal_paragraph(const char *text) {
    putchar('\n');
    wrap(text, 0, 0);
}

static void terminal_entry(const char *term, const char *meaning) {
    size_t at = 2 + characters(term);
    printf("  %s", term);
    if (at + 2 > column) {
        printf("\n%*s", column, "");
    } else {
        printf("%*s", (int)(column - at), "");
    }
    wrap(meaning, column, column);
}

static void terminal_verbatim(const char *lines) {
    printf("\n%s", lines);
}

const clp_cli_page clp_cli_page_terminal = {terminal_heading, terminal_paragraph, terminal_entry,
                                            terminal_verbatim};

/* ---------------------------------------------------------- manual page */

/** Prints text without letting troff see commands in it. */
static void put_troff(const char *text, bool upper) {
    bool line_start = true;
    for (; *text; text++) {
        if (line_start && (*text == '.' || *text == '\'')) {
            fputs("\\&", stdout);
        }
        if (*text == '\\') {
            fputs("\\e", stdout);
        } else if (*text == '-') {
            fputs("\\-", stdout);
        } else {
            putchar(upper ? toupper((unsigned char)*text) : *text);
        }
        line_start = *text == '\n';
    }
}

static void man_heading(const char *title) {
    fputs(".SH ", stdout);
    put_troff(title, true);
    putchar('\n');
}

static void man_paragraph(const char *text) {
    fputs(".PP\n", stdout);
    put_troff(text, false);
    putchar('\n');
}

static void man_entry(const char *term, const char *meaning) {
    fputs(".TP\n\\fB", stdout);
    put_troff(term, false);
    fputs("\\fR\n", stdout);
    put_troff(meaning, false);
    putchar('\n');
}

static void man_verbatim(const char *lines) {
    fputs(".PP\n.nf\n", stdout);
    put_troff(lines, false);
    fputs(".fi\n", stdout);
}

const clp_cli_page clp_cli_page_man = {man_heading, man_paragraph, man_entry, man_verbatim};
