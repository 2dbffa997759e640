#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

/* A signal handler has no argument to carry state in: this is the program's only variable outside a
 * function. */
static volatile int stop_signal;

static void on_signal(int number) {
    if (stop_signal) {
        _exit(CLP_EXIT_SIGNAL + number);
    }
    stop_signal = number;
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

void clp_cli_guard_streams(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
            /* The wrong direction: reading or writing fails as on a closed stream. */
            int opened = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
            (void)opened;
        }
    }
    /* Told by the failing write instead. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

int clp_cli_close_output(int code) {
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
