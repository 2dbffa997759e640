/** Runs over many files, as clproc_run() and clproc_explain() promise; arguments are checked. */
#ifndef CLP_BATCH_BATCH_H
#define CLP_BATCH_BATCH_H

#include "core/error.h"

/** `profile` may be NULL. `*result` is filled in any case. */
clproc_status clp_batch_run(const clproc_run_params *params, clproc_run_result *result,
                            clproc_profile **profile, clproc_error *error);
clproc_status clp_batch_explain(const clproc_run_params *params, const char *file, FILE *out,
                                clproc_error *error);

#endif
