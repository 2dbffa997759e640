/** Steps that wait, and the colour pass that they become. */
#include <math.h>
#include <string.h>

#include "plan/lower.h"

clproc_status clp_lower_step(clp_lowering *lowering, const clp_step *step, const clp_term *term) {
    if (lowering->waiting.count == CLP_MAX_STEPS) {
        clproc_status status = clp_lower_flush(lowering, false);
        if (status != CLPROC_OK) {
            return status;
        }
    }
    lowering->waiting.steps[lowering->waiting.count] = *step;
    lowering->waiting.terms[lowering->waiting.count] = term;
    lowering->waiting.steps[lowering->waiting.count++].white = (float)lowering->values.white;
    return CLPROC_OK;
}

void clp_lower_label(clp_lowering *lowering, const char *op) {
    size_t length = strlen(lowering->waiting.label);
    snprintf(lowering->waiting.label + length, sizeof lowering->waiting.label - length, "%s%s",
             length ? "·" : "", op);
}

/** The step that waits last, if it is of this kind. */
static clp_step *last_step(clp_lowering *lowering, clp_step_kind kind) {
    clp_waiting *waiting = &lowering->waiting;
    clp_step *last = waiting->count > 0 ? &waiting->steps[waiting->count - 1] : NULL;
    return last && last->kind == kind ? last : NULL;
}

clproc_status clp_lower_matrix(clp_lowering *lowering, const clp_colour *colour) {
    clp_waiting *waiting = &lowering->waiting;
    clp_step step = {.kind = CLP_STEP_MATRIX, .value = {lowering->values.premultiplied}};
    const clp_step *last = last_step(lowering, CLP_STEP_MATRIX);
    clp_colour matrix = *colour;
    clproc_status status = CLPROC_OK;
    if (last && last->value[0] == step.value[0]) {
        matrix = clp_colour_compose(colour, &waiting->matrices[waiting->count - 1]);
    } else {
        CLP_TRY(status, out, clp_lower_step(lowering, &step, NULL));
    }
    waiting->matrices[waiting->count - 1] = matrix;
    waiting->steps[waiting->count - 1].in = matrix.in;
    waiting->steps[waiting->count - 1].out = matrix.out;
    if (clp_matrix_shift(&matrix) < 0) {
        clp_bounds_exceed(&lowering->bounds);
    }
out:
    return status;
}

clproc_status clp_lower_clamp(clp_lowering *lowering) {
    const clp_step step = {.kind = CLP_STEP_CLAMP};
    clp_bounds_clamp(&lowering->bounds);
    bool there = last_step(lowering, CLP_STEP_CLAMP) != NULL;
    return there ? CLPROC_OK : clp_lower_step(lowering, &step, NULL);
}

void clp_lower_drop_clamp(clp_lowering *lowering) {
    lowering->waiting.count -= last_step(lowering, CLP_STEP_CLAMP) != NULL;
}

/** Three coefficients and an offset per row: Q`shift` on Q6 values, or floats on values up to
 * `white`. */
static clproc_status matrix_table(clp_lowering *lowering, clp_step *step,
                                  const clp_colour *colour) {
    int32_t table[12] = {0};
    int shift = lowering->use_float ? 0 : clp_matrix_shift(colour);
    if (shift < 0) {
        clp_bounds_exceed(&lowering->bounds);
        return CLPROC_OK;
    }
    double one = ldexp(1, shift);
    for (uint32_t i = 0; i < colour->out; i++) {
        for (uint32_t j = 0; j < 4; j++) {
            double unit = lowering->use_float ? step->white / 255 : 64;
            double value = j == 3 ? colour->offset[i] * unit : j < colour->in ? colour->m[i][j] : 0;
            float real = (float)value;
            table[4 * i + j] = (int32_t)floor(value * one + 0.5);
            if (lowering->use_float) {
                memcpy(&table[4 * i + j], &real, sizeof real);
            }
        }
    }
    step->shift = (uint32_t)shift;
    return clp_table_bytes(lowering->plan, table, sizeof table, &step->table, lowering->error);
}

