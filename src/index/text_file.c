/* Indexes that are text: the old one is read record by record, the new one is written beside it and
 * put in its place. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/memory.h"
#include "index/store_private.h"

/** Bytes of one record: more makes no sense. */
enum { MOST_RECORD = 16 << 20 };
/** Bytes that are written at once. */
enum { MOST_WAITING = 1 << 18 };

typedef clp_text_file text_file;

static clproc_status old_error(const clp_store *store, int code, clproc_error *error) {
    return clp_error_set_file(error, CLPROC_ERROR_IO, store->path,
                              "this index cannot be read: %s%s", strerror(code),
                              clp_file_remedy(code));
}

clproc_status clp_text_open(clp_store *store, clproc_error *error) {
    text_file *text = store->state;
    const clp_text_format *format = store->kind->format;
    clproc_status status = CLPROC_OK;
    *text = (text_file){
        .format = format, .tree = {.sweeps = true}, .writer = {.folder = -1, .file = -1}};
    text->stream = strcmp(store->path, "-") == 0;
    if (store->existed && !(text->old = fopen(store->path, "re"))) {
        return old_error(store, errno, error);
    }
    if (!text->stream) {
        CLP_TRY(status, out, clp_file_begin(&text->writer, &text->tree, store->path, error));
    }
    if (format->head) {
        clp_bytes head = {0};
        status = format->head(store->selection, &head, error);
        if (status == CLPROC_OK) {
            status = clp_text_put(store, NULL, head.data, head.size, error);
        }
        clp_bytes_free(&head);
    }
out:
    return status;
}

/** Reads the record that begins where the file stands; an empty one at the file's end. */
static clproc_status next_record(clp_store *store, clproc_error *error) {
    text_file *text = store->state;
    clproc_status status = CLPROC_OK;
    bool open = false;
    text->record.size = 0;
    do {
        errno = 0;
        ssize_t size = getline(&text->line, &text->capacity, text->old);
        if (size < 0) {
            return ferror(text->old) ? old_error(store, errno, error) : CLPROC_OK;
        }
        CLP_TRY(status, out, clp_bytes_append(&text->record, text->line, (size_t)size, error));
        open = text->format->is_open && text->format->is_open(text->line, (size_t)size, open);
    } while (open && text->record.size < MOST_RECORD);
out:
    return status;
}

/** True if the present record has its line end. One without may have been cut within its last
 * value, and looks like a row all the same. */
static bool is_ended(const text_file *text) {
    return text->record.size > 0 && text->record.data[text->record.size - 1] == '\n';
}

/** Reads the present record as a row; false if it is none. */
static bool read_record(clp_store *store, clp_row *row) {
    const text_file *text = store->state;
    clp_row_clear(row);
    return text->format->parse(store->selection, text->record.data, text->record.size, row) &&
           clp_store_is_current(store, row);
}

/** The same by the format's short way, where it has one. */
static bool skim_record(clp_store *store, clp_row *row) {
    const text_file *text = store->state;
    clp_row_clear(row);
    return text->format->skim &&
           text->format->skim(store->selection, text->record.data, text->record.size, row) &&
           clp_store_is_current(store, row);
}

/** Notes what fields the present record tells. */
static clproc_status note_names(const clp_store *store, clp_selection *found, clproc_error *error) {
    const text_file *text = store->state;
    char foreign[CLP_STORE_NAME] = "";
    text->format->names(found, text->record.data, text->record.size, foreign);
    return foreign[0]
               ? clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, store->path,
                                    "has a column %s, which no run makes and --update would drop; "
                                    "keep it in a file of its own, or leave --update out to make "
                                    "the index anew without it",
                                    foreign)
               : CLPROC_OK;
}

clproc_status clp_text_scan(clp_store *store, clp_old *old, clp_selection *found, bool *usable,
                            clproc_error *error) {
    text_file *text = store->state;
    clp_row row = {0};
    clproc_status status;
    if (text->format->same_head) {
        CLP_TRY(status, out, next_record(store, error));
        *usable = text->format->same_head(store->selection, &text->record);
        if (!*usable) {
            CLP_TRY(status, out, note_names(store, found, error));
        }
    }
    while (*usable) {
        off_t place = ftello(text->old);
        CLP_TRY(status, out, next_record(store, error));
        if (text->record.size == 0) {
            break;
        }
        bool same = skim_record(store, &row);
        if (!same && !text->format->same_head) {
            CLP_TRY(status, out, note_names(store, found, error));
        }
        /* What is no row, or one of another make, is simply read anew. */
        if (is_ended(text) && (same || read_record(store, &row))) {
            CLP_TRY(status, out, clp_old_add(old, &row, (uint64_t)place, same, error));
        }
    }
    status = CLPROC_OK;
out:
    clp_row_free(&row);
    return status;
}

