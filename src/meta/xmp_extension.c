/* Extended XMP: what does not fit into one segment of a JPEG stands in several, each with the name
 * (GUID) by which the packet calls it, the size of the whole, and its place in it. Adobe's XMP
 * specification, part 3, "Extended XMP in JPEG". */
#include <string.h>

#include "meta/read.h"
#include "meta/tiff.h"

enum { LENGTH = 2, NAME = sizeof CLP_XMP_EXTENSION, HEAD = NAME + CLP_XMP_GUID + 8 };

/** A segment's part of the whole. */
typedef struct part {
    const uint8_t *data;
    size_t size, place, whole;
} part;

/** The next segment from `*at`; false beyond the last. Of another extension it is an empty part. */
static bool next(const clp_bytes *segments, size_t *at, const char guid[CLP_XMP_GUID],
                 part *found) {
    size_t left = segments->size - *at;
    const uint8_t *segment = segments->data + *at;
    size_t length = left >= LENGTH ? clp_tiff_u16(segment, false) : 0;
    if (length < LENGTH || length > left) {
        return false;
    }
    const uint8_t *content = segment + LENGTH;
    *at += length;
    *found = (part){NULL, 0, 0, 0};
    if (length >= LENGTH + HEAD && memcmp(content, CLP_XMP_EXTENSION, NAME) == 0 &&
        memcmp(content + NAME, guid, CLP_XMP_GUID) == 0) {
        *found = (part){.data = content + HEAD,
                        .size = length - LENGTH - HEAD,
                        .place = clp_tiff_u32(content + HEAD - 4, false),
                        .whole = clp_tiff_u32(content + HEAD - 8, false)};
    }
    return true;
}

clproc_status clp_xmp_extension(const clp_bytes *segments, const char guid[CLP_XMP_GUID],
                                clp_bytes *packet, clproc_error *error) {
    part one;
    size_t there = 0, whole = 0;
    packet->size = 0;
    for (size_t at = 0; next(segments, &at, guid, &one);) {
        there += one.size;
        whole = one.size > 0 ? one.whole : whole;
    }
    if (there == 0 || there != whole) { /* which bounds what is reserved, too */
        return CLPROC_OK;
    }
    clproc_status status = clp_bytes_reserve(packet, whole, error);
    if (status != CLPROC_OK) {
        return status;
    }
    /* They may come in any order. Where two overlap, zeros are left, which are no XMP. */
    memset(packet->data, 0, whole);
    packet->size = whole;
    for (size_t at = 0; next(segments, &at, guid, &one);) {
        if (one.size > 0 && (one.whole != whole || one.place > whole - one.size)) {
            packet->size = 0;
            break;
        }
        if (one.size > 0) {
            memcpy(packet->data + one.place, one.data, one.size);
        }
    }
    return CLPROC_OK;
}
