/* The public API: checks arguments, then calls down. */
#include <string.h>

#include "batch/batch.h"
#include "batch/kinds.h"
#include "batch/lossless.h"
#include "core/cancel.h"
#include "core/format.h"
#include "core/number.h"
#include "device/scoring.h"
#include "index/fields.h"
#include "index/index.h"
#include "index/merge.h"
#include "index/store.h"
#include "model/model.h"
#include "model/score.h"

const char *clproc_number_read(const char *text, double *number) {
    return text && number ? clp_number_read(text, number) : NULL;
}

/* ------------------------------------------------------------------ batches */

void clproc_run_params_init(clproc_run_params *params) {
    *params = (clproc_run_params){
        .format = CLPROC_FORMAT_KEEP,
        .quality = 85,
        .subsampling = CLPROC_SUBSAMPLING_KEEP,
        .png_level = 6,
        .existing = CLPROC_EXISTING_REPLACE,
        .fail_on = CLPROC_FAIL_ON_ERROR,
        .limits =
            {
                .pixels = 200000000,
                .side = 65500,
                .scans = 100,
                .seconds = 120,
                .chunk_bytes = (uint64_t)8 << 20,
            },
        .strategy = CLPROC_STRATEGY_DEFAULT,
        .profile = CLPROC_PROFILE_OFF,
    };
}

static clproc_status check_range(const char *what, int value, int least, int most,
                                 clproc_error *error) {
    if (value < least || value > most) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "%s is %d; give %d to %d", what, value,
                             least, most);
    }
    return CLPROC_OK;
}

static clproc_status check_bits(const char *what, uint32_t value, uint32_t known,
                                clproc_error *error) {
    if (value & ~known) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "%s has unknown bits: 0x%x", what,
                             value & ~known);
    }
    return CLPROC_OK;
}

/** Names of files: `what` says of what. */
static clproc_status check_names(const char *what, const char *const *names, size_t count,
                                 clproc_error *error) {
    for (size_t i = 0; i < count; i++) {
        if (!names || !names[i]) {
            return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "%s %zu is NULL", what, i + 1);
        }
    }
    return CLPROC_OK;
}

/** What is done again and again must come out the same each time. */
static clproc_status check_duration(const clproc_run_params *params, clproc_error *error) {
    if (params->duration == 0) {
        return CLPROC_OK;
    }
    if (!(params->duration > 0 && params->duration <= 1e9)) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "the duration is %g s; give more than 0, up to 1e9", params->duration);
    }
    if (params->existing != CLPROC_EXISTING_REPLACE || params->resume || params->dry_run) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "a duration repeats the inputs, so outputs must be replaced; leave "
                             "--existing, --resume and --dry-run out");
    }
    for (size_t i = 0; i < params->input_count; i++) {
        if (strcmp(params->inputs[i], "-") == 0) {
            return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                                 "a duration repeats the inputs, but standard input can be read "
                                 "only once; put the names into a file and give @FILE");
        }
    }
    return CLPROC_OK;
}

/** Checks what is told of one output. */
static clproc_status check_output(const clproc_run_params *params, clproc_error *error) {
    clproc_status status;
    CLP_TRY(status, out, check_range("quality", params->quality, 1, 100, error));
    CLP_TRY(status, out, check_range("PNG level", params->png_level, 0, 9, error));
    if (params->format != CLPROC_FORMAT_KEEP &&
        (!clp_format_of(params->format) || !clp_format_of(params->format)->written)) {
        status = clp_error_set(error, CLPROC_ERROR_ARGUMENT, "format %d is none that is written",
                               (int)params->format);
        goto out;
    }
    CLP_TRY(status, out, clp_codec_need(params->format, error));
    CLP_TRY(status, out,
            check_range("subsampling", (int)params->subsampling, CLPROC_SUBSAMPLING_KEEP,
                        CLPROC_SUBSAMPLING_444, error));
    CLP_TRY(status, out,
            check_range("intent", (int)params->intent, CLPROC_INTENT_PERCEPTUAL,
                        CLPROC_INTENT_ABSOLUTE, error));
    CLP_TRY(status, out,
            check_range("lossless", (int)params->lossless, CLPROC_LOSSLESS_OFF,
                        CLPROC_LOSSLESS_TRIM, error));
    CLP_TRY(status, out, clp_kinds_check(params, error));
    CLP_TRY(status, out, clp_lossless_check(params, error));
    if (params->depth != 0 && params->depth != 8 && params->depth != 16) {
        status = clp_error_set(error, CLPROC_ERROR_ARGUMENT, "depth is %d; give 0, 8 or 16",
                               params->depth);
    }
out:
    return status;
}

