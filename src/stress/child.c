#include "stress/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
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

/** A signal handler has no argument to carry the request in. */
static volatile int *stop_request;

static void on_signal(int number) {
    (void)number;
    clp_cancel_ask(stop_request);
}

/** A terminal sends its signal to the child as well: it stops like any run, however many come, and
 * tells a parent that is no more. */
static void heed_signals(volatile int *stop) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, old;
    stop_request = stop;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
            sigaction(numbers[i], &action, NULL);
        }
    }
    signal(SIGPIPE, SIG_IGN);
}

/** The child's life. It leaves without cleaning up what belongs to its parent. */
static void live(int out, const clproc_run_params *params, const char *report, volatile int *stop) {
    clproc_run_params run = *params;
    clproc_profile *profile = NULL;
    message said;
    memset(&said, 0, sizeof said);
    heed_signals(stop);
    run.cancel = stop;
    run.on_event = note;
    run.user = &said;
    said.status = clproc_run(&run, &said.result, &profile, &said.error);
    bool told = write(out, &said, sizeof said) == (ssize_t)sizeof said;
    bool kept = profile && clproc_profile_write(profile, report, NULL) == CLPROC_OK;
    clp_devices_leave(); /* its own, which _exit() would leave behind */
    _exit(told && (kept || said.status != CLPROC_OK) ? 0 : 1);
}

/** Reads what the child says; false if it ended without a word. Passes a request to stop on. */
static bool listen_to(int in, const volatile int *cancel, volatile int *stop, message *said) {
    struct pollfd wait = {.fd = in, .events = POLLIN};
    while (poll(&wait, 1, POLL_MS) <= 0) {
        if (clp_cancel_asked(cancel)) {
            clp_cancel_ask(stop);
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

/** `stop` lies in memory that both processes see: where a signal is ignored none would arrive. */
static clproc_status run_child(clp_child *child, const clproc_run_params *params,
                               const char *report, volatile int *stop, clproc_profile **profile,
                               clproc_error *error) {
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
        live(ends[1], params, report, stop);
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
    bool heard = listen_to(ends[0], params->cancel, stop, &said);
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

clproc_status clp_child_run(clp_child *child, const clproc_run_params *params, const char *report,
                            clproc_profile **profile, clproc_error *error) {
    void *shared =
        mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        return clp_error_memory(error, "a process", sizeof(int));
    }
    if (clp_cancel_asked(params->cancel)) {
        clp_cancel_ask(shared); /* nothing is begun */
    }
    clproc_status status = run_child(child, params, report, shared, profile, error);
    munmap(shared, sizeof(int));
    return status;
}
