/* A table of SQLite, "photos". The new one is filled beside the old one and takes its place, all in
 * one transaction: whatever happens, the file holds one of the two. */
#ifdef CLP_HAVE_SQLITE

#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "index/store_private.h"

/** How long another program may hold the file, milliseconds. */
enum { PATIENCE = 3000 };

#define TABLE "photos"
#define NEW_TABLE "clproc_new_photos"

typedef struct database {
    sqlite3 *file;
    sqlite3_stmt *insert, *fetch, *copy;
    sqlite3_stmt *rows; /**< of clp_store_next() */
    bool committed;
} database;

static clproc_status failure(const clp_store *store, int code, clproc_error *error) {
    const database *db = store->state;
    const char *remedy = "";
    switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        remedy = "; another program uses it, try again when that is done";
        break;
    case SQLITE_NOTADB:
        remedy = "; name another file, or move this one away";
        break;
    case SQLITE_FULL:
        remedy = "; make room and try again";
        break;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
        remedy = "; check the folder and its permissions";
        break;
    default:
        break;
    }
    return clp_error_set_file(error, CLPROC_ERROR_IO, store->path,
                              "the index cannot be read or written: %s%s",
                              db->file ? sqlite3_errmsg(db->file) : sqlite3_errstr(code), remedy);
}

static clproc_status execute(clp_store *store, const char *command, clproc_error *error) {
    const database *db = store->state;
    int code = sqlite3_exec(db->file, command, NULL, NULL, NULL);
    return code == SQLITE_OK ? CLPROC_OK : failure(store, code, error);
}

static clproc_status prepare(clp_store *store, const char *command, sqlite3_stmt **statement,
                             clproc_error *error) {
    const database *db = store->state;
    int code = sqlite3_prepare_v2(db->file, command, -1, statement, NULL);
    return code == SQLITE_OK ? CLPROC_OK : failure(store, code, error);
}

/** Appends the selection's columns: their names, with their types, or as question marks. */
static clproc_status put_columns(const clp_selection *selection, bool types, bool marks,
                                 clp_bytes *command, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < selection->count; i++) {
        clproc_index_field info = clp_field_info(selection->fields[i]);
        bool key = selection->fields[i] == CLP_FIELD_SOURCE_FILE;
        char text[128];
        int size = marks ? snprintf(text, sizeof text, "%s?", i ? "," : "")
                         : snprintf(text, sizeof text, "%s\"%s\"%s%s", i ? "," : "", info.name,
                                    !types                             ? ""
                                    : info.kind == CLPROC_INDEX_NUMBER ? " NUMERIC"
                                                                       : " TEXT",
                                    types && key ? " PRIMARY KEY" : "");
        CLP_TRY(status, out, clp_bytes_append(command, text, (size_t)size, error));
    }
out:
    return status;
}

/** Makes a command of its start, columns, and what follows them. */
static clproc_status make_command(const clp_selection *selection, const char *start, bool types,
                                  const char *rest, clp_bytes *command, clproc_error *error) {
    clproc_status status;
    command->size = 0;
    CLP_TRY(status, out, clp_bytes_append(command, start, strlen(start), error));
    CLP_TRY(status, out, put_columns(selection, types, false, command, error));
    CLP_TRY(status, out, clp_bytes_append(command, rest, strlen(rest) + 1, error));
out:
    return status;
}

