#include "signals.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "text.h"

/* A signal handler has no argument to carry state in. */
static volatile int stop_signal;
static volatile sig_atomic_t ends_at_once;

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

/* ----------------------------------------------------------------- memory */

/** Blocks from this size on are mappings of their own. */
#define MAPPED_BYTES (1 << 20)

void clp_cli_keep_no_memory(void) {
    mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
}

/* ------------------------------------------------------------------ stack */

/** Linux's usual stack; what needs all of it is documented nowhere. */
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
