/** Filling a clproc_error, and the control flow of fallible functions. */
#ifndef CLP_CORE_ERROR_H
#define CLP_CORE_ERROR_H

#include "clproc/clproc.h"

/** Fills `error` (may be NULL) and returns `status`, so that failures read `return
 * clp_error_set(...)`. */
clproc_status clp_error_set(clproc_error *error, clproc_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Like clp_error_set(), with the name of the file concerned. */
clproc_status clp_error_set_file(clproc_error *error, clproc_status status, const char *file,
                                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/** Names the file of an error that has none yet; returns the error's status, or `status` without an
 * error. */
clproc_status clp_error_in_file(clproc_error *error, clproc_status status, const char *file);

/** Out of host memory for `what`. */
clproc_status clp_error_memory(clproc_error *error, const char *what, size_t bytes);

/** Jumps to `label` with `status` set when `expression` fails. */
#define CLP_TRY(status, label, expression)                                                         \
    do {                                                                                           \
        (status) = (expression);                                                                   \
        if ((status) != CLPROC_OK) {                                                               \
            goto label;                                                                            \
        }                                                                                          \
    } while (0)

#endif
