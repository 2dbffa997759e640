/* Lists of texts as one block of bytes: each a record of sizes, then its parts. */
#include <string.h>

#include "codec/codec.h"
#include "core/utf8.h"

typedef struct record {
    uint32_t keyword, text, language, translated; /**< bytes */
    bool utf8, packed;
} record;

clproc_status clp_notes_add(clp_bytes *list, const clp_note *note, clproc_error *error) {
    const clp_block *parts[] = {&note->keyword, &note->text, &note->language, &note->translated};
    clproc_status status;
    record sizes;
    memset(&sizes, 0, sizeof sizes); /* also what pads it */
    sizes.keyword = (uint32_t)note->keyword.size;
    sizes.text = (uint32_t)note->text.size;
    sizes.language = (uint32_t)note->language.size;
    sizes.translated = (uint32_t)note->translated.size;
    sizes.utf8 = note->utf8;
    sizes.packed = note->packed;
    CLP_TRY(status, out, clp_bytes_append(list, &sizes, sizeof sizes, error));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i]->size > 0) {
            CLP_TRY(status, out, clp_bytes_append(list, parts[i]->data, parts[i]->size, error));
        }
    }
out:
    return status;
}

static clp_block take(const clp_block *list, size_t *at, size_t size) {
    clp_block part = {list->data + *at, size};
    *at += size;
    return part;
}

bool clp_notes_next(const clp_block *list, size_t *at, clp_note *note) {
    record sizes;
    if (*at >= list->size) {
        return false;
    }
    memcpy(&sizes, list->data + *at, sizeof sizes);
    *at += sizeof sizes;
    note->keyword = take(list, at, sizes.keyword);
    note->text = take(list, at, sizes.text);
    note->language = take(list, at, sizes.language);
    note->translated = take(list, at, sizes.translated);
    note->utf8 = sizes.utf8;
    note->packed = sizes.packed;
    return true;
}

bool clp_notes_is_utf8(const clp_block *text) {
    for (size_t at = 0; at < text->size;) {
        size_t length = clp_utf8_length(text->data + at, text->size - at);
        if (text->data[at] == 0 || length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}
