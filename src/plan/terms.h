/** What the operations ask for: an ordered list of terms, each a definition in double precision.
 *
 *  Colours are in levels 0 to 255 whatever the depth. Positions are pixels of the picture as the
 * last term left it.
 */
#ifndef CLP_PLAN_TERMS_H
#define CLP_PLAN_TERMS_H

#include "core/conversion.h"
#include "core/image.h"
#include "plan/axis.h"
#include "plan/curves.h"
#include "plan/overlay.h"

typedef enum clp_term_kind {
    CLP_TERM_SPATIAL, /**< a banded matrix along each axis, then perhaps a transposition */
    CLP_TERM_COLOUR,  /**< an affine map of the colour channels */
    CLP_TERM_CURVE,   /**< one function per colour channel, on values clamped to the range */
    CLP_TERM_TABLE,   /**< the table of a conversion, on values clamped to the range */
    CLP_TERM_KERNEL   /**< none of these: a custom pass */
} clp_term_kind;

/** Affine: out[i] = Σ_j m[i][j] · in[j] + offset[i]. Alpha is not touched. */
typedef struct clp_colour {
    uint32_t in, out; /**< colour channels, 1 or 3 */
    double m[3][3];
    double offset[3]; /**< levels */
} clp_colour;

/** BT.601 luma of red and blue (Kr, Kb); green's is the rest. */
#define CLP_LUMA_RED 0.299
#define CLP_LUMA_BLUE 0.114

typedef enum clp_custom {
    CLP_CUSTOM_FLATTEN, /**< alpha over a colour; the picture loses its alpha */
    CLP_CUSTOM_UNSHARP, /**< side + amount·d where |d| ≥ threshold; d = side − in, or its luma */
    CLP_CUSTOM_HSV,     /**< clamped RGB to hue, saturation, value; parameter[0]: back */
    CLP_CUSTOM_OVERLAY, /**< another picture over the clamped one; y and x are what scales it */
    CLP_CUSTOM_OPAQUE   /**< alpha is added, opaque everywhere */
} clp_custom;

/** What the parameters of CLP_CUSTOM_UNSHARP mean. */
enum {
    CLP_UNSHARP_AMOUNT,
    CLP_UNSHARP_THRESHOLD, /**< levels */
    CLP_UNSHARP_LUMA, /**< 0: each channel by itself; 1: what all are given, or the channel below */
    CLP_UNSHARP_CHANNEL /**< the only channel that is sharpened, from 1 on; 0: all are */
};

/** What the parameters of CLP_CUSTOM_OVERLAY mean. */
enum { CLP_OVERLAY_OPACITY /**< 0 to 1 */, CLP_OVERLAY_LINEAR /**< scaled in linear light */ };

/** What the channels of a picture mean (see clp_terms_space()). */
typedef enum clp_space {
    CLP_SPACE_RGB,    /**< sRGB, or whatever the file's profile says */
    CLP_SPACE_LINEAR, /**< linear light */
    CLP_SPACE_YCC,    /**< full-range BT.601; 0 of both differences at 128 */
    CLP_SPACE_HSV,    /**< hue from 0 for red over 85 for green to 255 for red, saturation, value */
    CLP_SPACE_LAB     /**< CIE L*·255 ÷ 100, a* + 128, b* + 128, for white of D65 */
} clp_space;

typedef struct clp_term {
    clp_term_kind kind;
    const char *op; /**< the operation it came from, for --explain */
    /* SPATIAL */
    clp_axis y, x;
    bool transpose; /**< after both axes */
    double fill[4]; /**< R, G, B, alpha of what lies outside; used where rows are not normalised */
    /** σ of a Gaussian that may be replaced by its factors, 0 if none. The matrices are then empty
     * in a plan's terms and exact in a reference's. */
    double gaussian_sigma;
    double gaussian_cut; /**< how many σ it reaches to each side */
    bool side; /**< the picture before this term is the side input of the next, an unsharp mask */
    /* COLOUR */
    clp_colour colour;
    bool in_linear; /**< the map, or the unsharp mask, is of linear light */
    bool raw;       /**< the picture before it is in another space than RGB */
    /* CURVE: one table for every colour channel, or one each */
    float *curve[3];
    /** Whose curves or table these are, never NULL there; one reference. Of an overlay: what brings
     * its scaled colours to those of the picture, NULL if they are the same. */
    clp_conversion *conversion;
    /** Of the terms of a table that has an exact definition: the reference device does all of them
     * at the first. */
    enum { CLP_EXACT_NOT, CLP_EXACT_ALL, CLP_EXACT_DONE } exact;
    /* KERNEL */
    clp_custom custom;
    double parameter[4];
    clp_overlay *overlay; /**< one reference, or NULL */
    int64_t left, top;    /**< where its first pixel stands */
} clp_term;

