/** The commands of the program. */
#ifndef CLP_CLI_CLI_H
#define CLP_CLI_CLI_H

#include "options.h"

typedef struct clp_cli_command {
    const char *name;
    unsigned options;     /**< the bit of the options it takes */
    const char *operands; /**< as usage shows them */
    const char *summary;
    const char *details;                    /**< lines of what else its help tells */
    int (*run)(clp_cli_settings *settings); /**< returns the exit code */
} clp_cli_command;

/** Ends with a command whose name is NULL. */
extern const clp_cli_command clp_cli_commands[];

int clp_cli_run(clp_cli_settings *settings);
int clp_cli_profile(clp_cli_settings *settings);
int clp_cli_devices(clp_cli_settings *settings);
int clp_cli_report(clp_cli_settings *settings);
int clp_cli_samples(clp_cli_settings *settings);
int clp_cli_stress(clp_cli_settings *settings);
int clp_cli_analyse(clp_cli_settings *settings);
int clp_cli_index(clp_cli_settings *settings);
int clp_cli_score(clp_cli_settings *settings);
int clp_cli_selftest(clp_cli_settings *settings);
int clp_cli_help(clp_cli_settings *settings);
int clp_cli_completion(clp_cli_settings *settings);
int clp_cli_version(clp_cli_settings *settings);

/** What the program says when called without a command. */
void clp_cli_help_short(FILE *out);
int clp_cli_help_command(const clp_cli_command *command);

#endif
