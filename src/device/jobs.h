/** What the kernels read, as C: the same file both sides. */
#ifndef CLP_DEVICE_JOBS_H
#define CLP_DEVICE_JOBS_H

#include <stdint.h>

#define ulong uint64_t
#define uint uint32_t
#include "../../kernels/jobs.clh"
#undef ulong
#undef uint

#endif
