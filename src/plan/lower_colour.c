/** Pointwise terms to the steps of colour passes. */
#include <math.h>

#include "core/format.h"
#include "plan/lower.h"

clp_colour clp_colour_ycc(bool inverse) {
    const double r = CLP_LUMA_RED, b = CLP_LUMA_BLUE, g = 1 - r - b;
    if (!inverse) {
        return (clp_colour){.in = 3,
                            .out = 3,
                            .m = {{r, g, b},
                                  {-r / (2 - 2 * b), -g / (2 - 2 * b), 0.5},
                                  {0.5, -g / (2 - 2 * r), -b / (2 - 2 * r)}},
                            .offset = {0, 128, 128}};
    }
    clp_colour colour = {.in = 3,
                         .out = 3,
                         .m = {{1, 0, 2 - 2 * r},
                               {1, -b * (2 - 2 * b) / g, -r * (2 - 2 * r) / g},
                               {1, 2 - 2 * b, 0}}};
    for (int i = 0; i < 3; i++) {
        colour.offset[i] = -128 * (colour.m[i][1] + colour.m[i][2]);
    }
    return colour;
}

clp_colour clp_colour_compose(const clp_colour *second, const clp_colour *first) {
    clp_colour product = {.in = first->in, .out = second->out};
    for (uint32_t i = 0; i < second->out; i++) {
        product.offset[i] = second->offset[i];
        for (uint32_t k = 0; k < second->in; k++) {
            product.offset[i] += second->m[i][k] * first->offset[k];
            for (uint32_t j = 0; j < first->in; j++) {
                product.m[i][j] += second->m[i][k] * first->m[k][j];
            }
        }
    }
    return product;
}

static clproc_status add_matrix(clp_lowering *lowering, const clp_colour *colour) {
    clp_bounds_matrix(&lowering->bounds, colour);
    return clp_lower_matrix(lowering, colour);
}

/** For a step that clamps colours by itself, but not alpha. */
static clproc_status add_clamp_of_alpha(clp_lowering *lowering) {
    if (clp_model_has_alpha(lowering->values.model)) {
        return clp_lower_clamp(lowering);
    }
    clp_lower_drop_clamp(lowering);
    clp_bounds_clamp(&lowering->bounds);
    return CLPROC_OK;
}

clproc_status clp_lower_premultiply(clp_lowering *lowering, bool premultiplied) {
    if (lowering->values.premultiplied == premultiplied ||
        !clp_model_has_alpha(lowering->values.model)) {
        return CLPROC_OK;
    }
    clp_step step = {.kind = premultiplied ? CLP_STEP_PREMULTIPLY : CLP_STEP_UNPREMULTIPLY};
    lowering->values.premultiplied = premultiplied;
    return clp_lower_step(lowering, &step, NULL);
}

clproc_status clp_lower_to_rgb(clp_lowering *lowering) {
    clp_colour inverse = clp_colour_ycc(true);
    clproc_status status;
    CLP_TRY(status, out, clp_lower_upsample(lowering));
    CLP_TRY(status, out, add_matrix(lowering, &inverse));
    CLP_TRY(status, out, clp_lower_clamp(lowering));
    lowering->values.model = CLP_MODEL_RGB;
    clp_lower_label(lowering, "rgb");
out:
    return status;
}

static clp_model model_of(uint32_t colours, bool alpha) {
    if (colours == 1) {
        return alpha ? CLP_MODEL_GRAYA : CLP_MODEL_GRAY;
    }
    return alpha ? CLP_MODEL_RGBA : CLP_MODEL_RGB;
}

static clproc_status add_flatten(clp_lowering *lowering, const double colour[3]) {
    clp_step step = {.kind = CLP_STEP_FLATTEN};
    double unit = lowering->use_float ? lowering->values.white / 255 : 64;
    for (int i = 0; i < 3; i++) {
        step.value[i] = (float)(colour[i] * unit);
    }
    step.value[3] = lowering->values.premultiplied;
    clproc_status status = clp_lower_step(lowering, &step, NULL);
    /* Not before: where too many steps wait already, they are stored, with alpha. */
    lowering->values.premultiplied = false;
    lowering->values.model =
        lowering->values.model == CLP_MODEL_RGBA ? CLP_MODEL_RGB : CLP_MODEL_GRAY;
    return status;
}

