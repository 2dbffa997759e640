/** Help on what is neither a command nor an option nor an operation. */
#ifndef CLP_CLI_TOPICS_H
#define CLP_CLI_TOPICS_H

#include "page.h"

typedef struct clp_cli_topic {
    const char *name;
    const char *summary;
    void (*print)(const clp_cli_page *page);
} clp_cli_topic;

/** Ends with a NULL name. */
extern const clp_cli_topic clp_cli_topics[];

#endif
