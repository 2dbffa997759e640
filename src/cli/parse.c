#include <ctype.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "outputs.h"
#include "synonyms.h"
#include "text.h"

enum { message_size = 512, first_code = 256 };

/** What one output is told of --width and --height, wherever these stand; NULL: nothing. */
typedef struct sides {
    const char *width, *height;
} sides;

/** Everything getopt_long() is to know: the command's options, then the operations. */
typedef struct parser {
    struct option *longs; /**< val: first_code + index into clp_cli_options, or beyond it an op */
    char shorts[64];
    size_t option_count;
    char **given; /**< by option: its value so far, or NULL */
    const char *command;
    unsigned commands;
    int argc;
    char **argv;
    sides *sides;   /**< of each section */
    size_t section; /**< number of --to so far */
} parser;

/** Where codes of synonyms begin: behind those of options and operations. */
static int synonym_code(const parser *p) {
    return first_code + (int)(p->option_count + clproc_op_count());
}

static size_t synonym_count(void) {
    size_t count = 0;
    while (clp_cli_synonyms[count].name) {
        count++;
    }
    return count;
}

static bool is_known(const parser *p, const char *name, size_t length) {
    for (size_t i = 0; p->longs[i].name; i++) {
        if (strlen(p->longs[i].name) == length && strncmp(p->longs[i].name, name, length) == 0) {
            return true;
        }
    }
    return false;
}

/** Adds the synonyms that are no options themselves; `used` and `letters` are filled so far. */
static void add_synonyms(parser *p, size_t used, size_t letters) {
    for (int i = 0; clp_cli_synonyms[i].name; i++) {
        const clp_cli_synonym *synonym = &clp_cli_synonyms[i];
        if (is_known(p, synonym->name, strlen(synonym->name))) {
            continue;
        }
        p->longs[used++] =
            (struct option){synonym->name, synonym->value ? required_argument : no_argument, NULL,
                            synonym_code(p) + i};
        if (synonym->letter && letters + 3 < sizeof p->shorts) {
            p->shorts[letters++] = synonym->letter;
            if (synonym->value) {
                p->shorts[letters++] = ':';
            }
        }
    }
}

static int parser_init(parser *p, const char *command, unsigned commands) {
    size_t used = 0, letters = 0;
    bool ops = (commands & CLP_CLI_OPERATIONS) != 0;
    p->command = command;
    p->commands = commands;
    while (clp_cli_options[p->option_count].name) {
        p->option_count++;
    }
    p->longs = calloc(p->option_count + clproc_op_count() + synonym_count() + 1, sizeof *p->longs);
    p->given = calloc(p->option_count, sizeof *p->given);
    p->sides = calloc((size_t)p->argc + 1, sizeof *p->sides);
    if (!p->longs || !p->given || !p->sides) {
        clp_cli_say("no memory for the command line");
        return CLP_EXIT_RESOURCE;
    }
    p->shorts[letters++] = ':'; /* report a missing value apart from an unknown option */
    for (size_t i = 0; i < p->option_count; i++) {
        const clp_cli_option *option = &clp_cli_options[i];
        if (!(option->commands & commands)) {
            continue;
        }
        bool plain = option->kind == CLP_CLI_SWITCH;
        p->longs[used++] = (struct option){option->name,
                                           plain             ? no_argument
                                           : option->implied ? optional_argument
                                                             : required_argument,
                                           NULL, first_code + (int)i};
        if (option->letter && letters + 3 < sizeof p->shorts) {
            p->shorts[letters++] = option->letter;
            if (!plain) {
                p->shorts[letters++] = ':';
            }
        }
    }
    for (size_t i = 0; ops && i < clproc_op_count(); i++) {
        const clproc_op_info *op = clproc_op_at(i);
        p->longs[used++] = (struct option){op->name, op->usage[0] ? required_argument : no_argument,
                                           NULL, first_code + (int)(p->option_count + i)};
    }
    if (ops) {
        add_synonyms(p, used, letters);
    }
    return 0;
}

/** An operation of which `name` is a parameter behind its value, as other programs' --fit. */
static const clproc_op_info *op_with(const parser *p, const char *name) {
    for (size_t i = 0; p->commands & CLP_CLI_OPERATIONS && i < clproc_op_count(); i++) {
        const clproc_op_info *op = clproc_op_at(i);
        for (size_t k = 1; k < op->param_count; k++) {
            if (strcmp(op->params[k].name, name) == 0) {
                return op;
            }
        }
    }
    return NULL;
}

