/** From a file's header to the plan for its pixels; pictures of the same kind share one plan. */
#ifndef CLP_BATCH_PLANNER_H
#define CLP_BATCH_PLANNER_H

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

/** Makes the recipes of the outputs that are `wanted`, told bit by bit, for the file that `decoder`
 * has open; those of the others are empty. They start
 * from one decode, whichever of them are made; where some need the picture as RGB and others its
 * planes, from two. Features have a decode of their own, as small as they take it: what they come
 * to does not depend on other outputs. What fails for one output alone is told in its recipe.
 * `granted`: bytes that each output's matrices may take, for what needs more says so in its recipe
 * and fails; 0: any number. */
clproc_status clp_recipes_make(clp_recipe *recipes, const clp_output_set *outputs, uint32_t wanted,
                               clp_decoder *decoder, const clp_header *header, uint64_t granted,
                               clproc_error *error);
void clp_recipes_release(clp_recipe *recipes, uint32_t count);

/** The bound of a run's memory: what was asked for, else a quarter of what there is. */
uint64_t clp_run_memory(const clproc_run_params *params);
/** The most bytes of a file, whatever its format and sides. */
uint64_t clp_run_file_bytes(const clproc_run_params *params);

/** EXIF orientation of a picture that is to be turned upright; 1 where the run leaves it alone. */
uint32_t clp_recipe_orientation(const clproc_run_params *params, const clp_header *header);

/** Fails unless the decoder's samples for the file it has open will lie as the plan's input. */
clproc_status clp_recipe_check_layout(const clp_recipe *recipe, clp_decoder *decoder,
                                      clproc_error *error);

/** Recipes made lately, for all threads of a run. */
typedef struct clp_planner clp_planner;

/** Outputs must live as long. */
clproc_status clp_planner_create(clp_planner **planner, const clp_output_set *outputs,
                                 clproc_error *error);
/** The plan that moves most bytes, in one line, and how many there are; "" for none. For use after
 * the run. */
void clp_planner_summary(const clp_planner *planner, char *text, size_t size);
void clp_planner_destroy(clp_planner **planner);
/** As clp_recipes_make(), unless they are known already (`*made` false). Any thread; only threads
 * that want the same recipes wait for each other. Give them back with clp_recipes_release(). */
clproc_status clp_planner_find(clp_planner *planner, clp_decoder *decoder, const clp_header *header,
                               uint32_t wanted, uint64_t granted, clp_recipe *recipes, bool *made,
                               clproc_error *error);

#endif
