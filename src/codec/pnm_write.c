/* PGM, PPM and PAM, made where the picture lies if its rows leave room. */
#include <stdio.h>
#include <string.h>

#include "codec/pnm_private.h"
#include "core/cancel.h"

static clproc_status write_header(clp_encoder *encoder, const clp_layout *layout, bool pam,
                                  uint32_t channels, clproc_error *error) {
    static const char *const kinds[] = {"GRAYSCALE", "GRAYSCALE_ALPHA", "RGB", "RGB_ALPHA"};
    unsigned maximum = layout->depth == 16 ? 65535 : 255;
    char head[160];
    int size = pam ? snprintf(head, sizeof head,
                              "P7\nWIDTH %u\nHEIGHT %u\nDEPTH %u\nMAXVAL %u\nTUPLTYPE %s\nENDHDR\n",
                              layout->width, layout->height, channels, maximum, kinds[channels - 1])
                   : snprintf(head, sizeof head, "P%c\n%u %u\n%u\n", channels == 1 ? '5' : '6',
                              layout->width, layout->height, maximum);
    return clp_bytes_append(&encoder->output, head, (size_t)size, error);
}

/** Copies a sample, the higher byte first, as often as it is wanted. */
static uint8_t *put(uint8_t *to, const uint8_t *from, bool wide, uint32_t times) {
    for (uint32_t i = 0; i < times; i++) {
        uint16_t value = *from;
        if (wide) {
            memcpy(&value, from, sizeof value);
            *to++ = (uint8_t)(value >> 8);
        }
        *to++ = (uint8_t)value;
    }
    return to;
}

static clproc_status write_copy(clp_encoder *encoder, const clp_plane *plane, const uint8_t *base,
                                size_t row, bool wide, uint32_t times, clproc_error *error) {
    clp_bytes *output = &encoder->output;
    clproc_status status;
    CLP_TRY(status, out, clp_bytes_reserve(output, output->size + row * plane->height, error));
    for (uint32_t y = 0; y < plane->height; y++) {
        const uint8_t *from = base + plane->offset + y * plane->pitch;
        uint8_t *to = output->data + output->size;
        CLP_TRY(status, out, clp_cancel_check(encoder->cancel, error));
        for (size_t x = 0; x < (size_t)plane->width * plane->channels; x++) {
            to = put(to, from + x * (wide ? 2 : 1), wide, times);
        }
        output->size += row;
    }
out:
    return status;
}

/** Makes the file of the picture itself: what stands between its rows leaves room for the header,
 * and then rows move up to close the gaps. */
static clproc_status write_in_place(clp_encoder *encoder, const clp_layout *layout, uint8_t *base,
                                    size_t row, clproc_error *error) {
    const clp_plane *plane = &layout->planes[0];
    const size_t head = encoder->output.size;
    uint8_t *file = base + plane->offset;
    clproc_status status = CLPROC_OK;
    for (uint32_t y = 0; y < plane->height; y++) {
        uint8_t *from = file + y * plane->pitch;
        CLP_TRY(status, out, clp_cancel_check(encoder->cancel, error));
        for (size_t i = 0; layout->depth == 16 && i < row; i += 2) {
            put(from + i, from + i, true, 1);
        }
        memmove(file + head + y * row, from, row);
    }
    memcpy(file, encoder->output.data, head);
    encoder->made = (clp_block){file, head + plane->height * row};
out:
    return status;
}

clproc_status clp_pnm_write(clp_encoder *encoder, const clp_layout *layout, uint8_t *base,
                            const clp_encode_params *params, clproc_error *error) {
    const clp_plane *plane = &layout->planes[0];
    bool pam = params->format == CLPROC_FORMAT_PAM, wide = layout->depth == 16;
    /* Gray becomes colour where the format has nothing else. */
    uint32_t times = params->format == CLPROC_FORMAT_PPM && plane->channels == 1 ? 3 : 1;
    uint32_t channels = plane->channels * times;
    size_t row = (size_t)plane->width * channels * (wide ? 2 : 1);
    clproc_status status;
    if (params->format == CLPROC_FORMAT_PGM && channels > 1) {
        return clp_error_set(
            error, CLPROC_ERROR_UNSUPPORTED,
            "is in colour, and a PGM holds gray alone; add --gray, or write a PPM");
    }
    if (layout->model == CLP_MODEL_YCC || layout->model == CLP_MODEL_CMYK ||
        (!pam && clp_model_has_alpha(layout->model))) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "%s cannot be put in this format",
                             clp_model_name(layout->model));
    }
    CLP_TRY(status, out, write_header(encoder, layout, pam, channels, error));
    status = times == 1 && plane->pitch - row >= encoder->output.size
                 ? write_in_place(encoder, layout, base, row, error)
                 : write_copy(encoder, plane, base, row, wide, times, error);
out:
    return status;
}

uint64_t clp_pnm_encode_bytes(const clp_layout *layout, bool progressive) {
    (void)progressive;
    return 4096 + (uint64_t)layout->width * layout->height * 4 * (layout->depth / 8);
}
