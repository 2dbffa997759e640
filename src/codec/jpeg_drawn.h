/** JPEGs that ways of decoding are tried with: noise and extremes, of a few hundred blocks. */
#ifndef CLP_CODEC_JPEG_DRAWN_H
#define CLP_CODEC_JPEG_DRAWN_H

#include "codec/codec.h"

/** What a picture is made of. */
typedef struct clp_jpeg_drawn {
    uint32_t step; /**< of chroma; 0: gray */
    int quality;
    bool extremes;
} clp_jpeg_drawn;

/** Draws one and encodes it; `*file` is the encoder's, as clp_encoder_write() gives it. */
clproc_status clp_jpeg_drawn_encode(const clp_jpeg_drawn *drawn, clp_encoder *encoder,
                                    const uint8_t **file, size_t *size, clproc_error *error);
/** What libjpeg makes of its file. `*planes`, NULL before, are to be freed, also after a failure.
 */
clproc_status clp_jpeg_drawn_decode(clp_decoder *decoder, const uint8_t *file, size_t size,
                                    uint32_t eighths, clp_layout *layout, uint8_t **planes,
                                    clproc_error *error);

#endif
