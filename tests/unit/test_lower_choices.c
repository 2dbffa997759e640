/** Plans: how few passes, tables and bytes known pipelines come to. */
#include "plan_fixture.h"

/** How a 4:2:0 JPEG is to be decoded for a pipeline and a format. */
static clp_model decoding(const char *text, clproc_format format, uint32_t *eighths) {
    clproc_pipeline *pipeline = NULL;
    clp_terms terms;
    clp_overlays overlays = {0};
    clp_target target = {.format = format};
    clp_layout layout = {.model = CLP_MODEL_YCC, .depth = 8, .width = 4000, .height = 3000};
    clp_model model;
    for (int i = 0; i < 3; i++) {
        layout.planes[i].h_step = layout.planes[i].v_step = i ? 2 : 1;
    }
    assert_true(clp_layout_place(&layout));
    clp_terms_init(&terms, &layout, 4000, 3000);
    assert_int_equal(clproc_pipeline_create(&pipeline, NULL), CLPROC_OK);
    assert_int_equal(clproc_pipeline_parse(pipeline, text, NULL), CLPROC_OK);
    assert_int_equal(clp_trial_overlays(&overlays, pipeline, NULL), CLPROC_OK);
    terms.overlays = &overlays;
    assert_int_equal(clp_pipeline_terms(pipeline, &terms, NULL), CLPROC_OK);
    clp_overlays_free(&overlays);
    clp_plan_choose_decoding(&terms, &target, CLP_MODEL_YCC, true, true, &model, eighths);
    clp_terms_free(&terms);
    clproc_pipeline_destroy(&pipeline);
    return model;
}

/** Gray reads the luma alone; where RGB is needed it is made where there is less of it; shrinking
 * leaves the resampler a factor of two. */
static void test_how_to_decode(void **state) {
    (void)state;
    static const struct {
        const char *pipeline;
        clproc_format format;
        clp_model model;
        uint32_t eighths;
    } cases[] = {
        {"resize 1500x | gray", CLPROC_FORMAT_JPEG, CLP_MODEL_GRAY, 8},
        {"resize 1000x", CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 4},
        {"resize 500x", CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 2},
        {"resize 100x", CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 1},
        {"resize 2000x300:fit=fill", CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 8},
        {"resize 500x:filter=nearest", CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 8},
        {"crop 3000x3000 | resize 100x", CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 8},
        {"resize 1500x | saturation 2", CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 8},
        {"saturation 2", CLPROC_FORMAT_JPEG, CLP_MODEL_RGB, 8},
        {"gamma 2 | resize 1500x", CLPROC_FORMAT_JPEG, CLP_MODEL_RGB, 8},
        {"rotate 90", CLPROC_FORMAT_PNG, CLP_MODEL_RGB, 8},
        {"rotate 90", CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 8},
        {"overlay o", CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 8},
        {"resize 500x | overlay o", CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 2},
        {"overlay o | resize 500x", CLPROC_FORMAT_JPEG, CLP_MODEL_RGB, 8},
        {"overlay o | contrast 1.5", CLPROC_FORMAT_JPEG, CLP_MODEL_RGB, 8},
        {"overlay o", CLPROC_FORMAT_PNG, CLP_MODEL_RGB, 8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t eighths;
        clp_model model = decoding(cases[i].pipeline, cases[i].format, &eighths);
        if (model != cases[i].model || eighths != cases[i].eighths) {
            fail_msg("%s: model %d, %u eighths", cases[i].pipeline, model, eighths);
        }
    }
}

static void test_jpeg_stays_in_its_planes(void **state) {
    (void)state;
    clp_plan *plan = make_plan("resize 50%", &kinds[4], 400, 300, false);
    assert_int_equal(plan->pass_count, 6);
    assert_int_equal(plan->level_count, 2);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(plan->passes[i].kind, CLP_PASS_FILTER);
    }
    clp_plan_release(&plan);
    plan = make_plan("rotate 180", &kinds[4], 400, 304, false);
    for (size_t i = 0; i < plan->pass_count; i++) {
        assert_int_equal(plan->passes[i].kind, CLP_PASS_REINDEX);
    }
    clp_plan_release(&plan);
    /* An overlay is laid over each plane by itself. */
    plan = make_plan("rotate 180 | overlay o:width=10% | overlay p", &kinds[4], 400, 304, false);
    assert_int_equal(plan->pass_count, 6);
    assert_int_equal(plan->level_count, 2);
    for (size_t i = 0; i < plan->pass_count; i++) {
        assert_int_equal(plan->passes[i].kind, i < 3 ? CLP_PASS_REINDEX : CLP_PASS_COLOUR);
    }
    clp_plan_release(&plan);
    plan = make_plan("overlay o", &kinds[4], 400, 304, false);
    assert_int_equal(plan->pass_count, 3);
    assert_int_equal(plan->level_count, 1);
    clp_plan_release(&plan);
}

