#include "plan/plan.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "core/format.h"
#include "core/memory.h"
#include "plan/lower.h"

static clp_model output_model(const clp_terms *terms, const clp_format *format) {
    bool alpha = terms->alpha && format->alpha;
    if (terms->colours == 1) {
        return alpha ? CLP_MODEL_GRAYA : CLP_MODEL_GRAY;
    }
    return format->ycc ? CLP_MODEL_YCC : alpha ? CLP_MODEL_RGBA : CLP_MODEL_RGB;
}

bool clp_plan_is_transposed(const clp_plan *plan) {
    const clp_terms *terms = &plan->terms;
    bool transposed = false;
    for (size_t i = 0; i < terms->count; i++) {
        transposed ^= terms->items[i].kind == CLP_TERM_SPATIAL && terms->items[i].transpose;
    }
    return transposed;
}

/** Chroma steps of a YCC output. */
static void choose_steps(clp_layout *output, const clp_target *target, bool transposed) {
    uint32_t h = target->subsampling == CLPROC_SUBSAMPLING_444 ? 1 : 2;
    uint32_t v = target->subsampling == CLPROC_SUBSAMPLING_420 ||
                         target->subsampling == CLPROC_SUBSAMPLING_KEEP
                     ? 2
                     : 1;
    bool keep = target->subsampling == CLPROC_SUBSAMPLING_KEEP && target->source_h_step[0] != 0;
    for (uint32_t i = 0; i < CLP_MAX_PLANES; i++) {
        clp_plane *plane = &output->planes[i];
        plane->h_step = i ? h : 1;
        plane->v_step = i ? v : 1;
        if (keep) {
            plane->h_step = transposed ? target->source_v_step[i] : target->source_h_step[i];
            plane->v_step = transposed ? target->source_h_step[i] : target->source_v_step[i];
        }
    }
}

static clproc_status place_output(clp_plan *plan, clproc_error *error) {
    const clp_terms *terms = &plan->terms;
    const clp_format *format = clp_format_of(plan->target.format);
    uint32_t usual = format->deep_asked ? 8 : plan->input.depth;
    uint32_t depth = plan->target.depth ? plan->target.depth : usual;
    plan->output = (clp_layout){.model = output_model(terms, format),
                                .depth = depth < format->depth ? depth : format->depth,
                                .width = terms->width,
                                .height = terms->height};
    choose_steps(&plan->output, &plan->target, clp_plan_is_transposed(plan));
    if (terms->width > format->side_most || terms->height > format->side_most) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "the result of %u × %u pixels is too large for its format, %s, which "
                             "ends at %u",
                             terms->width, terms->height, format->endings[0], format->side_most);
    }
    if (!clp_layout_place(&plan->output)) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "the result of %u × %u pixels is impossible", terms->width,
                             terms->height);
    }
    return CLPROC_OK;
}

static bool stages_filter(const clp_segment *segment) {
    bool any = false;
    for (size_t i = 0; i < segment->stage_count; i++) {
        any = any || !clp_stage_is_index(&segment->stages[i]);
    }
    return any;
}

/** Some stage filters a picture that has alpha by then, which must be premultiplied; with
 * `overlays`, or something is laid over it. */
static bool weighs_alpha(const clp_segments *segments, bool alpha, bool overlays) {
    for (size_t i = 0; i < segments->count; i++) {
        const clp_segment *segment = &segments->items[i];
        if (alpha && stages_filter(segment)) {
            return true;
        }
        for (size_t j = 0; j < segment->point_count; j++) {
            const clp_term *term = segment->points[j];
            bool custom = term->kind == CLP_TERM_KERNEL;
            if (overlays && alpha && custom && term->custom == CLP_CUSTOM_OVERLAY) {
                return true;
            }
            alpha |= custom && term->custom == CLP_CUSTOM_OPAQUE;
        }
    }
    return false;
}

/** After this segment's stages nothing is left to do but to store. */
static bool ends_here(const clp_lowering *lowering, const clp_segment *segment, bool last) {
    const clp_layout *output = &lowering->plan->output;
    bool white_fits = lowering->values.white == (output->depth == 8 ? 255 : 65535);
    return last && segment->point_count == 0 && lowering->values.model == output->model &&
           !lowering->values.premultiplied && white_fits &&
           (!clp_model_has_alpha(lowering->values.model) || !stages_filter(segment));
}

bool clp_plan_luma_alone(const clp_plan *plan) {
    const clp_plane *in = &plan->input.planes[0], *out = &plan->output.planes[0];
    return in->h_step == 1 && in->v_step == 1 && out->h_step == 1 && out->v_step == 1;
}

