#include "features/features.h"

#include <math.h>
#include <string.h>

#include "core/feature_sums.h"

/** Cells along each side of a tile of sharpness. */
enum { TILE = 4, TILES = FEATURE_CELLS / TILE };
enum { BOXES = FEATURE_CELLS * FEATURE_CELLS };

/* Sides are those of the picture that numbers are comparable by. */
_Static_assert(FEATURE_SIDE == 320, "the pipeline says the same");
const char clp_features_pipeline[] = "resize 320x320:fit=inside:enlarge=yes | flatten white";

/** The sums, and of how many pixels. */
typedef struct sums {
    const uint8_t *base;
    size_t pitch;
    int64_t width, height;
} sums;

static const int32_t *strip_of(const sums *s, uint32_t strip) {
    return (const int32_t *)(const void *)(s->base + strip * s->pitch);
}

static const int32_t *cell_of(const sums *s, uint32_t strip, uint32_t cell) {
    return strip_of(s, strip) + FEATURE_LEVELS + cell * CELL_SUMS;
}

/** One sum over all cells. */
static int64_t total(const sums *s, uint32_t which) {
    int64_t sum = 0;
    for (uint32_t i = 0; i < BOXES; i++) {
        sum += cell_of(s, i / FEATURE_CELLS, i % FEATURE_CELLS)[which];
    }
    return sum;
}

static double variance(int64_t count, int64_t sum, int64_t squares) {
    double n = (double)count, mean = (double)sum / n;
    return fmax((double)squares / n - mean * mean, 0);
}

/* --------------------------------------------------------------- sharpness */

/** Pixels of a tile that have neighbours on both sides, along one axis. */
static int64_t inner_pixels(uint32_t tile, int64_t size) {
    int64_t first = tile * TILE * size / FEATURE_CELLS;
    int64_t end = (tile + 1) * TILE * size / FEATURE_CELLS;
    first = first > 1 ? first : 1;
    end = end < size - 1 ? end : size - 1;
    return end > first ? end - first : 0;
}

static void find_sharpness(clp_features *features, const sums *s) {
    int64_t inner = s->width > 2 && s->height > 2 ? (s->width - 2) * (s->height - 2) : 0;
    double best = 0, sum = 0;
    int tiles = 0;
    for (uint32_t tile = 0; tile < TILES * TILES; tile++) {
        uint32_t row = tile / TILES, column = tile % TILES;
        int64_t count = inner_pixels(column, s->width) * inner_pixels(row, s->height);
        int64_t laplace = 0, squares = 0;
        for (uint32_t i = 0; count > 0 && i < TILE * TILE; i++) {
            const int32_t *cell = cell_of(s, row * TILE + i / TILE, column * TILE + i % TILE);
            laplace += cell[CELL_LAPLACE];
            squares += cell[CELL_LAPLACE_SQUARE];
        }
        if (count > 0) {
            double value = variance(count, laplace, squares);
            best = fmax(best, value);
            sum += value;
            tiles++;
        }
    }
    double *values = features->values;
    values[CLP_FEATURE_SHARPNESS_WHOLE] =
        inner ? variance(inner, total(s, CELL_LAPLACE), total(s, CELL_LAPLACE_SQUARE)) : NAN;
    values[CLP_FEATURE_SHARPNESS_BEST] = tiles ? best : NAN;
    values[CLP_FEATURE_SHARPNESS_MEAN] = tiles ? sum / tiles : NAN;
    values[CLP_FEATURE_NOISE] =
        inner ? sqrt(acos(-1) / 2) * (double)total(s, CELL_NOISE) / (6 * (double)inner) : NAN;
}

/* ---------------------------------------------------------------- exposure */

/** The least level that so many percent of the pixels do not exceed. */
static double percentile(const int64_t counts[FEATURE_LEVELS], int64_t pixels, int percent) {
    int64_t below = 0;
    int level = -1;
    while (level + 1 < FEATURE_LEVELS && (level < 0 || below * 100 < pixels * percent)) {
        below += counts[++level];
    }
    return level;
}

static void find_exposure(clp_features *features, const sums *s) {
    int64_t counts[FEATURE_LEVELS] = {0}, bins[CLP_FEATURE_BINS] = {0};
    int64_t sum = 0, squares = 0, pixels = s->width * s->height;
    double *values = features->values;
    for (uint32_t strip = 0; strip < FEATURE_CELLS; strip++) {
        for (int level = 0; level < FEATURE_LEVELS; level++) {
            counts[level] += strip_of(s, strip)[level];
        }
    }
    for (int level = 0; level < FEATURE_LEVELS; level++) {
        sum += counts[level] * level;
        squares += counts[level] * level * level;
        bins[level / (FEATURE_LEVELS / CLP_FEATURE_BINS)] += counts[level];
    }
    for (int bin = 0; bin < CLP_FEATURE_BINS; bin++) {
        features->histogram[bin] = (double)bins[bin] / (double)pixels;
    }
    values[CLP_FEATURE_LUMA_MEAN] = (double)sum / (double)pixels;
    values[CLP_FEATURE_LUMA_DEVIATION] = sqrt(variance(pixels, sum, squares));
    values[CLP_FEATURE_LUMA_P1] = percentile(counts, pixels, 1);
    values[CLP_FEATURE_LUMA_P5] = percentile(counts, pixels, 5);
    values[CLP_FEATURE_LUMA_P50] = percentile(counts, pixels, 50);
    values[CLP_FEATURE_LUMA_P95] = percentile(counts, pixels, 95);
    values[CLP_FEATURE_LUMA_P99] = percentile(counts, pixels, 99);
    values[CLP_FEATURE_CLIPPED_LOW] = (double)total(s, CELL_DARK) / (double)pixels;
    values[CLP_FEATURE_CLIPPED_HIGH] = (double)total(s, CELL_BRIGHT) / (double)pixels;
}

