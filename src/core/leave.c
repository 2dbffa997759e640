#include "core/leave.h"

#include <pthread.h>

#include "core/cancel.h"
#include "core/clock.h"
#include "core/memory.h"

/** Who waits looks for a request to stop as often as this, ns. */
#define LOOK_NS 50000000
/** Work is late if it goes on for so many looks after a request to stop. */
#define LATE_LOOKS 10

typedef struct passenger {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool through;
    volatile int left;
    clp_leave leave;
    void *job;
} passenger;

static void release(passenger *p) {
    pthread_cond_destroy(&p->ended);
    pthread_mutex_destroy(&p->lock);
    clp_memory_free(p);
}

static void *go(void *argument) {
    passenger *p = argument;
    p->leave.work(p->job, &p->left);
    pthread_mutex_lock(&p->lock);
    p->through = true;
    bool left = clp_cancel_asked(&p->left);
    pthread_cond_signal(&p->ended);
    pthread_mutex_unlock(&p->lock);
    if (left) {
        p->leave.drop(p->job);
        release(p);
    }
    return NULL;
}

/** Waits until the thread is through, or somebody wants to stop; false then: all is the thread's.
 */
static bool await(passenger *p, const volatile int *cancel) {
    pthread_mutex_lock(&p->lock);
    while (!p->through && !clp_cancel_asked(cancel)) {
        clp_clock_wait(&p->ended, &p->lock, LOOK_NS);
    }
    bool through = p->through;
    if (!through) {
        clp_cancel_ask(&p->left);
    }
    pthread_mutex_unlock(&p->lock);
    return through;
}

/** False if there is no thread to be had. Nobody will join it. */
static bool start(passenger *p) {
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    bool started = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                   pthread_create(&thread, &attributes, go, p) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

bool clp_leave_run(const clp_leave *leave, void *job, const volatile int *cancel) {
    passenger *p = cancel ? clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *p) : NULL;
    if (!p) {
        leave->work(job, cancel);
        return true;
    }
    pthread_mutex_init(&p->lock, NULL);
    clp_clock_condition(&p->ended);
    p->leave = *leave;
    p->job = job;
    bool started = start(p);
    if (!started) {
        leave->work(job, cancel);
    }
    if (started && !await(p, cancel)) {
        return false;
    }
    release(p);
    return true;
}

/* ------------------------------------------------------------------- watching */

typedef struct watched {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool through;
    void (*work)(void *job);
    void *job;
} watched;

static void *do_watched(void *argument) {
    watched *w = argument;
    w->work(w->job);
    pthread_mutex_lock(&w->lock);
    w->through = true;
    pthread_cond_signal(&w->ended);
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/** False if the work is late. */
static bool await_watched(watched *w, const volatile int *cancel) {
    int looks = 0;
    pthread_mutex_lock(&w->lock);
    while (!w->through && looks < LATE_LOOKS) {
        clp_clock_wait(&w->ended, &w->lock, LOOK_NS);
        looks += clp_cancel_asked(cancel);
    }
    bool through = w->through;
    pthread_mutex_unlock(&w->lock);
    return through;
}

void clp_leave_watch(void (*work)(void *job), void (*late)(void *job), void *job,
                     const volatile int *cancel) {
    watched w = {.lock = PTHREAD_MUTEX_INITIALIZER, .work = work, .job = job};
    pthread_t thread;
    clp_clock_condition(&w.ended);
    if (cancel && pthread_create(&thread, NULL, do_watched, &w) == 0) {
        if (!await_watched(&w, cancel)) {
            late(job);
        }
        pthread_join(thread, NULL);
    } else {
        work(job);
    }
    pthread_cond_destroy(&w.ended);
    pthread_mutex_destroy(&w.lock);
}
