/** Shared by the files of the JPEG codec. */
#ifndef CLP_DEVICE_JPEG_PRIVATE_H
#define CLP_DEVICE_JPEG_PRIVATE_H

#include "device/cl_error.h"
#include "device/jpeg_codec.h"
#include "device/kernel_set.h"

struct clp_jpeg_codec {
    cl_context context;
    cl_device_id device;
    clp_device *keeper;  /**< of its programs' binaries, or NULL */
    uint32_t most_group; /**< a power of two */
    bool cpu;
    cl_ulong local_bytes;
    clp_kernel_set decode, encode;
};

/** The largest power of two up to `wanted` that the device runs a kernel of the set with. */
uint32_t clp_jpeg_group(const clp_jpeg_codec *codec, const clp_kernel_set *set, uint32_t kernel,
                        uint32_t wanted);

/** A kernel's argument: a buffer, a number, or so many bytes of local memory. */
typedef struct clp_jpeg_argument {
    cl_mem buffer;         /**< NULL: one of the others */
    const cl_uint *number; /**< NULL: local memory */
    size_t local;
} clp_jpeg_argument;

/** Enqueues the kernel that comes as number `index`; only the first, 0, waits, see clp_jpeg_queue.
 */
clproc_status clp_jpeg_launch(cl_kernel kernel, const char *name,
                              const clp_jpeg_argument *arguments, uint32_t argument_count,
                              size_t groups, size_t group, const clp_jpeg_queue *queue,
                              uint32_t index, clproc_error *error);

#endif
