/* Rows with features: the workers of a run decode pictures, and each makes the row of its own from
 * the bytes that it has read. Rows are written as soon as all before them are; with a model, as
 * soon as enough of them can be scored with one call. A run that was asked to stop may be kept by a
 * driver that compiles: then its rows get into their place beside it. */
#include <string.h>

#include "batch/batch.h"
#include "batch/bounds.h"
#include "core/cancel.h"
#include "core/leave.h"
#include "core/memory.h"
#include "index/run_private.h"

/** A row that waits for those before it, or for use. */
typedef struct parcel {
    clp_index_entry entry;
    clp_bytes text;
    struct parcel *next; /**< of the spare ones */
} parcel;

typedef struct gathering {
    clp_index_work *index;
    clp_reader **readers; /**< one to a worker; NULL before the files are listed */
    size_t worker_count;

    size_t batch; /**< rows that are written at once */
    size_t begun; /**< the first files, which are unchanged: their rows came before the run */

    pthread_mutex_t lock; /**< of what follows, and of writing */
    parcel **waiting;     /**< by file; NULL where there is none */
    size_t ready;         /**< all files before this one have a row, waiting or written */
    parcel *spare;
    clp_bytes kept;
    bool failed; /**< writing has, or the index has ended: no row may follow */

    clp_hashset rows; /**< of files by their names: which of the listing; of several inputs */

    const clproc_run_params *run; /**< what makes the rows */
    const clp_sink *sink;
    clproc_run_result *run_result; /**< and its profile: of a run with outputs of its own */
    clproc_profile **profile;
    clproc_status status; /**< how it ended */
    clproc_error *error;
} gathering;

static clproc_status find_reader(gathering *g, uint32_t worker, clp_reader **reader,
                                 clproc_error *error) {
    clp_reader **own = &g->readers[worker - 1];
    clproc_status status = *own ? CLPROC_OK : clp_index_reader(g->index, own, error);
    *reader = *own;
    return status;
}

static clproc_status take_parcel(gathering *g, parcel **taken, clproc_error *error) {
    pthread_mutex_lock(&g->lock);
    *taken = g->spare;
    g->spare = *taken ? (*taken)->next : NULL;
    pthread_mutex_unlock(&g->lock);
    if (!*taken) {
        *taken = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof **taken);
    }
    return *taken ? CLPROC_OK : clp_error_memory(error, "a row", sizeof **taken);
}

static void put_aside(gathering *g, parcel *one) {
    pthread_mutex_lock(&g->lock);
    one->next = g->spare;
    g->spare = one;
    pthread_mutex_unlock(&g->lock);
}

/** Scores the next rows; those that are kept are fetched for it. */
static clproc_status score(gathering *g, size_t count, clproc_error *error) {
    clp_index_work *index = g->index;
    parcel **next = &g->waiting[index->done];
    clp_row *rows[CLP_SCORES_BATCH] = {NULL};
    size_t row_count = 0;
    clproc_status status;
    for (size_t i = 0; i < count; i++) {
        clp_index_entry *entry = &next[i]->entry;
        if (entry->end == CLP_READ_UNCHANGED) {
            CLP_TRY(status, out,
                    clp_store_fetch(index->store, entry->known->place, &entry->row, error));
        }
        if (entry->end != CLP_READ_NO_PICTURE) {
            rows[row_count++] = &entry->row;
        }
    }
    CLP_TRY(status, out, clp_scores_run(index->scores, rows, row_count, error));
    for (size_t i = 0; i < count; i++) {
        next[i]->text.size = 0;
        CLP_TRY(status, out, clp_index_print(index, &next[i]->entry, &next[i]->text, error));
    }
out:
    return status;
}

