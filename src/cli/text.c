#include "text.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "streams.h"

/* Room for a path of PATH_MAX bytes, each shown as \xNN, and a message. */
enum { line_size = 24576, longest_word = 63 };

int clp_cli_exit_code(clproc_status status) {
    switch (status) {
    case CLPROC_OK:
        return CLP_EXIT_OK;
    case CLPROC_ERROR_ARGUMENT:
        return CLP_EXIT_USAGE;
    case CLPROC_ERROR_INPUT:
    case CLPROC_ERROR_UNSUPPORTED:
    case CLPROC_ERROR_LIMIT:
        return CLP_EXIT_FAILED;
    case CLPROC_ERROR_NO_DEVICE:
        return CLP_EXIT_NO_DEVICE;
    default:
        return CLP_EXIT_RESOURCE;
    }
}

/** Length of the UTF-8 character at `s`; 0 if there is none, also for overlong forms, surrogates
 * and beyond U+10FFFF. */
static size_t utf8_length(const unsigned char *s) {
    if (s[0] < 0x80) {
        return 1;
    }
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)) {
        return 0;
    }
    return length;
}

static bool is_control(const unsigned char *s) {
    return s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);
}

void clp_cli_put_text(FILE *out, const char *text) {
    const unsigned char *s = (const unsigned char *)text;
    while (*s) {
        size_t length = utf8_length(s);
        if (*s == '\n') {
            fputs("\\n", out);
        } else if (length == 0 || is_control(s)) {
            for (size_t i = 0; i < (length ? length : 1); i++) {
                fprintf(out, "\\x%02x", s[i]);
            }
        } else {
            fwrite(s, 1, length, out);
        }
        s += length ? length : 1;
    }
}

void clp_cli_put_word(FILE *out, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_./:=,@%+-";
    if (word[0] && word[strspn(word, plain)] == '\0') {
        fputs(word, out);
        return;
    }
    putc('\'', out);
    for (; *word; word++) {
        fputs(*word == '\'' ? "'\\''" : (char[]){*word, 0}, out);
    }
    putc('\'', out);
}

void clp_cli_put_json(FILE *out, const char *text) {
    const unsigned char *s = (const unsigned char *)text;
    putc('"', out);
    while (*s) {
        size_t length = utf8_length(s);
        if (length == 0) {
            fputs("\\ufffd", out);
        } else if (*s == '"' || *s == '\\') {
            fprintf(out, "\\%c", *s);
        } else if (*s < 0x20 || *s == 0x7f) {
            fprintf(out, "\\u%04x", *s);
        } else {
            fwrite(s, 1, length, out);
        }
        s += length ? length : 1;
    }
    putc('"', out);
}

/** One write, so that lines of different threads do not mix. */
static void say_line(const char *text) {
    char line[line_size];
    FILE *memory = fmemopen(line, sizeof line - 2, "w");
    if (!memory) {
        return;
    }
    setvbuf(memory, NULL, _IONBF, 0);
    fputs("clproc: ", memory);
    clp_cli_put_text(memory, text);
    long length = ftell(memory);
    fclose(memory);
    if (length > 0) {
        line[length] = '\n';
        fwrite(line, 1, (size_t)length + 1, clp_cli_errors());
    }
}

static void say(const char *format, va_list list) __attribute__((format(printf, 1, 0)));
static void say(const char *format, va_list list) {
    char text[line_size];
    vsnprintf(text, sizeof text, format, list);
    say_line(text);
}

void clp_cli_say(const char *format, ...) {
    va_list list;
    va_start(list, format);
    say(format, list);
    va_end(list);
}

int clp_cli_usage_error(const char *format, ...) {
    va_list list;
    va_start(list, format);
    say(format, list);
    va_end(list);
    return CLP_EXIT_USAGE;
}

int clp_cli_error(const clproc_error *error) {
    const char *message = error->message[0] ? error->message : clproc_status_name(error->status);
    if (error->file[0]) {
        clp_cli_say("%s: %s", error->file, message);
    } else {
        clp_cli_say("%s", message);
    }
    return clp_cli_exit_code(error->status);
}

bool clp_cli_read_number(const char *text, int base, double *number, bool *suffixed) {
    static const char suffixes[] = "KMGT";
    double value = 0;
    const char *end = text[0] == '-' ? NULL : clproc_number_read(text, &value);
    if (!end) {
        return false;
    }
    const char *suffix = base > 0 && *end ? strchr(suffixes, *end & ~0x20) : NULL;
    if (suffix) {
        value *= pow(base, (double)(suffix - suffixes + 1));
        end++;
    }
    if (*end || !isfinite(value)) {
        return false;
    }
    *number = value;
    if (suffixed) {
        *suffixed = suffix != NULL;
    }
    return true;
}

void clp_cli_print_number(char *text, size_t size, double number, int base) {
    static const char *const suffixes[] = {"", "K", "M", "G", "T"};
    size_t i = 0;
    while (base > 0 && i < 4 && number >= base && fmod(number, base) == 0) {
        number /= base;
        i++;
    }
    snprintf(text, size, "%.12g%s", number, suffixes[i]);
}

void clp_cli_print_duration(char *text, size_t size, double seconds) {
    unsigned long long whole = seconds < 1e9 ? (unsigned long long)(seconds + 0.5) : 999999999;
    if (whole >= 3600) {
        snprintf(text, size, "%llu:%02llu:%02llu", whole / 3600, whole / 60 % 60, whole % 60);
    } else {
        snprintf(text, size, "%llu:%02llu", whole / 60, whole % 60);
    }
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/** Levenshtein distance; words are cut to longest_word. */
static size_t edit_distance(const char *a, const char *b) {
    size_t row[longest_word + 1];
    size_t na = strnlen(a, longest_word), nb = strnlen(b, longest_word);
    for (size_t j = 0; j <= nb; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(substituted, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[nb];
}

void clp_cli_nearest_try(clp_cli_nearest *nearest, const char *candidate) {
    /* A word that shares less than two thirds of its letters is no help. */
    size_t limit = (strlen(nearest->word) + 2) / 3;
    /* The beginning of a word means it; what is added counts little. */
    bool begun = nearest->word[0] && strncmp(candidate, nearest->word, strlen(nearest->word)) == 0;
    size_t distance = begun ? 1 : edit_distance(nearest->word, candidate);
    if (begun) {
        limit = 1;
    }
    if (distance <= limit && (!nearest->best || distance < nearest->distance)) {
        nearest->best = candidate;
        nearest->distance = distance;
    }
}
