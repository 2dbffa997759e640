/** How a launch is cut: work-groups, and the class of a device. */
#include "device/device_private.h"

#include <stdlib.h>
#include <string.h>

/** Work-groups of one launch: PoCL compiles a kernel anew for grids beyond 16 bits. */
#define MAX_GROUPS 65000
/** Work-items of a group where the device takes as many. The kernels are right for any number. */
#define GROUP_SIZE 256
/** Below these a group gains nothing over work-items that each own a tile: a row of a tile's
 * work-items, and the local memory of the largest kernel. */
#define LEAST_GROUP 32
#define LEAST_LOCAL_MEMORY (24 << 10)

/** Tests run the other device class on whatever device there is, by words in CLPROC_FORCE: "group"
 * or "item" tiles, and "limit=N" work-items to a group. 0: no limit was asked for. */
static unsigned long forced_limit(void) {
    static const char word[] = "limit=";
    const char *text = getenv("CLPROC_FORCE"), *found = text ? strstr(text, word) : NULL;
    return found ? strtoul(found + sizeof word - 1, NULL, 10) : 0;
}

void clp_grid_choose(clp_device *device) {
    bool cpu = strcmp(device->info.type, "cpu") == 0;
    unsigned long most = forced_limit();
    device->group_limit = most > 0 && most < GROUP_SIZE ? (uint32_t)most : GROUP_SIZE;
    device->group_tiles =
        clp_device_forced("group") ||
        (!cpu && !clp_device_forced("item") && device->info.max_work_group >= LEAST_GROUP &&
         device->info.local_memory >= LEAST_LOCAL_MEMORY);
}

clproc_status clp_grid_fit(const clp_device *device, clp_kernel *kernel, clproc_error *error) {
    size_t most = 0;
    kernel->group_size = 1;
    if (!device->group_tiles) {
        return CLPROC_OK;
    }
    cl_int code = clGetKernelWorkGroupInfo(kernel->kernel, device->id, CL_KERNEL_WORK_GROUP_SIZE,
                                           sizeof most, &most, NULL);
    most = most < device->info.max_work_group ? most : device->info.max_work_group;
    most = most < device->group_limit ? most : device->group_limit;
    kernel->group_size = most > 1 ? (uint32_t)most : 1;
    return clp_cl_check(code, "clGetKernelWorkGroupInfo", kernel->program->name, error);
}

void clp_grid_size(const clp_kernel *kernel, uint32_t tiles, size_t *global, size_t *local) {
    *local = kernel->group_size;
    *global = tiles * *local;
}

uint32_t clp_grid_tiles(void) {
    return MAX_GROUPS;
}
