/** The reference's pointwise steps. */
#include "device/reference.h"

#include <math.h>

#include "core/memory.h"

static size_t pixel_count(const clp_exact_picture *picture) {
    return (size_t)picture->planes[0].width * picture->planes[0].height;
}

double *clp_exact_alpha(const clp_exact_picture *picture) {
    return clp_model_has_alpha(picture->model) ? picture->planes[clp_exact_planes(picture) - 1].v
                                               : NULL;
}

void clp_exact_clamp(clp_exact_picture *picture) {
    for (uint32_t c = 0; c < clp_exact_planes(picture); c++) {
        for (size_t i = 0; i < pixel_count(picture); i++) {
            picture->planes[c].v[i] = fmin(fmax(picture->planes[c].v[i], 0), 255);
        }
    }
}

static clp_model model_with(uint32_t colours, bool alpha) {
    return colours == 1 ? (alpha ? CLP_MODEL_GRAYA : CLP_MODEL_GRAY)
                        : (alpha ? CLP_MODEL_RGBA : CLP_MODEL_RGB);
}

clproc_status clp_exact_colour(clp_exact_picture *picture, const clp_colour *colour,
                               clproc_error *error) {
    bool has_alpha = clp_model_has_alpha(picture->model);
    clp_exact_plane *planes = picture->planes, alpha = {0};
    uint32_t width = planes[0].width, height = planes[0].height;
    if (has_alpha) {
        alpha = planes[colour->in];
        planes[colour->in].v = NULL;
    }
    for (uint32_t c = colour->in; c < colour->out; c++) {
        clproc_status status = clp_exact_make(&planes[c], width, height, error);
        if (status != CLPROC_OK) {
            clp_exact_free(&alpha);
            return status;
        }
    }
    for (size_t i = 0; i < (size_t)width * height; i++) {
        double in[3], share = picture->premultiplied && has_alpha ? alpha.v[i] / 255 : 1;
        for (uint32_t j = 0; j < colour->in; j++) {
            in[j] = planes[j].v[i];
        }
        for (uint32_t k = 0; k < colour->out; k++) {
            planes[k].v[i] = colour->offset[k] * share;
            for (uint32_t j = 0; j < colour->in; j++) {
                planes[k].v[i] += colour->m[k][j] * in[j];
            }
        }
    }
    for (uint32_t c = colour->out; c < colour->in; c++) {
        clp_exact_free(&planes[c]);
    }
    if (has_alpha) {
        planes[colour->out] = alpha;
    }
    picture->model = model_with(colour->out, has_alpha);
    return CLPROC_OK;
}

void clp_exact_premultiply(clp_exact_picture *picture, bool wanted) {
    double *alpha = clp_exact_alpha(picture);
    if (!alpha || picture->premultiplied == wanted) {
        return;
    }
    /* Below half a stored level alpha rounds to 0, and nothing can be said of the colour. */
    double least = 0.5 * 255 / picture->white;
    for (size_t i = 0; i < pixel_count(picture); i++) {
        double a = wanted ? alpha[i] : fmin(fmax(alpha[i], 0), 255);
        for (uint32_t c = 0; c + 1 < clp_exact_planes(picture); c++) {
            double *v = &picture->planes[c].v[i];
            *v = wanted ? *v * a / 255 : a < least ? 0 : fmin(fmax(*v * 255 / a, 0), 255);
        }
        alpha[i] = a;
    }
    picture->premultiplied = wanted;
}

void clp_exact_flatten(clp_exact_picture *picture, const double ground[3]) {
    const double *alpha = clp_exact_alpha(picture);
    uint32_t colours = clp_exact_planes(picture) - 1;
    for (size_t i = 0; i < pixel_count(picture); i++) {
        double a = alpha[i] / 255;
        for (uint32_t c = 0; c < colours; c++) {
            double *v = &picture->planes[c].v[i];
            *v = (picture->premultiplied ? *v : *v * a) + ground[c] * (1 - a);
        }
    }
    clp_exact_free(&picture->planes[colours]);
    picture->premultiplied = false;
    picture->model = model_with(colours, false);
}

