/* Where a picture ends in its file, found in steps of any size, also in files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "codec/extent.h"
#include "core/file.h"

/** Reads as clp_file_read_if() does, `step` bytes at most at once; returns the end. */
static size_t walk(const uint8_t *bytes, size_t size, size_t step) {
    clp_extent extent = {.by_sides = true};
    size_t have = size < 16 ? size : 16, limit = SIZE_MAX, end, asked = 0;
    while ((end = clp_extent_find(&extent, bytes, have, &limit)) > have && have < size) {
        have = end < have + step ? end : have + step;
        have = have < size ? have : size;
        assert_true(++asked <= 2 * size);
    }
    return end < have ? end : have;
}

static void expect_end(const clp_bytes *file, size_t end) {
    static const size_t steps[] = {1, 7, 1000, SIZE_MAX / 2};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        assert_int_equal(walk(file->data, file->size, steps[i]), end);
    }
}

static void test_ends_of_pictures(void **state) {
    (void)state;
    glob_t found = {0};
    size_t tried = 0;
    char pattern[4096];
    snprintf(pattern, sizeof pattern, "%s/images/*.[jp][pn]g", getenv("CLPROC_SOURCE"));
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        clp_bytes file = {0};
        assert_int_equal(clp_file_read(found.gl_pathv[i], 0, &file, NULL), CLPROC_OK);
        size_t size = file.size;
        if (size > 100000) {
            clp_bytes_free(&file);
            continue; /* byte by byte takes long */
        }
        tried++;
        expect_end(&file, size);
        /* Behind the end, whatever it is. */
        for (int fill = 0; fill < 256; fill += 255) {
            uint8_t more[5000];
            memset(more, fill, sizeof more);
            file.size = size;
            assert_int_equal(clp_bytes_append(&file, more, sizeof more, NULL), CLPROC_OK);
            expect_end(&file, size);
        }
        clp_bytes_free(&file);
    }
    globfree(&found);
    assert_true(tried >= 5);
}

static void test_broken_files_end(void **state) {
    (void)state;
    srand(1);
    for (int i = 0; i < 2000; i++) {
        uint8_t bytes[600];
        for (size_t at = 0; at < sizeof bytes; at++) {
            bytes[at] = (uint8_t)(rand() % 4 ? rand() : 0xFF);
        }
        memcpy(bytes, i % 2 ? "\x89PNG\r\n\x1a\n\0\0\0\rIHDR" : "\xff\xd8\xff\xc0\0\x11",
               i % 2 ? 16 : 6);
        size_t whole = walk(bytes, sizeof bytes, SIZE_MAX / 2);
        assert_true(whole <= sizeof bytes);
        assert_true(walk(bytes, sizeof bytes, 1) <= sizeof bytes);
    }
}

/** The limit follows from the sides, unless it is given. */
static void test_sides_lower_the_limit(void **state) {
    (void)state;
    uint8_t png[64] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x06";
    uint8_t jpeg[64] = "\xff\xd8\xff\xc0\0\x11\x08\0\x10\0\x10\x03";
    const uint8_t *files[] = {png, jpeg};
    for (int i = 0; i < 2; i++) {
        clp_extent extent = {.by_sides = true};
        size_t limit = (size_t)1 << 30;
        clp_extent_find(&extent, files[i], 64, &limit);
        assert_true(limit > 64u << 20 && limit < 65u << 20);
        extent = (clp_extent){0};
        limit = (size_t)1 << 30;
        clp_extent_find(&extent, files[i], 64, &limit);
        assert_int_equal(limit, (size_t)1 << 30);
    }
}

