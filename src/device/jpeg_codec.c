/** The JPEG codec's programs and launches. */
#include <string.h>

#include "core/memory.h"
#include "device/embedded.h"
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
                                  uint32_t most_group, clproc_error *error) {
    clp_jpeg_codec *made = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *made);
    *codec = NULL;
    if (!made) {
        return clp_error_memory(error, "a JPEG codec", sizeof *made);
    }
    made->context = context;
    made->device = device;
    made->most_group = most_group;
    clproc_status status = ask_device(made, error);
    if (status != CLPROC_OK) {
        clp_jpeg_codec_close(&made);
    }
    *codec = made;
    return status;
}

static void release(clp_jpeg_program *program) {
    while (program->count > 0) {
        clReleaseKernel(program->kernels[--program->count]);
    }
    if (program->built) {
        clReleaseProgram(program->built);
        program->built = NULL;
    }
}

void clp_jpeg_codec_close(clp_jpeg_codec **codec) {
    if (*codec) {
        release(&(*codec)->decode);
        release(&(*codec)->encode);
        clp_memory_free(*codec);
        *codec = NULL;
    }
}

/* ---------------------------------------------------------------- programs */

enum { MOST_FILES = 10 };

static clproc_status take_kernels(cl_program built, clp_jpeg_program *program,
                                  const char *const *names, uint32_t count, clproc_error *error) {
    for (; program->count < count; program->count++) {
        cl_int code;
        const char *name = names[program->count];
        program->kernels[program->count] = clCreateKernel(built, name, &code);
        clproc_status status = clp_cl_check(code, "clCreateKernel", name, error);
        if (status != CLPROC_OK) {
            release(program);
            return status;
        }
    }
    return CLPROC_OK;
}

static const clp_embedded *find_file(const char *name) {
    const clp_embedded *file = clp_embedded_files;
    while (file->name && strcmp(file->name, name) != 0) {
        file++;
    }
    return file->name ? file : NULL;
}

static clproc_status add_files(const char *const *files, const char *texts[2 * MOST_FILES],
                               char lines[MOST_FILES][64], cl_uint *count, clproc_error *error) {
    *count = 0;
    for (uint32_t i = 0; files[i]; i++) {
        const clp_embedded *file = find_file(files[i]);
        if (!file) {
            return clp_error_set(error, CLPROC_ERROR_INTERNAL,
                                 "kernel source %s is not in the program", files[i]);
        }
        snprintf(lines[i], sizeof lines[i], "\n#line 1 \"kernels/%s\"\n", files[i]);
        texts[(*count)++] = lines[i];
        texts[(*count)++] = file->text;
    }
    return CLPROC_OK;
}

/** The first lines of what the compiler says go into the error. */
static clproc_status build_failed(const clp_jpeg_codec *codec, cl_program program, cl_int code,
                                  clproc_error *error) {
    char log[4096] = "";
    clproc_status status = clp_cl_check(code, "clBuildProgram", "the JPEG codec", error);
    if (error && clGetProgramBuildInfo(program, codec->device, CL_PROGRAM_BUILD_LOG, sizeof log - 1,
                                       log, NULL) == CL_SUCCESS) {
        size_t length = strlen(error->message);
        snprintf(error->message + length, sizeof error->message - length,
                 "; the compiler says: %.500s", log);
    }
    return status;
}

clproc_status clp_jpeg_build(clp_jpeg_codec *codec, clp_jpeg_program *program,
                             const char *const *files, const char *const *names, uint32_t count,
                             clproc_error *error) {
    const char *texts[2 * MOST_FILES];
    char lines[MOST_FILES][64];
    cl_uint text_count;
    cl_program built = NULL;
    clproc_status status;
    cl_int code;
    if (program->count > 0) {
        return CLPROC_OK;
    }
    CLP_TRY(status, out, add_files(files, texts, lines, &text_count, error));
    built = clCreateProgramWithSource(codec->context, text_count, texts, NULL, &code);
    CLP_TRY(status, out, clp_cl_check(code, "clCreateProgramWithSource", "the JPEG codec", error));
    code = clBuildProgram(built, 1, &codec->device, "-cl-std=CL1.2 -DCLANG_BUILTINS=0", NULL, NULL);
    if (code != CL_SUCCESS) {
        status = build_failed(codec, built, code, error);
        goto out;
    }
    CLP_TRY(status, out, take_kernels(built, program, names, count, error));
    program->built = built;
    program->names = names;
    built = NULL;
out:
    if (built) {
        clReleaseProgram(built);
    }
    return status;
}

static clproc_status share(const clp_jpeg_program *from, clp_jpeg_program *to,
                           clproc_error *error) {
    if (from->count == 0) {
        return CLPROC_OK;
    }
    clproc_status status =
        clp_cl_check(clRetainProgram(from->built), "clRetainProgram", "the JPEG codec", error);
    if (status == CLPROC_OK) {
        to->built = from->built;
        to->names = from->names;
        status = take_kernels(from->built, to, from->names, from->count, error);
    }
    return status;
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
    made->most_group = built->most_group;
    made->cpu = built->cpu;
    made->local_bytes = built->local_bytes;
    CLP_TRY(status, out, share(&built->decode, &made->decode, error));
    CLP_TRY(status, out, share(&built->encode, &made->encode, error));
out:
    if (status != CLPROC_OK) {
        clp_jpeg_codec_close(&made);
    }
    *codec = made;
    return status;
}

/* ---------------------------------------------------------------- launches */

clproc_status clp_jpeg_group(const clp_jpeg_codec *codec, cl_kernel kernel, uint32_t wanted,
                             uint32_t *group, clproc_error *error) {
    size_t most;
    clproc_status status =
        clp_cl_check(clGetKernelWorkGroupInfo(kernel, codec->device, CL_KERNEL_WORK_GROUP_SIZE,
                                              sizeof most, &most, NULL),
                     "clGetKernelWorkGroupInfo", "the JPEG codec", error);
    if (status == CLPROC_OK) {
        *group = 1;
        while (*group * 2 <= wanted && *group * 2 <= most && *group * 2 <= codec->most_group) {
            *group *= 2;
        }
    }
    return status;
}

clproc_status clp_jpeg_launch(cl_kernel kernel, const char *name,
                              const clp_jpeg_argument *arguments, uint32_t argument_count,
                              size_t groups, size_t group, const clp_jpeg_queue *queue,
                              uint32_t index, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    size_t global = groups * group;
    cl_uint waits = index == 0 ? queue->wait_count : 0;
    for (cl_uint i = 0; status == CLPROC_OK && i < argument_count; i++) {
        const clp_jpeg_argument *argument = &arguments[i];
        status = clp_cl_check(
            clSetKernelArg(kernel, i, argument->buffer ? sizeof argument->buffer : argument->local,
                           argument->buffer ? &argument->buffer : NULL),
            "clSetKernelArg", name, error);
    }
    if (status != CLPROC_OK) {
        return status;
    }
    return clp_cl_check(clEnqueueNDRangeKernel(queue->queue, kernel, 1, NULL, &global, &group,
                                               waits, waits ? queue->waits : NULL,
                                               queue->events ? &queue->events[index] : NULL),
                        "clEnqueueNDRangeKernel", name, error);
}
