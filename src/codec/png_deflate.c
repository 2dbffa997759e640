/** Pixels as a PNG's IDAT chunks: filtered rows, packed by libdeflate, which at each of zlib's
 * levels is some three times as fast as zlib and packs a little tighter. */
#include <libdeflate.h>
#include <string.h>

#include "codec/png_private.h"
#include "core/cancel.h"
#include "core/checked.h"

/** Bytes of one IDAT chunk: readers hold one at a time. */
#define CHUNK ((size_t)1 << 20)

enum { FILTERS = 5 };

/** The first row's upper neighbour is zeros; left of a row stand `pixel` zeros. */
typedef struct row {
    const uint8_t *here, *up;
    size_t size, pixel;
} row;

static uint8_t distance(uint8_t a, uint8_t b) {
    return (uint8_t)((a > b ? a : b) - (a < b ? a : b));
}

/** Rounded down. Processors have the mean that is rounded up. */
static uint8_t mean(uint8_t a, uint8_t b) {
    return (uint8_t)(((a + b + 1) >> 1) - ((a ^ b) & 1));
}

/** All in bytes, of which vectors hold most. */
static uint8_t paeth(uint8_t left, uint8_t up, uint8_t corner) {
    uint8_t from_left = distance(up, corner), from_up = distance(left, corner);
    /* Both on one side of the corner: their sum, which is not below either. */
    uint8_t from_corner =
        (left > corner) == (up > corner) ? UINT8_MAX : distance(from_left, from_up);
    uint8_t best = from_up <= from_corner ? up : corner;
    return from_left <= from_up && from_left <= from_corner ? left : best;
}

/** Filters one byte after the other in plain loops, which compilers make vectors of. `out` does not
 * overlap the row. */
static void filter(const row *r, int kind, uint8_t *restrict out) {
    const uint8_t *here = r->here, *up = r->up, *left = here - r->pixel, *corner = up - r->pixel;
    switch (kind) {
    case 0:
        memcpy(out, here, r->size);
        break;
    case 1:
        for (size_t i = 0; i < r->size; i++) {
            out[i] = (uint8_t)(here[i] - left[i]);
        }
        break;
    case 2:
        for (size_t i = 0; i < r->size; i++) {
            out[i] = (uint8_t)(here[i] - up[i]);
        }
        break;
    case 3:
        for (size_t i = 0; i < r->size; i++) {
            out[i] = (uint8_t)(here[i] - mean(left[i], up[i]));
        }
        break;
    default:
        for (size_t i = 0; i < r->size; i++) {
            out[i] = (uint8_t)(here[i] - paeth(left[i], up[i], corner[i]));
        }
    }
}

/** The sum of the filtered bytes' magnitudes, as signed numbers: the usual guess at what packs best
 * (PNG specification, 12.8). */
static uint64_t cost(const uint8_t *bytes, size_t size) {
    uint64_t sum = 0;
    for (size_t i = 0; i < size;) {
        uint16_t part = 0; /* of so few bytes that their sum fits, for the sake of vectors */
        for (size_t end = size - i < 256 ? size : i + 256; i < end; i++) {
            uint8_t negative = (uint8_t)-bytes[i];
            part = (uint16_t)(part + (bytes[i] < negative ? bytes[i] : negative));
        }
        sum += part;
    }
    return sum;
}

/** Writes a row behind the number of its filter. `trials`: room for FILTERS rows. */
static void filter_row(const row *r, bool choose, uint8_t *trials, uint8_t *out) {
    int best = 0;
    uint64_t least = UINT64_MAX;
    for (int kind = 0; choose && kind < FILTERS; kind++) {
        uint8_t *trial = trials + (size_t)kind * r->size;
        filter(r, kind, trial);
        uint64_t sum = cost(trial, r->size);
        if (sum < least) {
            least = sum;
            best = kind;
        }
    }
    out[0] = (uint8_t)best;
    memcpy(out + 1, choose ? trials + (size_t)best * r->size : r->here, r->size);
}

/** A row as PNG stores it: 16-bit samples begin with their high byte. */
static void store_row(const uint8_t *samples, size_t size, bool wide, uint8_t *out) {
    if (!wide) {
        memcpy(out, samples, size);
        return;
    }
    for (size_t i = 0; i < size; i += 2) {
        uint16_t value;
        memcpy(&value, samples + i, sizeof value);
        out[i] = (uint8_t)(value >> 8);
        out[i + 1] = (uint8_t)value;
    }
}

