/** Unsharp mask. */
#include "ops/ops_private.h"

enum { SIGMA, AMOUNT, THRESHOLD, CHANNELS };

static const char *const channels[] = {"luma", "rgb", NULL};

static clproc_status sharpen(const clp_value *values, clp_terms *terms, clproc_error *error) {
    return clp_terms_unsharp(terms, "sharpen", values[SIGMA].number[0], values[AMOUNT].number[0],
                             values[THRESHOLD].number[0], values[CHANNELS].number[0] == 0, error);
}

const clp_op clp_op_sharpen = {
    .name = "sharpen",
    .help = "unsharp mask: add what a Gaussian blur takes away",
    .details =
        "Where |in - blurred| is at least threshold, out = in + amount x (in - blurred). By "
        "default the differences are those of luma (BT.601; with --linear, of BT.709 "
        "luminance), added alike to red, green and blue. After --colour ycbcr or lab the first "
        "channel takes the place of luma and is sharpened alone, after hsv value.",
    .example = "1:amount=0.8",
    .params = {{"sigma", CLP_PARAM_NUMBER, NULL, 0, 200, NULL,
                "standard deviation of the blur in pixels; 0 does nothing"},
               {"amount", CLP_PARAM_NUMBER, "1", 0, 10, NULL, "how much of it is added"},
               {"threshold", CLP_PARAM_NUMBER, "0", 0, 255, NULL,
                "differences below so many levels are left alone"},
               {"channels", CLP_PARAM_CHOICE, "luma", 0, 0, channels,
                "luma: the same for red, green and blue, without coloured fringes; rgb: each by "
                "itself"}},
    .param_count = 4,
    .terms = sharpen,
};