static clproc_status lower_segment(clp_lowering *lowering, const clp_segments *segments,
                                   size_t index, bool *stored) {
    const clp_segment *segment = &segments->items[index];
    clproc_status status = CLPROC_OK;
    bool filter = stages_filter(segment), last = index + 1 == segments->count;
    if (segment->sided) {
        return clp_lower_unsharp(lowering, segments, index, stored);
    }
    clp_ending ending =
        lowering->values.model == CLP_MODEL_YCC && !last ? CLP_CHROMA_ENDS : CLP_ENDS;
    if (lowering->values.model == CLP_MODEL_YCC) {
        last = clp_segments_chroma_ends(segments, index, clp_plan_luma_alone(lowering->plan));
    }
    if (segment->stage_count > 0) {
        CLP_TRY(status, out, clp_lower_before_stages(lowering, segment, filter));
    }
    *stored = lowering->waiting.count == 0 && ends_here(lowering, segment, last);
    /* Steps that wait for a later pass have no planes left to upsample. */
    if (segment->stage_count > 0 || lowering->waiting.count == 0) {
        CLP_TRY(status, out, clp_lower_stages(lowering, segment, *stored ? ending : CLP_GOES_ON));
    }
    status = clp_lower_points(lowering, segment, 0);
out:
    return status;
}

static clproc_status lower(clp_lowering *lowering, const clp_segments *segments) {
    clp_plan *plan = lowering->plan;
    clproc_status status = CLPROC_OK;
    bool stored = false;
    for (uint32_t i = 0; i < plan->input.plane_count; i++) {
        CLP_TRY(status, out,
                clp_surface_plane(lowering, CLP_ROLE_INPUT, &plan->input, i,
                                  &lowering->stored.surfaces[i]));
        lowering->stored.h_step[i] = plan->input.planes[i].h_step;
        lowering->stored.v_step[i] = plan->input.planes[i].v_step;
    }
    /* What is divided by alpha needs the levels of the result: of fewer, too few places are left,
     * and too much alpha counts as none. Planes of YCbCr have grids of their own until they become
     * RGB, and no alpha. */
    if (plan->output.depth > plan->input.depth && plan->input.model != CLP_MODEL_YCC &&
        weighs_alpha(segments, clp_model_has_alpha(plan->input.model), true)) {
        CLP_TRY(status, out, clp_lower_to_depth(lowering));
    }
    for (size_t i = 0; i < segments->count; i++) {
        if (clp_lower_covers_planes(lowering, &segments->items[i])) {
            CLP_TRY(status, out, clp_lower_covered(lowering, segments, i));
            stored = true;
            break;
        }
        CLP_TRY(status, out, lower_segment(lowering, segments, i, &stored));
        if (lowering->bounds.exceeded && !lowering->use_float) {
            goto out; /* all of it anew, in floats: no tables for what integers cannot do */
        }
        if (plan->terms.apart && lowering->waiting.count > 0) {
            CLP_TRY(status, out, clp_lower_flush(lowering, false));
        }
        if (segments->in_order && i + 1 < segments->count) {
            clp_lower_label(lowering, "copy");
            CLP_TRY(status, out, clp_lower_flush(lowering, false));
        }
    }
    if (!stored) {
        CLP_TRY(status, out, clp_lower_to_target(lowering));
        CLP_TRY(status, out, clp_lower_flush(lowering, true));
        if (lowering->values.model == CLP_MODEL_YCC) {
            CLP_TRY(status, out, clp_lower_downsample(lowering));
        }
    }
    if (plan->target.features) {
        CLP_TRY(status, out, clp_lower_features(lowering));
    }
out:
    return status;
}

/** Lowers with integers, or with floats where these cannot do it. */
static clproc_status lower_plan(clp_plan *plan, const clp_segments *segments, clproc_error *error) {
    bool use_float = plan->input.depth == 16 || plan->output.depth == 16 || plan->terms.linear ||
                     plan->terms.apart ||
                     weighs_alpha(segments, clp_model_has_alpha(plan->input.model), false);
    for (;;) {
        const clp_layout *input = &plan->input;
        clp_lowering lowering = {
            .plan = plan,
            .error = error,
            .use_float = use_float,
            .stored = {.model = input->model,
                       .width = input->width,
                       .height = input->height,
                       .count = input->plane_count},
            .values = {.model = input->model, .white = input->depth == 8 ? 255 : 65535},
            .bounds = {.high = 255, .gain = 1},
            .waiting = {.plane = CLP_NO_PLANE}};
        plan->surface_count = plan->pass_count = plan->table_count = 0;
        plan->table_bytes = 0;
        plan->conversion = NULL;
        plan->planning_bytes = 0;
        plan->level_count = 0;
        clproc_status status = lower(&lowering, segments);
        clp_scaled_free(&lowering);
        if (status != CLPROC_OK || use_float || !lowering.bounds.exceeded) {
            return status;
        }
        use_float = true;
    }
}

