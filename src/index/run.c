/* An index is made by threads that read files chunk by chunk, and one, the caller's, that takes the
 * chunks in the order of the listing and writes their rows. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "batch/events.h"
#include "batch/shard.h"
#include "core/cancel.h"
#include "core/clock.h"
#include "core/machine.h"
#include "core/memory.h"
#include "index/run_private.h"

/** Files of a chunk. */
enum { CHUNK = 32 };

/** A place for the chunks that leave the same remainder. */
struct clp_index_slot {
    clp_index_entry entries[CHUNK];
    size_t text_ends[CHUNK]; /**< where each file's ends in the chunk's */
    clp_bytes text;
    clproc_status status;
    bool ready; /**< filled and not yet written */
};

typedef clp_index_work work;
typedef clp_index_entry entry;
typedef clp_index_slot slot;

static size_t chunk_count(const work *index) {
    return (index->listing.own + CHUNK - 1) / CHUNK;
}

static size_t chunk_size(const work *index, size_t chunk) {
    size_t left = index->listing.own - chunk * CHUNK;
    return left < CHUNK ? left : CHUNK;
}

/* ---------------------------------------------------------------- reading */

clproc_status clp_index_print(const work *index, entry *from, clp_bytes *text,
                              clproc_error *error) {
    bool row = from->end == CLP_READ_DONE || from->end == CLP_READ_BROKEN ||
               (from->end == CLP_READ_UNCHANGED && index->scores);
    from->passes = row && clp_where_passes(index->where, &from->row);
    return from->passes ? clp_store_print(index->store, &from->row, text, error) : CLPROC_OK;
}

static clproc_status read_chunk(work *index, clp_reader *reader, size_t chunk, slot *place,
                                clproc_error *error) {
    clproc_status status = CLPROC_OK;
    place->text.size = 0;
    for (size_t i = 0; status == CLPROC_OK && i < chunk_size(index, chunk); i++) {
        const clp_item *item = &index->listing.items[chunk * CHUNK + i];
        entry *into = &place->entries[i];
        into->end =
            clp_reader_read(reader, item->path, item->named,
                            index->params->update ? &index->old : NULL, &into->known, &into->row);
        status = clp_index_print(index, into, &place->text, error);
        place->text_ends[i] = place->text.size;
    }
    return status;
}

/** Takes a chunk to read and waits for its place; false if there is none. */
static bool take_chunk(work *index, size_t *chunk) {
    pthread_mutex_lock(&index->lock);
    while (!index->stop && index->next < chunk_count(index) &&
           index->next >= index->written + index->slot_count) {
        pthread_cond_wait(&index->emptied, &index->lock);
    }
    bool taken = !index->stop && index->next < chunk_count(index);
    *chunk = taken ? index->next++ : 0;
    pthread_mutex_unlock(&index->lock);
    return taken;
}

static void *read_files(void *user) {
    work *index = user;
    clp_reader *reader = NULL;
    clproc_error error = {0};
    size_t chunk;
    clproc_status status = clp_reader_create(&reader, &error);
    while (take_chunk(index, &chunk)) {
        slot *place = &index->slots[chunk % index->slot_count];
        if (status == CLPROC_OK) {
            status = read_chunk(index, reader, chunk, place, &error);
        }
        pthread_mutex_lock(&index->lock);
        place->status = status;
        place->ready = true;
        if (status != CLPROC_OK) {
            index->error = error;
            index->stop = true;
        }
        pthread_cond_broadcast(&index->filled);
        pthread_mutex_unlock(&index->lock);
    }
    if (reader) {
        pthread_mutex_lock(&index->lock);
        index->bytes += clp_reader_bytes(reader);
        pthread_mutex_unlock(&index->lock);
    }
    clp_reader_destroy(&reader);
    return NULL;
}

/* ---------------------------------------------------------------- writing */

/** Keeps the row that a file had. */
static clproc_status keep(work *index, const clp_old_row *known, clp_row *row, clp_bytes *text,
                          bool *passes, clproc_error *error) {
    clproc_status status;
    if (known->same && !index->where && index->params->near == 0) {
        *passes = true;
        return clp_store_copy(index->store, known->place, error);
    }
    CLP_TRY(status, out, clp_store_fetch(index->store, known->place, row, error));
    *passes = clp_where_passes(index->where, row);
    if (*passes) {
        text->size = 0;
        CLP_TRY(status, out, clp_store_print(index->store, row, text, error));
        CLP_TRY(status, out, clp_store_put(index->store, row, text->data, text->size, error));
    }
out:
    return status;
}

