/* An index: what is asked for is prepared, rows are made of headers alone or with features, written
 * in the order of the listing, and put in place of the index as it was. */
#include <stdlib.h>
#include <string.h>

#include "batch/bounds.h"
#include "batch/events.h"
#include "batch/shard.h"
#include "core/cancel.h"
#include "core/clock.h"
#include "core/machine.h"
#include "core/memory.h"
#include "index/run_private.h"

typedef clp_index_work work;
typedef clp_index_entry entry;

clproc_status clp_index_print(const work *index, entry *from, clp_bytes *text,
                              clproc_error *error) {
    bool row = from->end == CLP_READ_DONE || from->end == CLP_READ_BROKEN ||
               (from->end == CLP_READ_UNCHANGED && index->scores);
    from->passes = row && clp_where_passes(index->where, &from->row);
    return from->passes ? clp_store_print(index->store, &from->row, text, error) : CLPROC_OK;
}

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

clproc_status clp_index_write(work *index, const char *path, entry *from, const void *text,
                              size_t size, clp_bytes *kept, clproc_error *error) {
    clproc_index_result *result = index->result;
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
        clp_events_skipped(&index->events, path, NULL, 1, CLPROC_SKIP_NO_PICTURE, "other");
    } else if (from->end == CLP_READ_BROKEN) {
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

/** Keeps the rows that a run has not come to: it was stopped, or could not read a folder. */
static clproc_status keep_rest(work *index, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    clp_row row = {0};
    clp_bytes text = {0};
    bool passes;
    for (size_t i = 0; i < index->old.count; i++) {
        clp_old_row *known = &index->old.rows[i];
        if (!known->met) {
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

void clp_index_decoding(const work *index, clproc_run_params *run) {
    const clproc_run_params *given = index->params->decoding;
    clproc_run_params_init(run);
    if (given) {
        run->device = given->device;
        run->only_run = given->only_run;
        run->limits = given->limits;
        run->memory = given->memory;
        run->device_memory = given->device_memory;
    }
}

void clp_index_share(work *index, const clproc_run_params *decoding, size_t threads) {
    index->pixels = (clp_pixels_bounds){.limits = decoding->limits,
                                        .cancel = index->params->cancel,
                                        .file_bytes = clp_run_file_bytes(decoding),
                                        .memory = clp_run_memory(decoding) / threads};
}

clproc_status clp_index_reader(const work *index, clp_reader **reader, clproc_error *error) {
    clproc_status status = clp_reader_create(reader, error);
    if (status == CLPROC_OK && index->digests) {
        clp_reader_digest(*reader, &index->pixels);
    }
    return status;
}

size_t clp_index_threads(const work *index, size_t waiting, size_t shares) {
    size_t most = shares ? shares : 1;
    size_t count =
        index->params->jobs > 0 ? (size_t)index->params->jobs : clp_machine_cores() + waiting;
    return count < most ? count : most;
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

clproc_status clp_index_piped(clproc_error *error) {
    return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                         "standard input is a picture; index takes names there");
}

/** Lists all files, for rows with features. */
static clproc_status list_files(work *index, clproc_error *error) {
    const clproc_index_params *params = index->params;
    clp_listing_request request = {.inputs = params->inputs,
                                   .input_count = params->input_count,
                                   .cancel = params->cancel,
                                   .incomplete = &index->incomplete};
    clproc_status status;
    CLP_TRY(status, out, clp_listing_make(&index->listing, &request, &index->events, error));
    if (index->listing.piped.size > 0) {
        status = clp_index_piped(error);
        goto out;
    }
    size_t listed = index->listing.count;
    CLP_TRY(status, out, drop_repeated(&index->listing, error));
    clp_events_dismissed(&index->events, listed - index->listing.count);
    CLP_TRY(status, out,
            clp_shard_choose(&index->listing, params->shard, params->shards, CLP_SPREAD_PATH,
                             &index->events, error));
out:
    return status;
}

/** Which option has made a field, where that took decoding every picture; NULL: none has. */
static const char *dear_option(clp_field field) {
    return clp_field_is_score(field)     ? "--model" /* which are features, too */
           : clp_field_is_feature(field) ? "--features"
           : clp_field_is_digest(field)  ? "--digest"
                                         : NULL;
}

/** Refuses to make an index anew without fields for which every picture has been decoded. */
static clproc_status check_dropped(const work *index, const clp_selection *found,
                                   clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < found->count && status == CLPROC_OK; i++) {
        const char *option = dear_option(found->fields[i]);
        if (option && !clp_selection_has(&index->selection, found->fields[i])) {
            status = clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, index->params->output,
                                        "was made with %s, whose fields --update would drop; give "
                                        "it again, or leave --update out to make the index anew",
                                        option);
        }
    }
    return status;
}

/** Reads what the index holds, where that is of use. */
static clproc_status scan_old(work *index, clproc_error *error) {
    clp_selection found = {0};
    bool usable;
    clproc_status status;
    CLP_TRY(status, out, clp_store_scan(index->store, &index->old, &found, &usable, error));
    CLP_TRY(status, out, check_dropped(index, &found, error));
    if (!usable) {
        clp_events_notice(&index->events,
                          "the index has other fields than this run writes: every file is read");
    }
out:
    return status;
}

/** Ends a run that was stopped: what it read is kept where that loses nothing. */
static clproc_status end_stopped(work *index, clproc_error *error) {
    bool whole_before = clp_store_existed(index->store) && !index->params->update;
    clproc_error failure;
    if (!index->ended && !whole_before && strcmp(index->params->output, "-") != 0 &&
        keep_rest(index, &failure) == CLPROC_OK &&
        clp_store_commit(index->store, &failure) == CLPROC_OK) {
        index->result->kept = true;
    }
    index->ended = true;
    return clp_error_set(error, CLPROC_ERROR_CANCELLED, "stopped on request");
}

/** True if a column or the filter is among the fields that `is_one` knows. */
static bool wants(const work *index, bool (*is_one)(clp_field field)) {
    bool wanted = false;
    clp_field field;
    for (size_t i = 0; i < index->selection.count; i++) {
        wanted = wanted || is_one(index->selection.fields[i]);
    }
    for (size_t i = 0; clp_where_field(index->where, i, &field); i++) {
        wanted = wanted || is_one(field);
    }
    return wanted;
}

clproc_status clp_index_open(work *index, clproc_error *error) {
    index->digests = wants(index, clp_field_is_digest);
    clproc_status status = clp_store_open(&index->store, index->params->output, &index->selection,
                                          index->params->cancel, error);
    return status == CLPROC_OK && index->params->update ? scan_old(index, error) : status;
}

clproc_status clp_index_finish(work *index, bool stopped, clproc_error *error) {
    const clproc_index_params *params = index->params;
    clproc_status status;
    if (stopped || index->ended) {
        return end_stopped(index, error);
    }
    if (index->incomplete && index->old.count > 0) {
        CLP_TRY(status, out, keep_rest(index, error));
        clp_events_notice(&index->events,
                          "as a folder could not be read, no row is dropped from the index");
    }
    CLP_TRY(status, out, clp_store_commit(index->store, error));
    for (size_t i = 0; i < index->old.count; i++) {
        index->result->dropped += !index->old.rows[i].met;
    }
    if (params->near) {
        status =
            clp_near_tell(&index->near, &index->listing, params, &index->result->groups, error);
        index->result->kept = status == CLPROC_ERROR_CANCELLED; /* what is missing are groups */
    }
out:
    return status;
}

static clproc_status run(work *index, clproc_error *error) {
    bool stopped = false, features = index->scores || wants(index, clp_field_is_feature);
    clproc_status status;
    if (features) {
        CLP_TRY(status, out, list_files(index, error));
    }
    CLP_TRY(status, out, clp_index_open(index, error));
    if (features) {
        CLP_TRY(status, out, clp_index_features(index, error));
        stopped = index->done < index->listing.own;
    } else {
        CLP_TRY(status, out, clp_index_headers(index, &stopped, error));
    }
    status = clp_index_finish(index, stopped, error);
out:
    return status;
}

void clp_index_begin(work *index, const clproc_index_params *params, clproc_index_result *result) {
    *result = (clproc_index_result){0};
    index->started = clp_clock_ns();
    index->params = params;
    index->result = result;
    clp_events_init(&index->events, 1, params->on_event, params->user);
}

void clp_index_count(work *index) {
    clproc_index_result *result = index->result;
    pthread_mutex_lock(&index->events.lock);
    result->found = index->events.found;
    result->skipped = index->events.skipped - result->filtered - result->unchanged;
    result->failed = index->events.failed;
    pthread_mutex_unlock(&index->events.lock);
    result->bytes = index->bytes;
    result->seconds = (double)(clp_clock_ns() - index->started) * 1e-9;
}

void clp_index_end(work *index) {
    clp_store_close(&index->store);
    clp_where_destroy(&index->where);
    clp_scores_destroy(&index->scores);
    clp_old_free(&index->old);
    clp_near_free(&index->near);
    clp_listing_free(&index->listing);
    clp_events_destroy(&index->events);
}

clproc_status clp_index_run(const clproc_index_params *params, clproc_index_result *result,
                            clproc_error *error) {
    work index = {.params = NULL};
    clp_index_begin(&index, params, result);
    clproc_status status = clp_index_prepare(&index, error);
    if (status == CLPROC_OK) {
        status = run(&index, error);
    }
    clp_index_count(&index);
    clp_index_end(&index);
    return status;
}
