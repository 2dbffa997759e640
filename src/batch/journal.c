#include "batch/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/memory.h"
#include "ops/ops.h"

#define JOURNAL_NAME ".clproc-journal"
/** Two numbers in hexadecimal and the end of the line. */
#define LINE_SIZE 33

struct clp_journal {
    char *path;
    int file; /**< −1 until clp_journal_begin() */
    clp_key settings;
    clp_hashset made; /**< by earlier runs */
};

/* -------------------------------------------------------------- settings */

/** A hash of `before` and a text. */
static clp_key add_text(clp_key before, const char *text) {
    clp_key both[2] = {before, clp_key_of_bytes(text, strlen(text))};
    return clp_key_of_bytes(both, sizeof both);
}

static clp_key add_file(clp_key before, const char *path, const struct stat *info) {
    char facts[96];
    snprintf(facts, sizeof facts, "%jd %jd.%09ld", (intmax_t)info->st_size,
             (intmax_t)info->st_mtim.tv_sec, info->st_mtim.tv_nsec);
    return add_text(add_text(before, path), facts);
}

static clproc_status add_pipeline(clp_key *key, const clproc_pipeline *pipeline,
                                  clproc_error *error) {
    size_t length = pipeline ? clproc_pipeline_print(pipeline, NULL, 0) : 0;
    char *text = clp_memory_zero(CLP_MEMORY_LISTING, length + 1, 1);
    if (!text) {
        return clp_error_memory(error, "the journal", length);
    }
    if (pipeline) {
        clproc_pipeline_print(pipeline, text, length + 1);
    }
    *key = add_text(*key, text);
    clp_memory_free(text);
    for (size_t i = 0; i < clproc_pipeline_length(pipeline); i++) {
        const char *file = clp_pipeline_file(pipeline, i);
        struct stat info;
        if (file && stat(file, &info) == 0) {
            *key = add_file(*key, file, &info);
        }
    }
    return CLPROC_OK;
}

/** All outputs of a picture are made from one decode, which depends on what each of them does. */
static clproc_status add_outputs(clp_key *key, const clproc_run_params *params,
                                 clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; status == CLPROC_OK && i < params->output_count; i++) {
        const clproc_output *one = &params->outputs[i];
        char facts[64];
        /* Without operations these say whether it is decoded at all. */
        bool matters = clproc_pipeline_length(one->pipeline) == 0;
        snprintf(facts, sizeof facts, "and %d %d %d %" PRIu32 " %" PRIu32, one->format,
                 matters ? one->depth : 0, matters && one->reencode, matters ? one->strip : 0,
                 matters ? one->keep : 0);
        *key = add_text(add_text(*key, facts), one->icc ? one->icc : "");
        status = add_pipeline(key, one->pipeline, error);
    }
    return status;
}

/** Everything but the input that the bytes of an output, or whether there is one, depend on. How
 * the work is divided, and which device does it, is no part of that. */
static clproc_status hash_settings(const clproc_run_params *params, clp_key *key,
                                   clproc_error *error) {
    char facts[512];
    const clproc_limits *limits = &params->limits;
    struct stat profile;
    clproc_status status;
    snprintf(facts, sizeof facts,
             "%d %d %d %d %d %d %d %" PRIu32 " %d %d %d %d %d %d %" PRIu32 " %" PRIu64 " %" PRIu32
             " %" PRIu32 " %" PRIu64 " %" PRIu64 " %d %d %" PRIu32,
             params->format, params->quality, params->subsampling, params->progressive,
             params->png_level, params->depth, params->reencode, params->strip, params->intent,
             params->black_point_compensation, params->fail_on, params->no_shrink_on_load,
             params->no_auto_orient, params->linear, params->strategy, limits->pixels, limits->side,
             limits->scans, limits->chunk_bytes, limits->file_bytes, params->lossless,
             params->webp_lossless, params->keep);
    *key = add_text((clp_key){0, 0}, CLPROC_VERSION);
    CLP_TRY(status, out, add_pipeline(key, params->pipeline, error));
    *key = add_text(*key, facts);
    CLP_TRY(status, out, add_outputs(key, params, error));
    if (params->icc) {
        /* A name such as "srgb" is hardly a file's; if it is, a change of that costs work only. */
        *key = stat(params->icc, &profile) == 0 ? add_file(*key, params->icc, &profile)
                                                : add_text(*key, params->icc);
    }
out:
    return status;
}

/* --------------------------------------------------------------- reading */

