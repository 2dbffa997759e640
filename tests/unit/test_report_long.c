/* Reports of a run that is kept one by one in part only: its figures are of the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "report/json.h"
#include "report/tables.h"
#include "report/writers.h"
#include "report_fixture.h"

enum { KEPT = 40 };

static clproc_profile *make_whole(uint64_t seed, double kernel_factor) {
    fixture_params params = FIXTURE_DEFAULTS;
    params.images = 512;
    params.seed = seed;
    params.kernel_factor = kernel_factor;
    return fixture_make(params);
}

/** The same run with KEPT commands, and sums of all. */
static clproc_profile *make_long(uint64_t seed, double kernel_factor) {
    clproc_profile *profile = make_whole(seed, kernel_factor);
    assert_non_null(clp_profile_tallies(profile, &profile->tallies, NULL));
    profile->kept_until = profile->commands[KEPT].started;
    profile->command_count = KEPT;
    for (size_t t = 0; t < profile->thread_count; t++) {
        profile->threads[t].span_count = 10;
    }
    return profile;
}

typedef struct subject {
    clproc_profile *profile;
    clp_analysis analysis;
    clp_findings findings;
} subject;

static subject analyse(clproc_profile *profile) {
    subject made = {.profile = profile};
    assert_int_equal(clp_analysis_make(&made.analysis, profile, NULL), CLPROC_OK);
    clp_findings_make(&made.findings, &made.analysis);
    return made;
}

static void release(subject *old) {
    clp_analysis_free(&old->analysis);
    clp_profile_free(&old->profile);
}

/** The report as a string. */
static clp_text report(const subject *it,
                       void (*write)(clp_text *, const clp_analysis *, const clp_findings *)) {
    clp_text text = {0};
    write(&text, &it->analysis, &it->findings);
    assert_int_equal(clp_text_check(&text, NULL), CLPROC_OK);
    clp_text_add_bytes(&text, "", 1);
    return text;
}

static void write_tables(clp_text *text, const clp_analysis *analysis,
                         const clp_findings *findings) {
    clp_tables(text, analysis, findings, CLPROC_VIEW_ALL);
}

static void assert_near(double a, double b, double part) {
    assert_true(fabs(a - b) <= part * fabs(b));
}

static void figures_are_those_of_the_whole(void **state) {
    (void)state;
    subject whole = analyse(make_whole(7, 1)), part = analyse(make_long(7, 1));
    const clp_analysis *a = &part.analysis, *b = &whole.analysis;
    assert_int_equal(a->command_count, b->command_count);
    assert_int_equal(a->command_calls, 512);
    assert_int_equal(a->command_calls, b->command_calls);
    assert_int_equal(a->command_ns, b->command_ns);
    assert_int_equal(a->busy_ns, b->busy_ns);
    assert_int_equal(a->kernel_busy_ns, b->kernel_busy_ns);
    assert_int_equal(a->transfer_busy_ns, b->transfer_busy_ns);
    for (size_t i = 0; i < a->command_count; i++) {
        const clp_command_row *x = &a->commands[i], *y = &b->commands[i];
        assert_string_equal(x->name, y->name);
        assert_int_equal(x->calls, y->calls);
        assert_int_equal(x->total_ns, y->total_ns);
        assert_int_equal(x->first_calls, y->first_calls);
        assert_int_equal(x->first_ns, y->first_ns);
        assert_int_equal(x->bytes, y->bytes);
        assert_int_equal(x->operations, y->operations);
        assert_int_equal(x->steady.count, y->steady.count);
        assert_near(x->steady.mean, y->steady.mean, 1e-12);
        assert_near(x->steady.deviation, y->steady.deviation, 1e-9);
        assert_near(x->steady.min, y->steady.min, 0);
        assert_near(x->steady.max, y->steady.max, 0);
        assert_near(x->steady.p50, y->steady.p50, 0.008);
        assert_near(x->steady.p95, y->steady.p95, 0.008);
        assert_near(x->delay_ns, y->delay_ns, 1e-12);
        assert_near(x->bytes_per_second, y->bytes_per_second, 1e-12);
        assert_near(x->copy_share, y->copy_share, 1e-12);
    }
    assert_int_equal(a->resource_count, b->resource_count);
    for (size_t i = 0; i < a->part_count; i++) {
        assert_string_equal(a->parts[i].name, b->parts[i].name);
        assert_near(a->parts[i].saving_ns, b->parts[i].saving_ns, 1e-12);
    }
    assert_string_equal(part.findings.verdict, whole.findings.verdict);
    assert_int_equal(part.findings.count, whole.findings.count + 1);
    release(&whole);
    release(&part);
}

