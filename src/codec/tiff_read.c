/* TIFF through libtiff: 8 and 16 bits as they are stored, in strips or tiles; fewer bits and
 * palettes become 8. Of several pictures the first. */
#include <string.h>

#include "codec/tiff_private.h"

static bool probe(const uint8_t *bytes, size_t size) {
    bool raw = size >= 10 && memcmp(bytes + 8, "CR", 2) == 0; /* Canon's */
    return size >= 8 && !raw &&
           (memcmp(bytes, "II*\0", 4) == 0 || memcmp(bytes, "MM\0*", 4) == 0 ||
            memcmp(bytes, "II+\0", 4) == 0 || memcmp(bytes, "MM\0+", 4) == 0);
}

static void close_file(void *state) {
    clp_tiff *tiff = state;
    for (uint32_t s = 1; s < CLP_TIFF_PLANES; s++) {
        clp_tiff_close(&tiff->planes[s]);
    }
    clp_tiff_close(&tiff->file);
}

static void trim(void *state, size_t most) {
    clp_tiff *tiff = state;
    clp_bytes_trim(&tiff->part, most);
    clp_bytes_trim(&tiff->rows, most);
}

static void release(void *state) {
    clp_tiff *tiff = state;
    clp_bytes_free(&tiff->exif);
    clp_bytes_free(&tiff->icc);
    clp_bytes_free(&tiff->xmp);
    clp_bytes_free(&tiff->iptc);
    clp_bytes_free(&tiff->part);
    clp_bytes_free(&tiff->rows);
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

/** Makes the table of a palette or of gray of few bits; of other kinds there is none. */
static void make_table(clp_tiff *tiff, bool gray) {
    uint16_t *map[3] = {NULL};
    const uint32_t count = 1u << tiff->bits, most = count - 1;
    bool whole = 8 % tiff->bits == 0 && tiff->samples == 1;
    bool palette =
        tiff->photometric == PHOTOMETRIC_PALETTE &&
        clp_libtiff.GetField(tiff->file, TIFFTAG_COLORMAP, &map[0], &map[1], &map[2]) == 1;
    uint32_t shift = 0; /* of a palette's 16 bits, of which some programs fill the lower half */
    tiff->tabled = whole && (gray || palette);
    for (uint32_t i = 0; palette && tiff->tabled && i < count; i++) {
        shift = (map[0][i] | map[1][i] | map[2][i]) > 255 ? 8 : shift;
    }
    for (uint32_t i = 0; tiff->tabled && i < count; i++) {
        uint32_t level = tiff->photometric == PHOTOMETRIC_MINISWHITE ? most - i : i;
        for (uint32_t c = 0; c < 3; c++) {
            tiff->table[i][c] = (uint8_t)(gray ? level * 255 / most : (uint32_t)map[c][i] >> shift);
        }
    }
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
    bool ycc = tiff->photometric == PHOTOMETRIC_YCBCR && tiff->compression == COMPRESSION_JPEG &&
               tiff->planar == PLANARCONFIG_CONTIG;
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
    tiff->tabled = false;
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
    tiff->inverted = false;
    make_table(tiff, gray);
    return CLPROC_OK;
}

/** Inks are those of CMYK where the file names no other set. */
static clproc_status check_inks(const clp_tiff *tiff, clproc_error *error) {
    uint16_t set = INKSET_CMYK;
    clp_libtiff.GetFieldDefaulted(tiff->file, TIFFTAG_INKSET, &set);
    return tiff->photometric == PHOTOMETRIC_SEPARATED && set != INKSET_CMYK
               ? unsupported("other inks than CMYK, ink set", set, error)
               : CLPROC_OK;
}

static clproc_status open_file(clp_decoder *decoder, clproc_error *error) {
    clp_tiff *tiff = decoder->state;
    clp_header *header = &decoder->header;
    clproc_status status;
    tiff->source = &decoder->source;
    CLP_TRY(status, out, clp_tiff_open(tiff, &tiff->file, error));
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
    CLP_TRY(status, out, check_inks(tiff, error));
    CLP_TRY(status, out, clp_tiff_read_metadata(decoder, error));
    CLP_TRY(status, out, clp_tiff_choose_way(decoder, error));
    header->beside = clp_libtiff.LastDirectory(tiff->file) ? 0 : CLP_BESIDE_PICTURES;
out:
    return status;
}

const clp_codec clp_codec_tiff = {
    .format = CLPROC_FORMAT_TIFF,
    .library = &clp_tiff_library,
    .probe = probe,
    .state_bytes = sizeof(clp_tiff),
    .release = release,
    .open = open_file,
    .read = clp_tiff_read_pixels,
    .close = close_file,
    .trim = trim,
};
