#include "fuzz.h"
#include "report/diff.h"
#include "report/json.h"
#include "report/tables.h"
#include "report/writers.h"

/** A report that can be read can be shown in every form, compared and merged. */
static void use(const clproc_profile *profile) {
    static void (*const writers[])(clp_text *, const clp_analysis *, const clp_findings *) = {
        clp_json_write,   clp_csv_write,        clp_html_write,       clp_trace_write,
        clp_folded_write, clp_speedscope_write, clp_prometheus_write,
    };
    clp_analysis analysis = {0};
    clp_findings findings;
    clproc_error error;
    if (!fuzz_failed(clp_analysis_make(&analysis, profile, &error), &error)) {
        clp_findings_make(&findings, &analysis);
        for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++) {
            clp_text text = {0};
            writers[i](&text, &analysis, &findings);
            clp_text_free(&text);
        }
        clp_text text = {0};
        clp_tables(&text, &analysis, &findings, CLPROC_VIEW_ALL);
        clp_text_free(&text);
    }
    clp_analysis_free(&analysis);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    clproc_profile *profile = NULL, *merged = NULL;
    clproc_diff *diff = NULL;
    clproc_error error;
    if (!fuzz_failed(clp_json_read(&profile, data, size, "input", &error), &error)) {
        const clproc_profile *side = profile;
        use(profile);
        if (!fuzz_failed(clproc_diff_create(&diff, &side, 1, &side, 1, &error), &error)) {
            clp_text text = {0};
            clp_diff_text(&text, diff);
            clp_text_free(&text);
        }
        clproc_diff_destroy(&diff);
        const clproc_profile *parts[] = {profile, profile};
        if (!fuzz_failed(clproc_profile_merge(&merged, parts, 2, &error), &error)) {
            use(merged);
        }
        clproc_profile_destroy(&merged);
    }
    clproc_profile_destroy(&profile);
    return 0;
}
