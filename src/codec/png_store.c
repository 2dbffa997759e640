/* A PNG with its pixels unpacked: the same file, but its zlib stream holds stored blocks only.
 *
 *  libdeflate unpacks some three times as fast as zlib, but only whole streams; libspng reads row
 * by row, through zlib, and judges what is wrong with a file. So libdeflate unpacks, filters are
 * undone here, and libspng gets a file of which there is nothing to do but to copy. */
#include <libdeflate.h>
#include <string.h>

#include "codec/png_private.h"
#include "core/checked.h"

enum {
    ZLIB_HEAD = 2,
    ZLIB_TAIL = 4,
    BLOCK_HEAD = 5,
    BLOCK = 65535, /**< bytes of a stored block (RFC 1951, 3.2.4) */
    IHDR = 13      /**< bytes of the first chunk's data */
};

/** Where a file's pixels stand. */
typedef struct extent {
    size_t start, end; /**< of the IDAT chunks, in the file */
    size_t packed;     /**< bytes of their data */
} extent;

/** Finds the IDAT chunks; false unless they stand together, whole and with good checksums. */
static bool find_pixels(const clp_source *source, extent *found) {
    *found = (extent){0};
    size_t at = CLP_PNG_SIGNATURE;
    while (source->size - at >= CLP_PNG_HEAD + CLP_PNG_TAIL) {
        const uint8_t *chunk = source->bytes + at, *type = chunk + 4;
        size_t size = clp_read_u32(chunk);
        bool pixels = memcmp(type, "IDAT", 4) == 0;
        if (size > source->size - at - CLP_PNG_HEAD - CLP_PNG_TAIL) {
            return false;
        }
        if (pixels) {
            const uint8_t *data = chunk + CLP_PNG_HEAD;
            found->start = found->start ? found->start : at;
            if ((found->end && found->end != at) ||
                libdeflate_crc32(0, type, 4 + size) != clp_read_u32(data + size)) {
                return false;
            }
            found->packed += size;
        }
        at += CLP_PNG_HEAD + size + CLP_PNG_TAIL;
        found->end = pixels ? at : found->end;
    }
    return found->start > 0;
}

/** Bits of a pixel as it is stored */
static size_t pixel_bits(const struct spng_ihdr *ihdr) {
    static const uint8_t channels[7] = {[SPNG_COLOR_TYPE_GRAYSCALE] = 1,
                                        [SPNG_COLOR_TYPE_TRUECOLOR] = 3,
                                        [SPNG_COLOR_TYPE_INDEXED] = 1,
                                        [SPNG_COLOR_TYPE_GRAYSCALE_ALPHA] = 2,
                                        [SPNG_COLOR_TYPE_TRUECOLOR_ALPHA] = 4};
    return (size_t)channels[ihdr->color_type] * ihdr->bit_depth;
}

/** Bytes of a row behind its filter's number */
static size_t row_bytes(const struct spng_ihdr *ihdr) {
    size_t bits = ihdr->width * pixel_bits(ihdr);
    return bits / 8 + (bits % 8 > 0);
}

/** Bytes of all rows, each behind its filter's number; 0 for what is not unpacked at once. */
static size_t all_bytes(const struct spng_ihdr *ihdr, uint64_t most) {
    size_t bytes;
    bool fits = !ihdr->interlace_method &&
                clp_checked_mul(row_bytes(ihdr) + 1, ihdr->height, &bytes) && bytes <= most;
    return fits ? bytes : 0;
}

uint64_t clp_png_store_bytes(const clp_header *header, uint64_t file_bytes, uint64_t most) {
    uint64_t pixel = clp_model_channels(header->model) * (header->depth / 8);
    /* One more, of zeros; none is above the first. */
    uint64_t rows = (header->height + 1) * (header->width * pixel + 1);
    /* Of palettes and fewer bits it is less. */
    return header->progressive ? 0 : (rows < most ? rows : most) + 2 * file_bytes;
}

