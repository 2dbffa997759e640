/** What reading and writing JPEG share. */
#ifndef CLP_CODEC_JPEG_PRIVATE_H
#define CLP_CODEC_JPEG_PRIVATE_H

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include "codec/codec_private.h"

#if JPEG_LIB_VERSION >= 70
#define CLP_JPEG_DCT_H(component) ((component)->DCT_h_scaled_size)
#define CLP_JPEG_DCT_V(component) ((component)->DCT_v_scaled_size)
#define CLP_JPEG_MIN_DCT_H(info) ((info)->min_DCT_h_scaled_size)
#define CLP_JPEG_MIN_DCT_V(info) ((info)->min_DCT_v_scaled_size)
#else
#define CLP_JPEG_DCT_H(component) ((component)->DCT_scaled_size)
#define CLP_JPEG_DCT_V(component) ((component)->DCT_scaled_size)
#define CLP_JPEG_MIN_DCT_H(info) ((info)->min_DCT_scaled_size)
#define CLP_JPEG_MIN_DCT_V(info) ((info)->min_DCT_scaled_size)
#endif

/** Turns libjpeg's way of failing, which must not return, into a status. */
typedef struct clp_jpeg_guard {
    struct jpeg_error_mgr manager; /**< first: libjpeg hands it back as its own */
    jmp_buf escape;
    clproc_status status;
    clproc_error *error;
    clp_flaws *flaws; /**< where warnings go; NULL: nowhere */
} clp_jpeg_guard;

/** Makes `guard` the error manager of a codec struct about to be created. */
struct jpeg_error_mgr *clp_jpeg_guard_init(clp_jpeg_guard *guard, clp_flaws *flaws);

/** Runs `step`. A failure within, by libjpeg or clp_jpeg_fail(), ends it and becomes the status. */
clproc_status clp_jpeg_attempt(clp_jpeg_guard *guard, void (*step)(void *), void *argument,
                               clproc_error *error);

/** Leaves the running step; `guard->error` is filled already. */
_Noreturn void clp_jpeg_fail(clp_jpeg_guard *guard, clproc_status status);

/** Where a JPEG is written to: libjpeg's destination over bytes that grow. */
typedef struct clp_jpeg_output {
    struct jpeg_destination_mgr manager; /**< first: libjpeg hands it back as its own */
    clp_bytes *bytes;
    clp_jpeg_guard *guard;
} clp_jpeg_output;

/** Makes `output` append to `bytes`; its manager is for a struct's `dest`. */
struct jpeg_destination_mgr *clp_jpeg_output_init(clp_jpeg_output *output, clp_bytes *bytes,
                                                  clp_jpeg_guard *guard);
/** Makes `bytes` hold all that libjpeg has written so far. */
void clp_jpeg_output_settle(clp_jpeg_output *output);
/** Lets libjpeg go on behind what has been appended to `bytes` meanwhile. */
void clp_jpeg_output_resume(clp_jpeg_output *output);

/** libjpeg's struct of the file that the decoder has open, and what it fails through. */
struct jpeg_decompress_struct *clp_jpeg_open_file(clp_decoder *decoder, clp_jpeg_guard **guard);

/** One of libjpeg's inverse DCTs. */
typedef void (*clp_jpeg_inverse)(j_decompress_ptr info, jpeg_component_info *component,
                                 JCOEFPTR block, JSAMPARRAY rows, JDIMENSION column);

/** A component of a smaller picture. */
typedef struct clp_jpeg_small_part {
    clp_jpeg_inverse own;       /**< makes a block of the larger picture; NULL: not wanted there */
    clp_jpeg_inverse shrinking; /**< makes it of the smaller one */
    JSAMPARRAY rows;            /**< where the larger one's blocks go, of the present group */
    uint64_t groups;            /**< of rows that libjpeg makes at a time: that have begun */
    uint8_t *base;
    size_t pitch, step;   /**< bytes from row to row, and from sample to sample */
    size_t width, height; /**< samples */
    size_t size;          /**< samples of a block, a side */
    size_t group;         /**< rows of a group */
    int shift;            /**< from places in the larger picture's plane to those in this one */
} clp_jpeg_small_part;

