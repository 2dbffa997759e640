/** The reference device: terms in double precision, one after the other, nothing rounded or clamped
 * but where the definition says so. Everything here is in levels 0 to 255, planar. Of the planner
 * it knows nothing: only terms, which are what was asked for, and the layouts of input and output.
 */
#include <math.h>
#include <string.h>

#include "core/cancel.h"
#include "core/checked.h"
#include "core/memory.h"
#include "device/device_private.h"
#include "device/reference.h"

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
    const double white = layout->depth == 8 ? 255 : 65535;
    *picture = (clp_exact_picture){
        .model = layout->model, .width = layout->width, .height = layout->height};
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
                plane->v[(size_t)y * from->width + x] = value * 255 / white;
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

/* ----------------------------------------------------------- order of terms */

/** Terms in the order in which the definition runs them. */
typedef struct order {
    const clp_term **terms;
    size_t count;
    clp_term *refilled; /**< terms whose colour outside the picture is another one here */
    size_t refilled_count;
} order;

static void insert(order *o, size_t at, const clp_term *term) {
    memmove(o->terms + at + 1, o->terms + at, (o->count - at) * sizeof *o->terms);
    o->terms[at] = term;
    o->count++;
}

/** True if a spatial term may be run before all of these. */
static bool passes(const clp_term *term, const clp_term *const *points, size_t count) {
    bool may = count == 0 || clp_exact_is_whole(term);
    for (size_t i = 0; i < count; i++) {
        may = may && points[i]->kind == CLP_TERM_COLOUR &&
              points[i]->colour.out >= points[i]->colour.in;
    }
    return may;
}

/** Has a map of three channels to one, which was put before the terms from `first` on, make of the
 * colours outside the picture what it makes of those inside. */
static void refill(order *o, size_t first, const clp_colour *map) {
    for (size_t i = first; i < o->count; i++) {
        clp_term *term = &o->refilled[o->refilled_count++];
        *term = *o->terms[i];
        double gray = map->offset[0];
        for (uint32_t c = 0; c < 3; c++) {
            gray += map->m[0][c] * term->fill[c];
        }
        term->fill[0] = term->fill[1] = term->fill[2] = gray;
        o->terms[i] = term;
    }
}

/** As they were asked for. Planes of YCbCr are filtered before they become RGB, and are clamped
 * then, so of such a picture the order is part of the result: a filter whose rows sum to 1 goes
 * before maps of colours that drop no channel, and a map that does, as gray, before the filters
 * that directly precede it. */
static clproc_status put_in_order(order *o, const clp_plan *plan, clproc_error *error) {
    const clp_terms *terms = &plan->terms;
    size_t group = 0, points = 0; /* where the present group begins, and in it what is no filter */
    *o = (order){
        .terms = clp_memory_zero(CLP_MEMORY_PLAN, terms->count + 1, sizeof(const clp_term *)),
        .refilled = clp_memory_zero(CLP_MEMORY_PLAN, terms->count + 1, sizeof(clp_term)),
    };
    if (!o->terms || !o->refilled) {
        return clp_error_memory(error, "the reference's terms", terms->count);
    }
    for (size_t i = 0; i < terms->count; i++) {
        const clp_term *term = &terms->items[i];
        bool spatial = term->kind == CLP_TERM_SPATIAL;
        bool drops = term->kind == CLP_TERM_COLOUR && term->colour.out < term->colour.in;
        if (plan->input.model != CLP_MODEL_YCC) {
            insert(o, o->count, term);
        } else if (spatial) {
            if (term->side || !passes(term, o->terms + points, o->count - points)) {
                group = points = o->count;
            }
            insert(o, points++, term);
        } else if (drops && points == o->count && points > group) {
            insert(o, group++, term);
            refill(o, group, &term->colour);
            points = o->count;
        } else {
            insert(o, o->count, term);
        }
    }
    return CLPROC_OK;
}

/* ----------------------------------------------------------------- spatial */

/** The fill colour as the picture holds colours. */
static void fill_colour(const clp_exact_picture *picture, const clp_term *term, double fill[4]) {
    uint32_t channels = clp_exact_planes(picture);
    memcpy(fill, term->fill, 4 * sizeof *fill);
    if (picture->model == CLP_MODEL_YCC) {
        clp_exact_to_ycc(fill);
    }
    if (clp_model_has_alpha(picture->model)) {
        for (uint32_t c = 0; picture->premultiplied && c + 1 < channels; c++) {
            fill[c] *= term->fill[3] / 255;
        }
        fill[channels - 1] = term->fill[3];
    }
}

