/* A TIFF's pixels, row by row where that is possible: what is not packed from where it stands in
 * the file, strips as libtiff unpacks them, tiles one row of them at a time. */
#include <stdio.h>
#include <string.h>

#include "codec/tiff_private.h"
#include "core/checked.h"

/** The most bytes of strips that are unpacked at once: of Deflate's whole strips libdeflate unpacks
 * some three times as fast as zlib does row by row. */
#define MOST_BYTES ((uint64_t)48 << 20)

#define NO_STRIP UINT32_MAX

/* ----------------------------------------------------------------- ways */

static bool is_deflate(uint16_t compression) {
    return compression == COMPRESSION_ADOBE_DEFLATE || compression == COMPRESSION_DEFLATE;
}

/** Bytes that a library behind libtiff takes to unpack a part: windows and coefficients. */
static uint64_t library_bytes(const clp_tiff *tiff) {
    const uint64_t most = (uint64_t)128 << 20; /* libtiff lets libjpeg have less, libzstd as much */
    switch (tiff->compression) {
    case COMPRESSION_NONE:
    case COMPRESSION_LZW:
    case COMPRESSION_PACKBITS:
    case COMPRESSION_DEFLATE:
    case COMPRESSION_ADOBE_DEFLATE:
        return 0;
    default:
        return tiff->part_bytes < most / 2 ? (uint64_t)tiff->part_bytes * 2 : most;
    }
}

/** Finds the sides of parts, and refuses what is far larger than the picture. */
static clproc_status measure_parts(clp_decoder *decoder, bool tiled, clproc_error *error) {
    const uint64_t spare = (uint64_t)64 << 20;
    clp_tiff *tiff = decoder->state;
    const clp_header *header = &decoder->header;
    uint64_t row = clp_libtiff.ScanlineSize64(tiff->file), part = 0;
    size_t most; /* of what is reckoned with below */
    tiff->part_width = header->width;
    tiff->part_height = 0;
    if (tiled) {
        clp_libtiff.GetField(tiff->file, TIFFTAG_TILEWIDTH, &tiff->part_width);
        clp_libtiff.GetField(tiff->file, TIFFTAG_TILELENGTH, &tiff->part_height);
        part = clp_libtiff.TileSize64(tiff->file);
    } else {
        clp_libtiff.GetFieldDefaulted(tiff->file, TIFFTAG_ROWSPERSTRIP, &tiff->part_height);
        tiff->part_height = tiff->part_height < header->height ? tiff->part_height : header->height;
        part = clp_libtiff.VStripSize64(tiff->file, tiff->part_height);
    }
    if (part == 0 || row == 0 || tiff->part_width == 0 || tiff->part_height == 0) {
        return clp_tiff_failure(tiff, error);
    }
    if (!clp_checked_mul((size_t)row, (size_t)header->height * 4 * CLP_TIFF_PLANES, &most)) {
        return clp_error_set(error, CLPROC_ERROR_MEMORY, "is too large for this machine's memory");
    }
    if (part > 2 * row * header->height + spare) {
        return clp_error_set(error, CLPROC_ERROR_LIMIT,
                             "is stored in parts of %llu MB, far more than the picture has",
                             (unsigned long long)(part >> 20));
    }
    tiff->row_bytes = (size_t)row;
    tiff->part_bytes = (size_t)part;
    return CLPROC_OK;
}

/** Bytes of one plane in a row of parts. */
static uint64_t band_bytes(const clp_tiff *tiff, const clp_header *header) {
    uint32_t rows = tiff->part_height < header->height ? tiff->part_height : header->height;
    return (uint64_t)tiff->row_bytes * rows;
}

