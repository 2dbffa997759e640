/* Where raw files that are more than a TIFF structure have what an index asks for. */
#include <string.h>

#include "index/reader.h"
#include "meta/tiff.h"

uint64_t clp_raw_panasonic_jpeg(clp_head *head) {
    enum { JPEG_FROM_RAW = 0x2E, ENTRY = 12, MOST = 1024 };
    const uint8_t *p = clp_head_at(head, 4, 4);
    uint64_t at = p ? clp_tiff_u32(p, true) : 0;
    p = at ? clp_head_at(head, at, 2) : NULL;
    uint32_t count = p ? clp_tiff_u16(p, true) : 0;
    for (uint32_t i = 0; i < count && i < MOST; i++) {
        p = clp_head_at(head, at + 2 + (uint64_t)ENTRY * i, ENTRY);
        if (p && clp_tiff_u16(p, true) == JPEG_FROM_RAW) {
            return clp_tiff_u32(p + 8, true);
        }
    }
    return 0;
}

/* Blocks of a name, a length and their content stand between a header of the same form and the
 * pixels; all numbers are big-endian. */
void clp_extract_mrw(clp_head *head, clp_row *row) {
    enum { BLOCK = 8, MOST = 64, SIZES_AT = 12, SIZES = 4 };
    clp_head_part tiff = {.head = head};
    const uint8_t *p = clp_head_at(head, 0, BLOCK);
    uint64_t at = BLOCK, end = p ? at + clp_tiff_u32(p + 4, false) : 0;
    clp_row_string(row, CLP_FIELD_FILE_TYPE, CLP_RANK_EXIF, "MRW");
    for (int i = 0; i < MOST && at < end && (p = clp_head_at(head, at, BLOCK)); i++) {
        uint64_t start = at + BLOCK;
        at = start + clp_tiff_u32(p + 4, false);
        if (memcmp(p, "\0TTW", 4) == 0) {
            tiff.start = start;
            tiff.size = at - start;
        } else if (memcmp(p, "\0PRD", 4) == 0 && at - start >= SIZES_AT + SIZES &&
                   (p = clp_head_at(head, start + SIZES_AT, SIZES))) {
            clp_row_integer(row, CLP_FIELD_IMAGE_HEIGHT, CLP_RANK_EXIF, clp_tiff_u16(p, false));
            clp_row_integer(row, CLP_FIELD_IMAGE_WIDTH, CLP_RANK_EXIF, clp_tiff_u16(p + 2, false));
        }
    }
    const clp_reach from = {.at = clp_head_reach, .user = &tiff, .size = tiff.size};
    if (!clp_index_tiff(row, &from)) {
        clp_row_string(row, CLP_FIELD_ERROR, CLP_RANK_EXIF,
                       "is a raw file of which the directory cannot be read");
    }
}

/** In the header of a RAF. */
enum { FUJI_JPEG_AT = 84, FUJI_DIRECTORY_AT = 92 };

/** A number of Fujifilm's header; 0 where it ends before. */
static uint64_t number_at(clp_head *head, uint64_t at) {
    const uint8_t *p = clp_head_at(head, at, 4);
    return p ? clp_tiff_u32(p, false) : 0;
}

uint64_t clp_raw_fuji_jpeg(clp_head *head) {
    return number_at(head, FUJI_JPEG_AT);
}

/* The directory has a count, then entries of a tag, their bytes, and these. */
void clp_raw_fuji_size(clp_head *head, clp_row *row) {
    enum { MOST = 256, CROPPED_SIZE = 0x111 };
    uint64_t at = number_at(head, FUJI_DIRECTORY_AT);
    const uint8_t *p = at ? clp_head_at(head, at, 4) : NULL;
    uint32_t count = p ? clp_tiff_u32(p, false) : 0;
    at += 4;
    for (uint32_t i = 0; i < count && i < MOST && (p = clp_head_at(head, at, 4)); i++) {
        uint32_t tag = clp_tiff_u16(p, false), size = clp_tiff_u16(p + 2, false);
        p = tag == CROPPED_SIZE && size >= 4 ? clp_head_at(head, at + 4, 4) : NULL;
        if (p) {
            clp_row_integer(row, CLP_FIELD_IMAGE_HEIGHT, CLP_RANK_FORMAT, clp_tiff_u16(p, false));
            clp_row_integer(row, CLP_FIELD_IMAGE_WIDTH, CLP_RANK_FORMAT,
                            clp_tiff_u16(p + 2, false));
            return;
        }
        at += 4 + (uint64_t)size;
    }
}
