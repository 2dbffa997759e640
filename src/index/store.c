#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "core/memory.h"
#include "index/store_private.h"

/** Those of this build; NULL ends them. */
static const clp_store_kind *const kinds[] = {&clp_store_json, &clp_store_csv,
#ifdef CLP_HAVE_SQLITE
                                              &clp_store_sqlite,
#endif
                                              NULL};

const char *clp_store_ending(size_t index) {
    for (size_t i = 0; kinds[i]; i++) {
        for (size_t k = 0; kinds[i]->endings[k]; k++) {
            if (index-- == 0) {
                return kinds[i]->endings[k];
            }
        }
    }
    return NULL;
}

static const clp_store_kind *find_kind(const char *path) {
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    if (strcmp(path, "-") == 0) {
        return &clp_store_json;
    }
    for (size_t i = 0; dot && kinds[i]; i++) {
        for (size_t k = 0; kinds[i]->endings[k]; k++) {
            if (strcasecmp(dot, kinds[i]->endings[k]) == 0) {
                return kinds[i];
            }
        }
    }
    return NULL;
}

clproc_status clp_store_check(const char *path, clproc_error *error) {
    static const char *const missing[] = {".parquet", ".sqlite", ".sqlite3", ".db"};
    const char *dot = strrchr(path, '.'), *ending;
    char list[128];
    size_t used = 0;
    if (find_kind(path)) {
        return CLPROC_OK;
    }
    for (size_t i = 0; (ending = clp_store_ending(i)); i++) {
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? " " : "", ending);
    }
    for (size_t i = 0; dot && i < sizeof missing / sizeof *missing; i++) {
        if (strcasecmp(dot, missing[i]) == 0) {
            return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, path,
                                      "this build of clproc writes no %s; choose among %s",
                                      missing[i], list);
        }
    }
    return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, path,
                              "an index needs an ending that says what it is: %s", list);
}

static clproc_status make(clp_store **store, const char *path, clproc_error *error) {
    clproc_status status = clp_store_check(path, error);
    if (status != CLPROC_OK) {
        return status;
    }
    const clp_store_kind *kind = find_kind(path);
    clp_store *made = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *made);
    void *state = clp_memory_zero(CLP_MEMORY_OTHER, 1, kind->state);
    if (!made || !state) {
        clp_memory_free(made);
        clp_memory_free(state);
        return clp_error_memory(error, "an index", kind->state);
    }
    *made = (clp_store){.kind = kind, .path = path, .state = state};
    *store = made;
    return CLPROC_OK;
}

clproc_status clp_store_open(clp_store **store, const char *path, const clp_selection *selection,
                             const volatile int *cancel, clproc_error *error) {
    struct stat info;
    clproc_status status = make(store, path, error);
    if (status == CLPROC_OK) {
        (*store)->selection = selection;
        (*store)->cancel = cancel;
        (*store)->existed = strcmp(path, "-") != 0 && stat(path, &info) == 0 && info.st_size > 0;
        status = (*store)->kind->open(*store, error);
        if (status != CLPROC_OK) {
            clp_store_close(store);
        }
    }
    return status;
}

clproc_status clp_store_read(clp_store **store, const char *path, clproc_error *error) {
    clproc_status status = make(store, path, error);
    if (status == CLPROC_OK) {
        clp_store *made = *store;
        made->selection = &made->own;
        made->existed = true;
        status = made->kind->read(made, &made->own, error);
        made->own.whole = clp_selection_is_whole(&made->own);
        if (status != CLPROC_OK) {
            clp_store_close(store);
        }
    }
    return status;
}

const clp_selection *clp_store_fields(const clp_store *store) {
    return store->selection;
}

clproc_status clp_store_next(clp_store *store, clp_row *row, uint64_t *place, bool *there,
                             clproc_error *error) {
    clp_row_clear(row);
    return store->kind->next(store, row, place, there, error);
}

void clp_store_give_up(clp_store *store) {
    if (!store->given_up) {
        store->kind->close(store);
        store->given_up = true;
    }
}

void clp_store_close(clp_store **store) {
    if (store && *store) {
        clp_store_give_up(*store);
        clp_memory_free((*store)->state);
        clp_memory_free(*store);
        *store = NULL;
    }
}

bool clp_store_existed(const clp_store *store) {
    return store->existed;
}

clproc_status clp_store_scan(clp_store *store, clp_old *old, clp_selection *found, bool *usable,
                             clproc_error *error) {
    *usable = true;
    return store->existed ? store->kind->scan(store, old, found, usable, error) : CLPROC_OK;
}

static bool is_version(const clp_store *store, const clp_row *row, clp_field field,
                       int64_t wanted) {
    const clp_cell *version = &row->values[field];
    return !clp_selection_has(store->selection, field) ||
           (version->kind == CLP_CELL_INTEGER && version->integer == wanted);
}

bool clp_store_is_current(const clp_store *store, const clp_row *row) {
    return clp_row_has(row, CLP_FIELD_SOURCE_FILE) &&
           is_version(store, row, CLP_FIELD_INDEX_VERSION, CLP_INDEX_VERSION) &&
           is_version(store, row, CLP_FIELD_FEATURES_VERSION, CLP_FEATURES_VERSION);
}

clproc_status clp_store_fetch(clp_store *store, uint64_t place, clp_row *row, clproc_error *error) {
    clp_row_clear(row);
    return store->kind->fetch(store, place, row, error);
}

clproc_status clp_store_copy(clp_store *store, uint64_t place, clproc_error *error) {
    return store->kind->copy(store, place, error);
}

clproc_status clp_store_print(const clp_store *store, const clp_row *row, clp_bytes *text,
                              clproc_error *error) {
    return store->kind->print ? store->kind->print(store->selection, row, text, error) : CLPROC_OK;
}

clproc_status clp_store_put(clp_store *store, const clp_row *row, const void *text, size_t size,
                            clproc_error *error) {
    return store->kind->put(store, row, text, size, error);
}

clproc_status clp_store_commit(clp_store *store, clproc_error *error) {
    return store->kind->commit(store, error);
}
