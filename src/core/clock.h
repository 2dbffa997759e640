/** Monotonic time, and waits by it. */
#ifndef CLP_CORE_CLOCK_H
#define CLP_CORE_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/** Nanoseconds of CLOCK_MONOTONIC. */
static inline uint64_t clp_clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/** Makes a condition for clp_clock_wait(). */
static inline void clp_clock_condition(pthread_cond_t *changed) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

/** As pthread_cond_wait(), but for so many nanoseconds at most. */
static inline void clp_clock_wait(pthread_cond_t *changed, pthread_mutex_t *lock, uint64_t ns) {
    uint64_t end = clp_clock_ns() + ns;
    const struct timespec until = {.tv_sec = (time_t)(end / 1000000000u),
                                   .tv_nsec = (long)(end % 1000000000u)};
    (void)pthread_cond_timedwait(changed, lock, &until);
}

#endif
