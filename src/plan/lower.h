/** Shared by the files that turn segments into passes. */
#ifndef CLP_PLAN_LOWER_H
#define CLP_PLAN_LOWER_H

#include "plan/plan.h"
#include "plan/segment.h"

#define CLP_NO_PLANE UINT32_MAX

/** The state of lowering: the picture as the passes so far leave it. */
typedef struct clp_lowering {
    clp_plan *plan;
    clproc_error *error;
    bool use_float;
    /** Integers cannot hold what was asked for: lower again with use_float. */
    bool needs_float;
    clp_model model;
    uint32_t width, height; /**< pixels */
    uint32_t surfaces[CLP_MAX_PLANES];
    uint32_t surface_count;
    uint32_t h_step[CLP_MAX_PLANES], v_step[CLP_MAX_PLANES]; /**< of YCC planes */
    clp_sample sample;                                       /**< of all surfaces */
    clp_model stored; /**< of the surfaces; `model` is after the waiting steps */
    bool premultiplied;
    double white;     /**< value of the greatest level: 255, or 65535 for 16-bit pictures */
    double low, high; /**< bounds of values, in levels, since the last clamp */
    bool rounded;     /**< integers only: values are no longer exact */
    /** How much matrices and curves have multiplied the rounding of integers. */
    double error_gain;
    int level; /**< of the next pass */
    /** What remains to be done concerns the Y plane alone: planes of chroma end at the next stage.
     */
    bool luma_goes_on;
    uint32_t side[CLP_MAX_PLANES], side_count; /**< of the next unsharp mask */
    /** Overlays are laid over planes: what ends at the present stage is still to be covered. */
    bool covered;
    uint32_t covered_plane; /**< the one that a colour pass is for, or CLP_NO_PLANE */
    /* Steps waiting for a colour pass, with what their tables will be made of */
    clp_step steps[CLP_MAX_STEPS];
    clp_colour matrices[CLP_MAX_STEPS];
    const clp_term *terms[CLP_MAX_STEPS];
    uint32_t step_count;
    char step_label[28];
} clp_lowering;

/** True if luma can be worked on as it stands in a JPEG, in a plane of its own. */
bool clp_plan_luma_alone(const clp_plan *plan);

/* tables.c: `*offset` is where the entry stands in plan->tables. Equal entries are stored once. */
clproc_status clp_table_bytes(clp_plan *plan, const void *data, size_t size, uint32_t *offset,
                              clproc_error *error);
/** Where a matrix stands in the tables. */
typedef struct clp_table_window {
    uint32_t taps, weights, weight_pitch, starts;
} clp_table_window;

/** Weights and starts of a matrix, Q14 or float. Weights that quantise to nothing are left out. */
clproc_status clp_table_axis(clp_plan *plan, const clp_axis *axis, bool use_float,
                             clp_table_window *window, clproc_error *error);
/** Source indices of an index matrix, −1 for none. */
clproc_status clp_table_index(clp_plan *plan, const clp_axis *axis, uint32_t *offset,
                              clproc_error *error);

/* surfaces.c */
clproc_status clp_surface_scratch(clp_lowering *lowering, clp_sample sample, uint32_t width,
                                  uint32_t height, uint32_t channels, uint32_t *surface);
/** The surface of a plane of plan->input or plan->output. */
clproc_status clp_surface_plane(clp_lowering *lowering, clp_role role, const clp_layout *layout,
                                uint32_t plane, uint32_t *surface);
clproc_status clp_pass_append(clp_lowering *lowering, const clp_pass *pass);
/** Gives scratch surfaces their places, those between two passes of a band behind all others. */
clproc_status clp_surfaces_place(clp_plan *plan, clproc_error *error);
/** Orders the passes by level. */
void clp_passes_sort(clp_plan *plan);

/* lower_spatial.c */
/** Runs a segment's stages; the result is stored into plan->output if `final`. */
clproc_status clp_lower_stages(clp_lowering *lowering, const clp_segment *segment, bool final);
/** Brings every plane of a YCC picture to the size of the picture. */
clproc_status clp_lower_upsample(clp_lowering *lowering);
/** Filters those planes of a YCC picture that the output subsamples, and what else is not there
 * yet, into plan->output. */
clproc_status clp_lower_downsample(clp_lowering *lowering);

/* lower_colour.c */
/** Adds a segment's pointwise terms to the waiting steps, from points[first] on. */
clproc_status clp_lower_points(clp_lowering *lowering, const clp_segment *segment, size_t first);
/** Adds one step; its table will be made of `term`, which may be NULL. */
clproc_status clp_lower_step(clp_lowering *lowering, const clp_step *step, const clp_term *term);
/** Names an operation in the label of the pass to come. */
void clp_lower_label(clp_lowering *lowering, const char *op);
/** Notes that the errors of integers so far are multiplied by `gain`, and that new ones come. */
void clp_lower_rounding(clp_lowering *lowering, double gain);
/** Adds what leads from YCC planes to clamped RGB. */
clproc_status clp_lower_to_rgb(clp_lowering *lowering);
/** Runs the waiting steps and stores the picture: into plan->output if `final`. */
clproc_status clp_lower_flush(clp_lowering *lowering, bool final);
/** Adds what leads from the present model to the output's. */
clproc_status clp_lower_to_target(clp_lowering *lowering);
/** Adds the step to or from premultiplied alpha, if it is missing. */
clproc_status clp_lower_premultiply(clp_lowering *lowering, bool premultiplied);

/* lower_curve.c */
/** Entries of an integer curve: one for each Q6 value from 0 to 255. */
#define CLP_Q6_CURVE_SIZE (255 * 64 + 1)
/** Makes the table of a curve, and decides on its kind where floats are computed. */
clproc_status clp_curve_table(clp_lowering *lowering, clp_step *step, const clp_term *term);

/* lower_unsharp.c */
/** Runs a segment that begins with an unsharp mask; `*stored`: all of it stands in plan->output. */
clproc_status clp_lower_unsharp(clp_lowering *lowering, const clp_segments *segments, size_t index,
                                bool *stored);
clproc_status clp_unsharp_table(clp_lowering *lowering, clp_step *step, const clp_term *term);

/* lower_overlay.c */
/** True if what is left to do is to be done to the planes of a JPEG that stay such planes. */
bool clp_lower_covers_planes(const clp_lowering *lowering);
/** Runs the rest of the segments, which are stages and then overlays, on the planes. They then
 * stand in plan->output. */
clproc_status clp_lower_covered(clp_lowering *lowering, const clp_segments *segments, size_t index);
/** Makes the table of an overlay, scaled to its size in the picture, of what lies inside that: of
 * pixels, or of the samples of the covered plane. */
clproc_status clp_overlay_table(clp_lowering *lowering, clp_step *step, const clp_term *term);

/* lower_features.c */
/** How sums lie; see clp_target.features. */
clproc_status clp_features_layout(clp_layout *layout, clproc_error *error);
/** Adds the pass that makes sums of the finished picture, which nobody but that needs then. */
clproc_status clp_lower_features(clp_lowering *lowering);

/** RGB to YCbCr (inverse: back), levels, from Kr and Kb so that both cancel. */
clp_colour clp_colour_ycc(bool inverse);
/** second after first */
clp_colour clp_colour_compose(const clp_colour *second, const clp_colour *first);

#endif
