/* Pictures in memory, by the public API alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "devices.h"

static int open_context(void **state) {
    clproc_context_params params;
    clproc_context *context = NULL;
    clproc_context_params_init(&params);
    params.device = "reference";
    assert_int_equal(clproc_context_create(&context, &params, NULL), CLPROC_OK);
    *state = context;
    return 0;
}

static int close_context(void **state) {
    clproc_context *context = *state;
    clproc_context_destroy(&context);
    assert_null(context);
    clproc_context_destroy(&context);
    return 0;
}

/** A picture with a wide pitch whose samples tell their place. */
static clproc_image make_image(uint32_t width, uint32_t height, uint32_t channels, uint32_t depth) {
    clproc_image image = {.width = width, .height = height, .channels = channels, .depth = depth};
    size_t samples = (size_t)width * channels;
    image.pitch = samples * depth / 8 + 6;
    image.pixels = malloc(image.pitch * height);
    assert_non_null(image.pixels);
    for (uint32_t y = 0; y < height; y++) {
        uint8_t *row = (uint8_t *)image.pixels + y * image.pitch;
        for (size_t i = 0; i < samples; i++) {
            uint16_t value = (uint16_t)(i * 251 + y * 977);
            if (depth == 16) {
                memcpy(row + 2 * i, &value, 2);
            } else {
                row[i] = (uint8_t)value;
            }
        }
    }
    return image;
}

static void test_nothing_to_do_gives_the_same_pixels(void **state) {
    clproc_error error;
    for (uint32_t channels = 1; channels <= 4; channels++) {
        for (uint32_t depth = 8; depth <= 16; depth += 8) {
            clproc_image in = make_image(17 * channels, 9 + depth, channels, depth), out;
            assert_int_equal(clproc_process(*state, NULL, &in, &out, &error), CLPROC_OK);
            assert_int_equal(out.width, in.width);
            assert_int_equal(out.height, in.height);
            assert_int_equal(out.channels, channels);
            assert_int_equal(out.depth, depth);
            for (uint32_t y = 0; y < in.height; y++) {
                assert_memory_equal((uint8_t *)out.pixels + y * out.pitch,
                                    (uint8_t *)in.pixels + y * in.pitch,
                                    (size_t)in.width * channels * depth / 8);
            }
            clproc_image_free(&out);
            assert_null(out.pixels);
            free(in.pixels);
        }
    }
}

static void test_operations_run_in_order(void **state) {
    clproc_pipeline *pipeline = NULL;
    clproc_image in = make_image(31, 20, 3, 8), out;
    assert_int_equal(clproc_pipeline_create(&pipeline, NULL), CLPROC_OK);
    assert_int_equal(clproc_pipeline_parse(pipeline, "crop 10x5+3+2 | rotate 90", NULL), CLPROC_OK);
    assert_int_equal(clproc_process(*state, pipeline, &in, &out, NULL), CLPROC_OK);
    assert_int_equal(out.width, 5);
    assert_int_equal(out.height, 10);
    for (uint32_t y = 0; y < 10; y++) {
        for (uint32_t x = 0; x < 5; x++) {
            /* Clockwise: the bottom row becomes the left column. */
            const uint8_t *from = (uint8_t *)in.pixels + (2 + 4 - x) * in.pitch + (3 + y) * 3;
            assert_memory_equal((uint8_t *)out.pixels + y * out.pitch + x * 3, from, 3);
        }
    }
    clproc_image_free(&out);
    clproc_pipeline_destroy(&pipeline);
    free(in.pixels);
}

