/* The life of batches: how many there are, what they hold, and which list they wait in. */
#include "batch/board_private.h"
#include "core/memory.h"

void clp_batches_push(clp_batches *list, clp_batch *batch) {
    batch->next = NULL;
    if (list->last) {
        list->last->next = batch;
    } else {
        list->first = batch;
    }
    list->last = batch;
    list->count++;
}

clp_batch *clp_batches_pop(clp_batches *list) {
    clp_batch *batch = list->first;
    if (batch) {
        list->first = batch->next;
        list->last = list->first ? list->last : NULL;
        list->count--;
    }
    return batch;
}

void clp_batches_remove(clp_batches *list, clp_batch *batch) {
    for (uint32_t left = list->count; left > 0; left--) {
        clp_batch *first = clp_batches_pop(list);
        if (first != batch) {
            clp_batches_push(list, first);
        }
    }
}

void clp_picture_free(clp_picture *picture) {
    clp_plan_release(&picture->recipe.plan);
    clp_bytes_free(&picture->output);
    clp_metadata_free(&picture->metadata);
    clp_memory_free(picture->original);
}

clproc_status clp_batch_create(clp_batch **batch, clp_device *device, uint64_t bytes,
                               uint32_t images, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    clp_batch *made = clp_memory_zero(CLP_MEMORY_BATCH, 1, sizeof *made);
    if (!made) {
        return clp_error_memory(error, "a batch", sizeof *made);
    }
    made->pictures = clp_memory_zero(CLP_MEMORY_BATCH, images, sizeof *made->pictures);
    if (!made->pictures) {
        status = clp_error_memory(error, "a batch", images * sizeof *made->pictures);
        goto out;
    }
    made->room = images;
    CLP_TRY(status, out, clp_slot_create(&made->slot, device, bytes, images, error));
out:
    if (status != CLPROC_OK) {
        clp_batch_destroy(&made);
    }
    *batch = made;
    return status;
}

void clp_batch_destroy(clp_batch **batch) {
    if (*batch) {
        for (uint32_t i = 0; (*batch)->pictures && i < (*batch)->room; i++) {
            clp_picture_free(&(*batch)->pictures[i]);
        }
        clp_memory_free((*batch)->pictures);
        clp_slot_destroy(&(*batch)->slot);
        clp_memory_free(*batch);
        *batch = NULL;
    }
}

/* --------------------------------------------------------- how many there are */

static uint64_t larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static uint64_t bytes_held(const clp_board *board) {
    uint64_t total = 0;
    for (uint32_t i = 0; i < board->batch_count; i++) {
        total += clp_slot_bytes(board->all[i]->slot);
    }
    return total;
}

static void forget(clp_board *board, clp_batch *batch) {
    for (uint32_t i = 0; i < board->batch_count; i++) {
        if (board->all[i] == batch) {
            board->all[i] = board->all[--board->batch_count];
            break;
        }
    }
    clp_batch_destroy(&batch);
}

/** Batches beyond these would only wait for the device. */
#define DEVICE_QUEUE 2

static bool may_create(const clp_board *board, uint64_t needed, uint64_t bound) {
    return board->batch_count < board->params.most_batches &&
           board->ready.count + board->resident < DEVICE_QUEUE &&
           (board->batch_count == 0 || bytes_held(board) + needed <= bound);
}

/** Makes a batch, which is empty and holds no memory yet. */
static clp_batch *create(clp_board *board, clproc_status *status, clproc_error *error) {
    clp_batch *batch = NULL;
    *status = clp_batch_create(&batch, board->device, board->bytes, board->images, error);
    if (*status == CLPROC_OK) {
        board->all[board->batch_count++] = batch;
    }
    return batch;
}

/** Takes a free batch that can hold a picture within the bound of all batches; others that are free
 * give theirs up for it. NULL if busy ones must finish first, or a new one should be made. */
static clp_batch *reuse(clp_board *board, const clp_plan *plan, bool banded, uint64_t bound) {
    clp_batch *batch = clp_batches_pop(&board->free);
    if (!batch) {
        return NULL;
    }
    uint64_t growth = clp_slot_growth(batch->slot, plan, banded);
    while (bytes_held(board) + growth > bound && board->free.count) {
        forget(board, clp_batches_pop(&board->free));
    }
    if (bytes_held(board) + growth > bound) {
        if (board->batch_count > 1) {
            clp_batches_push(&board->free, batch);
        } else {
            forget(board, batch); /* its arenas have the wrong proportions */
        }
        batch = NULL;
    }
    return batch;
}

