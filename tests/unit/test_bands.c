/** Bands: each result is made once, from source rows that are there, and what passes of a band hand
 * on is never there as a whole. */
#include "plan_fixture.h"

/** Every result row of every plane in one band, in the order of decoding; its source rows hold all
 * that its windows read; windows of rows hold what a band reads. */
static void test_bands_make_everything_once(void **state) {
    (void)state;
    static const char *const texts[] = {"resize 50%", "resize 1111x", "flip v | resize 900x",
                                        "rotate 90 | resize 1000x", "blur 3", "sharpen 2",
                                        "crop 2800x2400+50+60", "flip v", "rotate 90",
                                        "resize 1100x | gamma 1.4", "resize 40% | contrast 2",
                                        /* what is above reads no row */
                                        "pad 3001x2700:gravity=south:colour=#fff"};
    static const size_t which[] = {0, 4, 5};
    uint32_t banded = 0;
    for (size_t n = 0; n < 36; n++) {
        const clp_trial_kind *kind = &kinds[which[n % 3]];
        clp_plan *plan = make_plan(texts[n / 3], kind, 3001, 2503, false);
        const clp_bands *bands = &plan->bands;
        banded += bands->count > 0;
        for (uint32_t p = 0; bands->count > 0 && p < plan->input.plane_count; p++) {
            const clp_pass *pass = &plan->passes[bands->routes[p].first];
            bool filter = pass->kind == CLP_PASS_FILTER;
            const int32_t *starts =
                (const int32_t *)(const void *)(plan->tables +
                                                (filter ? pass->starts : pass->rows));
            uint8_t *made = calloc(1, pass->windows);
            uint32_t reached = 0;
            assert_non_null(made);
            for (uint32_t b = 0; b < bands->count; b++) {
                const clp_band *part = clp_bands_part(bands, b, p);
                assert_true(part->source <= part->source_end);
                assert_true(part->source_end <= plan->input.planes[p].height);
                assert_true(part->source_end - part->source <= bands->window.planes[p].height);
                assert_true(part->source_end >= reached);
                reached = part->source_end;
                for (uint32_t row = part->result; row < part->result_end; row++) {
                    int32_t start = starts[filter ? 2 * row : row];
                    made[row]++;
                    assert_true(start >= (int32_t)part->source &&
                                (uint32_t)start + pass->taps <= part->source_end);
                }
            }
            for (uint32_t row = 0; row < pass->windows; row++) {
                assert_int_equal(made[row], 1);
            }
            free(made);
        }
        clp_plan_release(&plan);
    }
    assert_true(banded >= 30);
}

/** Where a change of colours follows the filters, nothing is ever there as a whole but the results;
 * what passes of a band hand on does not overlap. */
static void test_colours_belong_to_bands(void **state) {
    (void)state;
    static const struct {
        const char *pipeline;
        size_t kind;
        bool coloured;
    } cases[] = {
        {"resize 1100x | gamma 1.4", 4, true},
        {"flip v | resize 40% | contrast 2", 4, true},
        {"resize 1100x | gamma 1.4", 0, true},
        {"resize 1100x", 4, false},
        {"resize 1100x", 3, true}, /* alpha divides there */
        {"resize 1100x | overlay a", 3, true},
        {"resize 1100x | overlay a", 4, true}, /* over each plane by itself */
        {"resize 1100x | gamma 1.4 | blur 2", 4, true},
        {"rotate 90 | resize 1000x | gamma 1.4", 4, false}, /* bands are columns there */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clp_plan *plan = make_plan(cases[i].pipeline, &kinds[cases[i].kind], 3001, 2503, false);
        const clp_bands *bands = &plan->bands;
        size_t end = plan->kept_bytes;
        assert_true(bands->count > 0);
        for (uint32_t p = 0; p < plan->input.plane_count; p++) {
            const clp_band_route *route = &bands->routes[p];
            assert_int_equal(route->colour != CLP_NO_PASS, cases[i].coloured);
            if (!cases[i].coloured) {
                continue;
            }
            const clp_surface *made = &plan->surfaces[plan->passes[route->second].dst[0]];
            uint32_t rows = 0;
            for (uint32_t b = 0; b < bands->count; b++) {
                const clp_band *part = clp_bands_part(bands, b, p);
                uint32_t count = part->result_end - part->result;
                rows = count > rows ? count : rows;
                /* Samples of chroma that stand for two rows do so within a band. */
                assert_true(part->result % 2 == 0);
            }
            assert_true(route->between_offset >= end);
            end = route->between_offset +
                  plan->surfaces[plan->passes[route->first].dst[0]].height * route->between_pitch;
            assert_true(route->made_offset >= end);
            end = route->made_offset + rows * made->pitch;
        }
        assert_true(end <= bands->scratch_bytes);
        clp_plan_release(&plan);
    }
    clp_plan *plan = make_plan("resize 1100x | gamma 1.4", &kinds[4], 3001, 2503, false);
    assert_int_equal(plan->kept_bytes, 0);
    assert_int_equal(plan->passes[plan->bands.routes[0].colour].h_step, 2);
    assert_int_equal(plan->passes[plan->bands.routes[0].colour].v_step, 2);
    clp_plan_release(&plan);
}

