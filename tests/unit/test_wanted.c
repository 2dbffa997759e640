/* Pictures of which only the first rows are wanted: these are as ever, the others stay as they
 * were, and what is wrong with a file is told in the same words. */
#include "codec_helper.h"

#include <libdeflate.h>

enum { WANTED = 40, FILL = 0xA5 };

/** A file, and how it is to be decoded. */
typedef struct given {
    clproc_format format;
    clp_model model; /**< of the samples that are written, and that come back */
    uint32_t depth;
    bool progressive;
    int quality;
} given;

static const given all[] = {
    {CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 8, false, 80},
    {CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 8, true, 80},
    {CLPROC_FORMAT_JPEG, CLP_MODEL_GRAY, 8, false, 80},
    {CLPROC_FORMAT_JPEG, CLP_MODEL_RGB, 8, false, 80},
    {CLPROC_FORMAT_PNG, CLP_MODEL_RGB, 8, false, 0},
    {CLPROC_FORMAT_PNG, CLP_MODEL_RGBA, 16, false, 0},
    {CLPROC_FORMAT_PNG, CLP_MODEL_GRAY, 8, false, 0},
    {CLPROC_FORMAT_PPM, CLP_MODEL_RGB, 8, false, 0},
    {CLPROC_FORMAT_PGM, CLP_MODEL_GRAY, 16, false, 0},
};

/** Makes the file; of an RGB JPEG planes are written, and RGB is to come back. */
static void make_file(const given *what, clp_bytes *file) {
    clp_encoder *encoder = NULL;
    bool planes = what->format == CLPROC_FORMAT_JPEG && what->model != CLP_MODEL_GRAY;
    clp_layout layout = {.model = planes ? CLP_MODEL_YCC : what->model,
                         .depth = what->depth,
                         .width = 203,
                         .height = 311};
    for (int i = 0; i < 3; i++) {
        layout.planes[i].h_step = layout.planes[i].v_step = i ? 2 : 1;
    }
    uint8_t *base = draw(&layout, 7);
    clp_encode_params params = {.format = what->format,
                                .quality = what->quality,
                                .progressive = what->progressive,
                                .png_level = 6};
    const uint8_t *data;
    size_t size;
    assert_int_equal(clp_encoder_create(&encoder, NULL), CLPROC_OK);
    assert_int_equal(clp_encoder_write(encoder, &layout, base, &params, &data, &size, NULL),
                     CLPROC_OK);
    file->size = 0;
    assert_int_equal(clp_bytes_append(file, data, size, NULL), CLPROC_OK);
    clp_encoder_destroy(&encoder);
    free(base);
}

/** As decode(), of the first rows. */
static clproc_status decode_first(clp_decoder *decoder, const clp_bytes *file,
                                  clproc_fail_on fail_on, clp_model model, picture *made) {
    uint32_t rows[CLP_MAX_PLANES];
    clproc_status status;
    memset(made, 0, sizeof *made);
    CLP_TRY(status, out,
            clp_decoder_open(decoder, file->data, file->size, &test_limits, fail_on, &made->header,
                             &made->error));
    CLP_TRY(
        status, out,
        clp_decoder_layout(decoder, &(clp_decode_request){model, 8}, &made->layout, &made->error));
    made->base = aligned_alloc(CLP_PITCH_ALIGN, made->layout.bytes);
    assert_non_null(made->base);
    memset(made->base, FILL, made->layout.bytes);
    for (uint32_t i = 0; i < made->layout.plane_count; i++) {
        rows[i] = WANTED / made->layout.planes[i].v_step;
    }
    clp_decoder_want(decoder, rows);
    CLP_TRY(status, out,
            clp_decoder_read(decoder, &made->layout, made->base, &made->result, &made->error));
out:
    return status;
}

static void test_rows(void **state) {
    clp_bytes file = {0};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        picture whole, first;
        make_file(&all[i], &file);
        assert_int_equal(decode(*state, file.data, file.size, CLPROC_FAIL_ON_WARNING,
                                (int)all[i].model, 8, 0, &whole),
                         CLPROC_OK);
        assert_int_equal(decode_first(*state, &file, CLPROC_FAIL_ON_WARNING, all[i].model, &first),
                         CLPROC_OK);
        for (uint32_t p = 0; p < whole.layout.plane_count; p++) {
            uint32_t rows = WANTED / whole.layout.planes[p].v_step;
            for (uint32_t y = 0; y < whole.layout.planes[p].height; y++) {
                const uint8_t *row = row_of(&first, p, y);
                if (y < rows) {
                    assert_memory_equal(row, row_of(&whole, p, y), row_bytes(&whole, p));
                } else {
                    assert_int_equal(row[0], FILL);
                    assert_memory_equal(row, row + 1, row_bytes(&whole, p) - 1);
                }
            }
        }
        free_picture(&whole);
        free_picture(&first);
    }
    clp_bytes_free(&file);
}

