/** Shared by the files of this folder. */
#ifndef CLP_DEVICE_DEVICE_PRIVATE_H
#define CLP_DEVICE_DEVICE_PRIVATE_H

#include <CL/cl.h>
#include <stdatomic.h>

#include "device/cl_error.h"
#include "device/device.h"
#include "device/pages.h"

/* ------------------------------------------------------ platforms.c */

/** A device as the platforms list it. */
typedef struct clp_found {
    clproc_device_info info;
    cl_platform_id platform;
    cl_device_id id;
} clp_found;

extern const clproc_device_info clp_reference_info;

/** Every device of every platform, then the reference device. Free with clp_memory_free(). */
clproc_status clp_devices_find(clp_found **found, size_t *count, clproc_error *error);
/** The device that `selection` names; `notice` receives what the user should know of the choice. */
clproc_status clp_devices_select(const clp_found *found, size_t count, const char *selection,
                                 size_t *index, char *notice, size_t notice_size,
                                 clproc_error *error);
/** What PoCL would abort the process for: no linker, no /sys, no cache folder. Also sets
 * POCL_CACHE_DIR if it is unset. */
clproc_status clp_pocl_preflight(clproc_error *error);

/** What the platform of PoCL is called. */
#define CLP_POCL_PLATFORM "Portable Computing Language"

/* ---------------------------------------------------------- cache.c */

/** Programs in the driver's cache, before a build; for clp_cache_since() after it. */
int64_t clp_cache_programs(const clp_device *device);
/** Whether what was built since then came from the cache. */
clp_prof_cache clp_cache_since(const clp_device *device, int64_t programs);

/* ------------------------------------------------------- binaries.c */

/** Hexadecimal digits of a key, and the end. */
#define CLP_BINARY_KEY 33

/** A program that was built from its text. */
typedef struct clp_unsaved {
    cl_program program;
    bool compiled; /**< the driver's cache did not have it */
    char key[CLP_BINARY_KEY];
} clp_unsaved;

/** What tells a program's binary from all others: device and driver, options and text. */
void clp_binary_key(const clp_device *device, const char *options, const char *const *strings,
                    const size_t *lengths, uint32_t count, char key[CLP_BINARY_KEY]);
/** The program of a binary kept before, built; NULL where there is none, or none of use. */
cl_program clp_binary_load(clp_device *device, const char *key);
/** Notes a program for clp_device_save_programs(), where its binary is worth keeping. */
void clp_binary_keep(clp_device *device, cl_program program, const char *key, bool compiled);
void clp_binaries_forget(clp_device *device);

/* -------------------------------------------------------- program.c */

/** Decides which program a pass needs. Roles are arguments, not variants. */
typedef struct clp_variant {
    clp_pass_kind kind;
    bool real, transpose;
    clp_sample src, dst;
} clp_variant;

typedef struct clp_kernel {
    clp_variant variant;
    char name[48];
    cl_kernel kernel;
    uint32_t group_size; /**< work-items of a work-group, which owns one tile */
    bool launched;
} clp_kernel;

#define CLP_MAX_KERNELS 48

clp_variant clp_pass_variant(const clp_plan *plan, const clp_pass *pass);
/** Builds what a plan needs and is not there yet. */
clproc_status clp_kernels_build(clp_device *device, const clp_plan *plan, clp_prof_thread *thread,
                                clproc_error *error);
/** The kernel of a variant, built on first use. */
clproc_status clp_kernel_get(clp_device *device, const clp_variant *variant, clp_kernel **kernel,
                             clp_prof_thread *thread, clproc_error *error);
/** Makes the driver compile a kernel for the launches to come. */
clproc_status clp_kernel_warm(clp_device *device, clp_kernel *kernel, clproc_error *error);
void clp_kernels_release(clp_device *device);

/* ---------------------------------------------------------- slot.c */

/** A buffer that grows. */
typedef struct clp_store {
    cl_mem buffer;
    size_t capacity;
    clp_pages *pages; /**< NULL unless the device shares the host's memory */
} clp_store;

/** Memory of one kind: on a device that shares the host's memory one mapped buffer; else a pinned
 * host buffer beside one on the device; on the reference device host memory alone. */
typedef struct clp_arena {
    size_t capacity, used;
    cl_mem buffer;    /**< what kernels use */
    clp_pages *pages; /**< of `buffer`, with shared memory */
    cl_mem pinned;    /**< NULL with shared memory */
    uint8_t *host;    /**< NULL while the device owns it */
} clp_arena;

typedef struct clp_picture {
    clp_plan *plan;
    size_t input, output; /**< offsets in the arenas */
    size_t scratch;       /**< offset, assigned at submission */
    size_t tables;
    bool dropped;
} clp_picture;

struct clp_slot {
    clp_device *device;
    uint64_t wanted_bytes;
    clp_arena input; /**< of a banded slot, the first window */
    clp_arena more_windows[CLP_BAND_WINDOWS - 1];
    clp_arena output;
    bool banded; /**< its only picture comes in bands */
    clp_picture *pictures;
    uint32_t count, capacity; /**< pictures */
    uint64_t scratch;         /**< bytes they need */
    clp_store tables;         /**< plan tables, then jobs */
    uint8_t *staging;         /**< host copy of `tables` until it is uploaded */
    size_t staging_size, staging_capacity;
    /* Of the batch under way */
    uint64_t batch;
    cl_event done;
    cl_event window_free[CLP_BAND_WINDOWS]; /**< of the last band in each window */
    struct clp_jobs *band_jobs;             /**< of the picture in bands, NULL before its first */
    struct clp_launch *launches;            /**< profiled commands whose events are not read yet */
    size_t launch_count, launch_capacity;
};

