/* CSV as RFC 4180 has it, with a row of names. Lists are JSON arrays. */
#include <string.h>

#include "core/csv.h"
#include "index/store_private.h"

static clproc_status put_value(clp_bytes *text, const clp_row *row, clp_field field,
                               clproc_error *error) {
    char number[40];
    clp_bytes list = {0};
    clproc_status status;
    switch (row->values[field].kind) {
    case CLP_CELL_NONE:
        return CLPROC_OK;
    case CLP_CELL_TEXT:
        return clp_csv_put_cell(text, clp_row_get(row, field), error);
    case CLP_CELL_LIST:
        CLP_TRY(status, out, clp_json_put_list(&list, row, field, error));
        CLP_TRY(status, out, clp_bytes_append(&list, "", 1, error));
        status = clp_csv_put_cell(text, (const char *)list.data, error);
        break;
    default:
        clp_number_print(&row->values[field], number, sizeof number);
        return clp_bytes_append(text, number, strlen(number), error);
    }
out:
    clp_bytes_free(&list);
    return status;
}

static clproc_status print(const clp_selection *selection, const clp_row *row, clp_bytes *text,
                           clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < selection->count; i++) {
        if (i > 0) {
            CLP_TRY(status, out, clp_bytes_append(text, ",", 1, error));
        }
        CLP_TRY(status, out, put_value(text, row, selection->fields[i], error));
    }
    CLP_TRY(status, out, clp_bytes_append(text, "\r\n", 2, error));
out:
    return status;
}

static clproc_status head(const clp_selection *selection, clp_bytes *text, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < selection->count; i++) {
        const char *name = clp_field_info(selection->fields[i]).name;
        if (i > 0) {
            CLP_TRY(status, out, clp_bytes_append(text, ",", 1, error));
        }
        CLP_TRY(status, out, clp_bytes_append(text, name, strlen(name), error));
    }
    CLP_TRY(status, out, clp_bytes_append(text, "\r\n", 2, error));
out:
    return status;
}

/* ------------------------------------------------------------------ reading */

static bool same_head(const clp_selection *selection, const clp_bytes *record) {
    clp_bytes text = {0};
    bool same = head(selection, &text, NULL) == CLPROC_OK && record->size == text.size &&
                memcmp(record->data, text.data, text.size) == 0;
    clp_bytes_free(&text);
    return same;
}

/** Reads the row of names. */
static bool names(clp_selection *found, const uint8_t *record, size_t size,
                  char foreign[CLP_STORE_NAME]) {
    const char *at = (const char *)record, *end = clp_csv_end(at, size);
    clp_csv_cell cell;
    at += clp_csv_mark(at, size);
    if (at == end) {
        return false;
    }
    do {
        char name[CLP_STORE_NAME];
        at = clp_csv_next(at, end, &cell);
        if (!at) {
            return false;
        }
        snprintf(name, sizeof name, "%.*s",
                 (int)(cell.size < sizeof name ? cell.size : sizeof name), cell.text);
        if (!clp_selection_add(found, name)) {
            snprintf(foreign, CLP_STORE_NAME, "%s", name[0] ? name : "without a name");
        }
    } while (at++ < end);
    return true;
}

static bool fields(clp_selection *selection, const uint8_t *record, size_t size) {
    char foreign[CLP_STORE_NAME] = "";
    size_t columns = 1;
    for (size_t i = 0; i < size; i++) {
        columns += record[i] == ',';
    }
    return names(selection, record, size, foreign) && !foreign[0] && selection->count == columns;
}

static void take_cell(clp_row *row, clp_field field, const char *cell, size_t size) {
    double number;
    clproc_index_kind kind = clp_field_info(field).kind;
    if (size == 0) {
        return;
    }
    if (kind == CLPROC_INDEX_LIST) {
        clp_json_get_list(row, field, cell, size);
    } else if (kind == CLPROC_INDEX_NUMBER && clproc_number_read(cell, &number)) {
        clp_row_number(row, field, CLP_RANK_EXIF, number);
    } else {
        clp_row_text(row, field, CLP_RANK_EXIF, cell, size);
    }
}

static bool parse(const clp_selection *selection, const uint8_t *record, size_t size,
                  clp_row *row) {
    const char *at = (const char *)record, *end = clp_csv_end(at, size);
    clp_csv_cell cell;
    clp_bytes text = {0};
    bool sound = true;
    for (size_t i = 0; sound && i < selection->count; i++) {
        at = clp_csv_next(at, end, &cell);
        sound = at && clp_csv_get_cell(&cell, &text, NULL) == CLPROC_OK;
        if (sound) {
            take_cell(row, selection->fields[i], (const char *)text.data, text.size);
            sound = (at < end) == (i + 1 < selection->count);
            at++;
        }
    }
    clp_bytes_free(&text);
    return sound;
}

static const clp_text_format format = {.head = head,
                                       .same_head = same_head,
                                       .names = names,
                                       .fields = fields,
                                       .is_open = clp_csv_is_open,
                                       .parse = parse};

const clp_store_kind clp_store_csv = {
    .endings = {".csv"},
    .state = sizeof(clp_text_file),
    .format = &format,
    .open = clp_text_open,
    .scan = clp_text_scan,
    .fetch = clp_text_fetch,
    .copy = clp_text_copy,
    .read = clp_text_read,
    .next = clp_text_next,
    .print = print,
    .put = clp_text_put,
    .commit = clp_text_commit,
    .close = clp_text_close,
};
