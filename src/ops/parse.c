/** Parameters from text. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/memory.h"
#include "core/number.h"
#include "ops/ops_private.h"

/** What was likely meant: "; …", or nothing. */
static const char *advice_on(const clp_param *param, const char *text) {
    bool number = param->kind == CLP_PARAM_NUMBER || param->kind == CLP_PARAM_WHOLE;
    if (number && strncmp(text, "0x", 2) == 0) {
        return "; of ImageMagick's RADIUSxSIGMA give the sigma alone, as 1.5";
    }
    if (number && strchr(text, '%')) {
        return strcmp(param->name, "factor") == 0 ? "; it is a factor: 1.1 is 10 % more"
                                                  : "; it takes no percentage";
    }
    if (number && strchr(text, ',')) {
        return "; write a point, as in 1.5";
    }
    if (param->kind == CLP_PARAM_SIZE && strchr(text, '@')) {
        return "; an area in pixels cannot be asked for";
    }
    if (param->kind == CLP_PARAM_CHOICE && strcmp(text, "0") == 0) {
        return "; leave the operation out to change nothing";
    }
    if (param->kind == CLP_PARAM_CHOICE && strcmp(text, "both") == 0) {
        return "; both together are --rotate 180";
    }
    if (param->kind == CLP_PARAM_CHOICE && text[0] == '-') {
        return "; a value is missing before this option";
    }
    return "";
}

static clproc_status refuse(clproc_error *error, const clp_op *op, const clp_param *param,
                            const char *text) {
    char range[256];
    const char *advice = advice_on(param, text);
    clp_param_range(param, range, sizeof range);
    return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                         "%s: %s \"%s\" is not %s%s; see `clproc help %s`", op->name, param->name,
                         text, range, advice, op->name);
}

