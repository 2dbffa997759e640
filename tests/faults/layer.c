/* An OpenCL layer that makes chosen calls fail and counts what is created and released.
 *
 * The loader reads it from OPENCL_LAYERS. In the environment:
 *   FAULT_CALL  number of the call that fails, from 1; without it none does
 *   FAULT_CODE  what it returns, as -5. -14 for clGetEventInfo means that it succeeds and tells of
 * a command that went wrong
 *   FAULT_NAME  every call of this name fails
 *   FAULT_STALL a name: calls of it never return; with FAULT_STALL_FROM=N but the first N - 1
 *   FAULT_LOST  if set, every later call fails as well: the device is lost
 *   FAULT_CLOCK nanoseconds by which the device's clock is ahead of the raw monotonic one
 *   FAULT_QUEUED nanoseconds by which the clock that commands are queued by is ahead of that
 *   FAULT_TIMER if set, clGetDeviceAndHostTimer() tells that clock
 *   FAULT_PROFILING  if set, no queue can have profiling
 *   FAULT_FILL  a number: every byte of a new buffer
 *   FAULT_STOPWATCH  a file: kernels run alone, and each launch's nanoseconds are written there
 *   FAULT_CHATTER  if set, every build writes a line to standard error
 *   FAULT_END   every build ends the process: "exit" or "abort", with a line to standard error
 *   FAULT_CACHE a folder: what PoCL has compiled is copied there
 *   FAULT_SMALL a word and a number: devices have at most so many bytes of memory ("global=N"), in
 *               one buffer ("alloc=N"), in local memory ("local=N"), or work-items in a group
 *               ("group=N"), and what asks for more fails; "room=N": of memory, but do not tell so
 *   FAULT_GUARDS, FAULT_OVERRUN  see guards.h
 *   FAULT_LATE, FAULT_LATE_LOG   see late.h
 *   FAULT_LOG   a file that is written at exit: "calls N", "failed NAME", "guarded N", "held N",
 *               "ran KERNEL" for each that was launched and, for each kind of object, "left KIND
 * N"; queues that were released with something under way count as left, "unfinished queue"
 *
 * Every call that can fail for lack of something counts, in the order they are made; releases do
 * not, and always work.
 */
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl_layer.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guards.h"
#include "late.h"

typedef enum kind {
    CONTEXT,
    QUEUE,
    MEMORY,
    PROGRAM,
    KERNEL,
    EVENT,
    MAPPING,
    UNFINISHED,
    KINDS
} kind;

static const char *const kind_names[KINDS] = {"context", "queue", "memory",  "program",
                                              "kernel",  "event", "mapping", "unfinished queue"};

enum { MOST_QUEUES = 64, MOST_KERNELS = 128 };

static struct {
    cl_icd_dispatch next, own;
    long failing;       /**< number of the call */
    long stalling_from; /**< of those of that name */
    atomic_long stallable;
    cl_int code;
    const char *failing_name, *stalling_name;
    FILE *stopwatch;
    cl_ulong ahead, queued_ahead;
    bool stays_lost, fills, has_timer, no_profiling;
    unsigned char fill;
    atomic_long calls, live[KINDS];
    atomic_bool lost;
    _Atomic(const char *) failed;
    pthread_mutex_t lock;
    cl_command_queue queues[MOST_QUEUES];
    bool busy[MOST_QUEUES]; /**< given something since it was last waited for */
    int queue_count;
    char kernels[MOST_KERNELS][64]; /**< that were launched */
    int kernel_count;
} layer = {.lock = PTHREAD_MUTEX_INITIALIZER};

/** Lets the device end what it was given: a lost one touches memory no more. */
static void drain_queues(void) {
    pthread_mutex_lock(&layer.lock);
    for (int i = 0; i < layer.queue_count; i++) {
        layer.next.clFinish(layer.queues[i]);
        layer.busy[i] = false;
    }
    pthread_mutex_unlock(&layer.lock);
}

/** Notes that a queue was given something, or that all of it was waited for. */
static void set_busy(cl_command_queue queue, bool busy) {
    pthread_mutex_lock(&layer.lock);
    for (int i = 0; i < layer.queue_count; i++) {
        if (layer.queues[i] == queue) {
            layer.busy[i] = busy;
        }
    }
    pthread_mutex_unlock(&layer.lock);
}

