/* clproc_selftest(): every operation on every device, against the reference. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/clock.h"
#include "core/memory.h"
#include "device/compare.h"
#include "selftest/trial.h"

static const clp_trial_kind kinds[] = {
    {CLP_MODEL_GRAY, 8, 1, 1, CLPROC_FORMAT_PNG, "gray"},
    {CLP_MODEL_GRAYA, 8, 1, 1, CLPROC_FORMAT_PNG, "gray with alpha"},
    {CLP_MODEL_RGB, 8, 1, 1, CLPROC_FORMAT_PNG, "RGB"},
    {CLP_MODEL_RGBA, 8, 1, 1, CLPROC_FORMAT_PNG, "RGB with alpha"},
    {CLP_MODEL_RGBA, 8, 1, 1, CLPROC_FORMAT_JPEG, "RGB with alpha to JPEG"},
    {CLP_MODEL_YCC, 8, 2, 2, CLPROC_FORMAT_JPEG, "4:2:0"},
    {CLP_MODEL_YCC, 8, 2, 2, CLPROC_FORMAT_PNG, "4:2:0 to PNG"},
    {CLP_MODEL_GRAY, 16, 1, 1, CLPROC_FORMAT_PNG, "16-bit gray"},
    {CLP_MODEL_GRAYA, 16, 1, 1, CLPROC_FORMAT_PNG, "16-bit gray with alpha"},
    {CLP_MODEL_RGB, 16, 1, 1, CLPROC_FORMAT_PNG, "16-bit RGB"},
    {CLP_MODEL_RGBA, 16, 1, 1, CLPROC_FORMAT_PNG, "16-bit RGB with alpha"},
    {CLP_MODEL_CMYK, 8, 1, 1, CLPROC_FORMAT_PNG, "CMYK"},
};

/* More than a tile, and odd. */
static const struct { uint32_t width, height; } sizes[] = {{70, 45}, {17, 31}};

/* Examples that are for large pictures, made smaller. */
static const struct {
    const char *op, *value;
} small[] = {{"resize", "37x29:fit=fill"},
             {"crop", "40x30+5+7"},
             {"pad", "90x70:colour=#f80"},
             {"overlay", "logo.png:width=60%:margin=3:opacity=0.8"}};

/* Besides each operation by itself, with the words of a clp_trial_manner before the first. */
static const char *const pipelines[] = {
    "resize 200%:filter=catmull-rom | contrast 1.5",
    "resize 30x:filter=area | blur 1.2 | gray",
    "blur 9 | rotate 270 | flip v",
    "crop 32x16+2+2 | sharpen 1 | saturation 1.4",
    "resize 60x60:fit=contain:colour=#f80",
    "gamma 0.6 | resize 19x | levels 20:white=200",
    "colour hsv | colour srgb",
    "colour lab | blur 1 | colour srgb",
    "linear resize 33x20:fit=fill | blur 1",
    "icc-curves rotate 90",
    "icc-table resize 50%",
};

#define PIPELINES (sizeof pipelines / sizeof *pipelines)

/** The 8-bit results of a row, by the first device that did it as promised. */
typedef struct first_results {
    XXH64_hash_t digest;
    bool known;
} first_results;

typedef struct selftest {
    clproc_selftest_fn on_row;
    void *user;
    clproc_selftest_result *result;
    first_results *firsts; /**< by row */
} selftest;

/** What to run in a row. */
typedef struct trial {
    char name[160];
    clproc_pipeline *pipeline;
    clp_trial_manner manner;
} trial;

static size_t row_count(void) {
    return clp_ops_count() + PIPELINES;
}

/** The pipeline of a row, as the user would write it. */
static void name_row(size_t row, char *name, size_t size) {
    if (row >= clp_ops_count()) {
        snprintf(name, size, "%s", pipelines[row - clp_ops_count()]);
        return;
    }
    const clp_op *op = clp_ops_at(row);
    const char *value = op->example;
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
        value = strcmp(op->name, small[i].op) == 0 ? small[i].value : value;
    }
    snprintf(name, size, "%s%s%s", op->name, *value ? " " : "", value);
}

static clproc_status open_trial(trial *made, size_t row, clproc_error *error) {
    *made = (trial){.pipeline = NULL};
    name_row(row, made->name, sizeof made->name);
    const char *text = made->name;
    made->manner = clp_trial_read_manner(&text);
    clproc_status status = clproc_pipeline_create(&made->pipeline, error);
    if (status == CLPROC_OK) {
        status = clproc_pipeline_parse(made->pipeline, text, error);
    }
    return status;
}