/* ----------------------------------------------------------------- colours */

/** CELL_YB is of twice the yellow-blue axis, so its moments are halved. */
static void find_colourfulness(clp_features *features, const sums *s) {
    int64_t pixels = s->width * s->height;
    int64_t rg = total(s, CELL_RG), yb = total(s, CELL_YB);
    double n = (double)pixels, rg_mean = (double)rg / n, yb_mean = (double)yb / n / 2;
    double spread = variance(pixels, rg, total(s, CELL_RG_SQUARE)) +
                    variance(pixels, yb, total(s, CELL_YB_SQUARE)) / 4;
    features->values[CLP_FEATURE_COLOURFULNESS] =
        sqrt(spread) + 0.3 * sqrt(rg_mean * rg_mean + yb_mean * yb_mean);
}

/** Boxes by their colour, three bits of each channel. */
enum { BIN_BITS = 3, BIN_SIDE = 1 << BIN_BITS, BINS = BIN_SIDE * BIN_SIDE * BIN_SIDE };

typedef struct bin {
    int boxes;
    double sum[3];
} bin;

/** Takes a bin and those around it out; the colour of all that was in them. */
static clp_dominant take_around(bin *bins, int at) {
    bin taken = {0};
    int place[3] = {at / BIN_SIDE / BIN_SIDE, at / BIN_SIDE % BIN_SIDE, at % BIN_SIDE};
    for (int i = 0; i < BINS; i++) {
        int near[3] = {i / BIN_SIDE / BIN_SIDE, i / BIN_SIDE % BIN_SIDE, i % BIN_SIDE};
        bool beside = true;
        for (int c = 0; c < 3; c++) {
            beside = beside && near[c] - place[c] >= -1 && near[c] - place[c] <= 1;
        }
        for (int c = 0; beside && c < 3; c++) {
            taken.sum[c] += bins[i].sum[c];
        }
        taken.boxes += beside ? bins[i].boxes : 0;
        bins[i] = beside ? (bin){0} : bins[i];
    }
    return (clp_dominant){.red = (uint8_t)floor(taken.sum[0] / taken.boxes + 0.5),
                          .green = (uint8_t)floor(taken.sum[1] / taken.boxes + 0.5),
                          .blue = (uint8_t)floor(taken.sum[2] / taken.boxes + 0.5),
                          .share = (double)taken.boxes / BOXES};
}

/** The fullest bin with its neighbours, and so on with what is left; kept by their shares. */
static void find_dominant(clp_features *features, const double (*colours)[3]) {
    bin bins[BINS] = {{0}};
    for (int i = 0; i < BOXES; i++) {
        int at = 0;
        for (int c = 0; c < 3; c++) {
            at = at * BIN_SIDE + (int)colours[i][c] / (256 / BIN_SIDE);
        }
        bins[at].boxes++;
        for (int c = 0; c < 3; c++) {
            bins[at].sum[c] += colours[i][c];
        }
    }
    while (features->colour_count < CLP_FEATURE_COLOURS) {
        int fullest = 0;
        for (int i = 1; i < BINS; i++) {
            fullest = bins[i].boxes > bins[fullest].boxes ? i : fullest;
        }
        if (bins[fullest].boxes == 0) {
            break;
        }
        clp_dominant found = take_around(bins, fullest);
        uint32_t at = features->colour_count++;
        for (; at > 0 && features->colours[at - 1].share < found.share; at--) {
            features->colours[at] = features->colours[at - 1];
        }
        features->colours[at] = found;
    }
}

/* ------------------------------------------------------------------- whole */

void clp_features_make(clp_features *features, const clp_layout *picture, const clp_layout *layout,
                       const uint8_t *base) {
    const sums s = {.base = base + layout->planes[0].offset,
                    .pitch = layout->planes[0].pitch,
                    .width = picture->width,
                    .height = picture->height};
    double luma[BOXES], colours[BOXES][3], weight = (double)(s.width * s.height);
    *features = (clp_features){.colour_count = 0};
    for (uint32_t i = 0; i < BOXES; i++) {
        const int32_t *cell = cell_of(&s, i / FEATURE_CELLS, i % FEATURE_CELLS);
        luma[i] = cell[CELL_LUMA] / weight;
        colours[i][0] = cell[CELL_RED] / weight;
        colours[i][1] = cell[CELL_GREEN] / weight;
        colours[i][2] = cell[CELL_BLUE] / weight;
    }
    find_sharpness(features, &s);
    find_exposure(features, &s);
    find_colourfulness(features, &s);
    find_dominant(features, (const double(*)[3])colours);
    features->hash = clp_features_hash(luma);
    features->thumb_size = clp_features_thumb((const double(*)[3])colours, picture->width,
                                              picture->height, features->thumb);
}
