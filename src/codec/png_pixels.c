/* Rows of a PNG made pixels: few bits, palettes, transparent colours, interlaced passes. */
#include <string.h>

#include "codec/png_private.h"

static void fill_palette(clp_png_pixels *kind, const struct spng_plte *plte,
                         const struct spng_trns *trns) {
    /* An index beyond the palette is opaque black. */
    memset(kind->palette, 0, sizeof kind->palette);
    for (uint32_t i = 0; i < 256; i++) {
        bool transparent = kind->keyed && i < trns->n_type3_entries;
        kind->palette[i][3] = transparent ? trns->type3_alpha[i] : 255;
    }
    for (uint32_t i = 0; i < plte->n_entries; i++) {
        kind->palette[i][0] = plte->entries[i].red;
        kind->palette[i][1] = plte->entries[i].green;
        kind->palette[i][2] = plte->entries[i].blue;
    }
}

void clp_png_pixels_init(clp_png_pixels *kind, spng_ctx *context, const struct spng_ihdr *ihdr) {
    struct spng_trns trns;
    struct spng_plte plte;
    uint16_t mask = (uint16_t)((1u << ihdr->bit_depth) - 1);
    kind->colour_type = ihdr->color_type;
    kind->depth = ihdr->bit_depth;
    kind->keyed = spng_get_trns(context, &trns) == 0;
    if (kind->colour_type == SPNG_COLOR_TYPE_GRAYSCALE && kind->keyed) {
        kind->key[0] = trns.gray & mask;
    } else if (kind->colour_type == SPNG_COLOR_TYPE_TRUECOLOR && kind->keyed) {
        kind->key[0] = trns.red & mask;
        kind->key[1] = trns.green & mask;
        kind->key[2] = trns.blue & mask;
    } else if (kind->colour_type == SPNG_COLOR_TYPE_INDEXED && spng_get_plte(context, &plte) == 0) {
        fill_palette(kind, &plte, &trns);
    }
}

static uint32_t sample_at(const uint8_t *packed, size_t index, uint32_t depth) {
    size_t bit = index * depth;
    return (uint32_t)packed[bit / 8] >> (8 - depth - bit % 8) & ((1u << depth) - 1);
}

static void expand_palette(const clp_png_pixels *kind, const uint8_t *packed, uint32_t width,
                           uint8_t *out) {
    uint32_t channels = kind->keyed ? 4 : 3;
    for (uint32_t x = 0; x < width; x++, out += channels) {
        memcpy(out, kind->palette[sample_at(packed, x, kind->depth)], channels);
    }
}

static void expand_gray(const clp_png_pixels *kind, const uint8_t *packed, uint32_t width,
                        uint8_t *out) {
    uint32_t depth = kind->depth, scale = 255 / ((1u << depth) - 1);
    for (uint32_t x = 0; x < width; x++) {
        uint32_t sample = sample_at(packed, x, depth);
        *out++ = (uint8_t)(sample * scale);
        if (kind->keyed) {
            *out++ = sample == kind->key[0] ? 0 : 255;
        }
    }
}

/** Adds alpha to gray or RGB of 8 bits; the next function does it for 16. */
static void add_alpha_8(const clp_png_pixels *kind, const uint8_t *in, uint32_t width,
                        uint32_t channels, uint8_t *out) {
    for (uint32_t x = 0; x < width; x++) {
        bool match = true;
        for (uint32_t c = 0; c < channels; c++) {
            match &= *in == kind->key[c];
            *out++ = *in++;
        }
        *out++ = match ? 0 : 255;
    }
}

static void add_alpha_16(const clp_png_pixels *kind, const uint16_t *in, uint32_t width,
                         uint32_t channels, uint16_t *out) {
    for (uint32_t x = 0; x < width; x++) {
        bool match = true;
        for (uint32_t c = 0; c < channels; c++) {
            match &= *in == kind->key[c];
            *out++ = *in++;
        }
        *out++ = match ? 0 : 65535;
    }
}

bool clp_png_is_packed(const clp_png_pixels *kind) {
    return kind->keyed || kind->colour_type == SPNG_COLOR_TYPE_INDEXED || kind->depth < 8;
}

void clp_png_unpack(const clp_png_pixels *kind, const uint8_t *packed, uint32_t width,
                    uint8_t *out) {
    uint32_t channels = kind->colour_type == SPNG_COLOR_TYPE_TRUECOLOR ? 3 : 1;
    if (kind->colour_type == SPNG_COLOR_TYPE_INDEXED) {
        expand_palette(kind, packed, width, out);
    } else if (kind->depth == 16) {
        add_alpha_16(kind, (const uint16_t *)(const void *)packed, width, channels,
                     (uint16_t *)(void *)out);
    } else if (channels == 3) {
        add_alpha_8(kind, packed, width, channels, out);
    } else {
        expand_gray(kind, packed, width, out);
    }
}

void clp_png_spread(const uint8_t *pixels, int pass, uint32_t width, size_t pixel, uint8_t *row) {
    static const uint8_t first[] = {0, 4, 0, 2, 0, 1, 0}, step[] = {8, 8, 4, 4, 2, 2, 1};
    for (uint32_t x = first[pass]; x < width; x += step[pass], pixels += pixel) {
        memcpy(row + x * pixel, pixels, pixel);
    }
}

uint32_t clp_png_pass_width(uint32_t width, int pass) {
    static const uint8_t round[] = {7, 3, 3, 1, 1, 0, 0}, shift[] = {3, 3, 2, 2, 1, 1, 0};
    return (width + round[pass]) >> shift[pass];
}
