/** The finished record of a run: what clp_prof_finish() merges, reports read and JSON carries.
 *
 *  All times are ns since the recorder was created; nothing in here changes once it is made.
 */
#ifndef CLP_PROF_PROFILE_H
#define CLP_PROF_PROFILE_H

#include "prof/tally.h"

/** A place in a thread's tree of nested stages, with the sums of all spans that had this very
 * nesting. Kept at every level. */
typedef struct clp_profile_node {
    clp_prof_stage stage; /**< meaningless in node 0, the thread itself */
    uint32_t parent;      /**< index of an earlier node; 0 in node 0 */
    uint64_t calls;
    uint64_t total_ns; /**< cumulative: nested spans included */
} clp_profile_node;

/** One span, kept at trace level up to `kept_until`. */
typedef struct clp_profile_span {
    uint64_t start, end;
    uint64_t image; /**< or CLP_PROF_NO_IMAGE */
    clp_prof_stage stage;
    uint32_t depth; /**< 0: not nested */
} clp_profile_span;

typedef struct clp_profile_thread {
    char name[32];
    uint64_t start, end;
    uint64_t cpu_ns; /**< processor time the thread used */
    clp_profile_node *nodes;
    size_t node_count;
    clp_profile_span *spans; /**< by start, outer before inner */
    size_t span_count;
} clp_profile_thread;

/** When a call of a stage ended, how long it took, and for which picture (or CLP_PROF_NO_IMAGE). */
typedef struct clp_profile_sample {
    uint64_t end, duration, image;
} clp_profile_sample;

/** Every `stride`-th call of a stage on each thread, all threads together, by end. */
typedef struct clp_profile_samples {
    clp_profile_sample *items;
    size_t count;
    uint64_t stride;
} clp_profile_samples;

typedef struct clp_profile_reading {
    uint64_t time, value;
} clp_profile_reading;

typedef struct clp_profile_gauge {
    uint64_t peak;
    clp_profile_reading *readings; /**< trace level only */
    size_t count;
} clp_profile_gauge;

/** A picture and the batch it went into. */
typedef struct clp_profile_link {
    uint64_t image, batch;
} clp_profile_link;

typedef struct clp_profile_build {
    char name[48];
    uint64_t ns;
    clp_prof_cache cache;
} clp_profile_build;

typedef struct clp_profile_device {
    char name[128];
    uint64_t copy_rate; /**< bytes read + written per second by its measured copy; 0: unknown */
} clp_profile_device;

typedef struct clp_profile_role {
    char name[32];
    uint64_t current, peak; /**< bytes */
} clp_profile_role;

typedef struct clp_profile_fact {
    char *key, *value;
} clp_profile_fact;

/** Host memory at one moment. */
typedef struct clp_profile_memory {
    uint64_t time;
    uint64_t bytes[CLP_MEMORY_SITE_COUNT];
    uint64_t device; /**< device memory of all roles */
} clp_profile_memory;

struct clproc_profile {
    clproc_profile_level level;
    uint64_t wall_ns;
    uint64_t user_ns, system_ns; /**< processor time of the whole process during the run */
    uint64_t peak_resident;      /**< bytes the process ever had in memory */
    uint32_t cores;              /**< processors this process may use */

    clp_profile_thread *threads; /**< by start */
    size_t thread_count;
    clp_profile_samples samples[CLP_PROF_STAGE_COUNT];

    clp_prof_command *commands; /**< by start; on the host's clock */
    size_t command_count;
    /** Those that ran commands; a merged profile does not tell devices apart, and has none. */
    clp_profile_device *devices;
    size_t device_count;
    clp_tallies *tallies; /**< sums of all commands, ended; NULL where `commands` has all of them */
    /** Up to then commands, spans, readings and links are kept one by one; 0: all of them are. */
    uint64_t kept_until;
    bool clock_estimated;
    uint64_t repaired; /**< commands whose times the driver gave out of order; put in order here */
    uint64_t lost;     /**< records dropped for want of memory or nested too deeply */

    clp_profile_link *links; /**< trace level only */
    size_t link_count;

    uint64_t counters[CLP_COUNTER_COUNT];
    clp_profile_gauge gauges[CLP_GAUGE_COUNT];
    clp_profile_build *builds;
    size_t build_count;

    clp_memory_use memory[CLP_MEMORY_SITE_COUNT];
    clp_profile_memory *memory_line; /**< by time, evenly thinned */
    size_t memory_line_count;
    clp_profile_role *roles;
    size_t role_count;

    clp_profile_fact *facts;
    size_t fact_count;
};

/** `*items` gets room for `count` zeroed items; NULL for none. */
clproc_status clp_profile_room(void *items, size_t count, size_t size, clproc_error *error);
/** Fails if one of `profiles`, which a caller gave, is NULL. */
clproc_status clp_profiles_check(const clproc_profile *const *profiles, size_t count,
                                 clproc_error *error);
void clp_profile_free(clproc_profile **profile);
/** Sums of all commands: the profile's own, or made of its commands and then in `*made`, to be
 * destroyed with clp_tallies_destroy(). NULL, with the error set, when memory is short. */
const clp_tallies *clp_profile_tallies(const clproc_profile *profile, clp_tallies **made,
                                       clproc_error *error);
/** The value of a fact; NULL if the run did not state it. */
const char *clp_profile_fact_value(const clproc_profile *profile, const char *key);

#endif
