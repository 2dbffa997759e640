/** How far a device's result is from the reference's: what --verify, the self-test and the kernel
 * tests mean by the same picture. */
#ifndef CLP_DEVICE_COMPARE_H
#define CLP_DEVICE_COMPARE_H

#include "plan/plan.h"

typedef struct clp_comparison {
    double largest;   /**< difference of a sample, in levels of the picture's own depth */
    double unrounded; /**< the same to the reference before it was rounded, where that is known */
    uint64_t samples, differing;
    uint64_t off;   /**< samples that differ by more than 1 level, or 2 of 16 bits in linear light;
                       or from the unrounded reference by more than 0.6, 1.01 or 2.01 */
    double squares; /**< Σ (difference ÷ white)² */
    bool kept;      /**< the promise: no sample is off, but for ties; see clp_compare() */
} clp_comparison;

/** Compares two results of a plan. `unrounded`: as clp_reference_run() gives it, or NULL.
 *
 *  Where alpha is 0 on one side only, colours are defined on one side only, and do not count. A
 * float's rounding is divided by alpha: a 16-bit colour below an alpha of 2000 counts by alpha's
 * share of that. Where a definition jumps, samples at the jump may be off: 0.2 % at the threshold
 * of an unsharp mask, any at the hue of what is computed. Steep curves and
 * gains make more of what floats are off by before them (docs/numerics.md). */
clp_comparison clp_compare(const clp_plan *plan, const uint8_t *result, const uint8_t *reference,
                           const double *unrounded);
/** Makes `all` speak of one more picture. Starts from a zeroed one. */
void clp_comparison_add(clp_comparison *all, const clp_comparison *one);

/** Decibels, of white; INFINITY where nothing differs. */
double clp_comparison_psnr(const clp_comparison *comparison);
/** Share of the samples that differ, 0 to 1. */
double clp_comparison_mismatch(const clp_comparison *comparison);

#endif
