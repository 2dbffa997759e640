/** Some kinds of metadata, picked out of blocks that are otherwise left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "meta/meta.h"
#include "meta/read.h"
#include "meta/tiff.h"

enum {
    ALL = CLPROC_METADATA_COPYRIGHT | CLPROC_METADATA_DATE | CLPROC_METADATA_GPS |
          CLPROC_METADATA_ORIENTATION
};

static bool has(const clp_bytes *bytes, const char *text) {
    return memmem(bytes->data, bytes->size, text, strlen(text)) != NULL;
}

/* Little-endian: make, orientation 6, EXIF's directory, copyright and the place; a date below. */
static const uint8_t exif[] = "II*\0\x08\0\0\0\5\0"
                              "\x0F\x01\2\0\6\0\0\0\x80\0\0\0"   /* 10: Make, at 128 */
                              "\x12\x01\3\0\1\0\0\0\6\0\0\0"     /* 22: Orientation */
                              "\x98\x82\2\0\7\0\0\0\x86\0\0\0"   /* 34: Copyright, at 134 */
                              "\x69\x87\4\0\1\0\0\0\x4A\0\0\0"   /* 46: EXIF, at 74 */
                              "\x25\x88\4\0\1\0\0\0\x68\0\0\0"   /* 58: GPS, at 104 */
                              "\0\0\0\0"                         /* 70 */
                              "\2\0"                             /* 74 */
                              "\x03\x90\2\0\x14\0\0\0\x8E\0\0\0" /* 76: DateTimeOriginal, at 142 */
                              "\x91\x92\2\0\3\0\0\0"
                              "42\0\0"   /* 88: SubSecTimeOriginal */
                              "\0\0\0\0" /* 100 */
                              "\1\0"     /* 104 */
                              "\1\0\2\0\2\0\0\0"
                              "N\0\0\0"              /* 106: GPSLatitudeRef */
                              "\0\0\0\0\0\0\0\0\0\0" /* 118 */
                              "Maker\0"              /* 128 */
                              "By me!\0\0"           /* 134 */
                              "2020:01:02 03:04:05"; /* 142 */

typedef struct found {
    size_t count;
    uint32_t tags[16];
    char text[64];
} found;

static bool wants(clp_ifd ifd, uint32_t tag) {
    (void)ifd;
    (void)tag;
    return true;
}

static void take(void *user, const clp_tiff_tag *tag) {
    found *all = user;
    assert_true(all->count < 16);
    all->tags[all->count++] = (uint32_t)tag->ifd << 16 | tag->tag;
    if (tag->type == CLP_TIFF_ASCII) {
        strncat(all->text, (const char *)tag->data, tag->size);
    }
}

static found pick_exif(uint32_t parts) {
    clp_bytes out = {0};
    found all = {0};
    assert_int_equal(sizeof exif, 162);
    assert_int_equal(clp_exif_pick(exif, sizeof exif, parts, &out, NULL), CLPROC_OK);
    if (out.size > 0) {
        const clp_tiff_visitor visitor = {wants, take, &all};
        assert_int_equal(clp_tiff_read_block(out.data, out.size, &visitor), 0);
    }
    clp_bytes_free(&out);
    return all;
}

static void exif_keeps_what_is_asked_for(void **state) {
    (void)state;
    found all = pick_exif(CLPROC_METADATA_COPYRIGHT);
    assert_int_equal(all.count, 1);
    assert_string_equal(all.text, "By me!");
    all = pick_exif(CLPROC_METADATA_DATE);
    assert_int_equal(all.count, 2);
    assert_string_equal(all.text, "2020:01:02 03:04:0542");
    all = pick_exif(CLPROC_METADATA_GPS);
    assert_int_equal(all.count, 1);
    assert_string_equal(all.text, "N");
    all = pick_exif(CLPROC_METADATA_ORIENTATION);
    assert_int_equal(all.count, 1);
    assert_int_equal(all.tags[0], 0x112);
    all = pick_exif(ALL);
    assert_int_equal(all.count, 5);
    assert_string_equal(all.text, "By me!2020:01:02 03:04:0542N");
    assert_int_equal(pick_exif(0).count, 0);
    all = pick_exif(CLPROC_METADATA_EXIF);
    assert_int_equal(all.count, 6);
    assert_string_equal(all.text, "MakerBy me!2020:01:02 03:04:0542N");
}

static void exif_of_both_byte_orders(void **state) {
    (void)state;
    static const uint8_t big[] = "MM\0*\0\0\0\x08\0\1\x01\x3B\0\2\0\0\0\5\0\0\0\x1A\0\0\0\0Jo B";
    clp_bytes out = {0};
    assert_int_equal(clp_exif_pick(big, sizeof big, CLPROC_METADATA_COPYRIGHT, &out, NULL),
                     CLPROC_OK);
    assert_int_equal(out.size, sizeof big + 1); /* padded to even */
    assert_memory_equal(out.data, big, sizeof big);
    assert_int_equal(clp_exif_pick(big, 7, ALL, &out, NULL), CLPROC_ERROR_INPUT);
    clp_bytes_free(&out);
}

