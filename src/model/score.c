/* Threads read batches of records in turn, parse and score them side by side, and write them in
 * turn: rows stay in their order, and of several errors the first row's counts. */
#include "model/score.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/machine.h"
#include "core/memory.h"
#include "model/model.h"
#include "model/table.h"

/** Rows that are scored with one call. */
enum { BATCH = 4096 };

/** Names that lie one behind the other. */
typedef struct name_list {
    clp_bytes text;
    const char **items;
    size_t count;
} name_list;

/** Of the models, each with its place among all columns. */
typedef struct score_model {
    clp_onnx_model *model;
    size_t first_input, first_output;
} score_model;

typedef struct score_work {
    const clproc_score_params *params;
    const clp_model_helper *helper;
    score_model *models;
    size_t inputs, outputs; /**< of all models */
    clp_table table;
    name_list wanted;         /**< columns of the table, in the order of the models' inputs */
    name_list added, spelled; /**< columns of scores, and as they are written */
    clp_file_tree tree;
    clp_file_writer writer;
    bool stream; /**< output goes to standard output */

    pthread_mutex_t lock; /**< of what follows, and the table's file */
    pthread_cond_t written_more;
    uint64_t begun, written; /**< batches */
    bool ended;              /**< there is nothing more to read */
    clproc_status status;
    clproc_error *error;
} score_work;

/** A batch in the making; each thread has one. */
typedef struct row_batch {
    clp_records records;
    double *values, *scores; /**< of all models, row by row */
    double *in, *out;        /**< of one of them */
    clp_bytes text;
    clproc_error error;
} row_batch;

/* ---------------------------------------------------------------------- names */

static void free_names(name_list *names) {
    clp_bytes_free(&names->text);
    clp_memory_free(names->items);
}

/** Makes pointers to `count` texts that end with NULs. */
static clproc_status point(name_list *names, size_t count, clproc_error *error) {
    const char *at = (const char *)names->text.data;
    names->items = clp_memory_zero(CLP_MEMORY_OTHER, count, sizeof *names->items);
    if (!names->items) {
        return clp_error_memory(error, "names of columns", count * sizeof *names->items);
    }
    for (names->count = 0; names->count < count; at += strlen(at) + 1) {
        names->items[names->count++] = at;
    }
    return CLPROC_OK;
}

/** Takes --columns apart. */
static clproc_status split(name_list *names, const char *list, clproc_error *error) {
    size_t count = 1;
    clproc_status status = clp_bytes_append(&names->text, list, strlen(list) + 1, error);
    for (char *at = (char *)names->text.data; status == CLPROC_OK && (at = strchr(at, ',')); at++) {
        *at = '\0';
        count++;
    }
    return status == CLPROC_OK ? point(names, count, error) : status;
}

/** Lists the columns that the models name; `*named` is how many these are. */
static clproc_status list_inputs(score_work *scoring, size_t *named, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    *named = 0;
    for (size_t m = 0; m < scoring->params->model_count; m++) {
        const clp_onnx_model *model = scoring->models[m].model;
        for (size_t i = 0; i < clp_model_inputs(model); i++) {
            const char *name = clp_model_input(model, i);
            *named += name != NULL;
            name = name ? name : "";
            CLP_TRY(status, out,
                    clp_bytes_append(&scoring->wanted.text, name, strlen(name) + 1, error));
        }
    }
out:
    return status;
}

/** Finds the columns that go into the models: those that are named, or as many as one has. */
static clproc_status choose_columns(score_work *scoring, clproc_error *error) {
    const char *list = scoring->params->columns, *path = clp_model_path(scoring->models[0].model);
    bool alone = scoring->params->model_count == 1;
    size_t named = 0;
    clproc_status status;
    if (list && !alone) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "--columns is for one model; where there are several, each must name "
                             "its columns (docs/scores.md)");
    }
    CLP_TRY(status, out,
            list ? split(&scoring->wanted, list, error) : list_inputs(scoring, &named, error));
    if (list && scoring->wanted.count != scoring->inputs) {
        return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, path,
                                  "takes %zu columns, and --columns names %zu", scoring->inputs,
                                  scoring->wanted.count);
    }
    if (named == scoring->inputs) {
        CLP_TRY(status, out, point(&scoring->wanted, scoring->inputs, error));
    } else if (!list && !alone) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "one of several models does not name its columns; write them into its "
                             "feature_names (docs/scores.md)");
    } else if (!list && (named > 0 || clp_table_columns(&scoring->table) != scoring->inputs)) {
        return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, path,
                                  "takes %zu columns and does not name %s; name the table's with "
                                  "--columns, in the order of training",
                                  scoring->inputs, named > 0 ? "all of them" : "them");
    }
    for (size_t i = 0; list && i < scoring->inputs; i++) {
        clp_model_call_input(scoring->models[0].model, i, scoring->wanted.items[i]);
    }
    status = clp_table_select(&scoring->table, scoring->wanted.items, scoring->inputs, error);
