#include "batch/planner.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "batch/bounds.h"
#include "core/memory.h"

/** Recipes kept. A camera's folder needs a few; one of pictures from everywhere has hundreds of
 * sizes. */
#define KEPT 512
/** And so many bytes of their tables, matrices and conversions, those of overlays and profiles are
 * large; but no more than this part of what pictures may hold. */
#define KEPT_BYTES ((uint64_t)64 << 20)
#define KEPT_PART 16

/** All that the recipes of a picture depend on besides the run's parameters. Compared as bytes. */
typedef struct recipe_key {
    uint32_t stored; /**< clproc_format */
    uint32_t width, height, model, depth, orientation;
    uint32_t wanted; /**< outputs, bit by bit */
    uint32_t component_count;
    uint8_t h_samp[4], v_samp[4];
    clp_colour_key colours[CLPROC_MAX_OUTPUTS];
} recipe_key;

typedef enum entry_state { ENTRY_FREE, ENTRY_PENDING, ENTRY_READY } entry_state;

typedef struct entry {
    recipe_key key;
    entry_state state;
    uint64_t used;       /**< when, by the planner's count */
    clp_recipe *recipes; /**< one for each output */
} entry;

struct clp_planner {
    const clp_output_set *outputs;
    uint64_t most_bytes; /**< of tables kept */
    clp_curves *curves;
    pthread_mutex_t lock;
    pthread_cond_t settled; /**< an entry is pending no more */
    uint64_t uses;
    entry entries[KEPT];
};

clproc_status clp_planner_create(clp_planner **planner, const clp_output_set *outputs,
                                 clproc_error *error) {
    clp_planner *made = clp_memory_zero(CLP_MEMORY_PLAN, 1, sizeof *made);
    *planner = made;
    if (!made) {
        return clp_error_memory(error, "the plans", sizeof *made);
    }
    if (clp_curves_create(&made->curves, error) != CLPROC_OK) {
        clp_memory_free(made);
        *planner = NULL;
        return CLPROC_ERROR_MEMORY;
    }
    made->outputs = outputs;
    made->most_bytes = clp_run_memory(&outputs->each[0].params) / KEPT_PART;
    made->most_bytes = made->most_bytes < KEPT_BYTES ? made->most_bytes : KEPT_BYTES;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->settled, NULL);
    return CLPROC_OK;
}

/** Forgets what an entry holds. */
static void empty(const clp_planner *planner, entry *one) {
    if (one->recipes) {
        clp_recipes_release(one->recipes, planner->outputs->count);
        clp_memory_free(one->recipes);
        one->recipes = NULL;
    }
    one->state = ENTRY_FREE;
}

void clp_planner_destroy(clp_planner **planner) {
    if (*planner) {
        for (size_t i = 0; i < KEPT; i++) {
            empty(*planner, &(*planner)->entries[i]);
        }
        clp_curves_destroy(&(*planner)->curves);
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
        for (uint32_t k = 0; one->state == ENTRY_READY && k < planner->outputs->count; k++) {
            const clp_plan *plan = one->recipes[k].plan;
            if (!plan) {
                continue;
            }
            count++;
            uint64_t bytes = clp_plan_traffic(plan);
            clp_plan_summary(plan, line, sizeof line);
            /* Whichever thread came first, the same run names the same plan. */
            if (bytes > most || (bytes == most && strcmp(line, text) > 0)) {
                most = bytes;
                snprintf(text, size, "%s", line);
            }
        }
    }
    if (count > 1) {
        size_t used = strlen(text);
        snprintf(text + used, size - used, "; the largest of %zu plans", count);
    }
}

