/** The rows of file formats agree with the libraries and with themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <jpeglib.h>

#include "core/format.h"

static void every_format_has_its_row(void **state) {
    (void)state;
    assert_null(clp_format_of(CLPROC_FORMAT_KEEP));
    for (int format = CLPROC_FORMAT_JPEG; format <= CLPROC_FORMAT_AVIF; format++) {
        const clp_format *row = clp_format_of((clproc_format)format);
        assert_non_null(row);
        assert_int_equal(row->format, format);
        assert_true(row->depth == 8 || row->depth == 16);
        for (size_t i = 0; row->endings[i]; i++) {
            assert_ptr_equal(clp_format_by_ending(row->endings[i]), row);
        }
        assert_non_null(row->endings[0]);
    }
    assert_int_equal(clp_format_of(CLPROC_FORMAT_JPEG)->side_most, JPEG_MAX_DIMENSION);
}

static void endings_are_read_in_any_case(void **state) {
    (void)state;
    assert_int_equal(clp_format_by_ending("JPeG")->format, CLPROC_FORMAT_JPEG);
    assert_int_equal(clp_format_by_ending("PNG")->format, CLPROC_FORMAT_PNG);
    /* Pictures of other formats are known, to be told apart from names with a dot in them. */
    assert_int_equal(clp_format_by_ending("webp")->format, CLPROC_FORMAT_WEBP);
    assert_int_equal(clp_format_by_ending("heic")->format, CLPROC_FORMAT_HEIF);
    assert_int_equal(clp_format_by_ending("gif")->format, CLPROC_FORMAT_KEEP);
    assert_null(clp_format_by_ending("soft"));
    assert_null(clp_format_by_ending(""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_has_its_row),
        cmocka_unit_test(endings_are_read_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
