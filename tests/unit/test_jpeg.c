/** JPEGs that are read, with libjpeg as an oracle. */
#include "jpeg_oracle.h"

static void assert_pixels(const picture *ours, const scanlines *theirs, bool inverted) {
    assert_int_equal(ours->layout.width, theirs->width);
    assert_int_equal(ours->layout.height, theirs->height);
    size_t bytes = (size_t)theirs->width * theirs->channels;
    for (uint32_t y = 0; y < theirs->height; y++) {
        const uint8_t *row = row_of(ours, 0, y), *wanted = theirs->pixels + y * bytes;
        for (size_t x = 0; x < bytes; x++) {
            assert_int_equal(row[x], inverted ? 255 - wanted[x] : wanted[x]);
        }
    }
}

/** Without fancy upsampling, libjpeg repeats every plane's samples: so they can be found again. */
static void assert_planes(const picture *ours, const scanlines *theirs) {
    assert_int_equal(ours->layout.width, theirs->width);
    assert_int_equal(ours->layout.height, theirs->height);
    for (uint32_t p = 0; p < 3; p++) {
        const clp_plane *plane = &ours->layout.planes[p];
        for (uint32_t y = 0; y < theirs->height; y++) {
            const uint8_t *row = row_of(ours, p, y / plane->v_step);
            const uint8_t *wanted = theirs->pixels + (size_t)y * theirs->width * 3 + p;
            for (uint32_t x = 0; x < theirs->width; x++) {
                assert_int_equal(row[x / plane->h_step], wanted[(size_t)x * 3]);
            }
        }
    }
}

static J_COLOR_SPACE space_of(clp_model model) {
    return model == CLP_MODEL_GRAY   ? JCS_GRAYSCALE
           : model == CLP_MODEL_YCC  ? JCS_YCbCr
           : model == CLP_MODEL_CMYK ? JCS_CMYK
                                     : JCS_RGB;
}

/** Every way to decode a file must give libjpeg's own samples. */
static void check_file(clp_decoder *decoder, const uint8_t *bytes, size_t size,
                       clproc_fail_on fail_on) {
    static const int models[] = {OWN_MODEL, CLP_MODEL_GRAY, CLP_MODEL_RGB};
    for (uint32_t eighths = 8; eighths; eighths /= 2) {
        for (int m = 0; m < 3; m++) {
            picture ours;
            scanlines theirs;
            clproc_status status =
                decode(decoder, bytes, size, fail_on, models[m], eighths, 0x5A, &ours);
            if (m > 0 && ours.header.model != CLP_MODEL_YCC) {
                free_picture(&ours);
                break; /* only YCbCr has more than its own model */
            }
            assert_int_equal(status, CLPROC_OK);
            bool planar = ours.layout.model == CLP_MODEL_YCC;
            assert_true(
                oracle_decode(bytes, size, space_of(ours.layout.model), eighths, !planar, &theirs));
            if (planar) {
                assert_planes(&ours, &theirs);
            } else {
                assert_pixels(&ours, &theirs, ours.layout.model == CLP_MODEL_CMYK && !theirs.adobe);
            }
            free(theirs.pixels);
            free_picture(&ours);
        }
    }
}

static void decodes_as_libjpeg_does(void **state) {
    static const variant kinds[] = {
        {.stored = JCS_YCbCr, .h = {1, 1, 1}, .v = {1, 1, 1}, .arithmetic = true},
        {.stored = JCS_YCbCr, .h = {2, 1, 1}, .v = {1, 1, 1}, .restart = 3},
        {.stored = JCS_YCbCr, .h = {2, 1, 1}, .v = {2, 1, 1}},
        {.stored = JCS_YCbCr, .h = {2, 1, 1}, .v = {2, 1, 1}, .progressive = true},
        {.stored = JCS_YCbCr,
         .h = {2, 1, 1},
         .v = {2, 1, 1},
         .progressive = true,
         .arithmetic = true},
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
        {.stored = JCS_RGB, .h = {1, 1, 1}, .v = {1, 1, 1}},
        {.stored = JCS_CMYK, .h = {1, 1, 1, 1}, .v = {1, 1, 1, 1}},
        {.stored = JCS_CMYK, .h = {1, 1, 1, 1}, .v = {1, 1, 1, 1}, .no_adobe = true},
        {.stored = JCS_YCCK, .h = {2, 1, 1, 2}, .v = {2, 1, 1, 2}},
    };
    static const uint32_t sizes[][2] = {{1, 1},   {2, 3},   {7, 5},    {8, 8},   {17, 33},
                                        {33, 17}, {64, 48}, {100, 75}, {5, 130}, {131, 66}};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            unsigned char *bytes;
            unsigned long size;
            oracle_encode(&kinds[k], sizes[s][0], sizes[s][1], &bytes, &size);
            check_file(*state, bytes, size, CLPROC_FAIL_ON_WARNING);
            free(bytes);
        }
    }
}

