#include "index/row.h"

#include <math.h>
#include <string.h>

#include "codec/codec.h"
#include "core/utf8.h"
#include "index/name.h"

/* A hostile file may hold any number of keywords. */
enum { MOST_LIST = 65536, MOST_WARNING = 400 };
/** Most rows take a few KB; what a hostile one took is not kept for those after it. */
enum { MOST_KEPT = 65536 };

void clp_row_clear(clp_row *row) {
    memset(row->values, 0, sizeof row->values);
    row->text.size = 0;
    row->exhausted = false;
    clp_bytes_trim(&row->text, MOST_KEPT);
}

void clp_row_free(clp_row *row) {
    clp_bytes_free(&row->text);
}

static bool takes(const clp_row *row, clp_field field, clp_rank rank) {
    const clp_cell *value = &row->values[field];
    return value->kind == CLP_CELL_NONE || rank > value->rank;
}

void clp_row_integer(clp_row *row, clp_field field, clp_rank rank, int64_t number) {
    if (takes(row, field, rank)) {
        row->values[field] = (clp_cell){.kind = CLP_CELL_INTEGER, .rank = rank, .integer = number};
    }
}

void clp_row_number(clp_row *row, clp_field field, clp_rank rank, double number) {
    if (!isfinite(number)) {
        return;
    }
    if (number == floor(number) && fabs(number) < 0x1p53) {
        clp_row_integer(row, field, rank, (int64_t)number);
    } else if (takes(row, field, rank)) {
        row->values[field] = (clp_cell){.kind = CLP_CELL_REAL, .rank = rank, .real = number};
    }
}

/** How many Latin-1 letters of a text fit into the bound as UTF-8. A bound on what they were would
 * cut the row again when it is read back from an index. */
static size_t fit(const uint8_t *text, size_t size) {
    size_t count = 0, bytes = 0;
    while (count < size && (bytes += text[count] < 0x80 ? 1 : 2) <= CLP_ROW_TEXT) {
        count++;
    }
    return count;
}

/** Appends text to the row's; returns how many bytes it has become. */
static size_t append(clp_row *row, const uint8_t *text, size_t size) {
    size_t start = row->text.size;
    clproc_status status = CLPROC_OK;
    if (clp_notes_is_utf8(&(clp_block){text, size})) {
        status = clp_bytes_append(&row->text, text, size, NULL);
    } else {
        size = fit(text, size);
        status = clp_bytes_reserve(&row->text, start + 2 * size, NULL);
        for (size_t i = 0; status == CLPROC_OK && i < size; i++) {
            if (text[i] >= 0x80) {
                row->text.data[row->text.size++] = (uint8_t)(0xC0 | text[i] >> 6);
            }
            row->text.data[row->text.size++] =
                text[i] < 0x80 ? text[i] : (uint8_t)(0x80 | (text[i] & 0x3F));
        }
    }
    if (status == CLPROC_OK) {
        status = clp_bytes_append(&row->text, "", 1, NULL);
    }
    if (status != CLPROC_OK) {
        row->exhausted = true;
        row->text.size = start;
        return 0;
    }
    return row->text.size - 1 - start;
}

/** Text up to a NUL and the bound, without half a character at its end. */
static size_t cut(const uint8_t *text, size_t size) {
    size = strnlen((const char *)text, size);
    return size > CLP_ROW_TEXT ? clp_utf8_whole(text, CLP_ROW_TEXT) : size;
}

void clp_row_text(clp_row *row, clp_field field, clp_rank rank, const void *text, size_t size) {
    size = cut(text, size);
    if (size == 0 || !takes(row, field, rank)) {
        return;
    }
    size_t start = row->text.size, bytes = append(row, text, size);
    if (bytes > 0) {
        row->values[field] =
            (clp_cell){.kind = CLP_CELL_TEXT, .rank = rank, .size = (uint32_t)bytes, .text = start};
    }
}

void clp_row_string(clp_row *row, clp_field field, clp_rank rank, const char *text) {
    clp_row_text(row, field, rank, text, strlen(text));
}

void clp_row_name(clp_row *row, clp_field field, const char *name, size_t size) {
    size_t start = row->text.size;
    if (clp_name_spell(&row->text, name, size, NULL) != CLPROC_OK ||
        clp_bytes_append(&row->text, "", 1, NULL) != CLPROC_OK) {
        row->exhausted = true;
        row->text.size = start;
        return;
    }
    row->values[field] = (clp_cell){.kind = CLP_CELL_TEXT,
                                    .rank = CLP_RANK_EXIF,
                                    .size = (uint32_t)(row->text.size - 1 - start),
                                    .text = start};
}

