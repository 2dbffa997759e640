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

/* ------------------------------------------------------------ properties */

/** More of them sound files do not have; boxes of properties that are stepped over, all told. */
enum { MOST_MOVES = 8, MOST_OTHERS = 16, MOST_STEPS = 1 << 20 };

/** The properties of an item that turn, mirror or crop it, in their order. */
typedef struct moves {
    clp_heif_box list[MOST_MOVES];
    size_t count, steps;
} moves;

/** The property of this number, counted from 1. */
static bool find_property(clp_heif_cursor ipco, uint64_t number, size_t *steps,
                          clp_heif_box *found) {
    bool there = number > 0;
    for (uint64_t i = 0; there && i < number; i++) {
        there = ++*steps < MOST_STEPS && clp_heif_next_box(&ipco, found);
    }
    return there;
}

static bool is_move(const clp_heif_box *property) {
    const clp_heif_cursor *content = &property->content;
    bool turns = clp_heif_is(property, "irot") && content->size > 0 && (content->data[0] & 3);
    return turns || clp_heif_is(property, "imir") || clp_heif_is(property, "clap");
}

static bool is_alpha_type(const clp_heif_box *property) {
    static const char *const types[] = {"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
                                        "urn:mpeg:avc:2015:auxid:1", "urn:mpeg:hevc:2015:auxid:1"};
    const clp_heif_cursor *content = &property->content;
    bool is = false;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        size_t size = strlen(types[i]) + 1; /* behind version and flags */
        is |= content->size >= 4 + size && memcmp(content->data + 4, types[i], size) == 0;
    }
    return is && clp_heif_is(property, "auxC");
}

/** Looks through the properties of an item; true if one says that it is alpha. */
static bool take_properties(clp_heif_cursor iprp, uint64_t id, moves *found) {
    clp_heif_cursor ipco = {0};
    clp_heif_box box, property;
    bool alpha = false;
    while (clp_heif_next_box(&iprp, &box)) {
        clp_heif_cursor *from = &box.content;
        ipco = clp_heif_is(&box, "ipco") ? *from : ipco;
        uint64_t head = clp_heif_is(&box, "ipma") ? clp_heif_take(from, 4) : 0;
        uint64_t items = clp_heif_is(&box, "ipma") ? clp_heif_take(from, 4) : 0;
        for (; items > 0 && from->at < from->size; items--) {
            bool mine = clp_heif_take(from, head >> 24 ? 4 : 2) == id;
            for (uint64_t count = clp_heif_take(from, 1); count > 0; count--) {
                uint64_t number = clp_heif_take(from, head & 1 ? 2 : 1);
                number &= head & 1 ? 0x7fff : 0x7f; /* the highest bit: it is essential */
                if (!mine || !find_property(ipco, number, &found->steps, &property)) {
                    continue;
                }
                alpha |= is_alpha_type(&property);
                if (is_move(&property) && found->count < MOST_MOVES) {
                    found->list[found->count++] = property;
                }
            }
        }
    }
    return alpha;
}

static bool are_alike(const moves *a, const moves *b) {
    bool alike = a->count == b->count;
    for (size_t i = 0; alike && i < a->count; i++) {
        const clp_heif_cursor *one = &a->list[i].content, *other = &b->list[i].content;
        alike = memcmp(a->list[i].type, b->list[i].type, 4) == 0 && one->size == other->size &&
                memcmp(one->data, other->data, one->size) == 0;
    }
    return alike;
}

/** True if one of the items that belong to the primary picture is its alpha, and is moved
 * otherwise: `*alpha`. */
static bool differs(clp_heif_cursor iref, uint64_t primary, clp_heif_cursor iprp,
                    heif_item_id *alpha) {
    const size_t width = clp_heif_take(&iref, 4) >> 24 ? 4 : 2; /* of ids */
    moves of_primary = {.count = 0};
    clp_heif_box one;
    size_t others = 0;
    bool differ = false;
    take_properties(iprp, primary, &of_primary);
    while (!differ && others < MOST_OTHERS && clp_heif_next_box(&iref, &one)) {
        moves of_other = {.count = 0};
        uint64_t other = clp_heif_take(&one.content, width);
        bool belongs = false;
        for (uint64_t count = clp_heif_take(&one.content, 2);
             count > 0 && one.content.at < one.content.size; count--) {
            belongs |= clp_heif_take(&one.content, width) == primary;
        }
        belongs = belongs && clp_heif_is(&one, "auxl");
        others += belongs;
        differ = belongs && take_properties(iprp, other, &of_other) &&
                 !are_alike(&of_primary, &of_other);
        *alpha = (heif_item_id)other;
    }
    return differ;
}

bool clp_heif_alpha_differs(const clp_source *source, heif_item_id *alpha) {
    clp_heif_cursor meta, iref = {0}, iprp = {0};
    clp_heif_box one;
    uint64_t primary = 0;
    if (!find_meta(source, &meta)) {
        return false;
    }
    while (clp_heif_next_box(&meta, &one)) {
        if (clp_heif_is(&one, "pitm")) {
            primary = clp_heif_take(&one.content, 4) >> 24 ? clp_heif_take(&one.content, 4)
                                                           : clp_heif_take(&one.content, 2);
        }
        iref = clp_heif_is(&one, "iref") ? one.content : iref;
        iprp = clp_heif_is(&one, "iprp") ? one.content : iprp;
    }
    return iref.size > 0 && iprp.size > 0 && differs(iref, primary, iprp, alpha);
}
