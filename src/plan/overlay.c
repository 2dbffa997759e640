#include <math.h>
#include <string.h>

#include "core/checked.h"
#include "core/memory.h"
#include "plan/terms.h"

typedef struct clp_named_overlay {
    char *file;
    clp_overlay *overlay;
} named_overlay;

/* ----------------------------------------------------------------- pictures */

/** Bytes of scaled copies that are kept with an overlay: a dozen of 200 × 100 pixels. */
#define MOST_SCALED ((size_t)4 << 20)

/** Of 8 bits or 16, as one of 16. */
static uint16_t sample_at(const uint8_t *row, uint32_t depth, size_t i) {
    return depth == 8 ? (uint16_t)(row[i] * 257) : ((const uint16_t *)(const void *)row)[i];
}

/** True if no pixel has a colour. */
static bool is_gray(const clp_layout *layout, const uint8_t *base) {
    const clp_plane *plane = &layout->planes[0];
    bool gray = true;
    for (uint32_t y = 0; plane->channels >= 3 && gray && y < plane->height; y++) {
        const uint8_t *row = base + plane->offset + y * plane->pitch;
        for (uint32_t x = 0; x < plane->width; x++) {
            size_t i = (size_t)x * plane->channels;
            uint16_t red = sample_at(row, layout->depth, i);
            gray = gray && red == sample_at(row, layout->depth, i + 1) &&
                   red == sample_at(row, layout->depth, i + 2);
        }
    }
    return gray;
}

static void take_samples(clp_overlay *to, const clp_layout *layout, const uint8_t *base) {
    const clp_plane *plane = &layout->planes[0];
    bool alpha = clp_model_has_alpha(layout->model);
    uint16_t *out = to->samples;
    for (uint32_t y = 0; y < plane->height; y++) {
        const uint8_t *row = base + plane->offset + y * plane->pitch;
        for (uint32_t x = 0; x < plane->width; x++) {
            size_t i = (size_t)x * plane->channels;
            for (uint32_t c = 0; c < to->colours; c++) {
                *out++ = sample_at(row, layout->depth, i + c);
            }
            *out++ = alpha ? sample_at(row, layout->depth, i + plane->channels - 1) : UINT16_MAX;
        }
    }
}

clproc_status clp_overlay_create(clp_overlay **overlay, const clp_layout *layout,
                                 const uint8_t *base, clproc_error *error) {
    size_t count = 0;
    clp_overlay *made = clp_memory_zero(CLP_MEMORY_PIXELS, 1, sizeof *made);
    if (!made) {
        return clp_error_memory(error, "an overlay", sizeof *made);
    }
    atomic_init(&made->references, 1);
    clp_derived_init(&made->scaled, MOST_SCALED);
    made->width = layout->width;
    made->height = layout->height;
    made->colours = is_gray(layout, base) ? 1 : 3;
    if (clp_checked_mul(layout->width, layout->height, &count) &&
        clp_checked_mul(count, (made->colours + 1) * sizeof *made->samples, &count)) {
        made->samples = clp_memory_alloc(CLP_MEMORY_PIXELS, count);
    }
    if (!made->samples) {
        clp_overlay_release(&made);
        return clp_error_memory(error, "an overlay", count);
    }
    take_samples(made, layout, base);
    *overlay = made;
    return CLPROC_OK;
}

clp_overlay *clp_overlay_retain(clp_overlay *overlay) {
    atomic_fetch_add(&overlay->references, 1);
    return overlay;
}

void clp_overlay_release(clp_overlay **overlay) {
    if (*overlay && atomic_fetch_sub(&(*overlay)->references, 1) == 1) {
        clp_derived_free(&(*overlay)->scaled);
        clp_memory_free((*overlay)->samples);
        clp_memory_free(*overlay);
    }
    *overlay = NULL;
}

uint64_t clp_overlay_bytes(const clp_overlay *overlay) {
    return (uint64_t)overlay->width * overlay->height * (overlay->colours + 1) *
           sizeof *overlay->samples;
}

/* ------------------------------------------------------------------- a run's */

