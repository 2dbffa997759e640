#include "batch/output_set.h"

#include <string.h>

#include "batch/overlays.h"
#include "batch/strategy.h"
#include "codec/jpeg_scan_write.h"
#include "core/memory.h"
#include "features/features.h"

/* ------------------------------------------------- a run's settings by output */

clproc_output clproc_output_of(const clproc_run_params *params) {
    return (clproc_output){
        .output = params->output,
        .pipeline = params->pipeline,
        .format = params->format,
        .quality = params->quality,
        .subsampling = params->subsampling,
        .progressive = params->progressive,
        .png_level = params->png_level,
        .webp_lossless = params->webp_lossless,
        .depth = params->depth,
        .lossless = params->lossless,
        .reencode = params->reencode,
        .strip = params->strip,
        .keep = params->keep,
        .icc = params->icc,
        .intent = params->intent,
        .black_point_compensation = params->black_point_compensation,
    };
}

void clproc_output_apply(clproc_run_params *params, const clproc_output *output) {
    params->output = output->output;
    params->pipeline = output->pipeline;
    params->format = output->format;
    params->quality = output->quality;
    params->subsampling = output->subsampling;
    params->progressive = output->progressive;
    params->png_level = output->png_level;
    params->webp_lossless = output->webp_lossless;
    params->depth = output->depth;
    params->lossless = output->lossless;
    params->reencode = output->reencode;
    params->strip = output->strip;
    params->keep = output->keep;
    params->icc = output->icc;
    params->intent = output->intent;
    params->black_point_compensation = output->black_point_compensation;
}

/* --------------------------------------------------------------- an output */

/** Its colours: those of an output before it, if they serve. */
static clproc_status choose_colours(clp_output *output, const clp_output_set *all, uint32_t number,
                                    clproc_error *error) {
    for (uint32_t i = 0; i < number; i++) {
        if (clp_colours_serve(all->each[i].colours, &output->params)) {
            output->colours = clp_colours_retain(all->each[i].colours);
            return CLPROC_OK;
        }
    }
    return clp_colours_create(&output->colours, &output->params, error);
}

static clproc_status make(clp_output *output, const clproc_run_params *params,
                          const clp_output_set *all, uint32_t number, clproc_error *error) {
    bool several = all->file_count > 1;
    clproc_status status;
    output->params = *params;
    clproc_output_apply(&output->params, &all->settings[number]);
    output->params.outputs = several ? all->settings : NULL;
    output->params.output_count = several ? all->file_count : 0;
    if (several && output->params.output && strcmp(output->params.output, "-") == 0) {
        status = clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                               "-o - is for one output of one picture; where a picture has "
                               "several, name files or folders");
        goto out;
    }
    CLP_TRY(status, out,
            clp_names_create(&output->names, &output->params, all->claims, number, error));
    CLP_TRY(status, out, choose_colours(output, all, number, error));
    if (clp_strategy_has(params, CLPROC_STRATEGY_DEVICE_CODEC)) {
        CLP_TRY(status, out,
                clp_jpeg_encode_tables_make(&output->tables, output->params.quality, error));
        output->has_tables = true;
    }
out:
    return status;
}

clproc_format clp_output_format(const clp_output *output, clproc_format stored) {
    clproc_format asked = clp_names_format(output->names, output->params.format);
    return asked == CLPROC_FORMAT_KEEP ? stored : asked;
}

/** The output that is no file: the small picture that features are of. */
static clproc_status make_features(clp_output_set *all, uint32_t number,
                                   const clproc_run_params *run, clproc_error *error) {
    clp_output *output = &all->each[number];
    clproc_pipeline **pipeline = &all->features_pipeline;
    clproc_run_params *params = &output->params;
    clproc_status status;
    CLP_TRY(status, out, clproc_pipeline_create(pipeline, error));
    CLP_TRY(status, out, clproc_pipeline_parse(*pipeline, clp_features_pipeline, error));
    clproc_run_params_init(params);
    params->pipeline = *pipeline;
    params->format = CLPROC_FORMAT_PNG; /* whole pixels: RGB or gray */
    params->depth = 8;
    params->null_output = true;
    /* What can be seen of a damaged picture tells more than nothing. */
    params->fail_on = CLPROC_FAIL_ON_NONE;
    params->limits = run->limits;
    params->memory = run->memory;
    params->cancel = run->cancel;
    output->features = true;
    status = choose_colours(output, all, number, error);
out:
    return status;
}