static clproc_status check_outputs(const clproc_run_params *params, clproc_error *error) {
    if (params->output_count > 0 && !params->outputs) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "there are %zu further outputs, but `outputs` is NULL",
                             params->output_count);
    }
    if (params->output_count > CLPROC_MAX_OUTPUTS - 1) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "a picture has %zu outputs; at most %d are made in one run",
                             params->output_count + 1, CLPROC_MAX_OUTPUTS);
    }
    clproc_status status = check_output(params, error);
    for (size_t i = 0; status == CLPROC_OK && i < params->output_count; i++) {
        clproc_run_params one = *params;
        clproc_output_apply(&one, &params->outputs[i]);
        status = check_output(&one, error);
    }
    return status;
}

static clproc_status check_shard(uint32_t shard, uint32_t shards, clproc_error *error) {
    if (shard > shards || (shards > 0 && shard == 0)) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "shard %u of %u; give 1 to the number of shards", shard, shards);
    }
    return CLPROC_OK;
}

/** Checks the index that a run is to make beside its outputs. */
static clproc_status check_index(const clproc_run_params *params, clproc_error *error) {
    const clproc_index_params *index = params->index;
    if (index && (!index->output || strcmp(index->output, "-") == 0)) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "features go to a file, as --features photos.csv; `clproc index` "
                             "writes them to standard output");
    }
    if (index && params->duration > 0) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "a duration repeats the inputs, whose features are made once; leave "
                             "--features or --duration out");
    }
    return index ? check_names("model", index->models, index->model_count, error) : CLPROC_OK;
}

/** Checks what both a run and an explanation need. */
static clproc_status check_params(const clproc_run_params *params, clproc_error *error) {
    clproc_status status;
    CLP_TRY(status, out, check_outputs(params, error));
    CLP_TRY(status, out,
            check_range("existing", (int)params->existing, CLPROC_EXISTING_REPLACE,
                        CLPROC_EXISTING_FAIL, error));
    CLP_TRY(status, out,
            check_range("fail_on", (int)params->fail_on, CLPROC_FAIL_ON_NONE,
                        CLPROC_FAIL_ON_WARNING, error));
    CLP_TRY(status, out, check_duration(params, error));
    CLP_TRY(status, out, check_index(params, error));
    CLP_TRY(status, out, check_shard(params->shard, params->shards, error));
    CLP_TRY(status, out,
            check_range("the profile level", (int)params->profile, CLPROC_PROFILE_OFF,
                        CLPROC_PROFILE_TRACE, error));
    CLP_TRY(status, out,
            check_bits("preserve", params->preserve, CLPROC_PRESERVE_TIMES | CLPROC_PRESERVE_MODE,
                       error));
    CLP_TRY(status, out, check_bits("strategy", params->strategy, CLPROC_STRATEGY_DEFAULT, error));
    CLP_TRY(status, out, check_range("jobs", params->jobs, 0, 1024, error));
    CLP_TRY(status, out, check_range("pictures under way", params->batch_images, 0, 65536, error));
out:
    return status;
}

clproc_format_info clproc_format_at(size_t index) {
    const clp_format *row = clp_format_of((clproc_format)(index + 1));
    return row ? (clproc_format_info){row->name, row->package, clp_codec_is_built(row->format),
                                      row->written}
               : (clproc_format_info){0};
}

clproc_status clproc_run(const clproc_run_params *params, clproc_run_result *result,
                         clproc_profile **profile, clproc_error *error) {
    clproc_run_result unwanted;
    result = result ? result : &unwanted;
    *result = (clproc_run_result){0};
    if (profile) {
        *profile = NULL;
    }
    if (!params || (params->input_count > 0 && !params->inputs)) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "clproc_run() needs parameters");
    }
    if (params->input_count == 0) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "no input given; name files, folders, globs or @LIST");
    }
    clproc_status status = check_names("input", params->inputs, params->input_count, error);
    if (status == CLPROC_OK) {
        status = check_params(params, error);
    }
    if (status != CLPROC_OK) {
        return status;
    }
    return params->index ? clp_index_beside_run(params, result, profile, error)
                         : clp_batch_run(params, NULL, result, profile, error);
}