#define DESCRIPTION                                                                                \
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "                                                \
    "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about='' "       \
    "xmlns:d='http://purl.org/dc/elements/1.1/' xmlns:photoshop='http://ns.adobe.com/photoshop/"   \
    "1.0/' xmlns:xmp='http://ns.adobe.com/xap/1.0/' "
static const char packet[] =
    DESCRIPTION "xmlns:w='http://www.w3.org/2003/01/geo/wgs84_pos#' photoshop:City='Rome' "
                "xmlns:e='http://ns.adobe.com/exif/1.0/' e:GPSDestLatitude='41,54N' w:lat='41.9' "
                "xmp:CreateDate='2020-01-02' xmp:Rating='4'>"
                "<d:rights><rdf:Alt><rdf:li xml:lang='x-default'>A &amp; B &lt;co&gt;</rdf:li>"
                "<rdf:li xml:lang='de'>Auch</rdf:li></rdf:Alt></d:rights>"
                "<d:creator><rdf:Seq><rdf:li>Jo</rdf:li><rdf:li>Bo</rdf:li></rdf:Seq></d:creator>"
                "<d:title><rdf:Alt><rdf:li xml:lang='x-default'>Secret</rdf:li></rdf:Alt></d:title>"
                "</rdf:Description></rdf:RDF></x:xmpmeta>";

static void note(void *user, const clp_xmp_value *value) {
    clp_bytes *all = user;
    const char *const parts[] = {
        value->name, value->language[0] ? " " : "", value->language, "=", value->text, ";"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        assert_int_equal(clp_bytes_append(all, parts[i], strlen(parts[i]), NULL), CLPROC_OK);
    }
}

static void pick_of(const char *text, uint32_t parts, const char *expected) {
    clp_bytes out = {0}, all = {0};
    assert_int_equal(clp_xmp_pick((const uint8_t *)text, strlen(text), parts, &out, NULL),
                     CLPROC_OK);
    if (out.size > 0) {
        assert_null(clp_xmp_read(out.data, out.size, note, &all));
    }
    assert_int_equal(clp_bytes_append(&all, "", 1, NULL), CLPROC_OK);
    assert_string_equal((const char *)all.data, expected);
    clp_bytes_free(&out);
    clp_bytes_free(&all);
}

static void pick_xmp(uint32_t parts, const char *expected) {
    pick_of(packet, parts, expected);
}

/** Alternatives of one property, in the order they have. */
static void xmp_keeps_all_languages(void **state) {
    (void)state;
#define TERMS(items)                                                                               \
    DESCRIPTION "xmlns:r='http://ns.adobe.com/xap/1.0/rights/'><r:UsageTerms><rdf:Alt>" items      \
                "</rdf:Alt></r:UsageTerms></rdf:Description></rdf:RDF></x:xmpmeta>"
    const uint32_t part = CLPROC_METADATA_COPYRIGHT;
    pick_of(TERMS("<rdf:li xml:lang='de-CH'>Ja</rdf:li><rdf:li xml:lang=\"x-default\" >Yes</rdf:li>"
                  "<rdf:li xml:lang='ja'>\xE3\x81\xAF</rdf:li>"),
            part, "UsageTerms de-CH=Ja;UsageTerms x-default=Yes;UsageTerms ja=\xE3\x81\xAF;");
    /* Without a language it is that for all, once; what is no language is as none. */
    pick_of(TERMS("<rdf:li>A</rdf:li><rdf:li>B</rdf:li><rdf:li xml:lang='fr'>C</rdf:li>"
                  "<rdf:li xml:lang='&quot;>'>D</rdf:li>"),
            part, "UsageTerms x-default=A;UsageTerms fr=C;");
    pick_of(TERMS("<rdf:li xml:lang=''>A</rdf:li>"), part, "UsageTerms x-default=A;");
}

static void xmp_keeps_what_is_asked_for(void **state) {
    (void)state;
    pick_xmp(CLPROC_METADATA_COPYRIGHT,
             "rights x-default=A & B <co>;rights de=Auch;creator=Jo;creator=Bo;");
    pick_xmp(CLPROC_METADATA_DATE, "CreateDate=2020-01-02;");
    pick_xmp(CLPROC_METADATA_GPS, "City=Rome;GPSDestLatitude=41,54N;lat=41.9;");
    pick_xmp(CLPROC_METADATA_ORIENTATION, "");
}

static void broken_xmp_is_refused(void **state) {
    (void)state;
    clp_bytes out = {0};
    assert_int_equal(clp_xmp_pick((const uint8_t *)packet, 400, ALL, &out, NULL),
                     CLPROC_ERROR_INPUT);
    clp_bytes_free(&out);
}

