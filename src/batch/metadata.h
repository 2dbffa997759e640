/** What of a file's metadata goes into its output. */
#ifndef CLP_BATCH_METADATA_H
#define CLP_BATCH_METADATA_H

#include "batch/recipe.h"

/** Texts as a format has them; used again for picture after picture. Zero-initialise. */
typedef struct clp_notes_result {
    clp_bytes list;    /**< see clp_notes_next() */
    clp_bytes text;    /**< scratch */
    char dropped[128]; /**< the first that had no room; "" if none */
} clp_notes_result;

/** Copies a file's texts for an output in `format`, but those that are stripped or stale. */
clproc_status clp_notes_convert(const clp_header *header, const clproc_run_params *params,
                                clproc_format format, clp_notes_result *result,
                                clproc_error *error);
void clp_notes_free(clp_notes_result *result);

/** A picture's metadata on its way from decoder to encoder; used again for picture after picture.
 * Zero-initialise; release with clp_metadata_free(). */
typedef struct clp_metadata {
    clp_bytes exif, icc, xmp, iptc;
    clp_bytes picked;  /**< EXIF of a TIFF file's directories */
    clp_bytes wrapped; /**< and IPTC of its own tag */
    clp_notes_result notes;
    clp_blocks blocks; /**< lie in the bytes above */
    clp_colour_facts colour;
    char warning[512]; /**< what was dropped without being asked for; "" if nothing */
    bool flawed;       /**< and it was the file's fault */
} clp_metadata;

/** The output that metadata is made for. */
typedef struct clp_metadata_target {
    clproc_format format;
    uint32_t width, height;
    uint32_t channels; /**< of colours: 1 gray, 3 RGB, 4 inks */
    clp_space space;
    bool transposed;     /**< its rows are the file's columns */
    bool as_stored;      /**< pixels that EXIF turns are not turned: the tag goes on doing that */
    bool converted;      /**< its colours are those of the run's profile */
    const char *problem; /**< why the file's profile was not used; "" if none was refused */
    const char *overlay_problem; /**< why overlays are not brought to it; NULL or "": they are */
} clp_metadata_target;

/** The output of a recipe. */
clp_metadata_target clp_metadata_target_of(const clp_recipe *recipe);

/** Copies and edits the metadata of a file for an output. A broken block is dropped with a warning.
 */
clproc_status clp_metadata_make(clp_metadata *metadata, const clp_header *header,
                                const clproc_run_params *params, const clp_metadata_target *target,
                                const clp_colours *colours, clproc_error *error);
void clp_metadata_free(clp_metadata *metadata);

#endif
