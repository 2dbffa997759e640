/** Parsing: what the markers before the scan say. */
#include "codec/jpeg_scan.h"

#include <string.h>

#include "codec/codec_private.h"

enum {
    SOF_BASELINE = 0xC0,
    SOF_EXTENDED = 0xC1,
    DHT = 0xC4,
    JPG = 0xC8,
    DAC = 0xCC,
    SOI = 0xD8,
    EOI = 0xD9,
    SOS = 0xDA,
    DQT = 0xDB,
    DRI = 0xDD,
    APP0 = 0xE0,
    COM = 0xFE,
    MOST_FACTOR = 4,
    MOST_BLOCKS = 10, /* of an interleaved MCU */
    MOST_SIDE = 65500 /* libjpeg's JPEG_MAX_DIMENSION */
};

/** A unit so large would make the bits of a scan overflow 32 bits. */
#define MOST_SCAN ((size_t)1 << 28)

/** What is gathered until the scan begins. */
typedef struct parser {
    clp_jpeg_scan *scan;
    uint16_t quantisers[4][64];
    bool has_quantiser[4], has_frame;
    uint8_t identifiers[JPEG_COMPONENTS], quantiser_of[JPEG_COMPONENTS];
    uint32_t restart; /**< MCUs, 0: none */
} parser;

static const char *read_quantisers(parser *p, const uint8_t *data, size_t size) {
    while (size > 0) {
        uint32_t wide = data[0] >> 4, number = data[0] & 15;
        size_t length = 1 + 64 * (wide + 1);
        if (wide > 1 || number > 3 || length > size) {
            return "odd quantisers";
        }
        for (uint32_t i = 0; i < 64; i++) {
            p->quantisers[number][i] =
                (uint16_t)(wide ? clp_read_u16(data + 1 + 2 * i) : data[1 + i]);
        }
        p->has_quantiser[number] = true;
        data += length;
        size -= length;
    }
    return NULL;
}

static const char *read_codes(parser *p, const uint8_t *data, size_t size) {
    while (size > 0) {
        uint32_t class = data[0] >> 4, number = data[0] & 15, count = 0;
        if (class > 1 || number > 3 || size < 17) {
            return "odd Huffman tables";
        }
        clp_jpeg_codes *codes = &p->scan->codes[class][number];
        memset(codes, 0, sizeof *codes);
        for (uint32_t i = 0; i < 16; i++) {
            codes->counts[i] = data[1 + i];
            count += data[1 + i];
        }
        if (count == 0 || count > 256 || 17 + (size_t)count > size) {
            return "odd Huffman tables";
        }
        memcpy(codes->symbols, data + 17, count);
        codes->present = true;
        data += 17 + count;
        size -= 17 + count;
    }
    return NULL;
}

static const char *read_frame(parser *p, const uint8_t *data, size_t size) {
    jpeg_package *package = &p->scan->package;
    if (p->has_frame || size < 6 || data[0] != 8) {
        return "not 8 bits a sample";
    }
    package->height = clp_read_u16(data + 1);
    package->width = clp_read_u16(data + 3);
    package->components = data[5];
    if (package->width == 0 || package->height == 0 || package->width > MOST_SIDE ||
        package->height > MOST_SIDE) {
        return "an odd size";
    }
    if ((package->components != 1 && package->components != 3) ||
        size != 6 + 3 * (size_t)package->components) {
        return "neither 1 nor 3 components";
    }
    for (uint32_t i = 0; i < package->components; i++) {
        const uint8_t *entry = data + 6 + 3 * i;
        jpeg_component *component = &package->component[i];
        p->identifiers[i] = entry[0];
        component->h = entry[1] >> 4;
        component->v = entry[1] & 15;
        p->quantiser_of[i] = entry[2];
        if (component->h < 1 || component->h > MOST_FACTOR || component->v < 1 ||
            component->v > MOST_FACTOR || entry[2] > 3) {
            return "an odd sampling";
        }
        for (uint32_t k = 0; k < i; k++) {
            if (p->identifiers[k] == p->identifiers[i]) {
                return "components of one name";
            }
        }
    }
    p->has_frame = true;
    return NULL;
}

static uint32_t divide_up(uint32_t value, uint32_t by) {
    return (value + by - 1) / by;
}