/** Damage anywhere gets the same answer, by every policy. */
static void test_damage(void **state) {
    clp_bytes file = {0};
    uint32_t seed = 3, bad = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        make_file(&all[i], &file);
        const size_t size = file.size;
        for (int k = 0; k < 60; k++) {
            size_t at = size / 20 + next_random(&seed) % (size - size / 20);
            uint8_t before = file.data[at];
            file.data[at] ^= (uint8_t)(1 + next_random(&seed) % 255);
            file.size = k % 4 == 0 ? at : size;
            for (int policy = CLPROC_FAIL_ON_NONE; policy <= CLPROC_FAIL_ON_WARNING; policy++) {
                picture whole, first;
                clproc_status expected =
                    decode(*state, file.data, file.size, (clproc_fail_on)policy, (int)all[i].model,
                           8, 0, &whole);
                clproc_status status =
                    decode_first(*state, &file, (clproc_fail_on)policy, all[i].model, &first);
                assert_int_equal(status, expected);
                assert_string_equal(
                    status == CLPROC_OK ? first.result.message : first.error.message,
                    expected == CLPROC_OK ? whole.result.message : whole.error.message);
                assert_int_equal(first.result.flaws, whole.result.flaws);
                bad += status != CLPROC_OK;
                free_picture(&whole);
                free_picture(&first);
            }
            file.data[at] = before;
        }
    }
    assert_true(bad > 300);
    clp_bytes_free(&file);
}

static void add_chunk(clp_bytes *file, const char *type, const void *data, uint32_t size) {
    uint8_t number[4] = {(uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8),
                         (uint8_t)size};
    assert_int_equal(clp_bytes_append(file, number, 4, NULL), CLPROC_OK);
    assert_int_equal(clp_bytes_append(file, type, 4, NULL), CLPROC_OK);
    assert_int_equal(clp_bytes_append(file, data, size, NULL), CLPROC_OK);
    uint32_t crc = libdeflate_crc32(0, file->data + file->size - size - 4, size + 4);
    for (int i = 0; i < 4; i++) {
        number[i] = (uint8_t)(crc >> (24 - 8 * i));
    }
    assert_int_equal(clp_bytes_append(file, number, 4, NULL), CLPROC_OK);
}

/** A PNG of sound checksums, of which a row far down has a filter that there is not. */
static void test_filter(void **state) {
    enum { WIDTH = 64, HEIGHT = 300, ROW = WIDTH + 1 };
    static const uint8_t head[13] = {0, 0, 0, WIDTH, 0, 0, HEIGHT >> 8, HEIGHT & 255, 8};
    uint8_t rows[HEIGHT * ROW] = {0}, packed[sizeof rows];
    clp_bytes file = {0};
    picture first;
    struct libdeflate_compressor *deflate = libdeflate_alloc_compressor(6);
    assert_non_null(deflate);
    for (int bad = 0; bad < 2; bad++) {
        rows[(HEIGHT - 10) * ROW] = bad ? 5 : 4;
        size_t size = libdeflate_zlib_compress(deflate, rows, sizeof rows, packed, sizeof packed);
        file.size = 0;
        assert_int_equal(clp_bytes_append(&file, "\x89PNG\r\n\x1a\n", 8, NULL), CLPROC_OK);
        add_chunk(&file, "IHDR", head, sizeof head);
        add_chunk(&file, "IDAT", packed, (uint32_t)size);
        add_chunk(&file, "IEND", packed, 0);
        assert_int_equal(decode_first(*state, &file, CLPROC_FAIL_ON_ERROR, CLP_MODEL_GRAY, &first),
                         bad ? CLPROC_ERROR_INPUT : CLPROC_OK);
        free_picture(&first);
    }
    libdeflate_free_compressor(deflate);
    clp_bytes_free(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_filter),
    };
    return cmocka_run_group_tests(tests, create_decoder, destroy_decoder);
}
