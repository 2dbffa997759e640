/* What a run prints at its end, for people: a line that fits a terminal, and what is left. */
#include <stdio.h>
#include <string.h>

#include "progress_private.h"
#include "text.h"

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

/** Columns that a summary may take, with "clproc: " before it. */
enum { SUMMARY = 80 - 8 };

/** Files that are clearly no pictures, as notes. */
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
    const char *done = progress->list                        ? "would be written"
                       : progress->settings->run.null_output ? "processed"
                                                             : "written";
    size_t used =
        (size_t)snprintf(line, sizeof line, "%llu %s, %llu skipped, %llu failed",
                         (unsigned long long)result->written, done,
                         (unsigned long long)result->skipped, (unsigned long long)result->failed);
    const char *stopped = status == CLPROC_ERROR_CANCELLED ? "; stopped by a signal" : "";
    if (result->kept > 0 && !progress->settings->run.null_output) {
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

/** Prints a command line with an option added. It must stand before a "--": behind that, every word
 * is an input. At its end it overrules another value. */
static void put_command(FILE *out, const clp_cli_settings *settings, const char *option) {
    fputs(settings->command, out);
    for (size_t i = 0; settings->words[i]; i++) {
        if (option[0] && strcmp(settings->words[i], "--") == 0) {
            fprintf(out, " %s", option);
            option = "";
        }
        putc(' ', out);
        clp_cli_put_word(out, settings->words[i]);
    }
    fprintf(out, "%s%s", option[0] ? " " : "", option);
}

/** What is left of a run that was stopped, and the command that does it. Nobody knows how much that
 * is while files are still being listed. */
static void tell_rest(const clp_cli_progress *progress, const clproc_run_result *result) {
    const clp_cli_settings *settings = progress->settings;
    bool goes_on = settings->run.resume || settings->run.existing == CLPROC_EXISTING_SKIP;
    char text[8192] = "", left[64] = "";
    uint64_t over = result->written + result->skipped + result->failed;
    FILE *out = settings->words ? fmemopen(text, sizeof text - 1, "w") : NULL;
    if (out) {
        put_command(out, settings, goes_on ? "" : "--existing skip");
    }
    bool whole = out && ferror(out) == 0;
    whole = out && fclose(out) == 0 && whole;
    if (progress->listed) {
        snprintf(left, sizeof left, "%llu left%s", (unsigned long long)(result->found - over),
                 whole ? "; " : "");
    }
    if (progress->listed || whole) {
        clp_cli_say("%s%s%s", left, whole ? "go on with: clproc " : "", whole ? text : "");
    }
}

void clp_cli_summary_print(const clp_cli_progress *progress, const clproc_run_result *result,
                           clproc_status status) {
    /* Without outputs or a table there is nothing to go on from, nor where all is repeated. */
    const clproc_run_params *run = &progress->settings->run;
    bool has_rest = run->input_count > 0 && (!run->null_output || run->index) && run->duration == 0;
    if (progress->to_verify > 0) {
        print_verification(progress, result);
    }
    if (!progress->quiet) {
        print_summary(progress, result, status);
    }
    if (status == CLPROC_ERROR_CANCELLED && has_rest && !progress->quiet) {
        tell_rest(progress, result);
    }
}
