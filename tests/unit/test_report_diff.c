/* Comparing runs: luck is not called a change, a change is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "report_fixture.h"

#define MOST_RUNS 7

typedef struct side {
    clproc_profile *runs[MOST_RUNS];
    size_t count;
} side;

static side make_side(size_t count, uint64_t seed, double decode_factor, double kernel_factor) {
    side made = {.count = count};
    for (size_t i = 0; i < count; i++) {
        fixture_params params = FIXTURE_DEFAULTS;
        params.images = 64;
        params.trace = false;
        params.seed = seed + i * 1000;
        params.decode_factor = decode_factor;
        params.kernel_factor = kernel_factor;
        made.runs[i] = fixture_make(params);
    }
    return made;
}

static clproc_diff *compare(side *before, side *after) {
    clproc_diff *diff = NULL;
    clproc_error error = {0};
    const clproc_profile *const *a = (const clproc_profile *const *)before->runs;
    const clproc_profile *const *b = (const clproc_profile *const *)after->runs;
    assert_int_equal(clproc_diff_create(&diff, a, before->count, b, after->count, &error),
                     CLPROC_OK);
    for (int i = 0; i < MOST_RUNS; i++) {
        clp_profile_free(&before->runs[i]);
        clp_profile_free(&after->runs[i]);
    }
    return diff;
}

static void luck_is_no_change(void **state) {
    (void)state;
    static const size_t counts[] = {1, 3, 7};
    int alarms = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        for (size_t i = 0; i < 3; i++) {
            side before = make_side(counts[i], seed, 1, 1);
            side after = make_side(counts[i], seed + 500, 1, 1);
            clproc_diff *diff = compare(&before, &after);
            alarms += strcmp(diff->verdict, "No significant change.") != 0;
            clproc_diff_destroy(&diff);
        }
    }
    assert_true(alarms <= 1);
}

static void changes_are_found(void **state) {
    (void)state;
    static const size_t counts[] = {1, 3, 7};
    for (size_t i = 0; i < 3; i++) {
        side before = make_side(counts[i], 1, 1, 1), after = make_side(counts[i], 77, 1.3, 0.6);
        clproc_diff *diff = compare(&before, &after);
        const clp_diff_row *decode = fixture_row(diff, "decode"),
                           *kernel = fixture_row(diff, "filter_i16_u8");
        assert_true(decode->significant && fabs(decode->change - 0.3) < 0.05);
        assert_true(decode->low < 0.3 && decode->high > 0.25 && decode->low > 0.15);
        assert_true(kernel->significant && fabs(kernel->change + 0.4) < 0.06);
        assert_false(fixture_row(diff, "encode")->significant);
        assert_false(fixture_row(diff, "filter_u8_i16")->significant);
        assert_non_null(strstr(diff->verdict, "decode"));
        assert_true(clproc_diff_regressed(diff, 0.05));
        assert_true(clproc_diff_regressed(diff, 0.2));
        assert_false(clproc_diff_regressed(diff, 0.5));
        clproc_diff_destroy(&diff);
    }
}

/** The same run, in which every picture's write counts three times, as that of three outputs. */
static void outputs_are_no_pictures(void **state) {
    (void)state;
    side before = make_side(1, 1, 1, 1), after = make_side(1, 1, 1, 1);
    clp_profile_samples *samples = &after.runs[0]->samples[CLP_PROF_WRITE];
    assert_true(3 * samples->count <= FIXTURE_MAX_SPANS);
    for (size_t i = samples->count; i-- > 0;) {
        for (size_t copy = 0; copy < 3; copy++) {
            samples->items[3 * i + copy] = samples->items[i];
        }
    }
    samples->count *= 3;
    clproc_diff *diff = compare(&before, &after);
    const clp_diff_row *row = fixture_row(diff, "time per picture");
    assert_true(fabs(row->change) < 0.05);
    assert_true(fabs(row->before / fixture_row(diff, "whole run, per picture")->before - 1) < 0.3);
    clproc_diff_destroy(&diff);
}

static void faster_is_no_regression(void **state) {
    (void)state;
    side before = make_side(1, 1, 1, 1), after = make_side(1, 9, 0.5, 0.5);
    clproc_diff *diff = compare(&before, &after);
    assert_true(fixture_row(diff, "decode")->significant);
    assert_false(clproc_diff_regressed(diff, 0));
    clproc_diff_destroy(&diff);
}

static void many_runs_show_small_changes(void **state) {
    (void)state;
    side before = make_side(7, 1, 1, 1), after = make_side(7, 77, 1.06, 1);
    clproc_diff *diff = compare(&before, &after);
    assert_true(diff->least < 0.05);
    assert_true(fixture_row(diff, "decode")->significant);
    clproc_diff_destroy(&diff);

    before = make_side(1, 1, 1, 1);
    after = make_side(1, 77, 1.06, 1);
    diff = compare(&before, &after);
    assert_false(fixture_row(diff, "decode")->significant);
    clproc_diff_destroy(&diff);
}

