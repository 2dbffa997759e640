/* Reading tags, XMP, IPTC and names of profiles: right values, and a named flaw for what is broken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meta/read.h"
#include "meta/tiff.h"

/* ------------------------------------------------------------------- TIFF */

/** A structure being written, in either byte order. */
typedef struct builder {
    uint8_t data[4096];
    bool little;
} builder;

static void put(builder *to, size_t at, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; i++) {
        to->data[at + (size_t)i] = (uint8_t)(value >> 8 * (to->little ? i : bytes - 1 - i));
    }
}

static void begin(builder *to, bool little) {
    memset(to, 0, sizeof *to);
    to->little = little;
    memset(to->data, little ? 'I' : 'M', 2);
    put(to, 2, 42, 2);
    put(to, 4, 8, 4);
}

static void put_entry(builder *to, size_t at, uint32_t tag, uint32_t type, uint32_t count,
                      uint32_t value) {
    put(to, at, tag, 2);
    put(to, at + 2, type, 2);
    put(to, at + 4, count, 4);
    put(to, at + 8, value, type == CLP_TIFF_SHORT && count == 1 ? 2 : 4);
}

typedef struct seen {
    size_t count;
    clp_ifd ifd[16];
    uint32_t tag[16];
    double number[16];
} seen;

static bool wants(clp_ifd ifd, uint32_t tag) {
    (void)ifd;
    return tag != 0x927C; /* all but maker notes */
}

static void take(void *user, const clp_tiff_tag *tag) {
    seen *all = user;
    assert_true(all->count < 16);
    assert_true(tag->count > 0 && tag->data);
    all->ifd[all->count] = tag->ifd;
    all->tag[all->count] = tag->tag;
    if (!clp_tiff_number(tag, 0, &all->number[all->count])) {
        all->number[all->count] = NAN;
    }
    all->count++;
}

static uint32_t read_all(const builder *from, size_t size, seen *all) {
    clp_tiff_visitor visitor = {wants, take, all};
    *all = (seen){0};
    return clp_tiff_read_block(from->data, size, &visitor);
}

static void test_directories(void **state) {
    (void)state;
    for (int little = 0; little < 2; little++) {
        builder file;
        seen all;
        begin(&file, little);
        put(&file, 8, 4, 2);
        put_entry(&file, 10, 0x0112, CLP_TIFF_SHORT, 1, 6);
        put_entry(&file, 22, 0x8769, CLP_TIFF_LONG, 1, 100);
        put_entry(&file, 34, 0x8825, CLP_TIFF_LONG, 1, 200);
        put_entry(&file, 46, 0xA005, CLP_TIFF_LONG, 1, 250); /* leads nowhere from here */
        put(&file, 100, 3, 2);
        put_entry(&file, 102, 0x829A, CLP_TIFF_RATIONAL, 1, 300);
        put_entry(&file, 114, 0x9204, CLP_TIFF_SRATIONAL, 1, 308);
        put_entry(&file, 126, 0xA005, CLP_TIFF_LONG, 1, 250);
        put(&file, 200, 1, 2);
        put_entry(&file, 202, 5, CLP_TIFF_BYTE, 1, little ? 1 : 1u << 24);
        put(&file, 250, 1, 2);
        put_entry(&file, 252, 1, CLP_TIFF_ASCII, 4, 0x52393800);
        put(&file, 300, 1, 4), put(&file, 304, 250, 4);
        put(&file, 308, (uint32_t)-2, 4), put(&file, 312, 3, 4);
        assert_int_equal(read_all(&file, 400, &all), 0);
        assert_int_equal(all.count, 6);
        assert_true(all.ifd[0] == CLP_IFD_MAIN && all.number[0] == 6);
        assert_true(all.ifd[1] == CLP_IFD_MAIN && all.number[1] == 250);
        assert_true(all.ifd[2] == CLP_IFD_EXIF && all.number[2] == 1 / 250.0);
        assert_true(all.number[3] == -2 / 3.0);
        assert_true(all.ifd[4] == CLP_IFD_GPS && all.number[4] == 1);
        assert_true(all.ifd[5] == CLP_IFD_INTEROP && isnan(all.number[5]));
    }
}

