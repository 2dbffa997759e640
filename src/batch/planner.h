/** Recipes made lately: pictures of the same kind share one plan. */
#ifndef CLP_BATCH_PLANNER_H
#define CLP_BATCH_PLANNER_H

#include "batch/recipe.h"

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
clproc_status clp_planner_find(clp_planner *planner, const clp_recipe_source *source,
                               uint32_t wanted, clp_recipe *recipes, bool *made,
                               clproc_error *error);

#endif
