#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/diff_make.h"

#define BLOCKS 12        /* of one run */
#define ENOUGH_RUNS 7    /* of each side, to compare runs instead of blocks */
#define ENOUGH_TO_TEST 4 /* values of a side: fewer can never be significant */
#define LUCK 0.01        /* part of the alarms that may be false */
#define LEAST_ONE 0.10   /* with one run of a side: runs differ by this anyway */
#define LEAST_FEW 0.05   /* with two to six */
#define LEAST_MANY 0.02

#define LEAST_SHARE 0.01 /* of the run: what takes less is not worth an alarm */

/** Values of one row, by side. */
typedef struct witnesses {
    double *values[2];
    size_t count[2];
    double share;
    double typical; /**< part of their sum that they would have if all were as long as most are */
} witnesses;

const char *clp_diff_group_name(clp_diff_group group) {
    static const char *const names[] = {[CLP_DIFF_RUN] = "run",
                                        [CLP_DIFF_KERNEL] = "kernel",
                                        [CLP_DIFF_TRANSFER] = "transfer",
                                        [CLP_DIFF_STAGE] = "stage",
                                        [CLP_DIFF_WAIT] = "wait"};
    return names[group];
}

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
    clproc_status status = clp_profile_room(&copy, count + 1, sizeof *copy, make->error);
    if (status != CLPROC_OK) {
        return status;
    }
    memcpy(copy, values, count * sizeof *copy);
    to->typical = fmax(to->typical, typical_part(copy, count));
    clp_memory_free(copy);
    count = clp_diff_condense(values, count, make->by_run);
    size_t total = to->count[side] + count;
    double *room =
        total ? clp_memory_resize(CLP_MEMORY_REPORT, to->values[side], total * sizeof *room) : NULL;
    if (total && !room) {
        return clp_error_memory(make->error, "the comparison", total * sizeof *room);
    }
    if (count) {
        memcpy(room + to->count[side], values, count * sizeof *room);
        to->values[side] = room;
        to->count[side] = total;
    }
    return CLPROC_OK;
}

static void free_witnesses(witnesses *old) {
    clp_memory_free(old->values[0]);
    clp_memory_free(old->values[1]);
    *old = (witnesses){0};
}

/* -------------------------------------------------------------- judgement */

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

static int by_luck(const void *a, const void *b) {
    const clp_diff_row *x = a, *y = b;
    return (x->same > y->same) - (x->same < y->same);
}

static int by_weight(const void *a, const void *b) {
    const clp_diff_row *x = a, *y = b;
    if (x->group != y->group) {
        return x->group < y->group ? -1 : 1;
    }
    if (x->significant != y->significant) {
        return x->significant ? -1 : 1;
    }
    double u = fmax(x->before, x->after), v = fmax(y->before, y->after);
    int order = (u < v) - (u > v);
    return order ? order : strcmp(x->name, y->name);
}

static bool in_family(const clp_diff_row *row) {
    return row->group != CLP_DIFF_RUN && row->group != CLP_DIFF_WAIT;
}

/** Corrects for the number of rows, which give luck many chances (Benjamini and Hochberg); rows are
 * sorted by their probability of being chance. The run's own rows are the question asked, and waits
 * only follow from the rest: neither counts. */
static void correct(clproc_diff *diff) {
    size_t family = 0;
    double best = 1;
    for (size_t i = 0; i < diff->row_count; i++) {
        family += in_family(&diff->rows[i]);
    }
    size_t rank = family;
    for (size_t i = diff->row_count; i-- > 0;) {
        clp_diff_row *row = &diff->rows[i];
        if (in_family(row)) {
            best = fmin(best, row->same * (double)family / (double)rank--);
            row->same = best;
        }
    }
}

static void judge(clproc_diff *diff) {
    if (diff->row_count == 0) {
        return;
    }
    qsort(diff->rows, diff->row_count, sizeof *diff->rows, by_luck);
    correct(diff);
    for (size_t i = 0; i < diff->row_count; i++) {
        clp_diff_row *row = &diff->rows[i];
        bool apart = row->low > 0 || row->high < 0;
        row->significant = row->same < LUCK && apart && fabs(row->change) >= diff->least &&
                           row->share >= LEAST_SHARE;
    }
    qsort(diff->rows, diff->row_count, sizeof *diff->rows, by_weight);
}

/* ------------------------------------------------------------------- rows */

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

/** Time from one block of a stage's ends to the next, per call. Pictures come in batches, so a
 * block is at least two of them. */
