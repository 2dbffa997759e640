/* JSON lines: an object a row. Whole rows leave out what a file has not, but for scores, whose
 * number the rows alone tell; of these, and in rows of chosen fields, what is not there is null. */
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

/** True for what whole rows tell even if it is null, since nothing else tells that it was asked
 * for.
 */
static bool is_told(clp_field field) {
    return clp_field_is_digest(field) || clp_field_is_score(field);
}

/** True if a row may do without the field. */
static bool may_lack(const clp_selection *selection, clp_field field) {
    return selection->whole && !is_told(field);
}

static clproc_status print(const clp_selection *selection, const clp_row *row, clp_bytes *text,
                           clproc_error *error) {
    clproc_status status;
    char joint = '{';
    for (size_t i = 0; i < selection->count; i++) {
        clp_field field = selection->fields[i];
        if (may_lack(selection, field) && !clp_row_has(row, field)) {
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
        bool optional = may_lack(selection, field);
        usable =
            value ? !(optional && json_is_null(value)) && get_value(row, field, value) : optional;
    }
    json_decref(object);
    return usable;
}

/** Reads any object: whole numbers of unknown members may be too large for integers. */
static json_t *load(const uint8_t *record, size_t size) {
    return json_loadb((const char *)record, size, JSON_DECODE_INT_AS_REAL, NULL);
}

static bool names(clp_selection *found, const uint8_t *record, size_t size,
                  char foreign[CLP_STORE_NAME]) {
    json_t *object = load(record, size), *value;
    const char *name;
    json_object_foreach(object, name, value) {
        if (!clp_selection_add(found, name)) {
            snprintf(foreign, CLP_STORE_NAME, "%s", name[0] ? name : "without a name");
        }
    }
    bool any = json_object_size(object) > 0;
    json_decref(object);
    return any;
}

/** Selects the fields of whole rows by those of one that were found. */
static bool select_whole(clp_selection *selection) {
    bool digest = clp_selection_has(selection, CLP_FIELD_PIXEL_DIGEST);
    bool features = clp_selection_has(selection, CLP_FIELD_FEATURES_VERSION);
    size_t scores = 0;
    while (scores < CLP_FIELD_SCORES &&
           clp_selection_has(selection, (clp_field)(CLP_FIELD_SCORE + scores))) {
        scores++;
    }
    bool sound = clp_selection_parse(selection, NULL, NULL) == CLPROC_OK;
    if (digest) {
        clp_selection_add_digest(selection);
    }
    if (features) {
        clp_selection_add_features(selection);
        clp_selection_add_scores(selection, scores);
    }
    return sound;
}

/** True if a row has what all whole rows have: what is known of every file, and of one without an
 * error what is known once it was read. Chosen fields seldom are all of these. */
static bool has_whole_set(const json_t *object) {
    static const char *const always[] = {"SourceFile",   "FileName", "Directory",
                                         "IndexVersion", "FileSize", "FileModifyDate",
                                         "FileType"};
    enum { FOR_ALL = 4 };
    size_t count = json_object_get(object, "Error") ? FOR_ALL : sizeof always / sizeof *always;
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        all = all && json_object_get(object, always[i]);
    }
    return all;
}

/** Whole rows leave out what a file has not; others have all their fields, with null. */
static bool fields(clp_selection *selection, const uint8_t *record, size_t size) {
    json_t *object = load(record, size), *value;
    const char *name;
    bool sound = json_object_size(object) > 0, whole = has_whole_set(object);
    json_object_foreach(object, name, value) {
        sound = sound && clp_selection_add(selection, name);
        whole = whole && sound &&
                (!json_is_null(value) || is_told(selection->fields[selection->count - 1]));
    }
    json_decref(object);
    return sound && (!whole || select_whole(selection));
}

/* ----------------------------------------------------- the short way to read */

/** Where a row is being read; `at` is NULL once it turns out to be none of ours. */
typedef struct cursor {
    const char *at, *end;
} cursor;

static bool is_at(const cursor *from, char wanted) {
    return from->at && from->at < from->end && *from->at == wanted;
}

static void expect(cursor *from, char wanted) {
    from->at = is_at(from, wanted) ? from->at + 1 : NULL;
}