static int unknown_option(const parser *p, const char *word) {
    char name[64];
    if (word[0] != '-' || word[1] != '-') {
        return clp_cli_usage_error("unknown option -%c; see `clproc help %s`", optopt, p->command);
    }
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    const clproc_op_info *op = op_with(p, name);
    if (op) {
        return clp_cli_usage_error("--%s is no option but a parameter of operations, as in --%s "
                                   "%s:%s=...; see `clproc help %s`",
                                   name, op->name, op->params[0].name, name, op->name);
    }
    clp_cli_nearest nearest = {.word = name};
    for (size_t i = 0; p->longs[i].name; i++) {
        clp_cli_nearest_try(&nearest, p->longs[i].name);
    }
    if (nearest.best) {
        return clp_cli_usage_error("unknown option --%s; did you mean --%s?", name, nearest.best);
    }
    return clp_cli_usage_error("unknown option --%s; see `clproc help %s`", name, p->command);
}

static const char *name_of(const parser *p, int code) {
    size_t i = (size_t)(code - first_code);
    if (code >= synonym_code(p)) {
        return clp_cli_synonyms[code - synonym_code(p)].name;
    }
    return i < p->option_count ? clp_cli_options[i].name : clproc_op_at(i - p->option_count)->name;
}

static bool is_name(const clp_cli_option *option) {
    return option->kind == CLP_CLI_TEXT || option->kind == CLP_CLI_NEXT ||
           option->kind == CLP_CLI_LIST || option->kind == CLP_CLI_INDEXED ||
           option->kind == CLP_CLI_REPORTS;
}

/** What an operation's value may be; '#' begins a comment where no quotes stand around it. */
static int missing_op_value(const clproc_op_info *op) {
    const clproc_param_info *first = &op->params[0];
    bool colour = strcmp(first->kind, "colour") == 0;
    return clp_cli_usage_error("--%s needs a value: %s (%s)%s; see `clproc help %s`", op->name,
                               first->range, first->help,
                               colour ? ", with quotes around a #, as in '#fff'" : "", op->name);
}

static const clp_cli_option *find_letter(unsigned commands, int letter) {
    for (const clp_cli_option *option = clp_cli_options; option->name; option++) {
        if (option->letter == letter && option->commands & commands) {
            return option;
        }
    }
    return NULL;
}

/** The words that an option's value is one of, or is joined of: ": a|b|c"; "" if there are none. */
static void print_words(char *text, size_t size, const clp_cli_option *option) {
    const char *word;
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; !is_name(option) && (word = clp_cli_name_at(option, i)) && used < size;
         i++) {
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "|" : ": ", word);
    }
}

static int missing_value(const parser *p, int code) {
    const clp_cli_option *option = code < first_code ? find_letter(p->commands, code) : NULL;
    const char *name = "";
    char words[256] = "";
    for (const clp_cli_synonym *word = clp_cli_synonyms; code < first_code && word->name; word++) {
        name = word->letter == code ? word->name : name;
    }
    size_t place = (size_t)(code - first_code), op = place - p->option_count;
    if (code >= first_code && op < clproc_op_count()) {
        return missing_op_value(clproc_op_at(op));
    }
    name = code >= first_code ? name_of(p, code) : option ? option->name : name;
    option = code >= first_code && place < p->option_count ? &clp_cli_options[place] : option;
    if (option) {
        print_words(words, sizeof words, option);
    }
    return clp_cli_usage_error("--%s needs a value%s; see `clproc help %s`", name, words, name);
}

static int add_op(clp_cli_settings *settings, const clproc_op_info *op, const char *value) {
    clproc_error error = {0};
    if (value && value[0] == '-' && (value[1] == '-' || isalpha((unsigned char)value[1]))) {
        return missing_op_value(op);
    }
    if (clproc_pipeline_add(settings->pipeline, op->name, value, &error) != CLPROC_OK) {
        return clp_cli_error(&error);
    }
    return 0;
}

/** An output begins: what may be given once may be given once more. */
static void begin_output(parser *p) {
    p->section++;
    for (size_t i = 0; i < p->option_count; i++) {
        if (clp_cli_options[i].offset == offsetof(clp_cli_settings, run.icc)) {
            free(p->given[i]);
            p->given[i] = NULL;
        }
    }
}

