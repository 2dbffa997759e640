#include <string.h>

#include "meta/meta.h"
#include "meta/tiff.h"

enum {
    TAG_FULL_WIDTH = 0x0100,
    TAG_FULL_HEIGHT = 0x0101,
    TAG_ORIENTATION = 0x0112,
    TAG_STRIP_OFFSETS = 0x0111,
    TAG_STRIP_SIZES = 0x0117,
    TAG_X_DENSITY = 0x011A,
    TAG_Y_DENSITY = 0x011B,
    TAG_THUMBNAIL_OFFSET = 0x0201,
    TAG_THUMBNAIL_SIZE = 0x0202,
    TAG_SUB_IFDS = 0x014A,
    TAG_XMP = 0x02BC,
    TAG_IPTC = 0x83BB,
    TAG_PHOTOSHOP = 0x8649,
    TAG_EXIF_IFD = 0x8769,
    TAG_GPS_IFD = 0x8825,
    TAG_MAKER_NOTE = 0x927C,
    TAG_COLOUR_SPACE = 0xA001,
    TAG_WIDTH = 0xA002,
    TAG_HEIGHT = 0xA003,
    TAG_INTEROP_IFD = 0xA005,
    TAG_DNG_PRIVATE = 0xC634
};

enum { BYTE = CLP_TIFF_BYTE, SHORT = CLP_TIFF_SHORT, LONG = CLP_TIFF_LONG, IFD = CLP_TIFF_IFD };
enum { HEADER = 8, COUNT = 2, ENTRY = 12, LINK = 4, MAX_CHAIN = 16 };

/** A TIFF structure: a header, and directories (IFDs) of 12-byte entries, linked by offsets. */
typedef struct tiff {
    uint8_t *data; /**< written to by the edits only */
    size_t size;
    bool little;
    size_t erased; /**< bytes zeroed so far */
    size_t copied; /**< bytes of values copied to it so far */
} tiff;

typedef struct directory {
    size_t start;
    uint32_t count; /**< entries that lie within the data */
    bool complete;  /**< all entries and the link to the next directory do */
} directory;

typedef struct entry {
    size_t at; /**< of the entry itself */
    uint32_t tag, type, count;
    size_t value; /**< where the value stands */
    size_t bytes; /**< its size; 0 if it does not lie within the data */
} entry;

/* -------------------------------------------------------------- reading */

static uint32_t get16(const tiff *file, size_t at) {
    return clp_tiff_u16(file->data + at, file->little);
}

static uint32_t get32(const tiff *file, size_t at) {
    return clp_tiff_u32(file->data + at, file->little);
}

static void put16(tiff *file, size_t at, uint32_t value) {
    file->data[at + !file->little] = (uint8_t)value;
    file->data[at + file->little] = (uint8_t)(value >> 8);
}

static void put32(tiff *file, size_t at, uint32_t value) {
    put16(file, file->little ? at : at + 2, value & 0xFFFF);
    put16(file, file->little ? at + 2 : at, value >> 16);
}

/** True if `bytes` bytes at `at` lie within the data. */
static bool within(const tiff *file, size_t at, size_t bytes) {
    return at <= file->size && bytes <= file->size - at;
}

static bool open_tiff(const uint8_t *data, size_t size, tiff *file) {
    if (size < HEADER) {
        return false;
    }
    /* Reading leaves the data alone: see the struct. */
    *file = (tiff){.data = (uint8_t *)data, .size = size, .little = data[0] == 'I'};
    return (memcmp(data, "II*\0", 4) == 0 || memcmp(data, "MM\0*", 4) == 0);
}

static bool read_directory(const tiff *file, size_t start, directory *found) {
    if (start < HEADER || !within(file, start, COUNT)) {
        return false;
    }
    size_t room = (file->size - start - COUNT) / ENTRY;
    uint32_t count = get16(file, start);
    *found = (directory){.start = start, .count = count < room ? count : (uint32_t)room};
    found->complete = within(file, start, COUNT + (size_t)count * ENTRY + LINK);
    return true;
}

static entry read_entry(const tiff *file, const directory *where, uint32_t index) {
    entry found = {.at = where->start + COUNT + (size_t)index * ENTRY};
    found.tag = get16(file, found.at);
    found.type = get16(file, found.at + 2);
    found.count = get32(file, found.at + 4);
    /* At most 2^32 × 8: no overflow. */
    uint64_t bytes = (uint64_t)found.count * clp_tiff_type_size(found.type);
    found.value = bytes <= 4 ? found.at + 8 : get32(file, found.at + 8);
    found.bytes = bytes <= file->size && within(file, found.value, bytes) ? bytes : 0;
    return found;
}

