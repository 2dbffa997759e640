/** Shared by the files of this folder. */
#ifndef CLP_DEVICE_DEVICE_PRIVATE_H
#define CLP_DEVICE_DEVICE_PRIVATE_H

#include <CL/cl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "device/cl_error.h"
#include "device/device.h"
#include "device/jpeg_codec.h"
#include "device/pages.h"

/** True if a test asks for something, by a word in CLPROC_FORCE. */
bool clp_device_forced(const char *what);

/* ------------------------------------------------------ platforms.c */

/** A device as the platforms list it. */
typedef struct clp_found {
    clproc_device_info info;
    cl_platform_id platform;
    cl_device_id id;
    /** The same processor as a device that runs commands in the thread that enqueues them; NULL if
     * there is none. */
    cl_device_id in_thread;
    char notice[384]; /**< of the last, the reference: what the user should know of PoCL */
} clp_found;

extern const clproc_device_info clp_reference_info;

/** Every device of every platform, then the reference device; `drivers`: those to load, which
 * matters before the loader's first call alone. Free with clp_memory_free(). */
clproc_status clp_devices_find(clp_found **found, size_t *count, clp_drivers drivers,
                               clproc_error *error);
/** The device that `selection` names; `notice` receives what the user should know of the choice. */
clproc_status clp_devices_select(const clp_found *found, size_t count, const char *selection,
                                 size_t *index, char *notice, size_t notice_size,
                                 clproc_error *error);
/** True for a real GPU. */
bool clp_device_is_gpu(const clproc_device_info *info);
/** Every device that a list of selections names, or with "all" every usable one but the reference;
 * each once. `chosen` has room for `count`. */
clproc_status clp_devices_select_all(const clp_found *found, size_t count, const char *selection,
                                     size_t *chosen, size_t *chosen_count, clproc_error *error);

/** What the platform of PoCL is called. */
#define CLP_POCL_PLATFORM "Portable Computing Language"
/** PoCL's drivers that we ask for: its pool of threads, and the one that runs kernels in the thread
 * that enqueues them. Later versions call them cpu and cpu-minimal, and know these names, too. */
#define CLP_POCL_DEVICES "pthread basic"

/* ------------------------------------------------------ preflight.c */

/** What PoCL would abort the process for: no linker, no /sys, no folder to compile in, limits of
 * the process. Also prepares the cache; `notice` is "" or what the user should know of that. */
clproc_status clp_pocl_preflight(char *notice, size_t notice_size, clproc_error *error);

/** Whether this much address space can be had. Asked only where it is limited: elsewhere nothing
 * can be learnt from taking it. */
bool clp_pocl_has_space(size_t size);

/* --------------------------------------------------------- loader.c */

/** What the loader reads, a folder or a driver's file; and where it looks without. */
#define CLP_LOADER_VARIABLE "OCL_ICD_VENDORS"
#define CLP_LOADER_FOLDER "/etc/OpenCL/vendors"

/** True if PoCL may be among the drivers that the loader starts. */
bool clp_loader_has_pocl(void);
/** Sets the variable now, so that a later setenv() only replaces its value: the table of variables
 * does not move under a thread that reads it. */
void clp_loader_prepare(void);
/** Where PoCL is one of several drivers, has the loader take it alone, or all but it, until
 * clp_loader_release(): GPUs' need tenths of a second to start, and PoCL some hundredths. */
void clp_loader_restrict(clp_drivers which);
void clp_loader_release(void);

/* ---------------------------------------------------------- cache.c */

#define CLP_CACHE_PATH 4096
/** The process's folder for PoCL, in memory where there is room; false where it has none. */
bool clp_cache_own(char path[CLP_CACHE_PATH]);
/** In the environment, also of children: the folder of binaries; "" where none can be kept. */
#define CLP_CACHE_KEPT "CLPROC_PROGRAMS"

/** Gives PoCL a folder of this process's own, and settles where binaries are kept. */
clproc_status clp_cache_prepare(char *notice, size_t notice_size, clproc_error *error);
/** True for files and folders of this user that no other can write. Binaries are machine code that
 * is run, so none are taken from elsewhere. */
bool clp_cache_is_ours(const struct stat *info);
/** Opens a folder of binaries, and closes it to others; -1 if it is none of this user's. */
int clp_cache_open(const char *path);
/** Makes a folder of binaries where there is none; false if it cannot be used. */
bool clp_cache_is_usable(const char *path);
/** True if compiled kernels can be written there. */
bool clp_cache_has_room(const char *folder);
/** Programs in the driver's cache, before a build; for clp_cache_since() after it. */
int64_t clp_cache_programs(const clp_device *device);
/** Whether what was built since then came from the cache. */
clp_prof_cache clp_cache_since(const clp_device *device, int64_t programs);

