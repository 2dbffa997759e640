/** Recording what a run does: spans of host threads, device commands, counters, memory.
 *
 *  A recorder belongs to one run. Every function accepts a NULL recorder or thread and then does
 * nothing, so that callers need no `if (profiling)`. Records go to buffers of the recording thread
 * and are merged by clp_prof_finish(), after every thread has ended. What a recorder takes does not
 * grow with the length of the run: everything is summed up, and the run's beginning is kept one by
 * one as well, device commands at every level, spans of threads at trace level.
 */
#ifndef CLP_PROF_PROF_H
#define CLP_PROF_PROF_H

#include "core/error.h"
#include "core/memory.h"

typedef struct clp_prof clp_prof;
typedef struct clp_prof_thread clp_prof_thread;

/** What a host thread is doing. One home for the names: identifier, name in reports, what it is:
 * WORK, WAIT for others, or a FRAME around both, all that a picture takes. */
#define CLP_PROF_STAGES(X)                                                                         \
    X(LOAD, "load picture", FRAME)                                                                 \
    X(SAVE, "save picture", FRAME)                                                                 \
    X(LIST, "list", WORK)                                                                          \
    X(READ, "read", WORK)                                                                          \
    X(HEADER, "header", WORK)                                                                      \
    X(PLAN, "plan", WORK)                                                                          \
    X(DECODE, "decode", WORK)                                                                      \
    X(BUILD, "build kernels", WORK)                                                                \
    X(SUBMIT, "submit", WORK)                                                                      \
    X(COMPUTE, "compute", WORK)                                                                    \
    X(REFERENCE, "reference", WORK)                                                                \
    X(META, "metadata", WORK)                                                                      \
    X(PACK, "pack scan", WORK)                                                                     \
    X(MOVE, "move blocks", WORK)                                                                   \
    X(ENCODE, "encode", WORK)                                                                      \
    X(WRITE, "write", WORK)                                                                        \
    X(WAIT_OPEN, "wait for a device to open", WAIT)                                                \
    X(WAIT_MEMORY, "wait for memory", WAIT)                                                        \
    X(WAIT_DEVICE, "wait for the device", WAIT)                                                    \
    X(WAIT_FILE, "wait for a file", WAIT)                                                          \
    X(VERIFY, "verify", WORK)

typedef enum clp_prof_stage {
#define X(id, name, kind) CLP_PROF_##id,
    CLP_PROF_STAGES(X)
#undef X
        CLP_PROF_STAGE_COUNT
} clp_prof_stage;

const char *clp_prof_stage_name(clp_prof_stage stage);
bool clp_prof_stage_waits(clp_prof_stage stage);
/** True of a stage that is there to hold others: what it takes by itself is next to nothing. */
bool clp_prof_stage_frames(clp_prof_stage stage);

typedef enum clp_command_kind {
    CLP_COMMAND_KERNEL,
    CLP_COMMAND_UPLOAD,
    CLP_COMMAND_READBACK
} clp_command_kind;

/** The batch of a launch that only makes the driver compile a kernel. */
#define CLP_PROF_NO_BATCH UINT64_MAX

/** One device command. Times are ns of the device's clock; the recorder aligns them to the host's.
 */
typedef struct clp_prof_command {
    clp_command_kind kind;
    uint32_t device; /**< its number in the recorder; in a profile, among those that worked */
    char name[48];   /**< kernel name, or "upload", "readback" */
    uint64_t queued, submitted, started, ended;
    uint64_t bytes_read, bytes_written; /**< global memory traffic by the plan */
    uint64_t operations;                /**< multiply-adds by the plan */
    uint64_t batch;                     /**< number of the batch it served, or CLP_PROF_NO_BATCH */
    uint32_t images;                    /**< pictures in that batch */
    bool first; /**< first launch of its kernel in this process (PoCL compiles then) */
} clp_prof_command;

typedef enum clp_prof_counter {
    CLP_COUNTER_OPENS,      /**< files opened for reading */
    CLP_COUNTER_BYTES_READ, /**< from files */
    CLP_COUNTER_BYTES_WRITTEN,
    CLP_COUNTER_PIXELS_IN, /**< pixels of the pictures as stored */
    CLP_COUNTER_PIXELS_OUT,
    CLP_COUNTER_IMAGES,
    CLP_COUNTER_DEVICE_DECODED, /**< JPEGs */
    CLP_COUNTER_DEVICE_ENCODED,
    CLP_COUNTER_FALLBACKS, /**< JPEGs that the device could not decode, and the host did */
    CLP_COUNTER_KEPT,      /**< images that were not encoded anew */
    CLP_COUNTER_COUNT
} clp_prof_counter;

const char *clp_prof_counter_name(clp_prof_counter counter);

/** A quantity over time, kept at trace level. */
typedef enum clp_prof_gauge {
    CLP_GAUGE_PICTURES, /**< files that are being worked on */
    CLP_GAUGE_DEVICE_BYTES,
    CLP_GAUGE_HOST_BYTES,
    CLP_GAUGE_COUNT
} clp_prof_gauge;

