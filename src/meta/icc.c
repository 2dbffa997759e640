#include <stdio.h>
#include <string.h>

#include "meta/meta.h"
#include "meta/read.h"

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

/* ------------------------------------------------------------------- name */

/** How well a translation serves: as exiftool takes them. */
static int rank_of(const uint8_t *translation) {
    return memcmp(translation, "enUS", 4) == 0 ? 2 : memcmp(translation, "en", 2) == 0;
}

/** The translation of a tag of version 4 that is taken: English, or the first. Each is a record of
 * 12 bytes from byte 16 on: language, country, length and offset of its text. */
static const uint8_t *choose_translation(const uint8_t *tag, size_t size) {
    size_t count = get32(tag + 8), most = (size - 16) / 12;
    const uint8_t *chosen = tag + 16;
    for (size_t i = 1; i < count && i < most; i++) {
        const uint8_t *other = tag + 16 + 12 * i;
        chosen = rank_of(other) > rank_of(chosen) ? other : chosen;
    }
    return chosen;
}

/** The text of a tag: ASCII of version 2, or a translation of version 4. */
static void read_name(const uint8_t *tag, size_t size, char *name, size_t room) {
    if (size > 12 && memcmp(tag, "desc", 4) == 0) {
        size_t length = get32(tag + 8);
        length = length < size - 12 ? length : size - 12;
        snprintf(name, room, "%.*s", (int)(length < room ? length : room), (const char *)tag + 12);
    } else if (size >= 28 && memcmp(tag, "mluc", 4) == 0) {
        const uint8_t *chosen = choose_translation(tag, size);
        size_t length = get32(chosen + 4), offset = get32(chosen + 8);
        if (offset <= size && length <= size - offset) {
            clp_utf16_to_utf8(tag + offset, length, false, name, room);
        }
    }
}

void clp_icc_name(const uint8_t *data, size_t size, char *name, size_t room) {
    name[0] = '\0';
    if (size < HEADER + 4 || memcmp(data + 36, "acsp", 4) != 0) {
        return;
    }
    size_t count = get32(data + HEADER), most = (size - HEADER - 4) / TAG;
    for (size_t i = 0; i < count && i < most; i++) {
        const uint8_t *tag = data + HEADER + 4 + i * TAG;
        size_t offset = get32(tag + 4), length = get32(tag + 8);
        if (memcmp(tag, "desc", 4) == 0 && offset < size) {
            read_name(data + offset, length < size - offset ? length : size - offset, name, room);
            return;
        }
    }
}