/** Writes the rows that all before them are ready for. */
static clproc_status write_ready(gathering *g, clproc_error *error) {
    clp_index_work *index = g->index;
    clproc_status status = CLPROC_OK;
    while (!g->failed && index->done < g->ready) {
        size_t count = g->ready - index->done;
        count = count < g->batch ? count : g->batch;
        if (index->scores) {
            status = score(g, count, error);
        }
        for (size_t i = 0; status == CLPROC_OK && i < count; i++) {
            parcel **next = &g->waiting[index->done], *one = *next;
            status = clp_index_write(index, index->listing.items[index->done].path, &one->entry,
                                     one->text.data, one->text.size, &g->kept, error);
            one->next = g->spare;
            g->spare = one;
            *next = NULL;
        }
        g->failed = status != CLPROC_OK;
    }
    return status;
}

/** Takes a file's row in, and writes what can be written with it. */
static clproc_status deliver(gathering *g, uint32_t item, parcel *one, clproc_error *error) {
    size_t own = g->index->listing.own;
    clproc_status status = CLPROC_OK;
    pthread_mutex_lock(&g->lock);
    g->waiting[item] = one;
    while (g->ready < own && g->waiting[g->ready]) {
        g->ready++;
    }
    if (g->ready - g->index->done >= g->batch || g->ready == own) {
        status = write_ready(g, error);
    }
    pthread_mutex_unlock(&g->lock);
    return status;
}

/** Keeps the row of a file that has not changed since the index was made; it is not opened. */
static clproc_status keep_unchanged(gathering *g, uint32_t worker, uint32_t item, bool *kept,
                                    clproc_error *error) {
    const clp_index_work *index = g->index;
    const char *path = index->listing.items[item].path;
    clp_reader *reader;
    parcel *one;
    clproc_status status;
    CLP_TRY(status, out, find_reader(g, worker, &reader, error));
    CLP_TRY(status, out, take_parcel(g, &one, error));
    clp_index_entry *entry = &one->entry;
    *kept = clp_reader_is_unchanged(reader, path, &index->old, &entry->known, &entry->row);
    if (!*kept) {
        put_aside(g, one);
        goto out;
    }
    entry->end = CLP_READ_UNCHANGED;
    status = deliver(g, item, one, error);
out:
    return status;
}

static bool begin_file(void *user, uint32_t worker, uint32_t item, clproc_status *status,
                       clproc_error *error) {
    gathering *g = user;
    bool kept = item < g->begun;
    if (!kept && g->index->params->update) {
        *status = keep_unchanged(g, worker, item, &kept, error);
    }
    return *status == CLPROC_OK && !kept;
}

/** The first files, up to one that has to be decoded: without any, no device is opened. */
static clproc_status begin_files(gathering *g, clproc_error *error) {
    const clp_index_work *index = g->index;
    clproc_status status = CLPROC_OK;
    bool kept = index->params->update;
    while (status == CLPROC_OK && kept && g->begun < index->listing.own &&
           !clp_cancel_asked(index->params->cancel)) {
        status = keep_unchanged(g, 1, (uint32_t)g->begun, &kept, error);
        g->begun += kept;
    }
    return status;
}

/** Adds to a row what was seen of the picture, and what was wrong with it. */
static void see(clp_row *row, const clp_taken *taken) {
    char flaw[320];
    clp_row_features(row, taken->features);
    snprintf(flaw, sizeof flaw, "no features: %s",
             taken->flaw[0] ? taken->flaw : "pictures of this kind are not decoded");
    if (!clp_row_has(row, CLP_FIELD_ERROR) && (!taken->features || taken->flaw[0])) {
        clp_row_warn(row, taken->features ? taken->flaw : flaw);
    }
}

static clproc_status end_file(void *user, uint32_t worker, const clp_taken *taken,
                              clproc_error *error) {
    gathering *g = user;
    clp_index_work *index = g->index;
    const clp_item *item = &index->listing.items[taken->item];
    clp_reader *reader;
    parcel *one;
    clproc_status status;
    CLP_TRY(status, out, find_reader(g, worker, &reader, error));
    CLP_TRY(status, out, take_parcel(g, &one, error));
    clp_index_entry *entry = &one->entry;
    one->text.size = 0;
    if (taken->file) {
        entry->end = clp_reader_read_lent(reader, item->path, item->named, taken->file, taken->size,
                                          &entry->row);
    } else {
        clp_old_row *unread;
        entry->end = clp_reader_read(reader, item->path, item->named, NULL, &unread, &entry->row);
    }
    if (entry->end == CLP_READ_STOPPED) {
        put_aside(g, one);
        goto out;
    }
    entry->known = clp_old_find(&index->old, clp_row_get(&entry->row, CLP_FIELD_SOURCE_FILE));
    see(&entry->row, taken);
    if (!index->scores) {
        status = clp_index_print(index, entry, &one->text, error);
    }
    if (status != CLPROC_OK) {
        put_aside(g, one);
        goto out;
    }
    status = deliver(g, taken->item, one, error);
out:
    return status;
}

