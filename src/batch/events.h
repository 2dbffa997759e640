/** Telling the caller what happens, one event at a time, and counting it. */
#ifndef CLP_BATCH_EVENTS_H
#define CLP_BATCH_EVENTS_H

#include <pthread.h>

#include "core/error.h"

/** Made by clp_events_init(); every function may be called from any thread. */
typedef struct clp_events {
    pthread_mutex_t lock;
    clproc_event_fn report;
    void *user;
    bool listing;
    uint64_t found, written, skipped, failed;
} clp_events;

/** `report` may be NULL. */
void clp_events_init(clp_events *events, clproc_event_fn report, void *user);
void clp_events_destroy(clp_events *events);

/** `count` more files were found. */
void clp_events_found(clp_events *events, uint64_t count);
/** Of these, `count` are not for this run. */
void clp_events_dismissed(clp_events *events, uint64_t count);
/** There will be no more. */
void clp_events_listed(clp_events *events);

/** `digest`: of the output, "" where none was asked for. */
void clp_events_done(clp_events *events, const char *input, const char *output, const char *message,
                     const char *digest);
/** `kind`: of what is no picture; may be NULL. */
void clp_events_skipped(clp_events *events, const char *input, const char *output, clproc_skip why,
                        const char *kind);
/** Something of the input list failed, for the reason in `error`. */
void clp_events_failed(clp_events *events, const char *input, const char *output,
                       const clproc_error *error);
void clp_events_warning(clp_events *events, const char *input, const char *message);
void clp_events_verified(clp_events *events, const char *input,
                         const clproc_verification *verification);
void clp_events_notice(clp_events *events, const char *message);

#endif
