#include <string.h>

#include "meta/meta.h"
#include "meta/read.h"
#include "meta/tiff.h"

/* Photoshop's resources stand one after the other: a signature of four letters, a number, a name
 * (its length first, padded to even), and the data (its length first, padded to even). One of them
 * is IPTC's: data sets, each of a marker, a record, a number and a length. */

enum {
    THUMBNAIL_OLD = 0x0409,
    RIGHTS = 0x040A,
    RIGHTS_URL = 0x040B,
    THUMBNAIL = 0x040C,
    PROFILE = 0x040F,
    EXIF = 0x0422,
    EXIF_MORE = 0x0423,
    XMP = 0x0424,
    IPTC = 0x0404,
    IPTC_DIGEST = 0x0425
};

static uint32_t get16(const uint8_t *p) {
    return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p) {
    return get16(p) << 16 | get16(p + 2);
}

static void put32(uint8_t *p, size_t value) {
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

typedef struct resource {
    uint32_t number;
    const uint8_t *start; /**< of the signature */
    size_t head;          /**< bytes before the length of the data */
    const uint8_t *data;
    size_t size;
    size_t whole; /**< bytes with padding */
} resource;

/** Reads the resource at the start of `data`; false if there is none that makes sense. */
static bool read_resource(const uint8_t *data, size_t left, resource *found) {
    if (left < 12) {
        return false;
    }
    size_t name = ((size_t)data[6] + 2) & ~(size_t)1;
    size_t head = 6 + name;
    if (left < head + 4) {
        return false;
    }
    size_t size = get32(data + head), whole;
    if (size > left - head - 4) {
        return false;
    }
    whole = head + 4 + size + (size & 1);
    *found = (resource){.number = get16(data + 4),
                        .start = data,
                        .head = head,
                        .data = data + head + 4,
                        .size = size,
                        .whole = whole < left ? whole : left};
    return true;
}

static bool tells_place(uint8_t record, uint8_t number) {
    /* Content location, city, sublocation, province, country. */
    static const uint8_t places[] = {26, 27, 90, 92, 95, 100, 101};
    return record == 2 && memchr(places, number, sizeof places);
}

/** The bytes of the data set at the start of `data`; 0 if there is none. */
static size_t set_size(const uint8_t *data, size_t left) {
    if (left < 5 || data[0] != 0x1C) {
        return 0;
    }
    size_t length = get16(data + 3), head = 5;
    if (length & 0x8000) {
        /* Extended: the length of the length. */
        size_t bytes = length & 0x7FFF;
        if (bytes > 4 || left < head + bytes) {
            return 0;
        }
        for (length = 0; head < 5 + bytes; head++) {
            length = length << 8 | data[head];
        }
    }
    return length <= left - head ? head + length : 0;
}

/** True if a data set stays. */
static bool is_kept(uint8_t record, uint8_t number, const clp_meta_edit *edit) {
    /* By-line, credit, notice; created and digitised, dates and times. */
    static const uint8_t rights[] = {80, 110, 116}, dates[] = {55, 60, 62, 63};
    bool place = tells_place(record, number);
    if (!edit->parts) {
        return !edit->strip_gps || !place;
    }
    return ((edit->parts & CLPROC_METADATA_GPS) && place) ||
           ((edit->parts & CLPROC_METADATA_COPYRIGHT) && record == 2 &&
            memchr(rights, number, sizeof rights)) ||
           ((edit->parts & CLPROC_METADATA_DATE) && record == 2 &&
            memchr(dates, number, sizeof dates));
}

/** True if a data set says how others are to be read: encoding, version. */
static bool is_preface(uint8_t record, uint8_t number) {
    return (record == 1 && number == 90) || (record == 2 && number == 0);
}

/** Appends IPTC's resource with the data sets that stay; what follows the last one is padding.
 * Where none stays nothing is appended. */
static clproc_status copy_sets(const resource *from, const clp_meta_edit *edit, clp_bytes *out,
                               clproc_error *error) {
    size_t start = out->size, bytes;
    bool any = false;
    clproc_status status;
    CLP_TRY(status, out, clp_bytes_append(out, from->start, from->head + 4, error));
    size_t begin = out->size;
    for (size_t at = 0; (bytes = set_size(from->data + at, from->size - at)) > 0; at += bytes) {
        const uint8_t *set = from->data + at;
        bool kept = is_kept(set[1], set[2], edit);
        any |= kept;
        if (kept || is_preface(set[1], set[2])) {
            CLP_TRY(status, out, clp_bytes_append(out, set, bytes, error));
        }
    }
    size_t size = out->size - begin;
    put32(out->data + begin - 4, size);
    if (size & 1) {
        CLP_TRY(status, out, clp_bytes_append(out, "", 1, error));
    }
    if (edit->parts && !any) {
        out->size = start;
    }
out:
    return status;
}

/** True if what stands behind the last data set is no padding: one that is cut short, or others
 * behind a gap, as some readers find them. */
static bool has_rest(const resource *sets, size_t at) {
    while (at < sets->size && sets->data[at] == 0) {
        at++;
    }
    return at < sets->size;
}

/** True if a data set, wherever it stands among the resources, goes, or what may hold a place. */
static bool any_goes(const uint8_t *data, size_t size, const clp_meta_edit *edit) {
    resource found;
    for (size_t at = 0; read_resource(data + at, size - at, &found); at += found.whole) {
        size_t bytes = 0, set = 0;
        for (; found.number == IPTC && (bytes = set_size(found.data + set, found.size - set)) > 0;
             set += bytes) {
            if (!is_kept(found.data[set + 1], found.data[set + 2], edit)) {
                return true;
            }
        }
        if (found.number == IPTC && edit->strip_gps && has_rest(&found, set)) {
            return true;
        }
    }
    return false;
}

static bool is_dropped(uint32_t number, const clp_meta_edit *edit, bool goes) {
    switch (number) {
    case THUMBNAIL_OLD:
    case THUMBNAIL:
    case PROFILE:
    case EXIF:
    case EXIF_MORE:
    case XMP:
        return edit->strip_thumbnail || edit->parts;
    case RIGHTS:
    case RIGHTS_URL:
        return edit->parts && !(edit->parts & CLPROC_METADATA_COPYRIGHT);
    case IPTC_DIGEST: /* of IPTC as it was */
        return goes || edit->parts;
    default:
        return edit->parts;
    }
}

clproc_status clp_iptc_edit_copy(const uint8_t *data, size_t size, const clp_meta_edit *edit,
                                 clp_bytes *out, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    resource found;
    size_t at = 0;
    bool goes = any_goes(data, size, edit);
    out->size = 0;
    while (read_resource(data + at, size - at, &found)) {
        if (found.number == IPTC && goes) {
            CLP_TRY(status, out, copy_sets(&found, edit, out, error));
        } else if (found.number == IPTC || !is_dropped(found.number, edit, goes)) {
            CLP_TRY(status, out, clp_bytes_append(out, found.start, found.whole, error));
        }
        at += found.whole;
    }
    for (; at < size; at++) {
        if (data[at] != 0) {
            status = clp_error_set(error, CLPROC_ERROR_INPUT,
                                   "Photoshop's resources cannot be read; leave them out with "
                                   "--strip iptc");
            break;
        }
    }
out:
    return status;
}

/* ------------------------------------------------------------ of TIFF files */

enum { TIFF_IPTC = 0x83BB };

static bool wants_iptc(clp_ifd ifd, uint32_t tag) {
    return ifd == CLP_IFD_MAIN && tag == TIFF_IPTC;
}

typedef struct wrapping {
    clp_bytes *out;
    clproc_status status;
    clproc_error *error;
} wrapping;

static void wrap(void *user, const clp_tiff_tag *tag) {
    wrapping *w = user;
    size_t size = tag->size;
    uint8_t head[12] = {'8', 'B', 'I', 'M', IPTC >> 8, IPTC & 255}; /* and no name */
    if (w->status != CLPROC_OK || w->out->size > 0 || size < 5 || size > UINT32_MAX ||
        tag->data[0] != 0x1C) {
        return;
    }
    put32(head + 8, size);
    w->status = clp_bytes_append(w->out, head, sizeof head, w->error);
    if (w->status == CLPROC_OK) {
        w->status = clp_bytes_append(w->out, tag->data, size, w->error);
    }
    if (w->status == CLPROC_OK && size & 1) {
        w->status = clp_bytes_append(w->out, "", 1, w->error);
    }
}

clproc_status clp_iptc_of_tiff(const uint8_t *data, size_t size, clp_bytes *out,
                               clproc_error *error) {
    wrapping w = {out, CLPROC_OK, error};
    const clp_tiff_visitor visitor = {wants_iptc, wrap, &w};
    out->size = 0;
    (void)clp_tiff_read_block(data, size, &visitor); /* what is broken is told of EXIF */
    return w.status;
}

/* ---------------------------------------------------------------- reading */

const char *clp_iptc_read_sets(const uint8_t *data, size_t size, clp_iptc_fn take, void *user) {
    size_t at = 0, bytes;
    while ((bytes = set_size(data + at, size - at)) > 0) {
        const uint8_t *set = data + at;
        bool extended = (set[3] & 0x80) != 0;
        size_t head = 5 + (extended ? get16(set + 3) & 0x7FFF : 0);
        take(user, &(clp_iptc_set){set[1], set[2], set + head, bytes - head});
        at += bytes;
    }
    for (; at < size; at++) {
        if (data[at] != 0) {
            return "IPTC: a data set is cut short";
        }
    }
    return NULL;
}

const char *clp_iptc_read(const uint8_t *data, size_t size, clp_iptc_fn take, void *user) {
    const char *flaw = NULL;
    resource found;
    size_t at = 0;
    for (; read_resource(data + at, size - at, &found); at += found.whole) {
        if (found.number == IPTC) {
            flaw = clp_iptc_read_sets(found.data, found.size, take, user);
        }
    }
    for (; at < size && !flaw; at++) {
        flaw = data[at] != 0 ? "IPTC: Photoshop's resources are cut short" : NULL;
    }
    return flaw;
}
