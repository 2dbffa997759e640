/* A JPEG without its pixels: the segments that tell something, up to the first scan. */
#include <string.h>

#include "index/reader.h"
#include "meta/read.h"

enum {
    SOF0 = 0xC0,
    DHT = 0xC4,
    JPG = 0xC8,
    DAC = 0xCC,
    SOF15 = 0xCF,
    EOI = 0xD9,
    SOS = 0xDA,
    DQT = 0xDB,
    APP0 = 0xE0,
    APP1 = 0xE1,
    APP2 = 0xE2,
    APP13 = 0xED,
    APP14 = 0xEE,
    COM = 0xFE
};

/** Bytes between two segments that are passed over, segments, and bytes of Extended XMP. */
enum { MOST_GARBAGE = 1 << 16, MOST_SEGMENTS = 4096, MOST_EXTENSION = 8 << 20 };

typedef struct gatherer {
    clp_head *head;
    uint64_t at;
    bool preview;
    clp_row *row;
    clp_extract *extract;
} gatherer;

static uint32_t get16(const uint8_t *p) {
    return (uint32_t)p[0] << 8 | p[1];
}

static bool is_frame(uint8_t marker) {
    return marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != JPG && marker != DAC;
}

/** Finds the next marker; 0 if there is none. `at` is left before it. */
static uint8_t find_marker(gatherer *from) {
    for (uint64_t most = from->at + MOST_GARBAGE; from->at < most; from->at++) {
        const uint8_t *pair = clp_head_at(from->head, from->at, 2);
        if (!pair) {
            return 0;
        }
        bool alone =
            pair[1] == 0 || pair[1] == 0xFF || pair[1] == 1 || (pair[1] >= 0xD0 && pair[1] <= 0xD8);
        if (pair[0] == 0xFF && !alone) {
            return pair[1];
        }
    }
    return 0;
}

static bool begins(const uint8_t *content, size_t size, const char *name, size_t length) {
    return size >= length && memcmp(content, name, length) == 0;
}

static bool is_extension(uint8_t marker, const uint8_t *content, size_t size) {
    return marker == APP1 && begins(content, size, CLP_XMP_EXTENSION, sizeof CLP_XMP_EXTENSION);
}

/** Judges by a segment's first bytes. */
static bool matters(uint8_t marker, const uint8_t *content, size_t size) {
    switch (marker) {
    case APP1:
        return begins(content, size, "Exif\0", 5) ||
               begins(content, size, "http://ns.adobe.com/xap/1.0/", 29);
    case APP2:
        return begins(content, size, "ICC_PROFILE", 12);
    case APP13:
        return begins(content, size, "Photoshop 3.0", 14);
    case APP0:
    case APP14:
    case COM:
    case DQT:
    case SOS:
        return true;
    default:
        return is_frame(marker);
    }
}

/** As exiftool has it: the largest of three components to the smallest, along both axes. */
static void note_sampling(clp_row *row, const uint8_t *components) {
    char ratios[2][32], text[80];
    for (int axis = 0; axis < 2; axis++) {
        uint32_t least = 15, most = 0;
        for (size_t i = 0; i < 3; i++) {
            uint32_t factor = components[3 * i + 1] >> (axis ? 0 : 4) & 15;
            least = factor < least ? factor : least;
            most = factor > most ? factor : most;
        }
        if (least == 0) {
            return;
        }
        clp_cell ratio = {.kind = CLP_CELL_REAL, .real = (double)most / least};
        clp_number_print(&ratio, ratios[axis], sizeof ratios[axis]);
    }
    snprintf(text, sizeof text, "%s %s", ratios[0], ratios[1]);
    clp_row_string(row, CLP_FIELD_YCBCR_SUBSAMPLING, CLP_RANK_EXIF, text);
}