/** Unpacks the pixels' one zlib stream; false unless it gives exactly `rows` bytes. */
static bool unpack(const clp_source *source, const extent *pixels, uint8_t *packed, uint8_t *out,
                   size_t rows) {
    size_t used = 0, count = 0;
    for (size_t at = pixels->start; at < pixels->end;) {
        size_t size = clp_read_u32(source->bytes + at);
        memcpy(packed + count, source->bytes + at + CLP_PNG_HEAD, size);
        count += size;
        at += CLP_PNG_HEAD + size + CLP_PNG_TAIL;
    }
    struct libdeflate_decompressor *inflate = libdeflate_alloc_decompressor();
    bool good = inflate && libdeflate_zlib_decompress_ex(inflate, packed, count, out, rows, &used,
                                                         NULL) == LIBDEFLATE_SUCCESS;
    libdeflate_free_decompressor(inflate);
    return good && used == count;
}

/** Writes a zlib stream of stored blocks; `rows` may stand in its way, but not before it. */
static uint8_t *write_stream(uint8_t *out, const uint8_t *rows, size_t size) {
    uint32_t check = libdeflate_adler32(1, rows, size);
    *out++ = 0x78; /* deflate, a window of 32 KB */
    *out++ = 0x01; /* makes the head a multiple of 31 */
    while (size > 0) {
        size_t block = size < BLOCK ? size : BLOCK;
        size -= block;
        *out++ = size == 0;
        *out++ = (uint8_t)block;
        *out++ = (uint8_t)(block >> 8);
        *out++ = (uint8_t)~block;
        *out++ = (uint8_t)(~block >> 8);
        memmove(out, rows, block);
        out += block;
        rows += block;
    }
    clp_write_u32(out, check);
    return out + ZLIB_TAIL;
}

/** Makes the picture lower: the height stands in the first chunk. */
static void set_height(uint8_t *file, uint32_t height) {
    uint8_t *chunk = file + CLP_PNG_SIGNATURE;
    clp_write_u32(chunk + CLP_PNG_HEAD + 4, height);
    clp_write_u32(chunk + CLP_PNG_HEAD + IHDR, libdeflate_crc32(0, chunk + 4, 4 + IHDR));
}

bool clp_png_store(const clp_source *source, const struct spng_ihdr *ihdr, uint64_t most,
                   uint32_t *height, clp_bytes *file) {
    extent pixels;
    size_t rows = all_bytes(ihdr, most);
    if (rows == 0 || !find_pixels(source, &pixels) || pixels.packed > rows / 10 * 9) {
        return false; /* what is hardly packed zlib copies, too */
    }
    size_t blocks = (rows + BLOCK - 1) / BLOCK, after = source->size - pixels.end;
    size_t stream = ZLIB_HEAD + blocks * BLOCK_HEAD + rows + ZLIB_TAIL;
    size_t whole = pixels.start + CLP_PNG_HEAD + stream + CLP_PNG_TAIL + after, room;
    /* Behind the file first what is packed has its place, then a row of zeros. */
    size_t row = row_bytes(ihdr), zeros = row + CLP_PNG_SLACK, bits = pixel_bits(ihdr);
    file->size = 0;
    if (!clp_checked_add(whole, pixels.packed > zeros ? pixels.packed : zeros, &room) ||
        clp_bytes_reserve(file, room, NULL) != CLPROC_OK) {
        return false;
    }
    uint8_t *chunk = file->data + pixels.start;
    /* Rows are unpacked where the last of them will stay; the blocks move forward to them. */
    uint8_t *unpacked = chunk + CLP_PNG_HEAD + ZLIB_HEAD + blocks * BLOCK_HEAD;
    if (!unpack(source, &pixels, file->data + whole, unpacked, rows)) {
        return false;
    }
    *height = *height < ihdr->height ? *height : ihdr->height;
    memset(file->data + whole, 0, zeros);
    if (!clp_png_unfilter(unpacked, file->data + whole, row, ihdr->height, *height,
                          bits < 8 ? 1 : bits / 8)) {
        return false;
    }
    memcpy(file->data, source->bytes, pixels.start);
    if (*height < ihdr->height) {
        set_height(file->data, *height);
    }
    memcpy(chunk + 4, "IDAT", 4);
    uint8_t *end = write_stream(chunk + CLP_PNG_HEAD, unpacked, (row + 1) * *height);
    stream = (size_t)(end - chunk) - CLP_PNG_HEAD;
    clp_write_u32(chunk, (uint32_t)stream);
    clp_write_u32(end, libdeflate_crc32(0, chunk + 4, 4 + stream));
    memcpy(end + CLP_PNG_TAIL, source->bytes + pixels.end, after);
    file->size = (size_t)(end - file->data) + CLP_PNG_TAIL + after;
    return true;
}