bool clp_board_streams(const clp_board *board, const clp_picture *picture) {
    return board->params.stream && picture->in_rows &&
           clp_device_takes_bands(board->device, picture->recipe.plan);
}

/** Lets a batch grow for as many pictures of `needed` bytes as are left; for one where more might
 * not have room. */
static void invite(clp_board *board, clp_batch *batch, uint64_t needed, uint64_t bound) {
    uint64_t left = board->params.item_count - board->next_item + (uint64_t)board->reading;
    uint64_t bytes = board->bytes / needed < left ? board->bytes : needed * left;
    clp_slot_want(batch->slot, bytes_held(board) + bytes <= bound ? bytes : needed);
}

/** Refuses a picture that has no room even alone. */
static clproc_status check_size(const clp_board *board, uint64_t needed, uint64_t scratch,
                                clproc_error *error) {
    uint64_t on_device = needed + scratch;
    bool device = on_device > board->device_memory;
    if (!device && needed <= board->params.memory) {
        return CLPROC_OK;
    }
    return clp_error_set(
        error, CLPROC_ERROR_LIMIT,
        "needs %llu bytes%s while it is processed, more than the limit of %llu; raise it with %s",
        (unsigned long long)(device ? on_device : needed), device ? " on the device" : "",
        (unsigned long long)(device ? board->device_memory : board->params.memory),
        device ? "--device-memory, or use --device cpu" : "--memory");
}

clp_batch *clp_board_find_room(clp_board *board, const clp_picture *picture, clproc_status *status,
                               clproc_error *error) {
    clp_batch *batch;
    const clp_plan *plan = picture->recipe.plan;
    bool banded = clp_board_streams(board, picture);
    uint64_t needed = clp_slot_share(plan, banded), own_scratch = clp_slot_scratch(plan, banded);
    uint64_t scratch = larger(board->scratch, own_scratch);
    *status = check_size(board, needed, own_scratch, error);
    if (*status != CLPROC_OK) {
        return NULL;
    }
    while (board->open && !clp_slot_fits(board->open->slot, plan, banded, board->scratch)) {
        clp_board_seal(board);
    }
    if (board->open) {
        return board->open;
    }
    if (board->trim || needed > board->device_memory - scratch) {
        /* No batch is opened until those there are have done with their scratch. */
        board->trim = true;
        pthread_cond_signal(&board->orders);
        return NULL;
    }
    uint64_t bound = smaller(board->device_memory - scratch, board->params.memory);
    batch = reuse(board, plan, banded, bound);
    if (!batch && board->free.count == 0 && may_create(board, needed, bound)) {
        batch = create(board, status, error);
    }
    if (batch) {
        invite(board, batch, needed, bound);
        board->scratch = scratch;
        batch->number = board->numbered++;
        board->open = batch;
    }
    return batch;
}

/* ----------------------------------------------------------- moving them on */

void clp_board_seal(clp_board *board) {
    clp_batch *batch = board->open;
    board->open = NULL;
    batch->sealed = true;
    clp_board_advance(board, batch);
}

void clp_board_make_ready(clp_board *board, clp_batch *batch) {
    clp_batches_push(&board->ready, batch);
    clp_prof_gauge_set(board->params.prof, CLP_GAUGE_BATCHES_WAITING, board->ready.count);
    pthread_cond_signal(&board->orders);
}

void clp_board_advance(clp_board *board, clp_batch *batch) {
    if (!batch->sealed || batch->decoding > 0 || batch->bands > 0) {
        return;
    }
    if (batch->alive == 0) {
        clp_board_recycle(board, batch);
        return;
    }
    clp_board_make_ready(board, batch);
}

void clp_board_recycle(clp_board *board, clp_batch *batch) {
    clproc_error error;
    batch->count = batch->handed = 0;
    batch->bands = batch->bands_ready = batch->bands_taken = batch->bands_done = 0;
    batch->error.status = CLPROC_OK;
    batch->sealed = batch->ran = false;
    pthread_mutex_unlock(&board->lock);
    clproc_status status = clp_slot_reset(batch->slot, &error);
    pthread_mutex_lock(&board->lock);
    if (status == CLPROC_OK) {
        clp_batches_push(&board->free, batch);
    } else {
        /* A new slot may still work; if not, its first picture says why. */
        forget(board, batch);
    }
    pthread_cond_broadcast(&board->work);
    if (board->trim) {
        pthread_cond_signal(&board->orders);
    }
}