/** Every report that shows events says how many of how many. */
static void reports_say_what_is_kept(void **state) {
    (void)state;
    static void (*const writers[])(clp_text *, const clp_analysis *, const clp_findings *) = {
        write_tables, clp_html_write, clp_trace_write, clp_speedscope_write, clp_json_write};
    subject whole = analyse(make_whole(7, 1)), part = analyse(make_long(7, 1));
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++) {
        clp_text text = report(&part, writers[i]);
        if (writers[i] != write_tables) { /* whose lines are broken */
            assert_non_null(strstr(text.data, "(40 of 512 commands, 50 of "));
        }
        assert_non_null(strstr(text.data, "Events are kept one by one up to "));
        clp_text_free(&text);
        text = report(&whole, writers[i]);
        assert_null(strstr(text.data, "Events are kept"));
        assert_null(strstr(text.data, "\"kept_until\""));
        clp_text_free(&text);
    }
    release(&whole);
    release(&part);
}

static clproc_profile *read_back(const clp_text *text) {
    clproc_profile *again = NULL;
    clproc_error error = {0};
    if (clp_json_read(&again, text->data, strlen(text->data), "x.json", &error) != CLPROC_OK) {
        fail_msg("%s", error.message);
    }
    return again;
}

/** A file that clproc of before would add up wrongly has another version; the others keep theirs.
 */
static void sums_are_stored(void **state) {
    (void)state;
    subject whole = analyse(make_whole(7, 1)), part = analyse(make_long(7, 1));
    clp_text first = report(&whole, clp_json_write);
    assert_non_null(strstr(first.data, "\"clproc-profile/1\""));
    assert_null(strstr(first.data, "\"sums\""));
    clp_text_free(&first);
    first = report(&part, clp_json_write);
    assert_non_null(strstr(first.data, "\"clproc-profile/2\""));
    subject again = analyse(read_back(&first));
    clp_text second = report(&again, clp_json_write);
    assert_string_equal(first.data, second.data);
    clp_text_free(&first);
    clp_text_free(&second);
    release(&whole);
    release(&part);
    release(&again);
}

static void sums_of_devices_are_stored(void **state) {
    (void)state;
    clproc_profile *profile = make_whole(7, 1);
    fixture_two_devices(profile);
    assert_non_null(clp_profile_tallies(profile, &profile->tallies, NULL));
    profile->kept_until = profile->commands[KEPT].started;
    profile->command_count = KEPT;
    subject part = analyse(profile);
    clp_text first = report(&part, clp_json_write);
    subject again = analyse(read_back(&first));
    const clp_tally_device *stored = again.profile->tallies->devices;
    assert_int_equal(again.profile->tallies->device_count, 2);
    assert_int_equal(stored[0].calls, 256);
    assert_int_equal(stored[0].busy_ns[CLP_COVER_ALL], part.analysis.transfer_busy_ns);
    assert_int_equal(stored[1].busy_ns[CLP_COVER_ALL], part.analysis.kernel_busy_ns);
    assert_true(again.analysis.commands[0].copy_share > 0);
    assert_true(fabs(again.analysis.commands[0].copy_rate / 4e12 - 1) < 1e-9);
    clp_text second = report(&again, clp_json_write);
    assert_string_equal(first.data, second.data);
    clp_text_free(&first);
    clp_text_free(&second);
    release(&part);
    release(&again);
}

/** Changes a member of the file's first sums; NULL takes it away. */
static void check_refused(const char *member, json_t *value, const char *expected) {
    subject part = analyse(make_long(7, 1));
    clp_text text = report(&part, clp_json_write);
    json_t *root = json_loads(text.data, 0, NULL);
    json_t *sums = json_object_get(root, "sums");
    json_t *names = json_object_get(sums, "commands"), *one = json_array_get(names, 0);
    clproc_profile *profile = NULL;
    clproc_error error = {0};
    if (!member) {
        json_array_remove(names, 0);
    } else if (value) {
        json_object_set_new(one, member, value);
    } else {
        json_object_del(json_object_get(one, member) ? one : sums, member);
    }
    char *changed = json_dumps(root, 0);
    assert_int_equal(clp_json_read(&profile, changed, strlen(changed), "x.json", &error),
                     CLPROC_ERROR_INPUT);
    if (!strstr(error.message, expected)) {
        fail_msg("\"%s\" does not say \"%s\"", error.message, expected);
    }
    free(changed);
    json_decref(root);
    clp_text_free(&text);
    release(&part);
}

