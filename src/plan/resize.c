/** Resampling matrices (docs/numerics.md, section 1). */
#include <math.h>

#include "core/memory.h"
#include "plan/axis.h"
#include "plan/axis_private.h"

static double box(double x) {
    return x > -0.5 && x <= 0.5 ? 1 : 0;
}

static double triangle(double x) {
    x = fabs(x);
    return x < 1 ? 1 - x : 0;
}

/** The cubic family of Mitchell and Netravali. */
static double cubic(double x, double b, double c) {
    x = fabs(x);
    if (x < 1) {
        return (((12 - 9 * b - 6 * c) * x + (-18 + 12 * b + 6 * c)) * x * x + (6 - 2 * b)) / 6;
    }
    if (x < 2) {
        return ((((-b - 6 * c) * x + (6 * b + 30 * c)) * x + (-12 * b - 48 * c)) * x +
                (8 * b + 24 * c)) /
               6;
    }
    return 0;
}

static double catmull_rom(double x) {
    return cubic(x, 0, 0.5);
}

static double mitchell(double x) {
    return cubic(x, 1.0 / 3, 1.0 / 3);
}

static double sinc(double x) {
    const double pi = 3.14159265358979323846;
    return x == 0 ? 1 : sin(pi * x) / (pi * x);
}

static double lanczos3(double x) {
    return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
}

static const struct {
    double support;
    double (*weight)(double);
} filters[] = {
    [CLP_FILTER_BOX] = {0.5, box},
    [CLP_FILTER_BILINEAR] = {1, triangle},
    [CLP_FILTER_CATMULL_ROM] = {2, catmull_rom},
    [CLP_FILTER_MITCHELL] = {2, mitchell},
    [CLP_FILTER_LANCZOS3] = {3, lanczos3},
};

static int64_t clamp(int64_t value, int64_t least, int64_t most) {
    return value < least ? least : value > most ? most : value;
}

static void normalise(double *weight, uint32_t count) {
    double sum = 0;
    for (uint32_t k = 0; k < count; k++) {
        sum += weight[k];
    }
    for (uint32_t k = 0; k < count; k++) {
        weight[k] /= sum;
    }
}

/** What a window's sample j weighs for output centre `centre`. */
typedef struct kernel {
    clp_filter filter;
    double scale;   /**< input samples per output sample */
    double stretch; /**< widening of the filter when reducing */
} kernel;

static double weigh(const kernel *k, double centre, int64_t j) {
    if (k->filter != CLP_FILTER_AREA) {
        return filters[k->filter].weight(((double)j - centre + 0.5) / k->stretch);
    }
    /* The part of the output's box that sample j covers. */
    double from = fmax(centre - k->scale / 2, (double)j),
           to = fmin(centre + k->scale / 2, (double)j + 1);
    return to > from ? to - from : 0;
}

static clproc_status nearest(clp_axis *axis, uint32_t in, double a, double scale, uint32_t out,
                             clproc_error *error) {
    clproc_status status = clp_axis_allocate(axis, in, out, 1, error);
    for (uint32_t i = 0; status == CLPROC_OK && i < out; i++) {
        axis->start[i] = (int32_t)clamp((int64_t)floor(a + (i + 0.5) * scale), 0, (int64_t)in - 1);
        axis->weight[i] = 1;
    }
    return status;
}

clproc_status clp_axis_resize(clp_axis *axis, clp_filter filter, uint32_t in, double a, double b,
                              uint32_t out, clproc_error *error) {
    kernel k = {.filter = filter, .scale = (b - a) / out};
    if (filter == CLP_FILTER_NEAREST) {
        return nearest(axis, in, a, k.scale, out, error);
    }
    /* At scale 1 on whole samples interpolation is the identity; sin(πx) would leave 1e-17 of the
     * neighbours. */
    if (k.scale == 1 && a == floor(a) && filter != CLP_FILTER_MITCHELL) {
        return clp_axis_window(axis, in, (int64_t)a, false, out, error);
    }
    k.stretch = fmax(k.scale, 1);
    double support =
        k.filter == CLP_FILTER_AREA ? k.scale / 2 + 0.5 : filters[k.filter].support * k.stretch;
    clproc_status status =
        clp_axis_allocate(axis, in, out, (uint32_t)fmin(ceil(2 * support) + 2, in), error);
    for (uint32_t i = 0; status == CLPROC_OK && i < out; i++) {
        double centre = a + (i + 0.5) * k.scale;
        int64_t low = clamp((int64_t)trunc(centre - support + 0.5), 0, (int64_t)in - 1);
        int64_t high = clamp((int64_t)trunc(centre + support + 0.5), low + 1, in);
        double *weight = axis->weight + (size_t)i * axis->taps;
        axis->start[i] = (int32_t)clamp(low, 0, (int64_t)in - axis->taps);
        for (int64_t j = low; j < high; j++) {
            weight[j - axis->start[i]] = weigh(&k, centre, j);
        }
        normalise(weight, axis->taps);
    }
    return status == CLPROC_OK ? clp_axis_trim(axis, error) : status;
}
