/** Queues that are as far apart as a GPU's, for the fault layer. A command begins when the thread
 * of its queue lets it, some at once, some after a while, and none before its queue was flushed: so
 * copies read their memory late, queues overtake each other, and who forgets a flush waits for
 * ever. Kernels are also checked for buffers that the host has mapped. In the environment:
 *   FAULT_LATE      a number by which pauses are chosen; without it commands begin as ever
 *   FAULT_LATE_LOG  a file that gets a line for every buffer that a kernel was given while the host
 *                   had it mapped
 */
#ifndef LATE_H
#define LATE_H

#include <CL/cl_layer.h>

#include <stdbool.h>

enum { LATE_MOST_WAITS = 8 };

/** What a command waits for: the caller's events, and the queue's thread. */
typedef struct late_waits {
    cl_uint count;
    cl_event events[LATE_MOST_WAITS + 1];
} late_waits;

/** What it calls; must live on. */
void late_begin(const cl_icd_dispatch *next);
bool late_wanted(void);
/** Before a command is enqueued, which is to wait for `*waits`; one that blocks also flushes. */
void late_hold(cl_command_queue queue, bool blocks, cl_uint count, const cl_event *list,
               late_waits *waits);
/** It was enqueued, or could not be. */
void late_given(const late_waits *waits);
void late_flush(cl_command_queue queue);
/** The queue is about to be released. */
void late_close(cl_command_queue queue);

/** An argument of a kernel was set. */
void late_argument(cl_kernel kernel, cl_uint index, size_t size, const void *value);
void late_forget(cl_kernel kernel);
void late_map(cl_mem buffer, bool mapped);
/** A kernel is about to be launched. */
void late_check(cl_kernel kernel);
/** Commands that were held. */
long late_count(void);

#endif