clproc_status clp_tiff_choose_way(clp_decoder *decoder, clproc_error *error) {
    clp_tiff *tiff = decoder->state;
    clp_header *header = &decoder->header;
    const bool tiled = clp_libtiff.IsTiled(tiff->file);
    const uint32_t channels = clp_model_channels(header->model);
    uint32_t stored = tiff->planar == PLANARCONFIG_SEPARATE ? tiff->samples : 1;
    uint16_t order = FILLORDER_MSB2LSB;
    clproc_status status;
    CLP_TRY(status, out, measure_parts(decoder, tiled, error));
    clp_libtiff.GetFieldDefaulted(tiff->file, TIFFTAG_FILLORDER, &order);
    bool turned = order != FILLORDER_MSB2LSB; /* libtiff works on a copy then */
    tiff->plane_count = stored < channels ? stored : channels;
    tiff->swapped = tiff->bits == 16 && clp_libtiff.IsByteSwapped(tiff->file);
    uint64_t band = band_bytes(tiff, header) * tiff->plane_count;
    bool bytes = (uint64_t)tiff->part_width * tiff->bits % 8 == 0;
    if (!(tiff->direct || tiff->tabled) || (tiled && !bytes)) {
        tiff->way = CLP_TIFF_WHOLE;
        header->decode_bytes = (uint64_t)header->width * header->height * 4 + band;
    } else if (tiled || (is_deflate(tiff->compression) && band <= MOST_BYTES)) {
        tiff->way = CLP_TIFF_PARTS;
        header->decode_bytes = band + tiff->part_bytes;
    } else {
        bool plain = tiff->compression == COMPRESSION_NONE && !turned;
        tiff->way = plain ? CLP_TIFF_STORED : CLP_TIFF_ROWS;
        header->decode_bytes = (uint64_t)tiff->row_bytes * tiff->plane_count;
    }
    header->decode_bytes +=
        library_bytes(tiff) * tiff->plane_count + (turned ? decoder->source.size : 0);
    header->progressive = tiff->way == CLP_TIFF_WHOLE;
out:
    return status;
}

/* ----------------------------------------------------------------- rows */

/** Notes that all or the rest of a strip or tile is missing. */
static clproc_status note_loss(clp_decoder *decoder, uint32_t index, clproc_error *error) {
    const clp_tiff *tiff = decoder->state;
    uint64_t start = clp_libtiff.GetStrileOffset(tiff->file, index),
             length = clp_libtiff.GetStrileByteCount(tiff->file, index);
    bool cut = start > tiff->source->size || length > tiff->source->size - start;
    return clp_decoder_note(decoder, cut ? CLP_FLAW_TRUNCATED : CLP_FLAW_CORRUPT,
                            cut                ? "the file ends early"
                            : tiff->message[0] ? tiff->message
                                               : "the data is damaged",
                            error);
}

/** The row of a plane where it stands in the file; NULL if it does not. */
static const uint8_t *find_stored(const clp_tiff *tiff, uint32_t strip, uint32_t y) {
    uint64_t start = clp_libtiff.GetStrileOffset(tiff->file, strip), size = tiff->source->size;
    uint32_t before = y % tiff->part_height;
    bool there = start > 0 && start < size && (size - start) / tiff->row_bytes > before;
    return there ? tiff->source->bytes + start + (size_t)before * tiff->row_bytes : NULL;
}

/** Finds a row of strips that are read row by row; what is missing is 0. */
static clproc_status find_row(clp_decoder *decoder, uint32_t y, uint32_t plane, bool *any,
                              const uint8_t **row, clproc_error *error) {
    clp_tiff *tiff = decoder->state;
    uint8_t *own = tiff->rows.data + plane * tiff->row_bytes;
    uint32_t strip = clp_libtiff.ComputeStrip(tiff->file, y, (uint16_t)plane);
    const uint8_t *stored = tiff->way == CLP_TIFF_STORED ? find_stored(tiff, strip, y) : NULL;
    *row = stored ? stored : own;
    *any |= stored != NULL;
    if (stored) {
        return CLPROC_OK;
    }
    memset(own, 0, tiff->row_bytes);
    if (tiff->lost[plane] == strip) {
        return CLPROC_OK;
    }
    if (tiff->way == CLP_TIFF_ROWS &&
        clp_libtiff.ReadScanline(plane ? tiff->planes[plane] : tiff->file, own, y,
                                 (uint16_t)plane) == 1) {
        *any = true;
        return CLPROC_OK;
    }
    tiff->lost[plane] = strip;
    return note_loss(decoder, strip, error);
}

