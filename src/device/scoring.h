/** The inner part of models on a device: thousands of rows to a launch, a work-item each. */
#ifndef CLP_DEVICE_SCORING_H
#define CLP_DEVICE_SCORING_H

#include "core/model_tables.h"

typedef struct clp_scoring_device clp_scoring_device;

/** Opens the device that a selection names, with its kernels compiled; see clproc_context_params.
 */
clproc_status clp_scoring_device_open(clp_scoring_device **scoring, const char *selection,
                                      clproc_error *error);
/** Until the device is closed. Tables that it has worked with must live as long. */
const clp_model_helper *clp_scoring_device_helper(const clp_scoring_device *scoring);
/** Keeps compiled kernels for the next time, where that is of use. */
void clp_scoring_device_save(clp_scoring_device *scoring, const volatile int *cancel);
/** NULL is fine. */
void clp_scoring_device_close(clp_scoring_device **scoring);

#endif
