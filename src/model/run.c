/* Running a model over rows: blocks of them, shared out among threads. Each row's numbers are
 * computed by themselves and in the same order, so neither blocks nor threads change them. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "core/memory.h"
#include "model/build.h"

/** The most rows of a block. */
enum { MOST_ROWS = 1024 };
/** Numbers of a block, roughly, where a model needs many columns. */
enum { MOST_NUMBERS = 1 << 22 };
/** Numbers between columns, which keep rows of different columns out of each other's cache lines.
 */
enum { GAP = 8 };

/** What the threads share. */
typedef struct model_job {
    const clp_onnx_model *model;
    const double *values;
    double *scores;
    size_t rows;
    size_t block_rows;
    atomic_size_t next;  /**< row that no thread has taken */
    atomic_size_t wrong; /**< the first row without a score; `rows`: none */
    atomic_bool exhausted;
    atomic_bool failed;   /**< a block has, as `failure` says */
    clproc_error failure; /**< of the first one to set `failed` */
} model_job;

static void note_wrong(model_job *job, size_t row) {
    size_t known = atomic_load(&job->wrong);
    while (row < known && !atomic_compare_exchange_weak(&job->wrong, &known, row)) {
    }
}

static bool is_whole(clp_onnx_type type) {
    return type != CLP_ONNX_FLOAT && type != CLP_ONNX_DOUBLE;
}

/** False for what the column's type cannot hold. */
static bool fits(const clp_model_column *input, double value) {
    return isnan(value) || !is_whole(input->type) ||
           (value == trunc(value) && (input->type != CLP_ONNX_BOOL || fabs(value - 0.5) == 0.5));
}

static void load(model_job *job, const clp_block *block, size_t first) {
    const clp_onnx_model *model = job->model;
    for (size_t c = 0; c < model->input_count; c++) {
        const clp_model_column *input = &model->inputs[c];
        const double *from = job->values + first * model->input_count + c;
        double *column = clp_block_column(block, c);
        for (size_t r = 0; r < block->rows; r++) {
            double value = from[r * model->input_count];
            column[r] = input->type == CLP_ONNX_FLOAT ? (double)(float)value : value;
            if (!fits(input, value)) {
                note_wrong(job, first + r);
            }
        }
    }
}

static void store(model_job *job, const clp_block *block, size_t first) {
    const clp_span *scores = &job->model->scores;
    for (size_t c = 0; c < scores->columns; c++) {
        const double *column = clp_block_column(block, scores->place + c);
        double *to = job->scores + first * scores->columns + c;
        for (size_t r = 0; r < block->rows; r++) {
            to[r * scores->columns] = column[r];
            if (!isfinite(column[r])) {
                note_wrong(job, first + r);
            }
        }
    }
}

static void run_block(model_job *job, const clp_block *block, size_t first) {
    const clp_onnx_model *model = job->model;
    load(job, block, first);
    for (size_t i = 0; i < model->step_count; i++) {
        model->steps[i].run(&model->steps[i], block);
    }
    store(job, block, first);
}

static void fill_constants(const clp_onnx_model *model, const clp_block *block) {
    for (size_t i = 0; i < model->filling_count; i++) {
        const clp_filling *filling = &model->fillings[i];
        for (size_t c = 0; c < filling->span.columns; c++) {
            double *column = clp_block_column(block, filling->span.place + c);
            for (size_t r = 0; r < block->pitch; r++) {
                column[r] = filling->numbers[c];
            }
        }
    }
}

static void *work(void *user) {
    model_job *job = user;
    clproc_error error = {0};
    clp_block block = {
        .pitch = job->block_rows + GAP, .helper = job->model->helper, .error = &error};
    size_t first;
    block.numbers =
        clp_memory_zero(CLP_MEMORY_OTHER, job->model->columns * block.pitch, sizeof *block.numbers);
    if (!block.numbers) {
        atomic_store(&job->exhausted, true);
        return NULL;
    }
    fill_constants(job->model, &block);
    while ((first = atomic_fetch_add(&job->next, job->block_rows)) < job->rows) {
        size_t left = job->rows - first;
        block.rows = left < job->block_rows ? left : job->block_rows;
        run_block(job, &block, first);
        if (error.status != CLPROC_OK) {
            if (!atomic_exchange(&job->failed, true)) {
                job->failure = error;
            }
            break;
        }
    }
    clp_memory_free(block.numbers);
    return NULL;
}

