/** Shared by the files of the JPEG codec. */
#ifndef CLP_DEVICE_JPEG_PRIVATE_H
#define CLP_DEVICE_JPEG_PRIVATE_H

#include "device/cl_error.h"
#include "device/jpeg_codec.h"

enum { CLP_JPEG_MOST_KERNELS = 8 };

/** Kernels that are built together. */
typedef struct clp_jpeg_program {
    cl_program built;
    const char *const *names;
    cl_kernel kernels[CLP_JPEG_MOST_KERNELS];
    uint32_t count;
} clp_jpeg_program;

struct clp_jpeg_codec {
    cl_context context;
    cl_device_id device;
    uint32_t most_group; /**< a power of two */
    bool cpu;
    cl_ulong local_bytes;
    clp_jpeg_program decode, encode;
};

/** Builds a program, unless it is there, from the embedded files that `files`, NULL-ended, names.
 */
clproc_status clp_jpeg_build(clp_jpeg_codec *codec, clp_jpeg_program *program,
                             const char *const *files, const char *const *names, uint32_t count,
                             clproc_error *error);

/** The largest power of two up to `wanted` that the device runs this kernel with. */
clproc_status clp_jpeg_group(const clp_jpeg_codec *codec, cl_kernel kernel, uint32_t wanted,
                             uint32_t *group, clproc_error *error);

/** A kernel's argument: a buffer, or so many bytes of local memory. */
typedef struct clp_jpeg_argument {
    cl_mem buffer; /**< NULL: local memory */
    size_t local;
} clp_jpeg_argument;

/** Enqueues kernel `index` of `count`; only the first waits, see clp_jpeg_queue. */
clproc_status clp_jpeg_launch(cl_kernel kernel, const char *name,
                              const clp_jpeg_argument *arguments, uint32_t argument_count,
                              size_t groups, size_t group, const clp_jpeg_queue *queue,
                              uint32_t index, clproc_error *error);

#endif
