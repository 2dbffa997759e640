/** Guard bytes before and behind every device buffer, for the fault layer: whoever writes beyond a
 * buffer changes them, be it a kernel, a copy or the host. They are looked at after every kernel,
 * and when a buffer is released. In the environment:
 *   FAULT_GUARDS   a file that gets a line for every buffer that was written beyond; without it
 *                  there are no guards
 *   FAULT_OVERRUN  if set, a kernel writes a byte before and a byte behind every buffer, when it is
 *                  first looked at
 */
#ifndef GUARDS_H
#define GUARDS_H

#include <CL/cl_layer.h>

#include <stdbool.h>

/** What it calls; must live on. */
void guards_begin(const cl_icd_dispatch *next);
bool guards_wanted(void);
/** As clCreateBuffer(). */
cl_mem guards_create(cl_context context, cl_mem_flags flags, size_t size, void *host, cl_int *code);
/** `queue` was given the kernel: waits for it, and looks. */
void guards_after(cl_command_queue queue, cl_kernel kernel);
/** The buffer is about to be released. */
void guards_leave(cl_mem buffer);
/** Buffers that had guards. */
long guards_count(void);

#endif