static bool find_entry(const tiff *file, const directory *where, uint32_t tag, entry *found) {
    for (uint32_t i = 0; i < where->count; i++) {
        *found = read_entry(file, where, i);
        if (found->tag == tag) {
            return true;
        }
    }
    return false;
}

/** Number `index` of a value of whole numbers; false if there is none. */
static bool number(const tiff *file, const entry *from, uint32_t index, uint32_t *value) {
    if (from->bytes == 0 || index >= from->count) {
        return false;
    }
    switch (from->type) {
    case BYTE:
        *value = file->data[from->value + index];
        return true;
    case SHORT:
        *value = get16(file, from->value + index * 2u);
        return true;
    case LONG:
    case IFD:
        *value = get32(file, from->value + (size_t)index * 4);
        return true;
    default:
        return false;
    }
}

static bool find_number(const tiff *file, const directory *where, uint32_t tag, uint32_t *value) {
    entry found;
    return find_entry(file, where, tag, &found) && number(file, &found, 0, value);
}

static size_t next_directory(const tiff *file, const directory *where) {
    return where->complete ? get32(file, where->start + COUNT + (size_t)where->count * ENTRY) : 0;
}

static bool open_first(const uint8_t *data, size_t size, tiff *file, directory *first) {
    return open_tiff(data, size, file) && read_directory(file, get32(file, 4), first);
}

/** True if a directory and EXIF's below it have nothing but orientation and size. */
static bool tells_shape_alone(const tiff *file, const directory *where) {
    for (uint32_t i = 0; i < where->count; i++) {
        entry found = read_entry(file, where, i);
        directory below;
        switch (found.tag) {
        case TAG_ORIENTATION:
        case TAG_FULL_WIDTH:
        case TAG_FULL_HEIGHT:
        case TAG_WIDTH:
        case TAG_HEIGHT:
            break;
        case TAG_EXIF_IFD:
            /* One that lies within itself would have a pointer to itself in it. */
            if (found.bytes != 4 || !read_directory(file, get32(file, found.value), &below) ||
                find_entry(file, &below, TAG_EXIF_IFD, &found) ||
                !tells_shape_alone(file, &below)) {
                return false;
            }
            break;
        default:
            return false;
        }
    }
    return true;
}

clp_exif_facts clp_exif_read(const uint8_t *data, size_t size) {
    clp_exif_facts facts = {.orientation = 1};
    tiff file;
    directory first, second;
    entry found;
    uint32_t orientation;
    facts.valid = open_first(data, size, &file, &first);
    if (facts.valid) {
        if (find_number(&file, &first, TAG_ORIENTATION, &orientation) && orientation >= 1 &&
            orientation <= 8) {
            facts.orientation = orientation;
            facts.oriented = true;
        }
        facts.has_gps = find_entry(&file, &first, TAG_GPS_IFD, &found);
        facts.has_thumbnail = read_directory(&file, next_directory(&file, &first), &second);
        facts.bare = facts.oriented && !facts.has_thumbnail && tells_shape_alone(&file, &first);
    }
    return facts;
}

/* -------------------------------------------------------------- editing */

/** Zeroes bytes. Values do not overlap in a sound file, so that no more is erased than there is:
 * this bounds the work on a hostile one. */
static bool erase(tiff *file, size_t at, size_t bytes) {
    if (!within(file, at, bytes) || bytes > file->size - file->erased) {
        return false;
    }
    memset(file->data + at, 0, bytes);
    file->erased += bytes;
    return true;
}

/** Erases a directory and the values outside it. Entries are read before they go. */
static bool erase_directory(tiff *file, const directory *where) {
    for (uint32_t i = 0; i < where->count; i++) {
        entry found = read_entry(file, where, i);
        if (found.bytes > 4 && !erase(file, found.value, found.bytes)) {
            return false;
        }
    }
    size_t bytes = COUNT + (size_t)where->count * ENTRY + (where->complete ? LINK : 0);
    return erase(file, where->start, bytes);
}

/** Erases the data that a pair of tags, offsets and sizes, describes. */
static bool erase_data(tiff *file, const directory *where, uint32_t offsets, uint32_t sizes) {
    entry from, length;
    uint32_t at, bytes;
    if (!find_entry(file, where, offsets, &from) || !find_entry(file, where, sizes, &length)) {
        return true;
    }
    for (uint32_t i = 0; number(file, &from, i, &at) && number(file, &length, i, &bytes); i++) {
        size_t left = at < file->size ? file->size - at : 0;
        if (!erase(file, left ? at : 0, bytes < left ? bytes : left)) {
            return false;
        }
    }
    return true;
}

