/** JPEG from the device: the same files, byte for byte, as libjpeg writes. */
#include "jpeg_fixture.h"

#include "codec/jpeg_scan_trial.h"
#include "codec/jpeg_scan_write.h"

static const char *platform;
static machine device;
static clp_jpeg_codec *codec;
static clp_encoder *encoder, *oracle;

static int start(void **state) {
    clproc_error error;
    (void)state;
    assert_true(open_machine(&device, platform));
    assert_int_equal(clp_jpeg_codec_open(&codec, device.context, device.id, NULL, 0, &error),
                     CLPROC_OK);
    assert_int_equal(clp_encoder_create(&encoder, &error), CLPROC_OK);
    assert_int_equal(clp_encoder_create(&oracle, &error), CLPROC_OK);
    return 0;
}

static int stop(void **state) {
    (void)state;
    if (codec) {
        clp_encoder_destroy(&encoder);
        clp_encoder_destroy(&oracle);
        clp_jpeg_codec_close(&codec);
        close_machine(&device);
        codec = NULL;
    }
    return 0;
}

/** A picture to encode. */
typedef struct work {
    clp_layout layout;
    uint8_t *base;
    clp_encode_params params;
    jpeg_encode_tables tables;
} work;

static work make_work(uint32_t width, uint32_t height, uint32_t h_step, uint32_t v_step,
                      int quality, drawing kind, uint32_t seed) {
    work w = {.layout = {.depth = 8, .width = width, .height = height},
              .params = {.format = CLPROC_FORMAT_JPEG, .quality = quality}};
    clproc_error error;
    w.layout.model = h_step ? CLP_MODEL_YCC : CLP_MODEL_GRAY;
    w.layout.plane_count = h_step ? 3 : 1;
    for (uint32_t i = 0; i < 3; i++) {
        w.layout.planes[i].h_step = i && h_step ? h_step : 1;
        w.layout.planes[i].v_step = i && v_step ? v_step : 1;
    }
    assert_true(clp_layout_place(&w.layout));
    w.base = aligned_alloc(CLP_PITCH_ALIGN, w.layout.bytes);
    assert_non_null(w.base);
    memset(w.base, 0xEE, w.layout.bytes);
    for (uint32_t p = 0; p < w.layout.plane_count; p++) {
        const clp_plane *plane = &w.layout.planes[p];
        for (uint32_t y = 0; y < plane->height; y++) {
            for (uint32_t x = 0; x < plane->width; x++) {
                w.base[plane->offset + y * plane->pitch + x] = draw_sample(kind, x, y, p, &seed);
            }
        }
    }
    assert_int_equal(clp_jpeg_encode_tables_make(&w.tables, quality, &error), CLPROC_OK);
    return w;
}

/** The device's file against libjpeg's. */
static void compare_file(work *w, const uint8_t *scan, uint32_t bits, const char *name) {
    const uint8_t *made, *wanted;
    size_t size, wanted_size;
    clproc_error error;
    assert_int_equal(
        clp_encoder_write_scan(encoder, &w->layout, &w->params, scan, bits, &made, &size, &error),
        CLPROC_OK);
    assert_int_equal(
        clp_encoder_write(oracle, &w->layout, w->base, &w->params, &wanted, &wanted_size, &error),
        CLPROC_OK);
    for (size_t i = 0; i < size && i < wanted_size; i++) {
        if (made[i] != wanted[i]) {
            fail_msg("%s: byte %zu of %zu is %u, libjpeg's %u", name, i, wanted_size, made[i],
                     wanted[i]);
        }
    }
    if (size != wanted_size) {
        fail_msg("%s: %zu bytes, libjpeg has %zu", name, size, wanted_size);
    }
}

static uint32_t room;      /* for the last picture's scan, bytes; 0: plenty */
static uint32_t last_bits; /* of that scan */

