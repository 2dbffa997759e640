/** A digest of what a picture's pixels are, whatever its metadata says. */
#ifndef CLP_INDEX_PIXELS_H
#define CLP_INDEX_PIXELS_H

#include "batch/digest.h"
#include "codec/codec.h"

/** What decoding one picture may take. */
typedef struct clp_pixels_bounds {
    clp_limits limits;
    uint64_t file_bytes; /**< of the file, at most */
    uint64_t memory;     /**< bytes, the file's among them */
    const volatile int *cancel;
} clp_pixels_bounds;

/** The digest of a picture's samples: rows from the top down as they are stored, before any
 * orientation (but see clp_header.upright), channels interleaved: gray, RGB or CMYK, then alpha; a
 * byte each, or two at 16 bits, the low one first. A palette is expanded, YCbCr becomes RGB. A
 * picture that is damaged has none. Fails soon after `bounds->cancel` is not 0. */
clproc_status clp_pixels_digest(clp_decoder *decoder, const uint8_t *file, size_t size,
                                const clp_pixels_bounds *bounds, clp_digest *digest,
                                clproc_error *error);

#endif
