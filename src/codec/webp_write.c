/* WebP through libwebp. */
#include <webp/encode.h>

#include "codec/webp_private.h"
#include "core/cancel.h"

static int append(const uint8_t *data, size_t size, const WebPPicture *picture) {
    return clp_bytes_append(picture->custom_ptr, data, size, NULL) == CLPROC_OK;
}

/** Called by libwebp now and then; 0 ends it. */
static int go_on(int percent, const WebPPicture *picture) {
    const clp_encoder *encoder = picture->user_data;
    (void)percent;
    return clp_cancel_check(encoder->cancel, NULL) == CLPROC_OK;
}

static clproc_status failure(const clp_encoder *encoder, WebPEncodingError code,
                             clproc_error *error) {
    clproc_status status = clp_cancel_check(encoder->cancel, error);
    if (status != CLPROC_OK) {
        return status;
    }
    switch (code) {
    case VP8_ENC_ERROR_OUT_OF_MEMORY:
    case VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY:
    case VP8_ENC_ERROR_BAD_WRITE:
        return clp_error_memory(error, "encoding a WebP", 0);
    case VP8_ENC_ERROR_PARTITION0_OVERFLOW:
    case VP8_ENC_ERROR_PARTITION_OVERFLOW:
    case VP8_ENC_ERROR_FILE_TOO_BIG:
        return clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                             "does not fit in a WebP at this quality; lower --quality, or write "
                             "another format");
    default:
        return clp_error_set(error, CLPROC_ERROR_INTERNAL,
                             "a WebP cannot be written: libwebp says "
                             "%d",
                             (int)code);
    }
}

static clproc_status check_picture(const clp_layout *layout, clproc_error *error) {
    if (layout->model == CLP_MODEL_YCC || layout->model == CLP_MODEL_CMYK || layout->depth != 8) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "%s at %u bits cannot be put in a WebP",
                             clp_model_name(layout->model), layout->depth);
    }
    if (layout->width > WEBP_MAX_DIMENSION || layout->height > WEBP_MAX_DIMENSION) {
        return clp_error_set(error, CLPROC_ERROR_UNSUPPORTED,
                             "%u x %u pixels do not fit in a WebP, whose sides end at %d; resize "
                             "it or write PNG",
                             layout->width, layout->height, WEBP_MAX_DIMENSION);
    }
    return CLPROC_OK;
}

/** A WebP knows no gray: three equal channels, in `encoder->scratch`. */
static clproc_status spread(clp_encoder *encoder, const clp_plane *plane, const uint8_t *base,
                            uint32_t channels, clproc_error *error) {
    size_t row = (size_t)plane->width * channels;
    clproc_status status = clp_bytes_reserve(&encoder->scratch, row * plane->height, error);
    for (uint32_t y = 0; status == CLPROC_OK && y < plane->height; y++) {
        const uint8_t *from = base + plane->offset + y * plane->pitch;
        uint8_t *to = encoder->scratch.data + y * row;
        for (uint32_t x = 0; x < plane->width; x++, from += plane->channels, to += channels) {
            to[0] = to[1] = to[2] = from[0];
            if (channels == 4) {
                to[3] = from[1];
            }
        }
    }
    return status;
}

/** Gives libwebp the pixels. */
static clproc_status import(clp_encoder *encoder, const clp_layout *layout, const uint8_t *base,
                            WebPPicture *picture, clproc_error *error) {
    const clp_plane *plane = &layout->planes[0];
    bool gray = layout->model == CLP_MODEL_GRAY || layout->model == CLP_MODEL_GRAYA;
    bool alpha = clp_model_has_alpha(layout->model);
    const uint8_t *pixels = base + plane->offset;
    size_t pitch = plane->pitch;
    if (gray) {
        clproc_status status = spread(encoder, plane, base, alpha ? 4 : 3, error);
        if (status != CLPROC_OK) {
            return status;
        }
        pixels = encoder->scratch.data;
        pitch = (size_t)plane->width * (alpha ? 4 : 3);
    }
    int done = alpha ? WebPPictureImportRGBA(picture, pixels, (int)pitch)
                     : WebPPictureImportRGB(picture, pixels, (int)pitch);
    return done ? CLPROC_OK : failure(encoder, picture->error_code, error);
}

clproc_status clp_webp_write(clp_encoder *encoder, const clp_layout *layout, uint8_t *base,
                             const clp_encode_params *params, clproc_error *error) {
    WebPConfig config;
    WebPPicture picture;
    clp_bytes packed = {0};
    clproc_status status;
    if (!WebPConfigInit(&config) || !WebPPictureInit(&picture)) {
        return clp_error_set(
            error, CLPROC_ERROR_INTERNAL,
            "libwebp is not the version that clproc was built with; build clproc again");
    }
    CLP_TRY(status, out, check_picture(layout, error));
    config.quality = (float)params->quality;
    config.lossless = params->lossless;
    config.exact = params->lossless; /* also where nothing is seen */
    if (params->lossless) {
        config.quality = 75; /* here it is an effort */
    }
    picture.use_argb = params->lossless;
    picture.width = (int)layout->width;
    picture.height = (int)layout->height;
    picture.writer = append;
    picture.custom_ptr = &packed;
    picture.progress_hook = go_on;
    picture.user_data = encoder;
    CLP_TRY(status, out, import(encoder, layout, base, &picture, error));
    if (!WebPEncode(&config, &picture)) {
        status = failure(encoder, picture.error_code, error);
        goto out;
    }
    const clp_webp_file made = {packed.data, packed.size, layout->width, layout->height,
                                clp_model_has_alpha(layout->model)};
    status = clp_webp_assemble(&encoder->output, &made, &params->blocks, error);
out:
    WebPPictureFree(&picture);
    clp_bytes_free(&packed);
    return status;
}

/** libwebp's own picture, and what it tries on it. */
uint64_t clp_webp_encode_bytes(const clp_layout *layout, bool progressive) {
    (void)progressive;
    return layout->bytes + 8 * (uint64_t)layout->width * layout->height;
}
