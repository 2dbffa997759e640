/** Digests of outputs: what tells whether two runs gave the same. */
#ifndef CLP_BATCH_DIGEST_H
#define CLP_BATCH_DIGEST_H

#include "core/image.h"

/** xxh3-128 in hexadecimal. */
typedef struct clp_digest {
    char text[33]; /**< "" for none */
} clp_digest;

clp_digest clp_digest_bytes(const void *data, size_t size);
/** Of a picture's samples, plane after plane, without the padding of rows. */
clp_digest clp_digest_picture(const clp_layout *layout, const uint8_t *base);

#endif
