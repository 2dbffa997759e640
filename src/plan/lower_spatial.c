/** Spatial stages to filter and re-index passes, plane by plane. */
#include <math.h>
#include <string.h>

#include "plan/lower.h"

/** Greatest magnitude of levels that Q6 in 16 bits holds. */
#define Q6_RANGE 511.9
/** Greatest Σ|w| of one pass: a 32-bit sum of Q14 × 16 bits. */
#define Q14_GAIN 3.9

static const clp_surface *surface_at(const clp_lowering *lowering, uint32_t index) {
    return &lowering->plan->surfaces[index];
}

static uint64_t traffic(const clp_surface *surface) {
    return (uint64_t)surface->width * surface->height * surface->channels *
           clp_sample_size(surface->sample);
}

/** A picture's fill colour in the units of its samples, channel by channel; `plane` of a planar
 * one. */
static void fill_values(const clp_lowering *lowering, const clp_stage *stage, uint32_t plane,
                        float values[4]) {
    double colour[4];
    memcpy(colour, stage->fill, sizeof colour);
    if (lowering->model == CLP_MODEL_YCC) {
        clp_colour ycc = clp_colour_ycc(false);
        for (uint32_t i = 0; i < 3; i++) {
            colour[i] = ycc.offset[i];
            for (uint32_t j = 0; j < 3; j++) {
                colour[i] += ycc.m[i][j] * stage->fill[j];
            }
        }
        colour[0] = colour[plane];
    }
    double unit = lowering->white / 255;
    if (clp_model_has_alpha(lowering->model)) {
        uint32_t alpha = clp_model_channels(lowering->model) - 1;
        for (uint32_t i = 0; lowering->premultiplied && i < alpha; i++) {
            colour[i] *= stage->fill[3] / 255;
        }
        colour[alpha] = stage->fill[3];
    }
    for (int i = 0; i < 4; i++) {
        values[i] = (float)(colour[i] * unit);
    }
}

/** The matrices of a stage on planes of one grid, and where they stand in the tables. Both planes
 * of chroma have one grid: what is made for the first serves the second. */
typedef struct fitted {
    clp_plane_grid grid;
    clp_axis y, x;
    clp_table_window y_window, x_window; /**< no taps: not there yet */
} fitted;

static void free_fitted(fitted *matrices) {
    clp_axis_free(&matrices->y);
    clp_axis_free(&matrices->x);
    *matrices = (fitted){0};
}

/** Leaves those of a grid in `matrices`, which hold another's, the same's, or none. */
static clproc_status fit(fitted *matrices, const clp_stage *stage, const clp_plane_grid *grid,
                         clproc_error *error) {
    if (matrices->y.weight && memcmp(&matrices->grid, grid, sizeof *grid) == 0) {
        return CLPROC_OK;
    }
    free_fitted(matrices);
    matrices->grid = *grid;
    return clp_stage_for_plane(stage, grid, &matrices->y, &matrices->x, error);
}

/** What one stage does to one plane. */
typedef struct plane_job {
    fitted *matrices;
    bool transpose;
    float fill[4];
    const char *label;
    uint32_t src;
    bool final;
    uint32_t plane; /**< of plan->output where `final` */
    clp_sample sample;
} plane_job;

/** The surface a job's result is stored to. */
static clproc_status result_surface(clp_lowering *lowering, const plane_job *job, uint32_t *dst) {
    const clp_axis *y = &job->matrices->y, *x = &job->matrices->x;
    uint32_t channels = surface_at(lowering, job->src)->channels;
    if (job->final) {
        return clp_surface_plane(lowering, CLP_ROLE_OUTPUT, &lowering->plan->output, job->plane,
                                 dst);
    }
    return clp_surface_scratch(lowering, job->sample, job->transpose ? y->out : x->out,
                               job->transpose ? x->out : y->out, channels, dst);
}

static clproc_status append_filter(clp_lowering *lowering, const plane_job *job, char name,
                                   clp_pass *pass) {
    const clp_axis *axis = name == 'y' ? &job->matrices->y : &job->matrices->x;
    clp_table_window *window = name == 'y' ? &job->matrices->y_window : &job->matrices->x_window;
    const clp_surface *src = surface_at(lowering, pass->src[0]),
                      *dst = surface_at(lowering, pass->dst[0]);
    if (window->taps == 0) {
        clproc_status status =
            clp_table_axis(lowering->plan, axis, lowering->use_float, window, lowering->error);
        if (status != CLPROC_OK) {
            return status;
        }
    }
    pass->kind = CLP_PASS_FILTER;
    pass->real = lowering->use_float;
    pass->src_count = pass->dst_count = 1;
    pass->taps = window->taps;
    pass->weights = window->weights;
    pass->weight_pitch = window->weight_pitch;
    pass->starts = window->starts;
    pass->windows = axis->out;
    memcpy(pass->fill, job->fill, sizeof pass->fill);
    snprintf(pass->label, sizeof pass->label, "%s %c", job->label, name);
    pass->bytes_read = traffic(src);
    pass->bytes_written = traffic(dst);
    uint64_t samples = traffic(src) / clp_sample_size(src->sample);
    pass->operations = (uint64_t)axis->out * window->taps * (samples / axis->in);
    return clp_pass_append(lowering, pass);
}

