/** Files of the source tree that are part of the program, as scripts/embed.cmake writes them. */
#ifndef CLP_CORE_EMBEDDED_H
#define CLP_CORE_EMBEDDED_H

#include <stddef.h>

typedef struct clp_embedded {
    const char *name; /**< as "colour.cl" */
    const char *text; /**< NUL-terminated */
    size_t size;
} clp_embedded;

#endif
