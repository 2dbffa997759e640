/** The jobs of kernels: a pass of a plan, or of a band of it, in the words of jobs.h. */
#include "device/work.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "device/jobs.h"

/* What the kernels call things, which know nothing of plans */
_Static_assert(SAMPLE_U8 == CLP_SAMPLE_U8 && SAMPLE_I16 == CLP_SAMPLE_I16 &&
                   SAMPLE_U16 == CLP_SAMPLE_U16 && SAMPLE_F32 == CLP_SAMPLE_F32,
               "samples have one number each");
_Static_assert(ROLE_INPUT == CLP_ROLE_INPUT && ROLE_SCRATCH == CLP_ROLE_SCRATCH &&
                   ROLE_OUTPUT == CLP_ROLE_OUTPUT,
               "arenas have one number each");
_Static_assert(STEP_MATRIX == CLP_STEP_MATRIX && STEP_CLAMP == CLP_STEP_CLAMP &&
                   STEP_CURVE == CLP_STEP_CURVE && STEP_PREMULTIPLY == CLP_STEP_PREMULTIPLY &&
                   STEP_UNPREMULTIPLY == CLP_STEP_UNPREMULTIPLY && STEP_SCALE == CLP_STEP_SCALE &&
                   STEP_FLATTEN == CLP_STEP_FLATTEN && STEP_UNSHARP == CLP_STEP_UNSHARP &&
                   STEP_HSV == CLP_STEP_HSV && STEP_TABLE == CLP_STEP_TABLE &&
                   STEP_LOOKUP == CLP_STEP_LOOKUP && STEP_CUBIC == CLP_STEP_CUBIC &&
                   STEP_OVERLAY == CLP_STEP_OVERLAY && STEP_OPAQUE == CLP_STEP_OPAQUE &&
                   CUBICS == CLP_CUBICS,
               "steps have one number each");
_Static_assert(COLOUR_STEPS == CLP_MAX_STEPS, "a job has room for the steps of a pass");

static const clp_surface *surface_of(const clp_work *w, uint32_t index) {
    return &w->plan->surfaces[index];
}

static uint64_t sample_offset(const clp_surface *surface) {
    return surface->offset / clp_sample_size(surface->sample);
}

static uint32_t sample_pitch(const clp_surface *surface) {
    return (uint32_t)(surface->pitch / clp_sample_size(surface->sample));
}

static uint32_t divide_up(uint32_t value, uint32_t unit) {
    return (value + unit - 1) / unit;
}

static void set_fill(const clp_pass *pass, bool q6, float fill[4]) {
    for (int i = 0; i < 4; i++) {
        fill[i] = q6 ? floorf(pass->fill[i] * 64 + 0.5f) : pass->fill[i];
    }
}

/** Turns a job on whole planes into one on a band: some rows of the first pass, which are columns
 * to the second. */
static void restrict_to_band(const clp_work *w, const clp_surface *src, const clp_surface *dst,
                             filter_job *job) {
    const clp_pass *pass = w->pass;
    const clp_band *band = w->band;
    uint64_t first = band->result, stored = first; /* of the results: computed, and where they go */
    uint32_t count = band->result_end - band->result;
    bool two = w->route->second != CLP_NO_PASS,
         second = two && pass == &w->plan->passes[w->route->second];
    size_t between = clp_sample_size(second ? src->sample : dst->sample);
    if (w->route->colour != CLP_NO_PASS && second == two) {
        /* The band's own results, which no other band need find again. */
        job->dst = w->route->made_offset / clp_sample_size(dst->sample);
        stored = 0;
    }
    if (second) {
        job->src = w->route->between_offset / between;
        job->src_pitch = (uint32_t)(w->route->between_pitch / between);
        job->columns = count;
        job->dst += pass->transpose ? stored * job->dst_pitch : stored * job->row_channels;
        return;
    }
    size_t weight = pass->real ? sizeof(float) : sizeof(int16_t);
    job->rows = count;
    job->starts += (uint32_t)first * 2 * (uint32_t)sizeof(int32_t);
    job->weights += (uint32_t)(first * pass->weight_pitch * weight);
    bool led = w->route->lead != CLP_NO_PASS;
    if (led || w->window) {
        /* Filters count rows from the plane's first, which it does not hold: modulo 2^64. */
        size_t offset = led ? w->route->lead_offset : w->window->offset;
        job->src = offset / clp_sample_size(src->sample) - (uint64_t)band->source * job->src_pitch;
    }
    if (w->route->second == CLP_NO_PASS) {
        job->dst += pass->transpose ? stored : stored * job->dst_pitch;
    } else {
        job->dst = w->route->between_offset / between;
        job->dst_pitch = (uint32_t)(w->route->between_pitch / between);
    }
}

