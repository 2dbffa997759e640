/* What an index is asked for: all that can be wrong with it before a file is touched. */
#include "index/run_private.h"

/** Opens the models, whose scores become columns. */
static clproc_status prepare_scores(clp_index_work *index, clproc_error *error) {
    const clproc_index_params *params = index->params;
    clproc_status status =
        clp_scores_create(&index->scores, params->models, params->model_count, error);
    if (status != CLPROC_OK) {
        return status;
    }
    size_t count = clp_scores_count(index->scores);
    if (!index->params->fields) {
        clp_selection_add_features(&index->selection);
    }
    clp_selection_add_scores(&index->selection, count);
    for (size_t i = 0; count > 1 && i < count; i++) {
        char text[240];
        clp_scores_describe(index->scores, i, text, sizeof text);
        clp_events_notice(&index->events, text);
    }
    return CLPROC_OK;
}

/** A score is only there if a model gives it. */
static clproc_status check_score(const clp_index_work *index, clp_field field,
                                 clproc_error *error) {
    size_t count = index->scores ? clp_scores_count(index->scores) : 0;
    if (!clp_field_is_score(field) || field < CLP_FIELD_SCORE + count) {
        return CLPROC_OK;
    }
    const char *name = clp_field_info(field).name;
    return index->scores
               ? clp_error_set(error, CLPROC_ERROR_ARGUMENT, "%s %zu score%s, so there is no %s",
                               index->params->model_count == 1 ? "the model gives"
                                                               : "the models give",
                               count, count == 1 ? "" : "s", name)
               : clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                               "%s is what a model says; name one with --model", name);
}

static clproc_status check_scores(const clp_index_work *index, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    clp_field field;
    for (size_t i = 0; status == CLPROC_OK && i < index->selection.count; i++) {
        status = check_score(index, index->selection.fields[i], error);
    }
    for (size_t i = 0; status == CLPROC_OK && clp_where_field(index->where, i, &field); i++) {
        status = check_score(index, field, error);
    }
    return status;
}

/** An update needs the field in the rows that it keeps, for what `why` says. */
static clproc_status check_kept(const clp_index_work *index, clp_field field, const char *why,
                                clproc_error *error) {
    return clp_selection_has(&index->selection, field)
               ? CLPROC_OK
               : clp_error_set(error, CLPROC_ERROR_ARGUMENT, "--update %s; add %s to --fields", why,
                               clp_field_info(field).name);
}

static clproc_status check_update(const clp_index_work *index, clproc_error *error) {
    static const clp_field needed[] = {CLP_FIELD_SOURCE_FILE, CLP_FIELD_FILE_SIZE,
                                       CLP_FIELD_FILE_MODIFY_DATE};
    clproc_status status = CLPROC_OK;
    clp_field field;
    for (size_t i = 0; status == CLPROC_OK && i < sizeof needed / sizeof *needed; i++) {
        status =
            check_kept(index, needed[i], "compares SourceFile, FileSize and FileModifyDate", error);
    }
    for (size_t i = 0; status == CLPROC_OK && clp_where_field(index->where, i, &field); i++) {
        status = check_kept(index, field, "asks --where of rows that are kept, too", error);
    }
    for (size_t i = 0;
         status == CLPROC_OK && index->scores && clp_scores_field(index->scores, i, &field); i++) {
        status = check_kept(index, field, "has --model score rows that are kept, too", error);
    }
    return status;
}

clproc_status clp_index_prepare(clp_index_work *index, clproc_error *error) {
    const clproc_index_params *params = index->params;
    clproc_status status;
    CLP_TRY(status, out, clp_store_check(params->output, error));
    CLP_TRY(status, out, clp_selection_parse(&index->selection, params->fields, error));
    if (params->digest) {
        clp_selection_add_digest(&index->selection);
    }
    if (params->features || params->near) {
        clp_selection_add_features(&index->selection);
    }
    if (params->where) {
        CLP_TRY(status, out, clp_where_create(&index->where, params->where, error));
    }
    if (params->model_count > 0) {
        CLP_TRY(status, out, prepare_scores(index, error));
    }
    CLP_TRY(status, out, check_scores(index, error));
    if (params->update) {
        CLP_TRY(status, out, check_update(index, error));
    }
out:
    return status;
}
