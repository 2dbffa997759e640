/** Tracks for device commands: for each device one for each kind, and more where commands of a kind
 * overlap, since slices on a track must nest. */
#ifndef CLP_REPORT_LANES_H
#define CLP_REPORT_LANES_H

#include "report/analysis.h"

typedef struct clp_lane {
    clp_command_kind kind;
    uint32_t device; /**< by the profile's number; 0 where it does not tell devices apart */
    uint32_t number; /**< among the device's lanes of its kind, from 0 */
    uint64_t end;    /**< of its last command */
} clp_lane;

typedef struct clp_lanes {
    clp_lane *lanes;
    size_t count, capacity;
    uint32_t *of; /**< the lane of each command */
} clp_lanes;

/** False, with nothing to free, when memory is short. */
bool clp_lanes_make(clp_lanes *lanes, const clproc_profile *profile);
void clp_lanes_free(clp_lanes *lanes);
/** The name of a lane's device. */
const char *clp_lane_device_name(const clp_analysis *analysis, uint32_t device);
/** "kernels", "uploads 2", ... */
const char *clp_lane_name(const clp_lane *lane, char buffer[32]);

#endif
