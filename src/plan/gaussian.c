/** A wide Gaussian as three narrow ones: blur and decimate · blur · interpolate.
 *
 *  Variances add: σ² = σ₁² + σ₂² + σ₃². With a grid of D = σ/4 and σ₁ = σ₃ = D, sampling a Gaussian
 * at its own σ aliases by 2·exp(−2π²) ≈ 5e−9, and σ₂ = √14·D. The cost of each factor does not
 * depend on σ.
 */
#include <math.h>

#include "plan/axis_private.h"

/** Adds the weights exp(−(x − centre)²/2σ²), |x − centre| ≤ reach, to a row; samples outside count
 * for the edge. */
static void gaussian_row(clp_axis *axis, uint32_t row, double centre, double sigma, double reach) {
    int64_t first = (int64_t)ceil(centre - reach), last = (int64_t)floor(centre + reach);
    int64_t most = (int64_t)axis->in - axis->taps;
    int64_t start = first < 0 ? 0 : first > most ? most : first;
    double *weight = axis->weight + (size_t)row * axis->taps;
    double sum = 0;
    axis->start[row] = (int32_t)start;
    for (int64_t x = first; x <= last; x++) {
        double distance = ((double)x - centre) / sigma, w = exp(-distance * distance / 2);
        int64_t sample = x < 0 ? 0 : x >= axis->in ? (int64_t)axis->in - 1 : x;
        weight[sample - start] += w;
        sum += w;
    }
    for (uint32_t k = 0; k < axis->taps; k++) {
        weight[k] /= sum;
    }
}

/** Row i is a Gaussian about first + i·spacing, in input samples. */
static clproc_status gaussian_grid(clp_axis *axis, uint32_t in, uint32_t out, double first,
                                   double spacing, double sigma, double cut, clproc_error *error) {
    double reach = cut * sigma;
    clproc_status status =
        clp_axis_allocate(axis, in, out, (uint32_t)fmin(2 * floor(reach) + 2, in), error);
    for (uint32_t i = 0; status == CLPROC_OK && i < out; i++) {
        gaussian_row(axis, i, first + i * spacing, sigma, reach);
    }
    return status == CLPROC_OK ? clp_axis_trim(axis, error) : status;
}

clproc_status clp_axis_gaussian_factors(clp_axis factors[3], uint32_t length, double sigma,
                                        double cut, clproc_error *error) {
    const double spacing = sigma / 4, middle_sigma = sqrt(14);
    /* In steps of the grid: how far the last factor looks beyond the picture, and the middle one
     * beyond that. */
    uint32_t halo = (uint32_t)ceil(cut), reach = (uint32_t)ceil(cut * middle_sigma);
    uint32_t steps = (uint32_t)ceil((length - 1) / spacing) + 1;
    uint32_t inner = steps + 2 * halo, outer = inner + 2 * reach;
    clproc_status status;
    for (int i = 0; i < 3; i++) {
        factors[i] = (clp_axis){0};
    }
    CLP_TRY(status, out,
            gaussian_grid(&factors[0], length, outer, -(double)(halo + reach) * spacing, spacing,
                          spacing, cut, error));
    CLP_TRY(status, out,
            gaussian_grid(&factors[1], outer, inner, reach, 1, middle_sigma, cut, error));
    CLP_TRY(status, out,
            gaussian_grid(&factors[2], inner, length, halo, 1 / spacing, 1, cut, error));
out:
    for (int i = 0; status != CLPROC_OK && i < 3; i++) {
        clp_axis_free(&factors[i]);
    }
    return status;
}
