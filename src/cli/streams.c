#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "signals.h"
#include "text.h"

/** A reader of standard error is looked at as often as this, and after a stop so many times. */
enum { LOOK_MS = 100, MOST_LOOKS = 3 };

/* Handlers of signals have no argument to carry state in. */
static struct {
    int kept; /**< descriptor of what others have written to standard error; −1: nothing is kept */
    int errors;  /**< descriptor of the program's own standard error */
    FILE *own;   /**< the same as a stream; NULL: it is `stderr` */
    int looks;   /**< at a reader that did not read, since the program was asked to stop */
    bool asleep; /**< the reader: so many looks that none is waited for */
    volatile sig_atomic_t through; /**< the program has come to its own end */
} streams = {.kept = -1, .errors = STDERR_FILENO};

/** Bytes of what others have written that are kept, but for what came since that was looked at. */
#define MOST_KEPT ((off_t)1 << 20)

static void open_closed_streams(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
            /* The wrong direction: reading or writing fails as on a closed stream. */
            int opened = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
            (void)opened;
        }
    }
}

/** Shows the last of what others wrote, who have ended the program. Safe in a signal handler. */
static void show_kept(void) {
    static const char cause[] = "clproc: a driver or a decoder has ended the program; it said:\n";
    char text[4096];
    off_t size = lseek(streams.kept, 0, SEEK_END);
    off_t from = size > (off_t)sizeof text ? size - (off_t)sizeof text : 0;
    ssize_t count = size > 0 ? pread(streams.kept, text, sizeof text, from) : 0;
    if (count > 0) {
        /* A failure cannot be told any more. */
        (void)!write(streams.errors, cause, sizeof cause - 1);
        (void)!write(streams.errors, text, (size_t)count);
    }
}

static void on_abort(int number) {
    show_kept();
    signal(number, SIG_DFL);
    raise(number);
}

/** Signals that are none of ours, and that a compiler inside a driver takes for itself: they do
 * again what they did when the program began. */
static void keep_others_signals(void) {
    static const int numbers[] = {SIGQUIT, SIGUSR1, SIGUSR2};
    static struct sigaction first[sizeof numbers / sizeof numbers[0]];
    static bool known;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        sigaction(numbers[i], known ? &first[i] : NULL, known ? NULL : &first[i]);
    }
    known = true;
}

void clp_cli_watch_drivers(void) {
    keep_others_signals();
    if (streams.kept < 0) {
        return;
    }
    signal(SIGABRT, on_abort);
    if (lseek(streams.kept, 0, SEEK_CUR) > MOST_KEPT && ftruncate(streams.kept, 0) == 0) {
        lseek(streams.kept, 0, SEEK_SET);
    }
}

FILE *clp_cli_errors(void) {
    return streams.own ? streams.own : stderr;
}

int clp_cli_errors_descriptor(void) {
    return streams.errors;
}

/** Waits until standard error takes PIPE_BUF bytes at once. False: it was waited for long enough.
 */
static bool await_reader(void) {
    struct pollfd stream = {.fd = streams.errors, .events = POLLOUT};
    while (poll(&stream, 1, streams.asleep ? 0 : LOOK_MS) <= 0 && stream.revents == 0) {
        if (streams.asleep) {
            return false;
        }
        /* One lock of the stream holds for all threads, so no two are here. */
        streams.looks += clp_cli_stopped_by() != 0;
        streams.asleep = streams.looks >= MOST_LOOKS;
    }
    return true;
}

/** Writes for the stream of errors. What is not read after a stop is dropped:
 * as if it were written, since a stream with an error would be asked again. */
static ssize_t write_errors(void *cookie, const char *text, size_t size) {
    size_t done = 0;
    while (done < size && await_reader()) {
        size_t part = size - done < PIPE_BUF ? size - done : PIPE_BUF;
        ssize_t count = write(streams.errors, text + done, part);
        if (count < 0 && errno != EINTR && errno != EAGAIN) {
            return 0;
        }
        done += count > 0 ? (size_t)count : 0;
    }
    (void)cookie;
    return (ssize_t)size;
}

static void on_exit_by_others(void) {
    if (!streams.through) {
        show_kept();
    }
}

/** Sanitizers write to descriptor 2 themselves. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHARES_ERRORS true
#else
#define SHARES_ERRORS false
#endif

/** Keeps what others write to standard error apart from what the program writes. */
static void part_errors(void) {
    if (SHARES_ERRORS || getenv("CLPROC_DRIVER_MESSAGES")) {
        return;
    }
    int own = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int kept = own >= 0 ? memfd_create("clproc-driver-messages", MFD_CLOEXEC) : -1;
    if (kept >= 0 && dup2(kept, STDERR_FILENO) == STDERR_FILENO) {
        streams.kept = kept;
        streams.errors = own;
        atexit(on_exit_by_others);
        clp_cli_watch_drivers();
        return;
    }
    if (own >= 0) {
        close(own);
    }
    if (kept >= 0) {
        close(kept);
    }
}

static void open_errors(void) {
    streams.own = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_errors});
    /* A line at a time: messages stay whole. */
    setvbuf(clp_cli_errors(), NULL, _IOLBF, BUFSIZ);
}

void clp_cli_guard_streams(void) {
    open_closed_streams();
    part_errors();
    open_errors();
    /* Told by the failing write instead. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

bool clp_cli_reader_left(void) {
    struct pollfd stream = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&stream, 1, 0) > 0 && stream.revents & POLLERR;
}

int clp_cli_rows_error(const clproc_error *error, const char *output) {
    bool stream = strcmp(output, "-") == 0 && error->status == CLPROC_ERROR_IO;
    return stream && clp_cli_reader_left() ? CLP_EXIT_SIGNAL + SIGPIPE : clp_cli_error(error);
}

int clp_cli_close_output(int code) {
    streams.through = 1;
    errno = 0;
    bool failed = ferror(stdout) != 0;
    if (fflush(stdout) == 0 && !failed) {
        return code;
    }
    if (errno == EPIPE || clp_cli_reader_left()) {
        return code == CLP_EXIT_OK ? CLP_EXIT_SIGNAL + SIGPIPE : code;
    }
    clp_cli_say("cannot write to standard output: %s; direct it to a place that can be written",
                errno ? strerror(errno) : "an earlier write failed");
    return code == CLP_EXIT_OK ? CLP_EXIT_RESOURCE : code;
}

void clp_cli_leave(int code) {
    code = clp_cli_close_output(code);
    fflush(clp_cli_errors());
    _exit(code);
}
