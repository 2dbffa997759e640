/* Rows of headers alone. One thread lists files, chunk by chunk; others read these; the caller's
 * takes the chunks in the order of the listing and writes their rows. There is a fixed number of
 * chunks, used in turn, so that memory does not grow with the listing. */
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "batch/shard.h"
#include "core/cancel.h"
#include "core/memory.h"
#include "index/run_private.h"

/** Files of a chunk. */
enum { CHUNK = 32 };
/** Threads beside those that the cores need: they wait for the disk, which answers faster the more
 * it is asked at once. */
enum { WAITING = 8 };

typedef struct chunk {
    size_t count;
    size_t name_at[CHUNK]; /**< where each file's path begins in `names` */
    bool named[CHUNK];
    clp_bytes names;

    clp_index_entry entries[CHUNK];
    size_t text_ends[CHUNK]; /**< where each file's ends in `text` */
    clp_bytes text;
    clproc_status status;
    bool ready; /**< read and not yet written */
    bool cut;   /**< not read to its end: a stop was requested */
} chunk;

typedef struct stream {
    clp_index_work *index;
    chunk *chunks;
    size_t chunk_count;
    pthread_t lister, *readers;
    size_t most_readers,
        reader_count; /**< one is started with each chunk, as long as more may be */

    /* The lister's own */
    clp_hashset *seen; /**< paths so far, where one may come again; else NULL */
    size_t all, own;   /**< files, and those of this shard */

    pthread_mutex_t lock;
    pthread_cond_t filled;        /**< a reader waits: a chunk is listed, or none will be */
    pthread_cond_t made;          /**< the writer waits: the next chunk is ready, or none will be */
    pthread_cond_t freed;         /**< the lister waits: a chunk was written, or none will be */
    size_t listed, next, written; /**< chunks that are listed, taken by a reader, and written */
    bool ended;                   /**< no further one is listed, for the reason in list_status */
    clproc_status list_status;
    bool stop;          /**< list and read no further chunk */
    bool cut;           /**< a chunk was; the caller's thread only */
    clproc_error error; /**< of the thread that could not go on */
} stream;

static chunk *chunk_at(const stream *s, size_t number) {
    return &s->chunks[number % s->chunk_count];
}

/** Everybody looks again whether there is more to come. The lock is held. */
static void wake_all(stream *s) {
    pthread_cond_broadcast(&s->filled);
    pthread_cond_signal(&s->made);
    pthread_cond_signal(&s->freed);
}

/** The lock is held. */
static void stop_all(stream *s) {
    s->stop = true;
    wake_all(s);
}

/* ---------------------------------------------------------------- reading */

/** Reads a chunk's files, or the first of them where a stop is requested: the chunk has no more
 * then. */
static clproc_status read_chunk(const stream *s, clp_reader *reader, chunk *from,
                                clproc_error *error) {
    const clp_index_work *index = s->index;
    clproc_status status = CLPROC_OK;
    from->text.size = 0;
    from->cut = false;
    for (size_t i = 0; status == CLPROC_OK && i < from->count; i++) {
        const char *path = (char *)from->names.data + from->name_at[i];
        clp_index_entry *into = &from->entries[i];
        from->cut = clp_cancel_asked(index->params->cancel);
        if (!from->cut) {
            into->end = clp_reader_read(reader, path, from->named[i],
                                        index->params->update ? &index->old : NULL, &into->known,
                                        &into->row);
            from->cut = into->end == CLP_READ_STOPPED;
        }
        if (from->cut) {
            from->count = i;
            break;
        }
        status = clp_index_print(index, into, &from->text, error);
        from->text_ends[i] = from->text.size;
    }
    return status;
}

/** Waits for a chunk to read; NULL if there will be none. */
static chunk *take_chunk(stream *s) {
    pthread_mutex_lock(&s->lock);
    while (!s->stop && !s->ended && s->next == s->listed) {
        pthread_cond_wait(&s->filled, &s->lock);
    }
    chunk *taken = !s->stop && s->next < s->listed ? chunk_at(s, s->next++) : NULL;
    pthread_mutex_unlock(&s->lock);
    return taken;
}

