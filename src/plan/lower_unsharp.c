/** Unsharp masks: a blur, and a colour pass with the picture before the blur as its side input. */
#include <math.h>
#include <string.h>

#include "plan/lower.h"

/** Fraction bits of integer weights and of the amount, which is below 8. */
#define WEIGHT_BITS 14
#define AMOUNT_BITS 12

clproc_status clp_unsharp_table(clp_lowering *lowering, clp_step *step, const clp_term *term) {
    double values[5], unit = lowering->use_float ? step->white / 255 : 64;
    int32_t table[5];
    clp_luma_weights(term->in_linear, values);
    values[3] = term->parameter[CLP_UNSHARP_AMOUNT];
    values[4] = term->parameter[CLP_UNSHARP_THRESHOLD] * unit;
    for (int i = 0; i < 5; i++) {
        int bits = i < 3 ? WEIGHT_BITS : i == 3 ? AMOUNT_BITS : 0;
        float real = (float)values[i];
        table[i] = (int32_t)floor(fmin(ldexp(values[i], bits), INT32_MAX) + 0.5);
        if (lowering->use_float) {
            memcpy(&table[i], &real, sizeof real);
        }
    }
    if (!lowering->use_float) {
        /* The three weigh 1, whatever their rounding. */
        table[1] = (1 << WEIGHT_BITS) - table[0] - table[2];
    }
    return clp_table_bytes(lowering->plan, table, sizeof table, &step->table, lowering->error);
}

static clproc_status add_unsharp(clp_lowering *lowering, const clp_term *term) {
    bool luma = clp_model_channels(lowering->model) >= 3 && term->parameter[CLP_UNSHARP_LUMA] != 0;
    clp_step step = {.kind = CLP_STEP_UNSHARP, .in = luma ? 3 : 1};
    double amount = term->parameter[CLP_UNSHARP_AMOUNT], range = lowering->high - lowering->low;
    clp_lower_label(lowering, term->op);
    clp_lower_rounding(lowering, 1 + amount);
    lowering->low -= amount * range;
    lowering->high += amount * range;
    return clp_lower_step(lowering, &step, term);
}

/** Runs the segment on the Y plane, as if it were a gray picture. */
static clproc_status sharpen_luma(clp_lowering *lowering, const clp_segment *segment, bool ends) {
    uint32_t surfaces[CLP_MAX_PLANES], h_step[CLP_MAX_PLANES], v_step[CLP_MAX_PLANES];
    clproc_status status;
    memcpy(surfaces, lowering->surfaces, sizeof surfaces);
    memcpy(h_step, lowering->h_step, sizeof h_step);
    memcpy(v_step, lowering->v_step, sizeof v_step);
    lowering->model = lowering->stored = CLP_MODEL_GRAY;
    lowering->surface_count = 1;
    CLP_TRY(status, out, clp_lower_stages(lowering, segment, false));
    CLP_TRY(status, out, add_unsharp(lowering, segment->points[0]));
    CLP_TRY(status, out, clp_lower_flush(lowering, ends));
    surfaces[0] = lowering->surfaces[0];
    memcpy(lowering->surfaces, surfaces, sizeof surfaces);
    memcpy(lowering->h_step, h_step, sizeof h_step);
    memcpy(lowering->v_step, v_step, sizeof v_step);
    lowering->model = lowering->stored = CLP_MODEL_YCC;
    lowering->surface_count = 3;
out:
    return status;
}

/** Runs the segment on whole pixels. */
static clproc_status sharpen_pixels(clp_lowering *lowering, const clp_segment *segment) {
    clproc_status status;
    CLP_TRY(status, out, clp_lower_premultiply(lowering, true));
    if (lowering->step_count > 0) {
        CLP_TRY(status, out, clp_lower_flush(lowering, false));
    }
    CLP_TRY(status, out, clp_lower_stages(lowering, segment, false));
    CLP_TRY(status, out, clp_lower_premultiply(lowering, false));
    status = add_unsharp(lowering, segment->points[0]);
out:
    return status;
}

clproc_status clp_lower_unsharp(clp_lowering *lowering, const clp_segments *segments, size_t index,
                                bool *stored) {
    const clp_segment *segment = &segments->items[index];
    bool luma_alone = segment->points[0]->parameter[CLP_UNSHARP_LUMA] != 0 &&
                      lowering->model == CLP_MODEL_YCC && clp_plan_luma_alone(lowering->plan);
    bool ends = luma_alone && clp_segments_chroma_ends(segments, index, true) &&
                lowering->plan->output.model == CLP_MODEL_YCC;
    clproc_status status;
    *stored = ends && index + 1 == segments->count;
    if (lowering->model == CLP_MODEL_YCC && !luma_alone) {
        CLP_TRY(status, out, clp_lower_to_rgb(lowering));
    }
    CLP_TRY(status, out, clp_lower_premultiply(lowering, false));
    if (lowering->step_count > 0) {
        CLP_TRY(status, out, clp_lower_flush(lowering, false));
    }
    memcpy(lowering->side, lowering->surfaces, sizeof lowering->side);
    lowering->side_count = luma_alone ? 1 : lowering->surface_count;
    if (!luma_alone) {
        CLP_TRY(status, out, sharpen_pixels(lowering, segment));
    } else {
        CLP_TRY(status, out, sharpen_luma(lowering, segment, *stored));
    }
    if (*stored) {
        CLP_TRY(status, out, clp_lower_downsample(lowering));
    }
    status = clp_lower_points(lowering, segment, 1);
out:
    return status;
}
