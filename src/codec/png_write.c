/* PNG through libspng, but for its pixels; and a file's own pixels with other metadata. */
#include <libdeflate.h>
#include <math.h>
#include <string.h>

#include "codec/png_private.h"

typedef struct writer {
    spng_ctx *context;
    clp_encoder *encoder;
    const clp_encode_params *params;
    struct spng_unknown_chunk cicp; /**< libspng keeps a pointer to it */
} writer;

static int write_bytes(spng_ctx *context, void *user, void *data, size_t size) {
    (void)context;
    return clp_bytes_append(user, data, size, NULL) == CLPROC_OK ? 0 : SPNG_IO_ERROR;
}

static clproc_status check(int code, const char *what, clproc_error *error) {
    if (code == 0) {
        return CLPROC_OK;
    }
    /* With output that only grows in memory, these have no other cause. */
    if (code == SPNG_EMEM || code == SPNG_IO_ERROR || code == SPNG_EZLIB_INIT ||
        code == SPNG_EBADSTATE) {
        return clp_error_memory(error, "encoding a PNG", 0);
    }
    return clp_error_set(error, CLPROC_ERROR_INTERNAL, "a PNG's %s cannot be written: %s", what,
                         spng_strerror(code));
}

static clproc_status set_header(spng_ctx *context, const clp_layout *layout, clproc_error *error) {
    static const int8_t types[] = {
        [CLP_MODEL_GRAY] = SPNG_COLOR_TYPE_GRAYSCALE,
        [CLP_MODEL_GRAYA] = SPNG_COLOR_TYPE_GRAYSCALE_ALPHA,
        [CLP_MODEL_RGB] = SPNG_COLOR_TYPE_TRUECOLOR,
        [CLP_MODEL_RGBA] = SPNG_COLOR_TYPE_TRUECOLOR_ALPHA,
        [CLP_MODEL_YCC] = -1,
        [CLP_MODEL_CMYK] = -1,
    };
    if (types[layout->model] < 0) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "%s cannot be put in a PNG",
                             clp_model_name(layout->model));
    }
    struct spng_ihdr ihdr = {.width = layout->width,
                             .height = layout->height,
                             .bit_depth = (uint8_t)layout->depth,
                             .color_type = (uint8_t)types[layout->model]};
    return check(spng_set_ihdr(context, &ihdr), "header", error);
}

/* ------------------------------------------------------------- metadata */

/** PNG's fixed-point numbers. Out of range becomes 0, which libspng refuses. */
static uint32_t fixed(double value) {
    double scaled = round(value * 100000);
    return scaled >= 0 && scaled <= INT32_MAX ? (uint32_t)scaled : 0;
}

/** The colour space in numbers, for readers without colour management. */
static clproc_status set_colour(spng_ctx *context, const clp_colour_facts *colour,
                                clproc_error *error) {
    clproc_status status = CLPROC_OK;
    if (colour->has_srgb) {
        CLP_TRY(status, out,
                check(spng_set_srgb(context, colour->srgb_intent), "sRGB chunk", error));
    }
    if (colour->has_gamma) {
        CLP_TRY(status, out,
                check(spng_set_gama_int(context, fixed(colour->gamma)), "gamma", error));
    }
    if (colour->has_chromaticities) {
        struct spng_chrm_int chrm = {fixed(colour->white[0]), fixed(colour->white[1]),
                                     fixed(colour->red[0]),   fixed(colour->red[1]),
                                     fixed(colour->green[0]), fixed(colour->green[1]),
                                     fixed(colour->blue[0]),  fixed(colour->blue[1])};
        CLP_TRY(status, out, check(spng_set_chrm_int(context, &chrm), "chromaticities", error));
    }
out:
    return status;
}