clproc_status clproc_explain(const clproc_run_params *params, const char *file, FILE *out,
                             clproc_error *error) {
    if (!params || !file || !out) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "clproc_explain() needs parameters, a file and a stream");
    }
    clproc_status status = check_params(params, error);
    return status == CLPROC_OK ? clp_batch_explain(params, file, out, error) : status;
}

/* ------------------------------------------------------------------ indexes */

void clproc_index_params_init(clproc_index_params *params) {
    *params = (clproc_index_params){0};
}

clproc_status clproc_index(const clproc_index_params *params, clproc_index_result *result,
                           clproc_error *error) {
    clproc_index_result unwanted;
    result = result ? result : &unwanted;
    *result = (clproc_index_result){0};
    if (!params || !params->output || params->input_count == 0 || !params->inputs) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "clproc_index() needs inputs and an output");
    }
    clproc_status status;
    CLP_TRY(status, out, check_names("input", params->inputs, params->input_count, error));
    CLP_TRY(status, out, check_names("model", params->models, params->model_count, error));
    CLP_TRY(status, out, check_range("jobs", params->jobs, 0, 1024, error));
    CLP_TRY(status, out, check_shard(params->shard, params->shards, error));
    CLP_TRY(status, out, check_range("near", params->near, 0, CLPROC_MOST_NEAR, error));
    if (params->near > 0 && !params->on_near) {
        return clp_error_set(
            error, CLPROC_ERROR_ARGUMENT,
            "on_near is missing: clproc_index() has no function to tell groups to");
    }
    if (params->update && strcmp(params->output, "-") == 0) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "--update needs an index that is a file, not -o -");
    }
    status = clp_index_run(params, result, error);
out:
    return status;
}

clproc_status clproc_index_merge(const clproc_index_merge_params *params,
                                 clproc_index_result *result, clproc_error *error) {
    clproc_index_result unwanted;
    result = result ? result : &unwanted;
    *result = (clproc_index_result){0};
    if (!params || !params->output || params->index_count == 0 || !params->indexes) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "clproc_index_merge() needs indexes and an output");
    }
    clproc_status status = check_names("index", params->indexes, params->index_count, error);
    return status == CLPROC_OK ? clp_index_merge(params, result, error) : status;
}

clproc_index_field clproc_index_field_at(size_t index) {
    return clp_field_info(index);
}

const char *clproc_index_ending(size_t index) {
    return clp_store_ending(index);
}

/* ------------------------------------------------------------------- scores */

void clproc_score_params_init(clproc_score_params *params) {
    *params = (clproc_score_params){0};
}

clproc_status clproc_score(const clproc_score_params *params, clproc_score_result *result,
                           clproc_error *error) {
    clproc_score_result unwanted;
    clp_scoring_device *device = NULL;
    clproc_status status;
    result = result ? result : &unwanted;
    *result = (clproc_score_result){0};
    if (!params || params->model_count == 0 || !params->models || !params->table ||
        !params->output) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "clproc_score() needs a model, a table and an output");
    }
    CLP_TRY(status, out, check_names("model", params->models, params->model_count, error));
    CLP_TRY(status, out, check_range("jobs", params->jobs, 0, 1024, error));
    if (params->device) {
        CLP_TRY(status, out, clp_scoring_device_open(&device, params->device, error));
    }
    status =
        clp_score_run(params, device ? clp_scoring_device_helper(device) : NULL, result, error);
    if (device && status == CLPROC_OK) {
        clp_scoring_device_save(device, params->cancel);
    }
out:
    clp_scoring_device_close(&device);
    if (status != CLPROC_OK && clp_cancel_asked(params->cancel)) {
        /* A signal takes files away from a compiler inside a driver, which fails then. */
        status = clp_cancel_check(params->cancel, error);
    }
    return status;
}

const char *clproc_score_operator(size_t index) {
    return clp_model_operator(index);
}
