/** A run in a process of its own, as a user starts one: OpenCL is not loaded before, no device
 * open.
 */
#ifndef CLP_STRESS_CHILD_H
#define CLP_STRESS_CHILD_H

#include "core/error.h"

typedef struct clp_child {
    double seconds; /**< from the start of the process to the end of the run */
    clproc_run_result result;
    char problem[300]; /**< of the first picture that failed */
    char notice[300];  /**< what there is to say of the run, as of its device */
} clp_child;

/** Runs `params`, but for their events, and waits for it. Its profile travels through the file
 * `report`. This process must not have used OpenCL: a fork of that is of no use. */
clproc_status clp_child_run(clp_child *child, const clproc_run_params *params, const char *report,
                            clproc_profile **profile, clproc_error *error);

#endif
