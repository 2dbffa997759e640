/** A comparison while it is made, shared by the files that make it. */
#ifndef CLP_REPORT_DIFF_MAKE_H
#define CLP_REPORT_DIFF_MAKE_H

#include "report/diff.h"

typedef struct clp_diff_maker {
    clproc_diff *diff;
    const clproc_profile *const *runs[2]; /**< before, after */
    size_t run_count[2];
    bool by_run; /**< compare the runs' medians, not those of their blocks */
    clproc_error *error;
} clp_diff_maker;

/** Notes what differs between the first runs of both sides besides time. */
clproc_status clp_diff_environment(clp_diff_maker *make);

#endif
