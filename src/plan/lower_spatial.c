/** Spatial stages to filter and re-index passes, plane by plane. */
#include <math.h>
#include <string.h>

#include "plan/lower.h"

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
    if (lowering->values.model == CLP_MODEL_YCC) {
        clp_colour ycc = clp_colour_ycc(false);
        for (uint32_t i = 0; i < 3; i++) {
            colour[i] = ycc.offset[i];
            for (uint32_t j = 0; j < 3; j++) {
                colour[i] += ycc.m[i][j] * stage->fill[j];
            }
        }
        colour[0] = colour[plane];
    }
    double unit = lowering->values.white / 255;
    if (clp_model_has_alpha(lowering->values.model)) {
        uint32_t alpha = clp_model_channels(lowering->values.model) - 1;
        for (uint32_t i = 0; lowering->values.premultiplied && i < alpha; i++) {
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
    pass->premultiply = lowering->premultiplies;
    lowering->premultiplies = false;
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
                     .transpose = job->transpose,
                     .windows = job->matrices->y.out,
                     .taps = 1};
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

/** Emits the passes of one job; `*end` is the first level after them. */
static clproc_status run_job(clp_lowering *lowering, const plane_job *job, uint32_t *dst,
                             int *end) {
    const clp_surface src = *surface_at(lowering, job->src);
    const clp_axis *y = &job->matrices->y, *x = &job->matrices->x;
    uint32_t mid;
    int level = lowering->stored.level;
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

/** Runs one stage on one plane. `matrices`: made for it, or kept from the plane before. */
static clproc_status plane_stage(clp_lowering *lowering, const clp_stage *stage, uint32_t plane,
                                 clp_ending ending, fitted *matrices, int *end) {
    const clp_surface src = *surface_at(lowering, lowering->stored.surfaces[plane]);
    const clp_plane *out_plane = &lowering->plan->output.planes[plane];
    bool ends = ending != CLP_GOES_ON;
    clp_plane_grid grid = {.width = src.width,
                           .height = src.height,
                           .h_step = lowering->stored.h_step[plane],
                           .v_step = lowering->stored.v_step[plane],
                           .out_h_step = ends ? out_plane->h_step : 1,
                           .out_v_step = ends ? out_plane->v_step : 1};
    plane_job job = {.matrices = matrices,
                     .transpose = stage->transpose,
                     .label = stage->label,
                     .src = lowering->stored.surfaces[plane],
                     .final = ending == CLP_ENDS,
                     .plane = plane,
                     .sample = lowering->use_float ? CLP_SAMPLE_F32 : CLP_SAMPLE_I16};
    clproc_status status;
    /* A colour outside is seldom a whole number of levels of Y, Cb and Cr. */
    bool whole = !stage->filled || lowering->values.model != CLP_MODEL_YCC;
    if (!ends && whole && clp_stage_is_index(stage) && grid.h_step == 1 && grid.v_step == 1) {
        job.sample = src.sample;
    }
    fill_values(lowering, stage, plane, job.fill);
    CLP_TRY(status, out, fit(matrices, stage, &grid, lowering->error));
    if (ending == CLP_ENDS_COVERED && whole && clp_axis_is_index(&matrices->y) &&
        clp_axis_is_index(&matrices->x)) {
        job.sample = src.sample;
    }
    status = run_job(lowering, &job, &lowering->stored.surfaces[plane], end);
out:
    return status;
}

/** Of no more weights the sum of what rounding does to them is small. */
#define FEW_TAPS 64

/** Finds out whether a long window has weights for integers: of many small ones rounding may change
 * as many upwards as stripes in a picture go up. */
static clproc_status weigh_rounding(clp_lowering *lowering, const clp_stage *stage) {
    const clp_axis *axes[] = {&stage->y, &stage->x};
    double sum = 0;
    clproc_status status = CLPROC_OK;
    for (int i = 0; i < 2 && status == CLPROC_OK && !lowering->use_float; i++) {
        double rounding = 0;
        if (axes[i]->taps > FEW_TAPS) {
            status = clp_axis_rounding(axes[i], &rounding, lowering->error);
        }
        sum += rounding;
    }
    clp_bounds_weights(&lowering->bounds, sum);
    return status;
}

static clproc_status run_stage(clp_lowering *lowering, const clp_stage *stage, clp_ending ending) {
    int last = lowering->stored.level;
    fitted matrices = {0};
    clproc_status status = CLPROC_OK;
    for (uint32_t plane = 0; plane < lowering->stored.count; plane++) {
        clp_ending of_plane = ending;
        const clp_plane *out_plane = &lowering->plan->output.planes[plane];
        int end;
        if (ending == CLP_CHROMA_ENDS) {
            of_plane = plane > 0 ? CLP_ENDS : CLP_GOES_ON;
        }
        CLP_TRY(status, out, plane_stage(lowering, stage, plane, of_plane, &matrices, &end));
        last = end > last ? end : last;
        lowering->stored.h_step[plane] = of_plane == CLP_GOES_ON ? 1 : out_plane->h_step;
        lowering->stored.v_step[plane] = of_plane == CLP_GOES_ON ? 1 : out_plane->v_step;
    }
    clp_bounds_filter(&lowering->bounds, clp_axis_gain(&stage->y), clp_axis_gain(&stage->x),
                      ending == CLP_ENDS);
    if (!clp_stage_is_index(stage)) {
        clp_bounds_round(&lowering->bounds, 1);
        /* The first factor of a Gaussian leaves no stripes to the others. */
        if (!stage->factor) {
            CLP_TRY(status, out, weigh_rounding(lowering, stage));
        }
    }
    lowering->stored.level = last;
    lowering->stored.width = stage->transpose ? stage->y.out : stage->x.out;
    lowering->stored.height = stage->transpose ? stage->x.out : stage->y.out;
out:
    free_fitted(&matrices);
    return status;
}

clproc_status clp_lower_upsample(clp_lowering *lowering) {
    int last = lowering->stored.level;
    fitted matrices = {0};
    clp_stage copy;
    clproc_status status =
        clp_stage_identity(&copy, lowering->stored.width, lowering->stored.height, lowering->error);
    for (uint32_t i = 0; status == CLPROC_OK && i < lowering->stored.count; i++) {
        if (lowering->values.model == CLP_MODEL_YCC &&
            (lowering->stored.h_step[i] > 1 || lowering->stored.v_step[i] > 1)) {
            status = plane_stage(lowering, &copy, i, CLP_GOES_ON, &matrices, &last);
            lowering->stored.h_step[i] = lowering->stored.v_step[i] = 1;
            clp_bounds_round(&lowering->bounds, 1);
        }
    }
    lowering->stored.level = last;
    free_fitted(&matrices);
    clp_stage_free(&copy);
    return status;
}

clproc_status clp_lower_before_stages(clp_lowering *lowering, const clp_segment *segment,
                                      bool filters) {
    const clp_surface *src = surface_at(lowering, lowering->stored.surfaces[0]);
    bool straight =
        filters && clp_model_has_alpha(lowering->values.model) && !lowering->values.premultiplied;
    clproc_status status = CLPROC_OK;
    if (straight && lowering->waiting.count == 0 && src->sample != CLP_SAMPLE_F32 &&
        !segment->apart && !clp_stage_is_index(&segment->stages[0])) {
        lowering->premultiplies = lowering->values.premultiplied = true;
        return CLPROC_OK;
    }
    if (straight) {
        status = clp_lower_premultiply(lowering, true);
    }
    if (status == CLPROC_OK && lowering->waiting.count > 0) {
        status = clp_lower_flush(lowering, false);
    }
    return status;
}

clproc_status clp_lower_stages(clp_lowering *lowering, const clp_segment *segment,
                               clp_ending ending) {
    if (segment->stage_count == 0 && ending == CLP_GOES_ON) {
        return clp_lower_upsample(lowering);
    }
    if (segment->stage_count == 0) {
        clp_stage copy;
        clproc_status status = clp_stage_identity(&copy, lowering->stored.width,
                                                  lowering->stored.height, lowering->error);
        if (status == CLPROC_OK) {
            status = run_stage(lowering, &copy, ending);
        }
        clp_stage_free(&copy);
        return status;
    }
    for (size_t i = 0; i < segment->stage_count; i++) {
        bool last = i + 1 == segment->stage_count;
        clproc_status status =
            run_stage(lowering, &segment->stages[i], last ? ending : CLP_GOES_ON);
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
        clp_stage_identity(&copy, lowering->stored.width, lowering->stored.height, lowering->error);
    snprintf(copy.label, sizeof copy.label, "chroma");
    for (uint32_t plane = 0; status == CLPROC_OK && plane < lowering->stored.count; plane++) {
        int end;
        bool there =
            surface_at(lowering, lowering->stored.surfaces[plane])->role == CLP_ROLE_OUTPUT;
        if (!there) {
            status = plane_stage(lowering, &copy, plane, CLP_ENDS, &matrices, &end);
        }
    }
    free_fitted(&matrices);
    clp_stage_free(&copy);
    return status;
}
