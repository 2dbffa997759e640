/* Whole runs over generated pictures. */
#include "folder_fixture.h"

#include <jpeglib.h>

#include "meta/meta.h"

static const char everything[] = "resize 50x40:fit=cover | blur 1.2 | rotate 90 | saturation 1.3";

static void check_independence(const char *device) {
    static const int jobs[] = {1, 2, 8}, batches[] = {1, 3, 0};
    run_trial trial;
    tree first = {0};
    put_pictures(24);
    trial_init(&trial, device, everything);
    for (int i = 0; i < 9; i++) {
        trial.params.jobs = jobs[i / 3];
        trial.params.batch_images = batches[i % 3];
        trial.params.batch_bytes = i % 2 ? 20000 : 0;
        remove_tree("out");
        trial_expect(&trial, 24, 0);
        tree found = tree_of("out");
        assert_int_equal(found.files, 24);
        assert_int_equal(found.temporary, 0);
        first = i ? first : found;
        assert_int_equal(found.hash, first.hash);
    }
    trial_free(&trial);
}

static void test_reference_results_do_not_depend_on_workers(void **state) {
    (void)state;
    check_independence("reference");
}

static void test_device_results_do_not_depend_on_workers(void **state) {
    (void)state;
    check_independence(need_pocl());
}

static void test_device_agrees_with_reference(void **state) {
    (void)state;
    static const char *const names[] = {"sub/000", "001", "002",     "sub/003",
                                        "004",     "005", "sub/006", "007"};
    run_trial trial;
    const char *pocl = need_pocl();
    put_pictures(8);
    trial_init(&trial, pocl, everything);
    trial.params.format = CLPROC_FORMAT_PNG;
    trial_expect(&trial, 8, 0);
    trial.params.device = "reference";
    trial.params.output = "expected";
    trial_expect(&trial, 8, 0);
    for (size_t i = 0; i < 8; i++) {
        char path[64];
        decoded got, expected;
        snprintf(path, sizeof path, "out/%s.png", names[i]);
        get_picture(path, &got);
        snprintf(path, sizeof path, "expected/%s.png", names[i]);
        get_picture(path, &expected);
        assert_memory_equal(&got.layout, &expected.layout, sizeof got.layout);
        const clp_plane *plane = &got.layout.planes[0];
        bool deep = got.layout.depth == 16;
        for (uint32_t y = 0; y < plane->height; y++) {
            const uint8_t *a = got.base + y * plane->pitch, *b = expected.base + y * plane->pitch;
            for (uint32_t x = 0; x < plane->width * plane->channels; x++) {
                int difference =
                    deep ? ((const uint16_t *)a)[x] - ((const uint16_t *)b)[x] : a[x] - b[x];
                assert_in_range(difference + 8, deep ? 0 : 7, deep ? 16 : 9);
            }
        }
        drop_picture(&got);
        drop_picture(&expected);
    }
    trial_free(&trial);
}

static void test_bad_files_harm_no_other(void **state) {
    (void)state;
    clp_bytes bytes = {0};
    run_trial trial;
    tree without, with;
    put_pictures(30);
    trial_init(&trial, "reference", "resize 30x");
    trial_expect(&trial, 30, 0);
    without = tree_of("out");
    remove_tree("out");
    /* Truncated; not a picture though named; garbage in a folder is only skipped. */
    assert_int_equal(clp_file_read("in/001.png", 0, &bytes, NULL), CLPROC_OK);
    assert_int_equal(clp_file_write("in/bad.png", bytes.data, bytes.size / 2, false, NULL),
                     CLPROC_OK);
    assert_int_equal(clp_file_write("in/notes.txt", "hello", 5, false, NULL), CLPROC_OK);
    trial_expect(&trial, 30, 1);
    assert_string_equal(trial.told.failed, "in/bad.png");
    assert_int_equal(trial.told.status, CLPROC_ERROR_INPUT);
    assert_int_equal(trial.result.skipped, 1);
    assert_int_equal(trial.result.found, 32);
    with = tree_of("out");
    assert_int_equal(with.hash, without.hash);
    assert_int_equal(with.temporary, 0);

    const char *named[] = {"in/notes.txt", "in/missing.jpg", "in/002.jpg"};
    trial.params.inputs = named;
    trial.params.input_count = 3;
    trial_expect(&trial, 1, 2);
    clp_bytes_free(&bytes);
    trial_free(&trial);
}

