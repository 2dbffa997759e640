/* JPEGs whose blocks move: there and back every coefficient is what it was, in kinds of files that
 * other programs rarely write. */
#include "jpeg_oracle.h"

/* The table of luma that libjpeg takes differs from its transpose. */
static const variant kinds[] = {
    {.stored = JCS_GRAYSCALE, .h = {2}, .v = {2}},
    {.stored = JCS_YCbCr, .h = {2, 1, 1}, .v = {2, 1, 1}, .restart = 3},
    {.stored = JCS_YCbCr, .h = {2, 1, 2}, .v = {1, 1, 2}},
    {.stored = JCS_YCbCr, .h = {1, 1, 1}, .v = {4, 1, 2}, .progressive = true},
    {.stored = JCS_YCbCr, .h = {4, 1, 1}, .v = {1, 1, 1}, .arithmetic = true},
    {.stored = JCS_RGB, .h = {1, 1, 1}, .v = {1, 1, 1}},
    {.stored = JCS_CMYK, .h = {1, 1, 1, 1}, .v = {1, 1, 1, 1}},
    {.stored = JCS_CMYK, .h = {1, 1, 1, 1}, .v = {1, 1, 1, 1}, .no_adobe = true},
    {.stored = JCS_YCCK, .h = {2, 1, 1, 2}, .v = {2, 1, 1, 2}},
};

/** Moves a file; `*made` belongs to the caller. */
static void move(const uint8_t *bytes, size_t size, const clp_move *how, clp_bytes *made) {
    clp_decoder *decoder = NULL;
    clp_encoder *encoder = NULL;
    clp_header header;
    const uint8_t *data;
    size_t data_size;
    clproc_error error = {0};
    clp_move m = *how;
    const clp_encode_params params = {.format = CLPROC_FORMAT_JPEG};
    assert_int_equal(clp_decoder_create(&decoder, NULL), CLPROC_OK);
    assert_int_equal(clp_encoder_create(&encoder, NULL), CLPROC_OK);
    if (clp_decoder_open(decoder, bytes, size, &test_limits, CLPROC_FAIL_ON_WARNING, &header,
                         &error) != CLPROC_OK ||
        clp_move_fit(&m, &header, false, &error) != CLPROC_OK ||
        clp_encoder_move(encoder, decoder, &m, &params, &data, &data_size, &error) != CLPROC_OK) {
        fail_msg("%s", error.message);
    }
    made->size = 0;
    assert_int_equal(clp_bytes_append(made, data, data_size, NULL), CLPROC_OK);
    clp_encoder_destroy(&encoder);
    clp_decoder_destroy(&decoder);
}

/** Both files hold the same samples: with the same tables, the same coefficients. */
static void expect_same(const uint8_t *a, size_t a_size, const clp_bytes *b) {
    clp_decoder *decoder = NULL;
    picture one, two;
    assert_int_equal(clp_decoder_create(&decoder, NULL), CLPROC_OK);
    assert_int_equal(decode(decoder, a, a_size, CLPROC_FAIL_ON_WARNING, OWN_MODEL, 8, 0, &one),
                     CLPROC_OK);
    assert_int_equal(
        decode(decoder, b->data, b->size, CLPROC_FAIL_ON_WARNING, OWN_MODEL, 8, 255, &two),
        CLPROC_OK);
    assert_int_equal(one.header.model, two.header.model);
    assert_true(same_samples(&one, &two));
    free_picture(&one);
    free_picture(&two);
    clp_decoder_destroy(&decoder);
}

/** Every way there, and the way back. */
static void there_and_back(void **state) {
    enum { WIDTH = 64, HEIGHT = 96 };
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        unsigned char *bytes;
        unsigned long size;
        oracle_encode(&kinds[k], WIDTH, HEIGHT, &bytes, &size);
        for (int way = 0; way < 8; way++) {
            clp_bytes there = {0}, back = {0};
            bool x = way & 1, y = way & 2, transpose = way & 4;
            const clp_move out = {x, y, transpose, 0, WIDTH, 0, HEIGHT};
            move(bytes, size, &out, &there);
            const clp_move home = transpose ? (clp_move){y, x, true, 0, HEIGHT, 0, WIDTH} : out;
            move(there.data, there.size, &home, &back);
            expect_same(bytes, size, &back);
            clp_bytes_free(&there);
            clp_bytes_free(&back);
        }
        free(bytes);
    }
}

