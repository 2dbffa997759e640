#include "report/text.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/checked.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/utf8.h"

void clp_text_free(clp_text *text) {
    clp_memory_free(text->data);
    *text = (clp_text){0};
}

/** Makes room for `more` bytes and a NUL. */
static bool reserve(clp_text *text, size_t more) {
    size_t needed;
    if (text->failed) {
        return false;
    }
    char *data = NULL;
    if (clp_checked_add(text->size, more, &needed) && clp_checked_add(needed, 1, &needed)) {
        data = clp_memory_grow(CLP_MEMORY_REPORT, text->data, &text->capacity, needed, 1);
    }
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    return true;
}

void clp_text_add_bytes(clp_text *text, const char *bytes, size_t size) {
    if (reserve(text, size)) {
        memcpy(text->data + text->size, bytes, size);
        text->size += size;
        text->data[text->size] = '\0';
    }
}

void clp_text_add(clp_text *text, const char *string) {
    clp_text_add_bytes(text, string, strlen(string));
}

void clp_text_print(clp_text *text, const char *format, ...) {
    va_list list;
    va_start(list, format);
    va_list again;
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, list);
    if (length < 0) {
        text->failed = true;
    } else if (reserve(text, (size_t)length)) {
        vsnprintf(text->data + text->size, (size_t)length + 1, format, again);
        text->size += (size_t)length;
    }
    va_end(again);
    va_end(list);
}

/* -------------------------------------------------------------- numbers */

/** Writes a number into `buffer` without asking the locale. */
static const char *format_number(char *buffer, size_t size, double value, int decimals) {
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    if (!isfinite(value)) {
        value = 0;
    }
    bool negative = value < 0;
    double scaled = fabs(value) * powers[decimals] + 0.5;
    while (decimals > 0 && scaled >= 9e18) {
        scaled = fabs(value) * powers[--decimals] + 0.5;
    }
    uint64_t digits = scaled < 1.8e19 ? (uint64_t)scaled : UINT64_MAX;
    uint64_t unit = (uint64_t)powers[decimals];
    const char *sign = negative && digits ? "-" : "";
    if (decimals == 0) {
        snprintf(buffer, size, "%s%llu", sign, (unsigned long long)digits);
    } else {
        snprintf(buffer, size, "%s%llu.%0*llu", sign, (unsigned long long)(digits / unit), decimals,
                 (unsigned long long)(digits % unit));
    }
    return buffer;
}

void clp_text_number(clp_text *text, double value, int decimals) {
    char buffer[64];
    clp_text_add(text, format_number(buffer, sizeof buffer, value, decimals));
}

void clp_text_microseconds(clp_text *text, uint64_t ns) {
    clp_text_print(text, "%llu.%03u", (unsigned long long)(ns / 1000), (unsigned)(ns % 1000));
}

const char *clp_unit_digits(char buffer[CLP_UNIT_SIZE], double value) {
    double size = fabs(value);
    int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 || size == 0 ? 2 : 3;
    return format_number(buffer, CLP_UNIT_SIZE, value, size == 0 ? 0 : decimals);
}

static const char *with_unit(char buffer[CLP_UNIT_SIZE], double value, const char *unit) {
    char number[CLP_UNIT_SIZE];
    clp_unit_digits(number, value);
    snprintf(buffer, CLP_UNIT_SIZE, "%.20s%s", number, unit);
    return buffer;
}

const char *clp_unit_time(char buffer[CLP_UNIT_SIZE], double ns) {
    double size = fabs(ns);
    return size >= 999.5e6   ? with_unit(buffer, ns / 1e9, " s")
           : size >= 999.5e3 ? with_unit(buffer, ns / 1e6, " ms")
           : size >= 999.5   ? with_unit(buffer, ns / 1e3, " µs")
                             : with_unit(buffer, ns, size == 0 ? " s" : " ns");
}

static const char *with_prefix(char buffer[CLP_UNIT_SIZE], double value,
                               const char *const prefixes[5]) {
    int power = 0;
    while (power < 4 && fabs(value) >= 999.5) {
        value /= 1000;
        power++;
    }
    if (power == 0) {
        char number[CLP_UNIT_SIZE];
        bool whole = value == floor(value);
        format_number(number, sizeof number, value, whole ? 0 : 2);
        snprintf(buffer, CLP_UNIT_SIZE, "%.20s%s", number, prefixes[0]);
        return buffer;
    }
    return with_unit(buffer, value, prefixes[power]);
}

