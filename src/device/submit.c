/** Batches on their way through the device: upload, kernel launches, readback. */
#include <stdio.h>

#include "core/memory.h"
#include "device/batch_jobs.h"
#include "device/launch.h"

static cl_mem arena_buffer(const clp_slot *slot, cl_mem input, clp_role role) {
    return role == CLP_ROLE_INPUT    ? input
           : role == CLP_ROLE_OUTPUT ? slot->output.buffer
                                     : slot->device->scratch.buffer;
}

static clproc_status set_argument(clp_kernel *kernel, cl_uint index, size_t size, const void *value,
                                  clproc_error *error) {
    return clp_cl_check(clSetKernelArg(kernel->kernel, index, size, value), "clSetKernelArg",
                        kernel->name, error);
}

/** Sets arenas, tables, jobs and count; returns the index of the argument `base`. */
static clproc_status set_arguments(clp_kernel *kernel, const cl_mem *arenas, uint32_t arena_count,
                                   cl_mem tables, uint32_t jobs, uint32_t count, cl_uint *base,
                                   clproc_error *error) {
    cl_uint index = 0;
    clproc_status status = CLPROC_OK;
    for (; index < arena_count; index++) {
        CLP_TRY(status, out, set_argument(kernel, index, sizeof(cl_mem), &arenas[index], error));
    }
    CLP_TRY(status, out, set_argument(kernel, index++, sizeof(cl_mem), &tables, error));
    CLP_TRY(status, out, set_argument(kernel, index++, sizeof jobs, &jobs, error));
    CLP_TRY(status, out, set_argument(kernel, index++, sizeof count, &count, error));
    *base = index;
out:
    return status;
}

clproc_status clp_kernel_warm(clp_device *device, clp_kernel *kernel, clproc_error *error) {
    size_t global, local;
    cl_uint base, zero = 0;
    cl_event event = NULL;
    clproc_status status;
    /* PoCL compiles at the first launch: one without jobs does, and finds nothing to do. */
    CLP_TRY(status, out,
            clp_store_grow(device, CLP_BUFFER_PIXELS, &device->scratch, 64, "scratch", error));
    cl_mem any = device->scratch.buffer, arenas[3] = {any, any, any};
    uint32_t arena_count = kernel->variant.kind == CLP_PASS_COLOUR ? 3 : 2;
    CLP_TRY(status, out, set_arguments(kernel, arenas, arena_count, any, 0, 0, &base, error));
    CLP_TRY(status, out, set_argument(kernel, base, sizeof zero, &zero, error));
    clp_launch_size(kernel, 1, &global, &local);
    cl_int code = clEnqueueNDRangeKernel(device->compute, kernel->kernel, 1, NULL, &global, &local,
                                         0, NULL, clp_event_wanted(device, &event));
    CLP_TRY(status, out, clp_cl_check(code, "clEnqueueNDRangeKernel", kernel->name, error));
    clp_first_launch_note(device, event, kernel->name);
    kernel->launched = true;
    status = clp_cl_check(clFlush(device->compute), "clFlush", kernel->name, error);
out:
    return status;
}

static clproc_status launch(clp_slot *slot, const clp_group *g, cl_mem input, clp_kernel *kernel,
                            clproc_error *error) {
    clp_device *device = slot->device;
    const clp_work *w = &g->works[0];
    cl_mem all[3] = {input, device->scratch.buffer, slot->output.buffer};
    cl_mem two[2] = {arena_buffer(slot, input, w->src), arena_buffer(slot, input, w->dst)};
    bool colour = w->variant.kind == CLP_PASS_COLOUR;
    cl_uint base;
    clproc_status status =
        set_arguments(kernel, colour ? all : two, colour ? 3 : 2, slot->tables.buffer,
                      (uint32_t)g->jobs, g->count, &base, error);
    clp_prof_command command = {
        .kind = CLP_COMMAND_KERNEL, .batch = slot->batch, .images = slot->count};
    snprintf(command.name, sizeof command.name, "%s", kernel->name);
    for (uint32_t i = 0; i < g->count; i++) {
        const clp_pass *pass = g->works[i].pass;
        double share = clp_work_share(&g->works[i]);
        command.bytes_read += (uint64_t)((double)pass->bytes_read * share);
        command.bytes_written += (uint64_t)((double)pass->bytes_written * share);
        command.operations += (uint64_t)((double)pass->operations * share);
    }
    uint32_t most = clp_launch_tiles();
    for (uint32_t first = 0; status == CLPROC_OK && first < g->tiles; first += most) {
        uint32_t tiles = g->tiles - first < most ? g->tiles - first : most;
        size_t global, local;
        cl_event event = NULL;
        clp_launch_size(kernel, tiles, &global, &local);
        CLP_TRY(status, out, set_argument(kernel, base, sizeof first, &first, error));
        cl_int code = clEnqueueNDRangeKernel(device->compute, kernel->kernel, 1, NULL, &global,
                                             &local, 0, NULL, clp_event_wanted(device, &event));
        CLP_TRY(status, out, clp_cl_check(code, "clEnqueueNDRangeKernel", kernel->name, error));
        clp_prof_command part = command;
        double share = (double)tiles / g->tiles;
        part.bytes_read = (uint64_t)((double)part.bytes_read * share);
        part.bytes_written = (uint64_t)((double)part.bytes_written * share);
        part.operations = (uint64_t)((double)part.operations * share);
        part.first = !kernel->launched;
        kernel->launched = true;
        status = clp_launch_note(slot, event, &part, error);
    }
out:
    return status;
}

