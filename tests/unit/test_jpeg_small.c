/* JPEGs that are decoded at two sizes in one reading. */
#include "jpeg_oracle.h"

#include "codec/jpeg_small.h"

/** Without libjpeg's internal header there is nothing to test. */
#if __has_include(<jpegint.h>)
enum { POSSIBLE = 1 };
#else
enum { POSSIBLE = 0 };
#endif

/* The linker puts this in the place of the decoder's own function. */
static bool spoils;

bool __real_clp_decoder_add_small(clp_decoder *decoder, const clp_decode_request *request,
                                  const clp_layout *layout, uint8_t *base);
bool __wrap_clp_decoder_add_small(clp_decoder *decoder, const clp_decode_request *request,
                                  const clp_layout *layout, uint8_t *base);

bool __wrap_clp_decoder_add_small(clp_decoder *decoder, const clp_decode_request *request,
                                  const clp_layout *layout, uint8_t *base) {
    return __real_clp_decoder_add_small(decoder, request, layout, base + spoils);
}

/** Decodes a file as `model` and `eighths`, and as `small` is laid out in the same reading. False:
 * the smaller one has not come of it. */
static bool decode_both(clp_decoder *decoder, const uint8_t *bytes, size_t size, int model,
                        uint32_t eighths, uint32_t small_eighths, picture *made, picture *small) {
    made->base = NULL;
    if (clp_decoder_open(decoder, bytes, size, &test_limits, CLPROC_FAIL_ON_NONE, &made->header,
                         &made->error) != CLPROC_OK) {
        return false;
    }
    const clp_decode_request request = {made->header.model, small_eighths},
                             own = {model == OWN_MODEL ? request.model : (clp_model)model, eighths};
    bool added = clp_decoder_add_small(decoder, &request, &small->layout, small->base);
    if (clp_decoder_layout(decoder, &own, &made->layout, &made->error) != CLPROC_OK) {
        return false;
    }
    made->base = aligned_alloc(CLP_PITCH_ALIGN, made->layout.bytes);
    assert_non_null(made->base);
    clproc_status status =
        clp_decoder_read(decoder, &made->layout, made->base, &made->result, &made->error);
    assert_true(added || !made->result.small);
    return status == CLPROC_OK && made->result.small;
}

/** Files that could be read for each picture; of these, by one reading for both, damaged ones. */
static size_t readable, flawed;

/** Both samples must be those of two readings. Returns if one was enough. */
static bool check(clp_decoder *decoder, const uint8_t *bytes, size_t size, int model,
                  uint32_t eighths, uint32_t small_eighths) {
    picture apart, wanted, made = {.base = NULL}, small;
    clproc_status status =
        decode(decoder, bytes, size, CLPROC_FAIL_ON_NONE, OWN_MODEL, small_eighths, 0x11, &wanted);
    clproc_status other =
        decode(decoder, bytes, size, CLPROC_FAIL_ON_NONE, model, eighths, 0x22, &apart);
    bool once = false;
    readable += status == CLPROC_OK && other == CLPROC_OK;
    if (status == CLPROC_OK) {
        small = wanted;
        small.base = aligned_alloc(CLP_PITCH_ALIGN, wanted.layout.bytes);
        assert_non_null(small.base);
        memset(small.base, 0x33, wanted.layout.bytes);
        once = decode_both(decoder, bytes, size, model, eighths, small_eighths, &made, &small);
        if (once) {
            assert_int_equal(other, CLPROC_OK);
            assert_true(same_samples(&wanted, &small));
            assert_true(same_samples(&apart, &made));
            assert_int_equal(wanted.result.flaws, made.result.flaws);
            assert_string_equal(wanted.result.message, made.result.message);
            flawed += made.result.flaws != 0;
        }
        free_picture(&small);
    }
    free_picture(&made);
    free_picture(&apart);
    free_picture(&wanted);
    return once;
}

static const variant kinds[] = {
    {.stored = JCS_YCbCr, .h = {1, 1, 1}, .v = {1, 1, 1}},
    {.stored = JCS_YCbCr, .h = {1, 1, 1}, .v = {1, 1, 1}, .arithmetic = true},
    {.stored = JCS_YCbCr, .h = {2, 1, 1}, .v = {1, 1, 1}, .restart = 3},
    {.stored = JCS_YCbCr, .h = {2, 1, 1}, .v = {2, 1, 1}},
    {.stored = JCS_YCbCr, .h = {2, 1, 1}, .v = {2, 1, 1}, .restart = 1},
    {.stored = JCS_YCbCr, .h = {2, 1, 1}, .v = {2, 1, 1}, .apart = true},
    {.stored = JCS_YCbCr, .h = {2, 1, 1}, .v = {2, 1, 1}, .progressive = true},
    {.stored = JCS_YCbCr, .h = {1, 1, 1}, .v = {2, 1, 1}},
    {.stored = JCS_YCbCr, .h = {4, 1, 1}, .v = {1, 1, 1}},
    {.stored = JCS_YCbCr, .h = {4, 1, 1}, .v = {2, 1, 1}},
    {.stored = JCS_YCbCr, .h = {2, 2, 1}, .v = {2, 1, 2}},
    {.stored = JCS_YCbCr, .h = {1, 2, 2}, .v = {1, 2, 1}},
    {.stored = JCS_YCbCr, .h = {3, 1, 1}, .v = {1, 1, 1}},
    {.stored = JCS_YCbCr, .h = {1, 1, 1}, .v = {4, 2, 1}},
    {.stored = JCS_YCbCr, .h = {2, 2, 2}, .v = {1, 1, 1}},
    {.stored = JCS_GRAYSCALE, .h = {1}, .v = {1}},
    {.stored = JCS_GRAYSCALE, .h = {2}, .v = {2}, .progressive = true},
    {.stored = JCS_GRAYSCALE, .h = {1}, .v = {4}, .restart = 2},
    {.stored = JCS_RGB, .h = {1, 1, 1}, .v = {1, 1, 1}},
    {.stored = JCS_RGB, .h = {2, 2, 2}, .v = {1, 1, 1}, .progressive = true},
    {.stored = JCS_CMYK, .h = {1, 1, 1, 1}, .v = {1, 1, 1, 1}},
    {.stored = JCS_CMYK, .h = {1, 1, 1, 1}, .v = {1, 1, 1, 1}, .no_adobe = true},
    {.stored = JCS_YCCK, .h = {1, 1, 1, 1}, .v = {1, 1, 1, 1}, .restart = 3},
};

