/** A run that was asked to stop ends the program within a second, whatever it is in the midst of: a
 * driver's compiler, one kernel over a large picture, packing a PNG. None of that can be
 * interrupted, and nothing of it is of use any more: files get their names once they are whole. */
#ifndef CLP_CLI_OVERDUE_H
#define CLP_CLI_OVERDUE_H

#include <pthread.h>

#include "progress.h"

/** Between clp_cli_overdue_start() and _stop() a thread may wait for the signal. */
typedef struct clp_cli_overdue {
    clp_cli_progress *progress; /**< NULL: there is none to tell */
    bool reports;               /**< were asked for, and will be missed */
    pthread_mutex_t turn;       /**< of who speaks */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ended; /**< the run has */
    bool waits; /**< there is a thread */
    pthread_t thread;
} clp_cli_overdue;

/** `alone`: the thread ends the program by itself; without, clp_cli_overdue_leave() does. */
void clp_cli_overdue_start(clp_cli_overdue *overdue, clp_cli_progress *progress, bool reports,
                           bool alone);
/** A clproc_event_fn for the run; `user` is the clp_cli_overdue. */
void clp_cli_overdue_event(const clproc_event *event, void *user);
/** Ends the program as if the run had ended; `last`: what is said at the end; NULL: nothing. Who is
 * in the midst of speaking, to a pipe that nobody reads, is not waited for. */
_Noreturn void clp_cli_overdue_leave(clp_cli_overdue *overdue, const char *last);
/** The run has ended by itself. */
void clp_cli_overdue_stop(clp_cli_overdue *overdue);

#endif