static clproc_status add_opaque(clp_lowering *lowering) {
    clp_step step = {.kind = CLP_STEP_OPAQUE};
    clproc_status status = CLPROC_OK;
    /* What will be divided by alpha needs the levels of the result, which planes of YCbCr do not
     * get before: see lower(). */
    if (lowering->plan->input.model == CLP_MODEL_YCC) {
        CLP_TRY(status, out, clp_lower_to_depth(lowering));
    }
    step.value[0] = lowering->use_float ? (float)lowering->values.white : CLP_Q6_CURVE_SIZE - 1;
    CLP_TRY(status, out, clp_lower_step(lowering, &step, NULL));
    lowering->values.model = model_of(clp_model_channels(lowering->values.model), true);
out:
    return status;
}

static clproc_status add_curve(clp_lowering *lowering, const clp_term *term) {
    clp_step step = {.kind = CLP_STEP_CURVE, .in = term->curve[1] ? 3 : 1};
    clproc_status status;
    CLP_TRY(status, out, clp_lower_premultiply(lowering, false));
    CLP_TRY(status, out, add_clamp_of_alpha(lowering));
    CLP_TRY(status, out, clp_lower_step(lowering, &step, term));
    clp_bounds_round(&lowering->bounds,
                     lowering->bounds.rounded
                         ? clp_curve_slope(term, CLP_CURVE_SIZE / (CLP_Q6_CURVE_SIZE - 1))
                         : 1);
out:
    return status;
}

static clproc_status add_hsv(clp_lowering *lowering, const clp_term *term) {
    clp_step step = {.kind = CLP_STEP_HSV, .value = {(float)term->parameter[0]}};
    clproc_status status;
    CLP_TRY(status, out, clp_lower_premultiply(lowering, false));
    CLP_TRY(status, out, clp_lower_clamp(lowering));
    CLP_TRY(status, out, clp_lower_step(lowering, &step, NULL));
    /* The hue of near-grays turns on the last bit. */
    clp_bounds_round(&lowering->bounds, HUGE_VAL);
out:
    return status;
}

static clproc_status add_table(clp_lowering *lowering, const clp_term *term) {
    const clp_conversion *conversion = term->conversion;
    clp_step step = {.kind = CLP_STEP_TABLE,
                     .grid = conversion->grid,
                     .in = conversion->in,
                     .out = conversion->out,
                     .value = {clp_conversion_has_places(conversion)}};
    clproc_status status;
    CLP_TRY(status, out, clp_lower_premultiply(lowering, false));
    CLP_TRY(status, out, clp_lower_clamp(lowering));
    CLP_TRY(status, out, clp_lower_step(lowering, &step, term));
    lowering->values.model = model_of(conversion->out, clp_model_has_alpha(lowering->values.model));
    CLP_TRY(status, out, clp_lower_clamp(lowering));
    clp_bounds_exceed(&lowering->bounds);
out:
    return status;
}

static clproc_status add_overlay(clp_lowering *lowering, const clp_term *term) {
    bool alpha = clp_model_has_alpha(lowering->values.model);
    clp_step step = {.kind = CLP_STEP_OVERLAY,
                     .in = clp_model_channels(lowering->values.model) - alpha,
                     .value = {alpha}};
    clproc_status status;
    CLP_TRY(status, out, clp_lower_premultiply(lowering, false));
    CLP_TRY(status, out, clp_lower_clamp(lowering));
    CLP_TRY(status, out, clp_lower_step(lowering, &step, term));
    clp_bounds_round(&lowering->bounds, 1);
    if (alpha) {
        clp_bounds_exceed(&lowering->bounds);
    }
out:
    return status;
}

