#ifndef CLP_CLI_DEVICES_BENCH_H
#define CLP_CLI_DEVICES_BENCH_H

#include "clproc/clproc.h"

#define CLP_CLI_BENCH_PIPELINE "resize 50% | blur 2"

/** Measures a usable device: millions of pixels a second that go through the pipeline, from and to
 * memory, one picture at a time. */
clproc_status clp_cli_bench_device(const clproc_device_info *device, double *megapixels,
                                   clproc_error *error);

#endif
