/** Kernels: which a pass needs, and building them from the embedded sources on first use. */
#include <string.h>

#include "core/clock.h"
#include "core/memory.h"
#include "device/embedded.h"
#include "device/lane.h"

static const char *const kind_names[] = {[CLP_PASS_FILTER] = "filter",
                                         [CLP_PASS_REINDEX] = "reindex",
                                         [CLP_PASS_COLOUR] = "colour",
                                         [CLP_PASS_FEATURES] = "features"};
#define COLOUR_FILES                                                                               \
    {                                                                                              \
        "colour.clh", "colour_spaces.clh", "colour_curves.clh", "colour_alpha.clh",                \
            "colour_layers.clh", "colour.cl"                                                       \
    }
/** Files of a kind of pass, at most, and of those that go before all of them. */
enum { MOST_FILES = 6, SHARED_FILES = 2 };
/** The files of a kind of pass in their order, where work-items own tiles and where groups do. */
static const char *const kind_files[][2][MOST_FILES + 1] = {
    [CLP_PASS_FILTER] = {{"filter.clh", "filter_pairs.clh", "filter_item.cl"},
                         {"filter.clh", "filter_group.cl"}},
    [CLP_PASS_REINDEX] = {{"reindex.cl"}, {"reindex.cl"}},
    [CLP_PASS_COLOUR] = {COLOUR_FILES, COLOUR_FILES},
    [CLP_PASS_FEATURES] = {{"features.clh", "features.cl"}, {"features.clh", "features.cl"}}};
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
        variant.alpha = pass->premultiply ? plan->surfaces[pass->src[0]].channels : 0;
    }
    return variant;
}

static bool same(const clp_variant *a, const clp_variant *b) {
    return a->kind == b->kind && a->real == b->real && a->transpose == b->transpose &&
           a->alpha == b->alpha && a->src == b->src && a->dst == b->dst;
}

void clp_variant_name(const clp_variant *v, char *name, size_t size) {
    const char *kind = kind_names[v->kind];
    /* Where neither end is float, the name says so if the sums are. */
    bool told = v->src == CLP_SAMPLE_F32 || v->dst == CLP_SAMPLE_F32;
    if (v->kind == CLP_PASS_COLOUR) {
        snprintf(name, size, "%s %s", kind, v->real ? "f32" : "i32");
    } else if (v->kind == CLP_PASS_REINDEX || v->kind == CLP_PASS_FEATURES) {
        snprintf(name, size, "%s %s", kind, clp_sample_name(v->src));
    } else {
        const char *alpha = v->alpha == 0 ? "" : v->alpha == 2 ? "graya " : "rgba ";
        snprintf(name, size, "%s %s%s>%s%s%s", kind, alpha, clp_sample_name(v->src),
                 clp_sample_name(v->dst), v->transpose ? " transposed" : "",
                 v->real && !told ? " f32" : "");
    }
}