/** Says why a row has no score; returns what may be done about it. */
static const char *explain(const clp_onnx_model *model, const double *values, char *text,
                           size_t size) {
    for (size_t c = 0; c < model->input_count; c++) {
        const clp_model_column *input = &model->inputs[c];
        char name[80];
        if (input->name) {
            snprintf(name, sizeof name, "%s", input->name);
        } else {
            snprintf(name, sizeof name, "%zu", c + 1);
        }
        if (!fits(input, values[c])) {
            snprintf(text, size, "column %s holds %g, and the model was made for %s", name,
                     values[c], input->type == CLP_ONNX_BOOL ? "0 and 1" : "whole numbers");
            return "";
        }
        if (isnan(values[c])) {
            snprintf(text, size, "column %s is missing, and the model does not fill it in", name);
            return "; fill it, or train with an imputer";
        }
    }
    snprintf(text, size, "its numbers lead to a score that is none");
    return "; are they far from those the model was trained with?";
}

void clp_model_explain(const clp_onnx_model *model, const double *values, char *text, size_t size) {
    explain(model, values, text, size);
}

/** Rows of a block, so that it is not too large, and that there is one for each thread. */
static size_t choose_rows(const clp_onnx_model *model, size_t rows, size_t threads) {
    size_t most = MOST_NUMBERS / model->columns, share = rows / threads + 1;
    /* A device should have many rows at once. */
    most = most > MOST_ROWS && !model->helper ? MOST_ROWS : most;
    most = most > share ? share : most;
    return most < GAP ? GAP : most;
}

/** Runs all rows; `*wrong` is the first without a score, `rows` if all have one. */
static clproc_status run_rows(const clp_onnx_model *model, size_t rows, const double *values,
                              int threads, double *scores, size_t *wrong, clproc_error *error) {
    enum { MOST_THREADS = 64 };
    pthread_t others[MOST_THREADS];
    size_t most = threads > MOST_THREADS ? MOST_THREADS : threads < 1 ? 1 : (size_t)threads;
    model_job job = {.model = model,
                     .values = values,
                     .scores = scores,
                     .rows = rows,
                     .block_rows = choose_rows(model, rows, most)};
    atomic_init(&job.wrong, rows);
    size_t blocks = rows / job.block_rows + 1, count = 0;
    most = most > blocks ? blocks : most;
    /* Where no thread can be had, this one does the work. */
    while (count + 1 < most && pthread_create(&others[count], NULL, work, &job) == 0) {
        count++;
    }
    work(&job);
    for (size_t i = 0; i < count; i++) {
        pthread_join(others[i], NULL);
    }
    *wrong = atomic_load(&job.wrong);
    if (atomic_load(&job.failed)) {
        if (error) {
            *error = job.failure;
        }
        return job.failure.status;
    }
    return atomic_load(&job.exhausted)
               ? clp_error_memory(error, "rows of a model",
                                  model->columns * job.block_rows * sizeof(double))
               : CLPROC_OK;
}

clproc_status clp_model_run(const clp_onnx_model *model, size_t rows, const double *values,
                            uint64_t first, int threads, double *scores, clproc_error *error) {
    size_t wrong;
    char text[200];
    clproc_status status = run_rows(model, rows, values, threads, scores, &wrong, error);
    if (status == CLPROC_OK && wrong < rows) {
        const char *cure = explain(model, values + wrong * model->input_count, text, sizeof text);
        status = clp_error_set(error, CLPROC_ERROR_INPUT, "row %llu: %s%s",
                               (unsigned long long)first + wrong, text, cure);
    }
    return status;
}

static bool has_scores(const clp_onnx_model *model, const double *values, const double *scores) {
    bool has = true;
    for (size_t c = 0; c < model->input_count; c++) {
        has = has && fits(&model->inputs[c], values[c]);
    }
    for (size_t c = 0; c < model->scores.columns; c++) {
        has = has && isfinite(scores[c]);
    }
    return has;
}

clproc_status clp_model_run_each(const clp_onnx_model *model, size_t rows, const double *values,
                                 int threads, double *scores, clproc_error *error) {
    size_t wrong, columns = model->scores.columns;
    clproc_status status = run_rows(model, rows, values, threads, scores, &wrong, error);
    for (size_t r = wrong; status == CLPROC_OK && r < rows; r++) {
        double *own = scores + r * columns;
        bool has = has_scores(model, values + r * model->input_count, own);
        for (size_t c = 0; !has && c < columns; c++) {
            own[c] = (double)NAN;
        }
    }
    return status;
}
