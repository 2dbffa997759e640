/** EXIF, read and edited. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "meta/meta.h"

/* ----------------------------------------------------- building an EXIF */

/** A TIFF structure being written, in either byte order. */
typedef struct builder {
    uint8_t data[1024];
    size_t size;
    bool little;
} builder;

static void put(builder *to, size_t at, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; i++) {
        to->data[at + (size_t)i] = (uint8_t)(value >> 8 * (to->little ? i : bytes - 1 - i));
    }
}

static uint32_t get(const builder *from, const uint8_t *data, size_t at, int bytes) {
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++) {
        value |= (uint32_t)data[at + (size_t)i] << 8 * (from->little ? i : bytes - 1 - i);
    }
    return value;
}

static void put_entry(builder *to, size_t at, uint32_t tag, uint32_t type, uint32_t count,
                      uint32_t value) {
    put(to, at, tag, 2);
    put(to, at + 2, type, 2);
    put(to, at + 4, count, 4);
    put(to, at + 8, value, type == 3 && count == 1 ? 2 : 4);
}

/* Where things stand in what build() makes. */
enum {
    IFD0 = 8,
    MAKE = IFD0 + 2,
    ORIENTATION = MAKE + 12,
    EXIF_LINK = ORIENTATION + 12,
    GPS_LINK = EXIF_LINK + 12,
    COPYRIGHT = GPS_LINK + 12,
    IFD0_NEXT = COPYRIGHT + 12,
    MAKE_TEXT = IFD0_NEXT + 4,
    EXIF = 100,
    EXIF_WIDTH = EXIF + 2,
    EXIF_HEIGHT = EXIF_WIDTH + 12,
    MAKER_NOTE = EXIF_HEIGHT + 12,
    MAKER_DATA = 160,
    GPS = 200,
    GPS_LATITUDE = 240,
    IFD1 = 300,
    THUMBNAIL = 400,
    END = 500
};

static void build(builder *to, bool little) {
    memset(to, 0, sizeof *to);
    to->little = little;
    to->size = END;
    memcpy(to->data, little ? "II" : "MM", 2);
    put(to, 2, 42, 2);
    put(to, 4, IFD0, 4);
    put(to, IFD0, 5, 2);
    put_entry(to, MAKE, 0x010F, 2, 8, MAKE_TEXT);
    put_entry(to, ORIENTATION, 0x0112, 3, 1, 6);
    put_entry(to, EXIF_LINK, 0x8769, 4, 1, EXIF);
    put_entry(to, GPS_LINK, 0x8825, 4, 1, GPS);
    put_entry(to, COPYRIGHT, 0x9286, 7, 4, 0x61626364);
    put(to, IFD0_NEXT, IFD1, 4);
    memcpy(to->data + MAKE_TEXT, "Camera!", 8);
    put(to, EXIF, 3, 2);
    put_entry(to, EXIF_WIDTH, 0xA002, 3, 1, 4000);
    put_entry(to, EXIF_HEIGHT, 0xA003, 4, 1, 3000);
    put_entry(to, MAKER_NOTE, 0x927C, 7, 20, MAKER_DATA);
    memset(to->data + MAKER_DATA, 0x4D, 20);
    put(to, GPS, 2, 2);
    put_entry(to, GPS + 2, 0x0001, 2, 2, little ? 'N' : (uint32_t)'N' << 24);
    put_entry(to, GPS + 14, 0x0002, 5, 3, GPS_LATITUDE);
    memset(to->data + GPS_LATITUDE, 0x47, 24);
    put(to, IFD1, 3, 2);
    put_entry(to, IFD1 + 2, 0x0103, 3, 1, 6);
    put_entry(to, IFD1 + 14, 0x0201, 4, 1, THUMBNAIL);
    put_entry(to, IFD1 + 26, 0x0202, 4, 1, END - THUMBNAIL);
    memset(to->data + THUMBNAIL, 0x54, END - THUMBNAIL);
}

static bool all(const uint8_t *data, size_t size, uint8_t value) {
    for (size_t i = 0; i < size; i++) {
        if (data[i] != value) {
            return false;
        }
    }
    return true;
}

