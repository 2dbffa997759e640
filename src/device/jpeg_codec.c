/** The JPEG codec and its launches. */
#include <string.h>

#include "core/memory.h"
#include "device/jpeg_private.h"

static clproc_status ask_device(clp_jpeg_codec *codec, clproc_error *error) {
    cl_device_type type;
    size_t most;
    clproc_status status;
    CLP_TRY(status, out,
            clp_cl_check(clGetDeviceInfo(codec->device, CL_DEVICE_TYPE, sizeof type, &type, NULL),
                         "clGetDeviceInfo", "the type", error));
    CLP_TRY(status, out,
            clp_cl_check(clGetDeviceInfo(codec->device, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof most,
                                         &most, NULL),
                         "clGetDeviceInfo", "the size of work-groups", error));
    CLP_TRY(status, out,
            clp_cl_check(clGetDeviceInfo(codec->device, CL_DEVICE_LOCAL_MEM_SIZE,
                                         sizeof codec->local_bytes, &codec->local_bytes, NULL),
                         "clGetDeviceInfo", "local memory", error));
    codec->cpu = (type & CL_DEVICE_TYPE_CPU) != 0;
    codec->most_group = codec->most_group && codec->most_group < most ? codec->most_group
                        : most < 1024                                 ? (uint32_t)most
                                                                      : 1024;
out:
    return status;
}

clproc_status clp_jpeg_codec_open(clp_jpeg_codec **codec, cl_context context, cl_device_id device,
                                  clp_device *keeper, uint32_t most_group, clproc_error *error) {
    clp_jpeg_codec *made = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *made);
    *codec = NULL;
    if (!made) {
        return clp_error_memory(error, "a JPEG codec", sizeof *made);
    }
    made->context = context;
    made->device = device;
    made->keeper = keeper;
    made->most_group = most_group;
    clproc_status status = ask_device(made, error);
    if (status != CLPROC_OK) {
        clp_jpeg_codec_close(&made);
    }
    *codec = made;
    return status;
}

bool clp_jpeg_codec_is_kept(const clp_jpeg_codec *codec) {
    return codec->decode.kept && codec->encode.kept;
}

void clp_jpeg_codec_close(clp_jpeg_codec **codec) {
    if (*codec) {
        clp_kernel_set_release(&(*codec)->decode);
        clp_kernel_set_release(&(*codec)->encode);
        clp_memory_free(*codec);
        *codec = NULL;
    }
}

clproc_status clp_jpeg_codec_share(clp_jpeg_codec **codec, const clp_jpeg_codec *built,
                                   clproc_error *error) {
    clp_jpeg_codec *made = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *made);
    clproc_status status = CLPROC_OK;
    *codec = NULL;
    if (!made) {
        return clp_error_memory(error, "a JPEG codec", sizeof *made);
    }
    made->context = built->context;
    made->device = built->device;
    made->keeper = built->keeper;
    made->most_group = built->most_group;
    made->cpu = built->cpu;
    made->local_bytes = built->local_bytes;
    CLP_TRY(status, out, clp_kernel_set_share(&built->decode, &made->decode, error));
    CLP_TRY(status, out, clp_kernel_set_share(&built->encode, &made->encode, error));
out:
    if (status != CLPROC_OK) {
        clp_jpeg_codec_close(&made);
    }
    *codec = made;
    return status;
}

/* ---------------------------------------------------------------- launches */

uint32_t clp_jpeg_group(const clp_jpeg_codec *codec, const clp_kernel_set *set, uint32_t kernel,
                        uint32_t wanted) {
    uint32_t group = 1;
    while (group * 2 <= wanted && group * 2 <= set->most_items[kernel] &&
           group * 2 <= codec->most_group) {
        group *= 2;
    }
    return group;
}

static cl_int set_argument(cl_kernel kernel, cl_uint index, const clp_jpeg_argument *argument) {
    return argument->buffer
               ? clSetKernelArg(kernel, index, sizeof argument->buffer, &argument->buffer)
           : argument->number
               ? clSetKernelArg(kernel, index, sizeof *argument->number, argument->number)
               : clSetKernelArg(kernel, index, argument->local, NULL);
}

clproc_status clp_jpeg_launch(cl_kernel kernel, const char *name,
                              const clp_jpeg_argument *arguments, uint32_t argument_count,
                              size_t groups, size_t group, const clp_jpeg_queue *queue,
                              uint32_t index, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    size_t global = groups * group;
    cl_uint waits = index == 0 ? queue->wait_count : 0;
    for (cl_uint i = 0; status == CLPROC_OK && i < argument_count; i++) {
        status =
            clp_cl_check(set_argument(kernel, i, &arguments[i]), "clSetKernelArg", name, error);
    }
    if (status != CLPROC_OK) {
        return status;
    }
    return clp_cl_check(clEnqueueNDRangeKernel(queue->queue, kernel, 1, NULL, &global, &group,
                                               waits, waits ? queue->waits : NULL,
                                               queue->events ? &queue->events[index] : NULL),
                        "clEnqueueNDRangeKernel", name, error);
}
