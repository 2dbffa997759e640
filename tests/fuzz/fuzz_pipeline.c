#include "fuzz.h"
#include "ops/ops.h"
#include "plan/plan.h"
#include "selftest/trial.h"

#define LONGEST 4096

/** Plans the operations for a small picture. */
static void plan(const clproc_pipeline *pipeline, clp_model model, uint32_t depth) {
    clp_layout layout = {.model = model, .depth = depth, .width = 37, .height = 23};
    clp_target target = {.format = CLPROC_FORMAT_PNG};
    clp_terms terms;
    clp_plan *made = NULL;
    clproc_error error;
    for (int i = 0; i < CLP_MAX_PLANES; i++) {
        layout.planes[i].h_step = layout.planes[i].v_step = model == CLP_MODEL_YCC && i ? 2 : 1;
    }
    FUZZ_PROMISE(clp_layout_place(&layout));
    clp_terms_init(&terms, &layout, layout.width, layout.height);
    clp_overlays overlays = {0};
    FUZZ_PROMISE(clp_trial_overlays(&overlays, pipeline, &error) == CLPROC_OK);
    terms.overlays = &overlays;
    terms.limits = (clp_term_limits){.pixels = 1 << 22, .side = 4096, .bytes = 1 << 26};
    bool failed = fuzz_failed(clp_pipeline_terms(pipeline, &terms, &error), &error);
    clp_overlays_free(&overlays);
    terms.overlays = NULL;
    /* A large picture is planned like a small one, in more time. */
    if (failed || terms.width > 2000 || terms.height > 2000) {
        clp_terms_free(&terms);
        return;
    }
    fuzz_failed(clp_plan_create(&made, &layout, &terms, &target, &error), &error);
    clp_plan_release(&made);
}

/** What is printed means the same. */
static void print(const clproc_pipeline *pipeline) {
    clproc_pipeline *again = NULL;
    clproc_error error;
    size_t length = clproc_pipeline_print(pipeline, NULL, 0);
    char *text = malloc(length + 1), *second = malloc(length + 1);
    FUZZ_PROMISE(text && second && clproc_pipeline_print(pipeline, text, length + 1) == length);
    FUZZ_PROMISE(clproc_pipeline_create(&again, &error) == CLPROC_OK);
    FUZZ_PROMISE(length == 0 || clproc_pipeline_parse(again, text, &error) == CLPROC_OK);
    FUZZ_PROMISE(clproc_pipeline_print(again, second, length + 1) == length);
    FUZZ_PROMISE(strcmp(text, second) == 0);
    clproc_pipeline_destroy(&again);
    free(text);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char text[LONGEST + 1];
    clproc_pipeline *pipeline = NULL;
    clproc_error error;
    size = size < LONGEST ? size : LONGEST;
    memcpy(text, data, size);
    text[size] = '\0';
    FUZZ_PROMISE(clproc_pipeline_create(&pipeline, &error) == CLPROC_OK);
    if (!fuzz_failed(clproc_pipeline_parse(pipeline, text, &error), &error)) {
        print(pipeline);
        if (clproc_pipeline_length(pipeline) <= 16) {
            plan(pipeline, CLP_MODEL_YCC, 8);
            plan(pipeline, size % 2 ? CLP_MODEL_RGBA : CLP_MODEL_GRAY, size % 2 ? 16 : 8);
        }
    }
    clproc_pipeline_destroy(&pipeline);
    return 0;
}
