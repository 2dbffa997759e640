/** JPEG on a device: baseline scans to planes and back, many pictures to a launch.
 *
 *  The caller owns all memory: packages (codec/jpeg_scan.h), jobs, working memory and planes are
 * buffers that it has sized as a plan says. Nothing waits. What comes out is libjpeg-turbo's
 * samples, byte for byte, or a flag that sends the file to libjpeg. */
#ifndef CLP_DEVICE_JPEG_CODEC_H
#define CLP_DEVICE_JPEG_CODEC_H

#include <CL/cl.h>

#include "core/error.h"
#include "core/image.h"
#include "core/jpeg_package.h"
#include "core/jpeg_trial.h"
#include "device/device.h"

/** The kernels of one device; used by one thread at a time. */
typedef struct clp_jpeg_codec clp_jpeg_codec;

/** Builds nothing yet. `most_group` bounds work-groups below what the device allows; 0: it does
 * not. `keeper`: see clp_kernel_set_build(). */
clproc_status clp_jpeg_codec_open(clp_jpeg_codec **codec, cl_context context, cl_device_id device,
                                  clp_device *keeper, uint32_t most_group, clproc_error *error);
/** Another codec of the same programs, for another thread. */
clproc_status clp_jpeg_codec_share(clp_jpeg_codec **codec, const clp_jpeg_codec *built,
                                   clproc_error *error);
/** True if all its kernels are built, of binaries that an earlier run kept. */
bool clp_jpeg_codec_is_kept(const clp_jpeg_codec *codec);
void clp_jpeg_codec_close(clp_jpeg_codec **codec);

/** A launch of several kernels: what it waits for, and what it says of itself. */
typedef struct clp_jpeg_queue {
    cl_command_queue queue; /**< in order */
    const cl_event *waits;  /**< before the first kernel */
    cl_uint wait_count;
    cl_event *events; /**< NULL, or room for one event a kernel, the caller's to release; the last
                         is of the last kernel. With NULL nothing is told */
} clp_jpeg_queue;

/* --------------------------------------------------------------- decoding */

/** Length of the slots that a scan is cut into, bits: powers of two from 256 to 16384. The result
 * does not depend on it. */
enum {
    CLP_JPEG_SLOTS_ALONE = 2048, /**< for one picture at a time */
    CLP_JPEG_SLOTS_LARGE = 4096, /**< the same, of CLP_JPEG_LARGE bits and more */
    CLP_JPEG_LARGE = 1 << 24,
    CLP_JPEG_SLOTS_MANY = 8192 /**< for hundreds of megapixels at a time */
};

typedef struct clp_jpeg_decode_picture {
    const jpeg_package *package; /**< its header */
    uint64_t at;                 /**< where in the buffer of packages it stands, a multiple of 16 */
    /** By component. `offset` counts from the start of the buffer of planes; offsets and pitches
     * are multiples of CLP_PITCH_ALIGN, and there is room for whole blocks. */
    jpeg_plane planes[JPEG_COMPONENTS];
} clp_jpeg_decode_picture;

/** Fills a picture's planes for a layout that starts at `base` in the buffer. `sizes`: of the
 * blocks (clp_jpeg_scan_sizes()). Planes that the layout does not have are not written. */
void clp_jpeg_decode_planes(clp_jpeg_decode_picture *picture, const clp_layout *layout,
                            uint64_t base, const uint32_t sizes[JPEG_COMPONENTS]);

enum { CLP_JPEG_DECODE_KERNELS = 7 };
extern const char *const clp_jpeg_decode_names[CLP_JPEG_DECODE_KERNELS];

/** What a batch needs. */
typedef struct clp_jpeg_decode_plan {
    jpeg_decode_batch batch;
    size_t job_bytes;  /**< of the buffer of jobs */
    size_t work_bytes; /**< of the buffer of working memory; its first 16 × count bytes are flags */
    uint32_t slots, tiles;
    uint32_t pairs; /**< of tables that a picture has, at most */
    /** Set by who enqueues it: of these pictures all blocks have been found before, and working
     * memory is as that left it; only samples are made. */
    bool found;
    uint32_t picture_group, block_group; /**< work-items */
} clp_jpeg_decode_plan;

