/** Sums of small pictures: the same on every device, and the reference's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/feature_sums.h"
#include "core/memory.h"
#include "devices.h"
#include "selftest/trial.h"

/* One pixel, one row, one column, fewer pixels than cells, odd, as large as may be. */
static const uint32_t shapes[][2] = {{1, 1},   {1, 19},  {23, 1},   {2, 3},     {31, 33},  {97, 61},
                                     {320, 1}, {1, 320}, {320, 13}, {213, 320}, {320, 320}};

typedef struct place {
    const char *selection, *force;
} place;

static clp_plan *make_plan(clp_model model, const uint32_t shape[2]) {
    clp_layout layout = {.model = model, .depth = 8, .width = shape[0], .height = shape[1]};
    clp_target target = {.format = CLPROC_FORMAT_PNG, .features = true};
    clp_terms terms;
    clp_plan *plan = NULL;
    assert_true(clp_layout_place(&layout));
    clp_terms_init(&terms, &layout, layout.width, layout.height);
    assert_int_equal(clp_plan_create(&plan, &layout, &terms, &target, NULL), CLPROC_OK);
    return plan;
}

static void check_shape(clp_device *device, const char *what, clp_model model,
                        const uint32_t shape[2]) {
    clp_plan *plan = make_plan(model, shape);
    clproc_error error = {0};
    uint8_t *input = calloc(1, plan->input.bytes), *expected = calloc(1, plan->output.bytes), *out;
    assert_true(input && expected);
    clp_trial_fill(&plan->input, input, 5);
    assert_int_equal(clp_reference_run(plan, input, expected, NULL, &error), CLPROC_OK);
    if (clp_trial_run(&out, device, plan, 5, &error) != CLPROC_OK) {
        fail_msg("%s: %s", what, error.message);
    }
    for (uint32_t strip = 0; strip < FEATURE_CELLS; strip++) {
        size_t at = plan->output.planes[0].offset + strip * plan->output.planes[0].pitch;
        if (memcmp(out + at, expected + at, STRIP_INTS * sizeof(int32_t)) != 0) {
            fail_msg("%s, %u x %u of %s: strip %u has other sums than the reference", what,
                     shape[0], shape[1], clp_model_name(model), strip);
        }
    }
    clp_memory_free(out);
    free(input);
    free(expected);
    clp_plan_release(&plan);
}

static void check_on(const place *p) {
    clproc_error error = {0};
    clp_device *device;
    char what[64];
    setenv("CLPROC_FORCE", p->force, 1);
    clproc_status status =
        clp_device_open(&device, &(clp_device_params){.selection = p->selection}, &error);
    unsetenv("CLPROC_FORCE");
    if (status != CLPROC_OK) {
        fail_msg("device %s: %s", p->selection, error.message);
    }
    snprintf(what, sizeof what, "device %s (%s)", p->selection, p->force);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        check_shape(device, what, CLP_MODEL_RGB, shapes[i]);
        check_shape(device, what, CLP_MODEL_GRAY, shapes[i]);
    }
    clp_device_close(&device);
}

static void on_pocl(void **state) {
    (void)state;
    const char *pocl = need_pocl();
    const char *const forces[] = {"", "discrete", "group", "group limit=1", "group limit=33"};
    for (size_t i = 0; i < sizeof forces / sizeof *forces; i++) {
        check_on(&(place){.selection = pocl, .force = forces[i]});
    }
}

static void on_rusticl(void **state) {
    (void)state;
    const char *rusticl = find_device(RUSTICL, "cpu");
    if (!rusticl) {
        SKIP_BECAUSE("rusticl has no llvmpipe");
    }
    check_on(&(place){.selection = rusticl, .force = ""});
    check_on(&(place){.selection = rusticl, .force = "group"});
}

static void on_gpu(void **state) {
    (void)state;
    const char *gpu = find_device(NULL, "gpu");
    if (!gpu) {
        SKIP_BECAUSE("there is no GPU");
    }
    check_on(&(place){.selection = gpu, .force = ""});
}

/** What cannot be summed is refused when it is planned. */
static void too_large(void **state) {
    (void)state;
    clp_layout layout = {.model = CLP_MODEL_RGB, .depth = 8, .width = 321, .height = 5};
    clp_target target = {.format = CLPROC_FORMAT_PNG, .features = true};
    clp_terms terms;
    clp_plan *plan = NULL;
    assert_true(clp_layout_place(&layout));
    clp_terms_init(&terms, &layout, layout.width, layout.height);
    assert_int_equal(clp_plan_create(&plan, &layout, &terms, &target, NULL), CLPROC_ERROR_INTERNAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_pocl),
        cmocka_unit_test(on_rusticl),
        cmocka_unit_test(on_gpu),
        cmocka_unit_test(too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
