/** Pixels of PNGs, read and written, with libspng as an oracle. */
#include "codec_helper.h"

#include "codec/png_private.h"

#include <libdeflate.h>
#include <spng.h>

/* ------------------------------------------------- libspng as an oracle */

/** Decodes to RGBA in libspng's own way, another one than ours. False on failure. `*rgba` is
 * malloc()ed. */
static bool oracle_decode(const uint8_t *bytes, size_t size, int format, uint8_t **rgba) {
    spng_ctx *context = spng_ctx_new(0);
    size_t length;
    *rgba = NULL;
    spng_set_png_buffer(context, bytes, size);
    bool good = spng_decoded_image_size(context, format, &length) == 0 && length < 800000000;
    if (good) {
        *rgba = calloc(1, length);
        good = spng_decode_image(context, *rgba, length, format, SPNG_DECODE_TRNS) == 0 &&
               spng_decode_chunks(context) == 0;
    }
    spng_ctx_free(context);
    return good;
}

static uint32_t sample(const picture *from, uint32_t x, uint32_t y, uint32_t channel) {
    const uint8_t *row = row_of(from, 0, y);
    size_t index = (size_t)x * from->layout.planes[0].channels + channel;
    return from->layout.depth == 8 ? row[index] : ((const uint16_t *)(const void *)row)[index];
}

static uint32_t oracle_sample(const uint8_t *rgba, uint32_t depth, size_t index) {
    return depth == 8 ? rgba[index] : ((const uint16_t *)(const void *)rgba)[index];
}

static void assert_pixels(const picture *ours, const uint8_t *rgba) {
    static const int channels_of[][4] = {
        [CLP_MODEL_GRAY] = {0, 0, 0, -1},
        [CLP_MODEL_GRAYA] = {0, 0, 0, 1},
        [CLP_MODEL_RGB] = {0, 1, 2, -1},
        [CLP_MODEL_RGBA] = {0, 1, 2, 3},
    };
    uint32_t most = ours->layout.depth == 8 ? 255 : 65535;
    for (uint32_t y = 0; y < ours->layout.height; y++) {
        for (uint32_t x = 0; x < ours->layout.width; x++) {
            for (int c = 0; c < 4; c++) {
                int channel = channels_of[ours->layout.model][c];
                uint32_t got = channel < 0 ? most : sample(ours, x, y, (uint32_t)channel);
                size_t index = ((size_t)y * ours->layout.width + x) * 4 + (size_t)c;
                assert_int_equal(got, oracle_sample(rgba, ours->layout.depth, index));
            }
        }
    }
}

static void check_pixels(const picture *ours, const uint8_t *bytes, size_t size) {
    uint8_t *rgba;
    int format = ours->layout.depth == 8 ? SPNG_FMT_RGBA8 : SPNG_FMT_RGBA16;
    assert_true(oracle_decode(bytes, size, format, &rgba));
    assert_pixels(ours, rgba);
    free(rgba);
}

/** A file of any kind PNG has. */
typedef struct variant {
    uint8_t type, depth;
    bool interlaced, keyed;
} variant;

static void oracle_encode(const variant *kind, uint32_t width, uint32_t height, uint8_t **bytes,
                          size_t *size) {
    static const uint32_t channels[] = {1, 0, 3, 1, 2, 0, 4};
    struct spng_ihdr ihdr = {.width = width,
                             .height = height,
                             .bit_depth = kind->depth,
                             .color_type = kind->type,
                             .interlace_method = kind->interlaced};
    size_t row = ((size_t)width * channels[kind->type] * kind->depth + 7) / 8;
    uint8_t *pixels = malloc(row * height);
    uint32_t seed = width + height * 100;
    struct spng_plte plte = {.n_entries = 1u << (kind->depth < 8 ? kind->depth : 7)};
    struct spng_trns trns = {.gray = 1, .red = 1, .green = 2, .blue = 3, .n_type3_entries = 2};
    for (size_t i = 0; i < row * height; i++) {
        /* Few values, so that the transparent one is met; and none beyond the palette. */
        pixels[i] = (uint8_t)(kind->type == 3 && kind->depth == 8 ? next_random(&seed) % 128
                                                                  : next_random(&seed));
        if (kind->keyed && kind->type != 3) {
            pixels[i] = kind->depth == 16 && i % 2 ? 0 : (uint8_t)(i % (channels[kind->type]) + 1);
            pixels[i] = next_random(&seed) % 3 ? pixels[i] : (uint8_t)next_random(&seed);
        }
    }
    for (uint32_t i = 0; i < plte.n_entries; i++) {
        plte.entries[i].red = (uint8_t)next_random(&seed);
        plte.entries[i].green = (uint8_t)next_random(&seed);
        plte.entries[i].blue = (uint8_t)next_random(&seed);
    }
    trns.type3_alpha[1] = 77;
    spng_ctx *context = spng_ctx_new(SPNG_CTX_ENCODER);
    int code = 0;
    spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1);
    assert_int_equal(spng_set_ihdr(context, &ihdr), 0);
    if (kind->type == 3) {
        assert_int_equal(spng_set_plte(context, &plte), 0);
    }
    if (kind->keyed) {
        assert_int_equal(spng_set_trns(context, &trns), 0);
    }
    assert_int_equal(
        spng_encode_image(context, pixels, row * height, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE), 0);
    *bytes = spng_get_png_buffer(context, size, &code);
    assert_non_null(*bytes);
    spng_ctx_free(context);
    free(pixels);
}