/** It never rises, and follows from a frame's header alone, once all of that is there. */
static void test_what_is_no_frame_leaves_the_limit(void **state) {
    (void)state;
    static const uint8_t png[64] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x06";
    /* Tables, reserved markers, a frame too short to have sides. */
    static const uint8_t others[] = {0xC4, 0xC8, 0xCC, 0xC0};
    for (size_t i = 0; i < sizeof others; i++) {
        uint8_t jpeg[64] = "\xff\xd8\xff\0\0\x11\x08\0\x10\0\x10\x03";
        size_t limit = (size_t)1 << 30;
        jpeg[3] = others[i];
        jpeg[5] = others[i] == 0xC0 ? 6 : 17;
        clp_extent_find(&(clp_extent){.by_sides = true}, jpeg, sizeof jpeg, &limit);
        assert_int_equal(limit, (size_t)1 << 30);
    }
    size_t limit = (size_t)1 << 30;
    assert_int_equal(clp_extent_find(&(clp_extent){.by_sides = true}, png, 20, &limit), 33);
    assert_int_equal(limit, (size_t)1 << 30);
    limit = 100000;
    clp_extent_find(&(clp_extent){.by_sides = true}, png, sizeof png, &limit);
    assert_int_equal(limit, 100000);
}

/** Bytes of a file, padded with what stands behind it. */
static void expect_bytes(const char *file, size_t size, size_t end) {
    clp_bytes bytes = {0};
    static const char more[300];
    assert_int_equal(clp_bytes_append(&bytes, file, size, NULL), CLPROC_OK);
    assert_int_equal(clp_bytes_append(&bytes, more, sizeof more, NULL), CLPROC_OK);
    expect_end(&bytes, end);
    clp_bytes_free(&bytes);
}

#define EXPECT(file, end) expect_bytes(file, sizeof(file) - 1, end)

/** What a header says; of PGM, PPM and PAM three bytes more, which tell whether another follows. */
static void test_ends_by_headers(void **state) {
    (void)state;
    EXPECT("P5 2 2 255\nabcd", 15 + 3);
    EXPECT("P6\n# made by hand\n2 1\n65535\nabcdefghijkl", 28 + 12 + 3);
    EXPECT("P7\nWIDTH 2\nHEIGHT 1\nDEPTH 2\nMAXVAL 255\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\nabcd",
           71 + 4 + 3);
    EXPECT("RIFF\x10\0\0\0WEBPVP8L\4\0\0\0abcd", 24);
    /* A PNG's end, and where it is no PNG any more, what is there is all there is. */
    const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\2\0\0\0crc!"
                       "\0\0\0\0IENDcrc!";
    EXPECT(png, sizeof png - 1);
    /* Segments without a length, fill bytes, what is no end in a comment, and a restart marker in a
     * scan. */
    EXPECT("\xff\xd8\xff\x01\xff\xd0\xff\xff\xfe\0\4\xff\xd9\xff\xda\0\2ab\xff\0\xff\xd3"
           "cd\xff\xd9",
           27);
}

/** What says nothing of its end is read to the file's. */
static void test_no_end_in_sight(void **state) {
    (void)state;
    const uint8_t tiff[64] = "II*\0\10", other[64] = "no picture at all";
    const uint8_t chunk[64] = "\x89PNG\r\n\x1a\n\0\0\0\1\1\2\3\4";
    const uint8_t header[64] = "\x89PNG\r\n\x1a\n\0\0\0\1IHDR\0crc!\0\0\0\0IENDcrc!";
    const uint8_t pnm[64] = "P6 2 x";
    size_t limit = SIZE_MAX;
    assert_int_equal(clp_extent_find(&(clp_extent){0}, tiff, 64, &limit), CLP_FILE_WHOLE);
    assert_int_equal(clp_extent_find(&(clp_extent){0}, other, 64, &limit), 64);
    assert_int_equal(clp_extent_find(&(clp_extent){0}, chunk, 64, &limit), 64);
    assert_int_equal(clp_extent_find(&(clp_extent){0}, header, 64, &limit), 64);
    assert_int_equal(clp_extent_find(&(clp_extent){0}, pnm, 64, &limit), 64);
    assert_int_equal(limit, SIZE_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends_of_pictures),
        cmocka_unit_test(test_broken_files_end),
        cmocka_unit_test(test_sides_lower_the_limit),
        cmocka_unit_test(test_ends_by_headers),
        cmocka_unit_test(test_no_end_in_sight),
        cmocka_unit_test(test_what_is_no_frame_leaves_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