static void beat_values(const clproc_profile *run, const clp_tallies *tallies, clp_prof_stage stage,
                        double *values, size_t *count) {
    const clp_profile_samples *samples = &run->samples[stage];
    uint64_t batch = 1, reached = 0;
    for (size_t i = 0; i < tallies->count; i++) {
        batch = tallies->items[i].most_images > batch ? tallies->items[i].most_images : batch;
    }
    uint64_t blocks = samples->count * samples->stride / (2 * batch);
    blocks = blocks < BLOCKS ? blocks : BLOCKS;
    blocks = blocks < samples->count ? blocks : samples->count;
    for (size_t i = 0; i < blocks; i++) {
        size_t from = samples->count * i / blocks, to = samples->count * (i + 1) / blocks;
        uint64_t end = samples->items[to - 1].end;
        values[i] = (double)(end - reached) / (double)((to - from) * samples->stride);
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

/* ---------------------------------------------------------------- verdict */

#define MANIFOLD 2 /* a change from which on it is told as a multiple */

/** "12 % slower", "7.30 times as slow". */
static void print_change(clp_text *text, double change) {
    char a[CLP_UNIT_SIZE];
    if (change >= MANIFOLD) {
        clp_text_print(text, "%s times as slow", clp_unit_digits(a, 1 + change));
    } else {
        clp_text_print(text, "%s %s", clp_unit_percent(a, fabs(change)),
                       change > 0 ? "slower" : "faster");
    }
}

static void verdict_of(clp_text *text, const clp_diff_row *row, bool more) {
    char b[CLP_UNIT_SIZE], c[CLP_UNIT_SIZE];
    bool run = row->group == CLP_DIFF_RUN;
    clp_text_print(text, "%s%s%s%s: ", more ? "; " : "", run ? "" : clp_diff_group_name(row->group),
                   run ? "" : " ", row->name);
    print_change(text, row->change);
    clp_text_print(text, " (%s, was %s)", clp_unit_time(b, row->after),
                   clp_unit_time(c, row->before));
}

static void write_verdict(clproc_diff *diff) {
    clp_text text = {0};
    size_t named = 0, runs = 0;
    for (size_t i = 0; i < diff->row_count && named < 5; i++) {
        if (diff->rows[i].significant && diff->rows[i].group != CLP_DIFF_WAIT) {
            verdict_of(&text, &diff->rows[i], named++ > 0);
            runs += diff->rows[i].group == CLP_DIFF_RUN;
        }
    }
    clp_text_add(&text, !named ? "No significant change."
                        : runs ? "."
                               : ". The run as a whole shows no significant change.");
    for (size_t i = 0; i < diff->row_count; i++) {
        const clp_diff_row *row = &diff->rows[i];
        if (row->group == CLP_DIFF_RUN && !row->significant && row->before_count &&
            row->before_count < ENOUGH_TO_TEST && row->after_count &&
            fabs(row->change) >= 2 * diff->least) {
            clp_text_add(&text, " Too few values to be sure: ");
            verdict_of(&text, row, false);
            clp_text_add(&text, ".");
        }
    }
    snprintf(diff->verdict, sizeof diff->verdict, "%.*s", (int)text.size,
             text.data ? text.data : "");
    clp_text_free(&text);
}

/* ------------------------------------------------------------- life cycle */

static double least_change(size_t runs) {
    return runs >= ENOUGH_RUNS ? LEAST_MANY : runs > 1 ? LEAST_FEW : LEAST_ONE;
}

static clproc_status compare(clp_diff_maker *make) {
    clproc_status status;
    CLP_TRY(status, out, clp_diff_environment(make));
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
    judge(make->diff);
    write_verdict(make->diff);
out:
    return status;
}

/** Makes the sums of each run's commands that has none. */
static clproc_status sum_up(clp_diff_maker *make) {
    clproc_status status;
    for (int side = 0; side < 2; side++) {
        size_t count = make->run_count[side];
        CLP_TRY(status, out,
                clp_profile_room(&make->tallies[side], count, sizeof *make->tallies[side],
                                 make->error));
        CLP_TRY(status, out,
                clp_profile_room(&make->made[side], count, sizeof *make->made[side], make->error));
        for (size_t i = 0; i < count; i++) {
            make->tallies[side][i] =
                clp_profile_tallies(make->runs[side][i], &make->made[side][i], make->error);
            if (!make->tallies[side][i]) {
                return CLPROC_ERROR_MEMORY;
            }
        }
    }
out:
    return status;
}

static void free_sums(clp_diff_maker *make) {
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; make->made[side] && i < make->run_count[side]; i++) {
            clp_tallies_destroy(&make->made[side][i]);
        }
        clp_memory_free(make->made[side]);
        clp_memory_free(make->tallies[side]);
    }
}

clproc_status clproc_diff_create(clproc_diff **diff, const clproc_profile *const *before,
                                 size_t before_count, const clproc_profile *const *after,
                                 size_t after_count, clproc_error *error) {
    if (!diff || !before || !after || before_count == 0 || after_count == 0) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "a comparison needs a profile of each side");
    }
    clproc_status status;
    *diff = NULL;
    CLP_TRY(status, out, clp_profiles_check(before, before_count, error));
    CLP_TRY(status, out, clp_profiles_check(after, after_count, error));
    *diff = clp_memory_zero(CLP_MEMORY_REPORT, 1, sizeof **diff);
    if (!*diff) {
        return clp_error_memory(error, "the comparison", sizeof **diff);
    }
    size_t fewer = before_count < after_count ? before_count : after_count;
    (*diff)->before_runs = before_count;
    (*diff)->after_runs = after_count;
    (*diff)->least = least_change(fewer);
    clp_diff_maker make = {.diff = *diff,
                           .runs = {before, after},
                           .run_count = {before_count, after_count},
                           .by_run = fewer >= ENOUGH_RUNS,
                           .error = error};
    status = sum_up(&make);
    if (status == CLPROC_OK) {
        status = compare(&make);
    }
    free_sums(&make);
    if (status != CLPROC_OK) {
        clproc_diff_destroy(diff);
    }
out:
    return status;
}

void clproc_diff_destroy(clproc_diff **diff) {
    clproc_diff *old = diff ? *diff : NULL;
    if (!old) {
        return;
    }
    *diff = NULL;
    for (size_t i = 0; i < old->fact_count; i++) {
        clp_memory_free(old->facts[i].key);
        clp_memory_free(old->facts[i].before);
        clp_memory_free(old->facts[i].after);
    }
    clp_memory_free(old->facts);
    clp_memory_free(old->rows);
    clp_memory_free(old);
}

bool clproc_diff_regressed(const clproc_diff *diff, double fraction) {
    for (size_t i = 0; diff && i < diff->row_count; i++) {
        const clp_diff_row *row = &diff->rows[i];
        if (row->significant && row->group != CLP_DIFF_WAIT && row->change > fraction) {
            return true;
        }
    }
    return false;
}
