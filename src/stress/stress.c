/* The stress test: every operation on the same pictures, iteration after iteration. */
#include "stress/stress.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <string.h>
#include <unistd.h>

#include "batch/batch.h"
#include "batch/hashset.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/memory.h"
#include "device/device.h"
#include "stress/pictures.h"
#include "stress/watch.h"

#define SAMPLE_WIDTH 800
#define SAMPLE_HEIGHT 600
/** More would only take their time: the forms repeat after so many. */
#define MOST_SAMPLES 36u

typedef struct stress {
    const clproc_stress_params *params;
    clproc_stress_result *result;
    clp_session session;
    clp_scratch scratch;
    const char *folder; /**< of the results */
    clp_pictures pictures;
    clp_cases cases;
    clp_case_record *records; /**< one for each case */
    clp_course memory;        /**< resident bytes */
    clp_watch watch;
    char device[128];
    clp_hashset told; /**< what there was to say of pictures and devices */
    /* Of the run that is going on */
    clp_outputs outputs;
    uint32_t iteration;
} stress;

void clproc_stress_params_init(clproc_stress_params *params) {
    *params = (clproc_stress_params){.iterations = 3, .blur_radius = 5, .image_count = 20};
    clproc_run_params_init(&params->run);
}

static clproc_status check(const clproc_stress_params *params, clproc_error *error) {
    if (params->image_count == 0) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "no images asked for; at least 1");
    }
    if (!(params->blur_radius > 0 && params->blur_radius <= 200)) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "the blur radius is %g; give more than 0, up to 200",
                             params->blur_radius);
    }
    if (!(params->duration >= 0) || (params->iterations == 0 && params->duration == 0)) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "nothing says when to end; give iterations or a duration");
    }
    return CLPROC_OK;
}

/* ------------------------------------------------------------------ events */

/** Whether the same was said of the same before, in any run. */
static bool is_told(stress *test, const clproc_event *event) {
    char text[4096];
    bool added = true;
    int length =
        snprintf(text, sizeof text, "%d\n%s\n%s", (int)event->kind, event->input, event->message);
    size_t size = length > 0 && (size_t)length < sizeof text ? (size_t)length : strlen(text);
    /* Without memory it is told again. */
    clp_hashset_add(&test->told, clp_key_of_bytes(text, size), 0, &added, NULL, NULL);
    return !added;
}

/** Passes an event on, counted over all runs; what there is to say, once. */
static void forward(stress *test, const clproc_event *event) {
    const clproc_stress_params *params = test->params;
    clproc_event told = *event;
    uint64_t each = test->pictures.count * test->cases.count;
    told.done += test->result->pictures + test->result->failed;
    told.total = each * params->iterations;
    told.listing = params->iterations == 0 || params->duration > 0;
    /* Samples are known to be sound. */
    bool known = event->kind == CLPROC_EVENT_WARNING && params->run.input_count == 0;
    bool again = event->kind != CLPROC_EVENT_DONE && is_told(test, event);
    if (params->run.on_event && !again && !known) {
        params->run.on_event(&told, params->run.user);
    }
}

static void note(const clproc_event *event, void *user) {
    stress *test = user;
    if (event->kind == CLPROC_EVENT_DONE) {
        clp_outputs_add(&test->outputs, event);
    }
    forward(test, event);
}

/* --------------------------------------------------------------- one run */

/** A template for the results of a case: "FOLDER/03-resize-25/{index}.{ext}". */
static void name_outputs(const stress *test, size_t number, char *text, size_t size) {
    const char *name = test->cases.items[number].name;
    size_t used = (size_t)snprintf(text, size, "%s/%02zu-", test->folder, number + 1);
    for (; *name && used + 20 < size; name++) {
        bool plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                     (*name >= '0' && *name <= '9') || *name == '.';
        text[used++] = plain ? *name : '-';
    }
    snprintf(text + used, size - used, "/{index}.{ext}");
}

/** Compares what the run gave with the first iteration, or keeps it as that. */
static void compare(stress *test, clp_case_record *record) {
    clp_outputs_sort(&test->outputs);
    if (test->iteration == 0) {
        record->first = test->outputs;
        test->outputs = (clp_outputs){0};
        return;
    }
    const char *name = clp_outputs_difference(&record->first, &test->outputs);
    if (name && record->differing++ == 0) {
        record->differs_in = test->iteration + 1;
        snprintf(record->differs_at, sizeof record->differs_at, "%s", name);
    }
    test->result->differing += name != NULL;
}

