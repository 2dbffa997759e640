#include "model/table.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/csv.h"
#include "core/memory.h"
#include "core/number.h"

/** Bytes of one record: more makes no sense. */
enum { MOST_RECORD = 16 << 20 };
/** Bytes of records that are read at once, roughly. */
enum { MOST_TEXT = 8 << 20 };
/** Columns of a CSV. */
enum { MOST_COLUMNS = 1 << 16 };

clproc_status clp_table_kind_of(const char *path, const char *what, clp_table_kind *kind,
                                clproc_error *error) {
    static const struct {
        const char *ending;
        clp_table_kind kind;
    } kinds[] = {{".csv", CLP_TABLE_CSV}, {".jsonl", CLP_TABLE_JSON}, {".ndjson", CLP_TABLE_JSON}};
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t size = strlen(kinds[i].ending);
        if (length > size && strcasecmp(path + length - size, kinds[i].ending) == 0) {
            *kind = kinds[i].kind;
            return CLPROC_OK;
        }
    }
    return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, path, "%s must end in .csv or .jsonl",
                              what);
}

/* -------------------------------------------------------------------- records */

/** Appends the next record with its line end, and a NUL that does not count; nothing at the end. A
 * line break within quotes belongs to a record of CSV. */
static clproc_status read_record(clp_table *table, clp_bytes *text, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    size_t first = text->size;
    bool quoted = false;
    do {
        errno = 0;
        ssize_t size = getline(&table->line, &table->capacity, table->file);
        if (size < 0) {
            return ferror(table->file) ? clp_file_read_error(table->path, errno, error) : CLPROC_OK;
        }
        CLP_TRY(status, out, clp_bytes_append(text, table->line, (size_t)size + 1, error));
        text->size--;
        quoted = table->kind == CLP_TABLE_CSV && clp_csv_is_open(table->line, (size_t)size, quoted);
        if (text->size - first > MOST_RECORD) {
            status = clp_error_set_file(error, CLPROC_ERROR_INPUT, table->path,
                                        "row %llu is longer than %d bytes; is a quote missing?",
                                        (unsigned long long)table->rows + 1, MOST_RECORD);
            goto out;
        }
    } while (quoted);
out:
    return status;
}

/** True for a line with nothing on it. */
static bool is_blank(const uint8_t *record, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (record[i] != ' ' && record[i] != '\r' && record[i] != '\n' && record[i] != '\t') {
            return false;
        }
    }
    return true;
}

clproc_status clp_table_next(clp_table *table, size_t most, clp_records *records,
                             clproc_error *error) {
    clproc_status status = CLPROC_OK;
    records->text.size = records->ends.size = records->count = 0;
    records->first = table->rows + 1;
    while (records->count < most && records->text.size < MOST_TEXT) {
        size_t first = records->text.size;
        CLP_TRY(status, out, read_record(table, &records->text, error));
        size_t end = records->text.size;
        if (end == first) {
            break;
        }
        if (is_blank(records->text.data + first, end - first)) {
            records->text.size = first;
            continue;
        }
        CLP_TRY(status, out, clp_bytes_append(&records->ends, &end, sizeof end, error));
        records->text.size++; /* its NUL */
        records->count++;
        table->rows++;
    }
out:
    return status;
}

/** A record's bytes, its line end among them; a NUL follows. */
static const char *record_at(const clp_records *records, size_t index, size_t *size) {
    size_t first = 0, end;
    if (index > 0) {
        memcpy(&first, records->ends.data + (index - 1) * sizeof first, sizeof first);
        first++;
    }
    memcpy(&end, records->ends.data + index * sizeof end, sizeof end);
    *size = end - first;
    return (const char *)records->text.data + first;
}

static clproc_status row_error(const clp_table *table, const clp_records *records, size_t index,
                               clproc_error *error, const char *what) {
    return clp_error_set_file(error, CLPROC_ERROR_INPUT, table->path, "row %llu %s",
                              (unsigned long long)records->first + index, what);
}

static clproc_status cell_error(const clp_table *table, const clp_records *records, size_t index,
                                size_t wanted, clproc_error *error) {
    char place[32];
    snprintf(place, sizeof place, "%zu", wanted + 1);
    return clp_error_set_file(error, CLPROC_ERROR_INPUT, table->path,
                              "row %llu: column %s holds no number; leave it empty where it is "
                              "missing",
                              (unsigned long long)records->first + index,
                              table->names ? table->names[wanted] : place);
}

