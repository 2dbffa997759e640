#include "batch/planner.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"

/** Recipes kept. A camera's folder needs a few; a folder of all sizes remakes them. */
#define KEPT 64
/** And the bytes of their tables: those of colour conversions are large. */
#define KEPT_BYTES ((size_t)64 << 20)

/** All that a recipe depends on besides the run's parameters. Compared as bytes. */
typedef struct recipe_key {
    uint32_t stored, format; /**< clproc_format */
    uint32_t width, height, model, depth, orientation;
    uint32_t component_count;
    uint8_t h_samp[4], v_samp[4];
    clp_colour_key colours;
} recipe_key;

typedef enum entry_state { ENTRY_FREE, ENTRY_PENDING, ENTRY_READY } entry_state;

typedef struct entry {
    recipe_key key;
    entry_state state;
    uint64_t used; /**< when, by the planner's count */
    clp_recipe recipe;
} entry;

struct clp_planner {
    const clproc_run_params *params;
    clp_colours *colours;
    pthread_mutex_t lock;
    pthread_cond_t settled; /**< an entry is pending no more */
    uint64_t uses;
    entry entries[KEPT];
};

clproc_status clp_planner_create(clp_planner **planner, const clproc_run_params *params,
                                 clproc_error *error) {
    clp_planner *made = clp_memory_zero(CLP_MEMORY_PLAN, 1, sizeof *made);
    *planner = made;
    if (!made) {
        return clp_error_memory(error, "the plans", sizeof *made);
    }
    made->params = params;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->settled, NULL);
    clproc_status status = clp_colours_create(&made->colours, params, error);
    if (status != CLPROC_OK) {
        clp_planner_destroy(planner);
    }
    return status;
}

const clp_colours *clp_planner_colours(const clp_planner *planner) {
    return planner->colours;
}

void clp_planner_destroy(clp_planner **planner) {
    if (*planner) {
        for (size_t i = 0; i < KEPT; i++) {
            clp_plan_release(&(*planner)->entries[i].recipe.plan);
        }
        clp_colours_destroy(&(*planner)->colours);
        pthread_cond_destroy(&(*planner)->settled);
        pthread_mutex_destroy(&(*planner)->lock);
        clp_memory_free(*planner);
        *planner = NULL;
    }
}

void clp_planner_summary(const clp_planner *planner, char *text, size_t size) {
    char line[512];
    uint64_t most = 0;
    size_t count = 0;
    text[0] = '\0';
    for (size_t i = 0; planner && i < KEPT; i++) {
        const entry *one = &planner->entries[i];
        if (one->state != ENTRY_READY) {
            continue;
        }
        count++;
        uint64_t bytes = clp_plan_traffic(one->recipe.plan);
        clp_plan_summary(one->recipe.plan, line, sizeof line);
        /* Whichever thread came first, the same run names the same plan. */
        if (bytes > most || (bytes == most && strcmp(line, text) > 0)) {
            most = bytes;
            snprintf(text, size, "%s", line);
        }
    }
    if (count > 1) {
        size_t used = strlen(text);
        snprintf(text + used, size - used, "; the largest of %zu plans", count);
    }
}

static recipe_key make_key(const clp_planner *planner, const clp_header *header,
                           clproc_format format, uint32_t orientation) {
    recipe_key key;
    memset(&key, 0, sizeof key);
    key.stored = header->format;
    key.format = format;
    key.width = header->width;
    key.height = header->height;
    key.model = header->model;
    key.depth = header->depth;
    key.orientation = orientation;
    key.component_count = header->component_count;
    memcpy(key.h_samp, header->h_samp, sizeof key.h_samp);
    memcpy(key.v_samp, header->v_samp, sizeof key.v_samp);
    key.colours = clp_colours_key(planner->colours, header);
    return key;
}

static entry *look_up(clp_planner *planner, const recipe_key *key) {
    for (size_t i = 0; i < KEPT; i++) {
        entry *one = &planner->entries[i];
        if (one->state != ENTRY_FREE && memcmp(&one->key, key, sizeof *key) == 0) {
            return one;
        }
    }
    return NULL;
}

/** A free entry, or the one used longest ago; NULL if all are pending. */
static entry *oldest(clp_planner *planner) {
    entry *found = NULL;
    for (size_t i = 0; i < KEPT; i++) {
        entry *one = &planner->entries[i];
        if (one->state == ENTRY_FREE) {
            return one;
        }
        if (one->state == ENTRY_READY && (!found || one->used < found->used)) {
            found = one;
        }
    }
    return found;
}

/** Lets go of recipes, the one used longest ago first, while their tables are too large together.
 */
static void trim(clp_planner *planner) {
    for (;;) {
        entry *found = NULL;
        size_t bytes = 0;
        for (size_t i = 0; i < KEPT; i++) {
            entry *one = &planner->entries[i];
            if (one->state == ENTRY_READY) {
                bytes += one->recipe.plan->table_bytes;
                found = !found || one->used < found->used ? one : found;
            }
        }
        if (bytes <= KEPT_BYTES) {
            return;
        }
        clp_plan_release(&found->recipe.plan);
        found->state = ENTRY_FREE;
    }
}

clproc_status clp_planner_find(clp_planner *planner, clp_decoder *decoder, const clp_header *header,
                               clproc_format format, clp_recipe *recipe, bool *made,
                               clproc_error *error) {
    uint32_t orientation = clp_recipe_orientation(planner->params, header);
    recipe_key key = make_key(planner, header, format, orientation);
    entry *found;
    *made = false;
    pthread_mutex_lock(&planner->lock);
    while ((found = look_up(planner, &key)) && found->state == ENTRY_PENDING) {
        pthread_cond_wait(&planner->settled, &planner->lock);
    }
    if (found) {
        found->used = ++planner->uses;
        *recipe = found->recipe;
        clp_plan_retain(recipe->plan);
        pthread_mutex_unlock(&planner->lock);
        return CLPROC_OK;
    }
    found = oldest(planner);
    if (found) {
        clp_plan_release(&found->recipe.plan);
        found->key = key;
        found->state = ENTRY_PENDING;
    }
    pthread_mutex_unlock(&planner->lock);

    clproc_status status = clp_recipe_make(recipe, planner->params, planner->colours, decoder,
                                           header, format, orientation, error);
    *made = status == CLPROC_OK;

    pthread_mutex_lock(&planner->lock);
    if (found) {
        /* After a failure each thread tries by itself, for an error of its own. */
        found->state = *made ? ENTRY_READY : ENTRY_FREE;
        found->used = ++planner->uses;
        found->recipe = *recipe;
        if (*made) {
            clp_plan_retain(recipe->plan);
            trim(planner);
        }
    }
    pthread_cond_broadcast(&planner->settled);
    pthread_mutex_unlock(&planner->lock);
    return status;
}
