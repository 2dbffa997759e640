/** UTF-8, as strictly as its readers take it. */
#ifndef CLP_CORE_UTF8_H
#define CLP_CORE_UTF8_H

#include <stddef.h>

/** Bytes of the character at `s`, of which `left` bytes are there, or SIZE_MAX where a NUL ends
 * them; 0 if it is none, also for overlong forms, surrogates and beyond U+10FFFF. */
static inline size_t clp_utf8_length(const unsigned char *s, size_t left) {
    if (s[0] < 0x80) {
        return 1;
    }
    size_t length = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || length > left) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
        (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F)) {
        return 0;
    }
    return length;
}

/** Bytes of a text that was cut at `size`, without a character that the cut has gone through. */
static inline size_t clp_utf8_whole(const unsigned char *text, size_t size) {
    for (size_t back = 1; back <= 3 && back <= size; back++) {
        unsigned char c = text[size - back];
        if ((c & 0xC0) != 0x80) {
            size_t length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
            return length > back ? size - back : size;
        }
    }
    return size;
}

#endif
