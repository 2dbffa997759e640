/** The program's standard streams, which drivers and decoders write to as well. */
#ifndef CLP_CLI_STREAMS_H
#define CLP_CLI_STREAMS_H

#include <stdbool.h>
#include <stdio.h>

#include "clproc/clproc.h"

/** Opens what the caller closed among standard input, output and error, so that no picture gets
 * their numbers; using them still fails. Writing to a closed pipe becomes an error, not a signal.
 *
 *  From then on only clp_cli_errors() leads to standard error: what is written to `stderr` or to
 * descriptor 2, as drivers' compilers and decoders do, is kept and shown only if the program is
 * ended by others. CLPROC_DRIVER_MESSAGES in the environment leaves them as they are. */
void clp_cli_guard_streams(void);

/** The program's standard error, a line at a time. Once the program was asked to stop, what is not
 * read is dropped after 0.3 s; until then it waits for its reader. */
FILE *clp_cli_errors(void);
/** Its descriptor; the stream itself tells none. */
int clp_cli_errors_descriptor(void);

/** To be called now and then: drivers have put their own handlers in place of the one that shows
 * what they said before they abort the program, and what they said takes memory. */
void clp_cli_watch_drivers(void);

/** Whether standard output is a pipe that nobody reads any more: whoever did has seen enough, and
 * writing to it is no failure to tell of. */
bool clp_cli_reader_left(void);
/** Tells of the failure of a command whose rows go to `output`, unless that is a pipe which nobody
 * reads any more. Returns the exit code. */
int clp_cli_rows_error(const clproc_error *error, const char *output);
/** Flushes standard output. Returns `code`, or what its failure makes of CLP_EXIT_OK. */
int clp_cli_close_output(int code);
/** Ends the program at once, with all that was printed: a thread may be in a library or a driver,
 * which exit() would take down around it. */
_Noreturn void clp_cli_leave(int code);

#endif
