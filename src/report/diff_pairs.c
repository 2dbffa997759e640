/* Stages compared picture by picture, where both sides had the same ones. */
#include <math.h>

#include "report/diff_make.h"

#define FEWEST_PAIRS 6
#define MOST_IMAGES 10000000 /* a higher number in a file is damage */

/** Per picture, by number: how long the stage took, and how often it was seen. */
typedef struct tally {
    double *time[2], *calls[2];
    size_t count;
} tally;

static bool same_work(const clp_diff_maker *make) {
    const clproc_profile *before = make->runs[0][0], *after = make->runs[1][0];
    return before->counters[CLP_COUNTER_IMAGES] == after->counters[CLP_COUNTER_IMAGES] &&
           before->counters[CLP_COUNTER_PIXELS_IN] == after->counters[CLP_COUNTER_PIXELS_IN];
}

typedef void (*visitor)(tally *all, int side, const clp_profile_sample *sample);

/** Visits every sample that belongs to a picture. */
static void visit(const clp_diff_maker *make, clp_prof_stage stage, tally *all, visitor look) {
    for (int side = 0; side < 2; side++) {
        for (size_t run = 0; run < make->run_count[side]; run++) {
            const clp_profile_samples *samples = &make->runs[side][run]->samples[stage];
            for (size_t i = 0; i < samples->count; i++) {
                if (samples->items[i].image < MOST_IMAGES) {
                    look(all, side, &samples->items[i]);
                }
            }
        }
    }
}

static void find_count(tally *all, int side, const clp_profile_sample *sample) {
    (void)side;
    all->count = sample->image >= all->count ? (size_t)sample->image + 1 : all->count;
}

static void add_up(tally *all, int side, const clp_profile_sample *sample) {
    all->time[side][sample->image] += (double)sample->duration;
    all->calls[side][sample->image] += 1;
}

/** Leaves the mean times of pictures seen on both sides in `time`; returns how many they are. */
static size_t keep_pairs(tally *all) {
    size_t pairs = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (all->time[0][i] > 0 && all->time[1][i] > 0) {
            all->time[0][pairs] = all->time[0][i] / all->calls[0][i];
            all->time[1][pairs] = all->time[1][i] / all->calls[1][i];
            pairs++;
        }
    }
    return pairs;
}

static void judge_pairs(tally *all, size_t pairs, clp_diff_row *row) {
    double *ratios = all->calls[0], *scratch = all->calls[1];
    for (size_t i = 0; i < pairs; i++) {
        ratios[i] = log(all->time[1][i] / all->time[0][i]);
    }
    size_t blocks = clp_diff_condense(ratios, pairs, false);
    double low, high;
    clp_stats_median_interval(ratios, blocks, scratch, &low, &high);
    row->low = exp(low) - 1;
    row->high = exp(high) - 1;
    row->change = exp(clp_diff_median(ratios, blocks)) - 1;
    row->same = clp_stats_centred(ratios, blocks);
    row->before = clp_diff_median(all->time[0], pairs);
    row->after = clp_diff_median(all->time[1], pairs);
    row->before_count = row->after_count = blocks;
}

clproc_status clp_diff_pair(clp_diff_maker *make, clp_prof_stage stage, clp_diff_row *row) {
    tally all = {0};
    if (make->by_run || !same_work(make)) {
        return CLPROC_OK;
    }
    visit(make, stage, &all, find_count);
    double *room;
    clproc_status status = clp_profile_room(&room, 4 * all.count, sizeof *room, make->error);
    if (status == CLPROC_OK && all.count) {
        for (int side = 0; side < 2; side++) {
            all.time[side] = room + (size_t)side * all.count;
            all.calls[side] = room + (2 + (size_t)side) * all.count;
        }
        visit(make, stage, &all, add_up);
        size_t pairs = keep_pairs(&all);
        if (pairs >= FEWEST_PAIRS) {
            judge_pairs(&all, pairs, row);
        }
    }
    clp_memory_free(room);
    return status;
}
