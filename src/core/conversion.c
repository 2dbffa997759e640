#include "core/conversion.h"

#include <stddef.h>
#include <string.h>

#include "core/checked.h"
#include "core/memory.h"

/** Bytes kept with one conversion at most: enough for three curves as lines from each value of 16
 * bits to the next, and for some smaller tables. */
#define MOST_DERIVED ((size_t)2 << 20)

clproc_status clp_conversion_create(clp_conversion **conversion, uint32_t in, uint32_t out,
                                    clproc_error *error) {
    clp_conversion *made = clp_memory_zero(CLP_MEMORY_PLAN, 1, sizeof *made);
    *conversion = made;
    if (!made) {
        return clp_error_memory(error, "a colour conversion", sizeof *made);
    }
    atomic_init(&made->references, 1);
    clp_derived_init(&made->derived, MOST_DERIVED);
    made->in = in;
    made->out = out;
    return CLPROC_OK;
}

clp_conversion *clp_conversion_retain(clp_conversion *conversion) {
    atomic_fetch_add(&conversion->references, 1);
    return conversion;
}

void clp_conversion_release(clp_conversion **conversion) {
    clp_conversion *old = *conversion;
    if (old && atomic_fetch_sub(&old->references, 1) == 1) {
        for (int c = 0; c < 3; c++) {
            clp_memory_free(old->before[c]);
            clp_memory_free(old->after[c]);
        }
        for (int c = 0; c < 4; c++) {
            clp_memory_free(old->place[c]);
        }
        if (old->release) {
            old->release(old->state);
        }
        clp_derived_free(&old->derived);
        clp_memory_free(old->table);
        clp_memory_free(old);
    }
    *conversion = NULL;
}

clproc_status clp_conversion_curve(float **curve, clproc_error *error) {
    *curve = clp_memory_alloc(CLP_MEMORY_PLAN, (CLP_CURVE_SIZE + 1) * sizeof **curve);
    return *curve ? CLPROC_OK
                  : clp_error_memory(error, "a curve", (CLP_CURVE_SIZE + 1) * sizeof **curve);
}

static size_t entries(const clp_conversion *conversion) {
    size_t count = 1;
    for (uint32_t i = 0; i < conversion->in; i++) {
        count *= conversion->grid;
    }
    return count;
}

clproc_status clp_conversion_table(clp_conversion *conversion, uint32_t grid, clproc_error *error) {
    conversion->grid = grid;
    size_t count = 3 * entries(conversion);
    conversion->table = clp_memory_zero(CLP_MEMORY_PLAN, count, sizeof *conversion->table);
    return conversion->table
               ? CLPROC_OK
               : clp_error_memory(error, "a colour table", count * sizeof *conversion->table);
}

bool clp_conversion_has_places(const clp_conversion *conversion) {
    return conversion->place[0] || conversion->place[1] || conversion->place[2] ||
           conversion->place[3];
}

size_t clp_conversion_cube_bytes(const clp_conversion *conversion) {
    size_t places =
        clp_conversion_has_places(conversion) ? conversion->in * (CLP_PLACE_SIZE + (size_t)1) : 0;
    return conversion->table ? (4 * entries(conversion) + places) * sizeof(float) : 0;
}

size_t clp_conversion_bytes(clp_conversion *conversion) {
    size_t bytes = clp_derived_bytes(&conversion->derived);
    for (int c = 0; c < 3; c++) {
        size_t curves = (conversion->before[c] != NULL) + (conversion->after[c] != NULL);
        bytes += curves * (CLP_CURVE_SIZE + 1) * sizeof(float);
    }
    return bytes + (conversion->table ? 3 * entries(conversion) * sizeof(float) : 0);
}

/** Curves of places, in steps of the grid; of channels that have none, straight. */
static void fill_places(const clp_conversion *conversion, float *to) {
    for (uint32_t c = 0; c < conversion->in; c++) {
        const float *place = conversion->place[c];
        for (uint32_t i = 0; i <= CLP_PLACE_SIZE; i++) {
            float at = place ? place[i] : (float)i / CLP_PLACE_SIZE;
            *to++ = at * (float)(conversion->grid - 1);
        }
    }
}

void clp_conversion_fill_cube(const clp_conversion *conversion, float white, float *cube) {
    size_t count = entries(conversion);
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < 3; c++) {
            cube[4 * i + c] = conversion->table[3 * i + c] * white;
        }
        cube[4 * i + 3] = 0;
    }
    if (clp_conversion_has_places(conversion)) {
        fill_places(conversion, cube + 4 * count);
    }
}

static double clamp(double value) {
    return value > 0 ? value < 1 ? value : 1 : 0;
}

static double evaluate(const float *curve, uint32_t size, double at) {
    double position = clamp(at) * size;
    uint32_t below = position < size ? (uint32_t)position : size - 1;
    return curve[below] + (position - below) * ((double)curve[below + 1] - curve[below]);
}

double clp_curve_at(const float *curve, double at) {
    return evaluate(curve, CLP_CURVE_SIZE, at);
}

/** From a corner of the cell the axes are added in the order of their fractions. */
void clp_conversion_look_up(const clp_conversion *conversion, const double in[4], double out[3]) {
    double fraction[4] = {0};
    uint32_t stride[4] = {0}, step = 3, base = 0, order[4] = {0, 1, 2, 3}, n = conversion->in;
    for (uint32_t i = n; i-- > 0;) {
        const float *place = conversion->place[i];
        double position = (place ? evaluate(place, CLP_PLACE_SIZE, in[i]) : clamp(in[i])) *
                          (conversion->grid - 1);
        uint32_t cell = (uint32_t)position;
        cell = cell < conversion->grid - 1 ? cell : conversion->grid - 2;
        fraction[i] = position - cell;
        stride[i] = step;
        base += cell * step;
        step *= conversion->grid;
    }
    for (uint32_t i = 1; i < n; i++) {
        for (uint32_t k = i; k > 0 && fraction[order[k]] > fraction[order[k - 1]]; k--) {
            uint32_t other = order[k];
            order[k] = order[k - 1];
            order[k - 1] = other;
        }
    }
    for (uint32_t c = 0; c < 3; c++) {
        uint32_t at = base + c;
        out[c] = conversion->table[at] * (1 - fraction[order[0]]);
        for (uint32_t k = 0; k < n; k++) {
            at += stride[order[k]];
            double next = k + 1 < n ? fraction[order[k + 1]] : 0;
            out[c] += conversion->table[at] * (fraction[order[k]] - next);
        }
        out[c] = clamp(out[c]);
    }
}

void clp_conversion_apply(const clp_conversion *conversion, const double in[4], double out[3]) {
    double linear[3], between[4];
    if (conversion->table) {
        clp_conversion_look_up(conversion, in, out);
        if (!conversion->before[0]) {
            return;
        }
        memcpy(between, out, 3 * sizeof *out);
        in = between;
    }
    for (uint32_t c = 0; c < 3; c++) {
        const float *curve = conversion->before[conversion->before[1] ? c : 0];
        linear[c] = clp_curve_at(curve, in[conversion->in == 1 ? 0 : c]);
        out[c] = linear[c];
    }
    for (uint32_t c = 0; conversion->in != 1 && c < 3; c++) {
        const double *m = conversion->matrix[c];
        double sum = m[0] * linear[0] + m[1] * linear[1] + m[2] * linear[2] + conversion->offset[c];
        out[c] = clp_curve_at(conversion->after[conversion->after[1] ? c : 0], sum);
    }
}