/** Encodes all pictures in one batch and frees them; returns how many had no room. */
static uint32_t try_works(clp_jpeg_codec *with, work *works, uint32_t count, uint32_t block_bits,
                          const char *name) {
    enum { BEHIND = 4096 }; /* bytes that nobody may write */
    clp_jpeg_encode_picture *pictures = calloc(count, sizeof *pictures);
    size_t plane_bytes = 0, scan_bytes = 0;
    uint32_t crowded = 0;
    clproc_error error;
    clp_jpeg_encode_plan plan;
    for (uint32_t i = 0; i < count; i++) {
        pictures[i] = (clp_jpeg_encode_picture){
            .layout = &works[i].layout,
            .base = plane_bytes,
            .tables = &works[i].tables,
            .output = scan_bytes,
            .output_bytes = (uint32_t)((works[i].layout.bytes * 4 + 4096) / 4 * 4)};
        if (i + 1 == count && room) {
            pictures[i].output_bytes = room;
        }
        plane_bytes += works[i].layout.bytes;
        scan_bytes += pictures[i].output_bytes;
    }
    clproc_status status = clp_jpeg_encode_plan_batch(
        with, pictures, count, block_bits, 0, count * sizeof(jpeg_encode_result), &plan, &error);
    if (status != CLPROC_OK) {
        fail_msg("%s", error.message);
    }
    uint8_t *planes = malloc(plane_bytes), *scans = malloc(scan_bytes + BEHIND),
            *jobs = malloc(plan.job_bytes);
    jpeg_encode_result *results = malloc(count * sizeof *results);
    assert_true(planes && scans && jobs && results);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(planes + pictures[i].base, works[i].base, works[i].layout.bytes);
    }
    clp_jpeg_encode_jobs(&plan, pictures, jobs);
    cl_mem buffers[] = {make_buffer(&device, planes, plane_bytes),
                        make_buffer(&device, jobs, plan.job_bytes),
                        make_buffer(&device, NULL, plan.work_bytes),
                        make_buffer(&device, NULL, scan_bytes + BEHIND)};
    clp_jpeg_queue queue = {.queue = device.queue};
    status = clp_jpeg_encode_enqueue(with, &plan, buffers[0], buffers[1], 0, buffers[2], buffers[3],
                                     &queue, &error);
    if (status != CLPROC_OK) {
        fail_msg("%s", error.message);
    }
    assert_cl(clEnqueueReadBuffer(device.queue, buffers[2], CL_TRUE, 0, count * sizeof *results,
                                  results, 0, NULL, NULL));
    assert_cl(clEnqueueReadBuffer(device.queue, buffers[3], CL_TRUE, 0, scan_bytes + BEHIND, scans,
                                  0, NULL, NULL));
    for (size_t i = scan_bytes; i < scan_bytes + BEHIND; i++) {
        assert_int_equal(scans[i], old_memory);
    }
    last_bits = results[count - 1].bits;
    for (uint32_t i = 0; i < count; i++) {
        char told[160];
        snprintf(told, sizeof told, "%s, picture %u (%ux%u, q%d)", name, i, works[i].layout.width,
                 works[i].layout.height, works[i].params.quality);
        crowded += results[i].crowded != 0;
        if (!results[i].crowded) {
            compare_file(&works[i], scans + pictures[i].output, results[i].bits, told);
        }
        free(works[i].base);
    }
    for (int i = 0; i < 4; i++) {
        assert_cl(clReleaseMemObject(buffers[i]));
    }
    free(planes);
    free(scans);
    free(jobs);
    free(results);
    free(pictures);
    return crowded;
}

static const uint32_t steps[][2] = {{0, 0}, {1, 1}, {2, 2}, {2, 1}, {1, 2}, {4, 1}, {4, 2}};

enum { STEPS = sizeof steps / sizeof steps[0] };

static void every_sampling_and_size(void **state) {
    static const uint32_t sides[] = {1, 7, 8, 9, 16, 17, 33, 64, 131};
    (void)state;
    for (uint32_t s = 0; s < STEPS; s++) {
        work works[81];
        for (uint32_t i = 0; i < 81; i++) {
            works[i] = make_work(sides[i / 9], sides[i % 9], steps[s][0], steps[s][1],
                                 30 + (int)i % 65, DRAW_WAVES, i);
        }
        assert_int_equal(try_works(codec, works, 81, CLP_JPEG_BLOCK_BITS_MOST, "sizes"), 0);
    }
}

/** All there can be in blocks, at every quality that makes a difference. */
static void extremes(void **state) {
    static const int qualities[] = {1, 10, 50, 75, 90, 95, 100};
    (void)state;
    for (drawing kind = DRAW_WAVES; kind <= DRAW_EXTREMES; kind++) {
        work works[14];
        for (uint32_t i = 0; i < 14; i++) {
            works[i] = make_work(300, 200, i % 2, i % 2, qualities[i / 2], kind, i);
        }
        assert_int_equal(try_works(codec, works, 14, CLP_JPEG_BLOCK_BITS_MOST, "extremes"), 0);
    }
}

static void groups_of_any_size(void **state) {
    (void)state;
    for (uint32_t group = 1; group <= 64; group *= 4) {
        clp_jpeg_codec *narrow = NULL;
        clproc_error error;
        work works[2] = {make_work(203, 99, 2, 2, 88, DRAW_WAVES, 1),
                         make_work(90, 120, 0, 0, 70, DRAW_NOISE, 2)};
        assert_int_equal(
            clp_jpeg_codec_open(&narrow, device.context, device.id, NULL, group, &error),
            CLPROC_OK);
        assert_int_equal(try_works(narrow, works, 2, CLP_JPEG_BLOCK_BITS, "groups"), 0);
        clp_jpeg_codec_close(&narrow);
    }
}

