/** How a launch is cut: the class of a device, and the work-items of a number of tiles. */
#ifndef CLP_DEVICE_LAUNCH_H
#define CLP_DEVICE_LAUNCH_H

#include "device/device_private.h"

/** Decides whether work-groups own tiles or work-items do. `info` is known by now. */
void clp_launch_choose(clp_device *device);
/** Work-items of each work-group of a kernel that has just been built. */
clproc_status clp_launch_fit(const clp_device *device, clp_kernel *kernel, clproc_error *error);
/** Work-items of a launch over `tiles` tiles. */
void clp_launch_size(const clp_kernel *kernel, uint32_t tiles, size_t *global, size_t *local);
/** The most tiles of one launch. */
uint32_t clp_launch_tiles(void);

#endif
