/** Events of profiled commands: kept while a batch runs, read once it has finished. */
#include "core/clock.h"
#include "core/memory.h"
#include "device/device_private.h"

cl_event *clp_event_wanted(const clp_device *device, cl_event *event) {
    return device->prof ? event : NULL;
}

clproc_status clp_launch_note(clp_slot *slot, cl_event event, const clp_prof_command *command,
                              clproc_error *error) {
    if (!event) {
        return CLPROC_OK;
    }
    clp_launch *launches =
        slot->device->prof
            ? clp_memory_grow(CLP_MEMORY_PROFILE, slot->launches, &slot->launch_capacity,
                              slot->launch_count + 1, sizeof *launches)
            : NULL;
    if (!launches) {
        clReleaseEvent(event);
        return slot->device->prof ? clp_error_memory(error, "profile records", sizeof *launches)
                                  : CLPROC_OK;
    }
    slot->launches = launches;
    launches[slot->launch_count++] = (clp_launch){.event = event, .command = *command};
    return CLPROC_OK;
}

static bool read_times(cl_event event, clp_prof_command *command) {
    const struct {
        cl_profiling_info what;
        uint64_t *time;
    } wanted[] = {{CL_PROFILING_COMMAND_QUEUED, &command->queued},
                  {CL_PROFILING_COMMAND_SUBMIT, &command->submitted},
                  {CL_PROFILING_COMMAND_START, &command->started},
                  {CL_PROFILING_COMMAND_END, &command->ended}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        cl_ulong time = 0;
        if (clGetEventProfilingInfo(event, wanted[i].what, sizeof time, &time, NULL) !=
            CL_SUCCESS) {
            return false;
        }
        *wanted[i].time = time;
    }
    /* Some drivers take the stages from different clocks: a later stage is never before an earlier
     * one. */
    for (size_t i = 1; i < sizeof wanted / sizeof *wanted; i++) {
        if (*wanted[i].time < *wanted[i - 1].time) {
            *wanted[i].time = *wanted[i - 1].time;
        }
    }
    return true;
}

/** Device and host clocks, seen together. PoCL's device clock is the host's monotonic one;
 * elsewhere the end of a command just awaited is taken for the present. */
static void align(clp_device *device, uint64_t ended) {
    int64_t offset = (int64_t)(clp_clock_ns() - ended);
    if (!device->aligned) {
        bool same_clock = offset >= 0 && offset < 1000000000;
        clp_prof_align(device->prof, same_clock ? 0 : offset, !same_clock);
        device->aligned = true;
    }
}

void clp_launches_collect(clp_device *device, clp_slot *slot) {
    for (size_t i = 0; i < slot->launch_count; i++) {
        clp_launch *launch = &slot->launches[i];
        if (device->prof && clWaitForEvents(1, &launch->event) == CL_SUCCESS &&
            read_times(launch->event, &launch->command)) {
            align(device, launch->command.ended);
            clp_prof_commands(device->prof, &launch->command, 1);
        }
        clReleaseEvent(launch->event);
    }
    slot->launch_count = 0;
}