/** Unpacks one part; what is missing of it stays 0. */
static clproc_status unpack_part(clp_decoder *decoder, uint32_t index, uint8_t *to, size_t size,
                                 bool *any, clproc_error *error) {
    const clp_tiff *tiff = decoder->state;
    bool tiled = clp_libtiff.IsTiled(tiff->file);
    clproc_status status;
    CLP_TRY(status, out, clp_decoder_check(decoder, error));
    memset(to, 0, size);
    tmsize_t got = tiled ? clp_libtiff.ReadEncodedTile(tiff->file, index, to, (tmsize_t)size)
                         : clp_libtiff.ReadEncodedStrip(tiff->file, index, to, (tmsize_t)size);
    bool whole = got >= 0 && (size_t)got == size;
    *any |= got > 0;
    status = whole ? CLPROC_OK : note_loss(decoder, index, error);
out:
    return status;
}

/** Unpacks a row of tiles of one plane to `band`. */
static clproc_status unpack_tiles(clp_decoder *decoder, uint32_t y, uint32_t plane, uint32_t rows,
                                  uint8_t *band, bool *any, clproc_error *error) {
    clp_tiff *tiff = decoder->state;
    const size_t pitch = (size_t)clp_libtiff.TileRowSize(tiff->file);
    const uint32_t width = decoder->header.width;
    clproc_status status = CLPROC_OK;
    size_t at = 0;
    for (uint64_t x = 0; x < width && at < tiff->row_bytes; x += tiff->part_width, at += pitch) {
        uint32_t index = clp_libtiff.ComputeTile(tiff->file, (uint32_t)x, y, 0, (uint16_t)plane);
        CLP_TRY(status, out,
                unpack_part(decoder, index, tiff->part.data, tiff->part_bytes, any, error));
        size_t count = tiff->row_bytes - at < pitch ? tiff->row_bytes - at : pitch;
        for (uint32_t k = 0; k < rows; k++) {
            memcpy(band + k * tiff->row_bytes + at, tiff->part.data + k * pitch, count);
        }
    }
out:
    return status;
}

/** Unpacks the parts that a row is the first of. */
static clproc_status unpack_band(clp_decoder *decoder, uint32_t y, bool *any, clproc_error *error) {
    clp_tiff *tiff = decoder->state;
    const clp_header *header = &decoder->header;
    const size_t band = (size_t)band_bytes(tiff, header);
    uint32_t left = header->height - y, rows = tiff->part_height < left ? tiff->part_height : left;
    clproc_status status = CLPROC_OK;
    for (uint32_t s = 0; status == CLPROC_OK && s < tiff->plane_count; s++) {
        uint8_t *to = tiff->rows.data + s * band;
        if (clp_libtiff.IsTiled(tiff->file)) {
            status = unpack_tiles(decoder, y, s, rows, to, any, error);
        } else {
            status = unpack_part(decoder, clp_libtiff.ComputeStrip(tiff->file, y, (uint16_t)s), to,
                                 rows * tiff->row_bytes, any, error);
        }
    }
    return status;
}

/* -------------------------------------------------------------- samples */

/** Samples of few bits, as the table has them. */
static void look_up(const clp_tiff *tiff, const uint8_t *from, uint32_t width, uint32_t channels,
                    uint8_t *to) {
    const uint32_t bits = tiff->bits, each = 8 / bits, mask = (1u << bits) - 1;
    for (uint32_t x = 0; x < width; x++, to += channels) {
        const uint8_t *entry = tiff->table[from[x / each] >> (8 - bits - x % each * bits) & mask];
        for (uint32_t c = 0; c < channels; c++) {
            to[c] = entry[c];
        }
    }
}

