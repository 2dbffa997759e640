#include "core/csv.h"

#include <string.h>

clproc_status clp_csv_put_cell(clp_bytes *text, const char *cell, clproc_error *error) {
    size_t size = strlen(cell);
    clproc_status status = CLPROC_OK;
    if (!strpbrk(cell, ",\"\r\n") && cell[0] != ' ' && (size == 0 || cell[size - 1] != ' ')) {
        return clp_bytes_append(text, cell, size, error);
    }
    CLP_TRY(status, out, clp_bytes_append(text, "\"", 1, error));
    for (; *cell; cell++) {
        CLP_TRY(status, out,
                clp_bytes_append(text, *cell == '"' ? "\"\"" : cell, *cell == '"' ? 2 : 1, error));
    }
    CLP_TRY(status, out, clp_bytes_append(text, "\"", 1, error));
out:
    return status;
}
