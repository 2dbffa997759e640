#include "report/lanes.h"

#include <stdio.h>

/** The lane that is free for the command, made if there is none; NULL when memory is short. */
static clp_lane *find_lane(clp_lanes *lanes, const clp_prof_command *command) {
    uint32_t number = 0;
    for (size_t i = 0; i < lanes->count; i++) {
        clp_lane *lane = &lanes->lanes[i];
        if (lane->kind == command->kind && lane->end <= command->started) {
            return lane;
        }
        number += lane->kind == command->kind;
    }
    clp_lane *grown = clp_memory_grow(CLP_MEMORY_REPORT, lanes->lanes, &lanes->capacity,
                                      lanes->count + 1, sizeof *grown);
    if (!grown) {
        return NULL;
    }
    lanes->lanes = grown;
    grown[lanes->count] = (clp_lane){.kind = command->kind, .number = number};
    return &grown[lanes->count++];
}

bool clp_lanes_make(clp_lanes *lanes, const clproc_profile *profile) {
    *lanes = (clp_lanes){0};
    if (profile->command_count == 0) {
        return true;
    }
    lanes->of = clp_memory_zero(CLP_MEMORY_REPORT, profile->command_count, sizeof *lanes->of);
    for (size_t i = 0; lanes->of && i < profile->command_count; i++) {
        clp_lane *lane = find_lane(lanes, &profile->commands[i]);
        if (!lane) {
            clp_lanes_free(lanes);
            break;
        }
        lane->end = profile->commands[i].ended;
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
