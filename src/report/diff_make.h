/** A comparison while it is made, shared by the files that make it. */
#ifndef CLP_REPORT_DIFF_MAKE_H
#define CLP_REPORT_DIFF_MAKE_H

#include "report/diff.h"

typedef struct clp_diff_maker {
    clproc_diff *diff;
    const clproc_profile *const *runs[2]; /**< before, after */
    size_t run_count[2];
    const clp_tallies **tallies[2]; /**< of each run: its own, or those in `made` */
    clp_tallies **made[2];
    bool by_run; /**< compare the runs' medians, not those of their blocks */
    clproc_error *error;
} clp_diff_maker;

/** Makes the rows, each with its test, not yet corrected for their number. */
clproc_status clp_diff_rows(clp_diff_maker *make);

/** Sorts the values. */
double clp_diff_median(double *values, size_t count);
/** Replaces one run's values, in order of time, by the medians of its blocks (or by its median);
 * returns how many there are. */
size_t clp_diff_condense(double *values, size_t count, bool to_one);

/** Judges a stage's row by pairs instead, each picture before against the same picture after, if
 * both sides worked on the same pictures: these differ among each other more than runs do. */
clproc_status clp_diff_pair(clp_diff_maker *make, clp_prof_stage stage, clp_diff_row *row);

/** Notes what differs between the first runs of both sides besides time. */
clproc_status clp_diff_environment(clp_diff_maker *make);

#endif
