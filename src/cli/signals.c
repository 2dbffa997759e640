#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "text.h"

/* A signal handler has no argument to carry state in: these are the program's only variables that
 * outlive a function. */
static volatile int stop_signal;
static volatile sig_atomic_t ends_at_once;
static struct {
    int kept; /**< descriptor of what others have written to standard error; −1: nothing is kept */
    int errors;                    /**< descriptor of the program's own standard error */
    FILE *own;                     /**< the same as a stream; NULL: it is `stderr` */
    volatile sig_atomic_t through; /**< the program has come to its own end */
} streams = {.kept = -1, .errors = STDERR_FILENO};

/** Bytes of what others have written that are kept, but for what came since that was looked at. */
#define MOST_KEPT ((off_t)1 << 20)

static void on_signal(int number) {
    if (__atomic_exchange_n(&stop_signal, number, __ATOMIC_RELAXED) || ends_at_once) {
        _exit(CLP_EXIT_SIGNAL + number);
    }
}

void clp_cli_catch_signals(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction old;
        /* nohup and background jobs of a shell ignore signals on purpose: leave it so. */
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
            sigaction(numbers[i], &action, NULL);
        }
    }
}

const volatile int *clp_cli_stop_signal(void) {
    return &stop_signal;
}

int clp_cli_stopped_by(void) {
    return __atomic_load_n(&stop_signal, __ATOMIC_RELAXED);
}

void clp_cli_end_on_signal(void) {
    ends_at_once = 1;
    if (clp_cli_stopped_by()) {
        _exit(CLP_EXIT_SIGNAL + clp_cli_stopped_by());
    }
}

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
        /* There is nobody to tell of a failure. */
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

/** Gives the program a standard error of its own. */
static void part_errors(void) {
    int own = SHARES_ERRORS || getenv("CLPROC_DRIVER_MESSAGES")
                  ? -1
                  : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int kept = own >= 0 ? memfd_create("clproc-driver-messages", MFD_CLOEXEC) : -1;
    /* It cannot be written to where it was closed; whoever tries, fails as before. */
    int mode = own >= 0 ? fcntl(own, F_GETFL) & O_ACCMODE : 0;
    FILE *stream = kept >= 0 ? fdopen(own, mode == O_RDONLY ? "r" : "w") : NULL;
    if (stream && dup2(kept, STDERR_FILENO) == STDERR_FILENO) {
        streams.kept = kept;
        streams.errors = own;
        streams.own = stream;
        atexit(on_exit_by_others);
        clp_cli_watch_drivers();
        return;
    }
    if (stream) {
        fclose(stream);
    } else if (own >= 0) {
        close(own);
    }
    if (kept >= 0) {
        close(kept);
    }
}

void clp_cli_guard_streams(void) {
    open_closed_streams();
    part_errors();
    /* Told by the failing write instead. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

int clp_cli_close_output(int code) {
    streams.through = 1;
    errno = 0;
    bool failed = ferror(stdout) != 0;
    if (fflush(stdout) == 0 && !failed) {
        return code;
    }
    if (errno == EPIPE) { /* the reader has seen enough */
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

/* ----------------------------------------------------------------- memory */

/** Blocks from this size on are mappings of their own. */
#define MAPPED_BYTES (1 << 20)

void clp_cli_keep_no_memory(void) {
    mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
}

/* ------------------------------------------------------------------ stack */

/** Linux's usual stack; what all of it is needed for nobody has written down. */
#define STACK_BYTES ((size_t)8 << 20)

typedef struct start {
    int (*program)(int argc, char **argv);
    int argc;
    char **argv;
    int code;
} start;

static void *run_start(void *argument) {
    start *begin = argument;
    begin->code = begin->program(begin->argc, begin->argv);
    return NULL;
}

int clp_cli_with_stack(int (*program)(int argc, char **argv), int argc, char **argv) {
    start begin = {.program = program, .argc = argc, .argv = argv};
    struct rlimit limit;
    pthread_attr_t attributes;
    pthread_t thread;
    bool small = getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < STACK_BYTES;
    if (small && pthread_attr_init(&attributes) == 0) {
        bool runs = pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 &&
                    pthread_setattr_default_np(&attributes) == 0 &&
                    pthread_create(&thread, NULL, run_start, &begin) == 0 &&
                    pthread_join(thread, NULL) == 0;
        pthread_attr_destroy(&attributes);
        if (runs) {
            return begin.code;
        }
    }
    return program(argc, argv);
}
