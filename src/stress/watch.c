#include "stress/watch.h"

#include <string.h>

#include "core/cancel.h"
#include "core/clock.h"

static void *watch_main(void *argument) {
    static const struct timespec pause = {.tv_nsec = 20000000};
    clp_watch *watch = argument;
    while (!atomic_load(&watch->ended)) {
        if (watch->deadline && clp_clock_ns() >= watch->deadline) {
            atomic_store(&watch->late, true);
            clp_cancel_ask(&watch->stop);
        }
        if (clp_cancel_asked(watch->asked)) {
            clp_cancel_ask(&watch->stop);
        }
        nanosleep(&pause, NULL);
    }
    return NULL;
}

clproc_status clp_watch_start(clp_watch *watch, const volatile int *asked, double seconds,
                              clproc_error *error) {
    memset(watch, 0, sizeof *watch);
    watch->asked = asked;
    watch->deadline = seconds > 0 ? clp_clock_ns() + (uint64_t)(seconds * 1e9) : 0;
    int code = pthread_create(&watch->thread, NULL, watch_main, watch);
    if (code != 0) {
        return clp_error_set(error, CLPROC_ERROR_MEMORY,
                             "a thread cannot be started: %s; end other programs or raise "
                             "`ulimit -u`",
                             strerror(code));
    }
    return CLPROC_OK;
}

void clp_watch_end(clp_watch *watch) {
    atomic_store(&watch->ended, true);
    pthread_join(watch->thread, NULL);
}
