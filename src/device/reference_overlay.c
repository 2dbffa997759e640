/** The reference's overlay: scaled, then blended pixel by pixel. */
#include <math.h>

#include "device/reference.h"

/** The overlay as stored, in levels, its colours multiplied by alpha, which comes last. */
static clproc_status load(clp_exact_plane planes[4], const clp_term *term, clproc_error *error) {
    const clp_overlay *overlay = term->overlay;
    uint32_t channels = overlay->colours + 1;
    for (uint32_t c = 0; c < channels; c++) {
        clproc_status status = clp_exact_make(&planes[c], overlay->width, overlay->height, error);
        if (status != CLPROC_OK) {
            return status;
        }
        for (size_t i = 0; i < (size_t)overlay->width * overlay->height; i++) {
            const uint16_t *pixel = overlay->samples + i * channels;
            double value = pixel[c] / 65535.0, alpha = pixel[channels - 1] / 65535.0;
            if (c + 1 < channels) {
                value =
                    term->parameter[CLP_OVERLAY_LINEAR] != 0 ? clp_srgb_decode(value, NULL) : value;
                value *= alpha;
            }
            planes[c].v[i] = 255 * value;
        }
    }
    return CLPROC_OK;
}

static double limit(double value) {
    return fmin(fmax(value, 0), 255);
}

/** Divides the scaled overlay's colours by its alpha. */
static void divide(clp_exact_plane planes[4], uint32_t colours, bool linear) {
    for (size_t i = 0; i < (size_t)planes[0].width * planes[0].height; i++) {
        double alpha = limit(planes[colours].v[i]);
        planes[colours].v[i] = alpha;
        for (uint32_t c = 0; c < colours; c++) {
            double value = alpha > 0 ? limit(255 * planes[c].v[i] / alpha) : 0;
            planes[c].v[i] = linear ? 255 * clp_srgb_encode(value / 255, NULL) : value;
        }
    }
}

/** Lays one pixel over another: the usual "over", of colours that alpha does not multiply. */
static void blend(const clp_exact_picture *picture, size_t to, const clp_exact_plane planes[4],
                  uint32_t overlay_colours, size_t from, double opacity) {
    double *alpha = clp_exact_alpha(picture);
    uint32_t colours = clp_exact_planes(picture) - (alpha != NULL);
    double cover = planes[overlay_colours].v[from] / 255 * opacity;
    double below = alpha ? alpha[to] / 255 * (1 - cover) : 1 - cover;
    double together = cover + below;
    bool shows = together * picture->white >= 0.5; /* else it is stored as 0 */
    for (uint32_t c = 0; shows && c < colours; c++) {
        double *v = &picture->planes[c].v[to];
        *v = (cover * planes[overlay_colours == 1 ? 0 : c].v[from] + below * *v) / together;
    }
    if (alpha) {
        alpha[to] = 255 * together;
    }
}

static void blend_all(const clp_exact_picture *picture, const clp_exact_plane planes[4],
                      const clp_term *term) {
    const uint32_t width = planes[0].width, height = planes[0].height;
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            int64_t column = term->left + x, row = term->top + y;
            if (column >= 0 && row >= 0 && column < picture->width && row < picture->height) {
                blend(picture, (size_t)row * picture->width + (size_t)column, planes,
                      term->overlay->colours, (size_t)y * width + x,
                      term->parameter[CLP_OVERLAY_OPACITY]);
            }
        }
    }
}

clproc_status clp_exact_overlay(clp_exact_picture *picture, const clp_term *term,
                                clproc_error *error) {
    const clp_term scale = {.kind = CLP_TERM_SPATIAL, .y = term->y, .x = term->x};
    clp_exact_plane planes[4] = {{0}};
    clproc_status status;
    clp_exact_premultiply(picture, false);
    clp_exact_clamp(picture);
    CLP_TRY(status, out, load(planes, term, error));
    for (uint32_t c = 0; c <= term->overlay->colours; c++) {
        CLP_TRY(status, out, clp_exact_spatial(&planes[c], &scale, 0, 16, picture->cancel, error));
    }
    divide(planes, term->overlay->colours, term->parameter[CLP_OVERLAY_LINEAR] != 0);
    blend_all(picture, planes, term);
out:
    for (int c = 0; c < 4; c++) {
        clp_exact_free(&planes[c]);
    }
    return status;
}
