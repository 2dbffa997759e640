/** Reading the overlays that operations name: once, before anything is written. */
#ifndef CLP_BATCH_OVERLAYS_H
#define CLP_BATCH_OVERLAYS_H

#include "ops/ops.h"

/** Reads the overlays of a pipeline, NULL for none, that are not in `overlays` yet, by the limits
 * and the memory of `params`. A file that cannot be one is CLPROC_ERROR_ARGUMENT, named with its
 * cause. On failure those read before stay. */
clproc_status clp_overlays_read(clp_overlays *overlays, const clproc_pipeline *pipeline,
                                const clproc_run_params *params, clproc_error *error);

#endif
