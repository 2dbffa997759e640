/** Banded matrices: what a linear step does along one axis, in double precision. */
#ifndef CLP_PLAN_AXIS_H
#define CLP_PLAN_AXIS_H

#include "core/error.h"

/**
 * out[i] = Σ_k weight[i·taps + k] · in[start[i] + k] + fill · (1 − Σ_k weight[i·taps + k])
 *
 * Every window lies inside the input: 0 ≤ start[i] and start[i] + taps ≤ in. Rows with a shorter
 * window hold zeros. A row that reaches outside the picture has Σ < 1; the colour it takes for the
 * rest is the term's, not the matrix's.
 */
typedef struct clp_axis {
    uint32_t in, out; /**< samples */
    uint32_t taps;    /**< stride of `weight`; at least 1, at most `in` */
    int32_t *start;   /**< `out` entries */
    double *weight;   /**< `out` × `taps` entries */
} clp_axis;

typedef enum clp_filter {
    CLP_FILTER_BOX,
    CLP_FILTER_BILINEAR,
    CLP_FILTER_CATMULL_ROM,
    CLP_FILTER_MITCHELL,
    CLP_FILTER_LANCZOS3,
    CLP_FILTER_AREA,
    CLP_FILTER_NEAREST
} clp_filter;

void clp_axis_free(clp_axis *axis);

/* Each constructor makes `axis`, whose former content it does not look at; free it with
 * clp_axis_free(). */

clproc_status clp_axis_identity(clp_axis *axis, uint32_t length, clproc_error *error);
/** Takes `out` samples beginning with `first` (which may lie outside: those rows are empty),
 * forwards or, with `reverse`, backwards: row i takes sample first − i. Crop, pad and flip. */
clproc_status clp_axis_window(clp_axis *axis, uint32_t in, int64_t first, bool reverse,
                              uint32_t out, clproc_error *error);
/** Antialiased resize of the source box [a, b) to `out` samples (docs/numerics.md, section 1). */
clproc_status clp_axis_resize(clp_axis *axis, clp_filter filter, uint32_t in, double a, double b,
                              uint32_t out, clproc_error *error);
/** Gaussian of standard deviation `sigma` cut at `radius`, edges replicated (docs/numerics.md,
 * section 3).
 */
clproc_status clp_axis_gaussian(clp_axis *axis, uint32_t length, double sigma, uint32_t radius,
                                clproc_error *error);
/** Mean over 2·radius + 1 samples, edges replicated. */
clproc_status clp_axis_mean(clp_axis *axis, uint32_t length, uint32_t radius, clproc_error *error);
/** Chroma from `in` samples to `out` pixels, each sample standing for `step` pixels: libjpeg's
 * fancy upsampling in real numbers where `fancy` (step 2 only), else replication. */
clproc_status clp_axis_upsample(clp_axis *axis, uint32_t in, uint32_t out, uint32_t step,
                                bool fancy, clproc_error *error);
/** Means of `step` samples, the last sample repeated to a whole block: libjpeg's downsampling. */
clproc_status clp_axis_downsample(clp_axis *axis, uint32_t in, uint32_t step, clproc_error *error);
clproc_status clp_axis_copy(clp_axis *axis, const clp_axis *from, clproc_error *error);
/** The three factors of a Gaussian too wide to apply directly: blur and decimate · blur ·
 * interpolate. Their product is within the promise of clp_axis_gaussian(). Only the first touches
 * the picture's edge. */
clproc_status clp_axis_gaussian_factors(clp_axis factors[3], uint32_t length, double sigma,
                                        double cut, clproc_error *error);

/** axis = second · first. Of two wide matrices that takes seconds: fails soon after `*cancel`,
 * which may be NULL, is not 0. */
clproc_status clp_axis_compose(clp_axis *axis, const clp_axis *second, const clp_axis *first,
                               const volatile int *cancel, clproc_error *error);

/** Every row takes one whole sample, or none: nothing is filtered. */
bool clp_axis_is_index(const clp_axis *axis);
bool clp_axis_is_identity(const clp_axis *axis);
/** No row reaches outside. */
bool clp_axis_is_normalised(const clp_axis *axis);
/** max over rows of Σ|w|, the part filled with colour included. */
double clp_axis_gain(const clp_axis *axis);
/** How far clp_axis_quantise() moves a result at most, whatever the samples, of a range of 1. */
clproc_status clp_axis_rounding(const clp_axis *axis, double *rounding, clproc_error *error);

/** The weights of one row in Q14, by error diffusion (docs/numerics.md, section 1). They sum to
 * exactly round(2^14·Σw). */
void clp_axis_quantise(const clp_axis *axis, uint32_t row, int16_t *weights);

#endif
