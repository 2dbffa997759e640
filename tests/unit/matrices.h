/* Whole matrices, written out: what banded ones are checked against. */
#ifndef CLP_TESTS_MATRICES_H
#define CLP_TESTS_MATRICES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plan/axis.h"

typedef struct matrix {
    uint32_t rows, columns;
    double *v;
} matrix;

static inline matrix matrix_make(uint32_t rows, uint32_t columns) {
    matrix m = {rows, columns, calloc((size_t)rows * columns + 1, sizeof(double))};
    assert_non_null(m.v);
    return m;
}

static inline double *matrix_at(const matrix *m, uint32_t row, uint32_t column) {
    assert_true(row < m->rows && column < m->columns);
    return &m->v[(size_t)row * m->columns + column];
}

static inline void matrix_free(matrix *m) {
    free(m->v);
    m->v = NULL;
}

/** Adds to a row what stands at `column`, or where that lies outside, at the edge. */
static inline void matrix_replicate(matrix *m, uint32_t row, int64_t column, double weight) {
    int64_t last = (int64_t)m->columns - 1;
    *matrix_at(m, row, (uint32_t)(column < 0 ? 0 : column > last ? last : column)) += weight;
}

/** A banded matrix, whose windows must lie inside its input. */
static inline matrix matrix_of(const clp_axis *axis) {
    matrix m = matrix_make(axis->out, axis->in);
    assert_true(axis->taps >= 1 && axis->taps <= axis->in);
    for (uint32_t i = 0; i < axis->out; i++) {
        assert_true(axis->start[i] >= 0 && (uint32_t)axis->start[i] + axis->taps <= axis->in);
        for (uint32_t k = 0; k < axis->taps; k++) {
            *matrix_at(&m, i, (uint32_t)axis->start[i] + k) =
                axis->weight[(size_t)i * axis->taps + k];
        }
    }
    return m;
}

static inline matrix matrix_product(const matrix *second, const matrix *first) {
    matrix m = matrix_make(second->rows, first->columns);
    assert_int_equal(second->columns, first->rows);
    for (uint32_t i = 0; i < second->rows; i++) {
        for (uint32_t k = 0; k < second->columns; k++) {
            double factor = *matrix_at(second, i, k);
            for (uint32_t j = 0; factor != 0 && j < first->columns; j++) {
                *matrix_at(&m, i, j) += factor * *matrix_at(first, k, j);
            }
        }
    }
    return m;
}

/** Greatest difference of two entries. */
static inline double matrix_distance(const matrix *a, const matrix *b) {
    double most = 0;
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->columns, b->columns);
    for (size_t i = 0; i < (size_t)a->rows * a->columns; i++) {
        most = fmax(most, fabs(a->v[i] - b->v[i]));
    }
    return most;
}

/** Expects a banded matrix to be that one, and frees both. */
static inline void expect_matrix(clp_axis *axis, matrix *wanted, const char *what) {
    matrix is = matrix_of(axis);
    double off = matrix_distance(&is, wanted);
    if (!(off < 1e-12)) {
        fail_msg("%s: %u to %u: off by %g", what, axis->in, axis->out, off);
    }
    matrix_free(&is);
    matrix_free(wanted);
    clp_axis_free(axis);
}

static inline uint32_t draw(uint32_t *state, uint32_t below) {
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % below;
}

/** Some matrix for `in` samples: a resize, a blur, a crop, a pad or a flip. */
static inline void draw_axis(clp_axis *axis, uint32_t in, uint32_t *state) {
    uint32_t out = 1 + draw(state, 2 * in + 5), filter = draw(state, CLP_FILTER_NEAREST + 1);
    switch (draw(state, 4)) {
    case 0:
        assert_int_equal(clp_axis_resize(axis, (clp_filter)filter, in, 0, in, out, NULL),
                         CLPROC_OK);
        break;
    case 1:
        assert_int_equal(
            clp_axis_gaussian(axis, in, 0.4 + draw(state, 30) / 10.0, 1 + draw(state, 9), NULL),
            CLPROC_OK);
        break;
    case 2:
        assert_int_equal(clp_axis_mean(axis, in, draw(state, 6), NULL), CLPROC_OK);
        break;
    default:
        assert_int_equal(clp_axis_window(axis, in, (int64_t)draw(state, in + 9) - 4,
                                         draw(state, 2) == 1, out, NULL),
                         CLPROC_OK);
    }
}

#endif
