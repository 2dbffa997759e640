/** Shared libraries that are loaded when they are first needed, since most runs never are. */
#ifndef CLP_CORE_LIBRARY_H
#define CLP_CORE_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

/** A function of a library: its name, and the pointer to it that loading sets. */
typedef struct clp_library_slot {
    const char *name;
    void *pointer; /**< to a pointer to a function */
} clp_library_slot;

typedef struct clp_library {
    const char *file;    /**< by which the system finds it: its soname */
    const char *package; /**< of Debian, that holds it */
    const clp_library_slot *slots;
    size_t count;
    bool loaded; /**< loading's own */
} clp_library;

/** Loads a library unless it is there, with all its functions; it stays loaded. NULL, or why that
 * cannot be, which holds until the thread's next call; another call tries again. Any thread may
 * call. */
const char *clp_library_load(clp_library *library);

#endif
