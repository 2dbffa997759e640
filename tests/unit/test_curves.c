/** Curves that plans share, and what is kept with a conversion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdint.h>
#include <string.h>

#include "core/memory.h"
#include "ops/ops.h"
#include "plan/plan.h"

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
    static uint8_t large[3 << 19];
    uint64_t before = clp_memory_usage(CLP_MEMORY_PLAN).current;
    size_t size = 0;
    clp_conversion *conversion = NULL;
    assert_int_equal(clp_conversion_create(&conversion, 1, 1, NULL), CLPROC_OK);
    assert_null(clp_derived_recall(&conversion->derived, "a", 1, &size));
    clp_derived_remember(&conversion->derived, "a", 1, "first", 6);
    clp_derived_remember(&conversion->derived, "a", 1, "second", 7);
    clp_derived_remember(&conversion->derived, "ab", 2, large, sizeof large);
    const char *kept = clp_derived_recall(&conversion->derived, "a", 1, &size);
    assert_non_null(kept);
    assert_int_equal(size, 6);
    assert_string_equal(kept, "first");
    assert_int_equal((uintptr_t)kept % _Alignof(max_align_t), 0);
    assert_non_null(clp_derived_recall(&conversion->derived, "ab", 2, &size));
    assert_int_equal(size, sizeof large);
    /* No more than 2 MB. */
    clp_derived_remember(&conversion->derived, "b", 1, large, sizeof large);
    assert_null(clp_derived_recall(&conversion->derived, "b", 1, &size));
    clp_conversion_release(&conversion);
    assert_int_equal(clp_memory_usage(CLP_MEMORY_PLAN).current, before);
}

/* ------------------------------------------------------------------------- plans */

static const struct {
    const char *text;
    bool linear;
} wanted[] = {
    {"gamma 2.2", false},
    {"resize 50% | gamma 2.2", false},
    {"gamma 2.2 | blur 1 | levels 10:white=240:gamma=1.2", false},
    {"colour lab", false},
    {"resize 19x", true},
    {"resize 19x | gamma 2.2", true},
};
#define WANTED (sizeof wanted / sizeof *wanted)

/** Of 8 or 16 bits, to 8 or 16, of each bit of `number`. */
static clp_plan *make_plan(clp_curves *curves, size_t wish, unsigned number) {
    clp_layout layout = {.model = number & 1 ? CLP_MODEL_RGBA : CLP_MODEL_RGB,
                         .depth = number & 2 ? 16 : 8,
                         .width = 40 + number,
                         .height = 30};
    clp_target target = {.format = CLPROC_FORMAT_PNG, .depth = number & 4 ? 16 : 8};
    clproc_pipeline *pipeline = NULL;
    clp_terms terms;
    clp_plan *plan = NULL;
    assert_true(clp_layout_place(&layout));
    assert_int_equal(clproc_pipeline_create(&pipeline, NULL), CLPROC_OK);
    assert_int_equal(clproc_pipeline_parse(pipeline, wanted[wish].text, NULL), CLPROC_OK);
    clp_terms_init(&terms, &layout, layout.width, layout.height);
    terms.depth = terms.depth > target.depth ? terms.depth : target.depth;
    terms.linear = wanted[wish].linear;
    terms.curves = curves;
    assert_int_equal(clp_pipeline_terms(pipeline, &terms, NULL), CLPROC_OK);
    assert_int_equal(clp_plan_create(&plan, &layout, &terms, &target, NULL), CLPROC_OK);
    clproc_pipeline_destroy(&pipeline);
    return plan;
}

static void expect_equal(const clp_plan *a, const clp_plan *b) {
    assert_int_equal(a->pass_count, b->pass_count);
    for (size_t i = 0; i < a->pass_count; i++) {
        const clp_pass *x = &a->passes[i], *y = &b->passes[i];
        assert_int_equal(x->step_count, y->step_count);
        assert_memory_equal(x->steps, y->steps, x->step_count * sizeof *x->steps);
    }
    assert_int_equal(a->table_bytes, b->table_bytes);
    if (a->table_bytes > 0) {
        assert_memory_equal(a->tables, b->tables, a->table_bytes);
    }
}

/** Whatever was planned before, a plan is what it would be alone. */
static void test_plans_are_as_if_alone(void **state) {
    enum { KINDS = 8, ALL = KINDS * WANTED };
    (void)state;
    for (int turn = 0; turn < 3; turn++) {
        clp_curves *curves = NULL;
        assert_int_equal(clp_curves_create(&curves, NULL), CLPROC_OK);
        for (size_t i = 0; i < ALL; i++) {
            /* In order, in reverse, and mixed: 5 and 48 have no factor in common. */
            size_t one = turn == 0 ? i : turn == 1 ? ALL - 1 - i : i * 5 % ALL;
            clp_plan *shared = make_plan(curves, one / KINDS, one % KINDS);
            clp_plan *alone = make_plan(NULL, one / KINDS, one % KINDS);
            expect_equal(shared, alone);
            clp_plan_release(&shared);
            clp_plan_release(&alone);
        }
        clp_curves_destroy(&curves);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_curves_are_sampled_once),
        cmocka_unit_test(test_any_number_of_curves),
        cmocka_unit_test(test_what_is_kept_with_a_conversion),
        cmocka_unit_test(test_plans_are_as_if_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