/** Where a blur leaves nothing of the alpha around a pixel, there is no detail to add to it. */
static void test_sharpening_a_lone_pixel(void **state) {
    (void)state;
    static const uint8_t lone[4] = {200, 100, 50, 30};
    enum { SIDE = 61 };
    const char *devices[] = {"reference", find_device(POCL, "cpu")};
    clproc_pipeline *pipeline = NULL;
    assert_int_equal(clproc_pipeline_create(&pipeline, NULL), CLPROC_OK);
    assert_int_equal(clproc_pipeline_parse(pipeline, "sharpen 8:amount=2", NULL), CLPROC_OK);
    for (size_t i = 0; i < 2 && devices[i]; i++) {
        clproc_context_params params;
        clproc_context *context = NULL;
        clproc_image in = make_image(SIDE, SIDE, 4, 8), out;
        uint8_t *middle = (uint8_t *)in.pixels + SIDE / 2 * in.pitch + SIDE / 2 * 4;
        memset(in.pixels, 0, in.pitch * SIDE);
        memcpy(middle, lone, 4);
        clproc_context_params_init(&params);
        params.device = devices[i];
        assert_int_equal(clproc_context_create(&context, &params, NULL), CLPROC_OK);
        assert_int_equal(clproc_process(context, pipeline, &in, &out, NULL), CLPROC_OK);
        assert_memory_equal((uint8_t *)out.pixels + SIDE / 2 * out.pitch + SIDE / 2 * 4, lone, 4);
        clproc_image_free(&out);
        clproc_context_destroy(&context);
        free(in.pixels);
    }
    clproc_pipeline_destroy(&pipeline);
}

