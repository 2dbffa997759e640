/** Banded matrices against their definitions (docs/numerics.md), written out as whole matrices. */
#include "matrices.h"

#include "plan/axis_private.h"

static const uint32_t lengths[] = {1, 2, 3, 7, 16, 53};
#define LENGTHS (sizeof lengths / sizeof *lengths)

/* ------------------------------------------------------------------------------- resize */

static double weight_box(double x) {
    return x > -0.5 && x <= 0.5;
}

static double weight_bilinear(double x) {
    return fmax(0, 1 - fabs(x));
}

static double weight_catmull_rom(double x) {
    x = fabs(x);
    return x < 1   ? 1.5 * x * x * x - 2.5 * x * x + 1
           : x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2
                   : 0;
}

static double weight_mitchell(double x) {
    x = fabs(x);
    return x < 1   ? (7 * x * x * x - 12 * x * x + 16.0 / 3) / 6
           : x < 2 ? (-7.0 / 3 * x * x * x + 12 * x * x - 20 * x + 32.0 / 3) / 6
                   : 0;
}

static double weight_lanczos3(double x) {
    const double pi = acos(-1);
    return x == 0             ? 1
           : x >= -3 && x < 3 ? 3 * sin(pi * x) * sin(pi * x / 3) / (pi * pi * x * x)
                              : 0;
}

static const struct {
    clp_filter filter;
    double support;
    double (*weight)(double);
} resamplers[] = {{CLP_FILTER_BOX, 0.5, weight_box},
                  {CLP_FILTER_BILINEAR, 1, weight_bilinear},
                  {CLP_FILTER_CATMULL_ROM, 2, weight_catmull_rom},
                  {CLP_FILTER_MITCHELL, 2, weight_mitchell},
                  {CLP_FILTER_LANCZOS3, 3, weight_lanczos3}};

/** Filter at the distance of each sample's centre from the result's, cut at the support and the
 * picture, rows made to sum to 1. */
static matrix resize_definition(size_t which, uint32_t in, double a, double b, uint32_t out) {
    matrix m = matrix_make(out, in);
    double scale = (b - a) / out, stretch = fmax(scale, 1);
    double support = resamplers[which].support * stretch;
    for (uint32_t i = 0; i < out; i++) {
        double centre = a + (i + 0.5) * scale, sum = 0;
        double low = fmax(0, trunc(centre - support + 0.5));
        double high = fmin(in, trunc(centre + support + 0.5));
        for (uint32_t j = (uint32_t)low; j < high; j++) {
            *matrix_at(&m, i, j) = resamplers[which].weight((j + 0.5 - centre) / stretch);
            sum += *matrix_at(&m, i, j);
        }
        for (uint32_t j = 0; j < in; j++) {
            *matrix_at(&m, i, j) /= sum;
        }
    }
    return m;
}

static void test_resize_is_its_definition(void **state) {
    (void)state;
    for (size_t f = 0; f < sizeof resamplers / sizeof *resamplers; f++) {
        for (size_t n = 0; n < LENGTHS * LENGTHS; n++) {
            uint32_t in = lengths[n / LENGTHS], out = lengths[n % LENGTHS];
            clp_axis axis;
            matrix wanted = resize_definition(f, in, 0, in, out);
            assert_int_equal(clp_axis_resize(&axis, resamplers[f].filter, in, 0, in, out, NULL),
                             CLPROC_OK);
            expect_matrix(&axis, &wanted, "resize");
        }
    }
}

/** The box of the source that shrink-on-load leaves, and of `fit=cover`. */
static void test_resize_of_a_part(void **state) {
    (void)state;
    for (size_t f = 0; f < sizeof resamplers / sizeof *resamplers; f++) {
        clp_axis axis;
        matrix wanted = resize_definition(f, 53, 3.25, 50.625, 17);
        assert_int_equal(clp_axis_resize(&axis, resamplers[f].filter, 53, 3.25, 50.625, 17, NULL),
                         CLPROC_OK);
        expect_matrix(&axis, &wanted, "resize of a part");
    }
}

