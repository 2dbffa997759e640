/** A decoder and an encoder in the midst of a picture stop when they are told to. */
#include "codec_helper.h"

static clproc_status write_picture(clp_encoder *encoder, clproc_format format, clp_bytes *bytes,
                                   clproc_error *error) {
    clp_layout layout = {.model = format == CLPROC_FORMAT_PNG ? CLP_MODEL_RGB : CLP_MODEL_GRAY,
                         .depth = 8,
                         .width = 70,
                         .height = 50};
    clp_encode_params params = {.format = format, .quality = 90, .png_level = 1};
    uint8_t *base = draw(&layout, 1);
    const uint8_t *data = NULL;
    size_t size = 0;
    clproc_status status = clp_encoder_write(encoder, &layout, base, &params, &data, &size, error);
    free(base);
    if (status == CLPROC_OK) {
        bytes->size = 0;
        assert_int_equal(clp_bytes_append(bytes, data, size, NULL), CLPROC_OK);
    }
    return status;
}

static void stop_and_go_on(clproc_format format) {
    clp_decoder *decoder = NULL;
    clp_encoder *encoder = NULL;
    clp_bytes bytes = {0};
    clproc_error error;
    picture made;
    volatile int stop = 0;
    assert_int_equal(clp_decoder_create(&decoder, NULL), CLPROC_OK);
    assert_int_equal(clp_encoder_create(&encoder, NULL), CLPROC_OK);
    clp_decoder_heed(decoder, &stop);
    clp_encoder_heed(encoder, &stop);
    for (int round = 0; round < 2; round++) {
        stop = 0;
        assert_int_equal(write_picture(encoder, format, &bytes, &error), CLPROC_OK);
        assert_int_equal(
            decode(decoder, bytes.data, bytes.size, CLPROC_FAIL_ON_WARNING, OWN_MODEL, 8, 0, &made),
            CLPROC_OK);
        free_picture(&made);
        stop = 1;
        assert_int_equal(write_picture(encoder, format, &bytes, &error), CLPROC_ERROR_CANCELLED);
        assert_int_equal(error.status, CLPROC_ERROR_CANCELLED);
        assert_int_equal(
            decode(decoder, bytes.data, bytes.size, CLPROC_FAIL_ON_WARNING, OWN_MODEL, 8, 0, &made),
            CLPROC_ERROR_CANCELLED);
        free_picture(&made);
    }
    clp_bytes_free(&bytes);
    clp_encoder_destroy(&encoder);
    clp_decoder_destroy(&decoder);
}

static void jpegs_stop(void **state) {
    (void)state;
    stop_and_go_on(CLPROC_FORMAT_JPEG);
}

static void pngs_stop(void **state) {
    (void)state;
    stop_and_go_on(CLPROC_FORMAT_PNG);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(jpegs_stop), cmocka_unit_test(pngs_stop)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
