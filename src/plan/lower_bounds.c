/** What integers can hold: bounds of values, and how rounding errors grow. */
#include <math.h>

#include "plan/lower.h"

/** Greatest magnitude of levels that Q6 in 16 bits holds. */
#define Q6_RANGE 511.9
/** Greatest Σ|w| of one pass: a 32-bit sum of Q14 × 16 bits. */
#define Q14_GAIN 3.9
/** How far integer filters are from exact ones, in levels: the most that was found in noise of 0
 * and 255. */
#define FILTER_ERROR 0.046
/** So much of it may be stored, beside half a level of rounding. */
#define MOST_ERROR 0.1
/** Levels by which the rounding of a filter's weights may move a result of the picture that suits
 * it worst. With what else is rounded that is less than a level. */
#define MOST_WEIGHT_ERROR 0.6

void clp_bounds_exceed(clp_bounds *bounds) {
    bounds->exceeded = true;
}

void clp_bounds_round(clp_bounds *bounds, double gain) {
    if (bounds->rounded && gain > 1) {
        bounds->gain *= gain;
    }
    bounds->rounded = true;
    bounds->exceeded |= bounds->gain * FILTER_ERROR > MOST_ERROR;
}

void clp_bounds_weights(clp_bounds *bounds, double rounding) {
    bounds->exceeded |= 255 * rounding > MOST_WEIGHT_ERROR;
}

void clp_bounds_clamp(clp_bounds *bounds) {
    bounds->low = 0;
    bounds->high = 255;
}

void clp_bounds_widen(clp_bounds *bounds, double part) {
    double range = bounds->high - bounds->low;
    bounds->low -= part * range;
    bounds->high += part * range;
}

void clp_bounds_filter(clp_bounds *bounds, double y, double x, bool clamped) {
    double low = bounds->low, high = bounds->high;
    double first = high * (1 + y) / 2 - low * (y - 1) / 2;
    double both = high * (1 + y * x) / 2 - low * (y * x - 1) / 2;
    bounds->low = low * (1 + y * x) / 2 - high * (y * x - 1) / 2;
    bounds->high = both;
    double stored = clamped ? first : both;
    bounds->exceeded |=
        stored >= Q6_RANGE || high + low - stored <= -Q6_RANGE || y >= Q14_GAIN || x >= Q14_GAIN;
}

/** How much a matrix multiplies errors: its largest coefficient, since errors of several channels
 * do not peak together. Of planes that become RGB it is 1.772; 1.7 was found in noise of two
 * colours. */
static double error_gain(const clp_colour *colour) {
    double most = 0;
    for (uint32_t i = 0; i < colour->out; i++) {
        for (uint32_t j = 0; j < colour->in; j++) {
            most = fmax(most, fabs(colour->m[i][j]));
        }
    }
    return most;
}

void clp_bounds_matrix(clp_bounds *bounds, const clp_colour *colour) {
    double low = 0, high = 0;
    for (uint32_t i = 0; i < colour->out; i++) {
        double least = colour->offset[i], most = colour->offset[i];
        for (uint32_t j = 0; j < colour->in; j++) {
            double m = colour->m[i][j];
            least += m * (m < 0 ? bounds->high : bounds->low);
            most += m * (m < 0 ? bounds->low : bounds->high);
        }
        low = least < low ? least : low;
        high = most > high ? most : high;
    }
    bounds->low = low;
    bounds->high = high;
    clp_bounds_round(bounds, error_gain(colour));
}

void clp_bounds_store(clp_bounds *bounds) {
    bounds->exceeded |= bounds->high >= Q6_RANGE || bounds->low <= -Q6_RANGE;
}

int clp_matrix_shift(const clp_colour *colour) {
    double most = 1;
    for (uint32_t i = 0; i < colour->out; i++) {
        double sum = fabs(colour->offset[i]) + 1;
        for (uint32_t j = 0; j < colour->in; j++) {
            sum += fabs(colour->m[i][j]) * 512;
        }
        most = sum > most ? sum : most;
    }
    /* Q6 values: Σ|c|·|v|·64·2^shift < 2^31 */
    int shift = (int)floor(log2(2147483647.0 / (most * 64)));
    return shift > 15 ? 15 : shift >= 10 ? shift : -1;
}
