/** Events of profiled commands: kept while a picture is under way, read once it has ended. */
#include <stdio.h>
#include <time.h>

#include "core/clock.h"
#include "core/memory.h"
#include "device/lane.h"

cl_event *clp_event_wanted(const clp_device *device, cl_event *event) {
    return device->prof && !device->untimed ? event : NULL;
}

clproc_status clp_launch_note(clp_lane *lane, cl_event event, const clp_prof_command *command,
                              clproc_error *error) {
    clp_prof *prof = lane->device->prof;
    if (!event) {
        return CLPROC_OK;
    }
    clp_launch *launches =
        prof ? clp_memory_grow(CLP_MEMORY_PROFILE, lane->launches, &lane->launch_capacity,
                               lane->launch_count + 1, sizeof *launches)
             : NULL;
    if (!launches) {
        clReleaseEvent(event);
        return prof ? clp_error_memory(error, "profile records", sizeof *launches) : CLPROC_OK;
    }
    lane->launches = launches;
    launches[lane->launch_count++] = (clp_launch){.event = event, .command = *command};
    return CLPROC_OK;
}

bool clp_event_has_ended(cl_event event) {
    cl_int state = CL_QUEUED;
    return clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL) !=
               CL_SUCCESS ||
           state <= CL_COMPLETE;
}

/** Sleeps until a command has ended: some drivers wait by asking over and over, and take a core for
 * it. */
static void sleep_until_ended(cl_event event) {
    while (!clp_event_has_ended(event)) {
        nanosleep(&(struct timespec){.tv_nsec = CLP_LOOK_NS}, NULL);
    }
}

clproc_status clp_event_wait(const clp_device *device, cl_event event, clproc_error *error) {
    cl_int state = CL_COMPLETE;
    clproc_status status;
    if (device->spins) {
        sleep_until_ended(event);
    }
    cl_int waited = clWaitForEvents(1, &event);
    if (waited != CL_SUCCESS && waited != CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST) {
        return clp_cl_check(waited, "clWaitForEvents", "a picture", error);
    }
    /* By the specification a wait for a command that went wrong fails; the cause is in its state.
     */
    CLP_TRY(status, out,
            clp_cl_check(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state,
                                        &state, NULL),
                         "clGetEventInfo", "a picture", error));
    if (state < 0) {
        status = clp_cl_check(state, "running", "a picture", error);
    } else {
        status = clp_cl_check(waited, "clWaitForEvents", "a picture", error);
    }
out:
    return status;
}

void clp_event_release(cl_event *event) {
    if (*event) {
        clReleaseEvent(*event);
        *event = NULL;
    }
}

/** The times as the driver has them: some take the stages from different clocks, which the recorder
 * puts right and counts. */
static cl_int read_times(cl_event event, clp_prof_command *command) {
    const struct {
        cl_profiling_info what;
        uint64_t *time;
    } wanted[] = {{CL_PROFILING_COMMAND_QUEUED, &command->queued},
                  {CL_PROFILING_COMMAND_SUBMIT, &command->submitted},
                  {CL_PROFILING_COMMAND_START, &command->started},
                  {CL_PROFILING_COMMAND_END, &command->ended}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        cl_ulong time = 0;
        cl_int code = clGetEventProfilingInfo(event, wanted[i].what, sizeof time, &time, NULL);
        if (code != CL_SUCCESS) {
            return code;
        }
        *wanted[i].time = time;
    }
    return CL_SUCCESS;
}

/** When a command ended, by a driver that may have its end before its start. */
static uint64_t end_of(const clp_prof_command *times) {
    return times->ended > times->started ? times->ended : times->started;
}

/** Reads finished launches into the profile, behind what their times tell of the device's clock,
 * and releases their events. */
static void collect(clp_device *device, clp_launch *launches, size_t count) {
    uint64_t last = 0;
    size_t told = 0;
    for (size_t i = 0; i < count; i++) {
        clp_prof_command command = launches[i].command;
        cl_event event = launches[i].event;
        cl_int code = clWaitForEvents(1, &event);
        if (code == CL_SUCCESS) {
            code = read_times(event, &command);
            if (code == CL_SUCCESS) {
                last = end_of(&command) > last ? end_of(&command) : last;
                command.device = device->recorded;
                launches[told++].command = command;
            } else {
                device->untimed = clp_cl_name(code);
            }
        }
        clReleaseEvent(event);
    }
    if (last) {
        clp_clocks_see(device, last);
    }
    for (size_t i = 0; i < told; i++) {
        clp_prof_commands(device->prof, &launches[i].command, 1);
    }
}

void clp_launches_collect(clp_lane *lane) {
    collect(lane->device, lane->launches, lane->launch_count);
    lane->launch_count = 0;
}

void clp_launches_drop(clp_lane *lane) {
    for (size_t i = 0; i < lane->launch_count; i++) {
        clReleaseEvent(lane->launches[i].event);
    }
    lane->launch_count = 0;
}

void clp_command_collect(clp_device *device, cl_event event, clp_command_kind kind,
                         const char *name, uint64_t bytes) {
    clp_launch launch = {.event = event,
                         .command = {.kind = kind,
                                     .batch = CLP_PROF_NO_BATCH,
                                     .bytes_read = bytes,
                                     .bytes_written = bytes,
                                     .first = kind == CLP_COMMAND_KERNEL}};
    if (event) {
        snprintf(launch.command.name, sizeof launch.command.name, "%s", name);
        collect(device, &launch, 1);
    }
}

/** Bytes of a copy: more than caches hold, but in the host's memory not so much that it would be
 * the peak of a small run. */
#define PROBE_SHARED ((size_t)16 << 20)
#define PROBE_OWN ((size_t)128 << 20)
#define PROBE_COPIES 4 /* the first also touches the memory */

/** Seconds of one copy between the halves of a buffer; 0 if it cannot be told. */
static double time_copy(clp_device *device, cl_mem buffer, size_t bytes) {
    cl_event event = NULL;
    clp_prof_command times = {0};
    cl_int code =
        clEnqueueCopyBuffer(device->queue, buffer, buffer, 0, bytes, bytes, 0, NULL, &event);
    /* To wait for an event is not to flush its queue. */
    bool fine = code == CL_SUCCESS && clFlush(device->queue) == CL_SUCCESS &&
                clWaitForEvents(1, &event) == CL_SUCCESS && read_times(event, &times) == CL_SUCCESS;
    if (event) {
        clReleaseEvent(event);
    }
    return fine ? (double)(end_of(&times) - times.started) / 1e9 : 0;
}

void clp_device_probe_copy(clp_device *device) {
    size_t bytes = device->unified ? PROBE_SHARED : PROBE_OWN;
    double best = 0;
    cl_int code;
    if (!device->prof || device->untimed || !device->queue || clp_device_forced("unprobed")) {
        return;
    }
    cl_mem buffer = clCreateBuffer(device->context, CL_MEM_READ_WRITE, 2 * bytes, NULL, &code);
    if (code != CL_SUCCESS) {
        return;
    }
    for (int i = 0; i < PROBE_COPIES; i++) {
        double seconds = time_copy(device, buffer, bytes);
        best = seconds > 0 && (best == 0 || seconds < best) ? seconds : best;
    }
    clReleaseMemObject(buffer);
    if (best > 0) {
        clp_prof_copy_rate(device->prof, device->recorded, (uint64_t)(2 * (double)bytes / best));
    }
}