static void count(stress *test, clp_case_record *record, const clproc_run_result *run) {
    record->failed += run->failed;
    test->result->pictures += run->written;
    test->result->failed += run->failed;
    if (run->device[0]) {
        snprintf(test->device, sizeof test->device, "%s", run->device);
    }
}

static clproc_status keep(stress *test, clp_case_record *record, const clproc_run_result *run,
                          clproc_error *error) {
    if (test->outputs.failed) {
        return clp_error_memory(error, "the figures of the test", test->outputs.count);
    }
    clp_course_add(&record->rates, run->seconds > 0 ? (double)run->written / run->seconds : 0);
    compare(test, record);
    return CLPROC_OK;
}

/** One operation on all pictures once. */
static clproc_status run_case(stress *test, size_t number, clproc_error *error) {
    const clp_case *one = &test->cases.items[number];
    clproc_run_params run = test->params->run;
    clproc_run_result result;
    char output[4096 + 128];
    name_outputs(test, number, output, sizeof output);
    run.inputs = test->pictures.paths;
    run.input_count = test->pictures.count;
    run.output = run.null_output ? NULL : output;
    run.pipeline = one->pipeline;
    run.format = one->format != CLPROC_FORMAT_KEEP ? one->format : run.format;
    run.reencode = true;
    run.digest = true;
    run.only_run = run.leave_drivers = false; /* the next one works with the device */
    run.on_event = note;
    run.user = test;
    run.cancel = &test->watch.stop;
    clproc_status status = clp_session_run(&test->session, &run, &result, error);
    /* Pictures of a run that was stopped count, but say nothing about its rate. */
    count(test, &test->records[number], &result);
    if (status == CLPROC_OK) {
        status = keep(test, &test->records[number], &result, error);
    }
    clp_outputs_free(&test->outputs);
    return status;
}

/* ----------------------------------------------------------- the iterations */

/** What is in use: memory that was freed but stays with the allocator would vary from look to look.
 */
