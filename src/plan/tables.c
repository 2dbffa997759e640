/** What passes read besides pixels: weights, windows, indices, coefficients. */
#include <math.h>
#include <string.h>

#include "core/cancel.h"
#include "core/memory.h"
#include "plan/lower.h"

#define TABLE_ALIGN 16

clproc_status clp_table_bytes(clp_plan *plan, const void *data, size_t size, uint32_t *offset,
                              clproc_error *error) {
    size_t aligned = (size + TABLE_ALIGN - 1) & ~(size_t)(TABLE_ALIGN - 1);
    for (size_t i = 0; i < plan->table_count; i++) {
        if (plan->table_index[i].size == size &&
            memcmp(plan->tables + plan->table_index[i].offset, data, size) == 0) {
            *offset = plan->table_index[i].offset;
            return CLPROC_OK;
        }
    }
    if (plan->table_bytes + aligned > UINT32_MAX) {
        return clp_error_set(error, CLPROC_ERROR_LIMIT,
                             "the filters of this pipeline exceed 4 GiB; use a smaller size");
    }
    uint8_t *tables = clp_memory_grow(CLP_MEMORY_PLAN, plan->tables, &plan->table_capacity,
                                      plan->table_bytes + aligned, 1);
    if (!tables) {
        return clp_error_memory(error, "filter tables", plan->table_bytes + aligned);
    }
    plan->tables = tables;
    memcpy(tables + plan->table_bytes, data, size);
    memset(tables + plan->table_bytes + size, 0, aligned - size);
    *offset = (uint32_t)plan->table_bytes;
    if (plan->table_count < CLP_MAX_TABLES) {
        plan->table_index[plan->table_count].offset = *offset;
        plan->table_index[plan->table_count++].size = (uint32_t)size;
    }
    plan->table_bytes += aligned;
    return CLPROC_OK;
}

/** 1 − Σw as it stands in the table of starts: Q14, or the bits of a float. */
static int32_t fill_weight(const clp_axis *axis, uint32_t row, const int16_t *q14) {
    double sum = 0;
    int32_t rest = 16384;
    for (uint32_t k = 0; k < axis->taps; k++) {
        sum += axis->weight[(size_t)row * axis->taps + k];
        rest -= q14 ? q14[k] : 0;
    }
    if (q14) {
        return rest;
    }
    float missing = fabs(1 - sum) < 1e-9 ? 0 : (float)(1 - sum);
    memcpy(&rest, &missing, sizeof rest);
    return rest;
}

/** Floats as they are. */
static void pack_floats(const clp_axis *axis, uint32_t pitch, float *packed, int32_t *pairs) {
    for (uint32_t i = 0; i < axis->out; i++) {
        for (uint32_t k = 0; k < axis->taps; k++) {
            packed[(size_t)i * pitch + k] = (float)axis->weight[(size_t)i * axis->taps + k];
        }
        pairs[2 * i] = axis->start[i];
        pairs[2 * i + 1] = fill_weight(axis, i, NULL);
    }
}

/** Quantises; returns the width of the narrowest windows that hold what is not zero then. Of each
 * pair the first becomes where that begins in the row. */
static uint32_t quantise(const clp_axis *axis, int16_t *rows, int32_t *pairs) {
    uint32_t widest = 1;
    for (uint32_t i = 0; i < axis->out; i++) {
        int16_t *row = rows + (size_t)i * axis->taps;
        uint32_t first = 0, last = axis->taps;
        clp_axis_quantise(axis, i, row);
        pairs[2 * i + 1] = fill_weight(axis, i, row);
        while (last > 0 && row[last - 1] == 0) {
            last--;
        }
        while (first < last && row[first] == 0) {
            first++;
        }
        pairs[2 * i] = (int32_t)first;
        widest = last - first > widest ? last - first : widest;
    }
    return widest;
}

/** Cuts quantised rows to windows of `taps`. */
static void pack_q14(const clp_axis *axis, const int16_t *rows, uint32_t taps, uint32_t pitch,
                     int16_t *packed, int32_t *pairs) {
    for (uint32_t i = 0; i < axis->out; i++) {
        const int16_t *row = rows + (size_t)i * axis->taps;
        /* Windows must stay inside the input: a row near its end begins earlier, with zeros. */
        int64_t start = (int64_t)axis->start[i] + pairs[2 * i], most = (int64_t)axis->in - taps;
        start = start < most ? start : most;
        for (int64_t k = 0; k < taps; k++) {
            int64_t from = start + k - axis->start[i];
            packed[(size_t)i * pitch + (size_t)k] = from >= 0 && from < axis->taps ? row[from] : 0;
        }
        pairs[2 * i] = (int32_t)start;
    }
}

clproc_status clp_table_axis(clp_plan *plan, const clp_axis *axis, bool use_float,
                             clp_table_window *window, clproc_error *error) {
    size_t size = use_float ? sizeof(float) : sizeof(int16_t), bytes = 0;
    int16_t *rows =
        clp_memory_alloc(CLP_MEMORY_PLAN, (size_t)axis->out * axis->taps * sizeof *rows);
    int32_t *pairs = clp_memory_alloc(CLP_MEMORY_PLAN, (size_t)axis->out * 2 * sizeof *pairs);
    uint8_t *packed = NULL;
    clproc_status status = clp_cancel_check(plan->terms.cancel, error);
    if (status != CLPROC_OK) {
        goto out;
    }
    if (rows && pairs) {
        window->taps = use_float ? axis->taps : quantise(axis, rows, pairs);
        window->weight_pitch = window->taps + 1;
        bytes = ((size_t)axis->out * window->weight_pitch + 1) * size;
        packed = clp_memory_zero(CLP_MEMORY_PLAN, 1, bytes);
    }
    if (!packed) {
        status = clp_error_memory(error, "filter tables", (size_t)axis->out * axis->taps * size);
        goto out;
    }
    if (use_float) {
        pack_floats(axis, window->weight_pitch, (float *)packed + 1, pairs);
    } else {
        pack_q14(axis, rows, window->taps, window->weight_pitch, (int16_t *)packed + 1, pairs);
    }
    CLP_TRY(status, out, clp_table_bytes(plan, packed, bytes, &window->weights, error));
    window->weights += (uint32_t)size;
    status =
        clp_table_bytes(plan, pairs, (size_t)axis->out * 2 * sizeof *pairs, &window->starts, error);
out:
    clp_memory_free(packed);
    clp_memory_free(rows);
    clp_memory_free(pairs);
    return status;
}

clproc_status clp_table_index(clp_plan *plan, const clp_axis *axis, uint32_t *offset,
                              clproc_error *error) {
    int32_t *indices = clp_memory_alloc(CLP_MEMORY_PLAN, axis->out * sizeof *indices);
    if (!indices) {
        return clp_error_memory(error, "index tables", axis->out * sizeof *indices);
    }
    for (uint32_t i = 0; i < axis->out; i++) {
        indices[i] = -1;
        for (uint32_t k = 0; k < axis->taps; k++) {
            if (axis->weight[(size_t)i * axis->taps + k] != 0) {
                indices[i] = axis->start[i] + (int32_t)k;
            }
        }
    }
    clproc_status status =
        clp_table_bytes(plan, indices, axis->out * sizeof *indices, offset, error);
    clp_memory_free(indices);
    return status;
}
