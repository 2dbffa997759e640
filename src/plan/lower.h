/** Shared by the files that turn segments into passes. */
#ifndef CLP_PLAN_LOWER_H
#define CLP_PLAN_LOWER_H

#include "plan/plan.h"
#include "plan/segment.h"

#define CLP_NO_PLANE UINT32_MAX

/** The picture as the passes so far have stored it. */
typedef struct clp_stored {
    clp_model model;
    uint32_t width, height;                                  /**< pixels */
    uint32_t surfaces[CLP_MAX_PLANES], count;                /**< one, or one for each plane */
    uint32_t h_step[CLP_MAX_PLANES], v_step[CLP_MAX_PLANES]; /**< of YCC planes */
    int level;                                               /**< of the next pass */
} clp_stored;

/** What the values of the picture mean once the waiting steps have run. */
typedef struct clp_values {
    clp_model model;
    bool premultiplied;
    double white; /**< value of the greatest level: 255, or 65535 for 16-bit pictures */
} clp_values;

/** What integers have to hold (lower_bounds.c). */
typedef struct clp_bounds {
    double low, high; /**< of values, in levels, since the last clamp */
    bool rounded;     /**< values are no longer exact */
    double gain;      /**< how much matrices and curves have multiplied the error of rounding */
    bool exceeded;    /**< they cannot: floats are needed */
} clp_bounds;

/** Steps that wait for a colour pass, with what their tables will be made of (lower_steps.c). */
typedef struct clp_waiting {
    clp_step steps[CLP_MAX_STEPS];
    clp_colour matrices[CLP_MAX_STEPS];
    const clp_term *terms[CLP_MAX_STEPS];
    uint32_t count;
    char label[28];
    uint32_t side[CLP_MAX_PLANES], side_count; /**< of the unsharp mask among them */
    uint32_t plane; /**< of the output, that they are for alone; or CLP_NO_PLANE */
} clp_waiting;

/** The part of a picture that an overlay covers: pixels, or samples of a plane. */
typedef struct clp_covered {
    uint32_t left, top, width, height;
} clp_covered;

/** An overlay as a picture has it, for all of its planes (overlay_pixels.c). */
typedef struct clp_scaled {
    const clp_term *term; /**< NULL: none yet */
    /** Of each pixel that is seen: the picture's R, G and B, or gray three times, then alpha, from
     * 0 to 1. */
    const float *pixels;
    float *own; /**< where they are not kept with the overlay */
} clp_scaled;

/** Overlays that are scaled once for all planes; more are scaled for each. */
#define CLP_MAX_SCALED 8

/** The state of lowering. */
typedef struct clp_lowering {
    clp_plan *plan;
    clproc_error *error;
    bool use_float;
    bool premultiplies; /**< the next filter pass does; `values` says that it is done */
    clp_stored stored;
    clp_values values;
    clp_bounds bounds;
    clp_waiting waiting;
    clp_scaled scaled[CLP_MAX_SCALED]; /**< overlays; free them with clp_scaled_free() */
} clp_lowering;

/** Where the results of stages go. */
typedef enum clp_ending {
    CLP_GOES_ON,     /**< to scratch surfaces: there is more to do */
    CLP_CHROMA_ENDS, /**< those of Y, too; chroma goes into plan->output */
    CLP_ENDS,        /**< into plan->output */
    CLP_ENDS_COVERED /**< to scratch surfaces with the samples of the output's planes, over which
                        overlays are laid then */
} clp_ending;

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
/** Runs what waits before a segment's stages, which filter or do not. Colours become premultiplied
 * before filters: by the first of these where nothing else is to be done to pixels. */
clproc_status clp_lower_before_stages(clp_lowering *lowering, const clp_segment *segment,
                                      bool filters);
/** Runs a segment's stages. */
clproc_status clp_lower_stages(clp_lowering *lowering, const clp_segment *segment,
                               clp_ending ending);
/** Brings every plane of a YCC picture to the size of the picture. */
clproc_status clp_lower_upsample(clp_lowering *lowering);
/** Filters those planes of a YCC picture that the output subsamples, and what else is not there
 * yet, into plan->output. */
clproc_status clp_lower_downsample(clp_lowering *lowering);

