#include "core/derived.h"

#include <stdint.h>
#include <string.h>

#include "core/checked.h"
#include "core/memory.h"

/** Followed by the key and, aligned, the data. */
struct clp_derived_item {
    clp_derived_item *next;
    size_t key_size, data_at, size;
    max_align_t bytes[];
};

void clp_derived_init(clp_derived *derived, size_t most) {
    pthread_mutex_init(&derived->lock, NULL);
    derived->items = NULL;
    derived->most = most;
    derived->bytes = 0;
}

void clp_derived_free(clp_derived *derived) {
    while (derived->items) {
        clp_derived_item *first = derived->items;
        derived->items = first->next;
        clp_memory_free(first);
    }
    pthread_mutex_destroy(&derived->lock);
}

static const clp_derived_item *find(const clp_derived *derived, const void *key, size_t key_size) {
    const clp_derived_item *one = derived->items;
    while (one && (one->key_size != key_size || memcmp(one->bytes, key, key_size) != 0)) {
        one = one->next;
    }
    return one;
}

const void *clp_derived_recall(clp_derived *derived, const void *key, size_t key_size,
                               size_t *size) {
    pthread_mutex_lock(&derived->lock);
    const clp_derived_item *found = find(derived, key, key_size);
    pthread_mutex_unlock(&derived->lock);
    if (!found) {
        return NULL;
    }
    *size = found->size;
    return (const uint8_t *)found->bytes + found->data_at;
}

size_t clp_derived_bytes(clp_derived *derived) {
    pthread_mutex_lock(&derived->lock);
    size_t bytes = derived->bytes;
    pthread_mutex_unlock(&derived->lock);
    return bytes;
}

void clp_derived_remember(clp_derived *derived, const void *key, size_t key_size, const void *data,
                          size_t size) {
    size_t data_at, total;
    if (!clp_checked_align(key_size, _Alignof(max_align_t), &data_at) ||
        !clp_checked_add(data_at, size, &total) ||
        !clp_checked_add(total, sizeof(clp_derived_item), &total) ||
        total > derived->most - clp_derived_bytes(derived)) {
        return;
    }
    clp_derived_item *made = clp_memory_alloc(CLP_MEMORY_PLAN, total);
    if (!made) {
        return;
    }
    made->key_size = key_size;
    made->data_at = data_at;
    made->size = size;
    memcpy(made->bytes, key, key_size);
    memcpy((uint8_t *)made->bytes + data_at, data, size);
    pthread_mutex_lock(&derived->lock);
    /* Another thread may have been first. */
    bool wanted = total <= derived->most - derived->bytes && !find(derived, key, key_size);
    if (wanted) {
        made->next = derived->items;
        derived->items = made;
        derived->bytes += total;
    }
    pthread_mutex_unlock(&derived->lock);
    if (!wanted) {
        clp_memory_free(made);
    }
}
