#include "cli.h"
#include "progress.h"
#include "signals.h"
#include "text.h"

int clp_cli_samples(clp_cli_settings *settings) {
    clproc_error error = {0};
    clproc_samples_params *samples = &settings->samples;
    clp_cli_progress progress;
    if (settings->operand_count > 0) {
        return clp_cli_usage_error("samples takes no operand; name the folder with -o");
    }
    if (!samples->output) {
        return clp_cli_usage_error("no output given; add -o FOLDER");
    }
    clp_cli_progress_start(&progress, settings);
    clp_cli_catch_signals();
    samples->on_event = clp_cli_progress_event;
    samples->user = &progress;
    samples->cancel = clp_cli_stop_signal();

    clproc_status status = clproc_samples(samples, &error);
    clproc_run_result result = {.found = samples->count,
                                .written = progress.done,
                                .seconds = clp_cli_progress_seconds(&progress)};
    if (status == CLPROC_OK || progress.done > 0) {
        clp_cli_progress_finish(&progress, &result, status);
    }
    if (status == CLPROC_ERROR_CANCELLED && clp_cli_stopped_by()) {
        return CLP_EXIT_SIGNAL + clp_cli_stopped_by();
    }
    return status == CLPROC_OK ? CLP_EXIT_OK : clp_cli_error(&error);
}
