#include "index/where.h"

#include <ctype.h>
#include <locale.h>
#include <regex.h>
#include <string.h>
#include <strings.h>

#include "core/memory.h"
#include "core/number.h"

/* A recursive descent:
 *   any   = all { "or" all }
 *   all   = not { "and" not }
 *   not   = "not" not | "(" any ")" | field operator value
 * Absent values are null, and truth has three values as in SQL: a comparison with null is neither
 * true nor false, but `= null` and `!= null` ask for it. */

enum {
    MOST_NODES = 256,
    MOST_DEPTH = 64,
    MOST_TEXT = 4096,
    MOST_PATTERN = 256,
    MOST_SHOWN = 40 /**< letters of a text, in an error */
};

typedef enum truth { FALSE, TRUE, UNKNOWN } truth;

typedef enum node_kind { AND, OR, NOT, COMPARISON } node_kind;

typedef enum comparison {
    EQUAL,
    DIFFERENT,
    LESS,
    AT_MOST,
    MORE,
    AT_LEAST,
    LIKE,
    UNLIKE
} comparison;

typedef struct node {
    node_kind kind;
    uint32_t left, right; /**< nodes */
    clp_field field;
    comparison operation;
    bool null;    /**< is compared with */
    bool numeric; /**< the value is a number, not a text */
    double number;
    uint32_t text; /**< where it begins in `texts` */
    bool compiled;
    regex_t pattern;
} node;

struct clp_where {
    node nodes[MOST_NODES];
    uint32_t count, root;
    char texts[MOST_TEXT + MOST_NODES];
    uint32_t used;
    locale_t utf8; /**< in which patterns are matched, whatever the user's; 0 if there is none */
};

typedef struct parser {
    clp_where *where;
    const char *start, *at;
    int depth;
    clproc_error *error;
} parser;

/* ---------------------------------------------------------------- parsing */

static clproc_status complain(parser *text, const char *wanted) {
    size_t offset = 0;
    for (const char *at = text->start; at < text->at; at++) {
        offset += ((unsigned char)*at & 0xC0) != 0x80; /* bytes that go on with one do not count */
    }
    return clp_error_set(text->error, CLPROC_ERROR_ARGUMENT,
                         "--where: %s at character %zu%s%.24s%s; an example: iso > 800 and lens ~ "
                         "\"50mm\"",
                         wanted, offset + 1, *text->at ? ", \"" : ", its end", text->at,
                         *text->at ? "\"" : "");
}

static void skip_space(parser *text) {
    text->at += strspn(text->at, " \t\r\n");
}

static size_t word_length(const char *at) {
    size_t length = 0;
    while (isalnum((unsigned char)at[length]) || at[length] == '_' ||
           (at[length] == '-' && length > 0 && isalpha((unsigned char)at[length + 1]))) {
        length++;
    }
    return length;
}

/** Takes a word if it stands next. */
static bool take_word(parser *text, const char *word) {
    skip_space(text);
    size_t length = strlen(word);
    if (word_length(text->at) != length || strncasecmp(text->at, word, length) != 0) {
        return false;
    }
    text->at += length;
    return true;
}

static bool take_sign(parser *text, const char *sign) {
    skip_space(text);
    size_t length = strlen(sign);
    if (strncmp(text->at, sign, length) != 0) {
        return false;
    }
    text->at += length;
    return true;
}

static node *add(parser *text, node_kind kind, uint32_t *index) {
    clp_where *where = text->where;
    if (where->count == MOST_NODES) {
        clp_error_set(text->error, CLPROC_ERROR_ARGUMENT,
                      "--where: it has more than %d parts; make it shorter", MOST_NODES);
        return NULL;
    }
    *index = where->count++;
    where->nodes[*index] = (node){.kind = kind};
    return &where->nodes[*index];
}

static clproc_status take_text(parser *text, node *made) {
    clp_where *where = text->where;
    char quote = *text->at++;
    const char *stop = text->at;
    made->text = where->used;
    while (*stop && *stop != quote) {
        stop += stop[0] == '\\' && stop[1] == quote ? 2 : 1;
    }
    if (!*stop) {
        return complain(text, "a text without its closing quote");
    }
    if ((size_t)(stop - text->at) + where->used + 1 > sizeof where->texts) {
        return complain(text, "too much text");
    }
    for (; text->at < stop; text->at++) {
        text->at += text->at[0] == '\\' && text->at[1] == quote;
        where->texts[where->used++] = *text->at;
    }
    where->texts[where->used++] = '\0';
    text->at++;
    return CLPROC_OK;
}