/** Samples of one plane to where they belong in a row. */
static void place(const clp_tiff *tiff, const clp_plane *plane, const uint8_t *from, uint32_t s,
                  uint8_t *to) {
    const size_t size = tiff->bits / 8;
    const uint32_t channels = plane->channels;
    const uint32_t step = tiff->planar == PLANARCONFIG_SEPARATE ? 1 : tiff->samples;
    if (tiff->tabled) {
        look_up(tiff, from, plane->width, channels, to);
        return;
    }
    if (step == channels) {
        memcpy(to, from, plane->width * channels * size);
        return;
    }
    const size_t count = (step < channels ? step : channels) * size;
    to += s * size;
    for (uint32_t x = 0; x < plane->width; x++, from += step * size, to += channels * size) {
        for (size_t b = 0; b < count; b++) {
            to[b] = from[b];
        }
    }
}

static void swap_bytes(uint16_t *samples, size_t count) {
    for (size_t i = 0; i < count; i++) {
        samples[i] = (uint16_t)(samples[i] << 8 | samples[i] >> 8);
    }
}

/** Where white is the least, turns a row's samples over, but for alpha. */
static void turn_over(const clp_tiff *tiff, const clp_plane *plane, bool alpha, uint8_t *row) {
    uint32_t colours = plane->channels - alpha;
    uint16_t *wide = (uint16_t *)(void *)row;
    for (size_t i = 0; i < (size_t)plane->width * plane->channels; i += plane->channels) {
        for (size_t c = i; c < i + colours; c++) {
            if (tiff->bits == 16) {
                wide[c] = (uint16_t)(0xffff - wide[c]);
            } else {
                row[c] = (uint8_t)(0xff - row[c]);
            }
        }
    }
}

/** Makes pixels of samples that are in their places. */
static void finish_row(const clp_tiff *tiff, const clp_layout *layout, uint8_t *row) {
    clp_plane one = layout->planes[0];
    one.height = 1;
    if (tiff->swapped && tiff->way == CLP_TIFF_STORED) {
        swap_bytes((uint16_t *)(void *)row, (size_t)one.width * one.channels);
    }
    if (tiff->premultiplied) {
        clp_codec_unpremultiply(&one, tiff->bits, row);
    }
    if (tiff->inverted) {
        turn_over(tiff, &one, clp_model_has_alpha(layout->model), row);
    }
}

/* -------------------------------------------------------------- pictures */

/** Notes what libtiff complained of while it read on, as of a fax's bad code words. */
static clproc_status note_complaints(clp_decoder *decoder, clproc_error *error) {
    const clp_tiff *tiff = decoder->state;
    if (tiff->message[0]) {
        return clp_decoder_note(decoder, CLP_FLAW_CORRUPT, tiff->message, error);
    }
    return tiff->warning[0] ? clp_decoder_note(decoder, CLP_FLAW_WARNING, tiff->warning, error)
                            : CLPROC_OK;
}

/** What libtiff makes of colours of other kinds. `*any` stays false where it makes nothing of them:
 * all that it writes is opaque. */
