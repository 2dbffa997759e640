/** From terms to passes: what a device has to do to one picture, as plain data without pointers
 * into any device.
 *
 *  A plan is immutable once made and may be shared by all threads and by every picture of the same
 * kind.
 */
#ifndef CLP_PLAN_PLAN_H
#define CLP_PLAN_PLAN_H

#include <stdatomic.h>

#include "core/image.h"
#include "plan/bands.h"
#include "plan/terms.h"

/** What the encoder wants. */
typedef struct clp_target {
    clproc_format format; /**< one that is written */
    clproc_subsampling subsampling;
    uint32_t depth; /**< 0: the picture's own. JPEG is always 8. */
    /** Not the picture is wanted but sums over it, as core/feature_sums.h says: of RGB or gray in 8
     * bits, with sides of at most FEATURE_SIDE. */
    bool features;
    /** A JPEG source's own chroma steps, for CLPROC_SUBSAMPLING_KEEP; all 0 where there are none.
     */
    uint32_t source_h_step[CLP_MAX_PLANES], source_v_step[CLP_MAX_PLANES];
} clp_target;

typedef enum clp_sample {
    CLP_SAMPLE_U8,
    CLP_SAMPLE_I16 /**< Q6 */,
    CLP_SAMPLE_U16,
    CLP_SAMPLE_F32
} clp_sample;

size_t clp_sample_size(clp_sample sample);
const char *clp_sample_name(clp_sample sample);

typedef enum clp_role { CLP_ROLE_INPUT, CLP_ROLE_SCRATCH, CLP_ROLE_OUTPUT } clp_role;

/** A plane in one of the three arenas. */
typedef struct clp_surface {
    clp_role role;
    clp_sample sample;
    size_t offset; /**< bytes from the picture's start in its arena */
    size_t pitch;  /**< bytes */
    uint32_t width, height, channels;
    bool between;                /**< in bands only some of it is there at a time */
    int first_level, last_level; /**< when it is written and last read; for placing scratch */
} clp_surface;

typedef enum clp_pass_kind {
    CLP_PASS_FILTER,
    CLP_PASS_REINDEX,
    CLP_PASS_COLOUR,
    CLP_PASS_FEATURES
} clp_pass_kind;

/** Steps of a colour pass, run in order on each pixel. */
typedef enum clp_step_kind {
    CLP_STEP_MATRIX,      /**< table: `out` rows of 3 coefficients and an offset */
    CLP_STEP_CLAMP,       /**< to [0, white], alpha, too */
    CLP_STEP_CURVE,       /**< table: one per channel, of Q6 values; or float pieces that are lines,
                             value[0], value[1] and shift say how they are cut (lower_curve.c) */
    CLP_STEP_PREMULTIPLY, /**< float only */
    CLP_STEP_UNPREMULTIPLY,
    CLP_STEP_SCALE,   /**< every channel by value[0]: a change of depth */
    CLP_STEP_FLATTEN, /**< alpha over the colour value[0..2]; alpha is gone */
    CLP_STEP_UNSHARP, /**< table: weights of three channels, their amounts, threshold; in: 1 for
                         each channel by itself, 3 for the weighted sum; the pass has side surfaces;
                         their alpha is taken */
    CLP_STEP_HSV,     /**< from RGB; value[0] ≠ 0: back */
    CLP_STEP_TABLE, /**< the table of the plan's conversion; value[0] ≠ 0: it has places along its
                       axes; float only */
    CLP_STEP_LOOKUP,  /**< a curve of whole levels: table: one value for each; float only */
    CLP_STEP_CUBIC,   /**< a curve of few pieces: table: for each of 4 powers CLP_CUBICS factors;
                         float  only */
    CLP_STEP_OVERLAY, /**< table: left, top, width, height (uint32), then row after row the colours
                        and the weight of each pixel: Q6 and Q15 in 16 bits, or floats up to white
                        and 1; in: colours; value[0]: the picture has alpha, float only */
    CLP_STEP_OPAQUE   /**< alpha is there from now on, and value[0] */
} clp_step_kind;

/** Room for pieces in the table of a CLP_STEP_CUBIC */
#define CLP_CUBICS 32

typedef struct clp_step {
    clp_step_kind kind;
    uint32_t table;   /**< byte offset into the plan's tables */
    uint32_t shift;   /**< MATRIX: fraction bits of an integer one */
    uint32_t grid;    /**< TABLE: points along each edge */
    uint32_t in, out; /**< colour channels of a matrix */
    float white;      /**< greatest value before the step: 255 or 65535 */
    float value[4];
} clp_step;

#define CLP_MAX_STEPS 12

