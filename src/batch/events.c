#include "batch/events.h"

#include <string.h>

#include "core/event.h"

void clp_events_init(clp_events *events, uint32_t outputs, clproc_event_fn report, void *user) {
    *events = (clp_events){.outputs = outputs, .report = report, .user = user, .listing = true};
    pthread_mutex_init(&events->lock, NULL);
}

void clp_events_destroy(clp_events *events) {
    pthread_mutex_destroy(&events->lock);
}

void clp_events_found(clp_events *events, uint64_t count) {
    pthread_mutex_lock(&events->lock);
    events->found += count;
    pthread_mutex_unlock(&events->lock);
}

void clp_events_dismissed(clp_events *events, uint64_t count) {
    pthread_mutex_lock(&events->lock);
    events->found -= count;
    pthread_mutex_unlock(&events->lock);
}

/** Adds the event's outputs to `counter` (may be NULL) and reports; `event` lacks only the counts.
 */
static void tell_of(clp_events *events, clproc_event event, uint32_t settled, uint64_t *counter) {
    pthread_mutex_lock(&events->lock);
    if (counter) {
        *counter += event.outputs;
    }
    events->found -= settled > 1 ? settled - 1 : 0; /* which were counted as a picture's */
    events->kept += event.kept;
    event.done = events->written + events->skipped + events->failed;
    event.total = events->found;
    event.listing = events->listing;
    clp_event_tell(event, events->report, events->user);
    pthread_mutex_unlock(&events->lock);
}

static void tell(clp_events *events, clproc_event event, uint64_t *counter) {
    tell_of(events, event, 1, counter);
}

void clp_events_listed(clp_events *events) {
    pthread_mutex_lock(&events->lock);
    events->listing = false;
    pthread_mutex_unlock(&events->lock);
    tell(events, (clproc_event){.kind = CLPROC_EVENT_LISTED}, NULL);
}

void clp_events_done(clp_events *events, const char *input, const char *output, bool kept,
                     const char *message, const char *digest) {
    tell(events,
         (clproc_event){.kind = CLPROC_EVENT_DONE,
                        .input = input,
                        .output = output,
                        .outputs = 1,
                        .message = message,
                        .kept = kept,
                        .digest = digest},
         &events->written);
}

void clp_events_skipped(clp_events *events, const char *input, const char *output, uint32_t outputs,
                        clproc_skip why, const char *kind) {
    static const char *const reasons[] = {
        [CLPROC_SKIP_NONE] = "",
        [CLPROC_SKIP_NO_PICTURE] = "is not of a format that is read",
        [CLPROC_SKIP_NO_FILE] = "is not a regular file",
        [CLPROC_SKIP_EXISTS] = "exists already",
        [CLPROC_SKIP_MADE_BEFORE] = "was made before",
        [CLPROC_SKIP_FILTERED] = "does not match --where",
    };
    tell_of(events,
            (clproc_event){.kind = CLPROC_EVENT_SKIPPED,
                           .input = input,
                           .output = output,
                           .outputs = 1,
                           .message = reasons[why],
                           .skip = why,
                           .kind_name = kind},
            outputs, &events->skipped);
}

void clp_events_failed(clp_events *events, const char *input, const char *output, uint32_t outputs,
                       const clproc_error *error) {
    /* The file concerned may be another than the input: an output that cannot be written. Where a
     * file has several outputs, the one that failed is named. */
    char message[2 * sizeof error->file + sizeof error->message + 2];
    bool one_of_several = outputs == 1 && events->outputs > 1 && output && output[0];
    /* An error keeps the beginning of a long name. */
    bool other = error->file[0] && strncmp(error->file, input, sizeof error->file - 1) != 0;
    const char *file = other ? error->file : one_of_several ? output : "";
    snprintf(message, sizeof message, "%s%s%s", file, file[0] ? ": " : "", error->message);
    tell(events,
         (clproc_event){.kind = CLPROC_EVENT_FAILED,
                        .status = error->status,
                        .input = input,
                        .output = output,
                        .outputs = outputs,
                        .message = message},
         &events->failed);
}

void clp_events_warning(clp_events *events, const char *input, const char *message) {
    tell(events, (clproc_event){.kind = CLPROC_EVENT_WARNING, .input = input, .message = message},
         NULL);
}

void clp_events_verified(clp_events *events, const char *input,
                         const clproc_verification *verification) {
    char message[160];
    snprintf(message, sizeof message, "max |Δ| %g, mismatch %.3f %%, PSNR %.1f dB%s",
             verification->largest, 100 * verification->mismatch, verification->psnr,
             verification->beyond ? "; the device breaks the promise, use another --device" : "");
    tell(events,
         (clproc_event){.kind = CLPROC_EVENT_VERIFIED,
                        .input = input,
                        .message = message,
                        .verification = verification},
         NULL);
}

void clp_events_notice(clp_events *events, const char *message) {
    tell(events, (clproc_event){.kind = CLPROC_EVENT_NOTICE, .message = message}, NULL);
}
