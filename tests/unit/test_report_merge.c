/* Profiles made one: what must not depend on which of them comes first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/analysis.h"
#include "report_fixture.h"

/** A run on a device that copies at `rate`; 0: of which that is not known. */
static clproc_profile *run_at(uint64_t rate) {
    clproc_profile *profile = fixture_make(FIXTURE_DEFAULTS);
    for (size_t i = 0; i < profile->fact_count; i++) {
        if (strcmp(profile->facts[i].key, CLP_FACT_COPY_RATE) == 0) {
            clp_memory_free(profile->facts[i].key);
            clp_memory_free(profile->facts[i].value);
            profile->facts[i] = profile->facts[--profile->fact_count];
        }
    }
    if (rate) {
        char number[32];
        snprintf(number, sizeof number, "%llu", (unsigned long long)rate);
        fixture_fact(profile, CLP_FACT_COPY_RATE, number);
    }
    return profile;
}

/** Merges two profiles and frees them. */
static clproc_profile *merge(clproc_profile *a, clproc_profile *b) {
    const clproc_profile *const parts[] = {a, b};
    clproc_profile *merged = NULL;
    assert_int_equal(clproc_profile_merge(&merged, parts, 2, NULL), CLPROC_OK);
    clp_profile_free(&a);
    clp_profile_free(&b);
    return merged;
}

static void expect_fact(clproc_profile *profile, const char *key, const char *value) {
    const char *found = clp_profile_fact_value(profile, key);
    if (value) {
        assert_non_null(found);
        assert_string_equal(found, value);
    } else {
        assert_null(found);
    }
    clp_profile_free(&profile);
}

static void copies_are_those_of_all_parts(void **state) {
    (void)state;
    expect_fact(merge(run_at(40000000000), run_at(40000000000)), CLP_FACT_COPY_RATE, "40000000000");
    /* The same bytes at 30 and at 60: two thirds of the time at 30. */
    expect_fact(merge(run_at(30000000000), run_at(60000000000)), CLP_FACT_COPY_RATE, "40000000000");
    expect_fact(merge(run_at(60000000000), run_at(30000000000)), CLP_FACT_COPY_RATE, "40000000000");
    expect_fact(merge(run_at(60000000000), run_at(0)), CLP_FACT_COPY_RATE, NULL);
    expect_fact(merge(run_at(0), run_at(60000000000)), CLP_FACT_COPY_RATE, NULL);
}

static void copies_of_several_devices_are_weighed(void **state) {
    (void)state;
    clproc_profile *two = run_at(0);
    fixture_two_devices(two); /* all but kernels on the first */
    two->devices[0].copy_rate = two->devices[1].copy_rate = 20000000000;
    expect_fact(merge(two, run_at(20000000000)), CLP_FACT_COPY_RATE, "20000000000");
}

static void every_run_of_merged_profiles_counts(void **state) {
    (void)state;
    expect_fact(merge(run_at(1), run_at(1)), CLP_FACT_MERGED, "2");
    expect_fact(merge(merge(run_at(1), run_at(1)), run_at(1)), CLP_FACT_MERGED, "3");
    expect_fact(merge(run_at(1), merge(run_at(1), run_at(1))), CLP_FACT_MERGED, "3");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_are_those_of_all_parts),
        cmocka_unit_test(copies_of_several_devices_are_weighed),
        cmocka_unit_test(every_run_of_merged_profiles_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
