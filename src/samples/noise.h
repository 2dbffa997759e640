/** Reproducible noise in integers: the same numbers on every machine. */
#ifndef CLP_SAMPLES_NOISE_H
#define CLP_SAMPLES_NOISE_H

#include "core/error.h"

/** Spreads the bits of `value` over the whole word. */
static inline uint32_t clp_noise_mix(uint32_t value) {
    value = (value ^ (value >> 15)) * 0x9e3779b1u;
    value = (value ^ (value >> 13)) * 0x85ebca77u;
    return value ^ (value >> 16);
}

static inline uint32_t clp_noise_hash(uint32_t seed, uint32_t x, uint32_t y) {
    return clp_noise_mix(seed + x * 0xc2b2ae3du + clp_noise_mix(y + seed * 0x27d4eb2fu));
}

/** A sequence of random numbers. */
typedef struct clp_dice {
    uint32_t state;
} clp_dice;

/** A number from `low` to `high`, both included. */
static inline int32_t clp_dice_roll(clp_dice *dice, int32_t low, int32_t high) {
    dice->state += 0x9e3779b9u;
    return low + (int32_t)(clp_noise_mix(dice->state) % (uint32_t)(high - low + 1));
}

#define CLP_NOISE_OCTAVES 14

/** A field of smooth noise with detail at every scale from a first cell down to 3 pixels, each
 * octave half as strong as the one before. */
typedef struct clp_noise {
    uint32_t seed;
    uint32_t octaves;
    uint32_t cell_x[CLP_NOISE_OCTAVES], cell_y[CLP_NOISE_OCTAVES]; /**< pixels */
    int32_t
        *ease[CLP_NOISE_OCTAVES]; /**< Q15 weight of the right neighbour, by place in the cell */
    int32_t *block;               /**< holds all of `ease` */
} clp_noise;

/** Prepares a field whose coarsest cells have the given size in pixels. */
clproc_status clp_noise_init(clp_noise *noise, uint32_t seed, uint32_t cell_x, uint32_t cell_y,
                             clproc_error *error);
void clp_noise_free(clp_noise *noise);

/** Writes one row of the field, values within ±32768. */
void clp_noise_row(const clp_noise *noise, uint32_t y, int32_t *out, uint32_t width);

#endif