static void reads_the_header(void **state) {
    unsigned char *bytes;
    unsigned long size;
    picture made;
    oracle_encode(
        &(variant){.stored = JCS_YCbCr, .h = {2, 1, 1}, .v = {2, 1, 1}, .progressive = true}, 50,
        40, &bytes, &size);
    assert_int_equal(decode(*state, bytes, size, CLPROC_FAIL_ON_WARNING, OWN_MODEL, 4, 0, &made),
                     CLPROC_OK);
    assert_int_equal(made.header.format, CLPROC_FORMAT_JPEG);
    assert_int_equal(made.header.width, 50);
    assert_int_equal(made.header.height, 40);
    assert_int_equal(made.header.model, CLP_MODEL_YCC);
    assert_int_equal(made.header.depth, 8);
    assert_true(made.header.progressive);
    assert_int_equal(made.header.component_count, 3);
    assert_int_equal(made.header.h_samp[0], 2);
    assert_int_equal(made.header.v_samp[1], 1);
    assert_int_equal(made.layout.width, 25);
    /* libjpeg scales 4:2:0 chroma to luma's size rather than shrink both. */
    assert_int_equal(made.layout.planes[1].h_step, 1);
    assert_null(made.header.blocks.exif.data);
    free_picture(&made);
    free(bytes);
}

/** libjpeg keeps all coefficients of a file with several scans, whether it is progressive or not.
 */
static void counts_coefficients_that_are_kept(void **state) {
    static const struct {
        variant kind;
        uint64_t blocks;
    } cases[] = {
        {{.stored = JCS_YCbCr, .h = {2, 1, 1}, .v = {2, 1, 1}}, 0},
        {{.stored = JCS_YCbCr, .h = {2, 1, 1}, .v = {2, 1, 1}, .apart = true}, 18 * 10 + 2 * 9 * 5},
        {{.stored = JCS_YCbCr, .h = {2, 1, 1}, .v = {2, 1, 1}, .progressive = true},
         18 * 10 + 2 * 9 * 5},
        {{.stored = JCS_RGB, .h = {1, 1, 1}, .v = {1, 1, 1}, .apart = true}, 3 * 17 * 9},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char *bytes;
        unsigned long size;
        clp_header header;
        oracle_encode(&cases[i].kind, 131, 66, &bytes, &size);
        assert_int_equal(clp_decoder_open(*state, bytes, size, &test_limits, CLPROC_FAIL_ON_WARNING,
                                          &header, NULL),
                         CLPROC_OK);
        assert_int_equal(clp_codec_read_bytes(&header, size), cases[i].blocks * 128);
        free(bytes);
    }
}

static void forgets_the_file_before(void **state) {
    /* The second file lacks its quantisation tables: they must not come from the first. */
    unsigned char *bytes;
    unsigned long size;
    picture made;
    oracle_encode(&(variant){.stored = JCS_GRAYSCALE, .h = {1}, .v = {1}}, 16, 16, &bytes, &size);
    assert_int_equal(decode(*state, bytes, size, CLPROC_FAIL_ON_WARNING, OWN_MODEL, 8, 0, &made),
                     CLPROC_OK);
    free_picture(&made);
    for (size_t i = 2; i + 1 < size; i++) {
        if (bytes[i] == 0xFF && bytes[i + 1] == 0xDB) {
            bytes[i + 1] = 0xFE; /* a comment now */
            break;
        }
    }
    assert_int_equal(decode(*state, bytes, size, CLPROC_FAIL_ON_NONE, OWN_MODEL, 8, 0, &made),
                     CLPROC_ERROR_INPUT);
    assert_non_null(strstr(made.error.message, "uantization table"));
    free_picture(&made);
    free(bytes);
}

/* ------------------------------------------------ flaws, limits, errors */