/* -------------------------------------------------------------- reading */

static void reads_both_byte_orders(void **state) {
    (void)state;
    for (int little = 0; little < 2; little++) {
        builder exif;
        build(&exif, little);
        clp_exif_facts facts = clp_exif_read(exif.data, exif.size);
        assert_true(facts.valid);
        assert_int_equal(facts.orientation, 6);
        assert_true(facts.has_gps);
        assert_true(facts.has_thumbnail);
    }
}

static void absurd_orientation_is_upright(void **state) {
    (void)state;
    builder exif;
    static const uint32_t absurd[] = {0, 9, 65535};
    for (int i = 0; i < 3; i++) {
        build(&exif, true);
        put(&exif, ORIENTATION + 8, absurd[i], 2);
        assert_int_equal(clp_exif_read(exif.data, exif.size).orientation, 1);
    }
    build(&exif, false);
    put(&exif, ORIENTATION + 2, 2, 2); /* text */
    assert_int_equal(clp_exif_read(exif.data, exif.size).orientation, 1);
    build(&exif, false);
    put(&exif, ORIENTATION + 2, 4, 2); /* a long, as some programs write it */
    put(&exif, ORIENTATION + 8, 8, 4);
    assert_int_equal(clp_exif_read(exif.data, exif.size).orientation, 8);
}

static void what_is_no_tiff_is_invalid(void **state) {
    (void)state;
    builder exif;
    build(&exif, true);
    exif.data[2] = 43;
    assert_false(clp_exif_read(exif.data, exif.size).valid);
    build(&exif, true);
    put(&exif, 4, END - 1, 4); /* the first directory begins at the end */
    assert_false(clp_exif_read(exif.data, exif.size).valid);
    put(&exif, 4, 0xFFFFFFFF, 4);
    assert_false(clp_exif_read(exif.data, exif.size).valid);
    assert_false(clp_exif_read(exif.data, 7).valid);
    assert_int_equal(clp_exif_read(NULL, 0).orientation, 1);
}

static void cut_off_directory_keeps_its_first_entries(void **state) {
    (void)state;
    builder exif;
    build(&exif, true);
    clp_exif_facts facts = clp_exif_read(exif.data, EXIF_LINK);
    assert_true(facts.valid);
    assert_int_equal(facts.orientation, 6);
    assert_false(facts.has_gps);
    assert_false(facts.has_thumbnail);
}

/** Nothing but orientation and size, also where a directory claims to lie within itself. */
static void what_tells_the_shape_alone(void **state) {
    (void)state;
    builder exif;
    build(&exif, true);
    put(&exif, IFD0_NEXT, 0, 4);
    assert_false(clp_exif_read(exif.data, exif.size).bare);
    put(&exif, IFD0, 2, 2);
    put_entry(&exif, MAKE, 0x0112, 3, 1, 6);
    put_entry(&exif, ORIENTATION, 0x8769, 4, 1, EXIF);
    put(&exif, EXIF_LINK, 0, 4);
    put(&exif, EXIF, 2, 2);
    assert_true(clp_exif_read(exif.data, exif.size).bare);
    put(&exif, EXIF_LINK, IFD1, 4); /* a thumbnail */
    assert_false(clp_exif_read(exif.data, exif.size).bare);
    put(&exif, EXIF_LINK, 0, 4);
    put_entry(&exif, EXIF_WIDTH, 0x8769, 4, 1, EXIF);
    assert_false(clp_exif_read(exif.data, exif.size).bare);
}

/* -------------------------------------------------------------- editing */

static void edit(const builder *exif, const clp_meta_edit *how, clp_bytes *out) {
    assert_int_equal(clp_exif_edit_copy(exif->data, exif->size, how, out, NULL), CLPROC_OK);
    assert_int_equal(out->size, exif->size);
}

static void no_edit_is_a_copy(void **state) {
    (void)state;
    builder exif;
    clp_bytes out = {0};
    build(&exif, false);
    edit(&exif, &(clp_meta_edit){0}, &out);
    assert_memory_equal(out.data, exif.data, exif.size);
    clp_bytes_free(&out);
}