static uint32_t make_filter_job(const clp_device *device, const clp_work *w, uint32_t first_tile,
                                void *made) {
    filter_job *job = made;
    const clp_pass *pass = w->pass;
    const clp_surface *src = surface_of(w, pass->src[0]), *dst = surface_of(w, pass->dst[0]);
    uint32_t columns = device->group_tiles ? GROUP_COLUMNS : ITEM_COLUMNS;
    uint32_t rows = device->group_tiles ? GROUP_TILE_ROWS(pass->channel_step) : ITEM_ROWS;
    *job = (filter_job){
        .src = sample_offset(src),
        .dst = sample_offset(dst),
        .src_pitch = sample_pitch(src),
        .dst_pitch = sample_pitch(dst),
        .rows = pass->windows * pass->channel_step,
        .columns = src->width * src->channels,
        .row_channels = pass->channel_step,
        .column_channels = src->channels,
        .taps = pass->taps,
        .weights = pass->weights,
        .weight_pitch = pass->weight_pitch,
        .starts = pass->starts,
        .tiles_across = divide_up(src->width * src->channels, columns),
        .first_tile = first_tile,
    };
    set_fill(pass, !pass->real, job->fill);
    if (w->band) {
        restrict_to_band(w, src, dst, job);
        job->tiles_across = divide_up(job->columns, columns);
    }
    return job->tiles_across * divide_up(job->rows, rows);
}

/** Turns a move of a whole plane into one of a band: some rows of the result, or some columns. */
static void restrict_move(const clp_work *w, const clp_surface *src, const clp_surface *dst,
                          reindex_job *job) {
    const clp_band *band = w->band;
    uint32_t count = band->result_end - band->result;
    uint64_t stored = band->result;
    if (w->route->colour != CLP_NO_PASS) {
        job->dst = w->route->made_offset / clp_sample_size(dst->sample);
        stored = 0;
    }
    job->row_index += band->result * (uint32_t)sizeof(int32_t);
    if (job->transpose) {
        job->columns = count;
        job->dst += stored * job->channels;
    } else {
        job->rows = count;
        job->dst += stored * job->dst_pitch;
    }
    bool led = w->route->lead != CLP_NO_PASS;
    if (led || w->window) {
        /* As filters count rows. */
        size_t offset = led ? w->route->lead_offset : w->window->offset;
        job->src = offset / clp_sample_size(src->sample) - (uint64_t)band->source * job->src_pitch;
    }
}

static uint32_t make_reindex_job(const clp_device *device, const clp_work *w, uint32_t first_tile,
                                 void *made) {
    reindex_job *job = made;
    const clp_pass *pass = w->pass;
    const clp_surface *src = surface_of(w, pass->src[0]), *dst = surface_of(w, pass->dst[0]);
    (void)device;
    *job = (reindex_job){
        .src = sample_offset(src),
        .dst = sample_offset(dst),
        .src_pitch = sample_pitch(src),
        .dst_pitch = sample_pitch(dst),
        .rows = dst->height,
        .columns = dst->width,
        .channels = dst->channels,
        .row_index = pass->rows,
        .column_index = pass->columns,
        .transpose = pass->transpose,
        .tiles_across = divide_up(dst->width, REINDEX_TILE),
        .first_tile = first_tile,
    };
    set_fill(pass, src->sample == CLP_SAMPLE_I16, job->fill);
    if (w->band) {
        restrict_move(w, src, dst, job);
        job->tiles_across = divide_up(job->columns, REINDEX_TILE);
    }
    return job->tiles_across * divide_up(job->rows, REINDEX_TILE);
}

/** Describes where each channel stands: planes, or interleaved samples of one plane; alpha goes
 * last, into [3]. */
static void colour_surfaces(const clp_work *w, const uint32_t *surfaces, uint32_t count,
                            uint32_t channels, bool alpha, colour_surface *out) {
    for (uint32_t c = 0; c < channels; c++) {
        const clp_surface *surface = surface_of(w, surfaces[count > 1 ? c : 0]);
        uint32_t slot = alpha && c + 1 == channels ? 3 : c;
        size_t inside = count > 1 ? 0 : c * clp_sample_size(surface->sample);
        out[slot] = (colour_surface){.offset = surface->offset + inside,
                                     .pitch = (uint32_t)surface->pitch,
                                     .role = surface->role,
                                     .sample = surface->sample,
                                     .stride = count > 1 ? 1 : channels};
    }
}

/** Where in the input the source rows of a band begin, bytes. */
static uint64_t source_of(const clp_work *w, const clp_surface *input) {
    return w->window ? w->window->offset : input->offset + (uint64_t)w->band->source * input->pitch;
}

/** Turns a job on a whole picture into one on the source rows of a band. */
static void restrict_lead(const clp_work *w, colour_job *job) {
    const clp_surface *src = surface_of(w, w->pass->src[0]), *dst = surface_of(w, w->pass->dst[0]);
    uint32_t first = w->band->source;
    uint64_t from = source_of(w, src);
    job->top = first;
    job->height = w->band->source_end - first;
    for (uint32_t c = 0; c < 4; c++) {
        job->src[c].offset += from - src->offset;
        job->dst[c].offset += w->route->lead_offset - dst->offset;
    }
}

