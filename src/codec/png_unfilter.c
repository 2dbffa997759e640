/* Rows of a PNG as they were before its encoder filtered them (PNG specification, chapter 9).
 *
 *  A byte is stored as its difference to a guess: from the byte of the pixel before (a), of the one
 * above (b), and of the one before that (c). Debian's libspng takes byte after byte; here the bytes
 * of a pixel are the lanes of a vector. */
#include <string.h>

#include "codec/png_private.h"

enum { NONE, SUB, UP, AVERAGE, PAETH };

typedef int16_t lanes __attribute__((vector_size(16)));
typedef uint8_t narrow __attribute__((vector_size(8)));

/** The bytes of a pixel, each in a lane; lanes behind it hold what comes next, and do not matter.
 */
static inline lanes load(const uint8_t *from) {
    narrow bytes;
    memcpy(&bytes, from, sizeof bytes);
    return __builtin_convertvector(bytes, lanes);
}

static inline void store(uint8_t *to, lanes values, size_t pixel) {
    narrow bytes = __builtin_convertvector(values, narrow);
    if (pixel == 3) { /* such a copy would go through memory */
        memcpy(to, &bytes, 2);
        to[2] = bytes[2];
    } else {
        memcpy(to, &bytes, pixel);
    }
}

static inline lanes magnitude(lanes v) {
    lanes sign = v >> 15;
    return (v ^ sign) - sign;
}

static inline lanes choose(lanes which, lanes yes, lanes no) {
    return (which & yes) | (~which & no);
}

/** Of a, b and c the one nearest to a + b − c; of two as near the first. */
static inline lanes nearest(lanes a, lanes b, lanes c) {
    lanes to_a = b - c, to_b = a - c, to_c = magnitude(to_a + to_b);
    to_a = magnitude(to_a);
    to_b = magnitude(to_b);
    lanes rest = choose(to_b <= to_c, b, c);
    return choose((to_a <= to_b) & (to_a <= to_c), a, rest);
}

/** A row of whole pixels, with the one above. `filter` and `pixel` are constants where it is
 * inlined.
 */
static inline void undo_row(uint8_t *row, const uint8_t *above, size_t bytes, size_t pixel,
                            uint8_t filter) {
    lanes a = {0}, c = {0};
    for (size_t i = 0; i < bytes; i += pixel) {
        lanes b = load(above + i), guess = a;
        if (filter == AVERAGE) {
            guess = (a + b) >> 1;
        } else if (filter == PAETH) {
            guess = nearest(a, b, c);
        }
        a = (load(row + i) + guess) & 255;
        c = b;
        store(row + i, a, pixel);
    }
}

static void undo_up(uint8_t *row, const uint8_t *above, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        row[i] = (uint8_t)(row[i] + above[i]);
    }
}

#define UNDO(filter)                                                                               \
    switch (pixel) {                                                                               \
    case 1:                                                                                        \
        undo_row(row, above, bytes, 1, filter);                                                    \
        break;                                                                                     \
    case 2:                                                                                        \
        undo_row(row, above, bytes, 2, filter);                                                    \
        break;                                                                                     \
    case 3:                                                                                        \
        undo_row(row, above, bytes, 3, filter);                                                    \
        break;                                                                                     \
    case 4:                                                                                        \
        undo_row(row, above, bytes, 4, filter);                                                    \
        break;                                                                                     \
    case 6:                                                                                        \
        undo_row(row, above, bytes, 6, filter);                                                    \
        break;                                                                                     \
    default:                                                                                       \
        undo_row(row, above, bytes, 8, filter);                                                    \
    }

/** Undoes one row's filter, which is one of the five. */
static void undo(uint8_t filter, uint8_t *row, const uint8_t *above, size_t bytes, size_t pixel) {
    switch (filter) {
    case SUB:
        UNDO(SUB)
        break;
    case UP:
        undo_up(row, above, bytes);
        break;
    case AVERAGE:
        UNDO(AVERAGE)
        break;
    case PAETH:
        UNDO(PAETH)
        break;
    default: /* none: as it is */
        break;
    }
}

bool clp_png_unfilter(uint8_t *rows, const uint8_t *zeros, size_t bytes, uint32_t height,
                      uint32_t wanted, size_t pixel) {
    const uint8_t *above = zeros;
    for (uint32_t y = 0; y < height; y++) {
        uint8_t *row = rows + y * (bytes + 1);
        if (row[0] > PAETH) {
            return false;
        }
        if (y < wanted) {
            undo(row[0], row + 1, above, bytes, pixel);
            row[0] = NONE;
            above = row + 1;
        }
    }
    return true;
}
