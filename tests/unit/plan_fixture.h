/** Plans of pipelines for pictures of several kinds. */
#ifndef PLAN_FIXTURE_H
#define PLAN_FIXTURE_H

#include "matrices.h"

#include "core/memory.h"
#include "device/device.h"
#include "ops/ops.h"
#include "plan/plan.h"
#include "selftest/trial.h"

static const clp_trial_kind kinds[] = {
    {CLP_MODEL_GRAY, 8, 1, 1, CLPROC_FORMAT_PNG, "gray"},
    {CLP_MODEL_RGB, 8, 1, 1, CLPROC_FORMAT_PNG, "rgb"},
    {CLP_MODEL_RGB, 8, 1, 1, CLPROC_FORMAT_JPEG, "rgb to jpeg"},
    {CLP_MODEL_RGBA, 8, 1, 1, CLPROC_FORMAT_PNG, "rgba"},
    {CLP_MODEL_YCC, 8, 2, 2, CLPROC_FORMAT_JPEG, "4:2:0"},
    {CLP_MODEL_YCC, 8, 2, 1, CLPROC_FORMAT_JPEG, "4:2:2"},
    {CLP_MODEL_YCC, 8, 4, 1, CLPROC_FORMAT_JPEG, "4:1:1"},
    {CLP_MODEL_YCC, 8, 2, 2, CLPROC_FORMAT_PNG, "4:2:0 to png"},
    {CLP_MODEL_GRAY, 16, 1, 1, CLPROC_FORMAT_PNG, "gray 16"},
    {CLP_MODEL_RGBA, 16, 1, 1, CLPROC_FORMAT_PNG, "rgba 16"},
};
#define KINDS (sizeof kinds / sizeof *kinds)

/** NULL where a crop lies outside of a small picture. */
static inline clp_plan *make_plan(const char *text, const clp_trial_kind *kind, uint32_t width,
                                  uint32_t height, bool linear) {
    clproc_pipeline *pipeline = NULL;
    clproc_error error = {0};
    clp_plan *plan = NULL;
    assert_int_equal(clproc_pipeline_create(&pipeline, &error), CLPROC_OK);
    assert_int_equal(clproc_pipeline_parse(pipeline, text, &error), CLPROC_OK);
    clproc_status status =
        clp_trial_plan(&plan, pipeline, linear, NULL, kind, width, height, &error);
    clproc_pipeline_destroy(&pipeline);
    if (status != CLPROC_OK && status != CLPROC_ERROR_ARGUMENT) {
        fail_msg("%s on %s: %s", text, kind->name, error.message);
    }
    return plan;
}

#endif
