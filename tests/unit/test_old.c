/* The rows of an index as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

#include "index/old.h"

enum { FILES = 5000 };

static void name_file(size_t number, char path[32]) {
    snprintf(path, 32, "folder/%zu.jpg", number);
}

static void add(clp_old *old, size_t number, int64_t size, const char *date, const char *error) {
    clp_row row = {0};
    clproc_error failure;
    char path[32];
    name_file(number, path);
    clp_row_string(&row, CLP_FIELD_SOURCE_FILE, CLP_RANK_EXIF, path);
    clp_row_string(&row, CLP_FIELD_FILE_MODIFY_DATE, CLP_RANK_EXIF, date);
    clp_row_integer(&row, CLP_FIELD_FILE_SIZE, CLP_RANK_EXIF, size);
    if (error) {
        clp_row_string(&row, CLP_FIELD_ERROR, CLP_RANK_EXIF, error);
    }
    assert_int_equal(clp_old_add(old, &row, 100 * number, number % 2 != 0, &failure), CLPROC_OK);
    clp_row_free(&row);
}

static bool is_unchanged(const clp_old *old, size_t number, uint64_t size, const char *date) {
    char path[32];
    name_file(number, path);
    const clp_old_row *row = clp_old_find(old, path);
    return row && clp_old_is_unchanged(row, path, size, date);
}

static void test_rows(void **state) {
    (void)state;
    clp_old old = {0};
    char path[32];
    assert_null(clp_old_find(&old, "folder/1.jpg"));
    for (size_t i = 0; i < FILES; i++) {
        add(&old, i, (int64_t)i, "2026:01:01 00:00:00+00:00", NULL);
    }
    add(&old, 7, 70, "2026:01:02 00:00:00+00:00", NULL); /* of two, the last counts */
    add(&old, 8, 8, "2026:01:01 00:00:00+00:00", "broken");
    assert_int_equal(old.count, FILES);
    for (size_t i = 0; i < FILES; i++) {
        name_file(i, path);
        const clp_old_row *row = clp_old_find(&old, path);
        assert_non_null(row);
        assert_true(row->place == 100 * i && row->same == i % 2 && !row->met);
        assert_true(is_unchanged(&old, i, i, "2026:01:01 00:00:00+00:00") == (i != 7 && i != 8));
        assert_false(is_unchanged(&old, i, i + 1, "2026:01:01 00:00:00+00:00"));
        assert_false(is_unchanged(&old, i, i, "2026:01:01 00:00:01+00:00"));
        assert_true(is_unchanged(&old, i, i, "2025:12:31 19:30:00-04:30") == (i != 7 && i != 8));
        assert_false(is_unchanged(&old, i, i, "2026:01:01 00:00:00-01:00"));
        assert_false(is_unchanged(&old, i, i, "2026:01:01 00:00:00"));
        assert_false(is_unchanged(&old, i, i, "2026:01:01 00:00:00.000000001+00:00"));
        assert_true(is_unchanged(&old, i, i, "2026:01:01 03:00:00.000+03:00") ==
                    (i != 7 && i != 8));
    }
    assert_true(is_unchanged(&old, 7, 70, "2026:01:02 00:00:00+00:00"));
    name_file(FILES, path);
    assert_null(clp_old_find(&old, path));
    clp_old_free(&old);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
