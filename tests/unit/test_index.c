/* Rows, filters and estimates of an index. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include "index/meta.h"
#include "index/name.h"
#include "index/where.h"

/* -------------------------------------------------------------------- rows */

static void test_ranks(void **state) {
    (void)state;
    clp_row row = {0};
    clp_row_string(&row, CLP_FIELD_CITY, CLP_RANK_IPTC, "Milan");
    clp_row_string(&row, CLP_FIELD_CITY, CLP_RANK_XMP, "Rome");
    clp_row_string(&row, CLP_FIELD_CITY, CLP_RANK_IPTC, "Paris");
    assert_string_equal(clp_row_get(&row, CLP_FIELD_CITY), "Rome");
    clp_row_number(&row, CLP_FIELD_ISO, CLP_RANK_EXIF, 400);
    assert_int_equal(row.values[CLP_FIELD_ISO].kind, CLP_CELL_INTEGER);
    clp_row_number(&row, CLP_FIELD_F_NUMBER, CLP_RANK_EXIF, 0.0 / 0.0);
    assert_false(clp_row_has(&row, CLP_FIELD_F_NUMBER));
    clp_row_string(&row, CLP_FIELD_MAKE, CLP_RANK_EXIF, "");
    assert_false(clp_row_has(&row, CLP_FIELD_MAKE));
    clp_row_text(&row, CLP_FIELD_MAKE, CLP_RANK_EXIF, "\xC4hm\0rest", 8); /* Latin-1, ends by NUL */
    assert_string_equal(clp_row_get(&row, CLP_FIELD_MAKE), "\xC3\x84hm");
    clp_row_free(&row);
}

/** Every name has a spelling of its own, which is UTF-8 and can be undone. */
static void test_names(void **state) {
    (void)state;
    static const char *const names[][2] = {{"a/b c.png", "a/b c.png"},
                                           {"\xC3\xA9.png", "\xC3\xA9.png"},
                                           {"\xE9.png", "\\xe9.png"},
                                           {"\\xe9.png", "\\x5cxe9.png"},
                                           {"\\x5cxe9", "\\x5cx5cxe9"},
                                           {"\\xE9 \\xg9 \\", "\\xE9 \\xg9 \\"},
                                           {"a\xC3", "a\\xc3"},
                                           {"\xC3\xC3\xA9", "\\xc3\xC3\xA9"},
                                           {"\xED\xA0\x80", "\\xed\\xa0\\x80"},
                                           {"\\\xE9", "\\\\xe9"},
                                           {"", ""}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        clp_bytes spelled = {0};
        const char *name = names[i][0];
        assert_int_equal(clp_name_spell(&spelled, name, strlen(name), NULL), CLPROC_OK);
        assert_int_equal(clp_bytes_append(&spelled, "", 1, NULL), CLPROC_OK);
        const char *at = (const char *)spelled.data;
        assert_string_equal(at, names[i][1]);
        for (size_t k = 0; k <= strlen(name); k++) {
            assert_int_equal(clp_name_next(&at), (unsigned char)name[k]);
        }
        clp_bytes_free(&spelled);
    }
}

/** Lists that grow in turns keep their items. */
static void test_lists(void **state) {
    (void)state;
    clp_row row = {0};
    size_t at = 0;
    clp_row_item(&row, CLP_FIELD_KEYWORDS, CLP_RANK_IPTC, "a", 1);
    clp_row_item(&row, CLP_FIELD_SUBJECT, CLP_RANK_XMP, "x", 1);
    clp_row_item(&row, CLP_FIELD_KEYWORDS, CLP_RANK_IPTC, "bc", 2);
    clp_row_item(&row, CLP_FIELD_SUBJECT, CLP_RANK_XMP, "y", 1);
    assert_string_equal(clp_row_next(&row, CLP_FIELD_KEYWORDS, &at), "a");
    assert_string_equal(clp_row_next(&row, CLP_FIELD_KEYWORDS, &at), "bc");
    assert_null(clp_row_next(&row, CLP_FIELD_KEYWORDS, &at));
    for (int i = 0; i < 100000; i++) {
        clp_row_item(&row, CLP_FIELD_KEYWORDS, CLP_RANK_IPTC, "word", 4);
    }
    assert_string_equal(clp_row_get(&row, CLP_FIELD_WARNING), "a list is too long: cut");
    assert_true(row.text.size < 300000);
    clp_row_free(&row);
}

