/** What of a file's metadata goes into its output. */
#ifndef CLP_BATCH_METADATA_H
#define CLP_BATCH_METADATA_H

#include "batch/planner.h"

/** A picture's metadata on its way from decoder to encoder; used again for picture after picture.
 * Zero-initialise; release with clp_metadata_free(). */
typedef struct clp_metadata {
    clp_bytes exif, icc, xmp, iptc;
    clp_blocks blocks; /**< lie in the bytes above */
    clp_colour_facts colour;
    char warning[256]; /**< what was dropped though nobody asked for it; "" if nothing */
    bool flawed;       /**< and it was the file's fault */
} clp_metadata;

/** Copies and edits the metadata of a file for the output of a recipe. A broken block is dropped
 * with a warning. */
clproc_status clp_metadata_make(clp_metadata *metadata, const clp_header *header,
                                const clproc_run_params *params, const clp_recipe *recipe,
                                const clp_colours *colours, clproc_error *error);
void clp_metadata_free(clp_metadata *metadata);

#endif