/* ------------------------------------------------------------- decoding */

static void decodes_every_kind(void **state) {
    static const variant kinds[] = {
        {0, 1, false, false}, {0, 2, false, true},   {0, 4, false, true},  {0, 8, false, false},
        {0, 8, false, true},  {0, 16, false, false}, {0, 16, false, true}, {2, 8, false, false},
        {2, 8, false, true},  {2, 16, false, false}, {2, 16, false, true}, {3, 1, false, false},
        {3, 2, false, true},  {3, 4, false, false},  {3, 8, false, false}, {3, 8, false, true},
        {4, 8, false, false}, {4, 16, false, false}, {6, 8, false, false}, {6, 16, false, false},
    };
    /* Of one byte a pixel the last but one fills a stored block of zlib's to the brim. */
    static const uint32_t sizes[][2] = {{1, 1},   {3, 2},   {5, 9},     {8, 8},
                                        {33, 31}, {100, 7}, {254, 257}, {350, 301}};
    static const clp_model models[] = {CLP_MODEL_GRAY,  0, CLP_MODEL_RGB, CLP_MODEL_RGB,
                                       CLP_MODEL_GRAYA, 0, CLP_MODEL_RGBA};
    for (size_t k = 0; k < 2 * sizeof kinds / sizeof kinds[0]; k++) {
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            variant kind = kinds[k / 2];
            uint8_t *bytes;
            size_t size;
            picture made;
            kind.interlaced = k % 2;
            oracle_encode(&kind, sizes[s][0], sizes[s][1], &bytes, &size);
            assert_int_equal(
                decode(*state, bytes, size, CLPROC_FAIL_ON_WARNING, OWN_MODEL, 8, 0x5A, &made),
                CLPROC_OK);
            clp_model model = models[kind.type];
            model = !kind.keyed ? model : model == CLP_MODEL_RGB ? CLP_MODEL_RGBA : CLP_MODEL_GRAYA;
            assert_int_equal(made.header.model, model);
            assert_int_equal(made.header.depth, kind.depth == 16 ? 16 : 8);
            assert_int_equal(made.header.progressive, kind.interlaced);
            check_pixels(&made, bytes, size);
            free_picture(&made);
            free(bytes);
        }
    }
}

/** What the specification says of one byte: `a` is to the left of it, `b` above, `c` left of that.
 */
static uint8_t guess(int filter, int a, int b, int c) {
    int p = a + b - c, to_a = abs(p - a), to_b = abs(p - b), to_c = abs(p - c);
    int nearest = to_a <= to_b && to_a <= to_c ? a : to_b <= to_c ? b : c;
    const int guesses[] = {0, a, b, (a + b) / 2, nearest};
    return (uint8_t)guesses[filter];
}