/** Quarters that are cut out are those of the picture. */
static void cuts_where_it_says(void **state) {
    enum { WIDTH = 70, HEIGHT = 50 };
    (void)state;
    const variant plain = {.stored = JCS_YCbCr, .h = {1, 1, 1}, .v = {1, 1, 1}};
    unsigned char *bytes;
    unsigned long size;
    clp_bytes made = {0};
    clp_decoder *decoder = NULL;
    picture whole, part;
    oracle_encode(&plain, WIDTH, HEIGHT, &bytes, &size);
    const clp_move cut = {.x0 = 24, .x1 = 67, .y0 = 8, .y1 = 50};
    move(bytes, size, &cut, &made);
    assert_int_equal(clp_decoder_create(&decoder, NULL), CLPROC_OK);
    assert_int_equal(decode(decoder, bytes, size, CLPROC_FAIL_ON_WARNING, OWN_MODEL, 8, 0, &whole),
                     CLPROC_OK);
    assert_int_equal(
        decode(decoder, made.data, made.size, CLPROC_FAIL_ON_WARNING, OWN_MODEL, 8, 0, &part),
        CLPROC_OK);
    assert_int_equal(part.header.width, 67 - 24);
    assert_int_equal(part.header.height, 50 - 8);
    for (uint32_t p = 0; p < 3; p++) {
        for (uint32_t y = 0; y < part.header.height; y++) {
            assert_memory_equal(row_of(&part, p, y), row_of(&whole, p, y + 8) + 24,
                                part.header.width);
        }
    }
    free_picture(&whole);
    free_picture(&part);
    clp_decoder_destroy(&decoder);
    clp_bytes_free(&made);
    free(bytes);
}

/** An edge that blocks are counted from must lie between them, or is moved inwards. */
static void fits_or_trims(void **state) {
    (void)state;
    const clp_header header = {.format = CLPROC_FORMAT_JPEG,
                               .width = 100,
                               .height = 75,
                               .component_count = 3,
                               .h_samp = {2, 1, 1},
                               .v_samp = {1, 1, 1}};
    clproc_error error;
    clp_move m = {.x1 = 100, .y1 = 75};
    assert_int_equal(clp_move_fit(&m, &header, false, &error), CLPROC_OK);
    m.flip_x = true;
    assert_int_equal(clp_move_fit(&m, &header, false, &error), CLPROC_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "leaves out the last 4"));
    assert_int_equal(clp_move_fit(&m, &header, true, &error), CLPROC_OK);
    assert_int_equal(m.x1, 96);
    assert_int_equal(m.y1, 75);
    clp_move down = {.x1 = 100, .y0 = 9, .y1 = 75};
    assert_int_equal(clp_move_fit(&down, &header, false, &error), CLPROC_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "cut at 8 or 16"));
    assert_int_equal(clp_move_fit(&down, &header, true, &error), CLPROC_OK);
    assert_int_equal(down.y0, 16);
    clp_move little = {.x0 = 1, .x1 = 15, .y1 = 75};
    assert_int_equal(clp_move_fit(&little, &header, true, &error), CLPROC_ERROR_UNSUPPORTED);
}

/** A stop is heeded on the way. */
static void stops_when_told(void **state) {
    (void)state;
    static const volatile int stop = 1;
    const variant plain = {.stored = JCS_YCbCr, .h = {1, 1, 1}, .v = {1, 1, 1}};
    unsigned char *bytes;
    unsigned long size;
    clp_decoder *decoder = NULL;
    clp_encoder *encoder = NULL;
    clp_header header;
    const uint8_t *data;
    size_t data_size;
    const clp_encode_params params = {.format = CLPROC_FORMAT_JPEG};
    const clp_move m = {.x1 = 64, .y1 = 64};
    oracle_encode(&plain, 64, 64, &bytes, &size);
    assert_int_equal(clp_decoder_create(&decoder, NULL), CLPROC_OK);
    assert_int_equal(clp_encoder_create(&encoder, NULL), CLPROC_OK);
    assert_int_equal(
        clp_decoder_open(decoder, bytes, size, &test_limits, CLPROC_FAIL_ON_WARNING, &header, NULL),
        CLPROC_OK);
    clp_decoder_heed(decoder, &stop);
    assert_int_equal(clp_encoder_move(encoder, decoder, &m, &params, &data, &data_size, NULL),
                     CLPROC_ERROR_CANCELLED);
    clp_encoder_destroy(&encoder);
    clp_decoder_destroy(&decoder);
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(cuts_where_it_says),
        cmocka_unit_test(fits_or_trims),
        cmocka_unit_test(stops_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
