/** A picture's way through the device band by band, while its later rows are still decoded.
 *
 *  Only where the host's memory is the device's: the point is that a band's rows are in the caches
 * when the kernels come to read them, and that no picture is ever whole in memory.
 */
#include <string.h>

#include "core/memory.h"
#include "device/batch_jobs.h"

bool clp_device_takes_bands(const clp_device *device, const clp_plan *plan) {
    return plan->bands.count > 0 && device->unified && !device->reference;
}

clp_arena *clp_slot_window(clp_slot *slot, uint32_t band) {
    uint32_t window = band % CLP_BAND_WINDOWS;
    return window == 0 ? &slot->input : &slot->more_windows[window - 1];
}

uint8_t *clp_slot_band(clp_slot *slot, uint32_t band) {
    return clp_slot_window(slot, band)->host;
}

void clp_slot_end_bands(clp_slot *slot) {
    if (slot->band_jobs) {
        clp_jobs_free(slot->band_jobs);
        clp_memory_free(slot->band_jobs);
        slot->band_jobs = NULL;
    }
}

/** Before the first band: what all of them need. */
static clproc_status begin(clp_slot *slot, clproc_error *error) {
    cl_event ready = NULL;
    clproc_status status;
    slot->band_jobs = clp_memory_zero(CLP_MEMORY_BATCH, 1, sizeof *slot->band_jobs);
    if (!slot->band_jobs) {
        return clp_error_memory(error, "a batch", sizeof *slot->band_jobs);
    }
    CLP_TRY(status, out, clp_band_jobs(slot, slot->band_jobs, error));
    /* With shared memory all goes through one queue: nothing has to wait for an event. */
    status = clp_slot_upload(slot, &ready, error);
out:
    return status;
}

/** Gives a window back to the host once the kernels before have read it. */
static clproc_status return_window(clp_slot *slot, uint32_t band, clproc_error *error) {
    clp_device *device = slot->device;
    clp_arena *window = clp_slot_window(slot, band);
    cl_event *done = &slot->window_free[band % CLP_BAND_WINDOWS];
    cl_int code;
    window->host = clEnqueueMapBuffer(device->compute, window->buffer, CL_FALSE,
                                      CL_MAP_WRITE_INVALIDATE_REGION, 0, window->capacity, 0, NULL,
                                      done, &code);
    clproc_status status = clp_cl_check(code, "clEnqueueMapBuffer", "input", error);
    return status == CLPROC_OK ? clp_cl_check(clFlush(device->compute), "clFlush", "input", error)
                               : status;
}

clproc_status clp_device_submit_band(clp_device *device, clp_slot *slot, uint32_t band,
                                     uint64_t batch, clp_prof_thread *thread, clproc_error *error) {
    clp_arena *window = clp_slot_window(slot, band);
    clproc_status status = CLPROC_OK;
    slot->batch = batch;
    clp_prof_begin(thread, CLP_PROF_SUBMIT, CLP_PROF_NO_IMAGE);
    if (band == 0) {
        CLP_TRY(status, out, begin(slot, error));
    }
    const clp_jobs *jobs = slot->band_jobs;
    /* Between two bands it may have been given up for another batch. */
    CLP_TRY(status, out,
            clp_store_grow(device, CLP_BUFFER_PIXELS, &device->scratch, jobs->scratch, "scratch",
                           error));
    clp_prof_device_memory(device->prof, "scratch", device->scratch.capacity);
    CLP_TRY(status, out, clp_arena_unmap(device, window, error));
    for (size_t i = band > 0 ? jobs->band_ends[band - 1] : 0; i < jobs->band_ends[band]; i++) {
        CLP_TRY(status, out,
                clp_group_launch(slot, &jobs->groups[i], window->buffer, thread, error));
    }
    CLP_TRY(status, out, return_window(slot, band, error));
    if (band + 1 == slot->pictures[0].plan->bands.count) {
        status = clp_slot_read_back(slot, error);
    }
out:
    if (status != CLPROC_OK) {
        /* Bands before this one may still be waited for; their events end with the slot's reset. */
        clp_device_finish(device);
    }
    clp_prof_end(thread);
    return status;
}

clproc_status clp_device_wait_band(clp_device *device, clp_slot *slot, uint32_t band,
                                   clproc_error *error) {
    cl_event *done = &slot->window_free[band % CLP_BAND_WINDOWS];
    if (band + 1 == slot->pictures[0].plan->bands.count) {
        return clp_device_wait(device, slot, error);
    }
    if (!*done) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL,
                             "a band was awaited that was not submitted");
    }
    clproc_status status = clp_event_wait(*done, error);
    if (status != CLPROC_OK) {
        clp_device_finish(device);
    }
    clReleaseEvent(*done);
    *done = NULL;
    return status;
}
