#include <string.h>

#include "cli.h"
#include "text.h"

enum { width = 98, column = 30 };

/** Prints text from the present column on, wrapped between `indent` and `width`. */
static void wrap(FILE *out, const char *text, size_t at, size_t indent) {
    bool first = true;
    while (*text) {
        size_t word = strcspn(text, " ");
        if (!first && at + 1 + word > width) {
            fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
            first = true;
        }
        fprintf(out, "%s%.*s", first ? "" : " ", (int)word, text);
        at += word + !first;
        first = false;
        text += word;
        text += *text == ' ';
    }
    putc('\n', out);
}

/** Characters, not bytes, of UTF-8 text. */
static size_t characters(const char *text) {
    size_t count = 0;
    for (; *text; text++) {
        count += (*text & 0xc0) != 0x80;
    }
    return count;
}

/** A term and what it means, in two columns. */
static void print_entry(FILE *out, const char *term, const char *meaning) {
    size_t at = 2 + characters(term);
    fprintf(out, "  %s", term);
    if (at + 2 > column) {
        fprintf(out, "\n%*s", column, "");
    } else {
        fprintf(out, "%*s", (int)(column - at), "");
    }
    wrap(out, meaning, column, column);
}

static void print_option(FILE *out, const clp_cli_option *option,
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
    print_entry(out, term, meaning);
}

static void print_op(FILE *out, const clproc_op_info *op) {
    char term[256];
    snprintf(term, sizeof term, "--%s%s%s", op->name, op->usage[0] ? " " : "", op->usage);
    print_entry(out, term, op->help);
}

static void print_group(FILE *out, clp_cli_group group, unsigned commands,
                        const clp_cli_settings *defaults) {
    bool titled = false;
    if (group == CLP_CLI_GROUP_OPS && commands & CLP_CLI_BATCH) {
        fprintf(out, "\n%s:\n", clp_cli_group_title(group));
        titled = true;
        for (size_t i = 0; i < clproc_op_count(); i++) {
            print_op(out, clproc_op_at(i));
        }
    }
    for (const clp_cli_option *option = clp_cli_options; option->name; option++) {
        if (option->group != group || !(option->commands & commands)) {
            continue;
        }
        if (!titled) {
            fprintf(out, "\n%s:\n", clp_cli_group_title(group));
            titled = true;
        }
        print_option(out, option, defaults);
    }
}

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

static void print_command(const clp_cli_settings *defaults, const void *what) {
    const clp_cli_command *command = what;
    printf("Usage: clproc %s%s%s\n\n", command->name, command->operands[0] ? " " : "",
           command->operands);
    wrap(stdout, command->summary, 0, 0);
    for (int group = 0; group < CLP_CLI_GROUP_COUNT; group++) {
        print_group(stdout, (clp_cli_group)group, command->options, defaults);
    }
    if (command->details[0]) {
        printf("\n%s", command->details);
    }
}

int clp_cli_help_command(const clp_cli_command *command) {
    return with_defaults(print_command, command);
}

static void print_one_option(const clp_cli_settings *defaults, const void *what) {
    print_option(stdout, what, defaults);
}

static int help_op(const clproc_op_info *op) {
    printf("Usage: --%s%s%s\n\n", op->name, op->usage[0] ? " " : "", op->usage);
    wrap(stdout, op->help, 0, 0);
    if (op->param_count > 0) {
        printf("\nParameters, the first with or without its name:\n");
    }
    for (size_t i = 0; i < op->param_count; i++) {
        const clproc_param_info *param = &op->params[i];
        char meaning[512];
        snprintf(meaning, sizeof meaning, "%s: %s%s%s%s", param->help, param->range,
                 param->fallback ? " (default: " : " (required",
                 param->fallback ? param->fallback : "", ")");
        print_entry(stdout, param->name, meaning);
    }
    return CLP_EXIT_OK;
}

void clp_cli_help_short(FILE *out) {
    fputs("clproc: batch image processing on OpenCL devices\n\n"
          "  clproc run photos/ -o small/ --resize 1920x1080 --quality 85\n"
          "  clproc run photo.jpg -o '{dir}/{name}-soft.{ext}' --blur 2.5 --gray\n"
          "  clproc profile photos/ -o out/ --pipeline \"resize 50% | sharpen 1\" "
          "--report run.html\n\n"
          "See `clproc help` for everything, `clproc devices` for what it can run on.\n",
          out);
}

static void help_all(void) {
    fputs("Usage: clproc COMMAND [OPTIONS] [OPERANDS]\n\nCommands:\n", stdout);
    for (const clp_cli_command *command = clp_cli_commands; command->name; command++) {
        print_entry(stdout, command->name, command->summary);
    }
    fputs("\nOperations of run and profile, applied in the order given:\n", stdout);
    for (size_t i = 0; i < clproc_op_count(); i++) {
        print_entry(stdout, clproc_op_at(i)->name, clproc_op_at(i)->help);
    }
    fputs(
        "\n`clproc help COMMAND`, `clproc help OPERATION` and `clproc help OPTION` tell more.\n\n"
        "Exit codes: 0 all done; 1 some files failed, each is named; 2 the command line is wrong;\n"
        "3 no usable device; 4 input/output or resources stopped the run; 128+n stopped by signal "
        "n.\n",
        stdout);
}

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
    topic += strncmp(topic, "--", 2) == 0 ? 2 : 0;
    for (const clp_cli_command *command = clp_cli_commands; command->name; command++) {
        if (strcmp(command->name, topic) == 0) {
            return clp_cli_help_command(command);
        }
    }
    for (size_t i = 0; i < clproc_op_count(); i++) {
        if (strcmp(clproc_op_at(i)->name, topic) == 0) {
            return help_op(clproc_op_at(i));
        }
    }
    for (const clp_cli_option *option = clp_cli_options; option->name; option++) {
        if (strcmp(option->name, topic) == 0) {
            code = with_defaults(print_one_option, option);
            found = true;
        }
    }
    return found ? code : unknown_topic(topic);
}

int clp_cli_help(clp_cli_settings *settings) {
    if (settings->operand_count > 1) {
        return clp_cli_usage_error("help takes one topic: a command, an operation or an option");
    }
    if (settings->operand_count == 1) {
        return help_topic(settings->operands[0]);
    }
    help_all();
    return CLP_EXIT_OK;
}