/** What leads to a directory may be of any type of a whole number that offsets have. */
static void test_types_of_links(void **state) {
    (void)state;
    static const uint32_t types[] = {CLP_TIFF_LONG, CLP_TIFF_SLONG, CLP_TIFF_IFD};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        builder file;
        seen all;
        begin(&file, false);
        put(&file, 8, 2, 2);
        put_entry(&file, 10, 0x8769, types[i], 1, 100);
        put_entry(&file, 22, 0x8825, types[i], 1, 200);
        put(&file, 100, 1, 2);
        put_entry(&file, 102, 0x8827, CLP_TIFF_LONG, 1, 400);
        put(&file, 200, 1, 2);
        put_entry(&file, 202, 11, CLP_TIFF_LONG, 1, 7);
        assert_int_equal(read_all(&file, 400, &all), 0);
        assert_int_equal(all.count, 2);
        assert_true(all.ifd[0] == CLP_IFD_EXIF && all.number[0] == 400);
        assert_true(all.ifd[1] == CLP_IFD_GPS && all.number[1] == 7);
        put_entry(&file, 22, 0x8825, types[i], 1, 0xFFFFFFF0); /* negative, if it has a sign */
        assert_int_equal(read_all(&file, 400, &all), CLP_TIFF_OUTSIDE);
    }
}

