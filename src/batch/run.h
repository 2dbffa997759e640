/** One run: what its threads share. */
#ifndef CLP_BATCH_RUN_H
#define CLP_BATCH_RUN_H

#include "batch/board.h"
#include "batch/events.h"
#include "batch/listing.h"
#include "batch/names.h"
#include "batch/planner.h"

typedef struct clp_run {
    const clproc_run_params *params;
    uint64_t memory; /**< bytes that batches may hold, and that a file may have */
    uint32_t jobs;   /**< workers */
    bool copies;     /**< files whose format stays are copied as they are */
    clp_prof *prof;  /**< NULL without a profile */
    clp_events events;
    clp_listing listing;
    clp_names *names; /**< NULL if nothing is written */
    clp_planner *planner;
    clp_board *board;
    clp_device *device; /**< opened by the device's thread when the first picture needs it */
} clp_run;

/** Decodes and encodes until nothing is left: the body of a worker. */
void clp_worker_run(clp_run *run, uint32_t number);
/** Drives the device until nothing is left: the body of its thread. */
void clp_driver_run(clp_run *run);

#endif
