/* `devices --bench`: how fast each device takes pictures from memory through a pipeline. */
#include <stdlib.h>
#include <time.h>

#include "devices_bench.h"

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/** Smooth in one direction, rough in the other. */
static clproc_status make_picture(clproc_image *image, uint32_t width, uint32_t height,
                                  clproc_error *error) {
    size_t pitch = (size_t)width * 3;
    uint8_t *pixels = malloc(pitch * height);
    if (!pixels) {
        snprintf(error->message, sizeof error->message, "no memory for a picture");
        return error->status = CLPROC_ERROR_MEMORY;
    }
    for (size_t i = 0; i < pitch * height; i++) {
        pixels[i] = (uint8_t)(i / pitch + i * 37);
    }
    *image = (clproc_image){.pixels = pixels,
                            .pitch = pitch,
                            .width = width,
                            .height = height,
                            .channels = 3,
                            .depth = 8};
    return CLPROC_OK;
}

static clproc_status run_once(clproc_context *context, const clproc_pipeline *pipeline,
                              const clproc_image *image, clproc_error *error) {
    clproc_image out;
    clproc_status status = clproc_process(context, pipeline, image, &out, error);
    clproc_image_free(&out);
    return status;
}

/** The first run builds kernels and does not count. */
static clproc_status measure(clproc_context *context, const clproc_pipeline *pipeline,
                             const clproc_image *image, double *megapixels, clproc_error *error) {
    clproc_status status = run_once(context, pipeline, image, error);
    double start = now(), elapsed = 0;
    int runs = 0;
    for (; status == CLPROC_OK && elapsed < 0.5; runs++) {
        status = run_once(context, pipeline, image, error);
        elapsed = now() - start;
    }
    *megapixels = runs * 1e-6 * image->width * image->height / elapsed;
    return status;
}

clproc_status clp_cli_bench_device(const clproc_device_info *device, double *megapixels,
                                   clproc_error *error) {
    char index[16];
    clproc_context *context = NULL;
    clproc_pipeline *pipeline = NULL;
    clproc_image image = {0};
    clproc_context_params params;
    snprintf(index, sizeof index, "%d", device->index);
    clproc_context_params_init(&params);
    params.device = index;
    clproc_status status = make_picture(&image, 2000, 1500, error);
    if (status == CLPROC_OK) {
        status = clproc_pipeline_create(&pipeline, error);
    }
    if (status == CLPROC_OK) {
        status = clproc_pipeline_parse(pipeline, CLP_CLI_BENCH_PIPELINE, error);
    }
    if (status == CLPROC_OK) {
        status = clproc_context_create(&context, &params, error);
    }
    if (status == CLPROC_OK) {
        status = measure(context, pipeline, &image, megapixels, error);
    }
    clproc_context_destroy(&context);
    clproc_pipeline_destroy(&pipeline);
    free(image.pixels);
    return status;
}