/** The table's columns; `foreign` is the name of one that is no field's, or "". */
static clproc_status find_fields(clp_store *store, clp_selection *fields,
                                 char foreign[CLP_STORE_NAME], clproc_error *error) {
    sqlite3_stmt *names = NULL;
    int code;
    clproc_status status = /* with those that SQLite computes */
        prepare(store, "SELECT name FROM pragma_table_xinfo('" TABLE "')", &names, error);
    if (status != CLPROC_OK) {
        return status;
    }
    foreign[0] = '\0';
    while ((code = sqlite3_step(names)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(names, 0);
        if (name && !clp_selection_add(fields, name)) {
            snprintf(foreign, CLP_STORE_NAME, "%s", name);
        }
    }
    status = code == SQLITE_DONE ? CLPROC_OK : failure(store, code, error);
    sqlite3_finalize(names);
    return status;
}

/** Refuses a file in which the table's name stands for something else, or for more, which is not
 * ours to replace: no run makes it again. */
static clproc_status check_table(clp_store *store, clproc_error *error) {
    clp_selection fields = {0};
    char foreign[CLP_STORE_NAME];
    clproc_status status = find_fields(store, &fields, foreign, error);
    if (status == CLPROC_OK && foreign[0]) {
        status = clp_error_set_file(error, CLPROC_ERROR_IO, store->path,
                                    "has a table " TABLE " with a column %s that is none of an "
                                    "index; rename that table, or name another file",
                                    foreign);
    }
    return status;
}

static clproc_status begin(clp_store *store, clp_bytes *command, clproc_error *error) {
    database *db = store->state;
    clproc_status status;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(store->path, &db->file, flags, NULL);
    if (code != SQLITE_OK) {
        return failure(store, code, error);
    }
    sqlite3_busy_timeout(db->file, PATIENCE);
    CLP_TRY(status, out, check_table(store, error));
    /* Views on the table may be without it for a moment. */
    CLP_TRY(
        status, out,
        execute(store,
                "PRAGMA legacy_alter_table = ON; BEGIN IMMEDIATE; DROP TABLE IF EXISTS " NEW_TABLE,
                error));
    CLP_TRY(
        status, out,
        make_command(store->selection, "CREATE TABLE " NEW_TABLE " (", true, ")", command, error));
    CLP_TRY(status, out, execute(store, (const char *)command->data, error));
    CLP_TRY(status, out,
            make_command(store->selection, "INSERT OR REPLACE INTO " NEW_TABLE " (", false,
                         ") VALUES (", command, error));
    command->size--; /* its NUL */
    CLP_TRY(status, out, put_columns(store->selection, false, true, command, error));
    CLP_TRY(status, out, clp_bytes_append(command, ")", 2, error));
    CLP_TRY(status, out, prepare(store, (const char *)command->data, &db->insert, error));
out:
    return status;
}

static clproc_status open_store(clp_store *store, clproc_error *error) {
    clp_bytes command = {0};
    clproc_status status = begin(store, &command, error);
    clp_bytes_free(&command);
    return status;
}

/* ------------------------------------------------------------------ reading */

static void take_column(sqlite3_stmt *from, int column, clp_field field, clp_row *row) {
    const char *text;
    switch (sqlite3_column_type(from, column)) {
    case SQLITE_INTEGER:
        clp_row_integer(row, field, CLP_RANK_EXIF, sqlite3_column_int64(from, column));
        break;
    case SQLITE_FLOAT:
        clp_row_number(row, field, CLP_RANK_EXIF, sqlite3_column_double(from, column));
        break;
    case SQLITE_NULL:
        break;
    default:
        text = (const char *)sqlite3_column_text(from, column);
        if (text && clp_field_info(field).kind == CLPROC_INDEX_LIST) {
            clp_json_get_list(row, field, text, strlen(text));
        } else if (text) {
            clp_row_string(row, field, CLP_RANK_EXIF, text);
        }
        break;
    }
}

/** Takes columns from the number `first` on. */
static void take_row(sqlite3_stmt *from, int first, const clp_selection *fields, clp_row *row) {
    for (size_t i = 0; i < fields->count; i++) {
        take_column(from, first + (int)i, fields->fields[i], row);
    }
}

static clproc_status scan(clp_store *store, clp_old *old, clp_selection *found, bool *usable,
                          clproc_error *error) {
    static const clp_field asked[] = {CLP_FIELD_SOURCE_FILE,      CLP_FIELD_FILE_SIZE,
                                      CLP_FIELD_FILE_MODIFY_DATE, CLP_FIELD_ERROR,
                                      CLP_FIELD_INDEX_VERSION,    CLP_FIELD_FEATURES_VERSION};
    sqlite3_stmt *rows = NULL;
    clp_bytes command = {0};
    clp_selection wanted = {0};
    clp_row row = {0};
    clproc_status status;
    char foreign[CLP_STORE_NAME];
    int code;
    CLP_TRY(status, out, find_fields(store, found, foreign, error));
    *usable = !foreign[0] && clp_selection_same(found, store->selection);
    if (!*usable) {
        goto out;
    }
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        if (clp_selection_has(found, asked[i])) {
            wanted.fields[wanted.count++] = asked[i];
        }
    }
    CLP_TRY(status, out,
            make_command(&wanted, "SELECT rowid, ", false, " FROM " TABLE, &command, error));
    CLP_TRY(status, out, prepare(store, (const char *)command.data, &rows, error));
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        clp_row_clear(&row);
        take_row(rows, 1, &wanted, &row);
        if (clp_store_is_current(store, &row)) {
            CLP_TRY(status, out,
                    clp_old_add(old, &row, (uint64_t)sqlite3_column_int64(rows, 0), true, error));
        }
    }
    status = code == SQLITE_DONE ? CLPROC_OK : failure(store, code, error);
