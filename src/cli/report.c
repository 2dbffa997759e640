#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "streams.h"
#include "text.h"

/** What cannot be read is no result: never the exit code of one. */
static int no_result(const clproc_error *error) {
    clp_cli_error(error);
    return CLP_EXIT_RESOURCE;
}

/* --------------------------------------------------------- one stored run */

static int show(const clp_cli_settings *settings, const clproc_profile *profile) {
    clproc_error error = {0};
    if (clproc_profile_print(profile, settings->view, stdout, &error) != CLPROC_OK &&
        !clp_cli_reader_left()) {
        return clp_cli_error(&error);
    }
    return CLP_EXIT_OK;
}

/** Writes "run.json" as "run" + ending, or as what -o says. */
static int render(const clp_cli_settings *settings, const clproc_profile *profile,
                  const char *source, const char *ending) {
    static const char json[] = ".json";
    clproc_error error = {0};
    int code = CLP_EXIT_OK;
    size_t length = strlen(source), size = length + strlen(ending) + 1;
    char *path = malloc(size);
    if (!path) {
        clp_cli_say("no memory for a file name");
        return CLP_EXIT_RESOURCE;
    }
    if (length > strlen(json) && strcmp(source + length - strlen(json), json) == 0) {
        length -= strlen(json);
    }
    snprintf(path, size, "%.*s%s", (int)length, source, ending);
    const char *target = settings->output ? settings->output : path;
    if (clproc_profile_write(profile, target, &error) != CLPROC_OK) {
        code = clp_cli_error(&error);
    } else {
        clp_cli_put_text(stdout, target);
        putchar('\n');
    }
    free(path);
    return code;
}

/** `ending`: NULL to show it. */
static int one(const clp_cli_settings *settings, const char *source, const char *ending) {
    clproc_error error = {0};
    clproc_profile *profile = NULL;
    if (clproc_profile_load(&profile, source, &error) != CLPROC_OK) {
        return no_result(&error);
    }
    int code = ending ? render(settings, profile, source, ending) : show(settings, profile);
    clproc_profile_destroy(&profile);
    return code;
}

/* ---------------------------------------------------------- groups of runs */

typedef struct side {
    clproc_profile **profiles;
    size_t count;
} side;

static void side_free(side *s) {
    for (size_t i = 0; i < s->count; i++) {
        clproc_profile_destroy(&s->profiles[i]);
    }
    free(s->profiles);
}

/** Loads one report, where there is a `first`, and more. */
static clproc_status side_load(side *s, const char *first, const char *const *more, size_t count,
                               clproc_error *error) {
    size_t begin = first ? 0 : 1;
    s->profiles = calloc(count + 1, sizeof(clproc_profile *));
    if (!s->profiles) {
        snprintf(error->message, sizeof error->message, "no memory for the reports");
        return error->status = CLPROC_ERROR_MEMORY;
    }
    for (size_t i = begin; i <= count; i++) {
        const char *path = i == 0 ? first : more[i - 1];
        clproc_status status = clproc_profile_load(&s->profiles[s->count], path, error);
        if (status != CLPROC_OK) {
            return status;
        }
        s->count++;
    }
    return CLPROC_OK;
}

static clproc_status tell_diff(const clp_cli_settings *settings, const clproc_diff *diff,
                               clproc_error *error) {
    clproc_status status = CLPROC_OK;
    if (settings->output) { /* before the tables: a wrong ending leaves nothing done */
        status = clproc_diff_write(diff, settings->output, error);
    }
    if (status != CLPROC_OK) {
        return status;
    }
    status = clproc_diff_print(diff, stdout, error);
    return clp_cli_reader_left() ? CLPROC_OK : status;
}