/** What terms may come to; 0 in a field: anything. */
typedef struct clp_term_limits {
    uint64_t pixels; /**< of the picture after any term */
    uint32_t side;   /**< of it */
    uint64_t bytes;  /**< of all matrices */
    /** Of these, what there is memory for now: what needs more fails with CLPROC_ERROR_MEMORY,
     * before it is made. */
    uint64_t granted;
} clp_term_limits;

typedef struct clp_terms {
    clp_term *items;
    size_t count, capacity;
    /** The picture as the last term leaves it. */
    uint32_t width, height;
    uint32_t colours; /**< colour channels: 1 or 3 */
    bool alpha;
    uint32_t depth; /**< bits of the picture, or of what it becomes where these are more */
    /** The samples there are, and which of them the picture is: shrink-on-load rounds the samples
     * up, the box stays fractional. Without it, and after the first term that filters, the box is 0
     * to width, 0 to height. */
    uint32_t samples_x, samples_y;
    double box_x0, box_x1, box_y0, box_y1;
    /** Each term is to have passes of its own, in floats, nothing composed, the picture copied
     * between them. */
    bool apart;
    bool linear; /**< filters work in linear light; see clp_terms_linearise() */
    clp_space space;
    /** Planning, and the reference's work with the plan, fail soon after this is not 0; may be
     * NULL. It lives as long as that may go on. */
    const volatile int *cancel;
    clp_curves *curves;           /**< where those of operations are kept; may be NULL */
    const clp_overlays *overlays; /**< for operations to find theirs in; may be NULL */
    /** From sRGB to what the picture's three channels are in the end, for overlays; NULL: they are
     * sRGB. Its owner keeps it until all terms are there. */
    clp_conversion *from_srgb;
    clp_term_limits limits;  /**< see clp_terms_afford() */
    uint64_t bytes;          /**< of matrices, as estimated before they are made */
    clp_conversion *waiting; /**< see clp_terms_convert(); one reference */
    /* Facts about the list for choosing how to decode: */
    bool spatial_seen;    /**< a term that filters has been added */
    bool crop_seen;       /**< an index map other than an orientation has been added */
    bool colour_seen;     /**< a term that changes colours has been added */
    bool spatial_barrier; /**< a term that no filter may pass has been added */
    bool early_barrier;   /**< it came before any filter */
    bool gray_first;      /**< the conversion to gray came before any other change of colours */
    double first_scale; /**< of a resize that came first: source ÷ output, the smaller of both axes;
                           0 if none */
} clp_terms;

/** Starts an empty list for a decoded picture that stands for full_width × full_height pixels. */
void clp_terms_init(clp_terms *terms, const clp_layout *layout, uint32_t full_width,
                    uint32_t full_height);
void clp_terms_free(clp_terms *terms);

/** Refuses a spatial term whose result of width × height or whose matrices, of so many weights,
 * would be far beyond the limits. To be asked before anything is made of it: what comes after may
 * still crop the picture. */
clproc_status clp_terms_afford(clp_terms *terms, const char *op, uint32_t width, uint32_t height,
                               double weights, clproc_error *error);
/** Refuses a list whose result is beyond the limits. */
clproc_status clp_terms_check_result(const clp_terms *terms, clproc_error *error);
/** Appends a spatial term and takes ownership of both axes, also on failure. `fill` NULL: black,
 * transparent. */
clproc_status clp_terms_spatial(clp_terms *terms, const char *op, clp_axis *y, clp_axis *x,
                                bool transpose, const double fill[4], clproc_error *error);
