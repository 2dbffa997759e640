#include "batch/hashset.h"

#include <string.h>
#include <xxhash.h>

#include "core/checked.h"
#include "core/memory.h"

#define FIRST_CAPACITY 64

clp_key clp_key_of_bytes(const void *data, size_t size) {
    XXH128_hash_t hash = XXH3_128bits(data, size);
    return (clp_key){hash.low64, hash.high64};
}

clp_key clp_key_of_file(const struct stat *info) {
    uint64_t identity[2] = {info->st_dev, info->st_ino};
    return clp_key_of_bytes(identity, sizeof identity);
}

/** The entry of `key`, or the free one where it belongs; the set has a free entry. */
static clp_hashset_entry *find(const clp_hashset *set, clp_key key) {
    size_t at = key.low & (set->capacity - 1);
    while (set->entries[at].used &&
           (set->entries[at].key.low != key.low || set->entries[at].key.high != key.high)) {
        at = (at + 1) & (set->capacity - 1);
    }
    return &set->entries[at];
}

static clproc_status grow(clp_hashset *set, clproc_error *error) {
    clp_hashset larger = {.count = set->count};
    if (!set->capacity) {
        larger.capacity = FIRST_CAPACITY;
    } else if (!clp_checked_mul(set->capacity, 2, &larger.capacity)) {
        return clp_error_memory(error, "a set of names", set->capacity);
    }
    larger.entries =
        clp_memory_zero(CLP_MEMORY_LISTING, larger.capacity, sizeof(clp_hashset_entry));
    if (!larger.entries) {
        return clp_error_memory(error, "a set of names",
                                larger.capacity * sizeof(clp_hashset_entry));
    }
    for (size_t i = 0; i < set->capacity; i++) {
        if (set->entries[i].used) {
            *find(&larger, set->entries[i].key) = set->entries[i];
        }
    }
    clp_memory_free(set->entries);
    *set = larger;
    return CLPROC_OK;
}

clproc_status clp_hashset_add(clp_hashset *set, clp_key key, uint32_t value, bool *added,
                              uint32_t *present, clproc_error *error) {
    if (set->count >= set->capacity / 2) {
        clproc_status status = grow(set, error);
        if (status != CLPROC_OK) {
            return status;
        }
    }
    clp_hashset_entry *entry = find(set, key);
    *added = !entry->used;
    if (entry->used) {
        if (present) {
            *present = entry->value;
        }
    } else {
        *entry = (clp_hashset_entry){.key = key, .value = value, .used = true};
        set->count++;
    }
    return CLPROC_OK;
}

bool clp_hashset_find(const clp_hashset *set, clp_key key, uint32_t *value) {
    const clp_hashset_entry *entry = set->capacity ? find(set, key) : NULL;
    if (entry && entry->used) {
        *value = entry->value;
    }
    return entry && entry->used;
}

bool clp_hashset_has(const clp_hashset *set, clp_key key) {
    return set->capacity && find(set, key)->used;
}

void clp_hashset_free(clp_hashset *set) {
    clp_memory_free(set->entries);
    *set = (clp_hashset){0};
}
