/** The reference device: terms in double precision, one after the other, nothing rounded or clamped
 * but where the definition says so. Everything here is in levels 0 to 255, planar. */
#include <math.h>
#include <string.h>

#include "core/checked.h"
#include "core/memory.h"
#include "device/device_private.h"
#include "plan/lower.h"

typedef struct double_plane {
    double *v;
    uint32_t width, height;
    uint32_t h_step, v_step;
} double_plane;

/** A picture under way: colours first, then alpha. */
typedef struct double_picture {
    double_plane planes[4];
    clp_model model;
    double white; /**< of the stored samples: 255 or 65535 */
    bool premultiplied;
    uint32_t width, height; /**< pixels */
} double_picture;

static uint32_t plane_count(const double_picture *picture) {
    return clp_model_channels(picture->model);
}

static void free_plane(double_plane *plane) {
    clp_memory_free(plane->v);
    plane->v = NULL;
}

static clproc_status make_plane(double_plane *plane, uint32_t width, uint32_t height,
                                clproc_error *error) {
    size_t count = 0;
    *plane = (double_plane){.width = width, .height = height, .h_step = 1, .v_step = 1};
    if (clp_checked_mul(width, height, &count)) {
        plane->v = clp_memory_zero(CLP_MEMORY_PIXELS, count, sizeof *plane->v);
    }
    return plane->v ? CLPROC_OK
                    : clp_error_memory(error, "the reference's picture", count * sizeof *plane->v);
}

/* ----------------------------------------------------------- load, store */

static clproc_status load(double_picture *picture, const clp_layout *layout, const uint8_t *base,
                          clproc_error *error) {
    *picture = (double_picture){.model = layout->model,
                                .white = layout->depth == 8 ? 255 : 65535,
                                .width = layout->width,
                                .height = layout->height};
    for (uint32_t c = 0; c < plane_count(picture); c++) {
        const clp_plane *from = &layout->planes[layout->plane_count > 1 ? c : 0];
        double_plane *plane = &picture->planes[c];
        clproc_status status = make_plane(plane, from->width, from->height, error);
        if (status != CLPROC_OK) {
            return status;
        }
        plane->h_step = from->h_step;
        plane->v_step = from->v_step;
        uint32_t first = layout->plane_count > 1 ? 0 : c;
        for (uint32_t y = 0; y < from->height; y++) {
            const uint8_t *row = base + from->offset + y * from->pitch;
            for (uint32_t x = 0; x < from->width; x++) {
                size_t at = (size_t)x * from->channels + first;
                double value =
                    layout->depth == 8 ? row[at] : ((const uint16_t *)(const void *)row)[at];
                plane->v[(size_t)y * from->width + x] = value * 255 / picture->white;
            }
        }
    }
    return CLPROC_OK;
}

/** Clamps, and rounds halves up; `unrounded` takes the clamped values if it is not NULL. */
static void store(const double_picture *picture, const clp_layout *layout, uint8_t *base,
                  double *unrounded) {
    double white = layout->depth == 8 ? 255 : 65535;
    for (uint32_t c = 0; c < plane_count(picture); c++) {
        const clp_plane *to = &layout->planes[layout->plane_count > 1 ? c : 0];
        const double_plane *plane = &picture->planes[c];
        uint32_t first = layout->plane_count > 1 ? 0 : c;
        for (uint32_t y = 0; y < to->height; y++) {
            uint8_t *row = base + to->offset + y * to->pitch;
            for (uint32_t x = 0; x < to->width; x++) {
                size_t at = (size_t)x * to->channels + first;
                double value =
                    fmin(fmax(plane->v[(size_t)y * to->width + x] * white / 255, 0), white);
                if (unrounded) {
                    *unrounded++ = value;
                }
                if (layout->depth == 8) {
                    row[at] = (uint8_t)floor(value + 0.5);
                } else {
                    ((uint16_t *)(void *)row)[at] = (uint16_t)floor(value + 0.5);
                }
            }
        }
    }
}

/* --------------------------------------------------------------- spatial */

static double missing(const clp_axis *axis, uint32_t row) {
    double rest = 1;
    for (uint32_t k = 0; k < axis->taps; k++) {
        rest -= axis->weight[(size_t)row * axis->taps + k];
    }
    return fabs(rest) < 1e-9 ? 0 : rest;
}

