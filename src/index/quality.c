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

/** The places of a file's order that the estimate looks at, as rows of 8. */
enum { THIRD = 5, LATE = 56 };

/** A step of libjpeg's table at a quality. */
static uint32_t scaled(uint8_t step, int quality) {
    int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    int value = (step * scale + 50) / 100;
    return (uint32_t)(value < 1 ? 1 : value > 255 ? 255 : value);
}

static void expect(int quality, bool colour, uint32_t *mark, uint32_t *sum) {
    *mark = scaled(luma[2], quality) + scaled(luma[53], quality);
    *sum = 0;
    for (int i = 0; i < 64; i++) {
        *sum += scaled(luma[i], quality) + (colour ? scaled(chroma[i], quality) : 0);
    }
    if (colour) {
        *mark += scaled(chroma[0], quality) + scaled(chroma[63], quality);
    }
}

int clp_index_quality(const uint16_t tables[][64], size_t count) {
    uint32_t mark, sum = 0, likely_mark, likely_sum;
    if (count == 0) {
        return 0;
    }
    for (size_t k = 0; k < count; k++) {
        for (int i = 0; i < 64; i++) {
            sum += tables[k][i];
        }
    }
    mark = tables[0][THIRD] + (uint32_t)tables[0][LATE];
    if (count > 1) {
        mark += tables[1][0] + (uint32_t)tables[1][63];
    }
    for (int quality = 1; quality <= 100; quality++) {
        expect(quality, count > 1, &likely_mark, &likely_sum);
        if (mark < likely_mark && sum < likely_sum) {
            continue;
        }
        return (mark <= likely_mark && sum <= likely_sum) || quality > 50 ? quality : 0;
    }
    return 0;
}
