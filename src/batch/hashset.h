/** A set of things known by a 128-bit hash, each with a number: output names, folders, files by
 * inode. Names themselves are not kept, so that 100,000 of them cost little. */
#ifndef CLP_BATCH_HASHSET_H
#define CLP_BATCH_HASHSET_H

#include <sys/stat.h>

#include "core/error.h"

typedef struct clp_key {
    uint64_t low, high;
} clp_key;

typedef struct clp_hashset_entry {
    clp_key key;
    uint32_t value;
    bool used;
} clp_hashset_entry;

/** Zero-initialise; release with clp_hashset_free(). */
typedef struct clp_hashset {
    clp_hashset_entry *entries;
    size_t capacity; /**< a power of two, or 0 */
    size_t count;
} clp_hashset;

clp_key clp_key_of_bytes(const void *data, size_t size);
/** The file itself, whatever name leads to it. */
clp_key clp_key_of_file(const struct stat *info);

/** Adds `key` with `value`. If the key is there already, nothing changes, `*added` is false and
 * `*present` (may be NULL) its value. */
clproc_status clp_hashset_add(clp_hashset *set, clp_key key, uint32_t value, bool *added,
                              uint32_t *present, clproc_error *error);
/** The value of a key; false if it is not there. */
bool clp_hashset_find(const clp_hashset *set, clp_key key, uint32_t *value);
bool clp_hashset_has(const clp_hashset *set, clp_key key);
void clp_hashset_free(clp_hashset *set);

#endif
