/* What a comparison compares: the run itself, commands by name, and stages, each with the values of
 * both sides. */
#include <math.h>
#include <string.h>

#include "report/diff_make.h"

#define BLOCKS 12 /* of one run */

/** Values of one row, by side. */
typedef struct witnesses {
    double *values[2];
    size_t count[2];
    double share;
    double typical; /**< part of their sum that they would have if all were as long as most are */
} witnesses;

/* ----------------------------------------------------------------- values */

double clp_diff_median(double *values, size_t count) {
    clp_stats_sort(values, count);
    return clp_stats_quantile(values, count, 0.5);
}

size_t clp_diff_condense(double *values, size_t count, bool to_one) {
    size_t blocks = to_one ? 1 : BLOCKS;
    if (count <= blocks) {
        return count;
    }
    for (size_t i = 0; i < blocks; i++) {
        size_t from = count * i / blocks, to = count * (i + 1) / blocks;
        /* Block i starts at or behind i, so no value is overwritten before it is read. */
        values[i] = clp_diff_median(values + from, to - from);
    }
    return blocks;
}

/** What part of their sum values would have if all were as long as their median; sorts them. */
static double typical_part(double *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
    }
    return sum > 0 ? fmin(1, clp_diff_median(values, count) * (double)count / sum) : 0;
}

/** Adds a run's values to a side of the witnesses. */
static clproc_status add_values(const clp_diff_maker *make, witnesses *to, int side, double *values,
                                size_t count) {
    double *copy = NULL;
    if (count == 0) {
        return CLPROC_OK;
    }
    clproc_status status = clp_profile_room(&copy, count, sizeof *copy, make->error);
    if (status != CLPROC_OK) {
        return status;
    }
    memcpy(copy, values, count * sizeof *copy);
    to->typical = fmax(to->typical, typical_part(copy, count));
    clp_memory_free(copy);
    count = clp_diff_condense(values, count, make->by_run);
    size_t total = to->count[side] + count;
    double *room = clp_memory_resize(CLP_MEMORY_REPORT, to->values[side], total * sizeof *room);
    if (!room) {
        return clp_error_memory(make->error, "the comparison", total * sizeof *room);
    }
    memcpy(room + to->count[side], values, count * sizeof *room);
    to->values[side] = room;
    to->count[side] = total;
    return CLPROC_OK;
}

static void free_witnesses(witnesses *old) {
    clp_memory_free(old->values[0]);
    clp_memory_free(old->values[1]);
    *old = (witnesses){0};
}

/* ------------------------------------------------------------------- rows */

/** Appends a row with its test, not yet corrected for the number of rows. */
static clproc_status add_row(clp_diff_maker *make, clp_diff_group group, const char *name,
                             witnesses *from) {
    clproc_diff *diff = make->diff;
    if (from->count[0] == 0 && from->count[1] == 0) {
        return CLPROC_OK;
    }
    clp_diff_row *rows = clp_memory_grow(CLP_MEMORY_REPORT, diff->rows, &diff->row_capacity,
                                         diff->row_count + 1, sizeof *rows);
    double *scratch =
        clp_memory_alloc(CLP_MEMORY_REPORT, (from->count[0] + from->count[1]) * sizeof *scratch);
    diff->rows = rows ? rows : diff->rows;
    if (!rows || !scratch) {
        clp_memory_free(scratch);
        return clp_error_memory(make->error, "the comparison", sizeof *rows);
    }
    clp_diff_row *row = &rows[diff->row_count++];
    *row = (clp_diff_row){.group = group, .same = 1};
    snprintf(row->name, sizeof row->name, "%s", name);
    /* Of the typical call is told, which says little of a stage whose time is in few others. */
    row->share = from->share * from->typical;
    row->before_count = from->count[0];
    row->after_count = from->count[1];
    row->before = clp_diff_median(from->values[0], from->count[0]);
    row->after = clp_diff_median(from->values[1], from->count[1]);
    if (from->count[0] && from->count[1] && row->before > 0) {
        row->change = row->after / row->before - 1;
        clp_stats_ratio_interval(from->values[0], from->count[0], from->values[1], from->count[1],
                                 scratch, &row->low, &row->high);
        row->low -= 1;
        row->high -= 1;
        row->same = clp_stats_same(from->values[0], from->count[0], from->values[1], from->count[1],
                                   scratch);
    }
    clp_memory_free(scratch);
    return CLPROC_OK;
}

