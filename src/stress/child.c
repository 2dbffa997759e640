#include "stress/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cancel.h"
#include "core/clock.h"
#include "device/device.h"

#define POLL_MS 50

/** What the child has to say; small enough for a pipe to take at once. */
typedef struct message {
    clproc_status status;
    clproc_error error;
    clproc_run_result result;
    char problem[sizeof((clp_child *)0)->problem];
    char notice[sizeof((clp_child *)0)->notice];
} message;

static void note(const clproc_event *event, void *user) {
    message *said = user;
    if (event->kind == CLPROC_EVENT_FAILED && !said->problem[0]) {
        snprintf(said->problem, sizeof said->problem, "%.120s: %.160s", event->input,
                 event->message);
    } else if (event->kind == CLPROC_EVENT_NOTICE) {
        snprintf(said->notice, sizeof said->notice, "%s", event->message);
    }
}

/** The child's life. It leaves without cleaning up what belongs to its parent. */
static void live(int out, const clproc_run_params *params, const char *report) {
    clproc_run_params run = *params;
    clproc_profile *profile = NULL;
    message said;
    memset(&said, 0, sizeof said);
    run.on_event = note;
    run.user = &said;
    said.status = clproc_run(&run, &said.result, &profile, &said.error);
    bool told = write(out, &said, sizeof said) == (ssize_t)sizeof said;
    bool kept = profile && clproc_profile_write(profile, report, NULL) == CLPROC_OK;
    clp_devices_leave(); /* its own, which _exit() would leave behind */
    _exit(told && (kept || said.status != CLPROC_OK) ? 0 : 1);
}

/** Reads what the child says; false if it ended without a word. Passes a request to stop on. */
static bool listen_to(int in, pid_t child, const volatile int *cancel, message *said) {
    struct pollfd wait = {.fd = in, .events = POLLIN};
    bool stopped = false;
    while (poll(&wait, 1, POLL_MS) <= 0) {
        if (clp_cancel_asked(cancel) && !stopped) {
            kill(child, SIGINT);
            stopped = true;
        }
    }
    return read(in, said, sizeof *said) == (ssize_t)sizeof *said;
}

static clproc_status ended(const clproc_run_params *params, bool heard, int code,
                           const message *said, clproc_error *error) {
    clproc_status stopped = clp_cancel_check(params->cancel, error);
    if (stopped != CLPROC_OK) {
        return stopped;
    }
    if (heard && said->status != CLPROC_OK) {
        if (error) {
            *error = said->error;
        }
        return said->status;
    }
    if (!heard || code != 0) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL,
                             "a run ended without a result, by %s %d; try `clproc run` alone",
                             WIFSIGNALED(code) ? "signal" : "code",
                             WIFSIGNALED(code) ? WTERMSIG(code) : WEXITSTATUS(code));
    }
    return CLPROC_OK;
}

clproc_status clp_child_run(clp_child *child, const clproc_run_params *params, const char *report,
                            clproc_profile **profile, clproc_error *error) {
    int ends[2], code = 0;
    message said;
    memset(&said, 0, sizeof said);
    if (pipe(ends) != 0) {
        return clp_error_set(error, CLPROC_ERROR_IO, "no pipe can be made: %s", strerror(errno));
    }
    fflush(NULL); /* or the child would print it again */
    uint64_t start = clp_clock_ns();
    pid_t process = fork();
    if (process == 0) {
        close(ends[0]);
        live(ends[1], params, report);
    }
    int cause = errno;
    close(ends[1]);
    if (process < 0) {
        close(ends[0]);
        return clp_error_set(error, CLPROC_ERROR_MEMORY,
                             "a process cannot be started: %s; end other programs or raise "
                             "`ulimit -u`",
                             strerror(cause));
    }
    bool heard = listen_to(ends[0], process, params->cancel, &said);
    child->seconds = (double)(clp_clock_ns() - start) / 1e9;
    close(ends[0]);
    while (waitpid(process, &code, 0) < 0 && errno == EINTR) {
    }
    child->result = said.result;
    memcpy(child->problem, said.problem, sizeof child->problem);
    memcpy(child->notice, said.notice, sizeof child->notice);
    clproc_status status = ended(params, heard, code, &said, error);
    return status == CLPROC_OK ? clproc_profile_load(profile, report, error) : status;
}