typedef struct clp_pass {
    clp_pass_kind kind;
    bool real;      /**< float arithmetic, else Q14 integers */
    int level;      /**< passes of one level are independent of each other */
    char label[40]; /**< for --explain and profiles, as "resize·blur y" */
    uint32_t src[CLP_MAX_PLANES], dst[CLP_MAX_PLANES]; /**< surfaces */
    uint32_t src_count, dst_count;
    /** The picture before it was blurred, not premultiplied; for CLP_STEP_UNSHARP. */
    uint32_t side[CLP_MAX_PLANES], side_count;
    /* FILTER and REINDEX */
    bool transpose;   /**< store transposed */
    uint32_t windows; /**< rows of the matrix */
    uint32_t taps;    /**< source rows of each */
    /* FILTER: windows along the source's rows. Byte offsets into the tables. */
    bool premultiply; /**< colours are multiplied by alpha as they are read; float only */
    /** Rows from tap to tap: channels of an interleaved picture on its side. 1 where the channels
     * of `src` lie along its rows. */
    uint32_t channel_step;
    uint32_t
        weights; /**< int16 Q14 or float, windows × weight_pitch; of each the first taps count */
    uint32_t weight_pitch; /**< weights; what is between rows, and before the first, is zero */
    uint32_t starts;       /**< int32 pairs: first row, fill weight (Q14, or a float's bits) */
    /** REINDEX: int32 source rows and columns for each of the result's, −1 for none; transposed, a
     * result's column takes a source row. */
    uint32_t rows, columns;
    float fill[4]; /**< from 0 to the greatest value: 255 or 65535 */
    /* COLOUR */
    uint32_t in_channels, out_channels; /**< alpha included */
    bool in_alpha, out_alpha;
    /** Pixels that a sample of dst[1] and dst[2] stands for: the mean of all of them is stored. 1
     * or 2; everywhere but in YCC 1. */
    uint32_t h_step, v_step;
    clp_step steps[CLP_MAX_STEPS];
    uint32_t step_count;
    /* For profiles */
    uint64_t bytes_read, bytes_written, operations;
} clp_pass;

#define CLP_MAX_TABLES 64

typedef struct clp_plan {
    clp_layout input; /**< as decoded */
    /** Rows of each plane of it, from the first on, behind which nothing is read. */
    uint32_t rows_read[CLP_MAX_PLANES];
    clp_layout picture; /**< what the terms lead to */
    clp_layout output; /**< as encoded: `picture`, or with target.features a gray one that holds the
                          ints of each strip in a row */
    clp_target target;
    clp_surface *surfaces;
    size_t surface_count, surface_capacity;
    clp_pass *passes; /**< ordered by level */
    size_t pass_count, pass_capacity;
    int level_count;
    uint8_t *tables; /**< 16-byte aligned entries, to be copied to the device */
    size_t table_bytes, table_capacity;
    struct {
        uint32_t offset, size;
    } table_index[CLP_MAX_TABLES]; /**< what stands where, so that equal tables are stored once */
    size_t table_count;
    /** Whose table a CLP_STEP_TABLE takes, with values up to `conversion_white`; NULL: no pass has
     * one. It belongs to `terms`. The table stands apart from `tables`: plans for pictures of many
     * sizes share it. */
    clp_conversion *conversion;
    float conversion_white;
    size_t planning_bytes; /**< that making it took besides tables: for scaled overlays */
    size_t scratch_bytes;
    size_t kept_bytes; /**< of them, all but surfaces that are `between` */
    clp_bands bands;   /**< how to work on such a picture while it is decoded */
    clp_terms terms;   /**< the definition it was made from: what the reference device runs */
    atomic_uint references;
} clp_plan;

/** Makes a plan; takes ownership of `terms`, also on failure. The caller has one reference. */
clproc_status clp_plan_create(clp_plan **plan, const clp_layout *input, clp_terms *terms,
                              const clp_target *target, clproc_error *error);
clp_plan *clp_plan_retain(clp_plan *plan);
/** Gives back one reference and sets *plan to NULL. Thread-safe. */
void clp_plan_release(clp_plan **plan);

/** True if the result's rows are the picture's columns. */
bool clp_plan_is_transposed(const clp_plan *plan);

/** How a picture should be decoded for these terms and this target: which model, how many eighths.
 * `header_model` is the stored picture's; `terms` were made for the whole size. Without `planar`
 * YCbCr always becomes RGB. */
void clp_plan_choose_decoding(const clp_terms *terms, const clp_target *target,
                              clp_model header_model, bool planar, bool shrink, clp_model *model,
                              uint32_t *eighths);

/** The plan in one line, for profiles: sizes, what the levels do, bytes moved and multiply-adds. */
void clp_plan_summary(const clp_plan *plan, char *text, size_t size);
/** Bytes of its tables, and of the matrices of its terms. */
uint64_t clp_plan_bytes(const clp_plan *plan);
/** Its part of the bytes of conversions that it shares with others. */
uint64_t clp_plan_shared_bytes(const clp_plan *plan);
/** Bytes that a device holds for it: tables, and that of its conversion. */
uint64_t clp_plan_device_bytes(const clp_plan *plan);
/** Bytes that all passes read and write. */
uint64_t clp_plan_traffic(const clp_plan *plan);
/** Prints terms and passes with sizes, bytes moved and multiply-adds. */
void clp_plan_explain(const clp_plan *plan, FILE *out);

#endif