/** A chunk younger than libspng. */
static clproc_status set_cicp(writer *png, clproc_error *error) {
    png->cicp = (struct spng_unknown_chunk){.type = "cICP",
                                            .length = sizeof png->params->colour.cicp,
                                            .data = (void *)png->params->colour.cicp,
                                            .location = SPNG_AFTER_IHDR};
    return check(spng_set_unknown_chunks(png->context, &png->cicp, 1), "cICP chunk", error);
}

static clproc_status set_density(spng_ctx *context, const clp_colour_facts *colour,
                                 clproc_error *error) {
    static const double scales[] = {
        [CLP_DENSITY_NONE] = 1, [CLP_DENSITY_PER_INCH] = 1 / 0.0254, [CLP_DENSITY_PER_CM] = 100};
    double x = round(colour->density_x * scales[colour->density_unit]);
    double y = round(colour->density_y * scales[colour->density_unit]);
    if (!(x >= 1 && x <= INT32_MAX && y >= 1 && y <= INT32_MAX)) {
        return CLPROC_OK; /* unknown */
    }
    struct spng_phys phys = {(uint32_t)x, (uint32_t)y, colour->density_unit != CLP_DENSITY_NONE};
    return check(spng_set_phys(context, &phys), "density", error);
}

/** libspng wants strings, and they must live until the header is written. */
static clproc_status set_xmp(writer *png, clproc_error *error) {
    const clp_block *xmp = &png->params->blocks.xmp;
    clp_bytes *copy = &png->encoder->scratch;
    clproc_status status;
    copy->size = 0;
    CLP_TRY(status, out, clp_bytes_append(copy, xmp->data, xmp->size, error));
    CLP_TRY(status, out, clp_bytes_append(copy, "", 1, error));
    char *packet = (char *)copy->data, *none = packet + strlen(packet);
    if (packet == none) {
        goto out;
    }
    struct spng_text text = {.keyword = CLP_PNG_XMP,
                             .type = SPNG_ITXT,
                             .length = strlen(packet),
                             .text = packet,
                             .language_tag = none,
                             .translated_keyword = none};
    status = check(spng_set_text(png->context, &text, 1), "XMP packet", error);
out:
    return status;
}

static clproc_status set_blocks(writer *png, clproc_error *error) {
    const clp_blocks *blocks = &png->params->blocks;
    clproc_status status = CLPROC_OK;
    /* What is no TIFF structure cannot stand in an eXIf chunk. */
    if (blocks->exif.size >= 4 && (memcmp(blocks->exif.data, "II*\0", 4) == 0 ||
                                   memcmp(blocks->exif.data, "MM\0*", 4) == 0)) {
        struct spng_exif exif = {blocks->exif.size, (char *)blocks->exif.data};
        CLP_TRY(status, out, check(spng_set_exif(png->context, &exif), "EXIF", error));
    }
    if (blocks->icc.size) {
        struct spng_iccp iccp = {.profile_name = "ICC profile",
                                 .profile_len = blocks->icc.size,
                                 .profile = (char *)blocks->icc.data};
        CLP_TRY(status, out, check(spng_set_iccp(png->context, &iccp), "ICC profile", error));
    }
    if (blocks->xmp.size) {
        CLP_TRY(status, out, set_xmp(png, error));
    }
out:
    return status;
}

static clproc_status set_metadata(writer *png, clproc_error *error) {
    const clp_colour_facts *colour = &png->params->colour;
    clproc_status status;
    CLP_TRY(status, out, set_blocks(png, error));
    CLP_TRY(status, out, set_density(png->context, colour, error));
    if (colour->has_cicp) {
        CLP_TRY(status, out, set_cicp(png, error));
    }
    if (!png->params->blocks.icc.size) {
        CLP_TRY(status, out, set_colour(png->context, colour, error));
    }
out:
    return status;
}

