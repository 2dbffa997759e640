#include "progress.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "progress_private.h"
#include "reports.h"
#include "streams.h"
#include "text.h"

/* At most ten updates a second. */
static const double interval = 0.1;
/* What drivers have changed is set right no more often than this, in seconds. */
static const double watch_interval = 0.01;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void clp_cli_progress_start(clp_cli_progress *progress, const clp_cli_settings *settings) {
    const char *term = getenv("TERM");
    memset(progress, 0, sizeof *progress);
    progress->terminal =
        isatty(clp_cli_errors_descriptor()) && !(term && strcmp(term, "dumb") == 0);
    progress->mode = settings->progress;
    if (progress->mode == CLP_CLI_PROGRESS_AUTO) {
        progress->mode = progress->terminal ? CLP_CLI_PROGRESS_ALWAYS : CLP_CLI_PROGRESS_OFF;
    }
    progress->list = settings->run.dry_run;
    progress->quiet = settings->quiet;
    progress->verbose = settings->verbose && progress->mode != CLP_CLI_PROGRESS_JSON;
    progress->settings = settings;
    progress->results = clp_cli_results(settings);
    if (progress->quiet && progress->mode == CLP_CLI_PROGRESS_ALWAYS) {
        progress->mode = CLP_CLI_PROGRESS_OFF;
    }
    progress->to_verify = settings->run.dry_run ? 0 : settings->run.verify;
    progress->started = now();
    progress->drawn = progress->started - interval;
}

double clp_cli_progress_seconds(const clp_cli_progress *progress) {
    return now() - progress->started;
}

static size_t terminal_columns(void) {
    struct winsize size;
    return ioctl(clp_cli_errors_descriptor(), TIOCGWINSZ, &size) == 0 && size.ws_col > 0
               ? size.ws_col
               : 80;
}

static void erase(clp_cli_progress *progress) {
    if (progress->shown) {
        fputs("\r\033[K", clp_cli_errors());
        fflush(clp_cli_errors());
        progress->shown = false;
        progress->last[0] = '\0';
    }
}

/** Pictures a second; 0 while there is too little to judge by. */
static double rate_of(const clp_cli_progress *progress, const clproc_event *event) {
    double elapsed = clp_cli_progress_seconds(progress);
    return elapsed > 0.5 ? (double)event->done / elapsed : 0;
}

static void draw_text(clp_cli_progress *progress, const clproc_event *event) {
    char line[sizeof progress->last], left[32] = "";
    double rate = rate_of(progress, event);
    size_t used =
        (size_t)snprintf(line, sizeof line, "%llu of %llu%s %s", (unsigned long long)event->done,
                         (unsigned long long)event->total, event->listing ? "+" : "",
                         progress->settings->run.output_count > 0 ? "outputs" : "pictures");
    if (rate > 0) {
        used += (size_t)snprintf(line + used, sizeof line - used, ", %.*f/s", rate < 100, rate);
    }
    if (rate > 0 && !event->listing && event->total >= event->done) {
        clp_cli_print_duration(left, sizeof left, (double)(event->total - event->done) / rate);
        used += (size_t)snprintf(line + used, sizeof line - used, ", %s left", left);
    }
    if (progress->failed > 0 && used < sizeof line) {
        snprintf(line + used, sizeof line - used, ", %llu failed",
                 (unsigned long long)progress->failed);
    }
    if (strcmp(line, progress->last) == 0) {
        return;
    }
    snprintf(progress->last, sizeof progress->last, "%s", line);
    if (progress->terminal) {
        /* One column stays free: some terminals wrap on the last. */
        fprintf(clp_cli_errors(), "\r%.*s\033[K", (int)(terminal_columns() - 1), line);
        fflush(clp_cli_errors());
        progress->shown = true;
    } else {
        fprintf(clp_cli_errors(), "%s\n", line);
    }
}

static void draw(clp_cli_progress *progress, const clproc_event *event) {
    double time = now();
    bool last = !event->listing && event->done == event->total;
    if (progress->mode == CLP_CLI_PROGRESS_OFF || (!last && time - progress->drawn < interval)) {
        return;
    }
    progress->drawn = time;
    if (progress->mode == CLP_CLI_PROGRESS_JSON) {
        clp_cli_progress_draw_json(progress, event, rate_of(progress, event));
    } else {
        draw_text(progress, event);
    }
}

