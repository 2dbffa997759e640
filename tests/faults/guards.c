#include "guards.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 4096, FILLED = 0xa5, MOST_BUFFERS = 1024 };

/** A part of a larger buffer, which has guards on both sides of it. */
typedef struct guarded {
    cl_mem part, whole;
    cl_context context;
    size_t size; /**< of the part */
    long number;
    bool overrun; /**< bytes beyond it are still to be written */
} guarded;

static struct {
    const cl_icd_dispatch *next;
    const char *path;
    bool overrun;
    pthread_mutex_t lock;
    guarded buffers[MOST_BUFFERS];
    int count;
    long created;
} guards = {.lock = PTHREAD_MUTEX_INITIALIZER};

void guards_begin(const cl_icd_dispatch *next) {
    guards.next = next;
    guards.path = getenv("FAULT_GUARDS");
    guards.overrun = getenv("FAULT_OVERRUN") != NULL;
}

bool guards_wanted(void) {
    return guards.path != NULL;
}

long guards_count(void) {
    return guards.created;
}

/** What must not fail here, or the test says nothing. */
static void need(bool works, const char *what) {
    if (!works) {
        fprintf(stderr, "guards: %s does not work\n", what);
        abort();
    }
}

static cl_command_queue open_queue(cl_context context) {
    cl_device_id device;
    cl_int code =
        guards.next->clGetContextInfo(context, CL_CONTEXT_DEVICES, sizeof device, &device, NULL);
    cl_command_queue queue =
        code == CL_SUCCESS ? guards.next->clCreateCommandQueue(context, device, 0, &code) : NULL;
    need(queue, "a queue");
    return queue;
}

static void close_queue(cl_command_queue queue) {
    need(guards.next->clFinish(queue) == CL_SUCCESS, "clFinish");
    guards.next->clReleaseCommandQueue(queue);
}

static void fill(cl_command_queue queue, cl_mem whole, size_t offset) {
    static const unsigned char pattern = FILLED;
    need(guards.next->clEnqueueFillBuffer(queue, whole, &pattern, 1, offset, GUARD, 0, NULL,
                                          NULL) == CL_SUCCESS,
         "clEnqueueFillBuffer");
}

/* ---------------------------------------------------------------- buffers */

static void CL_CALLBACK free_host(cl_mem whole, void *host) {
    (void)whole;
    free(host);
}

/** The host's memory for a buffer that is to lie there, with what the caller's holds. */
static unsigned char *copy_host(const void *host, size_t size) {
    size_t bytes = (size + 2 * GUARD + GUARD - 1) / GUARD * GUARD;
    unsigned char *copy = aligned_alloc(GUARD, bytes);
    need(copy, "aligned_alloc");
    memcpy(copy + GUARD, host, size);
    return copy;
}

cl_mem guards_create(cl_context context, cl_mem_flags flags, size_t size, void *host,
                     cl_int *code) {
    const cl_mem_flags of_host = CL_MEM_USE_HOST_PTR | CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR;
    const cl_buffer_region region = {GUARD, size};
    cl_mem part = NULL;
    unsigned char *copy = host ? copy_host(host, size) : NULL;
    cl_mem whole =
        guards.next->clCreateBuffer(context, flags, size + 2 * (size_t)GUARD, copy, code);
    if (whole && copy && (flags & CL_MEM_USE_HOST_PTR)) {
        need(guards.next->clSetMemObjectDestructorCallback(whole, free_host, copy) == CL_SUCCESS,
             "clSetMemObjectDestructorCallback");
    } else {
        free(copy);
    }
    if (!whole) {
        return NULL;
    }
    part = guards.next->clCreateSubBuffer(whole, flags & ~of_host, CL_BUFFER_CREATE_TYPE_REGION,
                                          &region, code);
    need(part, "clCreateSubBuffer");
    cl_command_queue queue = open_queue(context);
    fill(queue, whole, 0);
    fill(queue, whole, GUARD + size);
    close_queue(queue);
    pthread_mutex_lock(&guards.lock);
    need(guards.count < MOST_BUFFERS, "so many buffers");
    guards.buffers[guards.count++] =
        (guarded){part, whole, context, size, ++guards.created, guards.overrun};
    pthread_mutex_unlock(&guards.lock);
    return part;
}

