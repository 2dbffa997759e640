/** OpenCL errors by name. */
#ifndef CLP_DEVICE_CL_ERROR_H
#define CLP_DEVICE_CL_ERROR_H

#include <CL/cl.h>

#include "core/error.h"

/** The symbol of an OpenCL code, as "CL_OUT_OF_RESOURCES". */
const char *clp_cl_name(cl_int code);

/** CLPROC_OK for CL_SUCCESS; else fills `error` with the call, the code's symbol and what it was
 * done for. */
clproc_status clp_cl_check(cl_int code, const char *call, const char *what, clproc_error *error);

#endif
