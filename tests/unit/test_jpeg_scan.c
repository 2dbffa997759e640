/** Packing JPEG scans: what is taken, what is left to libjpeg, and where every byte goes. */
#include "codec_helper.h"

#include <jpeglib.h>

#include "codec/jpeg_scan.h"
#include "codec/jpeg_scan_write.h"

/* ---------------------------------------------------------------- stuffing */

/** Byte by byte, as the standard says it. */
static size_t unstuff_slowly(const uint8_t *from, size_t size, uint8_t *to, size_t *written) {
    size_t at = 0, made = 0;
    while (at < size && (from[at] != 0xFF || (at + 1 < size && from[at + 1] == 0))) {
        to[made++] = from[at];
        at += from[at] == 0xFF ? 2 : 1;
    }
    *written = made;
    return at;
}

static void stuffing(void **state) {
    uint32_t seed = 7;
    (void)state;
    for (uint32_t round = 0; round < 3000; round++) {
        uint8_t plain[300], wanted[700], slow[316], fast[316], made[716];
        size_t size = next_random(&seed) % 200, length = 0, slow_size, fast_size;
        uint32_t often = 1 + next_random(&seed) % 40;
        for (size_t i = 0; i < size; i++) {
            plain[i] = next_random(&seed) % often == 0 ? 0xFF : (uint8_t)next_random(&seed);
            wanted[length++] = plain[i];
            if (plain[i] == 0xFF) {
                wanted[length++] = 0;
            }
        }
        assert_int_equal(clp_jpeg_stuffed_size(plain, size), length);
        assert_int_equal(clp_jpeg_stuff(plain, size, made), length);
        assert_memory_equal(made, wanted, length);
        if (round % 2) { /* a marker somewhere, or an end in the middle of a pair */
            made[next_random(&seed) % (length + 1)] = 0xFF;
            length -= length ? next_random(&seed) % 2 : 0;
        }
        size_t slowly = unstuff_slowly(made, length, slow, &slow_size);
        assert_int_equal(clp_jpeg_unstuff(made, length, fast, &fast_size), slowly);
        assert_int_equal(fast_size, slow_size);
        assert_memory_equal(fast, slow, slow_size);
    }
}

/* ----------------------------------------------------------------- packages */

typedef struct recipe {
    int components, h, v, restart;
    bool progressive, arithmetic, optimised;
} recipe;

static uint8_t *make(const recipe *r, uint32_t width, uint32_t height, size_t *size) {
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    unsigned char *made = NULL;
    unsigned long length = 0;
    uint32_t seed = 3;
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &made, &length);
    info.image_width = width;
    info.image_height = height;
    info.input_components = r->components;
    info.in_color_space = r->components == 3   ? JCS_YCbCr
                          : r->components == 1 ? JCS_GRAYSCALE
                                               : JCS_CMYK;
    jpeg_set_defaults(&info);
    info.comp_info[0].h_samp_factor = r->h;
    info.comp_info[0].v_samp_factor = r->v;
    info.restart_interval = (unsigned)r->restart;
    info.optimize_coding = r->optimised;
    info.arith_code = r->arithmetic;
    if (r->progressive) {
        jpeg_simple_progression(&info);
    }
    jpeg_start_compress(&info, TRUE);
    uint8_t row[4 * 256];
    JSAMPROW rows = row;
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t i = 0; i < width * (uint32_t)r->components; i++) {
            row[i] = (uint8_t)next_random(&seed);
        }
        jpeg_write_scanlines(&info, &rows, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    *size = length;
    return made;
}

/** Parses and packs into a block of exactly the size that was asked for, which a sanitizer watches.
 */
static const char *try_pack(const uint8_t *bytes, size_t size, clp_jpeg_scan *scan,
                            uint8_t **package, size_t *used) {
    *package = NULL;
    const char *why = clp_jpeg_scan_parse(scan, bytes, size);
    if (!why) {
        *package = malloc(scan->bound);
        assert_non_null(*package);
        memset(*package, 0xA5, scan->bound);
        why = clp_jpeg_scan_pack(scan, *package, used);
        assert_true(why || *used <= scan->bound);
    }
    return why;
}

/** Segments stand where the package says, and hold the file's bytes. */
static void packages(void **state) {
    static const recipe recipes[] = {{3, 2, 2, 0, false, false, false},
                                     {3, 1, 1, 3, false, false, true},
                                     {1, 1, 1, 0, false, false, false},
                                     {3, 2, 1, 1, false, false, false}};
    (void)state;
    for (size_t i = 0; i < sizeof recipes / sizeof recipes[0]; i++) {
        clp_jpeg_scan scan;
        size_t size, used, left;
        uint8_t *package, *bytes = make(&recipes[i], 90, 50, &size);
        assert_null(try_pack(bytes, size, &scan, &package, &used));
        const jpeg_package *p = &scan.package;
        const jpeg_segment *segments = (const jpeg_segment *)(const void *)(package + p->segments);
        assert_memory_equal(package, p, sizeof *p);
        assert_int_equal(p->width, 90);
        assert_int_equal(p->height, 50);
        assert_int_equal(p->components, recipes[i].components);
        assert_int_equal(used, p->bytes + JPEG_PADDING);
        assert_int_equal(p->segment_count, recipes[i].restart
                                               ? (p->mcus + (uint32_t)recipes[i].restart - 1) /
                                                     (uint32_t)recipes[i].restart
                                               : 1);
        const uint8_t *from = scan.data;
        uint32_t bits = 0;
        left = scan.size;
        for (uint32_t s = 0; s < p->segment_count; s++) {
            uint8_t wanted[40000];
            size_t length, read = unstuff_slowly(from, left, wanted, &length);
            assert_int_equal(segments[s].start % 128, 0);
            assert_int_equal(segments[s].bits, 8 * length);
            assert_memory_equal(package + p->scan + segments[s].start / 8, wanted, length);
            for (size_t k = length; k % JPEG_ALIGN != 0; k++) {
                assert_int_equal(package[p->scan + segments[s].start / 8 + k], 0);
            }
            bits += segments[s].bits;
            from += read + 2;
            left -= read + 2;
        }
        assert_int_equal(left, 0);
        assert_int_equal(bits, p->scan_bits);
        for (size_t k = p->bytes; k < used; k++) {
            assert_int_equal(package[k], 0);
        }
        free(package);
        free(bytes);
    }
}

