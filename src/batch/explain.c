/* What --explain prints of a file: the plan of each output. */
#include "batch/batch.h"
#include "batch/lossless.h"
#include "batch/recipe.h"
#include "core/memory.h"

/** Prints what one output does. */
static clproc_status explain(const clp_output *output, const clp_recipe *recipe,
                             const clp_header *header, FILE *stream, clproc_error *error) {
    clp_kept kept;
    clp_move move;
    clproc_status status;
    CLP_TRY(status, out, clp_lossless_choose(output, header, &kept, &move, error));
    if (kept != CLP_KEPT_NOTHING) {
        clp_lossless_explain(header, kept, &move, stream);
    } else if (recipe->failure.status != CLPROC_OK) {
        *error = recipe->failure;
        status = error->status;
    } else {
        clp_plan_explain(recipe->plan, stream);
    }
out:
    return status;
}

/** True if an output before this one has the same samples decoded, or more planes. */
static bool shares_decode(const clp_recipe *recipes, uint32_t number) {
    for (uint32_t i = 0; recipes[number].plan && i < number; i++) {
        const clp_plan *other = recipes[i].plan;
        if (other && (clp_layout_begins_with(&other->input, &recipes[number].plan->input) ||
                      clp_layout_begins_with(&recipes[number].plan->input, &other->input))) {
            return true;
        }
    }
    return false;
}

/** Prints what each output does; where there are several, under its name. */
static clproc_status explain_all(const clp_output_set *outputs, const clp_recipe *recipes,
                                 const clp_header *header, FILE *stream, clproc_error *error) {
    clproc_error failure;
    clproc_status status = CLPROC_OK;
    for (uint32_t i = 0; i < outputs->count; i++) {
        const char *name = outputs->each[i].params.output;
        if (outputs->count > 1) {
            fprintf(stream, "%soutput %u of %u%s%s%s\n", i > 0 ? "\n" : "", i + 1, outputs->count,
                    name ? ", " : "", name ? name : "",
                    shares_decode(recipes, i) ? ": from the same decode" : "");
        }
        clproc_status one = explain(&outputs->each[i], &recipes[i], header, stream, &failure);
        if (one != CLPROC_OK && outputs->count > 1) {
            fprintf(stream, "fails: %s\n", failure.message);
        }
        if (one != CLPROC_OK && status == CLPROC_OK) {
            status = one;
            *error = failure;
        }
    }
    return status;
}

/** The outputs for which a picture is decoded, bit by bit. */
static uint32_t find_wanted(const clp_output_set *outputs, const clp_header *header) {
    uint32_t wanted = 0;
    for (uint32_t i = 0; i < outputs->count; i++) {
        clp_kept kept;
        clp_move move;
        bool fine = clp_lossless_choose(&outputs->each[i], header, &kept, &move, NULL) == CLPROC_OK;
        wanted |= (uint32_t)(fine && kept == CLP_KEPT_NOTHING) << i;
    }
    return wanted;
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
    CLP_TRY(status, out, clp_output_set_make(&outputs, &without, CLP_MAKES_FILES, error));
    const clp_recipe_source source = {.decoder = decoder, .header = &header};
    recipes = clp_memory_zero(CLP_MEMORY_PLAN, outputs.count, sizeof *recipes);
    if (!recipes) {
        status = clp_error_memory(error, "a plan", outputs.count * sizeof *recipes);
        goto out;
    }
    CLP_TRY(status, out,
            clp_recipes_make(recipes, &outputs, find_wanted(&outputs, &header), &source, error));
    status = explain_all(&outputs, recipes, &header, stream, error);
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
