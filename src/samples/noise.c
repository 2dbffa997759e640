#include "samples/noise.h"

#include <string.h>

#include "core/memory.h"

#define FINEST_CELL 3

/** 3t² − 2t³ in Q15 at the middle of place `at` of `cell`. */
static int32_t ease_at(uint32_t at, uint32_t cell) {
    uint32_t t = (uint32_t)((((uint64_t)at * 2 + 1) << 14) / cell);
    return (int32_t)(((t * t) >> 15) * (98304u - 2 * t) >> 15);
}

clproc_status clp_noise_init(clp_noise *noise, uint32_t seed, uint32_t cell_x, uint32_t cell_y,
                             clproc_error *error) {
    memset(noise, 0, sizeof *noise);
    noise->seed = seed;
    size_t total = 0;
    do {
        uint32_t k = noise->octaves++;
        noise->cell_x[k] = cell_x > FINEST_CELL ? cell_x : FINEST_CELL;
        noise->cell_y[k] = cell_y > FINEST_CELL ? cell_y : FINEST_CELL;
        total += noise->cell_x[k];
        cell_x /= 2;
        cell_y /= 2;
    } while ((cell_x >= FINEST_CELL || cell_y >= FINEST_CELL) &&
             noise->octaves < CLP_NOISE_OCTAVES);
    noise->block = clp_memory_zero(CLP_MEMORY_OTHER, total, sizeof *noise->block);
    if (!noise->block) {
        return clp_error_memory(error, "a noise table", total * sizeof *noise->block);
    }
    int32_t *ease = noise->block;
    for (uint32_t k = 0; k < noise->octaves; k++) {
        noise->ease[k] = ease;
        for (uint32_t i = 0; i < noise->cell_x[k]; i++) {
            *ease++ = ease_at(i, noise->cell_x[k]);
        }
    }
    return CLPROC_OK;
}

void clp_noise_free(clp_noise *noise) {
    clp_memory_free(noise->block);
    memset(noise, 0, sizeof *noise);
}

/** The value at a corner of a cell, within ±16384, interpolated between two rows of corners. */
static int32_t corner(uint32_t seed, uint32_t column, uint32_t row, int32_t ease) {
    int32_t above = (int32_t)(clp_noise_hash(seed, column, row) >> 17) - 16384;
    int32_t below = (int32_t)(clp_noise_hash(seed, column, row + 1) >> 17) - 16384;
    return above + (((below - above) * ease) >> 15);
}

static void add_octave(const clp_noise *noise, uint32_t k, uint32_t y, int32_t *out,
                       uint32_t width) {
    uint32_t cell = noise->cell_x[k];
    uint32_t seed = clp_noise_mix(noise->seed + k);
    /* Every octave starts elsewhere in its cell, so that the grids do not line up. */
    uint32_t at = seed % cell;
    uint32_t down = y + (seed >> 8) % noise->cell_y[k];
    uint32_t row = down / noise->cell_y[k];
    int32_t ease_y = ease_at(down % noise->cell_y[k], noise->cell_y[k]);
    int32_t left = corner(seed, 0, row, ease_y);
    for (uint32_t x = 0, column = 1; x < width; column++) {
        int32_t right = corner(seed, column, row, ease_y);
        uint32_t run = cell - at < width - x ? cell - at : width - x;
        const int32_t *ease = noise->ease[k] + at;
        for (uint32_t i = 0; i < run; i++) {
            out[x + i] += (left + (((right - left) * ease[i]) >> 15)) >> k;
        }
        x += run;
        left = right;
        at = 0;
    }
}

void clp_noise_row(const clp_noise *noise, uint32_t y, int32_t *out, uint32_t width) {
    memset(out, 0, width * sizeof *out);
    for (uint32_t k = 0; k < noise->octaves; k++) {
        add_octave(noise, k, y, out, width);
    }
}