static bool strip_thumbnail(tiff *file, const directory *first) {
    directory next;
    size_t offset = next_directory(file, first);
    if (offset == 0) {
        return true;
    }
    put32(file, first->start + COUNT + (size_t)first->count * ENTRY, 0);
    for (int i = 0; i < MAX_CHAIN && offset != first->start; i++) {
        if (!read_directory(file, offset, &next)) {
            return true;
        }
        offset = next_directory(file, &next);
        if (!erase_data(file, &next, TAG_THUMBNAIL_OFFSET, TAG_THUMBNAIL_SIZE) ||
            !erase_data(file, &next, TAG_STRIP_OFFSETS, TAG_STRIP_SIZES) ||
            !erase_directory(file, &next)) {
            return false;
        }
    }
    return true;
}

/** Writes a whole number where one stands, the first where there are several; a SHORT that is too
 * small for it becomes a LONG. */
static void set_number(tiff *file, const directory *where, uint32_t tag, uint32_t value) {
    entry found;
    uint32_t old;
    if (!find_entry(file, where, tag, &found) || !number(file, &found, 0, &old)) {
        return;
    }
    if (found.type == SHORT && value > 0xFFFF && found.count == 1) {
        put16(file, found.at + 2, LONG);
        found.type = LONG;
    }
    if (found.type == SHORT && value <= 0xFFFF) {
        put16(file, found.value, value);
    } else if (found.type == LONG || found.type == IFD) {
        put32(file, found.value, value);
    } else if (found.type == BYTE && value <= 0xFF) {
        file->data[found.value] = (uint8_t)value;
    }
}

/** Names the colour space in EXIF, and in interoperability, whose R03 is Adobe RGB and R98 sRGB;
 * others have no name there. */
static void set_colour_space(tiff *file, const directory *first, uint32_t value) {
    enum { INDEX = 1, SRGB = 1 };
    directory exif, interop;
    entry index;
    uint32_t offset;
    if (!find_number(file, first, TAG_EXIF_IFD, &offset) || !read_directory(file, offset, &exif)) {
        return;
    }
    set_number(file, &exif, TAG_COLOUR_SPACE, value);
    if (find_number(file, &exif, TAG_INTEROP_IFD, &offset) &&
        read_directory(file, offset, &interop) && find_entry(file, &interop, INDEX, &index) &&
        index.bytes == 4 && memcmp(file->data + index.value, "R03", 4) == 0) {
        memcpy(file->data + index.value, value == SRGB ? "R98" : "\0\0\0", 4);
    }
}

static void set_size(tiff *file, const directory *first, uint32_t width, uint32_t height) {
    directory exif;
    uint32_t offset;
    bool found =
        find_number(file, first, TAG_EXIF_IFD, &offset) && read_directory(file, offset, &exif);
    if (width) {
        set_number(file, first, TAG_FULL_WIDTH, width);
    }
    if (height) {
        set_number(file, first, TAG_FULL_HEIGHT, height);
    }
    if (found && width) {
        set_number(file, &exif, TAG_WIDTH, width);
    }
    if (found && height) {
        set_number(file, &exif, TAG_HEIGHT, height);
    }
}

/** Exchanges the densities across and down, where both stand, in the same form. */
static void exchange_densities(tiff *file, const directory *first) {
    entry x, y;
    uint8_t across[8];
    if (find_entry(file, first, TAG_X_DENSITY, &x) && find_entry(file, first, TAG_Y_DENSITY, &y) &&
        x.type == y.type && x.bytes == y.bytes && x.bytes <= sizeof across) {
        memcpy(across, file->data + x.value, x.bytes);
        memmove(file->data + x.value, file->data + y.value, x.bytes);
        memcpy(file->data + y.value, across, x.bytes);
    }
}

/* ---------------------------------------------------------- without place */

/** Tags that may lead to a place or hold one: in TIFF files also other kinds of metadata. What a
 * maker's note says only its maker knows, and some name cities. */
static bool may_tell_place(uint32_t tag) {
    static const uint32_t tags[] = {TAG_GPS_IFD,   TAG_SUB_IFDS,   TAG_XMP,        TAG_IPTC,
                                    TAG_PHOTOSHOP, TAG_MAKER_NOTE, TAG_DNG_PRIVATE};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        if (tags[i] == tag) {
            return true;
        }
    }
    return false;
}

/** Copies bytes to where they stand in another structure. Few values are shared in a sound file:
 * this bounds the work on a hostile one. */
