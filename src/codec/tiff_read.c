/* TIFF through libtiff: 8 and 16 bits as they are stored, in strips or tiles; what has fewer bits
 * or a palette as libtiff makes 8 bits of it. Of several pictures the first. */
#include <string.h>

#include "codec/tiff_private.h"
#include "core/checked.h"
#include "core/memory.h"

static bool probe(const uint8_t *bytes, size_t size) {
    bool raw = size >= 10 && memcmp(bytes + 8, "CR", 2) == 0; /* Canon's */
    return size >= 8 && !raw &&
           (memcmp(bytes, "II*\0", 4) == 0 || memcmp(bytes, "MM\0*", 4) == 0 ||
            memcmp(bytes, "II+\0", 4) == 0 || memcmp(bytes, "MM\0+", 4) == 0);
}

static void close_file(void *state) {
    clp_tiff *tiff = state;
    if (tiff->file) {
        clp_libtiff.Close(tiff->file);
    }
    tiff->file = NULL;
}

static void release(void *state) {
    clp_tiff *tiff = state;
    clp_bytes_free(&tiff->exif);
    clp_bytes_free(&tiff->icc);
    clp_bytes_free(&tiff->xmp);
    clp_bytes_free(&tiff->iptc);
    clp_bytes_free(&tiff->part);
}

static clproc_status unsupported(const char *what, unsigned number, clproc_error *error) {
    return clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                         "is a TIFF of %s %u, which is not read; convert it with another program "
                         "first",
                         what, number);
}

/* --------------------------------------------------------------- header */

/** Cameras' raw files begin with a small picture, or are one kind of TIFF. */
static bool is_raw(TIFF *file) {
    uint32_t kind = 0;
    void *any = NULL;
    clp_libtiff.GetField(file, TIFFTAG_SUBFILETYPE, &kind);
    return (kind & FILETYPE_REDUCEDIMAGE) || clp_libtiff.GetField(file, TIFFTAG_DNGVERSION, &any) ||
           clp_libtiff.GetField(file, TIFFTAG_CFAREPEATPATTERNDIM, &any);
}

static bool is_lab(uint16_t photometric) {
    return photometric == PHOTOMETRIC_CIELAB || photometric == PHOTOMETRIC_ICCLAB ||
           photometric == PHOTOMETRIC_ITULAB;
}

