/** Pictures that look alike, by their perceptual hashes. */
#ifndef CLP_INDEX_NEAR_H
#define CLP_INDEX_NEAR_H

#include "batch/listing.h"

/** What is known of a picture. */
typedef struct clp_near_one {
    uint64_t hash;
    float sharpness;
    uint32_t item; /**< of the listing */
} clp_near_one;

/** Zero-initialise; release with clp_near_free(). */
typedef struct clp_near {
    clp_near_one *ones;
    size_t count, capacity;
} clp_near;

clproc_status clp_near_add(clp_near *near, uint32_t item, uint64_t hash, double sharpness,
                           clproc_error *error);
void clp_near_free(clp_near *near);

/** Finds groups: the pictures that a chain of steps of at most `bits` bits connects. `groups[i]` is
 * the first of the group that `ones[i]` is in; `ones` are sorted by hash. Exact. Many
 * hashes that agree in a band take long: a request to stop is heeded. */
clproc_status clp_near_group(clp_near *near, uint32_t bits, const volatile int *cancel,
                             uint32_t *groups, clproc_error *error);
/** Tells params->on_near of all groups of more than one, in the order of their first files, and
 * counts them. */
clproc_status clp_near_tell(clp_near *near, const clp_listing *listing,
                            const clproc_index_params *params, uint64_t *group_count,
                            clproc_error *error);

#endif