static clproc_status add_alpha(clp_exact_picture *picture, clproc_error *error) {
    uint32_t colours = clp_exact_planes(picture);
    clp_exact_plane *alpha = &picture->planes[colours];
    clproc_status status = clp_exact_make(alpha, picture->width, picture->height, error);
    for (size_t i = 0; status == CLPROC_OK && i < pixel_count(picture); i++) {
        alpha->v[i] = 255;
    }
    picture->model = status == CLPROC_OK ? model_with(colours, true) : picture->model;
    return status;
}

static void run_curve(clp_exact_picture *picture, const clp_term *term) {
    uint32_t colours = clp_exact_planes(picture) - (clp_exact_alpha(picture) != NULL);
    clp_exact_premultiply(picture, false);
    clp_exact_clamp(picture);
    for (uint32_t c = 0; c < colours; c++) {
        const float *curve = term->curve[term->curve[1] ? c : 0];
        for (size_t i = 0; i < pixel_count(picture); i++) {
            double *v = &picture->planes[c].v[i];
            *v = 255 * clp_curve_at(curve, *v / 255);
        }
    }
}

static void to_hsv(const double rgb[3], double hsv[3]) {
    double most = fmax(rgb[0], fmax(rgb[1], rgb[2])), least = fmin(rgb[0], fmin(rgb[1], rgb[2]));
    double delta = most - least, sixths = 0;
    if (delta > 0) {
        sixths = most == rgb[0]   ? (rgb[1] - rgb[2]) / delta
                 : most == rgb[1] ? 2 + (rgb[2] - rgb[0]) / delta
                                  : 4 + (rgb[0] - rgb[1]) / delta;
    }
    hsv[0] = (sixths < 0 ? sixths + 6 : sixths) / 6;
    hsv[1] = delta > 0 ? delta / most : 0;
    hsv[2] = most;
}

static void from_hsv(const double hsv[3], double rgb[3]) {
    double v = hsv[2], sector = floor(hsv[0] * 6), f = hsv[0] * 6 - sector;
    double p = v * (1 - hsv[1]), q = v * (1 - hsv[1] * f), t = v * (1 - hsv[1] * (1 - f));
    const double all[6][3] = {{v, t, p}, {q, v, p}, {p, v, t}, {p, q, v}, {t, p, v}, {v, p, q}};
    for (int c = 0; c < 3; c++) {
        rgb[c] = all[(int)sector % 6][c];
    }
}

/** Runs what turns the colours of one pixel, clamped and from 0 to 1, into three others. */
static void run_pixels(clp_exact_picture *picture, const clp_term *term, uint32_t in) {
    clp_exact_premultiply(picture, false);
    clp_exact_clamp(picture);
    for (size_t i = 0; i < pixel_count(picture); i++) {
        double from[4], to[3];
        for (uint32_t c = 0; c < in; c++) {
            from[c] = picture->planes[c].v[i] / 255;
        }
        if (term->exact == CLP_EXACT_ALL) {
            term->conversion->exact(term->conversion->state, from, to);
        } else if (term->kind == CLP_TERM_TABLE) {
            clp_conversion_look_up(term->conversion, from, to);
        } else if (term->parameter[0] != 0) {
            from_hsv(from, to);
        } else {
            to_hsv(from, to);
        }
        for (uint32_t c = 0; c < 3; c++) {
            picture->planes[c].v[i] = 255 * to[c];
        }
    }
}

void clp_exact_to_ycc(double colour[3]) {
    const double kr = CLP_LUMA_RED, kb = CLP_LUMA_BLUE;
    double r = colour[0], g = colour[1], b = colour[2], y = kr * r + (1 - kr - kb) * g + kb * b;
    colour[0] = y;
    colour[1] = (b - y) / (2 * (1 - kb)) + 128;
    colour[2] = (r - y) / (2 * (1 - kr)) + 128;
}

/** The inverse of clp_exact_to_ycc(). */
static void from_ycc(double colour[3]) {
    const double kr = CLP_LUMA_RED, kb = CLP_LUMA_BLUE, kg = 1 - kr - kb;
    double y = colour[0], r = y + 2 * (1 - kr) * (colour[2] - 128),
           b = y + 2 * (1 - kb) * (colour[1] - 128);
    colour[0] = r;
    colour[1] = (y - kr * r - kb * b) / kg;
    colour[2] = b;
}