/** How the samples become a picture's. */
static clproc_status find_kind(clp_decoder *decoder, clproc_error *error) {
    static const clp_model models[] = {CLP_MODEL_GRAY, CLP_MODEL_GRAYA, CLP_MODEL_RGB,
                                       CLP_MODEL_RGBA};
    clp_tiff *tiff = decoder->state;
    clp_header *header = &decoder->header;
    uint16_t format = SAMPLEFORMAT_UINT, extras = 0, *extra = NULL;
    char message[1024] = "";
    TIFF *file = tiff->file;
    clp_libtiff.GetFieldDefaulted(file, TIFFTAG_BITSPERSAMPLE, &tiff->bits);
    clp_libtiff.GetFieldDefaulted(file, TIFFTAG_SAMPLESPERPIXEL, &tiff->samples);
    clp_libtiff.GetFieldDefaulted(file, TIFFTAG_PLANARCONFIG, &tiff->planar);
    clp_libtiff.GetFieldDefaulted(file, TIFFTAG_SAMPLEFORMAT, &format);
    bool told = clp_libtiff.GetField(file, TIFFTAG_EXTRASAMPLES, &extras, &extra) == 1;
    if (!clp_libtiff.GetField(file, TIFFTAG_PHOTOMETRIC, &tiff->photometric)) {
        return clp_tiff_failure(tiff, error);
    }
    bool ycc = tiff->photometric == PHOTOMETRIC_YCBCR && tiff->compression == COMPRESSION_JPEG;
    bool gray =
        tiff->photometric == PHOTOMETRIC_MINISBLACK || tiff->photometric == PHOTOMETRIC_MINISWHITE;
    bool inks = tiff->photometric == PHOTOMETRIC_SEPARATED;
    uint16_t colours = gray ? 1 : inks ? 4 : 3;
    /* Some programs write alpha and do not say so; others take it as such, too. */
    uint16_t last = extras > 0 ? extra[0] : EXTRASAMPLE_UNSPECIFIED;
    last = !told && tiff->samples == colours + 1 ? EXTRASAMPLE_UNASSALPHA : last;
    bool alpha = !inks && (last == EXTRASAMPLE_ASSOCALPHA || last == EXTRASAMPLE_UNASSALPHA);
    tiff->premultiplied = alpha && last == EXTRASAMPLE_ASSOCALPHA;
    tiff->inverted = tiff->photometric == PHOTOMETRIC_MINISWHITE || inks;
    tiff->direct = (gray || inks || ycc || tiff->photometric == PHOTOMETRIC_RGB) &&
                   (tiff->bits == 8 || (tiff->bits == 16 && !inks)) &&
                   (format == SAMPLEFORMAT_UINT || format == SAMPLEFORMAT_VOID) &&
                   tiff->samples >= colours + alpha;
    if (tiff->direct) {
        header->model = inks ? CLP_MODEL_CMYK : models[(gray ? 0 : 2) + alpha];
        header->depth = tiff->bits;
        if (ycc) {
            clp_libtiff.SetField(file, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        }
        return CLPROC_OK;
    }
    if (format != SAMPLEFORMAT_UINT && format != SAMPLEFORMAT_VOID) {
        return unsupported("signed or floating-point samples, sample format", format, error);
    }
    if (tiff->bits > 8) {
        return unsupported(
            inks ? "CMYK, bits a sample:" : "another kind, bits a sample:", tiff->bits, error);
    }
    /* libtiff makes RGB of L*a*b* with another white than profiles have. */
    if (extras > 0 || inks || is_lab(tiff->photometric) ||
        !clp_libtiff.RGBAImageOK(file, message)) {
        return unsupported(is_lab(tiff->photometric) ? "L*a*b* colours, photometric kind"
                                                     : "photometric kind",
                           tiff->photometric, error);
    }
    header->model = gray ? CLP_MODEL_GRAY : CLP_MODEL_RGB;
    header->depth = 8;
    return CLPROC_OK;
}

static clproc_status open_file(clp_decoder *decoder, clproc_error *error) {
    /* A part of the file, as a table of strips, is hardly larger than all of it unpacked. */
    const uint64_t most = (uint64_t)1 << 31;
    clp_tiff *tiff = decoder->state;
    clp_header *header = &decoder->header;
    clproc_status status;
    tiff->source = &decoder->source;
    CLP_TRY(status, out, clp_tiff_open(tiff, most, error));
    if (!clp_libtiff.GetField(tiff->file, TIFFTAG_IMAGEWIDTH, &header->width) ||
        !clp_libtiff.GetField(tiff->file, TIFFTAG_IMAGELENGTH, &header->height) ||
        header->width == 0 || header->height == 0) {
        status = clp_tiff_failure(tiff, error);
        goto out;
    }
    CLP_TRY(status, out,
            clp_source_check_size(&decoder->source, header->width, header->height, error));
    clp_libtiff.GetFieldDefaulted(tiff->file, TIFFTAG_COMPRESSION, &tiff->compression);
    if (is_raw(tiff->file)) {
        status = clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                               "is a camera's raw file, or begins with a preview; convert it with "
                               "another program first");
        goto out;
    }
    if (!clp_libtiff.IsCODECConfigured(tiff->compression)) {
        status = unsupported("compression", tiff->compression, error);
        goto out;
    }
    CLP_TRY(status, out, find_kind(decoder, error));
    CLP_TRY(status, out, clp_tiff_read_metadata(decoder, error));
    header->progressive = true; /* tiles, and libtiff, want the whole picture's memory */
    header->beside = clp_libtiff.LastDirectory(tiff->file) ? 0 : CLP_BESIDE_PICTURES;
out:
    return status;
}

/* --------------------------------------------------------------- pixels */

/** A rectangle of the picture in one part of the file. */
typedef struct part {
    uint32_t x, y, width, height;
    size_t pitch;   /**< bytes from row to row as stored */
    uint16_t plane; /**< of separate planes; else 0 */
} part;

/** Copies a part's samples to where they belong. */
static void place(const clp_tiff *tiff, const clp_plane *plane, const part *p, uint8_t *base) {
    size_t size = tiff->bits / 8;
    bool separate = tiff->planar == PLANARCONFIG_SEPARATE && tiff->samples > 1;
    uint32_t step = separate ? 1 : tiff->samples;
    uint32_t count = separate ? 1 : plane->channels < step ? plane->channels : step;
    for (uint32_t y = 0; y < p->height; y++) {
        const uint8_t *from = tiff->part.data + y * p->pitch;
        uint8_t *to = base + (size_t)(p->y + y) * plane->pitch +
                      ((size_t)p->x * plane->channels + p->plane) * size;
        for (uint32_t x = 0; x < p->width; x++) {
            memcpy(to, from, count * size);
            from += step * size;
            to += plane->channels * size;
        }
    }
}

