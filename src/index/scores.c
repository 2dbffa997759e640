#include "index/scores.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "model/model.h"

/** How the warning of a row without a score begins. */
#define NO_SCORE "no score: "

/** One of the models. */
typedef struct scorer {
    clp_onnx_model *model;
    clp_field inputs[CLP_FIELD_COUNT]; /**< in the order of the model's */
    size_t input_count, output_count;
    size_t skipped;           /**< outputs of the model before the first that is a score */
    clp_field first;          /**< field of that one */
    double *values, *outputs; /**< of a batch */
} scorer;

struct clp_scores {
    scorer *scorers;
    size_t scorer_count;
    size_t count; /**< fields that they fill in */
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

static size_t count_unnamed(const clp_onnx_model *model) {
    size_t count = 0;
    for (size_t i = 0; i < clp_model_inputs(model); i++) {
        count += !clp_model_input(model, i);
    }
    return count;
}

static clproc_status find_inputs(scorer *one, clproc_error *error) {
    size_t count = clp_model_inputs(one->model), unnamed = count_unnamed(one->model);
    const char *path = clp_model_path(one->model);
    if (count > CLP_FIELD_COUNT) {
        return unfit(path, error, "takes more columns than an index has",
                     "train it with fields of an index");
    }
    /* Beside columns that are named, others may be anything. */
    if (unnamed > 0 && (unnamed < count || count != CLP_FEATURE_COUNT)) {
        return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, path,
                                  "takes %zu columns and does not name %s; write their names into "
                                  "its feature_names (docs/scores.md), or train it with the %d "
                                  "features in their order",
                                  count, unnamed < count ? "all of them" : "them",
                                  CLP_FEATURE_COUNT);
    }
    for (size_t i = 0; i < count; i++) {
        clproc_status status = find_input(one->model, i, path, &one->inputs[i], error);
        if (status != CLPROC_OK) {
            return status;
        }
    }
    one->input_count = count;
    return CLPROC_OK;
}

static size_t scores_of(const scorer *one) {
    return one->output_count - one->skipped;
}

static clproc_status open_scorer(clp_scores *scores, scorer *one, const char *file,
                                 clproc_error *error) {
    clproc_status status;
    CLP_TRY(status, out, clp_model_open(&one->model, file, error));
    CLP_TRY(status, out, find_inputs(one, error));
    one->output_count = clp_model_outputs(one->model);
    /* Of two classes the first's is 1 less the second's; two targets are two numbers. */
    one->skipped = one->output_count == 2 && clp_model_classifies(one->model);
    one->first = (clp_field)(CLP_FIELD_SCORE + scores->count);
    if (scores_of(one) > CLP_FIELD_SCORES - scores->count) {
        status = unfit(clp_model_path(one->model), error,
                       scores->count > 0 ? "gives, with those before it, more scores than the 8 "
                                           "that an index holds"
                                         : "gives more scores than the 8 that an index holds",
                       "have `clproc score` add them to the index");
        goto out;
    }
    scores->count += scores_of(one);
    size_t numbers = CLP_SCORES_BATCH * (one->input_count + one->output_count);
    one->values = clp_memory_zero(CLP_MEMORY_OTHER, numbers, sizeof *one->values);
    if (!one->values) {
        status = clp_error_memory(error, "rows of a model", numbers * sizeof *one->values);
        goto out;
    }
    one->outputs = one->values + CLP_SCORES_BATCH * one->input_count;
out:
    return status;
}

clproc_status clp_scores_create(clp_scores **scores, const char *const *files, size_t count,
                                clproc_error *error) {
    clp_scores *made = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *made);
    clproc_status status = CLPROC_OK;
    *scores = made;
    if (!made) {
        return clp_error_memory(error, "models", sizeof *made);
    }
    made->scorers = clp_memory_zero(CLP_MEMORY_OTHER, count, sizeof *made->scorers);
    if (!made->scorers) {
        status = clp_error_memory(error, "models", count * sizeof *made->scorers);
        goto out;
    }
    made->scorer_count = count;
    for (size_t i = 0; i < count; i++) {
        CLP_TRY(status, out, open_scorer(made, &made->scorers[i], files[i], error));
    }
out:
    if (status != CLPROC_OK) {
        clp_scores_destroy(scores);
    }
    return status;
}

void clp_scores_destroy(clp_scores **scores) {
    if (*scores) {
        for (size_t i = 0; i < (*scores)->scorer_count; i++) {
            clp_model_destroy(&(*scores)->scorers[i].model);
            clp_memory_free((*scores)->scorers[i].values);
        }
        clp_memory_free((*scores)->scorers);
        clp_memory_free(*scores);
        *scores = NULL;
    }
}

size_t clp_scores_count(const clp_scores *scores) {
    return scores->count;
}

void clp_scores_describe(const clp_scores *scores, size_t index, char *text, size_t size) {
    const scorer *one = scores->scorers;
    while (CLP_FIELD_SCORE + index >= one->first + scores_of(one)) {
        one++;
    }
    const char *label =
        clp_model_output(one->model, one->skipped + CLP_FIELD_SCORE + index - one->first);
    snprintf(text, size, "%s is %.60s's score%s%.100s",
             clp_field_info(CLP_FIELD_SCORE + index).name,
             scores->scorer_count > 1 ? clp_model_title(one->model) : "the model",
             label[0] ? " of " : "", label);
}

bool clp_scores_field(const clp_scores *scores, size_t index, clp_field *field) {
    for (size_t i = 0; i < scores->scorer_count; i++) {
        const scorer *one = &scores->scorers[i];
        if (index < one->input_count) {
            *field = one->inputs[index];
            return true;
        }
        index -= one->input_count;
    }
    return false;
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

static void clear(clp_row *row) {
    clp_row_unwarn(row, NO_SCORE);
    for (size_t i = 0; i < CLP_FIELD_SCORES; i++) {
        row->values[CLP_FIELD_SCORE + i].kind = CLP_CELL_NONE;
    }
}

static void fill_in(const scorer *one, const double *values, const double *outputs, clp_row *row) {
    char flaw[240], reason[200];
    if (clp_row_has(row, CLP_FIELD_ERROR)) {
        return;
    }
    for (size_t i = 0; i < scores_of(one); i++) {
        clp_row_number(row, (clp_field)(one->first + i), CLP_RANK_EXIF,
                       as_printed(outputs[one->skipped + i]));
    }
    if (isnan(outputs[0])) {
        clp_model_explain(one->model, values, reason, sizeof reason);
        snprintf(flaw, sizeof flaw, NO_SCORE "%s", reason);
        clp_row_warn(row, flaw);
    }
}

static clproc_status run_scorer(scorer *one, clp_row *const *rows, size_t count,
                                clproc_error *error) {
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < one->input_count; k++) {
            one->values[i * one->input_count + k] = number_of(rows[i], one->inputs[k]);
        }
    }
    clproc_status status =
        clp_model_run_each(one->model, count, one->values, 1, one->outputs, error);
    for (size_t i = 0; status == CLPROC_OK && i < count; i++) {
        fill_in(one, one->values + i * one->input_count, one->outputs + i * one->output_count,
                rows[i]);
    }
    return status;
}

clproc_status clp_scores_run(clp_scores *scores, clp_row *const *rows, size_t count,
                             clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < count; i++) {
        clear(rows[i]);
    }
    for (size_t i = 0; status == CLPROC_OK && i < scores->scorer_count; i++) {
        status = run_scorer(&scores->scorers[i], rows, count, error);
    }
    return status;
}