static void tell_failure(work *index, const char *path, const clp_row *row) {
    clproc_error failure;
    clp_error_set(&failure, CLPROC_ERROR_INPUT, "%s", clp_row_get(row, CLP_FIELD_ERROR));
    clp_events_failed(&index->events, path, NULL, 1, &failure);
}

/** Notes what tells pictures that are near each other. */
static clproc_status note_near(work *index, const clp_row *row, clproc_error *error) {
    const clp_cell *sharpness = &row->values[CLP_FIELD_SHARPNESS_WHOLE];
    const char *hash = clp_row_get(row, CLP_FIELD_PERCEPTUAL_HASH);
    double value = sharpness->kind == CLP_CELL_INTEGER ? (double)sharpness->integer
                   : sharpness->kind == CLP_CELL_REAL  ? sharpness->real
                                                       : 0;
    if (index->params->near == 0 || !hash[0]) {
        return CLPROC_OK;
    }
    return clp_near_add(&index->near, (uint32_t)index->done, strtoull(hash, NULL, 16), value,
                        error);
}

clproc_status clp_index_write(work *index, entry *from, const void *text, size_t size,
                              clp_bytes *kept, clproc_error *error) {
    clproc_index_result *result = index->result;
    const char *path = index->listing.items[index->done].path;
    clproc_status status = CLPROC_OK;
    bool passes = from->passes;
    if (from->known) {
        from->known->met = true;
    }
    if (from->end == CLP_READ_UNCHANGED && !index->scores) {
        CLP_TRY(status, out, keep(index, from->known, &from->row, kept, &passes, error));
    } else if (passes) {
        CLP_TRY(status, out, clp_store_put(index->store, &from->row, text, size, error));
    }
    if (passes) {
        CLP_TRY(status, out, note_near(index, &from->row, error));
    }
    if (from->end == CLP_READ_NO_PICTURE) {
        result->skipped++;
        clp_events_skipped(&index->events, path, NULL, 1, CLPROC_SKIP_NO_PICTURE, "other");
    } else if (from->end == CLP_READ_BROKEN) {
        result->failed++;
        tell_failure(index, path, &from->row);
    } else if (!passes) {
        result->filtered++;
        clp_events_skipped(&index->events, path, NULL, 1, CLPROC_SKIP_FILTERED, NULL);
    } else if (from->end == CLP_READ_UNCHANGED) {
        result->unchanged++;
        clp_events_skipped(&index->events, path, NULL, 1, CLPROC_SKIP_MADE_BEFORE, NULL);
    } else {
        result->read++;
        clp_events_done(&index->events, path, NULL, false,
                        clp_row_get(&from->row, CLP_FIELD_WARNING), NULL);
    }
    index->done++;
out:
    return status;
}

/** Waits for the next chunk; NULL if the threads have stopped before it. */
static slot *await_chunk(work *index, clproc_status *status, clproc_error *error) {
    slot *place = &index->slots[index->written % index->slot_count];
    pthread_mutex_lock(&index->lock);
    while (!place->ready && (!index->stop || index->written < index->next)) {
        pthread_cond_wait(&index->filled, &index->lock);
    }
    bool ready = place->ready;
    *status = ready ? place->status : CLPROC_OK;
    if (*status != CLPROC_OK && error) {
        *error = index->error;
    }
    pthread_mutex_unlock(&index->lock);
    return ready ? place : NULL;
}

static void stop_reading(work *index) {
    pthread_mutex_lock(&index->lock);
    index->stop = true;
    pthread_cond_broadcast(&index->emptied);
    pthread_cond_broadcast(&index->filled);
    pthread_mutex_unlock(&index->lock);
}

static void free_slot(work *index, slot *place) {
    pthread_mutex_lock(&index->lock);
    place->ready = false;
    index->written++;
    pthread_cond_broadcast(&index->emptied);
    pthread_mutex_unlock(&index->lock);
}

