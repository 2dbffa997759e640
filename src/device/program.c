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

/** As profiles call it: "filter u8>i16 transposed". */
static void name_variant(const clp_variant *v, char *name, size_t size) {
    const char *kind = kind_names[v->kind];
    /* Where neither end is float, the name says so if the sums are. */
    bool told = v->src == CLP_SAMPLE_F32 || v->dst == CLP_SAMPLE_F32;
    if (v->kind == CLP_PASS_COLOUR) {
        snprintf(name, size, "%s %s", kind, v->real ? "f32" : "i32");
    } else if (v->kind == CLP_PASS_REINDEX) {
        snprintf(name, size, "%s %s", kind, clp_sample_name(v->src));
    } else {
        snprintf(name, size, "%s %s>%s%s%s", kind, clp_sample_name(v->src), clp_sample_name(v->dst),
                 v->transpose ? " transposed" : "", v->real && !told ? " f32" : "");
    }
}

/** The same as an identifier: "filter_u8_i16_transposed". */
static void name_function(const clp_kernel *kernel, char *name, size_t size) {
    snprintf(name, size, "%s", kernel->name);
    for (char *c = name; *c; c++) {
        *c = *c == ' ' || *c == '>' ? '_' : *c;
    }
}

static const clp_embedded *embedded(const char *name) {
    const clp_embedded *file = clp_embedded_files;
    while (file->name && strcmp(file->name, name) != 0) {
        file++;
    }
    return file->name ? file : NULL;
}

static void put_on_one_line(char *text) {
    for (char *c = text; *c; c++) {
        *c = *c == '\n' ? ' ' : *c;
    }
    for (size_t length = strlen(text); length > 0 && text[length - 1] == ' '; length--) {
        text[length - 1] = '\0';
    }
}

/** The build's messages on failure, cut to fit an error. */
static clproc_status build_failed(clp_device *device, cl_program program, const char *name,
                                  cl_int code, clproc_error *error) {
    char log[512] = "";
    size_t size = 0;
    if (clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size) ==
            CL_SUCCESS &&
        size) {
        char *whole = clp_memory_zero(CLP_MEMORY_OTHER, 1, size + 1);
        if (whole && clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, size, whole,
                                           NULL) == CL_SUCCESS) {
            snprintf(log, sizeof log, "%.500s", whole);
            put_on_one_line(log);
        }
        clp_memory_free(whole);
    }
    clproc_status status = clp_cl_check(code, "clBuildProgram", name, error);
    if (error) {
        size_t length = strlen(error->message);
        snprintf(error->message + length, sizeof error->message - length, "; the compiler says: %s",
                 log);
    }
    return status;
}

/** The parts of a program's text. */
typedef struct source {
    const char *strings[3 * CLP_MAX_KERNELS];
    size_t lengths[3 * CLP_MAX_KERNELS];
    char preambles[CLP_MAX_KERNELS + 2][768];
    uint32_t count, preamble_count;
} source;

static void add_text(source *text, const char *string, size_t length) {
    text->strings[text->count] = string;
    text->lengths[text->count++] = length;
}

/** Adds an embedded file behind `preamble`. */
static clproc_status add_file(source *text, const char *preamble, const char *name,
                              clproc_error *error) {
    const clp_embedded *file = embedded(name);
    if (!file) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "kernel source %s is not in the program",
                             name);
    }
    char *lines = text->preambles[text->preamble_count++];
    snprintf(lines, sizeof text->preambles[0], "%s\n#line 1 \"kernels/%s\"\n", preamble, name);
    add_text(text, lines, strlen(lines));
    add_text(text, file->text, file->size);
    return CLPROC_OK;
}

/** Adds the text of one variant. Its definitions are withdrawn before, for those of a variant that
 * came earlier. */
static clproc_status add_variant(source *text, const clp_kernel *kernel, const char *function,
                                 clproc_error *error) {
    const clp_variant *v = &kernel->variant;
    const char *suffix = function + strlen(kind_names[v->kind]);
    char preamble[640], file[32];
    snprintf(preamble, sizeof preamble,
             "#undef SRC\n#undef DST\n#undef REAL\n#undef TRANSPOSE\n#undef NAME\n"
             "#undef SRC_IS_U8\n#undef SRC_IS_I16\n#undef SRC_IS_U16\n#undef SRC_IS_F32\n"
             "#undef DST_IS_U8\n#undef DST_IS_I16\n#undef DST_IS_U16\n#undef DST_IS_F32\n"
             "#define SRC %s\n#define DST %s\n#define SRC_IS_%s\n#define DST_IS_%s\n"
             "#define REAL %d\n#define TRANSPOSE %d\n#define NAME(f) f##%s\n",
             sample_types[v->src].type, sample_types[v->dst].type, sample_types[v->src].macro,
             sample_types[v->dst].macro, v->real, v->transpose, suffix);
    snprintf(file, sizeof file, "%s.cl", kind_names[v->kind]);
    return add_file(text, preamble, file, error);
}

/** PoCL compiles with clang for the processor it runs on, so its builtins may be used there; should
 * a version of it not know them, the kernels do without. */
static bool has_clang_builtins(const clp_device *device) {
    return strcmp(device->info.platform, CLP_POCL_PLATFORM) == 0 &&
           strcmp(device->info.type, "cpu") == 0;
}

static void print_options(const clp_device *device, bool builtins, char *options, size_t size) {
    snprintf(options, size, "-cl-std=CL1.2 -DGROUP_TILE=%d -DLANES=%d -DCLANG_BUILTINS=%d",
             device->group_tiles, device->group_tiles ? 1 : 16, builtins);
}

