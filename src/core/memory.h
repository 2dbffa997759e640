/** Host memory by allocation site: every block knows what it was taken for, so that a profile can
 * say who holds what. */
#ifndef CLP_CORE_MEMORY_H
#define CLP_CORE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#define CLP_MEMORY_SITES(X)                                                                        \
    X(FILE, "file bytes")                                                                          \
    X(CODEC, "codec state")                                                                        \
    X(META, "metadata")                                                                            \
    X(PLAN, "plans and tables")                                                                    \
    X(PIXELS, "pixels")                                                                            \
    X(LISTING, "file names")                                                                       \
    X(BATCH, "batch slots")                                                                        \
    X(PROFILE, "profile records")                                                                  \
    X(REPORT, "report text")                                                                       \
    X(OTHER, "other")

typedef enum clp_memory_site {
#define X(name, text) CLP_MEMORY_##name,
    CLP_MEMORY_SITES(X)
#undef X
        CLP_MEMORY_SITE_COUNT
} clp_memory_site;

typedef struct clp_memory_use {
    uint64_t current; /**< bytes held now */
    uint64_t peak;    /**< most bytes held at once */
    uint64_t count;   /**< allocations made */
} clp_memory_use;

/** Like malloc(), calloc(), realloc() and free(), aligned for any type; NULL when memory is
 * exhausted or size is 0. */
void *clp_memory_alloc(clp_memory_site site, size_t size);
void *clp_memory_zero(clp_memory_site site, size_t count, size_t size);
/** On failure the old block stays as it was. */
void *clp_memory_resize(clp_memory_site site, void *block, size_t size);
void clp_memory_free(void *block);
char *clp_memory_string(clp_memory_site site, const char *text);

/** Makes room for `needed` items in an array grown by doubling; returns NULL, the array untouched,
 * on failure. */
void *clp_memory_grow(clp_memory_site site, void *array, size_t *capacity, size_t needed,
                      size_t item);

const char *clp_memory_site_name(clp_memory_site site);
/** Process-wide figures: one process has one heap. Safe from any thread. */
clp_memory_use clp_memory_usage(clp_memory_site site);

#endif
