#include "progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "signals.h"
#include "text.h"

/* At most ten updates a second. */
static const double interval = 0.1;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void clp_cli_progress_start(clp_cli_progress *progress, const clp_cli_settings *settings) {
    const char *term = getenv("TERM");
    memset(progress, 0, sizeof *progress);
    progress->terminal = isatty(fileno(stderr)) && !(term && strcmp(term, "dumb") == 0);
    progress->mode = settings->progress;
    if (progress->mode == CLP_CLI_PROGRESS_AUTO) {
        progress->mode = progress->terminal ? CLP_CLI_PROGRESS_ALWAYS : CLP_CLI_PROGRESS_OFF;
    }
    progress->list = settings->run.dry_run;
    progress->to_verify = settings->run.dry_run ? 0 : settings->run.verify;
    progress->started = now();
    progress->drawn = progress->started - interval;
}

double clp_cli_progress_seconds(const clp_cli_progress *progress) {
    return now() - progress->started;
}

static size_t terminal_columns(void) {
    struct winsize size;
    return ioctl(fileno(stderr), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void erase(clp_cli_progress *progress) {
    if (progress->shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
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
    size_t used = (size_t)snprintf(line, sizeof line, "%llu of %llu%s pictures",
                                   (unsigned long long)event->done,
                                   (unsigned long long)event->total, event->listing ? "+" : "");
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
        fprintf(stderr, "\r%.*s\033[K", (int)(terminal_columns() - 1), line);
        fflush(stderr);
        progress->shown = true;
    } else {
        fprintf(stderr, "%s\n", line);
    }
}

static void draw_json(const clp_cli_progress *progress, const clproc_event *event) {
    double rate = rate_of(progress, event);
    fprintf(stderr,
            "{\"type\":\"progress\",\"done\":%llu,\"total\":%llu,\"listing\":%s,\"skipped\":%llu,"
            "\"failed\":%llu,\"rate\":%.6g",
            (unsigned long long)event->done, (unsigned long long)event->total,
            event->listing ? "true" : "false", (unsigned long long)progress->skipped,
            (unsigned long long)progress->failed, rate);
    if (rate > 0 && !event->listing && event->total >= event->done) {
        fprintf(stderr, ",\"seconds_left\":%.3f", (double)(event->total - event->done) / rate);
    }
    fputs("}\n", stderr);
}

static void draw(clp_cli_progress *progress, const clproc_event *event) {
    double time = now();
    bool last = !event->listing && event->done == event->total;
    if (progress->mode == CLP_CLI_PROGRESS_OFF || (!last && time - progress->drawn < interval)) {
        return;
    }
    progress->drawn = time;
    if (progress->mode == CLP_CLI_PROGRESS_JSON) {
        draw_json(progress, event);
    } else {
        draw_text(progress, event);
    }
}

/** One line for what is not simply done. */
static void tell_text(clp_cli_progress *progress, const clproc_event *event) {
    const char *prefix = event->kind == CLPROC_EVENT_WARNING ? "warning: " : "";
    erase(progress);
    if (event->input[0]) {
        clp_cli_say("%s: %s%s", event->input, prefix, event->message);
    } else {
        clp_cli_say("%s%s", prefix, event->message);
    }
}

/** The figures of a verification as members of an object. JSON knows no infinity. */
static void put_verification(const clproc_verification *found) {
    fprintf(stderr, "\"largest\":%.6g,\"mismatch\":%.6g,\"psnr\":", found->largest,
            found->mismatch);
    if (isfinite(found->psnr)) {
        fprintf(stderr, "%.2f", found->psnr);
    } else {
        fputs("null", stderr);
    }
}

static void tell_json(const clproc_event *event) {
    const char *type = event->kind == CLPROC_EVENT_FAILED     ? "failed"
                       : event->kind == CLPROC_EVENT_WARNING  ? "warning"
                       : event->kind == CLPROC_EVENT_VERIFIED ? "verified"
                                                              : "notice";
    fprintf(stderr, "{\"type\":\"%s\"", type);
    if (event->input[0]) {
        fputs(",\"input\":", stderr);
        clp_cli_put_json(stderr, event->input);
    }
    if (event->kind == CLPROC_EVENT_FAILED) {
        fputs(",\"cause\":", stderr);
        clp_cli_put_json(stderr, clproc_status_name(event->status));
    }
    if (event->verification) {
        fprintf(stderr, ",\"kept\":%s,", event->verification->beyond ? "false" : "true");
        put_verification(event->verification);
    }
    fputs(",\"message\":", stderr);
    clp_cli_put_json(stderr, event->message);
    fputs("}\n", stderr);
}

/** A verified picture is a result; one that breaks the promise is to be seen, too. */
static void tell_verified(clp_cli_progress *progress, const clproc_event *event) {
    if (event->verification->beyond) {
        tell_text(progress, event);
        return;
    }
    erase(progress);
    fputs("verified ", stdout);
    clp_cli_put_text(stdout, event->input);
    printf(": %s\n", event->message);
}

static void list_picture(clp_cli_progress *progress, const clproc_event *event) {
    erase(progress);
    clp_cli_put_text(stdout, event->input);
    fputs(" -> ", stdout);
    clp_cli_put_text(stdout, event->output);
    putchar('\n');
}

void clp_cli_progress_event(const clproc_event *event, void *user) {
    clp_cli_progress *progress = user;
    clp_cli_watch_drivers();
    switch (event->kind) {
    case CLPROC_EVENT_DONE:
        progress->done++;
        if (progress->list) {
            list_picture(progress, event);
        }
        break;
    case CLPROC_EVENT_SKIPPED:
        progress->skipped++;
        break;
    case CLPROC_EVENT_FAILED:
        progress->failed++;
        /* fall through */
    default:
        if (progress->mode == CLP_CLI_PROGRESS_JSON) {
            tell_json(event);
        } else if (event->kind == CLPROC_EVENT_VERIFIED) {
            tell_verified(progress, event);
        } else {
            tell_text(progress, event);
        }
    }
    draw(progress, event);
}

static void print_verification(const clp_cli_progress *progress, const clproc_run_result *result) {
    const clproc_verification *found = &result->verification;
    printf("verified %llu of %llu pictures asked for", (unsigned long long)found->pictures,
           (unsigned long long)progress->to_verify);
    if (found->pictures > 0) {
        printf(" (seed %llu): max |Δ| %g, mismatch %.3f %%, PSNR %.1f dB, %llu beyond the promise",
               (unsigned long long)found->seed, found->largest, 100 * found->mismatch, found->psnr,
               (unsigned long long)found->beyond);
    }
    putchar('\n');
}

static void finish_json(const clp_cli_progress *progress, const clproc_run_result *result,
                        clproc_status status) {
    fputs("{\"type\":\"result\",\"status\":", stderr);
    clp_cli_put_json(stderr, clproc_status_name(status));
    fprintf(stderr,
            ",\"found\":%llu,\"written\":%llu,\"skipped\":%llu,\"failed\":%llu,\"seconds\":%.3f,"
            "\"device\":",
            (unsigned long long)result->found, (unsigned long long)result->written,
            (unsigned long long)result->skipped, (unsigned long long)result->failed,
            result->seconds);
    clp_cli_put_json(stderr, result->device);
    if (progress->to_verify > 0) {
        const clproc_verification *found = &result->verification;
        fprintf(stderr, ",\"verification\":{\"pictures\":%llu,\"beyond\":%llu,\"seed\":%llu,",
                (unsigned long long)found->pictures, (unsigned long long)found->beyond,
                (unsigned long long)found->seed);
        put_verification(found);
        fputs("}", stderr);
    }
    fputs("}\n", stderr);
}

void clp_cli_progress_finish(clp_cli_progress *progress, const clproc_run_result *result,
                             clproc_status status) {
    const char *on = result->device[0] ? " on " : "";
    erase(progress);
    if (progress->mode == CLP_CLI_PROGRESS_JSON) {
        finish_json(progress, result, status);
        return;
    }
    if (progress->to_verify > 0) {
        print_verification(progress, result);
    }
    clp_cli_say(
        "%llu %s, %llu skipped, %llu failed, %.2f s%s%s%s", (unsigned long long)result->written,
        progress->list ? "would be written" : "written", (unsigned long long)result->skipped,
        (unsigned long long)result->failed, result->seconds, on, result->device,
        status == CLPROC_ERROR_CANCELLED ? "; stopped by a signal" : "");
}
