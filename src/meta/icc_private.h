/** What the files that make colour conversions share. */
#ifndef CLP_META_ICC_PRIVATE_H
#define CLP_META_ICC_PRIVATE_H

#include <lcms2.h>

#include "meta/meta.h"

/* -------------------------------------------------- icc_memory.c */

/** A context of Little CMS with all that is made in it. */
typedef struct clp_icc_memory clp_icc_memory;

clproc_status clp_icc_memory_open(clp_icc_memory **memory, clproc_error *error);
/** Profiles, curves and transforms go with it, however far they have come. */
void clp_icc_memory_close(clp_icc_memory **memory);
cmsContext clp_icc_context(const clp_icc_memory *memory);
/** Calls `step`, which may call Little CMS in this memory's context. Where memory ends, the step is
 * left at once, with CLPROC_ERROR_MEMORY: Little CMS itself would take a profile for broken, or go
 * on with what it has not got. Then only clp_icc_memory_close() may follow, so whatever a step
 * takes besides must be found in `state`. */
clproc_status clp_icc_attempt(clp_icc_memory *memory,
                              clproc_status (*step)(void *state, clproc_error *error), void *state,
                              clproc_error *error);

/* ------------------------------------------------- icc_convert.c */

/** What a conversion is made from. */
typedef struct clp_icc_sampler {
    clp_icc_memory *memory;
    clp_bytes srgb[2]; /**< profiles of ours in the places of source and target */
    cmsHPROFILE source, target;
    cmsHPROFILE light;       /**< the target without its curves; NULL if it has none */
    cmsHTRANSFORM transform; /**< to the target */
    cmsHTRANSFORM to_light;  /**< to its linear light, not clipped; NULL without `light` */
    cmsHTRANSFORM to_plain;  /**< the same without black point compensation, relative to white */
    clproc_intent intent;
    uint32_t in;
} clp_icc_sampler;

/** What Little CMS makes of one colour, by a transform of the sampler's. */
void clp_icc_sample_by(const clp_icc_sampler *s, cmsHTRANSFORM transform, const double in[4],
                       double out[3]);
/** To the target, and within reason. */
void clp_icc_sample(const clp_icc_sampler *s, const double in[4], double out[3]);
/** The columns of a profile's matrix; false if it has none. */
bool clp_icc_matrix(cmsHPROFILE profile, double m[3][3]);
/** Samples a profile's curves, or their inverses. False if it has none. */
bool clp_icc_curves(cmsHPROFILE profile, bool inverse, float *const curves[3]);
/** One curve for all where the three are the same. */
void clp_icc_unite(float *curves[3]);
/** result = inverse(a) · b; false where a has none. */
bool clp_icc_divide(const double a[3][3], const double b[3][3], double result[3][3]);

/* --------------------------------------------------- icc_table.c */

/** Makes a conversion's table; `s` NULL: for inks without a profile. */
clproc_status clp_icc_make_table(const clp_icc_sampler *s, clp_conversion *made,
                                 clproc_error *error);

#endif
