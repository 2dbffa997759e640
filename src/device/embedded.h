/** The OpenCL C files of kernels/, embedded at build time. */
#ifndef CLP_DEVICE_EMBEDDED_H
#define CLP_DEVICE_EMBEDDED_H

#include <stddef.h>

typedef struct clp_embedded {
    const char *name; /**< as "filter.cl" */
    const char *text; /**< NUL-terminated */
    size_t size;
} clp_embedded;

/** Ends with an entry whose name is NULL. */
extern const clp_embedded clp_embedded_files[];

#endif
