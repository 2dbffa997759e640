/** What follows from a profile: the figures that tables, pages and findings are made of. Computed
 * once, in one place, so that no two reports disagree. */
#ifndef CLP_REPORT_ANALYSIS_H
#define CLP_REPORT_ANALYSIS_H

#include "prof/profile.h"
#include "report/stats.h"

/** All commands of one name and kind. */
typedef struct clp_command_row {
    char name[48];
    clp_command_kind kind;
    uint64_t calls;    /**< first launches included */
    uint64_t total_ns; /**< the same */
    /** First launches, and how long they took from being queued with nothing left to run before
     * them: drivers that compile at the launch do so before it starts. */
    uint64_t first_calls, first_ns;
    clp_stats steady;             /**< of the others; see CLP_SPREAD_ERROR where not all are kept */
    uint64_t bytes, operations;   /**< of the steady ones */
    double bytes_per_second;      /**< 0: no bytes known */
    double operations_per_second; /**< multiply-adds */
    /** Measured copy bandwidth of the device, of several of all weighted by their bytes; 0:
     * unknown.
     */
    double copy_rate;
    double copy_share; /**< of that */
    double delay_ns;   /**< mean from queued to start, of the steady ones */
} clp_command_row;

/** One stage over all threads. */
typedef struct clp_stage_row {
    clp_prof_stage stage;
    uint64_t calls;
    uint64_t self_ns;  /**< without nested spans */
    uint64_t total_ns; /**< nested spans included, a stage within itself once */
    clp_stats sampled; /**< of the sampled calls */
} clp_stage_row;

typedef struct clp_thread_row {
    uint64_t life_ns, busy_ns, waiting_ns;
} clp_thread_row;

/** What can be busy all the time, and then limits the run: all threads of a kind ("worker 1",
 * "worker 2"), or the device. */
typedef struct clp_resource {
    char name[32];
    bool device;
    uint32_t count; /**< threads; 1 for the device */
    uint64_t busy_ns, waiting_ns, cpu_ns;
    uint64_t stage_ns[CLP_PROF_STAGE_COUNT]; /**< self time of its stages */
    double share;                            /**< busy part of count × wall time */
} clp_resource;

/** One of several devices. */
typedef struct clp_device_row {
    char name[140]; /**< "GPU", and of another with that name "GPU (2)" */
    uint64_t calls;
    uint64_t command_ns; /**< sum over its commands */
    uint64_t busy_ns;    /**< time in which at least one of them ran */
} clp_device_row;

/** What could be made faster: a stage that is no waiting, on all threads, or the device. */
typedef struct clp_part {
    const char *name;
    bool device;
    clp_prof_stage stage; /**< unless the device */
    uint64_t busy_ns;
    double cpu_ns;    /**< estimated from the threads' processor time */
    double half_ns;   /**< the most the run could gain if this took half the time */
    double saving_ns; /**< the same if it took none */
} clp_part;

typedef struct clp_analysis {
    const clproc_profile *profile;
    clp_command_row *commands; /**< kernels by total time, then transfers */
    size_t command_count, kernel_count;
    uint64_t command_calls; /**< of all rows; the profile may keep fewer one by one */
    clp_stage_row stages[CLP_PROF_STAGE_COUNT]; /**< those with calls, by self time */
    size_t stage_count;
    clp_thread_row *threads; /**< as the profile's */
    clp_resource *resources; /**< by share */
    size_t resource_count;
    clp_part parts[CLP_PROF_STAGE_COUNT + 1]; /**< by saving */
    size_t part_count;
    clp_device_row *devices; /**< as the profile's; none where there is only one */
    size_t device_count;
    uint64_t command_ns; /**< sum over all commands */
    uint64_t busy_ns;    /**< time in which at least one command ran, of several devices on any */
    uint64_t kernel_busy_ns, transfer_busy_ns;
    uint64_t self_ns; /**< of all stages on all threads */
    uint64_t threads_cpu_ns;
    uint64_t driver_cpu_ns; /**< processor time of threads not ours: the OpenCL driver's */
    /** What the run took beyond the need of its busiest part: the most that anything which shortens
     * no part (starting earlier, better order) can gain. */
    double slack_ns;
    double cores_share; /**< busy part of cores × wall time */
    double copy_rate;   /**< of the only device as measured, bytes per second; 0: unknown */
} clp_analysis;

clproc_status clp_analysis_make(clp_analysis *analysis, const clproc_profile *profile,
                                clproc_error *error);
void clp_analysis_free(clp_analysis *analysis);

/** Busy part of the run, 0 without a run. */
double clp_analysis_of_wall(const clp_analysis *analysis, double ns);
#define CLP_KEPT_SIZE 300
/** How much of the run is there one by one, as a sentence; "" if all of it is. */
const char *clp_analysis_kept(const clp_analysis *analysis, char buffer[CLP_KEPT_SIZE]);
/** NULL if the device did nothing. */
const clp_resource *clp_analysis_device(const clp_analysis *analysis);
const clp_part *clp_analysis_device_part(const clp_analysis *analysis);
/** Fills in resources, parts and slack from the rest: the second half of clp_analysis_make(). */
clproc_status clp_analysis_find_limits(clp_analysis *analysis, clproc_error *error);
/** The row a command of the profile belongs to. */
clp_command_row *clp_analysis_row(const clp_analysis *analysis, const clp_prof_command *command);
/** The commands' kind in reports: "kernel", "upload", "readback". */
const char *clp_command_kind_name(clp_command_kind kind);
/** Length of a thread's name without its number: "decode" of "decode 2". */
size_t clp_thread_kind_length(const char *name);
/** Time of a node of a thread's tree without its nested stages. */
uint64_t clp_node_self_ns(const clp_profile_thread *thread, size_t node);

#endif