static void test_area_is_coverage(void **state) {
    (void)state;
    for (size_t n = 0; n < LENGTHS * LENGTHS; n++) {
        uint32_t in = lengths[n / LENGTHS], out = lengths[n % LENGTHS];
        clp_axis axis;
        matrix wanted = matrix_make(out, in);
        double scale = (double)in / out;
        for (uint32_t i = 0; i < out; i++) {
            for (uint32_t j = 0; j < in; j++) {
                double covered = fmin((i + 1) * scale, j + 1) - fmax(i * scale, j);
                *matrix_at(&wanted, i, j) = fmax(0, covered) / scale;
            }
        }
        assert_int_equal(clp_axis_resize(&axis, CLP_FILTER_AREA, in, 0, in, out, NULL), CLPROC_OK);
        expect_matrix(&axis, &wanted, "area");
    }
}

static void test_nearest_takes_one(void **state) {
    (void)state;
    for (size_t n = 0; n < LENGTHS * LENGTHS; n++) {
        uint32_t in = lengths[n / LENGTHS], out = lengths[n % LENGTHS];
        clp_axis axis;
        matrix wanted = matrix_make(out, in);
        for (uint32_t i = 0; i < out; i++) {
            *matrix_at(&wanted, i, (2 * i + 1) * in / (2 * out)) = 1;
        }
        assert_int_equal(clp_axis_resize(&axis, CLP_FILTER_NEAREST, in, 0, in, out, NULL),
                         CLPROC_OK);
        assert_true(clp_axis_is_index(&axis));
        expect_matrix(&axis, &wanted, "nearest");
    }
}

/* ----------------------------------------------------------------- blurs and index maps */

static void test_gaussian_is_its_definition(void **state) {
    (void)state;
    static const double sigmas[] = {0.3, 1, 2.7, 9};
    for (size_t n = 0; n < LENGTHS * 4; n++) {
        uint32_t length = lengths[n / 4], radius = (uint32_t)ceil(4 * sigmas[n % 4]);
        clp_axis axis;
        matrix wanted = matrix_make(length, length);
        double sum = 0;
        for (int64_t k = -(int64_t)radius; k <= radius; k++) {
            sum += exp(-(double)(k * k) / (2 * sigmas[n % 4] * sigmas[n % 4]));
        }
        for (uint32_t i = 0; i < length; i++) {
            for (int64_t k = -(int64_t)radius; k <= radius; k++) {
                double w = exp(-(double)(k * k) / (2 * sigmas[n % 4] * sigmas[n % 4]));
                matrix_replicate(&wanted, i, i + k, w / sum);
            }
        }
        assert_int_equal(clp_axis_gaussian(&axis, length, sigmas[n % 4], radius, NULL), CLPROC_OK);
        assert_true(clp_axis_is_normalised(&axis));
        expect_matrix(&axis, &wanted, "Gaussian");
    }
}

static void test_mean_is_its_definition(void **state) {
    (void)state;
    for (size_t n = 0; n < LENGTHS * 5; n++) {
        uint32_t length = lengths[n / 5], radius = (uint32_t)(n % 5) * 3;
        clp_axis axis;
        matrix wanted = matrix_make(length, length);
        for (uint32_t i = 0; i < length; i++) {
            for (int64_t k = -(int64_t)radius; k <= radius; k++) {
                matrix_replicate(&wanted, i, i + k, 1.0 / (2 * radius + 1));
            }
        }
        assert_int_equal(clp_axis_mean(&axis, length, radius, NULL), CLPROC_OK);
        expect_matrix(&axis, &wanted, "mean");
    }
}

static void test_window_moves_samples(void **state) {
    (void)state;
    for (int reverse = 0; reverse < 2; reverse++) {
        for (int64_t first = -9; first < 20; first++) {
            clp_axis axis;
            matrix wanted = matrix_make(23, 11);
            bool inside = true;
            for (uint32_t i = 0; i < 23; i++) {
                int64_t source = reverse ? first - i : first + i;
                if (source >= 0 && source < 11) {
                    *matrix_at(&wanted, i, (uint32_t)source) = 1;
                } else {
                    inside = false;
                }
            }
            assert_int_equal(clp_axis_window(&axis, 11, first, reverse, 23, NULL), CLPROC_OK);
            assert_true(clp_axis_is_index(&axis));
            assert_int_equal(clp_axis_is_normalised(&axis), inside);
            expect_matrix(&axis, &wanted, "window");
        }
    }
}

