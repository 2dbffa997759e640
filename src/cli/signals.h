/** What concerns the process: signals, memory, the stack. */
#ifndef CLP_CLI_SIGNALS_H
#define CLP_CLI_SIGNALS_H

/** From now on the first SIGINT, SIGTERM or SIGHUP asks the work to stop and the second ends the
 * program at once. */
void clp_cli_catch_signals(void);

/** The number of the signal that asked to stop, 0 if none did; for a run's `cancel`. */
const volatile int *clp_cli_stop_signal(void);
int clp_cli_stopped_by(void);
/** From now on a stop loses nothing but what is printed: a signal ends the program at once, and so
 * does one that has come. */
void clp_cli_end_on_signal(void);

/** What is freed goes back to the system at once, if it is large: with many threads malloc() would
 * keep as much again as they use. It takes a few percent of the time. */
void clp_cli_keep_no_memory(void);

/** Runs `program` on a stack that suffices, also where `ulimit -s` leaves less, and gives every
 * thread as much. */
int clp_cli_with_stack(int (*program)(int argc, char **argv), int argc, char **argv);

#endif