static double resident_bytes(void) {
    unsigned long long pages = 0;
#ifdef __GLIBC__
    malloc_trim(0);
#endif
    FILE *stream = fopen("/proc/self/statm", "re");
    if (stream) {
        if (fscanf(stream, "%*s %llu", &pages) != 1) {
            pages = 0;
        }
        fclose(stream);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static clproc_status iterate(stress *test, clproc_error *error) {
    uint32_t most = test->params->iterations;
    clproc_status status = CLPROC_OK;
    for (test->iteration = 0; most == 0 || test->iteration < most; test->iteration++) {
        for (size_t i = 0; i < test->cases.count; i++) {
            CLP_TRY(status, out, run_case(test, i, error));
        }
        test->result->iterations++;
        clp_course_add(&test->memory, resident_bytes());
    }
out:
    return status;
}

/* ------------------------------------------------------------- before, after */

static clproc_status find_pictures(stress *test, clproc_error *error) {
    const clproc_stress_params *params = test->params;
    clproc_run_params look = params->run;
    char folder[sizeof test->scratch.path + 16];
    clproc_status status;
    look.cancel = &test->watch.stop;
    if (params->run.input_count > 0) {
        CLP_TRY(status, out, clp_pictures_find(&test->pictures, &look, params->image_count, error));
    } else {
        clproc_samples_params samples;
        clproc_samples_params_init(&samples);
        snprintf(folder, sizeof folder, "%s/samples", test->scratch.path);
        samples.output = folder;
        samples.count = params->image_count < MOST_SAMPLES ? params->image_count : MOST_SAMPLES;
        samples.width = SAMPLE_WIDTH;
        samples.height = SAMPLE_HEIGHT;
        samples.cancel = params->run.cancel; /* so few take no time to speak of */
        CLP_TRY(status, out, clp_pictures_make(&test->pictures, &look, &samples, error));
    }
    status = clp_pictures_repeat(&test->pictures, params->image_count, error);
out:
    return status;
}

static clproc_status prepare(stress *test, clproc_error *error) {
    const clproc_stress_params *params = test->params;
    const clproc_run_params *run = &params->run;
    clproc_status status;
    CLP_TRY(status, out, clp_cases_make(&test->cases, params, error));
    bool keeps = run->output && !run->null_output;
    if (keeps) {
        CLP_TRY(status, out, clp_scratch_check(run->output, error));
        CLP_TRY(status, out, clp_file_make_folder(run->output, error));
        if (access(run->output, W_OK | X_OK) != 0) {
            status = clp_error_set_file(error, CLPROC_ERROR_IO, run->output,
                                        "cannot be written to; name another folder");
            goto out;
        }
    }
    CLP_TRY(status, out, clp_scratch_make(&test->scratch, error));
    test->folder = keeps ? run->output : test->scratch.path;
    CLP_TRY(status, out, find_pictures(test, error));
    test->records = clp_memory_zero(CLP_MEMORY_OTHER, test->cases.count, sizeof *test->records);
    if (!test->records) {
        status = clp_error_memory(error, "the figures of the test", sizeof *test->records);
    }
out:
    return status;
}

static clproc_status print(stress *test, FILE *out, clproc_error *error) {
    clp_text text = {0};
    clp_stress_report report = {.result = test->result,
                                .cases = &test->cases,
                                .records = test->records,
                                .memory = &test->memory,
                                .device = test->device,
                                .images = test->pictures.count,
                                .pictures = test->pictures.own_count < test->pictures.count
                                                ? test->pictures.own_count
                                                : test->pictures.count,
                                .samples = test->params->run.input_count == 0,
                                .stopped = atomic_load(&test->watch.late)};
    clp_stress_print(&text, &report);
    clproc_status status = clp_text_to_stream(&text, out, error);
    clp_text_free(&text);
    return status;
}

static void release(stress *test) {
    for (size_t i = 0; test->records && i < test->cases.count; i++) {
        clp_outputs_free(&test->records[i].first);
    }
    clp_memory_free(test->records);
    clp_outputs_free(&test->outputs);
    clp_hashset_free(&test->told);
    clp_cases_free(&test->cases);
    clp_pictures_free(&test->pictures);
    clp_scratch_remove(&test->scratch);
}

/** A profile names all that was run, not the last run alone. */
static void state_pipeline(const stress *test) {
    char text[1024] = "";
    for (size_t i = 0; i < test->cases.count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s", i ? "; " : "", test->cases.items[i].name);
    }
    clp_prof_fact(test->session.prof, "pipeline", text);
}

/** Runs all iterations. */
static clproc_status run(stress *test, clproc_profile **profile, clproc_error *error) {
    clproc_profile_level level = profile ? test->params->run.profile : CLPROC_PROFILE_OFF;
    uint64_t start = clp_clock_ns();
    clproc_status status = clp_session_begin(&test->session, level, error);
    if (status == CLPROC_OK) {
        status = iterate(test, error);
        state_pipeline(test);
        clproc_status ended =
            clp_session_end(&test->session, profile, status == CLPROC_OK ? error : NULL);
        status = status == CLPROC_OK ? ended : status;
    }
    test->result->seconds = (double)(clp_clock_ns() - start) / 1e9;
    test->result->memory_slope = clp_memory_slope(&test->memory);
    return status;
}

/** Prepares and runs with the watch set. That the time is over is no failure. */
static clproc_status run_watched(stress *test, clproc_profile **profile, clproc_error *error) {
    const clproc_stress_params *params = test->params;
    clproc_error cause;
    clproc_status status;
    CLP_TRY(status, out,
            clp_watch_start(&test->watch, params->run.cancel, params->duration, error));
    status = prepare(test, error);
    if (status == CLPROC_OK) {
        status = run(test, profile, &cause);
        if (status == CLPROC_ERROR_CANCELLED && atomic_load(&test->watch.late)) {
            status = CLPROC_OK;
        } else if (status != CLPROC_OK && error) {
            *error = cause;
        }
    } else if (status == CLPROC_ERROR_CANCELLED && atomic_load(&test->watch.late)) {
        status = clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                               "%g seconds are over before the pictures are ready; give it more, "
                               "or fewer pictures",
                               params->duration);
    }
    clp_watch_end(&test->watch);
out:
    return status;
}

clproc_status clproc_stress(const clproc_stress_params *params, FILE *out,
                            clproc_stress_result *result, clproc_profile **profile,
                            clproc_error *error) {
    clproc_stress_result unwanted;
    stress test = {.params = params, .result = result ? result : &unwanted};
    clproc_status status;
    *test.result = (clproc_stress_result){0};
    if (profile) {
        *profile = NULL;
    }
    if (!params || !out) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "clproc_stress() needs parameters and a stream");
    }
    CLP_TRY(status, done, check(params, error));
    status = run_watched(&test, profile, error);
    /* What was measured before it was stopped is worth telling. */
    if (status == CLPROC_OK || (status == CLPROC_ERROR_CANCELLED && test.result->pictures > 0)) {
        clproc_status printed = print(&test, out, status == CLPROC_OK ? error : NULL);
        status = status == CLPROC_OK ? printed : status;
    }
    /* A program that is stopped does not come to exit(). */
    if (params->run.only_run && status == CLPROC_ERROR_CANCELLED) {
        clp_devices_leave();
    }
done:
    release(&test);
    return status;
}
