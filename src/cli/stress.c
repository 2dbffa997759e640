#include "cli.h"
#include "progress.h"
#include "reports.h"
#include "signals.h"
#include "text.h"

static int prepare(clp_cli_settings *settings) {
    clproc_stress_params *stress = &settings->stress;
    if (settings->operand_count > 0) {
        return clp_cli_usage_error("stress takes no operand; name pictures with --input");
    }
    int code = clp_cli_reports_prepare(settings);
    stress->run = settings->run;
    stress->run.inputs = settings->inputs.items;
    stress->run.input_count = settings->inputs.count;
    stress->run.output = settings->output;
    stress->run.only_run = true;
    stress->operations = settings->operations.items;
    stress->operation_count = settings->operations.count;
    if (stress->duration > 0 && !settings->iterations_given) {
        stress->iterations = 0;
    }
    return code;
}

int clp_cli_stress(clp_cli_settings *settings) {
    clproc_error error = {0};
    clproc_stress_result result = {0};
    clproc_profile *profile = NULL;
    clp_cli_progress progress;
    int code = prepare(settings);
    if (code != CLP_EXIT_OK) {
        return code;
    }
    clp_cli_progress_start(&progress, settings);
    clp_cli_catch_signals();
    settings->stress.run.on_event = clp_cli_progress_event;
    settings->stress.run.user = &progress;
    settings->stress.run.cancel = clp_cli_stop_signal();

    clproc_status status =
        clproc_stress(&settings->stress, clp_cli_results(settings), &result, &profile, &error);
    int stopped = clp_cli_stopped_by();
    clproc_run_result run = {.found = result.pictures + result.failed,
                             .written = result.pictures,
                             .failed = result.failed,
                             .seconds = result.seconds};
    if (result.pictures + result.failed > 0) {
        clp_cli_progress_finish(&progress, &run, status);
    }
    code = result.failed > 0 || result.differing > 0 ? CLP_EXIT_FAILED : CLP_EXIT_OK;
    if (status == CLPROC_ERROR_CANCELLED && stopped) {
        code = CLP_EXIT_SIGNAL + stopped;
    } else if (status != CLPROC_OK) {
        code = clp_cli_error(&error);
    }
    if (profile) {
        int reported = clp_cli_reports_write(settings, profile);
        code = code != CLP_EXIT_OK ? code : reported;
    }
    clproc_profile_destroy(&profile);
    return code;
}
