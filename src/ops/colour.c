/** Affine maps and curves of colours, and what drops channels. */
#include <math.h>

#include "ops/ops_private.h"

static clproc_status gray(const clp_value *values, clp_terms *terms, clproc_error *error) {
    (void)values;
    return clp_terms_gray(terms, "gray", error);
}

/* In the order of clp_space; gray is none. */
static const char *const spaces[] = {"srgb", "linear", "ycbcr", "hsv", "lab", "gray", NULL};
enum { GRAY = 5 };

static clproc_status colour(const clp_value *values, clp_terms *terms, clproc_error *error) {
    int space = (int)values[0].number[0];
    return space == GRAY ? clp_terms_gray(terms, "gray", error)
                         : clp_terms_space(terms, "colour", (clp_space)space, error);
}

/** The same factor and offset for every channel. */
static clproc_status scale(clp_terms *terms, const char *op, double factor, double offset,
                           clproc_error *error) {
    const double matrix[3][3] = {{factor, 0, 0}, {0, factor, 0}, {0, 0, factor}};
    const double offsets[3] = {offset, offset, offset};
    return clp_terms_colour(terms, op, matrix, offsets, error);
}

static clproc_status brightness(const clp_value *values, clp_terms *terms, clproc_error *error) {
    return scale(terms, "brightness", values[0].number[0], 0, error);
}

static clproc_status contrast(const clp_value *values, clp_terms *terms, clproc_error *error) {
    double factor = values[0].number[0];
    return scale(terms, "contrast", factor, 127.5 * (1 - factor), error);
}

static clproc_status saturation(const clp_value *values, clp_terms *terms, clproc_error *error) {
    const double luma[3] = {CLP_LUMA_RED, 1 - CLP_LUMA_RED - CLP_LUMA_BLUE, CLP_LUMA_BLUE},
                 none[3] = {0, 0, 0};
    double factor = values[0].number[0], matrix[3][3];
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            matrix[i][j] = (1 - factor) * luma[j] + (i == j ? factor : 0);
        }
    }
    return clp_terms_colour(terms, "saturation", (const double(*)[3])matrix, none, error);
}

static clproc_status check_matrix(const clp_value *values, clproc_error *error) {
    uint32_t count = values[0].count;
    if (count != 9 && count != 12) {
        return clp_error_set(
            error, CLPROC_ERROR_ARGUMENT,
            "matrix takes 9 numbers (3 rows of 3) or 12 (each row with an offset), not %u", count);
    }
    return CLPROC_OK;
}

static clproc_status matrix(const clp_value *values, clp_terms *terms, clproc_error *error) {
    uint32_t count = values[0].count, columns = count / 3;
    double m[3][3], offset[3] = {0, 0, 0};
    for (uint32_t i = 0; i < 3; i++) {
        for (uint32_t j = 0; j < 3; j++) {
            m[i][j] = values[0].number[i * columns + j];
        }
        offset[i] = columns == 4 ? values[0].number[i * columns + 3] : 0;
    }
    return clp_terms_colour(terms, "matrix", (const double(*)[3])m, offset, error);
}

/** Input range and exponent of a curve. */
typedef struct range {
    double black, white, exponent;
} range;

static double curve(double value, const void *context) {
    const range *r = context;
    double inside = fmin(fmax((value - r->black) / (r->white - r->black), 0), 1);
    return pow(inside, r->exponent);
}

static clproc_status add_curve(clp_terms *terms, const char *op, const range *r,
                               clproc_error *error) {
    if (r->black == 0 && r->white == 1 && r->exponent == 1) {
        return CLPROC_OK;
    }
    return clp_terms_curve(terms, op, curve, r, sizeof *r, error);
}

static clproc_status gamma_terms(const clp_value *values, clp_terms *terms, clproc_error *error) {
    range r = {0, 1, 1 / values[0].number[0]};
    return add_curve(terms, "gamma", &r, error);
}

static clproc_status check_levels(const clp_value *values, clproc_error *error) {
    double black = values[0].number[0], white = values[1].number[0];
    if (white <= black) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "levels: white (%g) must be above black (%g)", white, black);
    }
    return CLPROC_OK;
}

static clproc_status levels(const clp_value *values, clp_terms *terms, clproc_error *error) {
    range r = {values[0].number[0] / 255, values[1].number[0] / 255, 1 / values[2].number[0]};
    return add_curve(terms, "levels", &r, error);
}

static clproc_status flatten(const clp_value *values, clp_terms *terms, clproc_error *error) {
    clproc_status status =
        terms->alpha ? clp_ops_ground(terms, "flatten", values[0].number, error) : CLPROC_OK;
    return status == CLPROC_OK
               ? clp_terms_custom(terms, "flatten", CLP_CUSTOM_FLATTEN, values[0].number, error)
               : status;
}

