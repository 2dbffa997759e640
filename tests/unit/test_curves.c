/** Curves that plans share, and what is kept with a conversion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdint.h>
#include <string.h>

#include "core/memory.h"
#include "plan/curves.h"

static int calls;

static double scaled(double value, const void *context) {
    calls++;
    return value * *(const double *)context;
}

static double square(double value, const void *unused) {
    (void)unused;
    calls++;
    return value * value;
}

static clp_conversion *get(clp_curves *curves, clp_curve_function *function, const double *factor) {
    clp_conversion *made = NULL;
    assert_int_equal(
        clp_curves_get(curves, function, factor, factor ? sizeof *factor : 0, &made, NULL),
        CLPROC_OK);
    return made;
}

static void test_equal_curves_are_sampled_once(void **state) {
    (void)state;
    const double half = 0.5, twice = 2, half_again = 0.5;
    clp_curves *curves = NULL;
    assert_int_equal(clp_curves_create(&curves, NULL), CLPROC_OK);
    calls = 0;
    clp_conversion *got[] = {get(curves, scaled, &half), get(curves, scaled, &twice),
                             get(curves, scaled, &half_again), get(curves, square, NULL),
                             get(curves, square, NULL)};
    assert_int_equal(calls, 3 * (CLP_CURVE_SIZE + 1));
    assert_ptr_equal(got[0], got[2]);
    assert_ptr_equal(got[3], got[4]);
    assert_ptr_not_equal(got[0], got[1]);
    assert_ptr_not_equal(got[0], got[3]);
    clp_curves_destroy(&curves);
    /* They outlive what kept them; values are cut off. */
    assert_true(got[0]->before[0][CLP_CURVE_SIZE] == 0.5F);
    assert_true(got[1]->before[0][CLP_CURVE_SIZE] == 1);
    assert_true(got[3]->before[0][0] == 0);
    for (size_t i = 0; i < sizeof got / sizeof *got; i++) {
        clp_conversion_release(&got[i]);
    }
}

/** A run with more curves than are kept makes the others anew. */
static void test_any_number_of_curves(void **state) {
    (void)state;
    clp_curves *curves = NULL;
    assert_int_equal(clp_curves_create(&curves, NULL), CLPROC_OK);
    for (int i = 0; i < 100; i++) {
        double factor = i / 100.0;
        clp_conversion *made = get(curves, scaled, &factor);
        assert_true(made->before[0][CLP_CURVE_SIZE] == (float)factor);
        clp_conversion_release(&made);
    }
    clp_curves_destroy(&curves);
}

static void test_what_is_kept_with_a_conversion(void **state) {
    (void)state;
    static uint8_t large[3 << 20];
    uint64_t before = clp_memory_usage(CLP_MEMORY_PLAN).current;
    size_t size = 0;
    clp_conversion *conversion = NULL;
    assert_int_equal(clp_conversion_create(&conversion, 1, 1, NULL), CLPROC_OK);
    assert_null(clp_conversion_recall(conversion, "a", 1, &size));
    clp_conversion_remember(conversion, "a", 1, "first", 6);
    clp_conversion_remember(conversion, "a", 1, "second", 7);
    clp_conversion_remember(conversion, "ab", 2, large, sizeof large);
    const char *kept = clp_conversion_recall(conversion, "a", 1, &size);
    assert_non_null(kept);
    assert_int_equal(size, 6);
    assert_string_equal(kept, "first");
    assert_int_equal((uintptr_t)kept % _Alignof(max_align_t), 0);
    assert_non_null(clp_conversion_recall(conversion, "ab", 2, &size));
    assert_int_equal(size, sizeof large);
    /* No more than 4 MB. */
    clp_conversion_remember(conversion, "b", 1, large, sizeof large);
    assert_null(clp_conversion_recall(conversion, "b", 1, &size));
    clp_conversion_release(&conversion);
    assert_int_equal(clp_memory_usage(CLP_MEMORY_PLAN).current, before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_curves_are_sampled_once),
        cmocka_unit_test(test_any_number_of_curves),
        cmocka_unit_test(test_what_is_kept_with_a_conversion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