/** Lists of a hostile file that grow in turns take memory by their length, not by its square, and
 * the rows behind it do not keep that. */
static void test_lists_in_turns(void **state) {
    (void)state;
    clp_row row = {0};
    size_t at[2] = {0, 0}, count = 0;
    char said[16];
    const char *item;
    for (int i = 0; i < 9000; i++) {
        int size = snprintf(said, sizeof said, "%d", i);
        clp_row_item(&row, CLP_FIELD_SUBJECT, CLP_RANK_XMP, said, (size_t)size);
        clp_row_item(&row, CLP_FIELD_CREATOR, CLP_RANK_XMP, said, (size_t)size);
    }
    assert_true(row.text.size < 500000);
    while ((item = clp_row_next(&row, CLP_FIELD_SUBJECT, &at[0]))) {
        snprintf(said, sizeof said, "%zu", count++);
        assert_string_equal(item, said);
        assert_string_equal(clp_row_next(&row, CLP_FIELD_CREATOR, &at[1]), said);
    }
    assert_int_equal(count, 9000);
    assert_null(clp_row_next(&row, CLP_FIELD_CREATOR, &at[1]));
    clp_row_clear(&row);
    assert_true(row.text.capacity <= 65536);
    clp_row_free(&row);
}

/** The bounds are on texts as rows have them, so a row that is read back is not cut again. */
static void test_bounds_of_latin1(void **state) {
    (void)state;
    clp_row row = {0}, back = {0};
    static char text[2 * CLP_ROW_TEXT];
    size_t at[3] = {0, 0, 0}, count = 0;
    const char *item;
    memset(text, '\xE9', sizeof text);
    text[0] = 'x';
    clp_row_text(&row, CLP_FIELD_COMMENT, CLP_RANK_FORMAT, text, sizeof text);
    const char *cut = clp_row_get(&row, CLP_FIELD_COMMENT);
    assert_int_equal(strlen(cut), CLP_ROW_TEXT - 1); /* x, and letters of two bytes */
    clp_row_string(&back, CLP_FIELD_COMMENT, CLP_RANK_EXIF, cut);
    assert_string_equal(clp_row_get(&back, CLP_FIELD_COMMENT), cut);
    for (int i = 0; i < 5; i++) { /* each becomes 27,999 bytes: two fit */
        clp_row_item(&row, CLP_FIELD_KEYWORDS, CLP_RANK_IPTC, text, 14000);
    }
    assert_string_equal(clp_row_get(&row, CLP_FIELD_WARNING), "a list is too long: cut");
    while ((item = clp_row_next(&row, CLP_FIELD_KEYWORDS, &at[0]))) {
        clp_row_item(&back, CLP_FIELD_KEYWORDS, CLP_RANK_EXIF, item, strlen(item));
    }
    assert_false(clp_row_has(&back, CLP_FIELD_WARNING));
    while ((item = clp_row_next(&row, CLP_FIELD_KEYWORDS, &at[1]))) {
        assert_string_equal(clp_row_next(&back, CLP_FIELD_KEYWORDS, &at[2]), item);
        count++;
    }
    assert_int_equal(count, 2);
    assert_null(clp_row_next(&back, CLP_FIELD_KEYWORDS, &at[2]));
    clp_row_free(&row);
    clp_row_free(&back);
}

static void test_warnings(void **state) {
    (void)state;
    clp_row row = {0};
    clp_row_unwarn(&row, "no score: ");
    clp_row_warn(&row, "no score: a is missing");
    clp_row_unwarn(&row, "no score: ");
    assert_false(clp_row_has(&row, CLP_FIELD_WARNING));
    clp_row_warn(&row, "a loop");
    clp_row_warn(&row, "no score: a is missing");
    assert_string_equal(clp_row_get(&row, CLP_FIELD_WARNING), "a loop; no score: a is missing");
    clp_row_unwarn(&row, "no score: ");
    assert_string_equal(clp_row_get(&row, CLP_FIELD_WARNING), "a loop");
    clp_row_unwarn(&row, "loop"); /* not where a flaw begins */
    assert_string_equal(clp_row_get(&row, CLP_FIELD_WARNING), "a loop");
    clp_row_free(&row);
}

