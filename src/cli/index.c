#include <string.h>
#include <sys/resource.h>

#include "clashes.h"
#include "cli.h"
#include "overdue.h"
#include "progress.h"
#include "shard.h"
#include "signals.h"
#include "streams.h"
#include "text.h"

/** Writes a text as a cell of CSV. */
static void put_cell(const char *text) {
    if (!text[strcspn(text, "\",\r\n")]) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        fputs(*text == '"' ? "\"\"" : (char[]){*text, '\0'}, stdout);
    }
    putchar('"');
}

static const char near_names[] = "Group,Rank,Distance,SharpnessWhole,SourceFile\r\n";

static void print_near(const clproc_near *picture, void *user) {
    (void)user;
    if (picture->group == 1 && picture->rank == 1) {
        clp_cli_end_on_signal(); /* the index is in its place; who reads this may be asleep */
        fputs(near_names, stdout);
    }
    printf("%llu,%llu,%u,%.6g,", (unsigned long long)picture->group,
           (unsigned long long)picture->rank, picture->distance, picture->sharpness);
    put_cell(picture->path);
    fputs("\r\n", stdout);
}

static int prepare(clp_cli_settings *settings) {
    if (settings->operand_count == 0) {
        return clp_cli_usage_error("no input given; name files, folders, @LIST or -; see "
                                   "`clproc help index`");
    }
    if (!settings->index.output) {
        return clp_cli_usage_error("no output given; add -o FILE, as -o photos.csv, or -o -");
    }
    if (settings->index.near > 0 && strcmp(settings->index.output, "-") == 0) {
        return clp_cli_usage_error("--near lists groups on standard output; name a file for the "
                                   "index, as -o photos.csv");
    }
    settings->index.models = settings->models.items;
    settings->index.model_count = settings->models.count;
    settings->index.inputs = settings->operands;
    settings->index.input_count = settings->operand_count;
    int code = clp_cli_clashes_check(settings);
    return code == CLP_EXIT_OK
               ? clp_cli_shard(settings->shard, &settings->index.shard, &settings->index.shards)
               : code;
}

/** What becomes of what a stopped run has read; NULL: there is nothing to say. */
static const char *stopped_words(const clp_cli_settings *settings,
                                 const clproc_index_result *result) {
    return result->kept ? "the index holds what was read; --update goes on from there"
           : strcmp(settings->index.output, "-") != 0
               ? "the index is as it was; with --update, what was read would have been kept"
               : NULL;
}

typedef struct indexing {
    const clp_cli_settings *settings;
    clp_cli_overdue overdue;
} indexing;

static void pass_event(const clproc_event *event, void *user) {
    clp_cli_overdue_event(event, &((indexing *)user)->overdue);
}

static void leave(const clproc_index_result *result, void *user) {
    indexing *under_way = user;
    clp_cli_overdue_leave(&under_way->overdue, stopped_words(under_way->settings, result));
}

/* ------------------------------------------------------------------ merge */

/** The first word that merges; a folder of this name is ./merge. */
static const char merge_word[] = "merge";

/** Files that an index holds open, with those SQLite has beside it, and those of the rest. */
enum { FILES_OF_INDEX = 4, OTHER_FILES = 64 };

/** A merge has all indexes open. Shells allow 1024 files, as a rule, and the system many more. */
static void allow_files(size_t indexes) {
    struct rlimit limit;
    rlim_t needed = FILES_OF_INDEX * (rlim_t)indexes + OTHER_FILES;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < needed) {
        limit.rlim_cur = needed < limit.rlim_max ? needed : limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit); /* if it fails, an index says so */
    }
}

