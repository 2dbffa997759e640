/** Several outputs on one command line. */
#ifndef CLP_CLI_OUTPUTS_H
#define CLP_CLI_OUTPUTS_H

#include "options.h"

/** --to NAME: ends what belongs to the output before, and begins the next one with what stood
 * before the first --to. Returns 0, or the exit code after saying what is wrong. */
int clp_cli_outputs_begin(clp_cli_settings *settings, const char *name);
/** The command line is at its end: the first output stands in the settings, the others behind it.
 */
void clp_cli_outputs_end(clp_cli_settings *settings);
void clp_cli_outputs_free(clp_cli_outputs *outputs);

#endif
