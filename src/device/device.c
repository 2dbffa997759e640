#include "device/device.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/memory.h"
#include "device/device_private.h"
#include "device/launch.h"

/** Tests run the other kind of memory on whatever device there is. */
static bool forced_discrete(void) {
    const char *text = getenv("CLPROC_FORCE");
    return text && strstr(text, "discrete") != NULL;
}

static clproc_status create_queue(clp_device *device, cl_command_queue *queue,
                                  clproc_error *error) {
    cl_command_queue_properties properties = device->prof ? CL_QUEUE_PROFILING_ENABLE : 0;
    cl_int code;
    *queue = clCreateCommandQueue(device->context, device->id, properties, &code);
    if (code == CL_INVALID_QUEUE_PROPERTIES || code == CL_INVALID_VALUE) {
        /* Profiling is a nicety: without it the pictures still come out. */
        device->untimed = clp_cl_name(code);
        *queue = clCreateCommandQueue(device->context, device->id, 0, &code);
    }
    return clp_cl_check(code, "clCreateCommandQueue", device->info.name, error);
}

static clproc_status open_queues(clp_device *device, cl_platform_id platform, clproc_error *error) {
    cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)platform, 0};
    cl_int code;
    clproc_status status;
    device->context = clCreateContext(properties, 1, &device->id, NULL, NULL, &code);
    CLP_TRY(status, out, clp_cl_check(code, "clCreateContext", device->info.name, error));
    CLP_TRY(status, out, create_queue(device, &device->compute, error));
    CLP_TRY(status, out, create_queue(device, &device->mapping, error));
    if (device->unified) {
        device->upload = device->readback = device->compute;
        goto out;
    }
    CLP_TRY(status, out, create_queue(device, &device->upload, error));
    CLP_TRY(status, out, create_queue(device, &device->readback, error));
out:
    return status;
}

clproc_status clp_device_open(clp_device **device, const char *selection, clp_prof *prof,
                              clproc_error *error) {
    clp_found *found = NULL;
    size_t count, index;
    clp_device *made = clp_memory_zero(CLP_MEMORY_BATCH, 1, sizeof *made);
    clproc_status status;
    if (!made) {
        return clp_error_memory(error, "a device", sizeof *made);
    }
    made->prof = prof;
    made->opened = clp_clock_ns();
    if (selection && strcmp(selection, "reference") == 0) {
        /* Needs no driver, so a broken one must not stand in its way. */
        made->reference = true;
        made->info = clp_reference_info;
        *device = made;
        return CLPROC_OK;
    }
    CLP_TRY(status, out, clp_devices_find(&found, &count, error));
    CLP_TRY(status, out,
            clp_devices_select(found, count, selection, &index, made->notice, sizeof made->notice,
                               error));
    made->info = found[index].info;
    made->id = found[index].id;
    made->reference = strcmp(made->info.type, "reference") == 0;
    made->unified = made->info.unified_memory && !forced_discrete();
    clp_launch_choose(made);
    if (!made->reference) {
        CLP_TRY(status, out, open_queues(made, found[index].platform, error));
    }
    *device = made;
out:
    clp_memory_free(found);
    if (status != CLPROC_OK) {
        clp_device_close(&made);
    }
    return status;
}

void clp_device_close(clp_device **device) {
    clp_device *d = *device;
    if (!d) {
        return;
    }
    clp_first_launches_collect(d);
    clp_clocks_anchor(d);
    clp_device_probe_copy(d);
    clp_binaries_forget(d);
    clp_kernels_release(d);
    clp_store_free(&d->scratch);
    if (d->readback && d->readback != d->compute) {
        clReleaseCommandQueue(d->readback);
    }
    if (d->upload && d->upload != d->compute) {
        clReleaseCommandQueue(d->upload);
    }
    if (d->mapping) {
        clReleaseCommandQueue(d->mapping);
    }
    if (d->compute) {
        clReleaseCommandQueue(d->compute);
    }
    if (d->context) {
        clReleaseContext(d->context);
    }
    clp_memory_free(d);
    *device = NULL;
}

const clproc_device_info *clp_device_info(const clp_device *device) {
    return &device->info;
}

const char *clp_device_notice(const clp_device *device) {
    return device->notice;
}

const char *clp_device_untimed(const clp_device *device) {
    return device->untimed;
}

void clp_device_batch_size(const clp_device *device, uint32_t *images, uint64_t *bytes) {
    /* A CPU wants a batch that stays in its caches as far as pictures allow; a GPU wants its
     * launches filled. */
    *images = 64;
    *bytes = device->group_tiles ? (uint64_t)128 << 20 : (uint64_t)4 << 20;
}

bool clp_device_lacks_scratch(const clp_device *device, const clp_slot *slot) {
    return !device->reference && slot->scratch > device->scratch.capacity;
}

void clp_device_drop_scratch(clp_device *device) {
    if (!device->reference) {
        clFinish(device->compute); /* kernels that were warmed may still have it */
    }
    clp_store_free(&device->scratch);
    clp_prof_device_memory(device->prof, "scratch", 0);
}

clproc_status clp_device_prepare(clp_device *device, const clp_plan *plan, clp_prof_thread *thread,
                                 clproc_error *error) {
    if (device->reference) {
        return CLPROC_OK;
    }
    clproc_status status = clp_kernels_build(device, plan, thread, error);
    for (size_t i = 0; status == CLPROC_OK && i < plan->pass_count; i++) {
        clp_variant variant = clp_pass_variant(plan, &plan->passes[i]);
        clp_kernel *kernel;
        status = clp_kernel_get(device, &variant, &kernel, thread, error);
        /* GPUs compile when a program is built; their kernels have barriers, and cannot return
         * early where there is no job. */
        if (status == CLPROC_OK && !kernel->launched && !device->group_tiles) {
            status = clp_kernel_warm(device, kernel, error);
        }
    }
    return status;
}