clproc_status clp_group_launch(clp_slot *slot, const clp_group *group, cl_mem input,
                               clp_prof_thread *thread, clproc_error *error) {
    clp_kernel *kernel;
    clproc_status status =
        clp_kernel_get(slot->device, &group->works[0].variant, &kernel, thread, error);
    return status == CLPROC_OK ? launch(slot, group, input, kernel, error) : status;
}

clproc_status clp_slot_upload(clp_slot *slot, cl_event *ready, clproc_error *error) {
    clp_device *device = slot->device;
    cl_event event = NULL;
    clproc_status status;
    *ready = NULL;
    size_t before = slot->tables.capacity;
    CLP_TRY(status, out,
            clp_store_grow(device, CLP_BUFFER_TABLES, &slot->tables, slot->staging_size, "tables",
                           error));
    clp_slot_note_tables(slot, before);
    CLP_TRY(status, out, clp_arena_unmap(device, &slot->input, error));
    CLP_TRY(status, out, clp_arena_unmap(device, &slot->output, error));
    if (slot->input.pinned) {
        cl_int code =
            clEnqueueWriteBuffer(device->upload, slot->input.buffer, CL_FALSE, 0, slot->input.used,
                                 slot->input.host, 0, NULL, clp_event_wanted(device, &event));
        CLP_TRY(status, out, clp_cl_check(code, "clEnqueueWriteBuffer", "input", error));
        clp_prof_command command = {.kind = CLP_COMMAND_UPLOAD,
                                    .name = "upload",
                                    .bytes_read = slot->input.used,
                                    .bytes_written = slot->input.used,
                                    .batch = slot->batch,
                                    .images = slot->count};
        CLP_TRY(status, out, clp_launch_note(slot, event, &command, error));
    }
    event = NULL;
    bool wait = device->upload != device->compute;
    cl_int code = clEnqueueWriteBuffer(device->upload, slot->tables.buffer, CL_FALSE, 0,
                                       slot->staging_size, slot->staging, 0, NULL,
                                       wait ? ready : clp_event_wanted(device, &event));
    CLP_TRY(status, out, clp_cl_check(code, "clEnqueueWriteBuffer", "tables", error));
    if (wait) {
        code = clRetainEvent(*ready);
        CLP_TRY(status, out, clp_cl_check(code, "clRetainEvent", "tables", error));
        event = *ready;
    }
    clp_prof_command command = {.kind = CLP_COMMAND_UPLOAD,
                                .name = "upload tables",
                                .bytes_read = slot->staging_size,
                                .bytes_written = slot->staging_size,
                                .batch = slot->batch,
                                .images = slot->count};
    CLP_TRY(status, out, clp_launch_note(slot, event, &command, error));
    if (wait) {
        status = clp_cl_check(clFlush(device->upload), "clFlush", "upload", error);
    }
out:
    return status;
}

