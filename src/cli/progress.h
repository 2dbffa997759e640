/** Telling people, or a program, how a run goes on: on standard error, while it goes. */
#ifndef CLP_CLI_PROGRESS_H
#define CLP_CLI_PROGRESS_H

#include "options.h"

typedef struct clp_cli_progress {
    clp_cli_progress_mode mode; /**< AUTO is settled when it starts */
    bool terminal;              /**< standard error is one that can redraw a line */
    uint64_t to_verify;         /**< pictures that were asked for */
    bool list;                  /**< print every finished picture on standard output (dry run) */
    bool quiet;                 /**< nothing but warnings and errors */
    bool verbose;               /**< name every file */
    FILE *results;              /**< standard output, or where that is a picture's, error */
    const clp_cli_settings *settings;
    double started, drawn; /**< seconds */
    double watched;        /**< when drivers were looked at last: seconds since `started` */
    uint64_t done, skipped, failed;
    uint64_t found;                           /**< so far */
    bool listed;                              /**< there will be no more */
    uint64_t skips[CLPROC_SKIP_FILTERED + 1]; /**< by clproc_skip, of which this is the last */
    struct {
        char name[8];
        uint64_t count;
    } kinds[24]; /**< of what was no picture */
    bool shown;  /**< a progress line stands on the terminal */
    char last[160];
} clp_cli_progress;

void clp_cli_progress_start(clp_cli_progress *progress, const clp_cli_settings *settings);
/** A clproc_event_fn; `user` is the clp_cli_progress. */
void clp_cli_progress_event(const clproc_event *event, void *user);
/** Since it started. */
double clp_cli_progress_seconds(const clp_cli_progress *progress);
/** Takes the progress line away and prints the summary of a run that ended with `status`. */
void clp_cli_progress_finish(clp_cli_progress *progress, const clproc_run_result *result,
                             clproc_status status);
/** The same, from what was told so far, of a run that was stopped and does not come to its end. */
void clp_cli_progress_leave(clp_cli_progress *progress);

#endif
