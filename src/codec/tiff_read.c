/* TIFF through libtiff: 8 and 16 bits as they are stored, in strips or tiles; what has fewer bits
 * or a palette as libtiff makes 8 bits of it. Of several pictures the first. */
#include <string.h>

#include <tiffio.h>

#include "codec/codec_private.h"
#include "core/checked.h"
#include "core/memory.h"

typedef struct reader {
    TIFF *file; /**< NULL: none */
    const clp_source *source;
    uint64_t position;
    char message[160]; /**< libtiff's first complaint of the file */
    uint16_t bits, samples, planar, photometric, compression;
    bool direct;   /**< samples are taken as they are stored */
    bool inverted; /**< 0 is white, or of inks none */
    bool premultiplied;
    clp_bytes exif, icc, xmp, iptc;
    clp_bytes part; /**< a strip or tile */
} reader;

/* ------------------------------------------------------- libtiff's file */

static tmsize_t read_bytes(thandle_t handle, void *to, tmsize_t size) {
    reader *tiff = handle;
    uint64_t left = tiff->position < tiff->source->size ? tiff->source->size - tiff->position : 0;
    size_t count = (uint64_t)size < left ? (size_t)size : (size_t)left;
    memcpy(to, tiff->source->bytes + tiff->position, count);
    tiff->position += count;
    return (tmsize_t)count;
}

static tmsize_t write_nothing(thandle_t handle, void *from, tmsize_t size) {
    (void)handle;
    (void)from;
    (void)size;
    return -1;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    reader *tiff = handle;
    uint64_t base = whence == SEEK_CUR   ? tiff->position
                    : whence == SEEK_END ? tiff->source->size
                                         : 0;
    tiff->position = base + offset;
    return tiff->position;
}

static int close_nothing(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t file_size(thandle_t handle) {
    return ((reader *)handle)->source->size;
}

static int note_error(TIFF *file, void *user, const char *module, const char *format,
                      va_list list) {
    reader *tiff = user;
    (void)file;
    (void)module;
    if (!tiff->message[0]) {
        vsnprintf(tiff->message, sizeof tiff->message, format, list);
    }
    return 1;
}

static int ignore(TIFF *file, void *user, const char *module, const char *format, va_list list) {
    (void)file;
    (void)user;
    (void)module;
    (void)format;
    (void)list;
    return 1;
}

/* ---------------------------------------------------------------- codec */

static bool probe(const uint8_t *bytes, size_t size) {
    bool raw = size >= 10 && memcmp(bytes + 8, "CR", 2) == 0; /* Canon's */
    return size >= 8 && !raw &&
           (memcmp(bytes, "II*\0", 4) == 0 || memcmp(bytes, "MM\0*", 4) == 0 ||
            memcmp(bytes, "II+\0", 4) == 0 || memcmp(bytes, "MM\0+", 4) == 0);
}

static clproc_status create(void **state, clproc_error *error) {
    *state = clp_memory_zero(CLP_MEMORY_CODEC, 1, sizeof(reader));
    return *state ? CLPROC_OK : clp_error_memory(error, "a TIFF decoder", sizeof(reader));
}

static void close_file(void *state) {
    reader *tiff = state;
    if (tiff->file) {
        TIFFClose(tiff->file);
    }
    tiff->file = NULL;
}

static void destroy(void *state) {
    reader *tiff = state;
    close_file(tiff);
    clp_bytes_free(&tiff->exif);
    clp_bytes_free(&tiff->icc);
    clp_bytes_free(&tiff->xmp);
    clp_bytes_free(&tiff->iptc);
    clp_bytes_free(&tiff->part);
    clp_memory_free(tiff);
}

static clproc_status failure(const reader *tiff, clproc_error *error) {
    return clp_error_set(error, CLPROC_ERROR_INPUT, "is not a TIFF that can be decoded: %s",
                         tiff->message[0] ? tiff->message : "it is damaged");
}

static clproc_status unsupported(const char *what, unsigned number, clproc_error *error) {
    return clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                         "is a TIFF of %s %u, which is not read; convert it with another program "
                         "first",
                         what, number);
}

/* ------------------------------------------------------------- metadata */

static void put_number(uint8_t *to, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    }
}

