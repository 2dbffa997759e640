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
    uint32_t outputs; /**< of each file */
    uint64_t found, written, skipped, failed;
    uint64_t kept; /**< of those written, without being encoded anew */
} clp_events;

/** `report` may be NULL. `outputs`: that each file is to have. */
void clp_events_init(clp_events *events, uint32_t outputs, clproc_event_fn report, void *user);
void clp_events_destroy(clp_events *events);

/** `count` more outputs will be settled. */
void clp_events_found(clp_events *events, uint64_t count);
/** Of these, `count` are not for this run. */
void clp_events_dismissed(clp_events *events, uint64_t count);
/** There will be no more; told, too. */
void clp_events_listed(clp_events *events);

/** `kept`: it was not encoded anew. `digest`: of the output, "" where none was asked for. */
void clp_events_done(clp_events *events, const char *input, const char *output, bool kept,
                     const char *message, const char *digest);
/** `kind`: of what is no picture; may be NULL. `outputs`: that this
 * settles, which count as one. */
void clp_events_skipped(clp_events *events, const char *input, const char *output, uint32_t outputs,
                        clproc_skip why, const char *kind);
/** One or several outputs of an input failed, for the reason in `error`. `output`: the name where
 * it is one. */
void clp_events_failed(clp_events *events, const char *input, const char *output, uint32_t outputs,
                       const clproc_error *error);
void clp_events_warning(clp_events *events, const char *input, const char *message);
void clp_events_verified(clp_events *events, const char *input,
                         const clproc_verification *verification);
void clp_events_notice(clp_events *events, const char *message);

#endif
