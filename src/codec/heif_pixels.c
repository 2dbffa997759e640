/* The samples of a picture that libheif has decoded, in the layout that was asked for. */
#include <string.h>

#include "codec/heif_private.h"

/** A channel of a decoded picture. */
typedef struct samples {
    const uint8_t *data;
    int stride; /**< bytes */
    uint32_t bits;
} samples;

/** Samples of `bits` bits to 16, little-endian as libheif was asked for them. */
static void spread(const uint8_t *from, size_t count, uint32_t bits, uint16_t *to) {
    uint32_t maximum = (1u << bits) - 1;
    for (size_t i = 0; i < count; i++) {
        uint32_t value = (uint32_t)from[2 * i] | (uint32_t)from[2 * i + 1] << 8;
        value = value < maximum ? value : maximum;
        to[i] = (uint16_t)(((uint64_t)value * 65535 + maximum / 2) / maximum);
    }
}

/** Finds a channel's samples, which are what the header says or an error. */
static clproc_status find_samples(const struct heif_image *image, enum heif_channel channel,
                                  const clp_layout *layout, samples *found, clproc_error *error) {
    int bits = clp_libheif.image_get_bits_per_pixel_range(image, channel);
    found->bits = bits > 0 && bits <= 16 ? (uint32_t)bits : 0;
    found->data = clp_libheif.image_get_plane_readonly(image, channel, &found->stride);
    if (!found->data || clp_libheif.image_get_width(image, channel) != (int)layout->width ||
        clp_libheif.image_get_height(image, channel) != (int)layout->height ||
        (layout->depth == 8 ? found->bits != 8 : found->bits <= 8)) {
        return clp_error_set(
            error, CLPROC_ERROR_INPUT,
            "is not a picture that can be decoded: it is not what its header says");
    }
    return CLPROC_OK;
}

/** Every so many samples, of which black is `low` and white `high`, to every so many in a row. */
static void widen(const uint8_t *from, uint32_t from_step, uint32_t width, uint32_t low,
                  uint32_t high, uint32_t depth, uint8_t *to, uint32_t to_step) {
    const uint16_t *wide = (const uint16_t *)(const void *)from;
    const uint32_t most = depth == 16 ? 0xffff : 0xff, range = high - low;
    uint16_t *wide_to = (uint16_t *)(void *)to;
    for (size_t x = 0; x < width; x++) {
        uint32_t value = depth == 16 ? wide[x * from_step] : from[x * from_step];
        value = value < low ? 0 : value > high ? range : value - low;
        value = (uint32_t)(((uint64_t)value * most + range / 2) / range);
        if (depth == 16) {
            wide_to[x * to_step] = (uint16_t)value;
        } else {
            to[x * to_step] = (uint8_t)value;
        }
    }
}

/** Gray of the narrow range, and alpha, which has the whole one: as planes, or as the RGB that
 * libheif makes of tiles, which has the same levels. */
static clproc_status place_narrow(const struct heif_image *image, const clp_layout *layout,
                                  uint8_t *base, clproc_error *error) {
    const clp_plane *plane = &layout->planes[0];
    const uint32_t channels = plane->channels;
    const bool planar = clp_libheif.image_has_channel(image, heif_channel_Y);
    clproc_status status = CLPROC_OK;
    for (uint32_t c = 0; c < channels; c++) {
        bool alpha = clp_model_has_alpha(layout->model) && c + 1 == channels;
        samples from;
        CLP_TRY(status, out,
                find_samples(image,
                             !planar ? heif_channel_interleaved
                             : alpha ? heif_channel_Alpha
                                     : heif_channel_Y,
                             layout, &from, error));
        const uint32_t unit = 1u << (from.bits - 8);
        const uint32_t low = alpha ? 0 : 16 * unit, high = alpha ? 256 * unit - 1 : 235 * unit;
        const size_t place = (size_t)c * layout->depth / 8;
        for (uint32_t y = 0; y < plane->height; y++) {
            widen(from.data + (size_t)y * (size_t)from.stride + (planar ? 0 : place),
                  planar ? 1 : channels, plane->width, low, high, layout->depth,
                  base + y * plane->pitch + place, channels);
        }
    }
out:
    return status;
}

/** RGB, and alpha, as libheif made them. */
static clproc_status place_rgb(const struct heif_image *image, const clp_layout *layout,
                               uint8_t *base, clproc_error *error) {
    const clp_plane *plane = &layout->planes[0];
    size_t count = (size_t)plane->width * plane->channels;
    samples all;
    clproc_status status = find_samples(image, heif_channel_interleaved, layout, &all, error);
    for (uint32_t y = 0; status == CLPROC_OK && y < plane->height; y++) {
        const uint8_t *from = all.data + (size_t)y * (size_t)all.stride;
        uint8_t *row = base + y * plane->pitch;
        if (layout->depth == 8) {
            memcpy(row, from, count);
        } else {
            spread(from, count, all.bits, (uint16_t *)(void *)row);
        }
    }
    return status;
}

clproc_status clp_heif_place(const struct heif_image *image, const clp_layout *layout, bool narrow,
                             uint8_t *base, clproc_error *error) {
    return narrow ? place_narrow(image, layout, base, error)
                  : place_rgb(image, layout, base, error);
}