static clproc_status take_value(parser *text, node *made) {
    const char *rest;
    skip_space(text);
    if (*text->at == '"' || *text->at == '\'') {
        return take_text(text, made);
    }
    if (take_word(text, "null")) {
        made->null = true;
        return CLPROC_OK;
    }
    rest = clproc_number_read(text->at, &made->number);
    if (!rest) {
        return complain(text, "a number, a text in quotes or null is missing");
    }
    made->numeric = true;
    text->at = rest;
    return CLPROC_OK;
}

/** Patterns of others must not take all memory or time: no repetition of repetitions by numbers, no
 * reference back to what was matched. */
static clproc_status compile(parser *text, node *made) {
    const char *pattern = text->where->texts + made->text;
    size_t counted = 0;
    for (const char *c = pattern; *c; c++) {
        if (*c == '\\' && isdigit((unsigned char)c[1])) {
            return complain(text,
                            "a pattern with \\1 to \\9, which are not taken, before the text");
        }
        c += *c == '\\' && c[1];
        counted += *c == '{';
    }
    double most = 0;
    const char *brace = strchr(pattern, '{'), *comma = brace ? strchr(brace, ',') : NULL;
    bool small = !brace || ((clproc_number_read(brace + 1, &most) && most <= 100) &&
                            (!comma || !isdigit((unsigned char)comma[1]) ||
                             (clproc_number_read(comma + 1, &most) && most <= 100)));
    if (strlen(pattern) > MOST_PATTERN || counted > 1 || !small) {
        return complain(text, "the pattern is too long, or repeats by {} more than once or "
                              "100 times,");
    }
    locale_t before = uselocale(text->where->utf8);
    int code = regcomp(&made->pattern, pattern, REG_EXTENDED | REG_NOSUB | REG_ICASE);
    uselocale(before);
    if (code != 0) {
        char reason[128];
        regerror(code, &made->pattern, reason, sizeof reason);
        return clp_error_set(text->error, CLPROC_ERROR_ARGUMENT,
                             "--where: the pattern \"%.*s\" cannot be used: %s", MOST_SHOWN,
                             pattern, reason);
    }
    made->compiled = true;
    return CLPROC_OK;
}

/** Gives a date the form that fields have it in, 2024:05:06 12:00:00, where it is written as ISO
 * 8601 has it, 2024-05-06T12:00:00; in a pattern, too. */
static void spell_date(char *text) {
    static const char form[] = "dddd-dd-ddTdd", own[] = "dddd:dd:dd dd";
    text += *text == '^';
    size_t fits = clp_number_fits(text, form);
    /* A separator is one once a digit follows it. */
    for (size_t i = 0; i + 1 < fits; i++) {
        text[i] = form[i] == 'd' ? text[i] : own[i];
    }
}

static bool has_dates(clp_field field) {
    return strstr(clp_field_info(field).name, "Date");
}

static bool is_date(const node *made) {
    return !made->numeric && !made->null && has_dates(made->field);
}

/** True of what a date begins with, as fields have it: any first part of 2024:05:06 12. */
static bool begins_date(const char *value) {
    static const char form[] = "dddd:dd:dd dd";
    size_t fits = clp_number_fits(value, form);
    return !value[fits] || !form[fits];
}

/** A date is a text: a number would never be equal to it, nor less. */
static clproc_status refuse_number(parser *text, const node *made) {
    const char *name = clp_field_info(made->field).name;
    size_t length = strcspn(text->at, " \t\r\n()");
    int shown = length < MOST_SHOWN ? (int)length : MOST_SHOWN;
    return clp_error_set(text->error, CLPROC_ERROR_ARGUMENT,
                         "--where: %s is a date and cannot be compared with a number; put it in "
                         "quotes, as %s > '%.*s'",
                         name, name, shown, text->at);
}

/** A text that is no number would never be equal to a field that is one, nor greater; a date is
 * compared as text. */
static clproc_status check_type(parser *text, const node *made) {
    const clproc_index_field field = clp_field_info(made->field);
    const char *value = text->where->texts + made->text, *rest;
    double number;
    if (made->numeric && has_dates(made->field)) {
        return refuse_number(text, made);
    }
    if (is_date(made) && !begins_date(value)) {
        return clp_error_set(text->error, CLPROC_ERROR_ARGUMENT,
                             "--where: %s is a date and cannot be compared with \"%.*s\"; write it "
                             "as 2024-05-06 or 2024-05-06 12:00:00, or its first part, as 2024-05",
                             field.name, MOST_SHOWN, value);
    }
    if (made->null || made->numeric || field.kind != CLPROC_INDEX_NUMBER) {
        return CLPROC_OK;
    }
    rest = clproc_number_read(value, &number);
    return rest && !*rest
               ? CLPROC_OK
               : clp_error_set(text->error, CLPROC_ERROR_ARGUMENT,
                               "--where: %s is a number and cannot be compared with the text "
                               "\"%.*s\"; give a number, as %s > 800, or a pattern for its digits, "
                               "as %s ~ \"^8\"",
                               field.name, MOST_SHOWN, value, field.name, field.name);
}

