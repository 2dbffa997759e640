/** Segments: merging stages, moving colours and cutting at what nothing may pass must leave what a
 * pipeline is, and save what it is for. */
#include "matrices.h"

#include "plan/segment.h"

/* ------------------------------------------------- pictures, and terms run one by one on them */

/** Channels of whole pixels, one after the other. */
typedef struct picture {
    uint32_t width, height, channels;
    double *v;
} picture;

static picture picture_make(uint32_t width, uint32_t height, uint32_t channels) {
    picture p = {width, height, channels,
                 calloc((size_t)width * height * channels, sizeof(double))};
    assert_non_null(p.v);
    return p;
}

static double *at(const picture *p, uint32_t c, uint32_t y, uint32_t x) {
    return &p->v[((size_t)c * p->height + y) * p->width + x];
}

static void replace(picture *p, picture made) {
    free(p->v);
    *p = made;
}

/** out = y · in · xᵀ, what is missing in a row's sum taken from the fill, perhaps transposed. */
static void run_spatial(picture *p, const clp_axis *y, const clp_axis *x, const double fill[4],
                        bool transpose) {
    matrix rows = matrix_of(y), columns = matrix_of(x);
    assert_int_equal(rows.columns, p->height);
    assert_int_equal(columns.columns, p->width);
    picture out = transpose ? picture_make(rows.rows, columns.rows, p->channels)
                            : picture_make(columns.rows, rows.rows, p->channels);
    for (uint32_t c = 0; c < p->channels; c++) {
        for (uint32_t i = 0; i < rows.rows; i++) {
            for (uint32_t j = 0; j < columns.rows; j++) {
                double sum = 0, weights = 0;
                for (uint32_t a = 0; a < p->height; a++) {
                    double w = *matrix_at(&rows, i, a);
                    for (uint32_t b = 0; w != 0 && b < p->width; b++) {
                        sum += w * *matrix_at(&columns, j, b) * *at(p, c, a, b);
                        weights += w * *matrix_at(&columns, j, b);
                    }
                }
                *(transpose ? at(&out, c, j, i) : at(&out, c, i, j)) =
                    sum + (1 - weights) * fill[c];
            }
        }
    }
    matrix_free(&rows);
    matrix_free(&columns);
    replace(p, out);
}

static void run_colour(picture *p, const clp_colour *colour) {
    picture out = picture_make(p->width, p->height, colour->out);
    assert_int_equal(colour->in, p->channels);
    for (uint32_t i = 0; i < colour->out; i++) {
        for (size_t k = 0; k < (size_t)p->width * p->height; k++) {
            double sum = colour->offset[i];
            for (uint32_t j = 0; j < colour->in; j++) {
                sum += colour->m[i][j] * *(at(p, j, 0, 0) + k);
            }
            *(at(&out, i, 0, 0) + k) = sum;
        }
    }
    replace(p, out);
}

static void run_point(picture *p, const clp_term *term) {
    if (term->kind == CLP_TERM_COLOUR) {
        run_colour(p, &term->colour);
        return;
    }
    assert_int_equal(term->kind, CLP_TERM_CURVE);
    for (size_t k = 0; k < (size_t)p->width * p->height * p->channels; k++) {
        p->v[k] = 255 * clp_curve_at(term->curve[0], fmin(fmax(p->v[k] / 255, 0), 1));
    }
}

static void run_terms(picture *p, const clp_terms *terms) {
    for (size_t i = 0; i < terms->count; i++) {
        const clp_term *term = &terms->items[i];
        if (term->kind != CLP_TERM_SPATIAL) {
            run_point(p, term);
        } else if (term->gaussian_sigma > 0) {
            clp_axis y, x;
            assert_int_equal(clp_term_exact_gaussian(term, p->width, p->height, &y, &x, NULL),
                             CLPROC_OK);
            run_spatial(p, &y, &x, term->fill, false);
            clp_axis_free(&y);
            clp_axis_free(&x);
        } else {
            run_spatial(p, &term->y, &term->x, term->fill, term->transpose);
        }
    }
}

