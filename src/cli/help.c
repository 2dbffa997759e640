#include <string.h>

#include "cli.h"
#include "page.h"
#include "synonyms.h"
#include "text.h"
#include "topics.h"

/* -------------------------------------------------------------- entries */

/** The commands that take an option, joined by commas; "" for all. */
static void print_commands(char *text, size_t size, const clp_cli_option *option) {
    size_t used = 0;
    bool all = true;
    text[0] = '\0';
    for (const clp_cli_command *command = clp_cli_commands; command->name; command++) {
        bool takes = (command->options & option->commands) != 0;
        all = all && takes;
        if (takes && used < size) {
            used +=
                (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", command->name);
        }
    }
    text[0] = all ? '\0' : text[0];
}

/** `of`: what stands before the meaning, "" for nothing. */
static void put_option(const clp_cli_page *page, const clp_cli_option *option,
                       const clp_cli_settings *defaults, const char *of) {
    char value[128], fallback[64], term[256], short_form[8] = "", help[512], meaning[800];
    clp_cli_print_help(help, sizeof help, option);
    clp_cli_print_value(value, sizeof value, option);
    clp_cli_print_default(fallback, sizeof fallback, option, defaults);
    if (option->letter) {
        snprintf(short_form, sizeof short_form, "-%c, ", option->letter);
    }
    snprintf(term, sizeof term, "%s--%s%s%s%s", short_form, option->name,
             !value[0]         ? ""
             : option->implied ? "[="
                               : " ",
             value, option->implied ? "]" : "");
    snprintf(meaning, sizeof meaning, "%s%s%s%s%s%s", of, of[0] ? ": " : "", help,
             fallback[0] ? " (default: " : "", fallback, fallback[0] ? ")" : "");
    page->entry(term, meaning);
}

static void put_op(const clp_cli_page *page, const clproc_op_info *op) {
    char term[256];
    snprintf(term, sizeof term, "--%s%s%s", op->name, op->usage[0] ? " " : "", op->usage);
    page->entry(term, op->help);
}

static void put_param(const clp_cli_page *page, const clproc_param_info *param) {
    char meaning[512];
    snprintf(meaning, sizeof meaning, "%s; %s (%s%s)", param->help, param->range,
             param->fallback ? "default: " : "required", param->fallback ? param->fallback : "");
    page->entry(param->name, meaning);
}

/** The options of a group that some of `commands` take, with the operations before theirs. Among
 * those of all commands each says which take it. */
static void put_group(const clp_cli_page *page, clp_cli_group group, unsigned commands, bool daily,
                      const clp_cli_settings *defaults) {
    bool titled = false;
    if (group == CLP_CLI_GROUP_OPS && commands & CLP_CLI_OPERATIONS) {
        page->heading(clp_cli_group_title(group));
        titled = true;
        for (size_t i = 0; i < clproc_op_count(); i++) {
            put_op(page, clproc_op_at(i));
        }
    }
    for (const clp_cli_option *option = clp_cli_options; option->name; option++) {
        if (option->group == group && option->commands & commands && (!daily || option->daily)) {
            if (!titled) {
                page->heading(clp_cli_group_title(group));
                titled = true;
            }
            char of[160] = "";
            if (commands == CLP_CLI_ALL) {
                print_commands(of, sizeof of, option);
            }
            put_option(page, option, defaults, of);
        }
    }
}

static void put_groups(const clp_cli_page *page, unsigned commands, bool daily,
                       const clp_cli_settings *defaults) {
    for (int group = 0; group < CLP_CLI_GROUP_COUNT; group++) {
        put_group(page, (clp_cli_group)group, commands, daily, defaults);
    }
}

/* --------------------------------------------------------------- topics */

/** Options show their defaults, which are what fresh settings hold. */
static int with_defaults(void (*print)(const clp_cli_settings *defaults, const void *what),
                         const void *what) {
    clproc_error error = {0};
    clp_cli_settings defaults;
    int code = CLP_EXIT_OK;
    if (clp_cli_settings_init(&defaults, 0, &error) == CLPROC_OK) {
        print(&defaults, what);
    } else {
        code = clp_cli_error(&error);
    }
    clp_cli_settings_free(&defaults);
    return code;
}

/** An option that is another one elsewhere says for which commands it is this. */
static void put_commands(const clp_cli_option *option) {
    char commands[160];
    print_commands(commands, sizeof commands, option);
    printf("%s:\n", commands);
}

/** An option that has a command's name, unless the page has it already. */
static void put_same_name(const clp_cli_settings *defaults, const clp_cli_command *command,
                          bool daily) {
    for (const clp_cli_option *option = clp_cli_options; option->name; option++) {
        bool shown = option->commands & command->options && (!daily || option->daily);
        if (!shown && strcmp(option->name, command->name) == 0) {
            printf("\nThe option of this name, of ");
            put_commands(option);
            put_option(&clp_cli_page_terminal, option, defaults, "");
        }
    }
}

/** Commands with so many options that those of every day stand alone first. */
static bool has_daily(const clp_cli_command *command) {
    return (command->options & CLP_CLI_BATCH) != 0;
}

static void put_command(const clp_cli_settings *defaults, const clp_cli_command *command,
                        bool all) {
    const clp_cli_page *page = &clp_cli_page_terminal;
    bool daily = has_daily(command) && !all;
    printf("Usage: clproc %s%s%s\n", command->name, command->operands[0] ? " " : "",
           command->operands);
    page->paragraph(command->summary);
    put_groups(page, command->options, daily, defaults);
    if (command->details[0]) {
        page->verbatim(command->details);
    }
    put_same_name(defaults, command, daily);
    if (daily) {
        printf("\nThese are the common options; `clproc help %s --all` shows all of them.\n",
               command->name);
    }
}

static void command_page(const clp_cli_settings *defaults, const void *what) {
    put_command(defaults, what, false);
}

static void whole_command_page(const clp_cli_settings *defaults, const void *what) {
    put_command(defaults, what, true);
}

int clp_cli_help_command(const clp_cli_command *command) {
    return with_defaults(command_page, command);
}

static void option_page(const clp_cli_settings *defaults, const void *what) {
    put_option(&clp_cli_page_terminal, what, defaults, "");
}

static void put_details(const clp_cli_page *page, const clproc_op_info *op) {
    if (op->details[0]) {
        page->paragraph(op->details);
    }
}

static int op_page(const clproc_op_info *op) {
    const clp_cli_page *page = &clp_cli_page_terminal;
    printf("Usage: --%s%s%s\n", op->name, op->usage[0] ? " " : "", op->usage);
    page->paragraph(op->help);
    if (op->param_count > 0) {
        page->heading("Parameters, the first with or without its name");
    }
    for (size_t i = 0; i < op->param_count; i++) {
        put_param(page, &op->params[i]);
    }
    put_details(page, op);
    printf("\nExample: clproc run photos/ -o out/ --%s%s", op->name, op->example[0] ? " " : "");
    if (op->example[0]) {
        clp_cli_put_word(stdout, op->example);
    }
    printf("\n");
    return CLP_EXIT_OK;
}

static const clp_cli_topic *find_topic(const char *name) {
    for (const clp_cli_topic *topic = clp_cli_topics; topic->name; topic++) {
        if (strcmp(topic->name, name) == 0) {
            return topic;
        }
    }
    return NULL;
}

/** Recipes for the manual. */
static const char examples[] =
    "For the web, with the copyright kept but not the place, in sRGB:\n"
    "  clproc run photos/ -o web/ --resize '1600x1600>' --quality 82 --keep copyright,icc --icc "
    "srgb\n\n"
    "Copies without private data, not re-encoded:\n"
    "  clproc run photos/ -o private/ --keep orientation,icc\n\n"
    "One picture through a pipe:\n"
    "  cat a.jpg | clproc run - -o - --resize 100x >b.jpg\n\n"
    "A table of metadata, from headers alone:\n"
    "  clproc index photos/ -o photos.csv\n\n"
    "Pictures that look alike, the sharpest of each burst first:\n"
    "  clproc index photos/ -o photos.sqlite --near 6 >groups.csv\n\n"
    "Go on after a stop, or with what is new:\n"
    "  clproc run photos/ -o web/ --resize 1600x --resume\n";

void clp_cli_help_short(FILE *out) {
    fputs("clproc: batch image processing on OpenCL devices\n\n"
          "  clproc run photos/ -o small/ --resize 1920x1080 --quality 85\n"
          "  clproc run photo.jpg -o '{dir}/{name}-soft.{ext}' --blur 2.5 --gray\n"
          "  clproc profile photos/ -o out/ --pipeline \"resize 50% | contrast 1.1\" "
          "--report run.html\n\n"
          "See `clproc help` for everything, `clproc devices` for the devices it can run on.\n",
          out);
}

static void overview(void) {
    const clp_cli_page *page = &clp_cli_page_terminal;
    puts("Usage: clproc COMMAND [OPTIONS] [OPERANDS]");
    page->heading("Commands");
    for (const clp_cli_command *command = clp_cli_commands; command->name; command++) {
        page->entry(command->name, command->summary);
    }
    page->heading("Operations of run and profile, applied in the order given");
    for (size_t i = 0; i < clproc_op_count(); i++) {
        page->entry(clproc_op_at(i)->name, clproc_op_at(i)->help);
    }
    page->heading("Topics");
    for (const clp_cli_topic *topic = clp_cli_topics; topic->name; topic++) {
        page->entry(topic->name, topic->summary);
    }
    page->paragraph("`clproc help` with one of these words, or an option, tells more.");
}

static void manual(const clp_cli_settings *defaults, const void *what) {
    const clp_cli_page *page = &clp_cli_page_man;
    static const char *const titles[][2] = {{"sizes", "Sizes"},
                                            {"metadata", "Metadata"},
                                            {"outputs", "Several outputs"},
                                            {"keeping", "Keeping pixels"},
                                            {"formats", "Formats"},
                                            {"synonyms", "Synonyms"},
                                            {"fields", "Fields of an index"},
                                            {"shards", "Shards"},
                                            {"features", "Features of pictures"},
                                            {"models", "Models"},
                                            {"files", "Files"},
                                            {"environment", "Environment"},
                                            {"exit-codes", "Exit status"}};
    (void)what;
    printf(".TH CLPROC 1 \"\" \"clproc %s\"\n", clproc_version());
    page->heading("Name");
    puts("clproc \\- batch image processing on OpenCL devices");
    page->heading("Synopsis");
    for (const clp_cli_command *command = clp_cli_commands; command->name; command++) {
        char line[256];
        snprintf(line, sizeof line, "clproc %s %s\n", command->name, command->operands);
        page->verbatim(line);
    }
    page->heading("Description");
    page->paragraph(
        "clproc resizes, crops, blurs, sharpens, recolours and converts pictures, whole "
        "folders at a time, on a processor or a GPU, and makes tables of their "
        "metadata. Operations are applied in the order given; inputs are never "
        "overwritten.");
    page->heading("Commands");
    for (const clp_cli_command *command = clp_cli_commands; command->name; command++) {
        page->entry(command->name, command->summary);
        if (command->details[0]) {
            page->verbatim(command->details);
        }
    }
    put_groups(page, CLP_CLI_ALL, false, defaults);
    for (size_t i = 0; i < clproc_op_count(); i++) {
        char title[64];
        const clproc_op_info *op = clproc_op_at(i);
        snprintf(title, sizeof title, "Operation %s", op->name);
        page->heading(title);
        page->paragraph(op->help);
        for (size_t k = 0; k < op->param_count; k++) {
            put_param(page, &op->params[k]);
        }
        put_details(page, op);
    }
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        page->heading(titles[i][1]);
        find_topic(titles[i][0])->print(page);
    }
    page->heading("Examples");
    page->verbatim(examples);
}

