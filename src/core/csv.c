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

size_t clp_csv_mark(const char *text, size_t size) {
    static const char mark[] = "\xEF\xBB\xBF";
    return size >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
}

bool clp_csv_is_open(const char *line, size_t size, bool open) {
    bool may_open = true; /* at a cell's start, and for the second of doubled quotes */
    if (!memchr(line, '"', size)) {
        return open;
    }
    for (size_t i = open ? 0 : clp_csv_mark(line, size); i < size; i++) {
        if (line[i] == '"' && (open || may_open)) {
            open = !open;
            may_open = true;
        } else if (!open) {
            may_open = line[i] == ',';
        }
    }
    return open;
}

const char *clp_csv_end(const char *record, size_t size) {
    const char *end = record + size;
    end -= end > record && end[-1] == '\n';
    end -= end > record && end[-1] == '\r';
    return end;
}

const char *clp_csv_next(const char *at, const char *end, clp_csv_cell *found) {
    bool quoted = at < end && *at == '"';
    at += quoted;
    *found = (clp_csv_cell){.text = at, .quoted = quoted};
    while (at < end) {
        bool twice = quoted && end - at >= 2 && at[0] == '"' && at[1] == '"';
        if (!twice && *at == (quoted ? '"' : ',')) {
            break;
        }
        at += twice ? 2 : 1;
    }
    found->size = (size_t)(at - found->text);
    if (quoted && at++ == end) {
        return NULL;
    }
    return at == end || *at == ',' ? at : NULL;
}

clproc_status clp_csv_get_cell(const clp_csv_cell *cell, clp_bytes *text, clproc_error *error) {
    clproc_status status = clp_bytes_reserve(text, cell->size + 1, error);
    text->size = 0;
    for (size_t i = 0; status == CLPROC_OK && i < cell->size; i++) {
        text->data[text->size++] = (uint8_t)cell->text[i];
        i += cell->quoted && cell->text[i] == '"';
    }
    if (status == CLPROC_OK) {
        text->data[text->size] = '\0';
    }
    return status;
}
