/* The board and pictures in bands: what one worker decodes and the device computes at once. */
#include "batch/board_private.h"

clproc_status clp_board_await_window(clp_board *board, clp_prof_thread *thread,
                                     clp_picture *picture, uint32_t band, bool *stopped,
                                     clproc_error *error) {
    const clp_batch *batch = picture->batch;
    pthread_mutex_lock(&board->lock);
    while (!(*stopped = clp_board_stopped(board)) && batch->error.status == CLPROC_OK &&
           band >= batch->bands_done + CLP_BAND_WINDOWS) {
        clp_board_wait_for_work(board, thread, CLP_PROF_WAIT_SLOT);
    }
    /* A failure of its own counts as one, whatever came after. */
    *stopped = *stopped && batch->error.status == CLPROC_OK;
    *error = *stopped ? board->error : batch->error;
    pthread_mutex_unlock(&board->lock);
    return error->status;
}

/** Puts a picture with decoded bands into the device's queue, once. */
static void queue(clp_board *board, clp_batch *batch) {
    if (!batch->queued && batch->bands_taken < batch->bands_ready) {
        batch->queued = true;
        clp_board_make_ready(board, batch);
    }
}

void clp_board_band_ready(clp_board *board, clp_picture *picture) {
    clp_batch *batch = picture->batch;
    pthread_mutex_lock(&board->lock);
    if (++batch->bands_ready == batch->bands) {
        batch->decoding--;
    }
    queue(board, batch);
    pthread_mutex_unlock(&board->lock);
}

uint32_t clp_board_take_band(clp_board *board, clp_batch *batch) {
    batch->queued = false;
    uint32_t band = batch->bands_taken++;
    queue(board, batch);
    return band;
}

void clp_board_withdraw(clp_board *board, clp_batch *batch) {
    if (batch->queued) {
        clp_batches_remove(&board->ready, batch);
        batch->queued = false;
    }
    while (batch->bands_done < batch->bands_taken) {
        pthread_cond_wait(&board->work, &board->lock);
    }
    batch->bands = 0;
}

void clp_board_band_done(clp_board *board, clp_batch *batch) {
    pthread_mutex_lock(&board->lock);
    batch->bands_done++;
    pthread_cond_broadcast(&board->work);
    pthread_mutex_unlock(&board->lock);
}

bool clp_board_band_failed(clp_board *board, clp_batch *batch, const clproc_error *error) {
    pthread_mutex_lock(&board->lock);
    bool first = batch->error.status == CLPROC_OK;
    if (first) {
        batch->error = *error;
    }
    batch->bands_done++;
    pthread_cond_broadcast(&board->work);
    pthread_mutex_unlock(&board->lock);
    return first;
}

const clproc_error *clp_batch_error(const clp_batch *batch) {
    return batch->error.status == CLPROC_OK ? NULL : &batch->error;
}

bool clp_batch_ends_with(const clp_batch *batch, uint32_t band) {
    return band + 1 == batch->bands;
}
