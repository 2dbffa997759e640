#include "batch/listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch/folder.h"
#include "codec/codec.h"
#include "core/cancel.h"
#include "core/checked.h"
#include "core/file.h"
#include "core/memory.h"

/* -------------------------------------------------------- the growing list */

#define TEXT_BLOCK 65536

struct clp_text_block {
    clp_text_block *next;
    size_t used, size;
    char text[];
};

/** Room for `size` bytes that stay where they are until the listing is freed. */
static char *take_text(clp_listing *listing, size_t size) {
    clp_text_block *block = listing->text;
    if (!block || block->size - block->used < size) {
        size_t room = size > TEXT_BLOCK ? size : TEXT_BLOCK, bytes;
        if (!clp_checked_add(room, sizeof *block, &bytes) ||
            !(block = clp_memory_alloc(CLP_MEMORY_LISTING, bytes))) {
            return NULL;
        }
        *block = (clp_text_block){.next = listing->text, .size = room};
        listing->text = block;
    }
    char *text = block->text + block->used;
    block->used += size;
    return text;
}

/** Appends a file to the list, a clp_listing_take. */
static clproc_status append(void *user, const clp_item *item, clproc_error *error) {
    clp_listing *listing = user;
    size_t size = strlen(item->path) + 1;
    char *path = take_text(listing, size);
    clp_item *items = clp_memory_grow(CLP_MEMORY_LISTING, listing->items, &listing->capacity,
                                      listing->count + 1, sizeof *items);
    if (items) {
        listing->items = items;
    }
    if (!path || !items) {
        return clp_error_memory(error, "the list of files", size);
    }
    memcpy(path, item->path, size);
    items[listing->count] = *item;
    items[listing->count++].path = path;
    return CLPROC_OK;
}

void clp_listing_free(clp_listing *listing) {
    while (listing->text) {
        clp_text_block *next = listing->text->next;
        clp_memory_free(listing->text);
        listing->text = next;
    }
    clp_memory_free(listing->items);
    clp_bytes_free(&listing->piped);
    *listing = (clp_listing){0};
}

/* ------------------------------------------------------------- walking */

typedef struct walker {
    const clp_listing_request *request;
    clp_events *events;
    clp_listing_take take;
    void *user;
    size_t count, roots; /**< files, and files and folders that the inputs came to, so far */
    clp_hashset seen;    /**< folders of the present input: links cannot lead around in circles */
    size_t relative;     /**< where the mirrored part of its paths begins */
    clp_bytes path;      /**< of the present file */
    clp_bytes piped;     /**< the picture that came on standard input */
} walker;

/** Hands a file on. */
static clproc_status hand(walker *walk, const char *path, size_t relative, bool named, bool piped,
                          clproc_error *error) {
    const clp_item item = {.path = path,
                           .relative = (uint32_t)relative,
                           .number = (uint32_t)walk->count,
                           .named = named,
                           .piped = piped};
    if (walk->count++ >= UINT32_MAX) {
        return clp_error_memory(error, "the list of files", walk->count);
    }
    return walk->take(walk->user, &item, error);
}

static bool cancelled(const walker *walk) {
    return clp_cancel_asked(walk->request->cancel);
}

static clproc_status stopped(clproc_error *error) {
    return clp_error_set(error, CLPROC_ERROR_CANCELLED, "stopped while listing files");
}

/** Reports something found that is no picture to read. */
static void skip(walker *walk, const char *path) {
    clp_events_found(walk->events, 1);
    clp_events_skipped(walk->events, path, NULL, 1, CLPROC_SKIP_NO_FILE, NULL);
}

/** Reports a folder that cannot be read. */
static void fail(walker *walk, const char *path, const clproc_error *failure) {
    if (walk->request->incomplete) {
        *walk->request->incomplete = true;
    }
    clp_events_found(walk->events, 1);
    clp_events_failed(walk->events, path, NULL, 1, failure);
}

