/** What a run may take, where it is not told. */
#ifndef CLP_BATCH_BOUNDS_H
#define CLP_BATCH_BOUNDS_H

#include "core/error.h"

/** The bound of a run's memory: what was asked for, else a quarter of what there is. */
uint64_t clp_run_memory(const clproc_run_params *params);
/** The most bytes of a file, whatever its format and sides. */
uint64_t clp_run_file_bytes(const clproc_run_params *params);

#endif