static clproc_status apply_rows(double_plane *out, const double_plane *in, const clp_axis *axis,
                                double fill, clproc_error *error) {
    clproc_status status = make_plane(out, in->width, axis->out, error);
    for (uint32_t i = 0; status == CLPROC_OK && i < axis->out; i++) {
        double *to = out->v + (size_t)i * in->width, rest = missing(axis, i) * fill;
        for (uint32_t x = 0; x < in->width; x++) {
            to[x] = rest;
        }
        for (uint32_t k = 0; k < axis->taps; k++) {
            double weight = axis->weight[(size_t)i * axis->taps + k];
            const double *from = in->v + ((size_t)axis->start[i] + k) * in->width;
            for (uint32_t x = 0; weight != 0 && x < in->width; x++) {
                to[x] += weight * from[x];
            }
        }
    }
    return status;
}

static clproc_status apply_columns(double_plane *out, const double_plane *in, const clp_axis *axis,
                                   double fill, clproc_error *error) {
    clproc_status status = make_plane(out, axis->out, in->height, error);
    for (uint32_t i = 0; status == CLPROC_OK && i < axis->out; i++) {
        double rest = missing(axis, i) * fill;
        const double *weights = axis->weight + (size_t)i * axis->taps;
        for (uint32_t y = 0; y < in->height; y++) {
            const double *from = in->v + (size_t)y * in->width + axis->start[i];
            double sum = rest;
            for (uint32_t k = 0; k < axis->taps; k++) {
                sum += weights[k] * from[k];
            }
            out->v[(size_t)y * axis->out + i] = sum;
        }
    }
    return status;
}

static clproc_status transpose(double_plane *plane, clproc_error *error) {
    double_plane turned;
    clproc_status status = make_plane(&turned, plane->height, plane->width, error);
    if (status != CLPROC_OK) {
        return status;
    }
    for (uint32_t y = 0; y < plane->height; y++) {
        for (uint32_t x = 0; x < plane->width; x++) {
            turned.v[(size_t)x * plane->height + y] = plane->v[(size_t)y * plane->width + x];
        }
    }
    free_plane(plane);
    *plane = turned;
    return CLPROC_OK;
}

static clproc_status stage_plane(double_plane *plane, const clp_stage *stage, double fill,
                                 uint32_t out_h_step, uint32_t out_v_step, clproc_error *error) {
    clp_plane_grid grid = {plane->width,  plane->height, plane->h_step,
                           plane->v_step, out_h_step,    out_v_step};
    clp_axis y = {0}, x = {0};
    double_plane middle = {0}, out = {0};
    clproc_status status;
    CLP_TRY(status, out, clp_stage_for_plane(stage, &grid, &y, &x, error));
    CLP_TRY(status, out, apply_rows(&middle, plane, &y, fill, error));
    CLP_TRY(status, out, apply_columns(&out, &middle, &x, fill, error));
    free_plane(plane);
    *plane = out;
    out.v = NULL;
    if (stage->transpose) {
        status = transpose(plane, error);
    }
    plane->h_step = out_h_step;
    plane->v_step = out_v_step;
out:
    free_plane(&middle);
    free_plane(&out);
    clp_axis_free(&y);
    clp_axis_free(&x);
    return status;
}

/** The fill colour as the picture holds colours. */
static void fill_colour(const double_picture *picture, const clp_stage *stage, double fill[4]) {
    uint32_t channels = plane_count(picture);
    memcpy(fill, stage->fill, 4 * sizeof *fill);
    if (picture->model == CLP_MODEL_YCC) {
        clp_colour ycc = clp_colour_ycc(false);
        for (int i = 0; i < 3; i++) {
            fill[i] = ycc.offset[i] + ycc.m[i][0] * stage->fill[0] + ycc.m[i][1] * stage->fill[1] +
                      ycc.m[i][2] * stage->fill[2];
        }
    }
    if (clp_model_has_alpha(picture->model)) {
        for (uint32_t c = 0; picture->premultiplied && c + 1 < channels; c++) {
            fill[c] *= stage->fill[3] / 255;
        }
        fill[channels - 1] = stage->fill[3];
    }
}

/** `layout`: the output's planes where this is the last thing done to a YCC picture, else NULL. */
static clproc_status run_stage(double_picture *picture, const clp_stage *stage,
                               const clp_layout *layout, clproc_error *error) {
    double fill[4];
    fill_colour(picture, stage, fill);
    for (uint32_t c = 0; c < plane_count(picture); c++) {
        uint32_t h = layout ? layout->planes[c].h_step : 1,
                 v = layout ? layout->planes[c].v_step : 1;
        clproc_status status = stage_plane(&picture->planes[c], stage, fill[c], h, v, error);
        if (status != CLPROC_OK) {
            return status;
        }
    }
    picture->width = stage->transpose ? stage->y.out : stage->x.out;
    picture->height = stage->transpose ? stage->x.out : stage->y.out;
    return CLPROC_OK;
}