/** Hashes samples alone: the padding is undefined. */
static void hash(const clp_layout *layout, const uint8_t *base, XXH64_hash_t *digest) {
    for (uint32_t p = 0; p < layout->plane_count; p++) {
        const clp_plane *plane = &layout->planes[p];
        for (uint32_t y = 0; y < plane->height; y++) {
            *digest = XXH64(base + plane->offset + y * plane->pitch,
                            (size_t)plane->width * plane->channels, *digest);
        }
    }
}

/** Runs a plan on the device and on the reference. */
static clproc_status check_plan(clp_device *device, clp_plan *plan, const char *kind,
                                clproc_selftest_row *row, XXH64_hash_t *digest,
                                clproc_error *error) {
    uint32_t seed = plan->input.width * 31 + plan->input.height;
    const clp_layout *output = &plan->output;
    size_t samples = 0;
    uint8_t *input = clp_memory_zero(CLP_MEMORY_PIXELS, 1, plan->input.bytes);
    uint8_t *reference = clp_memory_zero(CLP_MEMORY_PIXELS, 1, output->bytes), *found = NULL;
    for (uint32_t p = 0; p < output->plane_count; p++) {
        const clp_plane *plane = &output->planes[p];
        samples += (size_t)plane->width * plane->height * plane->channels;
    }
    double *unrounded = clp_memory_zero(CLP_MEMORY_PIXELS, samples, sizeof *unrounded);
    clproc_status status;
    if (!input || !reference || !unrounded) {
        status = clp_error_memory(error, "a trial", plan->input.bytes);
        goto out;
    }
    clp_trial_fill(&plan->input, input, seed);
    CLP_TRY(status, out, clp_reference_run(plan, input, reference, unrounded, error));
    CLP_TRY(status, out, clp_trial_run(&found, device, plan, seed, error));
    clp_comparison comparison = clp_compare(plan, found, reference, unrounded);
    double *largest = output->depth == 8 ? &row->largest8 : &row->largest16;
    *largest = fmax(*largest, comparison.largest);
    if (!comparison.kept && !row->problem[0]) {
        snprintf(row->problem, sizeof row->problem,
                 "%s %u x %u: off by %g, %g from the exact value", kind, plan->input.width,
                 plan->input.height, comparison.largest, comparison.unrounded);
    }
    if (output->depth == 8) {
        hash(output, found, digest);
    }
out:
    clp_memory_free(found);
    clp_memory_free(unrounded);
    clp_memory_free(reference);
    clp_memory_free(input);
    return status;
}

/** Plans a row for one picture; CLPROC_ERROR_ARGUMENT if it cannot apply to it. */
static clproc_status plan_picture(clp_plan **plan, const trial *what, const clp_trial_kind *kind,
                                  uint32_t width, uint32_t height, clproc_error *error) {
    clp_conversion *conversion = NULL;
    if (kind->model == CLP_MODEL_CMYK && !what->manner.table) {
        return CLPROC_ERROR_ARGUMENT; /* as RGB, once it is converted */
    }
    clproc_status status = clp_trial_conversion(&conversion, &what->manner, kind->model, error);
    if (status == CLPROC_OK) {
        status = clp_trial_plan(plan, what->pipeline, what->manner.linear, conversion, kind, width,
                                height, error);
    }
    clp_conversion_release(&conversion);
    return status;
}

/** Runs a row on all kinds and sizes of pictures that it can apply to; counts them. */
static clproc_status check_pictures(clp_device *device, const trial *what, clproc_selftest_row *row,
                                    XXH64_hash_t *digest, size_t *count, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (size_t s = 0; status == CLPROC_OK && s < sizeof sizes / sizeof *sizes; s++) {
            clp_plan *plan = NULL;
            status = plan_picture(&plan, what, &kinds[k], sizes[s].width, sizes[s].height, error);
            if (status == CLPROC_ERROR_ARGUMENT) {
                status = CLPROC_OK;
                continue;
            }
            if (status == CLPROC_OK) {
                status = check_plan(device, plan, kinds[k].name, row, digest, error);
                ++*count;
            }
            clp_plan_release(&plan);
        }
    }
    return status;
}