/* -------------------------------------------------------------------- EXIF */

/** What is broken is named, and the rest is there. */
static void test_flaws_of_exif(void **state) {
    (void)state;
    static const uint8_t exif[] = "II*\0\10\0\0\0" /* the first directory, of four entries */
                                  "\4\0"
                                  "\22\1\3\0\1\0\0\0\6\0\0\0"     /* Orientation 6 */
                                  "\62\1\2\0\24\0\0\0\102\0\0\0"  /* ModifyDate at 66 */
                                  "\151\207\4\0\1\0\0\0\10\0\0\0" /* EXIF: a loop */
                                  "\45\210\4\0\1\0\0\0\126\0\0\0" /* GPS at 86 */
                                  "\0\0\0\0\0\0\0\0"
                                  "no date at all, no.\0"
                                  "\2\0"
                                  "\1\0\2\0\2\0\0\0S\0\0\0"
                                  "\2\0\5\0\1\0\0\0\160\0\0\0" /* GPSLatitude at 112 */
                                  "\132\0\0\0\1\0\0\0";
    uint8_t copy[sizeof exif];
    clp_row row = {0};
    clp_index_exif(&row, exif, sizeof exif);
    const char *warning = clp_row_get(&row, CLP_FIELD_WARNING);
    assert_non_null(strstr(warning, "EXIF: a directory leads back to one before"));
    assert_non_null(strstr(warning, "EXIF: ModifyDate is no date"));
    assert_int_equal(row.values[CLP_FIELD_ORIENTATION].integer, 6);
    assert_int_equal(row.values[CLP_FIELD_GPS_LATITUDE].integer, -90);
    assert_string_equal(clp_row_get(&row, CLP_FIELD_MODIFY_DATE), "no date at all, no.");
    /* A latitude of 91 degrees. */
    memcpy(copy, exif, sizeof copy);
    copy[112]++;
    clp_row_clear(&row);
    clp_index_exif(&row, copy, sizeof copy);
    assert_false(clp_row_has(&row, CLP_FIELD_GPS_LATITUDE));
    assert_non_null(
        strstr(clp_row_get(&row, CLP_FIELD_WARNING), "GPS: the position is not on earth"));
    clp_row_free(&row);
}

/* ----------------------------------------------------------------- filters */

