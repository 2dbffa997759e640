#include "core/error.h"

#include <stdarg.h>
#include <string.h>

static void fill(clproc_error *error, clproc_status status, const char *file, const char *format,
                 va_list list) {
    if (!error) {
        return;
    }
    memset(error, 0, sizeof *error);
    error->status = status;
    if (file) {
        snprintf(error->file, sizeof error->file, "%s", file);
    }
    vsnprintf(error->message, sizeof error->message, format, list);
}

clproc_status clp_error_set(clproc_error *error, clproc_status status, const char *format, ...) {
    va_list list;
    va_start(list, format);
    fill(error, status, NULL, format, list);
    va_end(list);
    return status;
}

clproc_status clp_error_set_file(clproc_error *error, clproc_status status, const char *file,
                                 const char *format, ...) {
    va_list list;
    va_start(list, format);
    fill(error, status, file, format, list);
    va_end(list);
    return status;
}

clproc_status clp_error_in_file(clproc_error *error, clproc_status status, const char *file) {
    if (error && error->file[0] == '\0') {
        snprintf(error->file, sizeof error->file, "%s", file);
    }
    return status;
}

clproc_status clp_error_memory(clproc_error *error, const char *what, size_t bytes) {
    if (bytes == 0) {
        return clp_error_set(error, CLPROC_ERROR_MEMORY,
                             "no memory for %s; use fewer --jobs or a smaller --memory", what);
    }
    return clp_error_set(error, CLPROC_ERROR_MEMORY,
                         "no memory for %s (%zu bytes); use fewer --jobs or a smaller --memory",
                         what, bytes);
}

const char *clproc_status_name(clproc_status status) {
    static const char *const names[] = {
        [CLPROC_OK] = "ok",
        [CLPROC_ERROR_ARGUMENT] = "bad argument",
        [CLPROC_ERROR_INPUT] = "bad input",
        [CLPROC_ERROR_UNSUPPORTED] = "unsupported",
        [CLPROC_ERROR_LIMIT] = "limit exceeded",
        [CLPROC_ERROR_IO] = "input/output error",
        [CLPROC_ERROR_MEMORY] = "out of memory",
        [CLPROC_ERROR_NO_DEVICE] = "no device",
        [CLPROC_ERROR_DEVICE] = "device error",
        [CLPROC_ERROR_CANCELLED] = "cancelled",
        [CLPROC_ERROR_INTERNAL] = "internal error",
    };
    return (size_t)status < sizeof names / sizeof names[0] ? names[status] : "unknown status";
}

const char *clproc_version(void) {
    return CLPROC_VERSION;
}