/* ------------------------------------------------------------------------------- chroma */

/** libjpeg's fancy upsampling: (3·near + far) / 4, at the ends the near sample alone. */
static void test_upsampling_is_libjpegs(void **state) {
    (void)state;
    for (uint32_t in = 1; in < 9; in++) {
        for (uint32_t out = 2 * in - 1; out <= 2 * in; out++) {
            clp_axis axis;
            matrix wanted = matrix_make(out, in);
            for (uint32_t i = 0; i < out; i++) {
                matrix_replicate(&wanted, i, i / 2, 0.75);
                matrix_replicate(&wanted, i, i % 2 ? i / 2 + 1 : (int64_t)(i / 2) - 1, 0.25);
            }
            assert_int_equal(clp_axis_upsample(&axis, in, out, 2, true, NULL), CLPROC_OK);
            expect_matrix(&axis, &wanted, "fancy upsampling");
        }
    }
    for (uint32_t step = 1; step <= 4; step++) {
        clp_axis axis;
        matrix wanted = matrix_make(13, (13 + step - 1) / step);
        for (uint32_t i = 0; i < 13; i++) {
            *matrix_at(&wanted, i, i / step) = 1;
        }
        assert_int_equal(clp_axis_upsample(&axis, wanted.columns, 13, step, false, NULL),
                         CLPROC_OK);
        expect_matrix(&axis, &wanted, "replication");
    }
}

/** Means of whole blocks, the last sample repeated to the end of its block. */
static void test_downsampling_is_libjpegs(void **state) {
    (void)state;
    for (uint32_t step = 1; step <= 4; step++) {
        for (uint32_t in = 1; in < 14; in++) {
            clp_axis axis;
            matrix wanted = matrix_make((in + step - 1) / step, in);
            for (uint32_t i = 0; i < wanted.rows * step; i++) {
                matrix_replicate(&wanted, i / step, i, 1.0 / step);
            }
            assert_int_equal(clp_axis_downsample(&axis, in, step, NULL), CLPROC_OK);
            expect_matrix(&axis, &wanted, "downsampling");
        }
    }
}

/* ------------------------------------------------------------------------------ algebra */

static void test_composition_is_the_product(void **state) {
    (void)state;
    uint32_t seed = 5;
    for (int i = 0; i < 400; i++) {
        clp_axis first, second, both;
        draw_axis(&first, lengths[draw(&seed, LENGTHS)], &seed);
        draw_axis(&second, first.out, &seed);
        matrix a = matrix_of(&first), b = matrix_of(&second), wanted = matrix_product(&b, &a);
        assert_int_equal(clp_axis_compose(&both, &second, &first, NULL, NULL), CLPROC_OK);
        expect_matrix(&both, &wanted, "product");
        matrix_free(&a);
        matrix_free(&b);
        clp_axis_free(&first);
        clp_axis_free(&second);
    }
}

static void test_composition_stops(void **state) {
    (void)state;
    uint32_t seed = 5;
    const volatile int stop = 1;
    clproc_error error;
    clp_axis first, second, both;
    draw_axis(&first, 30, &seed);
    draw_axis(&second, first.out, &seed);
    assert_int_equal(clp_axis_compose(&both, &second, &first, &stop, &error),
                     CLPROC_ERROR_CANCELLED);
    assert_null(both.weight);
    clp_axis_free(&first);
    clp_axis_free(&second);
}

static void test_trimming_changes_nothing(void **state) {
    (void)state;
    uint32_t seed = 6;
    for (int i = 0; i < 200; i++) {
        clp_axis axis;
        draw_axis(&axis, lengths[draw(&seed, LENGTHS)], &seed);
        matrix wanted = matrix_of(&axis);
        uint32_t widest = 1;
        for (uint32_t row = 0; row < axis.out; row++) {
            uint32_t first = axis.in, last = 0;
            for (uint32_t j = 0; j < axis.in; j++) {
                if (*matrix_at(&wanted, row, j) != 0) {
                    first = j < first ? j : first;
                    last = j + 1;
                }
            }
            widest = last > first + widest ? last - first : widest;
        }
        assert_int_equal(clp_axis_trim(&axis, NULL), CLPROC_OK);
        assert_int_equal(axis.taps, widest);
        expect_matrix(&axis, &wanted, "trimmed");
    }
}

