/** Memory for pixels on devices that share the host's: whole huge pages where the system has them,
 * since first touch of ordinary ones costs as much as a filter pass. */
#ifndef CLP_DEVICE_PAGES_H
#define CLP_DEVICE_PAGES_H

#include <stddef.h>

/** Zeroed memory at a page boundary, NULL if there is none. Free with clp_pages_free() and the same
 * size. */
void *clp_pages_alloc(size_t size);
void clp_pages_free(void *pages, size_t size);

#endif
