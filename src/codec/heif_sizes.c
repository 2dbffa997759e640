/* How large the pictures are that a HEIF or AVIF has coded in it. Decoders take memory for what
 * they find there, whatever the file's own header says, and libheif has no limit for that
 * before 1.19. */
#include <string.h>

#include "codec/heif_private.h"

/** Looks at parts of a file, all told; far more than sound ones have. */
enum { MOST_LOOKS = 1 << 20 };
/** Bytes of a part that are looked at: a sequence header ends before. */
enum { LOOK = 512 };

enum { OBU_SEQUENCE = 1, NAL_SPS = 33 };

typedef struct search {
    const clp_source *source;
    uint64_t most; /**< pixels */
    uint32_t shown_width, shown_height;
    size_t looks;
    clproc_status status;
    clproc_error *error;
} search;

static bool look(search *self) {
    if (self->status == CLPROC_OK && ++self->looks > MOST_LOOKS) {
        self->status = clp_error_set(self->error, CLPROC_ERROR_LIMIT,
                                     "has absurdly many parts; no picture needs so many");
    }
    return self->status == CLPROC_OK;
}

static void found(search *self, uint64_t width, uint64_t height) {
    if (self->status != CLPROC_OK || width > UINT32_MAX || height > UINT32_MAX) {
        return;
    }
    self->status =
        clp_source_check_size(self->source, (uint32_t)width, (uint32_t)height, self->error);
    if (self->status == CLPROC_OK && width * height > self->most) {
        self->status = clp_error_set(
            self->error, CLPROC_ERROR_LIMIT,
            "has a picture of %u x %u in it, far more than the %u x %u that it shows; convert it "
            "with another program first",
            (unsigned)width, (unsigned)height, self->shown_width, self->shown_height);
    }
}

/* ------------------------------------------------------------------ bits */

typedef struct bits {
    const uint8_t *data;
    size_t size; /**< bytes */
    size_t at;   /**< bits */
} bits;

static uint64_t get(bits *from, uint32_t count) {
    uint64_t value = 0;
    for (uint32_t i = 0; i < count; i++, from->at++) {
        size_t byte = from->at / 8;
        uint32_t bit = byte < from->size ? from->data[byte] >> (7 - from->at % 8) & 1 : 0;
        value = value << 1 | bit;
    }
    return value;
}

/** A number behind as many zeros as it has bits. */
static uint64_t get_golomb(bits *from) {
    uint32_t zeros = 0;
    while (zeros < 32 && get(from, 1) == 0) {
        zeros++;
    }
    return ((uint64_t)1 << zeros) - 1 + get(from, zeros);
}

/** True if more was read than there is. */
static bool is_beyond(const bits *from) {
    return from->at > from->size * 8;
}

/* ------------------------------------------------------------------- AV1 */

static void skip_operating_points(bits *from, bool delays, uint32_t delay_bits) {
    bool displays = get(from, 1);
    uint32_t count = (uint32_t)get(from, 5) + 1;
    for (uint32_t i = 0; i < count; i++) {
        get(from, 12);
        if (get(from, 5) > 7) {
            get(from, 1);
        }
        if (delays && get(from, 1)) {
            get(from, 2 * delay_bits + 1);
        }
        if (displays && get(from, 1)) {
            get(from, 4);
        }
    }
}

/** AV1, 5.5.1: as far as the sides. */
static void read_sequence(search *self, const uint8_t *data, size_t size) {
    bits from = {.data = data, .size = size};
    bool delays = false;
    uint32_t delay_bits = 0;
    get(&from, 4);
    if (get(&from, 1)) { /* a still picture's short header */
        get(&from, 5);
    } else {
        if (get(&from, 1)) {
            get(&from, 64);
            if (get(&from, 1)) {
                get_golomb(&from);
            }
            delays = get(&from, 1);
            if (delays) {
                delay_bits = (uint32_t)get(&from, 5) + 1;
                get(&from, 42);
            }
        }
        skip_operating_points(&from, delays, delay_bits);
    }
    uint32_t width_bits = (uint32_t)get(&from, 4) + 1, height_bits = (uint32_t)get(&from, 4) + 1;
    uint64_t width = get(&from, width_bits) + 1, height = get(&from, height_bits) + 1;
    if (!is_beyond(&from)) {
        found(self, width, height);
    }
}