/** Adds to a list the item that was appended at `start`. A list without room moves to the end of
 * the row's text, with as much room again. So all that it leaves behind is no more than it holds,
 * also where several lists grow in turns. */
static void join(clp_row *row, clp_cell *list, size_t start, uint32_t bytes) {
    if (list->size + bytes > list->room) {
        uint32_t room = 2 * (list->size + bytes);
        if (clp_bytes_reserve(&row->text, start + room, NULL) != CLPROC_OK) {
            row->exhausted = true;
            row->text.size = start;
            return;
        }
        uint8_t *to = row->text.data + start;
        memmove(to + list->size, to, bytes);
        memcpy(to, row->text.data + list->text, list->size);
        memset(to + list->size + bytes, 0, room - list->size - bytes);
        row->text.size = start + room;
        list->text = start;
        list->room = room;
    } else {
        memcpy(row->text.data + list->text + list->size, row->text.data + start, bytes);
        row->text.size = start;
    }
    list->size += bytes;
}

void clp_row_item(clp_row *row, clp_field field, clp_rank rank, const void *text, size_t size) {
    clp_cell *value = &row->values[field];
    size = cut(text, size);
    if (size == 0 || (value->kind != CLP_CELL_NONE && rank < value->rank)) {
        return;
    }
    bool fresh = value->kind != CLP_CELL_LIST || rank > value->rank;
    size_t start = row->text.size, added = append(row, text, size);
    if (added == 0) {
        return;
    }
    if (!fresh && value->size + added > MOST_LIST) {
        row->text.size = start;
        clp_row_warn(row, "a list is too long: cut");
        return;
    }
    uint32_t bytes = (uint32_t)added + 1; /* its NUL counts, too */
    if (fresh) {
        *value = (clp_cell){
            .kind = CLP_CELL_LIST, .rank = rank, .size = bytes, .room = bytes, .text = start};
    } else {
        join(row, value, start, bytes);
    }
}

void clp_row_warn(clp_row *row, const char *flaw) {
    const char *before = clp_row_get(row, CLP_FIELD_WARNING);
    char text[2 * MOST_WARNING + 8];
    if (strstr(before, flaw) || strlen(before) + strlen(flaw) > MOST_WARNING) {
        return;
    }
    snprintf(text, sizeof text, "%s%s%s", before, before[0] ? "; " : "", flaw);
    row->values[CLP_FIELD_WARNING].kind = CLP_CELL_NONE;
    clp_row_string(row, CLP_FIELD_WARNING, CLP_RANK_FORMAT, text);
}

void clp_row_unwarn(clp_row *row, const char *start) {
    clp_cell *value = &row->values[CLP_FIELD_WARNING];
    const char *text = clp_row_get(row, CLP_FIELD_WARNING), *at = strstr(text, start);
    if (at == text) {
        value->kind = CLP_CELL_NONE;
    } else if (at && at - text > 2 && memcmp(at - 2, "; ", 2) == 0) {
        value->size = (uint32_t)(at - 2 - text);
        row->text.data[value->text + value->size] = '\0';
    }
}

const char *clp_row_get(const clp_row *row, clp_field field) {
    const clp_cell *value = &row->values[field];
    return value->kind == CLP_CELL_TEXT || value->kind == CLP_CELL_LIST
               ? (const char *)row->text.data + value->text
               : "";
}

const char *clp_row_next(const clp_row *row, clp_field field, size_t *at) {
    const clp_cell *value = &row->values[field];
    if (value->kind != CLP_CELL_LIST || *at >= value->size) {
        return NULL;
    }
    const char *item = (const char *)row->text.data + value->text + *at;
    *at += strlen(item) + 1;
    return item;
}

void clp_number_print(const clp_cell *value, char *text, size_t size) {
    if (value->kind == CLP_CELL_INTEGER) {
        snprintf(text, size, "%lld", (long long)value->integer);
        return;
    }
    snprintf(text, size, "%.15g", value->real);
    char *comma = strchr(text, ','); /* of another locale */
    if (comma) {
        *comma = '.';
    }
}