static clproc_status append_reindex(clp_lowering *lowering, const plane_job *job, uint32_t dst,
                                    int level) {
    clp_pass pass = {.kind = CLP_PASS_REINDEX,
                     .level = level,
                     .src = {job->src},
                     .dst = {dst},
                     .src_count = 1,
                     .dst_count = 1,
                     .transpose = job->transpose};
    clproc_status status;
    memcpy(pass.fill, job->fill, sizeof pass.fill);
    snprintf(pass.label, sizeof pass.label, "%s", job->label);
    pass.bytes_read = pass.bytes_written = traffic(surface_at(lowering, dst));
    CLP_TRY(status, out,
            clp_table_index(lowering->plan, &job->matrices->y, &pass.rows, lowering->error));
    CLP_TRY(status, out,
            clp_table_index(lowering->plan, &job->matrices->x, &pass.columns, lowering->error));
    status = clp_pass_append(lowering, &pass);
out:
    return status;
}

/** Emits the passes of one job, beginning at lowering->level; `*end` is the first level after them.
 */
static clproc_status run_job(clp_lowering *lowering, const plane_job *job, uint32_t *dst,
                             int *end) {
    const clp_surface src = *surface_at(lowering, job->src);
    const clp_axis *y = &job->matrices->y, *x = &job->matrices->x;
    uint32_t mid;
    int level = lowering->level;
    clproc_status status;
    CLP_TRY(status, out, result_surface(lowering, job, dst));
    bool same_sample = src.sample == surface_at(lowering, *dst)->sample;
    if (same_sample && clp_axis_is_index(y) && clp_axis_is_index(x)) {
        *end = level + 1;
        return append_reindex(lowering, job, *dst, level);
    }
    if (clp_axis_is_identity(x) && (!job->transpose || src.channels == 1)) {
        clp_pass only = {.level = level,
                         .src = {job->src},
                         .dst = {*dst},
                         .transpose = job->transpose,
                         .channel_step = 1};
        *end = level + 1;
        return append_filter(lowering, job, 'y', &only);
    }
    clp_sample between = lowering->use_float ? CLP_SAMPLE_F32 : CLP_SAMPLE_I16;
    CLP_TRY(status, out,
            clp_surface_scratch(lowering, between, y->out, src.width * src.channels, 1, &mid));
    clp_pass first = {
        .level = level, .src = {job->src}, .dst = {mid}, .transpose = true, .channel_step = 1};
    CLP_TRY(status, out, append_filter(lowering, job, 'y', &first));
    clp_pass second = {.level = level + 1,
                       .src = {mid},
                       .dst = {*dst},
                       .transpose = !job->transpose,
                       .channel_step = src.channels};
    CLP_TRY(status, out, append_filter(lowering, job, 'x', &second));
    *end = level + 2;
out:
    return status;
}

/** Follows the bounds of values through a stage; notes where integers cannot hold them. */
static void track_range(clp_lowering *lowering, const clp_stage *stage, bool final) {
    double y = clp_axis_gain(&stage->y), x = clp_axis_gain(&stage->x), low = lowering->low,
           high = lowering->high;
    double first = high * (1 + y) / 2 - low * (y - 1) / 2;
    double both = high * (1 + y * x) / 2 - low * (y * x - 1) / 2;
    lowering->low = low * (1 + y * x) / 2 - high * (y * x - 1) / 2;
    lowering->high = both;
    double stored = final ? first : both;
    bool fits =
        stored < Q6_RANGE && high + low - stored > -Q6_RANGE && y < Q14_GAIN && x < Q14_GAIN;
    lowering->needs_float |= !lowering->use_float && !fits;
}

