/** How much of a large file is a picture: what stands behind its end needs not be read. */
#ifndef CLP_CODEC_EXTENT_H
#define CLP_CODEC_EXTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A walk over the parts of a file. Zero-initialise. */
typedef struct clp_extent {
    size_t at; /**< where the next part begins */
    /** In: whether the limit is to follow from the picture's sides. */
    bool by_sides;
} clp_extent;

/** The walk goes on, with `size` bytes read from the file's beginning. Returns how many are needed
 * to go on; not more than there are: the picture ends there, or what follows is none. Where the
 * picture's sides become known they may lower `*limit`, of the file's bytes.
 *
 *  A clp_file_extent for clp_file_read_if(). */
size_t clp_extent_find(void *extent, const uint8_t *bytes, size_t size, size_t *limit);

#endif
