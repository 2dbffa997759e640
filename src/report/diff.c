/* A comparison: its rows are judged together and told in words. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/diff_make.h"

#define ENOUGH_RUNS 7    /* of each side, to compare runs instead of blocks */
#define ENOUGH_TO_TEST 4 /* values of a side: fewer can never be significant */
#define LUCK 0.01        /* part of the alarms that may be false */
#define LEAST_ONE 0.10   /* with one run of a side: runs differ by this anyway */
#define LEAST_FEW 0.05   /* with two to six */
#define LEAST_MANY 0.02

#define LEAST_SHARE 0.01 /* of the run: what takes less is not worth an alarm */

const char *clp_diff_group_name(clp_diff_group group) {
    static const char *const names[] = {[CLP_DIFF_RUN] = "run",
                                        [CLP_DIFF_KERNEL] = "kernel",
                                        [CLP_DIFF_TRANSFER] = "transfer",
                                        [CLP_DIFF_STAGE] = "stage",
                                        [CLP_DIFF_WAIT] = "wait"};
    return names[group];
}

/* -------------------------------------------------------------- judgement */

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
    CLP_TRY(status, out, clp_diff_rows(make));
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