static void run_segments(picture *p, const clp_segments *segments) {
    for (size_t i = 0; i < segments->count; i++) {
        const clp_segment *segment = &segments->items[i];
        for (size_t j = 0; j < segment->stage_count; j++) {
            const clp_stage *stage = &segment->stages[j];
            run_spatial(p, &stage->y, &stage->x, stage->fill, stage->transpose);
        }
        for (size_t j = 0; j < segment->point_count; j++) {
            run_point(p, segment->points[j]);
        }
    }
}

/* ------------------------------------------------------------------------ lists of terms */

static void begin(clp_terms *terms, clp_layout *layout, clp_model model, uint32_t width,
                  uint32_t height) {
    *layout = (clp_layout){.model = model, .depth = 8, .width = width, .height = height};
    for (int i = 0; model == CLP_MODEL_YCC && i < 3; i++) {
        layout->planes[i].h_step = layout->planes[i].v_step = i ? 2 : 1;
    }
    assert_true(clp_layout_place(layout));
    clp_terms_init(terms, layout, width, height);
}

static void add_resize(clp_terms *terms, uint32_t width, uint32_t height, clp_filter filter) {
    clp_axis y, x;
    uint32_t h = terms->height, w = terms->width;
    assert_int_equal(clp_axis_resize(&y, filter, h, 0, h, height, NULL), CLPROC_OK);
    assert_int_equal(clp_axis_resize(&x, filter, w, 0, w, width, NULL), CLPROC_OK);
    assert_int_equal(clp_terms_spatial(terms, "resize", &y, &x, false, NULL, NULL), CLPROC_OK);
}

static void add_crop(clp_terms *terms, int64_t left, int64_t top, uint32_t width, uint32_t height,
                     bool flip, double level) {
    const double fill[4] = {level, level / 2, 255 - level, 255};
    clp_axis y, x;
    uint32_t h = terms->height, w = terms->width;
    assert_int_equal(clp_axis_window(&y, h, top, false, height, NULL), CLPROC_OK);
    assert_int_equal(clp_axis_window(&x, w, flip ? (int64_t)w - 1 - left : left, flip, width, NULL),
                     CLPROC_OK);
    assert_int_equal(clp_terms_spatial(terms, "crop", &y, &x, false, fill, NULL), CLPROC_OK);
}

static void add_blur(clp_terms *terms, double sigma) {
    assert_int_equal(clp_terms_gaussian(terms, "blur", sigma, NULL), CLPROC_OK);
}

static void add_gain(clp_terms *terms, double gain) {
    const double m[3][3] = {{gain, 0.1, 0}, {0, gain, 0.1}, {0.1, 0, gain}}, o[3] = {3, 3, 3};
    assert_int_equal(clp_terms_colour(terms, "gain", m, o, NULL), CLPROC_OK);
}

static double square(double value, const void *unused) {
    (void)unused;
    return value * value;
}

static void add_curve(clp_terms *terms) {
    assert_int_equal(clp_terms_curve(terms, "curve", square, NULL, 0, NULL), CLPROC_OK);
}

/** Some term for the picture as it stands. */
static void add_any(clp_terms *terms, uint32_t *seed) {
    uint32_t width = 1 + draw(seed, 14), height = 1 + draw(seed, 14);
    switch (draw(seed, 8)) {
    case 0:
        add_resize(terms, width, height, (clp_filter)draw(seed, CLP_FILTER_NEAREST + 1));
        break;
    case 1:
        add_crop(terms, (int64_t)draw(seed, 5) - 2, (int64_t)draw(seed, 5) - 2, width, height,
                 draw(seed, 2) == 1, draw(seed, 3) * 100);
        break;
    case 2:
        add_blur(terms, 0.4 + draw(seed, 20) / 10.0);
        break;
    case 3:
        assert_int_equal(clp_terms_orient(terms, 1 + draw(seed, 8), NULL), CLPROC_OK);
        break;
    case 4:
        add_gain(terms, 0.5 + draw(seed, 10) / 10.0);
        break;
    case 5:
        add_curve(terms);
        break;
    case 6:
        assert_int_equal(clp_terms_gray(terms, "gray", NULL), CLPROC_OK);
        break;
    default:
        assert_int_equal(clp_terms_expand(terms, "expand", NULL), CLPROC_OK);
    }
}

static void cut(clp_segments *segments, const clp_terms *terms, const clp_layout *layout) {
    assert_int_equal(clp_segments_create(segments, terms, layout, NULL), CLPROC_OK);
}

/* -------------------------------------------------------------------------------- tests */