/* ------------------------------------------------------- finding a topic */

static int unknown_topic(const char *topic) {
    clp_cli_nearest nearest = {.word = topic};
    for (const clp_cli_command *command = clp_cli_commands; command->name; command++) {
        clp_cli_nearest_try(&nearest, command->name);
    }
    for (size_t i = 0; i < clproc_op_count(); i++) {
        clp_cli_nearest_try(&nearest, clproc_op_at(i)->name);
    }
    for (const clp_cli_option *option = clp_cli_options; option->name; option++) {
        clp_cli_nearest_try(&nearest, option->name);
    }
    for (const clp_cli_topic *page = clp_cli_topics; page->name; page++) {
        clp_cli_nearest_try(&nearest, page->name);
    }
    return clp_cli_usage_error("no help on %s; %s%s%s", topic,
                               nearest.best ? "did you mean " : "see `clproc help`",
                               nearest.best ? nearest.best : "", nearest.best ? "?" : "");
}

static bool has_choice(const clp_cli_option *option, const char *word) {
    for (const clp_cli_choice *c = option->choices; c && c->name; c++) {
        if (strcmp(c->name, word) == 0) {
            return true;
        }
    }
    uint32_t kinds;
    bool keep = option->kind == CLP_CLI_KEEP;
    return (keep || option->kind == CLP_CLI_STRIP) &&
           clproc_metadata_parse(word, keep, &kinds, NULL) == CLPROC_OK;
}

