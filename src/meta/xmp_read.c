#include <string.h>

#include "core/file.h"
#include "core/utf8.h"
#include "meta/read.h"

/* An XMP packet is RDF in XML, in UTF-8 as a rule: rdf:Description holds properties as attributes
 * and as elements; an element's value is its text, or a list, rdf:Alt, rdf:Seq or rdf:Bag, of
 * rdf:li; or parts, which are elements or attributes. */

enum { MOST_DEPTH = 32, MOST_PREFIXES = 32, NAME_ROOM = 64, TEXT_ROOM = 32768 };

typedef enum element {
    OTHER,
    DESCRIPTION, /**< whose attributes and elements are properties */
    PROPERTY,
    PART, /**< of a property that is built of several */
    CONTAINER,
    ITEM,
    QUALIFIED /**< a description in place of a text, of which rdf:value is that */
} element;

/** Text between these is none of XML's markup. */
static const char CDATA[] = "<![CDATA[", CDATA_END[] = "]]>";

/** Part of the packet. */
typedef struct span {
    const char *text;
    size_t size;
} span;

/** What the packet calls a schema that is known. */
typedef struct prefix {
    span said;
    const char *meant;
} prefix;

typedef struct reader {
    const char *text, *end, *at;
    clp_xmp_fn take;
    void *user;
    element stack[MOST_DEPTH];
    size_t depth;
    prefix prefixes[MOST_PREFIXES];
    size_t prefix_count;
    span property;       /**< name of the one that is open */
    span part;           /**< the same of a part of it; of no size where there is none */
    const char *content; /**< where its text, or its item's, begins; NULL if it has elements */
    span language;       /**< of the element that was opened last */
    char name[NAME_ROOM], schema[NAME_ROOM], item_language[NAME_ROOM], value[TEXT_ROOM];
} reader;

/* ------------------------------------------------------------------ names */

static const struct {
    const char *uri, *prefix;
} schemas[] = {{"http://purl.org/dc/elements/1.1/", "dc"},
               {"http://ns.adobe.com/xap/1.0/", "xmp"},
               {"http://ns.adobe.com/xap/1.0/rights/", "xmpRights"},
               {"http://ns.adobe.com/photoshop/1.0/", "photoshop"},
               {"http://ns.adobe.com/exif/1.0/aux/", "aux"},
               {"http://ns.adobe.com/exif/1.0/", "exif"},
               {"http://cipa.jp/exif/1.0/", "exifEX"},
               {"http://ns.adobe.com/tiff/1.0/", "tiff"},
               {"http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/", "Iptc4xmpCore"},
               {"http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "Iptc4xmpExt"},
               {"http://www.w3.org/2003/01/geo/wgs84_pos#", "geo"},
               {"http://ns.adobe.com/xap/1.0/g/img/", "xmpGImg"},
               {"http://ns.adobe.com/hdr-gain-map/1.0/", "hdrgm"},
               {"http://ns.apple.com/HDRGainMap/1.0/", "HDRGainMap"},
               {"http://ns.google.com/photos/1.0/container/", "Container"},
               {"http://ns.google.com/photos/1.0/container/item/", "Item"},
               {"http://ns.adobe.com/xmp/note/", "xmpNote"},
               {"http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdf"}};

const char *clp_xmp_schema(const char *usual) {
    size_t i = 0;
    while (strcmp(schemas[i].prefix, usual) != 0) {
        i++;
    }
    return schemas[i].uri;
}

static bool is(span word, const char *text) {
    return word.size == strlen(text) && memcmp(word.text, text, word.size) == 0;
}

const char *clp_xmp_prefix(const char *uri, size_t size) {
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
        if (is((span){uri, size}, schemas[i].uri)) {
            return schemas[i].prefix;
        }
    }
    return NULL;
}

/** Notes a declaration, xmlns:said="uri". */
static void declare(reader *packet, span said, span uri) {
    const char *meant = clp_xmp_prefix(uri.text, uri.size);
    if (meant && packet->prefix_count < MOST_PREFIXES) {
        packet->prefixes[packet->prefix_count++] = (prefix){said, meant};
    }
}

static void copy(char room[NAME_ROOM], span from) {
    size_t size = from.size < NAME_ROOM - 1 ? from.size : NAME_ROOM - 1;
    memcpy(room, from.text, size);
    room[size] = '\0';
}

