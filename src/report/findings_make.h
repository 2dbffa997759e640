/** Shared by the files that make findings. */
#ifndef CLP_REPORT_FINDINGS_MAKE_H
#define CLP_REPORT_FINDINGS_MAKE_H

#include "report/findings.h"
#include "report/text.h"

/** Room for the figures of a sentence. */
typedef struct words {
    char a[CLP_UNIT_SIZE], b[CLP_UNIT_SIZE], c[CLP_UNIT_SIZE], d[CLP_UNIT_SIZE], e[CLP_UNIT_SIZE],
        f[CLP_UNIT_SIZE];
} words;

/** Prints into a field of a finding. */
#define SAY(field, ...) snprintf(field, sizeof(field), __VA_ARGS__)

/** The next finding; the last place is used again when all are taken. */
clp_finding *clp_finding_add(clp_findings *findings, const char *id, double saving_ns);

void clp_findings_on_memory(clp_findings *findings, const clp_analysis *analysis);
void clp_findings_on_strategy(clp_findings *findings, const clp_analysis *analysis);
void clp_findings_on_record(clp_findings *findings, const clp_analysis *analysis);

#endif
