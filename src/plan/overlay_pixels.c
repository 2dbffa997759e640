/** Pixels of overlays, scaled once for all planes of a picture, and kept for other pictures. */
#include <math.h>
#include <string.h>

#include "core/cancel.h"
#include "core/memory.h"
#include "plan/lower.h"

#define LEVELS 65536

/** What scaling its pixels takes. */
typedef struct resampling {
    const clp_term *term;
    const clp_overlay *overlay;
    clp_covered seen; /**< of the scaled overlay */
    /** Of each level of a sample, from 0 to 1, in linear light if it is asked for. */
    double *values;
    double *line; /**< a row of the result at the source's columns, multiplied by alpha */
} resampling;

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
    clp_covered seen;
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

static clproc_status convert(const clp_lowering *lowering, const clp_term *term,
                             const clp_covered *seen, const float *from, float *to) {
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

clproc_status clp_scaled_get(clp_lowering *lowering, const clp_term *term, const clp_covered *seen,
                             const float **pixels) {
    clp_scaled *scaled = place_of(lowering, term);
    scaled_key key = {.width = term->x.out,
                      .height = term->y.out,
                      .linear = term->parameter[CLP_OVERLAY_LINEAR] != 0,
                      .seen = {.left = (uint32_t)(seen->left - term->left),
                               .top = (uint32_t)(seen->top - term->top),
                               .width = seen->width,
                               .height = seen->height}};
    size_t bytes = (size_t)seen->width * seen->height * 4 * sizeof(float), size;
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