/** All rows of a picture, filtered, into `encoder->scratch`. */
static clproc_status filter_picture(clp_encoder *encoder, const clp_layout *layout,
                                    const uint8_t *base, bool choose, clproc_error *error) {
    const clp_plane *plane = &layout->planes[0];
    clp_bytes *scratch = &encoder->scratch;
    size_t pixel = (size_t)plane->channels * (layout->depth / 8), size = plane->width * pixel;
    size_t rows, lines, whole;
    /* Two rows with zeros before them, and the trials, behind the picture. */
    if (!clp_checked_mul(size + 1, plane->height, &rows) ||
        !clp_checked_mul(size + pixel, FILTERS + 2, &lines) ||
        !clp_checked_add(rows, lines, &whole)) {
        return clp_error_memory(error, "encoding a PNG", SIZE_MAX);
    }
    clproc_status status = clp_bytes_reserve(scratch, whole, error);
    if (status != CLPROC_OK) {
        return status;
    }
    uint8_t *first = scratch->data + rows, *second = first + pixel + size;
    uint8_t *trials = second + pixel + size;
    memset(first, 0, 2 * (pixel + size));
    row r = {first + pixel, second + pixel, size, pixel};
    for (uint32_t y = 0; y < plane->height; y++) {
        status = clp_cancel_check(encoder->cancel, error);
        if (status != CLPROC_OK) {
            return status;
        }
        uint8_t *line = y % 2 == 0 ? first + pixel : second + pixel;
        store_row(base + plane->offset + y * plane->pitch, size, layout->depth == 16, line);
        r.up = y % 2 == 0 ? second + pixel : first + pixel;
        r.here = line;
        filter_row(&r, choose, trials, scratch->data + y * (size + 1));
    }
    scratch->size = rows;
    return CLPROC_OK;
}

/** libdeflate's level for one of zlib's. From 5 to 8 the one below packs as tight as zlib does, and
 * is up to twice as fast; 9 asks for the smallest there is. */
static int libdeflate_level(int level) {
    return level >= 5 && level <= 8 ? level - 1 : level;
}

/** The compressor for a level, made anew where it is another's. */
static clproc_status take_compressor(clp_encoder *encoder, int level, clproc_error *error) {
    if (!encoder->deflate || encoder->deflate_level != level) {
        libdeflate_free_compressor(encoder->deflate);
        encoder->deflate = libdeflate_alloc_compressor(libdeflate_level(level));
        encoder->deflate_level = level;
    }
    return encoder->deflate ? CLPROC_OK : clp_error_memory(error, "encoding a PNG", 0);
}

/** Writes a chunk whose data may stand in its way, but not before it; returns its end. */
static uint8_t *write_chunk(uint8_t *out, const char type[4], const uint8_t *data, size_t size) {
    memmove(out + CLP_PNG_HEAD, data, size);
    clp_write_u32(out, (uint32_t)size);
    memcpy(out + 4, type, 4);
    clp_write_u32(out + CLP_PNG_HEAD + size, libdeflate_crc32(0, out + 4, 4 + size));
    return out + CLP_PNG_HEAD + size + CLP_PNG_TAIL;
}

/* Packs to the end of the output, where the chunks will stand, and moves their data to them. */
clproc_status clp_png_write_packed(clp_encoder *encoder, clproc_error *error) {
    const size_t around = CLP_PNG_HEAD + CLP_PNG_TAIL;
    const clp_bytes *raw = &encoder->scratch;
    clp_bytes *output = &encoder->output;
    size_t room = libdeflate_zlib_compress_bound(encoder->deflate, raw->size);
    size_t heads = (room / CHUNK + 1) * around, whole;
    clproc_status status;
    if (!clp_checked_add(room, heads + around, &whole) ||
        !clp_checked_add(whole, output->size, &whole)) {
        return clp_error_memory(error, "encoding a PNG", SIZE_MAX);
    }
    CLP_TRY(status, out, clp_bytes_reserve(output, whole, error));
    uint8_t *end = output->data + output->size, *packed = end + heads;
    size_t size = libdeflate_zlib_compress(encoder->deflate, raw->data, raw->size, packed, room);
    if (size == 0) {
        status = clp_error_set(error, CLPROC_ERROR_INTERNAL,
                               "a PNG's pixels do not fit where they must");
        goto out;
    }
    for (size_t at = 0; at < size; at += CHUNK) {
        end = write_chunk(end, "IDAT", packed + at, size - at < CHUNK ? size - at : CHUNK);
    }
    end = write_chunk(end, "IEND", (const uint8_t *)"", 0);
    output->size = (size_t)(end - output->data);
out:
    return status;
}

clproc_status clp_png_write_pixels(clp_encoder *encoder, const clp_layout *layout,
                                   const uint8_t *base, int level, clproc_error *error) {
    clproc_status status;
    CLP_TRY(status, out, filter_picture(encoder, layout, base, level > 0, error));
    CLP_TRY(status, out, take_compressor(encoder, level, error));
    status = clp_png_pack(encoder, error);
out:
    return status;
}
