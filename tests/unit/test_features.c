/* Features of pictures whose features are known, and groups of hashes against comparing all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/cancel.h"
#include "core/feature_sums.h"
#include "device/reference.h"
#include "features/features.h"
#include "index/fields.h"
#include "index/near.h"
#include "plan/lower.h"

enum { WIDTH = 96, HEIGHT = 64 };

typedef void (*paint_fn)(uint32_t x, uint32_t y, uint8_t pixel[3]);

/** Features of a painted picture, by the reference's sums. */
static clp_features features_of(paint_fn paint, uint32_t width, uint32_t height) {
    clp_layout picture = {.model = CLP_MODEL_RGB, .depth = 8, .width = width, .height = height};
    clp_layout sums;
    clp_features features;
    assert_true(clp_layout_place(&picture));
    assert_int_equal(clp_features_layout(&sums, NULL), CLPROC_OK);
    uint8_t *pixels = calloc(1, picture.bytes), *base = calloc(1, sums.bytes);
    assert_true(pixels && base);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            paint(x, y, pixels + picture.planes[0].offset + y * picture.planes[0].pitch + 3 * x);
        }
    }
    clp_exact_features(&picture, pixels, &sums, base);
    clp_features_make(&features, &picture, &sums, base);
    free(pixels);
    free(base);
    return features;
}

static void set(uint8_t pixel[3], int red, int green, int blue) {
    pixel[0] = (uint8_t)red;
    pixel[1] = (uint8_t)green;
    pixel[2] = (uint8_t)blue;
}

static void paint_flat(uint32_t x, uint32_t y, uint8_t pixel[3]) {
    (void)x, (void)y;
    set(pixel, 100, 100, 100);
}

static void paint_halves(uint32_t x, uint32_t y, uint8_t pixel[3]) {
    (void)y;
    x < WIDTH / 4 ? set(pixel, 0, 0, 0) : set(pixel, 255, 255, 255);
}

static void paint_colours(uint32_t x, uint32_t y, uint8_t pixel[3]) {
    (void)x;
    y < HEIGHT / 2 ? set(pixel, 255, 0, 0) : set(pixel, 0, 255, 0);
}

/** Every second pixel white: |Laplacian| is 4 × 255 everywhere. */
static void paint_board(uint32_t x, uint32_t y, uint8_t pixel[3]) {
    (x + y) % 2 ? set(pixel, 255, 255, 255) : set(pixel, 0, 0, 0);
}

/** Sharp in the upper left corner alone. */
static void paint_corner(uint32_t x, uint32_t y, uint8_t pixel[3]) {
    x < WIDTH / 8 && y < HEIGHT / 8 ? paint_board(x, y, pixel) : set(pixel, 0, 0, 0);
}

static void test_flat(void **state) {
    (void)state;
    clp_features f = features_of(paint_flat, WIDTH, HEIGHT);
    assert_true(f.values[CLP_FEATURE_SHARPNESS_WHOLE] == 0);
    assert_true(f.values[CLP_FEATURE_SHARPNESS_BEST] == 0);
    assert_true(f.values[CLP_FEATURE_LUMA_MEAN] == 100);
    assert_true(f.values[CLP_FEATURE_LUMA_DEVIATION] == 0);
    assert_true(f.values[CLP_FEATURE_LUMA_P1] == 100);
    assert_true(f.values[CLP_FEATURE_LUMA_P99] == 100);
    assert_true(f.values[CLP_FEATURE_CLIPPED_LOW] == 0);
    assert_true(f.values[CLP_FEATURE_COLOURFULNESS] == 0);
    assert_true(f.values[CLP_FEATURE_NOISE] == 0);
    assert_true(f.histogram[100 / 16] == 1);
    assert_int_equal(f.colour_count, 1);
    assert_int_equal(f.colours[0].green, 100);
    assert_true(f.colours[0].share == 1);
    assert_true(f.hash == UINT64_C(1) << 63); /* its mean alone is above the median */
}

static void test_halves(void **state) {
    (void)state;
    clp_features f = features_of(paint_halves, WIDTH, HEIGHT);
    assert_true(f.values[CLP_FEATURE_LUMA_MEAN] == 255 * 0.75);
    assert_true(fabs(f.values[CLP_FEATURE_LUMA_DEVIATION] - 255 * sqrt(0.75 * 0.25)) < 1e-9);
    assert_true(f.values[CLP_FEATURE_LUMA_P5] == 0);
    assert_true(f.values[CLP_FEATURE_LUMA_P50] == 255);
    assert_true(f.values[CLP_FEATURE_CLIPPED_LOW] == 0.25);
    assert_true(f.values[CLP_FEATURE_CLIPPED_HIGH] == 0.75);
    assert_int_equal(f.colour_count, 2);
    assert_int_equal(f.colours[0].red, 255);
    assert_true(f.colours[1].share == 0.25);
    /* All that differs along x alone is above the median, or of no weight. */
    assert_true((f.hash & UINT64_C(0x00ffffffffffffff)) == 0);
}

