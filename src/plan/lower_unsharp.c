/** Unsharp masks: a blur, and a colour pass with the picture before the blur as its side input. */
#include <math.h>
#include <string.h>

#include "plan/lower.h"

/** Fraction bits of integer weights and of the amount, which is below 8. */
#define WEIGHT_BITS 14
#define AMOUNT_BITS 12

clproc_status clp_unsharp_table(clp_lowering *lowering, clp_step *step, const clp_term *term) {
    double values[7], unit = lowering->use_float ? step->white / 255 : 64;
    int32_t table[7];
    clp_unsharp_weights(term, values, values + 3);
    values[6] = term->parameter[CLP_UNSHARP_THRESHOLD] * unit;
    for (int i = 0; i < 7; i++) {
        int bits = i < 3 ? WEIGHT_BITS : i < 6 ? AMOUNT_BITS : 0;
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

/** What an unsharp mask compares with: the surfaces of the picture before it was blurred. */
typedef struct side {
    uint32_t surfaces[CLP_MAX_PLANES], count;
} side;

static clproc_status add_unsharp(clp_lowering *lowering, const clp_term *term, const side *before) {
    bool luma =
        clp_model_channels(lowering->values.model) >= 3 && term->parameter[CLP_UNSHARP_LUMA] != 0;
    clp_step step = {.kind = CLP_STEP_UNSHARP, .in = luma ? 3 : 1};
    double amount = term->parameter[CLP_UNSHARP_AMOUNT];
    clp_lower_label(lowering, term->op);
    clp_bounds_round(&lowering->bounds, 1 + amount);
    clp_bounds_widen(&lowering->bounds, amount);
    clproc_status status = clp_lower_step(lowering, &step, term);
    memcpy(lowering->waiting.side, before->surfaces, sizeof lowering->waiting.side);
    lowering->waiting.side_count = before->count;
    return status;
}

/** Runs the segment on the Y plane, as if it were a gray picture. */
static clproc_status sharpen_luma(clp_lowering *lowering, const clp_segment *segment,
                                  const side *before, bool ends) {
    clp_stored planes = lowering->stored;
    clproc_status status;
    lowering->values.model = lowering->stored.model = CLP_MODEL_GRAY;
    lowering->stored.count = 1;
    CLP_TRY(status, out, clp_lower_stages(lowering, segment, CLP_GOES_ON));
    CLP_TRY(status, out, add_unsharp(lowering, segment->points[0], before));
    CLP_TRY(status, out, clp_lower_flush(lowering, ends));
    planes.surfaces[0] = lowering->stored.surfaces[0];
    planes.level = lowering->stored.level;
    lowering->stored = planes;
    lowering->values.model = CLP_MODEL_YCC;
out:
    return status;
}

/** Runs the segment on whole pixels. */
static clproc_status sharpen_pixels(clp_lowering *lowering, const clp_segment *segment,
                                    const side *before) {
    clproc_status status;
    CLP_TRY(status, out, clp_lower_before_stages(lowering, segment, true));
    CLP_TRY(status, out, clp_lower_stages(lowering, segment, CLP_GOES_ON));
    CLP_TRY(status, out, clp_lower_premultiply(lowering, false));
    status = add_unsharp(lowering, segment->points[0], before);
out:
    return status;
}

clproc_status clp_lower_unsharp(clp_lowering *lowering, const clp_segments *segments, size_t index,
                                bool *stored) {
    const clp_segment *segment = &segments->items[index];
    bool luma_alone = segment->points[0]->parameter[CLP_UNSHARP_LUMA] != 0 &&
                      lowering->values.model == CLP_MODEL_YCC &&
                      clp_plan_luma_alone(lowering->plan);
    bool ends = luma_alone && clp_segments_chroma_ends(segments, index, true) &&
                lowering->plan->output.model == CLP_MODEL_YCC;
    clproc_status status;
    *stored = ends && index + 1 == segments->count;
    if (lowering->values.model == CLP_MODEL_YCC && !luma_alone) {
        CLP_TRY(status, out, clp_lower_to_rgb(lowering));
    }
    CLP_TRY(status, out, clp_lower_premultiply(lowering, false));
    if (clp_model_has_alpha(lowering->values.model) &&
        (lowering->bounds.low < 0 || lowering->bounds.high > 255)) {
        /* As what is divided by alpha is: else areas of one colour would not stay as they are. */
        CLP_TRY(status, out, clp_lower_clamp(lowering));
    }
    if (lowering->waiting.count > 0) {
        CLP_TRY(status, out, clp_lower_flush(lowering, false));
    }
    side before = {.count = luma_alone ? 1 : lowering->stored.count};
    memcpy(before.surfaces, lowering->stored.surfaces, sizeof before.surfaces);
    if (!luma_alone) {
        CLP_TRY(status, out, sharpen_pixels(lowering, segment, &before));
    } else {
        CLP_TRY(status, out, sharpen_luma(lowering, segment, &before, *stored));
    }
    if (*stored) {
        CLP_TRY(status, out, clp_lower_downsample(lowering));
    }
    status = clp_lower_points(lowering, segment, 1);
out:
    return status;
}
