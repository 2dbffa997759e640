#include "reports.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "clashes.h"
#include "streams.h"
#include "text.h"

/** A report on standard output is one by this name. */
static const char stream_name[] = "stdout.json";

/** The folder a report goes to must be there now: a run is too long to find out afterwards. */
static int check_report(const char *path) {
    char folder[4096];
    const char *slash = strrchr(path, '/');
    if (strcmp(path, "-") == 0) {
        return CLP_EXIT_OK;
    }
    if (clproc_report_level(path) == CLPROC_PROFILE_OFF) {
        char endings[256] = "";
        size_t used = 0;
        for (size_t i = 0; clproc_report_ending(i) && used < sizeof endings; i++) {
            used += (size_t)snprintf(endings + used, sizeof endings - used, " %s",
                                     clproc_report_ending(i));
        }
        return clp_cli_usage_error("%s: no report has this ending; use one of%s", path, endings);
    }
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path + 1) : 1,
             slash ? path : ".");
    if (access(folder, W_OK | X_OK) != 0) {
        clp_cli_say("%s: cannot write a report there: %s; name a folder that can be written", path,
                    strerror(errno));
        return CLP_EXIT_RESOURCE;
    }
    return CLP_EXIT_OK;
}

int clp_cli_reports_prepare(clp_cli_settings *settings) {
    for (size_t i = 0; i < settings->reports.count; i++) {
        const char *path = settings->reports.items[i];
        int code = check_report(path);
        if (code != CLP_EXIT_OK) {
            return code;
        }
        clproc_profile_level level = clproc_report_level(strcmp(path, "-") ? path : stream_name);
        if (level > settings->run.profile) {
            settings->run.profile = level;
        }
    }
    if (settings->view_given && settings->run.profile == CLPROC_PROFILE_OFF) {
        settings->run.profile = CLPROC_PROFILE_SUMMARY;
    }
    return clp_cli_clashes_check(settings);
}

FILE *clp_cli_results(const clp_cli_settings *settings) {
    bool taken = settings->output && strcmp(settings->output, "-") == 0;
    for (size_t i = 0; i < settings->reports.count; i++) {
        taken |= strcmp(settings->reports.items[i], "-") == 0;
    }
    return taken ? clp_cli_errors() : stdout;
}

int clp_cli_reports_write(const clp_cli_settings *settings, const clproc_profile *profile) {
    clproc_error error = {0};
    int code = CLP_EXIT_OK;
    bool print = settings->profile_given || settings->view_given;
    FILE *out = clp_cli_results(settings);
    if (print && settings->run.profile != CLPROC_PROFILE_OFF &&
        clproc_profile_print(profile, settings->view, out, &error) != CLPROC_OK &&
        !(out == stdout && clp_cli_reader_left())) {
        code = clp_cli_error(&error);
    }
    for (size_t i = 0; i < settings->reports.count; i++) {
        const char *path = settings->reports.items[i];
        bool stream = strcmp(path, "-") == 0;
        clproc_status status = stream ? clproc_profile_write_json(profile, stdout, &error)
                                      : clproc_profile_write(profile, path, &error);
        if (status != CLPROC_OK && !(stream && clp_cli_reader_left())) {
            code = clp_cli_error(&error);
        }
    }
    return code;
}
