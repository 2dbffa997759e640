/** Curves of operations, sampled once for a run: pictures of many sizes have a plan each, and to
 * sample a curve takes longer than to process a small picture. */
#ifndef CLP_PLAN_CURVES_H
#define CLP_PLAN_CURVES_H

#include "core/conversion.h"

/** A function of [0, 1]; what is beyond that in its result is cut off. */
typedef double clp_curve_function(double value, const void *context);

/** Curves sampled so far. Any thread. */
typedef struct clp_curves clp_curves;

clproc_status clp_curves_create(clp_curves **curves, clproc_error *error);
/** Sets *curves to NULL; NULL is allowed. */
void clp_curves_destroy(clp_curves **curves);
/** A conversion of one channel that has the function as `before`, with one reference for the
 * caller. Curves are equal if function and the `size` bytes of context are. With `curves` NULL each
 * is made anew. */
clproc_status clp_curves_get(clp_curves *curves, clp_curve_function *function, const void *context,
                             size_t size, clp_conversion **conversion, clproc_error *error);

#endif