/** Reads the record at a place. Going there costs a read even where the file stands there. */
static clproc_status find_record(clp_store *store, uint64_t place, clproc_error *error) {
    text_file *text = store->state;
    if (ftello(text->old) != (off_t)place && fseeko(text->old, (off_t)place, SEEK_SET) != 0) {
        return old_error(store, errno, error);
    }
    return next_record(store, error);
}

static clproc_status was_changed(const clp_store *store, clproc_error *error) {
    return clp_error_set_file(error, CLPROC_ERROR_IO, store->path,
                              "the index was changed by another program; run this again");
}

clproc_status clp_text_fetch(clp_store *store, uint64_t place, clp_row *row, clproc_error *error) {
    clproc_status status = find_record(store, place, error);
    return status == CLPROC_OK && !read_record(store, row) ? was_changed(store, error) : status;
}

clproc_status clp_text_copy(clp_store *store, uint64_t place, clproc_error *error) {
    const text_file *text = store->state;
    clproc_status status = find_record(store, place, error);
    if (status == CLPROC_OK && !is_ended(text)) {
        status = was_changed(store, error);
    }
    return status == CLPROC_OK
               ? clp_text_put(store, NULL, text->record.data, text->record.size, error)
               : status;
}

static clproc_status no_row(const clp_store *store, uint64_t place, clproc_error *error) {
    return clp_error_set_file(error, CLPROC_ERROR_IO, store->path,
                              "what stands from byte %llu on is no row that clproc " CLPROC_VERSION
                              " writes; make this index anew",
                              (unsigned long long)place);
}

clproc_status clp_text_read(clp_store *store, clp_selection *fields, clproc_error *error) {
    text_file *text = store->state;
    const clp_text_format *format = store->kind->format;
    clproc_status status;
    *text = (text_file){.format = format, .writer = {.folder = -1, .file = -1}};
    text->old = fopen(store->path, "re");
    if (!text->old) {
        return old_error(store, errno, error);
    }
    CLP_TRY(status, out, next_record(store, error));
    if (text->record.size == 0 && !format->head) {
        goto out; /* no rows */
    }
    if (!format->fields(fields, text->record.data, text->record.size)) {
        return no_row(store, 0, error);
    }
    if (!format->head && fseeko(text->old, 0, SEEK_SET) != 0) {
        status = old_error(store, errno, error);
    }
out:
    return status;
}

clproc_status clp_text_next(clp_store *store, clp_row *row, uint64_t *place, bool *there,
                            clproc_error *error) {
    text_file *text = store->state;
    off_t at = ftello(text->old);
    *place = (uint64_t)at;
    clproc_status status = next_record(store, error);
    *there = status == CLPROC_OK && text->record.size > 0;
    if (*there && (!is_ended(text) || !read_record(store, row))) {
        status = no_row(store, *place, error);
    }
    return status;
}

static clproc_status flush(const clp_store *store, clproc_error *error) {
    text_file *text = store->state;
    clp_bytes *waiting = &text->waiting;
    clproc_status status = text->stream
                               ? clp_file_write_stream(STDOUT_FILENO, waiting->data, waiting->size,
                                                       store->cancel, error)
                               : clp_file_put(&text->writer, waiting->data, waiting->size, error);
    waiting->size = 0;
    return status;
}

clproc_status clp_text_put(clp_store *store, const clp_row *row, const void *data, size_t size,
                           clproc_error *error) {
    text_file *text = store->state;
    (void)row;
    clproc_status status = clp_bytes_append(&text->waiting, data, size, error);
    return status == CLPROC_OK && text->waiting.size >= MOST_WAITING ? flush(store, error) : status;
}

clproc_status clp_text_commit(clp_store *store, clproc_error *error) {
    text_file *text = store->state;
    clproc_status status = flush(store, error);
    return status == CLPROC_OK && !text->stream ? clp_file_commit(&text->writer, error) : status;
}

void clp_text_close(clp_store *store) {
    text_file *text = store->state;
    if (!text->stream) {
        clp_file_abandon(&text->writer);
    }
    if (text->old) {
        fclose(text->old);
    }
    free(text->line);
    clp_bytes_free(&text->record);
    clp_bytes_free(&text->waiting);
}
