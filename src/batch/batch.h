/** Runs over many files, as clproc_run() and clproc_explain() promise; arguments are checked. */
#ifndef CLP_BATCH_BATCH_H
#define CLP_BATCH_BATCH_H

#include "batch/listing.h"
#include "batch/stations.h"
#include "features/features.h"

/** What became of a file whose features were wanted. */
typedef struct clp_taken {
    uint32_t item; /**< of the listing */
    const uint8_t
        *file; /**< its bytes as far as its picture goes; NULL where they are not at hand */
    size_t size;
    const clp_features *features; /**< NULL if it could not be decoded */
    const char *flaw;             /**< what is wrong with it; "" if nothing is */
} clp_taken;

/** Who takes features. Functions are called by any worker, each worker being in one call. */
typedef struct clp_sink {
    clp_listing *listing; /**< the files, to be freed by who takes features */
    /** NULL: the listing is there, and features are all that is made. Else a run that makes its
     * outputs, too, fills it in, and calls this before any file is opened; of workers, numbered
     * from 1, there will be so many at most. */
    clproc_status (*listed)(void *user, uint32_t workers, clproc_error *error);
    /** Asked before a file is opened; false: its features are not wanted, and end() is not called
     * for it. */
    bool (*begin)(void *user, uint32_t worker, uint32_t item, clproc_status *status,
                  clproc_error *error);
    /** Called once for each file, unless the run is stopped. An error, here as there, stops it. */
    clproc_status (*end)(void *user, uint32_t worker, const clp_taken *taken, clproc_error *error);
    void *user;
} clp_sink;

/** What runs in a row share. Zero-initialise, then clp_session_begin(). */
typedef struct clp_session {
    clp_opened opened;    /**< devices; none until a run needs one */
    clp_prof *prof;       /**< NULL without a profile */
    uint64_t images;      /**< listed by the runs so far: the number of the next one's first */
    uint64_t deadline;    /**< of clp_clock_ns(), from when on runs begin no file; 0: none */
    const clp_sink *sink; /**< takes features of what runs process; may be NULL */
    bool cut_short;       /**< the last run failed or was stopped */
    bool leave_drivers;   /**< at its end, as clproc_run_params has it */
    bool left_drivers;    /**< that was done */
    const volatile int *cancel; /**< of the last run */
} clp_session;

/** `level`: of the profile that clp_session_end() is to give. */
clproc_status clp_session_begin(clp_session *session, clproc_profile_level level,
                                clproc_error *error);
/** Closes the device. `profile` may be NULL where the session keeps none. */
clproc_status clp_session_end(clp_session *session, clproc_profile **profile, clproc_error *error);

/** One run of a session. All of them name the same device. `*result` is filled in any case. */
clproc_status clp_session_run(clp_session *session, const clproc_run_params *params,
                              clproc_run_result *result, clproc_error *error);

/** A session of one run, or with params->duration of as many as fit; `*result` counts all of them.
 * `profile` may be NULL, and so may `sink`. */
clproc_status clp_batch_run(const clproc_run_params *params, const clp_sink *sink,
                            clproc_run_result *result, clproc_profile **profile,
                            clproc_error *error);
/** Makes the features of all files of a listing. Of `params` inputs, outputs and operations are
 * set here. */
clproc_status clp_batch_features(const clproc_run_params *params, const clp_sink *sink,
                                 clproc_error *error);
clproc_status clp_batch_explain(const clproc_run_params *params, const char *file, FILE *out,
                                clproc_error *error);

#endif