static clproc_status add_line(clp_journal *journal, const char *line, size_t size,
                              clproc_error *error) {
    clp_key key;
    char text[LINE_SIZE];
    bool added;
    if (size != LINE_SIZE - 1) {
        return CLPROC_OK; /* torn by the end of a run */
    }
    memcpy(text, line, size);
    text[size] = '\0';
    if (strspn(text, "0123456789abcdef") != size ||
        sscanf(text, "%16" SCNx64 "%16" SCNx64, &key.high, &key.low) != 2) {
        return CLPROC_OK;
    }
    return clp_hashset_add(&journal->made, key, 0, &added, NULL, error);
}

static clproc_status read_lines(clp_journal *journal, clproc_error *error) {
    clp_bytes bytes = {0};
    struct stat info;
    clproc_status status = CLPROC_OK;
    if (lstat(journal->path, &info) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        goto out;
    }
    status = clp_file_read(journal->path, 0, &bytes, error);
    if (status == CLPROC_ERROR_INPUT) {
        /* No picture's failure: the run cannot know what is there already. */
        char cause[sizeof error->message];
        snprintf(cause, sizeof cause, "%s", error ? error->message : "");
        status = clp_error_set_file(error, CLPROC_ERROR_IO, journal->path,
                                    "this journal %s; remove it, or leave out --resume", cause);
    }
    CLP_TRY(status, out, status);
    const char *at = (const char *)bytes.data, *end = at + bytes.size;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        CLP_TRY(status, out, add_line(journal, at, (size_t)(stop - at), error));
        at = stop + 1;
    }
out:
    clp_bytes_free(&bytes);
    return status;
}

clproc_status clp_journal_create(clp_journal **journal, const char *folder,
                                 const clproc_run_params *params, clproc_error *error) {
    clproc_status status;
    size_t room = strlen(folder) + sizeof "/" JOURNAL_NAME;
    clp_journal *made = clp_memory_zero(CLP_MEMORY_LISTING, 1, sizeof *made);
    if (!made) {
        return clp_error_memory(error, "the journal", sizeof *made);
    }
    made->file = -1;
    made->path = clp_memory_alloc(CLP_MEMORY_LISTING, room);
    if (!made->path) {
        status = clp_error_memory(error, "the journal", room);
        goto out;
    }
    snprintf(made->path, room, "%s/" JOURNAL_NAME, folder);
    CLP_TRY(status, out, hash_settings(params, &made->settings, error));
    CLP_TRY(status, out, read_lines(made, error));
out:
    if (status != CLPROC_OK) {
        clp_journal_destroy(&made);
    }
    *journal = made;
    return status;
}

void clp_journal_destroy(clp_journal **journal) {
    clp_journal *j = *journal;
    if (j) {
        if (j->file >= 0) {
            close(j->file);
        }
        clp_hashset_free(&j->made);
        clp_memory_free(j->path);
        clp_memory_free(j);
        *journal = NULL;
    }
}

/* --------------------------------------------------------------- writing */

clproc_status clp_journal_begin(clp_journal *journal, clproc_error *error) {
    const int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    journal->file = open(journal->path, flags, 0666);
    /* The end of a line that an earlier run may not have got to. */
    if (journal->file < 0 || write(journal->file, "\n", 1) != 1) {
        return clp_error_set_file(error, CLPROC_ERROR_IO, journal->path,
                                  "this journal cannot be written to: %s; remove it, or leave out "
                                  "--resume",
                                  strerror(errno));
    }
    return CLPROC_OK;
}

clp_key clp_journal_source(const clp_journal *journal, const char *input) {
    struct stat info = {0};
    /* Of a file that is not there nothing will be made. */
    (void)!stat(input, &info);
    return add_file(journal->settings, input, &info);
}

bool clp_journal_has(const clp_journal *journal, clp_key source, const char *output) {
    struct stat info;
    return journal->made.count > 0 && lstat(output, &info) == 0 && S_ISREG(info.st_mode) &&
           clp_hashset_has(&journal->made, add_file(source, output, &info));
}

void clp_journal_note(clp_journal *journal, clp_key source, const char *output, size_t size) {
    struct stat info;
    char line[LINE_SIZE + 1];
    if (lstat(output, &info) != 0 || (size_t)info.st_size != size) {
        return; /* another file has been put there */
    }
    clp_key key = add_file(source, output, &info);
    snprintf(line, sizeof line, "%016" PRIx64 "%016" PRIx64 "\n", key.high, key.low);
    /* One write, so that lines of other threads and runs do not mix. If it fails, the output is
     * made again one day. */
    (void)!write(journal->file, line, LINE_SIZE);
}
