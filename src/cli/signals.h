/** What concerns the process: signals, the three standard streams, memory, the stack. */
#ifndef CLP_CLI_SIGNALS_H
#define CLP_CLI_SIGNALS_H

#include <stdio.h>

/** Opens what the caller closed among standard input, output and error, so that no picture gets
 * their numbers; using them still fails. Writing to a closed pipe becomes an error, not a signal.
 *
 *  From then on only clp_cli_errors() leads to standard error: what is written to `stderr` or to
 * descriptor 2, as drivers' compilers and decoders do, is kept and shown only if the program is
 * ended by others. CLPROC_DRIVER_MESSAGES in the environment leaves them as they are. */
void clp_cli_guard_streams(void);
/** The program's standard error. */
FILE *clp_cli_errors(void);

/** To be called now and then: drivers have put their own handlers in place of the one that shows
 * what they said before they abort the program, and what they said takes memory. */
void clp_cli_watch_drivers(void);

/** From now on the first SIGINT, SIGTERM or SIGHUP asks the work to stop and the second ends the
 * program at once. */
void clp_cli_catch_signals(void);

/** The number of the signal that asked to stop, 0 if none did; for a run's `cancel`. */
const volatile int *clp_cli_stop_signal(void);
int clp_cli_stopped_by(void);
/** From now on a stop loses nothing but what is printed: a signal ends the program at once, and so
 * does one that has come. */
void clp_cli_end_on_signal(void);

/** Flushes standard output. Returns `code`, or what its failure makes of CLP_EXIT_OK. */
int clp_cli_close_output(int code);
/** Ends the program at once, with all that was printed: a thread may be in a library or a driver,
 * which exit() would take down around it. */
_Noreturn void clp_cli_leave(int code);

/** What is freed goes back to the system at once, if it is large: with many threads malloc() would
 * keep as much again as they use. It takes a few percent of the time. */
void clp_cli_keep_no_memory(void);

/** Runs `program` on a stack that suffices, also where `ulimit -s` leaves less, and gives every
 * thread as much. */
int clp_cli_with_stack(int (*program)(int argc, char **argv), int argc, char **argv);

#endif
