#include "batch/run.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/jpeg_small.h"
#include "core/clock.h"
#include "core/machine.h"
#include "core/memory.h"

/* --------------------------------------------------------------- preparing */

clp_listing_request clp_run_listing_request(const clp_run *run, clp_listing_output *folders) {
    const clproc_run_params *params = run->params;
    clp_listing_request request = {.inputs = params->inputs,
                                   .input_count = params->input_count,
                                   .outputs = folders,
                                   .most_piped = clp_run_file_bytes(params),
                                   .cancel = params->cancel};
    request.most_piped = run->memory < request.most_piped ? run->memory : request.most_piped;
    for (uint32_t i = 0; i < run->outputs.count; i++) {
        clp_listing_output *one = &folders[request.output_count];
        one->folder = clp_names_folder(run->outputs.each[i].names, &one->mirrored);
        request.output_count += one->folder != NULL;
    }
    return request;
}

/** An empty folder is no mistake; an empty list, or a pattern that fits nothing, may be one. */
static bool any_folder(const clproc_run_params *params) {
    struct stat info;
    for (size_t i = 0; i < params->input_count; i++) {
        if (stat(params->inputs[i], &info) == 0 && S_ISDIR(info.st_mode)) {
            return true;
        }
    }
    return false;
}

/** Leaves the files of other shards to other runs. */
static clproc_status choose_shard(clp_run *run, clproc_error *error) {
    const clproc_run_params *params = run->params;
    clp_spread spread = CLP_SPREAD_PATH;
    clproc_status status = CLPROC_OK;
    for (uint32_t i = 0; params->shards > 0 && i < run->outputs.count; i++) {
        if (run->outputs.each[i].names && run->listing.count > 1) {
            CLP_TRY(status, out, clp_names_spread(run->outputs.each[i].names, &spread, error));
        }
    }
    status =
        clp_shard_choose(&run->listing, params->shard, params->shards, spread, &run->events, error);
out:
    return status;
}

static bool writes(const clp_run *run) {
    return run->outputs.count > 0 && run->outputs.each[0].names && !run->params->dry_run &&
           !run->params->null_output;
}

/** Makes the folders that the run writes to, if it writes: as soon as nothing but the files can
 * fail. */
static clproc_status make_folders(clp_run *run, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (uint32_t i = 0; status == CLPROC_OK && writes(run) && i < run->outputs.file_count; i++) {
        status = clp_names_prepare(run->outputs.each[i].names, error);
    }
    return status;
}

static clproc_status list_files(clp_run *run, clproc_error *error) {
    clp_prof_thread *thread = clp_prof_thread_enter(run->prof, "main");
    clproc_status status;
    clp_listing_output folders[CLPROC_MAX_OUTPUTS];
    clp_listing_request request = clp_run_listing_request(run, folders);
    const clp_sink *sink = run->session->sink;
    if (sink && !sink->listed) {
        run->listing = *sink->listing;
        run->lent = true;
        clp_prof_thread_leave(thread);
        return CLPROC_OK;
    }
    clp_prof_begin(thread, CLP_PROF_LIST, CLP_PROF_NO_IMAGE);
    CLP_TRY(status, out, clp_listing_make(&run->listing, &request, &run->events, error));
    if (run->events.found == 0) {
        if (!any_folder(run->params)) {
            status = clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                                   "there is no file in the inputs; check the names");
            goto out;
        }
        clp_events_notice(&run->events, "there is no file in the inputs");
    }
    if (run->params->resume && run->listing.piped.size > 0) {
        status = clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                               "a picture on standard input has no name that --resume could know "
                               "it by; leave out --resume");
        goto out;
    }
    CLP_TRY(status, out, choose_shard(run, error));
    /* Of all shards: each refuses what one run would refuse. */
    for (uint32_t i = 0; i < run->outputs.count; i++) {
        if (run->outputs.each[i].names) {
            CLP_TRY(status, out,
                    clp_names_claim_all(run->outputs.each[i].names, &run->listing,
                                        run->params->cancel, error));
        }
    }
    if (sink) {
        *sink->listing = run->listing;
        run->lent = true;
        CLP_TRY(status, out, make_folders(run, error)); /* a table may stand there, too */
        status = sink->listed(sink->user, run->jobs, error);
    }