static void test_where(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool passes;
    } cases[] = {{"iso > 800", true},
                 {"ISO>=1600 and iso<=1600", true},
                 {"iso != 1600", false},
                 {"iso > 800 and lens ~ \"50mm\"", true},
                 {"lens ~ '^ef.*1\\.8$'", true},
                 {"lens !~ '85mm'", true},
                 {"lens = 'EF 50mm f/1.8'", true},
                 {"lens = 'ef 50mm f/1.8'", false},
                 {"f_number = 2", false},
                 /* What is absent is neither so nor otherwise. */
                 {"Flash = 1", false},
                 {"Flash != 1", false},
                 {"not Flash = 1", false},
                 {"not (Flash = 1) or iso = 1600", true},
                 {"Flash = null", true},
                 {"Flash != null", false},
                 {"not Flash = null", false},
                 {"iso != null and not Flash != null", true},
                 /* and binds more than or. */
                 {"iso = 1 and iso = 2 or iso = 1600", true},
                 {"iso = 1 and (iso = 2 or iso = 1600)", false},
                 {"not not iso = 1600", true},
                 /* Lists: one item, or with != and !~ all. */
                 {"keywords = 'old'", true},
                 {"keywords != 'old'", false},
                 {"keywords != 'new'", true},
                 {"keywords ~ 'sto'", true},
                 /* In any case, of letters beyond ASCII, too. */
                 {"Caption-Abstract ~ '^SAY'", true},
                 {"make ~ '^\xC3\x84HM.\xC3\x89$'", true},
                 {"make ~ '^\xC3\x84HM\xC3\x89$'", false},
                 /* Numbers as texts, texts as numbers. */
                 {"iso = '1600'", true},
                 {"iso ~ '^16'", true},
                 {"SubSecTime = 45", true},
                 {"lens > 5", false},
                 {"Caption-Abstract = 'say \\'hi\\''", true},
                 {"date >= '2020:01' and date < '2020:02'", true}};
    clp_row row = {0};
    clp_row_integer(&row, CLP_FIELD_ISO, CLP_RANK_EXIF, 1600);
    clp_row_string(&row, CLP_FIELD_LENS_MODEL, CLP_RANK_EXIF, "EF 50mm f/1.8");
    clp_row_string(&row, CLP_FIELD_SUBSEC_TIME, CLP_RANK_EXIF, "045");
    clp_row_string(&row, CLP_FIELD_MAKE, CLP_RANK_EXIF, "\xC3\xA4hm\xE2\x82\xAC\xC3\xA9");
    clp_row_string(&row, CLP_FIELD_DATE_TIME_ORIGINAL, CLP_RANK_EXIF, "2020:01:02 03:04:05");
    clp_row_string(&row, CLP_FIELD_CAPTION_ABSTRACT, CLP_RANK_IPTC, "say 'hi'");
    clp_row_item(&row, CLP_FIELD_KEYWORDS, CLP_RANK_IPTC, "stone", 5);
    clp_row_item(&row, CLP_FIELD_KEYWORDS, CLP_RANK_IPTC, "old", 3);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clp_where *where = NULL;
        clproc_error error = {0};
        clproc_status status = clp_where_create(&where, cases[i].text, &error);
        if (strstr(cases[i].text, "f_number")) {
            assert_int_equal(status, CLPROC_ERROR_ARGUMENT);
            continue;
        }
        if (status != CLPROC_OK || clp_where_passes(where, &row) != cases[i].passes) {
            fail_msg("%s: %s", cases[i].text, error.message);
        }
        clp_where_destroy(&where);
        assert_null(where);
    }
    assert_true(clp_where_passes(NULL, &row));
    clp_row_free(&row);
}

/** A number compared with a text that is none: an error that says what to give, and that is short
 * even if the text is long. */
static void test_types_of_where(void **state) {
    (void)state;
    static const char *const wrong[] = {"iso = 'many'", "FNumber >= '2.8 or so'", "width != ''",
                                        "lens ~ '50' and iso < \"%s\""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[2200], longest[2001] = "";
        clp_where *where = NULL;
        clproc_error error = {0};
        memset(longest, 'm', sizeof longest - 1);
        snprintf(text, sizeof text, wrong[i], longest);
        assert_int_equal(clp_where_create(&where, text, &error), CLPROC_ERROR_ARGUMENT);
        assert_non_null(strstr(error.message, "is a number and cannot be compared with the text"));
        assert_non_null(strstr(error.message, "; give a number, as "));
        snprintf(text, sizeof text, "lens ~ '%.200s('", longest);
        assert_int_equal(clp_where_create(&where, text, &error), CLPROC_ERROR_ARGUMENT);
        assert_true(strlen(error.message) < 160);
    }
}

/** A date compared with a number would be true of none; in quotes it is compared as text. */
static void test_numbers_as_dates(void **state) {
    (void)state;
    static const char *const wrong[][2] = {
        {"date > 2024", "DateTimeOriginal > '2024'"},
        {"(mtime>=2020 or iso = 100)", "FileModifyDate > '2020'"},
        {"not (CreateDate != 2024-05-06) and iso > 1", "CreateDate > '2024-05-06'"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        clp_where *where = NULL;
        clproc_error error = {0};
        assert_int_equal(clp_where_create(&where, wrong[i][0], &error), CLPROC_ERROR_ARGUMENT);
        assert_non_null(strstr(error.message, "is a date and cannot be compared with a number"));
        assert_non_null(strstr(error.message, wrong[i][1]));
        assert_int_equal(clp_where_create(&where, wrong[i][1], &error), CLPROC_OK);
        clp_where_destroy(&where);
    }
}

/** However long or deep, it ends, with a reason. */
static void test_bounds_of_where(void **state) {
    (void)state;
    static const char *const parts[] = {"(", "not ", "iso=1 or ", "lens ~ 'aaaaaaaa' and "};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        static char text[100000];
        clp_where *where = NULL;
        clproc_error error = {0};
        size_t used = 0;
        while (used + 64 < sizeof text) {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s", parts[i]);
        }
        assert_int_equal(clp_where_create(&where, text, &error), CLPROC_ERROR_ARGUMENT);
        assert_true(strlen(error.message) > 0 && !where);
    }
}