static void test_types(void **state) {
    (void)state;
    static const struct {
        uint32_t type, low, high;
        double number;
    } cases[] = {
        {CLP_TIFF_SBYTE, 0xFE, 0, -2},          {CLP_TIFF_SSHORT, 0xFFFE, 0, -2},
        {CLP_TIFF_SLONG, 0xFFFFFFFE, 0, -2},    {CLP_TIFF_FLOAT, 0xBFC00000, 0, -1.5},
        {CLP_TIFF_DOUBLE, 0, 0xBFF80000, -1.5}, {CLP_TIFF_RATIONAL, 0xFFFFFFFF, 2, 2147483647.5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        builder bytes = {.little = true};
        double number = 0;
        clp_tiff_tag tag = {.type = cases[i].type, .count = 1, .little = true, .data = bytes.data};
        put(&bytes, 0, cases[i].low, 4), put(&bytes, 4, cases[i].high, 4);
        tag.size = clp_tiff_type_size(tag.type);
        assert_true(clp_tiff_number(&tag, 0, &number));
        assert_true(number == cases[i].number);
        assert_false(clp_tiff_number(&tag, 1, &number));
    }
    /* Nothing by nothing, and texts, are no numbers. */
    builder bytes = {0};
    double number;
    clp_tiff_tag tag = {.type = CLP_TIFF_RATIONAL, .count = 1, .data = bytes.data, .size = 8};
    assert_false(clp_tiff_number(&tag, 0, &number));
    tag.type = CLP_TIFF_ASCII;
    assert_false(clp_tiff_number(&tag, 0, &number));
}

/** What is broken is told, and what is not is read all the same. */
static void test_flaws(void **state) {
    (void)state;
    static const struct {
        uint32_t tag, type, count, value, flaw;
    } cases[] = {{0x8769, CLP_TIFF_LONG, 1, 8, CLP_TIFF_LOOP},
                 {0x8769, CLP_TIFF_LONG, 1, 5000, CLP_TIFF_OUTSIDE},
                 {0x8769, CLP_TIFF_LONG, 1, 0, CLP_TIFF_OUTSIDE},
                 {0x8769, CLP_TIFF_ASCII, 1, 100, CLP_TIFF_BAD_TYPE},
                 {0x010F, 99, 1, 100, CLP_TIFF_BAD_TYPE},
                 {0x010F, CLP_TIFF_ASCII, 0xFFFFFFFF, 100, CLP_TIFF_BAD_VALUE},
                 {0x010F, CLP_TIFF_RATIONAL, 0x20000001, 100, CLP_TIFF_BAD_VALUE},
                 {0x010F, CLP_TIFF_ASCII, 20, 390, CLP_TIFF_BAD_VALUE},
                 {0x927C, CLP_TIFF_UNDEFINED, 0x800000, 100, 0},
                 {0x010F, CLP_TIFF_ASCII, 0, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        builder file;
        seen all;
        begin(&file, true);
        put(&file, 8, 2, 2);
        put_entry(&file, 10, cases[i].tag, cases[i].type, cases[i].count, cases[i].value);
        put_entry(&file, 22, 0x0112, CLP_TIFF_SHORT, 1, 6);
        uint32_t flaws = read_all(&file, 400, &all);
        assert_int_equal(flaws, cases[i].flaw);
        assert_true((clp_tiff_flaw(flaws, 0) != NULL) == (flaws != 0));
        assert_int_equal(all.count, 1);
        assert_true(all.number[0] == 6);
    }
}

/** The bytes of a large file, of which some more than `given` are never read. */
typedef struct big_file {
    uint8_t *bytes;
    size_t size, given;
} big_file;

static const uint8_t *reach_large(void *user, uint64_t offset, size_t bytes) {
    const big_file *from = user;
    return bytes <= from->given && offset <= from->size && bytes <= from->size - offset
               ? from->bytes + offset
               : NULL;
}

/** Profiles of some MB are read; what is within the file, but is not read, does not "lie outside".
 */
static void test_large_values(void **state) {
    (void)state;
    enum { MB = 1 << 20 };
    static const struct {
        uint32_t count;
        size_t given;
        uint32_t flaw;
    } cases[] = {{2 * MB, 16 * MB, 0},
                 {8 * MB + 1, 16 * MB, CLP_TIFF_UNREAD},
                 {2 * MB, 1 * MB, CLP_TIFF_UNREAD},
                 {16 * MB, 16 * MB, CLP_TIFF_BAD_VALUE}};
    big_file file = {calloc(1, 10 * MB), 10 * MB, 0};
    assert_non_null(file.bytes);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        builder start;
        seen all = {0};
        clp_tiff_visitor visitor = {wants, take, &all};
        file.given = cases[i].given;
        begin(&start, true);
        put(&start, 8, 1, 2);
        put_entry(&start, 10, 0x8773, CLP_TIFF_UNDEFINED, cases[i].count, 100);
        memcpy(file.bytes, start.data, 100);
        clp_reach from = {.at = reach_large, .user = &file, .size = file.size};
        assert_int_equal(clp_tiff_read(&from, CLP_IFD_MAIN, false, &visitor), cases[i].flaw);
        assert_int_equal(all.count, cases[i].flaw == 0);
    }
    /* Many tags of the same 7 MB: up to 64 MB are read. */
    seen all = {0};
    clp_tiff_visitor visitor = {wants, take, &all};
    builder start;
    begin(&start, true);
    put(&start, 8, 12, 2);
    for (size_t i = 0; i < 12; i++) {
        put_entry(&start, 10 + 12 * i, 0x8773, CLP_TIFF_UNDEFINED, 7 * MB, 200);
    }
    memcpy(file.bytes, start.data, 200);
    file.given = 16 * MB;
    clp_reach from = {.at = reach_large, .user = &file, .size = file.size};
    assert_int_equal(clp_tiff_read(&from, CLP_IFD_MAIN, false, &visitor), CLP_TIFF_UNREAD);
    assert_int_equal(all.count, 9);
    free(file.bytes);
}

static void test_cut(void **state) {
    (void)state;
    builder file;
    seen all;
    begin(&file, true);
    assert_int_equal(read_all(&file, 7, &all), CLP_TIFF_NO_HEADER);
    assert_int_equal(read_all(&file, 8, &all), CLP_TIFF_OUTSIDE);
    put(&file, 8, 5, 2);
    put_entry(&file, 10, 0x0112, CLP_TIFF_SHORT, 1, 6);
    assert_int_equal(read_all(&file, 25, &all), CLP_TIFF_SHORT_IFD);
    assert_int_equal(all.count, 1);
    file.data[0] = 'X';
    assert_int_equal(read_all(&file, 400, &all), CLP_TIFF_NO_HEADER);
}

/** A directory that links to many others, which link on: bounded. */
static void test_many_directories(void **state) {
    (void)state;
    static uint8_t large[1 << 17];
    builder file;
    seen all = {0};
    clp_tiff_visitor visitor = {wants, take, &all};
    begin(&file, true);
    memcpy(large, file.data, 8);
    large[8] = 0xFF, large[9] = 0x1F; /* 8191 entries, of no type */
    assert_int_equal(clp_tiff_read_block(large, sizeof large, &visitor),
                     CLP_TIFF_CROWDED | CLP_TIFF_BAD_TYPE);
    assert_int_equal(all.count, 0);
    large[8] = 0, large[9] = 4; /* as many as are read */
    assert_int_equal(clp_tiff_read_block(large, sizeof large, &visitor), CLP_TIFF_BAD_TYPE);
    for (uint32_t links = 23; links <= 24; links++) { /* besides the first */
        put(&file, 8, links, 2);
        for (uint32_t i = 0; i < links; i++) {
            put_entry(&file, 10 + 12 * i, 0x8769, CLP_TIFF_LONG, 1, 1000 + 10 * i);
        }
        memset(large, 0, sizeof large);
        memcpy(large, file.data, 10 + 12 * links);
        assert_int_equal(clp_tiff_read_block(large, sizeof large, &visitor),
                         links == 23 ? 0 : CLP_TIFF_CROWDED);
    }
}

/** Raw files of some makers have a number of their own in the place of 42. */
static void test_numbers_of_makers(void **state) {
    (void)state;
    static const uint32_t known[] = {42, 0x4F52, 0x5352, 0x55};
    builder file;
    seen all;
    begin(&file, true);
    put(&file, 8, 1, 2);
    put_entry(&file, 10, 0x0112, CLP_TIFF_SHORT, 1, 6);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        put(&file, 2, known[i], 2);
        assert_int_equal(read_all(&file, 400, &all), 0);
        assert_int_equal(all.count, 1);
        put(&file, 2, known[i] + 2, 2);
        assert_int_equal(read_all(&file, 400, &all), CLP_TIFF_NO_HEADER);
    }
}

