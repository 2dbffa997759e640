#include "batch/board.h"

#include "batch/board_private.h"
#include "core/cancel.h"
#include "core/clock.h"
#include "core/memory.h"

/* -------------------------------------------------------------- the whole */

clproc_status clp_board_create(clp_board **board, const clp_board_params *params,
                               clproc_error *error) {
    clproc_status status = CLPROC_OK;
    clp_board *made = clp_memory_zero(CLP_MEMORY_BATCH, 1, sizeof *made);
    if (!made) {
        return clp_error_memory(error, "the batches", sizeof *made);
    }
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->work, NULL);
    pthread_cond_init(&made->orders, NULL);
    made->params = *params;
    made->numbered = params->first_batch;
    made->all = clp_memory_zero(CLP_MEMORY_BATCH, params->most_batches, sizeof *made->all);
    if (!made->all) {
        status = clp_error_memory(error, "the batches", params->most_batches * sizeof *made->all);
        clp_board_destroy(&made);
    }
    *board = made;
    return status;
}

void clp_board_destroy(clp_board **board) {
    if (*board) {
        for (uint32_t i = 0; i < (*board)->batch_count; i++) {
            clp_batch_destroy(&(*board)->all[i]);
        }
        clp_plan_release(&(*board)->wish);
        clp_memory_free((*board)->all);
        pthread_cond_destroy(&(*board)->orders);
        pthread_cond_destroy(&(*board)->work);
        pthread_mutex_destroy(&(*board)->lock);
        clp_memory_free(*board);
        *board = NULL;
    }
}

static void stop(clp_board *board, const clproc_error *error) {
    if (board->error.status == CLPROC_OK) {
        board->error = *error;
    }
    pthread_cond_broadcast(&board->work);
    pthread_cond_broadcast(&board->orders);
}

void clp_board_stop(clp_board *board, const clproc_error *error) {
    pthread_mutex_lock(&board->lock);
    stop(board, error);
    pthread_mutex_unlock(&board->lock);
}

clproc_status clp_board_result(clp_board *board, clproc_error *error) {
    pthread_mutex_lock(&board->lock);
    clproc_status status = board->error.status;
    if (status != CLPROC_OK && error) {
        *error = board->error;
    }
    pthread_mutex_unlock(&board->lock);
    return status;
}

uint64_t clp_board_batches(const clp_board *board) {
    return board->numbered - board->params.first_batch;
}

bool clp_board_over(const clp_board *board) {
    return board->next_item == board->params.item_count && board->open_files == 0;
}

bool clp_board_stopped(clp_board *board) {
    clproc_error error;
    if (board->error.status == CLPROC_OK &&
        clp_cancel_check(board->params.cancel, &error) != CLPROC_OK) {
        stop(board, &error);
    }
    return board->error.status != CLPROC_OK;
}

/* ------------------------------------------------------------------ workers */

/** `count` files are through. */
static void count_out(clp_board *board, uint32_t count) {
    board->open_files -= count;
    if (clp_board_over(board)) {
        pthread_cond_broadcast(&board->work);
        pthread_cond_broadcast(&board->orders);
    }
}

/** Seals the open batch when no file is left that could join it. */
static void seal_if_dry(clp_board *board) {
    if (board->open && board->next_item == board->params.item_count && board->reading == 0) {
        clp_board_seal(board);
    }
}

/** The next finished picture nobody encodes yet; NULL if there is none. */
static clp_picture *take_finished(clp_board *board) {
    clp_batch *batch = board->finished.first;
    if (!batch) {
        return NULL;
    }
    clp_picture *picture = clp_batch_picture(batch, &batch->handed);
    uint32_t ahead = batch->handed;
    if (!clp_batch_picture(batch, &ahead)) {
        clp_batches_pop(&board->finished);
    }
    board->waiting_pictures--;
    clp_prof_gauge_set(board->params.prof, CLP_GAUGE_PICTURES_WAITING, board->waiting_pictures);
    return picture;
}

static bool hand_out_finished(clp_board *board, clp_task *task) {
    clp_picture *picture = take_finished(board);
    if (picture) {
        *task = (clp_task){.kind = CLP_TASK_ENCODE, .picture = picture};
    }
    return picture != NULL;
}

void clp_board_wait_for_work(clp_board *board, clp_prof_thread *thread, clp_prof_stage stage) {
    clp_prof_begin(thread, stage, CLP_PROF_NO_IMAGE);
    pthread_cond_wait(&board->work, &board->lock);
    clp_prof_end(thread);
}

/** Past the deadline, leaves the files that were not taken. */
static void heed_deadline(clp_board *board) {
    if (board->params.deadline && board->next_item < board->params.item_count &&
        clp_clock_ns() >= board->params.deadline) {
        board->params.item_count = board->next_item;
        pthread_cond_broadcast(&board->work);
        pthread_cond_broadcast(&board->orders);
    }
}