const clp_op clp_op_colour = {
    .name = "colour",
    .help = "convert to another colour space and back",
    .details =
        "What follows works on the new channels, and the output holds them, without a profile; "
        "--colour srgb leads back. Levels of 8 bits, times 257 at 16 bits. linear: linear light of "
        "sRGB, 0 to 255. ycbcr: full-range BT.601 as in JPEG, Y, Cb + 128, Cr + 128. hsv: hue x "
        "255/360, 0 for red, 85 for green; saturation x 255; value. lab: CIE L x 2.55, a + 128, "
        "b + 128, white point D65. gray: the same as --gray. Gray pictures get three channels for "
        "ycbcr, hsv and lab.",
    .example = "lab",
    .params = {{"space", CLP_PARAM_CHOICE, NULL, 0, 0, spaces, "what the channels become"}},
    .param_count = 1,
    .terms = colour,
};

const clp_op clp_op_gray = {
    .name = "gray",
    .help = "convert to gray (BT.601 luma)",
    .details =
        "0.299 R + 0.587 G + 0.114 B of the encoded values: the Y of a JPEG, which is then all "
        "that is decoded of one. With --linear, BT.709 luminance of the light, "
        "0.2126 R + 0.7152 G + 0.0722 B. The output has one channel, and alpha where there "
        "was any.",
    .example = "",
    .terms = gray,
};

const clp_op clp_op_brightness = {
    .name = "brightness",
    .help = "brighten or darken: multiply every channel",
    .example = "1.2",
    .params = {{"factor", CLP_PARAM_NUMBER, NULL, 0, 100, NULL, "1 changes nothing, 0 is black"}},
    .param_count = 1,
    .terms = brightness,
};

const clp_op clp_op_contrast = {
    .name = "contrast",
    .help = "strengthen or weaken contrast, about mid-gray (127.5)",
    .details = "out = 127.5 + factor x (in - 127.5), in levels of 8 bits.",
    .example = "1.3",
    .params = {{"factor", CLP_PARAM_NUMBER, NULL, 0, 100, NULL, "1 changes nothing, 0 is gray"}},
    .param_count = 1,
    .terms = contrast,
};

const clp_op clp_op_saturation = {
    .name = "saturation",
    .help = "strengthen or weaken colours, about each pixel's luma",
    .details = "out = luma + factor x (in - luma), with BT.601 luma.",
    .example = "0.5",
    .params = {{"factor", CLP_PARAM_NUMBER, NULL, 0, 100, NULL, "1 changes nothing, 0 is gray"}},
    .param_count = 1,
    .terms = saturation,
};

const clp_op clp_op_matrix = {
    .name = "matrix",
    .help = "mix the channels",
    .details = "Offsets are in levels of 8 bits. A gray picture stays gray if the rows make the "
               "same of it, and gets three channels otherwise.",
    .example = "0.9,0.1,0,0.1,0.8,0.1,0,0.1,0.9",
    .params = {{"rows", CLP_PARAM_NUMBERS, NULL, -1000, 1000, NULL,
                "new red, green and blue from old red, green, blue; with a fourth number each, an "
                "offset in levels"}},
    .param_count = 1,
    .check = check_matrix,
    .terms = matrix,
};

const clp_op clp_op_gamma = {
    .name = "gamma",
    .help = "brighten or darken the middle: raise to the power 1/value",
    .details = "out = in ^ (1/value), with black 0 and white 1, on each colour channel.",
    .example = "1.2",
    .params = {{"value", CLP_PARAM_NUMBER, NULL, 0.01, 100, NULL,
                "above 1 brightens, 1 changes nothing"}},
    .param_count = 1,
    .terms = gamma_terms,
};

const clp_op clp_op_levels = {
    .name = "levels",
    .help = "stretch a range of levels to the full range",
    .details = "out = ((in - black) / (white - black)) ^ (1/gamma), clamped, with white 1, on each "
               "colour channel. Levels are those of 8 bits.",
    .example = "16:white=235",
    .params = {{"black", CLP_PARAM_NUMBER, "0", 0, 255, NULL, "level that becomes black"},
               {"white", CLP_PARAM_NUMBER, "255", 0, 255, NULL, "level that becomes white"},
               {"gamma", CLP_PARAM_NUMBER, "1", 0.01, 100, NULL, "above 1 brightens the middle"}},
    .param_count = 3,
    .check = check_levels,
    .terms = levels,
};

const clp_op clp_op_flatten = {
    .name = "flatten",
    .help = "lay a picture with alpha over a colour",
    .details =
        "Done by itself, over white, where a picture with alpha becomes a JPEG. A gray picture "
        "becomes RGB over a colour that is not a gray.",
    .example = "#fff",
    .params = {{"colour", CLP_PARAM_COLOUR, "white", 0, 0, NULL, "the ground"}},
    .param_count = 1,
    .terms = flatten,
};
