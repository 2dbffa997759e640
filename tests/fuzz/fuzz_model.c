#include <math.h>
#include <unistd.h>

#include "fuzz.h"
#include "model/model.h"
#include "model/table.h"

/** Rows with numbers of all kinds, some missing. */
static void run_model(const clp_onnx_model *model) {
    enum { ROWS = 9 };
    static const double kinds[] = {0, 1, -1, 2.5, 1e300, -1e-300, 0x1p-149, NAN};
    clproc_error error = {0};
    size_t inputs = clp_model_inputs(model), outputs = clp_model_outputs(model);
    double *values = malloc(ROWS * inputs * sizeof *values);
    double *scores = malloc(ROWS * outputs * sizeof *scores);
    FUZZ_PROMISE(values && scores);
    for (size_t i = 0; i < ROWS * inputs; i++) {
        values[i] = kinds[(i * 7 + i / 3) % (sizeof kinds / sizeof kinds[0])];
    }
    clproc_status status = clp_model_run(model, ROWS, values, 1, 1, scores, &error);
    if (!fuzz_failed(status, &error)) {
        for (size_t i = 0; i < ROWS * outputs; i++) {
            FUZZ_PROMISE(isfinite(scores[i]));
        }
    }
    for (size_t i = 0; i < outputs; i++) {
        FUZZ_PROMISE(clp_model_output(model, i));
    }
    free(values);
    free(scores);
}

/** Reads rows of a file, and prints those that are some. */
static void read_table(const char *path, const uint8_t *data, size_t size) {
    static const char *const names[] = {"feature0", "a"}, *const added[] = {"b"};
    clp_table table = {0};
    clp_records records = {0};
    clp_bytes text = {0};
    clproc_error error = {0};
    FUZZ_PROMISE(clp_file_write(path, data, size, false, &error) == CLPROC_OK);
    clproc_status status = clp_table_open(&table, path, &error);
    size_t count = table.kind == CLP_TABLE_CSV ? clp_table_columns(&table) : 2;
    double *values = malloc((count + 1) * sizeof *values), more = 0.5;
    FUZZ_PROMISE(values);
    if (!fuzz_failed(status, &error) &&
        !fuzz_failed(
            clp_table_select(&table, table.kind == CLP_TABLE_CSV ? NULL : names, count, &error),
            &error) &&
        !fuzz_failed(clp_table_add(&table, added, 1, &error), &error) &&
        !fuzz_failed(clp_table_next(&table, 100, &records, &error), &error)) {
        for (size_t i = 0; i < records.count; i++) {
            if (!fuzz_failed(clp_table_parse(&table, &records, i, values, &error), &error)) {
                FUZZ_PROMISE(clp_table_print(&table, &records, i, added, &more, 1, &text, &error) ==
                             CLPROC_OK);
            }
        }
    }
    unlink(path);
    free(values);
    clp_bytes_free(&text);
    clp_bytes_free(&records.text);
    clp_bytes_free(&records.ends);
    clp_table_close(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    clp_onnx_model *model;
    clproc_error error = {0};
    char path[64];
    if (!fuzz_failed(clp_model_read(&model, data, size, &error), &error)) {
        run_model(model);
        clp_model_destroy(&model);
        return 0;
    }
    snprintf(path, sizeof path, "fuzz-model-%d.csv", (int)getpid());
    read_table(path, data, size);
    snprintf(path, sizeof path, "fuzz-model-%d.jsonl", (int)getpid());
    read_table(path, data, size);
    return 0;
}