typedef bool (*option_test)(const clp_cli_option *option, const char *word);

static bool is_named(const clp_cli_option *option, const char *word) {
    return strcmp(option->name, word) == 0 ||
           (option->letter && word[0] == option->letter && !word[1]);
}

/** Prints every option that passes; where there are several with those that are `known` before,
 * each below the commands it is for. */
static bool help_options(const char *topic, option_test passes, size_t known, int *code) {
    size_t count = known;
    for (const clp_cli_option *option = clp_cli_options; option->name; option++) {
        count += passes(option, topic);
    }
    for (const clp_cli_option *option = clp_cli_options; option->name; option++) {
        if (passes(option, topic)) {
            if (count > 1) {
                put_commands(option);
            }
            *code = with_defaults(option_page, option);
        }
    }
    return count > known;
}

static const clproc_op_info *find_op(const char *name) {
    for (size_t i = 0; i < clproc_op_count(); i++) {
        if (strcmp(clproc_op_at(i)->name, name) == 0) {
            return clproc_op_at(i);
        }
    }
    return NULL;
}

static const clp_cli_synonym *find_synonym(const char *topic) {
    for (const clp_cli_synonym *word = clp_cli_synonyms; word->name; word++) {
        bool letter = word->letter && topic[0] == word->letter && !topic[1];
        if (letter || strcmp(word->name, topic) == 0) {
            return word;
        }
    }
    return NULL;
}