/** Counts a call; true, with `*code`, if it is to fail. */
static bool fails(const char *name, cl_int *code) {
    long number = atomic_fetch_add(&layer.calls, 1) + 1;
    *code = layer.code;
    if (layer.stalling_name && strcmp(layer.stalling_name, name) == 0 &&
        atomic_fetch_add(&layer.stallable, 1) + 1 >= layer.stalling_from) {
        for (;;) {
            pause();
        }
    }
    if (number == layer.failing) {
        layer.failed = name;
        if (layer.stays_lost) {
            drain_queues();
            layer.lost = true;
        }
        return true;
    }
    return layer.lost || (layer.failing_name && strcmp(layer.failing_name, name) == 0);
}

static void count(kind what, long change) {
    atomic_fetch_add(&layer.live[what], change);
}

/* ------------------------------------------------------------- calls that return a code */

#define PASS(name, parameters, arguments)                                                          \
    static cl_int CL_API_CALL layer_##name parameters {                                            \
        cl_int code;                                                                               \
        return fails(#name, &code) ? code : layer.next.name arguments;                             \
    }

/** Has the rest of a function, which is to enqueue a command, wait for more. */
#define HOLD(blocks)                                                                               \
    late_waits held = {.count = 0};                                                                \
    if (late_wanted()) {                                                                           \
        late_hold(queue, blocks, waits, list, &held);                                              \
        waits = held.count;                                                                        \
        list = held.events;                                                                        \
    }
#define GIVEN()                                                                                    \
    if (held.count > 0) {                                                                          \
        late_given(&held);                                                                         \
    }

#define ENQUEUE(name, blocks, parameters, arguments)                                               \
    static cl_int CL_API_CALL layer_##name parameters {                                            \
        cl_int code;                                                                               \
        if (!fails(#name, &code)) {                                                                \
            set_busy(queue, true);                                                                 \
            HOLD(blocks)                                                                           \
            code = layer.next.name arguments;                                                      \
            count(EVENT, code == CL_SUCCESS && event);                                             \
            GIVEN()                                                                                \
        }                                                                                          \
        return code;                                                                               \
    }

#define RETAIN(name, type, what)                                                                   \
    static cl_int CL_API_CALL layer_##name(type object) {                                          \
        cl_int code;                                                                               \
        if (!fails(#name, &code)) {                                                                \
            code = layer.next.name(object);                                                        \
            count(what, code == CL_SUCCESS);                                                       \
        }                                                                                          \
        return code;                                                                               \
    }

#define RELEASE(name, type, what)                                                                  \
    static cl_int CL_API_CALL layer_##name(type object) {                                          \
        count(what, -1);                                                                           \
        return layer.next.name(object);                                                            \
    }

PASS(clGetPlatformIDs, (cl_uint room, cl_platform_id *platforms, cl_uint *number),
     (room, platforms, number))
PASS(clGetPlatformInfo,
     (cl_platform_id platform, cl_platform_info what, size_t size, void *value, size_t *length),
     (platform, what, size, value, length))
PASS(clGetDeviceIDs,
     (cl_platform_id platform, cl_device_type type, cl_uint room, cl_device_id *devices,
      cl_uint *number),
     (platform, type, room, devices, number))
/** What FAULT_SMALL says of `word`; without that, far more than there is. */
static cl_ulong most(const char *word) {
    const char *small = getenv("FAULT_SMALL");
    size_t length = strlen(word);
    bool said = small && strncmp(small, word, length) == 0 && small[length] == '=';
    return said ? strtoull(small + length + 1, NULL, 10) : (cl_ulong)-1;
}

static cl_int CL_API_CALL layer_clGetDeviceInfo(cl_device_id device, cl_device_info what,
                                                size_t size, void *value, size_t *length) {
    cl_int code;
    if (fails("clGetDeviceInfo", &code)) {
        return code;
    }
    code = layer.next.clGetDeviceInfo(device, what, size, value, length);
    const char *word = what == CL_DEVICE_GLOBAL_MEM_SIZE       ? "global"
                       : what == CL_DEVICE_MAX_MEM_ALLOC_SIZE  ? "alloc"
                       : what == CL_DEVICE_LOCAL_MEM_SIZE      ? "local"
                       : what == CL_DEVICE_MAX_WORK_GROUP_SIZE ? "group"
                                                               : NULL;
    /* All four are numbers of 8 bytes here. */
    if (code == CL_SUCCESS && word && value && *(cl_ulong *)value > most(word)) {
        *(cl_ulong *)value = most(word);
    }
    return code;
}