/** One term on a plane of a picture, which has all its pixels. */
static clproc_status run_on_plane(clp_exact_picture *picture, uint32_t c, const clp_term *term,
                                  clproc_error *error) {
    double fill[4];
    fill_colour(picture, term, fill);
    return clp_exact_spatial(&picture->planes[c], term, fill[c], picture->cancel, error);
}

static clproc_status run_spatial(clp_exact_picture *picture, const clp_term *term,
                                 clproc_error *error) {
    clproc_status status = CLPROC_OK;
    if (!clp_exact_moves(term)) {
        clp_exact_premultiply(picture, true);
    }
    for (uint32_t c = 0; status == CLPROC_OK && c < clp_exact_planes(picture); c++) {
        status = run_on_plane(picture, c, term, error);
    }
    picture->width = picture->planes[0].width;
    picture->height = picture->planes[0].height;
    return status;
}

/** True if terms do nothing but move pixels about, what comes from outside having one colour. */
static bool only_move(const clp_term *const *terms, size_t count, const clp_term **filled) {
    bool move = true;
    *filled = NULL;
    for (size_t i = 0; i < count; i++) {
        move = move && clp_exact_moves(terms[i]);
        if (!clp_exact_is_whole(terms[i])) {
            move = move && (!*filled ||
                            memcmp((*filled)->fill, terms[i]->fill, sizeof terms[i]->fill) == 0);
            *filled = terms[i];
        }
    }
    return move;
}

/** Spatial terms on the planes from `first` on of a picture in YCbCr, plane by plane, since each
 * has all pixels only while it is worked on. `layout`: the output's, where nothing follows that
 * concerns chroma, else NULL. Where pixels are then only moved, along a plane's grid, its samples
 * are. */
static clproc_status run_on_planes(clp_exact_picture *picture, uint32_t first,
                                   const clp_term *const *terms, size_t count,
                                   const clp_layout *layout, clproc_error *error) {
    const clp_term *filled;
    bool moves = only_move(terms, count, &filled) && layout;
    clproc_status status = CLPROC_OK;
    for (uint32_t c = first; c < clp_exact_planes(picture); c++) {
        clp_exact_plane *plane = &picture->planes[c];
        double fill[4] = {0};
        bool done = false;
        if (filled) {
            fill_colour(picture, filled, fill);
        }
        if (moves) {
            CLP_TRY(status, out,
                    clp_exact_move(plane, terms, count, picture->width, picture->height,
                                   &layout->planes[c], fill[c], &done, error));
        }
        if (done) {
            continue;
        }
        CLP_TRY(status, out, clp_exact_upsample(plane, picture->width, picture->height, error));
        for (size_t i = 0; i < count; i++) {
            CLP_TRY(status, out, run_on_plane(picture, c, terms[i], error));
        }
        if (layout) {
            CLP_TRY(status, out, clp_exact_downsample(plane, &layout->planes[c], error));
        }
    }
    picture->width = picture->planes[0].width;
    picture->height = picture->planes[0].height;
out:
    return status;
}

/* ------------------------------------------------------------------- whole */

