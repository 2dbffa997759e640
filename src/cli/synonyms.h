/** Options by the names that other programs have for them. */
#ifndef CLP_CLI_SYNONYMS_H
#define CLP_CLI_SYNONYMS_H

#include <stddef.h>

typedef struct clp_cli_synonym {
    const char *name;  /**< without its dashes */
    char letter;       /**< of a short form, 0 if none */
    const char *value; /**< what help calls its value; NULL: it takes none */
    /** The options it stands for, with % where the value goes; "" for what is done anyway. */
    const char *meaning;
} clp_cli_synonym;

/** Of the commands that take operations. Ends with a NULL name. */
extern const clp_cli_synonym clp_cli_synonyms[];

#endif
