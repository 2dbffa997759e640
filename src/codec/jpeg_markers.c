/* A JPEG's segments: its metadata, and what stands beside the picture. */
#include <string.h>

#include "codec/jpeg_private.h"

typedef struct segment {
    uint8_t marker;
    const uint8_t *data; /**< after the length */
    size_t size;
} segment;

enum {
    SOI = 0xD8,
    EOI = 0xD9,
    SOS = 0xDA,
    APP1 = 0xE1,
    APP2 = 0xE2,
    APP11 = 0xEB,
    APP13 = 0xED,
    COM = 0xFE
};

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

/* --------------------------------------------------- beside the picture */

/** The end of the first picture, behind its EOI marker; 0 if there is none. Only entropy-coded data
 * and segments are passed over, whose bytes cannot look like a marker. */
static size_t picture_end(const clp_source *source) {
    size_t at = 2;
    while (at + 1 < source->size) {
        const uint8_t *found = memchr(source->bytes + at, 0xFF, source->size - at - 1);
        if (!found) {
            return 0;
        }
        at = (size_t)(found - source->bytes);
        uint8_t marker = found[1];
        if (marker == EOI) {
            return at + 2;
        }
        if (marker == 0 || has_no_length(marker)) {
            at += 2;
        } else if (marker == 0xFF) {
            at += 1;
        } else if (source->size - at < 4) {
            return 0;
        } else {
            at += 2 + clp_read_u16(found + 2);
        }
    }
    return 0;
}

static bool holds(const uint8_t *bytes, size_t size, const char *text) {
    return memmem(bytes, size, text, strlen(text)) != NULL;
}

/** What follows the first picture. Most files end with it, which is seen without a search. */
static uint32_t find_behind(const clp_source *source) {
    size_t size = source->size;
    const uint8_t *bytes = source->bytes;
    while (size > 2 && bytes[size - 1] == 0) {
        size--; /* padding */
    }
    size_t end = picture_end(source);
    if (end == 0 || end >= size) {
        return 0;
    }
    bytes += end;
    size -= end;
    return (holds(bytes, size, "\xFF\xD8\xFF") ? CLP_BESIDE_PICTURES : 0) |
           (holds(bytes, size, "ftyp") ? CLP_BESIDE_VIDEO : 0);
}

static bool ends_with_picture(const clp_source *source) {
    size_t size = source->size;
    while (size > 2 && source->bytes[size - 1] == 0) {
        size--;
    }
    return source->bytes[size - 2] == 0xFF && source->bytes[size - 1] == EOI;
}

/** Notes segments that only tell of something else, or that no output keeps. */
static void note_others(const segment *found, uint32_t *beside, bool *several) {
    clp_block rest;
    if (begins(found, APP2, "MPF", 4, &rest)) {
        *several = true;
    } else if (begins(found, APP2, "urn:iso:std:iso:ts:21496:-1", 28, &rest)) {
        *several = true;
        *beside |= CLP_BESIDE_GAIN_MAP;
    } else if (begins(found, APP11, "JP", 2, &rest) && holds(rest.data, rest.size, "jumb")) {
        *beside |= CLP_BESIDE_CREDENTIALS;
    } else if (begins(found, APP1, "FLIR", 5, &rest)) {
        *beside |= CLP_BESIDE_THERMAL;
    }
}

/** Something may stand behind the picture if the file does not end with one, or says so. */
static void note_behind(const clp_source *source, const clp_blocks *blocks, bool several,
                        uint32_t *beside) {
    const clp_block *xmp = &blocks->xmp;
    bool gain = xmp->size && (holds(xmp->data, xmp->size, "hdrgm:") ||
                              holds(xmp->data, xmp->size, "\"GainMap\""));
    several |= gain || (xmp->size && holds(xmp->data, xmp->size, ":Directory>"));
    uint32_t behind = several || !ends_with_picture(source) ? find_behind(source) : 0;
    *beside |= behind | (gain ? CLP_BESIDE_GAIN_MAP : 0);
    if (!(behind & CLP_BESIDE_PICTURES)) {
        *beside &= ~(uint32_t)CLP_BESIDE_GAIN_MAP; /* only said to be there */
    }
}

/* ------------------------------------------------------------------ blocks */

/** A comment without the NULs that C programs end it with. */
static clproc_status add_comment(const segment *found, clp_bytes *notes, clproc_error *error) {
    clp_note note = {.text = {found->data, found->size}, .utf8 = true};
    while (note.text.size > 0 && note.text.data[note.text.size - 1] == 0) {
        note.text.size--;
    }
    return note.text.size ? clp_notes_add(notes, &note, error) : CLPROC_OK;
}

clproc_status clp_jpeg_find_blocks(const clp_source *source, clp_blocks *blocks, uint32_t *beside,
                                   clp_jpeg_joined *joined, clp_flaws *flaws, clproc_error *error) {
    parts icc_parts = {0}, iptc_parts = {0};
    segment found;
    clp_block rest;
    size_t position = 2;
    bool several = false;
    clproc_status status = CLPROC_OK;
    joined->notes.size = 0;
    while (next_segment(source, &position, &found)) {
        /* Of EXIF's two NULs some cameras write the first only. */
        if (begins(&found, APP1, CLP_JPEG_EXIF, sizeof CLP_JPEG_EXIF - 1, &rest) && rest.size > 0) {
            rest = (clp_block){rest.data + 1, rest.size - 1};
            if (rest.size > 6 && memcmp(rest.data, CLP_JPEG_EXIF, 5) == 0) {
                rest = (clp_block){rest.data + 6, rest.size - 6}; /* and some write it twice */
            }
            blocks->exif = blocks->exif.data ? blocks->exif : rest;
        } else if (begins(&found, APP1, CLP_JPEG_XMP, sizeof CLP_JPEG_XMP, &rest)) {
            blocks->xmp = blocks->xmp.data ? blocks->xmp : rest;
        } else if (begins(&found, APP2, CLP_JPEG_ICC, sizeof CLP_JPEG_ICC, &rest)) {
            collect_icc(&icc_parts, rest);
        } else if (begins(&found, APP13, CLP_JPEG_IPTC, sizeof CLP_JPEG_IPTC, &rest)) {
            collect_iptc(&iptc_parts, rest);
        } else if (found.marker == COM) {
            CLP_TRY(status, out, add_comment(&found, &joined->notes, error));
        } else {
            note_others(&found, beside, &several);
        }
    }
    blocks->notes = (clp_block){joined->notes.data, joined->notes.size};
    note_behind(source, blocks, several, beside);
    CLP_TRY(status, out, join(&iptc_parts, &joined->iptc, &blocks->iptc, error));
    status = join_icc(source, &icc_parts, &joined->icc, &blocks->icc, flaws, error);
out:
    return status;
}
