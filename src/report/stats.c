#include "report/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RESAMPLES 1000
#define EXACT_PAIRS 400 /* up to so many pairs of values the test counts every ranking */

static int rising(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void clp_stats_sort(double *values, size_t count) {
    if (count > 1) {
        qsort(values, count, sizeof *values, rising);
    }
}

double clp_stats_quantile(const double *sorted, size_t count, double quantile) {
    if (count == 0) {
        return 0;
    }
    double place = quantile * (double)(count - 1);
    size_t below = (size_t)place;
    if (below + 1 >= count) {
        return sorted[count - 1];
    }
    return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

clp_stats clp_stats_of(const double *sorted, size_t count) {
    clp_stats stats = {.count = count};
    if (count == 0) {
        return stats;
    }
    for (size_t i = 0; i < count; i++) {
        stats.sum += sorted[i];
    }
    stats.mean = stats.sum / (double)count;
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        squares += (sorted[i] - stats.mean) * (sorted[i] - stats.mean);
    }
    stats.deviation = count > 1 ? sqrt(squares / (double)(count - 1)) : 0;
    stats.min = sorted[0];
    stats.max = sorted[count - 1];
    stats.p50 = clp_stats_quantile(sorted, count, 0.5);
    stats.p95 = clp_stats_quantile(sorted, count, 0.95);
    return stats;
}

/** Items of `sorted` below `value`, and of those equal to it. */
static void count_around(const double *sorted, size_t count, double value, size_t *below,
                         size_t *equal) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle] < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *below = low;
    while (low < count && sorted[low] == value) {
        low++;
    }
    *equal = low - *below;
}

/** Chance of a U of at most `u` among all rankings of n and m values without ties: Gauss' binomial
 * coefficients count them, and these are a product of fractions of polynomials. */
static double exact_tail(size_t n, size_t m, double u) {
    double ways[EXACT_PAIRS + 1] = {1};
    size_t last = n * m;
    for (size_t i = 1; i <= n; i++) {
        for (size_t k = last; k >= m + i; k--) {
            ways[k] -= ways[k - m - i];
        }
        for (size_t k = i; k <= last; k++) {
            ways[k] += ways[k - i];
        }
    }
    double below = 0, all = 0;
    for (size_t k = 0; k <= last; k++) {
        all += ways[k];
        below += (double)k <= u ? ways[k] : 0;
    }
    return below / all;
}

double clp_stats_same(const double *a, size_t a_count, const double *b, size_t b_count,
                      double *scratch) {
    size_t all = a_count + b_count;
    if (a_count == 0 || b_count == 0) {
        return 1;
    }
    memcpy(scratch, a, a_count * sizeof *a);
    memcpy(scratch + a_count, b, b_count * sizeof *b);
    clp_stats_sort(scratch, all);
    double rank_sum = 0, ties = 0;
    for (size_t i = 0; i < a_count; i++) {
        size_t below, equal;
        count_around(scratch, all, a[i], &below, &equal);
        rank_sum += (double)below + ((double)equal + 1) / 2;
    }
    for (size_t i = 0; i < all;) {
        size_t end = i + 1;
        while (end < all && scratch[end] == scratch[i]) {
            end++;
        }
        double tied = (double)(end - i);
        ties += tied * tied * tied - tied;
        i = end;
    }
    double n = (double)a_count, m = (double)b_count, N = (double)all;
    double u = rank_sum - n * (n + 1) / 2;
    if (ties == 0 && a_count * b_count <= EXACT_PAIRS) {
        return fmin(1, 2 * exact_tail(a_count, b_count, fmin(u, n * m - u)));
    }
    double variance = n * m / 12 * (N + 1 - ties / (N * (N - 1)));
    if (variance <= 0) {
        return 1;
    }
    double distance = fmax(0, fabs(u - n * m / 2) - 0.5);
    return erfc(distance / sqrt(variance) / sqrt(2));
}

static int rising_size(const void *a, const void *b) {
    double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
    return (x > y) - (x < y);
}

double clp_stats_centred(double *values, size_t count) {
    enum { MOST = 20, SUMS = MOST * (MOST + 1) / 2 };
    double ways[SUMS + 1] = {1};
    size_t positive = 0, all = 0;
    if (count == 0 || count > MOST) {
        return 1;
    }
    qsort(values, count, sizeof *values, rising_size);
    /* Each rank is on the one side or the other: count the ways to every sum of ranks. */
    for (size_t rank = 1; rank <= count; rank++) {
        all += rank;
        positive += values[rank - 1] > 0 ? rank : 0;
        for (size_t sum = all; sum >= rank; sum--) {
            ways[sum] += ways[sum - rank];
        }
    }
    size_t fewer = positive < all - positive ? positive : all - positive;
    double tail = 0;
    for (size_t sum = 0; sum <= fewer; sum++) {
        tail += ways[sum];
    }
    return fmin(1, 2 * tail / ldexp(1, (int)count));
}

/** SplitMix64: enough to draw places with. */
static uint64_t draw(uint64_t *state) {
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static double resampled_median(const double *values, size_t count, double *scratch,
                               uint64_t *state) {
    for (size_t i = 0; i < count; i++) {
        scratch[i] = values[draw(state) % count];
    }
    clp_stats_sort(scratch, count);
    return clp_stats_quantile(scratch, count, 0.5);
}

void clp_stats_median_interval(const double *values, size_t count, double *scratch, double *low,
                               double *high) {
    double medians[RESAMPLES];
    uint64_t state = 1;
    for (size_t i = 0; i < RESAMPLES; i++) {
        medians[i] = count ? resampled_median(values, count, scratch, &state) : 0;
    }
    clp_stats_sort(medians, RESAMPLES);
    *low = clp_stats_quantile(medians, RESAMPLES, 0.025);
    *high = clp_stats_quantile(medians, RESAMPLES, 0.975);
}

void clp_stats_ratio_interval(const double *a, size_t a_count, const double *b, size_t b_count,
                              double *scratch, double *low, double *high) {
    double ratios[RESAMPLES];
    size_t count = 0;
    uint64_t state = 1;
    for (size_t i = 0; a_count && b_count && i < RESAMPLES; i++) {
        double before = resampled_median(a, a_count, scratch, &state);
        double after = resampled_median(b, b_count, scratch, &state);
        if (before > 0) {
            ratios[count++] = after / before;
        }
    }
    clp_stats_sort(ratios, count);
    *low = count ? clp_stats_quantile(ratios, count, 0.025) : 1;
    *high = count ? clp_stats_quantile(ratios, count, 0.975) : 1;
}
