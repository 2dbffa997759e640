/** The switches of a strategy, one by one. */
#ifndef CLP_BATCH_STRATEGY_H
#define CLP_BATCH_STRATEGY_H

#include "core/error.h"

/** True if a run does what `bit`, one of CLPROC_STRATEGY_…, stands for. */
static inline bool clp_strategy_has(const clproc_run_params *params, uint32_t bit) {
    return (params->strategy & bit) != 0;
}

#endif