/** A smaller picture of the file, which is made while that is decoded. Zeros: none is. */
typedef struct clp_jpeg_small {
    clp_jpeg_small_part parts[MAX_COMPS_IN_SCAN];
    int count;                /**< 0: no such picture is wanted */
    uint64_t blocks, awaited; /**< of all parts: made, and there are */
    bool odd;                 /**< it cannot be made */
} clp_jpeg_small;

/** Wants a smaller picture at `base`, as libjpeg has just calculated its dimensions. False: its
 * components are not its samples. */
bool clp_jpeg_small_lay_out(clp_jpeg_small *small, const struct jpeg_decompress_struct *info,
                            const clp_layout *layout, uint8_t *base);
/** Begins on it: the decompression has started, of which only the first `wanted` components are
 * needed. `small` is what begins the client's data of `info`. */
void clp_jpeg_small_begin(clp_jpeg_small *small, j_decompress_ptr info, int wanted);
/** All of the larger picture is decoded. `spare` has room for one of its rows. */
void clp_jpeg_small_end(const clp_jpeg_small *small, j_decompress_ptr info, uint8_t *spare);
/** True at the end if every block of it is there. */
bool clp_jpeg_small_is_whole(const clp_jpeg_small *small);

/** True if the file has 0 for no ink; only Adobe's have 255, as pictures here do. */
static inline bool clp_jpeg_is_inverted(const struct jpeg_decompress_struct *info) {
    return info->out_color_space == JCS_CMYK && !info->saw_Adobe_marker;
}
void clp_jpeg_invert(uint8_t *samples, size_t count);

/** A source of libjpeg's that gives a file in memory in pieces. */
typedef struct clp_jpeg_pieces {
    struct jpeg_source_mgr manager; /**< first: libjpeg hands it back as its own */
    const uint8_t *bytes;
    size_t size, at;
} clp_jpeg_pieces;

/** Makes it the source of a struct just created. `pieces` must live as long. */
void clp_jpeg_read_in_pieces(j_decompress_ptr info, clp_jpeg_pieces *pieces, const uint8_t *bytes,
                             size_t size);

/** The identifiers that begin the metadata segments. */
#define CLP_JPEG_EXIF "Exif\0"
#define CLP_JPEG_XMP "http://ns.adobe.com/xap/1.0/"
#define CLP_JPEG_ICC "ICC_PROFILE"
#define CLP_JPEG_IPTC "Photoshop 3.0"
/** Bytes that a segment's payload can have. */
#define CLP_JPEG_SEGMENT 65533

/** Blocks that do not stand in the file as they are: joined from several segments, or a list. */
typedef struct clp_jpeg_joined {
    clp_bytes icc, iptc, notes;
} clp_jpeg_joined;

/** Finds the metadata among the segments before the first scan, and what stands behind the picture.
 * Blocks point into the file, or into `joined`. `*beside`: CLP_BESIDE_… */
clproc_status clp_jpeg_find_blocks(const clp_source *source, clp_blocks *blocks, uint32_t *beside,
                                   clp_jpeg_joined *joined, clp_flaws *flaws, clproc_error *error);

/** Appends the segments that hold metadata. Fails where one has no room for a block. */
clproc_status clp_jpeg_append_blocks(clp_bytes *file, const clp_blocks *blocks,
                                     clproc_error *error);

/** Appends to `file` the JPEG in `source` with other metadata: all that its pixels come from stays
 * byte for byte. `*done` false: its markers are not those of a whole file. */
clproc_status clp_jpeg_rewrite(const clp_source *source, const clp_blocks *blocks, clp_bytes *file,
                               bool *done, clproc_error *error);

#endif
