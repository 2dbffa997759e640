#include "codec/jpeg_drawn.h"

#include "core/memory.h"

enum { WIDTH = 200, HEIGHT = 136 };

static uint8_t sample(uint32_t *seed, uint32_t x, uint32_t y, bool extremes) {
    *seed = *seed * 1664525u + 1013904223u;
    uint32_t random = *seed >> 24;
    /* Here and there calm, so that runs of zeros come in all lengths. */
    return extremes && (x / 16 + y / 16) % 2 ? (random & 1 ? 255 : 0)
           : (x / 16 + y / 16) % 3 == 0      ? (uint8_t)(4 * x + y + random / 32)
                                             : (uint8_t)random;
}

/** An original: its layout and samples. */
static clproc_status draw(const clp_jpeg_drawn *drawn, clp_layout *layout, uint8_t **base,
                          clproc_error *error) {
    uint32_t seed = drawn->step + (uint32_t)drawn->quality;
    *layout = (clp_layout){.model = drawn->step ? CLP_MODEL_YCC : CLP_MODEL_GRAY,
                           .depth = 8,
                           .width = WIDTH,
                           .height = HEIGHT,
                           .plane_count = drawn->step ? 3 : 1};
    for (uint32_t i = 0; i < 3; i++) {
        layout->planes[i].h_step = layout->planes[i].v_step = i && drawn->step ? drawn->step : 1;
    }
    *base = clp_layout_place(layout) ? clp_memory_zero(CLP_MEMORY_CODEC, 1, layout->bytes) : NULL;
    if (!*base) {
        return clp_error_memory(error, "a JPEG to try", layout->bytes);
    }
    for (uint32_t i = 0; i < layout->plane_count; i++) {
        const clp_plane *plane = &layout->planes[i];
        for (uint32_t y = 0; y < plane->height; y++) {
            for (uint32_t x = 0; x < plane->width; x++) {
                (*base)[plane->offset + y * plane->pitch + x] =
                    sample(&seed, x, y, drawn->extremes);
            }
        }
    }
    return CLPROC_OK;
}

clproc_status clp_jpeg_drawn_encode(const clp_jpeg_drawn *drawn, clp_encoder *encoder,
                                    const uint8_t **file, size_t *size, clproc_error *error) {
    const clp_encode_params params = {.format = CLPROC_FORMAT_JPEG, .quality = drawn->quality};
    clp_layout layout;
    uint8_t *base = NULL;
    clproc_status status;
    CLP_TRY(status, out, draw(drawn, &layout, &base, error));
    status = clp_encoder_write(encoder, &layout, base, &params, file, size, error);
out:
    clp_memory_free(base);
    return status;
}

clproc_status clp_jpeg_drawn_decode(clp_decoder *decoder, const uint8_t *file, size_t size,
                                    uint32_t eighths, clp_layout *layout, uint8_t **planes,
                                    clproc_error *error) {
    static const clp_limits none = {0};
    clp_header header;
    clp_decode_result result;
    clproc_status status;
    CLP_TRY(status, out,
            clp_decoder_open(decoder, file, size, &none, CLPROC_FAIL_ON_WARNING, &header, error));
    clp_decode_request request = {header.model, eighths};
    CLP_TRY(status, out, clp_decoder_layout(decoder, &request, layout, error));
    *planes = clp_memory_zero(CLP_MEMORY_CODEC, 1, layout->bytes);
    if (!*planes) {
        return clp_error_memory(error, "a JPEG to try", layout->bytes);
    }
    status = clp_decoder_read(decoder, layout, *planes, &result, error);
out:
    return status;
}
