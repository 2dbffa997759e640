/** The table of an overlay: scaled once for all pictures of a plan, ready to be blended. */
#include <math.h>
#include <string.h>

#include "core/cancel.h"
#include "core/checked.h"
#include "core/memory.h"
#include "plan/lower.h"

#define LEVELS 65536

/** The part of a picture that an overlay covers: pixels, or samples of a plane. */
typedef struct window {
    uint32_t left, top, width, height;
} window;

/** An overlay being scaled, and brought to the samples that it is laid over: of pixels (steps of
 * 1), or of one plane. */
typedef struct scaling {
    const clp_term *term;
    uint32_t plane;          /**< whose it becomes, or CLP_NO_PLANE */
    uint32_t channels;       /**< colour channels of the result */
    uint32_t h_step, v_step; /**< pixels of a sample */
    uint32_t width, height;  /**< of the picture */
    window seen, covered;    /**< in pixels, and in samples */
    double *sums;            /**< of a row of samples: colours times weight, and weight */
} scaling;

/** What scaling its pixels takes. */
typedef struct resampling {
    const clp_term *term;
    const clp_overlay *overlay;
    window seen; /**< of the scaled overlay */
    double
        *values;  /**< of each level of a sample, from 0 to 1, in linear light if it is asked for */
    double *line; /**< a row of the result at the source's columns, multiplied by alpha */
} resampling;

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

/** Adds `weight` times a row of the overlay to the line. */
static void add_row(const resampling *s, uint32_t y, double weight) {
    uint32_t colours = s->overlay->colours;
    const uint16_t *sample = s->overlay->samples + (size_t)y * s->overlay->width * (colours + 1);
    double *out = s->line;
    for (uint32_t x = 0; x < s->overlay->width; x++, sample += colours + 1) {
        double share = weight * sample[colours] / (LEVELS - 1);
        for (uint32_t c = 0; c < colours; c++) {
            *out++ += share * s->values[sample[c]];
        }
        *out++ += share;
    }
}

/** Row `row` of the scaled overlay, at the source's columns. */
static void make_line(const resampling *s, uint32_t row) {
    const clp_axis *axis = &s->term->y;
    memset(s->line, 0, (size_t)s->overlay->width * (s->overlay->colours + 1) * sizeof *s->line);
    for (uint32_t k = 0; k < axis->taps; k++) {
        double weight = axis->weight[(size_t)row * axis->taps + k];
        if (weight != 0) {
            add_row(s, (uint32_t)axis->start[row] + k, weight);
        }
    }
}

static double limit(double value) {
    return fmin(fmax(value, 0), 1);
}

/** One pixel of the row that the line holds: R, G, B or gray three times, then alpha, from 0 to 1.
 */
static void make_pixel(const resampling *s, uint32_t x, float pixel[4]) {
    const clp_axis *axis = &s->term->x;
    uint32_t colours = s->overlay->colours;
    double sum[4] = {0};
    for (uint32_t k = 0; k < axis->taps; k++) {
        double weight = axis->weight[(size_t)x * axis->taps + k];
        const double *from = s->line + ((size_t)axis->start[x] + k) * (colours + 1);
        for (uint32_t c = 0; c <= colours; c++) {
            sum[c] += weight * from[c];
        }
    }
    double alpha = limit(sum[colours]);
    for (uint32_t c = 0; c < 3; c++) {
        double value = alpha > 0 ? limit(sum[colours == 1 ? 0 : c] / alpha) : 0;
        pixel[c] =
            (float)(s->term->parameter[CLP_OVERLAY_LINEAR] != 0 ? clp_srgb_encode(value, NULL)
                                                                : value);
    }
    pixel[3] = (float)alpha;
}

static clproc_status resample(const clp_lowering *lowering, resampling *s, float *pixels) {
    const double linear = s->term->parameter[CLP_OVERLAY_LINEAR];
    for (uint32_t i = 0; i < LEVELS; i++) {
        double value = (double)i / (LEVELS - 1);
        s->values[i] = linear != 0 ? clp_srgb_decode(value, NULL) : value;
    }
    for (uint32_t y = 0; y < s->seen.height; y++) {
        clproc_status status = clp_cancel_check(lowering->plan->terms.cancel, lowering->error);
        if (status != CLPROC_OK) {
            return status;
        }
        make_line(s, s->seen.top + y);
        for (uint32_t x = 0; x < s->seen.width; x++, pixels += 4) {
            make_pixel(s, s->seen.left + x, pixels);
        }
    }
    return CLPROC_OK;
}

/** What the pixels of a scaled overlay depend on besides itself. Compared as bytes. */
typedef struct scaled_key {
    uint32_t width, height, linear;
    window seen;
} scaled_key;

