/** What the options of a command line set: a field each, by the options' table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "options.h"
#include "outputs.h"
#include "text.h"

enum { message_size = 512 };

/* Limits from here on are those of the type, not worth telling. */
static const double unbounded = 1e9;

/* ------------------------------------------------------------- settings */

static clp_cli_list *list_of(clp_cli_settings *settings, const clp_cli_option *option) {
    return (clp_cli_list *)((char *)settings + option->offset);
}

static bool is_list(const clp_cli_option *option) {
    return option->kind == CLP_CLI_LIST || option->kind == CLP_CLI_REPORTS;
}

clproc_status clp_cli_settings_init(clp_cli_settings *settings, int argc, clproc_error *error) {
    memset(settings, 0, sizeof *settings);
    clproc_run_params_init(&settings->run);
    clproc_samples_params_init(&settings->samples);
    clproc_stress_params_init(&settings->stress);
    clproc_analyse_params_init(&settings->analyse);
    clproc_index_params_init(&settings->index);
    clproc_score_params_init(&settings->score);
    settings->fail_above = -1;
    for (const clp_cli_option *option = clp_cli_options; option->name; option++) {
        if (!is_list(option) || list_of(settings, option)->items) {
            continue;
        }
        list_of(settings, option)->items = calloc((size_t)argc + 1, sizeof(char *));
        if (!list_of(settings, option)->items) {
            snprintf(error->message, sizeof error->message, "no memory for the command line");
            return error->status = CLPROC_ERROR_MEMORY;
        }
    }
    return clproc_pipeline_create(&settings->pipeline, error);
}

void clp_cli_settings_free(clp_cli_settings *settings) {
    clproc_pipeline_destroy(&settings->pipeline);
    clp_cli_outputs_free(&settings->outputs);
    for (const clp_cli_option *option = clp_cli_options; option->name; option++) {
        if (is_list(option)) {
            free(list_of(settings, option)->items);
            list_of(settings, option)->items = NULL; /* options may share a list */
        }
    }
}

/* Fields are read and written by size: enums, bools and integers of any width hold whole numbers.
 */
static void store(clp_cli_settings *settings, const clp_cli_option *option, uint64_t value) {
    char *field = (char *)settings + option->offset;
    if (option->size == sizeof(bool)) {
        bool flag = value != 0;
        memcpy(field, &flag, sizeof flag);
    } else if (option->size == sizeof(uint32_t)) {
        uint32_t narrow = (uint32_t)value;
        memcpy(field, &narrow, sizeof narrow);
    } else {
        memcpy(field, &value, sizeof value);
    }
}

static uint64_t load(const clp_cli_settings *settings, const clp_cli_option *option) {
    const char *field = (const char *)settings + option->offset;
    bool flag = false;
    uint32_t narrow = 0;
    uint64_t value = 0;
    if (option->size == sizeof flag) {
        memcpy(&flag, field, sizeof flag);
        return flag;
    }
    if (option->size == sizeof narrow) {
        memcpy(&narrow, field, sizeof narrow);
        return narrow;
    }
    memcpy(&value, field, sizeof value);
    return value;
}

static int base_of(clp_cli_kind kind) {
    return kind == CLP_CLI_BYTES || kind == CLP_CLI_BATCHES ? 1024
           : kind == CLP_CLI_COUNT                          ? 1000
                                                            : 0;
}

/* ----------------------------------------------------------- for the help */

/** The kind of metadata at a place among those that an option may name; NULL beyond the last. */
static const char *kind_at(const clp_cli_option *option, size_t place) {
    clproc_metadata_info kind;
    for (size_t i = 0; (kind = clproc_metadata_at(i)).name; i++) {
        if ((option->kind == CLP_CLI_KEEP ? kind.kept : kind.stripped) && place-- == 0) {
            return kind.name;
        }
    }
    return NULL;
}

static const char *choice_at(const clp_cli_option *option, size_t place) {
    const clp_cli_choice *choice = option->choices;
    while (choice && choice->name && place-- > 0) {
        choice++;
    }
    return choice ? choice->name : NULL;
}

const char *clp_cli_name_at(const clp_cli_option *option, size_t place) {
    switch (option->kind) {
    case CLP_CLI_STRATEGY:
        return clproc_strategy_at(place).name;
    case CLP_CLI_REPORTS:
        return clproc_report_ending(place);
    case CLP_CLI_INDEXED:
        return clproc_index_ending(place);
    case CLP_CLI_STRIP:
    case CLP_CLI_KEEP:
        return kind_at(option, place);
    case CLP_CLI_TEXT:
        return option->offset == offsetof(clp_cli_settings, index.fields)
                   ? clproc_index_field_at(place).name
                   : NULL;
    default:
        return choice_at(option, place);
    }
}