static void *read_files(void *user) {
    stream *s = user;
    clp_reader *reader = NULL;
    clproc_error error = {0};
    chunk *place;
    clproc_status status = clp_index_reader(s->index, &reader, &error);
    while ((place = take_chunk(s))) {
        if (status == CLPROC_OK) {
            status = read_chunk(s, reader, place, &error);
        }
        pthread_mutex_lock(&s->lock);
        place->status = status;
        place->ready = true;
        if (status != CLPROC_OK) {
            s->error = error;
            stop_all(s);
        }
        if (place == chunk_at(s, s->written)) {
            pthread_cond_signal(&s->made);
        }
        pthread_mutex_unlock(&s->lock);
    }
    if (reader) {
        pthread_mutex_lock(&s->lock);
        s->index->bytes += clp_reader_bytes(reader);
        pthread_mutex_unlock(&s->lock);
    }
    clp_reader_destroy(&reader);
    return NULL;
}

/* ---------------------------------------------------------------- listing */

/** Hands the chunk that is being filled to the readers, and waits for the next one's place. */
static clproc_status publish(stream *s, clproc_error *error) {
    clp_events_found(&s->index->events, chunk_at(s, s->listed)->count);
    if (s->reader_count < s->most_readers &&
        pthread_create(&s->readers[s->reader_count], NULL, read_files, s) == 0) {
        s->reader_count++;
    } else if (s->reader_count == 0) {
        return clp_error_set(error, CLPROC_ERROR_MEMORY,
                             "no thread can be started; raise the limit of processes");
    }
    pthread_mutex_lock(&s->lock);
    s->listed++;
    pthread_cond_signal(&s->filled);
    while (!s->stop && s->listed == s->written + s->chunk_count) {
        pthread_cond_wait(&s->freed, &s->lock);
    }
    bool stop = s->stop;
    pthread_mutex_unlock(&s->lock);
    if (stop) {
        return clp_error_set(error, CLPROC_ERROR_CANCELLED, "stopped while listing files");
    }
    chunk *next = chunk_at(s, s->listed);
    next->count = next->names.size = 0;
    return CLPROC_OK;
}

/** A clp_listing_take. */
static clproc_status take_file(void *user, const clp_item *item, clproc_error *error) {
    stream *s = user;
    const clproc_index_params *params = s->index->params;
    chunk *into = chunk_at(s, s->listed);
    size_t size = strlen(item->path);
    bool added = true;
    clproc_status status = CLPROC_OK;
    if (item->piped) {
        return clp_index_piped(error);
    }
    if (s->seen) {
        CLP_TRY(
            status, out,
            clp_hashset_add(s->seen, clp_key_of_bytes(item->path, size), 0, &added, NULL, error));
    }
    s->all += added;
    if (!added || !clp_shard_has(item, params->shard, params->shards, CLP_SPREAD_PATH)) {
        goto out;
    }
    s->own++;
    into->name_at[into->count] = into->names.size;
    into->named[into->count] = item->named;
    CLP_TRY(status, out, clp_bytes_append(&into->names, item->path, size + 1, error));
    if (++into->count == CHUNK) {
        status = publish(s, error);
    }
out:
    return status;
}

static void *list_files(void *user) {
    stream *s = user;
    const clproc_index_params *params = s->index->params;
    clp_events *events = &s->index->events;
    clp_listing_request request = {.inputs = params->inputs,
                                   .input_count = params->input_count,
                                   .cancel = params->cancel,
                                   .incomplete = &s->index->incomplete};
    clproc_error error = {0};
    clproc_status status = clp_listing_walk(&request, events, take_file, s, &error);
    if (status == CLPROC_OK && chunk_at(s, s->listed)->count > 0) {
        status = publish(s, &error);
    }
    if (status == CLPROC_OK) {
        clp_shard_tell(params->shard, params->shards, s->own, s->all, events);
        clp_events_listed(events);
    }
    pthread_mutex_lock(&s->lock);
    s->ended = true;
    s->list_status = status;
    if (status != CLPROC_OK && status != CLPROC_ERROR_CANCELLED) {
        s->error = error;
    }
    wake_all(s);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---------------------------------------------------------------- writing */

/** Waits for the next chunk; NULL if there will be none. */
static chunk *await_chunk(stream *s) {
    chunk *place = chunk_at(s, s->written);
    pthread_mutex_lock(&s->lock);
    while (!place->ready &&
           (s->written < s->next || (!s->stop && !(s->ended && s->written == s->listed)))) {
        pthread_cond_wait(&s->made, &s->lock);
    }
    bool ready = place->ready;
    pthread_mutex_unlock(&s->lock);
    return ready ? place : NULL;
}

static void stop_reading(stream *s) {
    pthread_mutex_lock(&s->lock);
    stop_all(s);
    pthread_mutex_unlock(&s->lock);
}

static void free_chunk(stream *s, chunk *place) {
    pthread_mutex_lock(&s->lock);
    place->ready = false;
    s->written++;
    pthread_cond_signal(&s->freed);
    pthread_mutex_unlock(&s->lock);
}

static clproc_status write_chunk(stream *s, chunk *from, clp_bytes *kept, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; status == CLPROC_OK && i < from->count; i++) {
        size_t start = i ? from->text_ends[i - 1] : 0;
        status = clp_index_write(s->index, (char *)from->names.data + from->name_at[i],
                                 &from->entries[i], from->text.data + start,
                                 from->text_ends[i] - start, kept, error);
    }
    return status;
}

