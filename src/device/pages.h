/** Memory for pixels on devices that share the host's: whole huge pages where the system has them,
 * since first touch of ordinary ones costs as much as a filter pass. */
#ifndef CLP_DEVICE_PAGES_H
#define CLP_DEVICE_PAGES_H

#include <stddef.h>

/** A stretch of addresses, more than is needed at first: what grows inside it keeps the pages it
 * has touched. Shared by those who hold it. */
typedef struct clp_pages clp_pages;

/** Reserves addresses for at least `size` bytes of zeroed memory, for one holder. NULL if there are
 * none. */
clp_pages *clp_pages_reserve(size_t size);
/** Of these pages the first `size` bytes, no more than there are, are about to be touched. */
void clp_pages_use(const clp_pages *pages, size_t size);
clp_pages *clp_pages_retain(clp_pages *pages);
/** Gives them back with the last holder; NULL is fine. Any thread. */
void clp_pages_release(clp_pages *pages);
void *clp_pages_start(const clp_pages *pages);
size_t clp_pages_size(const clp_pages *pages);

#endif