out:
    return status;
}

static int compare_names(const void *a, const void *b) {
    const char *const *first = a, *const *second = b;
    return strcmp(*first, *second);
}

/** Refuses columns of one name: two models are called alike, or two classes of one are. */
static clproc_status check_names(const score_work *scoring, clproc_error *error) {
    const size_t count = scoring->added.count;
    const char **names = clp_memory_zero(CLP_MEMORY_OTHER, count, sizeof *names);
    clproc_status status = CLPROC_OK;
    if (!names) {
        return clp_error_memory(error, "names of columns", count * sizeof *names);
    }
    memcpy(names, scoring->added.items, count * sizeof *names);
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count && status == CLPROC_OK; i++) {
        if (strcmp(names[i - 1], names[i]) == 0) {
            status = clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                                   scoring->params->model_count > 1
                                       ? "two columns of scores would be called %.60s; give one "
                                         "model another name, as --model FILE:NAME, or if both are "
                                         "of one model, export it with other classes"
                                       : "two classes of the model would be a column %.60s; export "
                                         "it with others",
                                   names[i]);
        }
    }
    clp_memory_free(names);
    return status;
}

/** Names the columns of scores, as "sharp_yes" and "sharp_no". */
static clproc_status name_scores(score_work *scoring, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t m = 0; m < scoring->params->model_count; m++) {
        const clp_onnx_model *model = scoring->models[m].model;
        const char *given = m == 0 ? scoring->params->name : NULL;
        const char *name = given ? given : clp_model_title(model);
        for (size_t i = 0; i < clp_model_outputs(model); i++) {
            const char *label = clp_model_output(model, i);
            clp_bytes *text = &scoring->added.text;
            CLP_TRY(status, out, clp_bytes_append(text, name, strlen(name), error));
            CLP_TRY(status, out, clp_bytes_append(text, "_", label[0] != '\0', error));
            CLP_TRY(status, out, clp_bytes_append(text, label, strlen(label) + 1, error));
        }
    }
    CLP_TRY(status, out, point(&scoring->added, scoring->outputs, error));
    CLP_TRY(status, out, check_names(scoring, error));
    for (size_t i = 0; i < scoring->outputs; i++) {
        CLP_TRY(status, out,
                clp_table_spell(&scoring->table, scoring->added.items[i], &scoring->spelled.text,
                                error));
    }
    CLP_TRY(status, out, point(&scoring->spelled, scoring->outputs, error));
    status = clp_table_add(&scoring->table, scoring->added.items, scoring->outputs, error);
out:
    return status;
}

/* -------------------------------------------------------------------- batches */

/** Copies columns from rows of so many numbers to rows of so many others. */
static void copy_columns(double *to, size_t to_pitch, const double *from, size_t from_pitch,
                         size_t columns, size_t rows) {
    for (size_t r = 0; r < rows; r++) {
        memcpy(to + r * to_pitch, from + r * from_pitch, columns * sizeof *to);
    }
}

static clproc_status run_model(const score_work *scoring, const score_model *one,
                               row_batch *batch) {
    size_t rows = batch->records.count;
    size_t inputs = clp_model_inputs(one->model), outputs = clp_model_outputs(one->model);
    copy_columns(batch->in, inputs, batch->values + one->first_input, scoring->inputs, inputs,
                 rows);
    clproc_status status = clp_model_run(one->model, rows, batch->in, batch->records.first, 1,
                                         batch->out, &batch->error);
    copy_columns(batch->scores + one->first_output, scoring->outputs, batch->out, outputs, outputs,
                 rows);
    return status;
}

