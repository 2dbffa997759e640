/** What passes read besides pixels: weights, windows, indices, coefficients. */
#include <math.h>
#include <string.h>

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

clproc_status clp_table_axis(clp_plan *plan, const clp_axis *axis, bool use_float,
                             uint32_t *weights, uint32_t *starts, clproc_error *error) {
    size_t count = (size_t)axis->out * axis->taps,
           size = use_float ? sizeof(float) : sizeof(int16_t);
    uint8_t *values = clp_memory_alloc(CLP_MEMORY_PLAN, count * size);
    int32_t *pairs = clp_memory_alloc(CLP_MEMORY_PLAN, (size_t)axis->out * 2 * sizeof *pairs);
    clproc_status status = CLPROC_OK;
    if (!values || !pairs) {
        status = clp_error_memory(error, "filter tables", count * size);
        goto out;
    }
    for (uint32_t i = 0; i < axis->out; i++) {
        int16_t *q14 = use_float ? NULL : (int16_t *)values + (size_t)i * axis->taps;
        if (use_float) {
            for (uint32_t k = 0; k < axis->taps; k++) {
                size_t at = (size_t)i * axis->taps + k;
                ((float *)values)[at] = (float)axis->weight[at];
            }
        } else {
            clp_axis_quantise(axis, i, q14);
        }
        pairs[2 * i] = axis->start[i];
        pairs[2 * i + 1] = fill_weight(axis, i, q14);
    }
    CLP_TRY(status, out, clp_table_bytes(plan, values, count * size, weights, error));
    CLP_TRY(status, out,
            clp_table_bytes(plan, pairs, (size_t)axis->out * 2 * sizeof *pairs, starts, error));
out:
    clp_memory_free(values);
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
