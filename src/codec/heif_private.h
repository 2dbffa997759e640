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

/** Pictures of so few pixels are through soon. Others are decoded and encoded in threads that can
 * be left, since libheif looks at nothing meanwhile. */
#define CLP_HEIF_FEW_PIXELS ((uint64_t)1 << 18)

/** Part of a file, read from its beginning on. */
typedef struct clp_heif_cursor {
    const uint8_t *data;
    size_t size, at;
} clp_heif_cursor;

typedef struct clp_heif_box {
    const uint8_t *type; /**< four letters */
    clp_heif_cursor content;
} clp_heif_box;

/** Reads a big-endian number of so many bytes; what is not there counts as zeros. */
uint64_t clp_heif_take(clp_heif_cursor *from, size_t bytes);
bool clp_heif_is(const clp_heif_box *box, const char *type);
/** False where no whole head of a box is left; a box that is longer than what it stands in ends
 * with that. */
bool clp_heif_next_box(clp_heif_cursor *from, clp_heif_box *next);
/** Finds the content of the box of a file's items, behind its version. */
bool clp_heif_find_meta(const clp_source *source, clp_heif_cursor *meta);
/** True if a file has an item of this type. */
bool clp_heif_has_item(const clp_source *source, const char *type);

/** Checks every picture that is coded in the file against the limits, and against the size of what
 * it shows, by which memory is accounted for. */
clproc_status clp_heif_check_sizes(const clp_source *source, uint32_t width, uint32_t height,
                                   clproc_error *error);

clproc_status clp_heif_write(clp_encoder *encoder, const clp_layout *layout, uint8_t *base,
                             const clp_encode_params *params, clproc_error *error);
clproc_status clp_heif_rewrite(const clp_decoder *decoder, clp_encoder *encoder,
                               const clp_encode_params *params, bool *done, clproc_error *error);
uint64_t clp_heif_encode_bytes(const clp_layout *layout, bool progressive);

#endif
