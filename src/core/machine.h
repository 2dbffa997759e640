/** What the machine, or the part of it that a container leaves, has. */
#ifndef CLP_CORE_MACHINE_H
#define CLP_CORE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/** Bytes of memory that this process may use: the machine's, or less where a control group (version
 * 1 or 2), or one above it, has a limit. */
uint64_t clp_machine_memory(void);

/** As clp_machine_memory(), with the machine's own memory and files as if below `root`: `root`/proc
 * and `root`/sys. */
uint64_t clp_machine_memory_below(const char *root, uint64_t physical);

/** Whether addresses are limited for this process (`ulimit -v` or `-d`): reserving more than is
 * needed then takes from others. */
bool clp_machine_limits_addresses(void);

/** Cores that this process may use: those it may run on (its affinity and cpuset), or fewer where a
 * control group, or one above it, has a quota of processor time. At least 1. */
uint32_t clp_machine_cores(void);

/** As clp_machine_cores(), with `allowed` cores to run on, and files as if below `root`. */
uint32_t clp_machine_cores_below(const char *root, uint32_t allowed);

#endif
