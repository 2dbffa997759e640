/* An index of the files that a run processes, from the same pass. */
#include "batch/batch.h"
#include "index/run_private.h"

/** Of the index the run's caller hears what is no file's: of files the run tells. */
static void pass_notice(const clproc_event *event, void *user) {
    const clproc_run_params *run = user;
    if (event->kind == CLPROC_EVENT_NOTICE && run->on_event) {
        run->on_event(event, run->user);
    }
}

static void pass_overdue(const clproc_index_result *result, void *user) {
    const clproc_index_params *index = ((const clproc_run_params *)user)->index;
    if (index->on_overdue) {
        index->on_overdue(result, index->user);
    }
}

clproc_status clp_index_beside_run(const clproc_run_params *run, clproc_run_result *result,
                                   clproc_profile **profile, clproc_error *error) {
    clproc_run_params own = *run;
    clproc_index_params params = {
        .output = run->index->output,
        .fields = run->index->fields,
        .where = run->index->where,
        .models = run->index->models,
        .model_count = run->index->model_count,
        .features = true,
        .decoding = run,
        .update = run->resume, /* what it left alone keeps its row */
        .on_overdue = pass_overdue,
        .on_event = pass_notice,
        .user = &own,
        .cancel = run->cancel,
    };
    clproc_index_result counts;
    clp_index_work index = {.params = NULL};
    clproc_status status;
    *result = (clproc_run_result){0};
    clp_index_begin(&index, &params, &counts);
    CLP_TRY(status, out, clp_index_prepare(&index, error));
    if (run->dry_run) {
        status = clp_batch_run(run, NULL, result, profile, error);
        goto out;
    }
    status = clp_index_beside(&index, run, result, profile, error);
    if (index.store && (status == CLPROC_OK || status == CLPROC_ERROR_CANCELLED)) {
        clproc_error failure;
        clproc_status finished = clp_index_finish(&index, index.done < index.listing.own,
                                                  status == CLPROC_OK ? error : &failure);
        status = status == CLPROC_OK ? finished : status;
    }
out:
    clp_index_end(&index);
    return status;
}
