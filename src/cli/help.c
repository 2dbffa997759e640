#include <string.h>

#include "cli.h"
#include "page.h"
#include "text.h"

#define EXIT_CODES                                                                                 \
    "Exit codes: 0 all done; 1 some files failed, each is named; 2 the command line is wrong; 3 "  \
    "no usable device; 4 input/output or resources stopped the run; 128+n stopped by signal n."

/* -------------------------------------------------------------- entries */

static void put_option(const clp_cli_page *page, const clp_cli_option *option,
                       const clp_cli_settings *defaults) {
    char value[128], fallback[64], term[256], short_form[8] = "", meaning[512];
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
    snprintf(meaning, sizeof meaning, "%s%s%s%s", option->help, fallback[0] ? " (default: " : "",
             fallback, fallback[0] ? ")" : "");
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

/** The options of a group that some of `commands` take, with the operations before theirs. */
static void put_group(const clp_cli_page *page, clp_cli_group group, unsigned commands,
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
        if (option->group == group && option->commands & commands) {
            if (!titled) {
                page->heading(clp_cli_group_title(group));
                titled = true;
            }
            put_option(page, option, defaults);
        }
    }
}

static void put_groups(const clp_cli_page *page, unsigned commands,
                       const clp_cli_settings *defaults) {
    for (int group = 0; group < CLP_CLI_GROUP_COUNT; group++) {
        put_group(page, (clp_cli_group)group, commands, defaults);
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

static void command_page(const clp_cli_settings *defaults, const void *what) {
    const clp_cli_command *command = what;
    const clp_cli_page *page = &clp_cli_page_terminal;
    printf("Usage: clproc %s%s%s\n", command->name, command->operands[0] ? " " : "",
           command->operands);
    page->paragraph(command->summary);
    put_groups(page, command->options, defaults);
    if (command->details[0]) {
        page->verbatim(command->details);
    }
}

int clp_cli_help_command(const clp_cli_command *command) {
    return with_defaults(command_page, command);
}

static void option_page(const clp_cli_settings *defaults, const void *what) {
    put_option(&clp_cli_page_terminal, what, defaults);
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
    printf("\nExample: clproc run photos/ -o out/ --%s%s%s\n", op->name, op->example[0] ? " " : "",
           op->example);
    return CLP_EXIT_OK;
}

void clp_cli_help_short(FILE *out) {
    fputs("clproc: batch image processing on OpenCL devices\n\n"
          "  clproc run photos/ -o small/ --resize 1920x1080 --quality 85\n"
          "  clproc run photo.jpg -o '{dir}/{name}-soft.{ext}' --blur 2.5 --gray\n"
          "  clproc profile photos/ -o out/ --pipeline \"resize 50% | contrast 1.1\" "
          "--report run.html\n\n"
          "See `clproc help` for everything, `clproc devices` for what it can run on.\n",
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
    page->paragraph(
        "`clproc help COMMAND`, `clproc help OPERATION` and `clproc help OPTION` tell more.");
    page->paragraph(EXIT_CODES);
}

static void manual(const clp_cli_settings *defaults, const void *what) {
    const clp_cli_page *page = &clp_cli_page_man;
    (void)what;
    printf(".TH CLPROC 1 \"\" \"clproc %s\"\n", clproc_version());
    page->heading("Name");
    puts("clproc \\- batch image processing on OpenCL devices");
    page->heading("Commands");
    for (const clp_cli_command *command = clp_cli_commands; command->name; command++) {
        char term[256];
        snprintf(term, sizeof term, "clproc %s %s", command->name, command->operands);
        page->entry(term, command->summary);
        if (command->details[0]) {
            page->verbatim(command->details);
        }
    }
    put_groups(page, CLP_CLI_ALL, defaults);
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
    page->heading("Exit codes");
    page->paragraph(EXIT_CODES);
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
    return clp_cli_usage_error("no help on %s; %s%s%s", topic,
                               nearest.best ? "did you mean " : "see `clproc help`",
                               nearest.best ? nearest.best : "", nearest.best ? "?" : "");
}

static int help_topic(const char *topic) {
    bool found = false;
    int code = CLP_EXIT_OK;
    for (const clp_cli_command *command = clp_cli_commands; command->name; command++) {
        if (strcmp(command->name, topic) == 0) {
            return clp_cli_help_command(command);
        }
    }
    for (size_t i = 0; i < clproc_op_count(); i++) {
        if (strcmp(clproc_op_at(i)->name, topic) == 0) {
            return op_page(clproc_op_at(i));
        }
    }
    for (const clp_cli_option *option = clp_cli_options; option->name; option++) {
        if (strcmp(option->name, topic) == 0) {
            code = with_defaults(option_page, option);
            found = true;
        }
    }
    return found ? code : unknown_topic(topic);
}

int clp_cli_help(clp_cli_settings *settings) {
    if (settings->operand_count > 1) {
        return clp_cli_usage_error("help takes one topic: a command, an operation or an option");
    }
    if (settings->man) {
        return with_defaults(manual, NULL);
    }
    if (settings->operand_count == 1) {
        return help_topic(settings->operands[0]);
    }
    overview();
    return CLP_EXIT_OK;
}
