/* What a TIFF says of its picture, as the blocks that other formats have. */
#include <string.h>

#include "codec/tiff_private.h"

static void put_number(uint8_t *to, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    }
}

/** The tags that EXIF shares, in its order. All but the orientation are texts. */
static const uint16_t shared[] = {TIFFTAG_IMAGEDESCRIPTION, TIFFTAG_MAKE,     TIFFTAG_MODEL,
                                  TIFFTAG_ORIENTATION,      TIFFTAG_SOFTWARE, TIFFTAG_DATETIME,
                                  TIFFTAG_ARTIST,           TIFFTAG_COPYRIGHT};

enum { SHARED = sizeof shared / sizeof shared[0], EXIF_HEAD = 10, EXIF_ENTRY = 12 };

/** Writes one entry of the directory; a text that does not fit stands `at` an offset. */
static void put_entry(uint8_t *entry, uint16_t tag, const char *text, size_t size,
                      uint16_t orientation, uint32_t at) {
    put_number(entry, tag, 2);
    put_number(entry + 2, text ? 2 : 3, 2); /* ASCII, or SHORT */
    put_number(entry + 4, text ? (uint32_t)size : 1, 4);
    if (!text) {
        put_number(entry + 8, orientation, 2);
    } else if (size <= 4) {
        memcpy(entry + 8, text, size);
    } else {
        put_number(entry + 8, at, 4);
    }
}

/** Makes EXIF of the orientation and the texts of the first directory. */
static clproc_status make_exif(clp_tiff *tiff, clproc_error *error) {
    uint8_t head[EXIF_HEAD + SHARED * EXIF_ENTRY + 4] = {'M', 'M', 0, 42, 0, 0, 0, 8};
    const char *texts[SHARED] = {NULL};
    bool there[SHARED];
    uint32_t entries = 0;
    uint16_t orientation = 1;
    clproc_status status;
    tiff->exif.size = 0;
    for (size_t i = 0; i < SHARED; i++) {
        bool number = shared[i] == TIFFTAG_ORIENTATION;
        there[i] = number ? clp_libtiff.GetField(tiff->file, shared[i], &orientation) == 1
                          : clp_libtiff.GetField(tiff->file, shared[i], &texts[i]) == 1 && texts[i];
        entries += there[i];
    }
    uint8_t *entry = head + EXIF_HEAD;
    const size_t head_size = EXIF_HEAD + (size_t)entries * EXIF_ENTRY + 4;
    uint32_t at = (uint32_t)head_size;
    put_number(head + 8, entries, 2);
    for (size_t i = 0; i < SHARED; i++) {
        size_t size = there[i] && texts[i] ? strlen(texts[i]) + 1 : 0;
        if (there[i]) {
            put_entry(entry, shared[i], texts[i], size, orientation, at);
            entry += EXIF_ENTRY;
        }
        at += size > 4 ? (uint32_t)(size + size % 2) : 0;
    }
    CLP_TRY(status, out, clp_bytes_append(&tiff->exif, head, entries ? head_size : 0, error));
    for (size_t i = 0; i < SHARED; i++) {
        size_t size = there[i] && texts[i] ? strlen(texts[i]) + 1 : 0;
        if (size > 4) {
            CLP_TRY(status, out, clp_bytes_append(&tiff->exif, texts[i], size, error));
            CLP_TRY(status, out, clp_bytes_append(&tiff->exif, "", size % 2, error));
        }
    }
out:
    return status;
}

/** Copies a block, which libtiff holds no longer than the file is open. */
static clproc_status take_block(clp_decoder *decoder, uint32_t tag, clp_bytes *bytes,
                                clp_block *block, clproc_error *error) {
    clp_tiff *tiff = decoder->state;
    uint32_t size = 0;
    void *data = NULL;
    bytes->size = 0;
    if (!clp_libtiff.GetField(tiff->file, tag, &size, &data) || !data || size == 0) {
        return CLPROC_OK;
    }
    if (!clp_source_has_room(&decoder->source, size)) {
        return clp_decoder_note_large(decoder, error);
    }
    clproc_status status = clp_bytes_append(bytes, data, size, error);
    *block = (clp_block){bytes->data, bytes->size};
    return status;
}

clproc_status clp_tiff_read_metadata(clp_decoder *decoder, clproc_error *error) {
    clp_tiff *tiff = decoder->state;
    clp_header *header = &decoder->header;
    clp_blocks *blocks = &header->blocks;
    float x = 0, y = 0;
    uint16_t unit = RESUNIT_INCH;
    clproc_status status;
    CLP_TRY(status, out, make_exif(tiff, error));
    if (tiff->exif.size) {
        blocks->exif = (clp_block){tiff->exif.data, tiff->exif.size};
    }
    const clp_source *source = &decoder->source;
    if (source->bytes[2] == 42 || source->bytes[3] == 42) { /* BigTIFF's directories are others */
        blocks->tiff = (clp_block){source->bytes, source->size};
    }
    CLP_TRY(status, out, take_block(decoder, TIFFTAG_ICCPROFILE, &tiff->icc, &blocks->icc, error));
    CLP_TRY(status, out, take_block(decoder, TIFFTAG_XMLPACKET, &tiff->xmp, &blocks->xmp, error));
    CLP_TRY(status, out, take_block(decoder, TIFFTAG_PHOTOSHOP, &tiff->iptc, &blocks->iptc, error));
    clp_libtiff.GetFieldDefaulted(tiff->file, TIFFTAG_RESOLUTIONUNIT, &unit);
    if (clp_libtiff.GetField(tiff->file, TIFFTAG_XRESOLUTION, &x) &&
        clp_libtiff.GetField(tiff->file, TIFFTAG_YRESOLUTION, &y) && x > 0 && y > 0) {
        header->colour.density_unit = unit == RESUNIT_INCH         ? CLP_DENSITY_PER_INCH
                                      : unit == RESUNIT_CENTIMETER ? CLP_DENSITY_PER_CM
                                                                   : CLP_DENSITY_NONE;
        header->colour.density_x = (double)x;
        header->colour.density_y = (double)y;
    }
out:
    return status;
}