static void run_map(clp_exact_picture *picture, void (*map)(double colour[3])) {
    for (size_t i = 0; i < pixel_count(picture); i++) {
        double colour[3];
        for (int c = 0; c < 3; c++) {
            colour[c] = picture->planes[c].v[i];
        }
        map(colour);
        for (int c = 0; c < 3; c++) {
            picture->planes[c].v[i] = colour[c];
        }
    }
}

clproc_status clp_exact_to_rgb(clp_exact_picture *picture, clproc_error *error) {
    for (int c = 0; c < 3; c++) {
        clproc_status status =
            clp_exact_upsample(&picture->planes[c], picture->width, picture->height, error);
        if (status != CLPROC_OK) {
            return status;
        }
    }
    run_map(picture, from_ycc);
    picture->model = CLP_MODEL_RGB;
    clp_exact_clamp(picture);
    return CLPROC_OK;
}

void clp_exact_from_rgb(clp_exact_picture *picture) {
    clp_exact_clamp(picture);
    run_map(picture, clp_exact_to_ycc);
    picture->model = CLP_MODEL_YCC;
}

clproc_status clp_exact_point(clp_exact_picture *picture, const clp_term *term,
                              clproc_error *error) {
    clproc_status status =
        picture->model == CLP_MODEL_YCC ? clp_exact_to_rgb(picture, error) : CLPROC_OK;
    if (status != CLPROC_OK) {
        return status;
    }
    if (term->exact == CLP_EXACT_DONE) {
        return CLPROC_OK;
    }
    switch (term->kind) {
    case CLP_TERM_COLOUR:
        return clp_exact_colour(picture, &term->colour, error);
    case CLP_TERM_CURVE:
        run_curve(picture, term);
        return CLPROC_OK;
    case CLP_TERM_TABLE:
        run_pixels(picture, term, term->conversion->in);
        if (picture->model == CLP_MODEL_CMYK) {
            clp_exact_free(&picture->planes[3]);
            picture->model = CLP_MODEL_RGB;
        }
        return CLPROC_OK;
    default:
        if (term->custom == CLP_CUSTOM_FLATTEN) {
            clp_exact_flatten(picture, term->parameter);
            return CLPROC_OK;
        }
        if (term->custom == CLP_CUSTOM_OPAQUE) {
            return add_alpha(picture, error);
        }
        if (term->custom == CLP_CUSTOM_HSV) {
            run_pixels(picture, term, 3);
            return CLPROC_OK;
        }
        if (term->custom == CLP_CUSTOM_OVERLAY) {
            return clp_exact_overlay(picture, term, error);
        }
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "%s: the reference does not know it",
                             term->op);
    }
}

void clp_exact_unsharp(clp_exact_picture *picture, const clp_exact_picture *side,
                       const clp_term *term, bool luma_plane) {
    double *alpha = clp_exact_alpha(picture), least = 0.5 * 255 / picture->white;
    uint32_t colours = luma_plane ? 1 : clp_exact_planes(picture) - (alpha != NULL);
    bool luma = colours == 3 && term->parameter[CLP_UNSHARP_LUMA] != 0;
    double weights[3], amounts[3], detail[3];
    clp_unsharp_weights(term, weights, amounts);
    for (size_t i = 0; i < pixel_count(picture); i++) {
        double sum = 0;
        for (uint32_t c = 0; c < colours; c++) {
            detail[c] = side->planes[c].v[i] - picture->planes[c].v[i];
            sum += weights[c] * detail[c];
        }
        for (uint32_t c = 0; c < colours; c++) {
            double d = luma ? sum : detail[c];
            bool seen =
                fabs(d) >= term->parameter[CLP_UNSHARP_THRESHOLD] && (!alpha || alpha[i] >= least);
            picture->planes[c].v[i] = side->planes[c].v[i] + (seen ? amounts[c] * d : 0);
        }
        if (alpha) {
            alpha[i] = side->planes[colours].v[i];
        }
    }
}
