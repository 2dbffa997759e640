/** Blurs: banded matrices along both axes. */
#include "ops/ops_private.h"

static clproc_status blur(const clp_value *values, clp_terms *terms, clproc_error *error) {
    return clp_terms_gaussian(terms, "blur", values[0].number[0], error);
}

static clproc_status box_blur(const clp_value *values, clp_terms *terms, clproc_error *error) {
    clp_axis y, x;
    uint32_t radius = (uint32_t)values[0].number[0];
    double weights = (2.0 * radius + 1) * ((double)terms->samples_x + terms->samples_y);
    clproc_status status =
        clp_terms_afford(terms, "box-blur", terms->samples_x, terms->samples_y, weights, error);
    if (status != CLPROC_OK) {
        return status;
    }
    status = clp_axis_mean(&y, terms->samples_y, radius, error);
    if (status != CLPROC_OK) {
        return status;
    }
    status = clp_axis_mean(&x, terms->samples_x, radius, error);
    if (status != CLPROC_OK) {
        clp_axis_free(&y);
        return status;
    }
    return clp_terms_spatial(terms, "box-blur", &y, &x, false, NULL, error);
}

const clp_op clp_op_blur = {
    .name = "blur",
    .help = "Gaussian blur",
    .details =
        "The last pixel continues beyond each edge. The window ends at 4 sigma, at 5 for "
        "16-bit samples. A large sigma costs no more than a small one, and no sample is more "
        "than one level from the exact result. Colours are weighted by alpha; with "
        "--linear, light is averaged.",
    .example = "2.5",
    .params = {{"sigma", CLP_PARAM_NUMBER, NULL, 0, 200, NULL,
                "standard deviation in pixels; 0 does nothing"}},
    .param_count = 1,
    .terms = blur,
};

const clp_op clp_op_box_blur = {
    .name = "box-blur",
    .help = "mean over a square",
    .details = "The last pixel continues beyond each edge. Colours are weighted by alpha; with "
               "--linear, light is averaged.",
    .example = "3",
    .params = {{"radius", CLP_PARAM_WHOLE, NULL, 0, 200, NULL,
                "the square has 2 x radius + 1 pixels a side"}},
    .param_count = 1,
    .terms = box_blur,
};