static void numbers_are_set_in_place(void **state) {
    (void)state;
    clp_bytes out = {0};
    for (int little = 0; little < 2; little++) {
        builder exif;
        build(&exif, little);
        edit(&exif, &(clp_meta_edit){.width = 640, .height = 70000, .reset_orientation = true},
             &out);
        assert_int_equal(get(&exif, out.data, ORIENTATION + 8, 2), 1);
        assert_int_equal(get(&exif, out.data, EXIF_WIDTH + 8, 2), 640);
        assert_int_equal(get(&exif, out.data, EXIF_HEIGHT + 8, 4), 70000);
        /* Too wide for the two bytes that were there. */
        edit(&exif, &(clp_meta_edit){.width = 70000}, &out);
        assert_int_equal(get(&exif, out.data, EXIF_WIDTH + 2, 2), 4);
        assert_int_equal(get(&exif, out.data, EXIF_WIDTH + 8, 4), 70000);
        assert_int_equal(get(&exif, out.data, EXIF_HEIGHT + 8, 4), 3000);
        assert_int_equal(get(&exif, out.data, ORIENTATION + 8, 2), 6);
        assert_true(all(out.data + MAKER_DATA, 20, 0x4D));
        /* What is read is what is set, also where there are more than there should be. */
        put(&exif, ORIENTATION + 4, 2, 4);
        assert_int_equal(clp_exif_read(exif.data, exif.size).orientation, 6);
        edit(&exif, &(clp_meta_edit){.reset_orientation = true}, &out);
        assert_int_equal(clp_exif_read(out.data, out.size).orientation, 1);
    }
    clp_bytes_free(&out);
}

static void densities_are_exchanged(void **state) {
    (void)state;
    enum { DOWN = MAKER_DATA + 8 };
    clp_bytes out = {0};
    builder exif;
    build(&exif, false);
    put_entry(&exif, MAKE, 0x011A, 5, 1, MAKER_DATA);
    put_entry(&exif, ORIENTATION, 0x011B, 5, 1, DOWN);
    memcpy(exif.data + MAKER_DATA, "acrossx1downxxx2", 16);
    edit(&exif, &(clp_meta_edit){.transpose = true}, &out);
    assert_memory_equal(out.data + MAKER_DATA, "downxxx2acrossx1", 16);
    edit(&exif, &(clp_meta_edit){.reset_orientation = true}, &out);
    assert_memory_equal(out.data, exif.data, exif.size);
    /* One in another form, or that is not whole, stays, and so does the other. */
    put_entry(&exif, ORIENTATION, 0x011B, 3, 1, 98);
    edit(&exif, &(clp_meta_edit){.transpose = true}, &out);
    assert_memory_equal(out.data, exif.data, exif.size);
    put_entry(&exif, ORIENTATION, 0x011B, 5, 1, END - 7);
    edit(&exif, &(clp_meta_edit){.transpose = true}, &out);
    assert_memory_equal(out.data, exif.data, exif.size);
    clp_bytes_free(&out);
}

static void nothing_of_the_place_stays(void **state) {
    (void)state;
    clp_bytes out = {0};
    for (int little = 0; little < 2; little++) {
        builder exif;
        build(&exif, little);
        edit(&exif, &(clp_meta_edit){.strip_gps = true}, &out);
        clp_exif_facts facts = clp_exif_read(out.data, out.size);
        assert_true(facts.valid);
        assert_false(facts.has_gps || facts.has_thumbnail);
        assert_int_equal(facts.orientation, 6);
        assert_true(all(out.data + GPS, 2 + 24 + 4, 0));
        assert_true(all(out.data + GPS_LATITUDE, 24, 0));
        /* The entry behind the link moved up; values stay where they were. */
        assert_int_equal(get(&exif, out.data, IFD0, 2), 4);
        assert_memory_equal(out.data + GPS_LINK, exif.data + COPYRIGHT, 12);
        assert_memory_equal(out.data + MAKE_TEXT, "Camera!", 8);
        /* Nobody else knows what a maker's note says. */
        assert_int_equal(get(&exif, out.data, EXIF, 2), 2);
        assert_memory_equal(out.data + EXIF_WIDTH, exif.data + EXIF_WIDTH, 24);
        assert_true(all(out.data + MAKER_NOTE, MAKER_DATA + 20 - MAKER_NOTE, 0));
        assert_true(all(out.data + IFD1, END - IFD1, 0));
    }
    clp_bytes_free(&out);
}

