/* What differs between the two sides of a comparison besides time. */
#include <string.h>

#include "report/diff_make.h"

static clproc_status add_fact(clp_diff_maker *make, const char *key, const char *before,
                              const char *after) {
    clproc_diff *diff = make->diff;
    /* Measured anew by every run, it is a result and never the same twice. */
    if (strcmp(key, CLP_FACT_COPY_RATE) == 0) {
        return CLPROC_OK;
    }
    before = before ? before : "";
    after = after ? after : "";
    if (strcmp(before, after) == 0) {
        return CLPROC_OK;
    }
    clp_diff_fact *facts = clp_memory_grow(CLP_MEMORY_REPORT, diff->facts, &diff->fact_capacity,
                                           diff->fact_count + 1, sizeof *facts);
    if (!facts) {
        return clp_error_memory(make->error, "the comparison", sizeof *facts);
    }
    diff->facts = facts;
    clp_diff_fact *fact = &facts[diff->fact_count++];
    fact->key = clp_memory_string(CLP_MEMORY_REPORT, key);
    fact->before = clp_memory_string(CLP_MEMORY_REPORT, before);
    fact->after = clp_memory_string(CLP_MEMORY_REPORT, after);
    return fact->key && fact->before && fact->after
               ? CLPROC_OK
               : clp_error_memory(make->error, "the comparison", strlen(key));
}

static clproc_status add_number_fact(clp_diff_maker *make, const char *key, uint64_t before,
                                     uint64_t after) {
    char a[32], b[32];
    snprintf(a, sizeof a, "%llu", (unsigned long long)before);
    snprintf(b, sizeof b, "%llu", (unsigned long long)after);
    return add_fact(make, key, a, b);
}

static uint32_t threads_of(const clp_analysis *analysis, const char *name) {
    for (size_t i = 0; i < analysis->resource_count; i++) {
        if (strcmp(analysis->resources[i].name, name) == 0) {
            return analysis->resources[i].count;
        }
    }
    return 0;
}

static clproc_status compare_threads(clp_diff_maker *make) {
    clp_analysis sides[2] = {{0}, {0}};
    clproc_status status;
    for (int side = 0; side < 2; side++) {
        CLP_TRY(status, out, clp_analysis_make(&sides[side], make->runs[side][0], make->error));
    }
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < sides[side].resource_count; i++) {
            const char *name = sides[side].resources[i].name;
            char key[64];
            if (side == 0 || threads_of(&sides[0], name) == 0) {
                snprintf(key, sizeof key, "threads: %s", name);
                CLP_TRY(status, out,
                        add_number_fact(make, key, threads_of(&sides[0], name),
                                        threads_of(&sides[1], name)));
            }
        }
    }
out:
    clp_analysis_free(&sides[0]);
    clp_analysis_free(&sides[1]);
    return status;
}

/** Differences of the first run of each side. */
clproc_status clp_diff_environment(clp_diff_maker *make) {
    const clproc_profile *before = make->runs[0][0], *after = make->runs[1][0];
    clproc_status status;
    for (size_t i = 0; i < before->fact_count; i++) {
        CLP_TRY(status, out,
                add_fact(make, before->facts[i].key, before->facts[i].value,
                         clp_profile_fact_value(after, before->facts[i].key)));
    }
    for (size_t i = 0; i < after->fact_count; i++) {
        if (!clp_profile_fact_value(before, after->facts[i].key)) {
            CLP_TRY(status, out, add_fact(make, after->facts[i].key, NULL, after->facts[i].value));
        }
    }
    CLP_TRY(status, out, add_number_fact(make, "cores", before->cores, after->cores));
    CLP_TRY(status, out, add_number_fact(make, "profile level", before->level, after->level));
    CLP_TRY(status, out,
            add_number_fact(make, "images", before->counters[CLP_COUNTER_IMAGES],
                            after->counters[CLP_COUNTER_IMAGES]));
    CLP_TRY(status, out,
            add_number_fact(make, "pixels in", before->counters[CLP_COUNTER_PIXELS_IN],
                            after->counters[CLP_COUNTER_PIXELS_IN]));
    status = compare_threads(make);
out:
    return status;
}
