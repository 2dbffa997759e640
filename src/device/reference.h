/** The reference's picture, and what is done to its colours. Everything is in levels 0 to 255,
 * planar, in double precision. */
#ifndef CLP_DEVICE_REFERENCE_H
#define CLP_DEVICE_REFERENCE_H

#include "plan/plan.h"

typedef struct clp_exact_plane {
    double *v;
    uint32_t width, height;
    uint32_t h_step, v_step;
} clp_exact_plane;

/** A picture under way: colours first, then alpha. */
typedef struct clp_exact_picture {
    clp_exact_plane planes[4];
    clp_model model;
    double white; /**< of the deeper one of source and result, at the end of the result: 255 or
                     65535. Of half a level of alpha and less no colour is left */
    bool premultiplied;
    uint32_t width, height;     /**< pixels */
    const volatile int *cancel; /**< the plan's */
} clp_exact_picture;

/* reference.c */
uint32_t clp_exact_planes(const clp_exact_picture *picture);
/** A plane of zeros with steps of 1. */
clproc_status clp_exact_make(clp_exact_plane *plane, uint32_t width, uint32_t height,
                             clproc_error *error);
void clp_exact_free(clp_exact_plane *plane);

/* reference_spatial.c */
/** Runs a spatial term on a plane. `fill`: of what lies outside. */
clproc_status clp_exact_spatial(clp_exact_plane *plane, const clp_term *term, double fill,
                                const volatile int *cancel, clproc_error *error);
/** True if no row of a spatial term reaches outside. */
bool clp_exact_is_whole(const clp_term *term);
/** True if a spatial term filters nothing: each result is a sample, or the fill. */
bool clp_exact_moves(const clp_term *term);
/** Gives a plane all pixels of a picture, as libjpeg's fancy upsampling does, in real numbers. */
clproc_status clp_exact_upsample(clp_exact_plane *plane, uint32_t width, uint32_t height,
                                 clproc_error *error);
/** Leaves the samples of the plane `to`: means of blocks, the last pixel repeated. Nothing for a
 * plane that has the steps of `to`. */
clproc_status clp_exact_downsample(clp_exact_plane *plane, const clp_plane *to,
                                   clproc_error *error);
/** Runs terms that move pixels of a width × height picture about, on the samples of one plane;
 * `*done`: that is possible, since blocks of pixels move as a whole and `to` has the same. */
clproc_status clp_exact_move(clp_exact_plane *plane, const clp_term *const *terms, size_t count,
                             uint32_t width, uint32_t height, const clp_plane *to, double fill,
                             bool *done, clproc_error *error);

/* reference_overlay.c */
/** Lays another picture over one that is not in YCbCr planes. */
clproc_status clp_exact_overlay(clp_exact_picture *picture, const clp_term *term,
                                clproc_error *error);
/** Lays it over planes that lie as `layout` says, each by itself. */
clproc_status clp_exact_overlay_planes(clp_exact_picture *picture, const clp_term *term,
                                       const clp_layout *layout, clproc_error *error);

/* reference_colour.c */
/** NULL if there is none. */
double *clp_exact_alpha(const clp_exact_picture *picture);
void clp_exact_clamp(clp_exact_picture *picture);
clproc_status clp_exact_colour(clp_exact_picture *picture, const clp_colour *colour,
                               clproc_error *error);
/** To premultiplied alpha, or back. */
void clp_exact_premultiply(clp_exact_picture *picture, bool wanted);
void clp_exact_flatten(clp_exact_picture *picture, const double ground[3]);
/** One colour from R, G, B to Y, Cb, Cr, in levels. */
void clp_exact_to_ycc(double colour[3]);
/** From YCbCr planes to clamped RGB; subsampled ones first get all pixels. */
clproc_status clp_exact_to_rgb(clp_exact_picture *picture, clproc_error *error);
/** From RGB, clamped first, to full-size YCbCr planes. */
void clp_exact_from_rgb(clp_exact_picture *picture);
/** Runs a pointwise term on a picture without subsampled planes. */
clproc_status clp_exact_point(clp_exact_picture *picture, const clp_term *term,
                              clproc_error *error);
/* reference_features.c */
/** The sums that core/feature_sums.h tells of, of a picture in 8 bits. */
void clp_exact_features(const clp_layout *layout, const uint8_t *picture, const clp_layout *output,
                        uint8_t *sums);

/** `picture` is `side` blurred: makes it `side` with its detail amplified. `luma_plane`: of YCbCr
 * planes the first alone. */
void clp_exact_unsharp(clp_exact_picture *picture, const clp_exact_picture *side,
                       const clp_term *term, bool luma_plane);

#endif
