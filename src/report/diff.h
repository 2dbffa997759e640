/** Runs before a change against runs after it.
 *
 *  The calls of one run share its luck (a warm cache, a busy neighbour), so single calls are no
 * independent witnesses. With seven runs or more of each side the runs' medians are compared, with
 * fewer the medians of consecutive blocks of each run, and then small changes are not judged. Where
 * both sides did the same pictures, stages are compared picture by picture.
 */
#ifndef CLP_REPORT_DIFF_H
#define CLP_REPORT_DIFF_H

#include "report/analysis.h"
#include "report/text.h"

typedef enum clp_diff_group {
    CLP_DIFF_RUN, /**< time per picture of the whole run */
    CLP_DIFF_KERNEL,
    CLP_DIFF_TRANSFER,
    CLP_DIFF_STAGE,
    CLP_DIFF_WAIT /**< consequences, not causes: never a regression */
} clp_diff_group;

/** One thing that takes time; ns per picture for commands, per call for stages. */
typedef struct clp_diff_row {
    clp_diff_group group;
    char name[48];
    size_t before_count, after_count; /**< values compared; 0: not there on that side */
    double before, after;             /**< medians */
    double change;                    /**< after / before − 1 */
    double low, high;                 /**< 95 % interval of `change`, by bootstrap */
    /** Of the wall time, the larger of both sides, as far as calls are as long as most: little ones
     * are not judged. */
    double share;
    double same; /**< chance of such a difference by luck, corrected for the number of rows */
    bool significant;
} clp_diff_row;

typedef struct clp_diff_fact {
    char *key, *before, *after; /**< "" where a side does not state it */
} clp_diff_fact;

struct clproc_diff {
    size_t before_runs, after_runs;
    double least; /**< smaller changes are not judged */
    clp_diff_fact *facts;
    size_t fact_count, fact_capacity;
    clp_diff_row *rows; /**< by group, significant ones first */
    size_t row_count, row_capacity;
    char verdict[600];
};

const char *clp_diff_group_name(clp_diff_group group);
void clp_diff_text(clp_text *text, const clproc_diff *diff);

#endif
