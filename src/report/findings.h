/** What a profile means, in sentences. */
#ifndef CLP_REPORT_FINDINGS_H
#define CLP_REPORT_FINDINGS_H

#include "report/analysis.h"

typedef struct clp_finding {
    const char *id;   /**< stable, as "first-launch" */
    double saving_ns; /**< the most that acting on it can save of the run; 0: nothing, or unknown */
    char text[400];   /**< what is so, and what to do */
    char evidence[300]; /**< the figures it rests on */
    bool memory;        /**< on memory, not on time */
} clp_finding;

#define CLP_MAX_FINDINGS 24

typedef struct clp_findings {
    char verdict[400];                   /**< what limits the run, in one sentence */
    clp_finding items[CLP_MAX_FINDINGS]; /**< by saving */
    size_t count;
} clp_findings;

void clp_findings_make(clp_findings *findings, const clp_analysis *analysis);

#endif
