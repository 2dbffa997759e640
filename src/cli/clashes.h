/** What a command writes beside its pictures must not replace what it reads or writes elsewhere. */
#ifndef CLP_CLI_CLASHES_H
#define CLP_CLI_CLASHES_H

#include "options.h"

/** Compares reports, the table of metadata or features, outputs and inputs, as they are named.
 * Returns 0, or the exit code after saying which name stands for two things. */
int clp_cli_clashes_check(const clp_cli_settings *settings);

#endif