/* lower_colour.c */
/** Adds a segment's pointwise terms to the waiting steps, from points[first] on. */
clproc_status clp_lower_points(clp_lowering *lowering, const clp_segment *segment, size_t first);
/** Adds what leads from YCC planes to clamped RGB. */
clproc_status clp_lower_to_rgb(clp_lowering *lowering);
/** Adds what leads from the present model to the output's. */
clproc_status clp_lower_to_target(clp_lowering *lowering);
/** Scales values to the levels of the output. */
clproc_status clp_lower_to_depth(clp_lowering *lowering);
/** Adds the step to or from premultiplied alpha, if it is missing. */
clproc_status clp_lower_premultiply(clp_lowering *lowering, bool premultiplied);

/* lower_steps.c */
/** Adds one step; its table will be made of `term`, which may be NULL. */
clproc_status clp_lower_step(clp_lowering *lowering, const clp_step *step, const clp_term *term);
/** Adds a matrix, or makes one of it and a matrix that comes right before it. */
clproc_status clp_lower_matrix(clp_lowering *lowering, const clp_colour *colour);
/** Adds a clamp, if there is none right before. */
clproc_status clp_lower_clamp(clp_lowering *lowering);
/** Takes back a clamp, if that was added last. */
void clp_lower_drop_clamp(clp_lowering *lowering);
/** Names an operation in the label of the pass to come. */
void clp_lower_label(clp_lowering *lowering, const char *op);
/** Runs the waiting steps and stores the picture: into plan->output if `final`. */
clproc_status clp_lower_flush(clp_lowering *lowering, bool final);

/* lower_bounds.c */
/** Integers cannot do it. */
void clp_bounds_exceed(clp_bounds *bounds);
/** The errors so far are multiplied by `gain`, and new ones come. */
void clp_bounds_round(clp_bounds *bounds, double gain);
/** A filter's weights are rounded, which moves a result so far at most, of a range of 1. */
void clp_bounds_weights(clp_bounds *bounds, double rounding);
void clp_bounds_clamp(clp_bounds *bounds);
/** Values may lie further outside by so large a part of their range. */
void clp_bounds_widen(clp_bounds *bounds, double part);
/** Two passes with so large sums of weights' magnitudes; `clamped`: their result is. */
void clp_bounds_filter(clp_bounds *bounds, double y, double x, bool clamped);
void clp_bounds_matrix(clp_bounds *bounds, const clp_colour *colour);
/** Values are stored with 16 bits. */
void clp_bounds_store(clp_bounds *bounds);
/** Fraction bits with which `colour` fits 32-bit sums of values in ±512 levels; negative if none
 * do. */
int clp_matrix_shift(const clp_colour *colour);

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
/** True if from this segment on overlays are laid over the planes of a JPEG that stay such planes.
 */
bool clp_lower_covers_planes(const clp_lowering *lowering, const clp_segment *segment);
/** Runs the rest of the segments, which are stages and then overlays, on the planes. They then
 * stand in plan->output. */
clproc_status clp_lower_covered(clp_lowering *lowering, const clp_segments *segments, size_t index);
/** Makes the table of an overlay, scaled to its size in the picture, of what lies inside that: of
 * pixels, or of the samples of the covered plane. */
clproc_status clp_overlay_table(clp_lowering *lowering, clp_step *step, const clp_term *term);

/* overlay_pixels.c */
/** The scaled pixels of an overlay's term that are seen of it, `*seen` in the picture: row after
 * row as in clp_scaled. They are there until the next call, or clp_scaled_free(). */
clproc_status clp_scaled_get(clp_lowering *lowering, const clp_term *term, const clp_covered *seen,
                             const float **pixels);
/** Forgets what was scaled for the planes of a picture. */
void clp_scaled_free(clp_lowering *lowering);

/* lower_features.c */
/** How sums lie; see clp_target.features. */
clproc_status clp_features_layout(clp_layout *layout, clproc_error *error);
/** Adds the pass that makes sums of the finished picture, which only that pass needs then. */
clproc_status clp_lower_features(clp_lowering *lowering);

/** RGB to YCbCr (inverse: back), levels, from Kr and Kb so that both cancel. */
clp_colour clp_colour_ycc(bool inverse);
/** second after first */
clp_colour clp_colour_compose(const clp_colour *second, const clp_colour *first);

#endif