static recipe_key make_key(const clp_planner *planner, const clp_header *header,
                           uint32_t orientation, uint32_t wanted) {
    recipe_key key;
    memset(&key, 0, sizeof key);
    key.stored = header->format;
    key.width = header->width;
    key.height = header->height;
    key.model = header->model;
    key.depth = header->depth;
    key.orientation = orientation;
    key.wanted = wanted;
    key.component_count = header->component_count;
    memcpy(key.h_samp, header->h_samp, sizeof key.h_samp);
    memcpy(key.v_samp, header->v_samp, sizeof key.v_samp);
    for (uint32_t i = 0; i < planner->outputs->count; i++) {
        key.colours[i] = clp_colours_key(planner->outputs->each[i].colours, header);
    }
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

static uint64_t bytes_of(const clp_planner *planner, const entry *one) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < planner->outputs->count; i++) {
        const clp_plan *plan = one->recipes[i].plan;
        bytes += plan ? clp_plan_bytes(plan) + clp_plan_shared_bytes(plan) : 0;
    }
    return bytes;
}

/** Lets go of recipes, the one used longest ago first, while they are too large together. */
static void trim(clp_planner *planner) {
    for (;;) {
        entry *found = NULL;
        uint64_t bytes = 0;
        for (size_t i = 0; i < KEPT; i++) {
            entry *one = &planner->entries[i];
            if (one->state == ENTRY_READY) {
                bytes += bytes_of(planner, one);
                found = !found || one->used < found->used ? one : found;
            }
        }
        if (!found || bytes <= planner->most_bytes) {
            return;
        }
        empty(planner, found);
    }
}

/** Copies recipes, with a reference to each plan. */
static void share(const clp_planner *planner, clp_recipe *to, const clp_recipe *from) {
    for (uint32_t i = 0; i < planner->outputs->count; i++) {
        to[i] = from[i];
        if (to[i].plan) {
            clp_plan_retain(to[i].plan);
        }
    }
}

/** Keeps recipes in an entry, also where an output's cannot be made; without memory each thread
 * makes its own. With the lock held. */
static void keep(clp_planner *planner, entry *one, const clp_recipe *recipes, bool made) {
    uint32_t count = planner->outputs->count;
    for (uint32_t i = 0; i < count; i++) {
        /* Another time there may be memory, or more is granted, or no stop. */
        clproc_status failed = recipes[i].failure.status;
        made = made && failed != CLPROC_ERROR_MEMORY && failed != CLPROC_ERROR_CANCELLED;
    }
    one->recipes = made ? clp_memory_zero(CLP_MEMORY_PLAN, count, sizeof *one->recipes) : NULL;
    one->state = one->recipes ? ENTRY_READY : ENTRY_FREE;
    one->used = ++planner->uses;
    if (one->recipes) {
        share(planner, one->recipes, recipes);
        trim(planner);
    }
}

clproc_status clp_planner_find(clp_planner *planner, const clp_recipe_source *source,
                               uint32_t wanted, clp_recipe *recipes, bool *made,
                               clproc_error *error) {
    /* All outputs turn a picture alike, but for features, which are the last and always turn. */
    const clp_output *last = &planner->outputs->each[planner->outputs->count - 1];
    uint32_t orientation = clp_recipe_orientation(&last->params, source->header);
    recipe_key key = make_key(planner, source->header, orientation, wanted);
    entry *found;
    *made = false;
    pthread_mutex_lock(&planner->lock);
    while ((found = look_up(planner, &key)) && found->state == ENTRY_PENDING) {
        pthread_cond_wait(&planner->settled, &planner->lock);
    }
    if (found) {
        found->used = ++planner->uses;
        share(planner, recipes, found->recipes);
        pthread_mutex_unlock(&planner->lock);
        return CLPROC_OK;
    }
    found = oldest(planner);
    if (found) {
        empty(planner, found);
        found->key = key;
        found->state = ENTRY_PENDING;
    }
    pthread_mutex_unlock(&planner->lock);

    clp_recipe_source with_curves = *source;
    with_curves.curves = planner->curves;
    clproc_status status = clp_recipes_make(recipes, planner->outputs, wanted, &with_curves, error);
    *made = status == CLPROC_OK;

    pthread_mutex_lock(&planner->lock);
    if (found) {
        keep(planner, found, recipes, *made);
    }
    pthread_cond_broadcast(&planner->settled);
    pthread_mutex_unlock(&planner->lock);
    return status;
}