static clproc_status run_identity(double_picture *picture, const clp_layout *layout,
                                  clproc_error *error) {
    clp_stage copy;
    clproc_status status = clp_stage_identity(&copy, picture->width, picture->height, error);
    if (status == CLPROC_OK) {
        status = run_stage(picture, &copy, layout, error);
    }
    clp_stage_free(&copy);
    return status;
}

/* ---------------------------------------------------------------- colour */

static size_t pixel_count(const double_picture *picture) {
    return (size_t)picture->planes[0].width * picture->planes[0].height;
}

static double *alpha_of(const double_picture *picture) {
    return clp_model_has_alpha(picture->model) ? picture->planes[plane_count(picture) - 1].v : NULL;
}

static void clamp_picture(double_picture *picture) {
    for (uint32_t c = 0; c < plane_count(picture); c++) {
        for (size_t i = 0; i < pixel_count(picture); i++) {
            picture->planes[c].v[i] = fmin(fmax(picture->planes[c].v[i], 0), 255);
        }
    }
}

static clp_model model_with(uint32_t colours, bool alpha) {
    return colours == 1 ? (alpha ? CLP_MODEL_GRAYA : CLP_MODEL_GRAY)
                        : (alpha ? CLP_MODEL_RGBA : CLP_MODEL_RGB);
}

static clproc_status run_colour(double_picture *picture, const clp_colour *colour,
                                clproc_error *error) {
    bool has_alpha = clp_model_has_alpha(picture->model);
    double_plane *planes = picture->planes, alpha = {0};
    uint32_t width = planes[0].width, height = planes[0].height;
    if (has_alpha) {
        alpha = planes[colour->in];
        planes[colour->in].v = NULL;
    }
    for (uint32_t c = colour->in; c < colour->out; c++) {
        clproc_status status = make_plane(&planes[c], width, height, error);
        if (status != CLPROC_OK) {
            free_plane(&alpha);
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
        free_plane(&planes[c]);
    }
    if (has_alpha) {
        planes[colour->out] = alpha;
    }
    picture->model = model_with(colour->out, has_alpha);
    return CLPROC_OK;
}

static void premultiply(double_picture *picture, bool wanted) {
    double *alpha = alpha_of(picture);
    if (!alpha || picture->premultiplied == wanted) {
        return;
    }
    /* Below half a stored level alpha rounds to 0, and nothing can be said of the colour. */
    double least = 0.5 * 255 / picture->white;
    for (size_t i = 0; i < pixel_count(picture); i++) {
        double a = wanted ? alpha[i] : fmin(fmax(alpha[i], 0), 255);
        for (uint32_t c = 0; c + 1 < plane_count(picture); c++) {
            double *v = &picture->planes[c].v[i];
            *v = wanted ? *v * a / 255 : a < least ? 0 : fmin(fmax(*v * 255 / a, 0), 255);
        }
        alpha[i] = a;
    }
    picture->premultiplied = wanted;
}

static void flatten(double_picture *picture, const double ground[3]) {
    const double *alpha = alpha_of(picture);
    uint32_t colours = plane_count(picture) - 1;
    for (size_t i = 0; i < pixel_count(picture); i++) {
        double a = alpha[i] / 255;
        for (uint32_t c = 0; c < colours; c++) {
            double *v = &picture->planes[c].v[i];
            *v = (picture->premultiplied ? *v : *v * a) + ground[c] * (1 - a);
        }
    }
    free_plane(&picture->planes[colours]);
    picture->premultiplied = false;
    picture->model = model_with(colours, false);
}

static void run_curve(double_picture *picture, const clp_term *term) {
    uint32_t colours = plane_count(picture) - (alpha_of(picture) != NULL);
    premultiply(picture, false);
    clamp_picture(picture);
    for (uint32_t c = 0; c < colours; c++) {
        const float *curve = term->curve[term->curve[1] ? c : 0];
        for (size_t i = 0; i < pixel_count(picture); i++) {
            double at = picture->planes[c].v[i] / 255 * CLP_CURVE_SIZE;
            size_t below = at < CLP_CURVE_SIZE ? (size_t)at : CLP_CURVE_SIZE - 1;
            double low = curve[below];
            picture->planes[c].v[i] = 255 * (low + (at - (double)below) * (curve[below + 1] - low));
        }
    }
}

static clproc_status to_rgb(double_picture *picture, clproc_error *error) {
    clp_colour inverse = clp_colour_ycc(true);
    clproc_status status = run_colour(picture, &inverse, error);
    if (status == CLPROC_OK) {
        clamp_picture(picture);
    }
    return status;
}

static clproc_status run_point(double_picture *picture, const clp_term *term, clproc_error *error) {
    clproc_status status = picture->model == CLP_MODEL_YCC ? to_rgb(picture, error) : CLPROC_OK;
    if (status != CLPROC_OK) {
        return status;
    }
    switch (term->kind) {
    case CLP_TERM_COLOUR:
        return run_colour(picture, &term->colour, error);
    case CLP_TERM_CURVE:
        run_curve(picture, term);
        return CLPROC_OK;
    default:
        if (term->custom == CLP_CUSTOM_FLATTEN) {
            flatten(picture, term->parameter);
            return CLPROC_OK;
        }
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "%s: the reference does not know it",
                             term->op);
    }
}

