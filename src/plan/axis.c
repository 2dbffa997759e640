#include "plan/axis.h"

#include <math.h>
#include <string.h>

#include "core/cancel.h"
#include "core/checked.h"
#include "core/memory.h"
#include "plan/axis_private.h"

void clp_axis_free(clp_axis *axis) {
    clp_memory_free(axis->start);
    clp_memory_free(axis->weight);
    *axis = (clp_axis){0};
}

clproc_status clp_axis_allocate(clp_axis *axis, uint32_t in, uint32_t out, uint32_t taps,
                                clproc_error *error) {
    size_t count = 0;
    *axis = (clp_axis){.in = in, .out = out, .taps = taps < in ? taps : in};
    if (axis->taps == 0) {
        axis->taps = 1;
    }
    if (clp_checked_mul(out, axis->taps, &count)) {
        axis->start = clp_memory_zero(CLP_MEMORY_PLAN, out, sizeof *axis->start);
        axis->weight = clp_memory_zero(CLP_MEMORY_PLAN, count, sizeof *axis->weight);
    }
    if (!axis->start || !axis->weight) {
        clp_axis_free(axis);
        return clp_error_memory(error, "a filter", count);
    }
    return CLPROC_OK;
}

/** Where a window of the matrix's taps must start to hold [first, first + count) and stay inside
 * the input. */
static int64_t place(const clp_axis *axis, int64_t first) {
    int64_t last = (int64_t)axis->in - axis->taps;
    return first < 0 ? 0 : first > last ? last : first;
}

clproc_status clp_axis_identity(clp_axis *axis, uint32_t length, clproc_error *error) {
    return clp_axis_window(axis, length, 0, false, length, error);
}

clproc_status clp_axis_window(clp_axis *axis, uint32_t in, int64_t first, bool reverse,
                              uint32_t out, clproc_error *error) {
    clproc_status status = clp_axis_allocate(axis, in, out, 1, error);
    for (uint32_t i = 0; status == CLPROC_OK && i < out; i++) {
        int64_t source = reverse ? first - i : first + i;
        bool inside = source >= 0 && source < in;
        axis->start[i] = inside ? (int32_t)source : 0;
        axis->weight[i] = inside;
    }
    return status;
}

clproc_status clp_axis_copy(clp_axis *axis, const clp_axis *from, clproc_error *error) {
    clproc_status status = clp_axis_allocate(axis, from->in, from->out, from->taps, error);
    if (status == CLPROC_OK) {
        memcpy(axis->start, from->start, from->out * sizeof *from->start);
        memcpy(axis->weight, from->weight, (size_t)from->out * from->taps * sizeof *from->weight);
    }
    return status;
}

/** Adds `weight` to input sample `source`, replicated at the edges, in a row whose window is
 * already placed. */
static void add_replicated(clp_axis *axis, uint32_t row, int64_t source, double weight) {
    int64_t sample = source < 0 ? 0 : source >= axis->in ? (int64_t)axis->in - 1 : source;
    axis->weight[(size_t)row * axis->taps + (size_t)(sample - axis->start[row])] += weight;
}

/** A convolution with a symmetric kernel half[0..radius], edges replicated. */
static clproc_status convolution(clp_axis *axis, uint32_t length, const double *half,
                                 uint32_t radius, clproc_error *error) {
    clproc_status status = clp_axis_allocate(axis, length, length, 2 * radius + 1, error);
    for (uint32_t i = 0; status == CLPROC_OK && i < length; i++) {
        axis->start[i] = (int32_t)place(axis, (int64_t)i - radius);
        for (int64_t k = -(int64_t)radius; k <= radius; k++) {
            add_replicated(axis, i, i + k, half[k < 0 ? -k : k]);
        }
    }
    return status;
}

/** w ∝ exp(−k²/2σ²) for k in [0, radius], normalised over [−radius, radius]. Free with
 * clp_memory_free(). */