/** Bytes of the device's own in buffers that are alive, against FAULT_SMALL's. */
static atomic_ullong bytes_taken;

/** What a buffer takes of the device's own memory. */
static size_t own_bytes(cl_mem_flags flags, size_t size) {
    return flags & CL_MEM_ALLOC_HOST_PTR ? 0 : size;
}

static bool take_bytes(cl_mem_flags flags, size_t size, cl_int *code) {
    size_t own = own_bytes(flags, size);
    unsigned long long taken = atomic_fetch_add(&bytes_taken, own) + own;
    *code = size > most("alloc")                             ? CL_INVALID_BUFFER_SIZE
            : taken > most("global") || taken > most("room") ? CL_MEM_OBJECT_ALLOCATION_FAILURE
                                                             : CL_SUCCESS;
    if (*code != CL_SUCCESS) {
        atomic_fetch_sub(&bytes_taken, own);
    }
    return *code == CL_SUCCESS;
}

/** Writes as a compiler does, which knows nothing of streams, and as libraries in C do. */
static void chatter(void) {
    static const char line[] = "a word from the compiler\n";
    if (write(STDERR_FILENO, line, sizeof line - 1) != (ssize_t)sizeof line - 1 ||
        fputs("a word from a library\n", stderr) < 0) {
        exit(1);
    }
}

/** Ends the process. Threads may build at the same time, and two of them must not call exit(). */
_Noreturn static void end_process(const char *how) {
    static atomic_flag ending = ATOMIC_FLAG_INIT;
    while (atomic_flag_test_and_set(&ending)) {
        pause();
    }
    if (strcmp(how, "abort") == 0) {
        abort();
    }
    exit(1);
}

static cl_int CL_API_CALL layer_clBuildProgram(cl_program program, cl_uint number,
                                               const cl_device_id *devices, const char *options,
                                               void(CL_CALLBACK *done)(cl_program, void *),
                                               void *user) {
    cl_int code;
    const char *end = getenv("FAULT_END");
    if (end || getenv("FAULT_CHATTER")) {
        chatter();
    }
    if (end) {
        end_process(end);
    }
    return fails("clBuildProgram", &code)
               ? code
               : layer.next.clBuildProgram(program, number, devices, options, done, user);
}

PASS(clGetProgramBuildInfo,
     (cl_program program, cl_device_id device, cl_program_build_info what, size_t size, void *value,
      size_t *length),
     (program, device, what, size, value, length))
PASS(clGetProgramInfo,
     (cl_program program, cl_program_info what, size_t size, void *value, size_t *length),
     (program, what, size, value, length))
static cl_int CL_API_CALL layer_clSetKernelArg(cl_kernel kernel, cl_uint index, size_t size,
                                               const void *value) {
    cl_int code;
    if (!fails("clSetKernelArg", &code)) {
        code = layer.next.clSetKernelArg(kernel, index, size, value);
        if (late_wanted()) {
            late_argument(kernel, index, size, value);
        }
    }
    return code;
}

static cl_int CL_API_CALL layer_clFlush(cl_command_queue queue) {
    cl_int code;
    if (!fails("clFlush", &code)) {
        code = layer.next.clFlush(queue);
        late_flush(queue);
    }
    return code;
}

static cl_int CL_API_CALL layer_clFinish(cl_command_queue queue) {
    cl_int code;
    if (!fails("clFinish", &code)) {
        late_flush(queue);
        code = layer.next.clFinish(queue);
        set_busy(queue, code != CL_SUCCESS);
    }
    return code;
}

PASS(clSetMemObjectDestructorCallback,
     (cl_mem buffer, void(CL_CALLBACK *notify)(cl_mem, void *), void *user), (buffer, notify, user))

static cl_int CL_API_CALL layer_clGetEventProfilingInfo(cl_event event, cl_profiling_info what,
                                                        size_t size, void *value, size_t *length) {
    cl_int code;
    if (!fails("clGetEventProfilingInfo", &code)) {
        code = layer.next.clGetEventProfilingInfo(event, what, size, value, length);
        if (code == CL_SUCCESS && value) {
            *(cl_ulong *)value +=
                layer.ahead + (what == CL_PROFILING_COMMAND_QUEUED ? layer.queued_ahead : 0);
        }
    }
    return code;
}

