#include "meta/tiff.h"

#include <math.h>
#include <string.h>

enum { HEADER = 8, BIG_HEADER = 16, BIG_ENTRY = 20 };
/* Cameras write some 60 tags into a directory, raw files a few hundred, in some ten directories. */
enum { MOST_ENTRIES = 1024, MOST_DIRECTORIES = 24, MOST_SUBS = 8 };
/** Of one tag: printers' profiles, of up to some 2 MB, and XMP packets are the largest that anyone
 * wants. */
enum { MOST_BYTES = 8 << 20 };
/** Of all tags together, which may all have the same values. */
enum { MOST_OF_ALL = 64 << 20 };

enum { TAG_SUBS = 0x014A, TAG_EXIF = 0x8769, TAG_GPS = 0x8825, TAG_INTEROP = 0xA005 };

uint32_t clp_tiff_type_size(uint32_t type) {
    static const uint8_t sizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};
    return type < sizeof sizes ? sizes[type] : type == CLP_TIFF_UTF8 ? 1 : 0;
}

/** Bytes of what differs between TIFF and BigTIFF. */
typedef struct widths {
    uint32_t count;  /**< of a directory's number of entries */
    uint32_t entry;  /**< of each, which are: tag, type, number of values, these or their offset */
    uint32_t offset; /**< of an offset, and of a number of values */
} widths;

static const widths usual = {2, 12, 4}, big = {8, BIG_ENTRY, 8};

/** A directory that is still to be read. */
typedef struct pending {
    clp_ifd ifd;
    uint32_t picture;
    uint64_t offset;
} pending;

typedef struct walk {
    const clp_reach *from;
    const clp_tiff_visitor *visitor;
    bool little, subs;
    widths widths;
    uint32_t flaws;
    size_t taken;                    /**< bytes of values so far */
    pending queue[MOST_DIRECTORIES]; /**< those that were read, and those that will be */
    size_t read, queued;
} walk;

/** An offset, or a number of values. */
static uint64_t get_wide(const walk *at, const uint8_t *p) {
    return at->widths.offset == 8 ? clp_tiff_u64(p, at->little) : clp_tiff_u32(p, at->little);
}

/* ------------------------------------------------------------ directories */

static void add_directory(walk *at, clp_ifd ifd, uint32_t picture, uint64_t offset) {
    for (size_t i = 0; i < at->queued; i++) {
        if (at->queue[i].offset == offset) {
            at->flaws |= CLP_TIFF_LOOP;
            return;
        }
    }
    if (at->queued == MOST_DIRECTORIES) {
        at->flaws |= CLP_TIFF_CROWDED;
        return;
    }
    at->queue[at->queued++] = (pending){ifd, picture, offset};
}

/** Directories that a tag leads to. */
static void follow(walk *at, const clp_tiff_tag *tag) {
    double offset;
    clp_ifd ifd = tag->tag == TAG_EXIF      ? CLP_IFD_EXIF
                  : tag->tag == TAG_GPS     ? CLP_IFD_GPS
                  : tag->tag == TAG_INTEROP ? CLP_IFD_INTEROP
                                            : CLP_IFD_SUB;
    uint32_t most = ifd == CLP_IFD_SUB ? MOST_SUBS : 1;
    bool offsets = tag->type == CLP_TIFF_LONG || tag->type == CLP_TIFF_SLONG ||
                   tag->type == CLP_TIFF_IFD || tag->type == CLP_TIFF_LONG8 ||
                   tag->type == CLP_TIFF_SLONG8 || tag->type == CLP_TIFF_IFD8;
    if (!offsets) {
        at->flaws |= CLP_TIFF_BAD_TYPE;
    }
    for (uint32_t i = 0; offsets && i < most && clp_tiff_number(tag, i, &offset); i++) {
        /* What is negative, or a double does not hold exactly, lies outside of every file. */
        bool possible = offset >= 0 && offset < 0x1p53;
        add_directory(at, ifd, i, possible ? (uint64_t)offset : UINT64_MAX);
    }
}

static bool leads_on(const walk *at, clp_ifd ifd, uint32_t tag) {
    return (ifd == CLP_IFD_MAIN &&
            (tag == TAG_EXIF || tag == TAG_GPS || (at->subs && tag == TAG_SUBS))) ||
           (ifd == CLP_IFD_EXIF && tag == TAG_INTEROP);
}

