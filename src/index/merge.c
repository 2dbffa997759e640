/* Rows are in the order of a listing in every index, as a rule: then the next row is always the
 * first of one of them, and one row of each is held. Where an index is in another order (it was
 * made of a list of names, or of folders in another order), the names of all rows are sorted first.
 */
#include "index/merge.h"

#include <stdlib.h>
#include <string.h>

#include "core/cancel.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/memory.h"
#include "index/name.h"
#include "index/store.h"

/** One index to read, and its next row. */
typedef struct source {
    clp_store *store;
    clp_row row, before;
    uint64_t place;
    uint32_t number; /**< among the indexes, in the order they were named in */
} source;

/** A row by its name. */
typedef struct name {
    union {
        size_t start;     /**< in the texts of all, while these grow */
        const char *path; /**< afterwards */
    };
    uint64_t place;
    uint32_t number; /**< of its index */
} name;

typedef struct merge {
    const clproc_index_merge_params *params;
    clproc_index_result *result;
    source *sources;
    source **heap; /**< those that have a row left: a heap, the first row on top */
    size_t left;
    clp_selection fields; /**< of all */
    clp_store *out;
    clp_bytes text;
    bool unordered; /**< an index was found to be in another order */
} merge;

/* ------------------------------------------------------------------- order */

/** As files are listed: folder by folder, names in the order of their bytes, whatever their
 * spelling. A slash comes before all that may stand in a name. */
static int compare_paths(const char *a, const char *b) {
    int first, second;
    do {
        first = clp_name_next(&a);
        second = clp_name_next(&b);
    } while (first == second && first);
    first = first == '/' ? 1 : first ? first + 1 : 0;
    second = second == '/' ? 1 : second ? second + 1 : 0;
    return first - second;
}

static const char *path_of(const clp_row *row) {
    return clp_row_get(row, CLP_FIELD_SOURCE_FILE);
}

/** Of one name's rows the one of the index named last comes last. */
static bool comes_before(const source *a, const source *b) {
    int order = compare_paths(path_of(&a->row), path_of(&b->row));
    return order < 0 || (order == 0 && a->number < b->number);
}

static void sink(merge *all, size_t at) {
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
            if (child < all->left && comes_before(all->heap[child], all->heap[least])) {
                least = child;
            }
        }
        if (least == at) {
            return;
        }
        source *moved = all->heap[at];
        all->heap[at] = all->heap[least];
        all->heap[least] = moved;
        at = least;
    }
}

/* ------------------------------------------------------------------- rows */

static clproc_status stopped(const merge *all, clproc_error *error) {
    return clp_cancel_asked(all->params->cancel)
               ? clp_error_set(error, CLPROC_ERROR_CANCELLED, "stopped on request")
               : CLPROC_OK;
}

static clproc_status put(merge *all, const clp_row *row, clproc_error *error) {
    clproc_status status;
    all->text.size = 0;
    CLP_TRY(status, out, clp_store_print(all->out, row, &all->text, error));
    CLP_TRY(status, out, clp_store_put(all->out, row, all->text.data, all->text.size, error));
    all->result->read++;
    status = stopped(all, error);
out:
    return status;
}

/** The next row of a source. `*there` is false beyond the last, or where it is out of order. */
static clproc_status advance(merge *all, source *from, bool *there, clproc_error *error) {
    clp_row before = from->row;
    from->row = from->before;
    from->before = before;
    clproc_status status = clp_store_next(from->store, &from->row, &from->place, there, error);
    if (status == CLPROC_OK && *there) {
        all->result->found++;
        all->unordered |= clp_row_has(&from->before, CLP_FIELD_SOURCE_FILE) &&
                          compare_paths(path_of(&from->before), path_of(&from->row)) > 0;
        *there = !all->unordered;
    }
    return status;
}

/** Takes the first row's successor in its place. */
static clproc_status step(merge *all, clproc_error *error) {
    bool there;
    clproc_status status = advance(all, all->heap[0], &there, error);
    if (status == CLPROC_OK && !there) {
        all->heap[0] = all->heap[--all->left];
    }
    if (status == CLPROC_OK) {
        sink(all, 0);
    }
    return status;
}

