/** Photoshop's resources, with IPTC and a thumbnail, edited. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "meta/meta.h"

static const clp_meta_edit all_edits = {300, 70000, true, true, true, true, true, 0, 1};

#define DATA_SET(number, length, text) "\x1C\x02" number "\0" length text
#define PLACES                                                                                     \
    DATA_SET("\x5A", "\4", "Rome")                                                                 \
    DATA_SET("\x5C", "\5", "Forum") DATA_SET("\x64", "\3", "ITA") DATA_SET("\x65", "\5", "Italy")

/* A caption with places around it, its digest, a thumbnail, a resource with a name. */
static const char resources[] = "8BIM\x04\x04\0\0\0\0\0\x30" PLACES DATA_SET(
    "\x78", "\6", "Oh, no") "8BIM\x04\x25\0\0\0\0\0\x04"
                            "hash"
                            "8BIM\x04\x0C\0\0\0\0\0\x05"
                            "image\0"
                            "8BIM\x03\xED\4name\0\0\0\0\x03"
                            "abc";

static bool has(const clp_bytes *bytes, const char *text) {
    return memmem(bytes->data, bytes->size, text, strlen(text)) != NULL;
}

static void resources_lose_thumbnail_and_places(void **state) {
    (void)state;
    clp_bytes out = {0};
    size_t size = sizeof resources - 1;
    const uint8_t *data = (const uint8_t *)resources;
    assert_int_equal(clp_iptc_edit_copy(data, size, &(clp_meta_edit){.width = 5}, &out, NULL),
                     CLPROC_OK);
    assert_int_equal(out.size, size);
    assert_memory_equal(out.data, data, size);
    assert_int_equal(
        clp_iptc_edit_copy(data, size, &(clp_meta_edit){.strip_thumbnail = true}, &out, NULL),
        CLPROC_OK);
    assert_false(has(&out, "image"));
    assert_true(has(&out, "Rome") && has(&out, "hash") && has(&out, "abc"));
    assert_int_equal(
        clp_iptc_edit_copy(data, size, &(clp_meta_edit){.strip_gps = true}, &out, NULL), CLPROC_OK);
    assert_false(has(&out, "Rome") || has(&out, "Forum") || has(&out, "Italy") ||
                 has(&out, "ITA") || has(&out, "hash"));
    assert_true(has(&out, "Oh, no") && has(&out, "image") && has(&out, "abc"));
    assert_memory_equal(out.data,
                        "8BIM\x04\x04\0\0\0\0\0\x0B\x1C\x02\x78\0\6Oh, no\0"
                        "8BIM",
                        28);
    /* Without a place, nothing changes. */
    clp_bytes rest = {0};
    assert_int_equal(clp_bytes_append(&rest, "8BIM\x04\x25\0\0\0\0\0\x04hash", 16, NULL),
                     CLPROC_OK);
    assert_int_equal(clp_bytes_append(&rest, out.data, out.size, NULL), CLPROC_OK);
    assert_int_equal(
        clp_iptc_edit_copy(rest.data, rest.size, &(clp_meta_edit){.strip_gps = true}, &out, NULL),
        CLPROC_OK);
    assert_true(has(&out, "hash"));
    clp_bytes_free(&rest);
    clp_bytes_free(&out);
}

/** What cannot be read as a data set may be a place: cut short, or behind a gap. */
static void what_is_no_data_set_goes_with_the_place(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {{"8BIM\x04\x04\0\0\0\0\0\x12\x1C\x02\x78\0\3Oh!\0\x1C\x02\x5A\0\4Rome", 30},
                 {"8BIM\x04\x04\0\0\0\0\0\x10\x1C\x02\x78\0\3Oh!\x1C\x02\x5A\0\7Rom", 28}};
    clp_bytes out = {0};
    for (size_t i = 0; i < 2; i++) {
        const uint8_t *data = (const uint8_t *)cases[i].bytes;
        assert_int_equal(clp_iptc_edit_copy(data, cases[i].size,
                                            &(clp_meta_edit){.strip_gps = true}, &out, NULL),
                         CLPROC_OK);
        assert_false(has(&out, "Rom"));
        assert_true(has(&out, "Oh!"));
        assert_int_equal(clp_iptc_edit_copy(data, cases[i].size, &(clp_meta_edit){0}, &out, NULL),
                         CLPROC_OK);
        assert_true(has(&out, "Rom"));
    }
    /* Padding changes nothing. */
    static const char padded[] = "8BIM\x04\x04\0\0\0\0\0\x0A\x1C\x02\x78\0\3Oh!\0";
    assert_int_equal(clp_iptc_edit_copy((const uint8_t *)padded, sizeof padded,
                                        &(clp_meta_edit){.strip_gps = true}, &out, NULL),
                     CLPROC_OK);
    assert_int_equal(out.size, sizeof padded);
    clp_bytes_free(&out);
}

static void broken_resources_are_refused(void **state) {
    (void)state;
    clp_bytes out = {0};
    clproc_error error;
    for (size_t size = 0; size < sizeof resources - 1; size++) {
        uint8_t *exact = malloc(size + !size);
        memcpy(exact, resources, size);
        clproc_status status = clp_iptc_edit_copy(exact, size, &all_edits, &out, &error);
        assert_true(status == CLPROC_OK || strstr(error.message, "--strip iptc"));
        assert_true(status != CLPROC_OK || size == 0 || size >= 60);
        free(exact);
    }
    clp_bytes_free(&out);
}

static void resource_garbage_does_no_harm(void **state) {
    (void)state;
    uint32_t seed = 11;
    clp_bytes out = {0};
    for (int round = 0; round < 20000; round++) {
        size_t size = sizeof resources - 1;
        uint8_t *exact = malloc(size);
        memcpy(exact, resources, size);
        for (int i = 0; i < round % 6; i++) {
            seed = seed * 1664525u + 1013904223u;
            exact[(seed >> 8) % size] = (uint8_t)(seed >> 24);
        }
        clp_iptc_edit_copy(exact, size, &all_edits, &out, NULL);
        assert_true(out.size <= size + 8);
        free(exact);
    }
    clp_bytes_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resources_lose_thumbnail_and_places),
        cmocka_unit_test(what_is_no_data_set_goes_with_the_place),
        cmocka_unit_test(broken_resources_are_refused),
        cmocka_unit_test(resource_garbage_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
