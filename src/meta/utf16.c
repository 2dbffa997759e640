#include "meta/read.h"

static uint32_t unit(const uint8_t *p, bool little) {
    return little ? (uint32_t)(p[0] | p[1] << 8) : (uint32_t)(p[1] | p[0] << 8);
}

/** Writes one character; returns its bytes. */
static size_t put(uint32_t code, char *to) {
    size_t more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t marks[] = {0, 0xC0, 0xE0, 0xF0};
    to[0] = (char)(marks[more] | code >> (6 * more));
    for (size_t i = 1; i <= more; i++) {
        to[i] = (char)(0x80 | (code >> (6 * (more - i)) & 0x3F));
    }
    return more + 1;
}

size_t clp_utf16_to_utf8(const uint8_t *from, size_t bytes, bool little, char *to, size_t room) {
    size_t used = 0;
    for (size_t at = 0; at + 1 < bytes && used + 5 <= room; at += 2) {
        uint32_t code = unit(from + at, little);
        if (code == 0) {
            break;
        }
        if (code >= 0xD800 && code < 0xDC00 && at + 3 < bytes) {
            uint32_t low = unit(from + at + 2, little);
            if (low >= 0xDC00 && low < 0xE000) {
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                at += 2;
            }
        }
        if (code >= 0xD800 && code < 0xE000) {
            code = 0xFFFD; /* half a pair */
        }
        used += put(code, to + used);
    }
    if (room > 0) {
        to[used] = '\0';
    }
    return used;
}