static clproc_status taken_error(const clp_table *table, const char *name, clproc_error *error) {
    return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, table->path,
                              "has a column %s already; call the scores otherwise with --name",
                              name);
}

/* ------------------------------------------------------------------------ CSV */

static size_t count_cells(const char *record, size_t size) {
    const char *at = record, *end = clp_csv_end(record, size);
    clp_csv_cell found;
    size_t count = 0;
    do {
        at = clp_csv_next(at, end, &found);
        count++;
    } while (at && at++ < end);
    return at ? count : 0;
}

static bool is_name(const clp_csv_cell *found, const char *name) {
    size_t i = 0;
    for (; i < found->size && *name; i++, name++) {
        if (found->text[i] != *name) {
            return false;
        }
        i += found->quoted && *name == '"'; /* doubled in the cell */
    }
    return i == found->size && !*name;
}

/** The column of a name; `count` more than one is how often it is there. */
static size_t find_column(const clp_table *table, const char *name, size_t *count) {
    const char *record = (const char *)table->head.data;
    const char *at = record, *end = clp_csv_end(record, table->head.size);
    size_t column = 0, place = 0;
    clp_csv_cell found;
    *count = 0;
    for (size_t i = 0; i < table->columns; i++, column++) {
        at = clp_csv_next(at, end, &found) + 1;
        if (is_name(&found, name)) {
            place = column;
            ++*count;
        }
    }
    return place;
}

static bool is_word(const clp_csv_cell *found, const char *word) {
    return found->size == strlen(word) && strncasecmp(found->text, word, found->size) == 0;
}

static bool cell_number(const clp_csv_cell *found, double *number) {
    clp_csv_cell trimmed = *found;
    while (trimmed.size > 0 && *trimmed.text == ' ') {
        trimmed.text++, trimmed.size--;
    }
    while (trimmed.size > 0 && trimmed.text[trimmed.size - 1] == ' ') {
        trimmed.size--;
    }
    if (trimmed.size == 0 || is_word(&trimmed, "nan") || is_word(&trimmed, "na") ||
        is_word(&trimmed, "null")) {
        *number = (double)NAN;
        return true;
    }
    if (is_word(&trimmed, "true") || is_word(&trimmed, "false")) {
        *number = trimmed.size == 4;
        return true;
    }
    return clp_number_read(trimmed.text, number) == trimmed.text + trimmed.size;
}

static clproc_status parse_csv(const clp_table *table, const clp_records *records, size_t index,
                               double *values, clproc_error *error) {
    enum { PLENTY = 256 };
    clp_csv_cell few[PLENTY], *cells = few;
    size_t size, count = 0;
    const char *at = record_at(records, index, &size), *end = clp_csv_end(at, size);
    clproc_status status = CLPROC_OK;
    if (table->columns > PLENTY &&
        !(cells = clp_memory_zero(CLP_MEMORY_OTHER, table->columns, sizeof *cells))) {
        return clp_error_memory(error, "a row of a table", table->columns * sizeof *cells);
    }
    do {
        clp_csv_cell beyond;
        at = clp_csv_next(at, end, count < table->columns ? &cells[count] : &beyond);
        count++;
    } while (at && at++ < end);
    if (!at || count != table->columns) {
        status = row_error(table, records, index, error,
                           at ? "has not the columns that the first line names"
                              : "has a cell whose closing quote is missing, or not at its end");
        goto out;
    }
    for (size_t i = 0; i < table->name_count; i++) {
        if (!cell_number(&cells[table->which ? table->which[i] : i], &values[i])) {
            status = cell_error(table, records, index, i, error);
            goto out;
        }
    }
out:
    if (cells != few) {
        clp_memory_free(cells);
    }
    return status;
}

/* ----------------------------------------------------------------------- JSON */

static bool json_number(const json_t *value, double *number) {
    *number = (double)NAN;
    if (json_is_number(value)) {
        *number = json_number_value(value);
    } else if (json_is_boolean(value)) {
        *number = json_is_true(value);
    } else {
        return !value || json_is_null(value);
    }
    return true;
}