static double *gaussian_half(double sigma, uint32_t radius) {
    double *half = clp_memory_zero(CLP_MEMORY_PLAN, (size_t)radius + 1, sizeof *half);
    double sum = 0;
    for (uint32_t k = 0; half && k <= radius; k++) {
        half[k] = exp(-(double)k * k / (2 * sigma * sigma));
        sum += k ? 2 * half[k] : half[k];
    }
    for (uint32_t k = 0; half && k <= radius; k++) {
        half[k] /= sum;
    }
    return half;
}

clproc_status clp_axis_gaussian(clp_axis *axis, uint32_t length, double sigma, uint32_t radius,
                                clproc_error *error) {
    *axis = (clp_axis){0};
    double *half = gaussian_half(sigma, radius);
    if (!half) {
        return clp_error_memory(error, "a Gaussian", radius * sizeof *half);
    }
    clproc_status status = convolution(axis, length, half, radius, error);
    clp_memory_free(half);
    return status;
}

clproc_status clp_axis_mean(clp_axis *axis, uint32_t length, uint32_t radius, clproc_error *error) {
    *axis = (clp_axis){0};
    double *half = clp_memory_alloc(CLP_MEMORY_PLAN, ((size_t)radius + 1) * sizeof *half);
    if (!half) {
        return clp_error_memory(error, "a box blur", radius * sizeof *half);
    }
    for (uint32_t k = 0; k <= radius; k++) {
        half[k] = 1.0 / (2.0 * radius + 1);
    }
    clproc_status status = convolution(axis, length, half, radius, error);
    clp_memory_free(half);
    return status;
}

clproc_status clp_axis_upsample(clp_axis *axis, uint32_t in, uint32_t out, uint32_t step,
                                bool fancy, clproc_error *error) {
    clproc_status status = clp_axis_allocate(axis, in, out, fancy ? 2 : 1, error);
    for (uint32_t i = 0; status == CLPROC_OK && i < out; i++) {
        int64_t near = i / step < in ? i / step : in - 1;
        if (!fancy) {
            axis->start[i] = (int32_t)near;
            axis->weight[i] = 1;
            continue;
        }
        int64_t far = i % 2 ? near + 1 : near - 1;
        axis->start[i] = (int32_t)place(axis, near < far ? near : far);
        add_replicated(axis, i, near, 0.75);
        add_replicated(axis, i, far, 0.25);
    }
    return status;
}

clproc_status clp_axis_downsample(clp_axis *axis, uint32_t in, uint32_t step, clproc_error *error) {
    uint32_t out = in / step + (in % step != 0);
    clproc_status status = clp_axis_allocate(axis, in, out, step, error);
    for (uint32_t i = 0; status == CLPROC_OK && i < out; i++) {
        axis->start[i] = (int32_t)place(axis, (int64_t)i * step);
        for (uint32_t k = 0; k < step; k++) {
            add_replicated(axis, i, (int64_t)i * step + k, 1.0 / step);
        }
    }
    return status;
}

/** The range of a row's weights that are not zero; false if all are. */
static bool row_range(const clp_axis *axis, uint32_t row, uint32_t *first, uint32_t *last) {
    const double *weight = axis->weight + (size_t)row * axis->taps;
    uint32_t a = 0, b = axis->taps;
    while (a < b && weight[a] == 0) {
        a++;
    }
    while (b > a && weight[b - 1] == 0) {
        b--;
    }
    *first = a;
    *last = b;
    return a < b;
}

/** Where a row's weights that are not zero lie in its window: [first, last), empty if all are. */
typedef struct extent {
    uint32_t first, last;
} extent;

/** Of every row of a matrix; NULL if there is no memory. Free with clp_memory_free(). */
static extent *extents(const clp_axis *axis) {
    extent *all = clp_memory_alloc(CLP_MEMORY_PLAN, (size_t)axis->out * sizeof *all);
    for (uint32_t i = 0; all && i < axis->out; i++) {
        row_range(axis, i, &all[i].first, &all[i].last);
    }
    return all;
}

