/** Kernel launches of a lane. */
#include <stdio.h>

#include "core/cancel.h"
#include "device/lane.h"

static clproc_status set_argument(const clp_kernel *kernel, cl_uint index, size_t size,
                                  const void *value, clproc_error *error) {
    return clp_cl_check(clSetKernelArg(kernel->kernel, index, size, value), "clSetKernelArg",
                        kernel->program->name, error);
}

/** Sets buffers, jobs and count; returns the index of the argument `base`. */
static clproc_status set_arguments(const clp_kernel *kernel, const cl_mem *buffers,
                                   uint32_t buffer_count, uint32_t jobs, uint32_t count,
                                   cl_uint *base, clproc_error *error) {
    cl_uint index = 0;
    clproc_status status = CLPROC_OK;
    for (; index < buffer_count; index++) {
        CLP_TRY(status, out, set_argument(kernel, index, sizeof(cl_mem), &buffers[index], error));
    }
    CLP_TRY(status, out, set_argument(kernel, index++, sizeof jobs, &jobs, error));
    CLP_TRY(status, out, set_argument(kernel, index++, sizeof count, &count, error));
    *base = index;
out:
    return status;
}

/** A kernel's buffers: source, result and tables; of a colour pass all arenas, tables and a cube.
 */
#define MOST_BUFFERS 5
static uint32_t buffer_count(const clp_variant *variant) {
    return variant->kind == CLP_PASS_COLOUR ? MOST_BUFFERS : 3;
}

clproc_status clp_program_warm(clp_device *device, clp_program *program, clproc_error *error) {
    size_t global, local;
    cl_uint base, zero = 0;
    cl_event event = NULL;
    cl_int code;
    clp_kernel kernel = {.program = program};
    cl_command_queue queue = NULL;
    clproc_status status;
    /* PoCL compiles at the first launch: one without jobs does, and finds nothing to do. It keeps a
     * kernel by the largest grid that was launched: with a larger one later, version 3.1 would lose
     * count of the users of this. */
    cl_mem any = clCreateBuffer(device->context, CL_MEM_READ_WRITE, 64, NULL, &code);
    CLP_TRY(status, out, clp_cl_check(code, "clCreateBuffer", program->name, error));
    CLP_TRY(status, out, clp_device_queue(device, &queue, error));
    CLP_TRY(status, out, clp_kernel_create(program, &kernel.kernel, error));
    CLP_TRY(status, out, clp_grid_fit(device, &kernel, error));
    cl_mem buffers[MOST_BUFFERS] = {any, any, any, any, any};
    CLP_TRY(status, out,
            set_arguments(&kernel, buffers, buffer_count(&program->variant), 0, 0, &base, error));
    CLP_TRY(status, out, set_argument(&kernel, base, sizeof zero, &zero, error));
    clp_grid_size(&kernel, clp_grid_tiles(), &global, &local);
    code = clEnqueueNDRangeKernel(queue, kernel.kernel, 1, NULL, &global, &local, 0, NULL,
                                  clp_event_wanted(device, &event));
    CLP_TRY(status, out, clp_cl_check(code, "clEnqueueNDRangeKernel", program->name, error));
    atomic_store(&program->launched, true);
    CLP_TRY(status, out, clp_cl_check(clFinish(queue), "clFinish", program->name, error));
    clp_command_collect(device, event, CLP_COMMAND_KERNEL, program->name, 0);
    event = NULL;
out:
    clp_event_release(&event);
    clp_queue_close(&queue);
    if (kernel.kernel) {
        clReleaseKernel(kernel.kernel);
    }
    if (any) {
        clReleaseMemObject(any);
    }
    return status;
}

