/** Parameters from text. */
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "ops/ops_private.h"

static clproc_status refuse(clproc_error *error, const clp_op *op, const clp_param *param,
                            const char *text) {
    char range[256];
    clp_param_range(param, range, sizeof range);
    return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                         "%s: %s \"%s\" is not %s; see `clproc help %s`", op->name, param->name,
                         text, range, op->name);
}

/** A number as C writes it in any locale; moves `*text` behind it. */
static bool read_number(const char **text, double *number) {
    static _Thread_local locale_t c_locale;
    char *end;
    if (!c_locale) {
        c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    }
    if (!isdigit((unsigned char)**text) && !strchr("+-.", **text)) {
        return false;
    }
    *number = c_locale ? strtod_l(*text, &end, c_locale) : strtod(*text, &end);
    bool fine = end != *text && isfinite(*number);
    *text = end;
    return fine;
}

static bool read_whole(const char **text, double *number) {
    char *end;
    if (!isdigit((unsigned char)**text)) {
        return false;
    }
    errno = 0;
    unsigned long value = strtoul(*text, &end, 10);
    *text = end;
    *number = (double)value;
    return errno == 0 && value <= INT32_MAX;
}

static bool parse_numbers(const clp_param *param, const char *text, clp_value *value) {
    uint32_t most =
        param->kind == CLP_PARAM_NUMBERS ? sizeof value->number / sizeof *value->number : 1;
    for (value->count = 0; value->count < most;) {
        double *number = &value->number[value->count++];
        if (!read_number(&text, number) || *number < param->least || *number > param->most ||
            (param->kind == CLP_PARAM_WHOLE && *number != floor(*number))) {
            return false;
        }
        if (*text != ',') {
            return *text == '\0';
        }
        text++;
    }
    return false;
}

static bool parse_size(const char *text, clp_value *value) {
    double number;
    size_t length = strlen(text);
    value->count = 3;
    if (length > 1 && text[length - 1] == '%') {
        bool fine =
            read_number(&text, &number) && strcmp(text, "%") == 0 && number > 0 && number <= 100000;
        value->number[2] = number / 100;
        return fine;
    }
    if (*text != 'x' && (!read_whole(&text, &value->number[0]) || value->number[0] == 0)) {
        return false;
    }
    if (*text++ != 'x') {
        return false;
    }
    if (*text == '\0') {
        return value->number[0] > 0;
    }
    return read_whole(&text, &value->number[1]) && value->number[1] > 0 && *text == '\0';
}

/** Count is 2 without a position, 4 with one. */
static bool parse_area(const char *text, clp_value *value) {
    if (!read_whole(&text, &value->number[0]) || *text++ != 'x' ||
        !read_whole(&text, &value->number[1]) || value->number[0] == 0 || value->number[1] == 0) {
        return false;
    }
    value->count = 2;
    if (*text == '\0') {
        return true;
    }
    value->count = 4;
    return *text++ == '+' && read_whole(&text, &value->number[2]) && *text++ == '+' &&
           read_whole(&text, &value->number[3]) && *text == '\0';
}

static bool parse_choice(const clp_param *param, const char *text, clp_value *value) {
    value->count = 1;
    for (int i = 0; param->choices[i]; i++) {
        if (strcmp(param->choices[i], text) == 0) {
            value->number[0] = i;
            return true;
        }
    }
    return false;
}

static bool parse_colour(const char *text, clp_value *value) {
    static const struct {
        const char *name;
        unsigned rgba;
    } names[] = {{"black", 0x000000ff},  {"white", 0xffffffff}, {"gray", 0x808080ff},
                 {"red", 0xff0000ff},    {"green", 0x008000ff}, {"blue", 0x0000ffff},
                 {"yellow", 0xffff00ff}, {"transparent", 0}};
    unsigned long rgba = 0;
    bool found = false;
    value->count = 4;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].name, text) == 0) {
            rgba = names[i].rgba;
            found = true;
        }
    }
    size_t digits = *text == '#' ? strspn(text + 1, "0123456789abcdefABCDEF") : 0;
    if (!found && (text[0] != '#' || text[1 + digits] != '\0' ||
                   (digits != 3 && digits != 4 && digits != 6 && digits != 8))) {
        return false;
    }
    if (!found) {
        /* Short forms double each digit; a missing alpha is opaque. */
        char full[9] = "ffffffff";
        bool brief = digits <= 4;
        for (size_t i = 0; i < (brief ? 2 * digits : digits) && i < 8; i++) {
            full[i] = text[1 + (brief ? i / 2 : i)];
        }
        rgba = strtoul(full, NULL, 16);
    }
    for (int i = 0; i < 4; i++) {
        value->number[i] = (double)(rgba >> (24 - 8 * i) & 0xff);
    }
    return true;
}