clproc_status clp_overlays_add(clp_overlays *overlays, const char *file, clp_overlay *overlay,
                               clproc_error *error) {
    named_overlay *items = clp_memory_grow(CLP_MEMORY_PLAN, overlays->items, &overlays->capacity,
                                           overlays->count + 1, sizeof *items);
    char *name = items ? clp_memory_string(CLP_MEMORY_PLAN, file) : NULL;
    overlays->items = items ? items : overlays->items;
    if (!name) {
        return clp_error_memory(error, "an overlay", sizeof *items);
    }
    items[overlays->count++] = (named_overlay){name, clp_overlay_retain(overlay)};
    return CLPROC_OK;
}

clp_overlay *clp_overlays_find(const clp_overlays *overlays, const char *file) {
    for (size_t i = 0; overlays && i < overlays->count; i++) {
        if (strcmp(overlays->items[i].file, file) == 0) {
            return overlays->items[i].overlay;
        }
    }
    return NULL;
}

const char *clp_overlays_file(const clp_overlays *overlays, size_t index) {
    return overlays->items[index].file;
}

uint64_t clp_overlays_bytes(const clp_overlays *overlays) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < overlays->count; i++) {
        bytes += clp_overlay_bytes(overlays->items[i].overlay);
    }
    return bytes;
}

void clp_overlays_free(clp_overlays *overlays) {
    for (size_t i = 0; i < overlays->count; i++) {
        clp_memory_free(overlays->items[i].file);
        clp_overlay_release(&overlays->items[i].overlay);
    }
    clp_memory_free(overlays->items);
    *overlays = (clp_overlays){0};
}

/* ------------------------------------------------------------------- a term */

/** A pixel that is seen takes as many bytes as so many weights: 16 as it is scaled, and 16 in a
 * table, at most, which is there twice while it is made. */
#define WEIGHTS_OF_PIXEL 1.6

/** Weights of one result, at most: lanczos3 reaches three samples to each side. */
static double taps(double scale) {
    return ceil(6 * fmax(scale, 1)) + 2;
}

/** False where nothing of it lies inside the picture. */
static bool is_seen(const clp_terms *terms, const clp_overlay_place *place) {
    return place->opacity > 0 && place->x < terms->width && place->y < terms->height &&
           place->x + place->width > 0 && place->y + place->height > 0;
}

clproc_status clp_terms_overlay(clp_terms *terms, const char *op, clp_overlay *overlay,
                                const clp_overlay_place *place, clproc_error *error) {
    const double parameter[4] = {
        [CLP_OVERLAY_OPACITY] = place->opacity, [CLP_OVERLAY_LINEAR] = terms->linear};
    double x = (double)overlay->width / place->width, y = (double)overlay->height / place->height;
    clproc_status status = CLPROC_OK;
    if (!is_seen(terms, place)) {
        return CLPROC_OK;
    }
    double seen = fmin(place->width, terms->width) * fmin(place->height, terms->height);
    CLP_TRY(status, out,
            clp_terms_afford(
                terms, op, place->width, place->height,
                place->width * taps(x) + place->height * taps(y) + seen * WEIGHTS_OF_PIXEL, error));
    CLP_TRY(status, out, clp_terms_settle(terms, error));
    CLP_TRY(status, out, clp_terms_space(terms, op, CLP_SPACE_RGB, error));
    if (overlay->colours == 3) {
        CLP_TRY(status, out, clp_terms_expand(terms, op, error));
    }
    CLP_TRY(status, out, clp_terms_custom(terms, op, CLP_CUSTOM_OVERLAY, parameter, error));
    clp_term *term = &terms->items[terms->count - 1];
    term->overlay = clp_overlay_retain(overlay);
    if (terms->from_srgb && terms->colours == 3) {
        term->conversion = clp_conversion_retain(terms->from_srgb);
    }
    term->left = place->x;
    term->top = place->y;
    CLP_TRY(status, out,
            clp_axis_resize(&term->y, CLP_FILTER_LANCZOS3, overlay->height, 0, overlay->height,
                            place->height, error));
    status = clp_axis_resize(&term->x, CLP_FILTER_LANCZOS3, overlay->width, 0, overlay->width,
                             place->width, error);
out:
    return status;
}

bool clp_terms_end_in_overlays(const clp_terms *terms) {
    bool covered = false, so = true;
    for (size_t i = 0; i < terms->count; i++) {
        const clp_term *term = &terms->items[i];
        covered |= term->overlay != NULL;
        so =
            so && (covered ? term->overlay != NULL : term->kind == CLP_TERM_SPATIAL && !term->side);
    }
    return covered && so;
}
