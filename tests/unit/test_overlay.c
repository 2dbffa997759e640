/** Overlays: what is understood, where they stand, and values worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "device/device.h"
#include "ops/ops.h"
#include "plan/plan.h"

/* ------------------------------------------------------------------- helpers */

static clp_layout layout_of(clp_model model, uint32_t depth, uint32_t width, uint32_t height) {
    clp_layout layout = {.model = model, .depth = depth, .width = width, .height = height};
    assert_true(clp_layout_place(&layout));
    return layout;
}

/** A picture whose pixels all have these samples. */
static uint8_t *flat(const clp_layout *layout, const unsigned *sample) {
    const clp_plane *plane = &layout->planes[0];
    uint8_t *base = calloc(1, layout->bytes);
    assert_non_null(base);
    for (uint32_t y = 0; y < plane->height; y++) {
        uint8_t *row = base + plane->offset + y * plane->pitch;
        for (uint32_t i = 0; i < plane->width * plane->channels; i++) {
            if (layout->depth == 8) {
                row[i] = (uint8_t)sample[i % plane->channels];
            } else {
                ((uint16_t *)(void *)row)[i] = (uint16_t)sample[i % plane->channels];
            }
        }
    }
    return base;
}

static clp_overlay *overlay_of(clp_model model, uint32_t depth, uint32_t width, uint32_t height,
                               const unsigned *sample) {
    clp_layout layout = layout_of(model, depth, width, height);
    uint8_t *base = flat(&layout, sample);
    clp_overlay *overlay = NULL;
    assert_int_equal(clp_overlay_create(&overlay, &layout, base, NULL), CLPROC_OK);
    free(base);
    return overlay;
}

/** The plan of `text`, in which "o" is an overlay, for such a picture. */
static clp_plan *plan_for(const char *text, clp_overlay *overlay, const clp_layout *layout,
                          const clp_target *target, bool linear) {
    clproc_pipeline *pipeline = NULL;
    clp_overlays overlays = {0};
    clp_plan *plan = NULL;
    clp_terms terms;
    clproc_error error = {0};
    clp_terms_init(&terms, layout, layout->width, layout->height);
    terms.overlays = &overlays;
    terms.linear = linear;
    assert_int_equal(clp_overlays_add(&overlays, "o", overlay, NULL), CLPROC_OK);
    assert_int_equal(clproc_pipeline_create(&pipeline, NULL), CLPROC_OK);
    if (clproc_pipeline_parse(pipeline, text, &error) != CLPROC_OK ||
        clp_pipeline_terms(pipeline, &terms, &error) != CLPROC_OK) {
        fail_msg("%s: %s", text, error.message);
    }
    assert_int_equal(clp_plan_create(&plan, layout, &terms, target, NULL), CLPROC_OK);
    clproc_pipeline_destroy(&pipeline);
    clp_overlays_free(&overlays);
    return plan;
}

static clp_plan *plan_of(const char *text, clp_overlay *overlay, const clp_layout *layout) {
    static const clp_target target = {.format = CLPROC_FORMAT_PNG};
    return plan_for(text, overlay, layout, &target, false);
}

/* --------------------------------------------------------------------- names */

static void check_file(const char *value, const char *file) {
    clproc_pipeline *pipeline = NULL;
    clproc_error error = {0};
    assert_int_equal(clproc_pipeline_create(&pipeline, NULL), CLPROC_OK);
    clproc_status status = clproc_pipeline_add(pipeline, "overlay", value, &error);
    if (file) {
        assert_int_equal(status, CLPROC_OK);
        assert_string_equal(clp_pipeline_file(pipeline, 0), file);
    } else {
        assert_int_equal(status, CLPROC_ERROR_ARGUMENT);
        assert_true(error.message[0]);
    }
    clproc_pipeline_destroy(&pipeline);
}

static void test_names_of_files(void **state) {
    (void)state;
    check_file("logo.png", "logo.png");
    check_file("logo.png:gravity=north", "logo.png");
    check_file("file=logo.png:margin=2%", "logo.png");
    check_file("margin=2%:file=logo.png", "logo.png");
    /* Colons, blanks and "=" may be part of a name. */
    check_file("16:9/my logo: a=b.png:opacity=0.5:width=10", "16:9/my logo: a=b.png");
    check_file("file=a=b.png", "a=b.png");
    check_file("a=b.png", "a=b.png");
    check_file(":", ":");

    check_file("", NULL);
    check_file("file=", NULL);
    check_file("gravity=north", NULL);
    check_file("a|b.png", NULL);
    check_file("a:width=10:width=20", NULL);
    check_file("a:widht=10", NULL);
    check_file("a:width=-1", NULL);
    check_file("a:width=10%%", NULL);
    check_file("a:width=", NULL);
    check_file("a:margin=1e9", NULL);
    check_file("a:opacity=1.1", NULL);
    check_file("a:opacity=-0.1", NULL);
    check_file("a:gravity=up", NULL);
}