/** A pass on colours before the first filter belongs to the bands, and is not there as a whole
 * either. */
static void test_colours_lead_bands(void **state) {
    (void)state;
    static const struct {
        const char *pipeline;
        size_t kind;
        bool linear, leads;
    } cases[] = {
        {"resize 50%", 1, true, true},
        {"blur 3", 3, true, true},
        {"gamma 2 | flip v | blur 3", 2, false, true},
        {"resize 50%", 1, false, false},
        {"resize 50% | gamma 2", 1, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clp_plan *plan =
            make_plan(cases[i].pipeline, &kinds[cases[i].kind], 3001, 2503, cases[i].linear);
        const clp_bands *bands = &plan->bands;
        const clp_band_route *route = &bands->routes[0];
        assert_true(bands->count > 0);
        assert_int_equal(route->lead != CLP_NO_PASS, cases[i].leads);
        if (cases[i].leads) {
            const clp_surface *lead = &plan->surfaces[plan->passes[route->lead].dst[0]];
            uint32_t most = 0;
            for (uint32_t b = 0; b < bands->count; b++) {
                const clp_band *part = clp_bands_part(bands, b, 0);
                uint32_t rows = part->source_end - part->source;
                most = rows > most ? rows : most;
            }
            assert_true(clp_bands_hold(bands, route->lead) && lead->between);
            assert_true(most > 0 && most < plan->input.height / 3);
            assert_true(route->lead_offset >= plan->kept_bytes);
            assert_true(route->between_offset >= route->lead_offset + most * lead->pitch);
            assert_true(bands->scratch_bytes < plan->scratch_bytes / 2);
        }
        clp_plan_release(&plan);
    }
}

/** An unsharp mask belongs to the bands with the picture that it compares with: the only plane, or
 * what leads. */
static void test_masks_belong_to_bands(void **state) {
    (void)state;
    static const struct {
        const char *pipeline;
        size_t kind;
        bool linear, banded;
    } cases[] = {
        {"sharpen 1", 0, false, true},
        {"sharpen 1 | gamma 2", 1, false, true},
        {"sharpen 1", 3, false, true},
        {"sharpen 1", 1, true, true},
        {"sharpen 1", 4, false, true},                /* chroma is moved */
        {"resize 2000x | sharpen 1", 1, false, true}, /* the mask follows the bands */
        {"sharpen 30", 1, false, false},              /* three filters each way */
        {"sharpen 1", 3, true, false}, /* two read what leads, to premultiply and to compare */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clp_plan *plan =
            make_plan(cases[i].pipeline, &kinds[cases[i].kind], 3001, 2503, cases[i].linear);
        const clp_bands *bands = &plan->bands;
        assert_int_equal(bands->count > 0, cases[i].banded);
        for (uint32_t p = 0; bands->count > 0 && p < plan->pass_count; p++) {
            const clp_pass *pass = &plan->passes[p];
            if (pass->side_count == 0 || !clp_bands_hold(bands, p)) {
                continue;
            }
            assert_int_equal(pass->side[0], plan->passes[bands->routes[0].first].src[0]);
            for (uint32_t b = 0; b < bands->count; b++) {
                const clp_band *part = clp_bands_part(bands, b, 0);
                assert_true(part->source <= part->result && part->result_end <= part->source_end);
            }
            assert_int_equal(plan->kept_bytes, 0);
        }
        clp_plan_release(&plan);
    }
}

/** Slices have every row once, and their windows keep to the bytes that they were asked to, unless
 * these are too few for what a decoder hands out at a time. */
static void test_slices_keep_to_their_bytes(void **state) {
    (void)state;
    static const uint32_t widths[] = {100, 1700, 3400, 4000, 6000};
    static const size_t bounds[] = {(size_t)200 << 10, (size_t)1 << 20, SIZE_MAX};
    uint32_t kept = 0;
    for (size_t n = 0; n < KINDS * 15; n++) {
        size_t bytes = bounds[n / KINDS % 3];
        clp_plan *plan =
            make_plan("resize 50%", &kinds[n % KINDS], widths[n / KINDS / 3], 2003, false);
        const clp_layout *input = &plan->input;
        clp_bands slices = {0};
        assert_int_equal(clp_bands_slice(input, bytes, &slices, NULL), CLPROC_OK);
        assert_true(slices.window.bytes <= clp_bands_slice_bytes(input, bytes));
        assert_int_equal(slices.count == 1, input->bytes <= bytes);
        for (uint32_t p = 0; p < input->plane_count; p++) {
            uint32_t row = 0;
            for (uint32_t i = 0; i < slices.count; i++) {
                const clp_band *part = clp_bands_part(&slices, i, p);
                assert_int_equal(part->source, row);
                assert_true(part->source_end - row <= slices.window.planes[p].height);
                row = part->source_end;
            }
            assert_int_equal(row, input->planes[p].height);
        }
        if (slices.window.bytes > bytes) {
            /* So it would be with the fewest rows. */
            assert_true(slices.count == (input->height + 31) / 32);
        }
        kept += slices.window.bytes <= bytes;
        clp_bands_free(&slices);
        clp_plan_release(&plan);
    }
    assert_true(kept > KINDS * 10);
}

/** Of a plane the rows are read up to the last that is wanted, and as many more as kernels load
 * without need. */
static void test_rows_that_are_read(void **state) {
    (void)state;
    static const struct {
        const char *pipeline;
        uint32_t end;
    } cases[] = {
        {"crop 2800x1000+50+60", 1060},
        {"flip v | crop 2800x1000+50+60", 2504 - 60},
        {"rotate 270 | crop 1000x2800+60+50", 1060},
        {"rotate 90 | crop 1000x2800+60+50", 2504 - 60},
        {"crop 2800x1000+50+60 | resize 50%", 0}, /* as windows say */
        {"flip v | crop 2800x1000+50+60 | blur 2", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clp_plan *plan = make_plan(cases[i].pipeline, &kinds[4], 3000, 2504, false);
        for (uint32_t p = 0; p < 2; p++) {
            uint32_t end = cases[i].end / (p + 1);
            const clp_pass *pass = &plan->passes[0];
            for (uint32_t n = 1; n < plan->pass_count && pass->src[0] != p; n++) {
                pass = &plan->passes[n];
            }
            assert_int_equal(pass->kind == CLP_PASS_FILTER, end == 0);
            for (uint32_t row = 0; cases[i].end == 0 && row < pass->windows; row++) {
                const int32_t *starts =
                    (const int32_t *)(const void *)(plan->tables + pass->starts);
                uint32_t behind = (uint32_t)starts[2 * row] + pass->taps;
                end = behind > end ? behind : end;
            }
            assert_int_equal(plan->rows_read[p], end + CLP_ROW_ALIGN);
        }
        clp_plan_release(&plan);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bands_make_everything_once),
        cmocka_unit_test(test_colours_belong_to_bands),
        cmocka_unit_test(test_colours_lead_bands),
        cmocka_unit_test(test_masks_belong_to_bands),
        cmocka_unit_test(test_slices_keep_to_their_bytes),
        cmocka_unit_test(test_rows_that_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
