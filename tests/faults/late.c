#include "late.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_QUEUES = 64, MOST_KERNELS = 1024, MOST_ARGUMENTS = 8, MOST_MAPPED = 256 };
/** One command in so many begins after a pause of up to so many microseconds, and some of these
 * only after ten times as long. */
enum { PAUSE_OF = 3, LONG_OF = 4, LONGEST_PAUSE_US = 3000 };

/** A command that may not begin yet. */
typedef struct held {
    cl_event gate;
    struct held *next;
} held;

typedef struct late_queue {
    cl_command_queue queue; /**< NULL: a free place */
    pthread_t id;
    pthread_cond_t changed;
    held *first, **last, **flushed; /**< those before the place that `flushed` names may begin */
    bool closed;
    unsigned random;
} late_queue;

/** The buffers that a kernel was given. */
typedef struct late_kernel {
    cl_kernel kernel;
    cl_mem arguments[MOST_ARGUMENTS];
} late_kernel;

static struct {
    const cl_icd_dispatch *next;
    const char *seed, *path;
    atomic_long count;
    pthread_mutex_t lock;
    late_queue queues[MOST_QUEUES];
    late_kernel kernels[MOST_KERNELS];
    struct {
        cl_mem buffer;
        int times;
    } mapped[MOST_MAPPED];
} late = {.lock = PTHREAD_MUTEX_INITIALIZER};

void late_begin(const cl_icd_dispatch *next) {
    late.next = next;
    late.seed = getenv("FAULT_LATE");
    late.path = getenv("FAULT_LATE_LOG");
}

long late_count(void) {
    return late.count;
}

/** What must not fail here, or the test says nothing. */
static void need(bool works, const char *what) {
    if (!works) {
        fprintf(stderr, "late: %s does not work\n", what);
        abort();
    }
}

/* ------------------------------------------------------------------ queues */

static void pause_for(unsigned *random) {
    *random = *random * 1664525u + 1013904223u;
    unsigned drawn = *random >> 8, times = drawn % (PAUSE_OF * LONG_OF) == 0 ? 10 : 1;
    if (drawn % PAUSE_OF == 0) {
        nanosleep(&(struct timespec){.tv_nsec = drawn / 16 % LONGEST_PAUSE_US * 1000L * times},
                  NULL);
    }
}

/** The thread of a queue. */
static void *let_begin(void *argument) {
    late_queue *q = argument;
    pthread_mutex_lock(&late.lock);
    for (;;) {
        while (q->flushed == &q->first && !q->closed) {
            pthread_cond_wait(&q->changed, &late.lock);
        }
        held *h = q->flushed == &q->first ? NULL : q->first;
        if (!h) {
            break;
        }
        q->first = h->next;
        q->last = q->last == &h->next ? &q->first : q->last;
        q->flushed = q->flushed == &h->next ? &q->first : q->flushed;
        pthread_mutex_unlock(&late.lock);
        pause_for(&q->random);
        need(late.next->clSetUserEventStatus(h->gate, CL_COMPLETE) == CL_SUCCESS,
             "clSetUserEventStatus");
        late.next->clReleaseEvent(h->gate);
        free(h);
        pthread_mutex_lock(&late.lock);
    }
    pthread_mutex_unlock(&late.lock);
    return NULL;
}

/** With the lock. */
static late_queue *find_queue(cl_command_queue queue) {
    for (int i = 0; i < MOST_QUEUES; i++) {
        if (late.queues[i].queue == queue) {
            return &late.queues[i];
        }
    }
    return NULL;
}

/** The queue, with a thread. With the lock. */
static late_queue *open_queue(cl_command_queue queue) {
    static unsigned opened;
    late_queue *q = find_queue(queue);
    if (!q) {
        q = find_queue(NULL);
        need(q, "so many queues");
        *q = (late_queue){.queue = queue,
                          .random = (unsigned)strtoul(late.seed, NULL, 10) + 7919 * ++opened};
        q->last = q->flushed = &q->first;
        pthread_cond_init(&q->changed, NULL);
        need(pthread_create(&q->id, NULL, let_begin, q) == 0, "pthread_create");
    }
    return q;
}

static void flush(late_queue *q) {
    q->flushed = q->last;
    pthread_cond_signal(&q->changed);
}

bool late_wanted(void) {
    return late.seed != NULL;
}