/* --------------------------------------------------------------------- place */

/** An overlay of 40 × 20 in a picture of 200 × 100 unless said otherwise. */
static void check_place(const char *value, uint32_t width, uint32_t height, int left, int top,
                        uint32_t overlay_width, uint32_t overlay_height) {
    static const unsigned gray[] = {9};
    char text[100];
    clp_overlay *overlay = overlay_of(CLP_MODEL_GRAY, 8, 40, 20, gray);
    clp_layout layout = layout_of(CLP_MODEL_GRAY, 8, width, height);
    snprintf(text, sizeof text, "overlay o%s", value);
    clp_plan *plan = plan_of(text, overlay, &layout);
    assert_int_equal(plan->terms.count, 1);
    const clp_term *term = &plan->terms.items[0];
    if (term->left != left || term->top != top || term->x.out != overlay_width ||
        term->y.out != overlay_height) {
        fail_msg("%s: %u x %u at %d, %d", value, term->x.out, term->y.out, (int)term->left,
                 (int)term->top);
    }
    clp_plan_release(&plan);
    clp_overlay_release(&overlay);
}

static void test_where_it_stands(void **state) {
    (void)state;
    check_place("", 200, 100, 160, 80, 40, 20);
    check_place(":gravity=northwest", 200, 100, 0, 0, 40, 20);
    check_place(":gravity=centre", 200, 100, 80, 40, 40, 20);
    check_place(":gravity=north", 200, 100, 80, 0, 40, 20);
    check_place(":gravity=southwest:margin=7", 200, 100, 7, 73, 40, 20);
    /* A margin counts from the edges that gravity names alone, and is of the shorter side. */
    check_place(":gravity=east:margin=10%", 200, 100, 150, 40, 40, 20);
    check_place(":gravity=centre:margin=10%", 200, 100, 80, 40, 40, 20);
    /* It gives way. */
    check_place(":width=40:margin=30", 60, 30, 0, 0, 40, 20);
    check_place(":width=40:gravity=west:margin=30", 60, 30, 20, 5, 40, 20);
}

static void test_how_large_it_is(void **state) {
    (void)state;
    check_place(":width=10%", 200, 100, 180, 90, 20, 10);
    check_place(":width=80", 200, 100, 120, 60, 80, 40);
    check_place(":height=25%", 200, 100, 150, 75, 50, 25);
    /* Within both, and halves are rounded up. */
    check_place(":width=50%:height=10", 200, 100, 180, 90, 20, 10);
    check_place(":width=15", 200, 100, 185, 92, 15, 8);
    check_place(":width=1%", 20, 20, 19, 19, 1, 1);
    /* Its own size, or what there is room for. */
    check_place("", 30, 100, 0, 85, 30, 15);
    check_place(":margin=5", 30, 100, 5, 85, 20, 10);
    /* Larger than the picture where that is asked for: parts of it lie outside. */
    check_place(":width=200%:gravity=northwest", 30, 10, 0, 0, 60, 30);
    check_place(":width=200%:gravity=centre", 30, 10, -15, -10, 60, 30);
    check_place(":width=200%:margin=5", 30, 10, -30, -20, 60, 30);
}

/** The size at that place of the pipeline counts. */
static void test_after_a_resize(void **state) {
    (void)state;
    static const unsigned gray[] = {9};
    clp_overlay *overlay = overlay_of(CLP_MODEL_GRAY, 8, 40, 20, gray);
    clp_layout layout = layout_of(CLP_MODEL_GRAY, 8, 200, 100);
    clp_plan *plan = plan_of("resize 50% | overlay o:width=10% | resize 25%", overlay, &layout);
    assert_int_equal(plan->terms.items[1].x.out, 10);
    clp_plan_release(&plan);
    clp_overlay_release(&overlay);
}

/* --------------------------------------------------------------------- values */

/** Lays a flat overlay over one corner of a flat picture; checks the pixel under it and one beside
 * it, by the reference device. */
static void check_blend(clp_model model, const unsigned *below, clp_overlay *overlay,
                        const char *value, clp_model result, const unsigned *expected,
                        const unsigned *beside) {
    clp_layout layout = layout_of(model, 8, 4, 4);
    uint8_t *base = flat(&layout, below);
    char text[100];
    snprintf(text, sizeof text, "overlay o:%s", value);
    clp_plan *plan = plan_of(text, overlay, &layout);
    uint8_t *out = calloc(1, plan->output.bytes);
    assert_non_null(out);
    assert_int_equal(plan->output.model, result);
    assert_int_equal(clp_reference_run(plan, base, out, NULL, NULL), CLPROC_OK);
    const clp_plane *plane = &plan->output.planes[0];
    const uint8_t *last = out + plane->offset + 3 * plane->pitch + (size_t)3 * plane->channels;
    for (uint32_t c = 0; c < plane->channels; c++) {
        assert_int_equal(last[c], expected[c]);
        assert_int_equal(out[plane->offset + c], beside[c]);
    }
    clp_plan_release(&plan);
    clp_overlay_release(&overlay);
    free(out);
    free(base);
}

