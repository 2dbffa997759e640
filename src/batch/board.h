/** Who does what next: the one place where the threads of a run meet.
 *
 *  Workers take files; stations are what computes their pictures. The board knows a station by what
 * it can take and whether it is there, nothing of devices. It also keeps the account of memory:
 * what pictures under way hold, against the run's bounds.
 *
 *  Its lock is never held over an allocation or a call of a driver.
 */
#ifndef CLP_BATCH_BOARD_H
#define CLP_BATCH_BOARD_H

#include "core/error.h"
#include "prof/prof.h"

typedef struct clp_board clp_board;

/** Stations of a run, at most: a set of them is a number's bits. */
#define CLP_MAX_STATIONS 32
#define CLP_NO_STATION UINT32_MAX

typedef struct clp_board_params {
    uint32_t item_count;
    uint32_t station_count; /**< there will be, at most; all of them are opening */
    uint32_t most_pictures; /**< under way at once; 0: any number */
    uint64_t memory;        /**< bytes of the host that pictures under way may hold */
    uint64_t soft_memory;   /**< the same, but for a picture that is alone */
    uint64_t deadline;      /**< of clp_clock_ns(), from when on no file is taken; 0: none */
    const volatile int *cancel;
    clp_prof *prof;
} clp_board_params;

clproc_status clp_board_create(clp_board **board, const clp_board_params *params,
                               clproc_error *error);
/** All threads have ended. */
void clp_board_destroy(clp_board **board);

/** Ends the run early: waiting threads return. The first error stays. */
void clp_board_stop(clp_board *board, const clproc_error *error);
/** How the run ended; CLPROC_OK if it was not stopped. */
clproc_status clp_board_result(clp_board *board, clproc_error *error);

typedef enum clp_board_answer {
    CLP_BOARD_GRANTED,
    CLP_BOARD_LATER,   /**< not now, and `wait` was false */
    CLP_BOARD_REFUSED, /**< never */
    CLP_BOARD_STOPPED  /**< the run was */
} clp_board_answer;

/* Who waits here must hold no memory (clp_board_release()), or others might wait for it. */

/* ------------------------------------------------------------------- files */

/** Bits of clp_task.told: what is said, or counted, of a picture once, however often it is tried.
 */
enum { CLP_TOLD_FLAWS = 1, CLP_TOLD_COUNTED = 2, CLP_TOLD_ASKED = 4, CLP_TOLD_DECLINED = 8 };

typedef struct clp_task {
    uint32_t item;
    uint32_t tried; /**< stations that have failed with it, bit by bit */
    uint32_t plain; /**< stations that are to do it without their JPEG codec, bit by bit */
    uint32_t done;  /**< outputs that are settled, bit by bit */
    uint32_t told;
    char *cause; /**< why the first did, or NULL; who has the task frees it */
} clp_task;

/** The next file; waits where one may yet come back. REFUSED if nothing is left. */
clp_board_answer clp_board_next(clp_board *board, clp_prof_thread *thread, bool wait,
                                clp_task *task);
/** A file that was taken is through, whatever became of it. */
void clp_board_done(clp_board *board);
/** A file that was taken is to be done again by a station that is not among those it has tried. The
 * board takes the task. */
void clp_board_again(clp_board *board, const clp_task *task);

/* ---------------------------------------------------------------- stations */

/** A station is there and may hold `memory` bytes. Where several are, those of the highest `rank`
 * get the pictures. */
void clp_board_open(clp_board *board, uint32_t station, uint64_t memory, uint32_t rank);
/** A station will not come, or has been lost; if no other is left, `error` stops the run once a
 * picture needs one. */
void clp_board_lose(clp_board *board, uint32_t station, const clproc_error *error);

/** A station for a picture that those of `tried` have failed with. Workers of different numbers get
 * different ones, where there are. Waits for the first to open; REFUSED if none but these is left.
 */
clp_board_answer clp_board_choose(clp_board *board, clp_prof_thread *thread, uint32_t worker,
                                  uint32_t tried, bool wait, uint32_t *station);
/** True if a station other than those of `tried` is there or may come. */
bool clp_board_has_other(clp_board *board, uint32_t tried);
/** A station has finished a picture, or failed with it for a reason of its own: so many failures in
 * a row that it must be lost make this true. */
bool clp_board_note(clp_board *board, uint32_t station, bool failed);
/** Bytes that a station may hold, as far as is known. */
uint64_t clp_board_memory(clp_board *board, uint32_t station);
/** Pictures that a station has finished. */
uint64_t clp_board_share(clp_board *board, uint32_t station);

/* ------------------------------------------------------------------ memory */

/** What a worker holds, or wants: of the host, and of a station. */
typedef struct clp_holding {
    uint64_t host, device;
    uint32_t station; /**< CLP_NO_STATION: of the host alone */
} clp_holding;

/** Makes `*held` at least `wanted`, of the same station. REFUSED with `error` filled if that is
 * more than may ever be held. A worker that waits holds nothing, or others might wait for it. */
clp_board_answer clp_board_hold(clp_board *board, clp_prof_thread *thread, clp_holding *held,
                                const clp_holding *wanted, bool wait, clproc_error *error);
/** Gives back all but `kept`, which is no more of anything, and of the same station if of any. */
void clp_board_keep(clp_board *board, clp_holding *held, const clp_holding *kept);
/** Gives all of it back. */
void clp_board_release(clp_board *board, clp_holding *held);
/** A station that might hold `seen` bytes had none left for a picture: from now on it may hold half
 * of what it holds, but at least that picture; and if that was alone, less than it, where `least`
 * bytes would do. A picture that is alone may still try with more. False if nothing has changed, or
 * another worker has come first. */
bool clp_board_shrink(clp_board *board, const clp_holding *held, uint64_t least, uint64_t seen);
/** True if a worker waits for memory: what is not in use should be given back. */
bool clp_board_is_short(clp_board *board);

#endif
