/* PNG through libspng, whose verdict on a file counts. */
#include <string.h>

#include "codec/png_private.h"

typedef struct reader {
    spng_ctx *context;
    struct spng_ihdr ihdr;
    clp_png_chunks chunks;
    clp_png_pixels pixels;
    clp_bytes repaired; /**< of clp_png_repair(), where libspng cannot read the file as it is */
    clp_bytes stored;   /**< copy of a file with its pixels unpacked */
    int crc_action;     /**< of libspng, for chunks that matter */
    clp_png_texts texts;
    clp_bytes icc;
    clp_bytes packed;   /**< a row as stored in the file */
    clp_bytes expanded; /**< a row of an interlaced picture's pass, as pixels */
} reader;

static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

static bool probe(const uint8_t *bytes, size_t size) {
    return size >= sizeof signature && memcmp(bytes, signature, sizeof signature) == 0;
}

static void close_file(void *state) {
    reader *png = state;
    spng_ctx_free(png->context);
    png->context = NULL;
}

static void trim(void *state, size_t most) {
    reader *png = state;
    clp_bytes_trim(&png->stored, most);
    clp_bytes_trim(&png->repaired, most);
}

static void release(void *state) {
    reader *png = state;
    clp_bytes_free(&png->repaired);
    clp_bytes_free(&png->stored);
    clp_bytes_free(&png->icc);
    clp_png_texts_free(&png->texts);
    clp_bytes_free(&png->packed);
    clp_bytes_free(&png->expanded);
}

/* --------------------------------------------------------------- errors */

static clproc_status failure(int code, clproc_error *error) {
    switch (code) {
    case SPNG_EMEM:
    case SPNG_EZLIB_INIT:
        return clp_error_memory(error, "decoding a PNG", 0);
    case SPNG_ECHUNK_LIMITS:
        return clp_error_set(error, CLPROC_ERROR_LIMIT,
                             "its ancillary chunks exceed the limit; raise it with --limit-chunk");
    case SPNG_IO_EOF:
        return clp_error_set(error, CLPROC_ERROR_INPUT,
                             "is not a PNG that can be decoded: it ends early");
    default:
        return clp_error_set(error, CLPROC_ERROR_INPUT, "is not a PNG that can be decoded: %s",
                             spng_strerror(code));
    }
}

static uint32_t flaw_of(int code) {
    switch (code) {
    case SPNG_EMEM:
    case SPNG_EZLIB_INIT:
    case SPNG_ECHUNK_LIMITS:
        return 0; /* no property of the file */
    case SPNG_IO_EOF:
    case SPNG_EIDAT_TOO_SHORT:
        return CLP_FLAW_TRUNCATED;
    default:
        return CLP_FLAW_CORRUPT;
    }
}

/** Goes on after `code` where the policy tolerates it. */
static clproc_status tolerate(clp_decoder *decoder, int code, clproc_error *error) {
    uint32_t flaw = flaw_of(code);
    if (code == 0) {
        return CLPROC_OK;
    }
    if (!flaw) {
        return failure(code, error);
    }
    const char *text = code == SPNG_IO_EOF ? "the file ends early" : spng_strerror(code);
    return clp_decoder_note(decoder, flaw, text, error);
}

/* --------------------------------------------------------------- header */

/** The size is checked before anything else is done: it stands first in the file. */
static clproc_status check_size(const clp_source *source, clproc_error *error) {
    const uint8_t *header = source->bytes + sizeof signature;
    if (source->size >= sizeof signature + 8 && memcmp(header + 4, "CgBI", 4) == 0) {
        return clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                             "is a PNG in Apple's own form (CgBI), as apps for iPhones hold it; "
                             "convert it first, with `pngcrush -revert-iphone-optimizations`");
    }
    if (source->size < sizeof signature + 16 || memcmp(header + 4, "IHDR", 4) != 0) {
        return failure(SPNG_ENOIHDR, error);
    }
    return clp_source_check_size(source, clp_read_u32(header + 8), clp_read_u32(header + 12),
                                 error);
}

