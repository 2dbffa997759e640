/* AVIF through libheif: 8 or 12 bits, with EXIF, XMP, and a profile or code points of the
 * colours. */
#include "codec/heif_private.h"
#include "core/cancel.h"
#include "core/leave.h"
#include "core/memory.h"

/** From 0, slow, to 9: where more effort hardly makes files smaller. */
enum { SPEED = 6 };

/** Everything that encoding one file takes: a thread may be left with it. */
typedef struct writer {
    struct heif_context *context;
    struct heif_encoder *encoder;
    struct heif_encoding_options *options;
    struct heif_color_profile_nclx *nclx;
    struct heif_image *image;
    struct heif_image_handle *picture;
    struct heif_error failed;
} writer;

static void release(void *job) {
    writer *avif = job;
    if (avif->picture) {
        clp_libheif.image_handle_release(avif->picture);
    }
    if (avif->image) {
        clp_libheif.image_release(avif->image);
    }
    if (avif->options) {
        clp_libheif.encoding_options_free(avif->options);
    }
    clp_libheif.nclx_color_profile_free(avif->nclx);
    if (avif->encoder) {
        clp_libheif.encoder_release(avif->encoder);
    }
    if (avif->context) {
        clp_libheif.context_free(avif->context);
    }
    clp_memory_free(avif);
}

static clproc_status check(struct heif_error failed, clproc_error *error) {
    if (failed.code == heif_error_Ok) {
        return CLPROC_OK;
    }
    if (failed.code == heif_error_Memory_allocation_error) {
        return clp_error_memory(error, "encoding an AVIF", 0);
    }
    return clp_error_set(error, CLPROC_ERROR_UNSUPPORTED, "an AVIF cannot be written: %s",
                         failed.message);
}

/** What is asked for besides the encoder's own 420, which not every encoder lets one choose; or
 * NULL. */
static const char *chroma_of(const clp_encode_params *params) {
    bool full = params->lossless || params->subsampling == CLPROC_SUBSAMPLING_444;
    return full ? "444" : params->subsampling == CLPROC_SUBSAMPLING_422 ? "422" : NULL;
}

static clproc_status start(writer *avif, const clp_encode_params *params, clproc_error *error) {
    const char *chroma = chroma_of(params);
    clproc_status status;
    avif->context = clp_libheif.context_alloc();
    avif->options = clp_libheif.encoding_options_alloc();
    avif->nclx = clp_libheif.nclx_color_profile_alloc();
    if (!avif->context || !avif->options || !avif->nclx) {
        return clp_error_memory(error, "encoding an AVIF", 0);
    }
    if (clp_libheif
            .context_get_encoder_for_format(avif->context, heif_compression_AV1, &avif->encoder)
            .code != heif_error_Ok) {
        return clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                             "libheif has no encoder for AVIF; install libheif-plugin-aomenc");
    }
    CLP_TRY(status, out,
            check(params->lossless
                      ? clp_libheif.encoder_set_lossless(avif->encoder, 1)
                      : clp_libheif.encoder_set_lossy_quality(avif->encoder, params->quality),
                  error));
    if (chroma) {
        CLP_TRY(status, out,
                check(clp_libheif.encoder_set_parameter_string(avif->encoder, "chroma", chroma),
                      error));
    }
    /* Pictures are worked on side by side already. Not every encoder knows these. */
    clp_libheif.encoder_set_parameter_integer(avif->encoder, "speed", SPEED);
    clp_libheif.encoder_set_parameter_integer(avif->encoder, "threads", 1);
out:
    return status;
}

/** A sample as libheif takes it. */
static uint8_t *put(uint8_t *to, const uint8_t *row, size_t at, uint32_t bits) {
    if (bits == 8) {
        *to++ = row[at];
        return to;
    }
    uint32_t maximum = (1u << bits) - 1;
    uint32_t value = ((const uint16_t *)(const void *)row)[at];
    value = (value * maximum + 32767) / 65535;
    *to++ = (uint8_t)value;
    *to++ = (uint8_t)(value >> 8);
    return to;
}

/** Gives libheif the pixels, with so many bits; gray becomes three equal channels. */
static clproc_status import(writer *avif, const clp_layout *layout, const uint8_t *base,
                            uint32_t bits, clproc_error *error) {
    static const enum heif_chroma chromas[2][2] = {
        {heif_chroma_interleaved_RGB, heif_chroma_interleaved_RGBA},
        {heif_chroma_interleaved_RRGGBB_LE, heif_chroma_interleaved_RRGGBBAA_LE}};
    const enum heif_channel all = heif_channel_interleaved;
    const clp_plane *plane = &layout->planes[0];
    bool alpha = clp_model_has_alpha(layout->model);
    int width = (int)layout->width, height = (int)layout->height, stride = 0;
    size_t colours = plane->channels - alpha;
    clproc_status status;
    CLP_TRY(status, out,
            check(clp_libheif.image_create(width, height, heif_colorspace_RGB,
                                           chromas[bits > 8][alpha], &avif->image),
                  error));
    CLP_TRY(status, out,
            check(clp_libheif.image_add_plane(avif->image, all, width, height, (int)bits), error));
    uint8_t *rows = clp_libheif.image_get_plane(avif->image, all, &stride);
    for (uint32_t y = 0; y < plane->height; y++) {
        const uint8_t *from = base + plane->offset + y * plane->pitch;
        uint8_t *to = rows + (size_t)y * (size_t)stride;
        for (size_t x = 0, at = 0; x < plane->width; x++, at += plane->channels) {
            for (size_t c = 0; c < 3; c++) {
                to = put(to, from, at + (colours == 3 ? c : 0), bits);
            }
            if (alpha) {
                to = put(to, from, at + colours, bits);
            }
        }
    }
out:
    return status;
}

