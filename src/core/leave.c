#include "core/leave.h"

#include <pthread.h>

#include "core/cancel.h"
#include "core/clock.h"
#include "core/memory.h"

/** Who waits looks for a request to stop as often as this, ns. */
#define LOOK_NS 50000000
/** Work is late if it goes on for so many looks after a request to stop. */
#define LATE_LOOKS 10

/** Work of another thread, whose end is waited for. */
typedef struct errand {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool through;
} errand;

static void begin(errand *e) {
    pthread_mutex_init(&e->lock, NULL);
    clp_clock_condition(&e->ended);
    e->through = false;
}

static void end(errand *e) {
    pthread_cond_destroy(&e->ended);
    pthread_mutex_destroy(&e->lock);
}

/** Tells who waits, with `lock` held. */
static void is_through(errand *e) {
    e->through = true;
    pthread_cond_signal(&e->ended);
}

/** With `lock` held, waits until the work is through, or has gone on for `looks` after a request to
 * stop; false then. */
static bool await(errand *e, const volatile int *cancel, int looks) {
    for (int asked = clp_cancel_asked(cancel); !e->through && asked < looks;
         asked += clp_cancel_asked(cancel)) {
        clp_clock_wait(&e->ended, &e->lock, LOOK_NS);
    }
    return e->through;
}

/* -------------------------------------------------------------------- leaving */

typedef struct passenger {
    errand errand;
    volatile int left;
    clp_leave leave;
    void *job;
} passenger;

static void release(passenger *p) {
    end(&p->errand);
    clp_memory_free(p);
}

static void *go(void *argument) {
    passenger *p = argument;
    p->leave.work(p->job, &p->left);
    pthread_mutex_lock(&p->errand.lock);
    is_through(&p->errand);
    bool left = clp_cancel_asked(&p->left);
    pthread_mutex_unlock(&p->errand.lock);
    if (left) {
        p->leave.drop(p->job);
        release(p);
    }
    return NULL;
}

/** False once a stop was requested: all is the thread's then. */
static bool await_or_leave(passenger *p, const volatile int *cancel) {
    pthread_mutex_lock(&p->errand.lock);
    bool through = await(&p->errand, cancel, 1);
    if (!through) {
        clp_cancel_ask(&p->left);
    }
    pthread_mutex_unlock(&p->errand.lock);
    return through;
}

/** False if no thread can be started. It is never joined. */
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
    begin(&p->errand);
    p->leave = *leave;
    p->job = job;
    bool started = start(p);
    if (!started) {
        leave->work(job, cancel);
    }
    if (started && !await_or_leave(p, cancel)) {
        return false;
    }
    release(p);
    return true;
}

/* ------------------------------------------------------------------- watching */

typedef struct watched {
    errand errand;
    void (*work)(void *job);
    void *job;
} watched;

static void *do_watched(void *argument) {
    watched *w = argument;
    w->work(w->job);
    pthread_mutex_lock(&w->errand.lock);
    is_through(&w->errand);
    pthread_mutex_unlock(&w->errand.lock);
    return NULL;
}

void clp_leave_watch(void (*work)(void *job), void (*late)(void *job), void *job,
                     const volatile int *cancel) {
    watched w = {.work = work, .job = job};
    pthread_t thread;
    begin(&w.errand);
    if (cancel && pthread_create(&thread, NULL, do_watched, &w) == 0) {
        pthread_mutex_lock(&w.errand.lock);
        bool through = await(&w.errand, cancel, LATE_LOOKS);
        pthread_mutex_unlock(&w.errand.lock);
        if (!through) {
            late(job);
        }
        pthread_join(thread, NULL);
    } else {
        work(job);
    }
    end(&w.errand);
}
