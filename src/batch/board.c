#include "batch/board.h"

#include <pthread.h>

#include "core/cancel.h"
#include "core/clock.h"
#include "core/memory.h"

/** So many failures in a row, and a station is lost. */
#define LOST_AFTER 3

typedef enum state { OPENING, READY, LOST } state;

typedef struct station {
    state state;
    uint32_t rank;
    uint64_t memory;   /**< bytes that it may hold */
    uint64_t usual;    /**< the same, but for a picture that is alone there */
    uint64_t held;     /**< bytes */
    uint64_t share;    /**< pictures finished */
    uint32_t failures; /**< in a row */
} station;

struct clp_board {
    clp_board_params params;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    clproc_error error;  /**< status OK unless stopped */
    clproc_error absent; /**< why no station is left */
    uint32_t next_item;
    uint32_t open_files; /**< taken and not through */
    clp_task *again;     /**< files to do again; room for all */
    uint32_t again_count;
    station stations[CLP_MAX_STATIONS];
    uint64_t host_held;
    uint32_t pictures; /**< workers that hold anything */
    uint32_t waiting;  /**< workers that wait for memory */
};

/* -------------------------------------------------------------- the whole */

clproc_status clp_board_create(clp_board **board, const clp_board_params *params,
                               clproc_error *error) {
    clp_board *made = clp_memory_zero(CLP_MEMORY_BATCH, 1, sizeof *made);
    *board = made;
    if (!made) {
        return clp_error_memory(error, "the files to do", sizeof *made);
    }
    pthread_mutex_init(&made->lock, NULL);
    clp_clock_condition(&made->changed);
    made->params = *params;
    made->again = clp_memory_zero(CLP_MEMORY_BATCH, params->item_count, sizeof *made->again);
    if (!made->again && params->item_count > 0) {
        clp_board_destroy(board);
        return clp_error_memory(error, "the files to do", params->item_count * sizeof *made->again);
    }
    return CLPROC_OK;
}

void clp_board_destroy(clp_board **board) {
    if (*board) {
        while ((*board)->again_count > 0) {
            clp_memory_free((*board)->again[--(*board)->again_count].cause);
        }
        pthread_cond_destroy(&(*board)->changed);
        pthread_mutex_destroy(&(*board)->lock);
        clp_memory_free((*board)->again);
        clp_memory_free(*board);
        *board = NULL;
    }
}

/* From here to the next line, with the lock held. */

static void stop(clp_board *board, const clproc_error *error) {
    if (board->error.status == CLPROC_OK) {
        board->error = *error;
    }
    pthread_cond_broadcast(&board->changed);
}

/** True if the run was stopped, or now is, because the caller cancelled it. */
static bool stopped(clp_board *board) {
    clproc_error error;
    if (board->error.status == CLPROC_OK &&
        clp_cancel_check(board->params.cancel, &error) != CLPROC_OK) {
        stop(board, &error);
    }
    return board->error.status != CLPROC_OK;
}

/** A request to stop makes no change that would wake anybody: waiting threads look for one as often
 * as this, ns. */
#define LOOK_NS 100000000

static void wait_for_change(clp_board *board, clp_prof_thread *thread, clp_prof_stage stage) {
    clp_prof_begin(thread, stage, CLP_PROF_NO_IMAGE);
    clp_clock_wait(&board->changed, &board->lock, LOOK_NS);
    clp_prof_end(thread);
}

/* ----------------------------------------------------------------------- */

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

/* ------------------------------------------------------------------- files */

/** Past the deadline, leaves the files that were not taken. */
static void heed_deadline(clp_board *board) {
    if (board->params.deadline && board->next_item < board->params.item_count &&
        clp_clock_ns() >= board->params.deadline) {
        board->params.item_count = board->next_item;
        pthread_cond_broadcast(&board->changed);
    }
}

/** Takes a file: one to do again, or the next. */
static bool take_file(clp_board *board, clp_task *task) {
    if (board->again_count > 0) {
        *task = board->again[--board->again_count];
    } else if (board->next_item < board->params.item_count) {
        *task = (clp_task){.item = board->next_item++};
    } else {
        return false;
    }
    board->open_files++;
    clp_prof_gauge_set(board->params.prof, CLP_GAUGE_PICTURES, board->open_files);
    return true;
}

clp_board_answer clp_board_next(clp_board *board, clp_prof_thread *thread, bool wait,
                                clp_task *task) {
    clp_board_answer answer;
    pthread_mutex_lock(&board->lock);
    for (;;) {
        heed_deadline(board);
        /* With a single station no file can come back. */
        answer = stopped(board)                                              ? CLP_BOARD_STOPPED
                 : take_file(board, task)                                    ? CLP_BOARD_GRANTED
                 : board->open_files == 0 || board->params.station_count < 2 ? CLP_BOARD_REFUSED
                                                                             : CLP_BOARD_LATER;
        if (answer != CLP_BOARD_LATER || !wait) {
            break;
        }
        wait_for_change(board, thread, CLP_PROF_WAIT_FILE);
    }
    pthread_mutex_unlock(&board->lock);
    return answer;
}