static void tolerates_flaws_as_told(void **state) {
    unsigned char *bytes;
    unsigned long size;
    oracle_encode(&(variant){.stored = JCS_YCbCr, .h = {1, 1, 1}, .v = {1, 1, 1}, .restart = 4}, 80,
                  60, &bytes, &size);
    const uint32_t cut_short = CLP_FLAW_TRUNCATED | CLP_FLAW_WARNING;
    check_policies(*state, bytes, size / 2, cut_short, CLPROC_FAIL_ON_NONE);

    /* Without the marker that ends the picture: nothing else is missing. */
    check_policies(*state, bytes, size - 2, CLP_FLAW_WARNING, CLPROC_FAIL_ON_ERROR);
    check_policies(*state, bytes, size - 1, CLP_FLAW_WARNING, CLPROC_FAIL_ON_ERROR);
    check_policies(*state, bytes, size - 5, cut_short, CLPROC_FAIL_ON_NONE);

    /* Fields of SOS that a sequential scan does not use, as Samsung's phones leave them. */
    size_t scan = 2;
    while (bytes[scan + 1] != 0xDA) {
        scan += 2u + (size_t)(bytes[scan + 2] << 8 | bytes[scan + 3]);
    }
    bytes[scan + 12] = 0;
    check_policies(*state, bytes, size, CLP_FLAW_WARNING, CLPROC_FAIL_ON_ERROR);
    bytes[scan + 12] = 63;

    /* A restart marker out of order. */
    uint8_t *damaged = malloc(size + 3);
    memcpy(damaged, bytes, size);
    for (size_t i = size / 2; i + 1 < size; i++) {
        if (damaged[i] == 0xFF && damaged[i + 1] >= 0xD0 && damaged[i + 1] <= 0xD7) {
            damaged[i + 1] = (uint8_t)(0xD0 + ((damaged[i + 1] + 3) & 7));
            break;
        }
    }
    picture made;
    assert_int_equal(decode(*state, damaged, size, CLPROC_FAIL_ON_NONE, OWN_MODEL, 8, 0, &made),
                     CLPROC_OK);
    assert_true(made.result.flaws & CLP_FLAW_CORRUPT);
    free_picture(&made);
    assert_int_equal(decode(*state, damaged, size, CLPROC_FAIL_ON_ERROR, OWN_MODEL, 8, 0, &made),
                     CLPROC_ERROR_INPUT);
    free_picture(&made);

    /* Bytes of no meaning before a marker of the header. */
    memcpy(damaged, bytes, 2);
    memcpy(damaged + 2, (uint8_t[]){0xFF, 0x01, 0x42}, 3);
    memcpy(damaged + 5, bytes + 2, size - 2);
    check_policies(*state, damaged, size + 3, CLP_FLAW_WARNING, CLPROC_FAIL_ON_ERROR);
    free(damaged);
    free(bytes);

    /* Of several scans one may be missing. */
    oracle_encode(
        &(variant){.stored = JCS_YCbCr, .h = {1, 1, 1}, .v = {1, 1, 1}, .progressive = true}, 80,
        60, &bytes, &size);
    check_policies(*state, bytes, size - 2, CLP_FLAW_TRUNCATED, CLPROC_FAIL_ON_NONE);
    free(bytes);
}

/** Bad codes that libjpeg tells of when it reads from a file, as djpeg does. */
static long bad_codes(uint8_t *bytes, size_t size) {
    oracle_error errors;
    struct jpeg_decompress_struct info;
    FILE *file = fmemopen(bytes, size, "rb");
    assert_non_null(file);
    info.err = oracle_errors(&errors);
    jpeg_create_decompress(&info);
    if (!setjmp(errors.escape)) {
        JSAMPLE row[4096];
        JSAMPROW rows = row;
        jpeg_stdio_src(&info, file);
        jpeg_read_header(&info, TRUE);
        jpeg_start_decompress(&info);
        while (info.output_scanline < info.output_height) {
            jpeg_read_scanlines(&info, &rows, 1);
        }
        jpeg_finish_decompress(&info);
    }
    jpeg_destroy_decompress(&info);
    fclose(file);
    return errors.bad_codes;
}

/** Codes that stand in no table are found, wherever in the file libjpeg would pass over them; but
 * where a scan falls into step again and ends as it should, nothing gives them away. */
