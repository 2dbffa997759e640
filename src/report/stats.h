/** Statistics of durations. */
#ifndef CLP_REPORT_STATS_H
#define CLP_REPORT_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct clp_stats {
    size_t count;
    double sum, mean, deviation; /**< deviation: of the sample, 0 below two values */
    double min, p50, p95, max;
} clp_stats;

void clp_stats_sort(double *values, size_t count);
/** Of values in rising order; all 0 for none. */
clp_stats clp_stats_of(const double *sorted, size_t count);
/** Quantile 0 to 1 of values in rising order, interpolated between neighbours; 0 for none. */
double clp_stats_quantile(const double *sorted, size_t count, double quantile);

/** The chance that two groups from one distribution differ in rank as much as these do:
 * Mann-Whitney's U test, two-sided; exact for few values without ties, else by the normal curve
 * with correction for ties. `scratch` holds both counts together. 1 if a group is empty. */
double clp_stats_same(const double *a, size_t a_count, const double *b, size_t b_count,
                      double *scratch);

/** The chance that values from a distribution around 0 lie as much to one side of it as these:
 * Wilcoxon's signed ranks, two-sided. Sorts `values` by size; at most 20 of them, 1 for none. */
double clp_stats_centred(double *values, size_t count);
/** 95 % interval of the median by bootstrap. */
void clp_stats_median_interval(const double *values, size_t count, double *scratch, double *low,
                               double *high);

/** 95 % interval of median(b) / median(a) by bootstrap, the same for the same values. `scratch`
 * holds the larger of both counts. */
void clp_stats_ratio_interval(const double *a, size_t a_count, const double *b, size_t b_count,
                              double *scratch, double *low, double *high);

#endif