static clproc_status take_comparison(parser *text, uint32_t *index) {
    static const struct {
        const char *sign;
        comparison operation;
    } signs[] = {{"==", EQUAL},    {"!=", DIFFERENT}, {"<>", DIFFERENT}, {"<=", AT_MOST},
                 {">=", AT_LEAST}, {"!~", UNLIKE},    {"=", EQUAL},      {"<", LESS},
                 {">", MORE},      {"~", LIKE}};
    clproc_status status;
    bool found = false;
    skip_space(text);
    size_t length = word_length(text->at);
    if (length == 0) {
        return complain(text, "a field's name is missing");
    }
    node *made = add(text, COMPARISON, index);
    if (!made) {
        return CLPROC_ERROR_ARGUMENT;
    }
    CLP_TRY(status, out, clp_field_named(text->at, length, &made->field, text->error));
    text->at += length;
    for (size_t i = 0; !found && i < sizeof signs / sizeof *signs; i++) {
        found = take_sign(text, signs[i].sign);
        made->operation = signs[i].operation;
    }
    if (!found) {
        status = complain(text, "one of = != < <= > >= ~ !~ is missing");
        goto out;
    }
    skip_space(text);
    const char *value = text->at, *rest;
    CLP_TRY(status, out, take_value(text, made));
    if (is_date(made)) {
        spell_date(text->where->texts + made->text);
    }
    rest = text->at;
    text->at = value; /* for what is to be said of it */
    bool pattern = made->operation == LIKE || made->operation == UNLIKE;
    if (pattern && (made->null || made->numeric)) {
        status = complain(text, "~ and !~ need a text in quotes");
    } else if (made->null && made->operation != EQUAL && made->operation != DIFFERENT) {
        status = complain(text, "null can only be compared by = and !=");
    } else {
        status = pattern ? compile(text, made) : check_type(text, made);
    }
    text->at = rest;
out:
    return status;
}

static clproc_status take_any(parser *text, uint32_t *index);

static clproc_status take_not(parser *text, uint32_t *index) {
    clproc_status status;
    if (++text->depth > MOST_DEPTH) {
        return complain(text, "too many parentheses or nots");
    }
    if (take_word(text, "not")) {
        uint32_t inner = 0;
        node *made;
        CLP_TRY(status, out, take_not(text, &inner));
        made = add(text, NOT, index);
        status = made ? CLPROC_OK : CLPROC_ERROR_ARGUMENT;
        if (made) {
            made->left = inner;
        }
    } else if (take_sign(text, "(")) {
        CLP_TRY(status, out, take_any(text, index));
        status = take_sign(text, ")") ? CLPROC_OK : complain(text, "a ) is missing");
    } else {
        status = take_comparison(text, index);
    }
    text->depth--;
out:
    return status;
}

/** A row of parts with one word between them. */
static clproc_status take_chain(parser *text, const char *word, node_kind kind,
                                clproc_status (*part)(parser *, uint32_t *), uint32_t *index) {
    clproc_status status;
    uint32_t left = 0, right = 0;
    CLP_TRY(status, out, part(text, &left));
    while (take_word(text, word)) {
        uint32_t joined = 0;
        CLP_TRY(status, out, part(text, &right));
        node *made = add(text, kind, &joined);
        if (!made) {
            return CLPROC_ERROR_ARGUMENT;
        }
        made->left = left;
        made->right = right;
        left = joined;
    }
    *index = left;
out:
    return status;
}

static clproc_status take_all(parser *text, uint32_t *index) {
    return take_chain(text, "and", AND, take_not, index);
}

static clproc_status take_any(parser *text, uint32_t *index) {
    return take_chain(text, "or", OR, take_all, index);
}

clproc_status clp_where_create(clp_where **where, const char *text, clproc_error *error) {
    clp_where *made = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *made);
    clproc_status status;
    *where = NULL;
    if (!made) {
        return clp_error_memory(error, "a filter", sizeof *made);
    }
    made->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    parser at = {.where = made, .start = text, .at = text, .error = error};
    CLP_TRY(status, out, take_any(&at, &made->root));
    skip_space(&at);
    if (*at.at) {
        status = complain(&at, "and, or or the end is missing");
    }
