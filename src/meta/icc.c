#include <stdio.h>
#include <string.h>

#include "meta/meta.h"

enum { HEADER = 128, TAG = 12 };

static uint32_t get32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t channels_of(const uint8_t *colour_space) {
    static const struct {
        char name[5];
        uint32_t channels;
    } known[] = {{"GRAY", 1}, {"RGB ", 3}, {"CMYK", 4}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (memcmp(colour_space, known[i].name, 4) == 0) {
            return known[i].channels;
        }
    }
    return 0;
}

/** What is wrong with the tag table; NULL if nothing is. */
static const char *tag_problem(const uint8_t *data, size_t length) {
    uint64_t count = get32(data + HEADER);
    if (count > (length - HEADER - 4) / TAG) {
        return "its table of tags ends early";
    }
    for (size_t i = 0; i < count; i++) {
        const uint8_t *tag = data + HEADER + 4 + i * TAG;
        uint64_t offset = get32(tag + 4), size = get32(tag + 8);
        if (offset + size > length) {
            return "a tag lies outside it";
        }
    }
    return NULL;
}

static const char *problem(const uint8_t *data, size_t size) {
    if (size < HEADER + 4) {
        return "it is too short";
    }
    if (memcmp(data + 36, "acsp", 4) != 0) {
        return "its signature is missing";
    }
    uint32_t length = get32(data);
    if (length < HEADER + 4 || length > size) {
        return "its length is wrong";
    }
    return tag_problem(data, length);
}

const char *clp_icc_kind(uint32_t channels) {
    return channels == 1 ? "gray" : channels == 3 ? "RGB" : channels == 4 ? "CMYK" : "other";
}

bool clp_icc_check(const uint8_t *data, size_t size, uint32_t *channels, char *reason,
                   size_t reason_size) {
    const char *found = problem(data, size);
    *channels = found ? 0 : channels_of(data + 16);
    if (reason_size) {
        snprintf(reason, reason_size, "%s", found ? found : "");
    }
    return !found;
}
