/** Text that grows: what every report is made in before it goes to a file or a terminal.
 *
 *  A failure to get memory is remembered and reported once, by clp_text_check(); until then
 * appending does nothing. Numbers never depend on the locale and are never NaN or infinite.
 */
#ifndef CLP_REPORT_TEXT_H
#define CLP_REPORT_TEXT_H

#include <stdarg.h>
#include <stdio.h>

#include "core/error.h"

/** Zero-initialise; free with clp_text_free(). */
typedef struct clp_text {
    char *data; /**< with a NUL behind it; NULL while nothing was added */
    size_t size, capacity;
    bool failed;
} clp_text;

void clp_text_free(clp_text *text);
void clp_text_add(clp_text *text, const char *string);
void clp_text_add_bytes(clp_text *text, const char *bytes, size_t size);
/** As printf(); for strings and integers, since %f obeys the locale. */
void clp_text_print(clp_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** `value` with `decimals` (0 to 9) digits after the point; 0 if it is not finite. */
void clp_text_number(clp_text *text, double value, int decimals);
/** Nanoseconds as microseconds, exactly: "12.345". */
void clp_text_microseconds(clp_text *text, uint64_t ns);
/** A quoted JSON string. Bytes that are no UTF-8 become U+FFFD; what HTML might take for markup is
 * escaped, so that JSON can stand in a page. */
void clp_text_json(clp_text *text, const char *string);
/** Text content or attribute value of HTML; bytes that are no UTF-8 become U+FFFD. */
void clp_text_html(clp_text *text, const char *string);
/** The value of a Prometheus label, without its quotes. */
void clp_text_label(clp_text *text, const char *string);
/** One CSV field, quoted where need be. */
void clp_text_csv(clp_text *text, const char *string);

/** The error of the text, if it has failed. */
clproc_status clp_text_check(const clp_text *text, clproc_error *error);
/** Checks the text and writes it to a stream or, atomically, to a file. */
clproc_status clp_text_to_stream(const clp_text *text, FILE *out, clproc_error *error);
clproc_status clp_text_to_file(const clp_text *text, const char *path, clproc_error *error);

/** Human units, for tables and sentences; the result is in `buffer`. */
#define CLP_UNIT_SIZE 32
/** "12.3 ms", "4.56 s", "789 µs", three significant digits. */
const char *clp_unit_time(char buffer[CLP_UNIT_SIZE], double ns);
/** "1.23 GB", powers of 1000. */
const char *clp_unit_bytes(char buffer[CLP_UNIT_SIZE], double bytes);
/** "1.23 M", powers of 1000, for counts and rates. */
const char *clp_unit_count(char buffer[CLP_UNIT_SIZE], double count);
/** `value` with three significant digits, at least as many as it has before the point. */
const char *clp_unit_digits(char buffer[CLP_UNIT_SIZE], double value);
/** "12.3 %" of a fraction; "0.4 %", "100 %". */
const char *clp_unit_percent(char buffer[CLP_UNIT_SIZE], double fraction);

#endif