/** Where a device's command times come from. */
typedef enum clp_device_clock {
    CLP_CLOCK_UNKNOWN,
    CLP_CLOCK_TIMER, /**< clGetDeviceAndHostTimer() tells it */
    CLP_CLOCK_MONOTONIC,
    CLP_CLOCK_RAW
} clp_device_clock;

/** A device command of a batch: what the profile will say of it. */
typedef struct clp_launch {
    cl_event event;
    clp_prof_command command;
} clp_launch;

struct clp_device {
    clproc_device_info info;
    char notice[256];
    bool reference;
    clp_prof *prof;
    cl_device_id id;
    cl_context context;
    /** The same queue three times with shared memory. */
    cl_command_queue compute, upload, readback;
    /** For host access to slots at rest, which must not wait for the kernels of other batches. */
    cl_command_queue mapping;
    bool unified;         /**< the host maps what kernels use */
    bool group_tiles;     /**< work-groups own tiles (GPU), not work-items (CPU) */
    uint32_t group_limit; /**< work-items of a group, at most */
    clp_kernel kernels[CLP_MAX_KERNELS];
    uint32_t kernel_count;
    clp_unsaved unsaved[CLP_MAX_KERNELS];
    uint32_t unsaved_count;
    uint64_t opened; /**< clp_clock_ns() */
    clp_store scratch;
    atomic_size_t input_bytes, output_bytes; /**< of all slots' arenas */
    atomic_size_t table_bytes;               /**< of all slots' tables */
    clp_launch firsts[CLP_MAX_KERNELS];      /**< launches made for compiling, not read yet */
    uint32_t first_count;
    clp_device_clock clock;
    /** Why commands have no times though a profile wants them, a symbol of OpenCL; NULL: they do.
     */
    const char *untimed;
};

/* -------------------------------------------------------- buffers.c */

typedef enum clp_buffer_kind {
    CLP_BUFFER_PIXELS, /**< kernels' pixels; the host's own memory where the device shares it */
    CLP_BUFFER_PINNED, /**< host memory that copies to and from a device go through */
    CLP_BUFFER_TABLES
} clp_buffer_kind;

/** `pages`: those a shared buffer grew in before, and then those it lies in; the caller holds them.
 */
clproc_status clp_buffer_create(clp_device *device, clp_buffer_kind kind, size_t size,
                                const char *what, clp_pages **pages, cl_mem *buffer,
                                clproc_error *error);
/** Makes room; the content is lost. */
clproc_status clp_store_grow(clp_device *device, clp_buffer_kind kind, clp_store *store,
                             size_t needed, const char *what, clproc_error *error);
void clp_store_free(clp_store *store);

/* ----------------------------------------------------------- slot.c */

clproc_status clp_arena_grow(clp_device *device, clp_arena *arena, size_t capacity,
                             const char *what, clproc_error *error);
void clp_arena_free(clp_device *device, clp_arena *arena);
clproc_status clp_arena_map(clp_device *device, clp_arena *arena, clproc_error *error);
clproc_status clp_arena_unmap(clp_device *device, clp_arena *arena, clproc_error *error);

/* -------------------------------------------------------- submit.c, events.c */

/** Remembers a command of a batch for the profile; `event` is taken over. Without profiling it is
 * released. */
clproc_status clp_launch_note(clp_slot *slot, cl_event event, const clp_prof_command *command,
                              clproc_error *error);
/** Remembers a kernel's first launch, made for the driver to compile it; `event`, if any, is taken
 * over. */
void clp_first_launch_note(clp_device *device, cl_event event, const char *kernel);
/** Reads the first launches that have finished into the profile and releases their events. */
void clp_first_launches_collect(clp_device *device);
/** States how fast the device copies within its own memory, for a profile to compare kernels with.
 * With nothing else running; takes a few milliseconds, and nothing without profiling. */
void clp_device_probe_copy(clp_device *device);
/** Reads the finished events of a batch into the profile and releases them. */
void clp_launches_collect(clp_device *device, clp_slot *slot);
/** Gives up the events of a batch that came to no end. Any thread. */
void clp_launches_drop(clp_slot *slot);
/** An event's place if commands of this slot are profiled, else NULL. */
cl_event *clp_event_wanted(const clp_device *device, cl_event *event);

/** The results come into the host's reach; sets slot->done. */
clproc_status clp_slot_read_back(clp_slot *slot, clproc_error *error);
/** After a failure: what was enqueued must not outlive the memory it works on. */
void clp_device_finish(clp_device *device);
/** Tells the profile that a slot's tables had `before` bytes until now. */
void clp_slot_note_tables(clp_slot *slot, size_t before);
/** Gives up what is left of a batch that came to no end; nothing where it was awaited. */
void clp_slot_end_batch(clp_slot *slot);
/** Waits for an event of a batch and says how the command ended. */
clproc_status clp_event_wait(cl_event event, clproc_error *error);

/* --------------------------------------------------------- bands.c */

/** The window that a band of a slot is decoded into. */
clp_arena *clp_slot_window(clp_slot *slot, uint32_t band);
/** Forgets the jobs of the slot's picture in bands. */
void clp_slot_end_bands(clp_slot *slot);

/* --------------------------------------------------------- clocks.c */

/** A command has `ended` just now by the device's clock: finds out which clock that is, and aligns
 * it. */
void clp_clocks_see(clp_device *device, uint64_t ended);
/** Aligns the clock, if known, once more: at the end this corrects the drift in between. */
void clp_clocks_anchor(clp_device *device);

clproc_status clp_reference_submit(clp_slot *slot, clp_prof_thread *thread, clproc_error *error);

#endif