static clproc_status parse_json(const clp_table *table, const clp_records *records, size_t index,
                                double *values, clproc_error *error) {
    size_t size;
    const char *text = record_at(records, index, &size);
    json_error_t flaw;
    json_t *object = json_loadb(text, size, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &flaw);
    clproc_status status = CLPROC_OK;
    if (!json_is_object(object)) {
        char what[40 + sizeof flaw.text];
        snprintf(what, sizeof what, "is no JSON object%s%s", object ? "" : ": ",
                 object ? "" : flaw.text);
        status = row_error(table, records, index, error, what);
    }
    for (size_t i = 0; status == CLPROC_OK && i < table->name_count; i++) {
        if (!json_number(json_object_get(object, table->names[i]), &values[i])) {
            status = cell_error(table, records, index, i, error);
        }
    }
    for (size_t i = 0; status == CLPROC_OK && i < table->added_count; i++) {
        if (json_object_get(object, table->added[i])) {
            status = taken_error(table, table->added[i], error);
        }
    }
    json_decref(object);
    return status;
}

clproc_status clp_table_parse(const clp_table *table, const clp_records *records, size_t index,
                              double *values, clproc_error *error) {
    return (table->kind == CLP_TABLE_CSV ? parse_csv : parse_json)(table, records, index, values,
                                                                   error);
}

/* ---------------------------------------------------------------------- tables */

clproc_status clp_table_open(clp_table *table, const char *path, clproc_error *error) {
    table->path = path;
    clproc_status status = clp_table_kind_of(path, "the table", &table->kind, error);
    if (status != CLPROC_OK) {
        return status;
    }
    table->file = fopen(path, "re");
    if (!table->file) {
        return clp_file_read_error(table->path, errno, error);
    }
    if (table->kind == CLP_TABLE_JSON) {
        return CLPROC_OK;
    }
    status = read_record(table, &table->head, error);
    if (status != CLPROC_OK) {
        return status;
    }
    if (table->head.size > 0) {
        size_t mark = clp_csv_mark((const char *)table->head.data, table->head.size);
        table->head.size -= mark;
        memmove(table->head.data, table->head.data + mark, table->head.size + 1);
        table->columns = count_cells((const char *)table->head.data, table->head.size);
    }
    return table->columns > 0 && table->columns <= MOST_COLUMNS
               ? CLPROC_OK
               : clp_error_set_file(error, CLPROC_ERROR_INPUT, path,
                                    "has no first line with the names of its columns, at most %d",
                                    MOST_COLUMNS);
}

void clp_table_close(clp_table *table) {
    if (table->file) {
        fclose(table->file);
    }
    free(table->line);
    clp_bytes_free(&table->head);
    clp_memory_free(table->which);
    *table = (clp_table){0};
}

size_t clp_table_columns(const clp_table *table) {
    return table->columns;
}

clproc_status clp_table_select(clp_table *table, const char *const *names, size_t count,
                               clproc_error *error) {
    size_t found;
    table->names = names;
    table->name_count = count;
    if (!names || table->kind == CLP_TABLE_JSON) {
        return CLPROC_OK;
    }
    table->which = clp_memory_zero(CLP_MEMORY_OTHER, count, sizeof *table->which);
    if (!table->which) {
        return clp_error_memory(error, "columns of a table", count * sizeof *table->which);
    }
    for (size_t i = 0; i < count; i++) {
        table->which[i] = find_column(table, names[i], &found);
        if (found != 1) {
            return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, table->path,
                                      found == 0 ? "has no column %s, which the model needs; "
                                                   "--columns names others in its place"
                                                 : "has several columns %s",
                                      names[i]);
        }
    }
    return CLPROC_OK;
}

clproc_status clp_table_add(clp_table *table, const char *const *names, size_t count,
                            clproc_error *error) {
    table->added = names;
    table->added_count = count;
    for (size_t i = 0; table->kind == CLP_TABLE_CSV && i < count; i++) {
        size_t found;
        find_column(table, names[i], &found);
        if (found > 0) {
            return taken_error(table, names[i], error);
        }
    }
    return CLPROC_OK;
}

/* -------------------------------------------------------------------- printing */