static void close_file(clp_board *board) {
    board->open_files--;
    clp_prof_gauge_set(board->params.prof, CLP_GAUGE_PICTURES, board->open_files);
    pthread_cond_broadcast(&board->changed);
}

void clp_board_done(clp_board *board) {
    pthread_mutex_lock(&board->lock);
    close_file(board);
    pthread_mutex_unlock(&board->lock);
}

void clp_board_again(clp_board *board, const clp_task *task) {
    pthread_mutex_lock(&board->lock);
    board->again[board->again_count++] = *task;
    close_file(board);
    pthread_mutex_unlock(&board->lock);
}

/* ---------------------------------------------------------------- stations */

void clp_board_open(clp_board *board, uint32_t number, uint64_t memory, uint32_t rank) {
    pthread_mutex_lock(&board->lock);
    station *s = &board->stations[number];
    s->state = READY;
    s->memory = s->usual = memory;
    s->rank = rank;
    pthread_cond_broadcast(&board->changed);
    pthread_mutex_unlock(&board->lock);
}

static bool is_left(const clp_board *board, uint32_t number, uint32_t tried) {
    return board->stations[number].state != LOST && !(tried >> number & 1);
}

static bool any_left(const clp_board *board, uint32_t tried) {
    for (uint32_t i = 0; i < board->params.station_count; i++) {
        if (is_left(board, i, tried)) {
            return true;
        }
    }
    return false;
}

void clp_board_lose(clp_board *board, uint32_t number, const clproc_error *error) {
    pthread_mutex_lock(&board->lock);
    board->stations[number].state = LOST;
    if (!any_left(board, 0)) {
        board->absent = *error;
    }
    pthread_cond_broadcast(&board->changed);
    pthread_mutex_unlock(&board->lock);
}

/** The worker's one of the stations with the highest rank that are ready. */
static uint32_t pick(const clp_board *board, uint32_t worker, uint32_t tried) {
    uint32_t best[CLP_MAX_STATIONS], count = 0, rank = 0;
    for (uint32_t i = 0; i < board->params.station_count; i++) {
        const station *s = &board->stations[i];
        if (s->state != READY || !is_left(board, i, tried)) {
            continue;
        }
        if (count == 0 || s->rank > rank) {
            rank = s->rank;
            count = 0;
        }
        if (s->rank == rank) {
            best[count++] = i;
        }
    }
    return count > 0 ? best[worker % count] : CLP_NO_STATION;
}

clp_board_answer clp_board_choose(clp_board *board, clp_prof_thread *thread, uint32_t worker,
                                  uint32_t tried, bool wait, uint32_t *number) {
    clp_board_answer answer = CLP_BOARD_LATER;
    pthread_mutex_lock(&board->lock);
    for (;;) {
        *number = pick(board, worker, tried);
        if (!any_left(board, 0)) {
            stop(board, &board->absent);
        }
        answer = stopped(board)              ? CLP_BOARD_STOPPED
                 : *number != CLP_NO_STATION ? CLP_BOARD_GRANTED
                 : !any_left(board, tried)   ? CLP_BOARD_REFUSED
                                             : CLP_BOARD_LATER;
        if (answer != CLP_BOARD_LATER || !wait) {
            break;
        }
        wait_for_change(board, thread, CLP_PROF_WAIT_OPEN);
    }
    pthread_mutex_unlock(&board->lock);
    return answer;
}

bool clp_board_has_other(clp_board *board, uint32_t tried) {
    pthread_mutex_lock(&board->lock);
    bool left = any_left(board, tried);
    pthread_mutex_unlock(&board->lock);
    return left;
}

bool clp_board_note(clp_board *board, uint32_t number, bool failed) {
    pthread_mutex_lock(&board->lock);
    station *s = &board->stations[number];
    s->share += !failed;
    s->failures = failed ? s->failures + 1 : 0;
    bool lost = s->failures == LOST_AFTER && s->state != LOST;
    pthread_mutex_unlock(&board->lock);
    return lost;
}

uint64_t clp_board_memory(clp_board *board, uint32_t number) {
    pthread_mutex_lock(&board->lock);
    uint64_t memory = board->stations[number].usual;
    pthread_mutex_unlock(&board->lock);
    return memory;
}

uint64_t clp_board_share(clp_board *board, uint32_t number) {
    pthread_mutex_lock(&board->lock);
    uint64_t share = board->stations[number].share;
    pthread_mutex_unlock(&board->lock);
    return share;
}

/* ------------------------------------------------------------------ memory */