static void a_place_is_found_wherever_it_stands(void **state) {
    (void)state;
    static const size_t links[] = {EXIF_HEIGHT, IFD1 + 2};
    builder exif;
    clp_bytes out = {0};
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        build(&exif, i & 1);
        memset(exif.data + GPS_LINK, 0, 12); /* of an unknown tag, so that only the other leads */
        put_entry(&exif, links[i], 0x8825, 4, 1, GPS);
        edit(&exif, &(clp_meta_edit){.strip_gps = true, .strip_thumbnail = true}, &out);
        assert_null(memmem(out.data, out.size, "GGGG", 4));
    }
    /* What an editor left behind when it wrote new directories, to which nothing leads. */
    build(&exif, true);
    memset(exif.data + GPS_LINK, 0, 12);
    edit(&exif, &(clp_meta_edit){.strip_gps = true}, &out);
    assert_null(memmem(out.data, out.size, "GGGG", 4));
    clp_bytes_free(&out);
}

static void interoperability_stays_without_the_place(void **state) {
    (void)state;
    builder exif;
    clp_bytes out = {0};
    build(&exif, true);
    put_entry(&exif, MAKER_NOTE, 0xA005, 4, 1, MAKER_DATA);
    put(&exif, MAKER_DATA, 1, 2);
    put_entry(&exif, MAKER_DATA + 2, 1, 2, 4, 0x00383952);
    edit(&exif, &(clp_meta_edit){.strip_gps = true}, &out);
    assert_memory_equal(out.data + MAKER_DATA, exif.data + MAKER_DATA, 2 + 12);
    clp_bytes_free(&out);
}

static void the_colour_space_is_named_anew(void **state) {
    (void)state;
    clp_bytes out = {0};
    for (int little = 0; little < 2; little++) {
        builder exif;
        build(&exif, little);
        put_entry(&exif, EXIF_HEIGHT, 0xA001, 3, 1, 0xFFFF);
        put_entry(&exif, MAKER_NOTE, 0xA005, 4, 1, MAKER_DATA);
        put(&exif, MAKER_DATA, 1, 2);
        put_entry(&exif, MAKER_DATA + 2, 1, 2, 4, 0);
        memcpy(exif.data + MAKER_DATA + 10, "R03", 4);
        edit(&exif, &(clp_meta_edit){.width = 5}, &out);
        assert_int_equal(get(&exif, out.data, EXIF_HEIGHT + 8, 2), 0xFFFF);
        assert_memory_equal(out.data + MAKER_DATA + 10, "R03", 4);
        edit(&exif, &(clp_meta_edit){.colour_space = 1}, &out);
        assert_int_equal(get(&exif, out.data, EXIF_HEIGHT + 8, 2), 1);
        assert_memory_equal(out.data + MAKER_DATA + 10, "R98", 4);
        put_entry(&exif, EXIF_HEIGHT, 0xA001, 3, 1, 1);
        edit(&exif, &(clp_meta_edit){.colour_space = 0xFFFF}, &out);
        assert_int_equal(get(&exif, out.data, EXIF_HEIGHT + 8, 2), 0xFFFF);
        assert_memory_equal(out.data + MAKER_DATA + 10, "\0\0\0", 4);
    }
    clp_bytes_free(&out);
}

