#include "codec/jpeg_plain.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

const uint32_t clp_jpeg_zigzag[64] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

size_t clp_jpeg_copy_plain(const uint8_t *from, size_t size, uint8_t *to) {
    size_t at = 0;
#if defined(__SSE2__)
    const __m128i marker = _mm_set1_epi8((char)0xFF);
    for (; size - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(from + at));
        _mm_storeu_si128((__m128i *)(void *)(to + at), bytes);
        uint32_t found = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, marker));
        if (found) {
            return at + (size_t)__builtin_ctz(found);
        }
    }
#else
    for (; size - at >= 8; at += 8) {
        uint64_t bytes;
        memcpy(&bytes, from + at, sizeof bytes);
        memcpy(to + at, &bytes, sizeof bytes);
        /* A byte of ones has its upper bit, and becomes 0 when 1 is added to it. */
        uint64_t inverse = ~bytes;
        if ((inverse - 0x0101010101010101u) & ~inverse & 0x8080808080808080u) {
            break;
        }
    }
#endif
    while (at < size && from[at] != 0xFF) {
        to[at] = from[at];
        at++;
    }
    return at;
}