/** True of an option in the place of another's value: the value was forgotten. "--option=--value"
 * is meant as it stands. A letter counts in place of a name; --strategy takes "-overlap". */
static bool is_forgotten(const parser *p, const clp_cli_option *option, const char *value) {
    if (!value || p->argv[optind - 1] != value || value[0] != '-' || !value[1]) {
        return false;
    }
    if (value[1] == '-') {
        return !value[2] || is_known(p, value + 2, strcspn(value + 2, "="));
    }
    return is_name(option) && value[1] != ':' && strchr(p->shorts, value[1]);
}

/** Sets an option. Of numbers and choices the last counts, so that a script's can be overridden; of
 * two names, as those of outputs, one would be lost. */
static int set_once(clp_cli_settings *settings, parser *p, const clp_cli_option *option,
                    const char *value) {
    char **before = &p->given[option - clp_cli_options];
    if (is_forgotten(p, option, value)) {
        return clp_cli_usage_error("--%s needs a value before %s; a file of this name is ./%s",
                                   option->name, value, value);
    }
    if (settings->outputs.begun && option->offset == offsetof(clp_cli_settings, output)) {
        return clp_cli_usage_error("-o %s stands behind --to; put it before the first --to", value);
    }
    if (option->kind == CLP_CLI_NEXT) {
        begin_output(p);
    }
    if (option->kind == CLP_CLI_TEXT && value && *before && strcmp(*before, value) != 0) {
        return clp_cli_usage_error("--%s is given twice, with %s and %s; leave one out",
                                   option->name, *before, value);
    }
    free(*before);
    *before = value ? strdup(value) : NULL; /* without memory, a second value counts */
    return clp_cli_set(settings, option, value);
}

/* ------------------------------------------------------------- synonyms */

static const clproc_op_info *find_op(const char *name) {
    for (size_t i = 0; i < clproc_op_count(); i++) {
        if (strcmp(clproc_op_at(i)->name, name) == 0) {
            return clproc_op_at(i);
        }
    }
    return NULL;
}

static const clp_cli_option *find_option(unsigned commands, const char *name) {
    for (const clp_cli_option *option = clp_cli_options; option->name; option++) {
        if (strcmp(option->name, name) == 0 && option->commands & commands) {
            return option;
        }
    }
    return NULL;
}

/** Does what a synonym stands for: "--name value" with the value in its place. Values live as long
 * as the settings, so they are kept with them. */
static int take_synonym(clp_cli_settings *settings, parser *p, const clp_cli_synonym *word,
                        const char *value) {
    char text[message_size];
    const char *place = strchr(word->meaning, '%');
    snprintf(text, sizeof text, "%.*s%s%s",
             place ? (int)(place - word->meaning) : (int)strlen(word->meaning), word->meaning,
             place ? value : "", place ? place + 1 : "");
    if (!text[0]) {
        return 0; /* done anyway */
    }
    char *name = text + 2, *given = strchr(text, ' ');
    if (given) {
        *given++ = '\0';
    }
    const clproc_op_info *op = find_op(name);
    if (op) {
        return add_op(settings, op, given);
    }
    const clp_cli_option *option = find_option(p->commands, name);
    /* Strings of options point into argv. */
    return set_once(settings, p, option, option->kind == CLP_CLI_TEXT ? value : given);
}

static const clp_cli_synonym *find_synonym(const parser *p, int code) {
    for (const clp_cli_synonym *word = clp_cli_synonyms; word->name; word++) {
        if (code < first_code ? word->letter == code
                              : code == synonym_code(p) + (int)(word - clp_cli_synonyms)) {
            return word;
        }
    }
    return NULL;
}

static bool is_wide(const clp_cli_synonym *word) {
    return strcmp(word->name, "width") == 0;
}

static bool is_side(const clp_cli_synonym *word) {
    return is_wide(word) || strcmp(word->name, "height") == 0;
}

/** Finds out beforehand which sides each output is told: the first of two must know of the second.
 * getopt_long() alone knows abbreviations, and values that are attached to their letter. It moves
 * the words, so it gets a copy. */
