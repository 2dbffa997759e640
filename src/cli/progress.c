#include "progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "reports.h"
#include "signals.h"
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

static void draw_json(const clp_cli_progress *progress, const clproc_event *event) {
    double rate = rate_of(progress, event);
    fprintf(clp_cli_errors(),
            "{\"type\":\"progress\",\"done\":%llu,\"total\":%llu,\"listing\":%s,\"skipped\":%llu,"
            "\"failed\":%llu,\"rate\":%.6g",
            (unsigned long long)event->done, (unsigned long long)event->total,
            event->listing ? "true" : "false", (unsigned long long)progress->skipped,
            (unsigned long long)progress->failed, rate);
    if (rate > 0 && !event->listing && event->total >= event->done) {
        fprintf(clp_cli_errors(), ",\"seconds_left\":%.3f",
                (double)(event->total - event->done) / rate);
    }
    fputs("}\n", clp_cli_errors());
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
        clp_cli_say("%s -> %s%s%s%s", event->input, event->output, event->message[0] ? " (" : "",
                    event->message, event->message[0] ? ")" : "");
    } else if (event->kind_name[0]) {
        clp_cli_say("%s: skipped: %s (%s)", event->input, event->message, event->kind_name);
    } else {
        clp_cli_say("%s: skipped: %s", event->input, event->message);
    }
}

/** The figures of a verification as members of an object. JSON knows no infinity. */
static void put_verification(const clproc_verification *found) {
    fprintf(clp_cli_errors(), "\"largest\":%.6g,\"mismatch\":%.6g,\"psnr\":", found->largest,
            found->mismatch);
    if (isfinite(found->psnr)) {
        fprintf(clp_cli_errors(), "%.2f", found->psnr);
    } else {
        fputs("null", clp_cli_errors());
    }
}

static void put_member(const char *name, const char *value) {
    if (value[0]) {
        fprintf(clp_cli_errors(), ",\"%s\":", name);
        clp_cli_put_json(clp_cli_errors(), value);
    }
}

static const char *json_type(const clp_cli_progress *progress, const clproc_event *event) {
    switch (event->kind) {
    case CLPROC_EVENT_DONE:
        return progress->list ? "planned" : "written";
    case CLPROC_EVENT_SKIPPED:
        return "skipped";
    case CLPROC_EVENT_FAILED:
        return "failed";
    case CLPROC_EVENT_WARNING:
        return "warning";
    case CLPROC_EVENT_VERIFIED:
        return "verified";
    default:
        return "notice";
    }
}

static void tell_json(const clp_cli_progress *progress, const clproc_event *event) {
    static const char *const reasons[] = {[CLPROC_SKIP_NONE] = "",
                                          [CLPROC_SKIP_NO_PICTURE] = "no picture",
                                          [CLPROC_SKIP_NO_FILE] = "no file",
                                          [CLPROC_SKIP_EXISTS] = "exists",
                                          [CLPROC_SKIP_MADE_BEFORE] = "made before"};
    fprintf(clp_cli_errors(), "{\"type\":\"%s\"", json_type(progress, event));
    put_member("input", event->input);
    put_member("output", event->output);
    put_member("reason", reasons[event->skip]);
    put_member("kind", event->kind_name);
    if (event->kind == CLPROC_EVENT_FAILED) {
        put_member("cause", clproc_status_name(event->status));
        if (progress->settings->run.output_count > 0) {
            fprintf(clp_cli_errors(), ",\"outputs\":%u", event->outputs);
        }
    }
    if (event->verification) {
        fprintf(clp_cli_errors(), ",\"kept\":%s,", event->verification->beyond ? "false" : "true");
        put_verification(event->verification);
    }
    put_member("message", event->message);
    fputs("}\n", clp_cli_errors());
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
        tell_json(progress, event);
    } else if (event->kind == CLPROC_EVENT_VERIFIED) {
        tell_verified(progress, event);
    } else if (told) {
        tell_text(progress, event);
    } else if (progress->verbose && !progress->list) {
        tell_file(progress, event);
    }
    draw(progress, event);
}

