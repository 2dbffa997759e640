/** How a picture lies in memory: the words shared by codecs, planner and devices. */
#ifndef CLP_CORE_IMAGE_H
#define CLP_CORE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Rows start at multiples of this many bytes, and a plane's pitch is one, too, so that a kernel
 * may load and store whole vectors beyond the last column. */
#define CLP_PITCH_ALIGN 64

/** A row of `bytes` takes this much: an odd number of cache lines, so that the rows of a column do
 * not fall on the same few sets of a cache. False on overflow. */
bool clp_pitch(size_t bytes, size_t *pitch);

/** A plane has room for a multiple of this many rows: a kernel stores whole tiles. */
#define CLP_ROW_ALIGN 16

typedef enum clp_model {
    CLP_MODEL_GRAY,  /**< one plane of 1 channel */
    CLP_MODEL_GRAYA, /**< one plane of 2 channels, alpha last, not premultiplied */
    CLP_MODEL_RGB,   /**< one plane of 3 channels */
    CLP_MODEL_RGBA,  /**< one plane of 4 channels, alpha last, not premultiplied */
    CLP_MODEL_YCC,   /**< three planes of 1 channel: full-range BT.601 YCbCr, each with its own
                        subsampling */
    CLP_MODEL_CMYK   /**< one plane of 4 channels, 255 = no ink (as Adobe stores it) */
} clp_model;

#define CLP_MAX_PLANES 3

typedef struct clp_plane {
    size_t offset;          /**< bytes from the picture's base, a multiple of CLP_PITCH_ALIGN */
    size_t pitch;           /**< bytes from row to row, a multiple of CLP_PITCH_ALIGN */
    uint32_t width, height; /**< samples of each channel */
    uint32_t channels;      /**< interleaved */
    /** Every sample stands for h_step × v_step pixels of the picture: 2 × 2 for 4:2:0 chroma. A
     * plane then has ceil(picture / step) samples. */
    uint32_t h_step, v_step;
} clp_plane;

typedef struct clp_layout {
    clp_model model;
    uint32_t depth;         /**< bits per sample, 8 or 16 (host byte order) */
    uint32_t width, height; /**< pixels, as decoded: after shrink-on-load */
    uint32_t plane_count;
    clp_plane planes[CLP_MAX_PLANES];
    size_t bytes; /**< from the base to the end of the last plane's padding */
} clp_layout;

/** True if samples that lie as `part` says are found by it where a picture lies as `layout` says.
 */
bool clp_layout_begins_with(const clp_layout *layout, const clp_layout *part);

/** Channels of an interleaved model, planes of YCC. */
uint32_t clp_model_channels(clp_model model);
const char *clp_model_name(clp_model model);
bool clp_model_has_alpha(clp_model model);

/** Fills in `planes` (sizes, pitch, offsets) and `bytes` from model, depth, width, height. For YCC
 * the caller has set h_step and v_step of the three planes. False if the size overflows or a
 * dimension is 0. */
bool clp_layout_place(clp_layout *layout);

#endif
