/** Overlays: their tables, ready to be blended, and their way onto the planes of a JPEG. */
#include <math.h>
#include <string.h>

#include "core/cancel.h"
#include "core/checked.h"
#include "core/memory.h"
#include "plan/lower.h"

/** An overlay being brought to the samples that it is laid over: of pixels (steps of 1), or of one
 * plane. */
typedef struct covering {
    const clp_term *term;
    uint32_t plane;            /**< whose it becomes, or CLP_NO_PLANE */
    uint32_t channels;         /**< colour channels of the result */
    uint32_t h_step, v_step;   /**< pixels of a sample */
    uint32_t width, height;    /**< of the picture */
    clp_covered seen, covered; /**< in pixels, and in samples */
    double *sums;              /**< of a row of samples: colours times weight, and weight */
} covering;

/** The part of [at, at + length) that lies in [0, limit). */
static void clip(int64_t at, uint32_t length, uint32_t limit, uint32_t *first, uint32_t *count) {
    int64_t end = at + length < limit ? at + length : limit;
    *first = at > 0 ? (uint32_t)at : 0;
    *count = (uint32_t)(end - *first);
}

/** The samples, of `step` pixels each, that some pixels lie in. */
static void to_samples(uint32_t first, uint32_t count, uint32_t step, uint32_t *from,
                       uint32_t *samples) {
    *from = first / step;
    *samples = (first + count - 1) / step + 1 - *from;
}

/** How often pixel `at` of `length` counts in its sample: the last one fills that up. */
static uint32_t times(uint32_t at, uint32_t length, uint32_t step) {
    return at + 1 == length ? step - at % step : 1;
}

/** The channel of a plane, from 0 to 1. */
static double plane_value(uint32_t plane, const float pixel[4]) {
    const clp_colour ycc = clp_colour_ycc(false);
    double value = ycc.offset[plane] / 255;
    for (int c = 0; c < 3; c++) {
        value += ycc.m[plane][c] * (double)pixel[c];
    }
    return value;
}

/** Adds a row of pixels to the sums of its row of samples. */
static void add_pixels(const covering *s, uint32_t y, const float *pixel) {
    double share =
        s->term->parameter[CLP_OVERLAY_OPACITY] * times(y, s->height, s->v_step) / s->v_step;
    for (uint32_t x = s->seen.left; x < s->seen.left + s->seen.width; x++, pixel += 4) {
        double *sum = s->sums + (size_t)(x / s->h_step - s->covered.left) * (s->channels + 1);
        double weight = (double)pixel[3] * share * times(x, s->width, s->h_step) / s->h_step;
        for (uint32_t c = 0; c < s->channels; c++) {
            sum[c] += weight *
                      (s->plane == CLP_NO_PLANE ? (double)pixel[c] : plane_value(s->plane, pixel));
        }
        sum[s->channels] += weight;
    }
}

/** Stores the sums as the kernel takes them, and clears them; returns the place behind. */
static uint8_t *store_row(const covering *s, uint8_t *table, bool real, float white) {
    uint16_t *whole = (uint16_t *)(void *)table;
    float *fraction = (float *)(void *)table;
    size_t count = (size_t)s->covered.width * (s->channels + 1);
    for (size_t i = 0; i < count; i++) {
        size_t c = i % (s->channels + 1);
        bool last = c == s->channels;
        double weight = s->sums[i + s->channels - c];
        double value = last ? weight : weight > 0 ? s->sums[i] / weight : 0;
        if (real) {
            fraction[i] = (float)(last ? value : value * white);
        } else {
            whole[i] = (uint16_t)floor(value * (last ? 32768 : 255 * 64) + 0.5);
        }
    }
    memset(s->sums, 0, count * sizeof *s->sums);
    return table + count * (real ? sizeof *fraction : sizeof *whole);
}

static clproc_status fill(const clp_lowering *lowering, const covering *s, const clp_step *step,
                          const float *pixels, uint8_t *table) {
    uint32_t end = s->seen.top + s->seen.height;
    clproc_status status = CLPROC_OK;
    memcpy(table, &s->covered, sizeof s->covered);
    table += sizeof s->covered;
    for (uint32_t y = s->seen.top; status == CLPROC_OK && y < end; y++) {
        status = clp_cancel_check(lowering->plan->terms.cancel, lowering->error);
        add_pixels(s, y, pixels);
        pixels += (size_t)s->seen.width * 4;
        if (y + 1 == end || (y + 1) % s->v_step == 0) {
            table = store_row(s, table, lowering->use_float, step->white);
        }
    }
    return status;
}