/** Reads a number; moves `*text` behind it. */
static bool read_number(const char **text, double *number) {
    const char *end = clp_number_read(*text, number);
    *text = end ? end : *text;
    return end != NULL;
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

/** An x between width and height, as people write it; moves `*text` behind it. */
static bool read_cross(const char **text) {
    static const char *const crosses[] = {"x", "X", "\u00d7"};
    for (size_t i = 0; i < sizeof crosses / sizeof *crosses; i++) {
        size_t length = strlen(crosses[i]);
        if (strncmp(*text, crosses[i], length) == 0) {
            *text += length;
            return true;
        }
    }
    return false;
}

/** ImageMagick's signs behind a size. */
static bool parse_signs(const char *text, clp_value *value) {
    static const char signs[] = "!><^";
    unsigned bits = 0;
    for (; *text; text++) {
        const char *sign = strchr(signs, *text);
        if (!sign) {
            return false;
        }
        bits |= 1u << (sign - signs);
    }
    /* Two of them contradict each other, but for a box to cover by shrinking alone. */
    unsigned apart = bits & (CLP_SIZE_EXACT | CLP_SIZE_COVER);
    unsigned ways = bits & (CLP_SIZE_SHRINK | CLP_SIZE_ENLARGE);
    value->number[3] = bits;
    return (apart & (apart - 1)) == 0 && (ways & (ways - 1)) == 0;
}

static bool parse_size(const char *text, clp_value *value) {
    size_t length = strlen(text);
    value->count = 4;
    if (length > 1 && text[length - 1] == '%') {
        double number = 0;
        bool fine =
            read_number(&text, &number) && strcmp(text, "%") == 0 && number > 0 && number <= 100000;
        value->number[2] = number / 100;
        return fine;
    }
    if (isdigit((unsigned char)*text) &&
        (!read_whole(&text, &value->number[0]) || value->number[0] == 0)) {
        return false;
    }
    if (read_cross(&text)) {
        if (isdigit((unsigned char)*text) &&
            (!read_whole(&text, &value->number[1]) || value->number[1] == 0)) {
            return false;
        }
    }
    return (value->number[0] > 0 || value->number[1] > 0) && parse_signs(text, value);
}

/** What the sides of a ratio are made of, as of 1.91:1. */
#define RATIO_SIDE "0123456789."

static bool parse_ratio(const char *text, clp_value *value) {
    double *number = value->number;
    value->count = 2;
    number[4] = true;
    return read_number(&text, &number[0]) && *text++ == ':' && read_number(&text, &number[1]) &&
           *text == '\0' && number[0] > 0 && number[0] <= INT32_MAX && number[1] > 0 &&
           number[1] <= INT32_MAX;
}

/** Count is 2 without a position, 4 with one. */
static bool parse_area(const char *text, clp_value *value) {
    if (strchr(text, ':')) {
        return parse_ratio(text, value);
    }
    if (!read_whole(&text, &value->number[0]) || value->number[0] == 0 || !read_cross(&text) ||
        !read_whole(&text, &value->number[1]) || value->number[1] == 0) {
        return false;
    }
    value->count = 2;
    value->number[4] = false;
    if (*text == '\0') {
        return true;
    }
    value->count = 4;
    return *text++ == '+' && read_whole(&text, &value->number[2]) && *text++ == '+' &&
           read_whole(&text, &value->number[3]) && *text == '\0';
}

/** Pixels, or percent with a sign; zero for "auto". */
static bool parse_length(const char *text, clp_value *value) {
    value->count = 2;
    if (strcmp(text, "auto") == 0) {
        return true;
    }
    bool number = read_number(&text, &value->number[0]);
    value->number[1] = *text == '%';
    return number && value->number[0] >= 0 && value->number[0] <= 1e6 && text[*text == '%'] == '\0';
}

static int find_choice(const clp_param *param, const char *text) {
    for (int i = 0; param->choices[i]; i++) {
        if (strcasecmp(param->choices[i], text) == 0) {
            return i;
        }
    }
    return -1;
}

static bool parse_choice(const clp_param *param, const char *text, clp_value *value) {
    int choice = find_choice(param, text);
    const char *meant;
    for (size_t from = 0; choice < 0 && (meant = clp_ops_synonym(text, &from)) != NULL;) {
        choice = find_choice(param, meant);
    }
    value->count = 1;
    value->number[0] = choice;
    return choice >= 0;
}

static bool parse_colour(const char *text, clp_value *value) {
    static const struct {
        const char *name;
        unsigned rgba;
    } names[] = {{"black", 0x000000ff}, {"white", 0xffffffff},  {"gray", 0x808080ff},
                 {"grey", 0x808080ff},  {"red", 0xff0000ff},    {"green", 0x008000ff},
                 {"blue", 0x0000ffff},  {"yellow", 0xffff00ff}, {"transparent", 0}};
    unsigned long rgba = 0;
    bool found = false;
    value->count = 4;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].name, text) == 0) {
            rgba = names[i].rgba;
            found = true;
        }
    }
    text += *text == '#'; /* which a shell takes for a comment */
    size_t digits = strspn(text, "0123456789abcdefABCDEF");
    if (!found &&
        (text[digits] != '\0' || (digits != 3 && digits != 4 && digits != 6 && digits != 8))) {
        return false;
    }
    if (!found) {
        /* Short forms double each digit; a missing alpha is opaque. */
        char full[9] = "ffffffff";
        bool brief = digits <= 4;
        for (size_t i = 0; i < (brief ? 2 * digits : digits) && i < 8; i++) {
            full[i] = text[brief ? i / 2 : i];
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
    case CLP_PARAM_LENGTH:
        fine = parse_length(text, value);
        break;
    case CLP_PARAM_FILE:
        value->text = text;
        value->count = (uint32_t)strlen(text);
        fine = value->count > 0 && !strchr(text, '|'); /* which ends an operation */
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

static bool takes_file(const clp_op *op) {
    return op->param_count > 0 && op->params[0].kind == CLP_PARAM_FILE;
}

/** Sets one "name=value", or the first parameter's bare value. */
static clproc_status parse_part(const clp_op *op, const char *part, bool first, clp_value *values,
                                bool *given, clproc_error *error) {
    const char *equals = strchr(part, '=');
    int index = equals ? find_param(op, part, (size_t)(equals - part)) : first ? 0 : -1;
    if (index < 0 && first && takes_file(op)) {
        equals = NULL; /* it belongs to the name */
        index = 0;
    }
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

/** Cuts off what stands before the next colon that a parameter's name and "=" follow: other colons
 * may be part of a file's name. */
static char *cut_named(char **rest) {
    char *part = *rest, *colon = strchr(part, ':');
    while (colon) {
        size_t name = strspn(colon + 1, "abcdefghijklmnopqrstuvwxyz-");
        if (name > 0 && colon[1 + name] == '=') {
            break;
        }
        colon = strchr(colon + 1, ':');
    }
    *rest = colon ? colon + 1 : NULL;
    if (colon) {
        *colon = '\0';
    }
    return part;
}

/** Cuts off what stands before the next colon; the one of a ratio, as 16:9, belongs to it. */
static char *cut_part(const clp_op *op, char **rest) {
    char *part = *rest;
    if (takes_file(op)) {
        return cut_named(rest);
    }
    bool area = op->param_count > 0 && op->params[0].kind == CLP_PARAM_AREA;
    char *value = area && strncmp(part, "area=", 5) == 0 ? part + 5 : part;
    size_t before = strspn(value, RATIO_SIDE);
    size_t after = value[before] == ':' ? strspn(value + before + 1, RATIO_SIDE) : 0;
    if (area && before > 0 && after > 0) {
        char *end = value + before + 1 + after;
        *rest = *end ? end + 1 : NULL;
        if (*end == ':' || !*end) {
            *end = '\0';
            return part;
        }
        *rest = part;
    }
    return strsep(rest, ":");
}

/** Signs behind a size and a `fit` or `enlarge` that say otherwise. */
static clproc_status check_signs(const clp_op *op, const clp_value *values, const bool *given,
                                 clproc_error *error) {
    static const struct {
        unsigned signs;
        const char *param;
    } rivals[] = {{CLP_SIZE_EXACT | CLP_SIZE_COVER, "fit"},
                  {CLP_SIZE_SHRINK | CLP_SIZE_ENLARGE, "enlarge"}};
    bool sized = op->param_count > 0 && op->params[0].kind == CLP_PARAM_SIZE;
    unsigned signs = sized ? (unsigned)values[0].number[3] : 0;
    if (signs && find_param(op, "fit", 3) < 0) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "%s takes a size without ! > < or ^ behind it", op->name);
    }
    for (size_t i = 0; signs && i < sizeof rivals / sizeof *rivals; i++) {
        int param = find_param(op, rivals[i].param, strlen(rivals[i].param));
        if ((signs & rivals[i].signs) && param >= 0 && given[param]) {
            return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                                 "%s: the sign behind the size and %s= say the same thing twice; "
                                 "leave one out",
                                 op->name, rivals[i].param);
        }
    }
    return CLPROC_OK;
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
        char *part = cut_part(op, &rest);
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
    for (uint32_t i = 0; i < op->param_count; i++) {
        values[i].text = values[i].text ? text + (values[i].text - copy) : NULL;
    }
    status = check_signs(op, values, given, error);
out:
    clp_memory_free(copy);
    return status;
}