/** PoCL, which takes its times from this clock, has no timer of its own. */
static cl_int CL_API_CALL layer_clGetDeviceAndHostTimer(cl_device_id device, cl_ulong *device_time,
                                                        cl_ulong *host_time) {
    struct timespec now;
    cl_int code;
    if (fails("clGetDeviceAndHostTimer", &code)) {
        return code;
    }
    if (!layer.has_timer) {
        return layer.next.clGetDeviceAndHostTimer(device, device_time, host_time);
    }
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    *host_time = (cl_ulong)now.tv_sec * 1000000000u + (cl_ulong)now.tv_nsec;
    *device_time = *host_time + layer.ahead;
    return CL_SUCCESS;
}

static cl_int CL_API_CALL layer_clWaitForEvents(cl_uint number, const cl_event *events) {
    cl_int code;
    if (fails("clWaitForEvents", &code)) {
        return layer.lost ? CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST : code;
    }
    return layer.next.clWaitForEvents(number, events);
}

static cl_int CL_API_CALL layer_clGetEventInfo(cl_event event, cl_event_info what, size_t size,
                                               void *value, size_t *length) {
    cl_int code;
    if (!fails("clGetEventInfo", &code)) {
        return layer.next.clGetEventInfo(event, what, size, value, length);
    }
    if (code == CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST &&
        what == CL_EVENT_COMMAND_EXECUTION_STATUS && value) {
        *(cl_int *)value = CL_OUT_OF_RESOURCES;
        return CL_SUCCESS;
    }
    return code;
}

RETAIN(clRetainProgram, cl_program, PROGRAM)
RETAIN(clRetainEvent, cl_event, EVENT)

static unsigned long long nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long long)now.tv_sec * 1000000000u + (unsigned long long)now.tv_nsec;
}

static void note_kernel(cl_kernel kernel) {
    char name[sizeof layer.kernels[0]];
    if (layer.next.clGetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, sizeof name, name, NULL) !=
        CL_SUCCESS) {
        return;
    }
    int at = 0;
    pthread_mutex_lock(&layer.lock);
    while (at < layer.kernel_count && strcmp(layer.kernels[at], name) != 0) {
        at++;
    }
    if (at == layer.kernel_count && at < MOST_KERNELS) {
        strcpy(layer.kernels[layer.kernel_count++], name);
    }
    pthread_mutex_unlock(&layer.lock);
}

static cl_int CL_API_CALL layer_clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel,
                                                       cl_uint dimensions, const size_t *offset,
                                                       const size_t *global, const size_t *local,
                                                       cl_uint waits, const cl_event *list,
                                                       cl_event *event) {
    cl_int code;
    if (fails("clEnqueueNDRangeKernel", &code)) {
        return code;
    }
    size_t items = 1;
    for (cl_uint i = 0; local && i < dimensions; i++) {
        items *= local[i];
    }
    if (items > most("group")) {
        return CL_INVALID_WORK_GROUP_SIZE;
    }
    note_kernel(kernel);
    if (layer.stopwatch) {
        layer.next.clFinish(queue);
    }
    set_busy(queue, true);
    late_check(kernel);
    HOLD(false)
    unsigned long long start = nanoseconds();
    code = layer.next.clEnqueueNDRangeKernel(queue, kernel, dimensions, offset, global, local,
                                             waits, list, event);
    count(EVENT, code == CL_SUCCESS && event);
    GIVEN()
    if (layer.stopwatch && layer.next.clFinish(queue) == CL_SUCCESS) {
        fprintf(layer.stopwatch, "%llu\n", nanoseconds() - start);
    }
    if (guards_wanted() && code == CL_SUCCESS) {
        guards_after(queue, kernel);
    }
    return code;
}

ENQUEUE(clEnqueueWriteBuffer, blocking,
        (cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset, size_t size,
         const void *data, cl_uint waits, const cl_event *list, cl_event *event),
        (queue, buffer, blocking, offset, size, data, waits, list, event))
ENQUEUE(clEnqueueReadBuffer, blocking,
        (cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset, size_t size,
         void *data, cl_uint waits, const cl_event *list, cl_event *event),
        (queue, buffer, blocking, offset, size, data, waits, list, event))
