/** A conversion of colours as the planner takes it, whoever made it. Immutable once made, but for
 * `derived`, and shared by all threads. */
#ifndef CLP_CORE_CONVERSION_H
#define CLP_CORE_CONVERSION_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/derived.h"
#include "core/error.h"

/** A curve holds this many intervals: samples of a function over [0, 1], interpolated linearly
 * between. */
#define CLP_CURVE_SIZE 65535
/** And one that only finds a place in a table so many. */
#define CLP_PLACE_SIZE 4096

/**
 * Values are from 0 to 1, those of inks are 1 where there is none. Either curves, a matrix and
 * curves:
 *
 *     out = after(clamp(matrix · before(clamp(in)) + offset))
 *
 * or, with `table` set, a grid over the whole cube, interpolated between by simplices (tetrahedra
 * of three channels) and then clamped: entries may lie beyond, so that colours out of gamut do not
 * bend their neighbours. Where curves are set as well, the table's values are their `in`: a space
 * in which the grid's cells are straighter. One channel has `before` alone, and makes one channel
 * or three.
 */
typedef struct clp_conversion {
    atomic_uint references;
    uint32_t in, out; /**< channels: 1, 3 or, with a table, 4; 1 or 3 */
    /** CLP_CURVE_SIZE + 1 values each; [0] alone: for all channels. */
    float *before[3], *after[3];
    double matrix[3][3], offset[3];
    /** With a table: where along its grid a channel's value stands, from 0 to 1, rising; NULL: at
     * the value itself. CLP_PLACE_SIZE + 1 values. */
    float *place[4];
    float *table;  /**< grid^in × 3 values, the last channel's steps next to each other */
    uint32_t grid; /**< points along each channel */
    /** What the table stands for, asked of whoever made it: for the reference device, which is to
     * see what the table itself leaves out. NULL: the table is all there is. Any thread. */
    void (*exact)(const void *state, const double in[4], double out[3]);
    void *state;
    void (*release)(void *state);
    clp_derived derived; /**< tables that were made of it */
} clp_conversion;

/** An empty conversion with one reference. */
clproc_status clp_conversion_create(clp_conversion **conversion, uint32_t in, uint32_t out,
                                    clproc_error *error);
clp_conversion *clp_conversion_retain(clp_conversion *conversion);
/** Gives back one reference and sets *conversion to NULL; NULL is allowed. */
void clp_conversion_release(clp_conversion **conversion);

/** Allocates a curve. */
clproc_status clp_conversion_curve(float **curve, clproc_error *error);
/** Allocates `table` for a grid. */
clproc_status clp_conversion_table(clp_conversion *conversion, uint32_t grid, clproc_error *error);

/** Bytes of the table as kernels take it; 0 without a table. */
size_t clp_conversion_cube_bytes(const clp_conversion *conversion);
/** The table as kernels take it (STEP_TABLE): of each entry its values from 0 to `white`, and a
 * zero behind them; and where a channel has `place`, the places of every channel, in steps of the
 * grid. `cube` has clp_conversion_cube_bytes(). */
void clp_conversion_fill_cube(const clp_conversion *conversion, float white, float *cube);
bool clp_conversion_has_places(const clp_conversion *conversion);

/** Bytes of memory that it holds, with what was made of it. */
size_t clp_conversion_bytes(clp_conversion *conversion);

/** Runs one colour through a conversion, in double precision: the definition. */
void clp_conversion_apply(const clp_conversion *conversion, const double in[4], double out[3]);
/** As clp_conversion_apply(), of the table alone. */
void clp_conversion_look_up(const clp_conversion *conversion, const double in[4], double out[3]);
/** A curve at `at`, which is clamped to [0, 1]. */
double clp_curve_at(const float *curve, double at);

#endif
