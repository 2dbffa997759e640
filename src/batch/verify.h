/** --verify: some pictures of a run are computed once more by the reference device. */
#ifndef CLP_BATCH_VERIFY_H
#define CLP_BATCH_VERIFY_H

#include <pthread.h>

#include "batch/listing.h"
#include "device/compare.h"

/** Made by clp_verify_init(). */
typedef struct clp_verify {
    pthread_mutex_t lock;
    bool *chosen; /**< by item; NULL: none */
    uint64_t seed;
    uint64_t pictures, beyond;
    clp_comparison all;
} clp_verify;

void clp_verify_init(clp_verify *verify);
void clp_verify_destroy(clp_verify *verify);

/** Chooses `count` random pictures of the listing; the same seed and listing give the same
 * ones. `seed` 0: one that the clock gives. */
clproc_status clp_verify_choose(clp_verify *verify, const clp_listing *listing, uint64_t count,
                                uint64_t seed, clproc_error *error);
bool clp_verify_chosen(const clp_verify *verify, uint32_t item);

/** Computes one picture once more from its decoded samples, and compares the device's result with
 * that. Any thread. */
clproc_status clp_verify_picture(clp_verify *verify, const clp_plan *plan, const uint8_t *input,
                                 const uint8_t *result, clproc_verification *found,
                                 clproc_error *error);
/** Of all pictures so far. */
clproc_verification clp_verify_result(clp_verify *verify);

#endif
