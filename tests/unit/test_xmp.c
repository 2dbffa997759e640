/** XMP, edited. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meta/meta.h"

static const char packet[] =
    "<?xpacket begin='' id='W5M0'?><x:xmpmeta><rdf:RDF>\n"
    "<rdf:Description rdf:about='' exif:GPSLatitude=\"52,31.5N\"\n"
    "  exif:GPSLongitude = '13,24E' tiff:Orientation=\"6\" exif:ISO='100'>\n"
    " <exif:GPSAltitude>34/1</exif:GPSAltitude><exif:GPSDOP/>\n"
    " <exif:GPSTimeStamp a='>'>now</exif:GPSTimeStamp ><tiff:Orientation>8</tiff:Orientation>\n"
    " <dc:title>exif:GPSLatitude tiff:Orientation</dc:title></rdf:Description></rdf:RDF>"
    "</x:xmpmeta><?xpacket end='w'?>";

static const clp_meta_edit all_edits = {300, 70000, true, true, true, true, true, 0, 1};

static void edit_xmp(const char *text, bool gps, bool orientation, clp_bytes *out) {
    clp_meta_edit how = {.strip_gps = gps, .reset_orientation = orientation};
    assert_int_equal(clp_xmp_edit_copy((const uint8_t *)text, strlen(text), &how, out, NULL),
                     CLPROC_OK);
    assert_int_equal(out->size, strlen(text));
    assert_int_equal(clp_bytes_append(out, "", 1, NULL), CLPROC_OK);
}

static void xmp_loses_its_gps_properties(void **state) {
    (void)state;
    clp_bytes out = {0};
    edit_xmp(packet, true, false, &out);
    const char *text = (const char *)out.data;
    static const char *const gone[] = {"52,31", "13,24", "34/1", "GPSDOP", "GPSAltitude", "now"};
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
        assert_null(strstr(text, gone[i]));
    }
    static const char *const kept[] = {
        "exif:ISO='100'>", "tiff:Orientation=\"6\"", "<tiff:Orientation>8</tiff:Orientation>",
        "<?xpacket end='w'?>", "<dc:title>exif:GPSLatitude tiff:Orientation</dc:title>"};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        assert_non_null(strstr(text, kept[i]));
    }
    clp_bytes_free(&out);
}

static void xmp_orientation_becomes_upright(void **state) {
    (void)state;
    clp_bytes out = {0};
    edit_xmp(packet, false, true, &out);
    const char *text = (const char *)out.data;
    assert_non_null(strstr(text, "tiff:Orientation=\"1\""));
    assert_non_null(strstr(text, "<tiff:Orientation>1</tiff:Orientation>"));
    assert_non_null(strstr(text, "exif:GPSLatitude=\"52,31.5N\""));
    edit_xmp(packet, false, false, &out);
    assert_string_equal((const char *)out.data, packet);
    clp_bytes_free(&out);
}

/** Programs that know XML alone call schemas ns0, ns1 and so on. */
static void schemas_may_have_any_name(void **state) {
    (void)state;
    static const char other[] =
        "<x:xmpmeta><rdf:RDF xmlns:ns0='http://ns.adobe.com/photoshop/1.0/' "
        "xmlns:ns1=\"http://ns.adobe.com/tiff/1.0/\" xmlns:ns2='http://example.com/'>\n"
        "<rdf:Description ns0:City='Rome' ns2:City='else' ns0:Credit='Jo'>\n"
        "<ns1:Orientation>6</ns1:Orientation><City xmlns='http://ns.adobe.com/photoshop/1.0/'>"
        "Venice</City></rdf:Description></rdf:RDF></x:xmpmeta>";
    clp_bytes out = {0};
    edit_xmp(other, true, true, &out);
    const char *text = (const char *)out.data;
    assert_null(strstr(text, "Rome"));
    assert_null(strstr(text, "Venice"));
    assert_non_null(strstr(text, "ns2:City='else' ns0:Credit='Jo'"));
    assert_non_null(strstr(text, "<ns1:Orientation>1</ns1:Orientation>"));
    /* More names than anybody needs: the place might be behind any of them. */
    clp_bytes many = {0};
    for (int i = 0; i < 200; i++) {
        char one[80];
        int size = snprintf(one, sizeof one, "<a xmlns:n%d='http://ns.adobe.com/tiff/1.0/'/>",
                            i < 100 ? 0 : i);
        if (i == 100) { /* the same one again and again is no other */
            assert_int_equal(clp_xmp_edit_copy(many.data, many.size, &all_edits, &out, NULL),
                             CLPROC_OK);
        }
        assert_int_equal(clp_bytes_append(&many, one, (size_t)size, NULL), CLPROC_OK);
    }
    assert_int_equal(clp_xmp_edit_copy(many.data, many.size, &all_edits, &out, NULL),
                     CLPROC_ERROR_INPUT);
    clp_bytes_free(&many);
    clp_bytes_free(&out);
}

