/** What reading HEIF and AVIF and writing AVIF share. Built only where libheif is there. */
#ifndef CLP_CODEC_HEIF_PRIVATE_H
#define CLP_CODEC_HEIF_PRIVATE_H

#include <libheif/heif.h>

#include "codec/codec_private.h"

/** What the code points of ITU-T H.273 are called here. */
enum {
    CLP_H273_BT709 = 1,
    CLP_H273_UNSPECIFIED = 2,
    CLP_H273_SRGB = 13,
    CLP_H273_PQ = 16,
    CLP_H273_HLG = 18,
    CLP_H273_IDENTITY = 0,
    CLP_H273_BT601 = 6
};

/** Checks every picture that is coded in the file against the limits, and against the size of what
 * it shows, by which memory is accounted for. */
clproc_status clp_heif_check_sizes(const clp_source *source, uint32_t width, uint32_t height,
                                   clproc_error *error);

clproc_status clp_heif_write(clp_encoder *encoder, const clp_layout *layout, uint8_t *base,
                             const clp_encode_params *params, clproc_error *error);
uint64_t clp_heif_encode_bytes(const clp_layout *layout, bool progressive);

#endif
