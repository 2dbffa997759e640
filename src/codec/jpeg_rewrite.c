/* A JPEG's segments: those that hold metadata written, all others copied. */
#include <string.h>

#include "codec/jpeg_private.h"

enum { APP0 = 0xE0, APP14 = 0xEE, APP15 = 0xEF, COM = 0xFE, SOS = 0xDA, EOI = 0xD9, SOI = 0xD8 };
/** Bytes of a segment's marker and length, and of what readers take of JFIF and Adobe. */
enum { HEAD = 4, JFIF = 14, ADOBE = 12 };

/* -------------------------------------------------------------- metadata */

static clproc_status append_segment(clp_bytes *file, uint8_t marker, const void *name,
                                    size_t name_size, const uint8_t *data, size_t size,
                                    clproc_error *error) {
    size_t length = 2 + name_size + size;
    const uint8_t head[HEAD] = {0xFF, marker, (uint8_t)(length >> 8), (uint8_t)length};
    clproc_status status;
    CLP_TRY(status, out, clp_bytes_append(file, head, sizeof head, error));
    CLP_TRY(status, out, clp_bytes_append(file, name, name_size, error));
    status = size ? clp_bytes_append(file, data, size, error) : CLPROC_OK;
out:
    return status;
}

static clproc_status check_room(const char *what, size_t size, size_t room, const char *remedy,
                                clproc_error *error) {
    return size <= room ? CLPROC_OK
                        : clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                                        "a JPEG has no room for %s of %zu bytes; leave it out with "
                                        "--strip %s",
                                        what, size, remedy);
}

/** Appends a block in as many segments as it takes. ICC's are numbered. */
static clproc_status append_parts(clp_bytes *file, uint8_t marker, const char *name,
                                  size_t name_size, bool numbered, const clp_block *block,
                                  clproc_error *error) {
    uint8_t head[32];
    size_t head_size = name_size + (numbered ? 2 : 0), room = CLP_JPEG_SEGMENT - head_size;
    clproc_status status = CLPROC_OK;
    memcpy(head, name, name_size);
    head[name_size + 1] = (uint8_t)((block->size + room - 1) / room);
    for (size_t at = 0, part = 1; status == CLPROC_OK && at < block->size; at += room, part++) {
        size_t left = block->size - at;
        head[name_size] = (uint8_t)part;
        status = append_segment(file, marker, head, head_size, block->data + at,
                                left < room ? left : room, error);
    }
    return status;
}

clproc_status clp_jpeg_append_blocks(clp_bytes *file, const clp_blocks *blocks,
                                     clproc_error *error) {
    const clp_block_room *room = &clp_codec_jpeg.room;
    clp_note note;
    clproc_status status;
    CLP_TRY(status, out, check_room("EXIF", blocks->exif.size, room->exif, "exif", error));
    CLP_TRY(status, out, check_room("XMP", blocks->xmp.size, room->xmp, "xmp", error));
    CLP_TRY(status, out, check_room("an ICC profile", blocks->icc.size, room->icc, "icc", error));
    if (blocks->exif.size) {
        CLP_TRY(status, out,
                append_segment(file, APP0 + 1, CLP_JPEG_EXIF, sizeof CLP_JPEG_EXIF,
                               blocks->exif.data, blocks->exif.size, error));
    }
    if (blocks->xmp.size) {
        CLP_TRY(status, out,
                append_segment(file, APP0 + 1, CLP_JPEG_XMP, sizeof CLP_JPEG_XMP, blocks->xmp.data,
                               blocks->xmp.size, error));
    }
    CLP_TRY(status, out,
            append_parts(file, APP0 + 13, CLP_JPEG_IPTC, sizeof CLP_JPEG_IPTC, false, &blocks->iptc,
                         error));
    for (size_t at = 0; clp_notes_next(&blocks->notes, &at, &note);) {
        CLP_TRY(status, out,
                check_room("a comment", note.text.size, room->note, "comments", error));
        CLP_TRY(status, out,
                append_segment(file, COM, "", 0, note.text.data, note.text.size, error));
    }
    status =
        append_parts(file, APP0 + 2, CLP_JPEG_ICC, sizeof CLP_JPEG_ICC, true, &blocks->icc, error);
out:
    return status;
}

