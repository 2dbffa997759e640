#include "core/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"

/** Stands before every block; its size keeps the block aligned for any type. */
typedef union header {
    struct {
        size_t size;
        clp_memory_site site;
    } use;
    max_align_t align;
} header;

static struct { atomic_uint_least64_t current, peak, count; } usage[CLP_MEMORY_SITE_COUNT];

static const char *const site_names[CLP_MEMORY_SITE_COUNT] = {
#define X(name, text) text,
    CLP_MEMORY_SITES(X)
#undef X
};

static void account(clp_memory_site site, size_t size) {
    uint64_t now =
        atomic_fetch_add_explicit(&usage[site].current, size, memory_order_relaxed) + size;
    atomic_fetch_add_explicit(&usage[site].count, 1, memory_order_relaxed);
    uint64_t peak = atomic_load_explicit(&usage[site].peak, memory_order_relaxed);
    while (now > peak &&
           !atomic_compare_exchange_weak_explicit(&usage[site].peak, &peak, now,
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}

static void release(const header *block) {
    atomic_fetch_sub_explicit(&usage[block->use.site].current, block->use.size,
                              memory_order_relaxed);
}

static void *adopt(header *block, clp_memory_site site, size_t size) {
    if (!block) {
        return NULL;
    }
    block->use.size = size;
    block->use.site = site;
    account(site, size);
    return block + 1;
}

void *clp_memory_alloc(clp_memory_site site, size_t size) {
    size_t total;
    if (size == 0 || !clp_checked_add(size, sizeof(header), &total)) {
        return NULL;
    }
    return adopt(malloc(total), site, size);
}

void *clp_memory_zero(clp_memory_site site, size_t count, size_t size) {
    size_t bytes, total;
    if (!clp_checked_mul(count, size, &bytes) || bytes == 0 ||
        !clp_checked_add(bytes, sizeof(header), &total)) {
        return NULL;
    }
    return adopt(calloc(1, total), site, bytes);
}

void *clp_memory_resize(clp_memory_site site, void *block, size_t size) {
    size_t total;
    if (!block) {
        return clp_memory_alloc(site, size);
    }
    if (size == 0 || !clp_checked_add(size, sizeof(header), &total)) {
        return NULL;
    }
    header old = ((header *)block)[-1];
    header *moved = realloc((header *)block - 1, total);
    if (!moved) {
        return NULL;
    }
    release(&old);
    return adopt(moved, site, size);
}

void clp_memory_free(void *block) {
    if (block) {
        header *head = (header *)block - 1;
        release(head);
        free(head);
    }
}

char *clp_memory_string(clp_memory_site site, const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = clp_memory_alloc(site, size);
    if (copy) {
        memcpy(copy, text, size);
    }
    return copy;
}

void *clp_memory_grow(clp_memory_site site, void *array, size_t *capacity, size_t needed,
                      size_t item) {
    size_t target = *capacity ? *capacity : 16, bytes;
    if (array && needed <= *capacity) {
        return array;
    }
    while (target < needed) {
        if (!clp_checked_mul(target, 2, &target)) {
            return NULL;
        }
    }
    if (!clp_checked_mul(target, item, &bytes)) {
        return NULL;
    }
    void *grown = clp_memory_resize(site, array, bytes);
    if (grown) {
        *capacity = target;
    }
    return grown;
}

const char *clp_memory_site_name(clp_memory_site site) {
    return site_names[site];
}

clp_memory_use clp_memory_usage(clp_memory_site site) {
    return (clp_memory_use){
        .current = atomic_load_explicit(&usage[site].current, memory_order_relaxed),
        .peak = atomic_load_explicit(&usage[site].peak, memory_order_relaxed),
        .count = atomic_load_explicit(&usage[site].count, memory_order_relaxed),
    };
}