/** Reads `bytes` up to the first IDAT chunk; `*code` is libspng's verdict. Of what was `checked`
 * before, the sums of its pixels are not looked at. */
static clproc_status start_on(clp_decoder *decoder, const uint8_t *bytes, size_t size, bool checked,
                              int *code, clproc_error *error) {
    reader *png = decoder->state;
    uint64_t chunk = decoder->source.limits.chunk_bytes;
    close_file(png);
    png->context = clp_png_context(checked ? SPNG_CTX_IGNORE_ADLER32 : 0);
    if (!png->context) {
        return clp_error_memory(error, "decoding a PNG", 0);
    }
    spng_set_crc_action(png->context, checked ? SPNG_CRC_USE : png->crc_action, SPNG_CRC_DISCARD);
    if (chunk && chunk < INT32_MAX) {
        spng_set_chunk_limits(png->context, chunk, 2 * chunk);
    }
    *code = spng_set_png_buffer(png->context, bytes, size);
    if (*code == 0) {
        *code = spng_get_ihdr(png->context, &png->ihdr);
    }
    if (*code == 0) {
        *code = spng_decode_chunks(png->context);
    }
    return CLPROC_OK;
}

/** Reads the file, or what clp_png_repair() made of it, up to the first IDAT chunk. */
static clproc_status start(clp_decoder *decoder, int crc_action, int *code, clproc_error *error) {
    reader *png = decoder->state;
    bool repaired = png->repaired.size > 0;
    png->crc_action = crc_action;
    return start_on(decoder, repaired ? png->repaired.data : decoder->source.bytes,
                    repaired ? png->repaired.size : decoder->source.size, false, code, error);
}

/** Starts, if need be a second time without regard to checksums, or without metadata. */
static clproc_status start_tolerantly(clp_decoder *decoder, clproc_error *error) {
    reader *png = decoder->state;
    int code, crc_action = SPNG_CRC_ERROR;
    clproc_status status;
    CLP_TRY(status, out, start(decoder, crc_action, &code, error));
    if (code == SPNG_ECHUNK_CRC) {
        CLP_TRY(status, out, tolerate(decoder, code, error));
        crc_action = SPNG_CRC_USE;
        CLP_TRY(status, out, start(decoder, crc_action, &code, error));
    }
    if (code == SPNG_ECHUNK_LIMITS) {
        CLP_TRY(status, out, clp_decoder_note_large(decoder, error));
        CLP_TRY(status, out,
                clp_png_repair(&decoder->source, &png->chunks, true, &png->repaired, error));
        CLP_TRY(status, out, start(decoder, crc_action, &code, error));
    }
    if (code != 0) {
        status = failure(code, error);
    }
out:
    return status;
}

static void describe(const reader *png, clp_header *header) {
    static const clp_model models[7][2] = {
        [SPNG_COLOR_TYPE_GRAYSCALE] = {CLP_MODEL_GRAY, CLP_MODEL_GRAYA},
        [SPNG_COLOR_TYPE_TRUECOLOR] = {CLP_MODEL_RGB, CLP_MODEL_RGBA},
        [SPNG_COLOR_TYPE_INDEXED] = {CLP_MODEL_RGB, CLP_MODEL_RGBA},
        [SPNG_COLOR_TYPE_GRAYSCALE_ALPHA] = {CLP_MODEL_GRAYA, CLP_MODEL_GRAYA},
        [SPNG_COLOR_TYPE_TRUECOLOR_ALPHA] = {CLP_MODEL_RGBA, CLP_MODEL_RGBA},
    };
    header->width = png->ihdr.width;
    header->height = png->ihdr.height;
    header->model = models[png->ihdr.color_type][png->pixels.keyed];
    header->depth = png->ihdr.bit_depth == 16 ? 16 : 8;
    header->progressive = png->ihdr.interlace_method != 0;
}