/** Finds values that stand elsewhere, and notes why there are none. */
static const uint8_t *find_values(walk *at, uint64_t offset, uint64_t count, uint32_t size) {
    const clp_reach *from = at->from;
    if (offset > from->size || count > (from->size - offset) / size) {
        at->flaws |= CLP_TIFF_BAD_VALUE;
        return NULL;
    }
    bool few = count <= MOST_BYTES / size && count * size <= MOST_OF_ALL - at->taken;
    const uint8_t *found = few ? from->at(from->user, offset, (size_t)count * size) : NULL;
    at->taken += found ? (size_t)count * size : 0;
    at->flaws |= found ? 0 : CLP_TIFF_UNREAD;
    return found;
}

static void read_entry(walk *at, const pending *where, const uint8_t *entry) {
    clp_tiff_tag tag = {.ifd = where->ifd,
                        .picture = where->picture,
                        .tag = clp_tiff_u16(entry, at->little),
                        .type = clp_tiff_u16(entry + 2, at->little),
                        .little = at->little};
    uint64_t count = get_wide(at, entry + 4);
    bool leads = leads_on(at, tag.ifd, tag.tag);
    if (!leads && !at->visitor->wants(tag.ifd, tag.tag)) {
        return;
    }
    uint32_t size = clp_tiff_type_size(tag.type), wide = at->widths.offset;
    if (size == 0) {
        at->flaws |= CLP_TIFF_BAD_TYPE;
        return;
    }
    if (count == 0) {
        return; /* some cameras write tags without values */
    }
    const uint8_t *values = entry + 4 + wide;
    tag.data = count <= wide / size ? values : find_values(at, get_wide(at, values), count, size);
    if (!tag.data) {
        return;
    }
    tag.count = (uint32_t)count;
    tag.size = (size_t)count * size;
    if (leads) {
        follow(at, &tag);
    } else {
        at->visitor->take(at->visitor->user, &tag);
    }
}

/** Copies a directory's entries, since values are read between them. Returns how many there are. */
static uint32_t copy_entries(walk *at, uint64_t offset, uint8_t entries[MOST_ENTRIES * BIG_ENTRY]) {
    const clp_reach *from = at->from;
    const uint8_t *bytes = offset >= HEADER ? from->at(from->user, offset, at->widths.count) : NULL;
    if (!bytes) {
        at->flaws |= CLP_TIFF_OUTSIDE;
        return 0;
    }
    uint64_t count =
        at->widths.count == 8 ? clp_tiff_u64(bytes, at->little) : clp_tiff_u16(bytes, at->little);
    uint64_t start = offset + at->widths.count;
    uint64_t room = (from->size - start) / at->widths.entry;
    if (count > room) {
        at->flaws |= CLP_TIFF_SHORT_IFD;
        count = room;
    }
    if (count > MOST_ENTRIES) {
        at->flaws |= CLP_TIFF_CROWDED;
        count = MOST_ENTRIES;
    }
    size_t size = (size_t)count * at->widths.entry;
    bytes = count > 0 ? from->at(from->user, start, size) : NULL;
    if (count > 0 && !bytes) {
        at->flaws |= CLP_TIFF_SHORT_IFD;
        return 0;
    }
    if (bytes) {
        memcpy(entries, bytes, size);
    }
    return (uint32_t)count;
}

/** Reads the file's header, and notes where its first directory is; false if it has none. */
static bool read_header(walk *at, clp_ifd first) {
    const clp_reach *from = at->from;
    const uint8_t *head = from->at(from->user, 0, HEADER);
    if (!head || head[0] != head[1] || (head[0] != 'I' && head[0] != 'M')) {
        return false;
    }
    at->little = head[0] == 'I';
    at->widths = usual;
    /* 42, or what Olympus ("RO", "RS") and Panasonic write in its place; 43 is BigTIFF. */
    uint32_t magic = clp_tiff_u16(head + 2, at->little);
    if (magic == 42 || magic == 0x4F52 || magic == 0x5352 || magic == 0x55) {
        add_directory(at, first, 0, clp_tiff_u32(head + 4, at->little));
        return true;
    }
    head = magic == 43 && clp_tiff_u16(head + 4, at->little) == big.offset
               ? from->at(from->user, 0, BIG_HEADER)
               : NULL;
    if (head) {
        at->widths = big;
        add_directory(at, first, 0, clp_tiff_u64(head + HEADER, at->little));
    }
    return head != NULL;
}