/** EXIF 3.0 has texts of a type of its own; what leads nowhere is left out. */
static void texts_of_utf8_stay_without_the_place(void **state) {
    (void)state;
    clp_bytes out = {0};
    for (int little = 0; little < 2; little++) {
        builder exif;
        build(&exif, little);
        put_entry(&exif, MAKE, 0x010F, 129, 8, MAKE_TEXT);
        put_entry(&exif, COPYRIGHT, 0xC634, 1, 20, MAKER_DATA); /* DNG's copy of a maker's note */
        put_entry(&exif, MAKER_NOTE, 0xA420, 2, 20, 0xFFFFFF);
        edit(&exif, &(clp_meta_edit){.strip_gps = true}, &out);
        assert_int_equal(get(&exif, out.data, IFD0, 2), 3);
        assert_memory_equal(out.data + MAKE_TEXT, "Camera!", 8);
        assert_int_equal(get(&exif, out.data, EXIF, 2), 2);
        assert_true(all(out.data + MAKER_DATA, 20, 0));
    }
    clp_bytes_free(&out);
}

static void other_kinds_in_exif_go_with_the_place(void **state) {
    (void)state;
    static const uint32_t tags[] = {0x014A, 0x02BC, 0x83BB, 0x8649};
    builder exif;
    clp_bytes out = {0};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        build(&exif, i & 1);
        put_entry(&exif, COPYRIGHT, tags[i], 7, 20, MAKER_DATA);
        edit(&exif, &(clp_meta_edit){.strip_gps = true}, &out);
        assert_true(all(out.data + MAKER_DATA, 20, 0));
        assert_int_equal(get(&exif, out.data, IFD0, 2), 3);
        edit(&exif, &(clp_meta_edit){.strip_thumbnail = true}, &out);
        assert_true(all(out.data + MAKER_DATA, 20, 0x4D));
    }
    clp_bytes_free(&out);
}

static void thumbnail_is_erased(void **state) {
    (void)state;
    clp_bytes out = {0};
    for (int little = 0; little < 2; little++) {
        builder exif;
        build(&exif, little);
        edit(&exif, &(clp_meta_edit){.strip_thumbnail = true, .strip_gps = true}, &out);
        clp_exif_facts facts = clp_exif_read(out.data, out.size);
        assert_false(facts.has_thumbnail);
        assert_false(facts.has_gps);
        assert_true(all(out.data + THUMBNAIL, END - THUMBNAIL, 0));
        assert_true(all(out.data + IFD1, 2 + 36 + 4, 0));
        assert_int_equal(facts.orientation, 6);
    }
    clp_bytes_free(&out);
}

static void links_in_circles_end(void **state) {
    (void)state;
    builder exif;
    clp_bytes out = {0};
    build(&exif, true);
    put(&exif, GPS_LINK + 8, IFD0, 4);
    put(&exif, IFD0_NEXT, IFD0, 4);
    edit(&exif, &(clp_meta_edit){.strip_gps = true, .strip_thumbnail = true}, &out);
    clp_exif_facts facts = clp_exif_read(out.data, out.size);
    assert_false(facts.has_gps);
    assert_false(facts.has_thumbnail);
    assert_int_equal(facts.orientation, 6);
    clp_bytes_free(&out);
}

static void contradictions_are_refused(void **state) {
    (void)state;
    builder exif;
    clp_bytes out = {0};
    clproc_error error;
    /* Many values that all claim the same bytes would make copying or erasing them slow. */
    static const clp_meta_edit edits[] = {{.strip_gps = true}, {.strip_thumbnail = true}};
    for (size_t i = 0; i < 2; i++) {
        size_t at = i ? IFD1 : EXIF;
        build(&exif, true);
        put(&exif, at, 15, 2);
        for (size_t k = 0; k < 15; k++) {
            put_entry(&exif, at + 2 + k * 12, 2, 7, 400, 50);
        }
        assert_int_equal(clp_exif_edit_copy(exif.data, exif.size, &edits[i], &out, &error),
                         CLPROC_ERROR_INPUT);
        assert_non_null(strstr(error.message, "--strip exif"));
    }
    exif.data[0] = 'X';
    assert_int_equal(clp_exif_edit_copy(exif.data, exif.size, &(clp_meta_edit){0}, &out, &error),
                     CLPROC_ERROR_INPUT);
    clp_bytes_free(&out);
}

