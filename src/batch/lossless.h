/** Pictures that go through without their pixels being decoded: copied whole, with other metadata,
 * or with a JPEG's blocks in other places. */
#ifndef CLP_BATCH_LOSSLESS_H
#define CLP_BATCH_LOSSLESS_H

#include "batch/output_set.h"

/** What of a file stays as it is stored. */
typedef enum clp_kept {
    CLP_KEPT_NOTHING, /**< it is decoded and encoded */
    CLP_KEPT_FILE,
    CLP_KEPT_PIXELS, /**< all but its metadata */
    CLP_KEPT_BLOCKS  /**< of a JPEG; they move */
} clp_kept;

/** Refuses what --lossless cannot do, by name. */
clproc_status clp_lossless_check(const clproc_run_params *params, clproc_error *error);
/** True if some pictures of the run may keep something. */
bool clp_lossless_possible(const clproc_run_params *params);
/** True if all of them that keep their format and need not be turned are copied whole. */
bool clp_lossless_copies(const clproc_run_params *params);
/** Settles what a picture keeps in an output; nothing where that fails. `*move` is filled for
 * CLP_KEPT_BLOCKS. */
clproc_status clp_lossless_choose(const clp_output *output, const clp_header *header,
                                  clp_kept *kept, clp_move *move, clproc_error *error);
/** Says in words what becomes of such a picture, for --explain. */
void clp_lossless_explain(const clp_header *header, clp_kept kept, const clp_move *move, FILE *out);

#endif