static clproc_status score_batch(score_work *scoring, row_batch *batch) {
    const clp_records *records = &batch->records;
    clproc_status status = CLPROC_OK;
    batch->text.size = 0;
    for (size_t i = 0; i < records->count; i++) {
        CLP_TRY(status, out,
                clp_table_parse(&scoring->table, records, i, batch->values + i * scoring->inputs,
                                &batch->error));
    }
    for (size_t m = 0; m < scoring->params->model_count; m++) {
        CLP_TRY(status, out, run_model(scoring, &scoring->models[m], batch));
    }
    for (size_t i = 0; i < records->count; i++) {
        CLP_TRY(status, out,
                clp_table_print(&scoring->table, records, i, scoring->spelled.items,
                                batch->scores + i * scoring->outputs, scoring->outputs,
                                &batch->text, &batch->error));
    }
out:
    return status == CLPROC_OK ? status
                               : clp_error_in_file(&batch->error, status, scoring->params->table);
}

static clproc_status put(score_work *scoring, const clp_bytes *text, clproc_error *error) {
    return scoring->stream ? clp_file_write_stream(STDOUT_FILENO, text->data, text->size,
                                                   scoring->params->cancel, error)
                           : clp_file_put(&scoring->writer, text->data, text->size, error);
}

/** Reads the next batch and tells its turn; false if there is nothing more to do. */
static bool begin_batch(score_work *scoring, size_t most, row_batch *batch, uint64_t *turn,
                        clproc_status *status) {
    const volatile int *cancel = scoring->params->cancel;
    pthread_mutex_lock(&scoring->lock);
    bool more = !scoring->ended && scoring->status == CLPROC_OK;
    if (more) {
        *turn = scoring->begun++;
        *status = cancel && *cancel
                      ? clp_error_set(&batch->error, CLPROC_ERROR_CANCELLED, "stopped")
                      : clp_table_next(&scoring->table, most, &batch->records, &batch->error);
        scoring->ended = *status != CLPROC_OK || batch->records.count == 0;
    }
    pthread_mutex_unlock(&scoring->lock);
    return more;
}

/** Writes a batch when all before it are written. */
static void end_batch(score_work *scoring, const row_batch *batch, uint64_t turn,
                      clproc_status status) {
    pthread_mutex_lock(&scoring->lock);
    while (scoring->written != turn) {
        pthread_cond_wait(&scoring->written_more, &scoring->lock);
    }
    if (scoring->status == CLPROC_OK) {
        scoring->status = status;
        if (status != CLPROC_OK && scoring->error) {
            *scoring->error = batch->error;
        } else if (status == CLPROC_OK) {
            scoring->status = put(scoring, &batch->text, scoring->error);
        }
    }
    scoring->written++;
    pthread_cond_broadcast(&scoring->written_more);
    pthread_mutex_unlock(&scoring->lock);
}

static void *work(void *user) {
    score_work *scoring = user;
    row_batch batch = {0};
    uint64_t turn;
    clproc_status status;
    /* Fewer rows at once where they are long. */
    size_t numbers = 2 * (scoring->inputs + scoring->outputs);
    size_t most = ((size_t)1 << 22) / numbers;
    most = most > BATCH ? BATCH : most + 1;
    batch.values = clp_memory_zero(CLP_MEMORY_OTHER, most * numbers, sizeof *batch.values);
    if (batch.values) {
        batch.scores = batch.values + most * scoring->inputs;
        batch.in = batch.scores + most * scoring->outputs;
        batch.out = batch.in + most * scoring->inputs;
    }
    while (begin_batch(scoring, most, &batch, &turn, &status)) {
        if (status == CLPROC_OK && !batch.values) {
            status = clp_error_memory(&batch.error, "rows", most * numbers * sizeof(double));
        }
        end_batch(scoring, &batch, turn,
                  status == CLPROC_OK ? score_batch(scoring, &batch) : status);
    }
    clp_memory_free(batch.values);
    clp_bytes_free(&batch.records.text);
    clp_bytes_free(&batch.records.ends);
    clp_bytes_free(&batch.text);
    return NULL;
}

