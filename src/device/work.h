/** Passes as jobs of kernels. */
#ifndef CLP_DEVICE_WORK_H
#define CLP_DEVICE_WORK_H

#include "device/device_private.h"

/** One pass of a plan, or of one band of it. */
typedef struct clp_work {
    const clp_plan *plan;
    const clp_pass *pass;
    clp_variant variant;
    clp_role src, dst;
    const clp_band *band;        /**< NULL: the whole picture */
    const clp_band_route *route; /**< with `band`: that of its plane */
    const clp_plane *window;     /**< with `band`: where its source rows lie; NULL: in the input */
} clp_work;

/** Jobs of one kind of pass. */
typedef struct clp_job_kind {
    size_t size;       /**< of a job, bytes */
    size_t first_tile; /**< where in it the number of its first tile stands */
    /** Fills in a job; returns its number of tiles. */
    uint32_t (*make)(const clp_device *device, const clp_work *work, uint32_t first_tile,
                     void *job);
} clp_job_kind;

/** By clp_pass_kind. */
extern const clp_job_kind clp_job_kinds[];

#endif