static void destroy(clp_plan *plan) {
    clp_terms_free(&plan->terms);
    clp_bands_free(&plan->bands);
    clp_memory_free(plan->surfaces);
    clp_memory_free(plan->passes);
    clp_memory_free(plan->tables);
    clp_memory_free(plan);
}

clproc_status clp_plan_create(clp_plan **plan, const clp_layout *input, clp_terms *terms,
                              const clp_target *target, clproc_error *error) {
    clp_segments segments = {0};
    clp_plan *made = clp_memory_zero(CLP_MEMORY_PLAN, 1, sizeof *made);
    clproc_status status;
    if (!made) {
        clp_terms_free(terms);
        return clp_error_memory(error, "a plan", sizeof *made);
    }
    atomic_init(&made->references, 1);
    made->terms = *terms;
    *terms = (clp_terms){0};
    made->input = *input;
    made->target = *target;
    CLP_TRY(status, out, place_output(made, error));
    CLP_TRY(status, out, clp_segments_create(&segments, &made->terms, input, error));
    CLP_TRY(status, out, lower_plan(made, &segments, error));
    made->picture = made->output;
    if (target->features) {
        CLP_TRY(status, out, clp_features_layout(&made->output, error));
    }
    clp_passes_sort(made);
    clp_bands_find_rows_read(made);
    bool routed = clp_bands_route(made);
    CLP_TRY(status, out, clp_surfaces_place(made, error));
    if (routed) {
        CLP_TRY(status, out, clp_bands_make(made, error));
    }
    *plan = made;
out:
    clp_segments_free(&segments);
    if (status != CLPROC_OK) {
        destroy(made);
    }
    return status;
}

clp_plan *clp_plan_retain(clp_plan *plan) {
    atomic_fetch_add(&plan->references, 1);
    return plan;
}

void clp_plan_release(clp_plan **plan) {
    if (*plan && atomic_fetch_sub(&(*plan)->references, 1) == 1) {
        destroy(*plan);
    }
    *plan = NULL;
}

void clp_plan_choose_decoding(const clp_terms *terms, const clp_target *target,
                              clp_model header_model, bool planar, bool shrink, clp_model *model,
                              uint32_t *eighths) {
    *model = header_model;
    *eighths = 8;
    if (header_model == CLP_MODEL_YCC) {
        bool needs_rgb = !clp_format_of(target->format)->ycc ||
                         (terms->colour_seen && !clp_terms_end_in_overlays(terms));
        if (!planar) {
            *model = CLP_MODEL_RGB;
        } else if (terms->gray_first) {
            *model = CLP_MODEL_GRAY;
        } else if (needs_rgb && (!terms->spatial_seen || terms->early_barrier)) {
            *model = CLP_MODEL_RGB;
        }
    }
    if (shrink && !terms->linear) {
        /* Sums over a small picture do not need what the filter would make of twice as many. */
        double least = target->features ? 1 : 2;
        while (*eighths > 1 && terms->first_scale * (*eighths / 2) / 8 >= least) {
            *eighths /= 2;
        }
    }
}

static uint64_t axis_bytes(const clp_axis *axis) {
    return axis->weight ? (uint64_t)axis->out * axis->taps * sizeof *axis->weight : 0;
}

uint64_t clp_plan_bytes(const clp_plan *plan) {
    uint64_t bytes = plan->table_bytes;
    for (size_t i = 0; i < plan->terms.count; i++) {
        bytes += axis_bytes(&plan->terms.items[i].y) + axis_bytes(&plan->terms.items[i].x);
    }
    return bytes;
}

uint64_t clp_plan_shared_bytes(const clp_plan *plan) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < plan->terms.count; i++) {
        clp_conversion *conversion = plan->terms.items[i].conversion;
        if (conversion) {
            bytes += clp_conversion_bytes(conversion) / atomic_load(&conversion->references);
        }
    }
    return bytes;
}

uint64_t clp_plan_device_bytes(const clp_plan *plan) {
    return plan->table_bytes + (plan->conversion ? clp_conversion_cube_bytes(plan->conversion) : 0);
}
