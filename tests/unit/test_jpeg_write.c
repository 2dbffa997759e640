/** JPEGs that are written, with libjpeg as an oracle. */
#include "jpeg_oracle.h"

static int create_encoder(void **state) {
    return clp_encoder_create((clp_encoder **)state, NULL) != CLPROC_OK;
}

static int destroy_encoder(void **state) {
    clp_encoder_destroy((clp_encoder **)state);
    return 0;
}

/** What libjpeg's scanline interface makes of the planes, every sample repeated to full size. */
static void oracle_encode_planes(const clp_layout *layout, const uint8_t *base,
                                 const clp_encode_params *params, unsigned char **bytes,
                                 unsigned long *size) {
    oracle_error errors;
    struct jpeg_compress_struct info;
    info.err = oracle_errors(&errors);
    if (setjmp(errors.escape)) {
        fail_msg("the test's own encoder failed");
    }
    jpeg_create_compress(&info);
    *bytes = NULL;
    jpeg_mem_dest(&info, bytes, size);
    info.image_width = layout->width;
    info.image_height = layout->height;
    info.input_components = (int)layout->plane_count;
    info.in_color_space = layout->plane_count == 3 ? JCS_YCbCr : JCS_GRAYSCALE;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, params->quality, TRUE);
    uint32_t h = 1, v = 1;
    for (uint32_t p = 0; p < layout->plane_count; p++) {
        h = layout->planes[p].h_step > h ? layout->planes[p].h_step : h;
        v = layout->planes[p].v_step > v ? layout->planes[p].v_step : v;
    }
    for (uint32_t p = 0; p < layout->plane_count; p++) {
        info.comp_info[p].h_samp_factor = (int)(h / layout->planes[p].h_step);
        info.comp_info[p].v_samp_factor = (int)(v / layout->planes[p].v_step);
    }
    if (params->progressive) {
        jpeg_simple_progression(&info);
    }
    jpeg_start_compress(&info, TRUE);
    JSAMPROW row = malloc((size_t)layout->width * 3);
    for (uint32_t y = 0; y < layout->height; y++) {
        for (uint32_t x = 0; x < layout->width * layout->plane_count; x++) {
            const clp_plane *plane = &layout->planes[x % layout->plane_count];
            row[x] = base[plane->offset + y / plane->v_step * plane->pitch +
                          x / layout->plane_count / plane->h_step];
        }
        jpeg_write_scanlines(&info, &row, 1);
    }
    free(row);
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
}

static void encodes_as_libjpeg_does(void **state) {
    static const uint32_t steps[][6] = {{1, 1, 1, 1, 1, 1}, {1, 2, 2, 1, 1, 1}, {1, 2, 2, 1, 2, 2},
                                        {1, 1, 1, 1, 2, 2}, {1, 4, 4, 1, 1, 1}, {1, 4, 4, 1, 2, 2},
                                        {1, 1, 2, 1, 2, 1}, {2, 1, 1, 2, 1, 1}};
    static const uint32_t sizes[][2] = {{1, 1},   {3, 2},   {16, 16}, {17, 15},
                                        {63, 65}, {64, 64}, {65, 130}};
    for (size_t k = 0; k <= sizeof steps / sizeof steps[0]; k++) {
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            bool gray = k == sizeof steps / sizeof steps[0];
            clp_layout layout = {.model = gray ? CLP_MODEL_GRAY : CLP_MODEL_YCC,
                                 .depth = 8,
                                 .width = sizes[s][0],
                                 .height = sizes[s][1]};
            for (int p = 0; p < 3 && !gray; p++) {
                layout.planes[p].h_step = steps[k][p];
                layout.planes[p].v_step = steps[k][p + 3];
            }
            uint8_t *base = draw(&layout, (uint32_t)(k * 100 + s));
            for (int progressive = 0; progressive < 2; progressive++) {
                clp_encode_params params = {
                    .format = CLPROC_FORMAT_JPEG, .quality = 77, .progressive = progressive};
                const uint8_t *data;
                size_t size;
                unsigned char *wanted;
                unsigned long wanted_size;
                assert_int_equal(
                    clp_encoder_write(*state, &layout, base, &params, &data, &size, NULL),
                    CLPROC_OK);
                oracle_encode_planes(&layout, base, &params, &wanted, &wanted_size);
                assert_int_equal(size, wanted_size);
                assert_memory_equal(data, wanted, size);
                free(wanted);
            }
            free(base);
        }
    }
}