static void damaged_sums_are_refused(void **state) {
    (void)state;
    check_refused(NULL, NULL, "the sums of \"filter_u8_i16\" are missing");
    check_refused("busy_ns", NULL, "\"busy_ns\" is missing");
    check_refused("calls", NULL, "\"calls\" is missing");
    check_refused("first_calls", json_integer(1000), "contradict each other");
    check_refused("least_ns", json_integer(INT64_MAX), "contradict each other");
    check_refused("stride", json_integer(3), "no power of two");
    check_refused("stride", json_integer(0), "no power of two");
    check_refused("name", json_integer(1), "stand twice");
    check_refused("name", json_integer(99), "\"kind\" is missing");
    check_refused("samples", NULL, "the list \"samples\" is missing");
    check_refused("histogram", json_pack("[[i]]", 5), "has not 2 numbers");
    check_refused("histogram", json_pack("[[i, s]]", 5, "x"), "holds no number");
}

/** What was picked is enough to tell a change, and of which size. */
static void long_runs_are_compared(void **state) {
    (void)state;
    for (int slower = 0; slower < 2; slower++) {
        for (int other = 0; other < 2; other++) {
            double factor = slower ? 1.5 : 1;
            clproc_profile *before = make_long(7, 1);
            clproc_profile *after = (other ? make_whole : make_long)(1007, factor);
            const clproc_profile *a = before, *b = after;
            clproc_diff *diff = NULL;
            assert_int_equal(clproc_diff_create(&diff, &a, 1, &b, 1, NULL), CLPROC_OK);
            const clp_diff_row *row = fixture_row(diff, "filter_i16_u8");
            assert_int_equal(row->significant, slower);
            assert_true(fabs(row->change - (factor - 1)) < 0.05);
            assert_false(fixture_row(diff, "filter_u8_i16")->significant);
            clproc_diff_destroy(&diff);
            clp_profile_free(&before);
            clp_profile_free(&after);
        }
    }
}

static void long_runs_are_merged(void **state) {
    (void)state;
    clproc_profile *parts[] = {make_long(7, 1), make_whole(1007, 1), make_long(2007, 1)};
    clproc_profile *merged = NULL;
    assert_int_equal(clproc_profile_merge(&merged, (const clproc_profile *const *)parts, 3, NULL),
                     CLPROC_OK);
    subject all = analyse(merged);
    uint64_t calls = 0, total = 0, busy = 0;
    for (size_t i = 0; i < 3; i++) {
        subject one = analyse(parts[i]);
        calls += one.analysis.command_calls;
        total += one.analysis.command_ns;
        busy = one.analysis.busy_ns > busy ? one.analysis.busy_ns : busy;
        release(&one);
    }
    assert_int_equal(all.analysis.command_calls, calls);
    assert_int_equal(all.analysis.command_ns, total);
    assert_int_equal(all.analysis.busy_ns, busy);
    assert_int_equal(merged->command_count, KEPT + 512 + KEPT);
    assert_true(merged->kept_until > 0);
    assert_string_equal(clp_profile_fact_value(merged, CLP_FACT_DEVICE), "Test device (gpu)");
    assert_string_equal(clp_profile_fact_value(merged, CLP_FACT_COPY_RATE), "40000000000");
    assert_string_equal(clp_profile_fact_value(merged, CLP_FACT_CACHE), "cold");
    release(&all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_those_of_the_whole),
        cmocka_unit_test(reports_say_what_is_kept),
        cmocka_unit_test(sums_are_stored),
        cmocka_unit_test(sums_of_devices_are_stored),
        cmocka_unit_test(damaged_sums_are_refused),
        cmocka_unit_test(long_runs_are_compared),
        cmocka_unit_test(long_runs_are_merged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
