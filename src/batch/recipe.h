/** From a file's header to the plan for its pixels, for each output. */
#ifndef CLP_BATCH_RECIPE_H
#define CLP_BATCH_RECIPE_H

#include "batch/output_set.h"
#include "ops/ops.h"
#include "plan/plan.h"

/** How to decode a picture, and what to do with it then for one of its outputs. */
typedef struct clp_recipe {
    clp_plan *plan;       /**< one reference; NULL where there is nothing to compute */
    clproc_error failure; /**< why there is no plan; status OK: none was wanted */
    /** One decode serves all outputs that have the same, or have its first planes alone. */
    clp_decode_request request;
    uint64_t needed;   /**< bytes of matrices, more than were granted; 0: all were */
    bool converted;    /**< colours are those of clp_colours_profile() */
    char problem[256]; /**< why the picture's profile was not used; "" if none was refused */
    char overlay_problem[256]; /**< why overlays are not brought to it; "" if they need not */
} clp_recipe;

/** What recipes are made from. */
typedef struct clp_recipe_source {
    clp_decoder *decoder;     /**< has the file open */
    const clp_header *header; /**< of it */
    uint64_t granted; /**< bytes that each output's matrices may take, for what needs more says so
                         in its recipe and fails; 0: any number */
    clp_curves
        *curves; /**< where those of operations are kept, set by the planner; NULL: nowhere */
} clp_recipe_source;

/** Makes the recipes of the outputs that are `wanted`, told bit by bit; those of the others are
 * empty. They start from one decode, whichever of them are made; where some need the picture as RGB
 * and others its planes, from two. Features have a decode of their own, as small as they take it:
 * what they come to does not depend on other outputs. What fails for one output alone is told in
 * its recipe. */
clproc_status clp_recipes_make(clp_recipe *recipes, const clp_output_set *outputs, uint32_t wanted,
                               const clp_recipe_source *source, clproc_error *error);
void clp_recipes_release(clp_recipe *recipes, uint32_t count);

/** EXIF orientation of a picture that is to be turned upright; 1 where the run leaves it alone. */
uint32_t clp_recipe_orientation(const clproc_run_params *params, const clp_header *header);

/** Fails unless the decoder's samples for the file it has open will lie as the plan's input. */
clproc_status clp_recipe_check_layout(const clp_recipe *recipe, clp_decoder *decoder,
                                      clproc_error *error);

#endif
