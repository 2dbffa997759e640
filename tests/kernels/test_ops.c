/** Every operation, on sizes and layouts that hurt, on every device there is, against the reference
 * device.
 *
 *  8 bit: |out − rounded reference| ≤ 1 and |out − unrounded reference| ≤ 0.6, and the same bytes
 * on every device, with work-item tiles and with work-group tiles, with shared memory and with
 * copies. 16 bit: ≤ 1 of both kinds.
 *
 *  KERNELS_ALL=1 checks every case on PoCL, not every third.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/memory.h"
#include "device/compare.h"
#include "devices.h"
#include "selftest/trial.h"

typedef struct shape {
    uint32_t width, height;
} shape;

/* One sample, one row, one column, less than a tile, odd, more than a tile each way. */
static const shape shapes[] = {{1, 1}, {1, 19}, {23, 1}, {3, 5}, {17, 31}, {33, 16}, {141, 45}};

static const clp_trial_kind kinds[] = {
    {CLP_MODEL_GRAY, 8, 1, 1, CLPROC_FORMAT_PNG, "gray"},
    {CLP_MODEL_RGB, 8, 1, 1, CLPROC_FORMAT_PNG, "rgb"},
    {CLP_MODEL_RGB, 8, 1, 1, CLPROC_FORMAT_JPEG, "rgb to jpeg"},
    {CLP_MODEL_GRAYA, 8, 1, 1, CLPROC_FORMAT_PNG, "gray+alpha"},
    {CLP_MODEL_RGBA, 8, 1, 1, CLPROC_FORMAT_PNG, "rgba"},
    {CLP_MODEL_RGBA, 8, 1, 1, CLPROC_FORMAT_JPEG, "rgba to jpeg"},
    {CLP_MODEL_YCC, 8, 2, 2, CLPROC_FORMAT_JPEG, "4:2:0"},
    {CLP_MODEL_YCC, 8, 2, 1, CLPROC_FORMAT_JPEG, "4:2:2"},
    {CLP_MODEL_YCC, 8, 1, 1, CLPROC_FORMAT_JPEG, "4:4:4"},
    {CLP_MODEL_YCC, 8, 4, 1, CLPROC_FORMAT_JPEG, "4:1:1"},
    {CLP_MODEL_YCC, 8, 2, 2, CLPROC_FORMAT_PNG, "4:2:0 to png"},
    {CLP_MODEL_GRAY, 16, 1, 1, CLPROC_FORMAT_PNG, "gray 16"},
    {CLP_MODEL_RGB, 16, 1, 1, CLPROC_FORMAT_PNG, "rgb 16"},
    {CLP_MODEL_RGBA, 16, 1, 1, CLPROC_FORMAT_PNG, "rgba 16"},
    {CLP_MODEL_CMYK, 8, 1, 1, CLPROC_FORMAT_PNG, "cmyk to png"},
    {CLP_MODEL_CMYK, 8, 1, 1, CLPROC_FORMAT_JPEG, "cmyk to jpeg"},
};

/* Besides each operation's own example, with the words of a clp_trial_manner. "exact": not for
 * YCbCr planes, which become RGB with rounding errors that would turn the hue of grays. */