static void test_fail_on_decides_about_truncated_files(void **state) {
    (void)state;
    static const bool fails[] = {false, true, true, true};
    clp_bytes bytes = {0};
    run_trial trial;
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    put_picture("in/a.jpg", &jpeg_420, 64, 64, 1, NULL);
    assert_int_equal(clp_file_read("in/a.jpg", 0, &bytes, NULL), CLPROC_OK);
    assert_int_equal(clp_file_write("in/a.jpg", bytes.data, bytes.size - 200, false, NULL),
                     CLPROC_OK);
    trial_init(&trial, "reference", "flip h");
    for (int level = CLPROC_FAIL_ON_NONE; level <= CLPROC_FAIL_ON_WARNING; level++) {
        trial.params.fail_on = (clproc_fail_on)level;
        trial_expect(&trial, !fails[level], fails[level]);
        assert_int_equal(trial.told.kinds[CLPROC_EVENT_WARNING], !fails[level]);
    }
    clp_bytes_free(&bytes);
    trial_free(&trial);
}

static void test_nothing_to_do_copies(void **state) {
    (void)state;
    run_trial trial;
    put_pictures(8);
    trial_init(&trial, "no such device", NULL); /* none is needed to copy */
    trial_expect(&trial, 8, 0);
    assert_int_equal(tree_of("out").hash, tree_of("in").hash);
    trial.params.reencode = true;
    assert_int_equal(trial_run(&trial), CLPROC_ERROR_NO_DEVICE);
    trial.params.device = "reference";
    trial_expect(&trial, 8, 0);
    assert_int_not_equal(tree_of("out").hash, tree_of("in").hash);
    /* Only what changes its format is encoded. */
    trial.params.reencode = false;
    trial.params.format = CLPROC_FORMAT_JPEG;
    trial.params.output = "jpegs";
    trial_expect(&trial, 8, 0);
    clp_bytes before = {0}, after = {0};
    assert_int_equal(clp_file_read("in/002.jpg", 0, &before, NULL), CLPROC_OK);
    assert_int_equal(clp_file_read("jpegs/002.jpg", 0, &after, NULL), CLPROC_OK);
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.data, after.data, before.size);
    clp_bytes_free(&before);
    clp_bytes_free(&after);
    trial_free(&trial);
}

static void test_existing_outputs_are_respected(void **state) {
    (void)state;
    run_trial trial;
    put_pictures(6);
    trial_init(&trial, "reference", "resize 20x");
    trial_expect(&trial, 6, 0);
    uint64_t hash = tree_of("out").hash;
    assert_int_equal(unlink("out/001.png"), 0);
    trial.params.existing = CLPROC_EXISTING_SKIP;
    trial_expect(&trial, 1, 0);
    assert_int_equal(trial.result.skipped, 5);
    assert_int_equal(tree_of("out").hash, hash);
    trial.params.existing = CLPROC_EXISTING_FAIL;
    trial_expect(&trial, 0, 6);
    assert_int_equal(trial.told.status, CLPROC_ERROR_IO);
    trial_free(&trial);
}