static int compare(const clp_cli_settings *settings) {
    clproc_error error = {0};
    side before = {0}, after = {0};
    clproc_diff *diff = NULL;
    int code = CLP_EXIT_OK;
    const clp_cli_list *more_before = &settings->before, *more_after = &settings->after;
    if (side_load(&before, settings->operands[1], more_before->items, more_before->count, &error) !=
            CLPROC_OK ||
        side_load(&after, settings->operands[2], more_after->items, more_after->count, &error) !=
            CLPROC_OK ||
        clproc_diff_create(&diff, (const clproc_profile *const *)before.profiles, before.count,
                           (const clproc_profile *const *)after.profiles, after.count,
                           &error) != CLPROC_OK) {
        code = no_result(&error);
    } else if (tell_diff(settings, diff, &error) != CLPROC_OK) {
        code = clp_cli_error(&error);
    } else if (settings->fail_above >= 0 &&
               clproc_diff_regressed(diff, settings->fail_above / 100)) {
        code = CLP_EXIT_FAILED;
    }
    clproc_diff_destroy(&diff);
    side_free(&after);
    side_free(&before);
    return code;
}

/** Shards' reports as one: written to -o, or shown. */
static int merge(const clp_cli_settings *settings) {
    clproc_error error = {0};
    side parts = {0};
    clproc_profile *merged = NULL;
    int code = CLP_EXIT_OK;
    if (side_load(&parts, NULL, settings->operands + 1, settings->operand_count - 1, &error) !=
            CLPROC_OK ||
        clproc_profile_merge(&merged, (const clproc_profile *const *)parts.profiles, parts.count,
                             &error) != CLPROC_OK) {
        code = no_result(&error);
    } else if (!settings->output) {
        code = show(settings, merged);
    } else if (clproc_profile_write(merged, settings->output, &error) != CLPROC_OK) {
        code = clp_cli_error(&error);
    }
    clproc_profile_destroy(&merged);
    side_free(&parts);
    return code;
}

/* -------------------------------------------------------------- actions */

typedef struct action {
    const char *name;
    const char *ending; /**< of the file it writes; NULL: none */
    size_t files;       /**< that it takes; 0: one or more */
} action;

static const action actions[] = {
    {"show", NULL, 1}, {"html", ".html", 1}, {"csv", ".csv", 1}, {"trace", ".trace.json", 1},
    {"diff", NULL, 2}, {"merge", NULL, 0},   {NULL, NULL, 0}};

static const action *find_action(const char *name) {
    const action *a = actions;
    while (a->name && strcmp(a->name, name) != 0) {
        a++;
    }
    return a->name ? a : NULL;
}

/** Refuses to write over one of the stored reports. */
static int check_output(const clp_cli_settings *settings, const char *const *sources,
                        size_t count) {
    struct stat written, read;
    if (!settings->output || stat(settings->output, &written) != 0) {
        return CLP_EXIT_OK;
    }
    for (size_t i = 0; i < count; i++) {
        if (stat(sources[i], &read) == 0 && read.st_dev == written.st_dev &&
            read.st_ino == written.st_ino) {
            return clp_cli_usage_error(
                "%s: would replace the stored report; name another file with -o", settings->output);
        }
    }
    return CLP_EXIT_OK;
}

int clp_cli_report(clp_cli_settings *settings) {
    int code;
    if (settings->operand_count == 0) {
        return clp_cli_usage_error("report needs an action and a file; see `clproc help report`");
    }
    const action *a = find_action(settings->operands[0]);
    if (!a) {
        return clp_cli_usage_error("unknown action %s; use show, html, csv, trace, diff or merge",
                                   settings->operands[0]);
    }
    if (a->files == 0 ? settings->operand_count < 2 : settings->operand_count != a->files + 1) {
        return clp_cli_usage_error("report %s takes %s; see `clproc help report`", a->name,
                                   a->files == 0   ? "stored reports"
                                   : a->files == 1 ? "one stored report"
                                                   : "two stored reports");
    }
    code = check_output(settings, settings->operands + 1, settings->operand_count - 1);
    if (code == CLP_EXIT_OK) {
        code = check_output(settings, settings->before.items, settings->before.count);
    }
    if (code == CLP_EXIT_OK) {
        code = check_output(settings, settings->after.items, settings->after.count);
    }
    return code != CLP_EXIT_OK ? code
           : a->files == 0     ? merge(settings)
           : a->files == 2     ? compare(settings)
                               : one(settings, settings->operands[1], a->ending);
}