static const char *const pipelines[] = {
    "resize 50%",
    "resize 13x40:fit=fill:filter=catmull-rom",
    "resize 37x:filter=mitchell | blur 1.2",
    "resize 20x20:fit=cover:filter=bilinear",
    "resize 30x40:fit=contain:colour=#f80:filter=area",
    "resize 200%:filter=lanczos3",
    "resize 300%:filter=nearest",
    "resize 9x:filter=box",
    "crop 10x9+1+2",
    "crop 8x8:gravity=southeast | flip v",
    "rotate 180 | flip h",
    "rotate 270 | resize 25x",
    "flip h | pad 80x60:gravity=east:colour=#123",
    "pad 90x70:colour=#0f08 | blur 2",
    "blur 0.4",
    "blur 11",
    "blur 31",
    "gray | blur 1.5",
    "blur 1 | brightness 1.5",
    "brightness 1.4 | pad 75x:colour=#fff | blur 1",
    "saturation 2 | contrast 1.5 | resize 40x",
    "gamma 0.6 | resize 19x | levels 20:white=200:gamma=1.3",
    "matrix 0,0,1,0,1,0,1,0,0 | rotate 90",
    "matrix 4,-2,-1,20,-2,4,-1,0,-1,-2,4,-10 | blur 1",
    "flatten #08f | resize 31x",
    "linear resize 20x30:fit=fill | gray",
    "linear brightness 1.2 | blur 1 | flip h | pad 80x80:colour=#f80",
    "resize 200%:filter=lanczos3 | resize 150%:filter=lanczos3 | contrast 2",
    "box-blur 4 | gray",
    "sharpen 2:amount=3:channels=rgb",
    "sharpen 0.7:amount=6 | gray",
    "sharpen 2:threshold=12.3",
    "sharpen 1:threshold=9.7:channels=rgb | resize 50%",
    "sharpen 8:amount=1.5 | crop 60x40+3+1",
    "resize 70% | sharpen 1 | sharpen 1.5:amount=0.5",
    "gamma 1.4 | sharpen 1 | rotate 90 | saturation 1.3",
    "resize 40x | sharpen 1:channels=rgb | blur 0.8",
    "crop 32x16+2+2 | sharpen 1",
    "contrast 1.6 | sharpen 1:amount=2",
    "linear resize 30x | sharpen 1.2:amount=0.7",
    "exact colour hsv",
    "exact colour hsv | rotate 180",
    "colour hsv | colour srgb",
    "resize 50% | colour hsv | gray",
    "colour linear | blur 1 | colour srgb",
    "colour linear",
    "colour ycbcr | resize 35x",
    "resize 60% | colour lab",
    "colour lab | blur 1 | colour srgb",
    "colour lab | sharpen 1.5:amount=2 | colour srgb",
    "colour ycbcr | sharpen 1:amount=3:threshold=4",
    "colour hsv | sharpen 1 | colour srgb",
    "linear colour lab | blur 1 | colour ycbcr | colour hsv | colour gray",
    "icc-curves rotate 90",
    "icc-curves resize 40% | sharpen 1",
    "linear icc-curves resize 40x",
    "icc-table pad 80x:colour=#fa0",
    "icc-table resize 45x | gray",
    "linear icc-table blur 1",
    "overlay a:width=60%:margin=3%:opacity=0.7",
    "crop 31x27+2+4 | overlay a:gravity=centre:width=90% | overlay b:gravity=west:opacity=0.4",
    "resize 45x33:fit=fill | blur 1 | rotate 90 | overlay a:width=70%:gravity=northwest:margin=1",
    "resize 50% | overlay a:gravity=centre:width=150% | gray",
    "blur 1 | overlay a:gravity=northwest:height=9 | blur 1",
    "gray | overlay a:gravity=west | rotate 90",
    "linear resize 60% | overlay a:width=50%:opacity=0.5",
    "linear overlay a:width=50%:opacity=0.5",
    "overlay a:gravity=north | overlay b:gravity=south:margin=2 | pad 90x70:colour=#0f08",
    "pad 90x70:colour=#0f08 | overlay a:gravity=north | overlay b:gravity=south:margin=2",
    "colour lab | overlay a:gravity=centre:height=300%:margin=5",
};

