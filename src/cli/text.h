/** Text for people and programs: messages, escaped names, JSON strings, quantities, near misses. */
#ifndef CLP_CLI_TEXT_H
#define CLP_CLI_TEXT_H

#include <stdio.h>

#include "clproc/clproc.h"

/** Exit codes of the program; a signal n ends it with 128 + n. */
enum {
    CLP_EXIT_OK = 0,
    CLP_EXIT_FAILED = 1, /**< some files failed, or a promise or threshold was broken */
    CLP_EXIT_USAGE = 2,
    CLP_EXIT_NO_DEVICE = 3,
    CLP_EXIT_RESOURCE = 4, /**< input/output or resources stopped the work */
    CLP_EXIT_SIGNAL = 128
};

int clp_cli_exit_code(clproc_status status);

/** Prints "clproc: …" as one line on standard error, whatever characters the arguments hold. */
void clp_cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Says what is wrong with the command line; returns CLP_EXIT_USAGE. */
int clp_cli_usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Says what `error` says; returns the exit code of its status. */
int clp_cli_error(const clproc_error *error);

/** Prints text with control characters and bytes that are not UTF-8 made visible. */
void clp_cli_put_text(FILE *out, const char *text);
/** Prints a word as a shell takes it. */
void clp_cli_put_word(FILE *out, const char *word);
/** Prints a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. */
void clp_cli_put_json(FILE *out, const char *text);

/** Reads a number such as "200", "1.5G": K, M, G, T multiply by powers of `base`, 0 takes no
 * suffix. False unless the whole text is one finite number ≥ 0. `suffixed` may be NULL. */
bool clp_cli_read_number(const char *text, int base, double *number, bool *suffixed);
/** Writes a number as clp_cli_read_number() takes it, with the largest suffix that is exact. */
void clp_cli_print_number(char *text, size_t size, double number, int base);
/** Writes a duration as "0:07" or "2:03:10". */
void clp_cli_print_duration(char *text, size_t size, double seconds);

/** Remembers the candidate nearest to a mistyped word. */
typedef struct clp_cli_nearest {
    const char *word; /**< as typed */
    const char *best; /**< NULL while nothing is near enough to suggest */
    size_t distance;
} clp_cli_nearest;

void clp_cli_nearest_try(clp_cli_nearest *nearest, const char *candidate);

#endif