static clproc_status write_chunks(work *index, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    clp_bytes kept = {0};
    while (index->written < chunk_count(index)) {
        if (clp_cancel_asked(index->params->cancel)) {
            stop_reading(index);
        }
        size_t chunk = index->written;
        slot *place = await_chunk(index, &status, error);
        if (!place || status != CLPROC_OK) {
            break;
        }
        for (size_t i = 0; i < chunk_size(index, chunk); i++) {
            size_t start = i ? place->text_ends[i - 1] : 0;
            CLP_TRY(status, out,
                    clp_index_write(index, &place->entries[i], place->text.data + start,
                                    place->text_ends[i] - start, &kept, error));
        }
        free_slot(index, place);
    }
out:
    clp_bytes_free(&kept);
    return status;
}

/** Keeps the rows of files that a stopped run has not come to. */
static clproc_status keep_rest(work *index, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    clp_row row = {0};
    clp_bytes text = {0};
    bool passes;
    for (size_t i = index->done; i < index->listing.own; i++) {
        clp_row_clear(&row);
        clp_row_string(&row, CLP_FIELD_SOURCE_FILE, CLP_RANK_EXIF, index->listing.items[i].path);
        clp_old_row *known = clp_old_find(&index->old, clp_row_get(&row, CLP_FIELD_SOURCE_FILE));
        if (known) {
            known->met = true;
            CLP_TRY(status, out, keep(index, known, &row, &text, &passes, error));
            index->result->unchanged += passes;
        }
    }
out:
    clp_bytes_free(&text);
    clp_row_free(&row);
    return status;
}

/* ---------------------------------------------------------------- the run */

size_t clp_index_threads(const work *index, size_t shares) {
    size_t most = shares ? shares : 1;
    size_t count = index->params->jobs > 0 ? (size_t)index->params->jobs : clp_machine_cores();
    return count < most ? count : most;
}

/** Reads and writes all rows. Without memory or threads for more, fewer do. */
static clproc_status make_rows(work *index, clproc_error *error) {
    size_t wanted = clp_index_threads(index, chunk_count(index)), started = 0;
    clproc_status status = CLPROC_OK;
    pthread_t *threads = clp_memory_zero(CLP_MEMORY_OTHER, wanted, sizeof *threads);
    index->slot_count = 2 * wanted + 2;
    index->slots = clp_memory_zero(CLP_MEMORY_OTHER, index->slot_count, sizeof *index->slots);
    if (!threads || !index->slots) {
        clp_memory_free(threads);
        return clp_error_memory(error, "rows", index->slot_count * sizeof *index->slots);
    }
    while (started < wanted && pthread_create(&threads[started], NULL, read_files, index) == 0) {
        started++;
    }
    if (started == 0) {
        status = clp_error_set(error, CLPROC_ERROR_MEMORY,
                               "no thread can be started; raise the limit of processes");
    } else {
        status = write_chunks(index, error);
    }
    stop_reading(index);
    for (size_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    clp_memory_free(threads);
    return status;
}

/** Takes what is named twice out of the listing. */
static clproc_status drop_repeated(clp_listing *listing, clproc_error *error) {
    clp_hashset seen = {0};
    clproc_status status = CLPROC_OK;
    size_t kept = 0;
    if (listing->roots < 2) {
        return status; /* a folder holds every name once */
    }
    for (size_t i = 0; i < listing->count; i++) {
        clp_item item = listing->items[i];
        bool added = false;
        CLP_TRY(status, out,
                clp_hashset_add(&seen, clp_key_of_bytes(item.path, strlen(item.path)), 0, &added,
                                NULL, error));
        if (added) {
            listing->items[kept++] = item;
        }
    }
    listing->count = listing->own = kept;
out:
    clp_hashset_free(&seen);
    return status;
}

static clproc_status list_files(work *index, clproc_error *error) {
    const clproc_index_params *params = index->params;
    clp_listing_request request = {
        .inputs = params->inputs, .input_count = params->input_count, .cancel = params->cancel};
    clproc_status status;
    CLP_TRY(status, out, clp_listing_make(&index->listing, &request, &index->events, error));
    if (index->listing.piped.size > 0) {
        status = clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                               "standard input is a picture; index takes names there");
        goto out;
    }
    size_t listed = index->listing.count;
    CLP_TRY(status, out, drop_repeated(&index->listing, error));
    clp_events_dismissed(&index->events, listed - index->listing.count);
    CLP_TRY(status, out,
            clp_shard_choose(&index->listing, params->shard, params->shards, CLP_SPREAD_PATH,
                             &index->events, error));
    index->result->skipped = index->events.skipped;
    index->result->failed = index->events.failed;
out:
    return status;
}

