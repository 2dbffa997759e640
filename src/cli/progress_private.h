/** What progress.c has others print: lines for programs, and the summary for people. */
#ifndef CLP_CLI_PROGRESS_PRIVATE_H
#define CLP_CLI_PROGRESS_PRIVATE_H

#include "progress.h"

/** How far a run is, as one line of JSON. `rate`: pictures a second; 0: not known yet. */
void clp_cli_progress_draw_json(const clp_cli_progress *progress, const clproc_event *event,
                                double rate);
/** What has happened, as one line of JSON. */
void clp_cli_progress_tell_json(const clp_cli_progress *progress, const clproc_event *event);
/** How a run ended, as one line of JSON. */
void clp_cli_progress_finish_json(const clp_cli_progress *progress, const clproc_run_result *result,
                                  clproc_status status);

/** How a run ended, in a line that fits a terminal; of one that was stopped also how to go on. */
void clp_cli_summary_print(const clp_cli_progress *progress, const clproc_run_result *result,
                           clproc_status status);

#endif
