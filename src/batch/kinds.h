/** Kinds of metadata, and which of them an output gets. */
#ifndef CLP_BATCH_KINDS_H
#define CLP_BATCH_KINDS_H

#include "core/error.h"

/** What --strip or --keep come to. */
typedef struct clp_kinds {
    uint32_t blocks; /**< of EXIF, XMP, IPTC, the profile and the texts: those that stay whole */
    uint32_t parts;  /**< what is picked out of the others, for it stands in several of them */
    bool place;      /**< stays in what stays whole */
} clp_kinds;

clp_kinds clp_kinds_of(const clproc_run_params *params);
/** True if nothing is left out that could be kept. */
bool clp_kinds_are_all(const clproc_run_params *params);
/** Refuses --strip beside --keep. */
clproc_status clp_kinds_check(const clproc_run_params *params, clproc_error *error);

#endif