static int merge(const clp_cli_settings *settings) {
    const clproc_index_params *given = &settings->index;
    clproc_index_merge_params params = {.indexes = settings->operands + 1,
                                        .index_count = settings->operand_count - 1,
                                        .output = given->output};
    clproc_index_result result = {0};
    clproc_error error = {0};
    if (params.index_count == 0) {
        return clp_cli_usage_error("index merge needs the indexes to merge; a folder of this name "
                                   "is ./merge");
    }
    if (!params.output) {
        return clp_cli_usage_error("no output given; add -o FILE, as -o all.csv, or -o -");
    }
    if (given->fields || given->where || given->update || given->digest || given->features ||
        given->near > 0 || settings->models.count > 0 || settings->shard) {
        return clp_cli_usage_error("index merge takes rows as they are; leave --fields, --where, "
                                   "--update, --digest, --features, --near, --model and --shard "
                                   "out");
    }
    allow_files(params.index_count);
    clp_cli_catch_signals();
    params.cancel = clp_cli_stop_signal();
    clproc_status status = clproc_index_merge(&params, &result, &error);
    if (status == CLPROC_ERROR_CANCELLED && clp_cli_stopped_by()) {
        clp_cli_say("stopped; the index is as it was");
        return CLP_EXIT_SIGNAL + clp_cli_stopped_by();
    }
    if (status != CLPROC_OK) {
        return clp_cli_rows_error(&error, params.output);
    }
    if (!settings->quiet) {
        clp_cli_say("%llu rows of %zu indexes in %.1f s", (unsigned long long)result.read,
                    params.index_count, result.seconds);
    }
    if (!settings->quiet && result.dropped > 0) {
        clp_cli_say("%llu rows dropped: their files have another in an index named later",
                    (unsigned long long)result.dropped);
    }
    return CLP_EXIT_OK;
}

int clp_cli_index(clp_cli_settings *settings) {
    if (settings->operand_count > 0 && strcmp(settings->operands[0], merge_word) == 0) {
        return merge(settings);
    }
    clproc_error error = {0};
    clproc_index_result result = {0};
    clp_cli_progress progress;
    indexing under_way = {.settings = settings};
    int code = prepare(settings);
    if (code != CLP_EXIT_OK) {
        return code;
    }
    settings->output = settings->index.output; /* where results go that people read */
    clp_cli_progress_start(&progress, settings);
    clp_cli_catch_signals();
    clp_cli_overdue_start(&under_way.overdue, &progress, false, false);
    settings->index.on_event = pass_event;
    settings->index.on_overdue = leave;
    settings->index.on_near = print_near;
    settings->index.decoding = &settings->run;
    settings->run.only_run = true;
    settings->index.user = &under_way;
    settings->index.cancel = clp_cli_stop_signal();
    clproc_status status = clproc_index(&settings->index, &result, &error);
    clp_cli_overdue_stop(&under_way.overdue);

    if (status == CLPROC_OK && settings->index.near > 0 && result.groups == 0) {
        fputs(near_names, stdout);
    }
    bool worked = status == CLPROC_OK || status == CLPROC_ERROR_CANCELLED;
    clproc_run_result summary = {.found = result.found,
                                 .written = result.read,
                                 .skipped = result.skipped + result.unchanged + result.filtered,
                                 .failed = result.failed,
                                 .seconds = result.seconds};
    if (worked) {
        clp_cli_progress_finish(&progress, &summary, status);
    }
    if (worked && result.dropped > 0 && !settings->quiet) {
        clp_cli_say("%llu dropped from the index, no longer among the inputs",
                    (unsigned long long)result.dropped);
    }
    if (status == CLPROC_ERROR_CANCELLED && clp_cli_stopped_by()) {
        const char *last = stopped_words(settings, &result);
        if (last) {
            clp_cli_say("%s", last);
        }
        return CLP_EXIT_SIGNAL + clp_cli_stopped_by();
    }
    if (status != CLPROC_OK) {
        return clp_cli_rows_error(&error, settings->index.output);
    }
    return result.failed > 0 ? CLP_EXIT_FAILED : CLP_EXIT_OK;
}
