#include "batch/batch.h"
#include "batch/lossless.h"
#include "batch/planner.h"
#include "batch/template.h"

clproc_status clp_batch_explain(const clproc_run_params *params, const char *file, FILE *stream,
                                clproc_error *error) {
    clp_bytes bytes = {0};
    clp_decoder *decoder = NULL;
    clp_recipe recipe = {0};
    clp_colours *colours = NULL;
    clp_header header;
    clp_kept kept;
    clp_move move;
    clproc_status status;
    CLP_TRY(status, out, clp_file_read(file, 0, &bytes, error));
    CLP_TRY(status, out, clp_decoder_create(&decoder, error));
    CLP_TRY(status, out,
            clp_decoder_open(decoder, bytes.data, bytes.size, &params->limits, params->fail_on,
                             &header, error));
    clproc_format format = params->format;
    if (format == CLPROC_FORMAT_KEEP && params->output) {
        format = clp_ending_format(params->output);
    }
    if (format == CLPROC_FORMAT_KEEP) {
        format = header.format;
    }
    CLP_TRY(status, out, clp_lossless_choose(params, &header, format, &kept, &move, error));
    if (kept == CLP_KEPT_PIXELS || kept == CLP_KEPT_BLOCKS) {
        clp_lossless_explain(&header, kept, &move, stream);
        goto out;
    }
    CLP_TRY(status, out, clp_colours_create(&colours, params, error));
    CLP_TRY(status, out,
            clp_recipe_make(&recipe, params, colours, decoder, &header, format,
                            clp_recipe_orientation(params, &header), error));
    clp_plan_explain(recipe.plan, stream);
out:
    clp_plan_release(&recipe.plan);
    clp_colours_destroy(&colours);
    clp_decoder_destroy(&decoder);
    clp_bytes_free(&bytes);
    return status == CLPROC_OK ? status : clp_error_in_file(error, status, file);
}
