/** Indexes of photographs, as clproc_index() promises; arguments are checked. */
#ifndef CLP_INDEX_INDEX_H
#define CLP_INDEX_INDEX_H

#include "core/error.h"

clproc_status clp_index_run(const clproc_index_params *params, clproc_index_result *result,
                            clproc_error *error);

#endif
