/** What a stress test concludes from its runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "stress/stress.h"

static void add(clp_outputs *outputs, const char *output, const char *input, const char *digest) {
    clproc_event event = {.output = output, .input = input, .digest = digest};
    clp_outputs_add(outputs, &event);
}

static void test_outputs_are_compared_in_any_order(void **state) {
    (void)state;
    clp_outputs a = {0}, b = {0};
    add(&a, "1.jpg", "x", "aa");
    add(&a, "2.jpg", "x", "bb");
    add(&a, "", "y", "cc");
    add(&b, "", "y", "cc");
    add(&b, "2.jpg", "x", "bb");
    add(&b, "1.jpg", "x", "aa");
    clp_outputs_sort(&a);
    clp_outputs_sort(&b);
    assert_null(clp_outputs_difference(&a, &b));
    clp_outputs_free(&a);
    clp_outputs_free(&b);
}

static void test_another_digest_is_named(void **state) {
    (void)state;
    clp_outputs a = {0}, b = {0};
    add(&a, "1.jpg", "x", "aa");
    add(&a, "2.jpg", "x", "bb");
    add(&b, "1.jpg", "x", "aa");
    add(&b, "2.jpg", "x", "bc");
    assert_string_equal(clp_outputs_difference(&a, &b), "2.jpg");
    clp_outputs_free(&a);
    clp_outputs_free(&b);
}

static void test_a_missing_output_is_named(void **state) {
    (void)state;
    clp_outputs a = {0}, b = {0};
    add(&a, "1.jpg", "x", "aa");
    add(&a, "2.jpg", "x", "bb");
    add(&b, "1.jpg", "x", "aa");
    assert_string_equal(clp_outputs_difference(&a, &b), "2.jpg");
    assert_string_equal(clp_outputs_difference(&b, &a), "2.jpg");
    add(&b, "0.jpg", "x", "cc");
    clp_outputs_sort(&b);
    assert_string_equal(clp_outputs_difference(&a, &b), "0.jpg");
    assert_string_equal(clp_outputs_difference(&b, &a), "0.jpg");
    clp_outputs_free(&a);
    assert_string_equal(clp_outputs_difference(&a, &b), "0.jpg");
    clp_outputs_free(&b);
    assert_null(clp_outputs_difference(&a, &b));
}

static clp_course course_of(const double *values, size_t count) {
    clp_course course = {0};
    for (size_t i = 0; i < count; i++) {
        clp_course_add(&course, values[i]);
    }
    return course;
}

static void test_slope_is_of_the_later_half(void **state) {
    (void)state;
    double growing[] = {900, 100, 10, 20, 30, 40}, flat[] = {5, 9, 9, 9};
    clp_course course = course_of(growing, 6);
    assert_float_equal(clp_memory_slope(&course), 10, 1e-9);
    course = course_of(flat, 4);
    assert_float_equal(clp_memory_slope(&course), 0, 1e-9);
    course = course_of(growing, 2); /* too few to tell */
    assert_float_equal(clp_memory_slope(&course), 0, 0);
}

static clp_growth growth_of(const double *values, size_t count) {
    clp_course course = course_of(values, count);
    return clp_memory_growth(&course);
}

static void test_growth_is_told_from_noise(void **state) {
    (void)state;
    double items[16];
    for (size_t i = 0; i < 16; i++) {
        items[i] = 1e6 * (double)(100 + i);
    }
    assert_int_equal(growth_of(items, 16), CLP_GROWTH_SEEN);
    assert_int_equal(growth_of(items, 12), CLP_GROWTH_UNKNOWN);
    for (size_t i = 0; i < 16; i++) {
        items[i] = 100e6 + (double)i; /* sure, and nothing */
    }
    assert_int_equal(growth_of(items, 16), CLP_GROWTH_NONE);
    for (size_t i = 0; i < 16; i++) {
        items[i] = i % 2 ? 110e6 : 100e6;
    }
    items[15] = 140e6;
    assert_int_equal(growth_of(items, 16), CLP_GROWTH_NONE);
    for (size_t i = 0; i < 16; i++) {
        items[i] = 1e6 * (double)((i < 12 ? 100 : 110) + i % 4); /* rises once, and stays */
    }
    assert_int_equal(growth_of(items, 16), CLP_GROWTH_NONE);
    for (size_t i = 0; i < 16; i++) {
        items[i] = 1e6 * (double)(116 - i);
    }
    assert_int_equal(growth_of(items, 16), CLP_GROWTH_NONE);
}

/** More iterations than points: means of neighbours, and the figures of all. */
static void test_a_long_course_takes_no_more_room(void **state) {
    (void)state;
    clp_course course = {0};
    const uint64_t all = 1000003;
    for (uint64_t i = 0; i < all; i++) {
        clp_course_add(&course, 100e6 + 8 * (double)i);
    }
    assert_int_equal(course.values, all);
    assert_int_equal(course.span, 1024);
    assert_int_equal(course.count, all / 1024);
    for (size_t i = 0; i < course.count; i++) {
        assert_float_equal(course.points[i], 100e6 + 8 * (1024 * (double)i + 511.5), 1e-3);
    }
    assert_float_equal(course.first[3], 100e6 + 24, 0);
    assert_float_equal(course.last, 100e6 + 8 * 1000002, 0);
    assert_float_equal(course.least, 100e6, 0);
    assert_float_equal(course.most, course.last, 0);
    assert_float_equal(clp_memory_slope(&course), 8, 1e-6);
    assert_int_equal(clp_memory_growth(&course), CLP_GROWTH_SEEN);
}

