/** What a run makes of each picture: one output or several, all of them from one decode. */
#ifndef CLP_BATCH_OUTPUT_SET_H
#define CLP_BATCH_OUTPUT_SET_H

#include "batch/colours.h"
#include "batch/names.h"
#include "core/jpeg_package.h"
#include "plan/overlay.h"

typedef struct clp_output {
    /** The run's, with this output's own in their places. `outputs` there are all of the run's,
     * this one among them; none where it is the only one. */
    clproc_run_params params;
    clp_names *names; /**< NULL if nothing is written */
    clp_colours *colours;
    const clp_overlays *overlays; /**< the set's */
    jpeg_encode_tables tables;    /**< of its quality, for the device's codec */
    bool has_tables;
    bool features; /**< of each picture are wanted, and no file */
} clp_output;

/** What a run makes of each picture: bits. */
enum { CLP_MAKES_FILES = 1, CLP_MAKES_FEATURES = 2 };

/** Zero-initialise; release with clp_output_set_free(). */
typedef struct clp_output_set {
    clp_output *each; /**< files first, in their order; features are the last */
    uint32_t count, file_count;
    clproc_output *settings;            /**< of those that are files */
    clproc_pipeline *features_pipeline; /**< to the picture that features are of */
    clp_claims *claims;
    clp_overlays overlays; /**< of all */
} clp_output_set;

/** Understands names, formats and profiles, reads overlays; makes nothing on disk. Params must live
 * as long. `makes`: CLP_MAKES_… Features are the same beside files of whatever settings: only
 * limits and bounds of memory are the run's. */
clproc_status clp_output_set_make(clp_output_set *outputs, const clproc_run_params *params,
                                  uint32_t makes, clproc_error *error);
void clp_output_set_free(clp_output_set *outputs);

/** The format of an output of a picture stored as `stored`. */
clproc_format clp_output_format(const clp_output *output, clproc_format stored);

#endif
