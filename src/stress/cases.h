/** What a stress test runs: sweeps of blur radius, resize ratio and conversions, or what was asked
 * for. */
#ifndef CLP_STRESS_CASES_H
#define CLP_STRESS_CASES_H

#include "core/error.h"

typedef struct clp_case {
    char name[80];             /**< as "resize 25%" */
    clproc_pipeline *pipeline; /**< NULL: none */
    clproc_format format;
} clp_case;

/** Zero-initialise; free with clp_cases_free(). */
typedef struct clp_cases {
    clp_case *items;
    size_t count, capacity;
} clp_cases;

clproc_status clp_cases_make(clp_cases *cases, const clproc_stress_params *params,
                             clproc_error *error);
void clp_cases_free(clp_cases *cases);

#endif
