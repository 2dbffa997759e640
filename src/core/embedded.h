/** Files of the source tree that are part of the program, as scripts/embed.cmake writes them. */
#ifndef CLP_CORE_EMBEDDED_H
#define CLP_CORE_EMBEDDED_H

#include <stddef.h>
#include <string.h>

typedef struct clp_embedded {
    const char *name; /**< as "colour.cl" */
    const char *text; /**< NUL-terminated */
    size_t size;
} clp_embedded;

/** That of a name, of files that end with one whose name is NULL; NULL if it is not among them. */
static inline const clp_embedded *clp_embedded_find(const clp_embedded *files, const char *name) {
    while (files->name && strcmp(files->name, name) != 0) {
        files++;
    }
    return files->name ? files : NULL;
}

#endif
