/* How a HEIF's or AVIF's picture is stored. Its decoder turns it by the properties irot and imir;
 * fields tell its sides before that, as exiftool does, and of a JPEG. */
#include <string.h>

#include "index/boxes.h"
#include "index/reader.h"
#include "meta/tiff.h"

/** Of the properties of one picture, which a byte counts. */
enum { MOST_PROPERTIES = 255 };
/** Bytes of the box of associations: pictures of many tiles have some hundred. */
enum { MOST_LINKS = 1 << 20 };
/** Bytes of a property that is read: of hvcC the first 18. */
enum { MOST_CONTENT = 18 };
enum { FULL = 4 /**< a version and flags before the content of some boxes */ };

/** Part of the file. */
typedef struct bytes {
    const uint8_t *data;
    size_t size, at;
} bytes;

/** A number of so many bytes; 0 beyond the end. */
static uint32_t take(bytes *from, size_t count) {
    uint32_t value = 0;
    for (size_t i = 0; i < count; i++, from->at++) {
        value = value << 8 | (from->at < from->size ? from->data[from->at] : 0);
    }
    return value;
}

/** The content of a box, up to `most` bytes; empty if it cannot be read. */
static bytes content_of(clp_head *head, const clp_box *box, size_t most) {
    uint64_t size = box->end - box->start;
    bytes content = {.size = size < most ? (size_t)size : most};
    content.data = clp_head_at(head, box->start, content.size);
    content.size = content.data ? content.size : 0;
    return content;
}

/** The picture's properties, as numbers of boxes from 1, in the order they apply in. */
static size_t find_links(bytes ipma, uint32_t picture, uint16_t links[MOST_PROPERTIES]) {
    uint32_t kind = take(&ipma, FULL), version = kind >> 24, entries = take(&ipma, 4);
    size_t width = kind & 1 ? 2 : 1;
    for (uint32_t i = 0; i < entries && ipma.at < ipma.size; i++) {
        uint32_t item = take(&ipma, version < 1 ? 2 : 4), count = take(&ipma, 1);
        for (uint32_t k = 0; k < count; k++) {
            links[k] = (uint16_t)(take(&ipma, width) & (width == 2 ? 0x7FFF : 0x7F));
        }
        if (item == picture) {
            return count;
        }
    }
    return 0;
}

/** What turns a picture: mirrored left to right or not, then turned clockwise by quarters. */
typedef struct turn {
    bool mirrored;
    uint32_t quarters;
} turn;

static void mirror(turn *by, uint32_t quarters) {
    by->mirrored = !by->mirrored;
    by->quarters = (quarters + 4 - by->quarters) % 4;
}

static uint32_t orientation_of(const turn *by) {
    static const uint8_t orientations[2][4] = {{1, 6, 3, 8}, {2, 7, 4, 5}};
    return orientations[by->mirrored][by->quarters];
}

static bool find_property(clp_head *head, const clp_box *all, uint32_t number, clp_box *found) {
    uint64_t at = all->start;
    for (uint32_t i = 0; i < number; i++, at = found->end) {
        if (!clp_box_read(head, at, all->end, found)) {
            return false;
        }
    }
    return number > 0;
}

static void take_property(clp_head *head, const clp_box *property, clp_heif_stored *stored,
                          turn *by) {
    bytes content = content_of(head, property, MOST_CONTENT);
    if (strcmp(property->type, "ispe") == 0) {
        take(&content, FULL);
        stored->width = take(&content, 4);
        stored->height = take(&content, 4);
    } else if (strcmp(property->type, "irot") == 0) { /* anticlockwise */
        by->quarters = (by->quarters + 4 - (take(&content, 1) & 3)) % 4;
    } else if (strcmp(property->type, "imir") == 0) { /* 0: upside down, 1: left to right */
        mirror(by, take(&content, 1) & 1 ? 0 : 2);
    } else if (strcmp(property->type, "pixi") ==
               0) { /* a count of channels, then of each its bits */
        take(&content, FULL + 1);
        stored->depth = take(&content, 1);
    } else if (strcmp(property->type, "av1C") == 0 && stored->depth == 0) {
        uint32_t flags = take(&content, 3); /* of the last byte: a tier, high depth, twelve bits */
        stored->depth = (flags & 0x40) == 0 ? 8 : flags & 0x20 ? 12 : 10;
    } else if (strcmp(property->type, "hvcC") == 0 && stored->depth == 0) {
        content.at =
            17; /* of HEVC's decoder configuration, ISO/IEC 14496-15: 5 bits, 3 of luma's */
        stored->depth = 8 + (take(&content, 1) & 7);
    }
}

bool clp_heif_find_stored(clp_head *head, clp_heif_stored *stored) {
    clp_box meta, primary, properties, all, associations, one;
    uint16_t links[MOST_PROPERTIES];
    turn by = {false, 0};
    clp_heif_stored told = {0};
    if (!clp_box_find(head, 0, head->size, "meta", &meta) ||
        !clp_box_find(head, meta.start + FULL, meta.end, "pitm", &primary) ||
        !clp_box_find(head, meta.start + FULL, meta.end, "iprp", &properties) ||
        !clp_box_find(head, properties.start, properties.end, "ipco", &all) ||
        !clp_box_find(head, properties.start, properties.end, "ipma", &associations)) {
        return false;
    }
    bytes item = content_of(head, &primary, FULL + 4);
    uint32_t version = take(&item, FULL) >> 24, picture = take(&item, version < 1 ? 2 : 4);
    size_t count = find_links(content_of(head, &associations, MOST_LINKS), picture, links);
    for (size_t i = 0; i < count; i++) {
        if (find_property(head, &all, links[i], &one)) {
            take_property(head, &one, &told, &by);
        }
    }
    told.orientation = orientation_of(&by);
    if (told.width == 0 || told.height == 0) {
        return false;
    }
    *stored = told;
    return true;
}