static void undoes_every_filter(void **state) {
    (void)state;
    static const size_t pixels[] = {1, 2, 3, 4, 6, 8};
    enum { HEIGHT = 25 };
    for (size_t k = 0; k < sizeof pixels / sizeof *pixels; k++) {
        size_t pixel = pixels[k], bytes = 37 * pixel;
        uint8_t rows[HEIGHT * (37 * 8 + 1) + CLP_PNG_SLACK], zeros[37 * 8 + CLP_PNG_SLACK] = {0};
        uint8_t plain[HEIGHT][37 * 8];
        uint32_t seed = (uint32_t)k + 1;
        for (uint32_t y = 0; y < HEIGHT; y++) {
            uint8_t *row = rows + y * (bytes + 1);
            row[0] = (uint8_t)((y + y / 5 * 2 + k) % 5);
            for (size_t i = 0; i < bytes; i++) {
                seed = seed * 1664525 + 1013904223;
                /* Noise, and rows of few values, in which guesses are often equally near. */
                plain[y][i] = (uint8_t)(y % 2 ? seed >> 24 : seed >> 30);
            }
            for (size_t i = 0; i < bytes; i++) {
                int a = i < pixel ? 0 : plain[y][i - pixel], b = y == 0 ? 0 : plain[y - 1][i];
                int c = i < pixel || y == 0 ? 0 : plain[y - 1][i - pixel];
                row[1 + i] = (uint8_t)(plain[y][i] - guess(row[0], a, b, c));
            }
        }
        assert_true(clp_png_unfilter(rows, zeros, bytes, HEIGHT, HEIGHT, pixel));
        for (uint32_t y = 0; y < HEIGHT; y++) {
            assert_int_equal(rows[y * (bytes + 1)], 0);
            assert_memory_equal(rows + y * (bytes + 1) + 1, plain[y], bytes);
        }
        rows[bytes + 1] = 5;
        assert_false(clp_png_unfilter(rows, zeros, bytes, HEIGHT, HEIGHT, pixel));
    }
}

static void tolerates_flaws_as_told(void **state) {
    uint8_t *bytes;
    size_t size;
    picture whole, made;
    oracle_encode(&(variant){.type = 2, .depth = 8, .keyed = true}, 60, 50, &bytes, &size);
    assert_int_equal(decode(*state, bytes, size, CLPROC_FAIL_ON_WARNING, OWN_MODEL, 8, 0, &whole),
                     CLPROC_OK);

    /* Cut off amid the pixels: the rows before are there, the others are zero. */
    size_t data = find_chunk(bytes, size, "IDAT");
    size_t cut = data + (size - data) / 2;
    const uint32_t cut_short = CLP_FLAW_TRUNCATED | CLP_FLAW_WARNING;
    check_policies(*state, bytes, cut, cut_short, CLPROC_FAIL_ON_NONE);
    assert_int_equal(decode(*state, bytes, cut, CLPROC_FAIL_ON_NONE, OWN_MODEL, 8, 0xEE, &made),
                     CLPROC_OK);
    for (uint32_t y = 0; y < 15; y++) {
        assert_memory_equal(row_of(&made, 0, y), row_of(&whole, 0, y), row_bytes(&made, 0));
    }
    for (size_t i = 0; i < row_bytes(&made, 0); i++) {
        assert_int_equal(row_of(&made, 0, 49)[i], 0);
    }
    free_picture(&made);

    /* Without its last chunk, or some of it, or the checksum of the pixels: every row is there. */
    static const size_t lost[] = {5, 8, 11, 12, 13, 16};
    for (size_t i = 0; i < sizeof lost / sizeof *lost; i++) {
        check_policies(*state, bytes, size - lost[i], CLP_FLAW_WARNING, CLPROC_FAIL_ON_ERROR);
        assert_int_equal(
            decode(*state, bytes, size - lost[i], CLPROC_FAIL_ON_ERROR, OWN_MODEL, 8, 0xEE, &made),
            CLPROC_OK);
        assert_true(same_samples(&whole, &made));
        free_picture(&made);
    }

    /* A wrong checksum of the pixels. */
    bytes[size - 12 - 1] ^= 1;
    check_policies(*state, bytes, size, CLP_FLAW_CORRUPT, CLPROC_FAIL_ON_TRUNCATED);
    assert_int_equal(decode(*state, bytes, size, CLPROC_FAIL_ON_NONE, OWN_MODEL, 8, 0, &made),
                     CLPROC_OK);
    assert_true(same_samples(&whole, &made));
    free_picture(&made);
    bytes[size - 12 - 1] ^= 1;

    /* A wrong checksum in the header: read once more without. */
    bytes[8 + 8 + 13] ^= 1;
    check_policies(*state, bytes, size, CLP_FLAW_CORRUPT, CLPROC_FAIL_ON_TRUNCATED);
    bytes[8 + 8 + 13] ^= 1;

    /* A wrong checksum of an ancillary chunk. */
    bytes[find_chunk(bytes, size, "tRNS") + 8 + 6] ^= 1;
    check_policies(*state, bytes, size, CLP_FLAW_WARNING, CLPROC_FAIL_ON_ERROR);
    free_picture(&whole);
    free(bytes);
}

