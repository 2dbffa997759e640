/** From a file's header to the plan for its pixels; pictures of the same kind share one plan. */
#ifndef CLP_BATCH_PLANNER_H
#define CLP_BATCH_PLANNER_H

#include "batch/colours.h"
#include "ops/ops.h"
#include "plan/plan.h"

/** How to decode a picture, and what to do with it then. */
typedef struct clp_recipe {
    clp_plan *plan; /**< one reference */
    clp_decode_request request;
    bool converted;    /**< colours are those of clp_colours_profile() */
    char problem[256]; /**< why the picture's profile was not used; "" if none was refused */
} clp_recipe;

/** Makes a recipe for the file that `decoder` has open. `format`: of the output. `orientation`: as
 * EXIF numbers it; 1 leaves the picture as it is. */
clproc_status clp_recipe_make(clp_recipe *recipe, const clproc_run_params *params,
                              clp_colours *colours, clp_decoder *decoder, const clp_header *header,
                              clproc_format format, uint32_t orientation, clproc_error *error);

/** The bound of a run's memory: what was asked for, else a quarter of what there is. */
uint64_t clp_run_memory(const clproc_run_params *params);

/** EXIF orientation of a picture that is to be turned upright; 1 where the run leaves it alone. */
uint32_t clp_recipe_orientation(const clproc_run_params *params, const clp_header *header);

/** Fails unless the decoder's samples for the file it has open will lie as the plan's input. */
clproc_status clp_recipe_check_layout(const clp_recipe *recipe, clp_decoder *decoder,
                                      clproc_error *error);

/** Recipes made lately, for all threads of a run. */
typedef struct clp_planner clp_planner;

/** Params must live as long. */
clproc_status clp_planner_create(clp_planner **planner, const clproc_run_params *params,
                                 clproc_error *error);
/** The run's colours; valid as long as the planner. */
const clp_colours *clp_planner_colours(const clp_planner *planner);
/** The plan that moves most bytes, in one line, and how many there are; "" for none. For use after
 * the run. */
void clp_planner_summary(const clp_planner *planner, char *text, size_t size);
void clp_planner_destroy(clp_planner **planner);
/** As clp_recipe_make(), unless it is known already (`*made` false). Any thread; only threads that
 * want the same recipe wait for each other. Give the plan back with clp_plan_release(). */
clproc_status clp_planner_find(clp_planner *planner, clp_decoder *decoder, const clp_header *header,
                               clproc_format format, clp_recipe *recipe, bool *made,
                               clproc_error *error);

#endif
