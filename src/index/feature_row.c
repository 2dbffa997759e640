/* Features as fields of a row. */
#include <math.h>
#include <string.h>

#include "index/row.h"

/** Numbers have six decimals: more would tell nothing. */
#define STEPS 1e6

static void put_histogram(clp_row *row, const clp_features *features) {
    char text[8 * CLP_FEATURE_BINS] = "";
    size_t used = 0;
    for (size_t i = 0; i < CLP_FEATURE_BINS; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%d", i ? " " : "",
                                 (int)floor(1000 * features->histogram[i] + 0.5));
    }
    clp_row_string(row, CLP_FIELD_LUMA_HISTOGRAM, CLP_RANK_EXIF, text);
}

static void put_colours(clp_row *row, const clp_features *features) {
    for (uint32_t i = 0; i < features->colour_count; i++) {
        const clp_dominant *colour = &features->colours[i];
        char text[32];
        int size = snprintf(text, sizeof text, "#%02x%02x%02x %d%%", colour->red, colour->green,
                            colour->blue, (int)floor(100 * colour->share + 0.5));
        clp_row_item(row, CLP_FIELD_DOMINANT_COLOURS, CLP_RANK_EXIF, text, (size_t)size);
    }
}

/** Base64, as thumbhashes are passed about. */
static void put_thumb(clp_row *row, const clp_features *features) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char text[4 * ((CLP_THUMBHASH_BYTES + 2) / 3) + 1];
    size_t used = 0;
    for (uint32_t i = 0; i < features->thumb_size; i += 3) {
        uint32_t left = features->thumb_size - i, bits = 0;
        for (uint32_t k = 0; k < 3; k++) {
            bits = bits << 8 | (k < left ? features->thumb[i + k] : 0);
        }
        for (uint32_t k = 0; k < 4; k++) {
            text[used++] = k <= left ? digits[bits >> (18 - 6 * k) & 63] : '=';
        }
    }
    clp_row_text(row, CLP_FIELD_THUMB_HASH, CLP_RANK_EXIF, text, used);
}

void clp_row_features(clp_row *row, const clp_features *features) {
    char hash[17];
    clp_row_integer(row, CLP_FIELD_FEATURES_VERSION, CLP_RANK_EXIF, CLP_FEATURES_VERSION);
    if (!features) {
        return;
    }
    /* Divided, a number is the double that its six decimals are read as, so that filters, models
     * and SQL see what stands in the text of an index. A product by 1e-6 may lie beside that. */
    for (size_t i = 0; i < CLP_FEATURE_COUNT; i++) {
        clp_row_number(row, (clp_field)(CLP_FIELD_SHARPNESS_WHOLE + i), CLP_RANK_EXIF,
                       floor(features->values[i] * STEPS + 0.5) / STEPS);
    }
    put_histogram(row, features);
    put_colours(row, features);
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)features->hash);
    clp_row_string(row, CLP_FIELD_PERCEPTUAL_HASH, CLP_RANK_EXIF, hash);
    put_thumb(row, features);
}
