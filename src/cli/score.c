#include <string.h>

#include "cli.h"
#include "overdue.h"
#include "signals.h"
#include "streams.h"
#include "text.h"

int clp_cli_score(clp_cli_settings *settings) {
    clproc_error error = {0};
    clproc_score_result result = {0};
    clproc_score_params *score = &settings->score;
    if (settings->operand_count != 2) {
        return clp_cli_usage_error(
            "name a model and a table, as `clproc score keep.onnx photos.csv -o scored.csv`");
    }
    if (!score->output) {
        return clp_cli_usage_error("no output given; add -o FILE, as -o scored.csv, or -o -");
    }
    /* The first model is an operand: the list has room for all words. */
    clp_cli_list *models = &settings->models;
    memmove(models->items + 1, models->items, models->count * sizeof *models->items);
    models->items[0] = settings->operands[0];
    score->models = models->items;
    score->model_count = ++models->count;
    score->table = settings->operands[1];
    clp_cli_catch_signals();
    score->cancel = clp_cli_stop_signal();
    clp_cli_overdue overdue;
    clp_cli_overdue_start(&overdue, NULL, false, score->device != NULL);
    clproc_status status = clproc_score(score, &result, &error);
    clp_cli_overdue_stop(&overdue);
    if (status == CLPROC_ERROR_CANCELLED && clp_cli_stopped_by()) {
        return CLP_EXIT_SIGNAL + clp_cli_stopped_by();
    }
    if (status != CLPROC_OK) {
        return clp_cli_rows_error(&error, score->output);
    }
    if (!settings->quiet) {
        clp_cli_say("%llu rows scored, %.2f s", (unsigned long long)result.rows, result.seconds);
    }
    return CLP_EXIT_OK;
}
