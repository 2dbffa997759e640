/** Copies between the host and a lane's buffers, and how a lane's commands are told to the profile.
 */
#include <stdio.h>

#include "device/lane.h"

clproc_status clp_command_note(clp_lane *lane, clp_command_kind kind, const char *name,
                               size_t bytes, cl_event event, clproc_error *error) {
    clp_prof_command command = {.kind = kind,
                                .batch = lane->number,
                                .images = 1,
                                .bytes_read = bytes,
                                .bytes_written = bytes};
    snprintf(command.name, sizeof command.name, "%s", name);
    return clp_launch_note(lane, event, &command, error);
}

/** Gives the event to the caller who wants one, and to the profile. */
static clproc_status keep(clp_lane *lane, clp_command_kind kind, const char *name, size_t bytes,
                          cl_event event, cl_event *done, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    cl_event unwanted;
    if (done) {
        *done = event;
        if (!clp_event_wanted(lane->device, &unwanted)) {
            goto out;
        }
        CLP_TRY(status, out, clp_cl_check(clRetainEvent(event), "clRetainEvent", name, error));
    }
    status = clp_command_note(lane, kind, name, bytes, event, error);
out:
    return status;
}

clproc_status clp_command_write(clp_lane *lane, const char *name, cl_mem to, size_t offset,
                                const uint8_t *from, size_t bytes, cl_event *done,
                                clproc_error *error) {
    cl_event event = NULL;
    bool wanted = done || clp_event_wanted(lane->device, &event);
    cl_int code = clEnqueueWriteBuffer(lane->queue, to, CL_FALSE, offset, bytes, from, 0, NULL,
                                       wanted ? &event : NULL);
    clproc_status status = clp_cl_check(code, "clEnqueueWriteBuffer", name, error);
    return status == CLPROC_OK ? keep(lane, CLP_COMMAND_UPLOAD, name, bytes, event, done, error)
                               : status;
}

clproc_status clp_command_read(clp_lane *lane, const char *name, cl_mem from, size_t offset,
                               size_t bytes, uint8_t *to, cl_event *done, clproc_error *error) {
    cl_event event = NULL;
    bool wanted = done || clp_event_wanted(lane->device, &event);
    cl_int code = clEnqueueReadBuffer(lane->queue, from, CL_FALSE, offset, bytes, to, 0, NULL,
                                      wanted ? &event : NULL);
    clproc_status status = clp_cl_check(code, "clEnqueueReadBuffer", name, error);
    return status == CLPROC_OK ? keep(lane, CLP_COMMAND_READBACK, name, bytes, event, done, error)
                               : status;
}
