/** The pictures that many runs share: the user's, or samples in a scratch folder. */
#ifndef CLP_STRESS_PICTURES_H
#define CLP_STRESS_PICTURES_H

#include "core/error.h"

/** A folder of our own below TMPDIR or /tmp, removed with all it holds. */
typedef struct clp_scratch {
    char path[4096]; /**< "" if there is none */
} clp_scratch;

clproc_status clp_scratch_make(clp_scratch *scratch, clproc_error *error);
/** Refuses a folder whose name says something else in a template of outputs. */
clproc_status clp_scratch_check(const char *folder, clproc_error *error);
void clp_scratch_remove(clp_scratch *scratch);

/** Zero-initialise; free with clp_pictures_free(). */
typedef struct clp_pictures {
    const char **paths; /**< names may be repeated */
    size_t count;
    char **own; /**< each name once, owned */
    size_t own_count, own_capacity;
    bool failed;               /**< memory was short while they were collected */
    size_t most;               /**< how many are wanted at most */
    const volatile int *asked; /**< to stop; may be NULL */
    volatile int enough;
} clp_pictures;

/** Collects up to `most` pictures that can be opened from run->inputs, in their order; fewer where
 * run->cancel ends the search. */
clproc_status clp_pictures_find(clp_pictures *pictures, const clproc_run_params *run, size_t most,
                                clproc_error *error);
/** Makes `count` samples in `folder` and collects them. */
clproc_status clp_pictures_make(clp_pictures *pictures, const clproc_run_params *run,
                                const clproc_samples_params *samples, clproc_error *error);
/** Repeats names until there are `count`. */
clproc_status clp_pictures_repeat(clp_pictures *pictures, size_t count, clproc_error *error);
void clp_pictures_free(clp_pictures *pictures);

#endif