/** Appends `matrix`·RGB + `offset`, fitted to the picture's channels: a gray picture stays gray
 * where all rows agree. Identities are dropped. */
clproc_status clp_terms_colour(clp_terms *terms, const char *op, const double matrix[3][3],
                               const double offset[3], clproc_error *error);
/** Appends the conversion to BT.601 luma, or, in linear light, to BT.709 luminance; nothing for a
 * gray picture. */
clproc_status clp_terms_gray(clp_terms *terms, const char *op, clproc_error *error);
/** Converts the picture from the space it is in. What follows works on those channels as they are;
 * `gray` converts back first. Where there are three channels, a gray picture gets them. */
clproc_status clp_terms_space(clp_terms *terms, const char *op, clp_space space,
                              clproc_error *error);
/** Makes a gray picture three equal channels. */
clproc_status clp_terms_expand(clp_terms *terms, const char *op, clproc_error *error);
/** Converts colours before the first term that looks at them: filters and cropping come first,
 * where they cost less, except in linear light. Retains the conversion. */
clproc_status clp_terms_convert(clp_terms *terms, clp_conversion *conversion, clproc_error *error);
/** Appends a conversion that still waits. */
clproc_status clp_terms_settle(clp_terms *terms, clproc_error *error);
/** sRGB (IEC 61966-2-1) to linear light and back, values from 0 to 1. */
double clp_srgb_decode(double value, const void *unused);
double clp_srgb_encode(double value, const void *unused);
/** Appends one function for all channels; see clp_curves_get(). */
clproc_status clp_terms_curve(clp_terms *terms, const char *op, clp_curve_function *function,
                              const void *context, size_t size, clproc_error *error);
/** By how much a map of colours may multiply an error. */
double clp_colour_gain(const clp_colour *colour);
/** How steep the curves of a term are at most, over `distance` entries of them. */
double clp_curve_slope(const clp_term *term, uint32_t distance);
/** Appends a Gaussian blur. */
clproc_status clp_terms_gaussian(clp_terms *terms, const char *op, double sigma,
                                 clproc_error *error);
/** Appends an unsharp mask of a Gaussian. `luma`: the detail of each pixel's luma (in linear light
 * its luminance) is added to every channel alike; in a space that has luma, lightness or value as a
 * channel, only that one is sharpened. Else each channel has its own detail. Alpha stays. */
clproc_status clp_terms_unsharp(clp_terms *terms, const char *op, double sigma, double amount,
                                double threshold, bool luma, clproc_error *error);
/** Weights of red, green and blue in luma, or in luminance. */
void clp_luma_weights(bool linear, double weights[3]);
/** How an unsharp mask sharpens three channels: `weights` of each one's detail in the common detail
 * (see CLP_UNSHARP_LUMA), and how much of a detail each is given. */
void clp_unsharp_weights(const clp_term *unsharp, double weights[3], double amounts[3]);
/** Appends a custom term; none where a picture has no alpha to flatten, or has what is to be added.
 */
clproc_status clp_terms_custom(clp_terms *terms, const char *op, clp_custom custom,
                               const double parameter[4], clproc_error *error);

/** Samples of a Gaussian's window (docs/numerics.md, section 3). */
uint32_t clp_gaussian_taps(const clp_term *term);
/** The matrices that define a term with gaussian_sigma, for a picture of width × height. */
clproc_status clp_term_exact_gaussian(const clp_term *term, uint32_t width, uint32_t height,
                                      clp_axis *y, clp_axis *x, clproc_error *error);

/** Puts the curves of sRGB around whatever filters, if the list is to work in linear light. */
clproc_status clp_terms_linearise(clp_terms *terms, clproc_error *error);

/** Mirrors the picture left to right, top to bottom, or both, then swaps its axes, as asked. `op`:
 * what the term is called. */
clproc_status clp_terms_turn(clp_terms *terms, const char *op, bool flip_x, bool flip_y,
                             bool transpose, clproc_error *error);
/** Index axes of an EXIF orientation (1 to 8) as a term; nothing for 1. */
clproc_status clp_terms_orient(clp_terms *terms, uint32_t orientation, clproc_error *error);

#endif
