/** The boxes of an ISO base media file: each a size, a type of four letters, and content. */
#ifndef CLP_INDEX_BOXES_H
#define CLP_INDEX_BOXES_H

#include "index/head.h"

typedef struct clp_box {
    char type[5];
    uint64_t start, end; /**< of its content, in the file */
} clp_box;

/** Reads the head of the box at `at`, within `end`; false if there is none. */
bool clp_box_read(clp_head *head, uint64_t at, uint64_t end, clp_box *found);
/** Finds the first box of a type from `at` on. */
bool clp_box_find(clp_head *head, uint64_t at, uint64_t end, const char *type, clp_box *found);

#endif