/** The largest sampling factors. */
static void find_factors(const jpeg_package *package, uint32_t *h_most, uint32_t *v_most) {
    *h_most = *v_most = 1;
    for (uint32_t i = 0; i < package->components; i++) {
        const jpeg_component *component = &package->component[i];
        *h_most = *h_most > component->h ? *h_most : component->h;
        *v_most = *v_most > component->v ? *v_most : component->v;
    }
}

/** MCUs, and the blocks of each component. */
static const char *lay_out(parser *p) {
    jpeg_package *package = &p->scan->package;
    uint32_t h_most, v_most;
    if (package->components == 1) { /* an MCU is one block, whatever the factors */
        package->component[0].h = package->component[0].v = 1;
    }
    find_factors(package, &h_most, &v_most);
    for (uint32_t i = 0; i < package->components; i++) {
        jpeg_component *component = &package->component[i];
        if (h_most % component->h != 0 || v_most % component->v != 0) {
            return "a fractional sampling";
        }
        component->columns = divide_up(package->width * component->h, 8 * h_most);
        component->rows = divide_up(package->height * component->v, 8 * v_most);
        component->first = package->mcu_blocks;
        package->mcu_blocks += component->h * component->v;
    }
    if (package->mcu_blocks > MOST_BLOCKS) {
        return "too many blocks in an MCU";
    }
    package->mcus_across = divide_up(package->width, 8 * h_most);
    package->mcus = package->mcus_across * divide_up(package->height, 8 * v_most);
    uint32_t restart = p->restart;
    package->segment_mcus = restart && restart < package->mcus ? restart : package->mcus;
    package->segment_count = divide_up(package->mcus, package->segment_mcus);
    return NULL;
}

/** The pair of tables of each place in the MCU, and how soon they repeat. */
static void find_period(jpeg_package *package, const uint32_t pair_of[JPEG_COMPONENTS]) {
    for (uint32_t i = 0; i < package->components; i++) {
        const jpeg_component *component = &package->component[i];
        for (uint32_t k = 0; k < component->h * component->v; k++) {
            uint32_t shift = 2 * (component->first + k);
            package->component_of |= i << shift;
            package->pair_of |= pair_of[i] << shift;
        }
    }
    package->period = package->mcu_blocks;
    for (uint32_t period = package->mcu_blocks; period >= 1; period--) {
        bool repeats = package->mcu_blocks % period == 0;
        for (uint32_t i = period; repeats && i < package->mcu_blocks; i++) {
            repeats = ((package->pair_of >> (2 * i)) & 3) ==
                      ((package->pair_of >> (2 * (i - period))) & 3);
        }
        package->period = repeats ? period : package->period;
    }
}

static const char *read_scan_header(parser *p, const uint8_t *data, size_t size) {
    clp_jpeg_scan *scan = p->scan;
    jpeg_package *package = &scan->package;
    uint32_t count = package->components, pair_of[JPEG_COMPONENTS];
    if (!p->has_frame || size != 4 + 2 * (size_t)count || data[0] != count) {
        return "more than one scan";
    }
    const uint8_t *last = data + 1 + 2 * (size_t)count;
    if (last[0] != 0 || last[1] != 63 || last[2] != 0) {
        return "an odd scan";
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t dc = data[2 + 2 * i] >> 4, ac = data[2 + 2 * i] & 15, pair = 0;
        if (data[1 + 2 * i] != p->identifiers[i] || dc > 3 || ac > 3 ||
            !scan->codes[0][dc].present || !scan->codes[1][ac].present ||
            !p->has_quantiser[p->quantiser_of[i]]) {
            return "missing tables";
        }
        while (pair < package->pairs &&
               (scan->pair_codes[pair][0] != dc || scan->pair_codes[pair][1] != ac)) {
            pair++;
        }
        package->pairs += pair == package->pairs;
        scan->pair_codes[pair][0] = dc;
        scan->pair_codes[pair][1] = ac;
        pair_of[i] = pair;
        memcpy(scan->quantisers[i], p->quantisers[p->quantiser_of[i]], sizeof scan->quantisers[i]);
    }
    const char *why = lay_out(p);
    if (!why) {
        find_period(package, pair_of);
    }
    return why;
}