/** Writes chunks up to the first that was cut: those behind it may be whole, but the rows of an
 * index are in the order of the listing. */
static clproc_status write_chunks(stream *s, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    clp_bytes kept = {0};
    chunk *place;
    while (status == CLPROC_OK && !s->cut) {
        if (clp_cancel_asked(s->index->params->cancel)) {
            stop_reading(s);
        }
        if (!(place = await_chunk(s))) {
            break;
        }
        status = place->status;
        s->cut = place->cut;
        if (status == CLPROC_OK) {
            status = write_chunk(s, place, &kept, error);
        } else if (error) {
            *error = s->error;
        }
        free_chunk(s, place);
    }
    clp_bytes_free(&kept);
    return status;
}

/* ------------------------------------------------------------------- whole */

/** True if no file can be named twice: a folder holds every name once. */
static bool is_one_folder(const clproc_index_params *params) {
    struct stat info;
    return params->input_count == 1 && strcmp(params->inputs[0], "-") != 0 &&
           stat(params->inputs[0], &info) == 0 && S_ISDIR(info.st_mode);
}

static clproc_status make_room(stream *s, clproc_error *error) {
    const clp_index_work *index = s->index;
    s->most_readers = clp_index_threads(index, index->digests ? 0 : WAITING, SIZE_MAX);
    s->chunk_count = 2 * s->most_readers + 2;
    s->readers = clp_memory_zero(CLP_MEMORY_OTHER, s->most_readers, sizeof *s->readers);
    s->chunks = clp_memory_zero(CLP_MEMORY_OTHER, s->chunk_count, sizeof *s->chunks);
    return s->readers && s->chunks
               ? CLPROC_OK
               : clp_error_memory(error, "rows", s->chunk_count * sizeof *s->chunks);
}

static void release(stream *s) {
    for (size_t i = 0; s->chunks && i < s->chunk_count; i++) {
        for (size_t k = 0; k < CHUNK; k++) {
            clp_row_free(&s->chunks[i].entries[k].row);
        }
        clp_bytes_free(&s->chunks[i].names);
        clp_bytes_free(&s->chunks[i].text);
    }
    clp_memory_free(s->chunks);
    clp_memory_free(s->readers);
    if (s->seen) {
        clp_hashset_free(s->seen);
    }
    pthread_cond_destroy(&s->filled);
    pthread_cond_destroy(&s->made);
    pthread_cond_destroy(&s->freed);
    pthread_mutex_destroy(&s->lock);
}

/** Lets all threads come to their end. */
static void join(stream *s) {
    stop_reading(s);
    pthread_join(s->lister, NULL); /* who starts readers */
    for (size_t i = 0; i < s->reader_count; i++) {
        pthread_join(s->readers[i], NULL);
    }
}

clproc_status clp_index_headers(clp_index_work *index, bool *stopped, clproc_error *error) {
    clp_hashset seen = {0};
    stream s = {.index = index, .seen = is_one_folder(index->params) ? NULL : &seen};
    clproc_run_params decoding;
    clproc_status status;
    pthread_mutex_init(&s.lock, NULL);
    pthread_cond_init(&s.filled, NULL);
    pthread_cond_init(&s.made, NULL);
    pthread_cond_init(&s.freed, NULL);
    CLP_TRY(status, out, make_room(&s, error));
    clp_index_decoding(index, &decoding);
    clp_index_share(index, &decoding, s.most_readers);
    if (pthread_create(&s.lister, NULL, list_files, &s) != 0) {
        status = clp_error_set(error, CLPROC_ERROR_MEMORY,
                               "no thread can be started; raise the limit of processes");
        goto out;
    }
    status = write_chunks(&s, error);
    join(&s);
    *stopped = s.list_status == CLPROC_ERROR_CANCELLED || s.written < s.listed || s.cut;
    if (status == CLPROC_OK && s.list_status != CLPROC_OK && !*stopped) {
        status = s.list_status;
        if (error) {
            *error = s.error;
        }
    }
out:
    release(&s);
    return status;
}