static void test_questions_about_rows(void **state) {
    (void)state;
    uint32_t seed = 7, indices = 0, identities = 0, normalised = 0;
    for (int n = 0; n < 400; n++) {
        clp_axis axis;
        draw_axis(&axis, lengths[draw(&seed, LENGTHS)], &seed);
        if (n % 8 == 0) {
            clp_axis_free(&axis);
            assert_int_equal(clp_axis_identity(&axis, 1 + draw(&seed, 40), NULL), CLPROC_OK);
        }
        matrix m = matrix_of(&axis);
        bool index = true, identity = m.rows == m.columns, whole = true;
        double gain = 0;
        for (uint32_t i = 0; i < m.rows; i++) {
            double sum = 0, magnitude = 0;
            uint32_t entries = 0;
            for (uint32_t j = 0; j < m.columns; j++) {
                double w = *matrix_at(&m, i, j);
                sum += w;
                magnitude += fabs(w);
                entries += w != 0;
                index = index && (w == 0 || w == 1);
                identity = identity && w == (i == j);
            }
            index = index && entries <= 1;
            whole = whole && fabs(sum - 1) < 1e-9;
            gain = fmax(gain, magnitude + fabs(1 - sum));
        }
        assert_int_equal(clp_axis_is_index(&axis), index);
        assert_int_equal(clp_axis_is_identity(&axis), identity);
        assert_int_equal(clp_axis_is_normalised(&axis), whole);
        assert_true(fabs(clp_axis_gain(&axis) - gain) < 1e-12);
        indices += index;
        identities += identity;
        normalised += whole;
        matrix_free(&m);
        clp_axis_free(&axis);
    }
    /* Each answer was given both ways. */
    assert_true(indices > 20 && indices < 380 && identities > 20 && identities < 380);
    assert_true(normalised > 20 && normalised < 380);
}

/* --------------------------------------------------------------------------- wide blurs */

/** blur and decimate · blur · interpolate, against the Gaussian itself: a row of differences moves
 * a picture's sample by at most its half sum times 255. */
static void test_factors_are_the_gaussian(void **state) {
    (void)state;
    static const double sigmas[] = {9, 16, 31.5, 200};
    static const uint32_t sizes[] = {1, 10, 61, 400};
    for (size_t n = 0; n < 16; n++) {
        double sigma = sigmas[n / 4];
        uint32_t length = sizes[n % 4];
        clp_axis factors[3], gaussian;
        assert_int_equal(clp_axis_gaussian_factors(factors, length, sigma, 5, NULL), CLPROC_OK);
        assert_int_equal(
            clp_axis_gaussian(&gaussian, length, sigma, (uint32_t)ceil(8 * sigma), NULL),
            CLPROC_OK);
        matrix a = matrix_of(&factors[0]), b = matrix_of(&factors[1]), c = matrix_of(&factors[2]);
        matrix ba = matrix_product(&b, &a), is = matrix_product(&c, &ba),
               is_not = matrix_of(&gaussian);
        double most = 0;
        for (uint32_t i = 0; i < length; i++) {
            double off = 0;
            for (uint32_t j = 0; j < length; j++) {
                off += fabs(*matrix_at(&is, i, j) - *matrix_at(&is_not, i, j));
            }
            most = fmax(most, off / 2);
        }
        if (most * 255 > 0.01) {
            fail_msg("sigma %g on %u: off by %g levels", sigma, length, most * 255);
        }
        /* No factor's taps grow with σ. */
        assert_true(factors[0].taps <= 2 * 5 * sigma / 4 + 2);
        assert_true(factors[1].taps <= 2 * 5 * sqrt(14) + 2 && factors[2].taps <= 2 * 5 + 2);
        matrix *all[] = {&a, &b, &c, &ba, &is, &is_not};
        for (size_t i = 0; i < 6; i++) {
            matrix_free(all[i]);
        }
        for (int i = 0; i < 3; i++) {
            clp_axis_free(&factors[i]);
        }
        clp_axis_free(&gaussian);
    }
}