void clp_board_next(clp_board *board, clp_prof_thread *thread, clp_task *task) {
    *task = (clp_task){.kind = CLP_TASK_END};
    pthread_mutex_lock(&board->lock);
    while (!clp_board_stopped(board) && !hand_out_finished(board, task)) {
        heed_deadline(board);
        if (board->next_item < board->params.item_count) {
            *task = (clp_task){.kind = CLP_TASK_READ, .item = board->next_item++};
            board->reading++;
            board->open_files++;
            break;
        }
        seal_if_dry(board);
        if (clp_board_over(board)) {
            break;
        }
        clp_board_wait_for_work(board, thread, CLP_PROF_WAIT_PICTURE);
    }
    pthread_mutex_unlock(&board->lock);
}

void clp_board_need(clp_board *board) {
    pthread_mutex_lock(&board->lock);
    board->needed = true;
    pthread_cond_signal(&board->orders);
    pthread_mutex_unlock(&board->lock);
}

bool clp_board_has_device(clp_board *board) {
    pthread_mutex_lock(&board->lock);
    bool there = board->device != NULL;
    pthread_mutex_unlock(&board->lock);
    return there;
}

void clp_board_want(clp_board *board, clp_plan *plan) {
    pthread_mutex_lock(&board->lock);
    /* One wish at a time: a batch builds what it lacks when it is submitted. */
    if (!board->wish) {
        board->wish = clp_plan_retain(plan);
    }
    board->needed = true;
    pthread_cond_signal(&board->orders);
    pthread_mutex_unlock(&board->lock);
}

/** Exchanges what two pictures hold. */
static void exchange(clp_picture *a, clp_picture *b) {
    clp_picture kept = *a;
    *a = *b;
    *b = kept;
}

/** Adds the draft to a batch with room for it. */
static clproc_status place(clp_board *board, clp_batch *batch, clp_picture *draft,
                           clp_picture **placed, clproc_error *error) {
    uint32_t index;
    bool banded = clp_board_streams(board, draft);
    clproc_status status = clp_slot_add(batch->slot, draft->recipe.plan, banded, &index, error);
    if (status != CLPROC_OK) {
        if (batch->count == 0) {
            board->open = NULL;
            clp_board_recycle(board, batch);
        }
        return status;
    }
    clp_picture *picture = &batch->pictures[index];
    exchange(picture, draft);
    picture->batch = batch;
    picture->index = index;
    picture->dropped = false;
    clp_prof_batch(board->params.prof, board->params.first_image + picture->item, batch->number);
    batch->count++;
    batch->decoding++;
    batch->alive++;
    board->reading--;
    picture->bands = banded ? picture->recipe.plan->bands.count : 0;
    if (banded) {
        batch->bands = picture->bands;
    }
    *placed = picture;
    if (batch->count == board->images || banded) {
        clp_board_seal(board);
    }
    seal_if_dry(board);
    return CLPROC_OK;
}

void clp_board_reserve(clp_board *board, clp_prof_thread *thread, clp_picture *draft,
                       clp_task *task, clproc_error *error) {
    *task = (clp_task){.kind = CLP_TASK_END};
    pthread_mutex_lock(&board->lock);
    while (!clp_board_stopped(board)) {
        clproc_status status = CLPROC_OK;
        clp_batch *batch = board->device ? clp_board_find_room(board, draft, &status, error) : NULL;
        if (batch) {
            task->kind = CLP_TASK_PLACED;
            status = place(board, batch, draft, &task->picture, error);
        }
        if (status != CLPROC_OK) {
            task->kind = CLP_TASK_REFUSED;
        }
        if (batch || status != CLPROC_OK || hand_out_finished(board, task)) {
            break;
        }
        clp_board_wait_for_work(board, thread, CLP_PROF_WAIT_SLOT);
    }
    pthread_mutex_unlock(&board->lock);
}

void clp_board_leave(clp_board *board) {
    pthread_mutex_lock(&board->lock);
    board->reading--;
    seal_if_dry(board);
    count_out(board, 1);
    pthread_mutex_unlock(&board->lock);
}

void clp_board_decoded(clp_board *board, clp_picture *picture) {
    pthread_mutex_lock(&board->lock);
    picture->batch->decoding--;
    clp_board_advance(board, picture->batch);
    pthread_mutex_unlock(&board->lock);
}

void clp_board_drop(clp_board *board, clp_picture *picture) {
    clp_batch *batch = picture->batch;
    if (picture->bands == 0) {
        clp_slot_drop(batch->slot, picture->index);
    }
    pthread_mutex_lock(&board->lock);
    picture->dropped = true;
    batch->decoding--;
    batch->alive--;
    if (picture->bands > 0) {
        clp_board_withdraw(board, batch);
    }
    clp_board_advance(board, batch);
    count_out(board, 1);
    pthread_mutex_unlock(&board->lock);
}

void clp_board_encoded(clp_board *board, clp_picture *picture) {
    clp_batch *batch = picture->batch;
    pthread_mutex_lock(&board->lock);
    if (--batch->alive == 0) {
        clp_board_recycle(board, batch);
    }
    pthread_mutex_unlock(&board->lock);
}

void clp_board_done(clp_board *board) {
    pthread_mutex_lock(&board->lock);
    count_out(board, 1);
    pthread_mutex_unlock(&board->lock);
}
