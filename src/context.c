/* The public API for pictures in memory: a context, which keeps a device, its lane and overlays
 * from call to call. */
#include <string.h>

#include "batch/overlays.h"
#include "core/checked.h"
#include "core/memory.h"
#include "device/device.h"
#include "ops/ops.h"

struct clproc_context {
    clp_device *device;
    clp_lane *lane;        /**< serves call after call; NULL until the first */
    clp_overlays overlays; /**< read so far */
    clproc_limits limits;
};

void clproc_context_params_init(clproc_context_params *params) {
    *params = (clproc_context_params){0};
}

/** The limits that a caller has set, the others as usual. */
static clproc_limits limits_of(const clproc_context_params *params) {
    clproc_run_params usual;
    clproc_run_params_init(&usual);
    clproc_limits limits = usual.limits;
    if (params) {
        const clproc_limits *set = &params->limits;
        limits.pixels = set->pixels ? set->pixels : limits.pixels;
        limits.side = set->side ? set->side : limits.side;
        limits.scans = set->scans ? set->scans : limits.scans;
        limits.seconds = set->seconds > 0 ? set->seconds : limits.seconds;
        limits.chunk_bytes = set->chunk_bytes ? set->chunk_bytes : limits.chunk_bytes;
        limits.file_bytes = set->file_bytes;
    }
    return limits;
}

clproc_status clproc_context_create(clproc_context **context, const clproc_context_params *params,
                                    clproc_error *error) {
    const clp_device_params device = {.selection = params ? params->device : NULL};
    clproc_status status;
    if (!context) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "clproc_context_create() needs a place for the context");
    }
    *context = NULL;
    clproc_context *made = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *made);
    if (!made) {
        return clp_error_memory(error, "a context", sizeof *made);
    }
    made->limits = limits_of(params);
    CLP_TRY(status, out, clp_device_open(&made->device, &device, error));
out:
    if (status != CLPROC_OK) {
        clproc_context_destroy(&made);
    }
    *context = made;
    return status;
}

void clproc_context_destroy(clproc_context **context) {
    if (context && *context) {
        clp_lane_give(&(*context)->lane, true);
        if ((*context)->device) {
            clp_device_save_programs((*context)->device, NULL, NULL);
        }
        clp_device_close(&(*context)->device);
        clp_overlays_free(&(*context)->overlays);
        clp_memory_free(*context);
        *context = NULL;
    }
}

const clproc_device_info *clproc_context_device(const clproc_context *context) {
    return context ? clp_device_info(context->device) : NULL;
}

static const clp_model models[] = {CLP_MODEL_GRAY, CLP_MODEL_GRAYA, CLP_MODEL_RGB, CLP_MODEL_RGBA};

static clproc_status layout_of(const clproc_image *image, clp_layout *layout, clproc_error *error) {
    size_t row = 0, bytes = 0;
    bool sound = image->pixels && image->channels >= 1 && image->channels <= 4 &&
                 (image->depth == 8 || image->depth == 16) &&
                 clp_checked_mul(image->width, (size_t)image->channels * (image->depth / 8), &row);
    if (!sound || image->pitch < row || !clp_checked_mul(image->pitch, image->height, &bytes) ||
        bytes > PTRDIFF_MAX) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "the picture is not sound: pixels, 1 to 4 channels of 8 or 16 bits "
                             "and a pitch of at least one row are needed, all rows in memory");
    }
    if (image->depth == 16 && ((uintptr_t)image->pixels | image->pitch) % sizeof(uint16_t) != 0) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "the picture is not sound: samples of 16 bits need even addresses, so "
                             "an even pitch");
    }
    *layout = (clp_layout){.model = models[image->channels - 1],
                           .depth = image->depth,
                           .width = image->width,
                           .height = image->height};
    if (!clp_layout_place(layout)) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "a picture of %u x %u is impossible",
                             image->width, image->height);
    }
    return CLPROC_OK;
}

static void copy_rows(uint8_t *to, size_t to_pitch, const uint8_t *from, size_t from_pitch,
                      size_t row, uint32_t count) {
    for (uint32_t y = 0; y < count; y++) {
        memcpy(to + y * to_pitch, from + y * from_pitch, row);
    }
}

static size_t row_bytes(const clp_layout *layout) {
    return (size_t)layout->width * clp_model_channels(layout->model) * (layout->depth / 8);
}

