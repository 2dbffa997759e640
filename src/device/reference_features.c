/* The reference's sums of a picture, pixel by pixel as core/feature_sums.h defines them. */
#include <stdlib.h>
#include <string.h>

#include "core/feature_sums.h"
#include "device/reference.h"

/** A picture's pixels, of which nothing outside is asked for. */
typedef struct pixels {
    const uint8_t *base;
    const clp_plane *plane;
} pixels;

static int channel_at(const pixels *from, int64_t x, int64_t y, uint32_t channel) {
    const clp_plane *plane = from->plane;
    uint32_t c = plane->channels > 1 ? channel : 0;
    return from->base[plane->offset + (size_t)y * plane->pitch + (size_t)x * plane->channels + c];
}

static int luma_at(const pixels *from, int64_t x, int64_t y) {
    return (int)((19595 * channel_at(from, x, y, 0) + 38470 * channel_at(from, x, y, 1) +
                  7471 * channel_at(from, x, y, 2) + 32768) /
                 65536);
}

/** The sum of luma around a pixel, by the weights of a 3 × 3 mask. */
static int convolve(const pixels *from, int64_t x, int64_t y, const int mask[3][3]) {
    int sum = 0;
    for (int j = -1; j <= 1; j++) {
        for (int i = -1; i <= 1; i++) {
            sum += mask[j + 1][i + 1] * luma_at(from, x + i, y + j);
        }
    }
    return sum;
}

static void count_pixel(const pixels *from, int64_t x, int64_t y, int32_t *cell) {
    static const int laplace[3][3] = {{0, 1, 0}, {1, -4, 1}, {0, 1, 0}};
    static const int noise[3][3] = {{1, -2, 1}, {-2, 4, -2}, {1, -2, 1}};
    int r = channel_at(from, x, y, 0), g = channel_at(from, x, y, 1), b = channel_at(from, x, y, 2);
    cell[CELL_RG] += r - g;
    cell[CELL_RG_SQUARE] += (r - g) * (r - g);
    cell[CELL_YB] += r + g - 2 * b;
    cell[CELL_YB_SQUARE] += (r + g - 2 * b) * (r + g - 2 * b);
    cell[CELL_DARK] += r <= FEATURE_DARK && g <= FEATURE_DARK && b <= FEATURE_DARK;
    cell[CELL_BRIGHT] += r >= FEATURE_BRIGHT || g >= FEATURE_BRIGHT || b >= FEATURE_BRIGHT;
    if (x > 0 && y > 0 && x + 1 < from->plane->width && y + 1 < from->plane->height) {
        int value = convolve(from, x, y, laplace);
        cell[CELL_LAPLACE] += value;
        cell[CELL_LAPLACE_SQUARE] += value * value;
        cell[CELL_NOISE] += abs(convolve(from, x, y, noise));
    }
}

/** The cell that a pixel belongs to. */
static uint32_t cell_of(uint32_t pixel, uint32_t size) {
    uint32_t cell = 0;
    while ((cell + 1) * size / FEATURE_CELLS <= pixel) {
        cell++;
    }
    return cell;
}

/** How many of a pixel's parts along an axis, of FEATURE_CELLS, lie in each box; the boxes that any
 * do in are from `*first` to `*last`. */
static void count_parts(uint32_t pixel, uint32_t size, int parts[FEATURE_CELLS], uint32_t *first,
                        uint32_t *last) {
    memset(parts, 0, FEATURE_CELLS * sizeof *parts);
    for (uint32_t part = 0; part < FEATURE_CELLS; part++) {
        *last = (pixel * FEATURE_CELLS + part) / size;
        parts[*last]++;
    }
    *first = pixel * FEATURE_CELLS / size;
}

static void add_to_boxes(const pixels *from, uint32_t x, uint32_t y, uint8_t *sums, size_t pitch) {
    int columns[FEATURE_CELLS], rows[FEATURE_CELLS];
    uint32_t left, right, top, bottom;
    count_parts(x, from->plane->width, columns, &left, &right);
    count_parts(y, from->plane->height, rows, &top, &bottom);
    for (uint32_t j = top; j <= bottom; j++) {
        for (uint32_t i = left; i <= right; i++) {
            int32_t *cell = (int32_t *)(void *)(sums + j * pitch) + FEATURE_LEVELS + i * CELL_SUMS;
            int parts = rows[j] * columns[i];
            cell[CELL_LUMA] += parts * luma_at(from, x, y);
            cell[CELL_RED] += parts * channel_at(from, x, y, 0);
            cell[CELL_GREEN] += parts * channel_at(from, x, y, 1);
            cell[CELL_BLUE] += parts * channel_at(from, x, y, 2);
        }
    }
}

void clp_exact_features(const clp_layout *layout, const uint8_t *picture, const clp_layout *output,
                        uint8_t *sums) {
    const pixels from = {.base = picture, .plane = &layout->planes[0]};
    size_t pitch = output->planes[0].pitch;
    memset(sums, 0, output->bytes);
    for (uint32_t y = 0; y < layout->height; y++) {
        for (uint32_t x = 0; x < layout->width; x++) {
            uint32_t column = cell_of(x, layout->width);
            int32_t *strip = (int32_t *)(void *)(sums + cell_of(y, layout->height) * pitch);
            strip[luma_at(&from, x, y)]++;
            count_pixel(&from, x, y, strip + FEATURE_LEVELS + column * CELL_SUMS);
            add_to_boxes(&from, x, y, sums, pitch);
        }
    }
}