static void broken_xmp_is_refused(void **state) {
    (void)state;
    clp_bytes out = {0};
    static const char *const broken[] = {"<a><exif:GPSAltitude>34", "<a><exif:GPSAltitude",
                                         "<exif:GPSAltitude>1</exif:GPSAltitude"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(clp_xmp_edit_copy((const uint8_t *)broken[i], strlen(broken[i]),
                                           &(clp_meta_edit){.strip_gps = true}, &out, NULL),
                         CLPROC_ERROR_INPUT);
    }
    assert_int_equal(clp_xmp_edit_copy((const uint8_t *)"<\0a", 3, &all_edits, &out, NULL),
                     CLPROC_ERROR_INPUT);
    assert_int_equal(clp_xmp_edit_copy((const uint8_t *)"", 0, &all_edits, &out, NULL), CLPROC_OK);
    clp_bytes_free(&out);
}

/** Programs end packets in NULs; only within a packet do they mean another encoding. */
static void xmp_may_end_in_nuls(void **state) {
    (void)state;
    clp_bytes out = {0};
    static const uint8_t padded[] = "<x xmp:Rating='4'/>\0\0\0";
    static const uint8_t utf16[] = "<\0x\0/\0>\0\0\0";
    const clp_meta_edit none = {0};
    assert_int_equal(clp_xmp_edit_copy(padded, sizeof padded, &none, &out, NULL), CLPROC_OK);
    assert_int_equal(out.size, strlen((const char *)padded));
    assert_memory_equal(out.data, padded, out.size);
    assert_int_equal(clp_xmp_edit_copy(utf16, sizeof utf16, &none, &out, NULL), CLPROC_ERROR_INPUT);
    clp_bytes_free(&out);
}

/** What tells of gain maps and videos behind the picture goes, however it is written. */
static void xmp_loses_claims_of_what_is_behind(void **state) {
    (void)state;
    clp_bytes out = {0};
    static const char text[] =
        "<rdf:RDF><rdf:Description xmlns:hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/' "
        "hdrgm:Version='1.0' GCamera:MicroVideoOffset='5000' Camera:MotionPhoto='1' xmp:Rating='4'>"
        "<GContainer:Directory><rdf:Seq><rdf:li><GContainer:Item Item:Length='9'/></rdf:li>"
        "</rdf:Seq></GContainer:Directory><hdrgm:GainMapMax>1.5</hdrgm:GainMapMax>"
        "<dc:title>MotionPhoto</dc:title></rdf:Description></rdf:RDF>";
    const clp_meta_edit how = {.strip_beside = true};
    assert_int_equal(clp_xmp_edit_copy((const uint8_t *)text, strlen(text), &how, &out, NULL),
                     CLPROC_OK);
    assert_int_equal(out.size, strlen(text));
    assert_int_equal(clp_bytes_append(&out, "", 1, NULL), CLPROC_OK);
    static const char *const gone[] = {"hdrgm", "MicroVideo", "Camera:", "Directory",
                                       "Item",  "Length",     "1.5",     "5000"};
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
        assert_null(strstr((char *)out.data, gone[i]));
    }
    assert_non_null(strstr((char *)out.data, "xmp:Rating='4'>"));
    assert_non_null(strstr((char *)out.data, "<dc:title>MotionPhoto</dc:title></rdf:Description>"));
    clp_bytes_free(&out);
}

static void xmp_garbage_does_no_harm(void **state) {
    (void)state;
    uint32_t seed = 7;
    clp_bytes out = {0};
    for (int round = 0; round < 20000; round++) {
        size_t size = sizeof packet - 1;
        seed = seed * 1664525u + 1013904223u;
        size = round % 2 ? (seed >> 8) % size : size;
        uint8_t *exact = malloc(size + !size);
        memcpy(exact, packet, size);
        for (int i = 0; i < round % 6 && size; i++) {
            seed = seed * 1664525u + 1013904223u;
            exact[(seed >> 8) % size] = (uint8_t) "<>'\"/= a"[seed >> 29];
        }
        if (clp_xmp_edit_copy(exact, size, &all_edits, &out, NULL) == CLPROC_OK) {
            assert_int_equal(out.size, size);
        }
        free(exact);
    }
    clp_bytes_free(&out);
}