static void finds_bad_codes(void **state) {
    unsigned char *bytes;
    unsigned long size;
    uint32_t random = 1, bad = 0, passed = 0;
    oracle_encode(&(variant){.stored = JCS_YCbCr, .h = {2, 1, 1}, .v = {2, 1, 1}}, 320, 240, &bytes,
                  &size);
    for (int i = 0; i < 2000; i++) {
        picture made;
        size_t at = size / 10 + next_random(&random) % (size / 10 * 8);
        uint8_t before = bytes[at];
        if (before == 0xFF || bytes[at - 1] == 0xFF) {
            continue;
        }
        bytes[at] = (uint8_t)(next_random(&random) % 255);
        if (bad_codes(bytes, size) > 0) {
            bad++;
            passed += decode(*state, bytes, size, CLPROC_FAIL_ON_ERROR, OWN_MODEL, 8, 0, &made) ==
                      CLPROC_OK;
            free_picture(&made);
        }
        bytes[at] = before;
    }
    assert_true(bad >= 10);
    assert_true(passed * 2 <= bad);
    free(bytes);
}

static void truncated_output_is_no_old_memory(void **state) {
    unsigned char *bytes;
    unsigned long size;
    for (int progressive = 0; progressive < 2; progressive++) {
        oracle_encode(
            &(variant){
                .stored = JCS_YCbCr, .h = {2, 1, 1}, .v = {2, 1, 1}, .progressive = progressive},
            90, 70, &bytes, &size);
        for (size_t cut = 700; cut < size; cut += 97) {
            picture a, b;
            clproc_status status =
                decode(*state, bytes, cut, CLPROC_FAIL_ON_NONE, OWN_MODEL, 8, 0x00, &a);
            assert_int_equal(
                decode(*state, bytes, cut, CLPROC_FAIL_ON_NONE, OWN_MODEL, 8, 0xFF, &b), status);
            assert_true(status != CLPROC_OK || same_samples(&a, &b));
            free_picture(&a);
            free_picture(&b);
        }
        free(bytes);
    }
}

static void open_with(clp_decoder *decoder, const uint8_t *bytes, size_t size, clp_limits limits,
                      clproc_status wanted, const char *option) {
    clp_header header;
    clp_layout layout;
    clp_decode_result result;
    clproc_error error = {0};
    uint8_t *base = NULL;
    clproc_status status =
        clp_decoder_open(decoder, bytes, size, &limits, CLPROC_FAIL_ON_ERROR, &header, &error);
    if (status == CLPROC_OK) {
        clp_decode_request request = {header.model, 8};
        assert_int_equal(clp_decoder_layout(decoder, &request, &layout, NULL), CLPROC_OK);
        base = malloc(layout.bytes);
        status = clp_decoder_read(decoder, &layout, base, &result, &error);
    }
    free(base);
    assert_int_equal(status, wanted);
    assert_true(status == CLPROC_OK || strstr(error.message, option));
}

static void respects_limits(void **state) {
    unsigned char *bytes;
    unsigned long size;
    oracle_encode(
        &(variant){.stored = JCS_YCbCr, .h = {1, 1, 1}, .v = {1, 1, 1}, .progressive = true}, 400,
        300, &bytes, &size);
    clp_limits limits = test_limits;
    open_with(*state, bytes, size, (clp_limits){0}, CLPROC_OK, "");
    limits.pixels = 119999;
    open_with(*state, bytes, size, limits, CLPROC_ERROR_LIMIT, "--limit-pixels");
    limits.pixels = 120000;
    limits.side = 399;
    open_with(*state, bytes, size, limits, CLPROC_ERROR_LIMIT, "--limit-side");
    limits.side = 400;
    limits.scans = 9; /* libjpeg's own script has ten */
    open_with(*state, bytes, size, limits, CLPROC_ERROR_LIMIT, "--limit-scans");
    limits.scans = 10;
    open_with(*state, bytes, size, limits, CLPROC_OK, "");
    limits.seconds = 1e-9;
    open_with(*state, bytes, size, limits, CLPROC_ERROR_LIMIT, "--limit-seconds");
    free(bytes);
}

