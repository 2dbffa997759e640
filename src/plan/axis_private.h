/** Shared by the files that make matrices. */
#ifndef CLP_PLAN_AXIS_PRIVATE_H
#define CLP_PLAN_AXIS_PRIVATE_H

#include "plan/axis.h"

/** Room for a matrix of zeros; `taps` is cut to the input's length and raised to 1. */
clproc_status clp_axis_allocate(clp_axis *axis, uint32_t in, uint32_t out, uint32_t taps,
                                clproc_error *error);

/** Makes the stride as small as the widest row. On failure the matrix is gone. */
clproc_status clp_axis_trim(clp_axis *axis, clproc_error *error);

#endif