static void knows_which_samplings_are_possible(void **state) {
    (void)state;
    assert_true(clp_jpeg_sampling_possible((uint32_t[]){1, 2, 2}, (uint32_t[]){1, 2, 2}));
    assert_true(clp_jpeg_sampling_possible((uint32_t[]){1, 4, 4}, (uint32_t[]){1, 2, 2}));
    assert_true(clp_jpeg_sampling_possible((uint32_t[]){1, 3, 3}, (uint32_t[]){1, 1, 1}));
    assert_true(clp_jpeg_sampling_possible((uint32_t[]){2, 1, 1}, (uint32_t[]){1, 1, 1}));
    assert_false(clp_jpeg_sampling_possible((uint32_t[]){1, 2, 3}, (uint32_t[]){1, 1, 1}));
    assert_false(clp_jpeg_sampling_possible((uint32_t[]){1, 5, 5}, (uint32_t[]){1, 1, 1}));
    assert_false(clp_jpeg_sampling_possible((uint32_t[]){1, 8, 8}, (uint32_t[]){1, 1, 1}));
    assert_false(clp_jpeg_sampling_possible((uint32_t[]){2, 2, 2}, (uint32_t[]){1, 1, 1}));
    assert_false(clp_jpeg_sampling_possible((uint32_t[]){1, 0, 2}, (uint32_t[]){1, 1, 1}));
    /* 16 + 1 + 1 blocks do not fit in one scan. */
    assert_false(clp_jpeg_sampling_possible((uint32_t[]){1, 4, 4}, (uint32_t[]){1, 4, 4}));
}

static uint8_t *make_block(size_t size, uint32_t seed) {
    uint8_t *block = malloc(size);
    for (size_t i = 0; i < size; i++) {
        block[i] = (uint8_t)next_random(&seed);
    }
    return block;
}

static void keeps_metadata(void **state) {
    enum { EXIF = 5000, XMP = 65000, ICC = 150000, IPTC = 70000 };
    uint8_t *exif = make_block(EXIF, 1), *xmp = make_block(XMP, 2), *icc = make_block(ICC, 3),
            *iptc = make_block(IPTC, 4);
    clp_layout layout = {.model = CLP_MODEL_GRAY, .depth = 8, .width = 10, .height = 10};
    uint8_t *base = draw(&layout, 1);
    clp_encode_params params = {
        .format = CLPROC_FORMAT_JPEG,
        .quality = 90,
        .blocks = {{exif, EXIF}, {icc, ICC}, {xmp, XMP}, {iptc, IPTC}},
        .colour = {.density_unit = CLP_DENSITY_PER_CM, .density_x = 118.1, .density_y = 59}};
    const uint8_t *data;
    size_t size;
    clp_decoder *decoder;
    picture made;
    clproc_error error;
    assert_int_equal(clp_encoder_write(*state, &layout, base, &params, &data, &size, NULL),
                     CLPROC_OK);
    assert_int_equal(clp_decoder_create(&decoder, NULL), CLPROC_OK);
    assert_int_equal(decode(decoder, data, size, CLPROC_FAIL_ON_WARNING, OWN_MODEL, 8, 0, &made),
                     CLPROC_OK);
    assert_block(made.header.blocks.exif, exif, EXIF);
    assert_block(made.header.blocks.xmp, xmp, XMP);
    assert_block(made.header.blocks.icc, icc, ICC);
    assert_block(made.header.blocks.iptc, iptc, IPTC);
    assert_int_equal(made.header.colour.density_unit, CLP_DENSITY_PER_CM);
    assert_int_equal((int)made.header.colour.density_x, 118);
    assert_int_equal((int)made.header.colour.density_y, 59);
    free_picture(&made);
    clp_decoder_destroy(&decoder);

    params.blocks.exif.size = 70000;
    params.blocks.exif.data = iptc;
    assert_int_equal(clp_encoder_write(*state, &layout, base, &params, &data, &size, &error),
                     CLPROC_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "--strip exif"));
    free(base);
    free(exif);
    free(xmp);
    free(icc);
    free(iptc);
}

int main(void) {
#define WITH_ENCODER(test) cmocka_unit_test_setup_teardown(test, create_encoder, destroy_encoder)
    const struct CMUnitTest tests[] = {
        WITH_ENCODER(encodes_as_libjpeg_does),
        WITH_ENCODER(keeps_metadata),
        cmocka_unit_test(knows_which_samplings_are_possible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
