/* PGM, PPM and PAM: every byte of the file, whatever room rows have behind them. */
#include "codec_helper.h"

#include <stdio.h>

/** Samples as they stand in a file: row behind row, the higher byte first. */
static size_t expected_samples(const clp_layout *layout, const uint8_t *base, uint32_t times,
                               uint8_t *to) {
    const clp_plane *plane = &layout->planes[0];
    size_t size = 0;
    for (uint32_t y = 0; y < plane->height; y++) {
        const uint8_t *row = base + plane->offset + y * plane->pitch;
        for (size_t x = 0; x < (size_t)plane->width * plane->channels; x++) {
            for (uint32_t i = 0; i < times; i++) {
                if (layout->depth == 16) {
                    to[size++] = row[2 * x + 1];
                }
                to[size++] = row[x * layout->depth / 8];
            }
        }
    }
    return size;
}

static void test_files(void **state) {
    static const clp_model models[] = {CLP_MODEL_GRAY, CLP_MODEL_RGB, CLP_MODEL_RGBA};
    clp_encoder *encoder = NULL;
    static uint8_t expected[1 << 16];
    uint32_t copied = 0, in_place = 0;
    (void)state;
    assert_int_equal(clp_encoder_create(&encoder, NULL), CLPROC_OK);
    for (uint32_t i = 0; i < 3 * 2 * 130; i++) {
        clp_layout layout = {
            .model = models[i % 3], .depth = i / 3 % 2 ? 16 : 8, .width = 1 + i / 6, .height = 5};
        uint8_t *base = draw(&layout, i);
        bool alpha = clp_model_has_alpha(layout.model);
        clp_encode_params params = {.format = alpha ? CLPROC_FORMAT_PAM : CLPROC_FORMAT_PPM};
        const uint8_t *data;
        size_t size;
        size_t count =
            expected_samples(&layout, base, layout.model == CLP_MODEL_GRAY ? 3 : 1, expected);
        assert_int_equal(clp_encoder_write(encoder, &layout, base, &params, &data, &size, NULL),
                         CLPROC_OK);
        assert_true(size > count);
        assert_memory_equal(data + size - count, expected, count);
        char head[160];
        unsigned most = layout.depth == 16 ? 65535 : 255;
        int length =
            alpha ? snprintf(
                        head, sizeof head,
                        "P7\nWIDTH %u\nHEIGHT 5\nDEPTH 4\nMAXVAL %u\nTUPLTYPE RGB_ALPHA\nENDHDR\n",
                        layout.width, most)
                  : snprintf(head, sizeof head, "P6\n%u 5\n%u\n", layout.width, most);
        assert_int_equal(size - count, length);
        assert_memory_equal(data, head, length);
        bool inside = data >= base && data < base + layout.bytes;
        in_place += inside;
        copied += !inside;
        free(base);
    }
    /* Rows that have room behind them are not copied. */
    assert_true(in_place > 100 && copied > 100);
    clp_encoder_destroy(&encoder);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
