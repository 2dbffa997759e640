/** Running plans: on an OpenCL device, or on the reference device, the double-precision oracle.
 *
 *  A device holds what all threads share: programs, the tables of plans, its clock. A thread works
 * through a lane of its own: an in-order queue with the memory of one picture. Lanes know nothing
 * of each other, so that as many pictures as there are lanes are under way at once.
 *
 *  - clp_lane_begin: memory for the picture
 *  - clp_lane_sink, clp_lane_feed, clp_lane_base: its rows come, portion by portion; each is on its
 *    way as soon as it is full
 *  - clp_lane_compute: all rows are there: passes and results are enqueued
 *  - clp_lane_await: the results are there
 *  - clp_lane_results: … in the host's reach
 *  - clp_lane_end: the lane is free for the next picture
 */
#ifndef CLP_DEVICE_DEVICE_H
#define CLP_DEVICE_DEVICE_H

#include "core/jpeg_trial.h"
#include "core/rows.h"
#include "plan/plan.h"
#include "prof/prof.h"

typedef struct clp_device clp_device;

/** Drivers to load, where PoCL is one of several: each takes its time to start. */
typedef enum clp_drivers { CLP_DRIVERS_ALL, CLP_DRIVERS_CPU, CLP_DRIVERS_GPU } clp_drivers;

/** What a device is opened for. Zero is sensible. */
typedef struct clp_device_params {
    const char *selection; /**< see clproc_context_params */
    clp_prof *prof;        /**< NULL: without profiling */
    uint32_t lanes;        /**< as many will work at once; 0: one */
    /** Bound of the pictures under way, bytes; 0: none. Of so much the ring takes an eighth at
     * most, and tables kept for later pictures a sixteenth. */
    uint64_t memory;
    /** So many pictures are to come that every lane has one at any time: then a CPU's kernels run
     * in the thread of their lane, where the driver can do that. */
    bool crowded;
    clp_drivers drivers; /**< to load: those of no other device are wanted in this process */
} clp_device_params;

/** Opens the device that the selection names. */
clproc_status clp_device_open(clp_device **device, const clp_device_params *params,
                              clproc_error *error);

/** Told of each device as soon as it is open; `count`: so many there will be at most. Of several
 * those of the highest rank should have the pictures; the others are there for the time until those
 * are. */
typedef clproc_status (*clp_device_opened_fn)(void *user, clp_device *device, uint32_t rank,
                                              uint32_t count, clproc_error *error);

/** True of a selection that leaves the choice of devices to this program: "auto", "" or NULL. */
bool clp_selection_is_auto(const char *selection);
/** True of one that may name several devices: "all", or a list. */
bool clp_selection_is_several(const char *selection);
/** Opens every device that a list names, with "all" every one that is usable, with "auto" or
 * nothing the best GPU, and before it a CPU. One of several that cannot be opened is told of by
 * `*problem`, "" if there is none. */
clproc_status clp_devices_open(const clp_device_params *params, clp_device_opened_fn opened,
                               void *user, char problem[256], clproc_error *error);
/** Sets the environment that drivers read. Threads that read it must not have begun: setenv moves
 * what getenv looks through. What fails here is told when devices are opened. */
void clp_devices_prepare(const clp_device_params *params);
/** Removes what drivers had of the file system, as exit() does: for a process that ends without it,
 * and has closed its devices. */
void clp_devices_leave(void);
/** True where a CPU's driver is one of several, and can be had without the others
 * (CLP_DRIVERS_CPU). */
bool clp_devices_cpu_suffices(void);
/** All of its lanes have been given back. */
void clp_device_close(clp_device **device);
/** The process ends now, by _exit(): lets go of a device with memory of its own and of all that is
 * held there. False, and nothing is done, with another: that has to be closed. */
bool clp_device_abandon(clp_device **device);
const clproc_device_info *clp_device_info(const clp_device *device);
/** "" or what the user should know about the choice, as that no GPU was found. */
const char *clp_device_notice(const clp_device *device);
/** Why the device's commands have no times in the profile that wants them, a symbol of OpenCL; NULL
 * if they do. Known once a picture has been awaited. */
const char *clp_device_untimed(const clp_device *device);

/** Builds the kernels a plan needs that are not built yet, and brings its tables to the device, so
 * that its first picture finds them ready. Any thread. */
clproc_status clp_device_prepare(clp_device *device, clp_plan *plan, clp_prof_thread *thread,
                                 clproc_error *error);

/** Keeps binaries of the programs that had to be compiled, for runs to come to start sooner; until
 * `*cancel` is not 0. Nothing that fails is told. */
void clp_device_save_programs(clp_device *device, const volatile int *cancel,
                              clp_prof_thread *thread);

/** True where a device should have the JPEG codec, which has not been tried yet: where it gains. */
bool clp_device_wants_codec(const clp_device *device);
/** True where no picture may go to the device before the codec is there: tests ask for it. */
bool clp_device_awaits_codec(const clp_device *device);
/** Builds the device's JPEG codec and compares it with libjpeg; from then on lanes have it, unless
 * one byte differs. Any thread, once. */
clproc_status clp_device_check_codec(clp_device *device,
                                     const clp_jpeg_trial trials[CLP_JPEG_TRIALS],
                                     clp_prof_thread *thread, clproc_error *error);
bool clp_device_has_codec(const clp_device *device);

/** Memory of pictures under way, bytes. On a device that shares the host's memory all of it is the
 * device's. */