/** Makes EXIF of the orientation and the texts of the first directory. */
static clproc_status make_exif(reader *tiff, clproc_error *error) {
    static const uint16_t texts[] = {TIFFTAG_IMAGEDESCRIPTION, TIFFTAG_MAKE,     TIFFTAG_MODEL,
                                     TIFFTAG_ORIENTATION,      TIFFTAG_SOFTWARE, TIFFTAG_DATETIME,
                                     TIFFTAG_ARTIST,           TIFFTAG_COPYRIGHT};
    enum { COUNT = sizeof texts / sizeof texts[0], HEAD = 10, ENTRY = 12 };
    uint8_t head[HEAD + COUNT * ENTRY + 4] = {'M', 'M', 0, 42, 0, 0, 0, 8};
    const char *values[COUNT] = {NULL};
    uint32_t entries = 0, at;
    uint16_t orientation = 1;
    clproc_status status;
    tiff->exif.size = 0;
    for (size_t i = 0; i < COUNT; i++) {
        bool number = texts[i] == TIFFTAG_ORIENTATION;
        entries += number ? TIFFGetField(tiff->file, texts[i], &orientation) == 1
                          : TIFFGetField(tiff->file, texts[i], &values[i]) == 1 && values[i];
    }
    if (entries == 0) {
        return CLPROC_OK;
    }
    uint8_t *entry = head + HEAD;
    put_number(head + 8, entries, 2);
    at = HEAD + entries * ENTRY + 4;
    for (size_t i = 0; i < COUNT; i++) {
        size_t size = values[i] ? strlen(values[i]) + 1 : 0;
        if (texts[i] == TIFFTAG_ORIENTATION ? TIFFGetField(tiff->file, texts[i], &orientation) != 1
                                            : size == 0) {
            continue;
        }
        put_number(entry, texts[i], 2);
        put_number(entry + 2, size ? 2 : 3, 2); /* ASCII, or SHORT */
        put_number(entry + 4, size ? (uint32_t)size : 1, 4);
        if (!size) {
            put_number(entry + 8, orientation, 2);
        } else if (size <= 4) {
            memcpy(entry + 8, values[i], size);
        } else {
            put_number(entry + 8, at, 4);
            at += (uint32_t)(size + size % 2);
        }
        entry += ENTRY;
    }
    CLP_TRY(status, out,
            clp_bytes_append(&tiff->exif, head, HEAD + (size_t)entries * ENTRY + 4, error));
    for (size_t i = 0; i < COUNT; i++) {
        size_t size = values[i] ? strlen(values[i]) + 1 : 0;
        if (size > 4) {
            CLP_TRY(status, out, clp_bytes_append(&tiff->exif, values[i], size, error));
            CLP_TRY(status, out, clp_bytes_append(&tiff->exif, "", size % 2, error));
        }
    }
out:
    return status;
}

/** Copies a block, which libtiff holds no longer than the file is open. */
static clproc_status take_block(clp_decoder *decoder, uint32_t tag, clp_bytes *bytes,
                                clp_block *block, clproc_error *error) {
    reader *tiff = decoder->state;
    uint32_t size = 0;
    void *data = NULL;
    bytes->size = 0;
    if (!TIFFGetField(tiff->file, tag, &size, &data) || !data || size == 0) {
        return CLPROC_OK;
    }
    if (!clp_source_has_room(&decoder->source, size)) {
        return clp_flaws_note(&decoder->flaws, CLP_FLAW_WARNING,
                              "its metadata exceeds the limit (--limit-chunk): dropped", error)
                   ? CLPROC_OK
                   : CLPROC_ERROR_INPUT;
    }
    clproc_status status = clp_bytes_append(bytes, data, size, error);
    *block = (clp_block){bytes->data, bytes->size};
    return status;
}

static clproc_status read_metadata(clp_decoder *decoder, clproc_error *error) {
    reader *tiff = decoder->state;
    clp_header *header = &decoder->header;
    clp_blocks *blocks = &header->blocks;
    float x = 0, y = 0;
    uint16_t unit = RESUNIT_INCH;
    clproc_status status;
    CLP_TRY(status, out, make_exif(tiff, error));
    if (tiff->exif.size) {
        blocks->exif = (clp_block){tiff->exif.data, tiff->exif.size};
    }
    CLP_TRY(status, out, take_block(decoder, TIFFTAG_ICCPROFILE, &tiff->icc, &blocks->icc, error));
    CLP_TRY(status, out, take_block(decoder, TIFFTAG_XMLPACKET, &tiff->xmp, &blocks->xmp, error));
    CLP_TRY(status, out, take_block(decoder, TIFFTAG_PHOTOSHOP, &tiff->iptc, &blocks->iptc, error));
    TIFFGetFieldDefaulted(tiff->file, TIFFTAG_RESOLUTIONUNIT, &unit);
    if (TIFFGetField(tiff->file, TIFFTAG_XRESOLUTION, &x) &&
        TIFFGetField(tiff->file, TIFFTAG_YRESOLUTION, &y) && x > 0 && y > 0) {
        header->colour.density_unit = unit == RESUNIT_INCH         ? CLP_DENSITY_PER_INCH
                                      : unit == RESUNIT_CENTIMETER ? CLP_DENSITY_PER_CM
                                                                   : CLP_DENSITY_NONE;
        header->colour.density_x = (double)x;
        header->colour.density_y = (double)y;
    }
out:
    return status;
}

