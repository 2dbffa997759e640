/* Kernels that are built together from embedded sources. */
#include "device/kernel_set.h"

#include <stdio.h>
#include <string.h>

#include "device/cl_error.h"
#include "device/device_private.h"
#include "device/embedded.h"

void clp_kernel_set_release(clp_kernel_set *set) {
    while (set->count > 0) {
        clReleaseKernel(set->kernels[--set->count]);
    }
    if (set->built) {
        clReleaseProgram(set->built);
        set->built = NULL;
    }
}

enum { MOST_FILES = 10 };

static clproc_status take_kernels(cl_program built, clp_kernel_set *set,
                                  const clp_kernel_source *source, clproc_error *error) {
    for (; set->count < source->count; set->count++) {
        cl_int code;
        const char *name = source->names[set->count];
        set->kernels[set->count] = clCreateKernel(built, name, &code);
        clproc_status status = clp_cl_check(code, "clCreateKernel", name, error);
        if (status != CLPROC_OK) {
            clp_kernel_set_release(set);
            return status;
        }
    }
    return CLPROC_OK;
}

/** Once for all launches: in a driver that has a lock around its calls each question costs. */
static clproc_status ask_limits(clp_kernel_set *set, cl_device_id device, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (uint32_t i = 0; status == CLPROC_OK && i < set->count; i++) {
        cl_int code =
            clGetKernelWorkGroupInfo(set->kernels[i], device, CL_KERNEL_WORK_GROUP_SIZE,
                                     sizeof set->most_items[i], &set->most_items[i], NULL);
        status = clp_cl_check(code, "clGetKernelWorkGroupInfo", set->source->what, error);
    }
    return status;
}

static clproc_status add_files(const char *const *files, const char *texts[2 * MOST_FILES],
                               char lines[MOST_FILES][64], cl_uint *count, clproc_error *error) {
    *count = 0;
    for (uint32_t i = 0; files[i]; i++) {
        const clp_embedded *file = clp_embedded_find(clp_embedded_files, files[i]);
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
static clproc_status build_failed(cl_program program, cl_device_id device, const char *what,
                                  cl_int code, clproc_error *error) {
    char log[4096] = "";
    clproc_status status = clp_cl_check(code, "clBuildProgram", what, error);
    if (error && clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, sizeof log - 1, log,
                                       NULL) == CL_SUCCESS) {
        size_t length = strlen(error->message);
        snprintf(error->message + length, sizeof error->message - length,
                 "; the compiler says: %.500s", log);
    }
    return status;
}

/** A program's text, in parts. */
typedef struct program_text {
    const char *parts[2 * MOST_FILES];
    char lines[MOST_FILES][64];
    cl_uint count;
} program_text;

static const char options[] = "-cl-std=CL1.2 -DCLANG_BUILTINS=0";

/** Takes the kernels of a program, which is given up if it has not all of them. */
static clproc_status take_program(cl_program built, cl_device_id device, clp_kernel_set *set,
                                  const clp_kernel_source *source, clproc_error *error) {
    clproc_status status = take_kernels(built, set, source, error);
    if (status == CLPROC_OK) {
        set->built = built;
        set->source = source;
        status = ask_limits(set, device, error);
    } else {
        clReleaseProgram(built);
    }
    if (status != CLPROC_OK) {
        clp_kernel_set_release(set);
    }
    return status;
}

static clproc_status compile(clp_kernel_set *set, const clp_kernel_source *source,
                             program_text *text, cl_context context, cl_device_id device,
                             clproc_error *error) {
    cl_int code;
    cl_program built = clCreateProgramWithSource(context, text->count, text->parts, NULL, &code);
    clproc_status status = clp_cl_check(code, "clCreateProgramWithSource", source->what, error);
    if (status != CLPROC_OK) {
        return status;
    }
    code = clBuildProgram(built, 1, &device, options, NULL, NULL);
    if (code != CL_SUCCESS) {
        status = build_failed(built, device, source->what, code, error);
        clReleaseProgram(built);
        return status;
    }
    return take_program(built, device, set, source, error);
}

/** The program's key among the binaries that are kept. */
static void name_binary(const clp_device *keeper, const program_text *text,
                        char key[CLP_BINARY_KEY]) {
    size_t lengths[2 * MOST_FILES];
    for (cl_uint i = 0; i < text->count; i++) {
        lengths[i] = strlen(text->parts[i]);
    }
    clp_binary_key(keeper, options, text->parts, lengths, text->count, key);
}

clproc_status clp_kernel_set_build(clp_kernel_set *set, const clp_kernel_source *source,
                                   cl_context context, cl_device_id device, clp_device *keeper,
                                   clproc_error *error) {
    program_text text;
    char key[CLP_BINARY_KEY];
    clproc_status status;
    if (set->count > 0) {
        return CLPROC_OK;
    }
    CLP_TRY(status, out, add_files(source->files, text.parts, text.lines, &text.count, error));
    if (keeper) {
        name_binary(keeper, &text, key);
        cl_program kept = clp_binary_load(keeper, key);
        if (kept && take_program(kept, device, set, source, NULL) == CLPROC_OK) {
            set->kept = true;
            goto out;
        }
    }
    CLP_TRY(status, out, compile(set, source, &text, context, device, error));
    if (keeper) {
        clp_binary_keep(keeper, set->built, key);
    }
out:
    return status;
}

clproc_status clp_kernel_set_share(const clp_kernel_set *from, clp_kernel_set *to,
                                   clproc_error *error) {
    if (from->count == 0) {
        return CLPROC_OK;
    }
    clproc_status status =
        clp_cl_check(clRetainProgram(from->built), "clRetainProgram", from->source->what, error);
    if (status == CLPROC_OK) {
        to->built = from->built;
        to->source = from->source;
        memcpy(to->most_items, from->most_items, sizeof to->most_items);
        status = take_kernels(from->built, to, from->source, error);
    }
    return status;
}
