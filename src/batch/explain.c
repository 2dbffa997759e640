#include "batch/batch.h"
#include "batch/planner.h"
#include "core/memory.h"

/** Prints the plan of each output; where there are several, under its name. */
static clproc_status explain(const clp_output_set *outputs, const clp_recipe *recipes, FILE *stream,
                             clproc_error *error) {
    for (uint32_t i = 0; i < outputs->count; i++) {
        const char *name = outputs->each[i].params.output;
        if (outputs->count > 1) {
            fprintf(stream, "%soutput %u of %u%s%s%s\n", i > 0 ? "\n" : "", i + 1, outputs->count,
                    name ? ", " : "", name ? name : "", i > 0 ? ": from the same decode" : "");
        }
        if (recipes[i].failure.status != CLPROC_OK) {
            *error = recipes[i].failure;
            return error->status;
        }
        if (recipes[i].plan) {
            clp_plan_explain(recipes[i].plan, stream);
        } else {
            fputs("nothing to compute: the file is copied\n", stream);
        }
    }
    return CLPROC_OK;
}

clproc_status clp_batch_explain(const clproc_run_params *params, const char *file, FILE *stream,
                                clproc_error *error) {
    clp_bytes bytes = {0};
    clp_decoder *decoder = NULL;
    clp_output_set outputs = {0};
    clp_recipe *recipes = NULL;
    clp_header header;
    clproc_error unwanted;
    clproc_status status;
    clproc_run_params without = *params;
    without.dry_run = true; /* no output needs to be named */
    error = error ? error : &unwanted;
    CLP_TRY(status, out, clp_file_read(file, 0, &bytes, error));
    CLP_TRY(status, out, clp_decoder_create(&decoder, error));
    CLP_TRY(status, out,
            clp_decoder_open(decoder, bytes.data, bytes.size, &params->limits, params->fail_on,
                             &header, error));
    CLP_TRY(status, out, clp_output_set_make(&outputs, &without, error));
    recipes = clp_memory_zero(CLP_MEMORY_PLAN, outputs.count, sizeof *recipes);
    if (!recipes) {
        status = clp_error_memory(error, "a plan", outputs.count * sizeof *recipes);
        goto out;
    }
    CLP_TRY(status, out,
            clp_recipes_make(recipes, &outputs, decoder, &header,
                             clp_recipe_orientation(params, &header), error));
    status = explain(&outputs, recipes, stream, error);
out:
    if (recipes) {
        clp_recipes_release(recipes, outputs.count);
    }
    clp_memory_free(recipes);
    clp_output_set_free(&outputs);
    clp_decoder_destroy(&decoder);
    clp_bytes_free(&bytes);
    return status == CLPROC_OK ? status : clp_error_in_file(error, status, file);
}