void late_hold(cl_command_queue queue, bool blocks, cl_uint count, const cl_event *list,
               late_waits *waits) {
    cl_context context;
    cl_int code;
    held *h = malloc(sizeof *h);
    need(h && count <= LATE_MOST_WAITS &&
             late.next->clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof context, &context,
                                              NULL) == CL_SUCCESS,
         "a command with so many events");
    *h = (held){.gate = late.next->clCreateUserEvent(context, &code)};
    need(h->gate && late.next->clRetainEvent(h->gate) == CL_SUCCESS, "clCreateUserEvent");
    waits->count = count + 1;
    waits->events[count] = h->gate;
    for (cl_uint i = 0; i < count; i++) {
        waits->events[i] = list[i];
    }
    atomic_fetch_add(&late.count, 1);
    pthread_mutex_lock(&late.lock);
    late_queue *q = open_queue(queue);
    *q->last = h;
    q->last = &h->next;
    if (blocks) {
        flush(q);
    }
    pthread_mutex_unlock(&late.lock);
}

void late_given(const late_waits *waits) {
    late.next->clReleaseEvent(waits->events[waits->count - 1]);
}

void late_flush(cl_command_queue queue) {
    pthread_mutex_lock(&late.lock);
    late_queue *q = find_queue(queue);
    if (q) {
        flush(q);
    }
    pthread_mutex_unlock(&late.lock);
}

void late_close(cl_command_queue queue) {
    pthread_mutex_lock(&late.lock);
    late_queue *q = find_queue(queue);
    if (q) {
        flush(q);
        q->closed = true;
    }
    pthread_mutex_unlock(&late.lock);
    if (q) {
        pthread_join(q->id, NULL);
        pthread_cond_destroy(&q->changed);
        q->queue = NULL;
    }
}

/* ------------------------------------------------------- what the host has mapped */

/** With the lock. */
static late_kernel *find_kernel(cl_kernel kernel) {
    for (int i = 0; i < MOST_KERNELS; i++) {
        if (late.kernels[i].kernel == kernel) {
            return &late.kernels[i];
        }
    }
    return NULL;
}

void late_argument(cl_kernel kernel, cl_uint index, size_t size, const void *value) {
    pthread_mutex_lock(&late.lock);
    late_kernel *k = find_kernel(kernel);
    if (!k) {
        k = find_kernel(NULL);
        need(k, "so many kernels");
        *k = (late_kernel){.kernel = kernel};
    }
    if (index < MOST_ARGUMENTS) {
        k->arguments[index] = NULL;
        if (size == sizeof(cl_mem) && value) {
            memcpy(&k->arguments[index], value, size);
        }
    }
    pthread_mutex_unlock(&late.lock);
}

void late_forget(cl_kernel kernel) {
    pthread_mutex_lock(&late.lock);
    late_kernel *k = find_kernel(kernel);
    if (k) {
        k->kernel = NULL;
    }
    pthread_mutex_unlock(&late.lock);
}

/** How often a buffer is mapped: a place for it, or NULL where it is not. With the lock. */
static int *times_mapped(cl_mem buffer, bool make) {
    int free = -1;
    for (int i = 0; i < MOST_MAPPED; i++) {
        if (late.mapped[i].buffer == buffer && late.mapped[i].times > 0) {
            return &late.mapped[i].times;
        }
        free = late.mapped[i].times == 0 ? i : free;
    }
    need(!make || free >= 0, "so many mapped buffers");
    if (make) {
        late.mapped[free].buffer = buffer;
    }
    return make ? &late.mapped[free].times : NULL;
}

void late_map(cl_mem buffer, bool mapped) {
    pthread_mutex_lock(&late.lock);
    int *times = times_mapped(buffer, mapped);
    if (times) {
        *times += mapped ? 1 : -1;
    }
    pthread_mutex_unlock(&late.lock);
}

void late_check(cl_kernel kernel) {
    char name[128] = "";
    pthread_mutex_lock(&late.lock);
    const late_kernel *k = late.path ? find_kernel(kernel) : NULL;
    for (int i = 0; k && i < MOST_ARGUMENTS; i++) {
        if (k->arguments[i] && times_mapped(k->arguments[i], false)) {
            late.next->clGetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, sizeof name, name, NULL);
            FILE *log = fopen(late.path, "a");
            need(log, "the file of FAULT_LATE_LOG");
            fprintf(log, "%s: argument %d is mapped\n", name, i);
            fclose(log);
        }
    }
    pthread_mutex_unlock(&late.lock);
}