static int find_sides(parser *p) {
    char **words = calloc((size_t)p->argc + 1, sizeof *words);
    int code;
    size_t section = 0;
    if (!words) {
        clp_cli_say("no memory for the command line");
        return CLP_EXIT_RESOURCE;
    }
    memcpy(words, p->argv, (size_t)p->argc * sizeof *words);
    optind = 0;
    while ((code = getopt_long(p->argc, words, p->shorts, p->longs, NULL)) >= 0) {
        const clp_cli_synonym *word = find_synonym(p, code);
        if (code >= first_code && (size_t)(code - first_code) < p->option_count) {
            section += clp_cli_options[code - first_code].kind == CLP_CLI_NEXT;
        } else if (word && is_side(word)) {
            *(is_wide(word) ? &p->sides[section].width : &p->sides[section].height) = optarg;
        }
    }
    free((void *)words);
    return 0;
}

/** --width and --height together are one box. */
static int take_side(clp_cli_settings *settings, const parser *p, const clp_cli_synonym *word,
                     const char *value) {
    char size[64];
    const sides *told = &p->sides[p->section];
    bool wide = is_wide(word);
    if (told->width && !wide) {
        return 0; /* the width says it all */
    }
    snprintf(size, sizeof size, "%s%s%s", wide ? value : "", wide || !told->width ? "x" : "",
             wide ? (told->height ? told->height : "") : value);
    return add_op(settings, find_op("resize"), size);
}

static int take_word(clp_cli_settings *settings, parser *p, const clp_cli_synonym *word,
                     const char *value) {
    return is_side(word) ? take_side(settings, p, word, value)
                         : take_synonym(settings, p, word, value);
}

/** -q 85 and -r 90: letters without a value, before a number that is no input. */
static int stray_number(const parser *p, int code) {
    static const struct {
        char letter;
        const char *advice;
    } known[] = {{'q', "-q is --quiet; for the quality write --quality"},
                 {'r', "-r is --recursive; to turn pictures write --rotate"},
                 {'v', "-v is --verbose"}};
    const char *next = optind < p->argc ? p->argv[optind] : "";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].letter == code && next[0] && next[strspn(next, "0123456789")] == '\0' &&
            access(next, F_OK) != 0) {
            return clp_cli_usage_error("-%c %s: %s %s", code, next, known[i].advice,
                                       known[i].letter == 'v' ? "" : next);
        }
    }
    return 0;
}

/** Handles a letter: an option's, or a synonym's. */
static int take_letter(clp_cli_settings *settings, parser *p, int code) {
    const clp_cli_option *option = find_letter(p->commands, code);
    const clp_cli_synonym *word = find_synonym(p, code);
    int stray = stray_number(p, code);
    if (stray != 0) {
        return stray;
    }
    if (option) {
        return set_once(settings, p, option, optarg);
    }
    return word ? take_word(settings, p, word, optarg) : 0;
}

/** Handles what one call of getopt_long() returned. */
static int take(clp_cli_settings *settings, parser *p, int code, char **argv) {
    size_t i = (size_t)(code - first_code);
    if (code == ':') {
        return missing_value(p, optopt);
    }
    if (code == '?') {
        if (optopt >= first_code) {
            return clp_cli_usage_error("--%s takes no value; see `clproc help %s`",
                                       name_of(p, optopt), name_of(p, optopt));
        }
        return unknown_option(p, argv[optind - 1]);
    }
    if (code < first_code) {
        return take_letter(settings, p, code);
    }
    if (i < p->option_count) {
        return set_once(settings, p, &clp_cli_options[i], optarg);
    }
    if (code < synonym_code(p)) {
        return add_op(settings, clproc_op_at(i - p->option_count), optarg);
    }
    return take_word(settings, p, find_synonym(p, code), optarg);
}

int clp_cli_parse(clp_cli_settings *settings, const char *command, unsigned commands, int argc,
                  char **argv) {
    parser p = {.argc = argc, .argv = argv};
    settings->command = command;
    int code = parser_init(&p, command, commands);
    opterr = 0;
    code = code == 0 && commands & CLP_CLI_OPERATIONS ? find_sides(&p) : code;
    optind = 0; /* starts getopt anew */
    while (code == 0) {
        int found = getopt_long(argc, argv, p.shorts, p.longs, NULL);
        if (found < 0) {
            break;
        }
        code = take(settings, &p, found, argv);
    }
    free(p.longs);
    free(p.sides);
    for (size_t i = 0; p.given && i < p.option_count; i++) {
        free(p.given[i]);
    }
    free(p.given);
    if (code == 0) {
        clp_cli_outputs_end(settings);
    }
    settings->operands = (const char *const *)argv + optind;
    settings->operand_count = (size_t)(argc - optind);
    return code;
}