/* ------------------------------------------------------- binaries.c */

/** Hexadecimal digits of a key, and the end. */
#define CLP_BINARY_KEY 33

/** A program that was built from its text, to be kept at the end. */
typedef struct clp_unsaved {
    cl_program program;
    char key[CLP_BINARY_KEY];
} clp_unsaved;

/** What tells a program's binary from all others: device and driver, options and text. */
void clp_binary_key(const clp_device *device, const char *options, const char *const *strings,
                    const size_t *lengths, uint32_t count, char key[CLP_BINARY_KEY]);
/** The program of a binary kept before, built; NULL where there is none, or none of use. */
cl_program clp_binary_load(clp_device *device, const char *key);
/** Notes a program that was built from its text for clp_device_save_programs(), where binaries are
 * kept. */
void clp_binary_keep(clp_device *device, cl_program program, const char *key);
void clp_binaries_forget(clp_device *device);

/* -------------------------------------------------------- program.c */

bool clp_device_is_nvidia(const clp_device *device);
/** Whether the colour kernel takes vectors of COLOUR_GROUP_LANES from work-items, too: rusticl's
 * compiler for processors needs minutes for long ones, of which it makes a loop each. */
bool clp_device_is_narrow(const clp_device *device);

/** Decides which program a pass needs. Roles are arguments, not variants. */
typedef struct clp_variant {
    clp_pass_kind kind;
    bool real, transpose;
    uint32_t alpha; /**< channels of a filter's source that it premultiplies, else 0 */
    clp_sample src, dst;
} clp_variant;

typedef enum clp_program_state {
    CLP_PROGRAM_FAILED, /**< or never built: who needs it tries */
    CLP_PROGRAM_BUILDING,
    CLP_PROGRAM_READY
} clp_program_state;

/** A kernel's program. Lanes make kernel objects of their own from it. */
typedef struct clp_program {
    clp_variant variant;
    char name[48];
    clp_program_state state;
    cl_program program;
    atomic_bool launched;
} clp_program;

/** A lane's own kernel object: arguments are set without a lock. */
typedef struct clp_kernel {
    clp_program *program;
    cl_kernel kernel;
    uint32_t group_size; /**< work-items of a work-group, which owns one tile */
} clp_kernel;

#define CLP_MAX_KERNELS 48

clp_variant clp_pass_variant(const clp_plan *plan, const clp_pass *pass);
/** As profiles call it: "filter u8>i16 transposed". */
void clp_variant_name(const clp_variant *variant, char *name, size_t size);
/** The program of a variant, built on first use; who needs one that is being built waits for it.
 * Any thread. */
clproc_status clp_program_get(clp_device *device, const clp_variant *variant, clp_program **program,
                              clp_prof_thread *thread, clproc_error *error);
clproc_status clp_kernel_create(const clp_program *program, cl_kernel *kernel, clproc_error *error);
void clp_programs_release(clp_device *device);

/* --------------------------------------------------------- grid.c */

/** Decides whether work-groups own tiles or work-items do. `info` is known by now. */
void clp_grid_choose(clp_device *device);
/** Decides how many work-items the groups of a kernel have. */
clproc_status clp_grid_fit(const clp_device *device, clp_kernel *kernel, clproc_error *error);
/** Work-items of a launch over `tiles` tiles. */
void clp_grid_size(const clp_kernel *kernel, uint32_t tiles, size_t *global, size_t *local);
/** The most tiles of one launch. */
uint32_t clp_grid_tiles(void);

/* -------------------------------------------------------- arena.c */

/** A buffer that grows. */
typedef struct clp_store {
    cl_mem buffer;
    size_t capacity;
    clp_pages *pages; /**< NULL unless the device shares the host's memory */
} clp_store;

/** Memory that host and device take turns in. On a device that shares the host's memory one mapped
 * buffer; else pinned host memory, a part of the ring or, where that is too small, its own; on the
 * reference device host memory alone. */
typedef struct clp_arena {
    size_t capacity;
    cl_mem buffer;    /**< NULL for a part of the ring */
    clp_pages *pages; /**< of `buffer`, with shared memory */
    uint8_t *host;    /**< NULL while the device owns it */
} clp_arena;

typedef struct clp_schedule clp_schedule;
typedef struct clp_cube clp_cube;

/** Where a device's command times come from. */
typedef enum clp_device_clock {
    CLP_CLOCK_UNKNOWN,
    CLP_CLOCK_TIMER, /**< clGetDeviceAndHostTimer() tells it */
    CLP_CLOCK_MONOTONIC,
    CLP_CLOCK_RAW
} clp_device_clock;

