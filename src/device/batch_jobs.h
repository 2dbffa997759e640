/** Batches as jobs: what every kernel launch of a batch is told. */
#ifndef CLP_DEVICE_BATCH_JOBS_H
#define CLP_DEVICE_BATCH_JOBS_H

#include "device/device_private.h"

/** One pass of one picture. */
typedef struct clp_work {
    const clp_picture *picture;
    const clp_pass *pass;
    clp_variant variant;
    clp_role src, dst;
} clp_work;

/** A launch to be: works of one kernel and one level, and where their jobs stand. */
typedef struct clp_group {
    const clp_work *works;
    uint32_t count, tiles;
    size_t jobs;
} clp_group;

/** Stages a batch's plan tables and jobs in slot->staging, sorted into launches by level and
 * kernel. The caller frees both arrays, also on failure. `*scratch`: bytes of scratch memory the
 * batch needs. */
clproc_status clp_batch_jobs(clp_slot *slot, clp_work **works, clp_group **groups,
                             size_t *group_count, size_t *scratch, clproc_error *error);

#endif
