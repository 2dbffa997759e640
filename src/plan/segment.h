/** The canonical form of a list of terms: segments of spatial stages followed by pointwise terms.
 */
#ifndef CLP_PLAN_SEGMENT_H
#define CLP_PLAN_SEGMENT_H

#include "plan/terms.h"

/** One application of a banded matrix along each axis, made of one or more terms. */
typedef struct clp_stage {
    clp_axis y, x;
    bool transpose; /**< after both axes */
    bool factor;    /**< one of the factors of a wide Gaussian */
    bool filters; /**< some term in it does, even if their product should happen to be whole samples
                   */
    bool filled;  /**< some row reaches outside */
    double fill[4]; /**< levels */
    char label[28]; /**< the operations in it, as "resize·blur" */
} clp_stage;

/** Spatial stages in order, then pointwise terms in order. */
typedef struct clp_segment {
    clp_stage *stages;
    size_t stage_count, stage_capacity;
    const clp_term *points[8];
    size_t point_count;
    /** points[0] is an unsharp mask, whose side input is the picture before the stages. */
    bool sided;
    bool apart;                 /**< stages that filter are not merged */
    const volatile int *cancel; /**< the terms' */
} clp_segment;

typedef struct clp_segments {
    clp_segment *items;
    size_t count, capacity;
    bool in_order; /**< a segment for each term, run as they were asked for, on whole pictures */
} clp_segments;

/** Brings terms into canonical form, merging neighbouring matrices where one pass is cheaper than
 * two. `terms` must outlive the result. `picture`: as decoded. */
clproc_status clp_segments_create(clp_segments *segments, const clp_terms *terms,
                                  const clp_layout *picture, clproc_error *error);
void clp_segments_free(clp_segments *segments);

/** True if the stages of segment `index` are the last thing done to the chroma of a picture in
 * YCbCr planes: only unsharp masks follow that can work on the Y plane alone (`luma_alone`). */
bool clp_segments_chroma_ends(const clp_segments *segments, size_t index, bool luma_alone);

/** A plane of a picture whose planes may have fewer samples than the picture has pixels. */
typedef struct clp_plane_grid {
    uint32_t width, height;          /**< samples of the plane as it stands */
    uint32_t h_step, v_step;         /**< pixels a sample stands for now */
    uint32_t out_h_step, out_v_step; /**< and in the result, after any transposition */
} clp_plane_grid;

/** The matrices of a stage carried from pixels to a plane's samples: downsample · pixels ·
 * upsample, or an index map where pixels are only moved about on the chroma grid. The caller frees
 * both. */
clproc_status clp_stage_for_plane(const clp_stage *stage, const clp_plane_grid *grid, clp_axis *y,
                                  clp_axis *x, clproc_error *error);

/** A stage that changes nothing. */
clproc_status clp_stage_identity(clp_stage *stage, uint32_t width, uint32_t height,
                                 clproc_error *error);
void clp_stage_free(clp_stage *stage);
/** Nothing is filtered, so that the colours of transparent pixels stay. */
bool clp_stage_is_index(const clp_stage *stage);

/** True if a spatial term may be run before pointwise terms that stand before it. */
bool clp_term_commutes(const clp_term *spatial, const clp_term *const *points, size_t count);

#endif
