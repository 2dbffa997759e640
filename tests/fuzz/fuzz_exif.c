#include "fuzz.h"
#include "meta/meta.h"

/** Whatever the block, its copy is upright and tells neither the place nor what the picture was. */
static void edit(const uint8_t *data, size_t size) {
    const clp_meta_edit all = {.width = 640,
                               .height = 480,
                               .reset_orientation = true,
                               .strip_gps = true,
                               .transpose = true,
                               .strip_thumbnail = true};
    clp_bytes copy = {0};
    clproc_error error;
    clp_exif_facts facts = clp_exif_read(data, size);
    FUZZ_PROMISE(facts.orientation >= 1 && facts.orientation <= 8);
    if (!fuzz_failed(clp_exif_edit_copy(data, size, &all, &copy, &error), &error)) {
        facts = clp_exif_read(copy.data, copy.size);
        FUZZ_PROMISE(copy.size == size && facts.valid && facts.orientation == 1);
        FUZZ_PROMISE(!facts.has_gps && !facts.has_thumbnail);
    }
    const clp_meta_edit some = {.reset_orientation = true,
                                .parts = CLPROC_METADATA_COPYRIGHT | CLPROC_METADATA_ORIENTATION};
    if (!fuzz_failed(clp_exif_edit_copy(data, size, &some, &copy, &error), &error) && copy.size) {
        facts = clp_exif_read(copy.data, copy.size);
        FUZZ_PROMISE(facts.valid && facts.orientation == 1);
        FUZZ_PROMISE(!facts.has_gps && !facts.has_thumbnail);
    }
    clp_bytes_free(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_with_block(data, size, FUZZ_EXIF, edit);
    return 0;
}