out:
    clp_prof_end(thread);
    clp_prof_thread_leave(thread);
    return status;
}

/** Samples of pictures that are decoded while devices open, at most: all of them wait in memory. */
#define EARLY_BYTES ((uint64_t)192 << 20)

/** Bytes of JPEGs that a core takes from file to file in a second, roughly, and seconds that a
 * GPU's driver needs to start, and a margin: what is through before that is not worth it. */
#define CORE_BYTES 40e6
#define GPU_START 0.7

/** True if the cores would be through with the files before a GPU could do much. */
static bool is_small(const clp_run *run) {
    double bytes = 0, most = GPU_START * CORE_BYTES * run->jobs;
    for (size_t i = 0; i < run->listing.own && bytes <= most; i++) {
        struct stat info;
        bytes += stat(run->listing.items[i].path, &info) == 0 ? (double)info.st_size : 0;
    }
    return bytes <= most;
}

/** A device takes long to open: not for inputs that are not there. */
static bool any_readable(const clp_listing *listing) {
    for (size_t i = 0; i < listing->own; i++) {
        if (listing->items[i].piped || access(listing->items[i].path, R_OK) == 0) {
            return true;
        }
    }
    return false;
}

static clproc_status make_output(void *user, clproc_error *error) {
    return make_folders(user, error);
}

static clproc_status begin_stations(clp_run *run, clproc_error *error) {
    const clproc_run_params *params = run->params;
    clp_stations_params stations = {
        .run = params,
        .device = {.prof = run->prof,
                   .lanes = run->jobs,
                   .memory = run->memory,
                   .crowded = run->listing.own >= run->jobs},
        .board = run->board,
        .events = &run->events,
        .is_small = is_small(run),
        .eager = !run->keeps && !params->dry_run && any_readable(&run->listing),
        .on_open = make_output,
        .user = run,
    };
    return clp_stations_create(&run->stations, &stations, &run->session->opened, error);
}

static clproc_status prepare(clp_run *run, clproc_error *error) {
    const clproc_run_params *params = run->params;
    clproc_status status;
    const clp_sink *sink = run->session->sink;
    uint32_t makes =
        (!sink || sink->listed ? CLP_MAKES_FILES : 0) | (sink ? CLP_MAKES_FEATURES : 0);
    CLP_TRY(status, out, clp_output_set_make(&run->outputs, params, makes, error));
    run->memory -= clp_overlays_bytes(&run->outputs.overlays); /* at most half of it */
    for (uint32_t i = 0; i < run->outputs.count; i++) {
        run->keeps |= clp_lossless_possible(&run->outputs.each[i].params);
        run->copies |= clp_lossless_copies(&run->outputs.each[i].params);
    }
    CLP_TRY(status, out, list_files(run, error));
    run->decodes_small =
        makes == (CLP_MAKES_FILES | CLP_MAKES_FEATURES) && !params->dry_run && clp_jpeg_small_try();
    CLP_TRY(status, out, clp_planner_create(&run->planner, &run->outputs, error));
    CLP_TRY(status, out,
            clp_verify_choose(&run->verify, &run->listing, params->dry_run ? 0 : params->verify,
                              params->verify_seed, error));
    run->first_image = run->session->images;
    run->session->images += run->listing.own;
    clp_board_params board = {
        .item_count = (uint32_t)run->listing.own,
        .station_count = clp_stations_expected(params->device),
        .most_pictures = (uint32_t)params->batch_images,
        .soft_memory = params->batch_bytes ? params->batch_bytes : UINT64_MAX,
        .memory = run->memory,
        .deadline = run->session->deadline,
        .cancel = params->cancel,
        .prof = run->prof,
    };
    CLP_TRY(status, out, clp_board_create(&run->board, &board, error));
    if (run->keeps) {
        CLP_TRY(status, out, make_folders(run, error));
    }
    CLP_TRY(status, out, begin_stations(run, error));
out:
    return status;
}

