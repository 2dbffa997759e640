/** The recorder's inside, shared by recording (prof.c, notes.c, commands.c) and merging
 * (finish.c). */
#ifndef CLP_PROF_RECORDER_H
#define CLP_PROF_RECORDER_H

#include <pthread.h>
#include <stdatomic.h>

#include "prof/profile.h"

#define CLP_PROF_MAX_DEPTH 16
#define CLP_PROF_SAMPLES 256
#define CLP_PROF_MEMORY_POINTS 1024
#define CLP_PROF_SPANS_IN_CHUNK 256
/* Of a run so many are kept one by one, of each gauge's readings as well, before everything is only
 * summed up: 4 MB of commands, and at trace level 8 MB of the rest. */
#define CLP_PROF_KEPT_COMMANDS 32768
#define CLP_PROF_KEPT_CHUNKS 512
#define CLP_PROF_KEPT_READINGS 65536
#define CLP_PROF_KEPT_LINKS 65536
#define CLP_PROF_MAX_ROLES 16
#define CLP_PROF_MAX_ANCHORS 64

/** Every `stride`-th call; when full, every other sample goes and the stride doubles. */
typedef struct clp_sampler {
    uint64_t seen, stride;
    size_t count;
    clp_profile_sample items[CLP_PROF_SAMPLES];
} clp_sampler;

typedef struct clp_span_chunk {
    struct clp_span_chunk *next;
    size_t count;
    clp_profile_span items[CLP_PROF_SPANS_IN_CHUNK];
} clp_span_chunk;

/** A node of the tree of nested stages, with the links that finding a child needs. */
typedef struct clp_node {
    clp_profile_node sums;
    uint32_t first_child, next_sibling; /**< 0: none */
} clp_node;

/** Written by its own thread alone. */
struct clp_prof_thread {
    clp_prof *prof;
    clp_prof_thread *next;
    char name[32];
    uint64_t start, end, cpu_start, cpu_ns;
    clp_node *nodes; /**< node 0 is the thread */
    size_t node_count, node_capacity;
    struct {
        uint64_t start, image;
        uint32_t node; /**< 0: not recorded, for want of memory */
    } open[CLP_PROF_MAX_DEPTH];
    uint32_t depth;  /**< spans open */
    uint32_t beyond; /**< of them, those too deep to record */
    clp_sampler *samplers[CLP_PROF_STAGE_COUNT];
    clp_span_chunk *chunks; /**< newest first */
    uint64_t lost;
};

typedef struct clp_fact_list {
    clp_profile_fact *items;
    size_t count, capacity;
} clp_fact_list;

typedef struct clp_anchor {
    uint64_t host; /**< when it was measured */
    int64_t offset;
} clp_anchor;

/** A device, and how its clock lies to the host's. */
typedef struct clp_prof_device_record {
    clp_profile_device known;
    clp_anchor anchors[CLP_PROF_MAX_ANCHORS];
    size_t anchor_count;
    bool estimated;
    bool worked;                       /**< has a command */
    uint64_t held[CLP_PROF_MAX_ROLES]; /**< bytes, by place among the roles */
} clp_prof_device_record;

typedef struct clp_reading_list {
    clp_profile_reading *items;
    size_t count, capacity;
} clp_reading_list;

struct clp_prof {
    clproc_profile_level level;
    uint64_t start, user_ns, system_ns;
    atomic_uint_fast64_t counters[CLP_COUNTER_COUNT];
    atomic_uint_fast64_t next_memory_point; /**< when host memory is looked at again */
    /** When one of the lists below was full, since the start; 0: none is. From then on nothing is
     * kept one by one, so that what is kept is whole up to one moment. */
    atomic_uint_fast64_t kept_until;
    atomic_uint_fast32_t chunks; /**< of spans, on all threads */

    pthread_mutex_t lock; /**< guards what follows */
    clp_prof_thread *threads;
    clp_prof_command *commands;
    size_t command_count, command_capacity;
    clp_tallies *tallies; /**< of all commands, once not all are kept; in time of the run */
    uint64_t repaired;
    clp_prof_device_record *devices; /**< by number */
    size_t device_count, device_capacity;
    uint64_t gauge_peaks[CLP_GAUGE_COUNT];
    clp_reading_list gauges[CLP_GAUGE_COUNT];
    clp_profile_link *links;
    size_t link_count, link_capacity;
    clp_profile_build *builds;
    size_t build_count, build_capacity;
    clp_profile_role roles[CLP_PROF_MAX_ROLES];
    size_t role_count;
    clp_profile_memory *memory_line; /**< CLP_PROF_MEMORY_POINTS of them */
    size_t memory_line_count;
    uint64_t memory_interval;
    clp_fact_list facts;
    uint64_t lost;
};

/** Whether one more of a list is kept that has `room` for it; a full one ends the keeping of all.
 */
bool clp_prof_keeps(clp_prof *prof, bool room);
/** Notes host and device memory; the lock is held. A full line loses every other point. */
void clp_prof_add_memory_point(clp_prof *prof, uint64_t now);
/** Brings a command from its device's clock to time of the run, by what is known of that clock. */
void clp_prof_place(const clp_prof *prof, clp_prof_command *command);
/** Processor time of the process so far. */
void clp_prof_processor_time(uint64_t *user_ns, uint64_t *system_ns);

#endif
