#include "index/boxes.h"

#include <string.h>

#include "meta/tiff.h"

enum { HEADER = 8 };
/** Looked at in search of one. */
enum { MOST_BOXES = 256 };

bool clp_box_read(clp_head *head, uint64_t at, uint64_t end, clp_box *found) {
    const uint8_t *bytes = at < end && end - at >= HEADER ? clp_head_at(head, at, HEADER) : NULL;
    if (!bytes) {
        return false;
    }
    uint64_t size = clp_tiff_u32(bytes, false), own = HEADER;
    memcpy(found->type, bytes + 4, 4);
    found->type[4] = '\0';
    if (size == 1) { /* a longer number follows */
        bytes = end - at >= 2 * HEADER ? clp_head_at(head, at + HEADER, HEADER) : NULL;
        size = bytes ? clp_tiff_u64(bytes, false) : 0;
        own = 2 * HEADER;
    } else if (size == 0) {
        size = end - at;
    }
    if (size < own || size > end - at) {
        return false;
    }
    found->start = at + own;
    found->end = at + size;
    return true;
}

bool clp_box_find(clp_head *head, uint64_t at, uint64_t end, const char *type, clp_box *found) {
    for (int i = 0; i < MOST_BOXES && clp_box_read(head, at, end, found); i++) {
        if (strcmp(found->type, type) == 0) {
            return true;
        }
        at = found->end;
    }
    return false;
}