static void xmp_loses_places_of_all_schemas(void **state) {
    (void)state;
    clp_bytes out = {0};
    edit_xmp(
        "<x xmlns:GPSx=\"n\" photoshop:City='Rome' drone-dji:GpsLatitude=\"41\" a:Longitude='12' "
        "dc:City='stays'><gpsLatitude>43</gpsLatitude><q:decimalLatitude>44</q:decimalLatitude>"
        "<xmpDM:shotLocation>Ostia</xmpDM:shotLocation><w:Sublocation>Porta</w:Sublocation>"
        "<Iptc4xmpExt:LocationShown><rdf:Bag><rdf:li "
        "Iptc4xmpExt:CountryName='Italy'/></rdf:Bag></Iptc4xmpExt:LocationShown>"
        "<Iptc4xmpCore:CountryCode>IT</Iptc4xmpCore:CountryCode></x>",
        true, false, &out);
    const char *text = (const char *)out.data;
    static const char *const gone[] = {"Ostia", "Porta", "Rome",  "41",   "12",
                                       "43",    "44",    "Italy", ">IT<", "LocationShown"};
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
        assert_null(strstr(text, gone[i]));
    }
    assert_non_null(strstr(text, "<x xmlns:GPSx=\"n\" "));
    assert_non_null(strstr(text, "dc:City='stays'>"));
    assert_non_null(strstr(text, "</x>"));
    clp_bytes_free(&out);
}

/** A prefix may be declared where it is used, again and again. */
static void xmp_loses_places_that_declare_their_schema(void **state) {
    (void)state;
    clp_bytes out = {0};
    edit_xmp("<x><n:City xmlns:n='http://ns.adobe.com/photoshop/1.0/'>Rome</n:City>"
             "<n:State xmlns:n='http://ns.adobe.com/photoshop/1.0/'>Lazio</n:State>"
             "<n:Credit xmlns:n='http://ns.adobe.com/photoshop/1.0/'>stays</n:Credit></x>",
             true, false, &out);
    assert_null(strstr((const char *)out.data, "Rome"));
    assert_null(strstr((const char *)out.data, "Lazio"));
    assert_non_null(strstr((const char *)out.data, "stays"));
    clp_bytes_free(&out);
}

static void xmp_describes_the_new_picture(void **state) {
    (void)state;
    clp_bytes out = {0};
    static const char before[] = "<x tiff:ImageWidth='4000' exif:PixelYDimension=\"99\" "
                                 "xmpNote:HasExtendedXMP='D1'/><tiff:ImageLength>3000"
                                 "</tiff:ImageLength><xmp:Thumbnails><rdf:li><xmpGImg:image>/9j/4"
                                 "</xmpGImg:image></rdf:li></xmp:Thumbnails>.";
    static const clp_meta_edit how = {.width = 640, .height = 480, .strip_thumbnail = true};
    assert_int_equal(
        clp_xmp_edit_copy((const uint8_t *)before, sizeof before - 1, &how, &out, NULL), CLPROC_OK);
    assert_int_equal(out.size, sizeof before - 1);
    assert_int_equal(clp_bytes_append(&out, "", 1, NULL), CLPROC_OK);
    const char *text = (const char *)out.data;
    assert_non_null(strstr(text, "<x tiff:ImageWidth='640'  "));
    assert_non_null(strstr(text, "<tiff:ImageLength>480</tiff:ImageLength> "));
    assert_null(strstr(text, "PixelYDimension")); /* no room for another digit */
    assert_null(strstr(text, "Thumbnails"));
    assert_null(strstr(text, "/9j/4"));
    assert_null(strstr(text, "ExtendedXMP"));
    assert_int_equal(text[sizeof before - 2], '.');
    clp_bytes_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xmp_loses_its_gps_properties),
        cmocka_unit_test(xmp_orientation_becomes_upright),
        cmocka_unit_test(schemas_may_have_any_name),
        cmocka_unit_test(broken_xmp_is_refused),
        cmocka_unit_test(xmp_may_end_in_nuls),
        cmocka_unit_test(xmp_loses_claims_of_what_is_behind),
        cmocka_unit_test(xmp_garbage_does_no_harm),
        cmocka_unit_test(xmp_loses_places_of_all_schemas),
        cmocka_unit_test(xmp_loses_places_that_declare_their_schema),
        cmocka_unit_test(xmp_describes_the_new_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
