/* A PGM or PPM begins with "P5" or "P6", width, height and maximum, between which stand white space
 * and comments, and one byte of white space; a PAM with "P7" and lines up to ENDHDR. */
#include <string.h>

#include "codec/pnm_private.h"

/** A header that is longer is none. */
enum { MOST_HEADER = 1 << 16, MOST_NUMBER = 0x7fffffff };

typedef struct scanner {
    const uint8_t *bytes;
    size_t size, at;
} scanner;

static bool is_space(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool clp_pnm_probe(const uint8_t *bytes, size_t size, clproc_format *format) {
    if (size < 3 || bytes[0] != 'P' || bytes[1] < '5' || bytes[1] > '7' ||
        !(is_space(bytes[2]) || (bytes[2] == '#' && bytes[1] != '7'))) {
        return false;
    }
    if (format) {
        *format = bytes[1] == '5'   ? CLPROC_FORMAT_PGM
                  : bytes[1] == '6' ? CLPROC_FORMAT_PPM
                                    : CLPROC_FORMAT_PAM;
    }
    return true;
}

/** Steps over white space and comments. */
static void skip(scanner *header) {
    bool comment = false;
    for (; header->at < header->size; header->at++) {
        uint8_t c = header->bytes[header->at];
        comment = comment ? c != '\n' && c != '\r' : c == '#';
        if (!comment && !is_space(c)) {
            return;
        }
    }
}

/** Reads a number with what stands before it; false where there is none, or one too large. */
static bool take_number(scanner *header, uint32_t *number) {
    uint64_t value = 0;
    skip(header);
    size_t start = header->at;
    for (; header->at < header->size; header->at++) {
        uint8_t c = header->bytes[header->at];
        if (c < '0' || c > '9') {
            break;
        }
        value = value * 10 + c - '0';
        if (value > MOST_NUMBER) {
            return false;
        }
    }
    *number = (uint32_t)value;
    return header->at > start;
}

static bool read_plain(scanner *header, clp_pnm_header *found) {
    found->channels = found->format == CLPROC_FORMAT_PGM ? 1 : 3;
    if (!take_number(header, &found->width) || !take_number(header, &found->height) ||
        !take_number(header, &found->maximum) || header->at == header->size ||
        !is_space(header->bytes[header->at])) {
        return false;
    }
    header->at++;
    return true;
}

/** Takes a word of letters and underlines. */
static size_t take_word(scanner *header, const char **word) {
    size_t start = header->at;
    while (header->at < header->size && !is_space(header->bytes[header->at])) {
        header->at++;
    }
    *word = (const char *)header->bytes + start;
    return header->at - start;
}

static bool is(const char *word, size_t length, const char *text) {
    return length == strlen(text) && memcmp(word, text, length) == 0;
}

static void skip_line(scanner *header) {
    while (header->at < header->size && header->bytes[header->at] != '\n') {
        header->at++;
    }
}

/** Takes what a tuple is. Its number of channels tells as much, but for inks: CMYK, and with alpha
 * CMYK_ALPHA. */
static void take_kind(scanner *header, clp_pnm_header *found) {
    const char *word;
    while (header->at < header->size &&
           (header->bytes[header->at] == ' ' || header->bytes[header->at] == '\t')) {
        header->at++;
    }
    size_t length = take_word(header, &word);
    found->inks |= length >= 4 && memcmp(word, "CMYK", 4) == 0;
    skip_line(header);
}

/** The rest of a PAM's lines. */
static bool read_lines(scanner *header, clp_pnm_header *found) {
    const char *word;
    for (;;) {
        skip(header);
        size_t length = take_word(header, &word);
        bool sound = true;
        if (is(word, length, "ENDHDR")) {
            break;
        }
        if (is(word, length, "WIDTH")) {
            sound = take_number(header, &found->width);
        } else if (is(word, length, "HEIGHT")) {
            sound = take_number(header, &found->height);
        } else if (is(word, length, "DEPTH")) {
            sound = take_number(header, &found->channels);
        } else if (is(word, length, "MAXVAL")) {
            sound = take_number(header, &found->maximum);
        } else if (is(word, length, "TUPLTYPE")) {
            take_kind(header, found);
        } else {
            sound = false;
        }
        if (!sound) {
            return false;
        }
    }
    return header->at < header->size && header->bytes[header->at++] == '\n';
}

clp_pnm_answer clp_pnm_read_header(const uint8_t *bytes, size_t size, clp_pnm_header *header,
                                   const char **cause) {
    scanner from = {.bytes = bytes, .size = size < MOST_HEADER ? size : MOST_HEADER, .at = 2};
    *header = (clp_pnm_header){0};
    *cause = "its header makes no sense";
    if (!clp_pnm_probe(bytes, size, &header->format)) {
        return CLP_PNM_BROKEN;
    }
    bool read =
        header->format == CLPROC_FORMAT_PAM ? read_lines(&from, header) : read_plain(&from, header);
    if (!read) {
        if (from.at == from.size && size < MOST_HEADER) {
            *cause = "it ends within its header";
            return CLP_PNM_MORE;
        }
        return CLP_PNM_BROKEN;
    }
    if (header->width == 0 || header->height == 0) {
        *cause = "it has no pixels";
        return CLP_PNM_BROKEN;
    }
    if (header->maximum == 0 || header->maximum > 65535) {
        *cause = "its maximum is none from 1 to 65535";
        return CLP_PNM_BROKEN;
    }
    if (header->channels == 0 || header->channels > 4) {
        *cause = "it has none from 1 to 4 channels";
        return CLP_PNM_BROKEN;
    }
    header->size = from.at;
    header->row = (uint64_t)header->width * header->channels * (header->maximum > 255 ? 2 : 1);
    return CLP_PNM_SOUND;
}

uint64_t clp_pnm_end(const clp_pnm_header *header, uint64_t size) {
    uint64_t rows = (size - header->size) / header->row;
    return rows >= header->height ? header->size + header->row * header->height : size;
}