/* -------------------------------------------------------------------- XMP */

static char found[1024];

static void note(void *user, const clp_xmp_value *value) {
    (void)user;
    assert_int_equal(strlen(value->text), value->size);
    size_t used = strlen(found);
    snprintf(found + used, sizeof found - used, "%s:%s=%s;", value->schema, value->name,
             value->text);
}

static const char *read_xmp(const char *text) {
    found[0] = '\0';
    return clp_xmp_read((const uint8_t *)text, strlen(text), note, NULL);
}

#define RDF(attributes, content)                                                                   \
    "<?xpacket begin=''?><x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "                            \
    "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about='' "       \
    "xmlns:photo='http://ns.adobe.com/photoshop/1.0/' xmlns:dc='http://purl.org/dc/elements/1.1/'" \
    " " attributes ">" content "</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"

static void test_xmp(void **state) {
    (void)state;
    assert_null(read_xmp(RDF("photo:City=\"A &amp; B\"", "")));
    assert_string_equal(found, "photoshop:City=A & B;");
    assert_null(read_xmp(RDF("", "<dc:subject><rdf:Bag><rdf:li>x</rdf:li><!-- <no> --><rdf:li>"
                                 "&#233;&#x1F388;&lt;</rdf:li></rdf:Bag></dc:subject>")));
    assert_string_equal(found, "dc:subject=x;dc:subject=\xC3\xA9\xF0\x9F\x8E\x88<;");
    assert_null(read_xmp(RDF("", "<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>T</rdf:li>"
                                 "</rdf:Alt></dc:title><dc:format>image/jpeg</dc:format>")));
    assert_string_equal(found, "dc:title=T;dc:format=image/jpeg;");
}