/** What device memory is held for. */
typedef enum clp_held {
    CLP_HELD_INPUT,
    CLP_HELD_RESULTS,
    CLP_HELD_SCRATCH,
    CLP_HELD_TABLES,
    CLP_HELD_COUNT
} clp_held;

/** A device command under way: what the profile will say of it. */
typedef struct clp_launch {
    cl_event event;
    clp_prof_command command;
} clp_launch;

typedef struct clp_submitter clp_submitter;

/** The most lanes of a device, and the most plans whose tables it keeps. */
#define CLP_MAX_LANES 256
#define CLP_MAX_SCHEDULES 512

/** Parts of the ring that a lane has: windows to decode into, and one for results. */
#define CLP_RING_PARTS (CLP_BAND_WINDOWS + 1)

/** An opened device. What changes after opening is guarded by `lock`. */
struct clp_device {
    clproc_device_info info;
    char notice[512];
    bool reference;
    clp_prof *prof;
    uint32_t recorded; /**< its number there */
    cl_device_id id;   /**< the one that commands run on */
    cl_context context;
    /** For what no lane does: sending tables, measuring. */
    cl_command_queue queue;
    bool unified;         /**< the host maps what kernels use */
    bool in_thread;       /**< commands run in the thread that enqueues them */
    bool spins;           /**< the driver waits by asking over and over */
    bool group_tiles;     /**< work-groups own tiles (GPU), not work-items (CPU) */
    uint32_t group_limit; /**< work-items of a group, at most */
    uint64_t opened;      /**< clp_clock_ns() */

    pthread_mutex_t lock;
    pthread_cond_t built;
    clp_program programs[CLP_MAX_KERNELS];
    uint32_t program_count;
    clp_unsaved unsaved[CLP_MAX_KERNELS];
    uint32_t unsaved_count;
    pthread_mutex_t cube_lock; /**< may be taken with `lock` held */
    clp_cube *cubes;
    clp_schedule *schedules[CLP_MAX_SCHEDULES];
    uint32_t schedule_count;
    uint64_t kept_bytes;           /**< of their tables, cubes and plans */
    clp_lane *idle[CLP_MAX_LANES]; /**< lanes that are not in use */
    uint32_t idle_count;
    pthread_mutex_t clock_lock; /**< may be taken with any other held; guards `clock` */
    clp_device_clock clock;
    clp_jpeg_codec *codec; /**< lanes have shares of it */
    bool codec_forced;     /**< tests have it on every device */
    bool codec_checked;    /**< once is enough, whatever came of it */
    bool pocl;
    pthread_mutex_t codec_turn; /**< with PoCL, who uses the codec */
    clp_submitter *submitter;   /**< NULL: workers enqueue themselves */
    /** Oclgrind, a simulator, bears one thread at a time: a lane has the turn for a whole picture.
     */
    bool one_at_a_time;
    pthread_mutex_t turn;
    atomic_bool codec_ready;
    atomic_size_t held[CLP_HELD_COUNT]; /**< device memory by what for, bytes */
    /** Why commands have no times though a profile wants them, a symbol of OpenCL; NULL: they do.
     */
    _Atomic(const char *) untimed;

    /* The ring: pinned memory of all lanes, and behind it one part for tables, on a device with
     * memory of its own. */
    cl_mem ring;
    uint8_t *ring_host;
    uint8_t *ring_plain;  /**< it, where it could not be pinned; else NULL */
    uint64_t most_tables; /**< bytes of tables that are kept for later pictures */
    size_t ring_part;     /**< bytes of one part, of which each lane has CLP_RING_PARTS */
    uint32_t ring_lanes;
    bool ring_taken[CLP_MAX_LANES];
    pthread_mutex_t tables_lock; /**< may be taken with `cube_lock` held; guards these two */
    size_t tables_staged;        /**< bytes of the part for tables that are in use */
    cl_event tables_last;        /**< of what was sent last from there */
};

clproc_status clp_device_queue(clp_device *device, cl_command_queue *queue, clproc_error *error);

/** Waits until nothing of a queue is under way any more, or the driver cannot tell. */
void clp_queue_drain(cl_command_queue queue);

/** Drains and releases a queue, and sets it to NULL. To release one is not to wait for it: PoCL
 * would go on with it in its threads, while the process takes its code and its cache away. */
void clp_queue_close(cl_command_queue *queue);
/** Notes that memory held for a purpose has changed its size, for the profile. */
void clp_device_note_memory(clp_device *device, clp_held what, size_t before, size_t now);

