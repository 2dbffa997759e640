#include "fuzz.h"
#include "meta/meta.h"

typedef clproc_status (*editor)(const uint8_t *data, size_t size, const clp_meta_edit *edit,
                                clp_bytes *out, clproc_error *error);

/** What --keep picks out. */
static const uint32_t some =
    CLPROC_METADATA_COPYRIGHT | CLPROC_METADATA_DATE | CLPROC_METADATA_ORIENTATION;

/** Edits once and again: what was to be changed is changed the first time. */
static void edit_twice(editor edit, uint32_t parts, const uint8_t *data, size_t size) {
    const clp_meta_edit all = {.parts = parts,
                               .width = 640,
                               .height = 480,
                               .reset_orientation = true,
                               .strip_gps = true,
                               .strip_thumbnail = true,
                               .strip_beside = true};
    clp_bytes copy = {0}, again = {0};
    clproc_error error;
    if (!fuzz_failed(edit(data, size, &all, &copy, &error), &error)) {
        FUZZ_PROMISE(parts || copy.size <= size);
        if (copy.size > 0) {
            FUZZ_PROMISE(edit(copy.data, copy.size, &all, &again, &error) == CLPROC_OK);
            FUZZ_PROMISE(copy.size == again.size);
            FUZZ_PROMISE(memcmp(copy.data, again.data, copy.size) == 0);
        }
    }
    clp_bytes_free(&copy);
    clp_bytes_free(&again);
}

static void edit_xmp(const uint8_t *data, size_t size) {
    edit_twice(clp_xmp_edit_copy, 0, data, size);
    edit_twice(clp_xmp_edit_copy, some, data, size);
}

static void edit_iptc(const uint8_t *data, size_t size) {
    edit_twice(clp_iptc_edit_copy, 0, data, size);
    edit_twice(clp_iptc_edit_copy, some, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_with_block(data, size, FUZZ_XMP, edit_xmp);
    fuzz_with_block(data, size, FUZZ_IPTC, edit_iptc);
    return 0;
}