static clproc_status walk_folder(walker *walk, const char *path, clproc_error *error);

/** Puts `folder`/`name` together. */
static void join(char *path, size_t room, const char *folder, const char *name) {
    bool slash = folder[strlen(folder) - 1] != '/';
    snprintf(path, room, "%s%s%s", folder, slash ? "/" : "", name);
}

static clproc_status walk_entry(walker *walk, const char *folder, const clp_folder_entry *entry,
                                clproc_error *error) {
    size_t room = strlen(folder) + strlen(entry->name) + 2;
    clproc_status status;
    if (entry->kind == CLP_ENTRY_FILE) {
        status = clp_bytes_reserve(&walk->path, room, error);
        if (status == CLPROC_OK) {
            join((char *)walk->path.data, room, folder, entry->name);
            status = hand(walk, (char *)walk->path.data, walk->relative, false, false, error);
        }
        return status;
    }
    char *path = clp_memory_alloc(CLP_MEMORY_LISTING, room);
    if (!path) {
        return clp_error_memory(error, "a file name", room);
    }
    join(path, room, folder, entry->name);
    status = CLPROC_OK;
    if (entry->kind == CLP_ENTRY_FOLDER) {
        status = walk_folder(walk, path, error);
    } else {
        skip(walk, path);
    }
    clp_memory_free(path);
    return status;
}

static clproc_status walk_folder(walker *walk, const char *path, clproc_error *error) {
    clp_folder folder = {0};
    clproc_error failure;
    struct stat info;
    bool added = true;
    if (stat(path, &info) == 0) {
        clproc_status status =
            clp_hashset_add(&walk->seen, clp_key_of_file(&info), 0, &added, NULL, error);
        if (status != CLPROC_OK || !added) {
            return status;
        }
    }
    clproc_status status = clp_folder_read(&folder, path, &failure);
    if (status != CLPROC_OK) {
        fail(walk, path, &failure);
        return CLPROC_OK;
    }
    for (size_t i = 0; status == CLPROC_OK && i < folder.count; i++) {
        if (cancelled(walk)) {
            status = stopped(error);
            break;
        }
        status = walk_entry(walk, path, &folder.entries[i], error);
    }
    clp_folder_free(&folder);
    return status;
}

/** Passes over a folder that the run writes to, inside the input folder `path`. */
static clproc_status leave_out(walker *walk, const clp_listing_output *output, const char *path,
                               const struct stat *info, clproc_error *error) {
    struct stat found;
    bool added;
    if (stat(output->folder, &found) != 0) {
        return CLPROC_OK;
    }
    if (found.st_dev != info->st_dev || found.st_ino != info->st_ino) {
        return clp_hashset_add(&walk->seen, clp_key_of_file(&found), 0, &added, NULL, error);
    }
    return !output->mirrored
               ? CLPROC_OK
               : clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, path,
                                    "is the output folder as well; name another one, or a "
                                    "template such as -o '{dir}/{name}-new.{ext}'");
}

/** Walks a folder that the user named. */
static clproc_status walk_input(walker *walk, const char *path, const struct stat *info,
                                clproc_error *error) {
    size_t length = strlen(path);
    clproc_status status = CLPROC_OK;
    clp_hashset_free(&walk->seen); /* clearing would cost as much as the largest folder before */
    walk->relative = length + (path[length - 1] != '/');
    for (size_t i = 0; status == CLPROC_OK && i < walk->request->output_count; i++) {
        status = leave_out(walk, &walk->request->outputs[i], path, info, error);
    }
    return status == CLPROC_OK ? walk_folder(walk, path, error) : status;
}

/** A file or folder that is there, or a file whose absence shows when it is to be read. */
static clproc_status add_path(walker *walk, const char *path, clproc_error *error) {
    struct stat info;
    walk->roots++;
    if (path[0] && stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
        return walk_input(walk, path, &info, error);
    }
    const char *slash = strrchr(path, '/');
    return hand(walk, path, slash ? (size_t)(slash - path) + 1 : 0, true, false, error);
}

