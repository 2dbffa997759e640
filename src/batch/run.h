/** One run: what its threads share. */
#ifndef CLP_BATCH_RUN_H
#define CLP_BATCH_RUN_H

#include <stdatomic.h>

#include "batch/batch.h"
#include "batch/board.h"
#include "batch/bounds.h"
#include "batch/digest.h"
#include "batch/events.h"
#include "batch/listing.h"
#include "batch/lossless.h"
#include "batch/names.h"
#include "batch/planner.h"
#include "batch/strategy.h"
#include "batch/verify.h"

typedef struct clp_run {
    const clproc_run_params *params;
    uint64_t memory; /**< bytes that pictures under way may hold, and that a file may have */
    uint32_t jobs;   /**< workers */
    clp_output_set outputs;
    bool copies; /**< files may be copied whole, with what stands behind the picture */
    bool keeps;  /**< pictures may go through without a device: see clp_lossless_possible() */
    clp_session *session;
    clp_prof *prof; /**< the session's */
    clp_events events;
    clp_listing listing;
    bool lent;            /**< the listing belongs to who takes features */
    uint64_t first_image; /**< of the listing, as the profile numbers pictures */
    clp_planner *planner;
    clp_board *board;
    clp_stations *stations;
    clp_verify verify;
    bool decodes_small;      /**< one reading of a JPEG serves its files and its features */
    atomic_llong early_room; /**< bytes that may be decoded before a device is there */
    clp_digest_sum written;  /**< the files, for the profile */
} clp_run;

/** What the listing is made from. `folders`: room for one of each output. */
clp_listing_request clp_run_listing_request(const clp_run *run, clp_listing_output *folders);
/** Decodes and encodes until nothing is left: the body of a worker. */
void clp_worker_run(clp_run *run, uint32_t number);

#endif