static void test_colours(void **state) {
    (void)state;
    clp_features f = features_of(paint_colours, WIDTH, HEIGHT);
    /* Red - green is ±255, its mean 0; yellow - blue is 127.5 everywhere. */
    assert_true(fabs(f.values[CLP_FEATURE_COLOURFULNESS] - (255 + 0.3 * 127.5)) < 1e-9);
    assert_int_equal(f.colour_count, 2);
}

static void test_sharpness(void **state) {
    (void)state;
    clp_features f = features_of(paint_board, WIDTH, HEIGHT);
    assert_true(fabs(f.values[CLP_FEATURE_SHARPNESS_WHOLE] - 1020.0 * 1020) < 1e-6);
    assert_true(fabs(f.values[CLP_FEATURE_NOISE] - sqrt(acos(-1) / 2) / 6 * 8 * 255) < 1e-9);
    clp_features corner = features_of(paint_corner, WIDTH, HEIGHT);
    /* Its pixels at the edge have black ones for neighbours. */
    assert_true(corner.values[CLP_FEATURE_SHARPNESS_BEST] > 1020.0 * 1020 * 0.8);
    assert_true(corner.values[CLP_FEATURE_SHARPNESS_BEST] < 1020.0 * 1020);
    assert_true(corner.values[CLP_FEATURE_SHARPNESS_WHOLE] < 1020.0 * 1020 / 40);
    assert_true(corner.values[CLP_FEATURE_SHARPNESS_MEAN] < 1020.0 * 1020 / 40);
}

/** What a picture is too small for is absent, and the rest is there. */
static void test_small(void **state) {
    (void)state;
    clp_features f = features_of(paint_flat, 1, 2);
    assert_true(isnan(f.values[CLP_FEATURE_SHARPNESS_WHOLE]));
    assert_true(isnan(f.values[CLP_FEATURE_NOISE]));
    assert_true(f.values[CLP_FEATURE_LUMA_MEAN] == 100);
    /* Models without names are trained on this order. */
    assert_string_equal(clp_field_info(CLP_FIELD_SHARPNESS_WHOLE).name, "SharpnessWhole");
    assert_string_equal(
        clp_field_info((clp_field)(CLP_FIELD_SHARPNESS_WHOLE + CLP_FEATURE_COUNT - 1)).name,
        "NoiseEstimate");
}

/* ------------------------------------------------------------------ groups */

static uint64_t next_random(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 11 ^ *state << 40;
}

/** Hashes in clusters, some the same, with chains between them. */
static void fill(clp_near *near, size_t count, uint64_t *seed) {
    uint64_t hash = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t flips = (uint32_t)(next_random(seed) % 12);
        hash = i % 9 == 0 ? next_random(seed) : hash;
        for (uint32_t k = 0; k < flips; k++) {
            hash ^= UINT64_C(1) << next_random(seed) % 64;
        }
        assert_int_equal(clp_near_add(near, (uint32_t)i, hash, (double)(i % 5), NULL), CLPROC_OK);
    }
}

/** The same groups by comparing all with all, until nothing changes. */
static void group_slowly(const clp_near *near, uint32_t bits, uint32_t *groups) {
    bool changed = true;
    for (uint32_t i = 0; i < near->count; i++) {
        groups[i] = i;
    }
    while (changed) {
        changed = false;
        for (uint32_t i = 0; i < near->count; i++) {
            for (uint32_t k = 0; k < near->count; k++) {
                uint64_t off = near->ones[i].hash ^ near->ones[k].hash;
                if ((uint32_t)__builtin_popcountll(off) <= bits && groups[k] < groups[i]) {
                    groups[i] = groups[k];
                    changed = true;
                }
            }
        }
    }
}

static void test_groups(void **state) {
    (void)state;
    enum { COUNT = 600 };
    uint32_t found[COUNT], expected[COUNT], joined = 0;
    uint64_t seed = 7;
    for (uint32_t bits = 1; bits <= CLPROC_MOST_NEAR; bits++) {
        clp_near near = {0};
        fill(&near, COUNT, &seed);
        assert_int_equal(clp_near_group(&near, bits, NULL, found, NULL), CLPROC_OK);
        group_slowly(&near, bits, expected);
        assert_memory_equal(found, expected, sizeof found);
        for (uint32_t i = 0; i < COUNT; i++) {
            joined += found[i] != i;
        }
        clp_near_free(&near);
    }
    assert_true(joined > COUNT);
}

static void test_grouping_can_be_stopped(void **state) {
    (void)state;
    enum { COUNT = 600 };
    uint32_t found[COUNT];
    uint64_t seed = 7;
    volatile int cancel = 0;
    clproc_error error;
    clp_near near = {0};
    fill(&near, COUNT, &seed);
    assert_int_equal(clp_near_group(&near, 6, &cancel, found, &error), CLPROC_OK);
    clp_cancel_ask(&cancel);
    assert_int_equal(clp_near_group(&near, 6, &cancel, found, &error), CLPROC_ERROR_CANCELLED);
    clp_near_free(&near);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flat),
        cmocka_unit_test(test_halves),
        cmocka_unit_test(test_colours),
        cmocka_unit_test(test_sharpness),
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_grouping_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