/** Makes pictures differ in size by up to a hundred times. */
static void mix_sizes(clproc_profile *profile) {
    clp_profile_samples *samples = &profile->samples[CLP_PROF_DECODE];
    for (size_t i = 0; i < samples->count; i++) {
        uint64_t image = samples->items[i].image;
        samples->items[i].duration *= 1 + image * 37 % 11 * 10;
    }
}

static void pictures_are_compared_with_themselves(void **state) {
    (void)state;
    side before = make_side(1, 1, 1, 1), after = make_side(1, 77, 1.2, 1);
    mix_sizes(before.runs[0]);
    mix_sizes(after.runs[0]);
    clproc_diff *diff = compare(&before, &after);
    const clp_diff_row *decode = fixture_row(diff, "decode");
    assert_true(decode->significant && fabs(decode->change - 0.2) < 0.05);
    assert_true(decode->low > 0.1 && decode->high < 0.3);
    clproc_diff_destroy(&diff);

    /* Not the same pictures: nothing to pair, and too different to tell. */
    before = make_side(1, 1, 1, 1);
    after = make_side(1, 77, 1.2, 1);
    mix_sizes(before.runs[0]);
    mix_sizes(after.runs[0]);
    after.runs[0]->counters[CLP_COUNTER_PIXELS_IN]++;
    diff = compare(&before, &after);
    assert_false(fixture_row(diff, "decode")->significant);
    clproc_diff_destroy(&diff);
}

static void what_takes_no_time_is_not_judged(void **state) {
    (void)state;
    side before = make_side(1, 1, 1, 1), after = make_side(1, 77, 1, 1);
    clp_profile_samples *samples = &after.runs[0]->samples[CLP_PROF_HEADER];
    for (size_t i = 0; i < samples->count; i++) {
        samples->items[i].duration *= 5;
    }
    before.runs[0]->wall_ns *= 10;
    after.runs[0]->wall_ns *= 10;
    clproc_diff *diff = compare(&before, &after);
    const clp_diff_row *header = fixture_row(diff, "header");
    assert_true(header->same < 0.01 && header->change > 3 && header->share < 0.01);
    assert_false(header->significant);
    assert_false(clproc_diff_regressed(diff, 0.05));
    clproc_diff_destroy(&diff);
}

static void surroundings_are_compared(void **state) {
    (void)state;
    side before = make_side(1, 1, 1, 1), after = make_side(1, 1, 1, 1);
    clproc_profile *changed = after.runs[0];
    for (size_t i = 0; i < changed->fact_count; i++) {
        if (strcmp(changed->facts[i].key, CLP_FACT_CACHE) == 0) {
            clp_memory_free(changed->facts[i].value);
            changed->facts[i].value = clp_memory_string(CLP_MEMORY_PROFILE, "warm");
        }
    }
    fixture_fact(changed, "jobs", "1");
    strcpy(changed->threads[1].name, "helper");
    clproc_diff *diff = compare(&before, &after);
    assert_int_equal(diff->fact_count, 4);
    assert_string_equal(diff->facts[0].key, CLP_FACT_CACHE);
    assert_string_equal(diff->facts[0].before, "cold");
    assert_string_equal(diff->facts[0].after, "warm");
    assert_string_equal(diff->facts[1].key, "jobs");
    assert_string_equal(diff->facts[1].before, "");
    assert_string_equal(diff->facts[2].key, "threads: decode");
    assert_string_equal(diff->facts[2].after, "1");
    assert_string_equal(diff->facts[3].key, "threads: helper");
    clproc_diff_destroy(&diff);
}

static void one_sided_rows_are_shown(void **state) {
    (void)state;
    side before = make_side(1, 1, 1, 1), after = make_side(1, 2, 1, 1);
    for (size_t i = 0; i < after.runs[0]->command_count; i++) {
        if (strcmp(after.runs[0]->commands[i].name, "filter_i16_u8") == 0) {
            strcpy(after.runs[0]->commands[i].name, "colour");
        }
    }
    clproc_diff *diff = compare(&before, &after);
    assert_int_equal(fixture_row(diff, "filter_i16_u8")->after_count, 0);
    assert_int_equal(fixture_row(diff, "colour")->before_count, 0);
    assert_false(fixture_row(diff, "colour")->significant);
    clp_text text = {0};
    clp_diff_text(&text, diff);
    clp_text_add_bytes(&text, "", 1);
    assert_non_null(strstr(text.data, "only before"));
    assert_non_null(strstr(text.data, "only after"));
    clp_text_free(&text);
    clproc_diff_destroy(&diff);
}

