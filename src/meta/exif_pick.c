/* EXIF made anew of some of the tags of another TIFF structure. */
#include <stdlib.h>
#include <string.h>

#include "meta/meta.h"
#include "meta/tiff.h"

enum { HEADER = 8, ENTRY = 12, LINK = 4, POINTER = 4, MOST_TAGS = 1024 };
enum { TAG_EXIF_IFD = 0x8769, TAG_GPS_IFD = 0x8825, TAG_MAKER_NOTE = 0x927C };

/** A tag that was picked. */
typedef struct picked {
    uint32_t ifd, tag, type, count;
    size_t at, size; /**< of its values among those of all */
} picked;

typedef struct picking {
    uint32_t parts;
    bool little;
    size_t most; /**< bytes of values: as many as there are, since they do not overlap */
    picked tags[MOST_TAGS];
    size_t count;
    clp_bytes values;
    clproc_status status;
    clproc_error *error;
} picking;

/* ---------------------------------------------------------------- choosing */

static bool is_right(const clp_tiff_tag *tag) {
    return tag->ifd == CLP_IFD_MAIN && (tag->tag == 0x8298 || tag->tag == 0x013B);
}

static bool is_date(const clp_tiff_tag *tag) {
    static const uint16_t dates[] = {0x0132, 0x9003, 0x9004, 0x9010, 0x9011,
                                     0x9012, 0x9290, 0x9291, 0x9292};
    for (size_t i = 0; tag->ifd <= CLP_IFD_EXIF && i < sizeof dates / sizeof *dates; i++) {
        if (tag->tag == dates[i]) {
            return true;
        }
    }
    return false;
}

/** What EXIF has of a TIFF file's first directory, of which all else is about its pixels: names,
 * makers, orientation, dates, rights, and Windows' ratings and texts. */
static bool is_shared(const clp_tiff_tag *tag) {
    static const uint16_t tags[] = {0x010D, 0x010E, 0x010F, 0x0110, 0x0112, 0x0131,
                                    0x0132, 0x013B, 0x013C, 0x4746, 0x4749, 0x8298,
                                    0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F};
    for (size_t i = 0; tag->ifd == CLP_IFD_MAIN && i < sizeof tags / sizeof *tags; i++) {
        if (tag->tag == tags[i]) {
            return true;
        }
    }
    return false;
}

/** All that can stand elsewhere: a maker's note has offsets of its own. */
static bool can_move(const clp_tiff_tag *tag) {
    return is_shared(tag) || tag->ifd == CLP_IFD_GPS ||
           (tag->ifd == CLP_IFD_EXIF && tag->tag != TAG_MAKER_NOTE);
}

static bool is_wanted(const clp_tiff_tag *tag, uint32_t parts) {
    return ((parts & CLPROC_METADATA_EXIF) && can_move(tag)) ||
           ((parts & CLPROC_METADATA_COPYRIGHT) && is_right(tag)) ||
           ((parts & CLPROC_METADATA_DATE) && is_date(tag)) ||
           ((parts & CLPROC_METADATA_GPS) && tag->ifd == CLP_IFD_GPS) ||
           ((parts & CLPROC_METADATA_ORIENTATION) && tag->ifd == CLP_IFD_MAIN &&
            tag->tag == 0x0112);
}

static bool wants(clp_ifd ifd, uint32_t tag) {
    (void)tag;
    return ifd <= CLP_IFD_GPS;
}

static bool is_picked(const picking *self, const clp_tiff_tag *tag) {
    for (size_t i = 0; i < self->count; i++) {
        if (self->tags[i].ifd == tag->ifd && self->tags[i].tag == tag->tag) {
            return true;
        }
    }
    return false;
}

static void take(void *user, const clp_tiff_tag *tag) {
    picking *self = user;
    if (!is_wanted(tag, self->parts) || self->status != CLPROC_OK || self->count == MOST_TAGS ||
        tag->size > self->most - self->values.size || is_picked(self, tag)) {
        return;
    }
    self->little = tag->little;
    self->tags[self->count++] =
        (picked){tag->ifd, tag->tag, tag->type, tag->count, self->values.size, tag->size};
    self->status = clp_bytes_append(&self->values, tag->data, tag->size, self->error);
}

static int compare(const void *one, const void *other) {
    const picked *a = one, *b = other;
    return a->ifd != b->ifd ? (int)a->ifd - (int)b->ifd : (int)a->tag - (int)b->tag;
}

/* ----------------------------------------------------------------- writing */