ENQUEUE(clEnqueueCopyBuffer, false,
        (cl_command_queue queue, cl_mem from, cl_mem to, size_t from_offset, size_t to_offset,
         size_t size, cl_uint waits, const cl_event *list, cl_event *event),
        (queue, from, to, from_offset, to_offset, size, waits, list, event))
ENQUEUE(clEnqueueFillBuffer, false,
        (cl_command_queue queue, cl_mem buffer, const void *pattern, size_t pattern_size,
         size_t offset, size_t size, cl_uint waits, const cl_event *list, cl_event *event),
        (queue, buffer, pattern, pattern_size, offset, size, waits, list, event))
ENQUEUE(clEnqueueMarkerWithWaitList, false,
        (cl_command_queue queue, cl_uint waits, const cl_event *list, cl_event *event),
        (queue, waits, list, event))
ENQUEUE(clEnqueueBarrierWithWaitList, false,
        (cl_command_queue queue, cl_uint waits, const cl_event *list, cl_event *event),
        (queue, waits, list, event))

static cl_int CL_API_CALL layer_clEnqueueUnmapMemObject(cl_command_queue queue, cl_mem buffer,
                                                        void *mapped, cl_uint waits,
                                                        const cl_event *list, cl_event *event) {
    cl_int code;
    if (!fails("clEnqueueUnmapMemObject", &code)) {
        set_busy(queue, true);
        HOLD(false)
        code = layer.next.clEnqueueUnmapMemObject(queue, buffer, mapped, waits, list, event);
        count(EVENT, code == CL_SUCCESS && event);
        count(MAPPING, -(code == CL_SUCCESS));
        late_map(buffer, false);
        GIVEN()
    }
    return code;
}

static cl_int CL_API_CALL layer_clReleaseContext(cl_context context) {
    if (getenv("FAULT_CACHE") && system("cp -r \"$POCL_CACHE_DIR/.\" \"$FAULT_CACHE\"") != 0) {
        abort();
    }
    count(CONTEXT, -1);
    return layer.next.clReleaseContext(context);
}

static cl_int CL_API_CALL layer_clReleaseMemObject(cl_mem buffer) {
    cl_uint holders = 0;
    layer.next.clGetMemObjectInfo(buffer, CL_MEM_REFERENCE_COUNT, sizeof holders, &holders, NULL);
    count(MEMORY, -1);
    if (holders == 1) {
        size_t size = 0;
        cl_mem_flags flags = 0;
        layer.next.clGetMemObjectInfo(buffer, CL_MEM_SIZE, sizeof size, &size, NULL);
        layer.next.clGetMemObjectInfo(buffer, CL_MEM_FLAGS, sizeof flags, &flags, NULL);
        atomic_fetch_sub(&bytes_taken, own_bytes(flags, size));
    }
    guards_leave(buffer);
    return layer.next.clReleaseMemObject(buffer);
}

RELEASE(clReleaseProgram, cl_program, PROGRAM)
static cl_int CL_API_CALL layer_clReleaseKernel(cl_kernel kernel) {
    late_forget(kernel); /* the program retains none */
    count(KERNEL, -1);
    return layer.next.clReleaseKernel(kernel);
}
RELEASE(clReleaseEvent, cl_event, EVENT)

static cl_int CL_API_CALL layer_clReleaseCommandQueue(cl_command_queue queue) {
    late_close(queue);
    pthread_mutex_lock(&layer.lock);
    for (int i = 0; i < layer.queue_count; i++) {
        if (layer.queues[i] == queue) {
            /* What others gave it while the device was being lost ends, too. */
            if (layer.lost) {
                layer.next.clFinish(queue);
            }
            count(UNFINISHED, layer.busy[i] && !layer.lost);
            layer.queues[i] = layer.queues[--layer.queue_count];
            layer.busy[i] = layer.busy[layer.queue_count];
            break;
        }
    }
    pthread_mutex_unlock(&layer.lock);
    count(QUEUE, -1);
    return layer.next.clReleaseCommandQueue(queue);
}

/* --------------------------------------------------------- calls that return an object */

#define CREATE(type, name, what, parameters, arguments)                                            \
    static type CL_API_CALL layer_##name parameters {                                              \
        cl_int failure;                                                                            \
        if (fails(#name, &failure)) {                                                              \
            if (code) {                                                                            \
                *code = failure;                                                                   \
            }                                                                                      \
            return NULL;                                                                           \
        }                                                                                          \
        type object = layer.next.name arguments;                                                   \
        count(what, object != NULL);                                                               \
        return object;                                                                             \
    }

