/** Kernels: which a pass needs, and building them from the embedded sources on first use. */
#include <string.h>

#include "core/clock.h"
#include "core/memory.h"
#include "device/device_private.h"
#include "device/embedded.h"

static const char *const kind_names[] = {
    [CLP_PASS_FILTER] = "filter", [CLP_PASS_REINDEX] = "reindex", [CLP_PASS_COLOUR] = "colour"};
static const struct {
    const char *type, *macro;
} sample_types[] = {[CLP_SAMPLE_U8] = {"uchar", "U8"},
                    [CLP_SAMPLE_I16] = {"short", "I16"},
                    [CLP_SAMPLE_U16] = {"ushort", "U16"},
                    [CLP_SAMPLE_F32] = {"float", "F32"}};

clp_variant clp_pass_variant(const clp_plan *plan, const clp_pass *pass) {
    clp_variant variant = {.kind = pass->kind};
    if (pass->kind == CLP_PASS_COLOUR) {
        variant.real = pass->real;
        return variant;
    }
    variant.src = plan->surfaces[pass->src[0]].sample;
    variant.dst = plan->surfaces[pass->dst[0]].sample;
    if (pass->kind == CLP_PASS_FILTER) {
        variant.real = pass->real;
        variant.transpose = pass->transpose;
    }
    return variant;
}

static bool same(const clp_variant *a, const clp_variant *b) {
    return a->kind == b->kind && a->real == b->real && a->transpose == b->transpose &&
           a->src == b->src && a->dst == b->dst;
}

/** As profiles call it: "filter u8>i16 t". */
static void name_variant(const clp_variant *v, char *name, size_t size) {
    const char *kind = kind_names[v->kind];
    if (v->kind == CLP_PASS_COLOUR) {
        snprintf(name, size, "%s %s", kind, v->real ? "f32" : "i32");
    } else if (v->kind == CLP_PASS_REINDEX) {
        snprintf(name, size, "%s %s", kind, clp_sample_name(v->src));
    } else {
        snprintf(name, size, "%s %s>%s%s%s", kind, clp_sample_name(v->src), clp_sample_name(v->dst),
                 v->transpose ? " transposed" : "",
                 v->real && v->src != CLP_SAMPLE_F32 && v->dst != CLP_SAMPLE_F32 ? " f32" : "");
    }
}

static const clp_embedded *embedded(const char *name) {
    const clp_embedded *file = clp_embedded_files;
    while (file->name && strcmp(file->name, name) != 0) {
        file++;
    }
    return file->name ? file : NULL;
}

/** The build's messages on failure, cut to fit an error. */
static clproc_status build_failed(clp_device *device, const clp_kernel *kernel, cl_int code,
                                  clproc_error *error) {
    char log[512] = "";
    size_t size = 0;
    if (clGetProgramBuildInfo(kernel->program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size) ==
            CL_SUCCESS &&
        size) {
        char *whole = clp_memory_zero(CLP_MEMORY_OTHER, 1, size + 1);
        if (whole && clGetProgramBuildInfo(kernel->program, device->id, CL_PROGRAM_BUILD_LOG, size,
                                           whole, NULL) == CL_SUCCESS) {
            snprintf(log, sizeof log, "%.500s", whole);
        }
        clp_memory_free(whole);
    }
    clproc_status status = clp_cl_check(code, "clBuildProgram", kernel->name, error);
    if (error) {
        size_t length = strlen(error->message);
        snprintf(error->message + length, sizeof error->message - length, "; the compiler says: %s",
                 log);
    }
    return status;
}

static clproc_status build(clp_device *device, clp_kernel *kernel, clproc_error *error) {
    const clp_variant *v = &kernel->variant;
    char main_file[32], options[256], lines[3][64];
    snprintf(main_file, sizeof main_file, "%s.cl", kind_names[v->kind]);
    const char *names[3] = {"common.clh", "jobs.clh", main_file}, *strings[6];
    size_t lengths[6];
    for (int i = 0; i < 3; i++) {
        const clp_embedded *file = embedded(names[i]);
        if (!file) {
            return clp_error_set(error, CLPROC_ERROR_INTERNAL,
                                 "kernel source %s is not in the program", names[i]);
        }
        snprintf(lines[i], sizeof lines[i], "\n#line 1 \"kernels/%s\"\n", names[i]);
        strings[2 * i] = lines[i];
        lengths[2 * i] = strlen(lines[i]);
        strings[2 * i + 1] = file->text;
        lengths[2 * i + 1] = file->size;
    }
    snprintf(options, sizeof options,
             "-cl-std=CL1.2 -DSRC=%s -DDST=%s -DSRC_IS_%s -DDST_IS_%s -DREAL=%d -DTRANSPOSE=%d "
             "-DGROUP_TILE=%d -DLANES=%d",
             sample_types[v->src].type, sample_types[v->dst].type, sample_types[v->src].macro,
             sample_types[v->dst].macro, v->real, v->transpose, device->group_tiles,
             device->group_tiles ? 1 : 16);
    cl_int code;
    clproc_status status;
    kernel->program = clCreateProgramWithSource(device->context, 6, strings, lengths, &code);
    CLP_TRY(status, out, clp_cl_check(code, "clCreateProgramWithSource", kernel->name, error));
    code = clBuildProgram(kernel->program, 1, &device->id, options, NULL, NULL);
    if (code != CL_SUCCESS) {
        status = build_failed(device, kernel, code, error);
        goto out;
    }
    kernel->kernel = clCreateKernel(kernel->program, kind_names[v->kind], &code);
    status = clp_cl_check(code, "clCreateKernel", kernel->name, error);
out:
    return status;
}

clproc_status clp_kernel_get(clp_device *device, const clp_variant *variant, clp_kernel **kernel,
                             clp_prof_thread *thread, clproc_error *error) {
    for (uint32_t i = 0; i < device->kernel_count; i++) {
        if (same(&device->kernels[i].variant, variant)) {
            *kernel = &device->kernels[i];
            if ((*kernel)->failed != CLPROC_OK) {
                return clp_error_set(error, (*kernel)->failed,
                                     "kernel \"%s\" failed to build before", (*kernel)->name);
            }
            return CLPROC_OK;
        }
    }
    if (device->kernel_count == CLP_MAX_KERNELS) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "too many kernel variants");
    }
    clp_kernel *made = &device->kernels[device->kernel_count++];
    *made = (clp_kernel){.variant = *variant};
    name_variant(variant, made->name, sizeof made->name);
    clp_prof_begin(thread, CLP_PROF_BUILD, CLP_PROF_NO_IMAGE);
    uint64_t start = clp_clock_ns();
    made->failed = build(device, made, error);
    clp_prof_build(device->prof, made->name, clp_clock_ns() - start);
    clp_prof_end(thread);
    *kernel = made;
    return made->failed;
}

void clp_kernels_release(clp_device *device) {
    for (uint32_t i = 0; i < device->kernel_count; i++) {
        if (device->kernels[i].kernel) {
            clReleaseKernel(device->kernels[i].kernel);
        }
        if (device->kernels[i].program) {
            clReleaseProgram(device->kernels[i].program);
        }
    }
    device->kernel_count = 0;
}
