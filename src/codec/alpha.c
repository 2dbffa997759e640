/* Alpha that colours were multiplied by. */
#include "codec/codec_private.h"

void clp_codec_unpremultiply(const clp_plane *plane, uint32_t depth, uint8_t *base) {
    uint32_t colours = plane->channels - 1, most = depth == 16 ? 0xffff : 0xff;
    for (uint32_t y = 0; y < plane->height; y++) {
        uint8_t *row = base + y * plane->pitch;
        uint16_t *wide = (uint16_t *)(void *)row;
        for (size_t i = 0; i < (size_t)plane->width * plane->channels; i += plane->channels) {
            uint32_t opaque = depth == 16 ? wide[i + colours] : row[i + colours];
            for (size_t c = i; opaque > 0 && c < i + colours; c++) {
                uint32_t value = depth == 16 ? wide[c] : row[c];
                value = (uint32_t)(((uint64_t)value * most + opaque / 2) / opaque);
                value = value < most ? value : most;
                if (depth == 16) {
                    wide[c] = (uint16_t)value;
                } else {
                    row[c] = (uint8_t)value;
                }
            }
        }
    }
}
