/* The public functions of profiles. */
#include <string.h>

#include "core/file.h"
#include "report/json.h"
#include "report/tables.h"
#include "report/writers.h"

typedef void (*writer)(clp_text *text, const clp_analysis *analysis, const clp_findings *findings);

/* Of two endings that fit, the first here wins. */
static const struct {
    const char *ending;
    writer write; /**< NULL: tables */
    clproc_profile_level level;
} formats[] = {
    {".trace.json", clp_trace_write, CLPROC_PROFILE_TRACE},
    {".speedscope.json", clp_speedscope_write, CLPROC_PROFILE_TRACE},
    {".json", clp_json_write, CLPROC_PROFILE_SUMMARY},
    {".csv", clp_csv_write, CLPROC_PROFILE_SUMMARY},
    {".html", clp_html_write, CLPROC_PROFILE_TRACE},
    {".folded", clp_folded_write, CLPROC_PROFILE_SUMMARY},
    {".prom", clp_prometheus_write, CLPROC_PROFILE_SUMMARY},
    {".txt", NULL, CLPROC_PROFILE_SUMMARY},
};

#define FORMAT_COUNT (sizeof formats / sizeof formats[0])

/** The index of the format a file name asks for, or FORMAT_COUNT. */
static size_t find_format(const char *path) {
    size_t length = strlen(path), i = 0;
    for (; i < FORMAT_COUNT; i++) {
        size_t ending = strlen(formats[i].ending);
        if (length > ending && strcmp(path + length - ending, formats[i].ending) == 0) {
            break;
        }
    }
    return i;
}

const char *clproc_report_ending(size_t index) {
    return index < FORMAT_COUNT ? formats[index].ending : NULL;
}

clproc_profile_level clproc_report_level(const char *path) {
    size_t format = path ? find_format(path) : FORMAT_COUNT;
    return format < FORMAT_COUNT ? formats[format].level : CLPROC_PROFILE_OFF;
}

void clproc_profile_destroy(clproc_profile **profile) {
    if (profile) {
        clp_profile_free(profile);
    }
}

/** Writes what the profile says to a text; `write` NULL: tables, as `view` says. */
static clproc_status compose(clp_text *text, const clproc_profile *profile, writer write,
                             clproc_profile_view view, clproc_error *error) {
    clp_analysis analysis = {0};
    clp_findings findings;
    clproc_status status = clp_analysis_make(&analysis, profile, error);
    if (status == CLPROC_OK) {
        clp_findings_make(&findings, &analysis);
        if (write) {
            write(text, &analysis, &findings);
        } else {
            clp_tables(text, &analysis, &findings, view);
        }
    }
    clp_analysis_free(&analysis);
    return status;
}

static clproc_status to_stream(const clproc_profile *profile, writer write,
                               clproc_profile_view view, FILE *out, clproc_error *error) {
    clp_text text = {0};
    if (!profile || !out) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "no profile or no stream is given");
    }
    clproc_status status = compose(&text, profile, write, view, error);
    if (status == CLPROC_OK) {
        status = clp_text_to_stream(&text, out, error);
    }
    clp_text_free(&text);
    return status;
}

clproc_status clproc_profile_print(const clproc_profile *profile, clproc_profile_view view,
                                   FILE *out, clproc_error *error) {
    return to_stream(profile, NULL, view, out, error);
}

clproc_status clproc_profile_write_json(const clproc_profile *profile, FILE *out,
                                        clproc_error *error) {
    return to_stream(profile, clp_json_write, CLPROC_VIEW_ALL, out, error);
}

clproc_status clproc_profile_write(const clproc_profile *profile, const char *path,
                                   clproc_error *error) {
    clp_text text = {0};
    if (!profile || !path) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "no profile or no file is given");
    }
    size_t format = find_format(path);
    if (format == FORMAT_COUNT) {
        return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, path,
                                  "has no ending of a report; use .json, .csv, .html, .trace.json, "
                                  ".folded, .speedscope.json, .prom or .txt");
    }
    clproc_status status = compose(&text, profile, formats[format].write, CLPROC_VIEW_ALL, error);
    if (status == CLPROC_OK) {
        status = clp_text_to_file(&text, path, error);
    }
    clp_text_free(&text);
    return status;
}

clproc_status clproc_profile_load(clproc_profile **profile, const char *path, clproc_error *error) {
    clp_bytes bytes = {0};
    if (!profile || !path) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "no place or no file is given");
    }
    *profile = NULL;
    clproc_status status = clp_file_read(path, 0, &bytes, error);
    if (status == CLPROC_OK) {
        status = clp_json_read(profile, bytes.data, bytes.size, path, error);
    }
    clp_bytes_free(&bytes);
    return status;
}