/* ------------------------------------------------------------------- whole */

static void free_parcel(parcel *one) {
    if (one) {
        clp_row_free(&one->entry.row);
        clp_bytes_free(&one->text);
        clp_memory_free(one);
    }
}

static void release(gathering *g) {
    for (size_t i = 0; g->readers && i < g->worker_count; i++) {
        g->index->bytes += g->readers[i] ? clp_reader_bytes(g->readers[i]) : 0;
        clp_reader_destroy(&g->readers[i]);
    }
    for (size_t i = 0; g->waiting && i < g->index->listing.own; i++) {
        free_parcel(g->waiting[i]);
    }
    while (g->spare) {
        parcel *next = g->spare->next;
        free_parcel(g->spare);
        g->spare = next;
    }
    clp_memory_free(g->readers);
    clp_memory_free(g->waiting);
    clp_bytes_free(&g->kept);
    clp_hashset_free(&g->rows);
    pthread_mutex_destroy(&g->lock);
}

/** The index counts and tells of files by itself; of the run it tells what is no file's. */
static void pass_on(const clproc_event *event, void *user) {
    clp_index_work *index = user;
    if (event->kind == CLPROC_EVENT_NOTICE) {
        clp_events_notice(&index->events, event->message);
    }
}

/** Makes room for the rows of the listing, which so many workers will make. */
static clproc_status begin_rows(gathering *g, size_t workers, clproc_error *error) {
    size_t own = g->index->listing.own;
    g->worker_count = workers;
    g->batch = g->index->scores ? CLP_SCORES_BATCH : 1;
    g->readers = clp_memory_zero(CLP_MEMORY_OTHER, workers, sizeof(clp_reader *));
    g->waiting = clp_memory_zero(CLP_MEMORY_LISTING, own + 1, sizeof(parcel *));
    return g->readers && g->waiting ? CLPROC_OK
                                    : clp_error_memory(error, "rows", own * sizeof(parcel *));
}

static void make_rows(void *user) {
    gathering *g = user;
    g->status = g->run_result ? clp_batch_run(g->run, g->sink, g->run_result, g->profile, g->error)
                              : clp_batch_features(g->run, g->sink, g->error);
}

/** The run was asked to stop and does not end: the index does, with the rows that there are. */
static void end_without(void *user) {
    gathering *g = user;
    clp_index_work *index = g->index;
    const clproc_index_params *params = index->params;
    clproc_error failure;
    pthread_mutex_lock(&g->lock);
    if (index->store && write_ready(g, &failure) == CLPROC_OK && !g->failed) {
        clp_index_finish(index, true, &failure);
    }
    if (index->store) { /* rows may still be printed for it */
        clp_store_give_up(index->store);
    }
    g->failed = index->ended = true;
    clp_index_count(index);
    pthread_mutex_unlock(&g->lock);
    if (params->on_overdue) {
        params->on_overdue(index->result, params->user);
    }
}

/** Makes rows until all are made, or a stop is requested. */
static clproc_status watch_rows(gathering *g, const clproc_run_params *run, const clp_sink *sink,
                                clproc_error *error) {
    g->run = run;
    g->sink = sink;
    g->error = error;
    clp_leave_watch(make_rows, end_without, g, g->index->params->cancel);
    if (g->status == CLPROC_ERROR_CANCELLED && g->waiting) {
        clproc_status written = write_ready(g, error);
        g->status = written == CLPROC_OK ? g->status : written;
    }
    return g->status;
}