/** What the colours are: by code points in every file, and by a profile where there is one. */
static clproc_status set_colours(writer *avif, const clp_encode_params *params,
                                 clproc_error *error) {
    const clp_colour_facts *colour = &params->colour;
    const clp_block *icc = &params->blocks.icc;
    uint8_t primaries = colour->has_cicp ? colour->cicp[0] : CLP_H273_BT709;
    uint8_t transfer = colour->has_cicp ? colour->cicp[1] : CLP_H273_SRGB;
    if (icc->size) {
        primaries = transfer = CLP_H273_UNSPECIFIED;
    }
    avif->nclx->color_primaries = (enum heif_color_primaries)primaries;
    avif->nclx->transfer_characteristics = (enum heif_transfer_characteristics)transfer;
    avif->nclx->matrix_coefficients = params->lossless ? heif_matrix_coefficients_RGB_GBR
                                                       : heif_matrix_coefficients_ITU_R_BT_601_6;
    avif->nclx->full_range_flag = 1;
    avif->options->output_nclx_profile = avif->nclx;
    avif->options->macOS_compatibility_workaround_no_nclx_profile = 0;
    avif->options->save_two_colr_boxes_when_ICC_and_nclx_available = 1;
    /* libheif 1.15 takes them from the picture, others from the options. */
    clproc_status status =
        check(clp_libheif.image_set_nclx_color_profile(avif->image, avif->nclx), error);
    return status == CLPROC_OK && icc->size ? check(clp_libheif.image_set_raw_color_profile(
                                                        avif->image, "prof", icc->data, icc->size),
                                                    error)
                                            : CLPROC_OK;
}

static clproc_status add_metadata(writer *avif, const clp_blocks *blocks, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    if (blocks->exif.size) {
        CLP_TRY(status, out,
                check(clp_libheif.context_add_exif_metadata(
                          avif->context, avif->picture, blocks->exif.data, (int)blocks->exif.size),
                      error));
    }
    if (blocks->xmp.size) {
        status = check(clp_libheif.context_add_XMP_metadata(
                           avif->context, avif->picture, blocks->xmp.data, (int)blocks->xmp.size),
                       error);
    }
out:
    return status;
}

static struct heif_error append(struct heif_context *context, const void *data, size_t size,
                                void *output) {
    (void)context;
    return clp_bytes_append(output, data, size, NULL) == CLPROC_OK
               ? (struct heif_error){heif_error_Ok, heif_suberror_Unspecified, ""}
               : (struct heif_error){heif_error_Memory_allocation_error, heif_suberror_Unspecified,
                                     "no memory"};
}

static void encode(void *job, const volatile int *left) {
    writer *avif = job;
    (void)left;
    avif->failed = clp_libheif.context_encode_image(avif->context, avif->image, avif->encoder,
                                                    avif->options, &avif->picture);
}

clproc_status clp_heif_write(clp_encoder *encoder, const clp_layout *layout, uint8_t *base,
                             const clp_encode_params *params, clproc_error *error) {
    static const clp_leave leave = {encode, release};
    struct heif_writer to = {.writer_api_version = 1, .write = append};
    /* With 10 the encoder of libheif 1.15 ends the program. */
    uint32_t bits = layout->depth == 8 ? 8 : 12;
    bool leaves = (uint64_t)layout->width * layout->height > CLP_HEIF_FEW_PIXELS;
    clproc_status status;
    if (layout->model == CLP_MODEL_YCC || layout->model == CLP_MODEL_CMYK) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "%s cannot be put in an AVIF",
                             clp_model_name(layout->model));
    }
    writer *avif = clp_memory_zero(CLP_MEMORY_CODEC, 1, sizeof *avif);
    if (!avif) {
        return clp_error_memory(error, "encoding an AVIF", sizeof *avif);
    }
    CLP_TRY(status, out, start(avif, params, error));
    CLP_TRY(status, out, import(avif, layout, base, bits, error));
    CLP_TRY(status, out, set_colours(avif, params, error));
    CLP_TRY(status, out, clp_cancel_check(encoder->cancel, error));
    if (!clp_leave_run(&leave, avif, leaves ? encoder->cancel : NULL)) {
        return clp_cancel_check(encoder->cancel, error);
    }
    CLP_TRY(status, out, check(avif->failed, error));
    CLP_TRY(status, out, clp_cancel_check(encoder->cancel, error));
    CLP_TRY(status, out, add_metadata(avif, &params->blocks, error));
    status = check(clp_libheif.context_write(avif->context, &to, &encoder->output), error);
out:
    release(avif);
    return status;
}

/** libheif's own picture, in RGB and in planes, and what the encoder keeps of it. */
uint64_t clp_heif_encode_bytes(const clp_layout *layout, bool progressive) {
    (void)progressive;
    return layout->bytes + 32 * (uint64_t)layout->width * layout->height * (layout->depth / 8);
}