uint32_t clp_tiff_read(const clp_reach *from, clp_ifd first, bool subs,
                       const clp_tiff_visitor *visitor) {
    uint8_t entries[MOST_ENTRIES * BIG_ENTRY];
    walk at = {.from = from, .visitor = visitor, .subs = subs};
    if (!read_header(&at, first)) {
        return CLP_TIFF_NO_HEADER;
    }
    while (at.read < at.queued) {
        pending where = at.queue[at.read++];
        uint32_t count = copy_entries(&at, where.offset, entries);
        for (uint32_t i = 0; i < count; i++) {
            read_entry(&at, &where, entries + (size_t)i * at.widths.entry);
        }
    }
    return at.flaws;
}

/* ------------------------------------------------------------------ memory */

typedef struct block {
    const uint8_t *data;
    size_t size;
} block;

static const uint8_t *within(void *user, uint64_t offset, size_t bytes) {
    const block *whole = user;
    return offset <= whole->size && bytes <= whole->size - offset ? whole->data + offset : NULL;
}

uint32_t clp_tiff_read_block(const uint8_t *data, size_t size, const clp_tiff_visitor *visitor) {
    block whole = {data, size};
    clp_reach from = {.at = within, .user = &whole, .size = size};
    return clp_tiff_read(&from, CLP_IFD_MAIN, false, visitor);
}

/* ------------------------------------------------------------------ values */

const char *clp_tiff_flaw(uint32_t flaws, size_t index) {
    static const char *const words[] = {"EXIF: is no TIFF structure",
                                        "EXIF: a directory lies outside",
                                        "EXIF: a directory is cut short",
                                        "EXIF: a directory leads back to one before",
                                        "EXIF: a directory has absurdly many entries",
                                        "EXIF: a tag has no known type",
                                        "EXIF: a tag's values lie outside",
                                        "EXIF: a tag's values are too many to be read"};
    for (size_t bit = 0; bit < sizeof words / sizeof *words; bit++) {
        if (flaws & 1u << bit && index-- == 0) {
            return words[bit];
        }
    }
    return NULL;
}

static int64_t whole(const uint8_t *p, uint32_t type, bool little) {
    switch (type) {
    case CLP_TIFF_SBYTE:
        return (int8_t)p[0];
    case CLP_TIFF_SHORT:
        return clp_tiff_u16(p, little);
    case CLP_TIFF_SSHORT:
        return (int16_t)clp_tiff_u16(p, little);
    case CLP_TIFF_LONG:
    case CLP_TIFF_IFD:
        return clp_tiff_u32(p, little);
    case CLP_TIFF_SLONG:
        return (int32_t)clp_tiff_u32(p, little);
    default:
        return p[0];
    }
}

static double fraction(const uint8_t *p, bool is_signed, bool little) {
    uint32_t type = is_signed ? CLP_TIFF_SLONG : CLP_TIFF_LONG;
    double below = (double)whole(p + 4, type, little);
    return below == 0 ? NAN : (double)whole(p, type, little) / below;
}

static double real(const uint8_t *p, uint32_t type, bool little) {
    float narrow;
    double wide;
    if (type == CLP_TIFF_FLOAT) {
        uint32_t bits = clp_tiff_u32(p, little);
        memcpy(&narrow, &bits, sizeof narrow);
        return (double)narrow;
    }
    uint64_t bits = clp_tiff_u64(p, little);
    memcpy(&wide, &bits, sizeof wide);
    return wide;
}

bool clp_tiff_number(const clp_tiff_tag *tag, uint32_t index, double *number) {
    uint32_t size = clp_tiff_type_size(tag->type);
    if (index >= tag->count || size == 0 || (uint64_t)(index + 1) * size > tag->size ||
        tag->type == CLP_TIFF_ASCII || tag->type == CLP_TIFF_UTF8) {
        return false;
    }
    const uint8_t *p = tag->data + (size_t)index * size;
    switch (tag->type) {
    case CLP_TIFF_RATIONAL:
    case CLP_TIFF_SRATIONAL:
        *number = fraction(p, tag->type == CLP_TIFF_SRATIONAL, tag->little);
        break;
    case CLP_TIFF_FLOAT:
    case CLP_TIFF_DOUBLE:
        *number = real(p, tag->type, tag->little);
        break;
    case CLP_TIFF_LONG8:
    case CLP_TIFF_IFD8:
        *number = (double)clp_tiff_u64(p, tag->little);
        break;
    case CLP_TIFF_SLONG8:
        *number = (double)(int64_t)clp_tiff_u64(p, tag->little);
        break;
    default:
        *number = (double)whole(p, tag->type, tag->little);
        break;
    }
    return isfinite(*number);
}
