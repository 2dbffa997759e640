/* JSON lines: an object a row. Whole rows leave out what a file has not; rows of chosen fields say
 * null. */
#include <jansson.h>
#include <string.h>

#include "index/store_private.h"

#define PUT(text, literal, error) clp_bytes_append(text, literal, sizeof(literal) - 1, error)

clproc_status clp_json_put_text(clp_bytes *text, const char *string, clproc_error *error) {
    clproc_status status;
    CLP_TRY(status, out, PUT(text, "\"", error));
    while (*string) {
        char escaped[8];
        size_t plain = 0;
        while ((unsigned char)string[plain] >= 0x20 && string[plain] != '"' &&
               string[plain] != '\\' && string[plain] != 0x7F) {
            plain++;
        }
        CLP_TRY(status, out, clp_bytes_append(text, string, plain, error));
        string += plain;
        if (*string) {
            int size = *string == '"' || *string == '\\'
                           ? snprintf(escaped, sizeof escaped, "\\%c", *string)
                       : *string == '\n' ? snprintf(escaped, sizeof escaped, "\\n")
                                         : snprintf(escaped, sizeof escaped, "\\u%04x",
                                                    (unsigned)(unsigned char)*string);
            CLP_TRY(status, out, clp_bytes_append(text, escaped, (size_t)size, error));
            string++;
        }
    }
    CLP_TRY(status, out, PUT(text, "\"", error));
out:
    return status;
}

clproc_status clp_json_put_list(clp_bytes *text, const clp_row *row, clp_field field,
                                clproc_error *error) {
    clproc_status status;
    size_t at = 0;
    const char *item;
    CLP_TRY(status, out, PUT(text, "[", error));
    for (bool first = true; (item = clp_row_next(row, field, &at)); first = false) {
        if (!first) {
            CLP_TRY(status, out, PUT(text, ",", error));
        }
        CLP_TRY(status, out, clp_json_put_text(text, item, error));
    }
    CLP_TRY(status, out, PUT(text, "]", error));
out:
    return status;
}

static clproc_status put_value(clp_bytes *text, const clp_row *row, clp_field field,
                               clproc_error *error) {
    char number[40];
    switch (row->values[field].kind) {
    case CLP_CELL_NONE:
        return PUT(text, "null", error);
    case CLP_CELL_TEXT:
        return clp_json_put_text(text, clp_row_get(row, field), error);
    case CLP_CELL_LIST:
        return clp_json_put_list(text, row, field, error);
    default:
        clp_number_print(&row->values[field], number, sizeof number);
        return clp_bytes_append(text, number, strlen(number), error);
    }
}

static clproc_status print(const clp_selection *selection, const clp_row *row, clp_bytes *text,
                           clproc_error *error) {
    clproc_status status;
    char joint = '{';
    for (size_t i = 0; i < selection->count; i++) {
        clp_field field = selection->fields[i];
        if (selection->whole && !clp_row_has(row, field)) {
            continue;
        }
        char key[64];
        int size = snprintf(key, sizeof key, "%c\"%s\":", joint, clp_field_info(field).name);
        CLP_TRY(status, out, clp_bytes_append(text, key, (size_t)size, error));
        CLP_TRY(status, out, put_value(text, row, field, error));
        joint = ',';
    }
    CLP_TRY(status, out, PUT(text, "}\n", error));
out:
    return status;
}

/* ------------------------------------------------------------------ reading */

static bool get_list(clp_row *row, clp_field field, const json_t *list) {
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) {
        if (!json_is_string(item)) {
            return false;
        }
        clp_row_item(row, field, CLP_RANK_EXIF, json_string_value(item), json_string_length(item));
    }
    return true;
}

bool clp_json_get_list(clp_row *row, clp_field field, const char *text, size_t size) {
    json_t *list = json_loadb(text, size, JSON_ALLOW_NUL, NULL);
    bool read = json_is_array(list) && get_list(row, field, list);
    json_decref(list);
    return read;
}

static bool get_value(clp_row *row, clp_field field, const json_t *value) {
    if (json_is_string(value)) {
        clp_row_text(row, field, CLP_RANK_EXIF, json_string_value(value),
                     json_string_length(value));
    } else if (json_is_integer(value)) {
        clp_row_integer(row, field, CLP_RANK_EXIF, json_integer_value(value));
    } else if (json_is_real(value)) {
        clp_row_number(row, field, CLP_RANK_EXIF, json_real_value(value));
    } else if (json_is_array(value)) {
        return get_list(row, field, value);
    }
    return true;
}

static bool parse(const clp_selection *selection, const uint8_t *record, size_t size,
                  clp_row *row) {
    json_t *object = json_loadb((const char *)record, size, 0, NULL);
    bool usable = json_is_object(object);
    for (size_t i = 0; usable && i < selection->count; i++) {
        clp_field field = selection->fields[i];
        const json_t *value = json_object_get(object, clp_field_info(field).name);
        usable = value ? !(selection->whole && json_is_null(value)) && get_value(row, field, value)
                       : selection->whole;
    }
    /* A whole row must have all that this program would find. */
    if (selection->whole) {
        const clp_cell *version = &row->values[CLP_FIELD_INDEX_VERSION];
        usable =
            usable && version->kind == CLP_CELL_INTEGER && version->integer == CLP_INDEX_VERSION;
    }
    if (clp_selection_has(selection, CLP_FIELD_FEATURES_VERSION)) {
        const clp_cell *version = &row->values[CLP_FIELD_FEATURES_VERSION];
        usable =
            usable && version->kind == CLP_CELL_INTEGER && version->integer == CLP_FEATURES_VERSION;
    }
    json_decref(object);
    return usable && clp_row_has(row, CLP_FIELD_SOURCE_FILE);
}

static const clp_text_format format = {.parse = parse};

const clp_store_kind clp_store_json = {
    .endings = {".jsonl", ".ndjson"},
    .state = sizeof(clp_text_file),
    .format = &format,
    .open = clp_text_open,
    .scan = clp_text_scan,
    .fetch = clp_text_fetch,
    .print = print,
    .put = clp_text_put,
    .commit = clp_text_commit,
    .close = clp_text_close,
};