/** Names of languages are letters, digits and hyphens (RFC 5646); anything else is none. */
static bool is_language(span word) {
    bool so = word.size > 0 && word.size < NAME_ROOM;
    for (size_t i = 0; so && i < word.size; i++) {
        char c = word.text[i];
        so = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    }
    return so;
}

/** Takes a name apart into schema and name; the latest declaration counts. */
static void resolve(reader *packet, span name) {
    const char *colon = memchr(name.text, ':', name.size);
    span said = {name.text, colon ? (size_t)(colon - name.text) : 0};
    span rest = {colon ? colon + 1 : name.text, name.size - said.size - (colon ? 1 : 0)};
    copy(packet->schema, said);
    copy(packet->name, rest);
    for (size_t i = packet->prefix_count; i > 0; i--) {
        const prefix *known = &packet->prefixes[i - 1];
        if (known->said.size == said.size && memcmp(known->said.text, said.text, said.size) == 0) {
            copy(packet->schema, (span){known->meant, strlen(known->meant)});
            return;
        }
    }
}

static bool is_rdf(const reader *packet, const char *name) {
    return strcmp(packet->schema, "rdf") == 0 && strcmp(packet->name, name) == 0;
}

/* ----------------------------------------------------------------- values */

static size_t put_code(uint32_t code, char *to) {
    uint8_t pair[4] = {(uint8_t)code, (uint8_t)(code >> 8)};
    char room[8];
    size_t bytes = 2;
    if (code >= 0x10000) {
        uint32_t high = 0xD800 + ((code - 0x10000) >> 10), low = 0xDC00 + (code & 0x3FF);
        memcpy(pair, (uint8_t[]){high & 0xFF, high >> 8, low & 0xFF, low >> 8}, 4);
        bytes = 4;
    }
    size_t used = clp_utf16_to_utf8(pair, bytes, true, room, sizeof room);
    memcpy(to, room, used);
    return used;
}

/** The character of an entity that begins at '&'; 0 if it is none. `*size`: its bytes. */
static uint32_t entity(span text, size_t *size) {
    static const struct {
        const char *name;
        char meant;
    } known[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        *size = strlen(known[i].name);
        if (text.size >= *size && memcmp(text.text, known[i].name, *size) == 0) {
            return (uint8_t)known[i].meant;
        }
    }
    uint32_t code = 0, base = text.size > 2 && text.text[2] == 'x' ? 16 : 10;
    size_t at = base == 16 ? 3 : 2;
    if (text.size < 4 || text.text[1] != '#') {
        return 0;
    }
    for (; at < text.size && code < 0x110000; at++) {
        char c = text.text[at];
        uint32_t digit = c >= '0' && c <= '9'                 ? (uint32_t)(c - '0')
                         : base == 16 && c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : base == 16 && c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                              : 99;
        if (digit == 99) {
            break;
        }
        code = code * base + digit;
    }
    *size = at + 1;
    return at < text.size && text.text[at] == ';' && code < 0x110000 ? code : 0;
}

static bool begins_with(span text, const char *word) {
    return text.size >= strlen(word) && memcmp(text.text, word, strlen(word)) == 0;
}

/** The text that is meant, or the beginning of a long one: without markup of CDATA, within which
 * entities are none. Returns its bytes. */
static size_t resolve_text(span raw, char text[TEXT_ROOM]) {
    size_t used = 0, bytes;
    bool verbatim = false;
    while (raw.size > 0 && used + 8 < TEXT_ROOM) {
        const char *mark = verbatim ? CDATA_END : CDATA;
        uint32_t code = *raw.text == '&' && !verbatim ? entity(raw, &bytes) : 0;
        if (*raw.text == *mark && begins_with(raw, mark)) {
            bytes = strlen(mark);
            verbatim = !verbatim;
        } else if (code) {
            used += put_code(code, text + used);
        } else {
            text[used++] = *raw.text;
            bytes = 1;
        }
        raw = (span){raw.text + bytes, raw.size - bytes};
    }
    if (raw.size > 0) {
        used = clp_utf8_whole((const unsigned char *)text, used);
    }
    text[used] = '\0';
    return used;
}

/** Adds to the name of a property that of its part: "Flash/Fired". */
static void add_part(reader *packet, span part) {
    const char *colon = memchr(part.text, ':', part.size);
    size_t used = strlen(packet->name), before = colon ? (size_t)(colon + 1 - part.text) : 0;
    packet->name[used] = '/';
    for (size_t i = before; i < part.size && used + 2 < NAME_ROOM; i++) {
        packet->name[++used] = part.text[i];
    }
    packet->name[used + 1] = '\0';
}

