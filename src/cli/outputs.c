#include "outputs.h"

#include <stdlib.h>

#include "text.h"

/** Takes what belongs to one output out of the settings. */
static clproc_output take(const clp_cli_settings *settings) {
    clproc_output output = clproc_output_of(&settings->run);
    output.output = settings->output;
    output.pipeline = settings->pipeline;
    return output;
}

/** Puts it there, but for the pipeline. */
static void put(clp_cli_settings *settings, const clproc_output *output) {
    clproc_output_apply(&settings->run, output);
    settings->output = output->output;
}

static clproc_status copy(clproc_pipeline **to, const clproc_pipeline *from, clproc_error *error) {
    size_t size = clproc_pipeline_print(from, NULL, 0) + 1;
    char *text = malloc(size);
    if (!text) {
        snprintf(error->message, sizeof error->message, "no memory for the command line");
        return error->status = CLPROC_ERROR_MEMORY;
    }
    clproc_pipeline_print(from, text, size);
    clproc_status status = clproc_pipeline_create(to, error);
    if (status == CLPROC_OK && clproc_pipeline_length(from) > 0) {
        status = clproc_pipeline_parse(*to, text, error);
    }
    free(text);
    return status;
}

/** Ends the output that the settings hold. */
static void finish(clp_cli_settings *settings) {
    clp_cli_outputs *outputs = &settings->outputs;
    outputs->pipelines[outputs->count] = settings->pipeline;
    outputs->each[outputs->count++] = take(settings);
    settings->pipeline = NULL;
}

int clp_cli_outputs_begin(clp_cli_settings *settings, const char *name) {
    clp_cli_outputs *outputs = &settings->outputs;
    clproc_error error = {0};
    clproc_status status = CLPROC_OK;
    if (!outputs->begun) {
        outputs->begun = true;
        outputs->shared = take(settings);
        status = copy(&outputs->shared_pipeline, settings->pipeline, &error);
    }
    if (status == CLPROC_OK && settings->output) {
        finish(settings);
    }
    if (status == CLPROC_OK && outputs->count == CLPROC_MAX_OUTPUTS) {
        return clp_cli_usage_error("there are more than %d outputs; use several runs",
                                   CLPROC_MAX_OUTPUTS);
    }
    if (status == CLPROC_OK) {
        clproc_pipeline_destroy(&settings->pipeline);
        put(settings, &outputs->shared);
        settings->output = name;
        status = copy(&settings->pipeline, outputs->shared_pipeline, &error);
    }
    return status == CLPROC_OK ? 0 : clp_cli_error(&error);
}

void clp_cli_outputs_end(clp_cli_settings *settings) {
    clp_cli_outputs *outputs = &settings->outputs;
    if (!outputs->begun) {
        return;
    }
    finish(settings);
    put(settings, &outputs->each[0]);
    settings->pipeline = outputs->pipelines[0];
    outputs->pipelines[0] = NULL;
    settings->run.outputs = outputs->each + 1;
    settings->run.output_count = outputs->count - 1;
}

void clp_cli_outputs_free(clp_cli_outputs *outputs) {
    clproc_pipeline_destroy(&outputs->shared_pipeline);
    for (size_t i = 0; i < outputs->count; i++) {
        clproc_pipeline_destroy(&outputs->pipelines[i]);
    }
}