/** What a job on colours has at its side is what the band's first pass reads; of that, it begins
 * with the row of its first result. */
static void restrict_side(const clp_work *w, colour_job *job) {
    const clp_surface *side = surface_of(w, w->pass->side[0]);
    uint64_t from = w->route->lead != CLP_NO_PASS ? w->route->lead_offset : source_of(w, side);
    from += (uint64_t)(w->band->result - w->band->source) * side->pitch;
    for (uint32_t c = 0; c < 4; c++) {
        job->side[c].offset += from - side->offset;
    }
}

/** Turns a job on a whole picture into one on some of its rows, which the passes before have put
 * where nothing but a band has its place. */
static void restrict_colours(const clp_work *w, colour_job *job) {
    const clp_pass *pass = w->pass;
    uint32_t first = w->band->result;
    job->top = first;
    job->height = w->band->result_end - first;
    for (uint32_t c = 0; c < 4; c++) {
        uint32_t plane = pass->src_count > 1 ? c : 0;
        if (plane < pass->src_count) {
            const clp_band_route *route =
                pass->src_count > 1 ? &w->plan->bands.routes[plane] : w->route;
            job->src[c].offset += route->made_offset - surface_of(w, pass->src[plane])->offset;
        }
        uint32_t rows = c > 0 && pass->dst_count > 1 ? first / pass->v_step : first;
        job->dst[c].offset += (uint64_t)rows * job->dst[c].pitch;
    }
    if (pass->side_count > 0) {
        restrict_side(w, job);
    }
}

static uint32_t make_colour_job(const clp_device *device, const clp_work *w, uint32_t first_tile,
                                void *made) {
    colour_job *job = made;
    const clp_pass *pass = w->pass;
    const clp_surface *dst = surface_of(w, pass->dst[0]);
    bool narrow = device->group_tiles || clp_device_is_narrow(device);
    uint32_t lanes = narrow ? COLOUR_GROUP_LANES : COLOUR_ITEM_LANES;
    uint32_t vectors = device->group_tiles ? COLOUR_GROUP_VECTORS : COLOUR_ITEM_VECTORS;
    *job = (colour_job){.width = dst->width,
                        .height = dst->height,
                        .in_colours = pass->in_channels - pass->in_alpha,
                        .out_colours = pass->out_channels - pass->out_alpha,
                        .in_alpha = pass->in_alpha,
                        .out_alpha = pass->out_alpha,
                        .step_count = pass->step_count,
                        .vectors_across = divide_up(dst->width, lanes),
                        .first_tile = first_tile,
                        .h_step = pass->h_step,
                        .v_step = pass->v_step};
    colour_surfaces(w, pass->src, pass->src_count, pass->in_channels, pass->in_alpha, job->src);
    colour_surfaces(w, pass->dst, pass->dst_count, pass->out_channels, pass->out_alpha, job->dst);
    if (pass->side_count > 0) {
        colour_surfaces(w, pass->side, pass->side_count, pass->in_channels, pass->in_alpha,
                        job->side);
    }
    if (w->band && w->route->lead != CLP_NO_PASS && pass == &w->plan->passes[w->route->lead]) {
        restrict_lead(w, job);
    } else if (w->band) {
        restrict_colours(w, job);
    }
    for (uint32_t i = 0; i < pass->step_count; i++) {
        const clp_step *step = &pass->steps[i];
        job->steps[i] = (colour_step){.kind = step->kind,
                                      .table = step->table,
                                      .shift = step->grid ? step->grid : step->shift,
                                      .in = step->in,
                                      .out = step->out,
                                      .white = step->white,
                                      .inverse_white = 1 / step->white};
        memcpy(job->steps[i].value, step->value, sizeof step->value);
    }
    return divide_up(job->vectors_across * divide_up(job->height, job->v_step), vectors);
}

static uint32_t make_features_job(const clp_device *device, const clp_work *w, uint32_t first_tile,
                                  void *made) {
    features_job *job = made;
    const clp_surface *src = surface_of(w, w->pass->src[0]), *dst = surface_of(w, w->pass->dst[0]);
    (void)device;
    *job = (features_job){.src = src->offset,
                          .dst = dst->offset,
                          .src_pitch = (uint32_t)src->pitch,
                          .dst_pitch = (uint32_t)dst->pitch,
                          .width = src->width,
                          .height = src->height,
                          .channels = src->channels,
                          .first_tile = first_tile};
    return dst->height;
}

const clp_job_kind clp_job_kinds[] = {
    [CLP_PASS_FILTER] = {sizeof(filter_job), offsetof(filter_job, first_tile), make_filter_job},
    [CLP_PASS_REINDEX] = {sizeof(reindex_job), offsetof(reindex_job, first_tile), make_reindex_job},
    [CLP_PASS_COLOUR] = {sizeof(colour_job), offsetof(colour_job, first_tile), make_colour_job},
    [CLP_PASS_FEATURES] = {sizeof(features_job), offsetof(features_job, first_tile),
                           make_features_job}};