static void test_blending(void **state) {
    (void)state;
    const unsigned red[] = {255, 0, 0, 51}, black[] = {0, 255}, half[] = {200, 128};
    const unsigned rgb[] = {10, 20, 30}, soft[] = {10, 20, 30, 102}, clear[] = {10, 20, 30, 0};
    const unsigned gray[] = {100}, gray3[] = {100, 100, 100};
    /* 51 of 255 is a fifth: 10 + (255 − 10) ÷ 5, 20 − 4, 30 − 6 */
    check_blend(CLP_MODEL_RGB, rgb, overlay_of(CLP_MODEL_RGBA, 8, 2, 2, red), "opacity=1",
                CLP_MODEL_RGB, (unsigned[]){59, 16, 24}, rgb);
    /* Half of that: 10 + 24.5 rounds up. */
    check_blend(CLP_MODEL_RGB, rgb, overlay_of(CLP_MODEL_RGBA, 8, 2, 2, red), "opacity=0.5",
                CLP_MODEL_RGB, (unsigned[]){35, 18, 27}, rgb);
    /* Over 0.4 of alpha: 0.2 + 0.4 · 0.8 = 0.52; (0.2 · 255 + 0.32 · 10) ÷ 0.52 = 104.2 */
    check_blend(CLP_MODEL_RGBA, soft, overlay_of(CLP_MODEL_RGBA, 8, 2, 2, red), "opacity=1",
                CLP_MODEL_RGBA, (unsigned[]){104, 12, 18, 133}, soft);
    /* Over nothing the overlay is all there is; elsewhere a colour that nobody sees stays. */
    check_blend(CLP_MODEL_RGBA, clear, overlay_of(CLP_MODEL_RGBA, 8, 2, 2, red), "opacity=1",
                CLP_MODEL_RGBA, red, clear);
    /* Gray over gray stays gray, a colour over gray does not, gray over colours is three alike. */
    check_blend(CLP_MODEL_GRAY, gray, overlay_of(CLP_MODEL_GRAYA, 8, 2, 2, black), "opacity=0.25",
                CLP_MODEL_GRAY, (unsigned[]){75}, gray);
    check_blend(CLP_MODEL_GRAY, gray, overlay_of(CLP_MODEL_RGBA, 8, 2, 2, red), "opacity=1",
                CLP_MODEL_RGB, (unsigned[]){131, 80, 80}, gray3);
    check_blend(CLP_MODEL_RGB, rgb, overlay_of(CLP_MODEL_GRAYA, 8, 2, 2, half), "opacity=1",
                CLP_MODEL_RGB, (unsigned[]){105, 110, 115}, rgb);
    check_blend(CLP_MODEL_RGB, rgb, overlay_of(CLP_MODEL_GRAY, 8, 2, 2, black), "opacity=1",
                CLP_MODEL_RGB, (unsigned[]){0, 0, 0}, rgb);
}

static void test_what_cannot_be_seen_is_nothing(void **state) {
    (void)state;
    static const unsigned gray[] = {9};
    clp_overlay *overlay = overlay_of(CLP_MODEL_GRAY, 8, 4, 4, gray);
    clp_layout layout = layout_of(CLP_MODEL_GRAY, 8, 20, 20);
    clp_plan *plan = plan_of("overlay o:opacity=0", overlay, &layout);
    assert_int_equal(plan->terms.count, 0);
    clp_plan_release(&plan);
    clp_overlay_release(&overlay);
}

/* ------------------------------------------------------------------- pictures */

static void test_pictures_become_overlays(void **state) {
    (void)state;
    const unsigned same[] = {7, 7, 7, 3}, colours[] = {1, 2, 65535, 4};
    clp_overlay *overlay = overlay_of(CLP_MODEL_RGBA, 8, 3, 2, same);
    assert_int_equal(overlay->colours, 1);
    assert_int_equal(overlay->samples[0], 7 * 257);
    assert_int_equal(overlay->samples[11], 3 * 257);
    assert_int_equal(clp_overlay_bytes(overlay), 24);
    clp_overlay_release(&overlay);
    overlay = overlay_of(CLP_MODEL_RGB, 16, 3, 2, colours);
    assert_int_equal(overlay->colours, 3);
    assert_memory_equal(overlay->samples + 20, ((uint16_t[]){1, 2, 65535, 65535}), 8);
    clp_overlay_release(&overlay);
}

