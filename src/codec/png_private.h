/** What reading and writing PNG share. */
#ifndef CLP_CODEC_PNG_PRIVATE_H
#define CLP_CODEC_PNG_PRIVATE_H

#include <spng.h>

#include "codec/codec_private.h"

#define CLP_PNG_XMP "XML:com.adobe.xmp"

/** libspng's memory, taken through core/memory.h. */
spng_ctx *clp_png_context(int flags);

/** Chunks whose content libspng drops without a word when it cannot use it. */
enum {
    CLP_PNG_HAS_GAMA = 1,
    CLP_PNG_HAS_CHRM = 2,
    CLP_PNG_HAS_SRGB = 4,
    CLP_PNG_HAS_ICCP = 8,
    CLP_PNG_HAS_PHYS = 16,
    CLP_PNG_HAS_TRNS = 32
};

/** What the list of chunks says, wherever they stand. Blocks point into the file. */
typedef struct clp_png_chunks {
    uint32_t present; /**< CLP_PNG_HAS_… with a good checksum */
    clp_block exif;
    clp_block xmp; /**< not compressed */
    bool packed_xmp;
    clp_block cicp;
    size_t cut; /**< where an IDAT chunk begins that runs beyond the end of the file; 0: none */
} clp_png_chunks;

/** Walks the list of chunks once. Bad checksums of ancillary chunks are noted as flaws. */
clproc_status clp_png_find_chunks(const clp_source *source, clp_png_chunks *chunks,
                                  clp_flaws *flaws, clproc_error *error);

#endif
