/* The board with stations that are nothing but numbers: every file once, memory within its bounds,
 * stations that fail, from many threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#include "batch/board.h"

enum { ITEMS = 400, THREADS = 8, MOST_NEED = 40, MOST_YIELDS = 1000000 };

static clp_board *make(clp_board_params params) {
    clp_board *board = NULL;
    params.soft_memory = params.soft_memory ? params.soft_memory : UINT64_MAX;
    assert_int_equal(clp_board_create(&board, &params, NULL), CLPROC_OK);
    return board;
}

static clproc_error failure(void) {
    clproc_error error = {.status = CLPROC_ERROR_DEVICE};
    return error;
}

/* ------------------------------------------------------------- many threads */

typedef struct trial {
    clp_board *board;
    uint32_t bad_station; /**< fails with every file */
    uint32_t awaited;     /**< stations, a bit each: files wait until all have been given one */
    atomic_uint given;
    atomic_uint done[ITEMS], tries[ITEMS];
    atomic_uint wrong;
} trial;

typedef struct worker {
    trial *trial;
    uint32_t number;
    pthread_t id;
} worker;

/** Does a file as workers do, without a picture. */
static void do_file(trial *t, uint32_t number, const clp_task *task, clp_holding *held) {
    clp_board *board = t->board;
    clp_task again = *task;
    uint32_t station;
    clproc_error error;
    atomic_fetch_add(&t->tries[task->item], 1);
    if (clp_board_choose(board, NULL, number, task->tried, true, &station) != CLP_BOARD_GRANTED) {
        atomic_fetch_add(&t->wrong, 1);
        clp_board_done(board);
        return;
    }
    uint64_t need = 1 + (task->item * 7919u + number) % MOST_NEED;
    clp_holding wanted = {.host = need, .device = need, .station = station};
    if (held->station != station ||
        clp_board_hold(board, NULL, held, &wanted, false, &error) != CLP_BOARD_GRANTED) {
        clp_board_release(board, held);
        if (clp_board_hold(board, NULL, held, &wanted, true, &error) != CLP_BOARD_GRANTED) {
            atomic_fetch_add(&t->wrong, 1);
        }
    }
    atomic_fetch_or(&t->given, UINT32_C(1) << station);
    for (int i = 0; i < MOST_YIELDS && (atomic_load(&t->given) & t->awaited) != t->awaited; i++) {
        sched_yield();
    }
    bool failed = station == t->bad_station;
    if (clp_board_note(board, station, failed)) {
        error = failure();
        clp_board_lose(board, station, &error);
    }
    if (failed) {
        again.tried |= UINT32_C(1) << station;
        clp_board_again(board, &again);
        return;
    }
    atomic_fetch_add(&t->done[task->item], 1);
    if (clp_board_is_short(board)) {
        clp_board_release(board, held);
    }
    clp_board_done(board);
}

static void *work(void *argument) {
    const worker *self = argument;
    trial *t = self->trial;
    clp_holding held = {.station = CLP_NO_STATION};
    clp_task task;
    clp_board_answer answer;
    do {
        answer = clp_board_next(t->board, NULL, false, &task);
        if (answer == CLP_BOARD_LATER) {
            clp_board_release(t->board, &held);
            answer = clp_board_next(t->board, NULL, true, &task);
        }
        if (answer == CLP_BOARD_GRANTED) {
            do_file(t, self->number, &task, &held);
        }
    } while (answer == CLP_BOARD_GRANTED);
    clp_board_release(t->board, &held);
    return NULL;
}