static void refuses_what_is_no_png(void **state) {
    uint8_t *bytes;
    size_t size;
    picture made;
    oracle_encode(&(variant){.type = 0, .depth = 8}, 60, 50, &bytes, &size);
    for (size_t cut = 0; cut <= find_chunk(bytes, size, "IDAT") + 8; cut++) {
        assert_int_equal(decode(*state, bytes, cut, CLPROC_FAIL_ON_NONE, OWN_MODEL, 8, 0, &made),
                         CLPROC_ERROR_INPUT);
        free_picture(&made);
    }
    assert_int_equal(decode(*state, bytes, size, CLPROC_FAIL_ON_NONE, CLP_MODEL_RGB, 8, 0, &made),
                     CLPROC_ERROR_ARGUMENT);
    assert_int_equal(decode(*state, bytes, size, CLPROC_FAIL_ON_NONE, OWN_MODEL, 4, 0, &made),
                     CLPROC_ERROR_ARGUMENT);
    free(bytes);
}

static void respects_limits(void **state) {
    uint8_t *bytes;
    size_t size;
    clp_header header;
    clproc_error error;
    static const struct {
        clp_limits limits;
        const char *option;
    } cases[] = {{{.pixels = 2999}, "--limit-pixels"}, {{.side = 59}, "--limit-side"}};
    oracle_encode(&(variant){.type = 2, .depth = 8, .keyed = true}, 50, 60, &bytes, &size);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(clp_decoder_open(*state, bytes, size, &cases[i].limits,
                                          CLPROC_FAIL_ON_NONE, &header, &error),
                         CLPROC_ERROR_LIMIT);
        assert_non_null(strstr(error.message, cases[i].option));
    }
    /* A header alone that claims 2^31 - 1 squared. */
    uint8_t *huge = malloc(size);
    memcpy(huge, bytes, size);
    memcpy(huge + 16, "\x7F\xFF\xFF\xFF\x7F\xFF\xFF\xFF", 8);
    assert_int_equal(
        clp_decoder_open(*state, huge, size, &test_limits, CLPROC_FAIL_ON_NONE, &header, &error),
        CLPROC_ERROR_LIMIT);
    assert_non_null(strstr(error.message, "--limit-pixels"));
    free(huge);

    clp_limits hurried = {.seconds = 1e-9};
    clp_layout layout;
    clp_decode_result result;
    assert_int_equal(
        clp_decoder_open(*state, bytes, size, &hurried, CLPROC_FAIL_ON_NONE, &header, &error),
        CLPROC_OK);
    assert_int_equal(
        clp_decoder_layout(*state, &(clp_decode_request){header.model, 8}, &layout, &error),
        CLPROC_OK);
    uint8_t *base = malloc(layout.bytes);
    assert_int_equal(clp_decoder_read(*state, &layout, base, &result, &error), CLPROC_ERROR_LIMIT);
    assert_non_null(strstr(error.message, "--limit-seconds"));
    free(base);
    free(bytes);
}

/* ------------------------------------------------------------- encoding */

static void returns_what_was_written(void **state) {
    codecs *both = *state;
    static const clp_model models[] = {CLP_MODEL_GRAY, CLP_MODEL_GRAYA, CLP_MODEL_RGB,
                                       CLP_MODEL_RGBA};
    static const uint32_t sizes[][2] = {{1, 1}, {70, 3}, {33, 65}};
    for (size_t i = 0; i < 4 * 2 * 3 * 3; i++) {
        clp_layout layout = {.model = models[i % 4],
                             .depth = i / 4 % 2 ? 16 : 8,
                             .width = sizes[i / 8 % 3][0],
                             .height = sizes[i / 8 % 3][1]};
        picture drawn = {.base = draw(&layout, (uint32_t)i)}, made;
        drawn.layout = layout;
        static const int levels[] = {0, 6, 9};
        clp_encode_params params = {.format = CLPROC_FORMAT_PNG, .png_level = levels[i / 24]};
        const uint8_t *data;
        size_t size;
        assert_int_equal(
            clp_encoder_write(both->encoder, &layout, drawn.base, &params, &data, &size, NULL),
            CLPROC_OK);
        assert_int_equal(
            decode(both->decoder, data, size, CLPROC_FAIL_ON_WARNING, OWN_MODEL, 8, 0, &made),
            CLPROC_OK);
        assert_int_equal(made.layout.model, layout.model);
        assert_int_equal(made.layout.depth, layout.depth);
        assert_true(same_samples(&drawn, &made));
        check_pixels(&made, data, size);
        free_picture(&made);
        free_picture(&drawn);
    }
}

