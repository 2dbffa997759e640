/** WebPs, by their headers. */
#include "codec_helper.h"

static uint64_t read_bytes(clp_decoder *decoder, const char *file, size_t size) {
    clp_header header;
    assert_int_equal(clp_decoder_open(decoder, (const uint8_t *)file, size, &test_limits,
                                      CLPROC_FAIL_ON_ERROR, &header, NULL),
                     CLPROC_OK);
    assert_int_equal(header.width, 4096);
    assert_int_equal(header.height, 3072);
    return clp_codec_read_bytes(&header, size);
}

/** An animation is put together on two canvases, beside the frame that is decoded, and what is not
 * whole of it from a copy: one whose chunks do not fill it, and one that is cut. */
static void counts_canvases_of_animations(void **state) {
    static const char still[] = "RIFF\x12\0\0\0WEBPVP8L\5\0\0\0/\xFF\xCF\xFF\2\0";
    static const char moving[] = "RIFF\x16\0\0\0WEBPVP8X\x0A\0\0\0\2\0\0\0\xFF\x0F\0\xFF\x0B\0";
    char strewn[sizeof moving + 3] = {0}, cut[sizeof moving - 1];
    if (!clp_codec_is_built(CLPROC_FORMAT_WEBP)) {
        SKIP_BECAUSE("this build has no WebP");
    }
    assert_int_equal(read_bytes(*state, still, sizeof still - 1), 4096 * 3072 * 4);
    assert_int_equal(read_bytes(*state, moving, sizeof moving - 1), 4096 * 3072 * 12);
    memcpy(strewn, moving, sizeof moving);
    strewn[4] += 4;
    assert_int_equal(read_bytes(*state, strewn, sizeof strewn), 4096 * 3072 * 12 + sizeof strewn);
    memcpy(cut, moving, sizeof cut);
    cut[4] += 4;
    assert_int_equal(read_bytes(*state, cut, sizeof cut), 4096 * 3072 * 12 + sizeof cut);
}

int main(void) {
    const struct CMUnitTest tests[] = {WITH_DECODER(counts_canvases_of_animations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