/* --------------------------------------------------------------- header */

static clproc_status open_tiff(reader *tiff, uint64_t most, clproc_error *error) {
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options) {
        return clp_error_memory(error, "decoding a TIFF", 0);
    }
    TIFFOpenOptionsSetErrorHandlerExtR(options, note_error, tiff);
    TIFFOpenOptionsSetWarningHandlerExtR(options, ignore, NULL);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)most);
    tiff->message[0] = '\0';
    tiff->position = 0;
    tiff->file = TIFFClientOpenExt("", "rm", tiff, read_bytes, write_nothing, seek, close_nothing,
                                   file_size, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return tiff->file ? CLPROC_OK : failure(tiff, error);
}

/** Cameras' raw files begin with a small picture, or are one kind of TIFF. */
static bool is_raw(TIFF *file) {
    uint32_t kind = 0;
    void *any = NULL;
    TIFFGetField(file, TIFFTAG_SUBFILETYPE, &kind);
    return (kind & FILETYPE_REDUCEDIMAGE) || TIFFGetField(file, TIFFTAG_DNGVERSION, &any) ||
           TIFFGetField(file, TIFFTAG_CFAREPEATPATTERNDIM, &any);
}

/** How the samples become a picture's. */
static clproc_status find_kind(clp_decoder *decoder, clproc_error *error) {
    static const clp_model models[] = {CLP_MODEL_GRAY, CLP_MODEL_GRAYA, CLP_MODEL_RGB,
                                       CLP_MODEL_RGBA};
    reader *tiff = decoder->state;
    clp_header *header = &decoder->header;
    uint16_t format = SAMPLEFORMAT_UINT, extras = 0, *extra = NULL;
    char message[1024] = "";
    TIFF *file = tiff->file;
    TIFFGetFieldDefaulted(file, TIFFTAG_BITSPERSAMPLE, &tiff->bits);
    TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLESPERPIXEL, &tiff->samples);
    TIFFGetFieldDefaulted(file, TIFFTAG_PLANARCONFIG, &tiff->planar);
    TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLEFORMAT, &format);
    TIFFGetFieldDefaulted(file, TIFFTAG_EXTRASAMPLES, &extras, &extra);
    if (!TIFFGetField(file, TIFFTAG_PHOTOMETRIC, &tiff->photometric)) {
        return failure(tiff, error);
    }
    bool ycc = tiff->photometric == PHOTOMETRIC_YCBCR && tiff->compression == COMPRESSION_JPEG;
    bool gray =
        tiff->photometric == PHOTOMETRIC_MINISBLACK || tiff->photometric == PHOTOMETRIC_MINISWHITE;
    bool inks = tiff->photometric == PHOTOMETRIC_SEPARATED;
    uint16_t colours = gray ? 1 : inks ? 4 : 3;
    bool alpha = extras > 0 && !inks &&
                 (extra[0] == EXTRASAMPLE_ASSOCALPHA || extra[0] == EXTRASAMPLE_UNASSALPHA);
    tiff->premultiplied = alpha && extra[0] == EXTRASAMPLE_ASSOCALPHA;
    tiff->inverted = tiff->photometric == PHOTOMETRIC_MINISWHITE || inks;
    tiff->direct = (gray || inks || ycc || tiff->photometric == PHOTOMETRIC_RGB) &&
                   (tiff->bits == 8 || (tiff->bits == 16 && !inks)) &&
                   (format == SAMPLEFORMAT_UINT || format == SAMPLEFORMAT_VOID) &&
                   tiff->samples >= colours + alpha;
    if (tiff->direct) {
        header->model = inks ? CLP_MODEL_CMYK : models[(gray ? 0 : 2) + alpha];
        header->depth = tiff->bits;
        if (ycc) {
            TIFFSetField(file, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        }
        return CLPROC_OK;
    }
    if (tiff->bits > 8 || format != SAMPLEFORMAT_UINT) {
        return unsupported("another kind than 8 and 16 bits, namely", tiff->bits, error);
    }
    if (extras > 0 || inks || !TIFFRGBAImageOK(file, message)) {
        return unsupported("photometric kind", tiff->photometric, error);
    }
    header->model = gray ? CLP_MODEL_GRAY : CLP_MODEL_RGB;
    header->depth = 8;
    return CLPROC_OK;
}