static void refuses_what_is_no_jpeg(void **state) {
    picture made;
    static const uint8_t nothing[] = {0xFF, 0xD8, 0xFF};
    assert_int_equal(
        decode(*state, (const uint8_t *)"", 0, CLPROC_FAIL_ON_NONE, OWN_MODEL, 8, 0, &made),
        CLPROC_ERROR_INPUT);
    assert_int_equal(
        decode(*state, nothing, sizeof nothing, CLPROC_FAIL_ON_NONE, OWN_MODEL, 8, 0, &made),
        CLPROC_ERROR_INPUT);

    unsigned char *bytes;
    unsigned long size;
    oracle_encode(&(variant){.stored = JCS_GRAYSCALE, .h = {1}, .v = {1}}, 9, 9, &bytes, &size);
    for (size_t i = 2; i + 4 < size; i++) {
        if (bytes[i] == 0xFF && bytes[i + 1] == 0xC0) {
            bytes[i + 4] = 12; /* bits per sample */
            assert_int_equal(
                decode(*state, bytes, size, CLPROC_FAIL_ON_NONE, OWN_MODEL, 8, 0, &made),
                CLPROC_ERROR_UNSUPPORTED);
            bytes[i + 1] = 0xC3; /* lossless */
            assert_int_equal(
                decode(*state, bytes, size, CLPROC_FAIL_ON_NONE, OWN_MODEL, 8, 0, &made),
                CLPROC_ERROR_UNSUPPORTED);
            break;
        }
    }
    free(bytes);

    oracle_encode(&(variant){.stored = JCS_GRAYSCALE, .h = {1}, .v = {1}}, 9, 9, &bytes, &size);
    assert_int_equal(decode(*state, bytes, size, CLPROC_FAIL_ON_NONE, CLP_MODEL_RGB, 8, 0, &made),
                     CLPROC_ERROR_ARGUMENT);
    assert_int_equal(decode(*state, bytes, size, CLPROC_FAIL_ON_NONE, OWN_MODEL, 3, 0, &made),
                     CLPROC_ERROR_ARGUMENT);
    free(bytes);
}

static void refuses_fractional_sampling(void **state) {
    unsigned char *bytes;
    unsigned long size;
    picture made;
    oracle_encode(&(variant){.stored = JCS_YCbCr, .h = {3, 1, 1}, .v = {1, 1, 1}}, 40, 40, &bytes,
                  &size);
    for (size_t i = 2; i + 14 < size; i++) {
        if (bytes[i] == 0xFF && bytes[i + 1] == 0xC0) {
            bytes[i + 14] = 0x21; /* the second component: two of three */
            break;
        }
    }
    assert_int_equal(decode(*state, bytes, size, CLPROC_FAIL_ON_NONE, OWN_MODEL, 8, 0, &made),
                     CLPROC_ERROR_UNSUPPORTED);
    assert_non_null(strstr(made.error.message, "fractional"));
    free(bytes);
}

/** Puts ICC segments with these numbers before everything else, and says what came of them. */
static clp_block with_icc_segments(clp_decoder *decoder, const uint8_t (*numbers)[2], size_t count,
                                   uint8_t *file, clproc_fail_on fail_on, clproc_status wanted) {
    unsigned char *bytes;
    unsigned long size;
    picture made;
    oracle_encode(&(variant){.stored = JCS_GRAYSCALE, .h = {1}, .v = {1}}, 8, 8, &bytes, &size);
    uint8_t *end = file;
    memcpy(end, bytes, 2);
    end += 2;
    for (size_t i = 0; i < count; i++) {
        static const uint8_t head[] = "\xFF\xE2\x00\x12ICC_PROFILE";
        memcpy(end, head, sizeof head);
        end += sizeof head;
        *end++ = numbers[i][0];
        *end++ = numbers[i][1];
        *end++ = (uint8_t)(numbers[i][0] * 2);
        *end++ = (uint8_t)(numbers[i][0] * 2 + 1);
    }
    memcpy(end, bytes + 2, size - 2);
    end += size - 2;
    free(bytes);
    assert_int_equal(decode(decoder, file, (size_t)(end - file), fail_on, OWN_MODEL, 8, 0, &made),
                     wanted);
    free_picture(&made);
    return made.header.blocks.icc;
}