static void free_picture(clp_exact_picture *picture) {
    for (int i = 0; i < 4; i++) {
        clp_exact_free(&picture->planes[i]);
    }
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

/** True if an unsharp mask of luma can work on a JPEG's luma as it stands, in a plane of its own
 * with all pixels. */
static bool luma_alone(const clp_plan *plan, const clp_term *unsharp) {
    const clp_plane *in = &plan->input.planes[0], *out = &plan->picture.planes[0];
    return unsharp->parameter[CLP_UNSHARP_LUMA] != 0 && in->h_step == 1 && in->v_step == 1 &&
           out->h_step == 1 && out->v_step == 1;
}

/** A blur, and the unsharp mask made of it. */
static clproc_status run_unsharp(clp_exact_picture *picture, const clp_term *blur,
                                 const clp_term *unsharp, const clp_plan *plan,
                                 clproc_error *error) {
    bool ycc = picture->model == CLP_MODEL_YCC, luma = ycc && luma_alone(plan, unsharp);
    clp_exact_picture side = {0};
    clproc_status status;
    if (ycc && !luma) {
        CLP_TRY(status, out, clp_exact_to_rgb(picture, error));
    }
    clp_exact_premultiply(picture, false);
    if (clp_exact_alpha(picture)) {
        clp_exact_clamp(picture); /* as what is divided by alpha is */
    }
    CLP_TRY(status, out, copy_picture(&side, picture, error));
    if (luma) {
        CLP_TRY(status, out, run_on_plane(picture, 0, blur, error));
    } else {
        CLP_TRY(status, out, run_spatial(picture, blur, error));
    }
    clp_exact_premultiply(picture, false);
    clp_exact_unsharp(picture, &side, unsharp, luma);
out:
    free_picture(&side);
    return status;
}

/** True if a picture stays in YCbCr planes, and terms concern these but for unsharp masks of luma,
 * of which there are some. */
static bool sharpens_luma(const order *o, const clp_plan *plan) {
    bool alone = plan->input.model == CLP_MODEL_YCC && plan->picture.model == CLP_MODEL_YCC;
    bool any = false;
    for (size_t i = 0; i < o->count; i++) {
        const clp_term *term = o->terms[i];
        bool unsharp = term->kind == CLP_TERM_KERNEL && term->custom == CLP_CUSTOM_UNSHARP;
        any |= unsharp;
        alone = alone && (unsharp ? luma_alone(plan, term) : term->kind == CLP_TERM_SPATIAL);
    }
    return alone && any;
}

/** Luma goes through all terms, chroma through all but the masks. Where one of these lies between
 * spatial terms, chroma has all pixels from the first of them on. */
static clproc_status run_apart(clp_exact_picture *picture, const order *o, const clp_plan *plan,
                               clproc_error *error) {
    const clp_term **spatial =
        clp_memory_alloc(CLP_MEMORY_PLAN, (o->count + 1) * sizeof(const clp_term *));
    size_t count = 0, groups = 0;
    bool before = false;
    clproc_status status;
    if (!spatial) {
        return clp_error_memory(error, "the reference's terms", o->count);
    }
    for (size_t i = 0; i < o->count; i++) {
        bool now = o->terms[i]->kind == CLP_TERM_SPATIAL && !o->terms[i]->side;
        spatial[count] = o->terms[i];
        count += now;
        groups += now && !before;
        before = now;
    }
    CLP_TRY(status, out,
            run_on_planes(picture, 1, spatial, count, groups > 1 ? NULL : &plan->picture, error));
    for (size_t i = 0; i < o->count; i++) {
        CLP_TRY(status, out, clp_cancel_check(picture->cancel, error));
        if (o->terms[i]->side) {
            CLP_TRY(status, out, run_unsharp(picture, o->terms[i], o->terms[i + 1], plan, error));
            i++;
        } else {
            CLP_TRY(status, out, run_on_plane(picture, 0, o->terms[i], error));
        }
    }
    picture->width = picture->planes[0].width;
    picture->height = picture->planes[0].height;
out:
    clp_memory_free(spatial);
    return status;
}

/** True if from term `first` on nothing comes but overlays, over planes that stay such. */
static bool covers_planes(const order *o, size_t first, const clp_plan *plan) {
    bool covers = plan->output.model == CLP_MODEL_YCC && first < o->count;
    for (size_t i = first; i < o->count; i++) {
        covers = covers && o->terms[i]->overlay;
    }
    return covers;
}

static clproc_status run_terms(clp_exact_picture *picture, const order *o, const clp_plan *plan,
                               clproc_error *error) {
    size_t next = 0;
    bool covers = false;
    clproc_status status = CLPROC_OK;
    if (sharpens_luma(o, plan)) {
        return run_apart(picture, o, plan, error);
    }
    if (picture->model == CLP_MODEL_YCC) {
        while (next < o->count && o->terms[next]->kind == CLP_TERM_SPATIAL &&
               !o->terms[next]->side) {
            next++;
        }
        covers = covers_planes(o, next, plan);
        bool stays = next == o->count && plan->picture.model == CLP_MODEL_YCC;
        CLP_TRY(status, out,
                run_on_planes(picture, 0, o->terms, next, covers || stays ? &plan->picture : NULL,
                              error));
    }
    for (; covers && next < o->count; next++) {
        CLP_TRY(status, out,
                clp_exact_overlay_planes(picture, o->terms[next], &plan->picture, error));
    }
    for (; next < o->count; next++) {
        const clp_term *term = o->terms[next];
        CLP_TRY(status, out, clp_cancel_check(picture->cancel, error));
        if (term->kind == CLP_TERM_SPATIAL && term->side) {
            next++;
            CLP_TRY(status, out, run_unsharp(picture, term, o->terms[next], plan, error));
        } else if (term->kind == CLP_TERM_SPATIAL) {
            CLP_TRY(status, out, run_spatial(picture, term, error));
        } else {
            CLP_TRY(status, out, clp_exact_point(picture, term, error));
        }
    }
out:
    return status;
}

/** Brings what the terms have left into the model and the planes of the output. */
static clproc_status to_target(clp_exact_picture *picture, const clp_layout *output,
                               clproc_error *error) {
    static const double white[3] = {255, 255, 255};
    clproc_status status = CLPROC_OK;
    if (!clp_model_has_alpha(output->model) && clp_exact_alpha(picture)) {
        clp_exact_flatten(picture, white);
    }
    clp_exact_premultiply(picture, false);
    if (output->model != CLP_MODEL_YCC && picture->model == CLP_MODEL_YCC) {
        return clp_exact_to_rgb(picture, error);
    }
    if (output->model == CLP_MODEL_YCC && picture->model == CLP_MODEL_RGB) {
        clp_exact_from_rgb(picture);
    }
    for (uint32_t c = 0; status == CLPROC_OK && c < clp_exact_planes(picture); c++) {
        if (picture->model == CLP_MODEL_YCC) {
            status = clp_exact_downsample(&picture->planes[c], &output->planes[c], error);
        }
    }
    return status;
}

uint64_t clp_reference_bytes(const clp_plan *plan) {
    const clp_terms *terms = &plan->terms;
    uint64_t channels = clp_model_channels(plan->input.model), planes = channels + 2;
    uint64_t pixels = (uint64_t)plan->input.width * plan->input.height, overlay = 0;
    for (size_t i = 0; i < terms->count; i++) {
        const clp_term *term = &terms->items[i];
        uint64_t made = (uint64_t)term->y.out * term->x.out;
        if (term->overlay) {
            /* All its planes, scaled and not; over planes, weight and product for each pixel. */
            uint64_t all = clp_overlay_bytes(term->overlay) / sizeof *term->overlay->samples +
                           (made + (uint64_t)term->overlay->width * term->y.out) *
                               (term->conversion ? 4 : term->overlay->colours + 1);
            all += 2 * (uint64_t)plan->output.width * plan->output.height;
            overlay = all > overlay ? all : overlay;
            continue;
        }
        pixels = made > pixels ? made : pixels;
        planes += term->side ? channels : 0; /* a copy, for an unsharp mask */
    }
    /* All planes of a picture, and one on its way through the two matrices of a filter. */
    return (pixels * planes + overlay) * sizeof(double);
}

clproc_status clp_reference_run(const clp_plan *plan, const uint8_t *input, uint8_t *output,
                                double *unrounded, clproc_error *error) {
    clp_exact_picture picture = {0};
    order o = {0};
    clproc_status status;
    CLP_TRY(status, out, put_in_order(&o, plan, error));
    CLP_TRY(status, out, load(&picture, &plan->input, input, error));
    picture.cancel = plan->terms.cancel;
    picture.white = plan->input.depth == 16 || plan->picture.depth == 16 ? 65535 : 255;
    CLP_TRY(status, out, run_terms(&picture, &o, plan, error));
    picture.white = plan->picture.depth == 16 ? 65535 : 255;
    CLP_TRY(status, out, to_target(&picture, &plan->picture, error));
    if (plan->target.features) {
        uint8_t *small = clp_memory_zero(CLP_MEMORY_PIXELS, 1, plan->picture.bytes);
        CLP_TRY(status, out,
                small ? CLPROC_OK : clp_error_memory(error, "a picture", plan->picture.bytes));
        store(&picture, &plan->picture, small, unrounded);
        clp_exact_features(&plan->picture, small, &plan->output, output);
        clp_memory_free(small);
        goto out;
    }
    store(&picture, &plan->picture, output, unrounded);
out:
    free_picture(&picture);
    clp_memory_free(o.terms);
    clp_memory_free(o.refilled);
    return status;
}