/** The canonical form of any list is the list. */
static void test_segments_are_the_terms(void **state) {
    (void)state;
    uint32_t seed = 3, merged = 0, apart_stages = 0;
    for (int n = 0; n < 600; n++) {
        clp_terms terms;
        clp_layout layout;
        clp_segments segments;
        begin(&terms, &layout, n % 4 ? CLP_MODEL_RGB : CLP_MODEL_GRAY, 1 + draw(&seed, 12),
              1 + draw(&seed, 12));
        terms.apart = n % 3 == 0;
        uint32_t length = 1 + draw(&seed, 6), spatial = 0, stages = 0;
        for (uint32_t i = 0; i < length; i++) {
            add_any(&terms, &seed);
        }
        picture wanted = picture_make(layout.width, layout.height, n % 4 ? 3 : 1);
        for (size_t i = 0; i < (size_t)layout.width * layout.height * wanted.channels; i++) {
            wanted.v[i] = draw(&seed, 256);
        }
        picture is = picture_make(layout.width, layout.height, wanted.channels);
        memcpy(is.v, wanted.v, (size_t)is.width * is.height * is.channels * sizeof *is.v);
        cut(&segments, &terms, &layout);
        run_terms(&wanted, &terms);
        run_segments(&is, &segments);
        assert_true(is.width == wanted.width && is.height == wanted.height &&
                    is.channels == wanted.channels);
        assert_true(terms.width == wanted.width && terms.height == wanted.height &&
                    terms.colours == wanted.channels);
        for (size_t i = 0; i < (size_t)is.width * is.height * is.channels; i++) {
            if (!(fabs(is.v[i] - wanted.v[i]) < 1e-3)) {
                fail_msg("list %d: sample %zu is %g, not %g", n, i, is.v[i], wanted.v[i]);
            }
        }
        for (size_t i = 0; i < terms.count; i++) {
            spatial += terms.items[i].kind == CLP_TERM_SPATIAL;
        }
        for (size_t i = 0; i < segments.count; i++) {
            stages += (uint32_t)segments.items[i].stage_count;
        }
        merged += !terms.apart && stages < spatial;
        apart_stages += terms.apart && stages == spatial && spatial > 1;
        free(is.v);
        free(wanted.v);
        clp_segments_free(&segments);
        clp_terms_free(&terms);
    }
    assert_true(merged > 60 && apart_stages > 20);
}

static void test_cheap_matrices_merge(void **state) {
    (void)state;
    clp_terms terms;
    clp_layout layout;
    clp_segments segments;
    begin(&terms, &layout, CLP_MODEL_RGB, 300, 200);
    add_resize(&terms, 150, 100, CLP_FILTER_LANCZOS3);
    add_blur(&terms, 1);
    add_crop(&terms, 5, 7, 90, 80, true, 0);
    cut(&segments, &terms, &layout);
    assert_int_equal(segments.count, 1);
    assert_int_equal(segments.items[0].stage_count, 1);
    assert_string_equal(segments.items[0].stages[0].label, "resize·blur·crop");
    clp_segments_free(&segments);
    clp_terms_free(&terms);
}

/** Blurring a picture widely before making it ten times larger is cheap; in one matrix every result
 * would have the blur's whole window. */
static void test_dear_matrices_stay_apart(void **state) {
    (void)state;
    clp_terms terms;
    clp_layout layout;
    clp_segments segments;
    begin(&terms, &layout, CLP_MODEL_RGB, 100, 100);
    add_blur(&terms, 8);
    add_resize(&terms, 1000, 1000, CLP_FILTER_BILINEAR);
    cut(&segments, &terms, &layout);
    assert_int_equal(segments.items[0].stage_count, 2);
    clp_segments_free(&segments);
    clp_terms_free(&terms);
}

/** Two colours outside cannot be one. */
static void test_fills_keep_apart(void **state) {
    (void)state;
    for (int same = 0; same < 2; same++) {
        clp_terms terms;
        clp_layout layout;
        clp_segments segments;
        begin(&terms, &layout, CLP_MODEL_RGB, 30, 30);
        add_crop(&terms, -3, -3, 36, 36, false, 10);
        add_crop(&terms, -2, -2, 40, 40, false, same ? 10 : 200);
        cut(&segments, &terms, &layout);
        assert_int_equal(segments.items[0].stage_count, same ? 1 : 2);
        clp_segments_free(&segments);
        clp_terms_free(&terms);
    }
}