static clproc_status compile(clp_device *device, source *text, const char *name,
                             cl_program *program, clproc_error *error) {
    char options[96], key[CLP_BINARY_KEY];
    bool builtins = has_clang_builtins(device);
    cl_int code;
    print_options(device, builtins, options, sizeof options);
    clp_binary_key(device, options, text->strings, text->lengths, text->count, key);
    *program = clp_binary_load(device, key);
    if (*program) {
        return CLPROC_OK;
    }
    *program = clCreateProgramWithSource(device->context, text->count, text->strings, text->lengths,
                                         &code);
    clproc_status status = clp_cl_check(code, "clCreateProgramWithSource", name, error);
    if (status != CLPROC_OK) {
        *program = NULL;
        return status;
    }
    code = clBuildProgram(*program, 1, &device->id, options, NULL, NULL);
    if (code != CL_SUCCESS && builtins) {
        clp_prof_fact(device->prof, "compiler builtins", "refused, kernels do without");
        print_options(device, false, options, sizeof options);
        code = clBuildProgram(*program, 1, &device->id, options, NULL, NULL);
    }
    if (code != CL_SUCCESS) {
        return build_failed(device, *program, name, code, error);
    }
    clp_binary_keep(device, *program, key);
    return CLPROC_OK;
}

/** Builds one program for some kernels: the compiler's own headers cost more than a kernel, so once
 * is cheaper. */
static clproc_status build(clp_device *device, clp_kernel *const *kernels, uint32_t count,
                           clproc_error *error) {
    source *text = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *text);
    char functions[CLP_MAX_KERNELS][48];
    cl_program program = NULL;
    cl_int code;
    clproc_status status;
    if (!text) {
        return clp_error_memory(error, "a kernel's source", sizeof *text);
    }
    CLP_TRY(status, out, add_file(text, "", "common.clh", error));
    CLP_TRY(status, out, add_file(text, "", "jobs.clh", error));
    for (uint32_t i = 0; i < count; i++) {
        name_function(kernels[i], functions[i], sizeof functions[i]);
        CLP_TRY(status, out, add_variant(text, kernels[i], functions[i], error));
    }
    CLP_TRY(status, out, compile(device, text, kernels[0]->name, &program, error));
    for (uint32_t i = 0; i < count; i++) {
        kernels[i]->kernel = clCreateKernel(program, functions[i], &code);
        CLP_TRY(status, out, clp_cl_check(code, "clCreateKernel", kernels[i]->name, error));
    }
out:
    /* Kernels keep their program alive. */
    if (program) {
        clReleaseProgram(program);
    }
    clp_memory_free(text);
    return status;
}

static clp_kernel *find(clp_device *device, const clp_variant *variant) {
    for (uint32_t i = 0; i < device->kernel_count; i++) {
        if (same(&device->kernels[i].variant, variant)) {
            return &device->kernels[i];
        }
    }
    return NULL;
}

static void release_kernels(const clp_kernel *kernels, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (kernels[i].kernel) {
            clReleaseKernel(kernels[i].kernel);
        }
    }
}

/** Enters new kernels and builds their program. */
static clproc_status build_variants(clp_device *device, const clp_variant *variants, uint32_t count,
                                    clp_prof_thread *thread, clproc_error *error) {
    clp_kernel *made[CLP_MAX_KERNELS];
    if (device->kernel_count + count > CLP_MAX_KERNELS) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "too many kernel variants");
    }
    for (uint32_t i = 0; i < count; i++) {
        made[i] = &device->kernels[device->kernel_count++];
        *made[i] = (clp_kernel){.variant = variants[i]};
        name_variant(&variants[i], made[i]->name, sizeof made[i]->name);
    }
    clp_prof_begin(thread, CLP_PROF_BUILD, CLP_PROF_NO_IMAGE);
    int64_t cached = clp_cache_programs(device);
    uint64_t start = clp_clock_ns();
    clproc_status status = build(device, made, count, error);
    char name[96];
    snprintf(name, sizeof name, count > 1 ? "%s and %u more" : "%s", made[0]->name, count - 1);
    clp_prof_build(device->prof, name, clp_clock_ns() - start, clp_cache_since(device, cached));
    clp_prof_end(thread);
    if (status != CLPROC_OK) {
        /* Forgotten, so that the next batch to need them tries again and can say what fails. */
        release_kernels(made[0], count);
        device->kernel_count -= count;
    }
    return status;
}

clproc_status clp_kernels_build(clp_device *device, const clp_plan *plan, clp_prof_thread *thread,
                                clproc_error *error) {
    for (;;) {
        clp_variant missing[CLP_MAX_KERNELS];
        uint32_t count = 0;
        for (size_t i = 0; i < plan->pass_count && count < CLP_MAX_KERNELS; i++) {
            clp_variant variant = clp_pass_variant(plan, &plan->passes[i]);
            bool wanted = !find(device, &variant);
            for (uint32_t k = 0; k < count; k++) {
                /* Only filter.cl can stand in a program more than once. */
                bool clash = variant.kind == missing[k].kind && variant.kind != CLP_PASS_FILTER;
                wanted = wanted && !clash && !same(&variant, &missing[k]);
            }
            if (wanted) {
                missing[count++] = variant;
            }
        }
        if (count == 0) {
            return CLPROC_OK;
        }
        clproc_status status = build_variants(device, missing, count, thread, error);
        if (status != CLPROC_OK) {
            return status;
        }
    }
}

clproc_status clp_kernel_get(clp_device *device, const clp_variant *variant, clp_kernel **kernel,
                             clp_prof_thread *thread, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    if (!find(device, variant)) {
        status = build_variants(device, variant, 1, thread, error);
    }
    *kernel = find(device, variant);
    return status;
}

void clp_kernels_release(clp_device *device) {
    release_kernels(device->kernels, device->kernel_count);
    device->kernel_count = 0;
}