static void joins_icc_segments(void **state) {
    static const uint8_t shuffled[][2] = {{3, 3}, {1, 3}, {2, 3}};
    static const uint8_t missing[][2] = {{1, 3}, {3, 3}};
    static const uint8_t twice[][2] = {{1, 2}, {1, 2}, {2, 2}};
    static const uint8_t zero[][2] = {{0, 1}};
    static const uint8_t other_count[][2] = {{1, 2}, {2, 3}};
    uint8_t file[4096];
    clp_block icc = with_icc_segments(*state, shuffled, 3, file, CLPROC_FAIL_ON_WARNING, CLPROC_OK);
    assert_block(icc, (const uint8_t[]){2, 3, 4, 5, 6, 7}, 6);
    const struct {
        const uint8_t (*numbers)[2];
        size_t count;
    } broken[] = {{missing, 2}, {twice, 3}, {zero, 1}, {other_count, 2}};
    for (size_t i = 0; i < 4; i++) {
        icc = with_icc_segments(*state, broken[i].numbers, broken[i].count, file,
                                CLPROC_FAIL_ON_ERROR, CLPROC_OK);
        assert_null(icc.data);
        with_icc_segments(*state, broken[i].numbers, broken[i].count, file, CLPROC_FAIL_ON_WARNING,
                          CLPROC_ERROR_INPUT);
    }
}

/* --------------------------------------------------------------- corpus */

static clp_decoder *replay_decoder;
static size_t replay_clean, replay_warned, replay_refused, replay_over;

/** Under every policy, into two different memories: no crash, the same samples, and the verdict of
 * libjpeg. */
static void replay(const char *path, const uint8_t *bytes, size_t size) {
    picture a, b;
    scanlines theirs = {0};
    clproc_status status =
        decode(replay_decoder, bytes, size, CLPROC_FAIL_ON_NONE, OWN_MODEL, 8, 0, &a);
    if (status == CLPROC_ERROR_LIMIT) {
        assert_non_null(strstr(a.error.message, "--limit-"));
        free_picture(&a);
        replay_over++;
        return;
    }
    bool possible = oracle_decode(bytes, size, JCS_UNKNOWN, 8, true, &theirs);
    free(theirs.pixels);
    if ((status == CLPROC_OK) != possible) {
        fail_msg("%s: %s, libjpeg %s", path, a.error.message, possible ? "takes it" : "does not");
    }
    assert_int_equal(
        decode(replay_decoder, bytes, size, CLPROC_FAIL_ON_NONE, OWN_MODEL, 8, 0xFF, &b), status);
    if (status == CLPROC_OK && !same_samples(&a, &b)) {
        fail_msg("%s: the output depends on old memory", path);
    }
    free_picture(&b);
    for (int fail_on = CLPROC_FAIL_ON_TRUNCATED; fail_on <= CLPROC_FAIL_ON_WARNING; fail_on++) {
        clproc_status strict =
            decode(replay_decoder, bytes, size, (clproc_fail_on)fail_on, OWN_MODEL, 8, 0, &b);
        free_picture(&b);
        bool tolerated = possible && !(a.result.flaws & CLP_FLAW_TRUNCATED) &&
                         (fail_on < CLPROC_FAIL_ON_ERROR || !(a.result.flaws & CLP_FLAW_CORRUPT)) &&
                         (fail_on < CLPROC_FAIL_ON_WARNING || !a.result.flaws);
        if ((strict == CLPROC_OK) != tolerated) {
            fail_msg("%s: policy %d, flaws %u, %s", path, fail_on, a.result.flaws, b.error.message);
        }
    }
    if (possible && theirs.warnings > 0) {
        assert_int_not_equal(a.result.flaws, 0);
        replay_warned++;
    } else if (possible) {
        replay_clean++;
        check_file(replay_decoder, bytes, size, CLPROC_FAIL_ON_NONE);
    } else {
        replay_refused++;
    }
    free_picture(&a);
}

static void agrees_with_libjpeg_over_the_corpus(void **state) {
    replay_decoder = *state;
    for_corpus(CLPROC_FORMAT_JPEG, replay);
    print_message("%zu clean, %zu with warnings, %zu refused, %zu over the limits\n", replay_clean,
                  replay_warned, replay_refused, replay_over);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_DECODER(decodes_as_libjpeg_does),
        WITH_DECODER(reads_the_header),
        WITH_DECODER(counts_coefficients_that_are_kept),
        WITH_DECODER(forgets_the_file_before),
        WITH_DECODER(tolerates_flaws_as_told),
        WITH_DECODER(finds_bad_codes),
        WITH_DECODER(truncated_output_is_no_old_memory),
        WITH_DECODER(respects_limits),
        WITH_DECODER(refuses_what_is_no_jpeg),
        WITH_DECODER(refuses_fractional_sampling),
        WITH_DECODER(joins_icc_segments),
        WITH_DECODER(agrees_with_libjpeg_over_the_corpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