/* --------------------------------------------------------------- estimates */

/** Of libjpeg's own tables the quality is exactly what they were made with. */
static void test_quality(void **state) {
    (void)state;
    clp_quality_scale scale;
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    uint16_t tables[2][64];
    static const int natural[64] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,
                                    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
                                    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
                                    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};
    clp_quality_scale_make(&scale);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    for (int quality = 1; quality <= 100; quality++) {
        jpeg_set_quality(&jpeg, quality, TRUE);
        for (int i = 0; i < 64; i++) {
            tables[0][i] = jpeg.quant_tbl_ptrs[0]->quantval[natural[i]];
            tables[1][i] = jpeg.quant_tbl_ptrs[1]->quantval[natural[i]];
        }
        assert_int_equal(clp_index_quality(&scale, (const uint16_t(*)[64])tables, 2), quality);
        assert_int_equal(clp_index_quality(&scale, (const uint16_t(*)[64])tables, 1), quality);
    }
    assert_int_equal(clp_index_quality(&scale, (const uint16_t(*)[64])tables, 0), 0);
    jpeg_destroy_compress(&jpeg);
}

static void test_fields(void **state) {
    (void)state;
    clp_field field;
    clp_selection selection;
    clproc_error error = {0};
    for (size_t i = 0; i < CLP_FIELD_COUNT; i++) {
        const char *name = clp_field_info(i).name;
        assert_true(clp_field_find(name, strlen(name), &field));
        assert_int_equal(field, i); /* no name stands twice, and no short one hides another */
    }
    assert_null(clp_field_info(CLP_FIELD_COUNT).name);
    assert_int_equal(clp_selection_parse(&selection, "iso, LENS,iso", &error), CLPROC_OK);
    assert_int_equal(selection.count, 2);
    assert_int_equal(selection.fields[1], CLP_FIELD_LENS_MODEL);
    assert_int_equal(clp_selection_parse(&selection, "FocalLenght", &error), CLPROC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "FocalLength"));
    assert_int_equal(clp_selection_parse(&selection, "gps", &error), CLPROC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "GPSLatitude"));
}

static void test_whole(void **state) {
    (void)state;
    clp_selection selection;
    assert_int_equal(clp_selection_parse(&selection, NULL, NULL), CLPROC_OK);
    assert_true(clp_selection_is_whole(&selection));
    clp_selection_add_features(&selection);
    assert_true(clp_selection_is_whole(&selection));
    assert_int_equal(selection.fields[selection.count - 1], CLP_FIELD_THUMB_HASH);
    clp_selection_add_scores(&selection, 3);
    assert_true(clp_selection_is_whole(&selection));
    assert_int_equal(selection.fields[selection.count - 1], CLP_FIELD_SCORE3);
    clp_selection_add_scores(&selection, CLP_FIELD_SCORES);
    assert_int_equal(selection.count, CLP_FIELD_COUNT - 1); /* without the digest */
    assert_true(clp_selection_is_whole(&selection));
    clp_selection_add_digest(&selection); /* which has its place before features */
    assert_false(clp_selection_is_whole(&selection));
    assert_int_equal(clp_selection_parse(&selection, NULL, NULL), CLPROC_OK);
    clp_selection_add_digest(&selection);
    assert_true(clp_selection_is_whole(&selection));
    clp_selection_add_features(&selection);
    assert_true(clp_selection_is_whole(&selection));
    assert_int_equal(clp_selection_parse(&selection, NULL, NULL), CLPROC_OK);
    clp_selection_add_scores(&selection, 1);
    assert_false(clp_selection_is_whole(&selection));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_flaws_of_exif),
        cmocka_unit_test(test_where),
        cmocka_unit_test(test_types_of_where),
        cmocka_unit_test(test_bounds_of_where),
        cmocka_unit_test(test_quality),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_lists_in_turns),
        cmocka_unit_test(test_bounds_of_latin1),
        cmocka_unit_test(test_numbers_as_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
