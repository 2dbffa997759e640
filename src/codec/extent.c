#include "codec/extent.h"

#include <string.h>

#include "codec/codec.h"
#include "codec/codec_private.h"
#include "codec/png_private.h"
#include "codec/pnm_private.h"

/** Packed pixels are hardly ever larger than unpacked ones; metadata comes on top. */
#define TIMES_PIXELS 2
#define MORE_BYTES ((uint64_t)64 << 20)

static void heed_sides(const clp_extent *extent, uint32_t width, uint32_t height,
                       uint32_t bits_per_pixel, size_t *limit) {
    uint64_t bytes = (uint64_t)width * height / 8;
    if (extent->by_sides && bytes < *limit) {
        bytes = bytes * bits_per_pixel * TIMES_PIXELS + MORE_BYTES;
        *limit = bytes < *limit ? (size_t)bytes : *limit;
    }
}

/* -------------------------------------------------------------------- PNG */

static bool is_chunk_type(const uint8_t *type) {
    for (int i = 0; i < 4; i++) {
        if ((type[i] | 0x20) < 'a' || (type[i] | 0x20) > 'z') {
            return false;
        }
    }
    return true;
}

static size_t walk_png(clp_extent *extent, const uint8_t *bytes, size_t size, size_t *limit) {
    const size_t around = CLP_PNG_HEAD + CLP_PNG_TAIL;
    extent->at = extent->at ? extent->at : CLP_PNG_SIGNATURE;
    while (size >= extent->at + CLP_PNG_HEAD) {
        const uint8_t *chunk = bytes + extent->at, *type = chunk + 4;
        size_t length = clp_read_u32(chunk), end = extent->at + around + length;
        if (!is_chunk_type(type)) {
            return size;
        }
        if (memcmp(type, "IEND", 4) == 0) {
            return end;
        }
        if (memcmp(type, "IHDR", 4) == 0) {
            if (length != 13) {
                return size;
            }
            if (size < end) {
                return end;
            }
            static const uint8_t channels[8] = {1, 1, 3, 1, 2, 1, 4, 1}; /* by colour type */
            const uint8_t *data = chunk + CLP_PNG_HEAD;
            heed_sides(extent, clp_read_u32(data), clp_read_u32(data + 4),
                       (uint32_t)data[8] * channels[data[9] & 7], limit);
        }
        extent->at = end;
    }
    return extent->at + CLP_PNG_HEAD;
}

/* ------------------------------------------------------------------- JPEG */

enum { FILL = 0xFF, EOI = 0xD9, RST0 = 0xD0, SOI = 0xD8, TEM = 0x01 };

/** Frame headers: SOF0 to SOF15 without DHT, JPG and DAC, which stand among them. */
static bool is_frame(uint8_t marker) {
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/** Goes to the next marker; false where there is none yet. */
static bool find_marker(clp_extent *extent, const uint8_t *bytes, size_t size) {
    while (extent->at < size) {
        const uint8_t *found = memchr(bytes + extent->at, FILL, size - extent->at);
        extent->at = found ? (size_t)(found - bytes) : size;
        if (size - extent->at < 2) {
            return false;
        }
        uint8_t next = bytes[extent->at + 1];
        if (next != FILL && next != 0) {
            return true;
        }
        extent->at += next == FILL ? 1 : 2;
    }
    return false;
}

static size_t walk_jpeg(clp_extent *extent, const uint8_t *bytes, size_t size, size_t *limit) {
    const size_t head = 4; /* marker and length */
    extent->at = extent->at ? extent->at : 2;
    while (find_marker(extent, bytes, size)) {
        uint8_t marker = bytes[extent->at + 1];
        if (marker == EOI) {
            return extent->at + 2;
        }
        if (marker == TEM || (marker >= RST0 && marker <= SOI)) {
            extent->at += 2;
            continue;
        }
        if (size - extent->at < head) {
            return extent->at + head;
        }
        const uint8_t *segment = bytes + extent->at;
        size_t end = extent->at + 2 + ((size_t)segment[2] << 8 | segment[3]);
        if (is_frame(marker)) {
            if (size < end) {
                return end;
            }
            if (end - extent->at >= 10) {
                heed_sides(extent, (uint32_t)segment[7] << 8 | segment[8],
                           (uint32_t)segment[5] << 8 | segment[6], 8u * segment[9], limit);
            }
        }
        extent->at = end;
    }
    return (extent->at > size ? extent->at : size) + head;
}

/* ------------------------------------------------------------------- WebP */

/** Its header says how long it is. */
static size_t walk_webp(const uint8_t *bytes) {
    return 8 + (bytes[4] | (size_t)bytes[5] << 8 | (size_t)bytes[6] << 16 | (size_t)bytes[7] << 24);
}

/* ------------------------------------------------------- PGM, PPM and PAM */

static size_t walk_pnm(const clp_extent *extent, const uint8_t *bytes, size_t size, size_t *limit) {
    clp_pnm_header header;
    const char *cause;
    /* Another picture may follow, whose first letters tell. */
    const size_t more = 64, magic = 3;
    clp_pnm_answer answer = clp_pnm_read_header(bytes, size, &header, &cause);
    if (answer != CLP_PNM_SOUND) {
        return answer == CLP_PNM_MORE ? size + more : size;
    }
    heed_sides(extent, header.width, header.height, 64, limit);
    uint64_t end = clp_pnm_end(&header, SIZE_MAX - magic);
    return (size_t)end + magic;
}

size_t clp_extent_find(void *extent, const uint8_t *bytes, size_t size, size_t *limit) {
    clproc_format format;
    if (!clp_codec_recognise(bytes, size, &format)) {
        return size;
    }
    switch (format) {
    case CLPROC_FORMAT_JPEG:
        return walk_jpeg(extent, bytes, size, limit);
    case CLPROC_FORMAT_PNG:
        return walk_png(extent, bytes, size, limit);
    case CLPROC_FORMAT_WEBP:
        return walk_webp(bytes);
    case CLPROC_FORMAT_PPM:
    case CLPROC_FORMAT_PGM:
    case CLPROC_FORMAT_PAM:
        return walk_pnm(extent, bytes, size, limit);
    default:
        return CLP_FILE_WHOLE; /* parts of the others may stand anywhere */
    }
}