/** Scores all rows, with as many threads as are wanted and can be had. */
static clproc_status score_rows(score_work *scoring) {
    enum { MOST_THREADS = 64 };
    pthread_t others[MOST_THREADS];
    size_t wanted = scoring->params->jobs > 0 ? (size_t)scoring->params->jobs : clp_machine_cores();
    size_t count = 0;
    while (count + 1 < wanted && count < MOST_THREADS &&
           pthread_create(&others[count], NULL, work, scoring) == 0) {
        count++;
    }
    work(scoring);
    for (size_t i = 0; i < count; i++) {
        pthread_join(others[i], NULL);
    }
    return scoring->status;
}

/* ------------------------------------------------------------------------ run */

static clproc_status open_output(score_work *scoring, clproc_error *error) {
    const char *path = scoring->params->output;
    clp_table_kind kind;
    clp_bytes head = {0};
    clproc_status status = CLPROC_OK;
    scoring->stream = strcmp(path, "-") == 0;
    if (!scoring->stream) {
        CLP_TRY(status, out, clp_table_kind_of(path, "the output", &kind, error));
        if (kind != scoring->table.kind) {
            status = clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, path,
                                        "must end as the table does: rows are kept as they are");
            goto out;
        }
        scoring->tree.sweeps = true;
        CLP_TRY(status, out, clp_file_begin(&scoring->writer, &scoring->tree, path, error));
    }
    CLP_TRY(status, out,
            clp_table_print_head(&scoring->table, scoring->spelled.items, scoring->spelled.count,
                                 &head, error));
    status = put(scoring, &head, error);
out:
    clp_bytes_free(&head);
    return status;
}

static clproc_status open_models(score_work *scoring, clproc_error *error) {
    size_t count = scoring->params->model_count;
    clproc_status status = CLPROC_OK;
    scoring->models = clp_memory_zero(CLP_MEMORY_OTHER, count, sizeof *scoring->models);
    if (!scoring->models) {
        return clp_error_memory(error, "models", count * sizeof *scoring->models);
    }
    for (size_t m = 0; m < count; m++) {
        score_model *one = &scoring->models[m];
        one->first_input = scoring->inputs;
        one->first_output = scoring->outputs;
        CLP_TRY(status, out, clp_model_open(&one->model, scoring->params->models[m], error));
        clp_model_help_with(one->model, scoring->helper);
        scoring->inputs += clp_model_inputs(one->model); /* each is far below SIZE_MAX */
        scoring->outputs += clp_model_outputs(one->model);
    }
out:
    return status;
}

static void close_models(score_work *scoring) {
    for (size_t m = 0; scoring->models && m < scoring->params->model_count; m++) {
        clp_model_destroy(&scoring->models[m].model);
    }
    clp_memory_free(scoring->models);
}

clproc_status clp_score_run(const clproc_score_params *params, const clp_model_helper *helper,
                            clproc_score_result *result, clproc_error *error) {
    score_work scoring = {.params = params,
                          .helper = helper,
                          .writer = {.folder = -1, .file = -1},
                          .lock = PTHREAD_MUTEX_INITIALIZER,
                          .written_more = PTHREAD_COND_INITIALIZER,
                          .error = error};
    uint64_t begun = clp_clock_ns();
    clproc_status status = CLPROC_OK;
    CLP_TRY(status, out, open_models(&scoring, error));
    CLP_TRY(status, out, clp_table_open(&scoring.table, params->table, error));
    CLP_TRY(status, out, choose_columns(&scoring, error));
    CLP_TRY(status, out, name_scores(&scoring, error));
    CLP_TRY(status, out, open_output(&scoring, error));
    CLP_TRY(status, out, score_rows(&scoring));
    if (!scoring.stream) {
        CLP_TRY(status, out, clp_file_commit(&scoring.writer, error));
    }
out:
    *result = (clproc_score_result){.rows = scoring.table.rows,
                                    .seconds = (double)(clp_clock_ns() - begun) / 1e9};
    clp_file_abandon(&scoring.writer);
    clp_table_close(&scoring.table);
    close_models(&scoring);
    free_names(&scoring.wanted);
    free_names(&scoring.added);
    free_names(&scoring.spelled);
    return status;
}
