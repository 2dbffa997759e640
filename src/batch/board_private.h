/** The state that board.c (workers) and board_device.c (the device's thread) share. */
#ifndef CLP_BATCH_BOARD_PRIVATE_H
#define CLP_BATCH_BOARD_PRIVATE_H

#include <pthread.h>

#include "batch/board.h"

struct clp_batch {
    clp_batch *next; /**< in a list */
    clp_slot *slot;
    clp_picture *pictures;
    uint32_t room; /**< pictures it may hold */
    uint32_t count;
    uint32_t decoding; /**< pictures whose pixels are not there yet */
    uint32_t alive;    /**< pictures not dropped and not yet encoded */
    uint32_t handed;   /**< pictures before this one have gone to an encoder */
    bool sealed;
    bool ran; /**< the device is through with it */
    uint64_t number;
    /* Of a picture in bands, else 0 */
    uint32_t bands;                                /**< all there will be */
    uint32_t bands_ready, bands_taken, bands_done; /**< decoded, at the device, through it */
    bool queued;                                   /**< in the list of ready batches */
    clproc_error error;                            /**< status OK unless a band has failed */
};

/** First in, first out. */
typedef struct clp_batches {
    clp_batch *first, *last;
    uint32_t count;
} clp_batches;

struct clp_board {
    clp_board_params params;
    pthread_mutex_t lock;
    pthread_cond_t work;   /**< for workers: something to do, or room in a slot */
    pthread_cond_t orders; /**< for the device's thread */
    clproc_error error;    /**< status OK unless stopped */

    uint32_t next_item;
    uint32_t reading;          /**< files taken, neither placed nor through */
    uint32_t open_files;       /**< files taken and not through */
    uint64_t waiting_pictures; /**< finished, not yet at an encoder */

    bool needed;    /**< some plan wants a device */
    clp_plan *wish; /**< kernels to build ahead; one reference */
    clp_device *device;
    uint32_t images; /**< a batch may hold */
    uint64_t bytes;
    uint64_t device_memory; /**< bound of slots and scratch together */
    uint64_t scratch;       /**< of these, what the device's scratch may take */
    bool trim; /**< the device is to give its scratch up: a picture has no room beside it */

    clp_batch *open; /**< takes pictures; NULL if none */
    clp_batches free, ready, finished;
    clp_batch **all; /**< every batch there is; room for params.most_batches */
    uint32_t batch_count;
    uint32_t resident; /**< batches at the device */
    uint64_t numbered; /**< of the next batch */
};

void clp_batches_push(clp_batches *list, clp_batch *batch);
clp_batch *clp_batches_pop(clp_batches *list);
void clp_batches_remove(clp_batches *list, clp_batch *batch);
clproc_status clp_batch_create(clp_batch **batch, clp_device *device, uint64_t bytes,
                               uint32_t images, clproc_error *error);
void clp_batch_destroy(clp_batch **batch);

/* All that follows with the lock held. */

/** True if a picture goes to the device in bands. */
bool clp_board_streams(const clp_board *board, const clp_picture *picture);
/** A batch with room for a picture, opened if need be; NULL where there is none now,
 * or, with `*status` not OK, never. */
clp_batch *clp_board_find_room(clp_board *board, const clp_picture *picture, clproc_status *status,
                               clproc_error *error);
/** No more pictures for the open batch. */
void clp_board_seal(clp_board *board);
/** Puts a batch into the device's queue. */
void clp_board_make_ready(clp_board *board, clp_batch *batch);
/** A worker waits until something has changed; the profile says for what. */
void clp_board_wait_for_work(clp_board *board, clp_prof_thread *thread, clp_prof_stage stage);
/** Moves a batch on that is sealed and decoded. */
void clp_board_advance(clp_board *board, clp_batch *batch);
/** The next band of a picture that was taken from the list of ready batches. */
uint32_t clp_board_take_band(clp_board *board, clp_batch *batch);
/** Takes a picture in bands back from the device; waits for the bands that are there. */
void clp_board_withdraw(clp_board *board, clp_batch *batch);
/** Empties a batch for the next pictures; gives the lock up meanwhile. */
void clp_board_recycle(clp_board *board, clp_batch *batch);

/** True once nothing is left to do. */
bool clp_board_over(const clp_board *board);
/** True if the run was stopped, or now is, because the caller cancelled it. */
bool clp_board_stopped(clp_board *board);

#endif
