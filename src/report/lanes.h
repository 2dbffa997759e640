/** Tracks for device commands: one for each queue, and more where commands of a queue overlap,
 * since slices on a track must nest. */
#ifndef CLP_REPORT_LANES_H
#define CLP_REPORT_LANES_H

#include "prof/profile.h"

typedef struct clp_lane {
    clp_command_kind kind;
    uint32_t number; /**< among the lanes of its kind, from 0 */
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
/** "kernels", "uploads 2", ... */
const char *clp_lane_name(const clp_lane *lane, char buffer[32]);

#endif