static clproc_status spell_json(clp_bytes *out, const char *name, clproc_error *error) {
    json_t *string = json_string(name);
    char *text = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
    clproc_status status =
        text ? clp_bytes_append(out, text, strlen(text), error)
             : clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "the name of a column of scores is no UTF-8, as JSON must be; give "
                             "another with --name, or export the model with other classes");
    free(text);
    json_decref(string);
    return status;
}

clproc_status clp_table_spell(const clp_table *table, const char *name, clp_bytes *out,
                              clproc_error *error) {
    clproc_status status =
        (table->kind == CLP_TABLE_CSV ? clp_csv_put_cell : spell_json)(out, name, error);
    return status == CLPROC_OK ? clp_bytes_append(out, "", 1, error) : status;
}

/** A number with nine digits, in any locale. */
static size_t print_number(double number, char *text, size_t size) {
    int length = snprintf(text, size, "%.9g", number);
    char *comma = strchr(text, ',');
    if (comma) {
        *comma = '.';
    }
    return (size_t)length;
}

clproc_status clp_table_print_head(const clp_table *table, const char *const *names, size_t count,
                                   clp_bytes *out, clproc_error *error) {
    const char *record = (const char *)table->head.data;
    clproc_status status = CLPROC_OK;
    if (table->kind != CLP_TABLE_CSV) {
        return CLPROC_OK;
    }
    const char *end = clp_csv_end(record, table->head.size);
    CLP_TRY(status, out, clp_bytes_append(out, record, (size_t)(end - record), error));
    for (size_t i = 0; i < count; i++) {
        CLP_TRY(status, out, clp_bytes_append(out, ",", 1, error));
        CLP_TRY(status, out, clp_bytes_append(out, names[i], strlen(names[i]), error));
    }
    status = clp_bytes_append(out, *end == '\r' ? "\r\n" : "\n", *end == '\r' ? 2 : 1, error);
out:
    return status;
}

static clproc_status print_csv(const char *record, size_t size, const double *values, size_t count,
                               clp_bytes *out, clproc_error *error) {
    char number[40] = ",";
    const char *end = clp_csv_end(record, size);
    clproc_status status = clp_bytes_append(out, record, (size_t)(end - record), error);
    for (size_t i = 0; i < count && status == CLPROC_OK; i++) {
        size_t length = print_number(values[i], number + 1, sizeof number - 1);
        status = clp_bytes_append(out, number, 1 + length, error);
    }
    return status == CLPROC_OK
               ? clp_bytes_append(out, *end == '\r' ? "\r\n" : "\n", *end == '\r' ? 2 : 1, error)
               : status;
}

/** Puts further members before the closing brace of an object, which is known to be one. */
static clproc_status print_json(const char *record, size_t size, const char *const *names,
                                const double *values, size_t count, clp_bytes *out,
                                clproc_error *error) {
    char number[40];
    size_t end = size;
    clproc_status status = CLPROC_OK;
    while (end > 0 && record[end - 1] != '}') {
        end--;
    }
    end -= end > 0;
    size_t begin = strcspn(record, "{") + 1;
    bool empty = begin <= end && is_blank((const uint8_t *)record + begin, end - begin);
    CLP_TRY(status, out, clp_bytes_append(out, record, end, error));
    for (size_t i = 0; i < count; i++) {
        size_t length = print_number(values[i], number, sizeof number);
        CLP_TRY(status, out, clp_bytes_append(out, ",", !(empty && i == 0), error));
        CLP_TRY(status, out, clp_bytes_append(out, names[i], strlen(names[i]), error));
        CLP_TRY(status, out, clp_bytes_append(out, ":", 1, error));
        CLP_TRY(status, out, clp_bytes_append(out, number, length, error));
    }
    status = clp_bytes_append(out, "}\n", 2, error);
out:
    return status;
}

clproc_status clp_table_print(const clp_table *table, const clp_records *records, size_t index,
                              const char *const *names, const double *values, size_t count,
                              clp_bytes *out, clproc_error *error) {
    size_t size;
    const char *record = record_at(records, index, &size);
    return table->kind == CLP_TABLE_CSV
               ? print_csv(record, size, values, count, out, error)
               : print_json(record, size, names, values, count, out, error);
}