static double stage_time(const clproc_profile *run, clp_prof_stage stage) {
    uint64_t sum = 0;
    for (size_t t = 0; t < run->thread_count; t++) {
        for (size_t i = 1; i < run->threads[t].node_count; i++) {
            sum += run->threads[t].nodes[i].stage == stage ? run->threads[t].nodes[i].total_ns : 0;
        }
    }
    return (double)sum;
}

/** Share of the wall time that commands like `like` take, or `stage` where that is NULL, on the
 * side where it is larger. */
static double share_of(const clp_diff_maker *make, const clp_tally *like, clp_prof_stage stage) {
    double share = 0;
    for (int side = 0; side < 2; side++) {
        double time = 0, wall = 0;
        for (size_t i = 0; i < make->run_count[side]; i++) {
            const clp_tally *tally =
                like ? clp_tallies_find(make->tallies[side][i], like->kind, like->name) : NULL;
            time += like ? (tally ? (double)tally->total_ns : 0)
                         : stage_time(make->runs[side][i], stage);
            wall += (double)make->runs[side][i]->wall_ns;
        }
        share = wall > 0 ? fmax(share, time / wall) : share;
    }
    return share;
}

/** A command's time; where the bytes are known, time per byte, for as many bytes as a picture had
 * on average: large and small pictures become comparable. `bytes`: of all such commands, for each
 * picture of the run. */
static double command_value(const clp_tally_sample *command, double bytes) {
    /* A picture in bands has many commands, a batch of them one: bytes tell them alike. */
    return command->bytes > 0 && bytes > 0
               ? (double)command->duration / (double)command->bytes * bytes
               : (double)command->duration / (command->images ? command->images : 1);
}

/** Values of a run's commands of a name without first launches, by time: of all of them, or of
 * those that were picked where not all are kept. */
static clproc_status command_values(const clp_diff_maker *make, const clproc_profile *run,
                                    const clp_tally *tally, double **values, size_t *count) {
    uint64_t images = run->counters[CLP_COUNTER_IMAGES];
    double bytes = images ? (double)tally->bytes / (double)images : 0;
    size_t most = run->tallies ? tally->samples.count : run->command_count;
    clproc_status status = clp_profile_room(values, most, sizeof **values, make->error);
    *count = 0;
    for (size_t i = 0; status == CLPROC_OK && run->tallies && i < most; i++) {
        (*values)[(*count)++] = command_value(&tally->samples.items[i], bytes);
    }
    for (size_t i = 0; status == CLPROC_OK && !run->tallies && i < most; i++) {
        const clp_prof_command *command = &run->commands[i];
        if (command->kind == tally->kind && !command->first &&
            strcmp(command->name, tally->name) == 0) {
            clp_tally_sample one = clp_tally_sample_of(command);
            (*values)[(*count)++] = command_value(&one, bytes);
        }
    }
    return status;
}

static clproc_status compare_command(clp_diff_maker *make, const clp_tally *like) {
    clp_diff_group group = like->kind == CLP_COMMAND_KERNEL ? CLP_DIFF_KERNEL : CLP_DIFF_TRANSFER;
    witnesses all = {.share = share_of(make, like, CLP_PROF_LIST)};
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < make->diff->row_count; i++) {
        if (make->diff->rows[i].group == group &&
            strcmp(make->diff->rows[i].name, like->name) == 0) {
            return CLPROC_OK;
        }
    }
    for (int side = 0; status == CLPROC_OK && side < 2; side++) {
        for (size_t i = 0; status == CLPROC_OK && i < make->run_count[side]; i++) {
            const clp_tally *tally =
                clp_tallies_find(make->tallies[side][i], like->kind, like->name);
            double *values = NULL;
            size_t count = 0;
            if (tally) {
                status = command_values(make, make->runs[side][i], tally, &values, &count);
            }
            if (status == CLPROC_OK) {
                status = add_values(make, &all, side, values, count);
            }
            clp_memory_free(values);
        }
    }
    if (status == CLPROC_OK) {
        status = add_row(make, group, like->name, &all);
    }
    free_witnesses(&all);
    return status;
}

static clproc_status compare_commands(clp_diff_maker *make) {
    clproc_status status = CLPROC_OK;
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < make->run_count[side]; i++) {
            const clp_tallies *run = make->tallies[side][i];
            for (size_t c = 0; status == CLPROC_OK && c < run->count; c++) {
                status = compare_command(make, &run->items[c]);
            }
        }
    }
    return status;
}

/** Durations of a stage's sampled calls. */
static void stage_values(const clproc_profile *run, const clp_tallies *tallies,
                         clp_prof_stage stage, double *values, size_t *count) {
    (void)tallies;
    const clp_profile_samples *samples = &run->samples[stage];
    for (size_t i = 0; i < samples->count; i++) {
        values[i] = (double)samples->items[i].duration;
    }
    *count = samples->count;
}