static clproc_status add_point(clp_lowering *lowering, const clp_term *term) {
    if (term->kind == CLP_TERM_COLOUR) {
        clproc_status status = add_matrix(lowering, &term->colour);
        lowering->values.model =
            model_of(term->colour.out, clp_model_has_alpha(lowering->values.model));
        return status;
    }
    if (term->kind == CLP_TERM_CURVE) {
        return add_curve(lowering, term);
    }
    if (term->kind == CLP_TERM_TABLE) {
        return add_table(lowering, term);
    }
    if (term->custom == CLP_CUSTOM_FLATTEN) {
        return add_flatten(lowering, term->parameter);
    }
    if (term->custom == CLP_CUSTOM_OPAQUE) {
        return add_opaque(lowering);
    }
    if (term->custom == CLP_CUSTOM_HSV) {
        return add_hsv(lowering, term);
    }
    if (term->custom == CLP_CUSTOM_OVERLAY) {
        return add_overlay(lowering, term);
    }
    return clp_error_set(lowering->error, CLPROC_ERROR_INTERNAL, "%s: no pass for it", term->op);
}

clproc_status clp_lower_points(clp_lowering *lowering, const clp_segment *segment, size_t first) {
    clproc_status status = CLPROC_OK;
    if (segment->point_count > first && lowering->values.model == CLP_MODEL_YCC) {
        status = clp_lower_to_rgb(lowering);
    }
    for (size_t i = first; status == CLPROC_OK && i < segment->point_count; i++) {
        if (i > first && segment->apart) {
            CLP_TRY(status, out, clp_lower_flush(lowering, false));
        }
        clp_lower_label(lowering, segment->points[i]->op);
        status = add_point(lowering, segment->points[i]);
    }
out:
    return status;
}

clproc_status clp_lower_to_depth(clp_lowering *lowering) {
    const uint32_t depth = lowering->plan->output.depth;
    const double white = depth == 8 ? 255 : 65535;
    clproc_status status = CLPROC_OK;
    if (white != lowering->values.white) {
        clp_step scale = {.kind = CLP_STEP_SCALE,
                          .value = {(float)(white / lowering->values.white)}};
        clp_lower_label(lowering, depth == 8 ? "to 8 bits" : "to 16 bits");
        CLP_TRY(status, out, clp_lower_step(lowering, &scale, NULL));
        lowering->values.white = white;
    }
out:
    return status;
}

clproc_status clp_lower_to_target(clp_lowering *lowering) {
    const clp_format *format = clp_format_of(lowering->plan->target.format);
    static const double background[3] = {255, 255, 255};
    clproc_status status = CLPROC_OK;
    if (lowering->values.model == CLP_MODEL_CMYK) {
        return clp_error_set(lowering->error, CLPROC_ERROR_INTERNAL,
                             "inks were not converted; please report this");
    }
    if (!format->alpha && clp_model_has_alpha(lowering->values.model)) {
        clp_lower_label(lowering, "flatten");
        CLP_TRY(status, out, add_flatten(lowering, background));
    }
    /* Of less alpha than is stored no colour is: in levels of the result, as far as they are fewer.
     */
    if (lowering->values.premultiplied) {
        CLP_TRY(status, out, clp_lower_to_depth(lowering));
    }
    CLP_TRY(status, out, clp_lower_premultiply(lowering, false));
    if (!format->ycc && lowering->values.model == CLP_MODEL_YCC) {
        CLP_TRY(status, out, clp_lower_to_rgb(lowering));
    }
    CLP_TRY(status, out, clp_lower_to_depth(lowering));
    if (format->ycc && lowering->values.model == CLP_MODEL_RGB) {
        clp_colour forward = clp_colour_ycc(false);
        if (lowering->bounds.low < 0 || lowering->bounds.high > 255) {
            CLP_TRY(status, out, clp_lower_clamp(lowering));
        }
        clp_lower_label(lowering, "ycc");
        CLP_TRY(status, out, add_matrix(lowering, &forward));
        lowering->values.model = CLP_MODEL_YCC;
    }
out:
    return status;
}
