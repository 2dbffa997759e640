#include "batch/cmyk.h"

static uint8_t dim(uint8_t light, uint8_t black) {
    return (uint8_t)((light * black + 127) / 255);
}

void clp_cmyk_to_rgb(const clp_layout *cmyk, const uint8_t *from, const clp_layout *rgb,
                     uint8_t *to) {
    for (uint32_t y = 0; y < rgb->height; y++) {
        const uint8_t *in = from + cmyk->planes[0].offset + y * cmyk->planes[0].pitch;
        uint8_t *out = to + rgb->planes[0].offset + y * rgb->planes[0].pitch;
        for (uint32_t x = 0; x < rgb->width; x++, in += 4, out += 3) {
            out[0] = dim(in[0], in[3]);
            out[1] = dim(in[1], in[3]);
            out[2] = dim(in[2], in[3]);
        }
    }
}