/* ------------------------------------------------------ globs and lists */

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/** Whether a part of a pattern is "**", which shells take for folders at any depth. */
static bool is_deep(const char *pattern) {
    for (const char *at = pattern; (at = strstr(at, "**")); at++) {
        if ((at == pattern || at[-1] == '/') && (!at[2] || at[2] == '/')) {
            return true;
        }
    }
    return false;
}

static clproc_status add_glob(walker *walk, const char *pattern, clproc_error *error) {
    glob_t found = {0};
    clproc_status status = CLPROC_OK;
    if (is_deep(pattern)) { /* glob() would take it for one folder, and leave the others out */
        return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, pattern,
                                  "** is not known here; name the folder, which is read with all "
                                  "below it, or pipe names from find to -");
    }
    int code = glob(pattern, GLOB_NOSORT, NULL, &found);
    if (code == GLOB_NOMATCH) {
        status = add_path(walk, pattern, error);
    } else if (code != 0) {
        status =
            clp_error_set_file(error, code == GLOB_NOSPACE ? CLPROC_ERROR_MEMORY : CLPROC_ERROR_IO,
                               pattern, "cannot be searched for; name the folder instead");
    } else {
        qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, by_bytes);
        for (size_t i = 0; status == CLPROC_OK && i < found.gl_pathc; i++) {
            status = add_path(walk, found.gl_pathv[i], error);
        }
    }
    globfree(&found);
    return status;
}

/** Names do not begin like pictures, nor with control characters. */
static bool is_list(const clp_bytes *bytes) {
    bool names = !clp_codec_recognise(bytes->data, bytes->size, NULL) &&
                 !clp_codec_kind(bytes->data, bytes->size);
    for (size_t i = 0; names && i < bytes->size && i < 16 && bytes->data[i]; i++) {
        names = bytes->data[i] >= 0x20 || strchr("\t\n\r", bytes->data[i]);
    }
    return names && !(bytes->size > 0 && bytes->data[0] == 0);
}

/** Milliseconds between two looks for a request to stop, while nothing comes. */
#define LOOK_MS 100

/** Reads on: `*count` bytes, 0 at the end. Who writes to a pipe may take any time. */
static clproc_status read_part(const walker *walk, int file, const char *name, uint8_t *part,
                               size_t room, size_t *count, clproc_error *error) {
    for (;;) {
        struct pollfd waits = {.fd = file, .events = POLLIN};
        if (cancelled(walk)) {
            return stopped(error);
        }
        int ready = poll(&waits, 1, LOOK_MS);
        if (ready == 0 || (ready < 0 && errno == EINTR)) {
            continue;
        }
        ssize_t bytes = read(file, part, room);
        if (bytes >= 0) {
            *count = (size_t)bytes;
            /* A request to stop may have ended the writer as well. */
            return cancelled(walk) ? stopped(error) : CLPROC_OK;
        }
        if (errno != EINTR && errno != EAGAIN) {
            return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, name,
                                      "this list cannot be read: %s", strerror(errno));
        }
    }
}

/** Reads names, or of a picture not much more than `most` bytes. */
static clproc_status read_stream(const walker *walk, int file, const char *name, uint64_t most,
                                 clp_bytes *bytes, clproc_error *error) {
    uint8_t part[16384];
    size_t count = 0;
    clproc_status status;
    do {
        CLP_TRY(status, out, read_part(walk, file, name, part, sizeof part, &count, error));
        CLP_TRY(status, out, clp_bytes_append(bytes, part, count, error));
    } while (count > 0 && (bytes->size <= most || is_list(bytes)));
out:
    return status == CLPROC_ERROR_MEMORY ? clp_error_in_file(error, status, name) : status;
}