/** Passes a string; its text, which may hold escapes, is `*size` bytes. */
static const char *pass_string(cursor *from, size_t *size) {
    expect(from, '"');
    const char *start = from->at;
    while (from->at && from->at < from->end && *from->at != '"') {
        bool escape = *from->at == '\\' && from->end - from->at > 1;
        from->at += escape ? 2 : 1;
    }
    *size = from->at ? (size_t)(from->at - start) : 0;
    expect(from, '"');
    return start;
}

static void pass_list(cursor *from) {
    size_t size;
    do {
        from->at++; /* the bracket, or a comma */
        pass_string(from, &size);
    } while (is_at(from, ','));
    expect(from, ']');
}

/** Passes a number; `*whole` is false if it is none of up to 18 digits. */
static int64_t pass_number(cursor *from, bool *whole) {
    const char *start = from->at;
    int64_t number = 0;
    *whole = true;
    while (from->at && from->at < from->end && *from->at && strchr("+-.0123456789e", *from->at)) {
        *whole = *whole && *from->at >= '0' && *from->at <= '9' && from->at - start < 18;
        number = *whole ? number * 10 + (*from->at - '0') : 0;
        from->at++;
    }
    from->at = from->at == start ? NULL : from->at;
    return number;
}

/** Passes a field's value, and notes it if --update asks for it. */
static void pass_value(cursor *from, clp_field field, clp_row *row) {
    size_t size;
    if (is_at(from, '"')) {
        const char *text = pass_string(from, &size);
        bool asked = field == CLP_FIELD_SOURCE_FILE || field == CLP_FIELD_FILE_MODIFY_DATE ||
                     field == CLP_FIELD_ERROR;
        if (from->at && asked && memchr(text, '\\', size)) {
            from->at = NULL;
        } else if (from->at && asked) {
            clp_row_text(row, field, CLP_RANK_EXIF, text, size);
        }
    } else if (is_at(from, '[')) {
        pass_list(from);
    } else {
        bool whole;
        int64_t number = pass_number(from, &whole);
        if (from->at && whole &&
            (field == CLP_FIELD_FILE_SIZE || field == CLP_FIELD_INDEX_VERSION ||
             field == CLP_FIELD_FEATURES_VERSION)) {
            clp_row_integer(row, field, CLP_RANK_EXIF, number);
        }
    }
}

/** Passes the null of a field that must be there, and that a file has not. */
static bool pass_null(cursor *from) {
    bool none = from->at && from->end - from->at >= 4 && memcmp(from->at, "null", 4) == 0;
    from->at += none ? 4 : 0;
    return none;
}

/** The place of a field's name in the selection, from `next` on; its count if it is not the next
 * that may come. */
static size_t find_name(const clp_selection *selection, size_t next, const char *name,
                        size_t length) {
    for (; next < selection->count; next++) {
        const char *wanted = clp_field_info(selection->fields[next]).name;
        if (strncmp(wanted, name, length) == 0 && !wanted[length]) {
            return next;
        }
        if (!may_lack(selection, selection->fields[next])) {
            break;
        }
    }
    return selection->count;
}

/** An update would spend most of its time on reading the old rows, of which it wants little. */
static bool skim(const clp_selection *selection, const uint8_t *record, size_t size, clp_row *row) {
    cursor from = {(const char *)record, (const char *)record + size};
    size_t next = 0, length;
    char joint = '{';
    do {
        expect(&from, joint);
        const char *name = pass_string(&from, &length);
        expect(&from, ':');
        next = from.at ? find_name(selection, next, name, length) : selection->count;
        if (next == selection->count) {
            return false;
        }
        if (may_lack(selection, selection->fields[next]) || !pass_null(&from)) {
            pass_value(&from, selection->fields[next], row);
        }
        next++;
        joint = ',';
    } while (is_at(&from, joint));
    expect(&from, '}');
    expect(&from, '\n');
    bool complete =
        next == selection->count || may_lack(selection, selection->fields[selection->count - 1]);
    return from.at == from.end && complete;
}

static const clp_text_format format = {
    .names = names, .fields = fields, .parse = parse, .skim = skim};

const clp_store_kind clp_store_json = {
    .endings = {".jsonl", ".ndjson"},
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
