/** The rows of an index as it was, of which an update keeps what it needs: 24 bytes and a few for
 * finding them, of each. */
#ifndef CLP_INDEX_OLD_H
#define CLP_INDEX_OLD_H

#include "index/row.h"

typedef struct clp_old_row {
    uint64_t name;       /**< hash of its SourceFile */
    uint64_t state;      /**< see clp_old_is_unchanged() */
    uint64_t place : 62; /**< where the store finds it */
    uint64_t met : 1;    /**< its file is still there */
    uint64_t same : 1;   /**< stands there as this store writes it: see clp_store_copy() */
} clp_old_row;

/** Zero-initialise; release with clp_old_free(). */
typedef struct clp_old {
    clp_old_row *rows;
    size_t count, capacity;
    uint32_t *slots;   /**< by the rows' names: 0 or a row's number from 1 */
    size_t slot_count; /**< a power of two, or 0 */
} clp_old;

/** Notes a row; the last one of a name counts. A file of which the row has an error is always read
 * again.
 */
clproc_status clp_old_add(clp_old *old, const clp_row *row, uint64_t place, bool same,
                          clproc_error *error);
/** The row of a file; NULL if there is none. */
clp_old_row *clp_old_find(const clp_old *old, const char *path);
/** True if the file that a row was found for has the size and the date that it had. */
bool clp_old_is_unchanged(const clp_old_row *row, const char *path, uint64_t size,
                          const char *date);
void clp_old_free(clp_old *old);

#endif
