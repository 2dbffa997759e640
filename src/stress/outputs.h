/** What the runs of one operation gave, compared output by output. */
#ifndef CLP_STRESS_OUTPUTS_H
#define CLP_STRESS_OUTPUTS_H

#include "core/error.h"

typedef struct clp_output {
    char *name; /**< of the output, or of the input where nothing is written */
    char digest[33];
} clp_output;

/** Zero-initialise; free with clp_outputs_free(). */
typedef struct clp_outputs {
    clp_output *items;
    size_t count, capacity;
    bool failed; /**< memory was short */
} clp_outputs;

void clp_outputs_add(clp_outputs *outputs, const clproc_event *event);
/** Brings them into an order that does not depend on threads. */
void clp_outputs_sort(clp_outputs *outputs);
/** The name of the first that is not in both alike; NULL if all are. Both are sorted. */
const char *clp_outputs_difference(const clp_outputs *a, const clp_outputs *b);
void clp_outputs_free(clp_outputs *outputs);

#endif
