/* The boxes that a HEIF or AVIF is made of: each a size, a type of four letters, and content. */
#include <string.h>

#include "codec/heif_private.h"

uint64_t clp_heif_take(clp_heif_cursor *from, size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++, from->at++) {
        value = value << 8 | (from->at < from->size ? from->data[from->at] : 0);
    }
    return value;
}

bool clp_heif_is(const clp_heif_box *box, const char *type) {
    return memcmp(box->type, type, 4) == 0;
}

bool clp_heif_next_box(clp_heif_cursor *from, clp_heif_box *next) {
    size_t left = from->at < from->size ? from->size - from->at : 0, head = 8;
    const uint8_t *data = from->data + from->at;
    if (left < head) {
        return false;
    }
    uint64_t size = clp_read_u32(data);
    if (size == 1 && left >= 16) {
        size = (uint64_t)clp_read_u32(data + 8) << 32 | clp_read_u32(data + 12);
        head = 16;
    }
    size = size == 0 || size > left ? left : size;
    if (size < head) {
        return false;
    }
    *next = (clp_heif_box){data + 4, {data + head, (size_t)size - head, 0}};
    from->at += (size_t)size;
    return true;
}

/** Finds the content of the box of a file's items, behind its version. */
static bool find_meta(const clp_source *source, clp_heif_cursor *meta) {
    clp_heif_cursor file = {source->bytes, source->size, 0};
    clp_heif_box one;
    while (clp_heif_next_box(&file, &one)) {
        if (clp_heif_is(&one, "meta") && one.content.size > 4) {
            *meta = one.content;
            meta->at = 4; /* version and flags */
            return true;
        }
    }
    return false;
}

/** True if the box infe, of an item, says that it is of this type. */
static bool is_item_of(clp_heif_box *infe, const char *type) {
    uint64_t version = clp_heif_take(&infe->content, 4) >> 24;
    clp_heif_take(&infe->content, (version == 2 ? 2 : 4) + 2);
    return version >= 2 && infe->content.at + 4 <= infe->content.size &&
           memcmp(infe->content.data + infe->content.at, type, 4) == 0;
}

bool clp_heif_has_item(const clp_source *source, const char *type) {
    clp_heif_cursor meta;
    clp_heif_box one, item;
    bool found = false;
    if (!find_meta(source, &meta)) {
        return false;
    }
    while (!found && clp_heif_next_box(&meta, &one)) {
        if (clp_heif_is(&one, "iinf") && one.content.size > 8) {
            bool wide = one.content.data[0] != 0;
            one.content.at = wide ? 8 : 6; /* version, flags and count */
            while (!found && clp_heif_next_box(&one.content, &item)) {
                found = clp_heif_is(&item, "infe") && is_item_of(&item, type);
            }
        }
    }
    return found;
}

/** Whether a decoder's configuration, which is a property of items, tells of a picture without
 * chroma. False where the box is something else. */
static bool tells_gray(const clp_heif_box *box, bool *gray) {
    const clp_heif_cursor *content = &box->content;
    bool av1 = clp_heif_is(box, "av1C") && content->size > 2;
    bool hevc = clp_heif_is(box, "hvcC") && content->size > 16;
    *gray = av1 ? content->data[2] & 0x10 : hevc && (content->data[16] & 3) == 0;
    return av1 || hevc;
}

bool clp_heif_is_gray(const clp_source *source) {
    clp_heif_cursor meta;
    clp_heif_box iprp, ipco, one;
    bool any = false, gray = false, all = true;
    if (!find_meta(source, &meta)) {
        return false;
    }
    while (clp_heif_next_box(&meta, &iprp)) {
        while (clp_heif_is(&iprp, "iprp") && clp_heif_next_box(&iprp.content, &ipco)) {
            while (clp_heif_is(&ipco, "ipco") && clp_heif_next_box(&ipco.content, &one)) {
                bool told = tells_gray(&one, &gray);
                any |= told;
                all &= !told || gray;
            }
        }
    }
    return any && all;
}
