#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "overdue.h"
#include "progress.h"
#include "reports.h"
#include "shard.h"
#include "signals.h"
#include "streams.h"
#include "text.h"

/* ------------------------------------------------- checks before any work */

/** Standard output is the picture's alone. */
static int check_stream(const clp_cli_settings *settings) {
    if (isatty(STDOUT_FILENO) && !settings->run.dry_run && !settings->explain) {
        return clp_cli_usage_error("-o - writes a picture to standard output, which is a terminal; "
                                   "add >FILE, or name a folder");
    }
    if (settings->profile_given || settings->view_given) {
        return clp_cli_usage_error("a profile is printed on standard output, where -o - writes the "
                                   "picture; write it to a file with --report");
    }
    for (size_t i = 0; i < settings->reports.count; i++) {
        if (strcmp(settings->reports.items[i], "-") == 0) {
            return clp_cli_usage_error("-o - and --report - both go to standard output; name a "
                                       "file for one of them");
        }
    }
    return CLP_EXIT_OK;
}

/** Factors that were likely meant as percentages or steps: who writes "contrast 10" wants a little
 * more of it, and gets ten times. `told`: steps at the beginning that were looked at before. */
static void caution(const clproc_pipeline *pipeline, size_t told) {
    static const char *const factors[] = {"brightness", "contrast", "saturation"};
    size_t size = clproc_pipeline_print(pipeline, NULL, 0) + 1;
    char *text = malloc(size), *rest = text;
    if (!text) {
        return;
    }
    clproc_pipeline_print(pipeline, text, size);
    for (size_t number = 0; rest; number++) {
        const char *step = strsep(&rest, "|");
        if (number < told) {
            continue;
        }
        step += strspn(step, " ");
        for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
            size_t length = strlen(factors[i]);
            const char *value = step + length;
            double factor = 0;
            if (strncmp(step, factors[i], length) != 0 || *value != ' ') {
                continue;
            }
            value++;
            value += strncmp(value, "factor=", 7) == 0 ? 7 : 0;
            if (clproc_number_read(value, &factor) && (factor > 4 || *value == '+')) {
                clp_cli_say("warning: %s takes a factor: %g is %g times as much, 1.1 is 10 %% more",
                            factors[i], factor, factor);
            }
        }
    }
    free(text);
}

static int prepare(clp_cli_settings *settings, const char *command) {
    clproc_run_params *run = &settings->run;
    if (settings->operand_count == 0) {
        return clp_cli_usage_error("no input given; name files, folders, @LIST or -; see "
                                   "`clproc help %s`",
                                   command);
    }
    if (!settings->output && !run->null_output && !settings->explain) {
        return clp_cli_usage_error("no output given; add -o FOLDER, or a template such as "
                                   "-o '{dir}/{name}-small.{ext}'");
    }
    if (settings->output && strcmp(settings->output, "-") == 0) {
        int code = check_stream(settings);
        if (code != CLP_EXIT_OK) {
            return code;
        }
    }
    caution(settings->pipeline, 0);
    size_t shared = clproc_pipeline_length(settings->outputs.shared_pipeline);
    for (size_t i = 1; i < settings->outputs.count; i++) {
        caution(settings->outputs.pipelines[i], shared);
    }
    run->inputs = settings->operands;
    run->input_count = settings->operand_count;
    run->output = settings->output;
    run->pipeline = settings->pipeline;
    run->index = settings->index.output ? &settings->index : NULL;
    settings->index.models = settings->models.items;
    settings->index.model_count = settings->models.count;
    if (settings->models.count > 0 && !run->index) {
        return clp_cli_usage_error("--model scores the rows of a table; name one with --features, "
                                   "as --features photos.csv");
    }
    int code = clp_cli_shard(settings->shard, &run->shard, &run->shards);
    return code == CLP_EXIT_OK ? clp_cli_reports_prepare(settings) : code;
}

/* -------------------------------------------------------------- explain */

/** The first picture of a listing. */
typedef struct first_picture {
    char path[4096];
    volatile int found;
} first_picture;

static void note_first(const clproc_event *event, void *user) {
    first_picture *first = user;
    if (!first->found && event->input[0] &&
        (event->kind == CLPROC_EVENT_DONE || event->kind == CLPROC_EVENT_FAILED)) {
        snprintf(first->path, sizeof first->path, "%s", event->input);
        first->found = 1;
    }
}

