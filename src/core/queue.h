/** A bounded, blocking queue of pointers for any number of producers and consumers. */
#ifndef CLP_CORE_QUEUE_H
#define CLP_CORE_QUEUE_H

#include <stdbool.h>

#include "core/error.h"

typedef struct clp_queue clp_queue;

clproc_status clp_queue_create(clp_queue **queue, size_t capacity, clproc_error *error);
void clp_queue_destroy(clp_queue **queue);
/** Waits for room. False if the queue is closed: the item stays the caller's. */
bool clp_queue_push(clp_queue *queue, void *item);
/** Waits for an item. False once the queue is closed and empty. */
bool clp_queue_pop(clp_queue *queue, void **item);
/** As clp_queue_pop(), without waiting: false if nothing is there now. */
bool clp_queue_try_pop(clp_queue *queue, void **item);
/** No more pushes; what is queued can still be popped. Safe to call twice. */
void clp_queue_close(clp_queue *queue);
size_t clp_queue_length(clp_queue *queue);

#endif