/** One line for what is not simply done. */
static void tell_text(clp_cli_progress *progress, const clproc_event *event) {
    const char *prefix = event->kind == CLPROC_EVENT_WARNING ? "warning: " : "";
    if (event->kind == CLPROC_EVENT_NOTICE && progress->quiet) {
        return;
    }
    erase(progress);
    if (event->input[0]) {
        clp_cli_say("%s: %s%s", event->input, prefix, event->message);
    } else {
        clp_cli_say("%s%s", prefix, event->message);
    }
}

/** A file that is done with, for --verbose. */
static void tell_file(clp_cli_progress *progress, const clproc_event *event) {
    erase(progress);
    if (event->kind == CLPROC_EVENT_DONE) {
        /* Without an output nothing is copied, whatever would be. */
        bool out = event->output[0], why = out && event->message[0];
        clp_cli_say("%s%s%s%s%s%s", event->input, out ? " -> " : "", event->output, why ? " (" : "",
                    why ? event->message : "", why ? ")" : "");
    } else if (event->kind_name[0]) {
        clp_cli_say("%s: skipped: %s (%s)", event->input, event->message, event->kind_name);
    } else {
        clp_cli_say("%s: skipped: %s", event->input, event->message);
    }
}

/** A verified picture is a result; one that breaks the promise is to be seen, too. */
static void tell_verified(clp_cli_progress *progress, const clproc_event *event) {
    if (event->verification->beyond) {
        tell_text(progress, event);
        return;
    }
    erase(progress);
    fputs("verified ", progress->results);
    clp_cli_put_text(progress->results, event->input);
    fprintf(progress->results, ": %s\n", event->message);
}

static void list_picture(clp_cli_progress *progress, const clproc_event *event) {
    erase(progress);
    clp_cli_put_text(stdout, event->input);
    fputs(" -> ", stdout);
    clp_cli_put_text(stdout, event->output);
    putchar('\n');
}

static void count_skip(clp_cli_progress *progress, const clproc_event *event) {
    const size_t most = sizeof progress->kinds / sizeof *progress->kinds;
    size_t i = 0;
    progress->skipped++;
    progress->skips[event->skip]++;
    while (event->kind_name[0] && i < most && progress->kinds[i].count > 0 &&
           strcmp(progress->kinds[i].name, event->kind_name) != 0) {
        i++;
    }
    if (event->kind_name[0] && i < most) {
        snprintf(progress->kinds[i].name, sizeof progress->kinds[i].name, "%s", event->kind_name);
        progress->kinds[i].count++;
    }
}

/** Not at every event: it costs five system calls, and an index tells of 50,000 files a second. */
static void watch_drivers(clp_cli_progress *progress) {
    double seconds = clp_cli_progress_seconds(progress);
    if (seconds >= progress->watched + watch_interval) {
        clp_cli_watch_drivers();
        progress->watched = seconds;
    }
}

void clp_cli_progress_event(const clproc_event *event, void *user) {
    clp_cli_progress *progress = user;
    bool told = true;
    watch_drivers(progress);
    progress->found = event->total;
    if (event->kind == CLPROC_EVENT_LISTED) {
        progress->listed = true;
        return;
    }
    switch (event->kind) {
    case CLPROC_EVENT_DONE:
        progress->done++;
        told = false;
        if (progress->list) {
            list_picture(progress, event);
        }
        break;
    case CLPROC_EVENT_SKIPPED:
        count_skip(progress, event);
        told = false;
        break;
    case CLPROC_EVENT_FAILED:
        progress->failed += event->outputs;
        break;
    default:
        break;
    }
    if (progress->mode == CLP_CLI_PROGRESS_JSON) {
        clp_cli_progress_tell_json(progress, event);
    } else if (event->kind == CLPROC_EVENT_VERIFIED) {
        tell_verified(progress, event);
    } else if (told) {
        tell_text(progress, event);
    } else if (progress->verbose && !progress->list) {
        tell_file(progress, event);
    }
    draw(progress, event);
}

void clp_cli_progress_finish(clp_cli_progress *progress, const clproc_run_result *result,
                             clproc_status status) {
    erase(progress);
    if (progress->mode == CLP_CLI_PROGRESS_JSON) {
        clp_cli_progress_finish_json(progress, result, status);
        return;
    }
    clp_cli_summary_print(progress, result, status);
}

void clp_cli_progress_leave(clp_cli_progress *progress) {
    clproc_run_result result = {.found = progress->found,
                                .written = progress->done,
                                .skipped = progress->skipped,
                                .failed = progress->failed,
                                .seconds = clp_cli_progress_seconds(progress)};
    clp_cli_progress_finish(progress, &result, CLPROC_ERROR_CANCELLED);
}