static size_t put(uint8_t *to, uint32_t value, size_t bytes, bool little) {
    for (size_t i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(value >> 8 * (little ? i : bytes - 1 - i));
    }
    return bytes;
}

/** A structure being written: `at` is where its next directory goes, `data` its next value. */
typedef struct writing {
    uint8_t *bytes;
    size_t at, data;
} writing;

static void put_entry(writing *to, uint32_t tag, uint32_t type, uint32_t count, bool little) {
    uint8_t *entry = to->bytes + to->at;
    put(entry, tag, 2, little);
    put(entry + 2, type, 2, little);
    put(entry + 4, count, 4, little);
    to->at += ENTRY;
}

static void put_tag(writing *to, const picking *self, const picked *tag) {
    size_t value = to->at + 8;
    put_entry(to, tag->tag, tag->type, tag->count, self->little);
    if (tag->size > 4) {
        put(to->bytes + value, (uint32_t)to->data, 4, self->little);
        value = to->data;
        to->data += (tag->size + 1) & ~(size_t)1;
    }
    memcpy(to->bytes + value, self->values.data + tag->at, tag->size);
}

static size_t count_of(const picking *self, uint32_t ifd) {
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++) {
        count += self->tags[i].ifd == ifd;
    }
    return count;
}

static size_t directory_size(size_t entries) {
    return entries ? 2 + entries * ENTRY + LINK : 0;
}

/** Writes a directory; the first one has, at their place by number, those that it leads to. */
static void put_directory(writing *to, const picking *self, uint32_t ifd, size_t entries,
                          const size_t leads[2]) {
    static const uint32_t leading[] = {TAG_EXIF_IFD, TAG_GPS_IFD};
    size_t lead = 0;
    to->at += put(to->bytes + to->at, (uint32_t)entries, 2, self->little);
    for (size_t i = 0; i <= self->count; i++) {
        bool last = i == self->count;
        for (; leads && lead < 2 &&
               (last || self->tags[i].ifd != ifd || leading[lead] < self->tags[i].tag);
             lead++) {
            if (leads[lead]) {
                put(to->bytes + to->at + 8, (uint32_t)leads[lead], POINTER, self->little);
                put_entry(to, leading[lead], CLP_TIFF_LONG, 1, self->little);
            }
        }
        if (!last && self->tags[i].ifd == ifd) {
            put_tag(to, self, &self->tags[i]);
        }
    }
    to->at += LINK;
}

static clproc_status write_all(const picking *self, clp_bytes *out, clproc_error *error) {
    size_t exif = count_of(self, CLP_IFD_EXIF), gps = count_of(self, CLP_IFD_GPS);
    size_t first = count_of(self, CLP_IFD_MAIN) + (exif > 0) + (gps > 0);
    size_t at_exif = HEADER + directory_size(first), at_gps = at_exif + directory_size(exif);
    size_t at_data = at_gps + directory_size(gps);
    /* Each value may get a byte of padding. */
    size_t most = at_data + self->values.size + self->count;
    size_t leads[] = {exif ? at_exif : 0, gps ? at_gps : 0};
    clproc_status status;
    CLP_TRY(status, out, clp_bytes_reserve(out, most, error));
    memset(out->data, 0, most);
    memcpy(out->data, self->little ? "II*\0" : "MM\0*", 4);
    put(out->data + 4, HEADER, 4, self->little);
    writing to = {.bytes = out->data, .at = HEADER, .data = at_data};
    put_directory(&to, self, CLP_IFD_MAIN, first, leads);
    if (exif) {
        put_directory(&to, self, CLP_IFD_EXIF, exif, NULL);
    }
    if (gps) {
        put_directory(&to, self, CLP_IFD_GPS, gps, NULL);
    }
    out->size = to.data;
out:
    return status;
}

clproc_status clp_exif_pick(const uint8_t *data, size_t size, uint32_t parts, clp_bytes *out,
                            clproc_error *error) {
    picking self = {.parts = parts, .most = size, .error = error};
    const clp_tiff_visitor visitor = {.wants = wants, .take = take, .user = &self};
    uint32_t flaws = clp_tiff_read_block(data, size, &visitor);
    clproc_status status = self.status;
    out->size = 0;
    if (status == CLPROC_OK && (flaws & CLP_TIFF_NO_HEADER)) {
        status = clp_error_set(error, CLPROC_ERROR_INPUT, "the EXIF block cannot be read");
    }
    if (status == CLPROC_OK && self.count > 0) {
        qsort(self.tags, self.count, sizeof *self.tags, compare);
        status = write_all(&self, out, error);
    }
    clp_bytes_free(&self.values);
    return status;
}
