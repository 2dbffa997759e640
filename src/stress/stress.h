/** A stress test: its figures while it runs, and how they are printed. */
#ifndef CLP_STRESS_STRESS_H
#define CLP_STRESS_STRESS_H

#include "report/text.h"
#include "stress/cases.h"
#include "stress/course.h"
#include "stress/outputs.h"

/** What the iterations of one operation gave. */
typedef struct clp_case_record {
    clp_course rates;  /**< pictures per second */
    clp_outputs first; /**< of the first iteration */
    uint64_t failed;
    uint32_t differing;   /**< iterations whose outputs differ from the first's */
    uint32_t differs_in;  /**< the first of them, from 1 */
    char differs_at[512]; /**< and an output of it */
} clp_case_record;

/** Resident bytes gained per iteration by least squares over the later half, 0 below three
 * iterations. */
double clp_memory_slope(const clp_course *memory);

typedef enum clp_growth {
    CLP_GROWTH_UNKNOWN, /**< too few iterations to tell */
    CLP_GROWTH_NONE,    /**< none that is more than chance */
    CLP_GROWTH_SEEN
} clp_growth;

/** Whether memory keeps growing: each of the last two quarters of the iterations lies above the one
 * before it by more than chance, and the slope makes more than a hundredth of a quarter. */
clp_growth clp_memory_growth(const clp_course *memory);

typedef struct clp_stress_report {
    const clproc_stress_result *result;
    const clp_cases *cases;
    const clp_case_record *records;
    const clp_course *memory; /**< resident bytes of the process after each iteration */
    const char *device;
    size_t images;   /**< of an iteration */
    size_t pictures; /**< different ones among them */
    bool samples, stopped;
} clp_stress_report;

void clp_stress_print(clp_text *text, const clp_stress_report *report);

#endif