/** A plan for a pipeline on a picture; NULL where the operation cannot apply to it. */
static clp_plan *make_plan(const char *pipeline, const clp_trial_kind *kind, const shape *s) {
    clproc_pipeline *ops = NULL;
    clproc_error error = {0};
    clp_plan *plan = NULL;
    clp_conversion *conversion = NULL;
    bool exact = strncmp(pipeline, "exact ", 6) == 0;
    const char *rest = pipeline + (exact ? 6 : 0);
    clp_trial_manner manner = clp_trial_read_manner(&rest);
    if (exact && (kind->model == CLP_MODEL_YCC || kind->model == CLP_MODEL_CMYK)) {
        return NULL;
    }
    if (clp_trial_conversion(&conversion, &manner, kind->model, &error) != CLPROC_OK) {
        fail_msg("%s: %s", pipeline, error.message);
    }
    assert_int_equal(clproc_pipeline_create(&ops, &error), CLPROC_OK);
    if (clproc_pipeline_parse(ops, rest, &error) != CLPROC_OK) {
        fail_msg("%s: %s", pipeline, error.message);
    }
    clproc_status status =
        clp_trial_plan(&plan, ops, manner.linear, conversion, kind, s->width, s->height, &error);
    clp_conversion_release(&conversion);
    clproc_pipeline_destroy(&ops);
    if (status != CLPROC_OK && status != CLPROC_ERROR_ARGUMENT) {
        fail_msg("%s on %s %ux%u: %s", pipeline, kind->name, s->width, s->height, error.message);
    }
    return plan;
}

/** One device as it is opened: which, and with which CLPROC_FORCE. */
typedef struct place {
    const char *selection, *force;
    clp_device *device;
} place;

static uint8_t *run_on(clp_device *device, clp_plan *plan, uint32_t seed) {
    clproc_error error = {0};
    uint8_t *out;
    if (clp_trial_run(&out, device, plan, seed, &error) != CLPROC_OK) {
        fail_msg("%s", error.message);
    }
    return out;
}

static bool same_samples(const clp_layout *layout, const uint8_t *a, const uint8_t *b) {
    for (uint32_t p = 0; p < layout->plane_count; p++) {
        const clp_plane *plane = &layout->planes[p];
        size_t row = (size_t)plane->width * plane->channels * (layout->depth / 8);
        for (uint32_t y = 0; y < plane->height; y++) {
            size_t at = plane->offset + y * plane->pitch;
            if (memcmp(a + at, b + at, row) != 0) {
                return false;
            }
        }
    }
    return true;
}

static void check_plan(clp_plan *plan, const char *what, const place *places, size_t place_count,
                       size_t *checked) {
    clproc_error error = {0};
    uint32_t seed = (uint32_t)(plan->input.width * 31 + plan->input.height);
    size_t samples = plan->output.bytes;
    uint8_t *input = calloc(1, plan->input.bytes), *reference = calloc(1, plan->output.bytes),
            *first = NULL;
    double *unrounded = calloc(samples, sizeof *unrounded);
    assert_true(input && reference && unrounded);
    clp_trial_fill(&plan->input, input, seed);
    assert_int_equal(clp_reference_run(plan, input, reference, unrounded, &error), CLPROC_OK);
    for (size_t i = 0; i < place_count; i++) {
        uint8_t *out = run_on(places[i].device, plan, seed);
        clp_comparison found = clp_compare(plan, out, reference, unrounded);
        if (!found.kept || (found.off == 0 && found.largest > 1)) {
            fail_msg("%s on %s (%s): off by %g, %g from the unrounded reference", what,
                     places[i].selection, places[i].force, found.largest, found.unrounded);
        }
        if (first && plan->output.depth == 8 && !same_samples(&plan->output, first, out)) {
            fail_msg("%s: %s (%s) gives other samples than %s", what, places[i].selection,
                     places[i].force, places[0].selection);
        }
        if (first) {
            clp_memory_free(out);
        } else {
            first = out;
        }
        ++*checked;
    }
    clp_memory_free(first);
    free(input);
    free(reference);
    free(unrounded);
}