/** The input samples that a row of second · first reads: [*from, *to), empty rows give 0, 0. */
static void composed_range(const clp_axis *second, const clp_axis *first, const extent *first_rows,
                           uint32_t row, int64_t *from, int64_t *to) {
    uint32_t a, b;
    *from = INT64_MAX;
    *to = INT64_MIN;
    row_range(second, row, &a, &b);
    for (uint32_t k = a; k < b; k++) {
        uint32_t middle = (uint32_t)second->start[row] + k;
        const extent *inner = &first_rows[middle];
        if (second->weight[(size_t)row * second->taps + k] == 0 || inner->first == inner->last) {
            continue;
        }
        int64_t start = first->start[middle];
        *from = start + inner->first < *from ? start + inner->first : *from;
        *to = start + inner->last > *to ? start + inner->last : *to;
    }
    if (*from > *to) {
        *from = *to = 0;
    }
}

static void compose_row(clp_axis *axis, const clp_axis *second, const clp_axis *first,
                        const extent *first_rows, uint32_t row) {
    double *target = axis->weight + (size_t)row * axis->taps;
    for (uint32_t k = 0; k < second->taps; k++) {
        double factor = second->weight[(size_t)row * second->taps + k];
        uint32_t middle = (uint32_t)second->start[row] + k;
        if (factor == 0) {
            continue;
        }
        const double *source = first->weight + (size_t)middle * first->taps;
        int64_t shift = (int64_t)first->start[middle] - axis->start[row];
        for (uint32_t j = first_rows[middle].first; j < first_rows[middle].last; j++) {
            target[shift + j] += factor * source[j];
        }
    }
}

clproc_status clp_axis_trim(clp_axis *axis, clproc_error *error) {
    uint32_t widest = 1, a, b;
    for (uint32_t i = 0; i < axis->out; i++) {
        if (row_range(axis, i, &a, &b) && b - a > widest) {
            widest = b - a;
        }
    }
    clp_axis trimmed;
    if (widest == axis->taps) {
        return CLPROC_OK;
    }
    clproc_status status = clp_axis_allocate(&trimmed, axis->in, axis->out, widest, error);
    if (status != CLPROC_OK) {
        clp_axis_free(axis);
        return status;
    }
    for (uint32_t i = 0; i < axis->out; i++) {
        const double *from = axis->weight + (size_t)i * axis->taps;
        row_range(axis, i, &a, &b);
        trimmed.start[i] = (int32_t)place(&trimmed, (int64_t)axis->start[i] + a);
        double *to =
            trimmed.weight + (size_t)i * widest + (axis->start[i] + (int64_t)a - trimmed.start[i]);
        memcpy(to, from + a, (b - a) * sizeof *to);
    }
    clp_axis_free(axis);
    *axis = trimmed;
    return CLPROC_OK;
}

clproc_status clp_axis_compose(clp_axis *axis, const clp_axis *second, const clp_axis *first,
                               const volatile int *cancel, clproc_error *error) {
    int64_t taps = 1, from, to;
    extent *first_rows = extents(first);
    *axis = (clp_axis){0};
    if (!first_rows) {
        return clp_error_memory(error, "a filter", first->out * sizeof *first_rows);
    }
    for (uint32_t i = 0; i < second->out; i++) {
        composed_range(second, first, first_rows, i, &from, &to);
        taps = to - from > taps ? to - from : taps;
    }
    clproc_status status = clp_axis_allocate(axis, first->in, second->out, (uint32_t)taps, error);
    for (uint32_t i = 0; status == CLPROC_OK && i < second->out; i++) {
        composed_range(second, first, first_rows, i, &from, &to);
        axis->start[i] = (int32_t)place(axis, from);
        compose_row(axis, second, first, first_rows, i);
        status = clp_cancel_check(cancel, error);
    }
    clp_memory_free(first_rows);
    if (status != CLPROC_OK) {
        clp_axis_free(axis);
    }
    return status;
}

static double row_sum(const clp_axis *axis, uint32_t row, bool absolute) {
    double sum = 0;
    for (uint32_t k = 0; k < axis->taps; k++) {
        double weight = axis->weight[(size_t)row * axis->taps + k];
        sum += absolute ? fabs(weight) : weight;
    }
    return sum;
}