static void refuses_what_png_cannot_hold(void **state) {
    codecs *both = *state;
    clp_layout layout = {.model = CLP_MODEL_CMYK, .depth = 8, .width = 4, .height = 4};
    uint8_t *base = draw(&layout, 1);
    clp_encode_params params = {.format = CLPROC_FORMAT_PNG, .png_level = 6};
    const uint8_t *data;
    size_t size;
    assert_int_equal(clp_encoder_write(both->encoder, &layout, base, &params, &data, &size, NULL),
                     CLPROC_ERROR_INTERNAL);
    free(base);
}

/* --------------------------------------------------------------- corpus */

static clp_decoder *replay_decoder;
static size_t replay_clean, replay_flawed, replay_refused, replay_over;

/** Under every policy, into two different memories: no crash, the same samples, and by default the
 * verdict of libspng. */
static void replay(const char *path, const uint8_t *bytes, size_t size) {
    picture lax, again, strict;
    uint8_t *rgba;
    clproc_status status =
        decode(replay_decoder, bytes, size, CLPROC_FAIL_ON_NONE, OWN_MODEL, 8, 0, &lax);
    if (status == CLPROC_ERROR_LIMIT) {
        assert_non_null(strstr(lax.error.message, "--limit-"));
        replay_over++;
        return;
    }
    assert_int_equal(
        decode(replay_decoder, bytes, size, CLPROC_FAIL_ON_NONE, OWN_MODEL, 8, 0xFF, &again),
        status);
    if (status == CLPROC_OK && !same_samples(&lax, &again)) {
        fail_msg("%s: the output depends on old memory", path);
    }
    free_picture(&again);
    clproc_status by_default =
        decode(replay_decoder, bytes, size, CLPROC_FAIL_ON_ERROR, OWN_MODEL, 8, 0, &strict);
    int format = lax.header.depth == 16 ? SPNG_FMT_RGBA16 : SPNG_FMT_RGBA8;
    bool possible = oracle_decode(bytes, size, format, &rgba);
    /* libspng gives up pictures with more metadata than it will hold. */
    bool ended = memmem(bytes, size, "IEND", 4) != NULL; /* and without one, it takes none */
    bool dropped =
        by_default == CLPROC_OK && (!ended || strstr(strict.result.message, "--limit-chunk") ||
                                    strstr(strict.result.message, "(IEND)") ||
                                    strstr(strict.result.message, "iTXt chunk: dropped"));
    if ((by_default == CLPROC_OK) != possible && !dropped) {
        fail_msg("%s: %s, libspng %s", path, strict.error.message,
                 possible ? "takes it" : "does not");
    }
    if (possible) {
        assert_true(same_samples(&lax, &strict));
        assert_pixels(&strict, rgba);
        replay_clean++;
    } else if (status == CLPROC_OK && !dropped) {
        assert_true(lax.result.flaws & (CLP_FLAW_CORRUPT | CLP_FLAW_TRUNCATED));
        replay_flawed++;
    } else {
        replay_refused++;
    }
    free_picture(&strict);
    decode(replay_decoder, bytes, size, CLPROC_FAIL_ON_WARNING, OWN_MODEL, 8, 0, &strict);
    free_picture(&strict);
    decode(replay_decoder, bytes, size, CLPROC_FAIL_ON_TRUNCATED, OWN_MODEL, 8, 0, &strict);
    free_picture(&strict);
    free_picture(&lax);
    free(rgba);
}

static void agrees_with_libspng_over_the_corpus(void **state) {
    replay_decoder = *state;
    for_corpus(CLPROC_FORMAT_PNG, replay);
    print_message("%zu clean, %zu flawed, %zu refused, %zu over the limits\n", replay_clean,
                  replay_flawed, replay_refused, replay_over);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_DECODER(decodes_every_kind),        cmocka_unit_test(undoes_every_filter),
        WITH_DECODER(tolerates_flaws_as_told),   WITH_DECODER(refuses_what_is_no_png),
        WITH_DECODER(respects_limits),           WITH_BOTH(returns_what_was_written),
        WITH_BOTH(refuses_what_png_cannot_hold), WITH_DECODER(agrees_with_libspng_over_the_corpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
