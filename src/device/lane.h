/** Pictures on a device: plans as it runs them, and the lanes they go through. */
#ifndef CLP_DEVICE_LANE_H
#define CLP_DEVICE_LANE_H

#include "device/device_private.h"

/* ------------------------------------------------------------ cubes.c */

/** The table of a conversion on a device. */
struct clp_cube {
    clp_conversion *conversion; /**< one reference */
    float white;
    clp_tables tables;
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
    clp_tables tables;
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
/** clp_tables_to_come() of all tables of a schedule, at most two. */
cl_uint clp_schedule_to_come(const clp_schedule *schedule, cl_event events[2]);
/** clp_tables_check() of all. */
clproc_status clp_schedule_check(clp_schedule *schedule, clp_device *device, clproc_error *error);
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

/** Reads the finished events of a lane into the profile and releases them. */
void clp_launches_collect(clp_lane *lane);
/** Gives up the events of a picture that came to no end. */
void clp_launches_drop(clp_lane *lane);

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

#endif