/* ---------------------------------------------------------------- threads */

typedef struct worker_start {
    clp_run *run;
    uint32_t number;
    pthread_t thread;
} worker_start;

static void *worker_main(void *argument) {
    const worker_start *start = argument;
    clp_worker_run(start->run, start->number);
    return NULL;
}

/** Runs all threads to their end. The caller's is the first worker; of the others as many as the
 * system allows. */
static clproc_status run_threads(clp_run *run, clproc_error *error) {
    uint32_t started = 0, others = run->jobs - 1;
    worker_start *starts = NULL;
    if (others > 0) {
        starts = clp_memory_zero(CLP_MEMORY_BATCH, others, sizeof *starts);
        if (!starts) {
            return clp_error_memory(error, "the threads", others * sizeof *starts);
        }
    }
    while (started < others) {
        starts[started] = (worker_start){.run = run, .number = started + 2};
        if (pthread_create(&starts[started].thread, NULL, worker_main, &starts[started]) != 0) {
            break;
        }
        started++;
    }
    clp_worker_run(run, 1);
    for (uint32_t i = 0; i < started; i++) {
        pthread_join(starts[i].thread, NULL);
    }
    clp_memory_free(starts);
    return clp_board_result(run->board, error);
}

/* ------------------------------------------------------------------ results */

/** What ran where, as "NAME: 30, NAME: 18" where there are several devices. */
static void print_devices(const clp_run *run, char *text, size_t size) {
    const clp_opened *opened = &run->session->opened;
    uint32_t busy = 0, last = 0;
    text[0] = '\0';
    for (uint32_t i = 0; run->board && i < opened->count; i++) {
        if (clp_board_share(run->board, i) > 0) {
            busy++;
            last = i;
        }
    }
    if (busy < 2 && opened->count > 0) {
        snprintf(text, size, "%s", clp_device_info(opened->devices[last])->name);
        return;
    }
    for (uint32_t i = 0; run->board && i < opened->count; i++) {
        unsigned long long share = clp_board_share(run->board, i);
        size_t used = strlen(text);
        if (share > 0) {
            snprintf(text + used, size - used, "%s%s: %llu", used > 0 ? ", " : "",
                     clp_device_info(opened->devices[i])->name, share);
        }
    }
}

/** Pictures come out without times, too, but the profile's reader must know. */
static void tell_untimed(clp_run *run, const clp_device *device) {
    const char *cause = clp_device_untimed(device);
    char message[256];
    if (cause) {
        snprintf(message, sizeof message,
                 "%s tells no times of its commands (%s): they are missing from the profile",
                 clp_device_info(device)->name, cause);
        clp_events_notice(&run->events, message);
        clp_prof_fact(run->prof, CLP_FACT_UNTIMED, cause);
    }
}

/** Notes a text of clproc_device_info, at `member` in it, of all devices; those that differ are
 * joined by commas. */
static void note_text(clp_run *run, const char *key, size_t member) {
    const clp_opened *opened = &run->session->opened;
    char text[1024] = "";
    for (size_t i = 0; i < opened->count; i++) {
        const char *of = (const char *)clp_device_info(opened->devices[i]) + member;
        size_t used = strlen(text), before = 0;
        while (before < i &&
               strcmp(of, (const char *)clp_device_info(opened->devices[before]) + member) != 0) {
            before++;
        }
        if (before == i) {
            snprintf(text + used, sizeof text - used, "%s%s", used > 0 ? ", " : "", of);
        }
    }
    clp_prof_fact(run->prof, key, text);
}

