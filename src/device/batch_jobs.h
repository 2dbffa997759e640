/** Batches as jobs: what every kernel launch of a batch is told. */
#ifndef CLP_DEVICE_BATCH_JOBS_H
#define CLP_DEVICE_BATCH_JOBS_H

#include "device/device_private.h"

/** One pass of one picture, or of one band of it. */
typedef struct clp_work {
    const clp_picture *picture;
    const clp_pass *pass;
    clp_variant variant;
    clp_role src, dst;
    const clp_band *band;        /**< NULL: the whole picture */
    const clp_band_route *route; /**< with `band`: that of its plane */
    const clp_plane *window;     /**< with `band`: where its source rows lie */
} clp_work;

/** A launch to be: works of one kernel and one level, and where their jobs stand. */
typedef struct clp_group {
    const clp_work *works;
    uint32_t count, tiles;
    size_t jobs;
} clp_group;

/** The launches of a batch, or of a picture band by band. */
typedef struct clp_jobs {
    clp_work *works;
    clp_group *groups;
    size_t group_count, group_capacity;
    size_t *band_ends; /**< of each band: the group after its last; NULL without bands */
    size_t scratch;    /**< bytes of scratch memory they need */
} clp_jobs;

void clp_jobs_free(clp_jobs *jobs);
/** Stages a batch's plan tables and jobs in slot->staging, sorted into launches by level and
 * kernel. The caller frees `jobs`, also on failure. */
clproc_status clp_batch_jobs(clp_slot *slot, clp_jobs *jobs, clproc_error *error);
/** The same for a slot with a picture in bands: the launches of one band after those of the other.
 */
clproc_status clp_band_jobs(clp_slot *slot, clp_jobs *jobs, clproc_error *error);
/** The part of a pass's bytes and operations that a work stands for. */
double clp_work_share(const clp_work *work);

/** Enqueues a launch; `input` is the buffer its input lies in. */
clproc_status clp_group_launch(clp_slot *slot, const clp_group *group, cl_mem input,
                               clp_prof_thread *thread, clproc_error *error);
/** Tables and jobs, and the input of whole pictures, to the device. `*ready`, if set, is the event
 * kernels must wait for. */
clproc_status clp_slot_upload(clp_slot *slot, cl_event *ready, clproc_error *error);

#endif