/* -------------------------------------------------------- buffers.c */

typedef enum clp_buffer_kind {
    CLP_BUFFER_PIXELS, /**< kernels' pixels; the host's own memory where the device shares it */
    CLP_BUFFER_PINNED  /**< host memory that copies to and from a device go through */
} clp_buffer_kind;

/** `pages`: those a shared buffer grew in before, and then those it lies in; the caller holds them.
 */
clproc_status clp_buffer_create(clp_device *device, clp_buffer_kind kind, size_t size,
                                const char *what, clp_pages **pages, cl_mem *buffer,
                                clproc_error *error);
/** Makes room; the content is lost. */
clproc_status clp_store_grow(clp_device *device, clp_store *store, size_t needed, const char *what,
                             clproc_error *error);
void clp_store_free(clp_store *store);
/** One buffer can hold less than the device does. */
clproc_status clp_buffer_check_size(const clp_device *device, size_t size, const char *what,
                                    clproc_error *error);

/* --------------------------------------------------------- tables.c */

/** Values that kernels only read. */
typedef struct clp_tables {
    cl_mem buffer; /**< NULL: none */
    size_t bytes;
    cl_event sent;       /**< of their last part on its way; NULL: they were there at once */
    size_t last_bytes;   /**< of that part */
    atomic_bool arrived; /**< it was seen to have ended */
} clp_tables;

/** Makes a buffer of `bytes` of values and puts them on their way to the device; the caller keeps
 * them. Any thread. */
clproc_status clp_tables_create(clp_tables *tables, clp_device *device, const void *values,
                                size_t bytes, const char *what, clproc_error *error);
/** With nothing under way that reads them. */
void clp_tables_destroy(clp_tables *tables, clp_device *device);
/** What a launch that reads them has to wait for: 1 and the event, the tables' own; 0 once they are
 * there. Any thread. */
cl_uint clp_tables_to_come(const clp_tables *tables, cl_event *event);
/** True if they went astray, and no launch will have them. Any thread. */
bool clp_tables_have_failed(const clp_tables *tables);
/** Behind a launch that read them: says whether they came, from where on no launch waits. Any
 * thread. */
clproc_status clp_tables_check(clp_tables *tables, clp_device *device, clproc_error *error);

/* ----------------------------------------------------------- arena.c */

/** Makes room; the content is lost. With shared memory or on the reference device. */
clproc_status clp_arena_grow(clp_lane *lane, clp_arena *arena, size_t capacity, clp_held what,
                             clproc_error *error);
/** Pinned memory of the arena's own, for what the ring has no room for. */
clproc_status clp_arena_pin(clp_lane *lane, clp_arena *arena, size_t capacity, clproc_error *error);
void clp_arena_free(clp_lane *lane, clp_arena *arena, clp_held what);
/** Gives the memory to the device, if it is shared. */
clproc_status clp_arena_unmap(clp_lane *lane, clp_arena *arena, clproc_error *error);
/** Brings it back to the host; `*done` comes when what was enqueued before has finished with it. */
clproc_status clp_arena_map(clp_lane *lane, clp_arena *arena, cl_map_flags flags, cl_event *done,
                            clproc_error *error);

/* --------------------------------------------------------- events.c */

/** An event's place if commands are profiled, else NULL. */
cl_event *clp_event_wanted(const clp_device *device, cl_event *event);
/** Nanoseconds between two looks at a command: its last moment is missed by half of that. */
#define CLP_LOOK_NS 40000
/** True once a command has ended, one way or another. */
bool clp_event_has_ended(cl_event event);
/** Waits for an event, sleeping where the driver would spin, and says how the command ended. */
clproc_status clp_event_wait(const clp_device *device, cl_event event, clproc_error *error);
void clp_event_release(cl_event *event);
/** Reads a finished command that is of no picture into the profile, a kernel's as its first launch.
 * `event`, if any, is taken over. */
void clp_command_collect(clp_device *device, cl_event event, clp_command_kind kind,
                         const char *name, uint64_t bytes);
/** States how fast the device copies within its own memory, for a profile to compare kernels with.
 * With nothing else running; takes a few milliseconds, and nothing without profiling. */
void clp_device_probe_copy(clp_device *device);

/* --------------------------------------------------------- clocks.c */

/** A command has `ended` just now by the device's clock: finds out which clock that is, and aligns
 * it. Any thread. */
void clp_clocks_see(clp_device *device, uint64_t ended);
/** Aligns the clock, if known, once more: at the end this corrects the drift in between. With no
 * command under way. */
void clp_clocks_anchor(clp_device *device);

#endif