clproc_status clp_index_features(clp_index_work *index, clproc_error *error) {
    const clproc_index_params *params = index->params;
    gathering g = {.index = index};
    clp_sink sink = {.listing = &index->listing, .begin = begin_file, .end = end_file, .user = &g};
    clproc_run_params run;
    clproc_status status;
    pthread_mutex_init(&g.lock, NULL);
    CLP_TRY(status, out, begin_rows(&g, clp_index_threads(index, 0, index->listing.own), error));
    CLP_TRY(status, out, begin_files(&g, error));
    if (g.begun == index->listing.own) {
        goto out;
    }
    clp_index_decoding(index, &run);
    if (index->digests) { /* their decodes take half of the memory */
        run.memory = clp_run_memory(&run) / 2;
        clp_index_share(index, &run, g.worker_count);
    }
    run.jobs = (int)g.worker_count;
    run.on_event = pass_on;
    run.user = index;
    run.cancel = params->cancel;
    status = watch_rows(&g, &run, &sink, error);
    if (status == CLPROC_ERROR_CANCELLED && clp_cancel_asked(params->cancel)) {
        status = CLPROC_OK; /* the caller sees that some are missing */
    }
out:
    release(&g);
    return status;
}

/* -------------------------------------------------------------- beside a run */

/** Notes which place of the listing is the row of each file: one that is named twice has one. */
static clproc_status find_repeated(gathering *g, clproc_error *error) {
    const clp_listing *listing = &g->index->listing;
    clproc_status status = CLPROC_OK;
    for (uint32_t i = 0; listing->roots > 1 && i < listing->own; i++) {
        const char *path = listing->items[i].path;
        bool added;
        CLP_TRY(status, out,
                clp_hashset_add(&g->rows, clp_key_of_bytes(path, strlen(path)), i, &added, NULL,
                                error));
    }
out:
    return status;
}

static clproc_status open_index(gathering *g, uint32_t workers, clproc_error *error) {
    clproc_run_params decoding;
    clproc_status status;
    if (g->index->listing.piped.size > 0) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "a picture on standard input has no name for a row of features; give "
                             "a file, or leave --features out");
    }
    clp_index_decoding(g->index, &decoding);
    clp_index_share(g->index, &decoding, 2 * (size_t)workers); /* the rest is the run's */
    CLP_TRY(status, out, begin_rows(g, workers, error));
    CLP_TRY(status, out, find_repeated(g, error));
    status = clp_index_open(g->index, error);
out:
    return status;
}

/** The run knows its files: the index begins. */
static clproc_status begin_index(void *user, uint32_t workers, clproc_error *error) {
    gathering *g = user;
    pthread_mutex_lock(&g->lock);
    clproc_status status = open_index(g, workers, error);
    pthread_mutex_unlock(&g->lock);
    return status;
}

/** As begin_file(), of files that may be repeated. */
static bool begin_own(void *user, uint32_t worker, uint32_t item, clproc_status *status,
                      clproc_error *error) {
    gathering *g = user;
    const clp_listing *listing = &g->index->listing;
    const char *path = listing->items[item].path;
    uint32_t row = item;
    parcel *one;
    if (listing->roots < 2 ||
        !clp_hashset_find(&g->rows, clp_key_of_bytes(path, strlen(path)), &row) || row == item) {
        return begin_file(user, worker, item, status, error);
    }
    CLP_TRY(*status, out, take_parcel(g, &one, error));
    one->entry.end = CLP_READ_NO_PICTURE;
    one->entry.known = NULL;
    one->entry.passes = false;
    *status = deliver(g, item, one, error);
out:
    return false;
}

clproc_status clp_index_beside(clp_index_work *index, const clproc_run_params *run,
                               clproc_run_result *result, clproc_profile **profile,
                               clproc_error *error) {
    gathering g = {.index = index, .run_result = result, .profile = profile};
    clp_sink sink = {.listing = &index->listing,
                     .listed = begin_index,
                     .begin = begin_own,
                     .end = end_file,
                     .user = &g};
    pthread_mutex_init(&g.lock, NULL);
    clproc_status status = watch_rows(&g, run, &sink, error);
    release(&g);
    return status;
}
