/** Adding scores to a table, as clproc_score() promises; arguments are checked. */
#ifndef CLP_MODEL_SCORE_H
#define CLP_MODEL_SCORE_H

#include "core/error.h"
#include "core/model_tables.h"

/** `helper` does a part of the work; NULL: the threads do all. */
clproc_status clp_score_run(const clproc_score_params *params, const clp_model_helper *helper,
                            clproc_score_result *result, clproc_error *error);

#endif
