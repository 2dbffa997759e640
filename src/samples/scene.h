/** A made-up photograph: sky, mountains, ground and things on it, with detail at every scale and
 * the grain of a sensor. Integers only: the same pixels on every machine. */
#ifndef CLP_SAMPLES_SCENE_H
#define CLP_SAMPLES_SCENE_H

#include "core/error.h"

typedef enum clp_scene_alpha {
    CLP_SCENE_OPAQUE,
    CLP_SCENE_SOFT, /**< fades away around the middle */
    CLP_SCENE_HARD, /**< sharp cut-out shapes and letters */
    CLP_SCENE_FAINT /**< a few levels of alpha only */
} clp_scene_alpha;

typedef struct clp_scene clp_scene;

/** The scene's seed of picture `index` in a set. */
uint32_t clp_scene_seed(uint64_t set_seed, uint32_t index);

/** Composes a scene; pictures of one seed and size are the same. */
clproc_status clp_scene_create(clp_scene **scene, uint32_t width, uint32_t height, uint32_t seed,
                               clp_scene_alpha alpha, clproc_error *error);
void clp_scene_destroy(clp_scene **scene);

/** Renders row `y` as R, G, B, A of 16 bits each. Rows may be asked for in any order. */
void clp_scene_row(clp_scene *scene, uint32_t y, uint16_t *rgba);

#endif
