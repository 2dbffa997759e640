/** The reference device: terms in double precision, one after the other, nothing rounded or clamped
 * but where the definition says so. Everything here is in levels 0 to 255, planar. */
#include <math.h>
#include <string.h>

#include "core/checked.h"
#include "core/memory.h"
#include "device/device_private.h"
#include "device/reference.h"
#include "plan/lower.h"

uint32_t clp_exact_planes(const clp_exact_picture *picture) {
    return clp_model_channels(picture->model);
}

void clp_exact_free(clp_exact_plane *plane) {
    clp_memory_free(plane->v);
    plane->v = NULL;
}

clproc_status clp_exact_make(clp_exact_plane *plane, uint32_t width, uint32_t height,
                             clproc_error *error) {
    size_t count = 0;
    *plane = (clp_exact_plane){.width = width, .height = height, .h_step = 1, .v_step = 1};
    if (clp_checked_mul(width, height, &count)) {
        plane->v = clp_memory_zero(CLP_MEMORY_PIXELS, count, sizeof *plane->v);
    }
    return plane->v ? CLPROC_OK
                    : clp_error_memory(error, "the reference's picture", count * sizeof *plane->v);
}

/* ----------------------------------------------------------- load, store */

static clproc_status load(clp_exact_picture *picture, const clp_layout *layout, const uint8_t *base,
                          clproc_error *error) {
    *picture = (clp_exact_picture){.model = layout->model,
                                   .white = layout->depth == 8 ? 255 : 65535,
                                   .width = layout->width,
                                   .height = layout->height};
    for (uint32_t c = 0; c < clp_exact_planes(picture); c++) {
        const clp_plane *from = &layout->planes[layout->plane_count > 1 ? c : 0];
        clp_exact_plane *plane = &picture->planes[c];
        clproc_status status = clp_exact_make(plane, from->width, from->height, error);
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
static void store(const clp_exact_picture *picture, const clp_layout *layout, uint8_t *base,
                  double *unrounded) {
    double white = layout->depth == 8 ? 255 : 65535;
    for (uint32_t c = 0; c < clp_exact_planes(picture); c++) {
        const clp_plane *to = &layout->planes[layout->plane_count > 1 ? c : 0];
        const clp_exact_plane *plane = &picture->planes[c];
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

static clproc_status apply_rows(clp_exact_plane *out, const clp_exact_plane *in,
                                const clp_axis *axis, double fill, clproc_error *error) {
    clproc_status status = clp_exact_make(out, in->width, axis->out, error);
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

static clproc_status apply_columns(clp_exact_plane *out, const clp_exact_plane *in,
                                   const clp_axis *axis, double fill, clproc_error *error) {
    clproc_status status = clp_exact_make(out, axis->out, in->height, error);
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

static clproc_status transpose(clp_exact_plane *plane, clproc_error *error) {
    clp_exact_plane turned;
    clproc_status status = clp_exact_make(&turned, plane->height, plane->width, error);
    if (status != CLPROC_OK) {
        return status;
    }
    for (uint32_t y = 0; y < plane->height; y++) {
        for (uint32_t x = 0; x < plane->width; x++) {
            turned.v[(size_t)x * plane->height + y] = plane->v[(size_t)y * plane->width + x];
        }
    }
    clp_exact_free(plane);
    *plane = turned;
    return CLPROC_OK;
}

static clproc_status stage_plane(clp_exact_plane *plane, const clp_stage *stage, double fill,
                                 uint32_t out_h_step, uint32_t out_v_step, clproc_error *error) {
    clp_plane_grid grid = {plane->width,  plane->height, plane->h_step,
                           plane->v_step, out_h_step,    out_v_step};
    clp_axis y = {0}, x = {0};
    clp_exact_plane middle = {0}, out = {0};
    clproc_status status;
    CLP_TRY(status, out, clp_stage_for_plane(stage, &grid, &y, &x, error));
    CLP_TRY(status, out, apply_rows(&middle, plane, &y, fill, error));
    CLP_TRY(status, out, apply_columns(&out, &middle, &x, fill, error));
    clp_exact_free(plane);
    *plane = out;
    out.v = NULL;
    if (stage->transpose) {
        status = transpose(plane, error);
    }
    plane->h_step = out_h_step;
    plane->v_step = out_v_step;
out:
    clp_exact_free(&middle);
    clp_exact_free(&out);
    clp_axis_free(&y);
    clp_axis_free(&x);
    return status;
}

/** The fill colour as the picture holds colours. */
static void fill_colour(const clp_exact_picture *picture, const clp_stage *stage, double fill[4]) {
    uint32_t channels = clp_exact_planes(picture);
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
static clproc_status run_stage(clp_exact_picture *picture, const clp_stage *stage,
                               const clp_layout *layout, clproc_error *error) {
    double fill[4];
    fill_colour(picture, stage, fill);
    for (uint32_t c = 0; c < clp_exact_planes(picture); c++) {
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

static clproc_status run_identity(clp_exact_picture *picture, const clp_layout *layout,
                                  clproc_error *error) {
    clp_stage copy;
    clproc_status status = clp_stage_identity(&copy, picture->width, picture->height, error);
    if (status == CLPROC_OK) {
        status = run_stage(picture, &copy, layout, error);
    }
    clp_stage_free(&copy);
    return status;
}

/* ----------------------------------------------------------------- whole */

/** Brings all planes to the size of the picture. */
static clproc_status upsample(clp_exact_picture *picture, clproc_error *error) {
    bool full = true;
    for (uint32_t c = 0; c < clp_exact_planes(picture); c++) {
        full = full && picture->planes[c].h_step == 1 && picture->planes[c].v_step == 1;
    }
    return full ? CLPROC_OK : run_identity(picture, NULL, error);
}

static clproc_status copy_picture(clp_exact_picture *copy, const clp_exact_picture *picture,
                                  clproc_error *error) {
    *copy = *picture;
    for (uint32_t c = 0; c < 4; c++) {
        copy->planes[c].v = NULL;
    }
    for (uint32_t c = 0; c < clp_exact_planes(picture); c++) {
        const clp_exact_plane *from = &picture->planes[c];
        clproc_status status = clp_exact_make(&copy->planes[c], from->width, from->height, error);
        if (status != CLPROC_OK) {
            return status;
        }
        memcpy(copy->planes[c].v, from->v, (size_t)from->width * from->height * sizeof *from->v);
    }
    return CLPROC_OK;
}

static void free_picture(clp_exact_picture *picture) {
    for (int i = 0; i < 4; i++) {
        clp_exact_free(&picture->planes[i]);
    }
}

/** The stages and the first point of a segment that begins with an unsharp mask. */
static clproc_status run_unsharp(clp_exact_picture *picture, const clp_segment *segment,
                                 const clp_plan *plan, clproc_error *error) {
    const clp_term *term = segment->points[0];
    bool ycc = picture->model == CLP_MODEL_YCC;
    bool luma_alone = ycc && term->parameter[CLP_UNSHARP_LUMA] != 0 && clp_plan_luma_alone(plan);
    clp_exact_picture side = {0};
    clproc_status status;
    if (ycc && !luma_alone) {
        CLP_TRY(status, out, upsample(picture, error));
        CLP_TRY(status, out, clp_exact_to_rgb(picture, error));
    }
    clp_exact_premultiply(picture, false);
    CLP_TRY(status, out, copy_picture(&side, picture, error));
    clp_exact_premultiply(picture, true);
    for (size_t i = 0; i < segment->stage_count; i++) {
        const clp_stage *stage = &segment->stages[i];
        if (luma_alone) {
            CLP_TRY(status, out, stage_plane(&picture->planes[0], stage, 0, 1, 1, error));
        } else {
            CLP_TRY(status, out, run_stage(picture, stage, NULL, error));
        }
    }
    clp_exact_premultiply(picture, false);
    clp_exact_unsharp(picture, &side, term, luma_alone);
out:
    free_picture(&side);
    return status;
}

static clproc_status run_segment(clp_exact_picture *picture, const clp_segments *segments,
                                 size_t index, const clp_plan *plan, clproc_error *error) {
    const clp_segment *segment = &segments->items[index];
    if (segment->sided) {
        return run_unsharp(picture, segment, plan, error);
    }
    /* The output's chroma grid is part of the last stage of a picture that stays in YCbCr. */
    bool ends = clp_segments_chroma_ends(segments, index, clp_plan_luma_alone(plan)) &&
                picture->model == plan->output.model;
    const clp_layout *final = ends && picture->model == CLP_MODEL_YCC ? &plan->output : NULL;
    clproc_status status;
    if (segment->stage_count == 0 && picture->model == CLP_MODEL_YCC) {
        return run_identity(picture, final, error);
    }
    for (size_t i = 0; i < segment->stage_count; i++) {
        if (!clp_stage_is_index(&segment->stages[i])) {
            clp_exact_premultiply(picture, true);
        }
        status = run_stage(picture, &segment->stages[i],
                           i + 1 == segment->stage_count ? final : NULL, error);
        if (status != CLPROC_OK) {
            return status;
        }
    }
    return CLPROC_OK;
}

static clproc_status run_points(clp_exact_picture *picture, const clp_segment *segment,
                                clproc_error *error) {
    size_t first = segment->sided ? 1 : 0;
    clproc_status status = segment->point_count > first ? upsample(picture, error) : CLPROC_OK;
    for (size_t i = first; status == CLPROC_OK && i < segment->point_count; i++) {
        status = clp_exact_point(picture, segment->points[i], error);
    }
    return status;
}

static clproc_status to_target(clp_exact_picture *picture, const clp_plan *plan,
                               clproc_error *error) {
    static const double white[3] = {255, 255, 255};
    bool jpeg = plan->target.format == CLPROC_FORMAT_JPEG;
    clproc_status status = CLPROC_OK;
    if (jpeg && clp_exact_alpha(picture)) {
        clp_exact_flatten(picture, white);
    }
    clp_exact_premultiply(picture, false);
    if (!jpeg && picture->model == CLP_MODEL_YCC) {
        CLP_TRY(status, out, upsample(picture, error));
        return clp_exact_to_rgb(picture, error);
    }
    if (jpeg && picture->model == CLP_MODEL_YCC) {
        /* After an unsharp mask of the Y plane alone; else the planes are as they should. */
        return run_identity(picture, &plan->output, error);
    }
    if (jpeg && picture->model == CLP_MODEL_RGB) {
        clp_colour forward = clp_colour_ycc(false);
        clp_exact_clamp(picture);
        CLP_TRY(status, out, clp_exact_colour(picture, &forward, error));
        picture->model = CLP_MODEL_YCC;
        status = run_identity(picture, &plan->output, error);
    }
out:
    return status;
}

clproc_status clp_reference_run(const clp_plan *plan, const uint8_t *input, uint8_t *output,
                                double *unrounded, clproc_error *error) {
    clp_exact_picture picture = {0};
    clp_segments segments = {0};
    const clp_layout *in = &plan->input;
    clproc_status status;
    CLP_TRY(status, out, clp_segments_create(&segments, &plan->terms, in, true, error));
    CLP_TRY(status, out, load(&picture, in, input, error));
    for (size_t i = 0; i < segments.count; i++) {
        CLP_TRY(status, out, run_segment(&picture, &segments, i, plan, error));
        CLP_TRY(status, out, run_points(&picture, &segments.items[i], error));
    }
    CLP_TRY(status, out, to_target(&picture, plan, error));
    store(&picture, &plan->output, output, unrounded);
out:
    free_picture(&picture);
    clp_segments_free(&segments);
    return status;
}
