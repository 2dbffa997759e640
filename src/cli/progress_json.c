/* Events of a run, and how it ended, for programs: one JSON object a line. */
#include <math.h>

#include "progress_private.h"
#include "streams.h"
#include "text.h"

void clp_cli_progress_draw_json(const clp_cli_progress *progress, const clproc_event *event,
                                double rate) {
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

/** Without a default, so that the compiler tells of a reason that has no word here. */
static const char *reason_of(clproc_skip why) {
    switch (why) {
    case CLPROC_SKIP_NONE:
        return "";
    case CLPROC_SKIP_NO_PICTURE:
        return "no picture";
    case CLPROC_SKIP_NO_FILE:
        return "no file";
    case CLPROC_SKIP_EXISTS:
        return "exists";
    case CLPROC_SKIP_MADE_BEFORE:
        return "made before";
    case CLPROC_SKIP_FILTERED:
        return "not wanted";
    }
    return "";
}

void clp_cli_progress_tell_json(const clp_cli_progress *progress, const clproc_event *event) {
    fprintf(clp_cli_errors(), "{\"type\":\"%s\"", json_type(progress, event));
    put_member("input", event->input);
    put_member("output", event->output);
    put_member("reason", reason_of(event->skip));
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

void clp_cli_progress_finish_json(const clp_cli_progress *progress, const clproc_run_result *result,
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
    fprintf(clp_cli_errors(),
            ",\"exist\":%llu,\"made_before\":%llu,\"not_wanted\":%llu,\"no_picture\":{",
            (unsigned long long)progress->skips[CLPROC_SKIP_EXISTS],
            (unsigned long long)progress->skips[CLPROC_SKIP_MADE_BEFORE],
            (unsigned long long)progress->skips[CLPROC_SKIP_FILTERED]);
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
