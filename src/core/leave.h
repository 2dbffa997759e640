/** Long calls of libraries that look at nothing meanwhile, in threads of their own. Who has to stop
 * leaves such a thread behind, with all that it works on, or does what is left to do beside it. */
#ifndef CLP_CORE_LEAVE_H
#define CLP_CORE_LEAVE_H

#include <stdbool.h>

typedef struct clp_leave {
    /** `*left` is not 0 once the work is not waited for any more. */
    void (*work)(void *job, const volatile int *left);
    /** Gives up a job that was left; called by its thread, behind the work. */
    void (*drop)(void *job);
} clp_leave;

/** Does the work and returns true; or returns false soon after `*cancel` is not 0: the job is the
 * thread's then, and nothing that it works on may be another's. Where there is no thread to be had,
 * or `cancel` is NULL, the caller's does the work. */
bool clp_leave_run(const clp_leave *leave, void *job, const volatile int *cancel);

/** Does the work and returns behind it. Where that is not through half a second after `*cancel` is
 * not 0, calls `late` meanwhile, once. Where there is no thread to be had, or `cancel` is NULL, it
 * does not. */
void clp_leave_watch(void (*work)(void *job), void (*late)(void *job), void *job,
                     const volatile int *cancel);

#endif
