/** Requests to stop: flags that a signal handler or another thread sets. */
#ifndef CLP_CORE_CANCEL_H
#define CLP_CORE_CANCEL_H

#include <stdbool.h>

#include "core/error.h"

/** True once `*flag` is not 0; `flag` may be NULL. */
static inline bool clp_cancel_asked(const volatile int *flag) {
    return flag && __atomic_load_n(flag, __ATOMIC_RELAXED) != 0;
}

static inline void clp_cancel_ask(volatile int *flag) {
    __atomic_store_n(flag, 1, __ATOMIC_RELAXED);
}

/** Fails once a request is there. Cheap enough to be called for every row. */
static inline clproc_status clp_cancel_check(const volatile int *flag, clproc_error *error) {
    return clp_cancel_asked(flag)
               ? clp_error_set(error, CLPROC_ERROR_CANCELLED, "stopped on request")
               : CLPROC_OK;
}

#endif
