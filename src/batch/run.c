#include "batch/run.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/memory.h"

/* ------------------------------------------------------------- the machine */

static uint32_t count_cores(void) {
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
    return count > 0 ? (uint32_t)count : 1;
}

static uint64_t default_memory(void) {
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page / 4 : (uint64_t)1 << 30;
}

/* --------------------------------------------------------------- preparing */

static bool may_copy(const clproc_run_params *params) {
    bool operations = params->pipeline && clproc_pipeline_length(params->pipeline) > 0;
    bool keeps = !params->icc || strcmp(params->icc, "keep") == 0;
    return !operations && keeps && !params->reencode && params->depth == 0 && params->strip == 0;
}

clp_listing_request clp_run_listing_request(const clp_run *run) {
    const clproc_run_params *params = run->params;
    clp_listing_request request = {
        .inputs = params->inputs, .input_count = params->input_count, .cancel = params->cancel};
    request.output_folder = clp_names_folder(run->names, &request.mirrored);
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

static clproc_status list_files(clp_run *run, clproc_error *error) {
    clp_prof_thread *thread = clp_prof_thread_enter(run->prof, "main");
    clproc_status status;
    clp_listing_request request = clp_run_listing_request(run);
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
    if (run->names) {
        CLP_TRY(status, out, clp_names_claim_all(run->names, &run->listing, error));
    }
out:
    clp_prof_end(thread);
    clp_prof_thread_leave(thread);
    return status;
}

clproc_status clp_run_make_output(clp_run *run, clproc_error *error) {
    bool writes = run->names && !run->params->dry_run && !run->params->null_output;
    return writes ? clp_names_prepare(run->names, error) : CLPROC_OK;
}

/** A device takes long to open: not for inputs that are not there. */
static bool any_readable(const clp_listing *listing) {
    for (size_t i = 0; i < listing->count; i++) {
        if (listing->items[i].piped || access(listing->items[i].path, R_OK) == 0) {
            return true;
        }
    }
    return false;
}

static clproc_status prepare(clp_run *run, clproc_error *error) {
    const clproc_run_params *params = run->params;
    clproc_status status;
    CLP_TRY(status, out, clp_names_create(&run->names, params, error));
    CLP_TRY(status, out, list_files(run, error));
    CLP_TRY(status, out, clp_planner_create(&run->planner, params, error));
    CLP_TRY(status, out,
            clp_verify_choose(&run->verify, &run->listing, params->dry_run ? 0 : params->verify,
                              params->verify_seed, error));
    run->first_image = run->session->images;
    run->session->images += run->listing.count;
    clp_board_params board = {
        .item_count = (uint32_t)run->listing.count,
        .first_image = run->first_image,
        .first_batch = run->session->batches,
        /* One for each worker to decode into, and one at the device or being encoded. */
        .most_batches = clp_strategy_has(params, CLPROC_STRATEGY_OVERLAP) ? run->jobs + 1 : 1,
        .memory = run->memory,
        .deadline = run->session->deadline,
        .stream = clp_strategy_has(params, CLPROC_STRATEGY_STREAM),
        .device_memory = params->device_memory,
        .cancel = params->cancel,
        .prof = run->prof,
    };
    CLP_TRY(status, out, clp_board_create(&run->board, &board, error));
    if (run->copies) {
        CLP_TRY(status, out, clp_run_make_output(run, error));
    } else if (!params->dry_run && any_readable(&run->listing)) {
        clp_board_need(run->board);
    }
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

static void *driver_main(void *argument) {
    clp_driver_run(argument);
    return NULL;
}

/** Runs all threads to their end. The caller's is the first worker; of the others as many as the
 * system allows. */
static clproc_status run_threads(clp_run *run, clproc_error *error) {
    pthread_t driver;
    uint32_t started = 0, others = run->jobs - 1;
    worker_start *starts = NULL;
    if (others > 0) {
        starts = clp_memory_zero(CLP_MEMORY_BATCH, others, sizeof *starts);
        if (!starts) {
            return clp_error_memory(error, "the threads", others * sizeof *starts);
        }
    }
    int code = pthread_create(&driver, NULL, driver_main, run);
    if (code != 0) {
        clp_memory_free(starts);
        return clp_error_set(error, CLPROC_ERROR_MEMORY,
                             "the device's thread cannot be started: %s; end other programs or "
                             "raise `ulimit -u`",
                             strerror(code));
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
    pthread_join(driver, NULL);
    clp_memory_free(starts);
    return clp_board_result(run->board, error);
}

/* ------------------------------------------------------------------ results */

static void note_facts(const clp_run *run) {
    char text[1024];
    snprintf(text, sizeof text, "%u", run->jobs);
    clp_prof_fact(run->prof, "jobs", text);
    clp_prof_fact(run->prof, "clproc", CLPROC_VERSION);
    clproc_strategy_print(run->params->strategy, text, sizeof text);
    clp_prof_fact(run->prof, CLP_FACT_STRATEGY, text);
    const clp_events *told = &run->events;
    bool complete = told->found == told->written + told->skipped + told->failed;
    if (complete && run->names && !run->params->null_output && !run->params->dry_run) {
        clp_prof_fact(run->prof, "output digest", clp_digest_of_sum(&run->outputs).text);
    }
    if (run->params->pipeline) {
        clproc_pipeline_print(run->params->pipeline, text, sizeof text);
        clp_prof_fact(run->prof, "pipeline", text);
    }
    clp_planner_summary(run->planner, text, sizeof text);
    if (text[0]) {
        clp_prof_fact(run->prof, "plan", text);
    }
    if (run->device) {
        const clproc_device_info *info = clp_device_info(run->device);
        clp_prof_fact(run->prof, CLP_FACT_DEVICE, info->name);
        clp_prof_fact(run->prof, "platform", info->platform);
        clp_prof_fact(run->prof, "driver", info->driver);
        clp_prof_fact(run->prof, "version", info->version);
        clp_prof_fact(run->prof, CLP_FACT_UNIFIED, info->unified_memory ? "yes" : "no");
    }
}

static void fill_result(clp_run *run, clproc_run_result *result) {
    result->found = run->events.found;
    result->written = run->events.written;
    result->skipped = run->events.skipped;
    result->failed = run->events.failed;
    result->verification = clp_verify_result(&run->verify);
    if (run->device) {
        snprintf(result->device, sizeof result->device, "%s", clp_device_info(run->device)->name);
    }
}

static void release(clp_run *run) {
    if (run->board) {
        run->session->batches += clp_board_batches(run->board);
    }
    clp_board_destroy(&run->board);
    clp_planner_destroy(&run->planner);
    clp_names_destroy(&run->names);
    clp_listing_free(&run->listing);
    clp_verify_destroy(&run->verify);
    clp_events_destroy(&run->events);
}

clproc_status clp_session_run(clp_session *session, const clproc_run_params *params,
                              clproc_run_result *result, clproc_error *error) {
    uint64_t start = clp_clock_ns();
    clproc_status status;
    uint32_t jobs = params->jobs > 0 ? (uint32_t)params->jobs : count_cores();
    clp_run run = {
        .params = params,
        .memory = params->memory ? params->memory : default_memory(),
        .jobs = clp_strategy_has(params, CLPROC_STRATEGY_PARALLEL) ? jobs : 1,
        .copies = may_copy(params),
        .session = session,
        .prof = session->prof,
    };
    *result = (clproc_run_result){0};
    clp_events_init(&run.events, params->on_event, params->user);
    clp_verify_init(&run.verify);
    CLP_TRY(status, out, prepare(&run, error));
    if (run.listing.count > 0) {
        CLP_TRY(status, out, run_threads(&run, error));
    }
out:
    note_facts(&run);
    fill_result(&run, result);
    release(&run);
    result->seconds = (double)(clp_clock_ns() - start) / 1e9;
    session->cut_short = status != CLPROC_OK;
    session->cancel = params->cancel;
    return status;
}

clproc_status clp_session_begin(clp_session *session, clproc_profile_level level,
                                clproc_error *error) {
    *session = (clp_session){0};
    return level == CLPROC_PROFILE_OFF ? CLPROC_OK : clp_prof_create(&session->prof, level, error);
}

clproc_status clp_session_end(clp_session *session, clproc_profile **profile, clproc_error *error) {
    if (session->device && !session->cut_short) {
        clp_prof_thread *thread = clp_prof_thread_enter(session->prof, "main");
        clp_device_save_programs(session->device, session->cancel, thread);
        clp_prof_thread_leave(thread);
    }
    clp_device_close(&session->device);
    return session->prof ? clp_prof_finish(&session->prof, profile, error) : CLPROC_OK;
}

/** Runs in a row, told as one. */
typedef struct repetition {
    const clproc_run_params *params;
    clproc_run_result *sum;
    bool again;
} repetition;

static void forward(const clproc_event *event, void *user) {
    const repetition *repeat = user;
    const clproc_run_result *sum = repeat->sum;
    clproc_event told = *event;
    told.done += sum->written + sum->skipped + sum->failed;
    told.total += sum->found;
    told.listing = true; /* as long as time is left, there is more to come */
    /* What there is to say of a file is said once. */
    if (repeat->params->on_event && (!repeat->again || event->kind == CLPROC_EVENT_DONE)) {
        repeat->params->on_event(&told, repeat->params->user);
    }
}

static void add_result(clproc_run_result *sum, const clproc_run_result *one) {
    uint64_t found = sum->found, written = sum->written;
    uint64_t skipped = sum->skipped, failed = sum->failed;
    clproc_verification verified = found ? sum->verification : one->verification;
    *sum = *one;
    sum->verification = verified; /* the first run's: it is the one that verifies */
    sum->found += found;
    sum->written += written;
    sum->skipped += skipped;
    sum->failed += failed;
}

static clproc_status run_repeatedly(clp_session *session, const clproc_run_params *params,
                                    clproc_run_result *result, clproc_error *error) {
    repetition repeat = {.params = params, .sum = result};
    clproc_run_params each = *params;
    clproc_status status;
    session->deadline = clp_clock_ns() + (uint64_t)(params->duration * 1e9);
    each.on_event = forward;
    each.user = &repeat;
    do {
        clproc_run_result one;
        status = clp_session_run(session, &each, &one, error);
        if (status == CLPROC_OK) {
            one.found = one.written + one.skipped + one.failed; /* without those left out */
        }
        add_result(result, &one);
        repeat.again = true;
        each.verify = 0;
    } while (status == CLPROC_OK && result->found > 0 && clp_clock_ns() < session->deadline);
    return status;
}

clproc_status clp_batch_run(const clproc_run_params *params, clproc_run_result *result,
                            clproc_profile **profile, clproc_error *error) {
    uint64_t start = clp_clock_ns();
    clp_session session;
    *result = (clproc_run_result){0};
    clproc_status status =
        clp_session_begin(&session, profile ? params->profile : CLPROC_PROFILE_OFF, error);
    if (status != CLPROC_OK) {
        return status;
    }
    status = params->duration > 0 ? run_repeatedly(&session, params, result, error)
                                  : clp_session_run(&session, params, result, error);
    /* What stopped a run tells more than what kept it from being recorded. */
    clproc_status ended = clp_session_end(&session, profile, status == CLPROC_OK ? error : NULL);
    result->seconds = (double)(clp_clock_ns() - start) / 1e9;
    return status == CLPROC_OK ? ended : status;
}