static void note_frame(gatherer *from, uint8_t marker, const uint8_t *content, size_t size) {
    clp_row *row = from->row;
    if (size < 6 || from->preview) {
        return;
    }
    uint32_t height = get16(content + 1), width = get16(content + 3), count = content[5];
    clp_row_integer(row, CLP_FIELD_BITS_PER_SAMPLE, CLP_RANK_EXIF, content[0]);
    clp_row_integer(row, CLP_FIELD_IMAGE_WIDTH, CLP_RANK_EXIF, width);
    clp_row_integer(row, CLP_FIELD_IMAGE_HEIGHT, CLP_RANK_EXIF, height);
    clp_row_integer(row, CLP_FIELD_COLOR_COMPONENTS, CLP_RANK_EXIF, count);
    clp_row_integer(row, CLP_FIELD_ENCODING_PROCESS, CLP_RANK_EXIF, marker - SOF0);
    if (count == 3 && size >= 6 + 9) {
        note_sampling(row, content + 6);
    }
}

static void note_tables(clp_extract *extract, const uint8_t *content, size_t size) {
    while (size > 0) {
        size_t wide = content[0] >> 4 ? 2 : 1, number = content[0] & 15, bytes = 1 + 64 * wide;
        if (size < bytes || number > 3) {
            return;
        }
        for (size_t i = 0; i < 64; i++) {
            extract->tables[number][i] =
                wide == 2 ? (uint16_t)get16(content + 1 + 2 * i) : content[1 + i];
        }
        extract->table_count = number >= extract->table_count ? number + 1 : extract->table_count;
        content += bytes;
        size -= bytes;
    }
}

/** Takes a whole segment. */
static clproc_status take(gatherer *from, uint8_t marker, size_t length, clproc_error *error) {
    clp_extract *extract = from->extract;
    const uint8_t *segment = clp_head_at(from->head, from->at, 2 + length);
    size_t before = extract->bytes.size;
    if (!segment) {
        extract->problem = "the file ends within a segment of its header";
        return CLPROC_OK;
    }
    const uint8_t *content = segment + 4;
    size_t size = length - 2;
    if (is_extension(marker, content, size)) {
        return clp_bytes_append(&extract->extension, segment + 2, length, error);
    }
    if (is_frame(marker)) {
        note_frame(from, marker, content, size);
    } else if (marker == DQT) {
        note_tables(extract, content, size);
    } else if (marker == APP1 && content[0] == 'E' && !extract->exif && size > 6) {
        extract->exif = before + 4 + 6;
        extract->exif_size = size - 6;
    }
    return clp_bytes_append(&extract->bytes, segment, 2 + length, error);
}

/** One segment; `*more` is false behind the last one. */
static clproc_status step(gatherer *from, bool *more, clproc_error *error) {
    enum { PEEK = 48 };
    clp_extract *extract = from->extract;
    uint8_t marker = find_marker(from);
    const uint8_t *head = marker ? clp_head_at(from->head, from->at, 4) : NULL;
    size_t length = head ? get16(head + 2) : 0;
    *more = false;
    if (!head || marker == EOI || length < 2) {
        extract->problem = "the file ends before its pixels";
        return CLPROC_OK;
    }
    size_t peek = length + 2 < PEEK ? length + 2 : PEEK;
    head = clp_head_at(from->head, from->at, peek);
    bool extension = head && is_extension(marker, head + 4, peek - 4) &&
                     extract->extension.size + length <= MOST_EXTENSION;
    if (extension || (head && matters(marker, head + 4, peek - 4))) {
        clproc_status status = take(from, marker, length, error);
        if (status != CLPROC_OK) {
            return status;
        }
    }
    from->at += 2 + length;
    extract->whole = marker == SOS && !extract->problem;
    *more = marker != SOS && !extract->problem;
    return CLPROC_OK;
}

clproc_status clp_extract_jpeg(clp_head *head, uint64_t start, bool preview, clp_row *row,
                               clp_extract *extract, clproc_error *error) {
    static const uint8_t first[] = {0xFF, 0xD8}, last[] = {0xFF, EOI};
    gatherer from = {head, start + 2, preview, row, extract};
    clproc_status status;
    bool more = true;
    CLP_TRY(status, out, clp_bytes_append(&extract->bytes, first, sizeof first, error));
    for (int i = 0; more; i++) {
        if (i == MOST_SEGMENTS) {
            extract->problem = "its header has absurdly many segments";
            break;
        }
        CLP_TRY(status, out, step(&from, &more, error));
    }
    CLP_TRY(status, out, clp_bytes_append(&extract->bytes, last, sizeof last, error));
out:
    return status;
}