static bool copy_bytes(const tiff *from, tiff *to, size_t at, size_t bytes) {
    enum { MOST_SHARED = 4 };
    if (bytes > to->size * MOST_SHARED - to->copied) {
        return false;
    }
    memcpy(to->data + at, from->data + at, bytes);
    to->copied += bytes;
    return true;
}

/** Copies a directory and its values, but for what may tell the place and what leads nowhere, with
 * no link to a next one. */
static bool copy_directory(const tiff *from, tiff *to, const directory *where) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < where->count; i++) {
        entry found = read_entry(from, where, i);
        if (may_tell_place(found.tag) || (found.bytes == 0 && found.count > 0)) {
            continue;
        }
        size_t at = where->start + COUNT + (size_t)kept++ * ENTRY;
        memcpy(to->data + at, from->data + found.at, ENTRY);
        if (found.bytes > 4 && !copy_bytes(from, to, found.value, found.bytes)) {
            return false;
        }
    }
    put16(to, where->start, kept);
    return true;
}

/** True if nothing in a directory may tell the place. */
static bool is_without_place(const tiff *file, const directory *where) {
    bool without = true;
    for (uint32_t i = 0; i < where->count; i++) {
        without &= !may_tell_place(read_entry(file, where, i).tag);
    }
    return without;
}

/** Copies the first directory, EXIF's and that of interoperability. Whatever else stands between
 * them is left out, as programs that edit in place leave old values behind. */
static bool copy_without_place(const tiff *from, tiff *to, directory first) {
    static const uint32_t leads[] = {TAG_EXIF_IFD, TAG_INTEROP_IFD};
    directory found[3] = {first};
    size_t count = 1;
    bool done = true;
    uint32_t offset;
    memcpy(to->data, from->data, HEADER);
    while (count < 3 && find_number(from, &found[count - 1], leads[count - 1], &offset) &&
           read_directory(from, offset, &found[count])) {
        count++;
    }
    for (size_t i = 0; done && i < count; i++) {
        done = copy_directory(from, to, &found[i]);
    }
    /* Where they overlap, one may have brought back what was left out of another. */
    for (size_t i = 0; done && i < count; i++) {
        done = read_directory(to, found[i].start, &first) && is_without_place(to, &first);
    }
    return done;
}

static clproc_status copy_all(const uint8_t *data, size_t size, const clp_meta_edit *edit,
                              clp_bytes *out, bool *done, clproc_error *error) {
    tiff from;
    directory first;
    clproc_status status = clp_bytes_append(out, data, size, error);
    *done = true;
    if (status == CLPROC_OK && edit->strip_gps && open_first(data, size, &from, &first)) {
        tiff to = {.data = out->data, .size = size, .little = from.little};
        memset(out->data, 0, size);
        *done = copy_without_place(&from, &to, first);
    }
    return status;
}

/* ------------------------------------------------------------ all edits */

clproc_status clp_exif_edit_copy(const uint8_t *data, size_t size, const clp_meta_edit *edit,
                                 clp_bytes *out, clproc_error *error) {
    tiff file;
    directory first;
    clproc_status status;
    bool done = true;
    out->size = 0;
    if (edit->parts) {
        CLP_TRY(status, out, clp_exif_pick(data, size, edit->parts, out, error));
        if (out->size == 0) {
            goto out;
        }
    } else {
        CLP_TRY(status, out, copy_all(data, size, edit, out, &done, error));
    }
    if (!open_first(out->data, out->size, &file, &first)) {
        status = clp_error_set(error, CLPROC_ERROR_INPUT,
                               "the EXIF block cannot be read; leave it out with --strip exif");
        goto out;
    }
    set_size(&file, &first, edit->width, edit->height);
    if (edit->colour_space) {
        set_colour_space(&file, &first, edit->colour_space);
    }
    if (edit->reset_orientation) {
        set_number(&file, &first, TAG_ORIENTATION, 1);
    }
    bool strip_place = edit->strip_gps && !edit->parts; /* which are picked by name */
    done = done && (!edit->strip_thumbnail || strip_thumbnail(&file, &first));
    if (edit->transpose) {
        exchange_densities(&file, &first); /* last: it moves nothing that should go */
    }
    /* Where things overlap, one edit may have undone another. */
    clp_exif_facts facts = clp_exif_read(out->data, out->size);
    if (!done || !facts.valid || (edit->reset_orientation && facts.orientation != 1) ||
        (strip_place && facts.has_gps) || (edit->strip_thumbnail && facts.has_thumbnail)) {
        status =
            clp_error_set(error, CLPROC_ERROR_INPUT,
                          "the EXIF block contradicts itself, so that nothing can be taken out "
                          "of it; leave it out with --strip exif");
    }
out:
    return status;
}