out:
    if (status != CLPROC_OK) {
        clp_where_destroy(&made);
    }
    *where = made;
    return status;
}

void clp_where_destroy(clp_where **where) {
    for (uint32_t i = 0; where && *where && i < (*where)->count; i++) {
        if ((*where)->nodes[i].compiled) {
            regfree(&(*where)->nodes[i].pattern);
        }
    }
    if (where && *where) {
        if ((*where)->utf8) {
            freelocale((*where)->utf8);
        }
        clp_memory_free(*where);
        *where = NULL;
    }
}

bool clp_where_field(const clp_where *where, size_t index, clp_field *field) {
    for (uint32_t i = 0; where && i < where->count; i++) {
        if (where->nodes[i].kind == COMPARISON && index-- == 0) {
            *field = where->nodes[i].field;
            return true;
        }
    }
    return false;
}

/* --------------------------------------------------------------- deciding */

static truth by_order(comparison operation, int order) {
    switch (operation) {
    case EQUAL:
        return order == 0 ? TRUE : FALSE;
    case DIFFERENT:
        return order != 0 ? TRUE : FALSE;
    case LESS:
        return order < 0 ? TRUE : FALSE;
    case AT_MOST:
        return order <= 0 ? TRUE : FALSE;
    case MORE:
        return order > 0 ? TRUE : FALSE;
    default:
        return order >= 0 ? TRUE : FALSE;
    }
}

static truth compare_numbers(comparison operation, double left, double right) {
    return by_order(operation, left < right ? -1 : left > right);
}

/** A text of the row, or an item of a list. */
static truth compare_text(const clp_where *where, const node *test, const char *text) {
    double number;
    if (test->compiled) {
        locale_t before = uselocale(where->utf8);
        bool matches = regexec(&test->pattern, text, 0, NULL, 0) == 0;
        uselocale(before);
        return matches == (test->operation == LIKE) ? TRUE : FALSE;
    }
    if (test->numeric) {
        const char *rest = clproc_number_read(text, &number);
        return rest && !*rest ? compare_numbers(test->operation, number, test->number) : UNKNOWN;
    }
    return by_order(test->operation, strcmp(text, where->texts + test->text));
}

/** Of a list, one item must pass; with != and !~, all of them. */
static truth compare_list(const clp_where *where, const node *test, const clp_row *row) {
    bool every = test->operation == DIFFERENT || test->operation == UNLIKE;
    size_t at = 0;
    const char *item;
    while ((item = clp_row_next(row, test->field, &at))) {
        truth found = compare_text(where, test, item);
        if ((found == TRUE) != every) {
            return every ? FALSE : TRUE;
        }
    }
    return every ? TRUE : FALSE;
}

static truth compare(const clp_where *where, const node *test, const clp_row *row) {
    const clp_cell *value = &row->values[test->field];
    char text[40];
    if (test->null) {
        return (value->kind == CLP_CELL_NONE) == (test->operation == EQUAL) ? TRUE : FALSE;
    }
    switch (value->kind) {
    case CLP_CELL_NONE:
        return UNKNOWN;
    case CLP_CELL_TEXT:
        return compare_text(where, test, clp_row_get(row, test->field));
    case CLP_CELL_LIST:
        return compare_list(where, test, row);
    default:
        break;
    }
    double number = value->kind == CLP_CELL_REAL ? value->real : (double)value->integer, other;
    if (test->numeric) {
        return compare_numbers(test->operation, number, test->number);
    }
    if (test->compiled) {
        clp_number_print(value, text, sizeof text);
        return compare_text(where, test, text);
    }
    const char *rest = clproc_number_read(where->texts + test->text, &other);
    return rest && !*rest ? compare_numbers(test->operation, number, other) : UNKNOWN;
}

static truth decide(const clp_where *where, uint32_t index, const clp_row *row) {
    const node *test = &where->nodes[index];
    truth left, right;
    switch (test->kind) {
    case COMPARISON:
        return compare(where, test, row);
    case NOT:
        left = decide(where, test->left, row);
        return left == UNKNOWN ? UNKNOWN : left == TRUE ? FALSE : TRUE;
    default:
        left = decide(where, test->left, row);
        right = decide(where, test->right, row);
        if (test->kind == AND) {
            return left == FALSE || right == FALSE ? FALSE
                   : left == TRUE && right == TRUE ? TRUE
                                                   : UNKNOWN;
        }
        return left == TRUE || right == TRUE     ? TRUE
               : left == FALSE && right == FALSE ? FALSE
                                                 : UNKNOWN;
    }
}

bool clp_where_passes(const clp_where *where, const clp_row *row) {
    return !where || decide(where, where->root, row) == TRUE;
}