/** Passes a value on. `part`: of no size where the property is a simple one. */
static void emit(reader *packet, span name, span part, span raw) {
    size_t used = resolve_text(raw, packet->value);
    resolve(packet, name);
    if (part.size > 0 && strlen(packet->name) + 2 < NAME_ROOM) {
        add_part(packet, part);
    }
    copy(packet->item_language, is_language(packet->language) ? packet->language : (span){"", 0});
    clp_xmp_value value = {packet->schema, packet->name, packet->value, used,
                           packet->item_language};
    packet->take(packet->user, &value);
}

/* ---------------------------------------------------------------- elements */

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_space(reader *packet) {
    while (packet->at < packet->end && is_space(*packet->at)) {
        packet->at++;
    }
}

static span take_name(reader *packet) {
    const char *start = packet->at;
    while (packet->at < packet->end && !is_space(*packet->at) && !strchr("=/><\"'", *packet->at)) {
        packet->at++;
    }
    return (span){start, (size_t)(packet->at - start)};
}

/** Reads `="value"`. */
static bool take_value(reader *packet, span *value) {
    skip_space(packet);
    if (packet->at >= packet->end || *packet->at++ != '=') {
        return false;
    }
    skip_space(packet);
    if (packet->at >= packet->end || (*packet->at != '"' && *packet->at != '\'')) {
        return false;
    }
    const char *start = packet->at + 1;
    const char *stop = memchr(start, *packet->at, (size_t)(packet->end - start));
    if (!stop) {
        return false;
    }
    *value = (span){start, (size_t)(stop - start)};
    packet->at = stop + 1;
    return true;
}

/** Whether attributes of an element are values. */
static bool has_values(element kind) {
    return kind == DESCRIPTION || kind == PROPERTY || kind == QUALIFIED;
}

/** Reads the attributes up to the tag's end; those of a description are properties, and others that
 * are values parts of the property that is open. Declarations count for all attributes, also those
 * before them. */
static bool take_attributes(reader *packet, element kind, bool *empty) {
    const char *start = packet->at;
    span name, value;
    for (int round = 0; round < 1 + has_values(kind); round++) {
        packet->at = start;
        for (;;) {
            skip_space(packet);
            if (packet->at >= packet->end) {
                return false;
            }
            if (*packet->at == '>' || *packet->at == '/') {
                break;
            }
            name = take_name(packet);
            if (name.size == 0 || !take_value(packet, &value)) {
                return false;
            }
            bool declares = name.size > 6 && memcmp(name.text, "xmlns:", 6) == 0;
            if (is(name, "xml:lang")) {
                packet->language = value;
            }
            if (declares && round == 0) {
                declare(packet, (span){name.text + 6, name.size - 6}, value);
            }
            bool foreign = declares || (name.size > 4 && memcmp(name.text, "rdf:", 4) == 0) ||
                           (name.size > 4 && memcmp(name.text, "xml:", 4) == 0);
            if (round == 1 && !foreign && kind == DESCRIPTION) {
                emit(packet, name, (span){"", 0}, value);
            } else if (round == 1 && !foreign) {
                emit(packet, packet->property, name, value);
            }
        }
    }
    *empty = *packet->at == '/';
    packet->at += *empty;
    return packet->at < packet->end && *packet->at++ == '>';
}

/** What an element is, by what it stands in. */
static element kind_of(reader *packet, span name) {
    element parent = packet->depth ? packet->stack[packet->depth - 1] : OTHER;
    resolve(packet, name);
    if (parent == DESCRIPTION) {
        return PROPERTY;
    }
    if (parent == PROPERTY &&
        (is_rdf(packet, "Alt") || is_rdf(packet, "Seq") || is_rdf(packet, "Bag"))) {
        return CONTAINER;
    }
    if (parent == PROPERTY || parent == ITEM || parent == QUALIFIED) {
        return is_rdf(packet, "value")                                ? ITEM
               : is_rdf(packet, "Description") && parent != QUALIFIED ? QUALIFIED
               : parent != ITEM                                       ? PART
                                                                      : OTHER;
    }
    if (parent == CONTAINER) {
        return is_rdf(packet, "li") ? ITEM : OTHER;
    }
    /* Descriptions within properties are structures. */
    bool inside = false;
    for (size_t i = 0; i < packet->depth; i++) {
        inside |= packet->stack[i] == PROPERTY;
    }
    return !inside && is_rdf(packet, "Description") ? DESCRIPTION : OTHER;
}