/** What is built of parts, in each spelling that RDF has for it; lists of such are passed over. */
static void test_xmp_parts(void **state) {
    (void)state;
    assert_null(read_xmp(RDF("", "<dc:a><rdf:Description dc:b='1'><dc:c>2</dc:c></rdf:Description>"
                                 "</dc:a><dc:d/><dc:e>5</dc:e>")));
    assert_string_equal(found, "dc:a/b=1;dc:a/c=2;dc:e=5;");
    assert_null(read_xmp(RDF("", "<dc:a rdf:parseType='Resource'><dc:b>1</dc:b><dc:c>2</dc:c>"
                                 "</dc:a><dc:e>5</dc:e>")));
    assert_string_equal(found, "dc:a/b=1;dc:a/c=2;dc:e=5;");
    assert_null(read_xmp(RDF("", "<dc:a dc:b='1' photo:c='2'/><dc:e xml:lang='x'>5</dc:e>")));
    assert_string_equal(found, "dc:a/b=1;dc:a/c=2;dc:e=5;");
    /* Deeper ones, and lists */
    assert_null(
        read_xmp(RDF("", "<dc:a rdf:parseType='Resource'><dc:b><dc:c>2</dc:c></dc:b></dc:a>"
                         "<dc:f><rdf:Bag><rdf:li><dc:c>2</dc:c></rdf:li></rdf:Bag></dc:f>")));
    assert_string_equal(found, "");
    /* Names are cut. */
    static const char long_name[] = "a-name-of-more-than-sixty-four-characters-is-cut-to-those-63";
    char text[1024];
    snprintf(text, sizeof text, RDF("", "<dc:a dc:%s%s='1'/>"), long_name, long_name);
    assert_null(read_xmp(text));
    assert_memory_equal(found, "dc:a/a-name-of-more-than-", 25);
    assert_int_equal(strlen(found), strlen("dc:") + 63 + strlen("=1;"));
}

/** With and without a byte order mark, in both orders; UTF-32 is named. */
static void test_wide_xmp(void **state) {
    (void)state;
    static const char text[] = RDF("photo:City='Rome'", "<dc:a>1</dc:a>");
    uint8_t wide[4 * sizeof text];
    for (int i = 0; i < 4; i++) {
        bool little = i & 1;
        size_t size = 0;
        if (i & 2) {
            wide[0] = little ? 0xFF : 0xFE;
            wide[1] = little ? 0xFE : 0xFF;
            size = 2;
        }
        for (const char *c = text; *c; c++, size += 2) {
            wide[size] = little ? (uint8_t)*c : 0;
            wide[size + 1] = little ? 0 : (uint8_t)*c;
        }
        found[0] = '\0';
        assert_null(clp_xmp_read(wide, size, note, NULL));
        assert_string_equal(found, "photoshop:City=Rome;dc:a=1;");
        assert_non_null(clp_xmp_read(wide, size - 2, note, NULL)); /* its end is missing */
    }
    const char *flaw = clp_xmp_read((const uint8_t *)"<\0\0\0a\0\0\0", 8, note, NULL);
    assert_non_null(strstr(flaw, "UTF-32"));
}

static void test_broken_xmp(void **state) {
    (void)state;
    static const char *const broken[] = {"",      "no XML", "<",      "<a",   "<a b",
                                         "<a b=", "<a b='", "<a>",    "</a>", "<a></a></a>",
                                         "<!--",  "<?",     "<a =''>"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        assert_non_null(read_xmp(broken[i]));
    }
    char deep[400] = "";
    for (int i = 0; i < 100; i++) {
        strcat(deep, "<a>");
    }
    assert_non_null(read_xmp(deep));
    /* What stood before the fault was read. */
    const char *whole = RDF("photo:City='Rome'", "<dc:a>1</dc:a><dc:b");
    assert_non_null(read_xmp(whole));
    assert_string_equal(found, "photoshop:City=Rome;dc:a=1;");
}

/* ------------------------------------------------------------------- IPTC */

static void note_set(void *user, const clp_iptc_set *set) {
    (void)user;
    size_t used = strlen(found);
    snprintf(found + used, sizeof found - used, "%d:%d=%.*s;", set->record, set->number,
             (int)set->size, (const char *)set->data);
}