bool clp_axis_is_index(const clp_axis *axis) {
    for (uint32_t i = 0; i < axis->out; i++) {
        uint32_t a, b;
        if (row_range(axis, i, &a, &b) &&
            (b - a != 1 || axis->weight[(size_t)i * axis->taps + a] != 1)) {
            return false;
        }
    }
    return true;
}

clproc_status clp_axis_rounding(const clp_axis *axis, double *rounding, clproc_error *error) {
    int16_t *weights = clp_memory_alloc(CLP_MEMORY_PLAN, axis->taps * sizeof *weights);
    *rounding = 0;
    if (!weights) {
        return clp_error_memory(error, "a plan", axis->taps * sizeof *weights);
    }
    for (uint32_t i = 0; i < axis->out; i++) {
        const double *exact = axis->weight + (size_t)i * axis->taps;
        double up = 0, down = 0;
        clp_axis_quantise(axis, i, weights);
        for (uint32_t k = 0; k < axis->taps; k++) {
            double difference = weights[k] / 16384.0 - exact[k];
            *(difference > 0 ? &up : &down) += fabs(difference);
        }
        *rounding = fmax(*rounding, fmax(up, down));
    }
    clp_memory_free(weights);
    return CLPROC_OK;
}

bool clp_axis_is_identity(const clp_axis *axis) {
    bool same = axis->in == axis->out && clp_axis_is_index(axis);
    for (uint32_t i = 0; same && i < axis->out; i++) {
        uint32_t a, b;
        same = row_range(axis, i, &a, &b) && (uint32_t)axis->start[i] + a == i;
    }
    return same;
}

/** Composition in double precision leaves sums this close to 1. */
#define SUM_TOLERANCE 1e-9

bool clp_axis_is_normalised(const clp_axis *axis) {
    for (uint32_t i = 0; i < axis->out; i++) {
        if (fabs(row_sum(axis, i, false) - 1) > SUM_TOLERANCE) {
            return false;
        }
    }
    return true;
}

double clp_axis_gain(const clp_axis *axis) {
    double gain = 0;
    for (uint32_t i = 0; i < axis->out; i++) {
        double row = row_sum(axis, i, true) + fabs(1 - row_sum(axis, i, false));
        gain = row > gain ? row : gain;
    }
    return gain;
}

/** Q14 of a running sum of weights. */
static int32_t to_q14(double sum) {
    return (int32_t)floor(sum * 16384 + 0.5);
}

void clp_axis_quantise(const clp_axis *axis, uint32_t row, int16_t *weights) {
    const double *weight = axis->weight + (size_t)row * axis->taps;
    uint32_t a, b;
    memset(weights, 0, axis->taps * sizeof *weights);
    if (!row_range(axis, row, &a, &b)) {
        return;
    }
    bool symmetric = true;
    for (uint32_t k = 0; symmetric && k < (b - a) / 2; k++) {
        symmetric = fabs(weight[a + k] - weight[b - 1 - k]) < SUM_TOLERANCE;
    }
    /* From the left, or from both ends inwards with the middle taking the rest. */
    uint32_t half = symmetric ? (b - a - 1) / 2 : b - a;
    double sum = 0;
    for (uint32_t k = 0; k < half; k++) {
        int32_t before = to_q14(sum);
        sum += weight[a + k];
        weights[a + k] = (int16_t)(to_q14(sum) - before);
        if (symmetric) {
            weights[b - 1 - k] = weights[a + k];
        }
    }
    if (symmetric) {
        int32_t rest = to_q14(row_sum(axis, row, false)) - 2 * to_q14(sum);
        uint32_t middle = b - a - 2 * half; /* one or two samples */
        weights[a + half] = (int16_t)(middle == 1 ? rest : rest / 2);
        if (middle == 2) {
            weights[a + half + 1] = (int16_t)(rest - rest / 2);
        }
    }
}