static clproc_status make_plan(clproc_context *context, clp_plan **plan,
                               const clproc_pipeline *pipeline, const clp_layout *layout,
                               clproc_error *error) {
    /* A PNG keeps every interleaved layout and depth. */
    static const clp_target target = {.format = CLPROC_FORMAT_PNG};
    clproc_run_params decoding; /* of overlays */
    clp_terms terms;
    clproc_status status = CLPROC_OK;
    clproc_run_params_init(&decoding);
    decoding.limits = context->limits;
    clp_terms_init(&terms, layout, layout->width, layout->height);
    terms.overlays = &context->overlays;
    terms.limits =
        (clp_term_limits){.pixels = context->limits.pixels, .side = context->limits.side};
    if (pipeline) {
        CLP_TRY(status, out, clp_overlays_read(&context->overlays, pipeline, &decoding, error));
        CLP_TRY(status, out, clp_pipeline_terms(pipeline, &terms, error));
    }
    CLP_TRY(status, out, clp_terms_check_result(&terms, error));
    return clp_plan_create(plan, layout, &terms, &target, error);
out:
    clp_terms_free(&terms);
    return status;
}

/** Copies a result into memory that the caller will own. */
static clproc_status take_result(const clp_layout *layout, const uint8_t *base, clproc_image *out,
                                 clproc_error *error) {
    size_t row = row_bytes(layout), bytes;
    if (!clp_checked_mul(row, layout->height, &bytes)) {
        return clp_error_memory(error, "the result", row);
    }
    void *pixels = clp_memory_alloc(CLP_MEMORY_PIXELS, bytes);
    if (!pixels) {
        return clp_error_memory(error, "the result", bytes);
    }
    copy_rows(pixels, row, base + layout->planes[0].offset, layout->planes[0].pitch, row,
              layout->height);
    *out = (clproc_image){.pixels = pixels,
                          .pitch = row,
                          .width = layout->width,
                          .height = layout->height,
                          .channels = clp_model_channels(layout->model),
                          .depth = layout->depth};
    return CLPROC_OK;
}

/** Hands the rows of a picture to a lane. */
static clproc_status send_rows(clp_lane *lane, const clp_plan *plan, const clproc_image *in,
                               clproc_error *error) {
    const clp_plane *plane = &plan->input.planes[0];
    size_t row = row_bytes(&plan->input);
    uint8_t *base = clp_lane_base(lane);
    const clp_row_sink *sink = clp_lane_sink(lane);
    clproc_status status = CLPROC_OK;
    if (base) {
        copy_rows(base + plane->offset, plane->pitch, in->pixels, in->pitch, row, in->height);
        return CLPROC_OK;
    }
    for (uint32_t y = 0; status == CLPROC_OK && y < in->height; y++) {
        const uint32_t rows[CLP_MAX_PLANES] = {y + 1};
        memcpy(sink->place(sink->user, 0, y), (const uint8_t *)in->pixels + y * in->pitch, row);
        status = sink->advance(sink->user, rows, error);
    }
    return status;
}

/** Runs a plan over one picture in the context's lane. */
static clproc_status run_plan(clproc_context *context, clp_plan *plan, const clproc_image *in,
                              clproc_image *out, clproc_error *error) {
    const clp_passage passage = {.in_rows = true, .overlap = true};
    uint8_t *results;
    clproc_status status = CLPROC_OK;
    if (!context->lane) {
        CLP_TRY(status, out, clp_lane_take(&context->lane, context->device, false, error));
    }
    CLP_TRY(status, out, clp_lane_begin(context->lane, plan, &passage, NULL, error));
    CLP_TRY(status, out, send_rows(context->lane, plan, in, error));
    CLP_TRY(status, out, clp_lane_compute(context->lane, error));
    CLP_TRY(status, out, clp_lane_await(context->lane, error));
    CLP_TRY(status, out, clp_lane_results(context->lane, &results, error));
    CLP_TRY(status, out, take_result(&plan->output, results, out, error));
    clp_lane_end(context->lane);
out:
    if (status != CLPROC_OK) {
        clproc_image_free(out);
        clp_lane_give(&context->lane, false);
    }
    return status;
}

clproc_status clproc_process(clproc_context *context, const clproc_pipeline *pipeline,
                             const clproc_image *in, clproc_image *out, clproc_error *error) {
    clp_plan *plan = NULL;
    clp_layout layout;
    clproc_status status;
    if (out && out != in) {
        *out = (clproc_image){0};
    }
    if (!context || !in || !out || in == out) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "clproc_process() needs a context and two different pictures");
    }
    CLP_TRY(status, out, layout_of(in, &layout, error));
    CLP_TRY(status, out, make_plan(context, &plan, pipeline, &layout, error));
    CLP_TRY(status, out, run_plan(context, plan, in, out, error));
out:
    clp_plan_release(&plan);
    return status;
}

void clproc_image_free(clproc_image *image) {
    if (image) {
        clp_memory_free(image->pixels);
        *image = (clproc_image){0};
    }
}
