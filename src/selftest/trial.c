#include "selftest/trial.h"

#include <string.h>

#include "core/memory.h"

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

void clp_trial_fill(const clp_layout *layout, uint8_t *base, uint32_t seed) {
    uint32_t state = seed;
    memset(base, 0, layout->bytes);
    for (uint32_t p = 0; p < layout->plane_count; p++) {
        const clp_plane *plane = &layout->planes[p];
        for (uint32_t y = 0; y < plane->height; y++) {
            uint8_t *row = base + plane->offset + y * plane->pitch;
            for (uint32_t i = 0; i < plane->width * plane->channels; i++) {
                bool alpha = clp_model_has_alpha(layout->model) &&
                             i % plane->channels == plane->channels - 1;
                uint32_t value = next_random(&state) & 0xffff, patch = (i / 12 + y / 9) % 4;
                value = alpha && patch == 0 ? 0 : patch == 1 ? 0xffff : value;
                if (layout->depth == 8) {
                    row[i] = (uint8_t)(value >> 8);
                } else {
                    ((uint16_t *)(void *)row)[i] = (uint16_t)value;
                }
            }
        }
    }
}

clproc_status clp_trial_plan(clp_plan **plan, const clproc_pipeline *pipeline, bool linear,
                             clp_conversion *conversion, const clp_trial_kind *kind, uint32_t width,
                             uint32_t height, clproc_error *error) {
    clp_terms terms;
    clp_layout layout = {
        .model = kind->model, .depth = kind->depth, .width = width, .height = height};
    clp_target target = {.format = kind->format};
    for (int i = 0; kind->model == CLP_MODEL_YCC && i < CLP_MAX_PLANES; i++) {
        layout.planes[i].h_step = target.source_h_step[i] = i ? kind->h_step : 1;
        layout.planes[i].v_step = target.source_v_step[i] = i ? kind->v_step : 1;
    }
    if (!clp_layout_place(&layout)) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "a trial of %u x %u is impossible",
                             width, height);
    }
    clp_terms_init(&terms, &layout, width, height);
    terms.linear = linear;
    clproc_status status = CLPROC_OK;
    if (conversion) {
        CLP_TRY(status, out, clp_terms_convert(&terms, conversion, error));
    }
    CLP_TRY(status, out, clp_pipeline_terms(pipeline, &terms, error));
    CLP_TRY(status, out, clp_terms_settle(&terms, error));
    return clp_plan_create(plan, &layout, &terms, &target, error);
out:
    clp_terms_free(&terms);
    return status;
}

clproc_status clp_trial_run(uint8_t **result, clp_device *device, clp_plan *plan, uint32_t seed,
                            clproc_error *error) {
    clp_slot *slot = NULL;
    uint32_t index;
    clproc_status status;
    *result = NULL;
    CLP_TRY(status, out, clp_slot_create(&slot, device, 1, 1, error));
    CLP_TRY(status, out, clp_slot_add(slot, plan, false, &index, error));
    clp_trial_fill(&plan->input, clp_slot_input(slot, index), seed);
    CLP_TRY(status, out, clp_device_submit(device, slot, 0, NULL, error));
    CLP_TRY(status, out, clp_device_wait(device, slot, error));
    *result = clp_memory_alloc(CLP_MEMORY_PIXELS, plan->output.bytes);
    if (*result) {
        memcpy(*result, clp_slot_output(slot, index), plan->output.bytes);
    } else {
        status = clp_error_memory(error, "a trial's result", plan->output.bytes);
    }
out:
    clp_slot_destroy(&slot);
    return status;
}
