/** Shared by the files of this folder. */
#ifndef CLP_DEVICE_DEVICE_PRIVATE_H
#define CLP_DEVICE_DEVICE_PRIVATE_H

#include <CL/cl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

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

/** An opened device. What changes after opening is guarded by `lock`. */
struct clp_device {
    clproc_device_info info;
    char notice[512];
    bool reference;
    clp_prof *prof;
    cl_device_id id; /**< the one that commands run on */
    cl_context context;
    /** For what no lane does: warming kernels, measuring. */
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
    uint64_t kept_bytes; /**< of their tables, cubes and plans */
    clp_lane *idle[CLP_MAX_LANES]; /**< lanes that are not in use */
    uint32_t idle_count;
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

    /* The ring: pinned memory of all lanes, on a device with memory of its own. */
    cl_mem ring;
    uint8_t *ring_host;
    uint8_t *ring_plain;  /**< it, where it could not be pinned; else NULL */
    uint64_t most_tables; /**< bytes of tables that are kept for later pictures */
    size_t ring_part;     /**< bytes of one part, of which each lane has CLP_RING_PARTS */
    uint32_t ring_lanes;
    bool ring_taken[CLP_MAX_LANES];
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
clproc_status clp_store_grow(clp_device *device, clp_buffer_kind kind, clp_store *store,
                             size_t needed, const char *what, clproc_error *error);
void clp_store_free(clp_store *store);
/** A buffer of values that kernels only read, counted as tables. The caller keeps `values`. */
clproc_status clp_tables_upload(clp_device *device, const void *values, size_t bytes,
                                const char *what, cl_mem *buffer, clproc_error *error);
/** Sets *buffer to NULL, which is allowed. */
void clp_tables_release(clp_device *device, cl_mem *buffer, size_t bytes);

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

/* ------------------------------------------------------------ cubes.c */

/** The table of a conversion on a device. */
struct clp_cube {
    clp_conversion *conversion; /**< one reference */
    float white;
    cl_mem buffer;
    size_t bytes;
    uint32_t users;
    uint32_t kept; /**< how many kept schedules have it; guarded by the device's `lock` */
    clp_cube *next;
};

/** That of a conversion, with values up to `white`; made on first use, gone with its last user.
 * Give it back with clp_cube_release(). */
clproc_status clp_cube_get(clp_device *device, clp_conversion *conversion, float white,
                           clp_cube **cube, clproc_error *error);
void clp_cube_release(clp_device *device, clp_cube **cube);

/* --------------------------------------------------------- schedule.c */

/** A launch: jobs of one kernel and one level. */
typedef struct clp_group {
    clp_variant variant;
    clp_role src, dst; /**< of filter and reindex passes */
    uint32_t count, tiles;
    size_t jobs; /**< where they stand in the tables */
    uint64_t bytes_read, bytes_written, operations;
} clp_group;

/** How a picture's rows come to the device. */
typedef enum clp_way {
    CLP_WAY_WHOLE,   /**< decoded straight into the input of the passes */
    CLP_WAY_KEPT,    /**< the same; computed band by band from there */
    CLP_WAY_SLICES,  /**< window by window copied into it */
    CLP_WAY_BANDS,   /**< window by window, and computed from there */
    CLP_WAY_SCAN,    /**< decoded on the device */
    CLP_WAY_RESIDENT /**< there already, from the output before; computed in bands if shared */
} clp_way;

/** A plan as a device runs it: its tables on the device, and launches in order. All that differs
 * from picture to picture are the buffers. */
struct clp_schedule {
    clp_plan *plan; /**< one reference */
    clp_way way;
    clp_bands slices; /**< with CLP_WAY_SLICES, and of one part with CLP_WAY_WHOLE and _KEPT */
    const clp_bands *portions; /**< what rows come at a time: `slices`, or the plan's bands */
    cl_mem tables;
    size_t table_bytes;
    clp_cube *cube; /**< of the plan's conversion; NULL: none */
    clp_group *groups;
    size_t group_count, group_capacity;
    size_t *band_ends; /**< with CLP_WAY_BANDS, of each band: the group after its last */
    size_t scratch;    /**< bytes that launches need */
    uint32_t users;    /**< with the device's lock held */
};

/** True where passes work band by band: while rows come, or over a whole picture that the host
 * shares and that several outputs are made of; what passes hand on stays in the caches then. */
bool clp_way_has_bands(const clp_device *device, const clp_plan *plan, clp_way way);
/** The schedule of a plan, made on first use. Give it back with clp_schedule_release(). */
clproc_status clp_schedule_get(clp_device *device, clp_plan *plan, clp_way way,
                               clp_schedule **schedule, clproc_error *error);
void clp_schedule_release(clp_device *device, clp_schedule **schedule);
/** With nothing under way. */
void clp_schedules_free(clp_device *device);

/* ------------------------------------------------------- launch.c, events.c */

/** Enqueues a launch on a lane; `input` is the buffer its input lies in. */
clproc_status clp_group_launch(clp_lane *lane, const clp_group *group, cl_mem input,
                               clp_prof_thread *thread, clproc_error *error);
/** Makes the driver compile a program for the launches to come. */
clproc_status clp_program_warm(clp_device *device, clp_program *program, clproc_error *error);

/** Remembers a command of a lane for the profile; `event` is taken over. Without profiling it is
 * released. */
clproc_status clp_launch_note(clp_lane *lane, cl_event event, const clp_prof_command *command,
                              clproc_error *error);

/** Reads a kernel's first launch, made for the driver to compile it, into the profile; it has
 * finished. `event`, if any, is taken over. */
void clp_first_launch_collect(clp_device *device, cl_event event, const char *kernel);
/** States how fast the device copies within its own memory, for a profile to compare kernels with.
 * With nothing else running; takes a few milliseconds, and nothing without profiling. */
void clp_device_probe_copy(clp_device *device);
/** Reads the finished events of a lane into the profile and releases them. */
void clp_launches_collect(clp_lane *lane);
/** Gives up the events of a picture that came to no end. */
void clp_launches_drop(clp_lane *lane);
/** An event's place if commands are profiled, else NULL. */
cl_event *clp_event_wanted(const clp_device *device, cl_event *event);
/** Nanoseconds between two looks at a command: its last moment is missed by half of that. */
#define CLP_LOOK_NS 40000
/** True once a command has ended, one way or another. */
bool clp_event_has_ended(cl_event event);
/** Waits for an event, sleeping where the driver would spin, and says how the command ended. */
clproc_status clp_event_wait(const clp_device *device, cl_event event, clproc_error *error);
void clp_event_release(cl_event *event);

/* ------------------------------------------------------- commands.c */

/** As clp_launch_note(), of a command for the lane's picture that reads and writes `bytes`. */
clproc_status clp_command_note(clp_lane *lane, clp_command_kind kind, const char *name,
                               size_t bytes, cl_event event, clproc_error *error);
/** Enqueues a copy into a buffer, `from` must stay until it is through. `name` is for the profile
 * and for errors. With `done`, its event, the caller's to release. */
clproc_status clp_command_write(clp_lane *lane, const char *name, cl_mem to, size_t offset,
                                const uint8_t *from, size_t bytes, cl_event *done,
                                clproc_error *error);
/** As clp_command_write(), the other way. */
clproc_status clp_command_read(clp_lane *lane, const char *name, cl_mem from, size_t offset,
                               size_t bytes, uint8_t *to, cl_event *done, clproc_error *error);

/* ------------------------------------------------------------ lane.c */

/** Parts of the ring that a lane has: windows to decode into, and one for results. */
#define CLP_RING_PARTS (CLP_BAND_WINDOWS + 1)

/** What the JPEG codec does to a picture. */
typedef struct clp_codec_plan {
    bool decodes, encodes;
    bool apart; /**< what decoding finds stays for other outputs, where encoding does not come */
    jpeg_package package;
    const uint8_t *packed;
    size_t package_bytes;
    clp_jpeg_decode_picture picture;
    clp_jpeg_decode_plan decode;
    clp_jpeg_encode_picture result;
    clp_jpeg_encode_plan encode;
    size_t scan_bytes; /**< of the encoded scan, room */
    size_t prefix;     /**< bytes of it that come back at once */
} clp_codec_plan;

struct clp_lane {
    clp_device *device;
    /* While the submitter has the lane, and what it leaves. */
    clp_lane *next;
    bool posted;
    sem_t finished;
    clproc_status outcome;
    clproc_error cause;
    cl_command_queue queue; /**< in order */
    clp_kernel kernels[CLP_MAX_KERNELS];
    uint32_t kernel_count;
    uint32_t ring_index; /**< its share of the ring */
    clp_arena windows[CLP_BAND_WINDOWS];
    cl_event window_free[CLP_BAND_WINDOWS]; /**< comes when a window may be written again */
    clp_store copies[CLP_BAND_WINDOWS];     /**< of windows, on a device with memory of its own */
    clp_store input, scratch, results;      /**< on a device with memory of its own */
    clp_arena output; /**< results in the host's reach, all or a part of them */
    cl_event done;
    clp_launch *launches; /**< profiled commands whose events are not read yet */
    size_t launch_count, launch_capacity;
    /* For the JPEG codec */
    clp_jpeg_codec *codec;
    uint8_t *staging, *head; /**< memory of its own where the ring does not serve */
    clp_store package, work;
    clp_store blocks; /**< in the place of `work` for what is `apart` */
    clp_codec_plan codec_plan;
    /* The picture under way */
    uint64_t number;
    clp_schedule *schedule;        /**< NULL: none */
    uint32_t portion;              /**< being filled */
    uint32_t rows[CLP_MAX_PLANES]; /**< decoded */
    clp_row_sink sink;
    bool has_turn;
    const volatile int *cancel; /**< the passage's */
    bool overlap;               /**< rows are decoded while the device works on those before */
    bool awaited;               /**< nothing of it is under way any more */
    bool holds_input;           /**< its samples are there as a whole */
    uint8_t *host;              /**< results that `output` has no room for */
    size_t host_size;
    clp_prof_thread *thread;
};

/** What a thread does that hands commands to the device: all of their work, where they run in it.
 */
static inline clp_prof_stage clp_lane_stage(const clp_lane *lane) {
    return lane->device->in_thread ? CLP_PROF_COMPUTE : CLP_PROF_SUBMIT;
}

/** Where one lane at a time may use the device: waits for its turn, or ends it. */
void clp_lane_take_turn(clp_lane *lane);
void clp_lane_end_turn(clp_lane *lane);
/** Gives up what a lane holds of a device with memory of its own. */
void clp_lane_shrink(clp_lane *lane);
/** Destroys lanes that are not in use. */
void clp_device_free_lanes(clp_device *device);

/* ------------------------------------------------------------ scan.c */

/** Plans the codec's work on a picture, and adds what it holds to `*need`. */
clproc_status clp_lane_plan_codec(clp_lane *lane, const clp_plan *plan, const clp_passage *passage,
                                  uint64_t *need, clproc_error *error);
/** Memory for the codec. */
clproc_status clp_lane_grow_codec(clp_lane *lane, clproc_error *error);
/** Begins to bring the results back as samples. */
clproc_status clp_lane_bring_back(clp_lane *lane, clproc_error *error);
/** Sends a scan that was packed elsewhere than in the lane's staging; waits for parts of it. */
clproc_status clp_lane_send_scan(clp_lane *lane, clproc_error *error);
/** Sends the scan, if that has not been done, and decodes it. */
clproc_status clp_lane_decode(clp_lane *lane, clproc_error *error);
/** Encodes the results, and begins to bring them back. */
clproc_status clp_lane_encode(clp_lane *lane, clproc_error *error);
void clp_lane_free_codec(clp_lane *lane);

/** Memory of the host for results. */
clproc_status clp_lane_grow_host(clp_lane *lane, size_t bytes, clproc_error *error);
/** Grows a buffer of the device, and notes it. */
clproc_status clp_lane_grow_store(clp_lane *lane, clp_store *store, size_t size, clp_held what,
                                  clproc_error *error);

/** After a failure: what was enqueued must not outlive the memory it works on. */
void clp_lane_give_up(clp_lane *lane);

/** Enqueues all that is left to do for the lane's picture once its rows or scan are there; `thread`
 * is the caller's. */
clproc_status clp_lane_enqueue(clp_lane *lane, clp_prof_thread *thread, clproc_error *error);

/* ---------------------------------------------------------- submit.c */

clproc_status clp_submitter_create(clp_submitter **submitter, clp_device *device,
                                   clproc_error *error);
/** No lane is posted any more. */
void clp_submitter_destroy(clp_submitter **submitter);
/** Leaves a lane, whose picture is to be computed, to the device's submitter. Nobody touches it
 * before clp_submitter_await(). */
void clp_submitter_post(clp_lane *lane);
/** Waits until a lane that was posted has its results, and says what came of it. */
clproc_status clp_submitter_await(clp_lane *lane, clproc_error *error);

/* --------------------------------------------------------- clocks.c */

/** A command has `ended` just now by the device's clock: finds out which clock that is, and aligns
 * it. */
void clp_clocks_see(clp_device *device, uint64_t ended);
/** Aligns the clock, if known, once more: at the end this corrects the drift in between. */
void clp_clocks_anchor(clp_device *device);

#endif