static void print_verification(const clp_cli_progress *progress, const clproc_run_result *result) {
    const clproc_verification *found = &result->verification;
    FILE *out = progress->results;
    bool several = progress->settings->run.output_count > 0;
    fprintf(out, "verified %llu %s %llu pictures asked for", (unsigned long long)found->pictures,
            several ? "outputs of the" : "of", (unsigned long long)progress->to_verify);
    if (found->pictures > 0) {
        fprintf(out,
                " (seed %llu): max |Δ| %g, mismatch %.3f %%, PSNR %.1f dB, %llu beyond the promise",
                (unsigned long long)found->seed, found->largest, 100 * found->mismatch, found->psnr,
                (unsigned long long)found->beyond);
    }
    if (result->kept > 0) {
        fputs("; what is not re-encoded needs no proof", out);
    }
    putc('\n', out);
}

static void finish_json(const clp_cli_progress *progress, const clproc_run_result *result,
                        clproc_status status) {
    fputs("{\"type\":\"result\",\"status\":", clp_cli_errors());
    clp_cli_put_json(clp_cli_errors(), clproc_status_name(status));
    fprintf(clp_cli_errors(),
            ",\"found\":%llu,\"written\":%llu,\"kept\":%llu,\"skipped\":%llu,\"failed\":%llu,"
            "\"seconds\":%.3f,"
            "\"device\":",
            (unsigned long long)result->found, (unsigned long long)result->written,
            (unsigned long long)result->kept, (unsigned long long)result->skipped,
            (unsigned long long)result->failed, result->seconds);
    clp_cli_put_json(clp_cli_errors(), result->device);
    fprintf(clp_cli_errors(), ",\"exist\":%llu,\"made_before\":%llu,\"no_picture\":{",
            (unsigned long long)progress->skips[CLPROC_SKIP_EXISTS],
            (unsigned long long)progress->skips[CLPROC_SKIP_MADE_BEFORE]);
    for (size_t i = 0; i < sizeof progress->kinds / sizeof *progress->kinds; i++) {
        if (progress->kinds[i].count > 0) {
            fprintf(clp_cli_errors(), "%s\"%s\":%llu", i ? "," : "", progress->kinds[i].name,
                    (unsigned long long)progress->kinds[i].count);
        }
    }
    fputs("}", clp_cli_errors());
    if (progress->to_verify > 0) {
        const clproc_verification *found = &result->verification;
        fprintf(clp_cli_errors(),
                ",\"verification\":{\"pictures\":%llu,\"beyond\":%llu,\"seed\":%llu,",
                (unsigned long long)found->pictures, (unsigned long long)found->beyond,
                (unsigned long long)found->seed);
        put_verification(found);
        fputs("}", clp_cli_errors());
    }
    fputs("}\n", clp_cli_errors());
}

/** Columns that a summary may take, with "clproc: " before it. */
enum { SUMMARY = 80 - 8 };

/** Files that nobody would take for pictures, as notes. */
static bool is_other(const char *kind) {
    return strcmp(kind, "other") == 0;
}

static uint64_t count_others(const clp_cli_progress *progress) {
    uint64_t count = 0;
    for (size_t i = 0; i < sizeof progress->kinds / sizeof *progress->kinds; i++) {
        count += is_other(progress->kinds[i].name) ? progress->kinds[i].count : 0;
    }
    return count;
}

/** Adds as much of a list of kinds as has room: " (1 tif, 2 webp …)". */
static size_t list_kinds(const clp_cli_progress *progress, char *line, size_t used) {
    const char *joint = " (";
    bool whole = true;
    for (size_t i = 0; i < sizeof progress->kinds / sizeof *progress->kinds; i++) {
        char one[48];
        if (progress->kinds[i].count == 0 || is_other(progress->kinds[i].name)) {
            continue;
        }
        size_t length =
            (size_t)snprintf(one, sizeof one, "%s%llu %s", joint,
                             (unsigned long long)progress->kinds[i].count, progress->kinds[i].name);
        if (used + length + 3 > SUMMARY) { /* " …)" */
            whole = false;
            break;
        }
        used += (size_t)sprintf(line + used, "%s", one);
        joint = ", ";
    }
    if (joint[0] == ',') {
        used += (size_t)sprintf(line + used, "%s)", whole ? "" : " …");
    }
    return used;
}