static void run(trial *t) {
    worker workers[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i] = (worker){.trial = t, .number = i};
        assert_int_equal(pthread_create(&workers[i].id, NULL, work, &workers[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        pthread_join(workers[i].id, NULL);
    }
}

static void test_every_file_once(void **state) {
    (void)state;
    trial t = {.bad_station = CLP_NO_STATION, .awaited = 7};
    t.board =
        make((clp_board_params){.item_count = ITEMS, .station_count = 3, .memory = 3 * MOST_NEED});
    for (uint32_t i = 0; i < 3; i++) {
        clp_board_open(t.board, i, 2 * MOST_NEED, 0);
    }
    run(&t);
    uint64_t shares = 0;
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(clp_board_share(t.board, i) > 0);
        shares += clp_board_share(t.board, i);
    }
    assert_int_equal(shares, ITEMS);
    assert_int_equal(atomic_load(&t.wrong), 0);
    for (uint32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(atomic_load(&t.done[i]), 1);
    }
    assert_int_equal(clp_board_result(t.board, NULL), CLPROC_OK);
    clp_board_destroy(&t.board);
}

static void test_a_failing_station_loses_nothing(void **state) {
    (void)state;
    trial t = {.bad_station = 1};
    t.board =
        make((clp_board_params){.item_count = ITEMS, .station_count = 3, .memory = UINT64_MAX});
    for (uint32_t i = 0; i < 3; i++) {
        /* The bad one is preferred: a single quick thread would never come to it otherwise. */
        clp_board_open(t.board, i, UINT64_MAX, i == t.bad_station ? 1 : 0);
    }
    run(&t);
    uint32_t again = 0;
    for (uint32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(atomic_load(&t.done[i]), 1);
        again += atomic_load(&t.tries[i]) - 1;
    }
    assert_int_equal(atomic_load(&t.wrong), 0);
    assert_true(again >= 3); /* until it was lost */
    assert_int_equal(clp_board_share(t.board, 1), 0);
    assert_int_equal(clp_board_result(t.board, NULL), CLPROC_OK);
    clp_board_destroy(&t.board);
}

/* ------------------------------------------------------------------ one thread */

static void test_the_highest_rank_gets_the_pictures(void **state) {
    (void)state;
    clp_board *board = make((clp_board_params){.item_count = 1, .station_count = 2});
    uint32_t station;
    assert_int_equal(clp_board_choose(board, NULL, 0, 0, false, &station), CLP_BOARD_LATER);
    clp_board_open(board, 0, 1, 0);
    assert_int_equal(clp_board_choose(board, NULL, 5, 0, false, &station), CLP_BOARD_GRANTED);
    assert_int_equal(station, 0);
    clp_board_open(board, 1, 1, 1);
    assert_int_equal(clp_board_choose(board, NULL, 0, 0, false, &station), CLP_BOARD_GRANTED);
    assert_int_equal(station, 1);
    /* One that has failed with the picture is left to others. */
    assert_int_equal(clp_board_choose(board, NULL, 0, 2, false, &station), CLP_BOARD_GRANTED);
    assert_int_equal(station, 0);
    assert_false(clp_board_has_other(board, 3));
    assert_int_equal(clp_board_choose(board, NULL, 0, 3, true, &station), CLP_BOARD_REFUSED);
    clp_board_destroy(&board);
}

static void test_three_failures_in_a_row(void **state) {
    (void)state;
    clp_board *board = make((clp_board_params){.item_count = 1, .station_count = 1});
    clp_board_open(board, 0, 1, 0);
    assert_false(clp_board_note(board, 0, true));
    assert_false(clp_board_note(board, 0, true));
    assert_false(clp_board_note(board, 0, false));
    assert_false(clp_board_note(board, 0, true));
    assert_false(clp_board_note(board, 0, true));
    assert_true(clp_board_note(board, 0, true));
    clproc_error error = failure(), told;
    clp_board_lose(board, 0, &error);
    /* Lost once, whatever comes of the pictures that were there. */
    assert_false(clp_board_note(board, 0, false));
    for (int i = 0; i < 4; i++) {
        assert_false(clp_board_note(board, 0, true));
    }
    uint32_t station;
    assert_int_equal(clp_board_choose(board, NULL, 0, 0, true, &station), CLP_BOARD_STOPPED);
    assert_int_equal(clp_board_result(board, &told), CLPROC_ERROR_DEVICE);
    clp_task task;
    assert_int_equal(clp_board_next(board, NULL, true, &task), CLP_BOARD_STOPPED);
    clp_board_destroy(&board);
}

static void test_memory(void **state) {
    (void)state;
    clp_board *board = make(
        (clp_board_params){.item_count = 1, .station_count = 1, .memory = 100, .soft_memory = 70});
    clp_holding a = {.station = CLP_NO_STATION}, b = a;
    clp_holding wanted = {.host = 60, .device = 30, .station = 0};
    clproc_error error;
    clp_board_open(board, 0, 50, 0);
    assert_int_equal(clp_board_hold(board, NULL, &a, &wanted, false, &error), CLP_BOARD_GRANTED);
    assert_int_equal(a.host, 60);
    /* More of the station than it has left, then more than the host has. */
    wanted = (clp_holding){.host = 1, .device = 21, .station = 0};
    assert_int_equal(clp_board_hold(board, NULL, &b, &wanted, false, &error), CLP_BOARD_LATER);
    wanted = (clp_holding){.host = 41, .device = 1, .station = 0};
    assert_int_equal(clp_board_hold(board, NULL, &b, &wanted, false, &error), CLP_BOARD_LATER);
    /* Within the bound, but not beside another picture. */
    wanted = (clp_holding){.host = 20, .device = 1, .station = 0};
    assert_int_equal(clp_board_hold(board, NULL, &b, &wanted, false, &error), CLP_BOARD_LATER);
    wanted = (clp_holding){.host = 10, .device = 20, .station = 0};
    assert_int_equal(clp_board_hold(board, NULL, &b, &wanted, false, &error), CLP_BOARD_GRANTED);
    clp_board_release(board, &b);
    assert_int_equal(b.host, 0);
    /* More for the same picture counts by what is added; alone it may have all. */
    wanted = (clp_holding){.host = 100, .device = 50, .station = 0};
    assert_int_equal(clp_board_hold(board, NULL, &a, &wanted, false, &error), CLP_BOARD_GRANTED);
    clp_board_release(board, &a);
    wanted.host = 101;
    assert_int_equal(clp_board_hold(board, NULL, &a, &wanted, true, &error), CLP_BOARD_REFUSED);
    assert_non_null(strstr(error.message, "raise it with --memory"));
    wanted = (clp_holding){.host = 1, .device = 51, .station = 0};
    assert_int_equal(clp_board_hold(board, NULL, &a, &wanted, true, &error), CLP_BOARD_REFUSED);
    assert_non_null(strstr(error.message, "--device-memory"));
    clp_board_destroy(&board);
}

/** A station that had no memory for a picture: half of what it held, then less than one alone. */
static void test_a_station_has_less_than_it_says(void **state) {
    (void)state;
    clp_board *board =
        make((clp_board_params){.item_count = 1, .station_count = 1, .memory = 1000});
    clp_holding held[4];
    const clp_holding wanted = {.host = 1, .device = 10, .station = 0};
    clproc_error error;
    clp_board_open(board, 0, 100, 0);
    for (int i = 0; i < 4; i++) {
        held[i] = (clp_holding){.station = CLP_NO_STATION};
        assert_int_equal(clp_board_hold(board, NULL, &held[i], &wanted, false, &error),
                         CLP_BOARD_GRANTED);
    }
    assert_true(clp_board_shrink(board, &held[0], 10, 100));
    assert_int_equal(clp_board_memory(board, 0), 20);
    /* The others failed for the same reason: nothing more is to be learnt from it. */
    assert_false(clp_board_shrink(board, &held[1], 10, 100));
    assert_int_equal(clp_board_memory(board, 0), 20);
    clp_board_release(board, &held[0]);
    assert_int_equal(clp_board_hold(board, NULL, &held[0], &wanted, false, &error),
                     CLP_BOARD_LATER);
    clp_board_release(board, &held[1]);
    clp_board_release(board, &held[2]);
    /* Alone, it cannot have what it holds: only another way may help. */
    assert_false(clp_board_shrink(board, &held[3], 10, 20));
    assert_true(clp_board_shrink(board, &held[3], 9, 20));
    assert_int_equal(clp_board_memory(board, 0), 9);
    /* Not beside another, but alone a picture may try, up to what the station says it has. */
    assert_int_equal(clp_board_hold(board, NULL, &held[0], &wanted, false, &error),
                     CLP_BOARD_LATER);
    clp_board_release(board, &held[3]);
    assert_int_equal(clp_board_hold(board, NULL, &held[0], &wanted, false, &error),
                     CLP_BOARD_GRANTED);
    const clp_holding all = {.host = 1, .device = 101, .station = 0};
    assert_int_equal(clp_board_hold(board, NULL, &held[1], &all, false, &error), CLP_BOARD_REFUSED);
    assert_int_equal(error.status, CLPROC_ERROR_MEMORY);
    clp_board_release(board, &held[0]);
    clp_board_destroy(&board);
}

static void test_pictures_under_way(void **state) {
    (void)state;
    clp_board *board = make(
        (clp_board_params){.item_count = 1, .station_count = 1, .memory = 100, .most_pictures = 1});
    clp_holding a = {.station = CLP_NO_STATION}, b = a;
    const clp_holding wanted = {.host = 1, .station = CLP_NO_STATION};
    clproc_error error;
    assert_int_equal(clp_board_hold(board, NULL, &a, &wanted, false, &error), CLP_BOARD_GRANTED);
    assert_int_equal(clp_board_hold(board, NULL, &b, &wanted, false, &error), CLP_BOARD_LATER);
    clp_board_release(board, &a);
    assert_int_equal(clp_board_hold(board, NULL, &b, &wanted, false, &error), CLP_BOARD_GRANTED);
    clp_board_release(board, &b);
    clp_board_destroy(&board);
}

static void test_a_request_to_stop_is_seen_by_who_waits(void **state) {
    (void)state;
    volatile int cancel = 0;
    clp_board *board = make(
        (clp_board_params){.item_count = 2, .station_count = 2, .memory = 1, .cancel = &cancel});
    clp_task task;
    uint32_t station;
    clproc_error error;
    assert_int_equal(clp_board_next(board, NULL, false, &task), CLP_BOARD_GRANTED);
    cancel = 1;
    /* Each of these would wait for ever. */
    assert_int_equal(clp_board_choose(board, NULL, 0, 0, true, &station), CLP_BOARD_STOPPED);
    assert_int_equal(clp_board_next(board, NULL, true, &task), CLP_BOARD_STOPPED);
    assert_int_equal(clp_board_result(board, &error), CLPROC_ERROR_CANCELLED);
    clp_board_destroy(&board);
}

/** Who is alone on a station that has less than it says may ask for more than it holds there. */
static void test_more_for_who_is_alone(void **state) {
    (void)state;
    clp_board *board = make((clp_board_params){.station_count = 1, .memory = 100});
    clp_holding held = {.station = CLP_NO_STATION}, other = held;
    clp_holding wanted = {.host = 1, .device = 60, .station = 0};
    clproc_error error;
    clp_board_open(board, 0, 60, 0);
    assert_int_equal(clp_board_hold(board, NULL, &held, &wanted, false, &error), CLP_BOARD_GRANTED);
    assert_true(clp_board_shrink(board, &held, 1, 60));
    clp_board_keep(board, &held, &(clp_holding){.host = 1, .device = 10, .station = 0});
    assert_int_equal(clp_board_hold(board, NULL, &held, &wanted, false, &error), CLP_BOARD_GRANTED);
    assert_int_equal(held.device, 60);
    clp_board_keep(board, &held, &(clp_holding){.host = 1, .device = 1, .station = 0});
    assert_int_equal(clp_board_hold(board, NULL, &other, &wanted, false, &error), CLP_BOARD_LATER);
    clp_board_release(board, &held);
    clp_board_destroy(&board);
}

/** Workers leave when no file is left that could come back. */
static void test_who_may_leave(void **state) {
    (void)state;
    for (uint32_t stations = 1; stations <= 2; stations++) {
        clp_board *board =
            make((clp_board_params){.item_count = 1, .station_count = stations, .memory = 1});
        clp_task task;
        assert_int_equal(clp_board_next(board, NULL, false, &task), CLP_BOARD_GRANTED);
        assert_int_equal(clp_board_next(board, NULL, false, &task),
                         stations > 1 ? CLP_BOARD_LATER : CLP_BOARD_REFUSED);
        clp_board_done(board);
        assert_int_equal(clp_board_next(board, NULL, false, &task), CLP_BOARD_REFUSED);
        clp_board_destroy(&board);
    }
}

/** Past its deadline a run takes no further file, and has not failed. */
static void test_deadline(void **state) {
    (void)state;
    for (uint64_t deadline = 0; deadline < 2; deadline++) {
        clp_board *board = make((clp_board_params){
            .item_count = 1, .station_count = 1, .memory = 1, .deadline = deadline});
        clp_task task;
        assert_int_equal(clp_board_next(board, NULL, true, &task),
                         deadline ? CLP_BOARD_REFUSED : CLP_BOARD_GRANTED);
        assert_int_equal(clp_board_result(board, NULL), CLPROC_OK);
        clp_board_destroy(&board);
    }
}

/** What is kept of a holding counts on, what is given back goes to others. */
static void test_part_of_a_holding_is_kept(void **state) {
    (void)state;
    clp_board *board = make((clp_board_params){.station_count = 1, .memory = 100});
    clp_holding first = {.station = CLP_NO_STATION}, second = first;
    const clp_holding file = {.host = 40, .station = CLP_NO_STATION},
                      whole = {.host = 90, .device = 30, .station = 0},
                      lane = {.host = 50, .device = 30, .station = 0},
                      sixty = {.host = 60, .station = CLP_NO_STATION};
    clproc_error error;
    clp_board_open(board, 0, 30, 0);
    assert_int_equal(clp_board_hold(board, NULL, &first, &file, false, &error), CLP_BOARD_GRANTED);
    assert_int_equal(clp_board_hold(board, NULL, &second, &sixty, false, &error),
                     CLP_BOARD_GRANTED);
    assert_int_equal(clp_board_hold(board, NULL, &first, &whole, false, &error), CLP_BOARD_LATER);
    clp_board_release(board, &second);
    assert_int_equal(clp_board_hold(board, NULL, &first, &whole, false, &error), CLP_BOARD_GRANTED);
    assert_int_equal(clp_board_hold(board, NULL, &second, &file, false, &error), CLP_BOARD_LATER);
    clp_board_keep(board, &first, &lane);
    assert_int_equal(clp_board_hold(board, NULL, &second, &file, false, &error), CLP_BOARD_GRANTED);
    clp_board_keep(board, &first, &file);
    assert_int_equal(clp_board_hold(board, NULL, &second, &lane, false, &error), CLP_BOARD_GRANTED);
    clp_board_release(board, &first);
    clp_board_release(board, &second);
    assert_int_equal(clp_board_hold(board, NULL, &first, &(clp_holding){.host = 100, .device = 30},
                                    false, &error),
                     CLP_BOARD_GRANTED);
    clp_board_release(board, &first);
    clp_board_destroy(&board);
}

/** A device that is not there stops a run once a picture needs one, and not before: what a run
 * comes to does not hang on which is seen first. */
static void test_no_station_at_all(void **state) {
    (void)state;
    clp_board *board = make((clp_board_params){.item_count = 2, .station_count = 2, .memory = 1});
    clproc_error lost = failure(), error;
    uint32_t station;
    clp_task task;
    clp_board_lose(board, 0, &lost);
    clp_board_lose(board, 1, &lost);
    assert_int_equal(clp_board_result(board, &error), CLPROC_OK);
    assert_int_equal(clp_board_next(board, NULL, false, &task), CLP_BOARD_GRANTED);
    clp_board_done(board);
    assert_int_equal(clp_board_next(board, NULL, false, &task), CLP_BOARD_GRANTED);
    assert_int_equal(clp_board_choose(board, NULL, 0, 0, true, &station), CLP_BOARD_STOPPED);
    assert_int_equal(clp_board_result(board, &error), CLPROC_ERROR_DEVICE);
    clp_board_done(board);
    clp_board_destroy(&board);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_file_once),
        cmocka_unit_test(test_a_failing_station_loses_nothing),
        cmocka_unit_test(test_the_highest_rank_gets_the_pictures),
        cmocka_unit_test(test_three_failures_in_a_row),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_part_of_a_holding_is_kept),
        cmocka_unit_test(test_more_for_who_is_alone),
        cmocka_unit_test(test_who_may_leave),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_no_station_at_all),
        cmocka_unit_test(test_a_station_has_less_than_it_says),
        cmocka_unit_test(test_pictures_under_way),
        cmocka_unit_test(test_a_request_to_stop_is_seen_by_who_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
