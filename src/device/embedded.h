/** The OpenCL C files of kernels/, embedded at build time. */
#ifndef CLP_DEVICE_EMBEDDED_H
#define CLP_DEVICE_EMBEDDED_H

#include "core/embedded.h"

/** Ends with an entry whose name is NULL. */
extern const clp_embedded clp_embedded_files[];

#endif
