/** A worker's state and its parts: worker.c has its tasks, reading.c brings a file as far as what
 * its output will be, fill.c its pixels to the device. */
#ifndef CLP_BATCH_WORKER_H
#define CLP_BATCH_WORKER_H

#include "batch/run.h"
#include "core/memory.h"

/** Codec state and buffers that serve file after file. */
typedef struct clp_worker {
    clp_run *run;
    clp_prof_thread *thread;
    clp_decoder *decoder;
    clp_encoder *encoder;
    clp_bytes file;    /**< the file being read */
    uint8_t *early;    /**< a picture decoded before there was a device to decode for, or NULL */
    clp_bytes name;    /**< of the file being written */
    clp_picture draft; /**< before it has a place in a batch */
    clp_header header; /**< of the file being read */
} clp_worker;

static inline const char *clp_worker_input(const clp_worker *self, uint32_t item) {
    return self->run->listing.items[item].path;
}

/** What the profile calls a picture. */
static inline uint64_t clp_worker_image(const clp_worker *self, uint32_t item) {
    return self->run->first_image + item;
}

/** What became of a file that did not fail. */
typedef enum clp_outcome {
    CLP_OUTCOME_GOES_ON,
    CLP_OUTCOME_THROUGH, /**< skipped, copied or only looked at; reported */
    CLP_OUTCOME_STOPPED  /**< the run was */
} clp_outcome;

/* --------------------------------------------------------- reading.c */

/** Reads a file whole; what turned up in a folder only if it is a picture. */
clproc_status clp_worker_read_file(clp_worker *self, uint32_t item, clp_outcome *outcome,
                                   clproc_error *error);
clproc_status clp_worker_read_header(clp_worker *self, uint32_t item, clproc_error *error);
/** From a file's name to a draft that only lacks its pixels. */
clproc_status clp_worker_prepare(clp_worker *self, clp_picture *draft, clp_outcome *outcome,
                                 clproc_error *error);

/* ------------------------------------------------------------ fill.c */

/** While the device is still opening there is time to decode, but no batch to decode into. */
clproc_status clp_worker_decode_early(clp_worker *self, const clp_picture *draft,
                                      clproc_error *error);
/** Gives up what was decoded early. */
void clp_worker_drop_early(clp_worker *self);
/** Brings a placed picture's pixels into its slot. */
clproc_status clp_worker_fill(clp_worker *self, clp_picture *picture, clp_outcome *outcome,
                              clproc_error *error);
/** Gives up what verification kept of a picture. */
void clp_worker_drop_original(clp_picture *picture);

/* ---------------------------------------------------------- worker.c */

clproc_status clp_worker_write(clp_worker *self, uint32_t item, clp_key source, const char *name,
                               const void *data, size_t size, clproc_error *error);

#endif
