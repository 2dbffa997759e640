#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "meta/meta.h"
#include "meta/read.h"

/* An XMP packet is RDF in XML. A property is either an attribute, exif:GPSLatitude="…", or an
 * element, <exif:GPSLatitude>…</exif:GPSLatitude>. What is taken out becomes spaces: the packet
 * keeps its length, and white space is allowed in both places. */

enum { MOST_ALIASES = 64, PREFIX_ROOM = 64, NAME_ROOM = 96 };

/** Another name that the packet has for a schema that is known: programs may choose any. */
typedef struct alias {
    /** Not terminated; of no size for names without a prefix. A copy: where it is declared may be
     * taken out. */
    char said[PREFIX_ROOM];
    size_t size;
    const char *meant;
} alias;

/** A packet being edited, and the position in it. */
typedef struct cursor {
    char *text;
    size_t size;
    size_t at;
    alias aliases[MOST_ALIASES];
    size_t alias_count;
} cursor;

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name(char c) {
    return isalnum((unsigned char)c) || c == ':' || c == '_' || c == '-' || c == '.' ||
           (unsigned char)c >= 0x80;
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

/** A property of a packet: `[first, last)` is its value, `[start, end)` all of it. */
typedef struct property {
    const char *name; /**< not terminated */
    size_t length;
    size_t start, first, last, end;
} property;

typedef bool (*name_test)(const char *name, size_t length);

/** Whether a name passes the test, as it stands or by the schema that its prefix is declared for,
 * wherever that is. */
static bool passes(const cursor *packet, name_test wanted, const char *name, size_t length) {
    const char *colon = memchr(name, ':', length);
    size_t prefix = colon ? (size_t)(colon - name) : 0, local = prefix + (colon != NULL);
    bool passed = wanted(name, length);
    for (size_t i = 0; !passed && i < packet->alias_count; i++) {
        const alias *one = &packet->aliases[i];
        char usual[NAME_ROOM];
        if (one->size == prefix && memcmp(one->said, name, prefix) == 0) {
            int size = snprintf(usual, sizeof usual, "%s:%.*s", one->meant, (int)(length - local),
                                name + local);
            passed = size > 0 && size < NAME_ROOM && wanted(usual, (size_t)size);
        }
    }
    return passed;
}

/** Steps to the next property whose name passes the test. False at the end of the packet; `*broken`
 * if it makes no sense. */
static bool next_property(cursor *packet, name_test wanted, property *found, bool *broken) {
    *broken = false;
    for (size_t at = packet->at; at > 0 && at < packet->size; at++) {
        char before = packet->text[at - 1];
        if (before != '<' && !is_space(before)) {
            continue;
        }
        size_t name_end = skip_name(packet, at);
        if (!passes(packet, wanted, packet->text + at, name_end - at)) {
            continue;
        }
        *found = (property){.name = packet->text + at, .length = name_end - at};
        if (before == '<') {
            found->start = at - 1;
            *broken =
                !element_extent(packet, at, name_end, &found->first, &found->last, &found->end);
        } else if (attribute_value(packet, name_end, &found->first, &found->last)) {
            found->start = at;
            found->end = found->last + 1;
        } else {
            continue; /* a word in some text */
        }
        packet->at = *broken ? packet->size : found->end;
        return true;
    }
    return false;
}

static bool is_one_of(const char *const *names, const char *name, size_t length) {
    for (; *names; names++) {
        if (strlen(*names) == length && memcmp(*names, name, length) == 0) {
            return true;
        }
    }
    return false;
}

/** True if the name contains the word, in whatever case. */
static bool contains(const char *name, size_t length, const char *word) {
    size_t size = strlen(word);
    for (size_t at = 0; at + size <= length; at++) {
        if (strncasecmp(name + at, word, size) == 0) {
            return true;
        }
    }
    return false;
}

/** GPS positions by whatever schema, and the places that IPTC knows. */
static bool is_place(const char *name, size_t length) {
    static const char *const positions[] = {"latitude", "longitude", "longtitude",
                                            "altitude", "location",  "geotag"};
    static const char *const places[] = {"photoshop:City",
                                         "photoshop:State",
                                         "photoshop:Country",
                                         "Iptc4xmpCore:CountryCode",
                                         "Iptc4xmpExt:City",
                                         "Iptc4xmpExt:ProvinceState",
                                         "Iptc4xmpExt:CountryName",
                                         "Iptc4xmpExt:CountryCode",
                                         "Iptc4xmpExt:WorldRegion",
                                         "geo:lat",
                                         "geo:long",
                                         "geo:alt",
                                         NULL};
    const char *colon = memchr(name, ':', length);
    const char *local = colon ? colon + 1 : name;
    size_t rest = length - (size_t)(local - name);
    if (colon && colon - name == 5 && memcmp(name, "xmlns", 5) == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof positions / sizeof *positions; i++) {
        if (contains(local, rest, positions[i])) {
            return true;
        }
    }
    return (rest > 3 && strncasecmp(local, "GPS", 3) == 0) || is_one_of(places, name, length);
}

/** The picture as it was, and the link to an extension, which is not copied. */
static bool is_stale(const char *name, size_t length) {
    static const char *const names[] = {"xmp:Thumbnails", "xap:Thumbnails", "xmpGImg:image",
                                        "xmpNote:HasExtendedXMP", NULL};
    return is_one_of(names, name, length);
}

/** Gain maps, and the directory of what stands behind a JPEG, with offsets and lengths. */
static bool is_beside(const char *name, size_t length) {
    static const char *const schemas[] = {"hdrgm",      "HDRGainMap",     "Container", "Item",
                                          "GContainer", "GContainerItem", NULL};
    const char *colon = memchr(name, ':', length);
    const char *local = colon ? colon + 1 : name;
    size_t rest = length - (size_t)(local - name);
    if (!colon) {
        return false;
    }
    /* A schema's declaration goes, too, once nothing uses it: see drop_beside(). */
    return is_one_of(schemas, name, (size_t)(colon - name)) ||
           contains(local, rest, "MotionPhoto") || contains(local, rest, "MicroVideo");
}

static bool is_orientation(const char *name, size_t length) {
    static const char *const names[] = {"tiff:Orientation", NULL};
    return is_one_of(names, name, length);
}

static bool is_width(const char *name, size_t length) {
    static const char *const names[] = {"tiff:ImageWidth", "exif:PixelXDimension", NULL};
    return is_one_of(names, name, length);
}

static bool is_height(const char *name, size_t length) {
    static const char *const names[] = {"tiff:ImageLength", "exif:PixelYDimension", NULL};
    return is_one_of(names, name, length);
}

static bool is_colour_space(const char *name, size_t length) {
    static const char *const names[] = {"exif:ColorSpace", NULL};
    return is_one_of(names, name, length);
}

static bool is_profile_name(const char *name, size_t length) {
    static const char *const names[] = {"photoshop:ICCProfile", NULL};
    return is_one_of(names, name, length);
}

static void blank(cursor *packet, const property *found) {
    memset(packet->text + found->start, ' ', found->end - found->start);
}

static bool blank_all(cursor *packet, name_test wanted) {
    property found;
    bool broken;
    packet->at = 1;
    while (next_property(packet, wanted, &found, &broken)) {
        if (broken) {
            return false;
        }
        blank(packet, &found);
    }
    return true;
}

/** Replaces values by a number; what the number leaves free is white space behind the property, and
 * a property without room for it goes. */
static bool set_all(cursor *packet, name_test wanted, uint32_t value) {
    property found;
    bool broken;
    char text[16];
    size_t length = (size_t)snprintf(text, sizeof text, "%u", value);
    packet->at = 1;
    while (next_property(packet, wanted, &found, &broken)) {
        if (broken) {
            return false;
        }
        if (found.last - found.first < length) {
            blank(packet, &found);
            continue;
        }
        size_t free = found.last - found.first - length;
        memcpy(packet->text + found.first, text, length);
        memmove(packet->text + found.last - free, packet->text + found.last,
                found.end - found.last);
        memset(packet->text + found.end - free, ' ', free);
    }
    return true;
}

static bool is_gain_declaration(const char *name, size_t length) {
    static const char *const names[] = {"xmlns:hdrgm", NULL};
    return is_one_of(names, name, length);
}

/** True if every such property makes sense. */
static bool is_sound(cursor *packet, name_test wanted) {
    property found;
    bool broken = false;
    packet->at = 1;
    while (!broken && next_property(packet, wanted, &found, &broken)) {
    }
    return !broken;
}

/** Readers look for gain maps by the schema's name alone. */
static bool drop_beside(cursor *packet) {
    return blank_all(packet, is_beside) && (memmem(packet->text, packet->size, "hdrgm:", 6) ||
                                            blank_all(packet, is_gain_declaration));
}

static bool is_declaration(const char *name, size_t length) {
    return length >= 5 && memcmp(name, "xmlns", 5) == 0 && (length == 5 || name[5] == ':');
}

/** Notes another name of a schema; false if there are too many, or it is absurdly long. */
static bool add_alias(cursor *packet, const char *said, size_t size, const char *meant) {
    if (strlen(meant) == size && memcmp(meant, said, size) == 0) {
        return true; /* the usual one */
    }
    for (size_t i = 0; i < packet->alias_count; i++) {
        const alias *other = &packet->aliases[i];
        if (other->meant == meant && other->size == size && memcmp(other->said, said, size) == 0) {
            return true;
        }
    }
    if (packet->alias_count == MOST_ALIASES || size > PREFIX_ROOM) {
        return false;
    }
    alias *one = &packet->aliases[packet->alias_count++];
    *one = (alias){.size = size, .meant = meant};
    memcpy(one->said, said, size);
    return true;
}

/** Finds the names of schemas. */
static bool find_aliases(cursor *packet) {
    property found;
    bool broken, few = true;
    packet->at = 1;
    while (few && next_property(packet, is_declaration, &found, &broken)) {
        size_t head = found.length > 5 ? 6 : 5; /* xmlns alone is for names without a prefix */
        const char *meant =
            broken ? NULL : clp_xmp_prefix(packet->text + found.first, found.last - found.first);
        few = !meant || add_alias(packet, found.name + head, found.length - head, meant);
    }
    return few;
}

static bool apply(cursor *packet, const clp_meta_edit *edit) {
    return find_aliases(packet) && (!edit->strip_gps || blank_all(packet, is_place)) &&
           (!edit->strip_thumbnail || blank_all(packet, is_stale)) &&
           (!edit->strip_beside || drop_beside(packet)) &&
           (edit->reset_orientation ? set_all(packet, is_orientation, 1)
                                    : is_sound(packet, is_orientation)) &&
           (!edit->colour_space || (set_all(packet, is_colour_space, edit->colour_space) &&
                                    blank_all(packet, is_profile_name))) &&
           (!edit->width || set_all(packet, is_width, edit->width)) &&
           (!edit->height || set_all(packet, is_height, edit->height));
}

clproc_status clp_xmp_edit_copy(const uint8_t *data, size_t size, const clp_meta_edit *edit,
                                clp_bytes *out, clproc_error *error) {
    clproc_status status;
    out->size = 0;
    while (size > 0 && data[size - 1] == 0) {
        size--; /* programs of macOS and cameras end packets so */
    }
    /* UTF-16 has NULs; neither JPEG nor PNG allow it. */
    if (size && memchr(data, 0, size)) {
        status = clp_error_set(error, CLPROC_ERROR_INPUT,
                               "the XMP packet is not UTF-8; leave it out with --strip xmp");
        goto out;
    }
    CLP_TRY(status, out,
            edit->parts ? clp_xmp_pick(data, size, edit->parts, out, error)
                        : clp_bytes_append(out, data, size, error));
    cursor packet = {.text = (char *)out->data, .size = out->size};
    if (!apply(&packet, edit)) {
        status = clp_error_set(error, CLPROC_ERROR_INPUT,
                               "the XMP packet is not well-formed; leave it out with --strip xmp");
    }
out:
    return status;
}
