/** Size arithmetic that notices overflow. Each returns false, with `*out` untouched, on overflow.
 */
#ifndef CLP_CORE_CHECKED_H
#define CLP_CORE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool clp_checked_add(size_t a, size_t b, size_t *out) {
    size_t sum;
    if (__builtin_add_overflow(a, b, &sum)) {
        return false;
    }
    *out = sum;
    return true;
}

static inline bool clp_checked_mul(size_t a, size_t b, size_t *out) {
    size_t product;
    if (__builtin_mul_overflow(a, b, &product)) {
        return false;
    }
    *out = product;
    return true;
}

/** Rounds up to a multiple of `unit`, a power of two. */
static inline bool clp_checked_align(size_t value, size_t unit, size_t *out) {
    size_t sum;
    if (__builtin_add_overflow(value, unit - 1, &sum)) {
        return false;
    }
    *out = sum & ~(unit - 1);
    return true;
}

#endif