static clproc_status convert(clp_decoder *decoder, const clp_plane *plane, uint8_t *base, bool *any,
                             clproc_error *error) {
    clp_tiff *tiff = decoder->state;
    size_t pixels, bytes;
    clproc_status status;
    if (!clp_checked_mul(plane->width, plane->height, &pixels) ||
        !clp_checked_mul(pixels, sizeof(uint32_t), &bytes)) {
        return clp_error_memory(error, "decoding a TIFF", 0);
    }
    CLP_TRY(status, out, clp_bytes_reserve(&tiff->rows, bytes, error));
    memset(tiff->rows.data, 0, bytes);
    /* Pictures are turned later, all alike. */
    clp_libtiff.SetField(tiff->file, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    uint32_t *raster = (uint32_t *)(void *)tiff->rows.data;
    if (!clp_libtiff.ReadRGBAImageOriented(tiff->file, plane->width, plane->height, raster,
                                           ORIENTATION_TOPLEFT, 0) &&
        !tiff->message[0]) {
        snprintf(tiff->message, sizeof tiff->message, "the data is damaged");
    }
    for (uint32_t y = 0; y < plane->height; y++) {
        uint8_t *to = base + y * plane->pitch;
        for (uint32_t x = 0; x < plane->width; x++, to += plane->channels) {
            uint32_t pixel = raster[(size_t)y * plane->width + x];
            const uint8_t rgb[3] = {(uint8_t)TIFFGetR(pixel), (uint8_t)TIFFGetG(pixel),
                                    (uint8_t)TIFFGetB(pixel)};
            memcpy(to, rgb, plane->channels);
            *any |= TIFFGetA(pixel) != 0;
        }
    }
out:
    return status;
}

/** Memory, and the file once more for each plane that is unpacked row by row. */
static clproc_status make_ready(clp_tiff *tiff, const clp_header *header, clproc_error *error) {
    uint64_t each = tiff->way == CLP_TIFF_PARTS ? band_bytes(tiff, header) : tiff->row_bytes;
    bool tiles = tiff->way == CLP_TIFF_PARTS && clp_libtiff.IsTiled(tiff->file);
    clproc_status status;
    CLP_TRY(status, out, clp_bytes_reserve(&tiff->rows, (size_t)each * tiff->plane_count, error));
    CLP_TRY(status, out, clp_bytes_reserve(&tiff->part, tiles ? tiff->part_bytes : 1, error));
    for (uint32_t s = 0; s < tiff->plane_count; s++) {
        tiff->lost[s] = NO_STRIP;
        if (s > 0 && tiff->way == CLP_TIFF_ROWS && !tiff->planes[s]) {
            CLP_TRY(status, out, clp_tiff_open(tiff, &tiff->planes[s], error));
        }
    }
out:
    return status;
}

static clproc_status read_row(clp_decoder *decoder, const clp_layout *layout, uint32_t y,
                              uint8_t *to, bool *any, clproc_error *error) {
    clp_tiff *tiff = decoder->state;
    const size_t band = (size_t)band_bytes(tiff, &decoder->header);
    const bool parts = tiff->way == CLP_TIFF_PARTS;
    const uint32_t inside = y % tiff->part_height;
    clproc_status status = CLPROC_OK;
    if (parts && inside == 0) {
        CLP_TRY(status, out, unpack_band(decoder, y, any, error));
    }
    for (uint32_t s = 0; s < tiff->plane_count; s++) {
        const uint8_t *row = tiff->rows.data + s * band + inside * tiff->row_bytes;
        if (!parts) {
            CLP_TRY(status, out, find_row(decoder, y, s, any, &row, error));
        }
        if (to) {
            place(tiff, &layout->planes[0], row, s, to);
        }
    }
    if (to) {
        finish_row(tiff, layout, to);
    }
out:
    return status;
}

clproc_status clp_tiff_read_pixels(clp_decoder *decoder, const clp_layout *layout,
                                   const clp_row_sink *sink, clproc_error *error) {
    clp_tiff *tiff = decoder->state;
    const uint32_t height = layout->planes[0].height;
    bool any = false;
    clproc_status status;
    tiff->message[0] = tiff->warning[0] = '\0';
    if (tiff->way == CLP_TIFF_WHOLE) {
        /* A picture without rows in order goes to memory as a whole. */
        CLP_TRY(status, out,
                convert(decoder, &layout->planes[0], sink->place(sink->user, 0, 0), &any, error));
        CLP_TRY(status, out, any ? note_complaints(decoder, error) : clp_tiff_failure(tiff, error));
        status = clp_decoder_advance(decoder, sink, (uint32_t[CLP_MAX_PLANES]){height}, error);
        goto out;
    }
    CLP_TRY(status, out, make_ready(tiff, &decoder->header, error));
    for (uint32_t y = 0; y < height; y++) {
        uint8_t *to = y < decoder->wanted[0] ? sink->place(sink->user, 0, y) : NULL;
        CLP_TRY(status, out, clp_decoder_check(decoder, error));
        CLP_TRY(status, out, read_row(decoder, layout, y, to, &any, error));
        CLP_TRY(status, out,
                clp_decoder_advance(decoder, sink, (uint32_t[CLP_MAX_PLANES]){y + 1}, error));
    }
    status = any ? note_complaints(decoder, error) : clp_tiff_failure(tiff, error);
out:
    return status;
}
