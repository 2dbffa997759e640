#include "report/lanes.h"

#include <stdio.h>

const char *clp_lane_device_name(const clp_analysis *analysis, uint32_t device) {
    const char *name = device < analysis->device_count
                           ? analysis->devices[device].name
                           : clp_profile_fact_value(analysis->profile, CLP_FACT_DEVICE);
    return name ? name : "OpenCL device";
}

/** The device's lane that is free for the command, made if there is none; NULL when memory is
 * short. */
static clp_lane *find_lane(clp_lanes *lanes, const clp_prof_command *command, uint32_t device) {
    uint32_t number = 0;
    for (size_t i = 0; i < lanes->count; i++) {
        clp_lane *lane = &lanes->lanes[i];
        bool fits = lane->kind == command->kind && lane->device == device;
        if (fits && lane->end <= command->started) {
            return lane;
        }
        number += fits;
    }
    clp_lane *grown = clp_memory_grow(CLP_MEMORY_REPORT, lanes->lanes, &lanes->capacity,
                                      lanes->count + 1, sizeof *grown);
    if (!grown) {
        return NULL;
    }
    lanes->lanes = grown;
    grown[lanes->count] = (clp_lane){.kind = command->kind, .device = device, .number = number};
    return &grown[lanes->count++];
}

bool clp_lanes_make(clp_lanes *lanes, const clproc_profile *profile) {
    *lanes = (clp_lanes){0};
    if (profile->command_count == 0) {
        return true;
    }
    lanes->of = clp_memory_zero(CLP_MEMORY_REPORT, profile->command_count, sizeof *lanes->of);
    for (size_t i = 0; lanes->of && i < profile->command_count; i++) {
        const clp_prof_command *command = &profile->commands[i];
        bool known = command->device < profile->device_count;
        clp_lane *lane = find_lane(lanes, command, known ? command->device : 0);
        if (!lane) {
            clp_lanes_free(lanes);
            break;
        }
        lane->end = command->ended;
        lanes->of[i] = (uint32_t)(lane - lanes->lanes);
    }
    return lanes->of != NULL;
}

void clp_lanes_free(clp_lanes *lanes) {
    clp_memory_free(lanes->lanes);
    clp_memory_free(lanes->of);
    *lanes = (clp_lanes){0};
}

const char *clp_lane_name(const clp_lane *lane, char buffer[32]) {
    static const char *const names[] = {[CLP_COMMAND_KERNEL] = "kernels",
                                        [CLP_COMMAND_UPLOAD] = "uploads",
                                        [CLP_COMMAND_READBACK] = "readbacks"};
    if (lane->number == 0) {
        snprintf(buffer, 32, "%s", names[lane->kind]);
    } else {
        snprintf(buffer, 32, "%s %u", names[lane->kind], lane->number + 1);
    }
    return buffer;
}