static int help_topic(const char *topic, bool all) {
    int code = CLP_EXIT_OK;
    for (const clp_cli_command *command = clp_cli_commands; command->name; command++) {
        if (strcmp(command->name, topic) == 0) {
            return all ? with_defaults(whole_command_page, command) : clp_cli_help_command(command);
        }
    }
    if (find_op(topic)) {
        return op_page(find_op(topic));
    }
    if (find_topic(topic)) {
        find_topic(topic)->print(&clp_cli_page_terminal);
        return CLP_EXIT_OK;
    }
    const clp_cli_synonym *word = find_synonym(topic);
    const char *meaning = word ? word->meaning : "";
    char meant[32] = ""; /* what a synonym stands for is what its help is about */
    if (meaning[0]) {
        snprintf(meant, sizeof meant, "%.*s", (int)strcspn(meaning + 2, " "), meaning + 2);
    }
    bool other = meant[0] && strcmp(meant, topic) != 0;
    if (help_options(topic, is_named, other, &code)) {
        if (other) {
            printf("run, profile, analyse: see --%s and `clproc help synonyms`\n", meant);
        }
        return code;
    }
    if (meant[0]) {
        return help_topic(meant, all);
    }
    if (word) {
        printf("--%s is done anyway; see `clproc help synonyms`\n", word->name);
        return CLP_EXIT_OK;
    }
    return help_options(topic, has_choice, 0, &code) ? code : unknown_topic(topic);
}

int clp_cli_help(clp_cli_settings *settings) {
    if (settings->operand_count > 1) {
        return clp_cli_usage_error("help takes one topic: a command, an operation or an option");
    }
    if (settings->man) {
        return with_defaults(manual, NULL);
    }
    if (settings->operand_count == 1) {
        const char *topic = settings->operands[0], *name = topic + strspn(topic, "-");
        return help_topic(*name ? name : topic, settings->all);
    }
    overview();
    return CLP_EXIT_OK;
}