/* ---------------------------------------------------------------- looking */

/** Changes a byte on either side of a buffer, as a kernel with a wrong index would. */
static void overrun(cl_command_queue queue, const guarded *g) {
    static const char *text = "__kernel void overrun(__global uchar *bytes, ulong at) {"
                              "    bytes[at - get_global_id(0) * (at + 1)] = 0;"
                              "}";
    const cl_icd_dispatch *next = guards.next;
    const size_t two = 2; /* one of them at -1 */
    cl_ulong at = g->size;
    cl_int code;
    cl_program program = next->clCreateProgramWithSource(g->context, 1, &text, NULL, &code);
    need(program && next->clBuildProgram(program, 0, NULL, "", NULL, NULL) == CL_SUCCESS,
         "a program");
    cl_kernel kernel = next->clCreateKernel(program, "overrun", &code);
    need(kernel && next->clSetKernelArg(kernel, 0, sizeof g->part, &g->part) == CL_SUCCESS &&
             next->clSetKernelArg(kernel, 1, sizeof at, &at) == CL_SUCCESS &&
             next->clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &two, NULL, 0, NULL, NULL) ==
                 CL_SUCCESS &&
             next->clFinish(queue) == CL_SUCCESS,
         "a kernel");
    next->clReleaseKernel(kernel);
    next->clReleaseProgram(program);
}

/** Looks at one guard, and puts it right. */
static void look_at(cl_command_queue queue, const guarded *g, bool behind, const char *when) {
    unsigned char bytes[GUARD];
    size_t offset = behind ? GUARD + g->size : 0, at = 0;
    need(guards.next->clEnqueueReadBuffer(queue, g->whole, CL_TRUE, offset, GUARD, bytes, 0, NULL,
                                          NULL) == CL_SUCCESS,
         "clEnqueueReadBuffer");
    while (at < GUARD && bytes[at] == FILLED) {
        at++;
    }
    if (at == GUARD) {
        return;
    }
    FILE *file = fopen(guards.path, "a");
    need(file, "the file of FAULT_GUARDS");
    fprintf(file, "buffer %ld of %zu bytes: byte %zu %s it was written, seen %s\n", g->number,
            g->size, behind ? at : GUARD - at, behind ? "behind" : "before", when);
    fclose(file);
    fill(queue, g->whole, offset);
}

static void look(cl_command_queue queue, guarded *g, const char *when) {
    if (g->overrun) {
        overrun(queue, g);
        g->overrun = false;
    }
    look_at(queue, g, false, when);
    look_at(queue, g, true, when);
}

void guards_after(cl_command_queue queue, cl_kernel kernel) {
    char name[128] = "", when[160];
    cl_context context;
    const cl_icd_dispatch *next = guards.next;
    need(next->clFinish(queue) == CL_SUCCESS, "clFinish");
    need(next->clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof context, &context, NULL) ==
                 CL_SUCCESS &&
             next->clGetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, sizeof name, name, NULL) ==
                 CL_SUCCESS,
         "what tells of queues and kernels");
    snprintf(when, sizeof when, "after %s", name);
    cl_command_queue own = open_queue(context);
    pthread_mutex_lock(&guards.lock);
    for (int i = 0; i < guards.count; i++) {
        if (guards.buffers[i].context == context) {
            look(own, &guards.buffers[i], when);
        }
    }
    pthread_mutex_unlock(&guards.lock);
    close_queue(own);
}

void guards_leave(cl_mem buffer) {
    pthread_mutex_lock(&guards.lock);
    for (int i = 0; i < guards.count; i++) {
        guarded g = guards.buffers[i];
        if (g.part == buffer) {
            cl_command_queue queue = open_queue(g.context);
            look(queue, &g, "at its release");
            close_queue(queue);
            guards.next->clReleaseMemObject(g.whole); /* the part holds it */
            guards.buffers[i] = guards.buffers[--guards.count];
            break;
        }
    }
    pthread_mutex_unlock(&guards.lock);
}