/* By a map, or by a copy that waits for the kernels. */
clproc_status clp_slot_read_back(clp_slot *slot, clproc_error *error) {
    clp_device *device = slot->device;
    clp_prof_command command = {.kind = CLP_COMMAND_READBACK,
                                .name = "readback",
                                .bytes_read = slot->output.used,
                                .bytes_written = slot->output.used,
                                .batch = slot->batch,
                                .images = slot->count};
    cl_int code;
    clproc_status status;
    if (slot->output.pinned) {
        cl_event computed = NULL;
        code = clEnqueueMarkerWithWaitList(device->compute, 0, NULL, &computed);
        CLP_TRY(status, out, clp_cl_check(code, "clEnqueueMarkerWithWaitList", "readback", error));
        status = clp_cl_check(clFlush(device->compute), "clFlush", "readback", error);
        if (status == CLPROC_OK) {
            code = clEnqueueReadBuffer(device->readback, slot->output.buffer, CL_FALSE, 0,
                                       slot->output.used, slot->output.host, 1, &computed,
                                       &slot->done);
            status = clp_cl_check(code, "clEnqueueReadBuffer", "results", error);
        }
        clReleaseEvent(computed);
        if (status != CLPROC_OK) {
            goto out;
        }
        CLP_TRY(status, out, clp_cl_check(clFlush(device->readback), "clFlush", "readback", error));
    } else {
        if (!slot->input.host) {
            /* For the next batch: mapped later, it would wait for the kernels of others. */
            slot->input.host = clEnqueueMapBuffer(device->compute, slot->input.buffer, CL_FALSE,
                                                  CL_MAP_WRITE_INVALIDATE_REGION, 0,
                                                  slot->input.capacity, 0, NULL, NULL, &code);
            CLP_TRY(status, out, clp_cl_check(code, "clEnqueueMapBuffer", "input", error));
        }
        slot->output.host = clEnqueueMapBuffer(device->compute, slot->output.buffer, CL_FALSE,
                                               CL_MAP_READ | CL_MAP_WRITE, 0, slot->output.capacity,
                                               0, NULL, &slot->done, &code);
        CLP_TRY(status, out, clp_cl_check(code, "clEnqueueMapBuffer", "results", error));
        command.bytes_read = command.bytes_written = 0;
        CLP_TRY(status, out, clp_cl_check(clFlush(device->compute), "clFlush", "results", error));
    }
    CLP_TRY(status, out,
            clp_cl_check(clRetainEvent(slot->done), "clRetainEvent", "results", error));
    status = clp_launch_note(slot, slot->done, &command, error);
out:
    return status;
}

void clp_device_finish(clp_device *device) {
    clFinish(device->upload);
    clFinish(device->compute);
    clFinish(device->readback);
}

static void release_event(cl_event *event) {
    if (*event) {
        clReleaseEvent(*event);
        *event = NULL;
    }
}

void clp_slot_end_batch(clp_slot *slot) {
    release_event(&slot->done);
    for (uint32_t i = 0; i < CLP_BAND_WINDOWS; i++) {
        release_event(&slot->window_free[i]);
    }
    clp_launches_drop(slot);
}

/** Upload and launches of whole pictures. */
static clproc_status run_jobs(clp_slot *slot, const clp_jobs *jobs, clp_prof_thread *thread,
                              clproc_error *error) {
    cl_event ready = NULL;
    clproc_status status = clp_slot_upload(slot, &ready, error);
    if (status == CLPROC_OK && ready) {
        cl_int code = clEnqueueBarrierWithWaitList(slot->device->compute, 1, &ready, NULL);
        status = clp_cl_check(code, "clEnqueueBarrierWithWaitList", "upload", error);
    }
    for (size_t i = 0; status == CLPROC_OK && i < jobs->group_count; i++) {
        status = clp_group_launch(slot, &jobs->groups[i], slot->input.buffer, thread, error);
    }
    release_event(&ready);
    return status;
}

clproc_status clp_device_submit(clp_device *device, clp_slot *slot, uint64_t batch,
                                clp_prof_thread *thread, clproc_error *error) {
    clp_jobs jobs = {0};
    clproc_status status;
    slot->batch = batch;
    if (device->reference) {
        return clp_reference_submit(slot, thread, error);
    }
    clp_prof_begin(thread, CLP_PROF_SUBMIT, CLP_PROF_NO_IMAGE);
    CLP_TRY(status, out, clp_batch_jobs(slot, &jobs, error));
    CLP_TRY(status, out,
            clp_store_grow(device, CLP_BUFFER_PIXELS, &device->scratch, jobs.scratch, "scratch",
                           error));
    if (jobs.group_count > 0) {
        CLP_TRY(status, out, run_jobs(slot, &jobs, thread, error));
    }
    status = clp_slot_read_back(slot, error);
    clp_prof_device_memory(device->prof, "scratch", device->scratch.capacity);
out:
    if (status != CLPROC_OK) {
        clp_device_finish(device);
        clp_slot_end_batch(slot);
    }
    clp_jobs_free(&jobs);
    clp_prof_end(thread);
    return status;
}

clproc_status clp_event_wait(cl_event event, clproc_error *error) {
    cl_int state = CL_COMPLETE;
    clproc_status status =
        clp_cl_check(clWaitForEvents(1, &event), "clWaitForEvents", "a batch", error);
    if (status == CLPROC_OK) {
        cl_int code =
            clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL);
        status = clp_cl_check(code, "clGetEventInfo", "a batch", error);
    }
    if (status == CLPROC_OK && state < 0) {
        status = clp_cl_check(state, "running", "a batch", error);
    }
    return status;
}

clproc_status clp_device_wait(clp_device *device, clp_slot *slot, clproc_error *error) {
    if (device->reference) {
        return CLPROC_OK;
    }
    if (!slot->done) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL,
                             "a batch was awaited that was not submitted");
    }
    clproc_status status = clp_event_wait(slot->done, error);
    if (status != CLPROC_OK) {
        clp_device_finish(device);
    }
    clp_launches_collect(device, slot);
    clp_slot_end_batch(slot);
    return status;
}
