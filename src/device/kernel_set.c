/* Kernels that are built together from embedded sources. */
#include "device/kernel_set.h"

#include <stdio.h>
#include <string.h>

#include "device/cl_error.h"
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
static clproc_status ask_limits(clp_kernel_set *set, const clp_kernel_source *source,
                                cl_device_id device, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (uint32_t i = 0; status == CLPROC_OK && i < set->count; i++) {
        cl_int code =
            clGetKernelWorkGroupInfo(set->kernels[i], device, CL_KERNEL_WORK_GROUP_SIZE,
                                     sizeof set->most_items[i], &set->most_items[i], NULL);
        status = clp_cl_check(code, "clGetKernelWorkGroupInfo", source->what, error);
    }
    return status;
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

clproc_status clp_kernel_set_build(clp_kernel_set *set, const clp_kernel_source *source,
                                   cl_context context, cl_device_id device, clproc_error *error) {
    const char *texts[2 * MOST_FILES];
    char lines[MOST_FILES][64];
    cl_uint text_count;
    cl_program built = NULL;
    clproc_status status;
    cl_int code;
    if (set->count > 0) {
        return CLPROC_OK;
    }
    CLP_TRY(status, out, add_files(source->files, texts, lines, &text_count, error));
    built = clCreateProgramWithSource(context, text_count, texts, NULL, &code);
    CLP_TRY(status, out, clp_cl_check(code, "clCreateProgramWithSource", source->what, error));
    code = clBuildProgram(built, 1, &device, "-cl-std=CL1.2 -DCLANG_BUILTINS=0", NULL, NULL);
    if (code != CL_SUCCESS) {
        status = build_failed(built, device, source->what, code, error);
        goto out;
    }
    CLP_TRY(status, out, take_kernels(built, set, source, error));
    status = ask_limits(set, source, device, error);
    if (status != CLPROC_OK) {
        clp_kernel_set_release(set);
        goto out;
    }
    set->built = built;
    set->source = source;
    built = NULL;
out:
    if (built) {
        clReleaseProgram(built);
    }
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
