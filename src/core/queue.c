#include "core/queue.h"

#include <pthread.h>

#include "core/checked.h"
#include "core/memory.h"

struct clp_queue {
    pthread_mutex_t lock;
    pthread_cond_t not_empty, not_full;
    bool closed;
    size_t capacity, length, first;
    void *items[];
};

clproc_status clp_queue_create(clp_queue **queue, size_t capacity, clproc_error *error) {
    size_t bytes = 0;
    clp_queue *made = NULL;
    if (capacity > 0 && clp_checked_mul(capacity, sizeof(void *), &bytes) &&
        clp_checked_add(bytes, sizeof *made, &bytes)) {
        made = clp_memory_zero(CLP_MEMORY_BATCH, 1, bytes);
    }
    if (!made) {
        return clp_error_memory(error, "a queue", bytes);
    }
    made->capacity = capacity;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->not_empty, NULL);
    pthread_cond_init(&made->not_full, NULL);
    *queue = made;
    return CLPROC_OK;
}

void clp_queue_destroy(clp_queue **queue) {
    if (*queue) {
        pthread_cond_destroy(&(*queue)->not_full);
        pthread_cond_destroy(&(*queue)->not_empty);
        pthread_mutex_destroy(&(*queue)->lock);
        clp_memory_free(*queue);
        *queue = NULL;
    }
}

bool clp_queue_push(clp_queue *queue, void *item) {
    pthread_mutex_lock(&queue->lock);
    while (!queue->closed && queue->length == queue->capacity) {
        pthread_cond_wait(&queue->not_full, &queue->lock);
    }
    bool open = !queue->closed;
    if (open) {
        queue->items[(queue->first + queue->length++) % queue->capacity] = item;
        pthread_cond_signal(&queue->not_empty);
    }
    pthread_mutex_unlock(&queue->lock);
    return open;
}

/** Takes the first item; the lock is held. */
static bool take(clp_queue *queue, void **item) {
    if (queue->length == 0) {
        return false;
    }
    *item = queue->items[queue->first];
    queue->first = (queue->first + 1) % queue->capacity;
    queue->length--;
    pthread_cond_signal(&queue->not_full);
    return true;
}

bool clp_queue_pop(clp_queue *queue, void **item) {
    pthread_mutex_lock(&queue->lock);
    while (!queue->closed && queue->length == 0) {
        pthread_cond_wait(&queue->not_empty, &queue->lock);
    }
    bool found = take(queue, item);
    pthread_mutex_unlock(&queue->lock);
    return found;
}

bool clp_queue_try_pop(clp_queue *queue, void **item) {
    pthread_mutex_lock(&queue->lock);
    bool found = take(queue, item);
    pthread_mutex_unlock(&queue->lock);
    return found;
}

void clp_queue_close(clp_queue *queue) {
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->not_empty);
    pthread_cond_broadcast(&queue->not_full);
    pthread_mutex_unlock(&queue->lock);
}

size_t clp_queue_length(clp_queue *queue) {
    pthread_mutex_lock(&queue->lock);
    size_t length = queue->length;
    pthread_mutex_unlock(&queue->lock);
    return length;
}
