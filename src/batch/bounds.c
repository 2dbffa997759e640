#include "batch/bounds.h"

#include "core/machine.h"

uint64_t clp_run_memory(const clproc_run_params *params) {
    return params->memory ? params->memory : clp_machine_memory() / 4;
}

uint64_t clp_run_file_bytes(const clproc_run_params *params) {
    return params->limits.file_bytes ? params->limits.file_bytes : (uint64_t)1 << 30;
}