/** One segment of markers; `*ends` is set behind the header of the scan. */
static const char *read_segment(parser *p, uint8_t marker, const uint8_t *data, size_t size,
                                bool *ends) {
    *ends = marker == SOS;
    switch (marker) {
    case DQT:
        return read_quantisers(p, data, size);
    case DHT:
        return read_codes(p, data, size);
    case SOF_BASELINE:
    case SOF_EXTENDED:
        return read_frame(p, data, size);
    case SOS:
        return read_scan_header(p, data, size);
    case DRI:
        p->restart = size == 2 ? clp_read_u16(data) : 0;
        return size == 2 ? NULL : "an odd restart interval";
    default:
        if (marker == COM || (marker & 0xF0) == APP0) {
            return NULL;
        }
        return marker > SOF_EXTENDED && marker < SOI ? "not baseline" : "an unknown marker";
    }
}

/** Where the parts of the package stand, and how large it can get. */
static const char *place_parts(clp_jpeg_scan *scan) {
    jpeg_package *package = &scan->package;
    uint64_t segments = package->segment_count,
             blocks = (uint64_t)package->mcus * package->mcu_blocks;
    /* A segment has a byte and the marker before the next, a block two codes: what is larger than
     * the file is never asked for. */
    if (scan->size + segments * JPEG_ALIGN > MOST_SCAN || scan->size + 2 < 3 * segments ||
        4 * (uint64_t)scan->size < blocks) {
        return "a scan that ends early";
    }
    _Static_assert(sizeof(jpeg_package) % JPEG_ALIGN == 0, "parts are aligned");
    size_t words = (size_t)package->pairs * 2 * JPEG_TABLE_WORDS + 64 * JPEG_COMPONENTS;
    size_t at = sizeof(jpeg_package);
    package->tables = (uint32_t)at;
    package->segments = (uint32_t)(at += words * sizeof(uint32_t));
    /* No sum overflows: the scan has less than MOST_SCAN bytes, its segments' rounding included. */
    at += (segments * sizeof(jpeg_segment) + JPEG_ALIGN - 1) / JPEG_ALIGN * JPEG_ALIGN;
    package->scan = (uint32_t)at;
    scan->bound = at + scan->size + segments * JPEG_ALIGN + JPEG_PADDING;
    return NULL;
}

const char *clp_jpeg_scan_parse(clp_jpeg_scan *scan, const uint8_t *bytes, size_t size) {
    parser p = {.scan = scan};
    bool ends = false;
    memset(scan, 0, sizeof *scan);
    if (size < 4 || bytes[0] != 0xFF || bytes[1] != SOI) {
        return "not a JPEG";
    }
    size_t at = 2;
    while (!ends) {
        if (size - at < 4 || bytes[at] != 0xFF) {
            return "no marker where one should be";
        }
        uint8_t marker = bytes[at + 1];
        size_t length = clp_read_u16(bytes + at + 2);
        if (marker < SOF_BASELINE || marker == EOI || length < 2 || length > size - at - 2) {
            return "an odd marker";
        }
        const char *why = read_segment(&p, marker, bytes + at + 4, length - 2, &ends);
        if (why) {
            return why;
        }
        at += 2 + length;
    }
    scan->data = bytes + at;
    scan->size = size - at;
    return place_parts(scan);
}

bool clp_jpeg_scan_has_whole_luma(const jpeg_package *package) {
    uint32_t h_most, v_most;
    find_factors(package, &h_most, &v_most);
    return package->component[0].h == h_most && package->component[0].v == v_most;
}

void clp_jpeg_scan_sizes(const jpeg_package *package, uint32_t eighths,
                         uint32_t sizes[JPEG_COMPONENTS]) {
    uint32_t h_most, v_most;
    find_factors(package, &h_most, &v_most);
    for (uint32_t i = 0; i < package->components; i++) {
        const jpeg_component *component = &package->component[i];
        uint32_t size = eighths;
        /* As jdmaster.c: a subsampled component is shrunk less, while whole factors remain. */
        while (size < 8 && h_most * eighths % (component->h * size * 2) == 0 &&
               v_most * eighths % (component->v * size * 2) == 0) {
            size *= 2;
        }
        sizes[i] = size;
    }
}
