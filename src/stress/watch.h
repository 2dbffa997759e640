/** Asks runs to stop when the user does, or when their time is over. */
#ifndef CLP_STRESS_WATCH_H
#define CLP_STRESS_WATCH_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/error.h"

typedef struct clp_watch {
    volatile int stop;         /**< give this to runs as their `cancel` */
    atomic_bool late;          /**< the time is over */
    const volatile int *asked; /**< the caller's own; may be NULL */
    uint64_t deadline;         /**< of clp_clock_ns(), 0: none */
    atomic_bool ended;
    pthread_t thread;
} clp_watch;

/** `seconds`: 0 for no end. */
clproc_status clp_watch_start(clp_watch *watch, const volatile int *asked, double seconds,
                              clproc_error *error);
void clp_watch_end(clp_watch *watch);

#endif
