/** Decoding hostile pictures, and encoding what comes out. */
#ifndef FUZZ_PICTURE_H
#define FUZZ_PICTURE_H

#include "fuzz.h"

/** Decodes the open file into memory that was full of `fill`; NULL if it fails. */
static inline uint8_t *fuzz_decode(clp_decoder *decoder, const clp_layout *layout, int fill) {
    clp_decode_result result;
    clproc_error error;
    uint8_t *base = aligned_alloc(CLP_PITCH_ALIGN, layout->bytes);
    FUZZ_PROMISE(base);
    memset(base, fill, layout->bytes);
    if (fuzz_failed(clp_decoder_read(decoder, layout, base, &result, &error), &error)) {
        free(base);
        return NULL;
    }
    return base;
}

/** No sample may be what the memory held before. */
static inline void fuzz_compare(const clp_layout *layout, const uint8_t *a, const uint8_t *b) {
    for (uint32_t i = 0; i < layout->plane_count; i++) {
        const clp_plane *plane = &layout->planes[i];
        size_t row = (size_t)plane->width * plane->channels * (layout->depth / 8);
        for (uint32_t y = 0; y < plane->height; y++) {
            size_t start = plane->offset + y * plane->pitch;
            FUZZ_PROMISE(memcmp(a + start, b + start, row) == 0);
        }
    }
}

/** What was decoded can be encoded, and decoded again without a flaw. */
static inline void fuzz_encode(clp_decoder *decoder, const clp_layout *layout, uint8_t *base) {
    clp_encoder *encoder = NULL;
    clproc_error error;
    const uint8_t *file;
    size_t size;
    clp_header header;
    bool jpeg =
        layout->depth == 8 && (layout->model == CLP_MODEL_YCC || layout->model == CLP_MODEL_GRAY);
    const clp_encode_params params = {
        .format = jpeg ? CLPROC_FORMAT_JPEG : CLPROC_FORMAT_PNG, .quality = 50, .png_level = 1};
    uint32_t h_step[3], v_step[3];
    for (uint32_t i = 0; i < 3; i++) {
        h_step[i] = layout->planes[i].h_step;
        v_step[i] = layout->planes[i].v_step;
    }
    /* What the planner would not ask for. */
    if (layout->model == CLP_MODEL_CMYK ||
        (layout->model == CLP_MODEL_YCC && !clp_jpeg_sampling_possible(h_step, v_step))) {
        return;
    }
    FUZZ_PROMISE(clp_encoder_create(&encoder, &error) == CLPROC_OK);
    if (!fuzz_failed(clp_encoder_write(encoder, layout, base, &params, &file, &size, &error),
                     &error)) {
        FUZZ_PROMISE(clp_decoder_open(decoder, file, size, &fuzz_limits, CLPROC_FAIL_ON_WARNING,
                                      &header, &error) == CLPROC_OK);
        FUZZ_PROMISE(header.width == layout->width && header.height == layout->height);
    }
    clp_encoder_destroy(&encoder);
}

/** Everything a run does with the bytes of one file, but for the pipeline. */
static inline void fuzz_picture(const uint8_t *data, size_t size, clproc_format format) {
    static const uint32_t eighths[] = {8, 4, 2, 1};
    clproc_format found = CLPROC_FORMAT_KEEP;
    clp_decoder *decoder = NULL;
    clproc_error error;
    clp_header header;
    clp_layout layout;
    uint8_t *first = NULL, *second = NULL;
    /* The other format has a target of its own. */
    if (clp_codec_recognise(data, size, &found) && found != format) {
        return;
    }
    clproc_fail_on fail_on = size % 5 == 4 ? CLPROC_FAIL_ON_NONE : (clproc_fail_on)(size % 5);
    FUZZ_PROMISE(clp_decoder_create(&decoder, &error) == CLPROC_OK);
    if (fuzz_failed(clp_decoder_open(decoder, data, size, &fuzz_limits, fail_on, &header, &error),
                    &error)) {
        goto out;
    }
    clp_decode_request request = {header.model, 8};
    if (format == CLPROC_FORMAT_JPEG) {
        request.eighths = eighths[size / 5 % 4];
        if (header.model == CLP_MODEL_YCC && size % 3 == 1) {
            request.model = size % 2 ? CLP_MODEL_GRAY : CLP_MODEL_RGB;
        }
    }
    if (fuzz_failed(clp_decoder_layout(decoder, &request, &layout, &error), &error)) {
        goto out;
    }
    first = fuzz_decode(decoder, &layout, 0x00);
    FUZZ_PROMISE(clp_decoder_open(decoder, data, size, &fuzz_limits, fail_on, &header, &error) ==
                 CLPROC_OK);
    FUZZ_PROMISE(clp_decoder_layout(decoder, &request, &layout, &error) == CLPROC_OK);
    second = fuzz_decode(decoder, &layout, 0xa5);
    FUZZ_PROMISE(!first == !second);
    if (first) {
        /* Not of HEVC: libde265 1.0 decodes some damaged data by tables of its own that it has not
         * filled. That its planes are not old memory is tested by cli.heif. */
        if (found != CLPROC_FORMAT_HEIF) {
            fuzz_compare(&layout, first, second);
        }
        fuzz_encode(decoder, &layout, first);
    }
out:
    free(first);
    free(second);
    clp_decoder_destroy(&decoder);
}

#endif
