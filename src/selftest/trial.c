#include "selftest/trial.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "meta/meta.h"

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

clp_trial_manner clp_trial_read_manner(const char **pipeline) {
    clp_trial_manner manner = {false, false, false};
    const struct {
        const char *word;
        bool *asked;
    } words[] = {{"linear ", &manner.linear},
                 {"icc-curves ", &manner.curves},
                 {"icc-table ", &manner.table}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t length = strlen(words[i].word);
        if (strncmp(*pipeline, words[i].word, length) == 0) {
            *pipeline += length;
            *words[i].asked = true;
        }
    }
    return manner;
}

/** Channels swapped and bent, with entries beyond the range. */
static clproc_status make_table(clp_conversion **made, clproc_error *error) {
    clproc_status status = clp_conversion_create(made, 3, 3, error);
    if (status == CLPROC_OK) {
        status = clp_conversion_table(*made, 9, error);
    }
    for (uint32_t i = 0; status == CLPROC_OK && i < 9 * 9 * 9; i++) {
        double in[3] = {i / 81 / 8.0, i / 9 % 9 / 8.0, i % 9 / 8.0};
        for (uint32_t c = 0; c < 3; c++) {
            (*made)->table[3 * i + c] =
                (float)(1.2 * sqrt(in[(c + 1) % 3]) - 0.3 * in[c] * in[(c + 2) % 3]);
        }
    }
    return status;
}

clproc_status clp_trial_conversion(clp_conversion **made, const clp_trial_manner *manner,
                                   clp_model model, clproc_error *error) {
    static const uint8_t p3[4] = {12, 13, 0, 1};
    uint32_t channels = clp_model_channels(model) - clp_model_has_alpha(model);
    clp_icc_numbers numbers = clp_icc_srgb;
    clp_icc_request request = {.channels = channels};
    clp_bytes profile = {0};
    clproc_status status = CLPROC_OK;
    *made = NULL;
    if (channels < 4 && !manner->curves && !manner->table) {
        return CLPROC_OK;
    }
    if (channels == 3 && manner->table) {
        return make_table(made, error);
    }
    if (channels == 3) {
        clp_icc_from_cicp(p3, &numbers);
    } else {
        numbers.transfer = CLP_TRANSFER_POWER;
        numbers.gamma = 1.8;
    }
    if (channels < 4) {
        CLP_TRY(status, out, clp_icc_make(&numbers, channels == 1, &profile, error));
        request.source = profile.data;
        request.source_size = profile.size;
    }
    status = clp_icc_convert(&request, made, error);
out:
    clp_bytes_free(&profile);
    return status;
}

clproc_status clp_trial_overlays(clp_overlays *overlays, const clproc_pipeline *pipeline,
                                 clproc_error *error) {
    clp_layout layout = {.model = CLP_MODEL_RGBA, .depth = 8, .width = 23, .height = 11};
    clp_overlay *overlay = NULL;
    clproc_status status = CLPROC_OK;
    if (!clp_layout_place(&layout)) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "a trial's overlay is impossible");
    }
    uint8_t *samples = clp_memory_alloc(CLP_MEMORY_PIXELS, layout.bytes);
    if (!samples) {
        return clp_error_memory(error, "a trial's overlay", layout.bytes);
    }
    clp_trial_fill(&layout, samples, 5);
    CLP_TRY(status, out, clp_overlay_create(&overlay, &layout, samples, error));
    for (size_t i = 0; i < clproc_pipeline_length(pipeline); i++) {
        if (clp_pipeline_file(pipeline, i)) {
            CLP_TRY(status, out,
                    clp_overlays_add(overlays, clp_pipeline_file(pipeline, i), overlay, error));
        }
    }
out:
    clp_overlay_release(&overlay);
    clp_memory_free(samples);
    return status;
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
    clp_overlays overlays = {0};
    terms.overlays = &overlays;
    clproc_status status;
    CLP_TRY(status, out, clp_trial_overlays(&overlays, pipeline, error));
    if (conversion) {
        CLP_TRY(status, out, clp_terms_convert(&terms, conversion, error));
    }
    CLP_TRY(status, out, clp_pipeline_terms(pipeline, &terms, error));
    CLP_TRY(status, out, clp_terms_settle(&terms, error));
    status = clp_plan_create(plan, &layout, &terms, &target, error);
out:
    clp_terms_free(&terms);
    clp_overlays_free(&overlays);
    return status;
}

clproc_status clp_trial_run(uint8_t **result, clp_device *device, clp_plan *plan, uint32_t seed,
                            clproc_error *error) {
    const clp_passage passage = {.overlap = true};
    clp_lane *lane = NULL;
    uint8_t *results, *input = clp_memory_alloc(CLP_MEMORY_PIXELS, plan->input.bytes);
    clproc_status status;
    *result = NULL;
    if (!input) {
        return clp_error_memory(error, "a trial's picture", plan->input.bytes);
    }
    clp_trial_fill(&plan->input, input, seed);
    CLP_TRY(status, out, clp_lane_take(&lane, device, false, error));
    CLP_TRY(status, out, clp_lane_begin(lane, plan, &passage, NULL, error));
    CLP_TRY(status, out, clp_lane_feed(lane, input, error));
    CLP_TRY(status, out, clp_lane_compute(lane, error));
    CLP_TRY(status, out, clp_lane_await(lane, error));
    CLP_TRY(status, out, clp_lane_results(lane, &results, error));
    *result = clp_memory_alloc(CLP_MEMORY_PIXELS, plan->output.bytes);
    if (*result) {
        memcpy(*result, results, plan->output.bytes);
    } else {
        status = clp_error_memory(error, "a trial's result", plan->output.bytes);
    }
out:
    clp_lane_give(&lane, status == CLPROC_OK);
    clp_memory_free(input);
    return status;
}