static void note_devices(clp_run *run) {
    const clp_opened *opened = &run->session->opened;
    bool unified = true;
    char text[1024];
    for (size_t i = 0; i < opened->count; i++) {
        tell_untimed(run, opened->devices[i]);
        unified = unified && clp_device_info(opened->devices[i])->unified_memory;
    }
    if (opened->count > 0) {
        note_text(run, "platform", offsetof(clproc_device_info, platform));
        note_text(run, "driver", offsetof(clproc_device_info, driver));
        note_text(run, "version", offsetof(clproc_device_info, version));
        clp_prof_fact(run->prof, CLP_FACT_UNIFIED, unified ? "yes" : "no");
        print_devices(run, text, sizeof text);
        clp_prof_fact(run->prof, CLP_FACT_DEVICE, text);
    }
}

/** The operations; where there are several outputs, of each, joined by " + ". */
static void print_pipelines(const clp_run *run, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < run->outputs.file_count && used + 4 < size; i++) {
        const clproc_pipeline *pipeline = run->outputs.each[i].params.pipeline;
        used += (size_t)snprintf(text + used, size - used, "%s", i > 0 ? " + " : "");
        if (pipeline && used < size) {
            used += clproc_pipeline_print(pipeline, text + used, size - used);
        }
    }
}

static void note_facts(clp_run *run) {
    char text[1024];
    snprintf(text, sizeof text, "%u", run->jobs);
    clp_prof_fact(run->prof, "jobs", text);
    clp_prof_fact(run->prof, "clproc", CLPROC_VERSION);
    clproc_strategy_print(run->params->strategy, text, sizeof text);
    clp_prof_fact(run->prof, CLP_FACT_STRATEGY, text);
    const clp_events *told = &run->events;
    bool complete = told->found == told->written + told->skipped + told->failed;
    if (complete && writes(run)) {
        clp_prof_fact(run->prof, CLP_FACT_DIGEST, clp_digest_of_sum(&run->written).text);
    }
    print_pipelines(run, text, sizeof text);
    if (text[0]) {
        clp_prof_fact(run->prof, "pipeline", text);
    }
    clp_planner_summary(run->planner, text, sizeof text);
    if (text[0]) {
        clp_prof_fact(run->prof, "plan", text);
    }
    note_devices(run);
}

static void fill_result(clp_run *run, clproc_run_result *result) {
    result->found = run->events.found;
    result->written = run->events.written;
    result->skipped = run->events.skipped;
    result->failed = run->events.failed;
    result->kept = run->events.kept;
    result->verification = clp_verify_result(&run->verify);
    print_devices(run, result->device, sizeof result->device);
}

static void release(clp_run *run) {
    clp_board_destroy(&run->board);
    clp_planner_destroy(&run->planner);
    clp_output_set_free(&run->outputs);
    if (!run->lent) {
        clp_listing_free(&run->listing);
    }
    clp_verify_destroy(&run->verify);
    clp_events_destroy(&run->events);
}

clproc_status clp_session_run(clp_session *session, const clproc_run_params *params,
                              clproc_run_result *result, clproc_error *error) {
    uint64_t start = clp_clock_ns();
    clproc_status status;
    uint32_t jobs = params->jobs > 0 ? (uint32_t)params->jobs : clp_machine_cores();
    clp_run run = {
        .params = params,
        .memory = clp_run_memory(params),
        .jobs = clp_strategy_has(params, CLPROC_STRATEGY_PARALLEL) ? jobs : 1,
        .session = session,
        .prof = session->prof,
    };
    *result = (clproc_run_result){0};
    atomic_init(&run.early_room, (long long)(run.memory < EARLY_BYTES ? run.memory : EARLY_BYTES));
    clp_events_init(&run.events, (uint32_t)params->output_count + 1, params->on_event,
                    params->user);
    clp_verify_init(&run.verify);
    CLP_TRY(status, out, prepare(&run, error));
    if (run.listing.own > 0) {
        CLP_TRY(status, out, run_threads(&run, error));
    }
out:
    bool left = clp_stations_destroy(&run.stations);
    note_facts(&run);
    fill_result(&run, result);
    result->left_drivers = left;
    release(&run);
    result->seconds = (double)(clp_clock_ns() - start) / 1e9;
    session->cut_short = status != CLPROC_OK;
    session->cancel = params->cancel;
    return status;
}