CREATE(cl_context, clCreateContext, CONTEXT,
       (const cl_context_properties *properties, cl_uint number, const cl_device_id *devices,
        void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *), void *user,
        cl_int *code),
       (properties, number, devices, notify, user, code))
/** Leaves a new buffer holding what FAULT_FILL says, as if it had been used before. */
static void fill_buffer(cl_mem buffer, size_t size) {
    pthread_mutex_lock(&layer.lock);
    if (layer.queue_count > 0) {
        layer.next.clEnqueueFillBuffer(layer.queues[0], buffer, &layer.fill, 1, 0, size, 0, NULL,
                                       NULL);
        layer.next.clFinish(layer.queues[0]);
    }
    pthread_mutex_unlock(&layer.lock);
}

static cl_mem CL_API_CALL layer_clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size,
                                               void *host, cl_int *code) {
    cl_int failure;
    if (fails("clCreateBuffer", &failure) || !take_bytes(flags, size, &failure)) {
        if (code) {
            *code = failure;
        }
        return NULL;
    }
    cl_mem buffer = guards_wanted() ? guards_create(context, flags, size, host, code)
                                    : layer.next.clCreateBuffer(context, flags, size, host, code);
    count(MEMORY, buffer != NULL);
    if (buffer && layer.fills && !(flags & CL_MEM_COPY_HOST_PTR)) {
        fill_buffer(buffer, size);
    }
    return buffer;
}

CREATE(cl_program, clCreateProgramWithSource, PROGRAM,
       (cl_context context, cl_uint number, const char **strings, const size_t *lengths,
        cl_int *code),
       (context, number, strings, lengths, code))
CREATE(cl_program, clCreateProgramWithBinary, PROGRAM,
       (cl_context context, cl_uint number, const cl_device_id *devices, const size_t *lengths,
        const unsigned char **binaries, cl_int *states, cl_int *code),
       (context, number, devices, lengths, binaries, states, code))
CREATE(cl_kernel, clCreateKernel, KERNEL, (cl_program program, const char *name, cl_int *code),
       (program, name, code))

static cl_command_queue CL_API_CALL layer_clCreateCommandQueue(
    cl_context context, cl_device_id device, cl_command_queue_properties properties, cl_int *code) {
    cl_int failure = CL_INVALID_QUEUE_PROPERTIES;
    bool refused = layer.no_profiling && (properties & CL_QUEUE_PROFILING_ENABLE);
    if (refused || fails("clCreateCommandQueue", &failure)) {
        if (code) {
            *code = failure;
        }
        return NULL;
    }
    cl_command_queue queue = layer.next.clCreateCommandQueue(context, device, properties, code);
    pthread_mutex_lock(&layer.lock);
    if (queue && layer.queue_count < MOST_QUEUES) {
        layer.busy[layer.queue_count] = false;
        layer.queues[layer.queue_count++] = queue;
    }
    pthread_mutex_unlock(&layer.lock);
    count(QUEUE, queue != NULL);
    return queue;
}

static void *CL_API_CALL layer_clEnqueueMapBuffer(cl_command_queue queue, cl_mem buffer,
                                                  cl_bool blocking, cl_map_flags flags,
                                                  size_t offset, size_t size, cl_uint waits,
                                                  const cl_event *list, cl_event *event,
                                                  cl_int *code) {
    cl_int failure;
    if (fails("clEnqueueMapBuffer", &failure)) {
        if (code) {
            *code = failure;
        }
        return NULL;
    }
    set_busy(queue, true);
    HOLD(blocking)
    void *mapped = layer.next.clEnqueueMapBuffer(queue, buffer, blocking, flags, offset, size,
                                                 waits, list, event, code);
    count(EVENT, mapped && event);
    count(MAPPING, mapped != NULL);
    if (late_wanted() && mapped) {
        late_map(buffer, true);
    }
    GIVEN()
    return mapped;
}

/* --------------------------------------------------------------- the loader's entry points */

/** A number from the environment; 0 without one. */
static long number_of(const char *name) {
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : 0;
}

