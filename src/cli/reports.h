/** The profile of a command: what has to be recorded, and where it goes. */
#ifndef CLP_CLI_REPORTS_H
#define CLP_CLI_REPORTS_H

#include "options.h"

/** Checks where reports go, and raises the profile level to what they and the printed tables need.
 * Returns 0, or the exit code after saying what is wrong. */
int clp_cli_reports_prepare(clp_cli_settings *settings);
/** Where results in words are printed: on standard output, unless a picture or report goes there.
 */
FILE *clp_cli_results(const clp_cli_settings *settings);
/** Prints and writes what was asked for; returns the exit code. */
int clp_cli_reports_write(const clp_cli_settings *settings, const clproc_profile *profile);

#endif