/* --------------------------------------------------------------- copying */

typedef struct segment {
    uint8_t marker;
    const uint8_t *start; /**< its marker */
    size_t size;          /**< with marker and length */
} segment;

/** Finds the next marker that is no part of a scan's data, from `*at` on; false where the file ends
 * before. EOI has no length. */
static bool next_segment(const clp_source *source, size_t *at, segment *found) {
    const uint8_t *bytes = source->bytes;
    for (; *at + 1 < source->size; ++*at) {
        const uint8_t *next = memchr(bytes + *at, 0xFF, source->size - *at - 1);
        if (!next) {
            return false;
        }
        *at = (size_t)(next - bytes);
        uint8_t marker = next[1];
        size_t left = source->size - *at;
        bool data =
            marker == 0 || marker == 1 || marker == 0xFF || (marker >= 0xD0 && marker <= SOI);
        if (data) {
            continue;
        }
        *found = (segment){marker, next, 2};
        if (marker == EOI) {
            return true;
        }
        size_t length = left < HEAD ? 0 : clp_read_u16(next + 2);
        found->size = 2 + length;
        return length >= 2 && length <= left - 2;
    }
    return false;
}

static bool begins(const segment *one, uint8_t marker, const char *name, size_t size) {
    return one->marker == marker && one->size >= HEAD + size &&
           memcmp(one->start + HEAD, name, size) == 0;
}

static bool is_jfif(const segment *one) {
    return begins(one, APP0, "JFIF", 5) && one->size >= HEAD + JFIF;
}

/** Appends the first JFIF header, which stands before all else, without its thumbnail. */
static clproc_status copy_jfif(const clp_source *source, clp_bytes *file, clproc_error *error) {
    size_t at = 2;
    segment one;
    while (next_segment(source, &at, &one) && one.marker != SOS && one.marker != EOI) {
        if (is_jfif(&one)) {
            uint8_t data[JFIF];
            memcpy(data, one.start + HEAD, sizeof data);
            data[JFIF - 2] = data[JFIF - 1] = 0; /* its sides */
            return append_segment(file, APP0, "", 0, data, sizeof data, error);
        }
        at += one.size;
    }
    return CLPROC_OK;
}

/** Appends a segment unless it is metadata. Adobe's says what the components are. */
static clproc_status copy_segment(const segment *one, clp_bytes *file, clproc_error *error) {
    if (begins(one, APP14, "Adobe", 5) && one->size >= HEAD + ADOBE) {
        return append_segment(file, APP14, "", 0, one->start + HEAD, ADOBE, error);
    }
    bool metadata = (one->marker >= APP0 && one->marker <= APP15) || one->marker == COM;
    return metadata ? CLPROC_OK : clp_bytes_append(file, one->start, one->size, error);
}

clproc_status clp_jpeg_rewrite(const clp_source *source, const clp_blocks *blocks, clp_bytes *file,
                               bool *done, clproc_error *error) {
    static const uint8_t start[] = {0xFF, SOI};
    bool in_scan = false, scanned = false;
    size_t at = 2, from = 2;
    segment one;
    clproc_status status;
    *done = false;
    CLP_TRY(status, out, clp_bytes_reserve(file, source->size, error));
    CLP_TRY(status, out, clp_bytes_append(file, start, sizeof start, error));
    CLP_TRY(status, out, copy_jfif(source, file, error));
    CLP_TRY(status, out, clp_jpeg_append_blocks(file, blocks, error));
    while (!*done && next_segment(source, &at, &one)) {
        if (in_scan && at > from) {
            CLP_TRY(status, out, clp_bytes_append(file, source->bytes + from, at - from, error));
        }
        CLP_TRY(status, out, copy_segment(&one, file, error));
        in_scan = one.marker == SOS;
        scanned |= in_scan;
        *done = one.marker == EOI;
        from = at += one.size;
    }
    *done &= scanned;
out:
    return status;
}