static void test_iptc(void **state) {
    (void)state;
    static const uint8_t sets[] = "8BIM\4\4\0\0\0\0\0\26"
                                  "\x1C\2\5\0\3abc\x1C\2\31\x80\4\0\0\0\2de"
                                  "\0\0\0";
    enum { HEAD = 12, SETS = 8 + 11 };
    uint8_t data[HEAD + SETS + 1];
    found[0] = '\0';
    assert_null(clp_iptc_read_sets(sets + HEAD, SETS, note_set, NULL));
    assert_string_equal(found, "2:5=abc;2:25=de;");
    /* As a resource of Photoshop's, padded to an even length. */
    memcpy(data, sets, sizeof data);
    data[11] = SETS;
    found[0] = '\0';
    assert_null(clp_iptc_read(data, sizeof data, note_set, NULL));
    assert_string_equal(found, "2:5=abc;2:25=de;");
    found[0] = '\0';
    assert_non_null(clp_iptc_read_sets(sets + HEAD, SETS - 1, note_set, NULL));
    assert_string_equal(found, "2:5=abc;");
    assert_non_null(clp_iptc_read(data, sizeof data - 3, note_set, NULL));
}

/* ------------------------------------------------------------------- texts */

static void test_utf16(void **state) {
    (void)state;
    char text[16];
    static const uint8_t big[] = {0, 'A', 0, 0xE9, 0x20, 0xAC, 0xD8, 0x3C, 0xDF, 0x88, 0xD8, 0x3C};
    assert_int_equal(clp_utf16_to_utf8(big, sizeof big, false, text, sizeof text), 13);
    assert_string_equal(text, "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8E\x88\xEF\xBF\xBD");
    static const uint8_t little[] = {'A', 0, 'B', 0, 0, 0, 'C', 0};
    assert_int_equal(clp_utf16_to_utf8(little, sizeof little, true, text, sizeof text), 2);
    assert_string_equal(text, "AB");
    clp_utf16_to_utf8(big, sizeof big, false, text, 6); /* no half a character */
    assert_string_equal(text, "A\xC3\xA9");
}

static void test_profile_name(void **state) {
    (void)state;
    uint8_t profile[256] = {0};
    char name[32];
    memcpy(profile + 36, "acsp", 4);
    profile[131] = 1; /* one tag */
    memcpy(profile + 132, "desc\0\0\0\x90\0\0\0\x40", 12);
    memcpy(profile + 144, "desc\0\0\0\0\0\0\0\5sRGB", 17);
    clp_icc_name(profile, sizeof profile, name, sizeof name);
    assert_string_equal(name, "sRGB");
    memcpy(profile + 144,
           "mluc\0\0\0\0\0\0\0\1\0\0\0\x0C"
           "enUS\0\0\0\4\0\0\0\x1C\0P\0003",
           32);
    clp_icc_name(profile, sizeof profile, name, sizeof name);
    assert_string_equal(name, "P3");
    profile[144 + 24] = 0xFF; /* its text lies outside */
    clp_icc_name(profile, sizeof profile, name, sizeof name);
    assert_string_equal(name, "");
    clp_icc_name(profile, 100, name, sizeof name);
    assert_string_equal(name, "");

    /* Of several languages the English of the United States, else other English, else the first. */
    memcpy(profile + 144,
           "mluc\0\0\0\0\0\0\0\3\0\0\0\x0C"
           "deDE\0\0\0\2\0\0\0\x34"
           "enGB\0\0\0\2\0\0\0\x36"
           "enUS\0\0\0\2\0\0\0\x38\0D\0G\0U",
           58);
    clp_icc_name(profile, sizeof profile, name, sizeof name);
    assert_string_equal(name, "U");
    profile[144 + 41] = 'o';
    clp_icc_name(profile, sizeof profile, name, sizeof name);
    assert_string_equal(name, "G");
    profile[144 + 29] = 'o';
    clp_icc_name(profile, sizeof profile, name, sizeof name);
    assert_string_equal(name, "D");
    profile[144 + 11] = 0xFF; /* more of them than there is room for */
    clp_icc_name(profile, sizeof profile, name, sizeof name);
    assert_string_equal(name, "D");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_directories),
        cmocka_unit_test(test_types_of_links),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_flaws),
        cmocka_unit_test(test_large_values),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_many_directories),
        cmocka_unit_test(test_numbers_of_makers),
        cmocka_unit_test(test_xmp),
        cmocka_unit_test(test_xmp_parts),
        cmocka_unit_test(test_wide_xmp),
        cmocka_unit_test(test_broken_xmp),
        cmocka_unit_test(test_iptc),
        cmocka_unit_test(test_utf16),
        cmocka_unit_test(test_profile_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