const char *clp_prof_gauge_name(clp_prof_gauge gauge);

clproc_status clp_prof_create(clp_prof **prof, clproc_profile_level level, clproc_error *error);
void clp_prof_destroy(clp_prof **prof);
clproc_profile_level clp_prof_level(const clp_prof *prof);

/** Registers the calling thread under a name such as "decode 1"; if a thread of that name has left,
 * this one goes on in its place. The result is freed with the
 * recorder; NULL, which every function tolerates, when memory is short. */
clp_prof_thread *clp_prof_thread_enter(clp_prof *prof, const char *name);
/** The thread has ended. */
void clp_prof_thread_leave(clp_prof_thread *thread);

/** Opens a span, nested in the thread's open one. `image` is the picture's number, or
 * CLP_PROF_NO_IMAGE. */
#define CLP_PROF_NO_IMAGE UINT64_MAX
void clp_prof_begin(clp_prof_thread *thread, clp_prof_stage stage, uint64_t image);
/** Closes the thread's innermost span. */
void clp_prof_end(clp_prof_thread *thread);

/** Adds to a counter; any thread. */
void clp_prof_count(clp_prof *prof, clp_prof_counter counter, uint64_t amount);
/** Notes a gauge's present value; any thread. */
void clp_prof_gauge_set(clp_prof *prof, clp_prof_gauge gauge, uint64_t value);

/** Says which batch a picture went into, so that a trace can lead from one to the other. Any
 * thread; kept at trace level. */
void clp_prof_batch(clp_prof *prof, uint64_t image, uint64_t batch);

/** Whether the driver compiled a program or had it in its cache. */
typedef enum clp_prof_cache {
    CLP_CACHE_UNKNOWN,
    CLP_CACHE_COLD, /**< compiled */
    CLP_CACHE_WARM,
    CLP_CACHE_COUNT
} clp_prof_cache;

/** "unknown", "cold", "warm". */
const char *clp_prof_cache_name(clp_prof_cache cache);

/** A program was built. Any thread. Also states CLP_FACT_CACHE, of all programs together: cold if
 * one was. */
void clp_prof_build(clp_prof *prof, const char *name, uint64_t ns, clp_prof_cache cache);
/** Gives a device a number: its clock, its memory and its speed are its own. 0 without a recorder.
 */
clproc_status clp_prof_device(clp_prof *prof, const char *name, uint32_t *device,
                              clproc_error *error);
/** Appends finished device commands; any thread. A device's clock should have been told before. */
void clp_prof_commands(clp_prof *prof, const clp_prof_command *commands, size_t count);
/** How to turn a device's time into host time: host = device + offset, as measured just now. Called
 * again at the end, it corrects the drift in between. `estimated`: the driver has no common timer
 * and the offset is no less than the true one; of all such calls the smallest is taken. */
void clp_prof_align(clp_prof *prof, uint32_t device, int64_t offset_ns, bool estimated);
/** The device's measured copy, bytes read and written per second; see CLP_FACT_COPY_RATE. */
void clp_prof_copy_rate(clp_prof *prof, uint32_t device, uint64_t rate);
/** Memory that a device holds, by what for ("input", "output", "scratch", "tables"). Replaces the
 * device's figure of that role, and sets CLP_GAUGE_DEVICE_BYTES to the sum of all. */
void clp_prof_device_memory(clp_prof *prof, uint32_t device, const char *role, uint64_t bytes);

/** A fact of the environment, as ("device", "pthread-…"). The last value of a key stays. Reports
 * know the keys below; any other is shown as it is. */
#define CLP_FACT_VERSION "clproc" /**< stated by clp_prof_create() */
#define CLP_FACT_DEVICE "device"
#define CLP_FACT_CACHE "kernel cache"     /**< a clp_prof_cache */
#define CLP_FACT_UNIFIED "unified memory" /**< "yes" or "no" */
/** The device's measured copy, bytes read + written. Where several devices worked it is stated of
 * each (clp_profile_device) and not here. */
#define CLP_FACT_COPY_RATE "copy bytes/s"
#define CLP_FACT_STRATEGY "strategy"             /**< "default", or what was left out */
#define CLP_FACT_DIGEST "output digest"          /**< of all outputs: a sum, in hexadecimal */
#define CLP_FACT_MERGED "merged profiles"        /**< how many a profile was made of */
#define CLP_FACT_UNTIMED "command times missing" /**< why; only where they are */
void clp_prof_fact(clp_prof *prof, const char *key, const char *value);

/** Merges what all threads recorded, after they have ended, and destroys the recorder, also on
 * failure. `*profile` is NULL without a recorder; else free it with clproc_profile_destroy(). */
clproc_status clp_prof_finish(clp_prof **prof, clproc_profile **profile, clproc_error *error);

#endif