static void test_wide_gaussians_are_factors(void **state) {
    (void)state;
    static const struct {
        clp_model model;
        double sigma;
        bool apart;
        size_t stages;
    } cases[] = {{CLP_MODEL_RGB, 5, false, 1},
                 {CLP_MODEL_RGB, 30, false, 3},
                 {CLP_MODEL_RGBA, 12, false, 1},
                 {CLP_MODEL_RGBA, 30, false, 3},
                 {CLP_MODEL_RGB, 30, true, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clp_terms terms;
        clp_layout layout;
        clp_segments segments;
        begin(&terms, &layout, cases[i].model, 500, 400);
        terms.apart = cases[i].apart;
        add_blur(&terms, cases[i].sigma);
        cut(&segments, &terms, &layout);
        assert_int_equal(segments.items[0].stage_count, cases[i].stages);
        clp_segments_free(&segments);
        clp_terms_free(&terms);
    }
}

/** Gray first: two thirds of the data are then never filtered. But not before a curve, whose values
 * it is made of. */
static void test_gray_moves_forward(void **state) {
    (void)state;
    for (int curved = 0; curved < 2; curved++) {
        clp_terms terms;
        clp_layout layout;
        clp_segments segments;
        begin(&terms, &layout, CLP_MODEL_RGB, 30, 30);
        add_resize(&terms, 20, 20, CLP_FILTER_BOX);
        if (curved) {
            add_curve(&terms);
        }
        assert_int_equal(clp_terms_gray(&terms, "gray", NULL), CLPROC_OK);
        cut(&segments, &terms, &layout);
        bool first = segments.items[0].stage_count == 0 && segments.items[0].point_count == 1 &&
                     segments.items[0].points[0]->colour.out == 1;
        assert_int_equal(first, !curved);
        clp_segments_free(&segments);
        clp_terms_free(&terms);
    }
}

static void test_what_commutes(void **state) {
    (void)state;
    clp_terms terms;
    clp_layout layout;
    begin(&terms, &layout, CLP_MODEL_RGB, 30, 30);
    add_resize(&terms, 20, 20, CLP_FILTER_BOX);
    add_crop(&terms, -1, -1, 30, 30, false, 0);
    add_gain(&terms, 1.5);
    assert_int_equal(clp_terms_gray(&terms, "gray", NULL), CLPROC_OK);
    add_curve(&terms);
    const clp_term *resize = &terms.items[0], *pad = &terms.items[1], *gain = &terms.items[2],
                   *gray = &terms.items[3], *curve = &terms.items[4];
    assert_true(clp_term_commutes(resize, NULL, 0));
    assert_true(clp_term_commutes(pad, NULL, 0));
    assert_true(clp_term_commutes(resize, &gain, 1));
    assert_false(clp_term_commutes(pad, &gain, 1));
    assert_false(clp_term_commutes(resize, &curve, 1));
    assert_false(clp_term_commutes(resize, &gray, 1));
    clp_terms_free(&terms);
}

/* ------------------------------------------------------------------------------- chroma */

/** On planes of fewer samples a stage is downsample · pixels · upsample. */
static void test_planes_of_fewer_samples(void **state) {
    (void)state;
    uint32_t seed = 11;
    for (int n = 0; n < 200; n++) {
        uint32_t width = 3 + draw(&seed, 30), height = 3 + draw(&seed, 30);
        uint32_t steps[4];
        clp_stage stage = {.transpose = draw(&seed, 2) == 1};
        clp_axis y, x, up, down;
        for (int i = 0; i < 4; i++) {
            steps[i] = 1 + draw(&seed, 2);
        }
        assert_int_equal(clp_axis_resize(&stage.y, CLP_FILTER_LANCZOS3, height, 0, height, 7, NULL),
                         CLPROC_OK);
        assert_int_equal(clp_axis_gaussian(&stage.x, width, 1.3, 5, NULL), CLPROC_OK);
        clp_plane_grid grid = {.width = (width + steps[0] - 1) / steps[0],
                               .height = (height + steps[1] - 1) / steps[1],
                               .h_step = steps[0],
                               .v_step = steps[1],
                               .out_h_step = steps[2],
                               .out_v_step = steps[3]};
        /* libjpeg repeats a sample where a plane has no more than two across. */
        bool fancy = steps[0] == 1 || grid.width > 2;
        assert_int_equal(clp_stage_for_plane(&stage, &grid, &y, &x, NULL), CLPROC_OK);
        for (int along = 0; along < 2; along++) {
            uint32_t in_step = along ? steps[0] : steps[1];
            uint32_t out_step = (along == 1) != stage.transpose ? steps[2] : steps[3];
            const clp_axis *pixels = along ? &stage.x : &stage.y;
            assert_int_equal(clp_axis_upsample(&up, along ? grid.width : grid.height, pixels->in,
                                               in_step, fancy && in_step == 2, NULL),
                             CLPROC_OK);
            assert_int_equal(clp_axis_downsample(&down, pixels->out, out_step, NULL), CLPROC_OK);
            matrix u = matrix_of(&up), p = matrix_of(pixels), d = matrix_of(&down);
            matrix pu = matrix_product(&p, &u), wanted = matrix_product(&d, &pu);
            expect_matrix(along ? &x : &y, &wanted, "chroma");
            matrix *all[] = {&u, &p, &d, &pu};
            for (size_t i = 0; i < 4; i++) {
                matrix_free(all[i]);
            }
            clp_axis_free(&up);
            clp_axis_free(&down);
        }
        clp_stage_free(&stage);
    }
}

/** Crops and flips along the grid move samples; others filter. */
static void test_aligned_moves_do_not_filter(void **state) {
    (void)state;
    for (int first = 0; first < 8; first++) {
        for (int reverse = 0; reverse < 2; reverse++) {
            clp_stage stage = {0};
            clp_axis y, x;
            clp_plane_grid grid = {16, 16, 2, 2, 2, 2};
            int64_t from = reverse ? 31 - first : first;
            assert_int_equal(clp_axis_window(&stage.y, 32, from, reverse, 16, NULL), CLPROC_OK);
            assert_int_equal(clp_axis_identity(&stage.x, 32, NULL), CLPROC_OK);
            assert_int_equal(clp_stage_for_plane(&stage, &grid, &y, &x, NULL), CLPROC_OK);
            bool moves = clp_axis_is_index(&y) && clp_axis_is_index(&x);
            assert_int_equal(moves, first % 2 == 0);
            if (moves) {
                for (uint32_t i = 0; i < 8; i++) {
                    assert_int_equal(y.start[i], (reverse ? from - 2 * i : from + 2 * i) / 2);
                }
            }
            clp_axis_free(&y);
            clp_axis_free(&x);
            clp_stage_free(&stage);
        }
    }
}

/** What is not granted is told before it is made, and more than what is there in the end. */
static void test_matrices_are_asked_for(void **state) {
    (void)state;
    clp_terms terms;
    clp_layout layout;
    clproc_error error;
    begin(&terms, &layout, CLP_MODEL_RGB, 400, 300);
    terms.limits.granted = 300000;
    add_blur(&terms, 1); /* 9 samples for each row and column */
    uint64_t little = terms.bytes;
    assert_in_range(little, 700 * 9 * sizeof(double), terms.limits.granted);
    size_t count = terms.count;
    assert_int_equal(clp_terms_gaussian(&terms, "blur", 20, &error), CLPROC_ERROR_MEMORY);
    assert_int_equal(terms.count, count);
    assert_true(terms.bytes - little >= 700 * 161 * 2 * sizeof(double));
    terms.limits.granted = terms.bytes;
    terms.bytes = little;
    assert_int_equal(clp_terms_gaussian(&terms, "blur", 20, &error), CLPROC_OK);
    clp_terms_free(&terms);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrices_are_asked_for),
        cmocka_unit_test(test_segments_are_the_terms),
        cmocka_unit_test(test_cheap_matrices_merge),
        cmocka_unit_test(test_dear_matrices_stay_apart),
        cmocka_unit_test(test_fills_keep_apart),
        cmocka_unit_test(test_wide_gaussians_are_factors),
        cmocka_unit_test(test_gray_moves_forward),
        cmocka_unit_test(test_what_commutes),
        cmocka_unit_test(test_planes_of_fewer_samples),
        cmocka_unit_test(test_aligned_moves_do_not_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
