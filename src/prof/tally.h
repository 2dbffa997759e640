/** Device commands summed up: all that reports tell of a run whose commands are too many to be kept
 * one by one. What it takes depends on how many names there are, a program's kernels, and not on
 * how many commands.
 */
#ifndef CLP_PROF_TALLY_H
#define CLP_PROF_TALLY_H

#include "prof/prof.h"

/* ------------------------------------------------------------ time covered */

#define CLP_COVER_OPEN 4096

typedef struct clp_interval {
    uint64_t start, end;
} clp_interval;

/** How long intervals, given in whatever order, cover together. The latest disjoint ones are held,
 * at least half of CLP_COVER_OPEN; of an interval that comes only after so many later ones, what
 * lies before those held is left out. Zero-initialise. */
typedef struct clp_cover {
    uint64_t closed;                   /**< ns covered by what is no longer held */
    uint64_t floor;                    /**< the end of that */
    clp_interval held[CLP_COVER_OPEN]; /**< disjoint, by start */
    size_t count;
} clp_cover;

void clp_cover_add(clp_cover *cover, uint64_t start, uint64_t end);
uint64_t clp_cover_ns(const clp_cover *cover);
/** When the last of what began at or before `time` ended: `time` where that still went on, 0 where
 * there is none. */
uint64_t clp_cover_reached(const clp_cover *cover, uint64_t time);

/* -------------------------------------------------------- how durations lie */

/** Every power of two is divided evenly into so many classes: a quantile is told within half of
 * 1/64, 0.8 %. Durations below 128 ns are told exactly. */
#define CLP_SPREAD_STEPS ((size_t)64)
#define CLP_SPREAD_ERROR "0.8 %"
#define CLP_SPREAD_OCTAVES 59

/** Zero-initialise; free with clp_spread_free(). */
typedef struct clp_spread {
    uint64_t *octaves[CLP_SPREAD_OCTAVES]; /**< counts; NULL where there is none */
} clp_spread;

/** Counts `calls` durations of `ns`; false when memory is short. */
bool clp_spread_add(clp_spread *spread, uint64_t ns, uint64_t calls);
void clp_spread_free(clp_spread *spread);
/** Walks through the classes that have counts, rising. `*place` is 0 at first; false at the end. */
bool clp_spread_next(const clp_spread *spread, size_t *place, clp_interval *ns, uint64_t *calls);
/** Quantile 0 to 1, interpolated between neighbours; 0 for none. */
double clp_spread_quantile(const clp_spread *spread, double quantile);

/* ------------------------------------------------------------ one name's sums */

#define CLP_TALLY_SAMPLES 512

/** One command picked from others. */
typedef struct clp_tally_sample {
    uint64_t start, duration, bytes;
    uint32_t images;
} clp_tally_sample;

clp_tally_sample clp_tally_sample_of(const clp_prof_command *command);

/** One command picked at random of every `stride` in a row, so that no beat of the work is taken
 * for the whole; when there are CLP_TALLY_SAMPLES of them, every other goes and the stride doubles.
 */
typedef struct clp_tally_samples {
    uint64_t seen, next, stride; /**< `next`: the one to be picked */
    size_t count, capacity;
    clp_tally_sample *items;
} clp_tally_samples;

/** All commands of one kind and name. */
typedef struct clp_tally {
    char name[48];
    clp_command_kind kind;
    uint64_t calls, total_ns; /**< first launches included */
    /** First launches, and how long they took from being queued with nothing left to run before
     * them: drivers that compile at the launch do so before it starts. */
    uint64_t first_calls, first_ns;
    uint64_t most_images; /**< of a batch */
    /* Of those that are no first launch: */
    uint64_t steady_ns, least_ns, most_ns;
    double mean_ns, squares; /**< squares: sum of (duration − mean)², ns² */
    uint64_t bytes, operations;
    uint64_t *device_bytes; /**< `bytes` by device */
    size_t device_count, device_capacity;
    uint64_t delay_ns; /**< from being queued to the start, all together */
    clp_spread spread;
    clp_tally_samples samples;
} clp_tally;

uint64_t clp_tally_steady_calls(const clp_tally *tally);

/* ---------------------------------------------------------------- all names */

typedef enum clp_cover_kind {
    CLP_COVER_ALL,
    CLP_COVER_KERNELS,
    CLP_COVER_TRANSFERS,
    CLP_COVER_COUNT
} clp_cover_kind;

/** One device's commands. */
typedef struct clp_tally_device {
    uint64_t calls, total_ns;
    uint64_t busy_ns[CLP_COVER_COUNT]; /**< see clp_tallies_end() */
    clp_cover
        *covers; /**< CLP_COVER_COUNT of them; NULL before the first command, and when ended */
} clp_tally_device;

/** Free with clp_tallies_destroy(). */
typedef struct clp_tallies {
    clp_tally *items;
    size_t count, capacity;
    uint64_t calls;            /**< of all */
    clp_tally_device *devices; /**< by number; of merged sums none */
    size_t device_count, device_capacity;
    uint64_t busy_ns[CLP_COVER_COUNT]; /**< of all devices together; see clp_tallies_end() */
    clp_cover *covers;                 /**< of those, once a second device has commands */
} clp_tallies;

clproc_status clp_tallies_create(clp_tallies **tallies, clproc_error *error);
void clp_tallies_destroy(clp_tallies **tallies);
/** Adds a command, whose times are in order and on one clock with all others'; false, with nothing
 * added, when memory is short. */
bool clp_tallies_add(clp_tallies *tallies, const clp_prof_command *command);
/** No more will be added: works out the time covered. */
void clp_tallies_end(clp_tallies *tallies);
/** NULL if there is none. */
clp_tally *clp_tallies_find(const clp_tallies *tallies, clp_command_kind kind, const char *name);
/** The same, made if need be; NULL when memory is short. */
clp_tally *clp_tallies_place(clp_tallies *tallies, clp_command_kind kind, const char *name);
/** Adds the sums of other commands, which ran side by side with these: of the time covered the
 * longer one is taken, since how they overlap is not known. */
bool clp_tallies_merge(clp_tallies *tallies, const clp_tallies *others);

#endif