/** Runs one stage on one plane. `matrices`: made for it, or kept from the plane before. */
static clproc_status plane_stage(clp_lowering *lowering, const clp_stage *stage, uint32_t plane,
                                 bool final, fitted *matrices, int *end) {
    const clp_surface src = *surface_at(lowering, lowering->surfaces[plane]);
    const clp_plane *out_plane = &lowering->plan->output.planes[plane];
    clp_plane_grid grid = {.width = src.width,
                           .height = src.height,
                           .h_step = lowering->h_step[plane],
                           .v_step = lowering->v_step[plane],
                           .out_h_step = final ? out_plane->h_step : 1,
                           .out_v_step = final ? out_plane->v_step : 1};
    plane_job job = {.matrices = matrices,
                     .transpose = stage->transpose,
                     .label = stage->label,
                     .src = lowering->surfaces[plane],
                     .final = final,
                     .plane = plane,
                     .sample = lowering->use_float ? CLP_SAMPLE_F32 : CLP_SAMPLE_I16};
    clproc_status status;
    /* A colour outside is seldom a whole number of levels of Y, Cb and Cr. */
    bool whole = !stage->filled || lowering->model != CLP_MODEL_YCC;
    if (!final && whole && clp_stage_is_index(stage) && grid.h_step == 1 && grid.v_step == 1) {
        job.sample = src.sample;
    }
    fill_values(lowering, stage, plane, job.fill);
    CLP_TRY(status, out, fit(matrices, stage, &grid, lowering->error));
    if (final && lowering->covered) {
        job.final = false;
        if (whole && clp_axis_is_index(&matrices->y) && clp_axis_is_index(&matrices->x)) {
            job.sample = src.sample;
        }
    }
    status = run_job(lowering, &job, &lowering->surfaces[plane], end);
out:
    return status;
}

static clproc_status run_stage(clp_lowering *lowering, const clp_stage *stage, bool final) {
    int last = lowering->level;
    fitted matrices = {0};
    clproc_status status = CLPROC_OK;
    for (uint32_t plane = 0; plane < lowering->surface_count; plane++) {
        bool ends = final && (plane > 0 || !lowering->luma_goes_on);
        const clp_plane *out_plane = &lowering->plan->output.planes[plane];
        int end;
        CLP_TRY(status, out, plane_stage(lowering, stage, plane, ends, &matrices, &end));
        last = end > last ? end : last;
        lowering->h_step[plane] = ends ? out_plane->h_step : 1;
        lowering->v_step[plane] = ends ? out_plane->v_step : 1;
    }
    track_range(lowering, stage, final && !lowering->luma_goes_on && !lowering->covered);
    lowering->rounded |= !clp_stage_is_index(stage);
    lowering->level = last;
    lowering->sample = surface_at(lowering, lowering->surfaces[0])->sample;
    lowering->width = stage->transpose ? stage->y.out : stage->x.out;
    lowering->height = stage->transpose ? stage->x.out : stage->y.out;
out:
    free_fitted(&matrices);
    return status;
}

clproc_status clp_lower_upsample(clp_lowering *lowering) {
    int last = lowering->level;
    fitted matrices = {0};
    clp_stage copy;
    clproc_status status =
        clp_stage_identity(&copy, lowering->width, lowering->height, lowering->error);
    for (uint32_t i = 0; status == CLPROC_OK && i < lowering->surface_count; i++) {
        if (lowering->model == CLP_MODEL_YCC &&
            (lowering->h_step[i] > 1 || lowering->v_step[i] > 1)) {
            status = plane_stage(lowering, &copy, i, false, &matrices, &last);
            lowering->h_step[i] = lowering->v_step[i] = 1;
            lowering->rounded = true;
        }
    }
    lowering->level = last;
    free_fitted(&matrices);
    clp_stage_free(&copy);
    return status;
}

clproc_status clp_lower_stages(clp_lowering *lowering, const clp_segment *segment, bool final) {
    if (segment->stage_count == 0 && !final) {
        return clp_lower_upsample(lowering);
    }
    if (segment->stage_count == 0) {
        clp_stage copy;
        clproc_status status =
            clp_stage_identity(&copy, lowering->width, lowering->height, lowering->error);
        if (status == CLPROC_OK) {
            status = run_stage(lowering, &copy, final);
        }
        clp_stage_free(&copy);
        return status;
    }
    for (size_t i = 0; i < segment->stage_count; i++) {
        clproc_status status =
            run_stage(lowering, &segment->stages[i], final && i + 1 == segment->stage_count);
        if (status != CLPROC_OK) {
            return status;
        }
    }
    return CLPROC_OK;
}

clproc_status clp_lower_downsample(clp_lowering *lowering) {
    fitted matrices = {0};
    clp_stage copy;
    clproc_status status =
        clp_stage_identity(&copy, lowering->width, lowering->height, lowering->error);
    snprintf(copy.label, sizeof copy.label, "chroma");
    for (uint32_t plane = 0; status == CLPROC_OK && plane < lowering->surface_count; plane++) {
        int end;
        bool there = surface_at(lowering, lowering->surfaces[plane])->role == CLP_ROLE_OUTPUT;
        if (!there) {
            status = plane_stage(lowering, &copy, plane, true, &matrices, &end);
        }
    }
    free_fitted(&matrices);
    clp_stage_free(&copy);
    return status;
}