/** Reads one part; what is missing of it stays 0. */
static clproc_status read_part(clp_decoder *decoder, uint32_t index, bool tile, size_t size,
                               bool *any, clproc_error *error) {
    clp_tiff *tiff = decoder->state;
    clproc_status status;
    CLP_TRY(status, out, clp_decoder_check(decoder, error));
    memset(tiff->part.data, 0, size);
    tmsize_t got =
        tile ? clp_libtiff.ReadEncodedTile(tiff->file, index, tiff->part.data, (tmsize_t)size)
             : clp_libtiff.ReadEncodedStrip(tiff->file, index, tiff->part.data, (tmsize_t)size);
    if (got >= 0 && (size_t)got == size) {
        *any = true;
        goto out;
    }
    uint64_t end = clp_libtiff.GetStrileOffset(tiff->file, index),
             length = clp_libtiff.GetStrileByteCount(tiff->file, index);
    bool cut = end > tiff->source->size || length > tiff->source->size - end;
    *any |= got > 0;
    if (!clp_flaws_note(&decoder->flaws, cut ? CLP_FLAW_TRUNCATED : CLP_FLAW_CORRUPT,
                        cut                ? "the file ends early"
                        : tiff->message[0] ? tiff->message
                                           : "the data is damaged",
                        error)) {
        status = CLPROC_ERROR_INPUT;
    }
out:
    return status;
}

/** Refuses parts that are far larger than the picture. */
static clproc_status make_room(clp_decoder *decoder, uint64_t size, uint64_t row,
                               clproc_error *error) {
    const uint64_t spare = (uint64_t)64 << 20;
    clp_tiff *tiff = decoder->state;
    uint64_t most = 2 * row * decoder->header.height + spare;
    if (size == 0 || row == 0) {
        return clp_tiff_failure(tiff, error);
    }
    if (size > most) {
        return clp_error_set(error, CLPROC_ERROR_LIMIT,
                             "is stored in parts of %llu bytes, far more than the picture has",
                             (unsigned long long)size);
    }
    return clp_bytes_reserve(&tiff->part, (size_t)size, error);
}

static clproc_status read_tiles(clp_decoder *decoder, const clp_plane *plane, uint8_t *base,
                                bool *any, clproc_error *error) {
    clp_tiff *tiff = decoder->state;
    uint32_t width = 0, height = 0,
             planes = tiff->planar == PLANARCONFIG_SEPARATE ? tiff->samples : 1;
    uint64_t size = clp_libtiff.TileSize64(tiff->file);
    clproc_status status;
    clp_libtiff.GetField(tiff->file, TIFFTAG_TILEWIDTH, &width);
    clp_libtiff.GetField(tiff->file, TIFFTAG_TILELENGTH, &height);
    CLP_TRY(status, out,
            make_room(decoder, width && height ? size : 0, clp_libtiff.ScanlineSize64(tiff->file),
                      error));
    for (uint32_t s = 0; s < planes && s < plane->channels; s++) {
        for (uint32_t y = 0; y < plane->height; y += height) {
            for (uint32_t x = 0; x < plane->width; x += width) {
                uint32_t right = plane->width - x, below = plane->height - y;
                const part p = {x,
                                y,
                                width < right ? width : right,
                                height < below ? height : below,
                                clp_libtiff.TileRowSize(tiff->file),
                                (uint16_t)s};
                CLP_TRY(status, out,
                        read_part(decoder,
                                  clp_libtiff.ComputeTile(tiff->file, x, y, 0, (uint16_t)s), true,
                                  (size_t)size, any, error));
                place(tiff, plane, &p, base);
                if (right <= width) {
                    break; /* sides near 2^32 must not wrap */
                }
            }
            if (plane->height - y <= height) {
                break;
            }
        }
    }
out:
    return status;
}

static clproc_status read_strips(clp_decoder *decoder, const clp_plane *plane, uint8_t *base,
                                 bool *any, clproc_error *error) {
    clp_tiff *tiff = decoder->state;
    uint32_t rows = 0, planes = tiff->planar == PLANARCONFIG_SEPARATE ? tiff->samples : 1;
    uint64_t row = clp_libtiff.ScanlineSize64(tiff->file);
    clproc_status status;
    clp_libtiff.GetFieldDefaulted(tiff->file, TIFFTAG_ROWSPERSTRIP, &rows);
    rows = rows < plane->height ? rows : plane->height;
    CLP_TRY(status, out,
            make_room(decoder, clp_libtiff.VStripSize64(tiff->file, rows), row, error));
    for (uint32_t s = 0; s < planes && s < plane->channels; s++) {
        for (uint32_t y = 0; y < plane->height; y += rows) {
            uint32_t left = plane->height - y;
            const part p = {0,           y,          plane->width, rows < left ? rows : left,
                            (size_t)row, (uint16_t)s};
            uint64_t size = clp_libtiff.VStripSize64(tiff->file, p.height);
            CLP_TRY(status, out,
                    read_part(decoder, clp_libtiff.ComputeStrip(tiff->file, y, (uint16_t)s), false,
                              (size_t)size, any, error));
            place(tiff, plane, &p, base);
        }
    }
out:
    return status;
}