/** What the station may hold; what is `alone` there may try with all that it says it has. */
static uint64_t station_limit(const clp_board *board, const clp_holding *wanted, bool alone) {
    if (wanted->station == CLP_NO_STATION) {
        return UINT64_MAX;
    }
    const station *s = &board->stations[wanted->station];
    return alone ? s->memory : s->usual;
}

/** In messages what is needed is rounded up and a limit down, so that the one is the larger. */
#define MEGABYTE ((uint64_t)1 << 20)

static clproc_status check_size(const clp_board *board, const clp_holding *wanted,
                                clproc_error *error) {
    uint64_t limit = station_limit(board, wanted, true);
    bool device = wanted->device > limit;
    if (!device && wanted->host <= board->params.memory) {
        return CLPROC_OK;
    }
    /* Another device may have more. */
    return clp_error_set(
        error, device ? CLPROC_ERROR_MEMORY : CLPROC_ERROR_LIMIT,
        "needs %llu MB%s while it is processed, more than the limit of %llu MB; raise it with %s",
        (unsigned long long)(((device ? wanted->device : wanted->host) - 1) / MEGABYTE + 1),
        device ? " on the device" : "",
        (unsigned long long)((device ? limit : board->params.memory) / MEGABYTE),
        device ? "--device-memory, or use --device cpu" : "--memory");
}

static uint64_t more(uint64_t wanted, uint64_t held) {
    return wanted > held ? wanted - held : 0;
}

static bool is_nothing(const clp_holding *held) {
    return held->host == 0 && held->device == 0;
}

/** Grants what is wanted, if there is room. */
static bool grant(clp_board *board, clp_holding *held, const clp_holding *wanted) {
    uint64_t host = more(wanted->host, held->host), device = more(wanted->device, held->device);
    uint32_t most = board->params.most_pictures;
    bool first = is_nothing(held);
    uint64_t used = wanted->station == CLP_NO_STATION ? 0 : board->stations[wanted->station].held;
    uint64_t limit = station_limit(board, wanted, used == held->device);
    if (board->host_held + host > board->params.memory || used + device > limit ||
        (first && most > 0 && board->pictures >= most) ||
        (board->pictures > !first && board->host_held + host > board->params.soft_memory)) {
        return false;
    }
    board->host_held += host;
    board->pictures += first;
    if (wanted->station != CLP_NO_STATION) {
        board->stations[wanted->station].held += device;
    }
    held->host += host;
    held->device += device;
    held->station = wanted->station;
    return true;
}

clp_board_answer clp_board_hold(clp_board *board, clp_prof_thread *thread, clp_holding *held,
                                const clp_holding *wanted, bool wait, clproc_error *error) {
    clp_board_answer answer = CLP_BOARD_LATER;
    pthread_mutex_lock(&board->lock);
    for (;;) {
        answer = stopped(board)                                  ? CLP_BOARD_STOPPED
                 : check_size(board, wanted, error) != CLPROC_OK ? CLP_BOARD_REFUSED
                 : grant(board, held, wanted)                    ? CLP_BOARD_GRANTED
                                                                 : CLP_BOARD_LATER;
        if (answer != CLP_BOARD_LATER || !wait) {
            break;
        }
        board->waiting++;
        wait_for_change(board, thread, CLP_PROF_WAIT_MEMORY);
        board->waiting--;
    }
    pthread_mutex_unlock(&board->lock);
    return answer;
}

void clp_board_keep(clp_board *board, clp_holding *held, const clp_holding *kept) {
    pthread_mutex_lock(&board->lock);
    if (!is_nothing(held)) {
        board->host_held -= held->host - kept->host;
        board->pictures -= is_nothing(kept);
        if (held->station != CLP_NO_STATION) {
            board->stations[held->station].held -= held->device - kept->device;
        }
        pthread_cond_broadcast(&board->changed);
    }
    *held = *kept;
    pthread_mutex_unlock(&board->lock);
}

void clp_board_release(clp_board *board, clp_holding *held) {
    const clp_holding nothing = {.station = CLP_NO_STATION};
    clp_board_keep(board, held, &nothing);
}

bool clp_board_shrink(clp_board *board, const clp_holding *held, uint64_t least, uint64_t seen) {
    pthread_mutex_lock(&board->lock);
    station *s = &board->stations[held->station];
    bool alone = s->held == held->device;
    uint64_t half = s->held / 2;
    uint64_t usual = alone ? held->device - 1 : half > held->device ? half : held->device;
    bool shrinks = s->usual == seen && usual < seen && (!alone || least < held->device);
    if (shrinks) {
        s->usual = usual;
        pthread_cond_broadcast(&board->changed);
    }
    pthread_mutex_unlock(&board->lock);
    return shrinks;
}

bool clp_board_is_short(clp_board *board) {
    pthread_mutex_lock(&board->lock);
    bool is_short = board->waiting > 0;
    pthread_mutex_unlock(&board->lock);
    return is_short;
}