/** Why files were skipped. */
static size_t add_reasons(const clp_cli_progress *progress, char *line, size_t used) {
    static const struct {
        clproc_skip why;
        const char *one, *many;
    } reasons[] = {{CLPROC_SKIP_MADE_BEFORE, "made before", "made before"},
                   {CLPROC_SKIP_EXISTS, "exists", "exist"},
                   {CLPROC_SKIP_FILTERED, "not wanted", "not wanted"},
                   {CLPROC_SKIP_NO_PICTURE, "is not read", "are not read"}};
    const char *joint = "; ";
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        uint64_t count = progress->skips[reasons[i].why];
        bool pictures = reasons[i].why == CLPROC_SKIP_NO_PICTURE;
        count -= pictures ? count_others(progress) : 0;
        if (count > 0) {
            used += (size_t)sprintf(line + used, "%s%llu %s", joint, (unsigned long long)count,
                                    count == 1 ? reasons[i].one : reasons[i].many);
            used = pictures ? list_kinds(progress, line, used) : used;
            joint = ", ";
        }
    }
    return used;
}

static size_t characters(const char *text) {
    size_t count = 0;
    for (; *text; text++) {
        count += (*text & 0xc0) != 0x80;
    }
    return count;
}

/** One line that fits a terminal: what was done, why not the rest, and as there is room, how long
 * it took and where. */
static void print_summary(const clp_cli_progress *progress, const clproc_run_result *result,
                          clproc_status status) {
    char line[512], rest[256];
    size_t used = (size_t)snprintf(
        line, sizeof line, "%llu %s, %llu skipped, %llu failed",
        (unsigned long long)result->written, progress->list ? "would be written" : "written",
        (unsigned long long)result->skipped, (unsigned long long)result->failed);
    const char *stopped = status == CLPROC_ERROR_CANCELLED ? "; stopped by a signal" : "";
    if (result->kept > 0) {
        used +=
            (size_t)sprintf(line + used, "; %llu not re-encoded", (unsigned long long)result->kept);
    }
    used = add_reasons(progress, line, used);
    if (status == CLPROC_OK && result->found == 0) {
        used += (size_t)sprintf(line + used, "; no files were found");
    }
    size_t room = SUMMARY - characters(stopped), width = characters(line);
    int length = snprintf(rest, sizeof rest, ", %.2f s%s%s", result->seconds,
                          result->device[0] ? " on " : "", result->device);
    /* A device's name may be cut, but not to nothing. */
    size_t left = room > width ? room - width : 0;
    if ((size_t)length > left) {
        snprintf(rest, sizeof rest, ", %.2f s", result->seconds);
        size_t seconds = strlen(rest);
        if (left >= seconds + 4 + 12 && result->device[0]) {
            snprintf(rest + seconds, sizeof rest - seconds, " on %.*s…", (int)(left - seconds - 5),
                     result->device);
        } else if (seconds > left) {
            rest[0] = '\0';
        }
    }
    clp_cli_say("%s%s%s", line, rest, stopped);
}

/** What is left of a run that was stopped, and the command that does it. */
static void tell_rest(const clp_cli_progress *progress, const clproc_run_result *result) {
    const clp_cli_settings *settings = progress->settings;
    bool goes_on = settings->run.resume || settings->run.existing == CLPROC_EXISTING_SKIP;
    char text[8192] = "";
    uint64_t over = result->written + result->skipped + result->failed;
    FILE *out = settings->words ? fmemopen(text, sizeof text - 1, "w") : NULL;
    for (size_t i = 0; out && settings->words[i]; i++) {
        putc(' ', out);
        clp_cli_put_word(out, settings->words[i]);
    }
    bool whole = out && ferror(out) == 0;
    whole = out && fclose(out) == 0 && whole;
    clp_cli_say("%llu left%s%s%s%s", (unsigned long long)(result->found - over),
                whole ? "; go on with: clproc " : "", whole ? settings->command : "",
                whole ? text : "", whole && !goes_on ? " --existing skip" : "");
}

void clp_cli_progress_finish(clp_cli_progress *progress, const clproc_run_result *result,
                             clproc_status status) {
    erase(progress);
    if (progress->mode == CLP_CLI_PROGRESS_JSON) {
        finish_json(progress, result, status);
        return;
    }
    if (progress->to_verify > 0) {
        print_verification(progress, result);
    }
    bool batch = progress->settings->run.input_count > 0;
    if (!progress->quiet) {
        print_summary(progress, result, status);
    }
    if (status == CLPROC_ERROR_CANCELLED && batch && !progress->quiet) {
        tell_rest(progress, result);
    }
}

void clp_cli_progress_leave(clp_cli_progress *progress) {
    clproc_run_result result = {.found = progress->found,
                                .written = progress->done,
                                .skipped = progress->skipped,
                                .failed = progress->failed,
                                .seconds = clp_cli_progress_seconds(progress)};
    clp_cli_progress_finish(progress, &result, CLPROC_ERROR_CANCELLED);
}