/** Plans a batch; builds the kernels if they are not there yet. `slot_bits`: see above. */
clproc_status clp_jpeg_decode_plan_batch(clp_jpeg_codec *codec,
                                         const clp_jpeg_decode_picture *pictures, uint32_t count,
                                         uint32_t slot_bits, clp_jpeg_decode_plan *plan,
                                         clproc_error *error);
/** Writes the jobs of a planned batch to `jobs`, which has plan->job_bytes. */
void clp_jpeg_decode_jobs(const clp_jpeg_decode_plan *plan, const clp_jpeg_decode_picture *pictures,
                          void *jobs);
/** Enqueues a batch whose packages and jobs are, or will be by then, in their buffers. */
clproc_status clp_jpeg_decode_enqueue(clp_jpeg_codec *codec, const clp_jpeg_decode_plan *plan,
                                      cl_mem packages, cl_mem jobs, cl_mem work, cl_mem planes,
                                      const clp_jpeg_queue *queue, clproc_error *error);
/** What a picture's words of flags say, in a few words; NULL: its planes are good. */
const char *clp_jpeg_decode_verdict(const uint32_t flags[JPEG_FLAG_WORDS]);

/* --------------------------------------------------------------- encoding */

typedef struct clp_jpeg_encode_picture {
    const clp_layout *layout;         /**< gray or YCC at 8 bits, as a JPEG can have it */
    uint64_t base;                    /**< where it starts in the buffer of planes */
    const jpeg_encode_tables *tables; /**< shared by pictures of one quality */
    uint64_t output;       /**< where in the buffer of scans its bits go, bytes, a multiple of 4 */
    uint32_t output_bytes; /**< room there, a multiple of 4 */
} clp_jpeg_encode_picture;

enum { CLP_JPEG_ENCODE_KERNELS = 3 };
extern const char *const clp_jpeg_encode_names[CLP_JPEG_ENCODE_KERNELS];

/** Bits of working memory for each block; where a work-group's blocks have more the picture is
 * flagged. */
enum {
    CLP_JPEG_BLOCK_BITS = 512,      /**< up to a quality of 95 or so */
    CLP_JPEG_BLOCK_BITS_MOST = 1696 /**< all that there can be */
};

typedef struct clp_jpeg_encode_plan {
    jpeg_encode_batch batch;
    size_t job_bytes;  /**< of the buffer of jobs and tables */
    size_t work_bytes; /**< of the buffer of working memory, from its start */
    uint32_t tiles, tile_blocks;
    uint32_t join_group;    /**< work-items to a tile when tiles are joined */
    uint32_t picture_group; /**< work-items of kernels with one group a picture */
} clp_jpeg_encode_plan;

/** As for decoding. Of the working memory, bytes from `results` on have a jpeg_encode_result by
 * picture, and all behind `rest` is the kernels' (multiples of 4); so the scans may have their
 * place in the same buffer. */
clproc_status clp_jpeg_encode_plan_batch(clp_jpeg_codec *codec,
                                         const clp_jpeg_encode_picture *pictures, uint32_t count,
                                         uint32_t block_bits, uint64_t results, uint64_t rest,
                                         clp_jpeg_encode_plan *plan, clproc_error *error);
void clp_jpeg_encode_jobs(const clp_jpeg_encode_plan *plan, const clp_jpeg_encode_picture *pictures,
                          void *jobs);
/** Scans come out as codec/jpeg_scan_write.h takes them, whole words of them. Jobs begin at byte
 * `at` of their buffer, a multiple of 16. */
clproc_status clp_jpeg_encode_enqueue(clp_jpeg_codec *codec, const clp_jpeg_encode_plan *plan,
                                      cl_mem planes, cl_mem jobs, uint32_t at, cl_mem work,
                                      cl_mem scans, const clp_jpeg_queue *queue,
                                      clproc_error *error);

/* --------------------------------------------------------------- checking */

/** Decodes and encodes pictures (codec/jpeg_scan_trial.h); `*same` if every sample and bit is
 * libjpeg's. Where it is not, or the call fails, the codec must not be used. Waits. */
clproc_status clp_jpeg_codec_check(clp_jpeg_codec *codec, cl_command_queue queue,
                                   const clp_jpeg_trial trials[CLP_JPEG_TRIALS], bool *same,
                                   clproc_error *error);

#endif
