/** Adding scores to a table, as clproc_score() promises; arguments are checked. */
#ifndef CLP_MODEL_SCORE_H
#define CLP_MODEL_SCORE_H

#include "core/error.h"
#include "core/tree_tables.h"

/** `walker` goes down trees; NULL: the threads do. */
clproc_status clp_score_run(const clproc_score_params *params, const clp_tree_walker *walker,
                            clproc_score_result *result, clproc_error *error);

#endif