/** A picture on standard input goes by the name stdin. It is gone once it has been read; names from
 * there are as good as any. */
static bool is_piped(const clproc_run_params *run, const char *path) {
    bool stream = false;
    for (size_t i = 0; i < run->input_count; i++) {
        stream |= strcmp(run->inputs[i], "-") == 0;
    }
    return stream && strcmp(path, "stdin") == 0;
}

static int explain(const clp_cli_settings *settings) {
    clproc_error error = {0};
    clproc_run_params run = settings->run;
    first_picture first = {.found = 0};
    const char *path = run.inputs[0];
    struct stat facts;
    if (stat(path, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        /* A folder or a list: let a run without work find its first picture. */
        clproc_run_result result = {0};
        run.dry_run = true;
        run.null_output = true;
        run.jobs = 1; /* in the order of the listing */
        run.on_event = note_first;
        run.user = &first;
        run.cancel = &first.found;
        clproc_status status = clproc_run(&run, &result, NULL, &error);
        if (!first.found) {
            return status != CLPROC_OK
                       ? clp_cli_error(&error)
                       : clp_cli_usage_error("%s: no picture there to explain", path);
        }
        path = first.path;
        if (is_piped(&run, path)) {
            return clp_cli_usage_error("--explain cannot look at a picture on standard input; name "
                                       "its file in place of -");
        }
    }
    if (clproc_explain(&settings->run, path, stdout, &error) != CLPROC_OK) {
        return clp_cli_error(&error);
    }
    return CLP_EXIT_OK;
}

/* ------------------------------------------------------------------ run */

/** The table of features is in its place. */
static void leave_index(const clproc_index_result *result, void *user) {
    (void)result;
    clp_cli_overdue_leave(user, NULL);
}

static int process(clp_cli_settings *settings) {
    clproc_error error = {0};
    clproc_run_result result = {0};
    clproc_profile *profile = NULL;
    clp_cli_progress progress;
    clp_cli_overdue overdue;
    clp_cli_progress_start(&progress, settings);
    clp_cli_catch_signals();
    clp_cli_overdue_start(&overdue, &progress, settings->run.profile != CLPROC_PROFILE_OFF,
                          !settings->run.index || settings->run.dry_run);
    settings->index.on_overdue = leave_index;
    settings->index.user = &overdue;
    settings->run.on_event = clp_cli_overdue_event;
    settings->run.user = &overdue;
    settings->run.cancel = clp_cli_stop_signal();

    if (settings->run.memory > 0) {
        clp_cli_keep_no_memory();
    }
    clproc_run_params run = settings->run;
    run.only_run = run.leave_drivers = true;
    clproc_status status = clproc_run(&run, &result, &profile, &error);
    clp_cli_overdue_stop(&overdue);
    int stopped = clp_cli_stopped_by();
    bool broken = result.failed > 0 || result.verification.beyond > 0;
    int code = broken ? CLP_EXIT_FAILED : CLP_EXIT_OK;
    /* A run that was refused before any work needs no account. */
    bool worked = status == CLPROC_OK || status == CLPROC_ERROR_CANCELLED ||
                  result.written + result.failed > 0;
    if (worked) {
        clp_cli_progress_finish(&progress, &result, status);
    }
    if (status == CLPROC_ERROR_CANCELLED && stopped) {
        code = CLP_EXIT_SIGNAL + stopped;
    } else if (status != CLPROC_OK) {
        code = clp_cli_error(&error);
    }
    if (profile && worked) {
        int reported = clp_cli_reports_write(settings, profile);
        code = code != CLP_EXIT_OK ? code : reported;
    }
    clproc_profile_destroy(&profile);
    if (result.left_drivers) {
        clp_cli_leave(code);
    }
    return code;
}

int clp_cli_run(clp_cli_settings *settings) {
    int code = prepare(settings, "run");
    if (!settings->view_given) {
        settings->view = CLPROC_VIEW_KERNEL;
    }
    if (code != CLP_EXIT_OK) {
        return code;
    }
    return settings->explain ? explain(settings) : process(settings);
}

int clp_cli_profile(clp_cli_settings *settings) {
    settings->view_given = true; /* print, all tables if no others were asked for */
    int code = prepare(settings, "profile");
    if (code != CLP_EXIT_OK) {
        return code;
    }
    return settings->explain ? explain(settings) : process(settings);
}
