#include "overdue.h"

#include <time.h>
#include <unistd.h>

#include "signals.h"
#include "text.h"

/** The thread looks for a signal as often as this; after so many looks it waits no longer. */
#define LOOK_NS 100000000
#define MOST_LOOKS 6

static struct timespec later(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    time.tv_nsec += LOOK_NS;
    time.tv_sec += time.tv_nsec / 1000000000;
    time.tv_nsec %= 1000000000;
    return time;
}

void clp_cli_overdue_leave(clp_cli_overdue *overdue, const char *last) {
    struct timespec until = later(CLOCK_REALTIME);
    if (pthread_mutex_timedlock(&overdue->turn, &until) == 0) {
        if (overdue->reports) {
            clp_cli_say("no report is written: there was no end to what was under way");
        }
        if (overdue->progress) {
            clp_cli_progress_leave(overdue->progress);
        }
        if (last) {
            clp_cli_say("%s", last);
        }
        fflush(stdout);
    }
    _exit(CLP_EXIT_SIGNAL + clp_cli_stopped_by());
}

static void *wait_for_end(void *argument) {
    clp_cli_overdue *overdue = argument;
    int looks = 0;
    pthread_mutex_lock(&overdue->lock);
    while (!overdue->ended && looks < MOST_LOOKS) {
        struct timespec until = later(CLOCK_MONOTONIC);
        pthread_cond_timedwait(&overdue->changed, &overdue->lock, &until);
        looks += clp_cli_stopped_by() != 0;
    }
    if (!overdue->ended) {
        clp_cli_overdue_leave(overdue, NULL);
    }
    pthread_mutex_unlock(&overdue->lock);
    return NULL;
}

void clp_cli_overdue_start(clp_cli_overdue *overdue, clp_cli_progress *progress, bool reports,
                           bool alone) {
    pthread_condattr_t attributes;
    *overdue = (clp_cli_overdue){.progress = progress, .reports = reports};
    pthread_mutex_init(&overdue->turn, NULL);
    pthread_mutex_init(&overdue->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&overdue->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    /* Without a thread a second signal ends the program, as ever. */
    overdue->waits = alone && pthread_create(&overdue->thread, NULL, wait_for_end, overdue) == 0;
}

void clp_cli_overdue_event(const clproc_event *event, void *user) {
    clp_cli_overdue *overdue = user;
    pthread_mutex_lock(&overdue->turn);
    clp_cli_progress_event(event, overdue->progress);
    pthread_mutex_unlock(&overdue->turn);
}

void clp_cli_overdue_stop(clp_cli_overdue *overdue) {
    pthread_mutex_lock(&overdue->lock);
    overdue->ended = true;
    pthread_cond_signal(&overdue->changed);
    pthread_mutex_unlock(&overdue->lock);
    if (overdue->waits) {
        pthread_join(overdue->thread, NULL);
    }
    pthread_cond_destroy(&overdue->changed);
    pthread_mutex_destroy(&overdue->lock);
    pthread_mutex_destroy(&overdue->turn);
}
