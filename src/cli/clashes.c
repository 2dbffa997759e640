#include "clashes.h"

#include <string.h>
#include <sys/stat.h>

#include "text.h"

static bool is_stream(const char *name) {
    return strcmp(name, "-") == 0;
}

static bool stat_folder(const char *name, size_t length, struct stat *facts) {
    char folder[4096];
    if (length >= sizeof folder) {
        return false;
    }
    snprintf(folder, sizeof folder, "%.*s", length > 0 ? (int)length : 1, length > 0 ? name : ".");
    return stat(folder, facts) == 0;
}

/** Whether two names are one file, which need not be there yet. */
static bool is_same(const char *a, const char *b) {
    struct stat x, y;
    bool there = stat(a, &x) == 0, too = stat(b, &y) == 0;
    if (!there && !too) {
        const char *s = strrchr(a, '/'), *t = strrchr(b, '/');
        s = s ? s + 1 : a;
        t = t ? t + 1 : b;
        there = too = strcmp(s, t) == 0 && stat_folder(a, (size_t)(s - a), &x) &&
                      stat_folder(b, (size_t)(t - b), &y);
    }
    return there && too && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/** Compares a file that is to be written with inputs; of @LIST that is the list. */
static int check_inputs(const char *path, const char *what, const char *const *inputs,
                        size_t count) {
    struct stat facts;
    for (size_t i = 0; i < count; i++) {
        bool list = inputs[i][0] == '@' && lstat(inputs[i], &facts) != 0;
        if (!is_stream(inputs[i]) && is_same(path, inputs[i] + list)) {
            return clp_cli_usage_error("%s: is one of the inputs, which are never overwritten; "
                                       "name another file for the %s",
                                       path, what);
        }
    }
    return CLP_EXIT_OK;
}

static int check_outputs(const clp_cli_settings *settings, const char *path, const char *what) {
    for (size_t i = 0; i == 0 || i < settings->outputs.count; i++) {
        const char *output = i == 0 ? settings->output : settings->outputs.each[i].output;
        if (output && !is_stream(output) && is_same(path, output)) {
            return clp_cli_usage_error("%s: is where pictures go to; name another file for the %s",
                                       path, what);
        }
    }
    return CLP_EXIT_OK;
}

static int check_file(const clp_cli_settings *settings, const char *path, const char *what) {
    if (is_stream(path)) {
        return CLP_EXIT_OK;
    }
    int code = check_inputs(path, what, settings->operands, settings->operand_count);
    code = code ? code : check_inputs(path, what, settings->inputs.items, settings->inputs.count);
    return code ? code : check_outputs(settings, path, what);
}

int clp_cli_clashes_check(const clp_cli_settings *settings) {
    const char *table = settings->index.output;
    int code = table ? check_file(settings, table, "table") : CLP_EXIT_OK;
    for (size_t i = 0; code == CLP_EXIT_OK && i < settings->reports.count; i++) {
        const char *report = settings->reports.items[i];
        code = check_file(settings, report, "report");
        if (code == CLP_EXIT_OK && table && !is_stream(report) && is_same(report, table)) {
            code = clp_cli_usage_error("%s: the report would replace the table of features; name "
                                       "another file for one of them",
                                       report);
        }
    }
    return code;
}