static clproc_status open_file(clp_decoder *decoder, clproc_error *error) {
    /* A part of the file, as a table of strips, is hardly larger than all of it unpacked. */
    const uint64_t most = (uint64_t)1 << 31;
    reader *tiff = decoder->state;
    clp_header *header = &decoder->header;
    clproc_status status;
    tiff->source = &decoder->source;
    CLP_TRY(status, out, open_tiff(tiff, most, error));
    if (!TIFFGetField(tiff->file, TIFFTAG_IMAGEWIDTH, &header->width) ||
        !TIFFGetField(tiff->file, TIFFTAG_IMAGELENGTH, &header->height) || header->width == 0 ||
        header->height == 0) {
        status = failure(tiff, error);
        goto out;
    }
    CLP_TRY(status, out,
            clp_source_check_size(&decoder->source, header->width, header->height, error));
    TIFFGetFieldDefaulted(tiff->file, TIFFTAG_COMPRESSION, &tiff->compression);
    if (is_raw(tiff->file)) {
        status = clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                               "is a camera's raw file, or begins with a preview; convert it with "
                               "another program first");
        goto out;
    }
    if (!TIFFIsCODECConfigured(tiff->compression)) {
        status = unsupported("compression", tiff->compression, error);
        goto out;
    }
    CLP_TRY(status, out, find_kind(decoder, error));
    CLP_TRY(status, out, read_metadata(decoder, error));
    header->progressive = true; /* tiles, and libtiff, want the whole picture's memory */
    header->beside = TIFFLastDirectory(tiff->file) ? 0 : CLP_BESIDE_PICTURES;
out:
    return status;
}

static clproc_status lay_out(clp_decoder *decoder, const clp_decode_request *request,
                             clp_layout *layout, clproc_error *error) {
    (void)request;
    (void)error;
    layout->width = decoder->header.width;
    layout->height = decoder->header.height;
    return CLPROC_OK;
}

/* --------------------------------------------------------------- pixels */

/** A rectangle of the picture in one part of the file. */
typedef struct part {
    uint32_t x, y, width, height;
    size_t pitch;   /**< bytes from row to row as stored */
    uint16_t plane; /**< of separate planes; else 0 */
} part;