/** Reads what the index holds, where that is of use. */
static clproc_status scan_old(work *index, clproc_error *error) {
    bool usable;
    clproc_status status = clp_store_scan(index->store, &index->old, &usable, error);
    if (status == CLPROC_OK && !usable) {
        clp_events_notice(&index->events,
                          "the index has other fields than this run writes: every file is read");
    }
    return status;
}

/** Ends a run that was stopped: what it read is kept where that loses nothing. */
static clproc_status end_stopped(work *index, clproc_error *error) {
    bool whole_before = clp_store_existed(index->store) && !index->params->update;
    clproc_error failure;
    if (!whole_before && strcmp(index->params->output, "-") != 0 &&
        keep_rest(index, &failure) == CLPROC_OK &&
        clp_store_commit(index->store, &failure) == CLPROC_OK) {
        index->result->kept = true;
    }
    return clp_error_set(error, CLPROC_ERROR_CANCELLED, "stopped on request");
}

/** True if a column, the filter or a model needs to see pixels. */
static bool wants_features(const work *index) {
    bool wanted = index->scores;
    clp_field field;
    for (size_t i = 0; i < index->selection.count; i++) {
        wanted = wanted || clp_field_is_feature(index->selection.fields[i]);
    }
    for (size_t i = 0; clp_where_field(index->where, i, &field); i++) {
        wanted = wanted || clp_field_is_feature(field);
    }
    return wanted;
}

clproc_status clp_index_open(work *index, clproc_error *error) {
    clproc_status status =
        clp_store_open(&index->store, index->params->output, &index->selection, error);
    return status == CLPROC_OK && index->params->update ? scan_old(index, error) : status;
}

clproc_status clp_index_finish(work *index, clproc_error *error) {
    const clproc_index_params *params = index->params;
    clproc_status status;
    if (index->done < index->listing.own) {
        status = end_stopped(index, error);
        goto out;
    }
    CLP_TRY(status, out, clp_store_commit(index->store, error));
    for (size_t i = 0; i < index->old.count; i++) {
        index->result->dropped += !index->old.rows[i].met;
    }
    if (params->near) {
        status =
            clp_near_tell(&index->near, &index->listing, params, &index->result->groups, error);
    }
out:
    return status;
}

static clproc_status run(work *index, clproc_error *error) {
    clproc_status status;
    CLP_TRY(status, out, list_files(index, error));
    CLP_TRY(status, out, clp_index_open(index, error));
    CLP_TRY(status, out,
            wants_features(index) ? clp_index_features(index, error) : make_rows(index, error));
    status = clp_index_finish(index, error);
out:
    return status;
}

void clp_index_begin(work *index, const clproc_index_params *params, clproc_index_result *result) {
    *result = (clproc_index_result){0};
    index->params = params;
    index->result = result;
    clp_events_init(&index->events, 1, params->on_event, params->user);
    pthread_mutex_init(&index->lock, NULL);
    pthread_cond_init(&index->filled, NULL);
    pthread_cond_init(&index->emptied, NULL);
}

void clp_index_end(work *index) {
    for (size_t i = 0; index->slots && i < index->slot_count; i++) {
        for (size_t k = 0; k < CHUNK; k++) {
            clp_row_free(&index->slots[i].entries[k].row);
        }
        clp_bytes_free(&index->slots[i].text);
    }
    clp_memory_free(index->slots);
    clp_store_close(&index->store);
    clp_where_destroy(&index->where);
    clp_scores_destroy(&index->scores);
    clp_old_free(&index->old);
    clp_near_free(&index->near);
    clp_listing_free(&index->listing);
    pthread_cond_destroy(&index->emptied);
    pthread_cond_destroy(&index->filled);
    pthread_mutex_destroy(&index->lock);
    clp_events_destroy(&index->events);
}

clproc_status clp_index_run(const clproc_index_params *params, clproc_index_result *result,
                            clproc_error *error) {
    uint64_t started = clp_clock_ns();
    work index = {.params = NULL};
    clp_index_begin(&index, params, result);
    clproc_status status = clp_index_prepare(&index, error);
    if (status == CLPROC_OK) {
        status = run(&index, error);
    }
    result->found = index.events.found;
    result->bytes = index.bytes;
    result->seconds = (double)(clp_clock_ns() - started) * 1e-9;
    clp_index_end(&index);
    return status;
}