/** The same as an identifier: "filter_u8_i16_transposed". */
static void name_function(const clp_program *program, char *name, size_t size) {
    snprintf(name, size, "%s", program->name);
    for (char *c = name; *c; c++) {
        *c = *c == ' ' || *c == '>' ? '_' : *c;
    }
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

/** The parts of a program's text: each file behind a preamble. */
typedef struct source {
    const char *strings[2 * (SHARED_FILES + MOST_FILES)];
    size_t lengths[2 * (SHARED_FILES + MOST_FILES)];
    char preambles[SHARED_FILES + MOST_FILES][768];
    uint32_t count, preamble_count;
} source;

static void add_text(source *text, const char *string, size_t length) {
    text->strings[text->count] = string;
    text->lengths[text->count++] = length;
}

/** Adds an embedded file behind `preamble`. */
static clproc_status add_file(source *text, const char *preamble, const char *name,
                              clproc_error *error) {
    const clp_embedded *file = clp_embedded_find(clp_embedded_files, name);
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

/** Adds the text of one variant. */
static clproc_status add_variant(source *text, const clp_variant *v, const char *function,
                                 bool groups, clproc_error *error) {
    char preamble[640];
    const char *suffix = function + strlen(kind_names[v->kind]);
    snprintf(preamble, sizeof preamble,
             "#define SRC %s\n#define DST %s\n#define SRC_IS_%s\n#define DST_IS_%s\n"
             "#define REAL %d\n#define TRANSPOSE %d\n#define ALPHA %u\n#define NAME(f) f##%s\n",
             sample_types[v->src].type, sample_types[v->dst].type, sample_types[v->src].macro,
             sample_types[v->dst].macro, v->real, v->transpose, v->alpha, suffix);
    clproc_status status = CLPROC_OK;
    for (const char *const *file = kind_files[v->kind][groups]; status == CLPROC_OK && *file;
         file++) {
        status = add_file(text, preamble, *file, error);
        preamble[0] = '\0';
    }
    return status;
}

/** PoCL compiles with clang for the processor it runs on, so its builtins may be used there; should
 * a version of it not know them, the kernels do without. */
static bool has_clang_builtins(const clp_device *device) {
    return strcmp(device->info.platform, CLP_POCL_PLATFORM) == 0 &&
           strcmp(device->info.type, "cpu") == 0;
}

bool clp_device_is_nvidia(const clp_device *device) {
    return strstr(device->info.platform, "NVIDIA") != NULL;
}

bool clp_device_is_narrow(const clp_device *device) {
    return strcmp(device->info.platform, "rusticl") == 0 && strcmp(device->info.type, "cpu") == 0;
}

/** The instructions that sum products of 16 bits, which LLVM knows but not all names it has for
 * processors tell it of. */
static bool has_vnni(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512vnni");
#else
    return false;
#endif
}

#define OPTIONS_SIZE 160

/** -w: a compiler that finds something to warn of says so on standard error, in a run of clproc.
 * NVIDIA's takes 80 registers for the filters, with which a quarter fewer work-items are under way
 * and passes take up to half as long again. On a processor only tests have groups own tiles, of few
 * pixels, and PoCL takes four times as long for code that is quick. */
static void print_options(const clp_device *device, clp_pass_kind kind, bool builtins,
                          char options[OPTIONS_SIZE]) {
    bool crowded = kind == CLP_PASS_FILTER && clp_device_is_nvidia(device);
    bool seldom = device->group_tiles && has_clang_builtins(device);
    snprintf(options, OPTIONS_SIZE,
             "-cl-std=CL1.2 -w -DGROUP_TILE=%d -DNARROW=%d -DCLANG_BUILTINS=%d -DHAS_VNNI=%d%s%s",
             device->group_tiles, clp_device_is_narrow(device), builtins, builtins && has_vnni(),
             crowded ? " -cl-nv-maxrregcount=64" : "", seldom ? " -cl-opt-disable" : "");
}

static clproc_status compile(clp_device *device, source *text, const char *options,
                             const clp_program *made, cl_program *program, clproc_error *error) {
    const char *name = made->name;
    cl_int code;
    *program = clCreateProgramWithSource(device->context, text->count, text->strings, text->lengths,
                                         &code);
    clproc_status status = clp_cl_check(code, "clCreateProgramWithSource", name, error);
    if (status != CLPROC_OK) {
        *program = NULL;
        return status;
    }
    code = clBuildProgram(*program, 1, &device->id, options, NULL, NULL);
    if (code != CL_SUCCESS && has_clang_builtins(device)) {
        char plain[OPTIONS_SIZE];
        clp_prof_fact(device->prof, "compiler builtins", "refused, kernels do without");
        print_options(device, made->variant.kind, false, plain);
        code = clBuildProgram(*program, 1, &device->id, plain, NULL, NULL);
    }
    return code == CL_SUCCESS ? CLPROC_OK : build_failed(device, *program, name, code, error);
}

static void release_program(cl_program *program) {
    if (*program) {
        clReleaseProgram(*program);
        *program = NULL;
    }
}

clproc_status clp_kernel_create(const clp_program *program, cl_kernel *kernel,
                                clproc_error *error) {
    char function[sizeof program->name];
    cl_int code;
    name_function(program, function, sizeof function);
    *kernel = clCreateKernel(program->program, function, &code);
    clproc_status status = clp_cl_check(code, "clCreateKernel", program->name, error);
    if (status != CLPROC_OK) {
        *kernel = NULL;
    }
    return status;
}

/** True if a program holds its kernel. */
static bool is_sound(const clp_program *program) {
    cl_kernel kernel;
    bool sound = program->program && clp_kernel_create(program, &kernel, NULL) == CLPROC_OK;
    if (sound) {
        clReleaseKernel(kernel);
    }
    return sound;
}

/** Builds a program, or loads it. */
static clproc_status build(clp_device *device, clp_program *made, clp_prof_cache *cache,
                           clproc_error *error) {
    source *text = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *text);
    char function[sizeof made->name], options[OPTIONS_SIZE], key[CLP_BINARY_KEY];
    clproc_status status;
    *cache = CLP_CACHE_UNKNOWN;
    if (!text) {
        return clp_error_memory(error, "a kernel's source", sizeof *text);
    }
    name_function(made, function, sizeof function);
    CLP_TRY(status, out, add_file(text, "", "common.clh", error));
    CLP_TRY(status, out, add_file(text, "", "jobs.clh", error));
    CLP_TRY(status, out, add_variant(text, &made->variant, function, device->group_tiles, error));
    print_options(device, made->variant.kind, has_clang_builtins(device), options);
    clp_binary_key(device, options, text->strings, text->lengths, text->count, key);
    made->program = clp_binary_load(device, key);
    *cache = CLP_CACHE_WARM;
    if (is_sound(made)) {
        goto out;
    }
    release_program(&made->program);
    int64_t cached = clp_cache_programs(device);
    CLP_TRY(status, out, compile(device, text, options, made, &made->program, error));
    *cache = clp_cache_since(device, cached);
    clp_binary_keep(device, made->program, key);
out:
    if (status != CLPROC_OK) {
        release_program(&made->program);
    }
    clp_memory_free(text);
    return status;
}

static clp_program *find(clp_device *device, const clp_variant *variant) {
    for (uint32_t i = 0; i < device->program_count; i++) {
        if (same(&device->programs[i].variant, variant)) {
            return &device->programs[i];
        }
    }
    return NULL;
}

/** The place of a variant's program; NULL if there is no room. */
static clp_program *find_place(clp_device *device, const clp_variant *variant) {
    clp_program *found = find(device, variant);
    if (!found && device->program_count < CLP_MAX_KERNELS) {
        found = &device->programs[device->program_count++];
        found->variant = *variant;
        clp_variant_name(variant, found->name, sizeof found->name);
    }
    return found;
}

/** Builds with the lock given up meanwhile: others wait for this program alone. */
static clproc_status build_unlocked(clp_device *device, clp_program *made, clp_prof_thread *thread,
                                    clproc_error *error) {
    made->state = CLP_PROGRAM_BUILDING;
    pthread_mutex_unlock(&device->lock);
    clp_prof_begin(thread, CLP_PROF_BUILD, CLP_PROF_NO_IMAGE);
    uint64_t start = clp_clock_ns();
    clp_prof_cache cache;
    clproc_status status = build(device, made, &cache, error);
    /* Others compile when a program is built; kernels for groups have barriers, and cannot return
     * early where there is no job. PoCL compiles at the first launch, which no two threads may make
     * at once: version 3.1 would then keep the same code twice, and lose count of its users. */
    if (status == CLPROC_OK && device->pocl && !device->group_tiles) {
        status = clp_program_warm(device, made, error);
        if (status != CLPROC_OK) {
            release_program(&made->program);
        }
    }
    clp_prof_build(device->prof, made->name, clp_clock_ns() - start, cache);
    clp_prof_end(thread);
    pthread_mutex_lock(&device->lock);
    /* One that failed is built again for the next picture to need it, which can say what fails. */
    made->state = status == CLPROC_OK ? CLP_PROGRAM_READY : CLP_PROGRAM_FAILED;
    pthread_cond_broadcast(&device->built);
    return status;
}

clproc_status clp_program_get(clp_device *device, const clp_variant *variant, clp_program **program,
                              clp_prof_thread *thread, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    pthread_mutex_lock(&device->lock);
    *program = find_place(device, variant);
    if (!*program) {
        status = clp_error_set(error, CLPROC_ERROR_INTERNAL, "too many kernel variants");
        goto out;
    }
    if ((*program)->state == CLP_PROGRAM_BUILDING) {
        clp_prof_begin(thread, CLP_PROF_WAIT_DEVICE, CLP_PROF_NO_IMAGE);
        while ((*program)->state == CLP_PROGRAM_BUILDING) {
            pthread_cond_wait(&device->built, &device->lock);
        }
        clp_prof_end(thread);
    }
    if ((*program)->state != CLP_PROGRAM_READY) {
        status = build_unlocked(device, *program, thread, error);
    }
out:
    pthread_mutex_unlock(&device->lock);
    return status;
}

void clp_programs_release(clp_device *device) {
    while (device->program_count > 0) {
        release_program(&device->programs[--device->program_count].program);
    }
}