/** Texts of a report, which may be anyone's, do not steer the terminal: not by the controls of
 * ASCII nor by those behind it, and nor do bytes that are no UTF-8. */
static void texts_of_reports_do_not_steer_the_terminal(void **state) {
    (void)state;
    static const char *const texts[] = {"\x1b]0;title\a",      "\x1b[2J", "\xc2\x9bK", "\x9bK",
                                        "tab\tor\rline\n\x7f", "\xe2\x82"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        side before = make_side(1, 1, 1, 1), after = make_side(1, 2, 1, 1);
        fixture_fact(before.runs[0], texts[i], "x");
        fixture_fact(after.runs[0], "driver", texts[i]);
        snprintf(after.runs[0]->threads[0].name, 32, "%s", texts[i]);
        snprintf(after.runs[0]->commands[2].name, 48, "%s", texts[i]);
        clproc_diff *diff = compare(&before, &after);
        clp_text text = {0};
        clp_diff_text(&text, diff);
        clp_text_add_bytes(&text, "", 1);
        assert_non_null(strstr(text.data, "(none) → "));
        for (size_t c = 0; c + 1 < text.size; c++) {
            unsigned char byte = (unsigned char)text.data[c];
            assert_true((byte >= 0x20 && byte != 0x7F) || byte == '\n');
            assert_false(byte == 0xC2 && (unsigned char)text.data[c + 1] < 0xA0);
        }
        assert_null(strstr(text.data, texts[i]));
        clp_text_free(&text);
        clproc_diff_destroy(&diff);
    }
}

static void comparisons_are_written(void **state) {
    (void)state;
    char folder[] = "/tmp/clproc-diff-XXXXXX", path[64];
    clproc_error error = {0};
    side before = make_side(1, 1, 1, 1), after = make_side(1, 9, 1.5, 1);
    clproc_diff *diff = compare(&before, &after);
    assert_non_null(mkdtemp(folder));
    static const char *const endings[] = {"txt", "html", "json"};
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/d.%s", folder, endings[i]);
        assert_int_equal(clproc_diff_write(diff, path, &error), CLPROC_OK);
        if (i == 2) {
            json_t *root = json_load_file(path, 0, NULL);
            assert_non_null(root);
            assert_string_equal(json_string_value(json_object_get(root, "verdict")), diff->verdict);
            assert_int_equal(json_array_size(json_object_get(root, "rows")), diff->row_count);
            json_decref(root);
        }
        assert_int_equal(unlink(path), 0);
    }
    snprintf(path, sizeof path, "%s/d.pdf", folder);
    assert_int_equal(clproc_diff_write(diff, path, &error), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(rmdir(folder), 0);
    clproc_diff_destroy(&diff);
}

/** A bound of few runs may be beyond all measure; its columns stay where they are. */
static void absurd_bounds_fit_the_table(void **state) {
    (void)state;
    clp_diff_row row = {.name = "stage", .before_count = 1, .after_count = 1, .high = 169111.79};
    const clproc_diff diff = {.rows = &row, .row_count = 1};
    clp_text text = {0};
    row.low = -1;
    clp_diff_text(&text, &diff);
    assert_non_null(strstr(text.data, " -100 % to >9999 %\n"));
    clp_text_free(&text);
}

static void nothing_to_compare(void **state) {
    (void)state;
    clproc_profile *empty = fixture_room(1, sizeof *empty);
    const clproc_profile *const runs[] = {empty};
    clproc_diff *diff = NULL;
    clproc_error error = {0};
    assert_int_equal(clproc_diff_create(&diff, runs, 1, runs, 0, &error), CLPROC_ERROR_ARGUMENT);
    assert_null(diff);
    assert_int_equal(clproc_diff_create(&diff, runs, 1, runs, 1, &error), CLPROC_OK);
    assert_string_equal(diff->verdict, "No significant change.");
    assert_false(clproc_diff_regressed(diff, 0));
    assert_false(clproc_diff_regressed(NULL, 0));
    clproc_diff_destroy(&diff);
    clproc_diff_destroy(&diff);
    clp_profile_free(&empty);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(luck_is_no_change),
        cmocka_unit_test(changes_are_found),
        cmocka_unit_test(outputs_are_no_pictures),
        cmocka_unit_test(faster_is_no_regression),
        cmocka_unit_test(many_runs_show_small_changes),
        cmocka_unit_test(pictures_are_compared_with_themselves),
        cmocka_unit_test(what_takes_no_time_is_not_judged),
        cmocka_unit_test(surroundings_are_compared),
        cmocka_unit_test(one_sided_rows_are_shown),
        cmocka_unit_test(texts_of_reports_do_not_steer_the_terminal),
        cmocka_unit_test(comparisons_are_written),
        cmocka_unit_test(absurd_bounds_fit_the_table),
        cmocka_unit_test(nothing_to_compare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
