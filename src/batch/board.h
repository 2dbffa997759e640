/** Who does what next: the one place where workers and the device's thread meet.
 *
 *  Workers take files and finished pictures; the device's thread takes batches. A batch is open
 * while pictures are added, sealed when it is full or no more will come, ready when all of them are
 * decoded, finished when the device is through, and free again when the last one is encoded.
 */
#ifndef CLP_BATCH_BOARD_H
#define CLP_BATCH_BOARD_H

#include "batch/hashset.h"
#include "batch/metadata.h"
#include "batch/planner.h"
#include "device/device.h"

typedef struct clp_batch clp_batch;

/** One file on its way through a batch. */
typedef struct clp_picture {
    uint32_t item; /**< in the listing */
    clp_recipe recipe;
    clp_key source;   /**< what clp_names_source() said before it was read */
    clp_bytes output; /**< name, NUL-terminated; empty where nothing is written */
    clp_metadata metadata;
    bool in_rows;      /**< the decoder brings its rows once, from the top down */
    uint8_t *original; /**< its decoded samples, kept for --verify, or NULL */
    /* Set by the board */
    clp_batch *batch;
    uint32_t index;
    uint32_t bands; /**< to decode it and hand it over in; 0: as a whole */
    bool dropped;
} clp_picture;

void clp_picture_free(clp_picture *picture);

typedef enum clp_task_kind {
    CLP_TASK_READ,    /**< a file */
    CLP_TASK_ENCODE,  /**< a finished picture */
    CLP_TASK_PLACED,  /**< clp_board_reserve() only: the picture has its place */
    CLP_TASK_REFUSED, /**< clp_board_reserve() only: it cannot have one */
    CLP_TASK_END      /**< nothing is left to do, or the run was stopped */
} clp_task_kind;

typedef struct clp_task {
    clp_task_kind kind;
    uint32_t item;        /**< READ */
    clp_picture *picture; /**< ENCODE, PLACED */
} clp_task;

typedef struct clp_board_params {
    uint32_t item_count;
    uint64_t first_image; /**< what the profile calls item 0 */
    uint64_t first_batch; /**< and the first batch */
    uint64_t deadline;    /**< of clp_clock_ns(), from when on no file is taken; 0: none */
    uint32_t most_batches;
    uint64_t memory; /**< bytes that all slots together may hold */
    bool stream;     /**< large pictures go to the device in bands, where it takes them */
    uint64_t
        device_memory; /**< bytes that these and scratch may take on the device; 0: what suits it */
    const volatile int *cancel;
    clp_prof *prof;
} clp_board_params;

typedef struct clp_board clp_board;

clproc_status clp_board_create(clp_board **board, const clp_board_params *params,
                               clproc_error *error);
/** Also destroys the slots; all threads have ended. */
void clp_board_destroy(clp_board **board);

/** Ends the run early: waiting threads return. The first error stays. */
void clp_board_stop(clp_board *board, const clproc_error *error);
/** Batches opened so far. */
uint64_t clp_board_batches(const clp_board *board);
/** How the run ended; CLPROC_OK if it was not stopped. */
clproc_status clp_board_result(clp_board *board, clproc_error *error);

/* ------------------------------------------------------------- workers */

/** The next thing to do; waits for it. Finished pictures come before files, so that what holds
 * memory gives it back first. */
void clp_board_next(clp_board *board, clp_prof_thread *thread, clp_task *task);
/** Asks for the device, so that it is there in time. */
void clp_board_need(clp_board *board);
/** True once batches can be filled. */
bool clp_board_has_device(clp_board *board);
/** Asks for the device and for its kernels for this plan. */
void clp_board_want(clp_board *board, clp_plan *plan);
/** Moves `draft` to a place in a batch, exchanging its buffers for used ones: PLACED. Instead of
 * waiting for room, hands out a finished picture where there is one: ENCODE, then ask again. If it
 * cannot have a place, REFUSED with `error` filled; if the run was stopped, END. */
void clp_board_reserve(clp_board *board, clp_prof_thread *thread, clp_picture *draft,
                       clp_task *task, clproc_error *error);
/** A file that was taken is through without having had a place. */
void clp_board_leave(clp_board *board);
/** The pixels of a placed picture are in its slot. */
void clp_board_decoded(clp_board *board, clp_picture *picture);
/** Waits until the window of a band may be written. Fails where the device has failed on an earlier
 * band, and where the run was stopped: then `*stopped` is set. */
clproc_status clp_board_await_window(clp_board *board, clp_prof_thread *thread,
                                     clp_picture *picture, uint32_t band, bool *stopped,
                                     clproc_error *error);
/** The next band of a placed picture is in its window. With the last one the picture is decoded,
 * and this stands for clp_board_decoded(). */
void clp_board_band_ready(clp_board *board, clp_picture *picture);
/** A placed picture could not be decoded; it is through. */
void clp_board_drop(clp_board *board, clp_picture *picture);
/** A finished picture needs its slot no longer, and is the board's again. */
void clp_board_encoded(clp_board *board, clp_picture *picture);
/** What was encoded is written, or has failed: it is through. */
void clp_board_done(clp_board *board);

/* ---------------------------------------------------- the device's thread */

/** Waits until a device is needed; false if it never will be. */
bool clp_board_await_need(clp_board *board);
/** The device is up: batches may hold `images` pictures and `bytes` of input. */
void clp_board_set_device(clp_board *board, clp_device *device, uint32_t images, uint64_t bytes);

typedef enum clp_order_kind {
    CLP_ORDER_NONE,    /**< nothing now */
    CLP_ORDER_PREPARE, /**< build the kernels of `plan`, then release it */
    CLP_ORDER_RUN,     /**< submit `batch` */
    CLP_ORDER_BAND,    /**< submit a band of the picture that is `batch` */
    CLP_ORDER_TRIM,    /**< give scratch up, then clp_board_trimmed() */
    CLP_ORDER_END
} clp_order_kind;

typedef struct clp_order {
    clp_order_kind kind;
    clp_plan *plan;
    clp_batch *batch;
    uint32_t band;
} clp_order;

/** The next thing for the device; with `wait` never NONE. */
void clp_board_take(clp_board *board, clp_prof_thread *thread, bool wait, clp_order *order);
void clp_board_trimmed(clp_board *board);
clp_slot *clp_batch_slot(const clp_batch *batch);
uint64_t clp_batch_number(const clp_batch *batch);
/** Picture by picture; NULL after the last. Skips dropped ones. */
clp_picture *clp_batch_picture(clp_batch *batch, uint32_t *cursor);
/** The results of a batch can be encoded. */
void clp_board_finished(clp_board *board, clp_batch *batch);
/** A batch has failed; its pictures have been reported and are through. */
void clp_board_failed(clp_board *board, clp_batch *batch);
/** A band before the last is through. */
void clp_board_band_done(clp_board *board, clp_batch *batch);
/** A band has failed, and with it the picture: what is decoded of it from now on is of no use. True
 * if it is the first one. */
bool clp_board_band_failed(clp_board *board, clp_batch *batch, const clproc_error *error);
/** What a band failed with; NULL if none did. */
const clproc_error *clp_batch_error(const clp_batch *batch);
/** True for a picture's last band. */
bool clp_batch_ends_with(const clp_batch *batch, uint32_t band);

#endif
