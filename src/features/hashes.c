/* Hashes of pictures, from means over 32 x 32 boxes. */
#include <math.h>
#include <stdlib.h>

#include "features/features.h"

enum { SIDE = 32, KEPT = 8 };

/** cos(pi / 32 (i + 1/2) k) */
static double wave(int k, int i) {
    return cos(acos(-1) / SIDE * k * (i + 0.5));
}

static int compare(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/** The first 8 x 8 coefficients of a DCT-II, in steps of 1/16, so that what should be zero is. */
static void transform(const double *luma, double result[KEPT * KEPT]) {
    double rows[SIDE][KEPT], waves[KEPT][SIDE], mean = 0;
    for (int i = 0; i < SIDE * SIDE; i++) {
        mean += luma[i] / (SIDE * SIDE);
    }
    for (int k = 0; k < KEPT; k++) {
        for (int i = 0; i < SIDE; i++) {
            waves[k][i] = wave(k, i);
        }
    }
    for (int y = 0; y < SIDE; y++) {
        for (int k = 0; k < KEPT; k++) {
            rows[y][k] = 0;
            for (int x = 0; x < SIDE; x++) {
                rows[y][k] += (luma[y * SIDE + x] - mean) * waves[k][x];
            }
        }
    }
    for (int j = 0; j < KEPT; j++) {
        for (int k = 0; k < KEPT; k++) {
            double sum = 0;
            for (int y = 0; y < SIDE; y++) {
                sum += rows[y][k] * waves[j][y];
            }
            result[j * KEPT + k] = floor(16 * sum + 0.5) / 16;
        }
    }
    result[0] = floor(16 * mean * SIDE * SIDE + 0.5) / 16;
}

uint64_t clp_features_hash(const double *luma) {
    double found[KEPT * KEPT], sorted[KEPT * KEPT];
    uint64_t hash = 0;
    transform(luma, found);
    for (int i = 0; i < KEPT * KEPT; i++) {
        sorted[i] = found[i];
    }
    qsort(sorted, KEPT * KEPT, sizeof *sorted, compare);
    double median = (sorted[KEPT * KEPT / 2 - 1] + sorted[KEPT * KEPT / 2]) / 2;
    for (int i = 0; i < KEPT * KEPT; i++) {
        hash = hash << 1 | (found[i] > median);
    }
    return hash;
}

/* --------------------------------------------------------------- thumbhash */

enum { MOST_WAVES = 7, MOST_AC = MOST_WAVES * (MOST_WAVES + 1) / 2 };
/** Below this a coefficient is what rounding has left of none. */
#define LEAST_AC 1e-9

/** One channel of a thumbhash: its mean, its waves as shares of their greatest. */
typedef struct channel {
    double mean, scale, ac[MOST_AC];
    int count;
} channel;

static double project(const double *values, int across, int down) {
    double sum = 0, columns[SIDE];
    for (int x = 0; x < SIDE; x++) {
        columns[x] = wave(across, x);
    }
    for (int y = 0; y < SIDE; y++) {
        double row = wave(down, y);
        for (int x = 0; x < SIDE; x++) {
            sum += values[y * SIDE + x] * columns[x] * row;
        }
    }
    return sum / (SIDE * SIDE);
}

static void encode_channel(channel *made, const double *values, int waves_across, int waves_down) {
    *made = (channel){0};
    for (int down = 0; down < waves_down; down++) {
        for (int across = 0; across * waves_down < waves_across * (waves_down - down); across++) {
            double found = project(values, across, down);
            if (across == 0 && down == 0) {
                made->mean = found;
                continue;
            }
            found = fabs(found) < LEAST_AC ? 0 : found;
            made->ac[made->count++] = found;
            made->scale = fmax(made->scale, fabs(found));
        }
    }
    for (int i = 0; made->scale > 0 && i < made->count; i++) {
        made->ac[i] = 0.5 + 0.5 / made->scale * made->ac[i];
    }
}

/** Rounds what lies between 0 and `most`. */
static uint32_t level(double value, uint32_t most) {
    double rounded = floor(value + 0.5);
    return rounded <= 0 ? 0 : rounded >= most ? most : (uint32_t)rounded;
}

static int waves_along(uint32_t side, uint32_t longer) {
    int waves = (int)floor((double)MOST_WAVES * side / longer + 0.5);
    return waves > 1 ? waves : 1;
}

uint32_t clp_features_thumb(const double (*colours)[3], uint32_t width, uint32_t height,
                            uint8_t thumb[CLP_THUMBHASH_BYTES]) {
    double l[SIDE * SIDE], p[SIDE * SIDE], q[SIDE * SIDE];
    channel channels[3];
    uint32_t longer = width > height ? width : height, nibbles = 0;
    int across = waves_along(width, longer), down = waves_along(height, longer);
    for (int i = 0; i < SIDE * SIDE; i++) {
        double r = colours[i][0] / 255, g = colours[i][1] / 255, b = colours[i][2] / 255;
        l[i] = (r + g + b) / 3;
        p[i] = (r + g) / 2 - b;
        q[i] = r - g;
    }
    encode_channel(&channels[0], l, across > 3 ? across : 3, down > 3 ? down : 3);
    encode_channel(&channels[1], p, 3, 3);
    encode_channel(&channels[2], q, 3, 3);
    uint32_t first =
        level(63 * channels[0].mean, 63) | level(31.5 + 31.5 * channels[1].mean, 63) << 6 |
        level(31.5 + 31.5 * channels[2].mean, 63) << 12 | level(31 * channels[0].scale, 31) << 18;
    uint32_t second = (uint32_t)(width > height ? down : across) |
                      level(63 * channels[1].scale, 63) << 3 |
                      level(63 * channels[2].scale, 63) << 9 | (uint32_t)(width > height) << 15;
    uint8_t head[5] = {(uint8_t)first, (uint8_t)(first >> 8), (uint8_t)(first >> 16),
                       (uint8_t)second, (uint8_t)(second >> 8)};
    for (int i = 0; i < CLP_THUMBHASH_BYTES; i++) {
        thumb[i] = i < 5 ? head[i] : 0;
    }
    for (int c = 0; c < 3; c++) {
        for (int i = 0; i < channels[c].count; i++, nibbles++) {
            uint32_t value = level(15 * channels[c].ac[i], 15);
            thumb[5 + nibbles / 2] |= (uint8_t)(value << (nibbles % 2 * 4));
        }
    }
    return 5 + (nibbles + 1) / 2;
}