/** All that stands before the pixels. */
static clproc_status write_head(clp_encoder *encoder, const clp_layout *layout,
                                const clp_encode_params *params, clproc_error *error) {
    clproc_status status;
    writer png = {
        .context = clp_png_context(SPNG_CTX_ENCODER), .encoder = encoder, .params = params};
    if (!png.context) {
        return clp_error_memory(error, "encoding a PNG", 0);
    }
    CLP_TRY(
        status, out,
        check(spng_set_png_stream(png.context, write_bytes, &encoder->output), "output", error));
    CLP_TRY(status, out, set_header(png.context, layout, error));
    CLP_TRY(status, out, set_metadata(&png, error));
    CLP_TRY(status, out, check(spng_encode_chunks(png.context), "chunks", error));
    status = clp_png_write_texts(&encoder->output, &params->blocks, &encoder->scratch, error);
out:
    spng_ctx_free(png.context);
    return status;
}

clproc_status clp_png_write(clp_encoder *encoder, const clp_layout *layout, uint8_t *base,
                            const clp_encode_params *params, clproc_error *error) {
    clproc_status status = write_head(encoder, layout, params, error);
    return status == CLPROC_OK
               ? clp_png_write_pixels(encoder, layout, base, params->png_level, error)
               : status;
}

/* ------------------------------------------------ metadata of another file */

/** Chunks that hold pixels, or say what they mean beyond what metadata does. */
static bool holds_pixels(const uint8_t *type) {
    static const char kept[][5] = {"tRNS", "sBIT", "bKGD", "hIST", "acTL", "fcTL", "fdAT"};
    bool found = (type[0] & 0x20) == 0;
    for (size_t i = 0; !found && i < sizeof kept / sizeof kept[0]; i++) {
        found = memcmp(type, kept[i], 4) == 0;
    }
    return found;
}

/** Appends the file's chunks of pixels behind its header. `*done` false: one is broken or beyond a
 * limit, or the last is missing. */
static clproc_status copy_chunks(const clp_source *source, size_t at, clp_bytes *file, bool *done,
                                 clproc_error *error) {
    clproc_status status = CLPROC_OK;
    while (!*done && source->size - at >= CLP_PNG_HEAD + CLP_PNG_TAIL) {
        const uint8_t *chunk = source->bytes + at, *type = chunk + 4;
        size_t size = clp_read_u32(chunk), left = source->size - at;
        if (size > left - CLP_PNG_HEAD - CLP_PNG_TAIL) {
            return CLPROC_OK;
        }
        size_t whole = size + CLP_PNG_HEAD + CLP_PNG_TAIL;
        if (holds_pixels(type)) {
            if (clp_png_is_oversized(source, type, size) ||
                libdeflate_crc32(0, type, size + 4) != clp_read_u32(type + 4 + size)) {
                return CLPROC_OK;
            }
            CLP_TRY(status, out, clp_bytes_append(file, chunk, whole, error));
        }
        *done = memcmp(type, "IEND", 4) == 0;
        at += whole;
    }
out:
    return status;
}

clproc_status clp_png_rewrite(const clp_decoder *decoder, clp_encoder *encoder,
                              const clp_encode_params *params, bool *done, clproc_error *error) {
    enum { BEHIND_HEADER = CLP_PNG_SIGNATURE + CLP_PNG_HEAD + 13 + CLP_PNG_TAIL };
    const clp_source *source = &decoder->source;
    /* What stands before the chunks of metadata is the file's own in the end. */
    const clp_layout any = {
        .model = CLP_MODEL_RGB, .depth = 8, .width = decoder->header.width, .height = 1};
    clproc_status status;
    *done = false;
    CLP_TRY(status, out, write_head(encoder, &any, params, error));
    memcpy(encoder->output.data, source->bytes, BEHIND_HEADER);
    status = copy_chunks(source, BEHIND_HEADER, &encoder->output, done, error);
out:
    return status;
}

/** Filtered rows wait until all are there, and what is packed of them. */
uint64_t clp_png_encode_bytes(const clp_layout *layout, bool progressive) {
    (void)progressive;
    return 2 * layout->bytes + layout->bytes / 16;
}