static void read_colour(const reader *png, clp_colour_facts *colour, uint32_t *seen) {
    struct spng_chrm chrm;
    struct spng_phys phys;
    colour->has_gamma = spng_get_gama(png->context, &colour->gamma) == 0;
    colour->has_srgb = spng_get_srgb(png->context, &colour->srgb_intent) == 0;
    colour->has_chromaticities = spng_get_chrm(png->context, &chrm) == 0;
    if (colour->has_chromaticities) {
        colour->white[0] = chrm.white_point_x, colour->white[1] = chrm.white_point_y;
        colour->red[0] = chrm.red_x, colour->red[1] = chrm.red_y;
        colour->green[0] = chrm.green_x, colour->green[1] = chrm.green_y;
        colour->blue[0] = chrm.blue_x, colour->blue[1] = chrm.blue_y;
    }
    colour->has_cicp = png->chunks.cicp.data != NULL;
    if (colour->has_cicp) {
        memcpy(colour->cicp, png->chunks.cicp.data, sizeof colour->cicp);
    }
    bool has_phys = spng_get_phys(png->context, &phys) == 0;
    if (has_phys) {
        /* Pixels per metre; per inch a JPEG's whole numbers lose least. */
        double scale = phys.unit_specifier == 1 ? 0.0254 : 1;
        colour->density_unit = phys.unit_specifier == 1 ? CLP_DENSITY_PER_INCH : CLP_DENSITY_NONE;
        colour->density_x = phys.ppu_x * scale;
        colour->density_y = phys.ppu_y * scale;
    }
    *seen = (colour->has_gamma ? CLP_PNG_HAS_GAMA : 0) | (colour->has_srgb ? CLP_PNG_HAS_SRGB : 0) |
            (colour->has_chromaticities ? CLP_PNG_HAS_CHRM : 0) | (has_phys ? CLP_PNG_HAS_PHYS : 0);
}

static clp_block block_of(const clp_bytes *bytes) {
    return bytes->size ? (clp_block){bytes->data, bytes->size} : (clp_block){0};
}

static clproc_status read_blocks(reader *png, clp_blocks *blocks, uint32_t *seen,
                                 clproc_error *error) {
    struct spng_iccp iccp;
    clproc_status status = CLPROC_OK;
    blocks->exif = png->chunks.exif.data ? png->chunks.exif : block_of(&png->texts.exif);
    blocks->xmp = block_of(&png->texts.xmp);
    blocks->iptc = block_of(&png->texts.iptc);
    blocks->notes = block_of(&png->texts.notes);
    blocks->icc = block_of(&png->texts.icc);
    if (spng_get_iccp(png->context, &iccp) == 0) {
        png->icc.size = 0;
        CLP_TRY(status, out, clp_bytes_append(&png->icc, iccp.profile, iccp.profile_len, error));
        blocks->icc = block_of(&png->icc);
        *seen |= CLP_PNG_HAS_ICCP;
    }
out:
    return status;
}

static clproc_status open_file(clp_decoder *decoder, clproc_error *error) {
    reader *png = decoder->state;
    clp_header *header = &decoder->header;
    uint32_t seen = 0;
    clproc_status status;
    png->repaired.size = 0;
    CLP_TRY(status, out, check_size(&decoder->source, error));
    CLP_TRY(
        status, out,
        clp_png_find_chunks(&decoder->source, &png->chunks, &png->texts, &decoder->flaws, error));
    if (png->chunks.end) {
        decoder->source.size = png->chunks.end;
    }
    if (png->chunks.unended &&
        !clp_flaws_note(&decoder->flaws, CLP_FLAW_WARNING,
                        "the end of the file (IEND) is missing or broken", error)) {
        status = CLPROC_ERROR_INPUT;
        goto out;
    }
    if (png->chunks.unended || png->chunks.oversized) {
        CLP_TRY(status, out,
                clp_png_repair(&decoder->source, &png->chunks, false, &png->repaired, error));
    }
    CLP_TRY(status, out, start_tolerantly(decoder, error));
    clp_png_pixels_init(&png->pixels, png->context, &png->ihdr);
    describe(png, header);
    header->decode_bytes = clp_png_store_bytes(header, decoder->source.size, decoder->unpacks);
    header->beside = png->chunks.beside;
    read_colour(png, &header->colour, &seen);
    CLP_TRY(status, out, read_blocks(png, &header->blocks, &seen, error));
    seen |= png->pixels.keyed ? CLP_PNG_HAS_TRNS : 0;
    if ((png->chunks.present & ~seen) &&
        !clp_flaws_note(&decoder->flaws, CLP_FLAW_WARNING,
                        "a broken or misplaced ancillary chunk: dropped", error)) {
        status = CLPROC_ERROR_INPUT;
        goto out;
    }
    if (!header->blocks.icc.data) { /* which would tell how to convert them */
        status = clp_decoder_note_hdr(decoder, error);
    }
out:
    return status;
}

