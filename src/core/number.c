#include "core/number.h"

#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"

/** The least double takes 1,077 characters without an exponent. */
#define LONGEST 1100

/** Where a number ends; `text` itself if there is none. */
static const char *find_end(const char *text) {
    const char *at = text + (*text == '+' || *text == '-');
    size_t before = strspn(at, DIGITS), after = 0;
    at += before;
    if (*at == '.') {
        after = strspn(at + 1, DIGITS);
        at += before + after > 0 ? 1 + after : 0;
    }
    if (before + after == 0) {
        return text;
    }
    if (*at == 'e' || *at == 'E') {
        const char *digits = at + 1 + (at[1] == '+' || at[1] == '-');
        size_t count = strspn(digits, DIGITS);
        at = count > 0 ? digits + count : at;
    }
    return at;
}

const char *clp_number_read(const char *text, double *number) {
    static _Thread_local locale_t c_locale;
    char copy[LONGEST];
    const char *end = find_end(text);
    size_t length = (size_t)(end - text);
    if (length == 0 || length >= sizeof copy) {
        return NULL;
    }
    if (!c_locale) {
        c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    }
    memcpy(copy, text, length);
    copy[length] = '\0'; /* strtod() would go on with "x1p3" */
    *number = c_locale ? strtod_l(copy, NULL, c_locale) : strtod(copy, NULL);
    return isfinite(*number) ? end : NULL;
}

size_t clp_number_fits(const char *text, const char *form) {
    size_t fits = 0;
    while (form[fits] && (form[fits] == 'd' ? isdigit((unsigned char)text[fits]) != 0
                                            : text[fits] == form[fits])) {
        fits++;
    }
    return fits;
}