typedef struct clp_need {
    uint64_t host, device;
} clp_need;

typedef struct clp_lane clp_lane;

/** A lane that is not in use, or a new one; `empty`: one that holds no memory. */
clproc_status clp_lane_take(clp_lane **lane, clp_device *device, bool empty, clproc_error *error);
/** Gives a lane back, with its memory if `keep`. NULL is fine. */
void clp_lane_give(clp_lane **lane, bool keep);

/** True of a failure for which the device had no memory left. */
bool clp_device_was_full(const clproc_error *error);

/** How a picture goes through a device. */
typedef struct clp_passage {
    bool in_rows; /**< its rows come once, from the top down */
    bool stream;  /**< large pictures are computed while they are decoded, if that is worth it */
    /** The lane has just computed the same picture for another output, and holds its samples still:
     * none are brought. */
    bool resident;
    bool keep;      /**< hold the samples as a whole for further outputs, if there is room */
    bool keep_scan; /**< hold what is found in `scan` for outputs that need other sizes of it */
    bool overlap;   /**< rows are decoded while the device works on those before */
    uint64_t most_bytes; /**< a picture that needs more of the device goes in bands, if it can; 0:
                            as much as the device has */
    uint64_t number;     /**< the picture's in profiles */
    const volatile int *cancel; /**< the lane launches nothing more after it is not 0; or NULL */
    /** For the device's JPEG codec: the picture's scan instead of its rows, and what its results
     * are encoded with; NULL: rows come, results go back as samples. */
    const struct clp_scan *scan;
    const jpeg_encode_tables *encode;
} clp_passage;

/** A JPEG's scan, packed (codec/jpeg_scan.h). */
typedef struct clp_scan {
    const jpeg_package *package; /**< its header */
    const uint8_t *packed;       /**< the whole package; NULL with `resident` */
    size_t bytes;
    /** The lane has decoded it for another output of the same picture, which had `keep_scan`: only
     * samples are made anew. */
    bool resident;
    uint32_t sizes[JPEG_COMPONENTS]; /**< of its blocks, in samples */
} clp_scan;

/** What a lane will hold once a picture of this plan has begun, with what it holds now. */
clproc_status clp_lane_need(clp_lane *lane, const clp_plan *plan, const clp_passage *passage,
                            clp_need *need, clproc_error *error);
/** True if a picture of the plan may be on the device as a whole: a buffer can hold less than the
 * device does, on many a quarter. */
bool clp_device_takes_whole(const clp_device *device, const clp_plan *plan);
/** The least that such a picture can take of the device, bytes. */
uint64_t clp_device_least(const clp_device *device, const clp_plan *plan,
                          const clp_passage *passage);
/** Where a scan may be packed so that it need not be copied before it travels: `*room` bytes, in
 * the lane's share of the ring. Until clp_lane_begin() has returned, or clp_lane_end(). */
clproc_status clp_lane_staging(clp_lane *lane, uint8_t **staging, size_t *room,
                               clproc_error *error);
/** Takes memory for a picture. The lane holds it until it is given back. `thread` records what the
 * lane does, until clp_lane_end(). */
clproc_status clp_lane_begin(clp_lane *lane, clp_plan *plan, const clp_passage *passage,
                             clp_prof_thread *thread, clproc_error *error);
/** Where a decoder may write the whole picture, as plan->input says; NULL where rows must go to the
 * sink. */
uint8_t *clp_lane_base(clp_lane *lane);
/** Takes rows as a decoder brings them. */
const clp_row_sink *clp_lane_sink(clp_lane *lane);
/** Takes a decoded picture from memory that is laid out as plan->input says. */
clproc_status clp_lane_feed(clp_lane *lane, const uint8_t *base, clproc_error *error);
/** All rows are there and good: the rest of the passes, and the way back of the results. */
clproc_status clp_lane_compute(clp_lane *lane, clproc_error *error);
/** Waits until the picture is computed, and its results are in the host's memory. */
clproc_status clp_lane_await(clp_lane *lane, clproc_error *error);
/** True if a picture that has been computed leaves its samples in the lane, for `resident`; until
 * the lane is given back or begins on another picture. */
bool clp_lane_holds_input(const clp_lane *lane);
/** Of a picture that came as a scan, once awaited: NULL if its samples are libjpeg's, else why
 * libjpeg must decode it, in a few words. */
const char *clp_lane_verdict(clp_lane *lane);
/** The encoded results, if the picture began with `encode` and they had room: whole words of bits,
 * first bit uppermost; NULL if the samples must be encoded by the host. Until clp_lane_end(). */
clproc_status clp_lane_scan(clp_lane *lane, const uint8_t **scan, uint32_t *bits,
                            clproc_error *error);
/** Results in the host's reach, as plan->output says, until clp_lane_end(). The caller may
 * overwrite them. */
clproc_status clp_lane_results(clp_lane *lane, uint8_t **base, clproc_error *error);
/** The picture is through, or given up at whatever stage. */
void clp_lane_end(clp_lane *lane);

/** Bytes that clp_reference_run() takes, at most, beside what it is given. */
uint64_t clp_reference_bytes(const clp_plan *plan);
/** Runs a plan's terms on one picture in double precision; what the reference device does.
 * `unrounded`, if not NULL, receives each output plane's values before rounding, densely packed
 * plane after plane (clamped to the range). */
clproc_status clp_reference_run(const clp_plan *plan, const uint8_t *input, uint8_t *output,
                                double *unrounded, clproc_error *error);

#endif