/* ------------------------------------------------------------------ all */

/** Sees to it that no output replaces a file that an output is made with. */
static clproc_status claim_sources(const clp_output_set *outputs, uint32_t number,
                                   clproc_error *error) {
    const char *profile = clp_colours_file(&outputs->each[number].params);
    clproc_status status = CLPROC_OK;
    if (profile) {
        status = clp_claims_read(outputs->claims, profile, error);
    }
    for (size_t i = 0; status == CLPROC_OK && i < outputs->overlays.count; i++) {
        status = clp_claims_read(outputs->claims, clp_overlays_file(&outputs->overlays, i), error);
    }
    return status;
}

static clproc_status make_files(clp_output_set *outputs, const clproc_run_params *params,
                                clproc_error *error) {
    clproc_status status = CLPROC_OK;
    outputs->settings[0] = clproc_output_of(params);
    for (uint32_t i = 1; i < outputs->file_count; i++) {
        outputs->settings[i] = params->outputs[i - 1];
    }
    CLP_TRY(status, out, clp_claims_create(&outputs->claims, outputs->file_count, error));
    for (uint32_t i = 0; i < outputs->file_count; i++) {
        CLP_TRY(status, out, make(&outputs->each[i], params, outputs, i, error));
        CLP_TRY(
            status, out,
            clp_overlays_read(&outputs->overlays, outputs->settings[i].pipeline, params, error));
        CLP_TRY(status, out, claim_sources(outputs, i, error));
    }
out:
    return status;
}

clproc_status clp_output_set_make(clp_output_set *outputs, const clproc_run_params *params,
                                  uint32_t makes, clproc_error *error) {
    uint32_t files = makes & CLP_MAKES_FILES ? (uint32_t)params->output_count + 1 : 0;
    uint32_t count = files + (makes & CLP_MAKES_FEATURES ? 1 : 0);
    clproc_status status = CLPROC_OK;
    if (count > CLPROC_MAX_OUTPUTS) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "beside features a picture may have %d outputs; use several runs",
                             CLPROC_MAX_OUTPUTS - 1);
    }
    outputs->each = clp_memory_zero(CLP_MEMORY_BATCH, count, sizeof *outputs->each);
    outputs->settings = clp_memory_zero(CLP_MEMORY_BATCH, count, sizeof *outputs->settings);
    if (!outputs->each || !outputs->settings) {
        status = clp_error_memory(error, "the outputs", count * sizeof *outputs->each);
        goto out;
    }
    outputs->count = count;
    outputs->file_count = files;
    if (files > 0) {
        CLP_TRY(status, out, make_files(outputs, params, error));
    }
    if (count > files) {
        CLP_TRY(status, out, make_features(outputs, files, params, error));
    }
    for (uint32_t i = 0; i < count; i++) {
        outputs->each[i].overlays = &outputs->overlays;
    }
out:
    if (status != CLPROC_OK) {
        clp_output_set_free(outputs);
    }
    return status;
}

void clp_output_set_free(clp_output_set *outputs) {
    for (uint32_t i = 0; i < outputs->count; i++) {
        clp_names_destroy(&outputs->each[i].names);
        clp_colours_release(&outputs->each[i].colours);
    }
    clp_claims_destroy(&outputs->claims);
    clp_overlays_free(&outputs->overlays);
    clproc_pipeline_destroy(&outputs->features_pipeline);
    clp_memory_free(outputs->each);
    clp_memory_free(outputs->settings);
    *outputs = (clp_output_set){0};
}
