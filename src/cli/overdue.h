/** A run that was asked to stop ends the program within a second, whatever it is in the midst of: a
 * driver's compiler, one kernel over a large picture, packing a PNG. None of that can be
 * interrupted, and nothing of it is of use any more: files get their names once they are whole. */
#ifndef CLP_CLI_OVERDUE_H
#define CLP_CLI_OVERDUE_H

#include <pthread.h>

#include "progress.h"

/** Between clp_cli_overdue_start() and _stop() a thread waits for the signal. */
typedef struct clp_cli_overdue {
    clp_cli_progress *progress;
    bool reports;         /**< were asked for, and will be missed */
    pthread_mutex_t turn; /**< of who speaks */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ended; /**< the run has */
    bool waits; /**< there is a thread */
    pthread_t thread;
} clp_cli_overdue;

void clp_cli_overdue_start(clp_cli_overdue *overdue, clp_cli_progress *progress, bool reports);
/** A clproc_event_fn for the run; `user` is the clp_cli_overdue. */
void clp_cli_overdue_event(const clproc_event *event, void *user);
/** The run has ended by itself. */
void clp_cli_overdue_stop(clp_cli_overdue *overdue);

#endif