/** Every pipeline: the list above and each operation's example. */
static const char *pipeline_at(size_t index, char *text, size_t size) {
    size_t listed = sizeof pipelines / sizeof *pipelines;
    if (index < listed) {
        return pipelines[index];
    }
    const clp_op *op = clp_ops_at(index - listed);
    snprintf(text, size, "%s %s", op ? op->name : "", op ? op->example : "");
    return op ? text : NULL;
}

static void check_all(const place *places, size_t place_count, size_t stride) {
    char text[256], what[400];
    size_t checked = 0, number = 0;
    for (size_t p = 0; pipeline_at(p, text, sizeof text); p++) {
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
                const char *pipeline = pipeline_at(p, text, sizeof text);
                if (number++ % stride) {
                    continue;
                }
                clp_plan *plan = make_plan(pipeline, &kinds[k], &shapes[s]);
                if (plan) {
                    snprintf(what, sizeof what, "\"%s\" on %s %ux%u", pipeline, kinds[k].name,
                             shapes[s].width, shapes[s].height);
                    check_plan(plan, what, places, place_count, &checked);
                    clp_plan_release(&plan);
                }
            }
        }
    }
    print_message("%zu results checked\n", checked);
    assert_true(checked > 500);
}

static void open_place(place *p) {
    clproc_error error = {0};
    setenv("CLPROC_FORCE", p->force, 1);
    clproc_status status =
        clp_device_open(&p->device, &(clp_device_params){.selection = p->selection}, &error);
    unsetenv("CLPROC_FORCE");
    if (status != CLPROC_OK) {
        fail_msg("device %s: %s", p->selection, error.message);
    }
}

/** Checks every stride-th case on devices, against the reference and each other. */
static void check_on(place *places, size_t count, size_t stride) {
    for (size_t i = 0; i < count; i++) {
        open_place(&places[i]);
    }
    check_all(places, count, stride);
    for (size_t i = 0; i < count; i++) {
        clp_device_close(&places[i].device);
    }
}

static void on_pocl(void **state) {
    (void)state;
    const char *pocl = need_pocl();
    place places[] = {{.selection = pocl, .force = ""},
                      {.selection = pocl, .force = "group discrete"}};
    /* Of every third, each pipeline has its share of the 112 pairs of kind and shape, and three
     * pipelines in a row have all. */
    check_on(places, 2, getenv("KERNELS_ALL") ? 1 : 3);
}

/** Groups of any size give the same bytes: one work-item, a row of a tile's, an odd number. */
static void in_small_groups(void **state) {
    (void)state;
    const char *pocl = need_pocl();
    place places[] = {{.selection = pocl, .force = ""},
                      {.selection = pocl, .force = "group limit=1"},
                      {.selection = pocl, .force = "group limit=32"},
                      {.selection = pocl, .force = "group limit=100"}};
    check_on(places, 4, 13);
}

static void on_rusticl(void **state) {
    (void)state;
    const char *pocl = need_pocl(), *rusticl = find_device(RUSTICL, "cpu");
    if (!rusticl) {
        SKIP_BECAUSE("rusticl has no llvmpipe");
    }
    place places[] = {{.selection = pocl, .force = ""},
                      {.selection = rusticl, .force = ""},
                      {.selection = rusticl, .force = "group"}};
    /* A prime stride: over the pipelines every shape and kind has its turn. */
    check_on(places, 3, 43);
}

static void on_gpu(void **state) {
    (void)state;
    const char *gpu = find_device(NULL, "gpu"), *pocl = find_device(POCL, "cpu");
    if (!gpu) {
        SKIP_BECAUSE("there is no GPU");
    }
    place places[] = {{.selection = gpu, .force = ""}, {.selection = pocl, .force = ""}};
    check_on(places, pocl ? 2 : 1, 1);
}

int main(void) {
    /* rusticl first: devices.same_bytes, which begins at the same time, then finds in Mesa's cache
     * what it wants later. */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_rusticl),
        cmocka_unit_test(on_pocl),
        cmocka_unit_test(in_small_groups),
        cmocka_unit_test(on_gpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
