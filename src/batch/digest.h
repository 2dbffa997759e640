/** Digests of outputs: what tells whether two runs gave the same. */
#ifndef CLP_BATCH_DIGEST_H
#define CLP_BATCH_DIGEST_H

#include <stdatomic.h>

#include "core/image.h"

/** xxh3-128 in hexadecimal. */
typedef struct clp_digest {
    uint64_t high, low;
    char text[33]; /**< "" for none */
} clp_digest;

/** Of many outputs, in whatever order they come. */
typedef struct clp_digest_sum {
    atomic_uint_fast64_t high, low;
} clp_digest_sum;

/** A digest with its text. */
clp_digest clp_digest_make(uint64_t high, uint64_t low);
/** Adds one output; any thread. */
void clp_digest_add(clp_digest_sum *sum, const clp_digest *digest);
clp_digest clp_digest_of_sum(const clp_digest_sum *sum);
clp_digest clp_digest_bytes(const void *data, size_t size);
/** Of a picture's samples, plane after plane, without the padding of rows. */
clp_digest clp_digest_picture(const clp_layout *layout, const uint8_t *base);

#endif
