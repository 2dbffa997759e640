#include "cli.h"
#include "progress.h"
#include "signals.h"
#include "text.h"

int clp_cli_analyse(clp_cli_settings *settings) {
    clproc_error error = {0};
    clproc_analyse_params *analyse = &settings->analyse;
    clp_cli_progress progress;
    const char *folder = settings->output ? settings->output : ".";
    clp_cli_progress_start(&progress, settings);
    clp_cli_catch_signals();
    analyse->run = settings->run;
    analyse->run.inputs = settings->operands;
    analyse->run.input_count = settings->operand_count;
    analyse->run.output = folder;
    analyse->run.only_run = true;
    analyse->run.pipeline = settings->pipeline;
    analyse->run.on_event = clp_cli_progress_event;
    analyse->run.user = &progress;
    analyse->run.cancel = clp_cli_stop_signal();

    clproc_status status = clproc_analyse(analyse, &error);
    clproc_run_result result = {.found = progress.done,
                                .written = progress.done,
                                .seconds = clp_cli_progress_seconds(&progress)};
    if (progress.done > 0) {
        clp_cli_progress_finish(&progress, &result, status);
    }
    if (status == CLPROC_ERROR_CANCELLED && clp_cli_stopped_by()) {
        return CLP_EXIT_SIGNAL + clp_cli_stopped_by();
    }
    if (status != CLPROC_OK) {
        return clp_cli_error(&error);
    }
    clp_cli_put_text(stdout, folder);
    puts("/analysis.md");
    clp_cli_put_text(stdout, folder);
    puts("/analysis.html");
    return CLP_EXIT_OK;
}