/** A long test shows all its iterations, in few columns. */
static void test_course_has_every_iteration(void **state) {
    (void)state;
    clp_case one = {.name = "gray"};
    clp_cases cases = {.items = &one, .count = 1};
    clp_case_record record = {0};
    clproc_stress_result result = {.iterations = 17};
    clp_course memory = {0};
    clp_stress_report report = {.result = &result,
                                .cases = &cases,
                                .records = &record,
                                .memory = &memory,
                                .device = "a device"};
    clp_text text = {0};
    for (size_t i = 0; i < 17; i++) {
        clp_course_add(&record.rates, i < 15 ? 20 : 40 + 4 * (double)(i - 15));
        clp_course_add(&memory, 50e6);
    }
    clp_stress_print(&text, &report);
    clp_text_add_bytes(&text, "", 1);
    assert_non_null(strstr(text.data, "    13-15    16-17\n"));
    assert_non_null(strstr(text.data, "     20.0     42.0\n"));
    assert_non_null(strstr(text.data, "     50.0     50.0\n"));
    assert_non_null(strstr(text.data, "no growth that is more than chance"));
    clp_text_free(&text);
}

/** Large numbers keep apart from their neighbours. */
static void test_columns_stay_apart(void **state) {
    (void)state;
    clp_case one = {.name = "gray"};
    clp_cases cases = {.items = &one, .count = 1};
    clp_case_record record = {.failed = 28200, .differing = 14101};
    clproc_stress_result result = {.iterations = 2000};
    clp_course memory = {0};
    clp_stress_report report = {.result = &result,
                                .cases = &cases,
                                .records = &record,
                                .memory = &memory,
                                .device = "a device"};
    clp_text text = {0};
    for (size_t i = 0; i < 2000; i++) {
        clp_course_add(&record.rates, 20);
        clp_course_add(&memory, 50e6);
    }
    clp_stress_print(&text, &report);
    clp_text_add_bytes(&text, "", 1);
    assert_non_null(strstr(text.data, " 28200  14101 differ\n"));
    assert_non_null(strstr(text.data, " 501-750    -1000    -1250 "));
    clp_text_free(&text);
}

static void test_differences_are_told(void **state) {
    (void)state;
    double rates[] = {10, 20, 30}, resident[] = {1e6, 2e6, 4e6};
    clp_course memory = course_of(resident, 3);
    clp_case one = {.name = "blur 2"};
    clp_cases cases = {.items = &one, .count = 1};
    clp_case_record record = {.rates = course_of(rates, 3),
                              .failed = 2,
                              .differing = 1,
                              .differs_in = 3,
                              .differs_at = "out/07.jpg"};
    clproc_stress_result result = {.pictures = 58,
                                   .failed = 2,
                                   .iterations = 3,
                                   .differing = 1,
                                   .seconds = 3,
                                   .memory_slope = 2e6};
    clp_stress_report report = {.result = &result,
                                .cases = &cases,
                                .records = &record,
                                .memory = &memory,
                                .device = "a device",
                                .images = 20,
                                .pictures = 1};
    clp_text text = {0};
    clp_stress_print(&text, &report);
    clp_text_add_bytes(&text, "", 1);
    assert_non_null(strstr(text.data, "20 images an iteration (1 different picture) on a device"));
    assert_non_null(strstr(text.data, "blur 2: iteration 3 gave another output than iteration 1, "
                                      "first at out/07.jpg"));
    assert_non_null(strstr(text.data, "1 differ\n"));
    assert_non_null(strstr(text.data, "+2.00 MB per iteration"));
    assert_non_null(strstr(text.data, "100 %")); /* 10 to 30 around 20 */
    clp_text_free(&text);
}

static void test_cases(void **state) {
    (void)state;
    clproc_stress_params params;
    clp_cases cases = {0};
    clproc_stress_params_init(&params);
    assert_int_equal(params.iterations, 3);
    assert_int_equal(params.image_count, 20);
    assert_float_equal(params.blur_radius, 5, 0);
    params.blur_radius = 8;
    assert_int_equal(clp_cases_make(&cases, &params, NULL), CLPROC_OK);
    assert_int_equal(cases.count, 10);
    assert_string_equal(cases.items[0].name, "blur 2");
    assert_string_equal(cases.items[2].name, "blur 8");
    assert_int_equal(cases.items[9].format, CLPROC_FORMAT_PNG);
    clp_cases_free(&cases);

    /* Every operation can be named alone. */
    for (size_t i = 0; i < clproc_op_count(); i++) {
        const char *const name[] = {clproc_op_at(i)->name};
        params.operations = name;
        params.operation_count = 1;
        assert_int_equal(clp_cases_make(&cases, &params, NULL), CLPROC_OK);
        assert_true(cases.count >= 1);
        size_t length = strlen(cases.items[0].name);
        assert_true(length > 0 && cases.items[0].name[length - 1] != ' ');
        clp_cases_free(&cases);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outputs_are_compared_in_any_order),
        cmocka_unit_test(test_another_digest_is_named),
        cmocka_unit_test(test_a_missing_output_is_named),
        cmocka_unit_test(test_slope_is_of_the_later_half),
        cmocka_unit_test(test_growth_is_told_from_noise),
        cmocka_unit_test(test_a_long_course_takes_no_more_room),
        cmocka_unit_test(test_course_has_every_iteration),
        cmocka_unit_test(test_columns_stay_apart),
        cmocka_unit_test(test_differences_are_told),
        cmocka_unit_test(test_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