/** Densities that lie in other entries: exchanging them brings back what has been taken out. */
static void what_undoes_an_edit_is_refused(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint8_t bytes[8];
        clp_meta_edit how;
    } cases[] = {
        {IFD0_NEXT, {IFD1 & 0xFF, IFD1 >> 8}, {.strip_thumbnail = true, .transpose = true}},
        {ORIENTATION + 8,
         {6, 0, 0, 0, 0x1B, 0x01, 5},
         {.reset_orientation = true, .transpose = true}},
        {GPS_LINK, {0x25, 0x88, 4, 0, 1}, {.strip_gps = true, .transpose = true}},
    };
    clp_bytes out = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        builder exif;
        clproc_error error;
        build(&exif, true);
        put_entry(&exif, MAKE, 0x011A, 5, 1, MAKER_DATA);
        put_entry(&exif, EXIF_LINK, 0x011B, 5, 1, (uint32_t)cases[i].at);
        memcpy(exif.data + MAKER_DATA, cases[i].bytes, 8);
        assert_int_equal(clp_exif_edit_copy(exif.data, exif.size, &cases[i].how, &out, &error),
                         CLPROC_ERROR_INPUT);
        assert_non_null(strstr(error.message, "contradicts itself"));
    }
    clp_bytes_free(&out);
}

/** Whatever the bytes, reading and editing stay within them (the sanitizers watch). */
static void garbage_does_no_harm(void **state) {
    (void)state;
    uint32_t seed = 1;
    size_t edited = 0;
    clp_bytes out = {0};
    static const clp_meta_edit everything = {1, 70000, true, true, true, true, true, 0, 1};
    for (int round = 0; round < 40000; round++) {
        builder exif;
        build(&exif, round % 2);
        for (int i = 0; i < 1 + round % 5; i++) {
            seed = seed * 1664525u + 1013904223u;
            size_t at = (seed >> 8) % (round % 3 ? 340 : END);
            seed = seed * 1664525u + 1013904223u;
            exif.data[at] = (uint8_t)(seed >> 24);
        }
        size_t size = round % 7 ? exif.size : (seed >> 4) % END;
        /* An allocation of just that size, so that reading beyond it is noticed. */
        uint8_t *exact = malloc(size + !size);
        memcpy(exact, exif.data, size);
        clp_exif_facts facts = clp_exif_read(exact, size);
        assert_in_range(facts.orientation, 1, 8);
        clproc_status status = clp_exif_edit_copy(exact, size, &everything, &out, NULL);
        if (status == CLPROC_OK) {
            assert_true(facts.valid);
            assert_int_equal(out.size, size);
            facts = clp_exif_read(out.data, out.size);
            assert_true(facts.valid && facts.orientation == 1);
            assert_false(facts.has_gps || facts.has_thumbnail);
            edited++;
        }
        free(exact);
    }
    assert_true(edited > 10000);
    clp_bytes_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_both_byte_orders),
        cmocka_unit_test(absurd_orientation_is_upright),
        cmocka_unit_test(what_is_no_tiff_is_invalid),
        cmocka_unit_test(cut_off_directory_keeps_its_first_entries),
        cmocka_unit_test(what_tells_the_shape_alone),
        cmocka_unit_test(no_edit_is_a_copy),
        cmocka_unit_test(numbers_are_set_in_place),
        cmocka_unit_test(densities_are_exchanged),
        cmocka_unit_test(nothing_of_the_place_stays),
        cmocka_unit_test(a_place_is_found_wherever_it_stands),
        cmocka_unit_test(interoperability_stays_without_the_place),
        cmocka_unit_test(the_colour_space_is_named_anew),
        cmocka_unit_test(texts_of_utf8_stay_without_the_place),
        cmocka_unit_test(other_kinds_in_exif_go_with_the_place),
        cmocka_unit_test(thumbnail_is_erased),
        cmocka_unit_test(links_in_circles_end),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(what_undoes_an_edit_is_refused),
        cmocka_unit_test(garbage_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