/* ----------------------------------------------------------------- whole */

static clproc_status run_segment(double_picture *picture, const clp_segment *segment,
                                 const clp_plan *plan, bool last, clproc_error *error) {
    /* The output's chroma grid is part of the last stage of a picture that stays in YCbCr. */
    bool ends = last && segment->point_count == 0 && picture->model == plan->output.model;
    const clp_layout *final = ends && picture->model == CLP_MODEL_YCC ? &plan->output : NULL;
    clproc_status status;
    if (segment->stage_count == 0 && picture->model == CLP_MODEL_YCC) {
        return run_identity(picture, final, error);
    }
    for (size_t i = 0; i < segment->stage_count; i++) {
        if (!clp_stage_is_index(&segment->stages[i])) {
            premultiply(picture, true);
        }
        status = run_stage(picture, &segment->stages[i],
                           i + 1 == segment->stage_count ? final : NULL, error);
        if (status != CLPROC_OK) {
            return status;
        }
    }
    return CLPROC_OK;
}

static clproc_status run_points(double_picture *picture, const clp_segment *segment,
                                clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; status == CLPROC_OK && i < segment->point_count; i++) {
        status = run_point(picture, segment->points[i], error);
    }
    return status;
}

static clproc_status to_target(double_picture *picture, const clp_plan *plan, clproc_error *error) {
    static const double white[3] = {255, 255, 255};
    bool jpeg = plan->target.format == CLPROC_FORMAT_JPEG;
    clproc_status status = CLPROC_OK;
    if (jpeg && alpha_of(picture)) {
        flatten(picture, white);
    }
    premultiply(picture, false);
    if (!jpeg && picture->model == CLP_MODEL_YCC) {
        return to_rgb(picture, error);
    }
    if (jpeg && picture->model == CLP_MODEL_RGB) {
        clp_colour forward = clp_colour_ycc(false);
        clamp_picture(picture);
        CLP_TRY(status, out, run_colour(picture, &forward, error));
        picture->model = CLP_MODEL_YCC;
        status = run_identity(picture, &plan->output, error);
    }
out:
    return status;
}

clproc_status clp_reference_run(const clp_plan *plan, const uint8_t *input, uint8_t *output,
                                double *unrounded, clproc_error *error) {
    double_picture picture = {0};
    clp_segments segments = {0};
    const clp_layout *in = &plan->input;
    clproc_status status;
    CLP_TRY(status, out,
            clp_segments_create(&segments, &plan->terms, in->width, in->height, in->depth, true,
                                error));
    CLP_TRY(status, out, load(&picture, in, input, error));
    for (size_t i = 0; i < segments.count; i++) {
        const clp_segment *segment = &segments.items[i];
        CLP_TRY(status, out, run_segment(&picture, segment, plan, i + 1 == segments.count, error));
        CLP_TRY(status, out, run_points(&picture, segment, error));
    }
    CLP_TRY(status, out, to_target(&picture, plan, error));
    store(&picture, &plan->output, output, unrounded);
out:
    for (int i = 0; i < 4; i++) {
        free_plane(&picture.planes[i]);
    }
    clp_segments_free(&segments);
    return status;
}

clproc_status clp_reference_submit(clp_slot *slot, clp_prof_thread *thread, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    clp_prof_begin(thread, CLP_PROF_REFERENCE, CLP_PROF_NO_IMAGE);
    for (uint32_t i = 0; status == CLPROC_OK && i < slot->count; i++) {
        if (!slot->pictures[i].dropped) {
            status = clp_reference_run(slot->pictures[i].plan, clp_slot_input(slot, i),
                                       clp_slot_output(slot, i), NULL, error);
        }
    }
    clp_prof_end(thread);
    return status;
}