/** The table is the conversion's, the same for all plans. Colours are converted once. */
static clproc_status share_cube(const clp_lowering *lowering, const clp_step *step,
                                const clp_term *term) {
    clp_plan *plan = lowering->plan;
    if (plan->conversion &&
        (plan->conversion != term->conversion || plan->conversion_white != step->white)) {
        return clp_error_set(lowering->error, CLPROC_ERROR_INTERNAL,
                             "a plan converts colours by two tables");
    }
    plan->conversion = term->conversion;
    plan->conversion_white = step->white;
    return CLPROC_OK;
}

static void drop_first_step(clp_lowering *lowering, clp_pass *pass) {
    pass->step_count--;
    memmove(pass->steps, pass->steps + 1, pass->step_count * sizeof *pass->steps);
    memmove(lowering->waiting.matrices, lowering->waiting.matrices + 1,
            pass->step_count * sizeof *lowering->waiting.matrices);
    memmove(lowering->waiting.terms, lowering->waiting.terms + 1,
            pass->step_count * sizeof *lowering->waiting.terms);
}

/** What comes from a picture's own samples lies in its range, and takes few values: nothing to
 * clamp before the first step, and a curve is a table of them. */
static void see_first_step(clp_lowering *lowering, clp_pass *pass) {
    const clp_surface *src = &lowering->plan->surfaces[pass->src[0]];
    float white = src->sample == CLP_SAMPLE_U8 ? 255 : src->sample == CLP_SAMPLE_U16 ? 65535 : 0;
    if (pass->step_count > 0 && pass->steps[0].kind == CLP_STEP_CLAMP &&
        pass->steps[0].white == white) {
        drop_first_step(lowering, pass);
    }
    if (pass->step_count > 0 && pass->steps[0].kind == CLP_STEP_CURVE && pass->real &&
        pass->steps[0].white == white) {
        pass->steps[0].kind = CLP_STEP_LOOKUP;
    }
}

static clproc_status make_tables(clp_lowering *lowering, clp_pass *pass) {
    clproc_status status = CLPROC_OK;
    for (uint32_t i = 0; status == CLPROC_OK && i < pass->step_count; i++) {
        if (pass->steps[i].kind == CLP_STEP_MATRIX) {
            status = matrix_table(lowering, &pass->steps[i], &lowering->waiting.matrices[i]);
        } else if (pass->steps[i].kind == CLP_STEP_CURVE ||
                   pass->steps[i].kind == CLP_STEP_LOOKUP) {
            status = clp_curve_table(lowering, &pass->steps[i], lowering->waiting.terms[i]);
        } else if (pass->steps[i].kind == CLP_STEP_TABLE) {
            status = share_cube(lowering, &pass->steps[i], lowering->waiting.terms[i]);
        } else if (pass->steps[i].kind == CLP_STEP_OVERLAY) {
            status = clp_overlay_table(lowering, &pass->steps[i], lowering->waiting.terms[i]);
        } else if (pass->steps[i].kind == CLP_STEP_UNSHARP) {
            status = clp_unsharp_table(lowering, &pass->steps[i], lowering->waiting.terms[i]);
            memcpy(pass->side, lowering->waiting.side, sizeof pass->side);
            pass->side_count = lowering->waiting.side_count;
        }
    }
    return status;
}

/** True where a colour pass can store chroma as the output has it. */
static bool makes_chroma(const clp_layout *output) {
    const clp_plane *planes = output->planes;
    return output->model == CLP_MODEL_YCC && output->depth == 8 && planes[0].h_step == 1 &&
           planes[0].v_step == 1 && planes[1].h_step <= 2 && planes[1].v_step <= 2 &&
           planes[1].h_step == planes[2].h_step && planes[1].v_step == planes[2].v_step;
}

