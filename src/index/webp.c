/* A WebP's chunks: its size, and the metadata behind its pixels. Google's container specification,
 * https://developers.google.com/speed/webp/docs/riff_container. */
#include <string.h>

#include "index/meta.h"
#include "index/reader.h"
#include "meta/read.h"
#include "meta/tiff.h"

#define HEADER 8

static void put_size(clp_row *row, uint32_t width, uint32_t height) {
    if (!clp_row_has(row, CLP_FIELD_IMAGE_WIDTH)) {
        clp_row_integer(row, CLP_FIELD_IMAGE_WIDTH, CLP_RANK_FORMAT, width);
        clp_row_integer(row, CLP_FIELD_IMAGE_HEIGHT, CLP_RANK_FORMAT, height);
    }
}

/** The size, from the first bytes of the chunks that hold it. */
static void take_size(clp_head *head, const char *name, uint64_t offset, uint32_t size,
                      clp_row *row) {
    const uint8_t *at = size >= 10 ? clp_head_at(head, offset, 10) : NULL;
    if (!at) {
        return;
    }
    if (memcmp(name, "VP8X", 4) == 0) {
        /* Three bytes each. */
        put_size(row, (clp_tiff_u32(at + 4, true) & 0xFFFFFF) + 1,
                 (clp_tiff_u32(at + 6, true) >> 8) + 1);
    } else if (memcmp(name, "VP8 ", 4) == 0 && memcmp(at + 3, "\x9d\x01\x2a", 3) == 0) {
        put_size(row, clp_tiff_u16(at + 6, true) & 0x3FFF, clp_tiff_u16(at + 8, true) & 0x3FFF);
    } else if (memcmp(name, "VP8L", 4) == 0 && at[0] == 0x2F) {
        uint32_t bits = clp_tiff_u32(at + 1, true);
        put_size(row, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1);
    }
}

static void take_metadata(clp_head *head, const char *name, uint64_t offset, uint32_t size,
                          clp_row *row) {
    bool exif = memcmp(name, "EXIF", 4) == 0, xmp = memcmp(name, "XMP ", 4) == 0;
    bool icc = memcmp(name, "ICCP", 4) == 0;
    char profile[256];
    if ((!exif && !xmp && !icc) || size == 0) {
        return;
    }
    const uint8_t *data = clp_head_at(head, offset, size);
    if (!data) {
        clp_row_warn(row, "a chunk of metadata is not whole");
    } else if (exif) {
        /* Some writers leave a JPEG's "Exif" before it. */
        bool led = size > 6 && memcmp(data, "Exif\0\0", 6) == 0;
        clp_index_exif(row, data + (led ? 6 : 0), size - (led ? 6 : 0));
    } else if (xmp) {
        clp_index_xmp(row, data, size, NULL);
    } else {
        clp_icc_name(data, size, profile, sizeof profile);
        clp_row_string(row, CLP_FIELD_PROFILE_DESCRIPTION, CLP_RANK_EXIF, profile);
    }
}

void clp_extract_webp(clp_head *head, clp_row *row) {
    const uint8_t *at;
    uint64_t offset = 12;
    /* As exiftool calls it: extended is one with room for metadata. */
    bool extended = (at = clp_head_at(head, offset, 4)) && memcmp(at, "VP8X", 4) == 0;
    clp_row_string(row, CLP_FIELD_FILE_TYPE, CLP_RANK_EXIF, extended ? "Extended WEBP" : "WEBP");
    while ((at = clp_head_at(head, offset, HEADER))) {
        char name[4];
        memcpy(name, at, sizeof name);
        uint32_t size = clp_tiff_u32(at + 4, true);
        take_size(head, name, offset + HEADER, size, row);
        take_metadata(head, name, offset + HEADER, size, row);
        offset += HEADER + (uint64_t)size + (size & 1);
    }
    if (!clp_row_has(row, CLP_FIELD_IMAGE_WIDTH)) {
        clp_row_string(row, CLP_FIELD_ERROR, CLP_RANK_EXIF, "the file has no picture");
    }
}
