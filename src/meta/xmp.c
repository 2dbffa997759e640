#include <ctype.h>
#include <string.h>

#include "meta/meta.h"

/* An XMP packet is RDF in XML. A property is either an attribute, exif:GPSLatitude="…", or an
 * element, <exif:GPSLatitude>…</exif:GPSLatitude>. What is taken out becomes spaces: the packet
 * keeps its length, and white space is allowed in both places. */

/** A packet being edited, and the position in it. */
typedef struct cursor {
    char *text;
    size_t size;
    size_t at;
} cursor;

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name(char c) {
    return isalnum((unsigned char)c) || c == ':' || c == '_' || c == '-' || c == '.' ||
           (unsigned char)c >= 0x80;
}

static bool looking_at(const cursor *packet, size_t at, const char *word, size_t length) {
    return length <= packet->size - at && memcmp(packet->text + at, word, length) == 0;
}

static size_t skip_name(const cursor *packet, size_t at) {
    while (at < packet->size && is_name(packet->text[at])) {
        at++;
    }
    return at;
}

static size_t skip_space(const cursor *packet, size_t at) {
    while (at < packet->size && is_space(packet->text[at])) {
        at++;
    }
    return at;
}

/** The value of an attribute whose name ends at `at`, without the quotes. False if there is none.
 */
static bool attribute_value(const cursor *packet, size_t at, size_t *first, size_t *last) {
    at = skip_space(packet, at);
    if (at >= packet->size || packet->text[at] != '=') {
        return false;
    }
    at = skip_space(packet, at + 1);
    if (at >= packet->size || (packet->text[at] != '"' && packet->text[at] != '\'')) {
        return false;
    }
    const char *end = memchr(packet->text + at + 1, packet->text[at], packet->size - at - 1);
    if (!end) {
        return false;
    }
    *first = at + 1;
    *last = (size_t)(end - packet->text);
    return true;
}

/** The end of a tag, behind its '>'; `*empty` if it is a whole element, <…/>. 0 if there is none.
 */
static size_t tag_end(const cursor *packet, size_t at, bool *empty) {
    char quote = 0;
    for (; at < packet->size; at++) {
        char c = packet->text[at];
        if (quote) {
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            *empty = packet->text[at - 1] == '/';
            return at + 1;
        }
    }
    return 0;
}

/** The content of the element whose name stands from `name` to `name_end`, and its end. */
static bool element_extent(const cursor *packet, size_t name, size_t name_end, size_t *first,
                           size_t *last, size_t *end) {
    bool empty = false;
    size_t length = name_end - name;
    *first = *last = *end = tag_end(packet, name_end, &empty);
    if (*end == 0 || empty) {
        return *end != 0;
    }
    for (size_t at = *first; at + 2 + length < packet->size; at++) {
        if (packet->text[at] == '<' && packet->text[at + 1] == '/' &&
            memcmp(packet->text + at + 2, packet->text + name, length) == 0 &&
            !is_name(packet->text[at + 2 + length])) {
            *last = at;
            *end = tag_end(packet, at + 2 + length, &empty);
            return *end != 0;
        }
    }
    return false;
}

/** Steps to the next property whose name begins with `prefix`. `[*first, *last)` is its value,
 * `[*start, *end)` all of it. False at the end of the packet; `*broken` if it makes no sense. */
static bool next_property(cursor *packet, const char *prefix, size_t *start, size_t *first,
                          size_t *last, size_t *end, bool *broken) {
    size_t length = strlen(prefix);
    *broken = false;
    for (size_t at = packet->at; at > 0 && at < packet->size; at++) {
        char before = packet->text[at - 1];
        if ((before != '<' && !is_space(before)) || !looking_at(packet, at, prefix, length)) {
            continue;
        }
        size_t name_end = skip_name(packet, at);
        if (before == '<') {
            *start = at - 1;
            *broken = !element_extent(packet, at, name_end, first, last, end);
        } else if (attribute_value(packet, name_end, first, last)) {
            *start = at;
            *end = *last + 1;
        } else {
            continue; /* a word in some text */
        }
        packet->at = *broken ? packet->size : *end;
        return true;
    }
    return false;
}

static bool blank_gps(cursor *packet) {
    size_t start, first, last, end;
    bool broken;
    packet->at = 1;
    while (next_property(packet, "exif:GPS", &start, &first, &last, &end, &broken)) {
        if (broken) {
            return false;
        }
        memset(packet->text + start, ' ', end - start);
    }
    return true;
}

static bool reset_orientation(cursor *packet) {
    size_t start, first, last, end;
    bool broken;
    packet->at = 1;
    while (next_property(packet, "tiff:Orientation", &start, &first, &last, &end, &broken)) {
        if (broken) {
            return false;
        }
        if (last > first) {
            memset(packet->text + first, ' ', last - first);
            packet->text[first] = '1';
        }
    }
    return true;
}

clproc_status clp_xmp_edit_copy(const uint8_t *data, size_t size, bool strip_gps,
                                bool reset_orientation_too, clp_bytes *out, clproc_error *error) {
    clproc_status status;
    out->size = 0;
    CLP_TRY(status, out, clp_bytes_append(out, data, size, error));
    cursor packet = {.text = (char *)out->data, .size = out->size};
    /* UTF-16 has NULs; neither JPEG nor PNG allow it. */
    if (size && memchr(data, 0, size)) {
        status = clp_error_set(error, CLPROC_ERROR_INPUT,
                               "the XMP packet is not UTF-8; leave it out with --strip xmp");
    } else if ((strip_gps && !blank_gps(&packet)) ||
               (reset_orientation_too && !reset_orientation(&packet))) {
        status = clp_error_set(error, CLPROC_ERROR_INPUT,
                               "the XMP packet is not well-formed; leave it out with --strip xmp");
    }
out:
    return status;
}