/** Whether the text of an element without elements in it is a value. */
static bool is_text(element kind) {
    return kind == PROPERTY || kind == PART || kind == ITEM;
}

static bool open_element(reader *packet) {
    bool empty = false;
    span name = take_name(packet);
    const char *attributes = packet->at;
    packet->language = (span){"", 0};
    if (name.size == 0 || !take_attributes(packet, OTHER, &empty)) {
        return false;
    }
    element kind = kind_of(packet, name);
    packet->property = kind == PROPERTY ? name : packet->property;
    packet->part = kind == PART ? name : (span){"", 0};
    if (has_values(kind)) {
        packet->at = attributes;
        take_attributes(packet, kind, &empty);
    }
    packet->content = is_text(kind) ? packet->at : NULL;
    if (empty) {
        packet->content = NULL;
        return true;
    }
    if (packet->depth == MOST_DEPTH) {
        return false;
    }
    packet->stack[packet->depth++] = kind;
    return true;
}

/** At the '<' of an end tag. */
static bool close_element(reader *packet, const char *start) {
    const char *stop = memchr(packet->at, '>', (size_t)(packet->end - packet->at));
    if (!stop || packet->depth == 0) {
        return false;
    }
    packet->at = stop + 1;
    element kind = packet->stack[--packet->depth];
    if (packet->content && is_text(kind)) {
        emit(packet, packet->property, packet->part,
             (span){packet->content, (size_t)(start - packet->content)});
    }
    packet->content = NULL;
    return true;
}

/** Steps over what begins with `<?` or `<!`. */
static bool skip_other(reader *packet) {
    const span left = {packet->at, (size_t)(packet->end - packet->at)};
    const char *stop = *packet->at == '?'             ? "?>"
                       : begins_with(left, "!--")     ? "-->"
                       : begins_with(left, CDATA + 1) ? CDATA_END
                                                      : ">";
    const char *found = memmem(packet->at, (size_t)(packet->end - packet->at), stop, strlen(stop));
    packet->at = found ? found + strlen(stop) : packet->end;
    return found != NULL;
}

static const char *read_utf8(const uint8_t *data, size_t size, clp_xmp_fn take, void *user) {
    reader packet = {.take = take, .user = user};
    bool sound = true, any = false;
    packet.text = packet.at = (const char *)data;
    packet.end = packet.text + size;
    while (sound && packet.at < packet.end) {
        const char *start = memchr(packet.at, '<', (size_t)(packet.end - packet.at));
        if (!start || packet.end - start < 2) {
            break;
        }
        packet.at = start + 1;
        if (*packet.at == '/') {
            sound = close_element(&packet, start);
        } else if (*packet.at == '?' || *packet.at == '!') {
            sound = skip_other(&packet);
        } else {
            sound = open_element(&packet);
            any = true;
        }
    }
    return sound && any && packet.depth == 0 ? NULL : "XMP: is not well-formed";
}

/** UTF-16 and UTF-32 begin with a byte order mark or '<', in either order. */
static bool begins(const uint8_t *data, size_t size, const char *mark, size_t bytes) {
    return size >= bytes && memcmp(data, mark, bytes) == 0;
}

const char *clp_xmp_read(const uint8_t *data, size_t size, clp_xmp_fn take, void *user) {
    if (begins(data, size, "\0\0\xFE\xFF", 4) || begins(data, size, "\xFF\xFE\0\0", 4) ||
        begins(data, size, "\0\0\0<", 4) || begins(data, size, "<\0\0\0", 4)) {
        return "XMP: is UTF-32, which is not read";
    }
    bool little = begins(data, size, "\xFF\xFE", 2) || begins(data, size, "<\0", 2);
    if (!little && !begins(data, size, "\xFE\xFF", 2) && !begins(data, size, "\0<", 2)) {
        return read_utf8(data, size, take, user);
    }
    clp_bytes text = {0};
    const char *flaw = "XMP: there is no memory to read it as UTF-16";
    /* Two bytes become three at most. */
    size_t room = size + size / 2 + 8;
    if (clp_bytes_reserve(&text, room, NULL) == CLPROC_OK) {
        text.size = clp_utf16_to_utf8(data, size, little, (char *)text.data, room);
        flaw = read_utf8(text.data, text.size, take, user);
    }
    clp_bytes_free(&text);
    return flaw;
}
