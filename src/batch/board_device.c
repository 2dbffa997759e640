/* The board as the device's thread sees it. */
#include "batch/board_private.h"

bool clp_board_await_need(clp_board *board) {
    pthread_mutex_lock(&board->lock);
    while (!board->needed && !clp_board_stopped(board) && !clp_board_over(board)) {
        pthread_cond_wait(&board->orders, &board->lock);
    }
    bool needed = board->needed && board->error.status == CLPROC_OK;
    pthread_mutex_unlock(&board->lock);
    return needed;
}

void clp_board_set_device(clp_board *board, clp_device *device, uint32_t images, uint64_t bytes) {
    /* A slot's arenas, one for input and one for results, may each grow to as much. */
    uint64_t share = board->params.memory / 2 / board->params.most_batches;
    pthread_mutex_lock(&board->lock);
    board->device = device;
    board->images = images;
    board->bytes = bytes < share ? bytes : share;
    pthread_cond_broadcast(&board->work);
    pthread_mutex_unlock(&board->lock);
}

/** What there is to do now; NONE if nothing. */
static clp_order choose(clp_board *board) {
    clp_order order = {.kind = CLP_ORDER_NONE};
    if (clp_board_stopped(board)) {
        order.kind = CLP_ORDER_END;
    } else if (board->wish) {
        order.kind = CLP_ORDER_PREPARE;
        order.plan = board->wish;
        board->wish = NULL;
    } else if (board->ready.count > 0) {
        order.batch = clp_batches_pop(&board->ready);
        if (order.batch->bands > 0) {
            order.kind = CLP_ORDER_BAND;
            order.band = clp_board_take_band(board, order.batch);
        } else {
            order.kind = CLP_ORDER_RUN;
            board->resident++;
        }
        clp_prof_gauge_set(board->params.prof, CLP_GAUGE_BATCHES_WAITING, board->ready.count);
    } else if (clp_board_over(board)) {
        order.kind = CLP_ORDER_END;
    }
    return order;
}

void clp_board_take(clp_board *board, clp_prof_thread *thread, bool wait, clp_order *order) {
    pthread_mutex_lock(&board->lock);
    *order = choose(board);
    if (order->kind == CLP_ORDER_NONE && wait) {
        clp_prof_begin(thread, CLP_PROF_WAIT_BATCH, CLP_PROF_NO_IMAGE);
        while (order->kind == CLP_ORDER_NONE) {
            pthread_cond_wait(&board->orders, &board->lock);
            *order = choose(board);
        }
        clp_prof_end(thread);
    }
    pthread_mutex_unlock(&board->lock);
}

clp_slot *clp_batch_slot(const clp_batch *batch) {
    return batch->slot;
}

uint64_t clp_batch_number(const clp_batch *batch) {
    return batch->number;
}

clp_picture *clp_batch_picture(clp_batch *batch, uint32_t *cursor) {
    while (*cursor < batch->count) {
        clp_picture *picture = &batch->pictures[(*cursor)++];
        if (!picture->dropped) {
            return picture;
        }
    }
    return NULL;
}

/** Pictures in bands come to the device before they are decoded; they do not count. */
static void leave_device(clp_board *board, const clp_batch *batch) {
    board->resident -= batch->bands == 0;
}

void clp_board_finished(clp_board *board, clp_batch *batch) {
    pthread_mutex_lock(&board->lock);
    leave_device(board, batch);
    board->waiting_pictures += batch->alive;
    clp_prof_gauge_set(board->params.prof, CLP_GAUGE_PICTURES_WAITING, board->waiting_pictures);
    clp_batches_push(&board->finished, batch);
    pthread_cond_broadcast(&board->work);
    pthread_mutex_unlock(&board->lock);
}

void clp_board_failed(clp_board *board, clp_batch *batch) {
    pthread_mutex_lock(&board->lock);
    uint32_t lost = batch->alive;
    batch->alive = 0;
    leave_device(board, batch);
    clp_board_recycle(board, batch);
    board->open_files -= lost;
    pthread_cond_broadcast(&board->work);
    pthread_mutex_unlock(&board->lock);
}