/* ------------------------------------------------------------------ HEVC */

/** H.265, 7.3.2.2, behind the head of its unit: as far as the sides. */
static void read_sps(search *self, const uint8_t *data, size_t size) {
    uint8_t plain[LOOK];
    size_t used = 0;
    for (size_t i = 0; i < size && used < sizeof plain; i++) {
        bool guard = i >= 2 && data[i] == 3 && data[i - 1] == 0 && data[i - 2] == 0;
        if (!guard) {
            plain[used++] = data[i];
        }
    }
    bits from = {.data = plain, .size = used};
    bool profile[8] = {false}, level[8] = {false};
    get(&from, 4);
    uint32_t layers = (uint32_t)get(&from, 3);
    get(&from, 1 + 88 + 8);
    for (uint32_t i = 0; layers > 0 && i < 8; i++) {
        bool there = i < layers;
        profile[i] = get(&from, 1) && there;
        level[i] = get(&from, 1) && there;
    }
    for (uint32_t i = 0; i < layers; i++) {
        get(&from, (profile[i] ? 88 : 0) + (level[i] ? 8 : 0));
    }
    get_golomb(&from);
    if (get_golomb(&from) == 3) {
        get(&from, 1);
    }
    uint64_t width = get_golomb(&from), height = get_golomb(&from);
    if (!is_beyond(&from)) {
        found(self, width, height);
    }
}

/* ----------------------------------------------------------------- items */

/** A coded picture: pieces of the file, or of its idat box, one after the other. */
typedef struct item {
    const uint8_t *area;
    size_t area_size;
    uint64_t base;
    clp_heif_cursor extents; /**< as iloc tells them */
    uint32_t count;
    uint8_t index_size, offset_size, length_size;
} item;

/** Copies bytes from a position of an item; returns how many there were. */
static size_t gather(search *self, const item *from, uint64_t at, uint8_t to[LOOK]) {
    clp_heif_cursor extents = from->extents;
    size_t got = 0;
    for (uint32_t i = 0; i < from->count && got < LOOK && look(self); i++) {
        clp_heif_take(&extents, from->index_size);
        uint64_t start = from->base + clp_heif_take(&extents, from->offset_size);
        uint64_t length = clp_heif_take(&extents, from->length_size);
        uint64_t left = start < from->area_size ? from->area_size - start : 0;
        length = length == 0 || length > left ? left : length;
        if (at >= length) {
            at -= length;
            continue;
        }
        uint64_t count = length - at < LOOK - got ? length - at : LOOK - got;
        memcpy(to + got, from->area + start + at, (size_t)count);
        got += (size_t)count;
        at = 0;
    }
    return got;
}

/** Units of AV1, each with its size behind its head. */
static void walk_av1(search *self, const item *from) {
    uint8_t bytes[LOOK];
    for (uint64_t at = 0; look(self);) {
        size_t got = gather(self, from, at, bytes), head = 1;
        if (got < 2 || (bytes[0] & 0x80)) {
            return;
        }
        bool sized = bytes[0] & 2;
        uint64_t size = 0;
        head += bytes[0] >> 2 & 1;
        for (uint32_t shift = 0; sized && shift < 56 && head < got; shift += 7) {
            size |= (uint64_t)(bytes[head] & 0x7f) << shift;
            if (!(bytes[head++] & 0x80)) {
                break;
            }
        }
        if ((bytes[0] >> 3 & 15) == OBU_SEQUENCE && head < got) {
            read_sequence(self, bytes + head, got - head);
        }
        if (!sized) {
            return;
        }
        at += head + size;
    }
}

/** Units of HEVC, each behind its size. */
static void walk_hevc(search *self, const item *from) {
    uint8_t bytes[LOOK], last[LOOK];
    for (uint64_t at = 0; look(self);) {
        size_t got = gather(self, from, at, bytes);
        if (got < 7) {
            return;
        }
        uint64_t end = at + 4 + clp_read_u32(bytes);
        if ((bytes[4] >> 1 & 63) == NAL_SPS && gather(self, from, end - 1, last) > 0) {
            read_sps(self, bytes + 6, got - 6);
        }
        at = end;
    }
}