static clproc_status merge_ordered(merge *all, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < all->params->index_count; i++) {
        bool there;
        CLP_TRY(status, out, advance(all, &all->sources[i], &there, error));
        if (there) {
            all->heap[all->left++] = &all->sources[i];
        }
    }
    for (size_t i = all->left; i-- > 0;) {
        sink(all, i);
    }
    while (all->left > 0) {
        const source *from = all->heap[0];
        CLP_TRY(status, out, step(all, error));
        if (all->unordered) {
            break;
        }
        if (all->left > 0 && strcmp(path_of(&all->heap[0]->row), path_of(&from->before)) == 0) {
            all->result->dropped++;
        } else {
            CLP_TRY(status, out, put(all, &from->before, error));
        }
    }
out:
    return status;
}

/* ---------------------------------------------------------- in any order */

typedef struct names {
    clp_bytes texts;
    name *items;
    size_t count, capacity;
} names;

static clproc_status note_name(names *to, const source *from, clproc_error *error) {
    const char *path = path_of(&from->row);
    name *items =
        clp_memory_grow(CLP_MEMORY_LISTING, to->items, &to->capacity, to->count + 1, sizeof *items);
    if (!items) {
        return clp_error_memory(error, "the names of rows", to->count * sizeof *items);
    }
    to->items = items;
    items[to->count++] =
        (name){.start = to->texts.size, .place = from->place, .number = from->number};
    return clp_bytes_append(&to->texts, path, strlen(path) + 1, error);
}

/** Of one name's rows the one that counts comes last. */
static int by_path(const void *a, const void *b) {
    const name *one = a, *other = b;
    int order = compare_paths(one->path, other->path);
    if (order == 0) {
        order = (one->number > other->number) - (one->number < other->number);
    }
    return order ? order : (one->place > other->place) - (one->place < other->place);
}

static clproc_status sort_names(merge *all, names *to, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < all->params->index_count; i++) {
        source *from = &all->sources[i];
        bool there = true;
        while (there) {
            CLP_TRY(status, out,
                    clp_store_next(from->store, &from->row, &from->place, &there, error));
            if (there) {
                all->result->found++;
                CLP_TRY(status, out, note_name(to, from, error));
                CLP_TRY(status, out, stopped(all, error));
            }
        }
    }
    for (size_t i = 0; i < to->count; i++) {
        to->items[i].path = (const char *)to->texts.data + to->items[i].start;
    }
    if (to->count > 1) {
        qsort(to->items, to->count, sizeof *to->items, by_path);
    }
out:
    return status;
}

static clproc_status merge_sorted(merge *all, clproc_error *error) {
    names found = {0};
    clproc_status status;
    CLP_TRY(status, out, sort_names(all, &found, error));
    for (size_t i = 0; i < found.count; i++) {
        const name *one = &found.items[i];
        source *from = &all->sources[one->number];
        if (i + 1 < found.count && strcmp(one->path, found.items[i + 1].path) == 0) {
            all->result->dropped++;
            continue;
        }
        CLP_TRY(status, out, clp_store_fetch(from->store, one->place, &from->row, error));
        CLP_TRY(status, out, put(all, &from->row, error));
    }
out:
    clp_bytes_free(&found.texts);
    clp_memory_free(found.items);
    return status;
}

/* ---------------------------------------------------------------- the merge */

/** An index that is read cannot be written at the same time. */
static clproc_status check_output(const merge *all, const char *path, clproc_error *error) {
    if (clp_file_is_same(path, all->params->output)) {
        return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, path,
                                  "is one of the indexes to merge; name another output");
    }
    return CLPROC_OK;
}