static void test_failures_leave_the_context_usable(void **state) {
    clproc_pipeline *pipeline = NULL;
    clproc_error error = {0};
    clproc_image in = make_image(8, 8, 3, 8), out, broken = in;
    broken.channels = 5;
    assert_int_equal(clproc_process(*state, NULL, &broken, &out, &error), CLPROC_ERROR_ARGUMENT);
    assert_true(error.message[0] != '\0');
    broken = in;
    broken.pitch = 23;
    assert_int_equal(clproc_process(*state, NULL, &broken, &out, &error), CLPROC_ERROR_ARGUMENT);
    broken = in;
    broken.width = 0;
    assert_int_equal(clproc_process(*state, NULL, &broken, &out, &error), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(clproc_pipeline_create(&pipeline, NULL), CLPROC_OK);
    assert_int_equal(clproc_pipeline_add(pipeline, "crop", "4x4+100+100", NULL), CLPROC_OK);
    assert_int_not_equal(clproc_process(*state, pipeline, &in, &out, &error), CLPROC_OK);
    assert_null(out.pixels);
    assert_int_equal(clproc_process(NULL, NULL, &in, &out, &error), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(clproc_process(*state, NULL, &in, &out, &error), CLPROC_OK);
    clproc_image_free(&out);
    clproc_pipeline_destroy(&pipeline);
    free(in.pixels);
}

static void test_limits(void **state) {
    (void)state;
    clproc_context_params params;
    clproc_context *context = NULL;
    clproc_pipeline *pipeline = NULL;
    clproc_error error = {0};
    clproc_image in = make_image(8, 8, 3, 8), out;
    clproc_context_params_init(&params);
    params.device = "reference";
    assert_int_equal(clproc_pipeline_create(&pipeline, NULL), CLPROC_OK);
    assert_int_equal(clproc_pipeline_add(pipeline, "resize", "60000x60000!", NULL), CLPROC_OK);
    assert_int_equal(clproc_context_create(&context, &params, &error), CLPROC_OK);
    assert_int_equal(clproc_process(context, pipeline, &in, &out, &error), CLPROC_ERROR_LIMIT);
    assert_null(out.pixels);
    /* The same picture as input and result would lose its pixels. */
    assert_int_equal(clproc_process(context, NULL, &in, &in, &error), CLPROC_ERROR_ARGUMENT);
    assert_non_null(in.pixels);
    clproc_context_destroy(&context);
    params.limits.side = 7;
    assert_int_equal(clproc_context_create(&context, &params, &error), CLPROC_OK);
    assert_int_equal(clproc_process(context, NULL, &in, &out, &error), CLPROC_ERROR_LIMIT);
    clproc_context_destroy(&context);
    clproc_pipeline_destroy(&pipeline);
    free(in.pixels);
}

static clproc_status process(clproc_context *context, const clproc_image *in) {
    clproc_image out = {0};
    clproc_status status = clproc_process(context, NULL, in, &out, NULL);
    clproc_image_free(&out);
    return status;
}

static void test_pictures_that_are_not_sound(void **state) {
    static uint16_t samples[256];
    static const size_t pitches[] = {0,
                                     11,
                                     SIZE_MAX,
                                     SIZE_MAX - 63,
                                     (size_t)1 << 62,
                                     (size_t)1 << 63,
                                     (size_t)PTRDIFF_MAX / 4 + 1};
    clproc_image image = {samples, 12, 4, 4, 3, 8};
    assert_int_equal(process(*state, &image), CLPROC_OK);
    for (size_t i = 0; i < sizeof pitches / sizeof *pitches; i++) {
        image.pitch = pitches[i];
        assert_int_equal(process(*state, &image), CLPROC_ERROR_ARGUMENT);
    }
    image = (clproc_image){samples, 24, 4, 4, 3, 16};
    assert_int_equal(process(*state, &image), CLPROC_OK);
    image.pitch = 25;
    assert_int_equal(process(*state, &image), CLPROC_ERROR_ARGUMENT);
    image.pitch = 24;
    image.pixels = (uint8_t *)samples + 1;
    assert_int_equal(process(*state, &image), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(process(*state, NULL), CLPROC_ERROR_ARGUMENT);
}

/** What the header says of all functions: NULLs are refused, and released without harm. */
static void test_nulls(void **state) {
    (void)state;
    static const char *const names[] = {"a", NULL};
    clproc_error error;
    clproc_profile *profile = NULL;
    const clproc_profile *const none[] = {NULL};
    clproc_diff *diff = NULL;
    clproc_context_destroy(NULL);
    clproc_pipeline_destroy(NULL);
    clproc_profile_destroy(NULL);
    clproc_diff_destroy(NULL);
    clproc_image_free(NULL);
    clproc_devices_free(NULL);

    clproc_index_params index;
    clproc_index_params_init(&index);
    index.inputs = names;
    index.input_count = 1;
    index.output = "none.csv";
    index.models = names;
    index.model_count = 2;
    assert_int_equal(clproc_index(&index, NULL, &error), CLPROC_ERROR_ARGUMENT);
    assert_string_equal(error.message, "model 2 is NULL");
    index.models = NULL;
    assert_int_equal(clproc_index(&index, NULL, &error), CLPROC_ERROR_ARGUMENT);
    clproc_index_merge_params merge = {.indexes = names, .index_count = 2, .output = "none.csv"};
    assert_int_equal(clproc_index_merge(&merge, NULL, &error), CLPROC_ERROR_ARGUMENT);
    assert_string_equal(error.message, "index 2 is NULL");
    clproc_score_params score;
    clproc_score_params_init(&score);
    score.models = names + 1;
    score.model_count = 1;
    score.table = score.output = "none.csv";
    assert_int_equal(clproc_score(&score, NULL, &error), CLPROC_ERROR_ARGUMENT);
    assert_string_equal(error.message, "model 1 is NULL");
    assert_int_equal(clproc_profile_merge(&profile, none, 1, &error), CLPROC_ERROR_ARGUMENT);
    assert_string_equal(error.message, "profile 1 is NULL");
    assert_int_equal(clproc_diff_create(&diff, none, 1, none, 1, NULL), CLPROC_ERROR_ARGUMENT);
    assert_null(diff);
    assert_int_equal(clproc_samples(NULL, NULL), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(clproc_stress(NULL, stdout, NULL, NULL, NULL), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(clproc_analyse(NULL, NULL), CLPROC_ERROR_ARGUMENT);

    clproc_run_params run;
    clproc_run_params_init(&run);
    run.inputs = names;
    run.input_count = 1;
    run.output = "none";
    run.index = &index;
    index.model_count = 1;
    assert_int_equal(clproc_run(&run, NULL, NULL, &error), CLPROC_ERROR_ARGUMENT);
    assert_string_equal(error.message, "model 1 is NULL");
    clproc_stress_params stress;
    clproc_stress_params_init(&stress);
    stress.operation_count = 1;
    assert_int_equal(clproc_stress(&stress, stdout, NULL, NULL, &error), CLPROC_ERROR_ARGUMENT);
    assert_string_equal(error.message, "operation 1 is NULL");
    stress.operations = names + 1;
    assert_int_equal(clproc_stress(&stress, stdout, NULL, NULL, &error), CLPROC_ERROR_ARGUMENT);
}

/** Calls that have nowhere to put what they find. */
static void test_no_place(void **state) {
    clproc_context_params params;
    clproc_device_info *list;
    size_t count;
    double number;
    (void)state;
    clproc_context_params_init(&params);
    assert_int_equal(clproc_context_create(NULL, &params, NULL), CLPROC_ERROR_ARGUMENT);
    assert_null(clproc_context_device(NULL));
    assert_int_equal(clproc_pipeline_create(NULL, NULL), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(clproc_devices(NULL, &count, NULL), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(clproc_devices(&list, NULL, NULL), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(clproc_metadata_parse("gps", true, NULL, NULL), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(clproc_strategy_parse("naive", NULL, NULL), CLPROC_ERROR_ARGUMENT);
    assert_null(clproc_number_read(NULL, &number));
    assert_null(clproc_number_read("1", NULL));
}

/** Results are filled in, and pictures empty, after whatever failure. */
static void test_results_of_refused_calls(void **state) {
    clproc_run_params run;
    clproc_run_result ran;
    clproc_index_params index;
    clproc_index_merge_params merge = {0};
    clproc_index_result indexed, merged;
    clproc_score_params score;
    clproc_score_result scored;
    clproc_image in = {0}, out;
    memset(&ran, 77, sizeof ran);
    memset(&indexed, 77, sizeof indexed);
    memset(&merged, 77, sizeof merged);
    memset(&scored, 77, sizeof scored);
    memset(&out, 77, sizeof out);
    clproc_run_params_init(&run);
    clproc_index_params_init(&index);
    clproc_score_params_init(&score);
    assert_int_equal(clproc_run(&run, &ran, NULL, NULL), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(clproc_run(NULL, &ran, NULL, NULL), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(clproc_index(&index, &indexed, NULL), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(clproc_index_merge(&merge, &merged, NULL), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(clproc_score(&score, &scored, NULL), CLPROC_ERROR_ARGUMENT);
    assert_true(ran.found == 0 && ran.failed == 0 && ran.device[0] == '\0');
    assert_true(indexed.found == 0 && merged.found == 0 && scored.rows == 0);
    assert_int_equal(clproc_process(NULL, NULL, &in, &out, NULL), CLPROC_ERROR_ARGUMENT);
    assert_null(out.pixels);
    memset(&out, 77, sizeof out);
    assert_int_equal(clproc_process(*state, NULL, NULL, &out, NULL), CLPROC_ERROR_ARGUMENT);
    assert_null(out.pixels);
}

static void test_values_out_of_range(void **state) {
    (void)state;
    static const char *const names[] = {"none.jpg"};
    clproc_run_params usual;
    clproc_run_params_init(&usual);
    usual.inputs = names;
    usual.input_count = 1;
    usual.output = "none";
    usual.device = "reference";
    clproc_run_params wrong[] = {usual, usual, usual, usual, usual};
    wrong[0].profile = (clproc_profile_level)9;
    wrong[1].preserve = 255;
    wrong[2].strip = UINT32_MAX;
    wrong[3].keep = UINT32_MAX;
    wrong[4].strategy = UINT32_MAX;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(clproc_run(&wrong[i], NULL, NULL, NULL), CLPROC_ERROR_ARGUMENT);
    }
    clproc_samples_params samples;
    clproc_samples_params_init(&samples);
    samples.output = "none";
    samples.jobs = -42;
    assert_int_equal(clproc_samples(&samples, NULL), CLPROC_ERROR_ARGUMENT);
}

static void test_unknown_device(void **state) {
    (void)state;
    clproc_context_params params = {.device = "no such device"};
    clproc_context *context = NULL;
    clproc_error error;
    assert_int_equal(clproc_context_create(&context, &params, &error), CLPROC_ERROR_NO_DEVICE);
    assert_null(context);
}

/** An overlay is read at its first use with a context: after that its file may go. */
static void test_overlays_are_kept(void **state) {
    char folder[] = "/tmp/clproc-overlay-XXXXXX", file[100], value[200];
    clproc_samples_params samples;
    clproc_pipeline *pipeline = NULL;
    clproc_image in = make_image(40, 30, 3, 8), first, second;
    clproc_error error;
    assert_non_null(mkdtemp(folder));
    clproc_samples_params_init(&samples);
    samples.output = folder;
    samples.count = 1;
    samples.width = 20;
    samples.height = 10;
    samples.kind = CLPROC_SAMPLES_PNG;
    assert_int_equal(clproc_samples(&samples, &error), CLPROC_OK);
    snprintf(file, sizeof file, "%s/000-png-rgb.png", folder);
    snprintf(value, sizeof value, "%s:gravity=northwest", file);
    assert_int_equal(clproc_pipeline_create(&pipeline, &error), CLPROC_OK);
    assert_int_equal(clproc_pipeline_add(pipeline, "overlay", value, &error), CLPROC_OK);
    assert_int_equal(clproc_process(*state, pipeline, &in, &first, &error), CLPROC_OK);
    assert_int_equal(remove(file), 0);
    assert_int_equal(clproc_process(*state, pipeline, &in, &second, &error), CLPROC_OK);
    assert_memory_equal(first.pixels, second.pixels, first.pitch * first.height);
    /* Of each row the first half is covered at most. */
    for (uint32_t y = 0; y < in.height; y++) {
        const uint8_t *row = (uint8_t *)first.pixels + y * first.pitch;
        const uint8_t *source = (uint8_t *)in.pixels + y * in.pitch;
        assert_memory_equal(row + 60, source + 60, 60);
        assert_true(memcmp(row, source, 60) == 0 ? y >= 10 : y < 10);
    }
    clproc_image_free(&first);
    clproc_image_free(&second);
    clproc_pipeline_destroy(&pipeline);

    assert_int_equal(clproc_pipeline_create(&pipeline, &error), CLPROC_OK);
    snprintf(value, sizeof value, "%s/missing.png", folder);
    assert_int_equal(clproc_pipeline_add(pipeline, "overlay", value, &error), CLPROC_OK);
    assert_int_equal(clproc_process(*state, pipeline, &in, &first, &error), CLPROC_ERROR_ARGUMENT);
    assert_string_equal(error.file, value);
    clproc_pipeline_destroy(&pipeline);
    assert_int_equal(remove(folder), 0);
    free(in.pixels);
}

/** Drivers have threads, which a child of fork() lacks: it is told so, and does not wait for them.
 */
static void test_drivers_are_not_for_forked_children(void **state) {
    clproc_context_params params = {.device = need_pocl()};
    clproc_context *context = NULL;
    clproc_error error = {0};
    (void)state;
    if (clproc_context_create(&context, &params, &error) != CLPROC_OK) {
        fail_msg("%s", error.message);
    }
    pid_t child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        clproc_context *second = NULL, *reference = NULL;
        alarm(60);
        bool told = clproc_context_create(&second, &params, &error) == CLPROC_ERROR_NO_DEVICE &&
                    strstr(error.message, "fork()") != NULL;
        params.device = "reference";
        told = told && clproc_context_create(&reference, &params, &error) == CLPROC_OK;
        _exit(told ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    clproc_context_destroy(&context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_to_do_gives_the_same_pixels),
        cmocka_unit_test(test_operations_run_in_order),
        cmocka_unit_test(test_sharpening_a_lone_pixel),
        cmocka_unit_test(test_failures_leave_the_context_usable),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_pictures_that_are_not_sound),
        cmocka_unit_test(test_nulls),
        cmocka_unit_test(test_no_place),
        cmocka_unit_test(test_results_of_refused_calls),
        cmocka_unit_test(test_values_out_of_range),
        cmocka_unit_test(test_unknown_device),
        cmocka_unit_test(test_drivers_are_not_for_forked_children),
        cmocka_unit_test(test_overlays_are_kept),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
