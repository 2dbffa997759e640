/** What was made of something once and is needed again, as the table of a curve for
 * kernels: bytes by a key. */
#ifndef CLP_CORE_DERIVED_H
#define CLP_CORE_DERIVED_H

#include <pthread.h>
#include <stddef.h>

typedef struct clp_derived_item clp_derived_item;

/** Belongs to what things were made of, and is shared by all threads with it. */
typedef struct clp_derived {
    pthread_mutex_t lock;
    clp_derived_item *items;
    size_t most, bytes; /**< kept at most, and now */
} clp_derived;

void clp_derived_init(clp_derived *derived, size_t most);
void clp_derived_free(clp_derived *derived);
/** The bytes of a key, aligned for any type, which stay as long as `derived`. NULL: there are none.
 */
const void *clp_derived_recall(clp_derived *derived, const void *key, size_t key_size,
                               size_t *size);
/** Keeps a copy, if there is memory, and room among the others. */
void clp_derived_remember(clp_derived *derived, const void *key, size_t key_size, const void *data,
                          size_t size);
/** Bytes kept. */
size_t clp_derived_bytes(clp_derived *derived);

#endif
