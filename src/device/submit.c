/** The thread by which pictures go to a device with memory of its own.
 *
 *  Drivers have a lock around each of their calls. Where all workers call, they hand it on from
 * call to call, which takes several times as long as the calls do. So a worker leaves its lane here
 * once its picture's rows or scan are there, and sleeps until the results are: one thread enqueues
 * for one lane after the other, and looks which have finished.
 */
#include <errno.h>
#include <string.h>

#include "core/clock.h"
#include "core/memory.h"
#include "device/lane.h"

struct clp_submitter {
    clp_device *device;
    pthread_t id;
    clp_prof_thread *thread; /**< its own */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    clp_lane *first, *last; /**< posted, not taken yet */
    bool ended;
    clp_lane *under_way; /**< its own: enqueued, not finished */
};

/** Gives a lane back to its worker. */
static void finish(clp_lane *lane, clproc_status outcome) {
    lane->outcome = outcome;
    sem_post(&lane->finished);
}

static void enqueue(clp_submitter *self, clp_lane *lane) {
    clproc_status status = clp_lane_enqueue(lane, self->thread, &lane->cause);
    if (status != CLPROC_OK) {
        finish(lane, status);
        return;
    }
    lane->next = self->under_way;
    self->under_way = lane;
}

/** Gives back the lanes that have their results. */
static void look(clp_submitter *self) {
    clp_lane **place = &self->under_way;
    while (*place) {
        clp_lane *lane = *place;
        if (!clp_event_has_ended(lane->done)) {
            place = &lane->next;
            continue;
        }
        *place = lane->next;
        finish(lane, clp_event_wait(self->device, lane->done, &lane->cause));
    }
}

/** The next lane, or NULL: there is something under way to look at, or the end has come. */
static clp_lane *take(clp_submitter *self) {
    pthread_mutex_lock(&self->lock);
    if (!self->first && self->under_way) {
        clp_clock_wait(&self->changed, &self->lock, CLP_LOOK_NS);
    }
    while (!self->first && !self->under_way && !self->ended) {
        pthread_cond_wait(&self->changed, &self->lock);
    }
    clp_lane *lane = self->first;
    if (lane) {
        self->first = lane->next;
        self->last = self->first ? self->last : NULL;
    }
    pthread_mutex_unlock(&self->lock);
    return lane;
}

static void *run(void *argument) {
    clp_submitter *self = argument;
    self->thread = clp_prof_thread_enter(self->device->prof, "submitter");
    for (;;) {
        clp_lane *lane = take(self);
        if (lane) {
            enqueue(self, lane);
        } else if (!self->under_way) {
            break;
        }
        look(self);
    }
    clp_prof_thread_leave(self->thread);
    return NULL;
}

static void release(clp_submitter **submitter) {
    pthread_cond_destroy(&(*submitter)->changed);
    pthread_mutex_destroy(&(*submitter)->lock);
    clp_memory_free(*submitter);
    *submitter = NULL;
}

clproc_status clp_submitter_create(clp_submitter **submitter, clp_device *device,
                                   clproc_error *error) {
    clp_submitter *made = clp_memory_zero(CLP_MEMORY_BATCH, 1, sizeof *made);
    *submitter = NULL;
    if (!made) {
        return clp_error_memory(error, "a device's thread", sizeof *made);
    }
    made->device = device;
    pthread_mutex_init(&made->lock, NULL);
    clp_clock_condition(&made->changed);
    int code = pthread_create(&made->id, NULL, run, made);
    if (code != 0) {
        release(&made);
        return clp_error_set(error, CLPROC_ERROR_MEMORY,
                             "the thread of %.100s cannot be started: %s; end other programs or "
                             "raise `ulimit -u`",
                             device->info.name, strerror(code));
    }
    *submitter = made;
    return CLPROC_OK;
}

void clp_submitter_destroy(clp_submitter **submitter) {
    clp_submitter *s = *submitter;
    if (!s) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    s->ended = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->id, NULL);
    release(submitter);
}

void clp_submitter_post(clp_lane *lane) {
    clp_submitter *self = lane->device->submitter;
    lane->posted = true;
    lane->next = NULL;
    pthread_mutex_lock(&self->lock);
    if (self->last) {
        self->last->next = lane;
    } else {
        self->first = lane;
    }
    self->last = lane;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

clproc_status clp_submitter_await(clp_lane *lane, clproc_error *error) {
    while (sem_wait(&lane->finished) != 0 && errno == EINTR) {
    }
    lane->posted = false;
    if (lane->outcome != CLPROC_OK && error) {
        *error = lane->cause;
    }
    return lane->outcome;
}