void clp_cli_print_help(char *text, size_t size, const clp_cli_option *option) {
    char list[256] = "";
    size_t used = 0;
    const char *place = strstr(option->help, "%s"), *part;
    bool endings = option->kind == CLP_CLI_REPORTS || option->kind == CLP_CLI_INDEXED;
    const char *between = endings ? " " : ",";
    for (size_t i = 0; place && (part = clp_cli_name_at(option, i)); i++) {
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? between : "", part);
    }
    snprintf(text, size, "%.*s%s%s",
             place ? (int)(place - option->help) : (int)strlen(option->help), option->help, list,
             place ? place + 2 : "");
}

void clp_cli_print_value(char *text, size_t size, const clp_cli_option *option) {
    size_t used = 0;
    text[0] = '\0';
    if (option->value) {
        snprintf(text, size, "%s", option->value);
    } else if (option->kind == CLP_CLI_INTEGER) {
        snprintf(text, size, "%.0f-%.0f", option->min, option->max);
    } else if (option->choices) {
        for (const clp_cli_choice *c = option->choices; c->name && used < size; c++) {
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "|" : "", c->name);
        }
    }
}

void clp_cli_print_default(char *text, size_t size, const clp_cli_option *option,
                           const clp_cli_settings *defaults) {
    double real = 0;
    text[0] = '\0';
    switch (option->kind) {
    case CLP_CLI_CHOICE:
        for (const clp_cli_choice *c = option->choices; c->name; c++) {
            if ((uint64_t)c->value == load(defaults, option)) {
                snprintf(text, size, "%s", c->name);
            }
        }
        break;
    case CLP_CLI_REAL:
        memcpy(&real, (const char *)defaults + option->offset, sizeof real);
        snprintf(text, size, "%g", real);
        if (option->zero && real == 0) {
            snprintf(text, size, "%s", option->zero);
        }
        break;
    case CLP_CLI_INTEGER:
    case CLP_CLI_COUNT:
    case CLP_CLI_BYTES:
    case CLP_CLI_BATCHES:
    case CLP_CLI_TEXT:
        if (option->zero && load(defaults, option) == 0) {
            snprintf(text, size, "%s", option->zero);
        } else if (option->kind != CLP_CLI_TEXT) {
            clp_cli_print_number(text, size, (double)load(defaults, option), base_of(option->kind));
        }
        break;
    default:
        break;
    }
}

/* --------------------------------------------------------------- values */

/** Examples of numbers with suffixes, within the bounds of every option of the kind. */
static const char *examples_of(const clp_cli_option *option) {
    return option->kind == CLP_CLI_BYTES     ? ", such as 512K, 64M or 2G"
           : option->kind == CLP_CLI_COUNT   ? ", such as 500 or 20K"
           : option->kind == CLP_CLI_BATCHES ? ", or with a suffix bytes, such as 64M"
                                             : "";
}

static int bad_number(const clp_cli_option *option, const char *value) {
    char low[32], high[32];
    int base = base_of(option->kind);
    /* Too many digits to print: whole multiples of the largest suffix are near enough. */
    double number = 0, most = option->max, tera = base * 1.0 * base * base * base;
    most = base > 0 && most > tera ? floor(most / tera) * tera : most;
    /* What has no suffix in its usual values is told without. */
    int told = option->kind == CLP_CLI_BATCHES ? 0 : base;
    clp_cli_print_number(low, sizeof low, option->min, told);
    clp_cli_print_number(high, sizeof high, most, told);
    /* An upper bound far beyond use is told only where it is exceeded. */
    bool exceeded = clp_cli_read_number(value, base, &number, NULL) && number > option->max;
    bool bounded = option->max < unbounded || exceeded;
    bool real = option->kind == CLP_CLI_REAL || option->kind == CLP_CLI_PERCENT;
    return clp_cli_usage_error("--%s %s: must be a %s %s%s%s%s%s", option->name, value,
                               real ? "number" : "whole number", bounded ? "from " : "of at least ",
                               low, bounded ? " to " : "", bounded ? high : "",
                               examples_of(option));
}

static int bad_value(const clp_cli_option *option, const char *value) {
    char wanted[message_size];
    clp_cli_option listed = *option;
    if (!option->choices) {
        return bad_number(option, value);
    }
    listed.value = NULL;
    clp_cli_print_value(wanted, sizeof wanted, &listed);
    return clp_cli_usage_error("--%s %s: must be one of %s%s", option->name, value, wanted,
                               option->kind == CLP_CLI_SET ? ", or several with commas" : "");
}

static int set_number(clp_cli_settings *settings, const clp_cli_option *option, const char *value) {
    double number = 0;
    bool suffixed = false;
    if (!clp_cli_read_number(value, base_of(option->kind), &number, &suffixed)) {
        return bad_value(option, value);
    }
    if (option->kind == CLP_CLI_BATCHES && suffixed && number >= 1 && number < 0x1p62) {
        settings->run.batch_bytes = (uint64_t)number;
        return 0;
    }
    if (number < option->min || number > option->max) {
        return bad_value(option, value);
    }
    if (option->kind == CLP_CLI_REAL) {
        memcpy((char *)settings + option->offset, &number, sizeof number);
        return 0;
    }
    if (number != floor(number)) {
        return bad_value(option, value);
    }
    store(settings, option, (uint64_t)number);
    return 0;
}