out:
    clp_bytes_free(&command);
    sqlite3_finalize(rows);
    clp_row_free(&row);
    return status;
}

static clproc_status read_store(clp_store *store, clp_selection *fields, clproc_error *error) {
    database *db = store->state;
    clp_bytes command = {0};
    clproc_status status;
    char foreign[CLP_STORE_NAME];
    int code =
        sqlite3_open_v2(store->path, &db->file, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) {
        return failure(store, code, error);
    }
    sqlite3_busy_timeout(db->file, PATIENCE);
    CLP_TRY(status, out, find_fields(store, fields, foreign, error));
    if (foreign[0] || fields->count == 0) {
        status = clp_error_set_file(error, CLPROC_ERROR_IO, store->path,
                                    "has no table " TABLE " as clproc " CLPROC_VERSION
                                    " writes it; make this index anew");
        goto out;
    }
    CLP_TRY(status, out,
            make_command(fields, "SELECT rowid, ", false, " FROM " TABLE " ORDER BY rowid",
                         &command, error));
    CLP_TRY(status, out, prepare(store, (const char *)command.data, &db->rows, error));
out:
    clp_bytes_free(&command);
    return status;
}

static clproc_status next(clp_store *store, clp_row *row, uint64_t *place, bool *there,
                          clproc_error *error) {
    const database *db = store->state;
    int code = sqlite3_step(db->rows);
    *there = code == SQLITE_ROW;
    if (!*there) {
        return code == SQLITE_DONE ? CLPROC_OK : failure(store, code, error);
    }
    *place = (uint64_t)sqlite3_column_int64(db->rows, 0);
    take_row(db->rows, 1, store->selection, row);
    if (!clp_store_is_current(store, row)) {
        return clp_error_set_file(error, CLPROC_ERROR_IO, store->path,
                                  "row %lld of " TABLE " is none that clproc " CLPROC_VERSION
                                  " writes; make this index anew",
                                  (long long)*place);
    }
    return CLPROC_OK;
}

static clproc_status fetch(clp_store *store, uint64_t place, clp_row *row, clproc_error *error) {
    database *db = store->state;
    clproc_status status = CLPROC_OK;
    if (!db->fetch) {
        clp_bytes command = {0};
        status = make_command(store->selection, "SELECT ", false, " FROM " TABLE " WHERE rowid = ?",
                              &command, error);
        if (status == CLPROC_OK) {
            status = prepare(store, (const char *)command.data, &db->fetch, error);
        }
        clp_bytes_free(&command);
        if (status != CLPROC_OK) {
            return status;
        }
    }
    sqlite3_bind_int64(db->fetch, 1, (sqlite3_int64)place);
    int code = sqlite3_step(db->fetch);
    if (code == SQLITE_ROW) {
        take_row(db->fetch, 0, store->selection, row);
    }
    sqlite3_reset(db->fetch);
    return code == SQLITE_ROW ? CLPROC_OK : failure(store, code, error);
}