/** The lane's kernel of a variant. */
static clproc_status find_kernel(clp_lane *lane, const clp_variant *variant, clp_kernel **found,
                                 clp_prof_thread *thread, clproc_error *error) {
    clp_program *program;
    clproc_status status = clp_program_get(lane->device, variant, &program, thread, error);
    for (uint32_t i = 0; status == CLPROC_OK && i < lane->kernel_count; i++) {
        if (lane->kernels[i].program == program) {
            *found = &lane->kernels[i];
            return CLPROC_OK;
        }
    }
    if (status == CLPROC_OK) {
        clp_kernel *kernel = &lane->kernels[lane->kernel_count];
        *kernel = (clp_kernel){.program = program};
        status = clp_kernel_create(program, &kernel->kernel, error);
        lane->kernel_count += status == CLPROC_OK;
        status = status == CLPROC_OK ? clp_grid_fit(lane->device, kernel, error) : status;
        *found = kernel;
    }
    return status;
}

static clproc_status enqueue(clp_lane *lane, const clp_kernel *kernel, const clp_group *g,
                             cl_uint base, clproc_error *error) {
    clp_device *device = lane->device;
    cl_event tables[2];
    cl_uint to_come = clp_schedule_to_come(lane->schedule, tables);
    clproc_status status = CLPROC_OK;
    uint32_t most = clp_grid_tiles();
    for (uint32_t first = 0; first < g->tiles; first += most) {
        uint32_t tiles = g->tiles - first < most ? g->tiles - first : most;
        double share = (double)tiles / g->tiles;
        size_t global, local;
        cl_event event = NULL;
        CLP_TRY(status, out, clp_cancel_check(lane->cancel, error));
        clp_grid_size(kernel, tiles, &global, &local);
        CLP_TRY(status, out, set_argument(kernel, base, sizeof first, &first, error));
        cl_int code =
            clEnqueueNDRangeKernel(lane->queue, kernel->kernel, 1, NULL, &global, &local, to_come,
                                   to_come ? tables : NULL, clp_event_wanted(device, &event));
        CLP_TRY(status, out,
                clp_cl_check(code, "clEnqueueNDRangeKernel", kernel->program->name, error));
        clp_prof_command command = {
            .kind = CLP_COMMAND_KERNEL,
            .batch = lane->number,
            .images = 1,
            .bytes_read = (uint64_t)((double)g->bytes_read * share),
            .bytes_written = (uint64_t)((double)g->bytes_written * share),
            .operations = (uint64_t)((double)g->operations * share),
            .first = !atomic_exchange(&kernel->program->launched, true),
        };
        snprintf(command.name, sizeof command.name, "%s", kernel->program->name);
        CLP_TRY(status, out, clp_launch_note(lane, event, &command, error));
    }
out:
    return status;
}

clproc_status clp_group_launch(clp_lane *lane, const clp_group *group, cl_mem input,
                               clp_prof_thread *thread, clproc_error *error) {
    cl_mem results = lane->device->unified ? lane->output.buffer : lane->results.buffer;
    cl_mem arenas[] = {[CLP_ROLE_INPUT] = input,
                       [CLP_ROLE_SCRATCH] = lane->scratch.buffer,
                       [CLP_ROLE_OUTPUT] = results};
    const clp_schedule *s = lane->schedule;
    /* What has no cube takes none: any buffer will do. */
    cl_mem all[MOST_BUFFERS] = {arenas[0], arenas[1], arenas[2], s->tables.buffer,
                                s->cube ? s->cube->tables.buffer : s->tables.buffer};
    cl_mem three[] = {arenas[group->src], arenas[group->dst], s->tables.buffer};
    uint32_t count = buffer_count(&group->variant);
    clp_kernel *kernel;
    cl_uint base;
    clproc_status status;
    CLP_TRY(status, out, find_kernel(lane, &group->variant, &kernel, thread, error));
    CLP_TRY(status, out,
            set_arguments(kernel, count == MOST_BUFFERS ? all : three, count, (uint32_t)group->jobs,
                          group->count, &base, error));
    status = enqueue(lane, kernel, group, base, error);
out:
    return status;
}