/* --------------------------------------------------------------- pixels */

/** Makes pixels of the stored row and puts them where they belong. */
static void place(reader *png, const clp_plane *plane, size_t pixel, int pass, uint8_t *row) {
    const uint8_t *pixels = png->packed.data;
    if (!png->ihdr.interlace_method) {
        clp_png_unpack(&png->pixels, pixels, plane->width, row);
        return;
    }
    if (clp_png_is_packed(&png->pixels)) {
        clp_png_unpack(&png->pixels, pixels, clp_png_pass_width(plane->width, pass),
                       png->expanded.data);
        pixels = png->expanded.data;
    }
    clp_png_spread(pixels, pass, plane->width, pixel, row);
}

/** Decodes what can be decoded. `*code` is libspng's verdict, 0 if every row was there; `*rows`
 * counts them. */
static clproc_status decode_rows(clp_decoder *decoder, const clp_layout *layout,
                                 const clp_row_sink *sink, uint32_t *rows, int *code,
                                 clproc_error *error) {
    reader *png = decoder->state;
    const clp_plane *plane = &layout->planes[0];
    size_t pixel = (size_t)plane->channels * layout->depth / 8;
    bool direct = !png->ihdr.interlace_method && !clp_png_is_packed(&png->pixels);
    clproc_status status;
    *rows = 0;
    *code = spng_decode_image(png->context, NULL, 0, SPNG_FMT_PNG, SPNG_DECODE_PROGRESSIVE);
    while (*code == 0) {
        struct spng_row_info info;
        CLP_TRY(status, out, clp_decoder_check(decoder, error));
        *code = spng_get_row_info(png->context, &info);
        if (*code != 0) {
            break;
        }
        bool wanted = info.row_num < decoder->wanted[0];
        uint8_t *row = wanted ? sink->place(sink->user, 0, info.row_num) : NULL;
        *code = spng_decode_scanline(png->context, direct && row ? row : png->packed.data,
                                     plane->pitch);
        if (*code != 0 && *code != SPNG_EOI) {
            break;
        }
        if (!direct && row) {
            place(png, plane, pixel, info.pass, row);
        }
        ++*rows;
        if (!png->ihdr.interlace_method) {
            CLP_TRY(status, out,
                    clp_decoder_advance(decoder, sink, (uint32_t[CLP_MAX_PLANES]){*rows}, error));
        }
    }
    *code = *code == SPNG_EOI ? 0 : *code;
    status = CLPROC_OK;
out:
    return status;
}

static clproc_status clear(clp_decoder *decoder, const clp_layout *layout, const clp_row_sink *sink,
                           uint32_t first_row, clproc_error *error) {
    const clp_plane *plane = &layout->planes[0];
    clproc_status status = CLPROC_OK;
    for (uint32_t y = first_row; status == CLPROC_OK && y < plane->height; y++) {
        uint8_t *row = sink->place(sink->user, 0, y);
        if (row) {
            memset(row, 0, plane->pitch);
        }
        status = clp_decoder_advance(decoder, sink, (uint32_t[CLP_MAX_PLANES]){y + 1}, error);
    }
    return status;
}

