/** JPEGs that are decoded at two sizes in one reading. */
#ifndef CLP_CODEC_JPEG_SMALL_H
#define CLP_CODEC_JPEG_SMALL_H

#include "core/error.h"

/** True if the linked libjpeg makes the same samples in one reading as in two: else
 * clp_decoder_add_small() must not be used. Decodes a few pictures of some hundred blocks. */
bool clp_jpeg_small_try(void);

#endif