/* By-line, city, notice, caption; a flag of copyright, a digest, a resource of Photoshop's own. */
static const char resources[] = "8BIM\x04\x04\0\0\0\0\0\x22"
                                "\x1C\1\x5A\0\3\x1B%G"
                                "\x1C\2\x50\0\2Jo"
                                "\x1C\2\x5A\0\1R"
                                "\x1C\2\x74\0\1C"
                                "\x1C\2\x78\0\2So"
                                "8BIM\x04\x0A\0\0\0\0\0\1\1\0"
                                "8BIM\x04\x25\0\0\0\0\0\4hash"
                                "8BIM\x03\xED\0\0\0\0\0\4abcd";

static void iptc_keeps_what_is_asked_for(void **state) {
    (void)state;
    clp_bytes out = {0};
    const uint8_t *data = (const uint8_t *)resources;
    clp_meta_edit edit = {.parts = CLPROC_METADATA_COPYRIGHT, .strip_gps = true};
    assert_int_equal(clp_iptc_edit_copy(data, sizeof resources - 1, &edit, &out, NULL), CLPROC_OK);
    assert_true(has(&out, "\x1C\1\x5A") && has(&out, "Jo") && has(&out, "\x1C\2\x74"));
    assert_false(has(&out, "So") || has(&out, "hash") || has(&out, "abcd"));
    assert_false(has(&out, "\x1C\2\x5A"));
    assert_true(has(&out, "8BIM\x04\x0A"));
    edit = (clp_meta_edit){.parts = CLPROC_METADATA_DATE};
    assert_int_equal(clp_iptc_edit_copy(data, sizeof resources - 1, &edit, &out, NULL), CLPROC_OK);
    assert_int_equal(out.size, 0);
    clp_bytes_free(&out);
}

/** Whatever the bytes, picking stays within them, and what it makes can be read. */
static void garbage_does_no_harm(void **state) {
    (void)state;
    const struct {
        const uint8_t *bytes;
        size_t size;
    } blocks[] = {{exif, sizeof exif},
                  {(const uint8_t *)packet, sizeof packet - 1},
                  {(const uint8_t *)resources, sizeof resources - 1}};
    const clp_meta_edit edit = {.parts = ALL, .strip_gps = true, .reset_orientation = true};
    uint32_t seed = 3;
    size_t made = 0;
    clp_bytes out = {0};
    for (int round = 0; round < 30000; round++) {
        size_t size = blocks[round % 3].size;
        seed = seed * 1664525u + 1013904223u;
        size = round % 7 ? size : (seed >> 8) % size;
        uint8_t *exact = malloc(size + !size);
        memcpy(exact, blocks[round % 3].bytes, size);
        for (int i = 0; i < round % 5 && size; i++) {
            seed = seed * 1664525u + 1013904223u;
            exact[(seed >> 8) % size] = (uint8_t)(seed >> 24);
        }
        clproc_status status = round % 3 == 0 ? clp_exif_edit_copy(exact, size, &edit, &out, NULL)
                               : round % 3 == 1
                                   ? clp_xmp_edit_copy(exact, size, &edit, &out, NULL)
                                   : clp_iptc_edit_copy(exact, size, &edit, &out, NULL);
        if (status == CLPROC_OK && out.size > 0) {
            assert_true(round % 3 != 0 || clp_exif_read(out.data, out.size).valid);
            made++;
        }
        free(exact);
    }
    assert_true(made > 10000);
    clp_bytes_free(&out);
}

/** The table says what each option takes, and reading it refuses the rest. */
static void kinds_are_read_by_name(void **state) {
    (void)state;
    uint32_t bits = 0;
    clproc_error error = {0};
    assert_int_equal(clproc_metadata_parse("Copyright,icc", true, &bits, NULL), CLPROC_OK);
    assert_int_equal(bits, CLPROC_METADATA_COPYRIGHT | CLPROC_METADATA_ICC);
    assert_int_equal(clproc_metadata_parse("all", false, &bits, NULL), CLPROC_OK);
    assert_int_equal(bits, CLPROC_METADATA_ALL);
    assert_int_equal(clproc_metadata_parse("all", true, &bits, &error), CLPROC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "exif|xmp|"));
    assert_int_equal(clproc_metadata_parse("gps,", false, &bits, &error), CLPROC_ERROR_ARGUMENT);
    assert_int_equal(clproc_metadata_parse("date", false, &bits, &error), CLPROC_ERROR_ARGUMENT);
    uint32_t stripped = 0;
    for (size_t i = 0; clproc_metadata_at(i).name; i++) {
        clproc_metadata_info info = clproc_metadata_at(i);
        stripped |= info.stripped && strcmp(info.name, "all") != 0 ? info.bit : 0;
    }
    assert_int_equal(stripped, CLPROC_METADATA_ALL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exif_keeps_what_is_asked_for),
        cmocka_unit_test(exif_of_both_byte_orders),
        cmocka_unit_test(xmp_keeps_what_is_asked_for),
        cmocka_unit_test(xmp_keeps_all_languages),
        cmocka_unit_test(broken_xmp_is_refused),
        cmocka_unit_test(iptc_keeps_what_is_asked_for),
        cmocka_unit_test(garbage_does_no_harm),
        cmocka_unit_test(kinds_are_read_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
