/* ImageMagick's estimate of a JPEG's quality, which exiftool has, too: the sum of all steps and
 * four of them are compared with those of libjpeg's tables at every quality. */
#include "index/meta.h"

static const uint8_t luma[64] = {16,  11,  10,  16,  24, 40, 51,  61,  12,  12,  14,  19,  26,
                                 58,  60,  55,  14,  13, 16, 24,  40,  57,  69,  56,  14,  17,
                                 22,  29,  51,  87,  80, 62, 18,  22,  37,  56,  68,  109, 103,
                                 77,  24,  35,  55,  64, 81, 104, 113, 92,  49,  64,  78,  87,
                                 103, 121, 120, 101, 72, 92, 95,  98,  112, 100, 103, 99};
static const uint8_t chroma[64] = {17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
                                   24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
                                   99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
                                   99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

/** Where in the order of a file the third step and the fifty-fourth of a table's rows stand. */
enum { THIRD = 5, LATE = 56 };

/** A step of libjpeg's table at a quality. */
static uint32_t scaled(uint8_t step, int quality) {
    int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    int value = (step * scale + 50) / 100;
    return (uint32_t)(value < 1 ? 1 : value > 255 ? 255 : value);
}

void clp_quality_scale_make(clp_quality_scale *scale) {
    for (int quality = 1; quality <= 100; quality++) {
        clp_quality_mark *gray = &scale->gray[quality], *colour = &scale->colour[quality];
        gray->steps = scaled(luma[2], quality) + scaled(luma[53], quality);
        colour->steps = gray->steps + scaled(chroma[0], quality) + scaled(chroma[63], quality);
        gray->sum = colour->sum = 0;
        for (int i = 0; i < 64; i++) {
            gray->sum += scaled(luma[i], quality);
            colour->sum += scaled(luma[i], quality) + scaled(chroma[i], quality);
        }
    }
}

int clp_index_quality(const clp_quality_scale *scale, const uint16_t tables[][64], size_t count) {
    const clp_quality_mark *marks = count > 1 ? scale->colour : scale->gray;
    uint32_t steps, sum = 0;
    if (count == 0) {
        return 0;
    }
    for (size_t k = 0; k < count; k++) {
        for (int i = 0; i < 64; i++) {
            sum += tables[k][i];
        }
    }
    steps = tables[0][THIRD] + (uint32_t)tables[0][LATE];
    if (count > 1) {
        steps += tables[1][0] + (uint32_t)tables[1][63];
    }
    for (int quality = 1; quality <= 100; quality++) {
        const clp_quality_mark *mark = &marks[quality];
        if (steps < mark->steps && sum < mark->sum) {
            continue;
        }
        return (steps <= mark->steps && sum <= mark->sum) || quality > 50 ? quality : 0;
    }
    return 0;
}
