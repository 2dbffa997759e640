/** The reference's spatial terms, one after the other on whole planes, and planes of fewer samples
 * than pixels. */
#include "device/reference.h"

#include <math.h>
#include <string.h>

#include "core/cancel.h"
#include "core/memory.h"

/* --------------------------------------------------------- matrices on planes */

/** What a row takes of the fill. Sums in double precision are this close to 1. */
static double missing(const clp_axis *axis, uint32_t row) {
    double rest = 1;
    for (uint32_t k = 0; k < axis->taps; k++) {
        rest -= axis->weight[(size_t)row * axis->taps + k];
    }
    return fabs(rest) < 1e-9 ? 0 : rest;
}

static clproc_status apply_rows(clp_exact_plane *out, const clp_exact_plane *in,
                                const clp_axis *axis, double fill, const volatile int *cancel,
                                clproc_error *error) {
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
        status = clp_cancel_check(cancel, error);
    }
    return status;
}

static clproc_status apply_columns(clp_exact_plane *out, const clp_exact_plane *in,
                                   const clp_axis *axis, double fill, const volatile int *cancel,
                                   clproc_error *error) {
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
        status = clp_cancel_check(cancel, error);
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

static clproc_status apply(clp_exact_plane *plane, const clp_axis *y, const clp_axis *x,
                           double fill, const volatile int *cancel, clproc_error *error) {
    clp_exact_plane middle = {0}, out = {0};
    clproc_status status;
    CLP_TRY(status, out, apply_rows(&middle, plane, y, fill, cancel, error));
    CLP_TRY(status, out, apply_columns(&out, &middle, x, fill, cancel, error));
    clp_exact_free(plane);
    *plane = out;
    out.v = NULL;
out:
    clp_exact_free(&middle);
    clp_exact_free(&out);
    return status;
}

clproc_status clp_exact_spatial(clp_exact_plane *plane, const clp_term *term, double fill,
                                const volatile int *cancel, clproc_error *error) {
    clp_axis y = {0}, x = {0};
    clproc_status status;
    if (term->gaussian_sigma > 0) {
        CLP_TRY(status, out,
                clp_term_exact_gaussian(term, plane->width, plane->height, &y, &x, error));
        status = apply(plane, &y, &x, fill, cancel, error);
    } else {
        CLP_TRY(status, out, apply(plane, &term->y, &term->x, fill, cancel, error));
        status = term->transpose ? transpose(plane, error) : CLPROC_OK;
    }
out:
    clp_axis_free(&y);
    clp_axis_free(&x);
    return status;
}

bool clp_exact_is_whole(const clp_term *term) {
    bool whole = true;
    for (uint32_t i = 0; term->gaussian_sigma == 0 && i < term->y.out; i++) {
        whole = whole && missing(&term->y, i) == 0;
    }
    for (uint32_t i = 0; term->gaussian_sigma == 0 && i < term->x.out; i++) {
        whole = whole && missing(&term->x, i) == 0;
    }
    return whole;
}

/** The sample a row of a matrix takes; −1 for none, −2 where the row filters. */
static int64_t taken(const clp_axis *axis, uint32_t row) {
    int64_t source = -1;
    for (uint32_t k = 0; k < axis->taps; k++) {
        double weight = axis->weight[(size_t)row * axis->taps + k];
        if (weight != 0) {
            source = source == -1 && weight == 1 ? (int64_t)axis->start[row] + k : -2;
        }
    }
    return source;
}

bool clp_exact_moves(const clp_term *term) {
    bool moves = term->gaussian_sigma == 0;
    for (uint32_t i = 0; moves && i < term->y.out; i++) {
        moves = taken(&term->y, i) != -2;
    }
    for (uint32_t i = 0; moves && i < term->x.out; i++) {
        moves = taken(&term->x, i) != -2;
    }
    return moves;
}

/* ---------------------------------------------- planes of fewer samples than pixels */

/** True where libjpeg-turbo interpolates chroma instead of repeating it. */
static bool is_fancy(const clp_exact_plane *plane) {
    return plane->h_step == 2 ? plane->v_step <= 2 && plane->width > 2
                              : plane->h_step == 1 && plane->v_step == 2;
}

/** Of pixel i on one axis: the sample it stands on, and of the neighbour its quarter. */
static void find_samples(uint32_t i, uint32_t step, bool fancy, uint32_t samples, size_t *near,
                         size_t *far) {
    uint32_t last = samples - 1;
    *near = i / step < last ? i / step : last;
    *far = *near;
    if (fancy && step == 2) {
        *far = i % 2 ? (*near < last ? *near + 1 : last) : (*near > 0 ? *near - 1 : 0);
    }
}

clproc_status clp_exact_upsample(clp_exact_plane *plane, uint32_t width, uint32_t height,
                                 clproc_error *error) {
    clp_exact_plane full;
    bool fancy = is_fancy(plane);
    if (plane->h_step == 1 && plane->v_step == 1) {
        return CLPROC_OK;
    }
    clproc_status status = clp_exact_make(&full, width, height, error);
    for (uint32_t y = 0; status == CLPROC_OK && y < height; y++) {
        size_t row[2], column[2];
        find_samples(y, plane->v_step, fancy, plane->height, &row[0], &row[1]);
        for (uint32_t x = 0; x < width; x++) {
            double sum = 0;
            find_samples(x, plane->h_step, fancy, plane->width, &column[0], &column[1]);
            for (int k = 0; k < 4; k++) {
                double weight = (k / 2 ? 0.25 : 0.75) * (k % 2 ? 0.25 : 0.75);
                sum += weight * plane->v[row[k / 2] * plane->width + column[k % 2]];
            }
            full.v[(size_t)y * width + x] = sum;
        }
    }
    if (status == CLPROC_OK) {
        clp_exact_free(plane);
        *plane = full;
    }
    return status;
}

clproc_status clp_exact_downsample(clp_exact_plane *plane, const clp_plane *to,
                                   clproc_error *error) {
    clp_exact_plane made;
    uint32_t h = to->h_step, v = to->v_step, last_x = plane->width - 1, last_y = plane->height - 1;
    if (plane->h_step == h && plane->v_step == v) {
        return CLPROC_OK;
    }
    clproc_status status = clp_exact_make(&made, to->width, to->height, error);
    for (size_t i = 0; status == CLPROC_OK && i < (size_t)to->width * to->height; i++) {
        uint32_t x0 = (uint32_t)(i % to->width) * h, y0 = (uint32_t)(i / to->width) * v;
        for (uint32_t k = 0; k < h * v; k++) {
            uint32_t x = x0 + k % h, y = y0 + k / h;
            made.v[i] += plane->v[(size_t)(y < last_y ? y : last_y) * plane->width +
                                  (x < last_x ? x : last_x)] /
                         (h * v);
        }
    }
    if (status == CLPROC_OK) {
        clp_exact_free(plane);
        *plane = made;
        plane->h_step = h;
        plane->v_step = v;
    }
    return status;
}

/* --------------------------------------------------- moves along a plane's own grid */

/** Where the pixels of a picture that was only moved about come from. */
typedef struct moved {
    int64_t *rows, *columns; /**< of the source, −1 for none */
    uint32_t row_count, column_count;
    bool turned; /**< the result's columns are made of source rows */
} moved;

static clproc_status count_up(int64_t **list, uint32_t count, clproc_error *error) {
    *list = clp_memory_alloc(CLP_MEMORY_PLAN, ((size_t)count + 1) * sizeof **list);
    for (uint32_t i = 0; *list && i < count; i++) {
        (*list)[i] = i;
    }
    return *list ? CLPROC_OK : clp_error_memory(error, "the reference's moves", count);
}

/** list = list as the rows of `axis` take it */
static clproc_status take(int64_t **list, uint32_t *count, const clp_axis *axis,
                          clproc_error *error) {
    int64_t *made;
    clproc_status status = count_up(&made, axis->out, error);
    for (uint32_t i = 0; status == CLPROC_OK && i < axis->out; i++) {
        int64_t source = taken(axis, i);
        made[i] = source < 0 ? -1 : (*list)[source];
    }
    if (status == CLPROC_OK) {
        clp_memory_free(*list);
        *list = made;
        *count = axis->out;
    }
    return status;
}

static clproc_status follow(moved *all, const clp_term *const *terms, size_t count, uint32_t width,
                            uint32_t height, clproc_error *error) {
    clproc_status status;
    *all = (moved){.row_count = height, .column_count = width};
    CLP_TRY(status, out, count_up(&all->rows, height, error));
    CLP_TRY(status, out, count_up(&all->columns, width, error));
    for (size_t i = 0; i < count; i++) {
        const clp_axis *rows = all->turned ? &terms[i]->x : &terms[i]->y,
                       *columns = all->turned ? &terms[i]->y : &terms[i]->x;
        CLP_TRY(status, out, take(&all->rows, &all->row_count, rows, error));
        CLP_TRY(status, out, take(&all->columns, &all->column_count, columns, error));
        all->turned ^= terms[i]->transpose;
    }
out:
    return status;
}

/** Pixels of one axis to samples of `step` pixels each: in place, false where the pixels of some
 * block do not come from one sample. */
static bool to_grid(int64_t *list, uint32_t *count, uint32_t step) {
    uint32_t blocks = 0;
    for (uint32_t i = 0; i < *count; i++) {
        int64_t sample = list[i] < 0 ? -1 : list[i] / step;
        if (i % step == 0) {
            list[blocks++] = sample;
        } else if (list[blocks - 1] != sample) {
            return false;
        }
    }
    *count = blocks;
    return true;
}

clproc_status clp_exact_move(clp_exact_plane *plane, const clp_term *const *terms, size_t count,
                             uint32_t width, uint32_t height, const clp_plane *to, double fill,
                             bool *done, clproc_error *error) {
    moved all;
    clp_exact_plane made;
    clproc_status status;
    *done = false;
    CLP_TRY(status, out, follow(&all, terms, count, width, height, error));
    uint32_t v = all.turned ? to->h_step : to->v_step, h = all.turned ? to->v_step : to->h_step;
    if (v != plane->v_step || h != plane->h_step || !to_grid(all.rows, &all.row_count, v) ||
        !to_grid(all.columns, &all.column_count, h)) {
        goto out;
    }
    CLP_TRY(status, out, clp_exact_make(&made, all.column_count, all.row_count, error));
    for (uint32_t y = 0; y < all.row_count; y++) {
        for (uint32_t x = 0; x < all.column_count; x++) {
            bool inside = all.rows[y] >= 0 && all.columns[x] >= 0;
            made.v[(size_t)y * all.column_count + x] =
                inside ? plane->v[(size_t)all.rows[y] * plane->width + (size_t)all.columns[x]]
                       : fill;
        }
    }
    clp_exact_free(plane);
    *plane = made;
    status = all.turned ? transpose(plane, error) : CLPROC_OK;
    plane->h_step = to->h_step;
    plane->v_step = to->v_step;
    *done = true;
out:
    clp_memory_free(all.rows);
    clp_memory_free(all.columns);
    return status;
}
