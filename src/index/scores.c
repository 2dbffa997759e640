#include "index/scores.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "model/model.h"

/** How the warning of a row without a score begins. */
#define NO_SCORE "no score: "

struct clp_scores {
    clp_onnx_model *model;
    clp_field inputs[CLP_FIELD_COUNT]; /**< in the order of the model's */
    size_t input_count, output_count;
    size_t first; /**< output of the model that is the first score */
    double *values, *outputs;
};

static clproc_status unfit(const char *path, clproc_error *error, const char *what,
                           const char *cure) {
    return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, path, "%s; %s", what, cure);
}

/** Finds the field that a column of the model is. */
static clproc_status find_input(const clp_onnx_model *model, size_t index, const char *path,
                                clp_field *field, clproc_error *error) {
    const char *name = clp_model_input(model, index);
    if (!name) { /* the order of training is that of features */
        *field = (clp_field)(CLP_FIELD_SHARPNESS_WHOLE + index);
        return CLPROC_OK;
    }
    if (!clp_field_find(name, strlen(name), field)) {
        return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, path,
                                  "takes a column %.60s, which is no field of an index; `clproc "
                                  "help fields` lists those there are",
                                  name);
    }
    if (clp_field_info(*field).kind != CLPROC_INDEX_NUMBER || clp_field_is_score(*field)) {
        return clp_error_set_file(
            error, CLPROC_ERROR_ARGUMENT, path,
            "takes a column %.60s, which %s; train it with fields that are "
            "numbers",
            name, clp_field_is_score(*field) ? "is a score itself" : "an index has as text");
    }
    return CLPROC_OK;
}

static clproc_status find_inputs(clp_scores *scores, const char *path, clproc_error *error) {
    size_t count = clp_model_inputs(scores->model);
    if (count > CLP_FIELD_COUNT) {
        return unfit(path, error, "takes more columns than an index has",
                     "train it with fields of an index");
    }
    if (count > 0 && !clp_model_input(scores->model, 0) && count != CLP_FEATURE_COUNT) {
        return clp_error_set_file(
            error, CLPROC_ERROR_ARGUMENT, path,
            "takes %zu columns and does not name them; write their names into "
            "its feature_names (docs/scores.md), or train it with the %d "
            "features in their order",
            count, CLP_FEATURE_COUNT);
    }
    for (size_t i = 0; i < count; i++) {
        clproc_status status = find_input(scores->model, i, path, &scores->inputs[i], error);
        if (status != CLPROC_OK) {
            return status;
        }
    }
    scores->input_count = count;
    return CLPROC_OK;
}

clproc_status clp_scores_create(clp_scores **scores, const char *path, clproc_error *error) {
    clp_scores *made = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *made);
    clproc_status status = CLPROC_OK;
    *scores = made;
    if (!made) {
        return clp_error_memory(error, "a model", sizeof *made);
    }
    CLP_TRY(status, out, clp_model_open(&made->model, path, error));
    CLP_TRY(status, out, find_inputs(made, path, error));
    made->output_count = clp_model_outputs(made->model);
    made->first = made->output_count == 2; /* of two classes the first's is 1 less the second's */
    if (clp_scores_count(made) > CLP_FIELD_SCORES) {
        status = unfit(path, error, "gives more scores than the 8 that an index holds",
                       "have `clproc score` add them to the index");
        goto out;
    }
    size_t numbers = CLP_SCORES_BATCH * (made->input_count + made->output_count);
    made->values = clp_memory_zero(CLP_MEMORY_OTHER, numbers, sizeof *made->values);
    if (!made->values) {
        status = clp_error_memory(error, "rows of a model", numbers * sizeof *made->values);
        goto out;
    }
    made->outputs = made->values + CLP_SCORES_BATCH * made->input_count;
out:
    if (status != CLPROC_OK) {
        clp_scores_destroy(scores);
    }
    return status;
}

void clp_scores_destroy(clp_scores **scores) {
    if (*scores) {
        clp_model_destroy(&(*scores)->model);
        clp_memory_free((*scores)->values);
        clp_memory_free(*scores);
        *scores = NULL;
    }
}

size_t clp_scores_count(const clp_scores *scores) {
    return scores->output_count - scores->first;
}

const char *clp_scores_class(const clp_scores *scores, size_t index) {
    return clp_model_output(scores->model, scores->first + index);
}

bool clp_scores_field(const clp_scores *scores, size_t index, clp_field *field) {
    if (index < scores->input_count) {
        *field = scores->inputs[index];
    }
    return index < scores->input_count;
}

static double number_of(const clp_row *row, clp_field field) {
    const clp_cell *cell = &row->values[field];
    return cell->kind == CLP_CELL_INTEGER ? (double)cell->integer
           : cell->kind == CLP_CELL_REAL  ? cell->real
                                          : CLP_MODEL_MISSING;
}

/** The number that stands in a table that `clproc score` writes. */
static double as_printed(double score) {
    char text[40];
    snprintf(text, sizeof text, "%.9g", score);
    return strtod(text, NULL);
}

static void fill_in(const clp_scores *scores, const double *values, const double *outputs,
                    clp_row *row) {
    char flaw[240], reason[200];
    clp_row_unwarn(row, NO_SCORE);
    for (size_t i = 0; i < CLP_FIELD_SCORES; i++) {
        row->values[CLP_FIELD_SCORE + i].kind = CLP_CELL_NONE;
    }
    if (clp_row_has(row, CLP_FIELD_ERROR)) {
        return;
    }
    for (size_t i = 0; i < clp_scores_count(scores); i++) {
        clp_row_number(row, (clp_field)(CLP_FIELD_SCORE + i), CLP_RANK_EXIF,
                       as_printed(outputs[scores->first + i]));
    }
    if (isnan(outputs[0])) {
        clp_model_explain(scores->model, values, reason, sizeof reason);
        snprintf(flaw, sizeof flaw, NO_SCORE "%s", reason);
        clp_row_warn(row, flaw);
    }
}

clproc_status clp_scores_run(clp_scores *scores, clp_row *const *rows, size_t count,
                             clproc_error *error) {
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < scores->input_count; k++) {
            scores->values[i * scores->input_count + k] = number_of(rows[i], scores->inputs[k]);
        }
    }
    clproc_status status =
        clp_model_run_each(scores->model, count, scores->values, 1, scores->outputs, error);
    for (size_t i = 0; status == CLPROC_OK && i < count; i++) {
        fill_in(scores, scores->values + i * scores->input_count,
                scores->outputs + i * scores->output_count, rows[i]);
    }
    return status;
}