static void makes_both_in_one_reading(void **state) {
    static const uint32_t sizes[][2] = {{1, 1},   {7, 5},   {8, 8},    {17, 33}, {33, 17},
                                        {64, 48}, {5, 130}, {131, 66}, {260, 9}};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            unsigned char *bytes;
            unsigned long size;
            oracle_encode(&kinds[k], sizes[s][0], sizes[s][1], &bytes, &size);
            for (uint32_t eighths = 8; eighths > 1; eighths /= 2) {
                for (uint32_t small = eighths / 2; small; small /= 2) {
                    assert_int_equal(check(*state, bytes, size, OWN_MODEL, eighths, small),
                                     POSSIBLE);
                }
            }
            free(bytes);
        }
    }
}

/** Of samples that libjpeg would double the components do not tell. */
static void makes_both_where_no_sample_is_doubled(void **state) {
    static const variant ycck = {.stored = JCS_YCCK, .h = {2, 1, 1, 2}, .v = {2, 1, 1, 2}},
                         wide = {.stored = JCS_RGB, .h = {2, 1, 1}, .v = {1, 1, 1}};
    unsigned char *bytes;
    unsigned long size;
    oracle_encode(&ycck, 100, 75, &bytes, &size);
    assert_int_equal(check(*state, bytes, size, OWN_MODEL, 8, 1), POSSIBLE);
    assert_int_equal(check(*state, bytes, size, OWN_MODEL, 4, 2), POSSIBLE);
    free(bytes);
    oracle_encode(&wide, 100, 75, &bytes, &size);
    assert_false(check(*state, bytes, size, OWN_MODEL, 8, 1));
    free(bytes);
}

static void makes_both_whatever_the_larger_is_for(void **state) {
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        unsigned char *bytes;
        unsigned long size;
        bool full = kinds[k].h[0] >= kinds[k].h[1] && kinds[k].v[0] >= kinds[k].v[1];
        if (kinds[k].stored == JCS_YCbCr) {
            oracle_encode(&kinds[k], 131, 66, &bytes, &size);
            for (uint32_t eighths = 8; eighths > 1; eighths /= 2) {
                assert_int_equal(check(*state, bytes, size, CLP_MODEL_RGB, eighths, 1), POSSIBLE);
                assert_int_equal(check(*state, bytes, size, CLP_MODEL_GRAY, eighths, 1),
                                 POSSIBLE && full);
            }
            free(bytes);
        }
    }
}

static void leaves_what_is_no_smaller(void **state) {
    unsigned char *bytes;
    unsigned long size;
    oracle_encode(&(variant){.stored = JCS_YCbCr, .h = {2, 1, 1}, .v = {2, 1, 1}}, 100, 75, &bytes,
                  &size);
    assert_false(check(*state, bytes, size, OWN_MODEL, 1, 2));
    assert_false(check(*state, bytes, size, OWN_MODEL, 4, 8));
    free(bytes);
}

static void makes_both_of_damaged_files(void **state) {
    enum { ROUNDS = 30 };
    uint32_t seed = 7;
    size_t once = 0;
    readable = flawed = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        unsigned char *bytes;
        unsigned long size;
        oracle_encode(&kinds[k], 131, 66, &bytes, &size);
        for (int i = 0; i < ROUNDS; i++) {
            uint8_t *spoilt = malloc(size);
            size_t length = i % 5 ? size : next_random(&seed) % size;
            memcpy(spoilt, bytes, size);
            for (int n = i % 5 ? 1 + i % 3 : 0; n > 0; n--) {
                spoilt[next_random(&seed) % size] = (uint8_t)next_random(&seed);
            }
            bool one = check(*state, spoilt, length, OWN_MODEL, i % 2 ? 8 : 4, i % 3 ? 1 : 2);
            once += one;
            free(spoilt);
        }
        free(bytes);
    }
    print_message("%zu of %zu in one reading, %zu of them damaged\n", once, readable, flawed);
    assert_int_equal(once, POSSIBLE ? readable : 0);
    assert_int_equal(flawed > 0, POSSIBLE);
}

static void is_tried_before_use(void **state) {
    (void)state;
    assert_int_equal(clp_jpeg_small_try(), POSSIBLE);
    spoils = true; /* every sample lies one place further */
    assert_false(clp_jpeg_small_try());
    spoils = false;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_DECODER(makes_both_in_one_reading),
        WITH_DECODER(makes_both_where_no_sample_is_doubled),
        WITH_DECODER(makes_both_whatever_the_larger_is_for),
        WITH_DECODER(leaves_what_is_no_smaller),
        WITH_DECODER(makes_both_of_damaged_files),
        cmocka_unit_test(is_tried_before_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