/** What libtiff makes of palettes and of fewer bits. */
static clproc_status read_converted(clp_decoder *decoder, const clp_plane *plane, uint8_t *base,
                                    clproc_error *error) {
    clp_tiff *tiff = decoder->state;
    size_t pixels, bytes;
    clproc_status status;
    if (!clp_checked_mul(plane->width, plane->height, &pixels) ||
        !clp_checked_mul(pixels, sizeof(uint32_t), &bytes)) {
        return clp_error_memory(error, "decoding a TIFF", 0);
    }
    CLP_TRY(status, out, clp_bytes_reserve(&tiff->part, bytes, error));
    memset(tiff->part.data, 0, bytes);
    /* Pictures are turned later, all alike. */
    clp_libtiff.SetField(tiff->file, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    uint32_t *raster = (uint32_t *)(void *)tiff->part.data;
    if (!clp_libtiff.ReadRGBAImageOriented(tiff->file, plane->width, plane->height, raster,
                                           ORIENTATION_TOPLEFT, 0) ||
        tiff->message[0]) {
        status = clp_decoder_note(decoder, CLP_FLAW_CORRUPT,
                                  tiff->message[0] ? tiff->message : "the data is damaged", error);
    }
    for (uint32_t y = 0; y < plane->height; y++) {
        uint8_t *to = base + y * plane->pitch;
        for (uint32_t x = 0; x < plane->width; x++, to += plane->channels) {
            uint32_t pixel = raster[(size_t)y * plane->width + x];
            const uint8_t rgb[3] = {(uint8_t)TIFFGetR(pixel), (uint8_t)TIFFGetG(pixel),
                                    (uint8_t)TIFFGetB(pixel)};
            memcpy(to, rgb, plane->channels);
        }
    }
out:
    return status;
}

/** Where white is the least, turns samples over, but for alpha. */
static void turn_over(const clp_tiff *tiff, const clp_plane *plane, bool alpha, uint8_t *base) {
    uint32_t colours = plane->channels - alpha;
    for (uint32_t y = 0; y < plane->height; y++) {
        uint8_t *row = base + y * plane->pitch;
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
}

static clproc_status read_file(clp_decoder *decoder, const clp_layout *layout,
                               const clp_row_sink *sink, clproc_error *error) {
    clp_tiff *tiff = decoder->state;
    const clp_plane *plane = &layout->planes[0];
    bool any = false;
    clproc_status status;
    /* A picture without rows in order goes to memory as a whole. */
    uint8_t *base = sink->place(sink->user, 0, 0);
    for (uint32_t y = 0; y < plane->height; y++) {
        memset(base + y * plane->pitch, 0,
               (size_t)plane->width * plane->channels * layout->depth / 8);
    }
    tiff->message[0] = '\0';
    if (!tiff->direct) {
        CLP_TRY(status, out, read_converted(decoder, plane, base, error));
    } else {
        CLP_TRY(status, out,
                clp_libtiff.IsTiled(tiff->file) ? read_tiles(decoder, plane, base, &any, error)
                                                : read_strips(decoder, plane, base, &any, error));
        if (!any) {
            status = clp_tiff_failure(tiff, error);
            goto out;
        }
        if (tiff->premultiplied) {
            clp_codec_unpremultiply(plane, tiff->bits, base);
        }
        if (tiff->inverted) {
            turn_over(tiff, plane, clp_model_has_alpha(layout->model), base);
        }
    }
    status = clp_decoder_advance(decoder, sink, (uint32_t[CLP_MAX_PLANES]){plane->height}, error);
out:
    return status;
}

/** A strip may be all of the picture, as RGBA of 16 bits at most. */
static uint64_t decode_bytes(const clp_header *header, uint64_t file_bytes) {
    (void)file_bytes;
    return (uint64_t)header->width * header->height * 8;
}

const clp_codec clp_codec_tiff = {
    .format = CLPROC_FORMAT_TIFF,
    .library = &clp_tiff_library,
    .probe = probe,
    .state_bytes = sizeof(clp_tiff),
    .release = release,
    .open = open_file,
    .read = read_file,
    .close = close_file,
    .decode_bytes = decode_bytes,
};