CL_API_ENTRY cl_int CL_API_CALL clGetLayerInfo(cl_layer_info what, size_t size, void *value,
                                               size_t *length) {
    const cl_layer_api_version version = CL_LAYER_API_VERSION_100;
    if (what != CL_LAYER_API_VERSION || (value && size < sizeof version)) {
        return CL_INVALID_VALUE;
    }
    if (value) {
        *(cl_layer_api_version *)value = version;
    }
    if (length) {
        *length = sizeof version;
    }
    return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clInitLayer(cl_uint entries, const cl_icd_dispatch *target,
                                            cl_uint *own_entries, const cl_icd_dispatch **own) {
    if (entries < sizeof layer.next / sizeof(void *)) {
        return CL_INVALID_VALUE;
    }
    layer.failing = number_of("FAULT_CALL");
    layer.code = (cl_int)number_of("FAULT_CODE");
    const char *stopwatch = getenv("FAULT_STOPWATCH");
    layer.stopwatch = stopwatch ? fopen(stopwatch, "w") : NULL;
    layer.failing_name = getenv("FAULT_NAME");
    layer.stalling_name = getenv("FAULT_STALL");
    layer.stalling_from = number_of("FAULT_STALL_FROM");
    layer.ahead = (cl_ulong)number_of("FAULT_CLOCK");
    layer.queued_ahead = (cl_ulong)number_of("FAULT_QUEUED");
    layer.no_profiling = getenv("FAULT_PROFILING") != NULL;
    layer.has_timer = getenv("FAULT_TIMER") != NULL;
    layer.stays_lost = getenv("FAULT_LOST") != NULL;
    layer.fills = getenv("FAULT_FILL") != NULL;
    layer.fill = (unsigned char)number_of("FAULT_FILL");
    layer.next = layer.own = *target;
    guards_begin(&layer.next);
    late_begin(&layer.next);
#define TAKE(name) layer.own.name = layer_##name;
    TAKE(clGetPlatformIDs)
    TAKE(clGetPlatformInfo)
    TAKE(clGetDeviceIDs)
    TAKE(clGetDeviceInfo)
    TAKE(clCreateContext)
    TAKE(clReleaseContext)
    TAKE(clCreateCommandQueue)
    TAKE(clReleaseCommandQueue)
    TAKE(clCreateBuffer)
    TAKE(clReleaseMemObject)
    TAKE(clSetMemObjectDestructorCallback)
    TAKE(clCreateProgramWithSource)
    TAKE(clCreateProgramWithBinary)
    TAKE(clGetProgramInfo)
    TAKE(clRetainProgram)
    TAKE(clReleaseProgram)
    TAKE(clBuildProgram)
    TAKE(clGetProgramBuildInfo)
    TAKE(clCreateKernel)
    TAKE(clReleaseKernel)
    TAKE(clSetKernelArg)
    TAKE(clWaitForEvents)
    TAKE(clGetEventInfo)
    TAKE(clRetainEvent)
    TAKE(clReleaseEvent)
    TAKE(clGetEventProfilingInfo)
    TAKE(clGetDeviceAndHostTimer)
    TAKE(clFlush)
    TAKE(clFinish)
    TAKE(clEnqueueReadBuffer)
    TAKE(clEnqueueWriteBuffer)
    TAKE(clEnqueueCopyBuffer)
    TAKE(clEnqueueFillBuffer)
    TAKE(clEnqueueMapBuffer)
    TAKE(clEnqueueUnmapMemObject)
    TAKE(clEnqueueNDRangeKernel)
    TAKE(clEnqueueMarkerWithWaitList)
    TAKE(clEnqueueBarrierWithWaitList)
#undef TAKE
    *own_entries = sizeof layer.own / sizeof(void *);
    *own = &layer.own;
    return CL_SUCCESS;
}

__attribute__((destructor)) static void write_log(void) {
    if (layer.stopwatch) {
        fclose(layer.stopwatch);
    }
    const char *path = getenv("FAULT_LOG");
    FILE *log = path ? fopen(path, "w") : NULL;
    if (!log) {
        return;
    }
    fprintf(log, "calls %ld\n", (long)layer.calls);
    if (layer.failed) {
        fprintf(log, "failed %s\n", layer.failed);
    }
    fprintf(log, "guarded %ld\n", guards_count());
    fprintf(log, "held %ld\n", late_count());
    for (int i = 0; i < layer.kernel_count; i++) {
        fprintf(log, "ran %s\n", layer.kernels[i]);
    }
    for (int i = 0; i < KINDS; i++) {
        fprintf(log, "left %s %ld\n", kind_names[i], (long)layer.live[i]);
    }
    fclose(log);
}
