/** What reading and writing Netpbm's formats share: PGM, PPM and PAM, a header before samples that
 * are stored as they are. */
#ifndef CLP_CODEC_PNM_PRIVATE_H
#define CLP_CODEC_PNM_PRIVATE_H

#include "codec/codec_private.h"

typedef struct clp_pnm_header {
    clproc_format format;
    uint32_t width, height;
    uint32_t channels; /**< as clproc_image has them */
    uint32_t maximum;  /**< the sample that is white, 1 to 65535 */
    bool inks;         /**< the channels are inks, as the file says */
    size_t size;       /**< bytes before the first sample */
    uint64_t row;      /**< bytes of a row */
} clp_pnm_header;

typedef enum clp_pnm_answer {
    CLP_PNM_SOUND,
    CLP_PNM_MORE, /**< the bytes end within the header */
    CLP_PNM_BROKEN
} clp_pnm_answer;

/** True if the bytes begin as such a file; `*format` may be NULL. */
bool clp_pnm_probe(const uint8_t *bytes, size_t size, clproc_format *format);
/** Reads the header of a file that begins so; `*cause` says what is wrong with a broken one. */
clp_pnm_answer clp_pnm_read_header(const uint8_t *bytes, size_t size, clp_pnm_header *header,
                                   const char **cause);
/** The end of the samples, or of `size` bytes where these end before. */
uint64_t clp_pnm_end(const clp_pnm_header *header, uint64_t size);

clproc_status clp_pnm_write(clp_encoder *encoder, const clp_layout *layout, uint8_t *base,
                            const clp_encode_params *params, clproc_error *error);
uint64_t clp_pnm_encode_bytes(const clp_layout *layout, bool progressive);

#endif