/** Time from one block of a stage's ends to the next, per picture: of several outputs a picture has
 * as many calls. Pictures come in batches, so a block is at least two of them. */
static void beat_values(const clproc_profile *run, const clp_tallies *tallies, clp_prof_stage stage,
                        double *values, size_t *count) {
    const clp_profile_samples *samples = &run->samples[stage];
    uint64_t batch = 1, reached = 0, images = run->counters[CLP_COUNTER_IMAGES];
    for (size_t i = 0; i < tallies->count; i++) {
        batch = tallies->items[i].most_images > batch ? tallies->items[i].most_images : batch;
    }
    images = images ? images : samples->count * samples->stride;
    uint64_t blocks = images / (2 * batch);
    blocks = blocks < BLOCKS ? blocks : BLOCKS;
    blocks = blocks < samples->count ? blocks : samples->count;
    for (size_t i = 0; i < blocks; i++) {
        size_t from = samples->count * i / blocks, to = samples->count * (i + 1) / blocks;
        uint64_t end = samples->items[to - 1].end;
        double part = (double)(to - from) / (double)samples->count;
        values[i] = (double)(end - reached) / (part * (double)images);
        reached = end;
    }
    *count = blocks;
}

/** The whole run's time per picture. */
static void run_values(const clproc_profile *run, const clp_tallies *tallies, clp_prof_stage stage,
                       double *values, size_t *count) {
    (void)tallies;
    (void)stage;
    uint64_t images = run->counters[CLP_COUNTER_IMAGES];
    *count = images > 0;
    values[0] = images ? (double)run->wall_ns / (double)images : 0;
}

typedef void (*value_source)(const clproc_profile *run, const clp_tallies *tallies,
                             clp_prof_stage stage, double *values, size_t *count);

static clproc_status compare_stage(clp_diff_maker *make, clp_diff_group group, const char *name,
                                   clp_prof_stage stage, value_source source) {
    witnesses all = {.share = group == CLP_DIFF_RUN ? 1 : share_of(make, NULL, stage)};
    clproc_status status = CLPROC_OK;
    for (int side = 0; status == CLPROC_OK && side < 2; side++) {
        for (size_t i = 0; status == CLPROC_OK && i < make->run_count[side]; i++) {
            const clproc_profile *run = make->runs[side][i];
            double *values = NULL;
            size_t count = 0;
            status = clp_profile_room(&values, run->samples[stage].count + 1, sizeof *values,
                                      make->error);
            if (status == CLPROC_OK) {
                source(run, make->tallies[side][i], stage, values, &count);
                status = add_values(make, &all, side, values, count);
            }
            clp_memory_free(values);
        }
    }
    if (status == CLPROC_OK) {
        status = add_row(make, group, name, &all);
    }
    free_witnesses(&all);
    return status;
}

/** The last thing done to every picture: its calls' ends are the run's beat. */
static clp_prof_stage last_stage(const clp_diff_maker *make) {
    static const clp_prof_stage order[] = {CLP_PROF_WRITE, CLP_PROF_ENCODE, CLP_PROF_DECODE};
    size_t i = 0;
    while (i < 2 && (make->runs[0][0]->samples[order[i]].count == 0 ||
                     make->runs[1][0]->samples[order[i]].count == 0)) {
        i++;
    }
    return order[i];
}

clproc_status clp_diff_rows(clp_diff_maker *make) {
    clproc_status status;
    CLP_TRY(status, out,
            compare_stage(make, CLP_DIFF_RUN, "time per picture", last_stage(make), beat_values));
    CLP_TRY(
        status, out,
        compare_stage(make, CLP_DIFF_RUN, "whole run, per picture", CLP_PROF_WRITE, run_values));
    CLP_TRY(status, out, compare_commands(make));
    for (int i = 0; i < CLP_PROF_STAGE_COUNT; i++) {
        clp_prof_stage stage = (clp_prof_stage)i;
        if (clp_prof_stage_frames(stage)) {
            continue; /* what it holds is compared */
        }
        clp_diff_group group = clp_prof_stage_waits(stage) ? CLP_DIFF_WAIT : CLP_DIFF_STAGE;
        size_t rows = make->diff->row_count;
        CLP_TRY(status, out,
                compare_stage(make, group, clp_prof_stage_name(stage), stage, stage_values));
        if (make->diff->row_count > rows && group == CLP_DIFF_STAGE) {
            CLP_TRY(status, out, clp_diff_pair(make, stage, &make->diff->rows[rows]));
        }
    }
out:
    return status;
}