/* ------------------------------------------------------------------------- quantisation */

static int32_t q14(double value) {
    return (int32_t)floor(value * 16384 + 0.5);
}

/** Weights by error diffusion: up to each sample they sum to what the exact ones do, rounded; of a
 * symmetric row, from both ends up to the middle. */
static void test_quantisation_is_error_diffusion(void **state) {
    (void)state;
    uint32_t seed = 8, symmetric_rows = 0, other_rows = 0;
    for (int n = 0; n < 300; n++) {
        clp_axis axis;
        draw_axis(&axis, lengths[draw(&seed, LENGTHS)], &seed);
        int16_t *row = malloc(axis.taps * sizeof *row);
        assert_non_null(row);
        for (uint32_t i = 0; i < axis.out; i++) {
            const double *w = axis.weight + (size_t)i * axis.taps;
            uint32_t first = 0, last = axis.taps;
            double sum = 0;
            int32_t total = 0;
            while (last > 0 && w[last - 1] == 0) {
                last--;
            }
            while (first < last && w[first] == 0) {
                first++;
            }
            clp_axis_quantise(&axis, i, row);
            bool symmetric = true;
            for (uint32_t k = 0; k < last - first; k++) {
                symmetric = symmetric && fabs(w[first + k] - w[last - 1 - k]) < 1e-9;
            }
            uint32_t check = symmetric && last > first ? (last - first - 1) / 2 : last - first;
            for (uint32_t k = 0; k < axis.taps; k++) {
                total += row[k];
                sum += w[k];
                assert_true((k >= first && k < last) || row[k] == 0);
                if (k >= first && k < first + check) {
                    assert_int_equal(total, q14(sum));
                    assert_true(!symmetric || row[k] == row[last - 1 - (k - first)]);
                }
            }
            assert_int_equal(total, q14(sum));
            symmetric_rows += symmetric && last - first > 2;
            other_rows += !symmetric;
        }
        free(row);
        clp_axis_free(&axis);
    }
    assert_true(symmetric_rows > 100 && other_rows > 100);
}

/** Of means of so many samples that a weight ends in a half, every other one is rounded up. */
static void test_rounding_of_weights(void **state) {
    (void)state;
    static const struct {
        uint32_t radius;
        double least, most; /* levels of 255 */
    } cases[] = {{1, 0, 0.02}, {20, 0.01, 0.2}, {165, 1, 1.5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clp_axis axis;
        double rounding = -1;
        assert_int_equal(clp_axis_mean(&axis, 1000, cases[i].radius, NULL), CLPROC_OK);
        assert_int_equal(clp_axis_rounding(&axis, &rounding, NULL), CLPROC_OK);
        if (255 * rounding < cases[i].least || 255 * rounding > cases[i].most) {
            fail_msg("radius %u: %g levels", cases[i].radius, 255 * rounding);
        }
        clp_axis_free(&axis);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resize_is_its_definition),
        cmocka_unit_test(test_resize_of_a_part),
        cmocka_unit_test(test_area_is_coverage),
        cmocka_unit_test(test_nearest_takes_one),
        cmocka_unit_test(test_gaussian_is_its_definition),
        cmocka_unit_test(test_mean_is_its_definition),
        cmocka_unit_test(test_window_moves_samples),
        cmocka_unit_test(test_upsampling_is_libjpegs),
        cmocka_unit_test(test_downsampling_is_libjpegs),
        cmocka_unit_test(test_composition_is_the_product),
        cmocka_unit_test(test_composition_stops),
        cmocka_unit_test(test_trimming_changes_nothing),
        cmocka_unit_test(test_questions_about_rows),
        cmocka_unit_test(test_factors_are_the_gaussian),
        cmocka_unit_test(test_quantisation_is_error_diffusion),
        cmocka_unit_test(test_rounding_of_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