/** Ends a line of a list written on Windows before its carriage return. */
static void drop_return(const char *text, char *end) {
    if (end > text && end[-1] == '\r') {
        end[-1] = '\0';
    }
}

/** Adds the names of a list, which are lines, or end with NUL where there is one. */
static clproc_status add_names(walker *walk, clp_bytes *bytes, clproc_error *error) {
    clproc_status status = clp_bytes_append(bytes, "", 1, error);
    if (status != CLPROC_OK) {
        return status;
    }
    char *text = (char *)bytes->data, *end = text + bytes->size - 1;
    char separator = strlen(text) < (size_t)(end - text) ? '\0' : '\n';
    text += strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* a byte order mark, from Windows */
    while (status == CLPROC_OK && text < end) {
        char *stop = memchr(text, separator, (size_t)(end - text));
        stop = stop ? stop : end;
        *stop = '\0';
        if (separator == '\n') {
            drop_return(text, stop);
        }
        if (*text) {
            status = add_path(walk, text, error);
        }
        text = stop + 1;
    }
    return status;
}

/** Keeps a picture that came on standard input; there is one at most. */
static clproc_status add_piped(walker *walk, clp_bytes *bytes, clproc_error *error) {
    clp_bytes_free(&walk->piped);
    walk->piped = *bytes;
    *bytes = (clp_bytes){0};
    return hand(walk, CLP_LISTING_PIPED, 0, true, true, error);
}

static clproc_status add_list(walker *walk, const char *path, clproc_error *error) {
    clp_bytes bytes = {0};
    clproc_status status;
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (file < 0) {
        int code = errno;
        return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, path,
                                  "this list cannot be read: %s%s", strerror(code),
                                  clp_file_read_remedy(path, code));
    }
    CLP_TRY(status, out,
            read_stream(walk, file, path ? path : "standard input",
                        path ? UINT64_MAX : walk->request->most_piped, &bytes, error));
    if (!path && !is_list(&bytes)) {
        status = add_piped(walk, &bytes, error);
    } else {
        status = add_names(walk, &bytes, error);
    }
out:
    if (path) {
        close(file);
    }
    clp_bytes_free(&bytes);
    return status;
}

/** One input as the user wrote it; a file of just that name is always meant first. */
static clproc_status add_input(walker *walk, const char *input, clproc_error *error) {
    struct stat info;
    if (!input[0]) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "an input has an empty name; check the variable it comes from");
    }
    if (strcmp(input, "-") == 0) {
        return add_list(walk, NULL, error);
    }
    if (lstat(input, &info) != 0) {
        if (input[0] == '@' && input[1]) {
            return add_list(walk, input + 1, error);
        }
        if (strpbrk(input, "*?[")) {
            return add_glob(walk, input, error);
        }
    }
    return add_path(walk, input, error);
}

static clproc_status walk_all(walker *walk, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; status == CLPROC_OK && i < walk->request->input_count; i++) {
        status = add_input(walk, walk->request->inputs[i], error);
    }
    clp_hashset_free(&walk->seen);
    clp_bytes_free(&walk->path);
    return status;
}

clproc_status clp_listing_make(clp_listing *listing, const clp_listing_request *request,
                               clp_events *events, clproc_error *error) {
    walker walk = {.request = request, .events = events, .take = append, .user = listing};
    clproc_status status = walk_all(&walk, error);
    listing->own = listing->count;
    listing->roots = walk.roots;
    listing->piped = walk.piped;
    if (status == CLPROC_OK) {
        clp_events_found(events, (uint64_t)listing->count * events->outputs);
        clp_events_listed(events);
    }
    return status;
}

clproc_status clp_listing_walk(const clp_listing_request *request, clp_events *events,
                               clp_listing_take take, void *user, clproc_error *error) {
    walker walk = {.request = request, .events = events, .take = take, .user = user};
    clproc_status status = walk_all(&walk, error);
    clp_bytes_free(&walk.piped);
    return status;
}