static clproc_status open_sources(merge *all, clproc_error *error) {
    const clproc_index_merge_params *params = all->params;
    const char *first = NULL;
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < params->index_count; i++) {
        const char *path = params->indexes[i];
        source *from = &all->sources[i];
        from->number = (uint32_t)i;
        CLP_TRY(status, out, check_output(all, path, error));
        CLP_TRY(status, out, clp_store_read(&from->store, path, error));
        const clp_selection *fields = clp_store_fields(from->store);
        if (fields->count == 0) {
            continue; /* without rows it has nothing to disagree with */
        }
        if (first && !clp_selection_same(fields, &all->fields)) {
            status = clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, path,
                                        "has other columns than %s; make both with the same "
                                        "--fields, --digest, --features and --model",
                                        first);
            goto out;
        }
        first = path;
        all->fields = *fields;
    }
    if (!first) {
        status = clp_selection_parse(&all->fields, NULL, error);
    }
out:
    return status;
}

static void close_sources(merge *all) {
    for (size_t i = 0; all->sources && i < all->params->index_count; i++) {
        clp_store_close(&all->sources[i].store);
        clp_row_free(&all->sources[i].row);
        clp_row_free(&all->sources[i].before);
        all->sources[i] = (source){0};
    }
}

/** Reads all indexes once, just to find out whether they are in the order of a listing. */
static clproc_status check_order(merge *all, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < all->params->index_count && !all->unordered; i++) {
        bool there = true;
        while (there) {
            CLP_TRY(status, out, advance(all, &all->sources[i], &there, error));
            CLP_TRY(status, out, stopped(all, error));
        }
    }
out:
    return status;
}

static clproc_status open_output(merge *all, clproc_error *error) {
    const clproc_index_merge_params *params = all->params;
    return clp_store_open(&all->out, params->output, &all->fields, params->cancel, error);
}

/** Begins anew, now that it is known in what order the indexes are. */
static clproc_status merge_again(merge *all, clproc_error *error) {
    bool unordered = all->unordered;
    clproc_status status;
    clp_store_close(&all->out);
    close_sources(all);
    *all->result = (clproc_index_result){0};
    CLP_TRY(status, out, open_sources(all, error));
    CLP_TRY(status, out, open_output(all, error));
    CLP_TRY(status, out, (unordered ? merge_sorted : merge_ordered)(all, error));
    if (all->unordered != unordered) {
        status = clp_error_set(error, CLPROC_ERROR_IO,
                               "an index was changed by another program while it was read; run "
                               "this again");
    }
out:
    return status;
}

static clproc_status make_rows(merge *all, clproc_error *error) {
    /* Rows on standard output cannot be taken back, so there the order is found out before. */
    bool stream = strcmp(all->params->output, "-") == 0;
    clproc_status status;
    CLP_TRY(status, out, open_sources(all, error));
    if (stream) {
        CLP_TRY(status, out, check_order(all, error));
    } else {
        CLP_TRY(status, out, open_output(all, error));
        CLP_TRY(status, out, merge_ordered(all, error));
    }
    if (stream || all->unordered) {
        CLP_TRY(status, out, merge_again(all, error));
    }
    close_sources(all);
    CLP_TRY(status, out, clp_store_commit(all->out, error));
out:
    return status;
}

clproc_status clp_index_merge(const clproc_index_merge_params *params, clproc_index_result *result,
                              clproc_error *error) {
    uint64_t started = clp_clock_ns();
    merge all = {.params = params, .result = result};
    clproc_status status;
    *result = (clproc_index_result){0};
    all.sources = clp_memory_zero(CLP_MEMORY_OTHER, params->index_count, sizeof *all.sources);
    all.heap = clp_memory_zero(CLP_MEMORY_OTHER, params->index_count, sizeof(source *));
    if (!all.sources || !all.heap) {
        status = clp_error_memory(error, "the indexes", params->index_count * sizeof *all.sources);
        goto out;
    }
    CLP_TRY(status, out, clp_store_check(params->output, error));
    CLP_TRY(status, out, make_rows(&all, error));
out:
    close_sources(&all);
    clp_store_close(&all.out);
    clp_bytes_free(&all.text);
    clp_memory_free(all.sources);
    clp_memory_free(all.heap);
    result->seconds = (double)(clp_clock_ns() - started) * 1e-9;
    return status;
}