/** Floats where integers would not do: depth, alpha that is filtered, linear light, values that
 * would leave 16 bits upwards or downwards, coefficients that would leave 32, weights so many that
 * their rounding adds up, and what multiplies an error of rounding. */
static void test_who_is_computed_in_floats(void **state) {
    (void)state;
    static const struct {
        const char *pipeline;
        size_t kind;
        uint32_t width;
        bool linear, real;
    } cases[] = {
        {"resize 50%", 0, 60, false, false},
        {"resize 50%", 4, 60, false, false},
        {"resize 50%", 8, 60, false, true},
        {"resize 50%", 3, 60, false, true},
        {"resize 50%", 1, 60, true, true},
        {"resize 200%:filter=lanczos3 | brightness 4 | resize 150%:filter=lanczos3 | brightness 4 "
         "| "
         "resize 150%:filter=lanczos3",
         1, 60, false, true},
        {"box-blur 20", 1, 1000, false, false},
        {"box-blur 165", 1, 1000, false, true},
        {"blur 60", 1, 1000, false, false},
        {"sharpen 1:amount=0.1:channels=rgb", 4, 60, false, false},
        {"sharpen 1:amount=0.3:channels=rgb", 4, 60, false, true},
        {"saturation 1.1 | pad 70x:colour=#fff | resize 50%", 2, 60, false, false},
        {"saturation 1.4 | pad 70x:colour=#fff | resize 50%", 2, 60, false, true},
        {"matrix -1.1,0,0,0,-1.1,0,0,0,-1.1 | pad 70x | resize 80%", 2, 60, false, false},
        {"matrix -1.5,0,0,0,-1.5,0,0,0,-1.5 | pad 70x | resize 80%", 2, 60, false, true},
        {"matrix -2.2,0,0,0,-2.2,0,0,0,-2.2 | pad 70x | blur 1", 1, 60, false, true},
        {"contrast 30", 1, 60, false, false},
        {"contrast 60", 1, 60, false, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clp_plan *plan = make_plan(cases[i].pipeline, &kinds[cases[i].kind], cases[i].width, 50,
                                   cases[i].linear);
        bool real = false;
        for (size_t k = 0; k < plan->pass_count; k++) {
            real |= plan->passes[k].kind != CLP_PASS_REINDEX && plan->passes[k].real;
        }
        if (real != cases[i].real) {
            fail_msg("%s: floats %d", cases[i].pipeline, real);
        }
        clp_plan_release(&plan);
    }
}

/** Equal tables are stored once: of three planes, two are alike. */
static void test_equal_tables_are_one(void **state) {
    (void)state;
    clp_plan *plan = make_plan("resize 50%", &kinds[4], 400, 300, false);
    uint32_t different = 0;
    for (size_t i = 0; i < plan->pass_count; i++) {
        bool seen = false;
        for (size_t k = 0; k < i; k++) {
            seen |= plan->passes[k].weights == plan->passes[i].weights;
        }
        different += !seen;
    }
    assert_int_equal(different, 4);
    clp_plan_release(&plan);
}

/** Alpha multiplies colours as the first filter reads them, unless something else has to be done to
 * pixels before, or the filter does not read the picture's own samples. */
static void test_filters_premultiply(void **state) {
    (void)state;
    static const struct {
        const char *pipeline;
        size_t kind;
        bool linear, reads;
        clp_pass_kind first;
    } cases[] = {
        {"blur 1", 3, false, true, CLP_PASS_FILTER},
        {"blur 1", 9, false, true, CLP_PASS_FILTER},
        {"sharpen 1", 3, false, true, CLP_PASS_FILTER},
        {"blur 1 | gamma 2 | blur 1", 3, false, true, CLP_PASS_FILTER},
        {"rotate 90 | resize 50%", 3, false, true, CLP_PASS_FILTER},
        {"blur 1", 1, false, false, CLP_PASS_FILTER},
        {"gamma 2 | blur 1", 3, false, false, CLP_PASS_COLOUR},
        {"blur 1", 3, true, false, CLP_PASS_COLOUR},
        {"flip h", 3, false, false, CLP_PASS_REINDEX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clp_plan *plan =
            make_plan(cases[i].pipeline, &kinds[cases[i].kind], 70, 45, cases[i].linear);
        uint32_t readers = 0;
        for (size_t k = 0; k < plan->pass_count; k++) {
            readers += plan->passes[k].premultiply;
        }
        assert_int_equal(plan->passes[0].kind, cases[i].first);
        assert_int_equal(plan->passes[0].premultiply, cases[i].reads);
        assert_int_equal(readers, cases[i].reads);
        clp_plan_release(&plan);
    }
}

/** The step of a kind with which a plan runs its curve; NULL if there is none. */
static const clp_step *find_step(const clp_plan *plan, clp_step_kind kind) {
    for (size_t i = 0; i < plan->pass_count; i++) {
        for (uint32_t k = 0; k < plan->passes[i].step_count; k++) {
            if (plan->passes[i].steps[k].kind == kind) {
                return &plan->passes[i].steps[k];
            }
        }
    }
    return NULL;
}

/** Curves of floats take as few pieces as do: cubics for 8 bits, lines in octaves, and where one
 * turns far from 0, or 16 bits want them, those of its own. */
static void test_pieces_of_curves(void **state) {
    (void)state;
    static const struct {
        const char *pipeline;
        size_t kind;
        clp_step_kind step;
        float bias;
    } cases[] = {
        {"resize 50% | gamma 1.2", 4, CLP_STEP_CUBIC, 1.0F / 32768},
        {"resize 50% | gamma 3", 4, CLP_STEP_CURVE, 1.0F / 256},
        {"resize 50% | gamma 2.2", 8, CLP_STEP_CURVE, 1},
        {"resize 50% | levels 100:gamma=2", 4, CLP_STEP_CURVE, 1},
        {"resize 50% | gamma 0.9", 4, CLP_STEP_CURVE, 0}, /* integers */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clp_plan *plan = make_plan(cases[i].pipeline, &kinds[cases[i].kind], 400, 300, false);
        const clp_step *step = find_step(plan, cases[i].step);
        assert_non_null(step);
        if (step->value[0] != cases[i].bias) {
            fail_msg("%s: bias %g", cases[i].pipeline, (double)step->value[0]);
        }
        clp_plan_release(&plan);
    }
}

/** A curve clamps colours by itself, and of two clamps in a row one is enough; alpha needs one. */
static void test_no_clamp_before_a_curve(void **state) {
    (void)state;
    static const struct {
        const char *pipeline;
        size_t kind;
        bool clamps;
    } cases[] = {
        {"resize 50% | gamma 1.2", 4, false},
        {"resize 50% | gamma 0.9", 4, false}, /* integers */
        {"resize 50% | gamma 1.2", 3, true},
        {"resize 50% | colour hsv", 4, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clp_plan *plan = make_plan(cases[i].pipeline, &kinds[cases[i].kind], 400, 300, false);
        if ((find_step(plan, CLP_STEP_CLAMP) != NULL) != cases[i].clamps) {
            fail_msg("%s, %s: a clamp too many, or none", cases[i].pipeline,
                     kinds[cases[i].kind].name);
        }
        for (size_t k = 0; k < plan->pass_count; k++) {
            const clp_pass *pass = &plan->passes[k];
            for (uint32_t j = 1; j < pass->step_count; j++) {
                assert_false(pass->steps[j].kind == CLP_STEP_CLAMP &&
                             pass->steps[j - 1].kind == CLP_STEP_CLAMP);
            }
        }
        clp_plan_release(&plan);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_how_to_decode),
        cmocka_unit_test(test_jpeg_stays_in_its_planes),
        cmocka_unit_test(test_who_is_computed_in_floats),
        cmocka_unit_test(test_equal_tables_are_one),
        cmocka_unit_test(test_filters_premultiply),
        cmocka_unit_test(test_pieces_of_curves),
        cmocka_unit_test(test_no_clamp_before_a_curve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
