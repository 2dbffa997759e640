/** Small generated pictures of every kind, planned and run on a device: for the self-test and the
 * kernel tests. */
#ifndef CLP_SELFTEST_TRIAL_H
#define CLP_SELFTEST_TRIAL_H

#include "device/device.h"
#include "ops/ops.h"

/** A kind of picture, and what is made of it. */
typedef struct clp_trial_kind {
    clp_model model;
    uint32_t depth, h_step, v_step; /**< steps of the chroma planes */
    clproc_format format;
    const char *name;
} clp_trial_kind;

/** Noise with flat patches and extremes; alpha is often 0 or full. */
void clp_trial_fill(const clp_layout *layout, uint8_t *base, uint32_t seed);

/** What words before a pipeline ask for: "linear", in linear light; "icc-curves" and "icc-table",
 * from a wide space to sRGB first. */
typedef struct clp_trial_manner {
    bool linear, curves, table;
} clp_trial_manner;

/** Steps over such words. */
clp_trial_manner clp_trial_read_manner(const char **pipeline);

/** The conversion a manner asks for, by curves from P3, for gray from gamma 1.8, or by a table.
 * NULL if it asks for none; inks become RGB in any case. */
clproc_status clp_trial_conversion(clp_conversion **made, const clp_trial_manner *manner,
                                   clp_model model, clproc_error *error);

/** A small picture for every overlay that a pipeline names, instead of its file: coloured noise,
 * often transparent. */
clproc_status clp_trial_overlays(clp_overlays *overlays, const clproc_pipeline *pipeline,
                                 clproc_error *error);

/** Plans `pipeline` for a picture, whose colours are converted first unless `conversion` is NULL.
 * CLPROC_ERROR_ARGUMENT if the operations cannot apply to it. */
clproc_status clp_trial_plan(clp_plan **plan, const clproc_pipeline *pipeline, bool linear,
                             clp_conversion *conversion, const clp_trial_kind *kind, uint32_t width,
                             uint32_t height, clproc_error *error);

/** Runs a plan over the picture of a seed; `*result`, as plan->output says, is the caller's to free
 * with clp_memory_free(). */
clproc_status clp_trial_run(uint8_t **result, clp_device *device, clp_plan *plan, uint32_t seed,
                            clproc_error *error);

#endif
