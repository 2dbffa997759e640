/** Shared by the operations. */
#ifndef CLP_OPS_OPS_PRIVATE_H
#define CLP_OPS_OPS_PRIVATE_H

#include "ops/ops.h"

/** Every operation of ops.def. */
#define OP(name) extern const clp_op clp_op_##name;
#include "ops/ops.def"
#undef OP

/** What a word means, beginning with place `*from` of the table, which moves on; NULL for nothing
 * more. */
const char *clp_ops_synonym(const char *said, size_t *from);

/** Where something smaller stands in something larger: the choices of every `gravity` parameter. */
extern const char *const clp_gravities[];

/** Offset of a length `inner` in a length `outer` (either may be the larger) for a choice of
 * clp_gravities. */
int64_t clp_gravity_offset(double gravity, bool vertical, uint32_t outer, uint32_t inner);
/** The same, so far from the edges that the gravity names, or as far as there is room. */
int64_t clp_gravity_offset_inside(double gravity, bool vertical, uint32_t outer, uint32_t inner,
                                  double margin);

/** Gives a gray picture three channels, if the colour that is to come beside or behind it is not a
 * gray. */
clproc_status clp_ops_ground(clp_terms *terms, const char *op, const double colour[3],
                             clproc_error *error);

/** Appends the index term that leaves width × height pixels starting at (x, y), which may lie
 * outside. */
clproc_status clp_ops_window(clp_terms *terms, const char *op, int64_t x, int64_t y, uint32_t width,
                             uint32_t height, const double fill[4], clproc_error *error);

/** The size a SIZE parameter asks of a picture of width × height, free sides by proportion, at
 * least 1 × 1. Fails for sizes beyond 2^31. */
clproc_status clp_ops_size(const clp_value *size, uint32_t width, uint32_t height,
                           double *out_width, double *out_height, clproc_error *error);

#endif