static void left_to_libjpeg(void **state) {
    static const recipe recipes[] = {{3, 2, 2, 0, true, false, false},
                                     {3, 1, 1, 0, false, true, false},
                                     {4, 1, 1, 0, false, false, false}};
    (void)state;
    for (size_t i = 0; i < sizeof recipes / sizeof recipes[0]; i++) {
        clp_jpeg_scan scan;
        size_t size;
        uint8_t *bytes = make(&recipes[i], 60, 40, &size);
        assert_non_null(clp_jpeg_scan_parse(&scan, bytes, size));
        free(bytes);
    }
}

/** A gray picture of a block, whose tables have so many codes of one bit, for symbols from 0 on. */
static size_t put_block(uint8_t *bytes, uint8_t dc_codes, uint8_t ac_codes) {
    static const uint8_t frame[] = {0xFF, 0xC0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0},
                         scan[] = {0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 0x3F, 0xFF, 0xD9};
    uint8_t *at = bytes;
    memcpy(at, (uint8_t[]){0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0}, 7);
    memset(at += 7, 1, 64);
    memcpy(at += 64, frame, sizeof frame);
    at += sizeof frame;
    for (uint8_t ac = 0; ac < 2; ac++) {
        uint8_t codes = ac ? ac_codes : dc_codes;
        memcpy(at, (uint8_t[]){0xFF, 0xC4, 0, (uint8_t)(19 + codes), (uint8_t)(ac << 4), codes}, 6);
        memset(at += 6, 0, 15);
        at += 15;
        for (uint8_t symbol = 0; symbol < codes; symbol++) {
            *at++ = symbol;
        }
    }
    memcpy(at, scan, sizeof scan);
    return (size_t)(at - bytes) + sizeof scan;
}

/** libjpeg knows no code that is all ones. */
static void codes_of_ones(void **state) {
    (void)state;
    for (uint8_t i = 0; i < 3; i++) {
        clp_jpeg_scan scan;
        size_t used;
        uint8_t *package, bytes[256];
        size_t size = put_block(bytes, i == 1 ? 2 : 1, i == 2 ? 2 : 1);
        const char *why = try_pack(bytes, size, &scan, &package, &used);
        assert_true((why == NULL) == (i == 0));
        free(package);
    }
}

/** Whatever is cut off or changed is refused, or packed within its bounds. */
static void damaged(void **state) {
    const recipe r = {3, 2, 2, 2, false, false, false};
    clp_jpeg_scan scan;
    size_t size, used, refused = 0;
    uint32_t seed = 5;
    uint8_t *package, *bytes = make(&r, 90, 50, &size), *copy = malloc(size);
    (void)state;
    assert_non_null(copy);
    for (size_t length = 0; length < size; length++) {
        uint8_t *cut = malloc(length ? length : 1); /* a block of its own for sanitizers */
        assert_non_null(cut);
        memcpy(cut, bytes, length);
        assert_non_null(try_pack(cut, length, &scan, &package, &used));
        free(package);
        free(cut);
    }
    for (uint32_t round = 0; round < 4000; round++) {
        memcpy(copy, bytes, size);
        /* half of them in the headers */
        size_t at = next_random(&seed) % (round % 2 ? 620 : size);
        copy[at] = (uint8_t)next_random(&seed);
        refused += try_pack(copy, size, &scan, &package, &used) != NULL;
        free(package);
    }
    assert_true(refused > 200 && refused < 4000);
    free(copy);
    free(bytes);
}

/** A picture much larger than its file could hold is refused before memory is asked for. */
static void huge(void **state) {
    const recipe r = {3, 2, 2, 1, false, false, false};
    clp_jpeg_scan scan;
    size_t size;
    uint8_t *bytes = make(&r, 16, 16, &size);
    (void)state;
    for (size_t i = 2; i + 9 < size; i++) {
        if (bytes[i] == 0xFF && bytes[i + 1] == 0xC0) {
            memcpy(bytes + i + 5, "\xFF\xDC\xFF\xDC", 4);
            break;
        }
    }
    assert_non_null(clp_jpeg_scan_parse(&scan, bytes, size));
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stuffing),        cmocka_unit_test(packages),
        cmocka_unit_test(left_to_libjpeg), cmocka_unit_test(codes_of_ones),
        cmocka_unit_test(damaged),         cmocka_unit_test(huge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