static clproc_status copy(clp_store *store, uint64_t place, clproc_error *error) {
    database *db = store->state;
    if (!db->copy) {
        clproc_status status = prepare(
            store, "INSERT OR REPLACE INTO " NEW_TABLE " SELECT * FROM " TABLE " WHERE rowid = ?",
            &db->copy, error);
        if (status != CLPROC_OK) {
            return status;
        }
    }
    sqlite3_bind_int64(db->copy, 1, (sqlite3_int64)place);
    int code = sqlite3_step(db->copy);
    sqlite3_reset(db->copy);
    return code == SQLITE_DONE ? CLPROC_OK : failure(store, code, error);
}

/* ------------------------------------------------------------------ writing */

static int bind(sqlite3_stmt *to, int column, const clp_row *row, clp_field field) {
    const clp_cell *value = &row->values[field];
    clp_bytes list = {0};
    int code = SQLITE_NOMEM;
    switch (value->kind) {
    case CLP_CELL_NONE:
        return sqlite3_bind_null(to, column);
    case CLP_CELL_INTEGER:
        return sqlite3_bind_int64(to, column, value->integer);
    case CLP_CELL_REAL:
        return sqlite3_bind_double(to, column, value->real);
    case CLP_CELL_TEXT:
        return sqlite3_bind_text(to, column, clp_row_get(row, field), (int)value->size,
                                 SQLITE_STATIC);
    default:
        break;
    }
    if (clp_json_put_list(&list, row, field, NULL) == CLPROC_OK) {
        code = sqlite3_bind_text(to, column, (const char *)list.data, (int)list.size,
                                 SQLITE_TRANSIENT);
    }
    clp_bytes_free(&list);
    return code;
}

static clproc_status put(clp_store *store, const clp_row *row, const void *text, size_t size,
                         clproc_error *error) {
    database *db = store->state;
    int code = SQLITE_OK;
    (void)text, (void)size;
    for (size_t i = 0; code == SQLITE_OK && i < store->selection->count; i++) {
        code = bind(db->insert, (int)i + 1, row, store->selection->fields[i]);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_step(db->insert);
        sqlite3_reset(db->insert);
    }
    return code == SQLITE_DONE ? CLPROC_OK : failure(store, code, error);
}

static clproc_status commit(clp_store *store, clproc_error *error) {
    database *db = store->state;
    clproc_status status;
    sqlite3_finalize(db->insert);
    sqlite3_finalize(db->fetch);
    sqlite3_finalize(db->copy);
    db->insert = db->fetch = db->copy = NULL;
    CLP_TRY(status, out,
            execute(store,
                    "DROP TABLE IF EXISTS " TABLE "; ALTER TABLE " NEW_TABLE " RENAME TO " TABLE
                    "; COMMIT",
                    error));
    db->committed = true;
out:
    return status;
}

static void close_store(clp_store *store) {
    database *db = store->state;
    struct stat info;
    sqlite3_finalize(db->insert);
    sqlite3_finalize(db->fetch);
    sqlite3_finalize(db->copy);
    sqlite3_finalize(db->rows);
    sqlite3_close(db->file); /* rolls back what was not committed */
    if (!db->committed && !store->existed && stat(store->path, &info) == 0 && info.st_size == 0 &&
        S_ISREG(info.st_mode)) {
        unlink(store->path);
    }
}

const clp_store_kind clp_store_sqlite = {
    .endings = {".sqlite", ".sqlite3", ".db"},
    .state = sizeof(database),
    .open = open_store,
    .scan = scan,
    .fetch = fetch,
    .copy = copy,
    .read = read_store,
    .next = next,
    .put = put,
    .commit = commit,
    .close = close_store,
};

#else
/* Built without SQLite. */
typedef int clp_no_sqlite;
#endif
