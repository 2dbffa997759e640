/** Kernels that are built together. */
#ifndef CLP_DEVICE_KERNEL_SET_H
#define CLP_DEVICE_KERNEL_SET_H

#include <CL/cl.h>

#include "core/error.h"
#include "device/device.h"

enum { CLP_SET_KERNELS = 8 };

/** What they are made of. */
typedef struct clp_kernel_source {
    const char *what;         /**< they are for, as errors say it */
    const char *const *files; /**< embedded, in their order; NULL-ended */
    const char *const *names; /**< the kernels' */
    uint32_t count;           /**< of the kernels, at most CLP_SET_KERNELS */
} clp_kernel_source;

/** Zero-initialise; release with clp_kernel_set_release(). */
typedef struct clp_kernel_set {
    cl_program built;
    const clp_kernel_source *source;
    cl_kernel kernels[CLP_SET_KERNELS];
    size_t most_items[CLP_SET_KERNELS]; /**< by kernel: work-items of a group, at most */
    uint32_t count;
    bool kept; /**< an earlier run's binary served */
} clp_kernel_set;

/** Builds them, unless they are there. The source must live as long. `keeper`: the device that is
 * open, which keeps the driver's binary from run to run as those of its other programs; NULL: none
 * is kept. */
clproc_status clp_kernel_set_build(clp_kernel_set *set, const clp_kernel_source *source,
                                   cl_context context, cl_device_id device, clp_device *keeper,
                                   clproc_error *error);
/** Kernel objects of the same program, for another thread; nothing where it is not built. */
clproc_status clp_kernel_set_share(const clp_kernel_set *from, clp_kernel_set *to,
                                   clproc_error *error);
void clp_kernel_set_release(clp_kernel_set *set);

#endif