static void tell(const selftest *self, clproc_selftest_row *row) {
    row->passed = !row->problem[0];
    self->result->rows++;
    self->result->failed += !row->passed;
    if (self->on_row) {
        self->on_row(row, self->user);
    }
}

static void check_row(const selftest *self, clp_device *device, size_t index) {
    first_results *first = &self->firsts[index];
    clproc_selftest_row row = {.device = clp_device_info(device), .compared = first->known};
    clproc_error error = {0};
    XXH64_hash_t digest = 0;
    size_t count = 0;
    trial what;
    clproc_status status = open_trial(&what, index, &error);
    if (status == CLPROC_OK) {
        status = check_pictures(device, &what, &row, &digest, &count, &error);
    }
    if (status != CLPROC_OK) {
        snprintf(row.problem, sizeof row.problem, "%.*s", (int)sizeof row.problem - 1,
                 error.message);
    } else if (count == 0) {
        snprintf(row.problem, sizeof row.problem, "applies to none of the small pictures");
    }
    if (!first->known && !row.problem[0]) {
        *first = (first_results){.digest = digest, .known = true};
    }
    row.operation = what.name;
    row.same = !first->known || digest == first->digest;
    if (!row.same && !row.problem[0]) {
        snprintf(row.problem, sizeof row.problem, "8-bit samples differ from the first device's");
    }
    tell(self, &row);
    clproc_pipeline_destroy(&what.pipeline);
}

/** Opens one device and runs all rows on it. */
static void check_device(const selftest *self, const char *selection,
                         const clproc_device_info *info) {
    clp_device *device = NULL;
    clproc_error error = {0};
    self->result->devices++;
    if (clp_device_open(&device, &(clp_device_params){.selection = selection}, &error) !=
        CLPROC_OK) {
        clproc_selftest_row row = {.device = info, .operation = "open"};
        snprintf(row.problem, sizeof row.problem, "%.*s", (int)sizeof row.problem - 1,
                 error.message);
        tell(self, &row);
        return;
    }
    for (size_t i = 0; i < row_count(); i++) {
        check_row(self, device, i);
    }
    clp_device_save_programs(device, NULL, NULL);
    clp_device_close(&device);
}

static bool is_tested(const clproc_device_info *info) {
    return info->usable && strcmp(info->type, "reference") != 0;
}

static clproc_status check_all(const selftest *self, clproc_error *error) {
    clproc_device_info *list = NULL;
    size_t count = 0;
    clproc_status status = clproc_devices(&list, &count, error);
    for (size_t i = 0; status == CLPROC_OK && i < count; i++) {
        char index[16];
        snprintf(index, sizeof index, "%d", list[i].index);
        if (is_tested(&list[i])) {
            check_device(self, index, &list[i]);
        }
    }
    clproc_devices_free(&list);
    return status;
}

/** The device that a user asked for, or, NULL, the one that a run would take. */
static clproc_status check_one(const selftest *self, const char *selection, clproc_error *error) {
    clp_device *device = NULL;
    clproc_status status =
        clp_device_open(&device, &(clp_device_params){.selection = selection}, error);
    if (status == CLPROC_OK) {
        clproc_device_info info = *clp_device_info(device);
        clp_device_close(&device);
        check_device(self, selection, &info);
    }
    return status;
}

clproc_status clproc_selftest(const char *device, clproc_selftest_fn on_row, void *user,
                              clproc_selftest_result *result, clproc_error *error) {
    clproc_selftest_result unwanted;
    uint64_t start = clp_clock_ns();
    selftest self = {.on_row = on_row, .user = user, .result = result ? result : &unwanted};
    *self.result = (clproc_selftest_result){0};
    bool every = !device || strcasecmp(device, "all") == 0;
    if (!every && clp_selection_is_several(device)) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "\"%s\" may be several devices; name one, or none to test all",
                             device);
    }
    self.firsts = clp_memory_zero(CLP_MEMORY_OTHER, row_count(), sizeof *self.firsts);
    if (!self.firsts) {
        return clp_error_memory(error, "the self-test", row_count() * sizeof *self.firsts);
    }
    clproc_status status = every ? check_all(&self, error) : check_one(&self, device, error);
    if (status == CLPROC_OK && self.result->devices == 0) {
        status = check_one(&self, NULL, error); /* tells why there is none */
    }
    clp_memory_free(self.firsts);
    self.result->seconds = (double)(clp_clock_ns() - start) / 1e9;
    return status;
}