/** What is covered of the picture, or of its plane. */
static void find_windows(const clp_lowering *lowering, covering *s) {
    s->width = lowering->stored.width;
    s->height = lowering->stored.height;
    s->h_step = s->v_step = 1;
    if (s->plane != CLP_NO_PLANE) {
        const clp_layout *output = &lowering->plan->output;
        s->width = output->width;
        s->height = output->height;
        s->h_step = output->planes[s->plane].h_step;
        s->v_step = output->planes[s->plane].v_step;
    }
    clip(s->term->left, s->term->x.out, s->width, &s->seen.left, &s->seen.width);
    clip(s->term->top, s->term->y.out, s->height, &s->seen.top, &s->seen.height);
    to_samples(s->seen.left, s->seen.width, s->h_step, &s->covered.left, &s->covered.width);
    to_samples(s->seen.top, s->seen.height, s->v_step, &s->covered.top, &s->covered.height);
}

static bool allocate(covering *s, size_t sample, uint8_t **table, size_t *bytes) {
    size_t channels = s->channels + 1;
    if (clp_checked_mul(s->covered.width, s->covered.height, bytes) &&
        clp_checked_mul(*bytes, channels * sample, bytes) &&
        clp_checked_add(*bytes, sizeof s->covered, bytes)) {
        *table = clp_memory_alloc(CLP_MEMORY_PLAN, *bytes);
    }
    s->sums = clp_memory_zero(CLP_MEMORY_PLAN, s->covered.width, channels * sizeof *s->sums);
    return *table && s->sums;
}

clproc_status clp_overlay_table(clp_lowering *lowering, clp_step *step, const clp_term *term) {
    covering s = {.term = term, .plane = lowering->waiting.plane, .channels = step->in};
    size_t sample = lowering->use_float ? sizeof(float) : sizeof(uint16_t), bytes = 0;
    uint8_t *table = NULL;
    const float *pixels = NULL;
    clproc_status status;
    find_windows(lowering, &s);
    if (!allocate(&s, sample, &table, &bytes)) {
        status = clp_error_memory(lowering->error, "an overlay", bytes);
        goto out;
    }
    CLP_TRY(status, out, clp_scaled_get(lowering, term, &s.seen, &pixels));
    CLP_TRY(status, out, fill(lowering, &s, step, pixels, table));
    status = clp_table_bytes(lowering->plan, table, bytes, &step->table, lowering->error);
out:
    clp_memory_free(s.sums);
    clp_memory_free(table);
    return status;
}

/* ---------------------------------------------------------------- over planes */

bool clp_lower_covers_planes(const clp_lowering *lowering, const clp_segment *segment) {
    return !segment->sided && segment->point_count > 0 && lowering->values.model == CLP_MODEL_YCC &&
           lowering->plan->output.model == CLP_MODEL_YCC &&
           clp_terms_end_in_overlays(&lowering->plan->terms);
}

static clproc_status add_steps(clp_lowering *lowering, const clp_segment *segment) {
    const clp_step step = {.kind = CLP_STEP_OVERLAY, .in = 1};
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; status == CLPROC_OK && i < segment->point_count; i++) {
        clp_lower_label(lowering, segment->points[i]->op);
        status = clp_lower_step(lowering, &step, segment->points[i]);
    }
    return status;
}

/** Lays the overlays over one plane, which is there from `level` on. */
static clproc_status cover(clp_lowering *lowering, const clp_segments *segments, size_t index,
                           uint32_t plane, uint32_t surface, int level) {
    const clp_plane *to = &lowering->plan->output.planes[plane];
    clproc_status status = CLPROC_OK;
    lowering->waiting.plane = plane;
    lowering->values.model = CLP_MODEL_GRAY;
    lowering->stored = (clp_stored){.model = CLP_MODEL_GRAY,
                                    .width = to->width,
                                    .height = to->height,
                                    .surfaces = {surface},
                                    .count = 1,
                                    .h_step = {1, 1, 1},
                                    .v_step = {1, 1, 1},
                                    .level = level};
    for (size_t i = index; status == CLPROC_OK && i < segments->count; i++) {
        status = add_steps(lowering, &segments->items[i]);
    }
    return status == CLPROC_OK ? clp_lower_flush(lowering, true) : status;
}

/** True if the planes have as many samples as those of the output. */
static bool are_on_grid(const clp_lowering *lowering) {
    bool same = true;
    for (uint32_t i = 0; i < lowering->stored.count; i++) {
        const clp_plane *to = &lowering->plan->output.planes[i];
        same = same && lowering->stored.h_step[i] == to->h_step &&
               lowering->stored.v_step[i] == to->v_step;
    }
    return same;
}

clproc_status clp_lower_covered(clp_lowering *lowering, const clp_segments *segments,
                                size_t index) {
    const clp_segment *segment = &segments->items[index];
    clproc_status status = CLPROC_OK;
    if (segment->stage_count > 0 || !are_on_grid(lowering)) {
        CLP_TRY(status, out, clp_lower_stages(lowering, segment, CLP_ENDS_COVERED));
    }
    clp_bounds_round(&lowering->bounds, 1);
    clp_stored planes = lowering->stored;
    for (uint32_t plane = 0; plane < planes.count; plane++) {
        /* Planes are independent of each other. */
        CLP_TRY(status, out,
                cover(lowering, segments, index, plane, planes.surfaces[plane], planes.level));
    }
out:
    return status;
}