static void test_usage_errors_stop_before_work(void **state) {
    (void)state;
    run_trial trial;
    put_pictures(9);
    trial_init(&trial, "reference", "flip v");
    trial.params.output = "all/x.{ext}";
    assert_int_equal(trial_run(&trial), CLPROC_ERROR_ARGUMENT);
    trial.params.output = "in";
    assert_int_equal(trial_run(&trial), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(clp_file_write("file", "", 0, false, NULL), CLPROC_OK);
    trial.params.output = "file/out";
    assert_int_equal(trial_run(&trial), CLPROC_ERROR_IO);
    trial.params.output = "out";
    trial.params.quality = 0;
    assert_int_equal(trial_run(&trial), CLPROC_ERROR_ARGUMENT);
    trial.params.quality = 85;
    const char *empty = "empty";
    assert_int_equal(clp_file_make_folder(empty, NULL), CLPROC_OK);
    trial.params.inputs = &empty;
    assert_int_equal(trial_run(&trial), CLPROC_OK); /* that is no mistake */
    assert_int_equal(tree_of("all").files + tree_of("out").files, 0);
    assert_int_equal(trial.told.kinds[CLPROC_EVENT_DONE], 0);
    trial_free(&trial);
}

static void test_calls_that_cannot_be_meant(void **state) {
    const char *const inputs[] = {"in", NULL};
    clproc_run_params params;
    clproc_pipeline *pipeline;
    clproc_error error;
    (void)state;
    clproc_run_params_init(&params);
    params.inputs = inputs;
    params.output = "out";
    params.input_count = 2;
    assert_int_equal(clproc_run(&params, NULL, NULL, &error), CLPROC_ERROR_ARGUMENT);
    assert_string_equal(error.message, "input 2 is NULL");
    params.input_count = 1;
    params.output_count = 2;
    assert_int_equal(clproc_run(&params, NULL, NULL, &error), CLPROC_ERROR_ARGUMENT);
    assert_string_equal(error.message, "there are 2 further outputs, but `outputs` is NULL");

    assert_int_equal(clproc_pipeline_create(&pipeline, &error), CLPROC_OK);
    assert_int_equal(clproc_pipeline_add(pipeline, NULL, "2", &error), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(clproc_pipeline_add(NULL, "blur", "2", &error), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(clproc_pipeline_parse(pipeline, NULL, &error), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(clproc_pipeline_add(pipeline, "gray", NULL, &error), CLPROC_OK);
    assert_int_equal(clproc_pipeline_parse(pipeline, "resize 5x | blurr 2", &error),
                     CLPROC_ERROR_ARGUMENT);
    assert_int_equal(clproc_pipeline_length(pipeline), 1); /* nothing of it is left */
    assert_int_equal(clproc_pipeline_parse(pipeline, "resize 5x | blur 2", &error), CLPROC_OK);
    assert_int_equal(clproc_pipeline_length(pipeline), 3);
    clproc_pipeline_destroy(&pipeline);
}

static void test_second_of_a_late_clash_fails_alone(void **state) {
    (void)state;
    run_trial trial;
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    put_picture("in/a.jpg", &jpeg_420, 64, 48, 1, NULL);
    put_picture("in/b.jpg", &jpeg_420, 64, 48, 2, NULL);
    put_picture("in/c.jpg", &jpeg_420, 48, 64, 3, NULL);
    trial_init(&trial, "reference", "flip h");
    trial.params.output = "out/{width}x{height}.{ext}";
    trial.params.jobs = 1;
    trial_expect(&trial, 2, 1);
    assert_string_equal(trial.told.failed, "in/b.jpg");
    assert_non_null(strstr(trial.told.message, "in/a.jpg"));
    assert_int_equal(access("out/64x48.jpg", F_OK), 0);
    assert_int_equal(access("out/48x64.jpg", F_OK), 0);
    trial_free(&trial);
}

static void test_cancelling_leaves_only_whole_files(void **state) {
    (void)state;
    run_trial trial;
    put_pictures(60);
    trial_init(&trial, "reference", "resize 30x");
    trial.params.batch_images = 2;
    trial.told.stop_after = 5;
    assert_int_equal(trial_run(&trial), CLPROC_ERROR_CANCELLED);
    tree found = tree_of("out");
    assert_in_range(trial.result.written, 5, 20);
    assert_int_equal(found.files, trial.result.written);
    assert_int_equal(found.temporary, 0);
    trial.told.stop_after = 0;
    trial.params.existing = CLPROC_EXISTING_SKIP;
    trial_expect(&trial, 60 - trial.result.written, 0);
    uint64_t resumed = tree_of("out").hash;
    remove_tree("out");
    trial.params.existing = CLPROC_EXISTING_REPLACE;
    trial_expect(&trial, 60, 0);
    assert_int_equal(tree_of("out").hash, resumed);
    trial_free(&trial);
}

static long peak_resident_kib(void) {
    char line[256];
    long peak = 0;
    FILE *status = fopen("/proc/self/status", "r");
    assert_non_null(status);
    while (fgets(line, sizeof line, status)) {
        sscanf(line, "VmHWM: %ld", &peak);
    }
    fclose(status);
    return peak;
}

static void test_memory_does_not_grow_with_the_number_of_files(void **state) {
    (void)state;
    run_trial trial;
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    for (uint32_t i = 0; i < 300; i++) {
        char path[64];
        snprintf(path, sizeof path, "in/%03u.jpg", i);
        put_picture(path, &jpeg_420, 800, 600, i, NULL);
    }
    trial_init(&trial, "reference", "crop 200x200+100+100");
    const char *few[] = {"in/00?.jpg", "in/01?.jpg"};
    trial.params.inputs = few;
    trial.params.input_count = 2;
    trial.params.batch_images = 4;
    trial_expect(&trial, 20, 0);
    long before = peak_resident_kib();
    trial.params.inputs = &trial_input;
    trial.params.input_count = 1;
    trial_expect(&trial, 300, 0);
    assert_in_range(peak_resident_kib(), before, before + before / 10 + 1024);
    trial_free(&trial);
}

static void test_bound_of_memory(void **state) {
    (void)state;
    run_trial trial;
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    for (uint32_t i = 0; i < 12; i++) {
        char path[64];
        snprintf(path, sizeof path, "in/%03u.jpg", i);
        put_picture(path, &jpeg_420, i % 4 ? 200 : 600, 400, i, NULL);
    }
    trial_init(&trial, "reference", "flip h");
    trial_expect(&trial, 12, 0);
    uint64_t hash = tree_of("out").hash;
    /* In double precision 600 × 400 needs some 11 MB: one at a time, then none. */
    trial.params.memory = 13000000;
    trial_expect(&trial, 12, 0);
    assert_int_equal(tree_of("out").hash, hash);
    trial.params.memory = 8000000;
    trial_expect(&trial, 9, 3);
    assert_int_equal(trial.told.status, CLPROC_ERROR_LIMIT);
    trial_free(&trial);
}

/** A TIFF structure with the orientation alone, little-endian. */
static clp_block orientation_block(uint8_t bytes[26], uint8_t orientation) {
    static const uint8_t tiff[26] = {'I', 'I', 42,   0,    8, 0, 0, 0, /* first directory */
                                     1,   0,   0x12, 0x01, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0};
    memcpy(bytes, tiff, sizeof tiff);
    bytes[18] = orientation;
    return (clp_block){bytes, 26};
}

static void test_pictures_come_out_upright(void **state) {
    (void)state;
    static const picture_kind png = {CLPROC_FORMAT_PNG, CLP_MODEL_RGB, 8, 1, 1};
    uint8_t bytes[26];
    clp_block exif = orientation_block(bytes, 6);
    run_trial trial;
    decoded picture;
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    put_picture("in/a.jpg", &jpeg_420, 64, 32, 1, &exif);
    put_picture("in/b.png", &png, 64, 32, 1, &exif);
    trial_init(&trial, "reference", "crop 32x64+0+0");
    trial_expect(&trial, 2, 0);
    for (int i = 0; i < 2; i++) {
        get_picture(i ? "out/b.png" : "out/a.jpg", &picture);
        assert_int_equal(picture.header.width, 32);
        assert_int_equal(picture.header.height, 64);
        const clp_block *block = &picture.header.blocks.exif;
        assert_non_null(block->data);
        assert_int_equal(clp_exif_read(block->data, block->size).orientation, 1);
        drop_picture(&picture);
    }
    trial.params.no_auto_orient = true;
    clproc_pipeline_destroy(&trial.pipeline);
    trial.params.pipeline = NULL;
    trial.params.reencode = true;
    trial_expect(&trial, 2, 0);
    get_picture("out/a.jpg", &picture);
    assert_int_equal(picture.header.width, 64);
    const clp_block *kept = &picture.header.blocks.exif;
    assert_int_equal(clp_exif_read(kept->data, kept->size).orientation, 6);
    drop_picture(&picture);
    trial.params.strip = CLPROC_METADATA_EXIF;
    trial.params.format = CLPROC_FORMAT_PNG;
    trial_expect(&trial, 2, 0);
    get_picture("out/a.png", &picture);
    assert_null(picture.header.blocks.exif.data);
    drop_picture(&picture);
    trial_free(&trial);
}

/** Writes a CMYK JPEG of one colour, as Adobe stores it: 255 is no ink. */
static void put_cmyk(const char *path, const uint8_t colour[4]) {
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    uint8_t row[32 * 4];
    JSAMPROW rows[1] = {row};
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < sizeof row; i++) {
        row[i] = colour[i % 4];
    }
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    jpeg_stdio_dest(&info, file);
    info.image_width = info.image_height = 32;
    info.input_components = 4;
    info.in_color_space = JCS_CMYK;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, 100, TRUE);
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < 32) {
        jpeg_write_scanlines(&info, rows, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    fclose(file);
}

static void test_cmyk_becomes_rgb(void **state) {
    (void)state;
    static const uint8_t ink[4] = {200, 100, 255, 128};
    run_trial trial;
    decoded picture;
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    put_cmyk("in/a.jpg", ink);
    trial_init(&trial, "reference", "crop 16x16+8+8");
    trial.params.format = CLPROC_FORMAT_PNG;
    trial_expect(&trial, 1, 0);
    get_picture("out/a.png", &picture);
    assert_int_equal(picture.header.model, CLP_MODEL_RGB);
    assert_int_equal(picture.header.width, 16);
    for (int c = 0; c < 3; c++) {
        int expected = (ink[c] * ink[3] + 127) / 255;
        assert_in_range(picture.base[c], expected - 2, expected + 2);
    }
    drop_picture(&picture);
    trial_free(&trial);
}

static void test_dry_run_and_null_output_write_nothing(void **state) {
    (void)state;
    run_trial trial;
    put_pictures(10);
    trial_init(&trial, "no such device", "resize 20x");
    trial.params.dry_run = true;
    trial_expect(&trial, 10, 0);
    trial.params.device = "reference";
    trial.params.dry_run = false;
    trial.params.null_output = true;
    trial_expect(&trial, 10, 0);
    trial.params.output = NULL;
    trial_expect(&trial, 10, 0);
    assert_int_equal(access("out", F_OK), -1);
    trial_free(&trial);
}

static void test_missing_device_stops_the_run(void **state) {
    (void)state;
    run_trial trial;
    put_pictures(10);
    trial_init(&trial, "no such device", "resize 20x");
    assert_int_equal(trial_run(&trial), CLPROC_ERROR_NO_DEVICE);
    assert_int_equal(trial.result.written, 0);
    assert_int_equal(trial.told.kinds[CLPROC_EVENT_FAILED], 0);
    trial_free(&trial);
}

/** What no picture needs cannot stop a run, however soon it is known to be missing. */
static void test_device_that_nobody_needs(void **state) {
    static const char text[] = "\xff\xd8\xff\xe0 no picture";
    (void)state;
    run_trial trial;
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    for (int i = 0; i < 40; i++) {
        char path[32];
        snprintf(path, sizeof path, "in/%02d.jpg", i);
        assert_int_equal(clp_file_write(path, text, sizeof text, false, NULL), CLPROC_OK);
    }
    trial_init(&trial, "no such device", "resize 20x");
    trial_expect(&trial, 0, 40);
    trial_free(&trial);
}

static void test_profile_counts_what_was_done(void **state) {
    (void)state;
    run_trial trial;
    clproc_profile *profile = NULL;
    put_pictures(10);
    trial_init(&trial, "reference", "resize 20x");
    trial.params.profile = CLPROC_PROFILE_TRACE;
    assert_int_equal(clproc_run(&trial.params, &trial.result, &profile, &trial.error), CLPROC_OK);
    assert_non_null(profile);
    assert_int_equal(clproc_profile_write(profile, "r.json", &trial.error), CLPROC_OK);
    clproc_profile_destroy(&profile);
    clp_bytes bytes = {0};
    assert_int_equal(clp_file_read("r.json", 0, &bytes, NULL), CLPROC_OK);
    assert_int_equal(clp_bytes_append(&bytes, "", 1, NULL), CLPROC_OK);
    static const char *const stages[] = {"\"list\"",   "\"read\"",   "\"header\"", "\"plan\"",
                                         "\"decode\"", "\"encode\"", "\"write\"",  "\"reference\""};
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        assert_non_null(strstr((char *)bytes.data, stages[i]));
    }
    clp_bytes_free(&bytes);
    trial_free(&trial);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_reference_results_do_not_depend_on_workers),
        IN_SCRATCH(test_device_results_do_not_depend_on_workers),
        IN_SCRATCH(test_device_agrees_with_reference),
        IN_SCRATCH(test_bad_files_harm_no_other),
        IN_SCRATCH(test_fail_on_decides_about_truncated_files),
        IN_SCRATCH(test_nothing_to_do_copies),
        IN_SCRATCH(test_existing_outputs_are_respected),
        IN_SCRATCH(test_usage_errors_stop_before_work),
        IN_SCRATCH(test_calls_that_cannot_be_meant),
        IN_SCRATCH(test_second_of_a_late_clash_fails_alone),
        IN_SCRATCH(test_cancelling_leaves_only_whole_files),
        IN_SCRATCH(test_memory_does_not_grow_with_the_number_of_files),
        IN_SCRATCH(test_bound_of_memory),
        IN_SCRATCH(test_pictures_come_out_upright),
        IN_SCRATCH(test_cmyk_becomes_rgb),
        IN_SCRATCH(test_dry_run_and_null_output_write_nothing),
        IN_SCRATCH(test_missing_device_stops_the_run),
        IN_SCRATCH(test_device_that_nobody_needs),
        IN_SCRATCH(test_profile_counts_what_was_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
