/** Indexes of shards made one, as clproc_index_merge() promises; arguments are checked. */
#ifndef CLP_INDEX_MERGE_H
#define CLP_INDEX_MERGE_H

#include "core/error.h"

clproc_status clp_index_merge(const clproc_index_merge_params *params, clproc_index_result *result,
                              clproc_error *error);

#endif
