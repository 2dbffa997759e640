/** Going down trees on a device: thousands of rows to a launch, a work-item each. */
#ifndef CLP_DEVICE_TREES_H
#define CLP_DEVICE_TREES_H

#include "core/tree_tables.h"

typedef struct clp_tree_device clp_tree_device;

/** Opens the device that a selection names; see clproc_context_params. */
clproc_status clp_tree_device_open(clp_tree_device **trees, const char *selection,
                                   clproc_error *error);
/** Until the device is closed. Tables that it has walked through must live as long. */
const clp_tree_walker *clp_tree_device_walker(const clp_tree_device *trees);
/** NULL is fine. */
void clp_tree_device_close(clp_tree_device **trees);

#endif