/** Copies a part's samples to where they belong. */
static void place(const reader *tiff, const clp_plane *plane, const part *p, uint8_t *base) {
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
    reader *tiff = decoder->state;
    clproc_status status;
    CLP_TRY(status, out, clp_decoder_check(decoder, error));
    memset(tiff->part.data, 0, size);
    tmsize_t got = tile ? TIFFReadEncodedTile(tiff->file, index, tiff->part.data, (tmsize_t)size)
                        : TIFFReadEncodedStrip(tiff->file, index, tiff->part.data, (tmsize_t)size);
    if (got >= 0 && (size_t)got == size) {
        *any = true;
        goto out;
    }
    uint64_t end = TIFFGetStrileOffset(tiff->file, index),
             length = TIFFGetStrileByteCount(tiff->file, index);
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
    reader *tiff = decoder->state;
    uint64_t most = 2 * row * decoder->header.height + spare;
    if (size == 0 || row == 0) {
        return failure(tiff, error);
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
    reader *tiff = decoder->state;
    uint32_t width = 0, height = 0,
             planes = tiff->planar == PLANARCONFIG_SEPARATE ? tiff->samples : 1;
    uint64_t size = TIFFTileSize64(tiff->file);
    clproc_status status;
    TIFFGetField(tiff->file, TIFFTAG_TILEWIDTH, &width);
    TIFFGetField(tiff->file, TIFFTAG_TILELENGTH, &height);
    CLP_TRY(status, out,
            make_room(decoder, width && height ? size : 0, TIFFScanlineSize64(tiff->file), error));
    for (uint32_t s = 0; s < planes && s < plane->channels; s++) {
        for (uint32_t y = 0; y < plane->height; y += height) {
            for (uint32_t x = 0; x < plane->width; x += width) {
                uint32_t right = plane->width - x, below = plane->height - y;
                const part p = {x,
                                y,
                                width < right ? width : right,
                                height < below ? height : below,
                                TIFFTileRowSize(tiff->file),
                                (uint16_t)s};
                CLP_TRY(status, out,
                        read_part(decoder, TIFFComputeTile(tiff->file, x, y, 0, (uint16_t)s), true,
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
    reader *tiff = decoder->state;
    uint32_t rows = 0, planes = tiff->planar == PLANARCONFIG_SEPARATE ? tiff->samples : 1;
    uint64_t row = TIFFScanlineSize64(tiff->file);
    clproc_status status;
    TIFFGetFieldDefaulted(tiff->file, TIFFTAG_ROWSPERSTRIP, &rows);
    rows = rows < plane->height ? rows : plane->height;
    CLP_TRY(status, out, make_room(decoder, TIFFVStripSize64(tiff->file, rows), row, error));
    for (uint32_t s = 0; s < planes && s < plane->channels; s++) {
        for (uint32_t y = 0; y < plane->height; y += rows) {
            uint32_t left = plane->height - y;
            const part p = {0,           y,          plane->width, rows < left ? rows : left,
                            (size_t)row, (uint16_t)s};
            uint64_t size = TIFFVStripSize64(tiff->file, p.height);
            CLP_TRY(status, out,
                    read_part(decoder, TIFFComputeStrip(tiff->file, y, (uint16_t)s), false,
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
    reader *tiff = decoder->state;
    size_t pixels, bytes;
    clproc_status status;
    if (!clp_checked_mul(plane->width, plane->height, &pixels) ||
        !clp_checked_mul(pixels, sizeof(uint32_t), &bytes)) {
        return clp_error_memory(error, "decoding a TIFF", 0);
    }
    CLP_TRY(status, out, clp_bytes_reserve(&tiff->part, bytes, error));
    memset(tiff->part.data, 0, bytes);
    /* Pictures are turned later, all alike. */
    TIFFSetField(tiff->file, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    uint32_t *raster = (uint32_t *)(void *)tiff->part.data;
    if (!TIFFReadRGBAImageOriented(tiff->file, plane->width, plane->height, raster,
                                   ORIENTATION_TOPLEFT, 0) ||
        tiff->message[0]) {
        status = clp_flaws_note(&decoder->flaws, CLP_FLAW_CORRUPT,
                                tiff->message[0] ? tiff->message : "the data is damaged", error)
                     ? CLPROC_OK
                     : CLPROC_ERROR_INPUT;
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

/** Turns what was stored into what a picture's samples are: white is most, alpha by itself. */
static void normalise(const reader *tiff, const clp_plane *plane, bool alpha, uint8_t *base) {
    uint32_t colours = plane->channels - alpha, most = tiff->bits == 16 ? 0xffff : 0xff;
    if (!tiff->inverted && !tiff->premultiplied) {
        return;
    }
    for (uint32_t y = 0; y < plane->height; y++) {
        uint8_t *row = base + y * plane->pitch;
        uint16_t *wide = (uint16_t *)(void *)row;
        for (size_t i = 0; i < (size_t)plane->width * plane->channels; i += plane->channels) {
            uint32_t opaque = !alpha             ? most
                              : tiff->bits == 16 ? wide[i + colours]
                                                 : row[i + colours];
            for (size_t c = i; c < i + colours; c++) {
                uint32_t value = tiff->bits == 16 ? wide[c] : row[c];
                if (tiff->premultiplied && opaque > 0) {
                    value = (uint32_t)(((uint64_t)value * most + opaque / 2) / opaque);
                    value = value < most ? value : most;
                }
                value = tiff->inverted ? most - value : value;
                if (tiff->bits == 16) {
                    wide[c] = (uint16_t)value;
                } else {
                    row[c] = (uint8_t)value;
                }
            }
        }
    }
}

static clproc_status read_file(clp_decoder *decoder, const clp_layout *layout,
                               const clp_row_sink *sink, clproc_error *error) {
    reader *tiff = decoder->state;
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
                TIFFIsTiled(tiff->file) ? read_tiles(decoder, plane, base, &any, error)
                                        : read_strips(decoder, plane, base, &any, error));
        if (!any) {
            status = failure(tiff, error);
            goto out;
        }
        normalise(tiff, plane, clp_model_has_alpha(layout->model), base);
    }
    status = clp_decoder_advance(decoder, sink, (uint32_t[CLP_MAX_PLANES]){plane->height}, error);
out:
    return status;
}

/** Nothing is written as TIFF. */
static clproc_status rewrite(const clp_decoder *decoder, clp_encoder *encoder,
                             const clp_encode_params *params, bool *done, clproc_error *error) {
    (void)decoder;
    (void)encoder;
    (void)params;
    (void)error;
    *done = false;
    return CLPROC_OK;
}

const clp_codec clp_codec_tiff = {
    .format = CLPROC_FORMAT_TIFF,
    .probe = probe,
    .create = create,
    .destroy = destroy,
    .open = open_file,
    .layout = lay_out,
    .read = read_file,
    .close = close_file,
    .rewrite = rewrite,
};