const char *clp_unit_bytes(char buffer[CLP_UNIT_SIZE], double bytes) {
    static const char *const prefixes[] = {" B", " kB", " MB", " GB", " TB"};
    return with_prefix(buffer, bytes, prefixes);
}

const char *clp_unit_count(char buffer[CLP_UNIT_SIZE], double count) {
    static const char *const prefixes[] = {"", " k", " M", " G", " T"};
    return with_prefix(buffer, count, prefixes);
}

const char *clp_unit_percent(char buffer[CLP_UNIT_SIZE], double fraction) {
    char number[CLP_UNIT_SIZE];
    double percent = fraction * 100;
    if (percent > 0 && percent < 0.05) {
        snprintf(buffer, CLP_UNIT_SIZE, "<0.1 %%");
        return buffer;
    }
    format_number(number, sizeof number, percent, fabs(percent) < 9.95 && percent != 0 ? 1 : 0);
    snprintf(buffer, CLP_UNIT_SIZE, "%.20s %%", number);
    return buffer;
}

/* ------------------------------------------------------------- escaping */

/** Appends `string`, asking `escape` about each ASCII character: NULL leaves it as it is. */
static void add_escaped(clp_text *text, const char *string,
                        const char *(*escape)(unsigned char character, char buffer[8])) {
    const unsigned char *bytes = (const unsigned char *)string;
    while (*bytes) {
        char buffer[8];
        size_t length = clp_utf8_length(bytes, SIZE_MAX);
        const char *instead = length == 1 ? escape(*bytes, buffer) : NULL;
        if (length == 0) {
            clp_text_add(text, "\xEF\xBF\xBD");
            length = 1;
        } else if (instead) {
            clp_text_add(text, instead);
        } else {
            clp_text_add_bytes(text, (const char *)bytes, length);
        }
        bytes += length;
    }
}

static const char *escape_json(unsigned char character, char buffer[8]) {
    if (character == '"' || character == '\\') {
        snprintf(buffer, 8, "\\%c", character);
        return buffer;
    }
    if (character < 0x20 || character == 0x7F || strchr("<>&", character)) {
        snprintf(buffer, 8, "\\u%04x", character);
        return buffer;
    }
    return NULL;
}

void clp_text_json(clp_text *text, const char *string) {
    clp_text_add(text, "\"");
    add_escaped(text, string, escape_json);
    clp_text_add(text, "\"");
}

static const char *escape_html(unsigned char character, char buffer[8]) {
    (void)buffer;
    switch (character) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return character < 0x20 || character == 0x7F ? " " : NULL;
    }
}

void clp_text_html(clp_text *text, const char *string) {
    add_escaped(text, string, escape_html);
}

static const char *escape_csv(unsigned char character, char buffer[8]) {
    (void)buffer;
    return character == '"' ? "\"\"" : NULL;
}

void clp_text_csv(clp_text *text, const char *string) {
    bool quoted = strpbrk(string, ",\"\r\n") != NULL;
    clp_text_add(text, quoted ? "\"" : "");
    add_escaped(text, string, escape_csv);
    clp_text_add(text, quoted ? "\"" : "");
}

static const char *escape_label(unsigned char character, char buffer[8]) {
    if (character == '"' || character == '\\') {
        snprintf(buffer, 8, "\\%c", character);
        return buffer;
    }
    return character == '\n' ? "\\n" : character < 0x20 ? " " : NULL;
}

void clp_text_label(clp_text *text, const char *string) {
    add_escaped(text, string, escape_label);
}

/* -------------------------------------------------------------- endings */

clproc_status clp_text_check(const clp_text *text, clproc_error *error) {
    return text->failed ? clp_error_memory(error, "a report", text->size) : CLPROC_OK;
}

clproc_status clp_text_to_stream(const clp_text *text, FILE *out, clproc_error *error) {
    clproc_status status = clp_text_check(text, error);
    if (status == CLPROC_OK && text->size &&
        (fwrite(text->data, 1, text->size, out) != text->size || fflush(out) != 0)) {
        status = clp_error_set(error, CLPROC_ERROR_IO, "the report cannot be written: %s",
                               strerror(errno));
    }
    return status;
}

clproc_status clp_text_to_file(const clp_text *text, const char *path, clproc_error *error) {
    clproc_status status = clp_text_check(text, error);
    const clp_file_tree tree = {.sweeps = true};
    return status == CLPROC_OK ? clp_file_write_in(&tree, path, text->data, text->size, error)
                               : status;
}