/** The surfaces a colour pass stores to: planes of the output, or scratch. */
static clproc_status destinations(clp_lowering *lowering, bool final, clp_pass *pass) {
    const clp_layout *output = &lowering->plan->output;
    bool planar = lowering->values.model == CLP_MODEL_YCC;
    bool covered = lowering->waiting.plane != CLP_NO_PLANE;
    uint32_t channels = planar ? 1 : clp_model_channels(lowering->values.model);
    clp_sample between = lowering->use_float ? CLP_SAMPLE_F32 : CLP_SAMPLE_I16;
    clproc_status status = CLPROC_OK;
    pass->dst_count = planar ? 3 : 1;
    pass->h_step = pass->v_step = 1;
    bool means = final && planar && makes_chroma(output);
    if (means) {
        pass->h_step = output->planes[1].h_step;
        pass->v_step = output->planes[1].v_step;
    }
    for (uint32_t i = 0; status == CLPROC_OK && i < pass->dst_count; i++) {
        uint32_t number = covered ? lowering->waiting.plane : i;
        const clp_plane *plane = &output->planes[number];
        if (final && (covered || means || (plane->h_step == 1 && plane->v_step == 1))) {
            status = clp_surface_plane(lowering, CLP_ROLE_OUTPUT, output, number, &pass->dst[i]);
        } else {
            status = clp_surface_scratch(lowering, between, lowering->stored.width,
                                         lowering->stored.height, channels, &pass->dst[i]);
        }
    }
    return status;
}

clproc_status clp_lower_flush(clp_lowering *lowering, bool final) {
    const clp_surface *src = &lowering->plan->surfaces[lowering->stored.surfaces[0]];
    clp_pass pass = {.kind = CLP_PASS_COLOUR,
                     .level = lowering->stored.level,
                     .src_count = lowering->stored.count,
                     .in_channels =
                         lowering->stored.count > 1 ? lowering->stored.count : src->channels,
                     .step_count = lowering->waiting.count};
    clproc_status status;
    memcpy(pass.src, lowering->stored.surfaces, sizeof pass.src);
    memcpy(pass.steps, lowering->waiting.steps, sizeof pass.steps);
    snprintf(pass.label, sizeof pass.label, "%s", lowering->waiting.label);
    pass.real = lowering->use_float;
    pass.in_alpha = clp_model_has_alpha(lowering->stored.model);
    pass.out_alpha = clp_model_has_alpha(lowering->values.model);
    CLP_TRY(status, out, destinations(lowering, final, &pass));
    see_first_step(lowering, &pass);
    CLP_TRY(status, out, make_tables(lowering, &pass));
    pass.out_channels = clp_model_channels(lowering->values.model);
    uint64_t pixels = (uint64_t)lowering->stored.width * lowering->stored.height;
    const clp_surface *dst = &lowering->plan->surfaces[pass.dst[pass.dst_count - 1]];
    uint64_t stored = pixels * clp_model_channels(lowering->values.model);
    if (pass.h_step * pass.v_step > 1) {
        stored = pixels + 2 * (uint64_t)dst->width * dst->height;
    }
    pass.bytes_read =
        pixels * pass.in_channels * clp_sample_size(src->sample) * (pass.side_count > 0 ? 2 : 1);
    pass.bytes_written = stored * clp_sample_size(dst->sample);
    pass.operations = pass.step_count ? pixels * pass.in_channels * pass.out_channels : 0;
    CLP_TRY(status, out, clp_pass_append(lowering, &pass));
    lowering->stored.level++;
    memcpy(lowering->stored.surfaces, pass.dst, sizeof pass.dst);
    lowering->stored.count = pass.dst_count;
    lowering->stored.model = lowering->values.model;
    lowering->waiting.count = 0;
    lowering->waiting.label[0] = '\0';
    for (uint32_t i = 0; i < CLP_MAX_PLANES; i++) {
        lowering->stored.h_step[i] = lowering->stored.v_step[i] = 1;
    }
    if (!final) {
        clp_bounds_store(&lowering->bounds);
    }
out:
    return status;
}