/** Makes the pixels in `to`, and keeps a copy with the overlay. */
static clproc_status make_pixels(const clp_lowering *lowering, const clp_term *term,
                                 const scaled_key *key, size_t bytes, float *to) {
    clp_overlay *overlay = term->overlay;
    resampling s = {.term = term, .overlay = overlay, .seen = key->seen};
    clproc_status status = CLPROC_OK;
    size_t line = overlay->width * (overlay->colours + 1) * sizeof *s.line;
    s.values = clp_memory_alloc(CLP_MEMORY_PLAN, LEVELS * sizeof *s.values);
    s.line = clp_memory_alloc(CLP_MEMORY_PLAN, line);
    if (!s.values || !s.line) {
        status = clp_error_memory(lowering->error, "an overlay", line);
        goto out;
    }
    CLP_TRY(status, out, resample(lowering, &s, to));
    /* A few large ones are not to keep out all others. */
    if (bytes <= overlay->scaled.most / 4) {
        clp_derived_remember(&overlay->scaled, key, sizeof *key, to, bytes);
    }
out:
    clp_memory_free(s.line);
    clp_memory_free(s.values);
    return status;
}

/** Brings a row of pixels from sRGB to the picture's colours. */
static void convert_row(const clp_conversion *conversion, size_t count, const float *from,
                        float *to) {
    for (size_t i = 0; i < count; i++, from += 4, to += 4) {
        double in[4] = {from[0], from[1], from[2]}, out[3] = {in[0], in[1], in[2]};
        if (from[3] > 0) {
            clp_conversion_apply(conversion, in, out);
        }
        to[0] = (float)out[0];
        to[1] = (float)out[1];
        to[2] = (float)out[2];
        to[3] = from[3];
    }
}

static clproc_status convert(const clp_lowering *lowering, const clp_term *term, const window *seen,
                             const float *from, float *to) {
    clproc_status status = CLPROC_OK;
    for (uint32_t y = 0; status == CLPROC_OK && y < seen->height; y++) {
        size_t row = (size_t)y * seen->width * 4;
        status = clp_cancel_check(lowering->plan->terms.cancel, lowering->error);
        convert_row(term->conversion, seen->width, from + row, to + row);
    }
    return status;
}

void clp_scaled_free(clp_lowering *lowering) {
    for (uint32_t i = 0; i < CLP_MAX_SCALED; i++) {
        clp_memory_free(lowering->scaled[i].own);
    }
    memset(lowering->scaled, 0, sizeof lowering->scaled);
}

/** Where the scaled pixels of a term are, or may come. */
static clp_scaled *place_of(clp_lowering *lowering, const clp_term *term) {
    uint32_t i = 0;
    while (i + 1 < CLP_MAX_SCALED && lowering->scaled[i].term && lowering->scaled[i].term != term) {
        i++;
    }
    return &lowering->scaled[i];
}

/** The scaled pixels, unless they are there from another plane. */
static clproc_status find_pixels(clp_lowering *lowering, const scaling *s, const float **pixels) {
    const clp_term *term = s->term;
    clp_scaled *scaled = place_of(lowering, term);
    scaled_key key = {.width = term->x.out,
                      .height = term->y.out,
                      .linear = term->parameter[CLP_OVERLAY_LINEAR] != 0,
                      .seen = {.left = (uint32_t)(s->seen.left - term->left),
                               .top = (uint32_t)(s->seen.top - term->top),
                               .width = s->seen.width,
                               .height = s->seen.height}};
    size_t bytes = (size_t)s->seen.width * s->seen.height * 4 * sizeof(float), size;
    clproc_status status = CLPROC_OK;
    if (scaled->term == term) {
        goto out;
    }
    clp_memory_free(scaled->own);
    *scaled = (clp_scaled){0};
    const float *kept = clp_derived_recall(&term->overlay->scaled, &key, sizeof key, &size);
    if (!kept || term->conversion) {
        scaled->own = clp_memory_alloc(CLP_MEMORY_PLAN, bytes);
        if (!scaled->own) {
            return clp_error_memory(lowering->error, "an overlay", bytes);
        }
    }
    if (!kept) {
        CLP_TRY(status, out, make_pixels(lowering, term, &key, bytes, scaled->own));
    }
    if (term->conversion) {
        CLP_TRY(status, out,
                convert(lowering, term, &key.seen, kept ? kept : scaled->own, scaled->own));
    }
    lowering->plan->planning_bytes += bytes;
    scaled->pixels = scaled->own ? scaled->own : kept;
    scaled->term = term;
out:
    *pixels = scaled->pixels;
    return status;
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
static void add_pixels(const scaling *s, uint32_t y, const float *pixel) {
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
static uint8_t *store_row(const scaling *s, uint8_t *table, bool real, float white) {
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

static clproc_status fill(const clp_lowering *lowering, const scaling *s, const clp_step *step,
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
static void find_windows(const clp_lowering *lowering, scaling *s) {
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

static bool allocate(scaling *s, size_t sample, uint8_t **table, size_t *bytes) {
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
    scaling s = {.term = term, .plane = lowering->waiting.plane, .channels = step->in};
    size_t sample = lowering->use_float ? sizeof(float) : sizeof(uint16_t), bytes = 0;
    uint8_t *table = NULL;
    const float *pixels = NULL;
    clproc_status status;
    find_windows(lowering, &s);
    if (!allocate(&s, sample, &table, &bytes)) {
        status = clp_error_memory(lowering->error, "an overlay", bytes);
        goto out;
    }
    CLP_TRY(status, out, find_pixels(lowering, &s, &pixels));
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
