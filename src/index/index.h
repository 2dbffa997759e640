/** Indexes of photographs, as clproc_index() promises; arguments are checked. */
#ifndef CLP_INDEX_INDEX_H
#define CLP_INDEX_INDEX_H

#include "core/error.h"

clproc_status clp_index_run(const clproc_index_params *params, clproc_index_result *result,
                            clproc_error *error);

/** A run with the index that it names, from the same pass. */
clproc_status clp_index_beside_run(const clproc_run_params *run, clproc_run_result *result,
                                   clproc_profile **profile, clproc_error *error);

#endif