static clproc_status decode(clp_decoder *decoder, const clp_layout *layout,
                            const clp_row_sink *sink, int *code, clproc_error *error) {
    reader *png = decoder->state;
    bool interlaced = png->ihdr.interlace_method != 0;
    uint32_t rows;
    clproc_status status;
    if (interlaced) {
        CLP_TRY(status, out, clear(decoder, layout, sink, 0, error)); /* passes may be missing */
    }
    CLP_TRY(status, out, decode_rows(decoder, layout, sink, &rows, code, error));
    if (*code == SPNG_EIDAT_TOO_SHORT && png->chunks.unended) {
        *code = SPNG_IO_EOF; /* the end was mended; see clp_png_repair() */
    }
    if (*code == 0) {
        *code = spng_decode_chunks(png->context);
        /* Behind the pixels as before them: nothing of it is used. */
        if (*code == SPNG_ECHUNK_LIMITS) {
            *code = 0;
            CLP_TRY(status, out, clp_decoder_note_large(decoder, error));
        }
    } else if (rows == 0 && *code != SPNG_ECHUNK_CRC) {
        status = failure(*code, error);
    } else if (!interlaced && *code != SPNG_ECHUNK_CRC) {
        status = clear(decoder, layout, sink, rows, error);
    }
out:
    return status;
}

/** Decodes from a copy of the file with its pixels unpacked. `*done` stays false unless everything
 * is right with it; libspng's verdict is then to be had from the file itself, whose rows that are
 * there come out the same. */
static clproc_status decode_stored(clp_decoder *decoder, const clp_layout *layout,
                                   const clp_row_sink *sink, bool *done, clproc_error *error) {
    reader *png = decoder->state;
    const struct spng_ihdr ihdr = png->ihdr;
    uint32_t height = decoder->wanted[0];
    int code = 0;
    clproc_status status = CLPROC_OK;
    *done = false;
    if (png->repaired.size > 0 ||
        !clp_png_store(&decoder->source, &ihdr, decoder->unpacks, &height, &png->stored)) {
        return CLPROC_OK;
    }
    CLP_TRY(status, out, start_on(decoder, png->stored.data, png->stored.size, true, &code, error));
    if (code == 0) {
        CLP_TRY(status, out, decode(decoder, layout, sink, &code, error));
    }
    *done = code == 0;
    if (*done) {
        status = clp_decoder_pass_over(decoder, sink, height, ihdr.height, error);
    } else {
        CLP_TRY(status, out, start(decoder, png->crc_action, &code, error));
        status = code == 0 ? CLPROC_OK : failure(code, error);
    }
out:
    return status;
}

static clproc_status read_file(clp_decoder *decoder, const clp_layout *layout,
                               const clp_row_sink *sink, clproc_error *error) {
    reader *png = decoder->state;
    bool done;
    int code;
    clproc_status status;
    /* Stored rows are never longer than rows of pixels. */
    CLP_TRY(status, out, clp_bytes_reserve(&png->packed, layout->planes[0].pitch, error));
    CLP_TRY(status, out, clp_bytes_reserve(&png->expanded, layout->planes[0].pitch, error));
    CLP_TRY(status, out, decode_stored(decoder, layout, sink, &done, error));
    if (done) {
        goto out;
    }
    CLP_TRY(status, out, decode(decoder, layout, sink, &code, error));
    if (code == SPNG_ECHUNK_CRC) {
        /* The pixels may still be of use: once more without regard to checksums. The rows that are
         * there already come out the same. */
        CLP_TRY(status, out, tolerate(decoder, code, error));
        CLP_TRY(status, out, start(decoder, SPNG_CRC_USE, &code, error));
        if (code != 0) {
            status = failure(code, error);
            goto out;
        }
        CLP_TRY(status, out, decode(decoder, layout, sink, &code, error));
    }
    status = tolerate(decoder, code, error);
out:
    return status;
}

const clp_codec clp_codec_png = {
    .format = CLPROC_FORMAT_PNG,
    .room = {.exif = INT32_MAX,
             .icc = INT32_MAX,
             .xmp = INT32_MAX,
             .iptc = INT32_MAX / 4, /* as text: two digits a byte, and lines */
             .note = INT32_MAX},
    .probe = probe,
    .state_bytes = sizeof(reader),
    .release = release,
    .open = open_file,
    .read = read_file,
    .close = close_file,
    .trim = trim,
    .write = clp_png_write,
    .encode_bytes = clp_png_encode_bytes,
    .rewrite = clp_png_rewrite,
};
