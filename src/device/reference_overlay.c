/** The reference's overlay: scaled, then blended pixel by pixel. */
#include <math.h>
#include <string.h>

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

/** Colours of an overlay once it is scaled: a gray one may have some in the picture's space. */
static uint32_t scaled_colours(const clp_term *term) {
    return term->conversion ? 3 : term->overlay->colours;
}

/** Makes three colours of a gray overlay's one, alpha behind them. */
static clproc_status expand(clp_exact_plane planes[4], clproc_error *error) {
    const uint32_t width = planes[0].width, height = planes[0].height;
    planes[3] = planes[1];
    planes[1] = (clp_exact_plane){0};
    for (int c = 1; c < 3; c++) {
        clproc_status status = clp_exact_make(&planes[c], width, height, error);
        if (status != CLPROC_OK) {
            return status;
        }
        memcpy(planes[c].v, planes[0].v, (size_t)width * height * sizeof *planes[c].v);
    }
    return CLPROC_OK;
}

/** Brings the scaled overlay to the colours of the picture. */
static void convert(clp_exact_plane planes[4], const clp_conversion *conversion) {
    for (size_t i = 0; i < (size_t)planes[0].width * planes[0].height; i++) {
        double from[4] = {planes[0].v[i] / 255, planes[1].v[i] / 255, planes[2].v[i] / 255}, to[3];
        clp_conversion_apply(conversion, from, to);
        for (int c = 0; c < 3; c++) {
            planes[c].v[i] = 255 * to[c];
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
                      scaled_colours(term), (size_t)y * width + x,
                      term->parameter[CLP_OVERLAY_OPACITY]);
            }
        }
    }
}

/** The overlay scaled to its size, upright and by itself, in the picture's colours: these, then
 * alpha, in levels. */
static clproc_status make(clp_exact_plane planes[4], const clp_term *term,
                          const volatile int *cancel, clproc_error *error) {
    const clp_term scale = {.kind = CLP_TERM_SPATIAL, .y = term->y, .x = term->x};
    const uint32_t colours = term->overlay->colours;
    clproc_status status = load(planes, term, error);
    for (uint32_t c = 0; status == CLPROC_OK && c <= colours; c++) {
        status = clp_exact_spatial(&planes[c], &scale, 0, cancel, error);
    }
    if (status == CLPROC_OK) {
        divide(planes, colours, term->parameter[CLP_OVERLAY_LINEAR] != 0);
    }
    if (status == CLPROC_OK && term->conversion && colours == 1) {
        status = expand(planes, error);
    }
    if (status == CLPROC_OK && term->conversion) {
        convert(planes, term->conversion);
    }
    return status;
}

static void free_planes(clp_exact_plane *planes, int count) {
    for (int c = 0; c < count; c++) {
        clp_exact_free(&planes[c]);
    }
}

clproc_status clp_exact_overlay(clp_exact_picture *picture, const clp_term *term,
                                clproc_error *error) {
    clp_exact_plane planes[4] = {{0}};
    clproc_status status;
    clp_exact_premultiply(picture, false);
    clp_exact_clamp(picture);
    CLP_TRY(status, out, make(planes, term, picture->cancel, error));
    blend_all(picture, planes, term);
out:
    free_planes(planes, 4);
    return status;
}

/** Weight of the overlay, and channel `c` of its Y, Cb, Cr times that, for all of a picture. */
static void spread(clp_exact_plane *weight, clp_exact_plane *product,
                   const clp_exact_plane planes[4], const clp_term *term, uint32_t c) {
    uint32_t colours = scaled_colours(term);
    for (size_t i = 0; i < (size_t)planes[0].width * planes[0].height; i++) {
        int64_t x = term->left + (int64_t)(i % planes[0].width);
        int64_t y = term->top + (int64_t)(i / planes[0].width);
        if (x < 0 || y < 0 || x >= weight->width || y >= weight->height) {
            continue;
        }
        double colour[3] = {planes[0].v[i], planes[colours == 1 ? 0 : 1].v[i],
                            planes[colours == 1 ? 0 : 2].v[i]};
        size_t at = (size_t)y * weight->width + (size_t)x;
        clp_exact_to_ycc(colour);
        weight->v[at] = planes[colours].v[i] / 255 * term->parameter[CLP_OVERLAY_OPACITY];
        product->v[at] = weight->v[at] * colour[c];
    }
}

clproc_status clp_exact_overlay_planes(clp_exact_picture *picture, const clp_term *term,
                                       const clp_layout *layout, clproc_error *error) {
    clp_exact_plane planes[4] = {{0}}, both[2] = {{0}}; /* weight, product */
    clproc_status status;
    CLP_TRY(status, out, make(planes, term, picture->cancel, error));
    for (uint32_t c = 0; c < CLP_MAX_PLANES; c++) {
        free_planes(both, 2);
        for (int i = 0; i < 2; i++) {
            CLP_TRY(status, out, clp_exact_make(&both[i], layout->width, layout->height, error));
        }
        spread(&both[0], &both[1], planes, term, c);
        for (int i = 0; i < 2; i++) {
            CLP_TRY(status, out, clp_exact_downsample(&both[i], &layout->planes[c], error));
        }
        clp_exact_plane *plane = &picture->planes[c];
        for (size_t i = 0; i < (size_t)plane->width * plane->height; i++) {
            plane->v[i] = plane->v[i] * (1 - both[0].v[i]) + both[1].v[i];
        }
    }
out:
    free_planes(both, 2);
    free_planes(planes, 4);
    return status;
}