/** What has no room is told, and does the others of its batch no harm. */
static void crowded(void **state) {
    (void)state;
    work works[3] = {make_work(203, 99, 2, 2, 88, DRAW_WAVES, 1),
                     make_work(160, 160, 1, 1, 100, DRAW_NOISE, 2),
                     make_work(90, 120, 0, 0, 70, DRAW_WAVES, 3)};
    assert_int_equal(try_works(codec, works, 3, 256, "crowded"), 1);
}

/** A scan may fill its room to the last word; one that would go on beyond it is not written. */
static void full_to_the_last_word(void **state) {
    (void)state;
    for (int short_of = -1; short_of < 3; short_of++) {
        work works[2] = {make_work(90, 120, 0, 0, 70, DRAW_WAVES, 3),
                         make_work(203, 99, 2, 2, 88, DRAW_WAVES, 1)};
        uint32_t words = (last_bits + 31) / 32;
        room = short_of < 0 ? 0 : short_of < 2 ? 4 * (words - (uint32_t)short_of) : 4;
        assert_int_equal(try_works(codec, works, 2, CLP_JPEG_BLOCK_BITS, "full"), short_of > 0);
    }
    room = 0;
}

/** The check that decides whether the codec is used: it passes, and sees a difference. */
static void self_check(void **state) {
    clp_jpeg_trial trials[CLP_JPEG_TRIALS];
    clproc_error error;
    bool same;
    (void)state;
    assert_int_equal(clp_jpeg_trials_make(trials, &error), CLPROC_OK);
    assert_int_equal(clp_jpeg_codec_check(codec, device.queue, trials, &same, &error), CLPROC_OK);
    assert_true(same);
    for (uint32_t i = 0; i < CLP_JPEG_TRIALS; i++) {
        uint8_t *sample = trials[i].planes + trials[i].layout.planes[0].offset + 7;
        *sample ^= 1;
        assert_int_equal(clp_jpeg_codec_check(codec, device.queue, trials, &same, &error),
                         CLPROC_OK);
        assert_false(same);
        *sample ^= 1;
        trials[i].scan[trials[i].scan_bytes - 1] ^= 0x80;
        assert_int_equal(clp_jpeg_codec_check(codec, device.queue, trials, &same, &error),
                         CLPROC_OK);
        assert_false(same);
        trials[i].scan[trials[i].scan_bytes - 1] ^= 0x80;
    }
    clp_jpeg_trials_free(trials);
}

/** What a simulator has the time for. */
static void a_few(void **state) {
    (void)state;
    work works[] = {make_work(35, 18, 2, 2, 75, DRAW_WAVES, 1),
                    make_work(17, 9, 0, 0, 90, DRAW_NOISE, 2)};
    assert_int_equal(try_works(codec, works, 2, CLP_JPEG_BLOCK_BITS_MOST, "a few"), 0);
}

/** Nothing depends on what memory held before; and the longest sides there are. */
static void old_memory_and_long_sides(void **state) {
    static const uint8_t fills[] = {0x00, 0xFF};
    (void)state;
    for (size_t i = 0; i < sizeof fills; i++) {
        work works[] = {make_work(65500, 3, 2, 2, 75, DRAW_WAVES, 1),
                        make_work(5, 65500, 0, 0, 90, DRAW_WAVES, 2),
                        make_work(300, 211, 2, 1, 30, DRAW_WAVES, 3)};
        old_memory = fills[i];
        assert_int_equal(try_works(codec, works, 3, CLP_JPEG_BLOCK_BITS_MOST, "old memory"), 0);
    }
    old_memory = 0xA5;
}

/** Metadata and density are in the headers as libjpeg's writer puts them. */
static void metadata(void **state) {
    (void)state;
    work w = make_work(60, 50, 2, 1, 85, DRAW_WAVES, 4);
    w.params.blocks.icc = (clp_block){(const uint8_t *)"not a profile", 13};
    w.params.blocks.exif = (clp_block){(const uint8_t *)"II*\0 and so on", 15};
    w.params.colour.density_unit = CLP_DENSITY_PER_INCH;
    w.params.colour.density_x = w.params.colour.density_y = 300;
    assert_int_equal(try_works(codec, &w, 1, CLP_JPEG_BLOCK_BITS, "metadata"), 0);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_sampling_and_size),
                                       cmocka_unit_test(extremes),
                                       cmocka_unit_test(groups_of_any_size),
                                       cmocka_unit_test(crowded),
                                       cmocka_unit_test(full_to_the_last_word),
                                       cmocka_unit_test(a_few),
                                       cmocka_unit_test(metadata),
                                       cmocka_unit_test(self_check),
                                       cmocka_unit_test(old_memory_and_long_sides)};
    RUN_ON_PLATFORMS(platform, tests, tests, argc, argv, start, stop);
}
