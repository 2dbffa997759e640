/* Canon's CR3: an ISO base media file, whose boxes hold EXIF's directories, each a TIFF structure
 * of its own, and XMP. https://github.com/lclevy/canon_cr3 describes it. */
#include <string.h>

#include "index/boxes.h"
#include "index/reader.h"
#include "meta/tiff.h"

enum { NAME = 16, MOST_BOXES = 256 };
/** Of an XMP packet. */
enum { MOST_XMP = 1 << 20 };

static const uint8_t canon[NAME + 1] = "\x85\xc0\xb6\x87\x82\x0f\x11\xe0"
                                       "\x81\x11\xf4\xce\x46\x2b\x6a\x48";
static const uint8_t xmp[NAME + 1] = "\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8"
                                     "\x9c\x71\x99\x94\x91\xe3\xaf\xac";

/** True for a box of this name among those that have one; its content begins behind it then. */
static bool is_named(clp_head *head, clp_box *of, const uint8_t name[NAME]) {
    const uint8_t *bytes = strcmp(of->type, "uuid") == 0 && of->end - of->start >= NAME
                               ? clp_head_at(head, of->start, NAME)
                               : NULL;
    bool same = bytes && memcmp(bytes, name, NAME) == 0;
    of->start += same ? NAME : 0;
    return same;
}

typedef struct search {
    clp_head *head;
    clp_row *row;
    clp_head_part parts[CLP_INDEX_PARTS];
    int boxes; /**< looked at so far */
} search;

static void take_part(search *s, const clp_box *found) {
    static const char types[CLP_INDEX_PARTS][5] = {"CMT1", "CMT2", "CMT4"};
    for (size_t i = 0; i < CLP_INDEX_PARTS; i++) {
        if (strcmp(found->type, types[i]) == 0) {
            s->parts[i] = (clp_head_part){s->head, found->start, found->end - found->start};
        }
    }
}

static void take_xmp(search *s, const clp_box *found) {
    uint64_t size = found->end - found->start;
    const uint8_t *bytes =
        size <= MOST_XMP ? clp_head_at(s->head, found->start, (size_t)size) : NULL;
    if (bytes) {
        clp_index_xmp(s->row, bytes, (size_t)size, NULL);
    } else {
        clp_row_warn(s->row, "XMP: is too large, or cannot be read: left out");
    }
}

/** Walks the boxes of one level, up to the pixels. `depth`: 0 in the file, 1 in its index, 2 in
 * Canon's part of that. */
static void walk(search *s, uint64_t at, uint64_t end, int depth) {
    clp_box found;
    while (s->boxes++ < MOST_BOXES && clp_box_read(s->head, at, end, &found) &&
           strcmp(found.type, "mdat") != 0) {
        at = found.end;
        if (depth == 2) {
            take_part(s, &found);
        } else if (depth == 0 ? strcmp(found.type, "moov") == 0
                              : is_named(s->head, &found, canon)) {
            walk(s, found.start, found.end, depth + 1);
        } else if (depth == 0 && is_named(s->head, &found, xmp)) {
            take_xmp(s, &found);
        }
    }
}

void clp_extract_cr3(clp_head *head, clp_row *row) {
    search s = {.head = head, .row = row};
    clp_reach from[CLP_INDEX_PARTS];
    walk(&s, 0, head->size, 0);
    for (size_t i = 0; i < CLP_INDEX_PARTS; i++) {
        from[i] = (clp_reach){.at = clp_head_reach, .user = &s.parts[i], .size = s.parts[i].size};
    }
    clp_index_directories(row, from);
    clp_row_string(row, CLP_FIELD_FILE_TYPE, CLP_RANK_EXIF, "CR3");
    if (s.parts[CLP_INDEX_MAIN].size == 0) {
        clp_row_string(row, CLP_FIELD_ERROR, CLP_RANK_EXIF,
                       "is a raw file of which the directory cannot be found");
    }
}