static int set_percent(clp_cli_settings *settings, const clp_cli_option *option,
                       const char *value) {
    char digits[64];
    double number = 0;
    size_t length = strlen(value);
    length -= length > 0 && value[length - 1] == '%';
    snprintf(digits, sizeof digits, "%.*s", (int)(length < 63 ? length : 63), value);
    if (!clp_cli_read_number(digits, 0, &number, NULL) || number < option->min ||
        number > option->max) {
        return bad_value(option, value);
    }
    memcpy((char *)settings + option->offset, &number, sizeof number);
    return 0;
}

static const clp_cli_choice *find_choice(const clp_cli_option *option, const char *name,
                                         size_t length) {
    for (const clp_cli_choice *c = option->choices; c->name; c++) {
        if (strlen(c->name) == length && strncasecmp(c->name, name, length) == 0) {
            return c;
        }
    }
    return NULL;
}

/** As find_choice(), also of words that people bring from other programs. */
static const clp_cli_choice *find_meant(const clp_cli_option *option, const char *name,
                                        size_t length) {
    const clp_cli_choice *found = find_choice(option, name, length);
    for (const clproc_synonym *word = clproc_synonyms(); !found && word->said; word++) {
        if (strlen(word->said) == length && strncasecmp(word->said, name, length) == 0) {
            found = find_choice(option, word->meant, strlen(word->meant));
        }
    }
    return found;
}

static int set_choices(clp_cli_settings *settings, const clp_cli_option *option,
                       const char *value) {
    uint64_t bits = load(settings, option);
    const char *word = value;
    for (;;) {
        size_t length = option->kind == CLP_CLI_SET ? strcspn(word, ",") : strlen(word);
        const clp_cli_choice *choice = find_meant(option, word, length);
        if (!choice) {
            return bad_value(option, value);
        }
        bits =
            option->kind == CLP_CLI_SET ? bits | (uint64_t)choice->value : (uint64_t)choice->value;
        if (word[length] == '\0') {
            break;
        }
        word += length + 1;
    }
    store(settings, option, bits);
    return 0;
}

static int set_metadata(clp_cli_settings *settings, const clp_cli_option *option,
                        const char *value) {
    clproc_error error = {0};
    uint32_t kinds;
    if (clproc_metadata_parse(value, option->kind == CLP_CLI_KEEP, &kinds, &error) != CLPROC_OK) {
        return clp_cli_error(&error);
    }
    store(settings, option, load(settings, option) | kinds);
    return 0;
}

/** Only commas, as of variables that are empty, select no device; the library would take any. */
static int set_text(clp_cli_settings *settings, const clp_cli_option *option, const char *value) {
    if (strcmp(option->name, "device") == 0 && value[0] && !value[strspn(value, ", ")]) {
        return clp_cli_usage_error("--device %s: names no device; give auto, cpu, gpu or others "
                                   "that `clproc devices` lists",
                                   value);
    }
    memcpy((char *)settings + option->offset, &value, sizeof value);
    return 0;
}

int clp_cli_set(clp_cli_settings *settings, const clp_cli_option *option, const char *value) {
    clproc_error error = {0};
    clp_cli_list *list;
    value = value ? value : option->implied;
    if (option->given_offset) {
        *((bool *)((char *)settings + option->given_offset)) = true;
    }
    switch (option->kind) {
    case CLP_CLI_SWITCH:
        store(settings, option, true);
        return 0;
    case CLP_CLI_TEXT:
    case CLP_CLI_INDEXED:
        return set_text(settings, option, value);
    case CLP_CLI_LIST:
    case CLP_CLI_REPORTS:
        list = list_of(settings, option);
        list->items[list->count++] = value;
        return 0;
    case CLP_CLI_CHOICE:
    case CLP_CLI_SET:
        return set_choices(settings, option, value);
    case CLP_CLI_STRIP:
    case CLP_CLI_KEEP:
        return set_metadata(settings, option, value);
    case CLP_CLI_PERCENT:
        return set_percent(settings, option, value);
    case CLP_CLI_PIPELINE:
        if (clproc_pipeline_parse(settings->pipeline, value, &error) != CLPROC_OK) {
            return clp_cli_error(&error);
        }
        return 0;
    case CLP_CLI_NEXT:
        return clp_cli_outputs_begin(settings, value);
    case CLP_CLI_STRATEGY:
        if (clproc_strategy_parse(value, &settings->run.strategy, &error) != CLPROC_OK) {
            return clp_cli_error(&error);
        }
        return 0;
    default:
        return set_number(settings, option, value);
    }
}
