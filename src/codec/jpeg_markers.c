#include <string.h>

#include "codec/jpeg_private.h"

typedef struct segment {
    uint8_t marker;
    const uint8_t *data; /**< after the length */
    size_t size;
} segment;

enum { SOI = 0xD8, EOI = 0xD9, SOS = 0xDA, APP1 = 0xE1, APP2 = 0xE2, APP13 = 0xED };

static bool has_no_length(uint8_t marker) {
    return marker == 0x01 || (marker >= 0xD0 && marker <= SOI);
}

/** Steps to the next segment. False before the first scan, at the end of the file or of sense. */
static bool next_segment(const clp_source *source, size_t *position, segment *found) {
    const uint8_t *bytes = source->bytes;
    for (size_t at = *position; at + 1 < source->size; at++) {
        uint8_t marker = bytes[at + 1];
        if (bytes[at] != 0xFF || marker == 0xFF || marker == 0 || has_no_length(marker)) {
            continue;
        }
        if (marker == SOS || marker == EOI || source->size - at < 4) {
            return false;
        }
        size_t length = clp_read_u16(bytes + at + 2);
        if (length < 2 || length > source->size - at - 2) {
            return false;
        }
        *found = (segment){marker, bytes + at + 4, length - 2};
        *position = at + 2 + length;
        return true;
    }
    return false;
}

/** True if the segment begins with the identifier; `*rest` is what follows it. */
static bool begins(const segment *found, uint8_t marker, const char *name, size_t size,
                   clp_block *rest) {
    if (found->marker != marker || found->size < size || memcmp(found->data, name, size) != 0) {
        return false;
    }
    *rest = (clp_block){found->data + size, found->size - size};
    return true;
}

/** Parts of a block that may be spread over several segments. */
typedef struct parts {
    clp_block part[256]; /**< by number; ICC's begin with 1 */
    size_t count;        /**< highest number + 1 */
    uint32_t total;      /**< as the segments say, 0: they do not */
    bool broken;
} parts;

static void collect_icc(parts *icc, clp_block block) {
    if (block.size < 2) {
        icc->broken = true;
        return;
    }
    uint8_t number = block.data[0], total = block.data[1];
    if (number == 0 || number > total || (icc->total && icc->total != total) ||
        icc->part[number].data) {
        icc->broken = true;
        return;
    }
    icc->total = total;
    icc->part[number] = (clp_block){block.data + 2, block.size - 2};
    icc->count = icc->count > number ? icc->count : (size_t)number + 1;
}

static void collect_iptc(parts *iptc, clp_block block) {
    if (iptc->count < 256) {
        iptc->part[iptc->count++] = block;
    }
}

/** One part is used where it stands; several are joined in `joined`. */
static clproc_status join(const parts *all, clp_bytes *joined, clp_block *block,
                          clproc_error *error) {
    size_t used = 0;
    joined->size = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (all->part[i].data) {
            *block = all->part[i];
            used++;
        }
    }
    for (size_t i = 0; used > 1 && i < all->count; i++) {
        clproc_status status =
            clp_bytes_append(joined, all->part[i].data, all->part[i].size, error);
        if (status != CLPROC_OK) {
            return status;
        }
        *block = (clp_block){joined->data, joined->size};
    }
    return CLPROC_OK;
}

static bool complete(const parts *icc) {
    for (size_t i = 1; i <= icc->total; i++) {
        if (!icc->part[i].data) {
            return false;
        }
    }
    return !icc->broken;
}

static clproc_status join_icc(const clp_source *source, const parts *icc, clp_bytes *joined,
                              clp_block *block, clp_flaws *flaws, clproc_error *error) {
    if (!complete(icc)) {
        return clp_flaws_note(flaws, CLP_FLAW_WARNING,
                              "the ICC profile's parts are missing or repeated: dropped", error)
                   ? CLPROC_OK
                   : CLPROC_ERROR_INPUT;
    }
    size_t size = 0;
    for (size_t i = 1; i < icc->count; i++) {
        size += icc->part[i].size;
    }
    if (!clp_source_has_room(source, size)) {
        return clp_flaws_note(flaws, CLP_FLAW_WARNING,
                              "the ICC profile exceeds the limit (--limit-chunk): dropped", error)
                   ? CLPROC_OK
                   : CLPROC_ERROR_INPUT;
    }
    return join(icc, joined, block, error);
}

clproc_status clp_jpeg_find_blocks(const clp_source *source, clp_blocks *blocks, clp_bytes *icc,
                                   clp_bytes *iptc, clp_flaws *flaws, clproc_error *error) {
    parts icc_parts = {0}, iptc_parts = {0};
    segment found;
    clp_block rest;
    size_t position = 2;
    while (next_segment(source, &position, &found)) {
        if (begins(&found, APP1, CLP_JPEG_EXIF, sizeof CLP_JPEG_EXIF, &rest)) {
            blocks->exif = blocks->exif.data ? blocks->exif : rest;
        } else if (begins(&found, APP1, CLP_JPEG_XMP, sizeof CLP_JPEG_XMP, &rest)) {
            blocks->xmp = blocks->xmp.data ? blocks->xmp : rest;
        } else if (begins(&found, APP2, CLP_JPEG_ICC, sizeof CLP_JPEG_ICC, &rest)) {
            collect_icc(&icc_parts, rest);
        } else if (begins(&found, APP13, CLP_JPEG_IPTC, sizeof CLP_JPEG_IPTC, &rest)) {
            collect_iptc(&iptc_parts, rest);
        }
    }
    clproc_status status = join(&iptc_parts, iptc, &blocks->iptc, error);
    if (status == CLPROC_OK) {
        status = join_icc(source, &icc_parts, icc, &blocks->icc, flaws, error);
    }
    return status;
}
