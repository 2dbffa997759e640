/** The table of an overlay: scaled once for all pictures of a plan, ready to be blended. */
#include <math.h>
#include <string.h>

#include "core/cancel.h"
#include "core/checked.h"
#include "core/memory.h"
#include "plan/lower.h"

#define LEVELS 65536

/** What of an overlay lies inside the picture, in pixels of that. */
typedef struct window {
    uint32_t left, top, width, height;
} window;

/** An overlay being scaled. */
typedef struct scaling {
    const clp_term *term;
    const clp_overlay *overlay;
    window seen;
    double
        *values;  /**< of each level of a sample, from 0 to 1, in linear light if it is asked for */
    double *line; /**< a row of the result at the source's columns, multiplied by alpha */
} scaling;

/** The part of [at, at + length) that lies in [0, limit). */
static void clip(int64_t at, uint32_t length, uint32_t limit, uint32_t *first, uint32_t *count) {
    int64_t end = at + length < limit ? at + length : limit;
    *first = at > 0 ? (uint32_t)at : 0;
    *count = (uint32_t)(end - *first);
}

/** Adds `weight` times a row of the overlay to the line. */
static void add_row(const scaling *s, uint32_t y, double weight) {
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

static double limit(double value) {
    return fmin(fmax(value, 0), 1);
}

/** One pixel of the row that the line holds: colours, then alpha, from 0 to 1. */
static void make_pixel(const scaling *s, uint32_t x, double pixel[4]) {
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
    for (uint32_t c = 0; c < colours; c++) {
        double value = alpha > 0 ? limit(sum[c] / alpha) : 0;
        pixel[c] =
            s->term->parameter[CLP_OVERLAY_LINEAR] != 0 ? clp_srgb_encode(value, NULL) : value;
    }
    pixel[colours] = alpha;
}

/** Stores a pixel as the kernel takes it; gray as three equal channels where the picture has so
 * many. */
static void *store(void *to, const double pixel[4], uint32_t have, const clp_step *step, bool real,
                   double opacity) {
    uint16_t *whole = to;
    float *fraction = to;
    for (uint32_t c = 0; c <= step->in; c++) {
        bool last = c == step->in;
        double value = last ? pixel[have] * opacity : pixel[have == 1 ? 0 : c];
        if (real) {
            fraction[c] = (float)(last ? value : value * step->white);
        } else {
            whole[c] = (uint16_t)floor(value * (last ? 32768 : 255 * 64) + 0.5);
        }
    }
    return real ? (void *)(fraction + step->in + 1) : (void *)(whole + step->in + 1);
}

static clproc_status fill(clp_lowering *lowering, scaling *s, const clp_step *step,
                          uint8_t *table) {
    const clp_axis *axis = &s->term->y;
    size_t line = (size_t)s->overlay->width * (s->overlay->colours + 1) * sizeof *s->line;
    double pixel[4];
    void *to = table;
    memcpy(to, &s->seen, sizeof s->seen);
    to = table + sizeof s->seen;
    for (uint32_t y = 0; y < s->seen.height; y++) {
        uint32_t row = (uint32_t)(s->seen.top + y - s->term->top);
        clproc_status status = clp_cancel_check(lowering->plan->terms.cancel, lowering->error);
        if (status != CLPROC_OK) {
            return status;
        }
        memset(s->line, 0, line);
        for (uint32_t k = 0; k < axis->taps; k++) {
            double weight = axis->weight[(size_t)row * axis->taps + k];
            if (weight != 0) {
                add_row(s, (uint32_t)axis->start[row] + k, weight);
            }
        }
        for (uint32_t x = 0; x < s->seen.width; x++) {
            make_pixel(s, (uint32_t)(s->seen.left + x - s->term->left), pixel);
            to = store(to, pixel, s->overlay->colours, step, lowering->use_float,
                       s->term->parameter[CLP_OVERLAY_OPACITY]);
        }
    }
    return CLPROC_OK;
}

clproc_status clp_overlay_table(clp_lowering *lowering, clp_step *step, const clp_term *term) {
    scaling s = {.term = term, .overlay = term->overlay};
    size_t sample = lowering->use_float ? sizeof(float) : sizeof(uint16_t), bytes = 0;
    uint8_t *table = NULL;
    clproc_status status;
    clip(term->left, term->x.out, lowering->width, &s.seen.left, &s.seen.width);
    clip(term->top, term->y.out, lowering->height, &s.seen.top, &s.seen.height);
    if (clp_checked_mul(s.seen.width, s.seen.height, &bytes) &&
        clp_checked_mul(bytes, (step->in + 1) * sample, &bytes) &&
        clp_checked_add(bytes, sizeof s.seen, &bytes)) {
        table = clp_memory_alloc(CLP_MEMORY_PLAN, bytes);
    }
    s.values = clp_memory_alloc(CLP_MEMORY_PLAN, LEVELS * sizeof *s.values);
    s.line = clp_memory_zero(CLP_MEMORY_PLAN, s.overlay->width,
                             (s.overlay->colours + 1) * sizeof *s.line);
    if (!table || !s.values || !s.line) {
        status = clp_error_memory(lowering->error, "an overlay", bytes);
        goto out;
    }
    for (uint32_t i = 0; i < LEVELS; i++) {
        double value = (double)i / (LEVELS - 1);
        s.values[i] =
            term->parameter[CLP_OVERLAY_LINEAR] != 0 ? clp_srgb_decode(value, NULL) : value;
    }
    CLP_TRY(status, out, fill(lowering, &s, step, table));
    status = clp_table_bytes(lowering->plan, table, bytes, &step->table, lowering->error);
out:
    clp_memory_free(s.line);
    clp_memory_free(s.values);
    clp_memory_free(table);
    return status;
}