/** What an item is coded in its first bytes tell: those of the other kind make no sense. */
static void walk(search *self, const item *from) {
    walk_av1(self, from);
    walk_hevc(self, from);
}

/* ----------------------------------------------------------------- boxes */

static bool next_box(search *self, clp_heif_cursor *from, clp_heif_box *next) {
    return look(self) && clp_heif_next_box(from, next);
}

static void walk_items(search *self, clp_heif_cursor iloc, const clp_heif_cursor *idat) {
    uint32_t version = (uint32_t)clp_heif_take(&iloc, 4) >> 24;
    uint32_t sizes = (uint32_t)clp_heif_take(&iloc, 2);
    item one = {.offset_size = sizes >> 12,
                .length_size = sizes >> 8 & 15,
                .index_size = version > 0 ? sizes & 15 : 0};
    uint8_t base_size = sizes >> 4 & 15;
    uint32_t count = (uint32_t)clp_heif_take(&iloc, version < 2 ? 2 : 4);
    for (uint32_t i = 0; i < count && iloc.at < iloc.size && look(self); i++) {
        clp_heif_take(&iloc, version < 2 ? 2 : 4);
        bool inside = version > 0 && (clp_heif_take(&iloc, 2) & 15) == 1;
        clp_heif_take(&iloc, 2);
        one.area = inside ? idat->data : self->source->bytes;
        one.area_size = inside ? idat->size : self->source->size;
        one.base = clp_heif_take(&iloc, base_size);
        one.count = (uint32_t)clp_heif_take(&iloc, 2);
        one.extents = iloc;
        walk(self, &one);
        iloc.at += (size_t)one.count * ((size_t)one.index_size + one.offset_size + one.length_size);
    }
}

/** Sequence headers that stand among the properties. */
static void walk_properties(search *self, clp_heif_cursor ipco) {
    clp_heif_box one;
    while (next_box(self, &ipco, &one)) {
        clp_heif_cursor *content = &one.content;
        if (clp_heif_is(&one, "av1C") && content->size > 4) {
            /* One piece, of no offset and of all its length. */
            walk_av1(
                self,
                &(item){.area = content->data + 4, .area_size = content->size - 4, .count = 1});
        } else if (clp_heif_is(&one, "hvcC") && content->size > 23) {
            content->at = 22;
            for (uint64_t arrays = clp_heif_take(content, 1); arrays > 0 && look(self); arrays--) {
                clp_heif_take(content, 1);
                for (uint64_t units = clp_heif_take(content, 2); units > 0 && look(self); units--) {
                    size_t size = (size_t)clp_heif_take(content, 2);
                    size_t left = content->at < content->size ? content->size - content->at : 0;
                    const uint8_t *unit = left ? content->data + content->at : NULL;
                    if (size > 2 && size <= left && (unit[0] >> 1 & 63) == NAL_SPS) {
                        read_sps(self, unit + 2, size - 2);
                    }
                    content->at += size;
                }
            }
        }
    }
}

static void walk_meta(search *self, clp_heif_cursor meta) {
    clp_heif_cursor idat = {0}, again = meta;
    clp_heif_box one, inner;
    while (next_box(self, &again, &one)) {
        idat = clp_heif_is(&one, "idat") ? one.content : idat;
    }
    while (next_box(self, &meta, &one)) {
        if (clp_heif_is(&one, "iloc")) {
            walk_items(self, one.content, &idat);
        }
        while (clp_heif_is(&one, "iprp") && next_box(self, &one.content, &inner)) {
            if (clp_heif_is(&inner, "ipco")) {
                walk_properties(self, inner.content);
            }
        }
    }
}

clproc_status clp_heif_check_sizes(const clp_source *source, uint32_t width, uint32_t height,
                                   clproc_error *error) {
    /* A picture may be cut out of a larger one. */
    const uint64_t spare = (uint64_t)16 << 20;
    search self = {.source = source,
                   .most = 4 * (uint64_t)width * height + spare,
                   .shown_width = width,
                   .shown_height = height,
                   .error = error};
    clp_heif_cursor file = {source->bytes, source->size, 0};
    clp_heif_box one;
    while (next_box(&self, &file, &one)) {
        if (clp_heif_is(&one, "meta") && one.content.size > 4) {
            one.content.at = 4; /* version and flags */
            walk_meta(&self, one.content);
        }
    }
    return self.status;
}
