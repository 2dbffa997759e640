/* Runs in a row, which share devices and a profile: one, or as many as fit into a duration. */
#include "batch/batch.h"
#include "core/clock.h"

clproc_status clp_session_begin(clp_session *session, clproc_profile_level level,
                                clproc_error *error) {
    *session = (clp_session){0};
    return level == CLPROC_PROFILE_OFF ? CLPROC_OK : clp_prof_create(&session->prof, level, error);
}

clproc_status clp_session_end(clp_session *session, clproc_profile **profile, clproc_error *error) {
    clp_opened *opened = &session->opened;
    clp_prof_thread *thread = clp_prof_thread_enter(session->prof, "main");
    while (opened->count > 0) {
        clp_device **device = &opened->devices[--opened->count];
        if (!session->cut_short) {
            clp_device_save_programs(*device, session->cancel, thread);
        }
        if (session->leave_drivers && clp_device_abandon(device)) {
            session->left_drivers = true;
        }
        clp_device_close(device);
    }
    clp_prof_thread_leave(thread);
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
    uint64_t skipped = sum->skipped, failed = sum->failed, kept = sum->kept;
    clproc_verification verified = found ? sum->verification : one->verification;
    *sum = *one;
    sum->verification = verified; /* the first run's: it is the one that verifies */
    sum->found += found;
    sum->written += written;
    sum->skipped += skipped;
    sum->failed += failed;
    sum->kept += kept;
}

static clproc_status run_repeatedly(clp_session *session, const clproc_run_params *params,
                                    clproc_run_result *result, clproc_error *error) {
    repetition repeat = {.params = params, .sum = result};
    clproc_run_params each = *params;
    clproc_status status;
    session->deadline = clp_clock_ns() + (uint64_t)(params->duration * 1e9);
    each.on_event = forward;
    each.user = &repeat;
    each.leave_drivers = false; /* the next one works with the device */
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

clproc_status clp_batch_run(const clproc_run_params *params, const clp_sink *sink,
                            clproc_run_result *result, clproc_profile **profile,
                            clproc_error *error) {
    uint64_t start = clp_clock_ns();
    clp_session session;
    *result = (clproc_run_result){0};
    clproc_status status =
        clp_session_begin(&session, profile ? params->profile : CLPROC_PROFILE_OFF, error);
    if (status != CLPROC_OK) {
        return status;
    }
    session.sink = sink;
    status = params->duration > 0 ? run_repeatedly(&session, params, result, error)
                                  : clp_session_run(&session, params, result, error);
    session.leave_drivers = params->leave_drivers;
    session.left_drivers = result->left_drivers;
    /* What stopped a run tells more than what kept it from being recorded. */
    clproc_status ended = clp_session_end(&session, profile, status == CLPROC_OK ? error : NULL);
    result->left_drivers = session.left_drivers;
    /* A program that is stopped does not come to exit(), either. */
    if (params->only_run && (result->left_drivers || status == CLPROC_ERROR_CANCELLED)) {
        clp_devices_leave();
    }
    result->seconds = (double)(clp_clock_ns() - start) / 1e9;
    return status == CLPROC_OK ? ended : status;
}

clproc_status clp_batch_features(const clproc_run_params *params, const clp_sink *sink,
                                 clproc_error *error) {
    clproc_run_params each = *params;
    clproc_run_result result;
    each.inputs = NULL;
    each.input_count = each.output_count = 0;
    each.output = NULL;
    each.null_output = true;
    return clp_batch_run(&each, sink, &result, NULL, error);
}