static clproc_status parse_param(const clp_op *op, const clp_param *param, const char *text,
                                 clp_value *value, clproc_error *error) {
    bool fine = false;
    *value = (clp_value){0};
    switch (param->kind) {
    case CLP_PARAM_NUMBER:
    case CLP_PARAM_WHOLE:
    case CLP_PARAM_NUMBERS:
        fine = parse_numbers(param, text, value);
        break;
    case CLP_PARAM_SIZE:
        fine = parse_size(text, value);
        break;
    case CLP_PARAM_AREA:
        fine = parse_area(text, value);
        break;
    case CLP_PARAM_CHOICE:
        fine = parse_choice(param, text, value);
        break;
    case CLP_PARAM_COLOUR:
        fine = parse_colour(text, value);
        break;
    }
    return fine ? CLPROC_OK : refuse(error, op, param, text);
}

static int find_param(const clp_op *op, const char *name, size_t length) {
    for (uint32_t i = 0; i < op->param_count; i++) {
        if (strlen(op->params[i].name) == length &&
            strncmp(op->params[i].name, name, length) == 0) {
            return (int)i;
        }
    }
    return -1;
}

/** Sets one "name=value", or the first parameter's bare value. */
static clproc_status unknown_parameter(const clp_op *op, const char *part, clproc_error *error) {
    char known[256];
    size_t used = 0;
    for (uint32_t i = 0; i < op->param_count && used < sizeof known; i++) {
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                                 op->params[i].name);
    }
    return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                         "%s has no parameter \"%.*s\", but %s; see `clproc help %s`", op->name,
                         (int)strcspn(part, "="), part, known, op->name);
}

static clproc_status parse_part(const clp_op *op, const char *part, bool first, clp_value *values,
                                bool *given, clproc_error *error) {
    const char *equals = strchr(part, '=');
    int index = equals ? find_param(op, part, (size_t)(equals - part)) : first ? 0 : -1;
    if (op->param_count == 0) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "%s takes no value, but was given \"%s\"", op->name, part);
    }
    if (index < 0) {
        return unknown_parameter(op, part, error);
    }
    if (given[index]) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "%s: %s is given twice", op->name,
                             op->params[index].name);
    }
    given[index] = true;
    return parse_param(op, &op->params[index], equals ? equals + 1 : part, &values[index], error);
}

clproc_status clp_ops_parse(const clp_op *op, const char *text, clp_value values[CLP_MAX_PARAMS],
                            clproc_error *error) {
    bool given[CLP_MAX_PARAMS] = {false};
    clproc_status status = CLPROC_OK;
    char *copy = clp_memory_string(CLP_MEMORY_PLAN, text);
    if (!copy) {
        return clp_error_memory(error, "a parameter", strlen(text));
    }
    char *rest = copy;
    for (bool first = true; rest && *copy; first = false) {
        char *part = strsep(&rest, ":");
        CLP_TRY(status, out, parse_part(op, part, first, values, given, error));
    }
    for (uint32_t i = 0; i < op->param_count; i++) {
        const clp_param *param = &op->params[i];
        if (given[i]) {
            continue;
        }
        if (!param->fallback) {
            status = clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                                   "%s needs a %s, as in `--%s %s`; see `clproc help %s`", op->name,
                                   param->name, op->name, op->example, op->name);
            goto out;
        }
        CLP_TRY(status, out, parse_param(op, param, param->fallback, &values[i], error));
    }
out:
    clp_memory_free(copy);
    return status;
}