/** What a plan holds for the device: of what lies inside the picture, Q6 and Q15. */
static void test_tables(void **state) {
    (void)state;
    const unsigned red[] = {255, 0, 51, 255};
    clp_overlay *overlay = overlay_of(CLP_MODEL_RGBA, 8, 5, 5, red);
    clp_layout layout = layout_of(CLP_MODEL_RGB, 8, 4, 3);
    clp_plan *plan = plan_of("overlay o:gravity=centre:width=5:opacity=0.5", overlay, &layout);
    const uint32_t head[] = {0, 0, 4, 3};
    const uint16_t pixel[] = {255 * 64, 0, 51 * 64, 16384};
    assert_int_equal(plan->pass_count, 1);
    assert_int_equal(plan->passes[0].steps[0].kind, CLP_STEP_OVERLAY);
    const uint8_t *table = plan->tables + plan->passes[0].steps[0].table;
    assert_memory_equal(table, head, sizeof head);
    for (size_t i = 0; i < 12; i++) {
        assert_memory_equal(table + sizeof head + i * sizeof pixel, pixel, sizeof pixel);
    }
    clp_plan_release(&plan);
    clp_overlay_release(&overlay);
}

/** One of 60 × 40 without two equal pixels. */
static clp_overlay *colourful_overlay(void) {
    clp_layout layout = layout_of(CLP_MODEL_RGBA, 8, 60, 40);
    clp_overlay *overlay = NULL;
    uint32_t state = 7;
    uint8_t *base = calloc(1, layout.bytes);
    assert_non_null(base);
    for (size_t i = 0; i < layout.bytes; i++) {
        state = state * 1664525u + 1013904223u;
        base[i] = (uint8_t)(state >> 24);
    }
    assert_int_equal(clp_overlay_create(&overlay, &layout, base, NULL), CLPROC_OK);
    free(base);
    return overlay;
}

/** Scaled overlays are kept for other plans: each is what it would be alone. */
static void test_plans_are_as_if_alone(void **state) {
    static const char *const texts[] = {"overlay o:width=20",
                                        "overlay o:width=50%:opacity=0.4",
                                        "overlay o:width=20:gravity=northwest:margin=3",
                                        "overlay o:width=130:gravity=west",
                                        "overlay o:width=130:gravity=east",
                                        "overlay o:width=130:gravity=northwest",
                                        "overlay o:width=140:gravity=northwest",
                                        "overlay o",
                                        "overlay o:width=20 | overlay o:width=9:gravity=north"};
    static const struct { uint32_t width, height; } sizes[] = {{64, 48}, {40, 48}, {33, 21}};
    enum { TEXTS = sizeof texts / sizeof *texts, SIZES = sizeof sizes / sizeof *sizes, KINDS = 4 };
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        clp_overlay *overlay = colourful_overlay();
        for (size_t i = 0; i < (size_t)TEXTS * SIZES * KINDS; i++) {
            size_t one = turn == 0 ? i : (size_t)TEXTS * SIZES * KINDS - 1 - i;
            size_t kind = one % KINDS, size = one / KINDS % SIZES, text = one / KINDS / SIZES;
            clp_target target = {.format = kind & 1 ? CLPROC_FORMAT_JPEG : CLPROC_FORMAT_PNG};
            clp_layout layout = {.model = kind & 1 ? CLP_MODEL_YCC : CLP_MODEL_RGB,
                                 .depth = 8,
                                 .width = sizes[size].width,
                                 .height = sizes[size].height};
            for (uint32_t p = 1; p < 3; p++) {
                layout.planes[p].h_step = layout.planes[p].v_step = 2;
            }
            layout.planes[0].h_step = layout.planes[0].v_step = 1;
            assert_true(clp_layout_place(&layout));
            clp_overlay *other = colourful_overlay();
            clp_plan *shared = plan_for(texts[text], overlay, &layout, &target, kind & 2);
            clp_plan *alone = plan_for(texts[text], other, &layout, &target, kind & 2);
            assert_int_equal(shared->table_bytes, alone->table_bytes);
            assert_memory_equal(shared->tables, alone->tables, alone->table_bytes);
            clp_plan_release(&shared);
            clp_plan_release(&alone);
            clp_overlay_release(&other);
        }
        clp_overlay_release(&overlay);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_files),
        cmocka_unit_test(test_where_it_stands),
        cmocka_unit_test(test_how_large_it_is),
        cmocka_unit_test(test_after_a_resize),
        cmocka_unit_test(test_blending),
        cmocka_unit_test(test_what_cannot_be_seen_is_nothing),
        cmocka_unit_test(test_pictures_become_overlays),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_plans_are_as_if_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
