/* A picture's pixels on their way from its file into a lane. */
#include "batch/worker.h"

void clp_picture_free(clp_picture *picture) {
    clp_plan_release(&picture->recipe.plan);
    clp_bytes_free(&picture->output);
    clp_metadata_free(&picture->metadata);
    clp_worker_drop_original(picture);
}

void clp_worker_drop_original(clp_picture *picture) {
    clp_memory_free(picture->original);
    picture->original = NULL;
}

/** Reads the open file once more, for its pixels. */
static clproc_status open_again(clp_worker *self, uint32_t item, clproc_error *error) {
    clp_outcome outcome = CLP_OUTCOME_GOES_ON;
    clproc_status status = clp_worker_read_file(self, item, &outcome, error);
    if (status == CLPROC_OK && outcome != CLP_OUTCOME_GOES_ON) {
        status = clp_error_set(error, CLPROC_ERROR_IO, "was replaced while it was processed");
    }
    return status == CLPROC_OK ? clp_worker_read_header(self, item, error) : status;
}

/** Decodes the open file as the recipe's plan wants it: to `base`, or where that is NULL to `sink`.
 */
static clproc_status decode(clp_worker *self, uint32_t item, const clp_recipe *recipe,
                            uint8_t *base, const clp_row_sink *sink, clproc_error *error) {
    const clp_layout *layout = &recipe->plan->input;
    clp_decode_result result = {0};
    clproc_status status;
    if (!clp_strategy_has(self->run->params, CLPROC_STRATEGY_ONE_OPEN)) {
        status = open_again(self, item, error);
        if (status != CLPROC_OK) {
            return status;
        }
    }
    clp_prof_begin(self->thread, CLP_PROF_DECODE, clp_worker_image(self, item));
    CLP_TRY(status, out, clp_recipe_check_layout(recipe, self->decoder, error));
    status = base ? clp_decoder_read(self->decoder, layout, base, &result, error)
                  : clp_decoder_read_rows(self->decoder, layout, sink, &result, error);
    if (status == CLPROC_OK && result.flaws) {
        clp_events_warning(&self->run->events, clp_worker_input(self, item), result.message);
    }
out:
    clp_prof_end(self->thread);
    return status;
}

clproc_status clp_worker_decode_aside(clp_worker *self, clproc_error *error) {
    const clp_picture *picture = &self->picture;
    size_t bytes = picture->recipe.plan->input.bytes;
    self->early = clp_memory_alloc(CLP_MEMORY_PIXELS, bytes);
    if (!self->early) {
        return clp_error_memory(error, "a picture", bytes);
    }
    return decode(self, picture->task.item, &picture->recipe, self->early, NULL, error);
}

void clp_worker_drop_early(clp_worker *self) {
    clp_memory_free(self->early);
    self->early = NULL;
}

clproc_status clp_worker_fill(clp_worker *self, clproc_error *error) {
    clp_picture *picture = &self->picture;
    bool verified = clp_verify_chosen(&self->run->verify, picture->task.item);
    uint8_t *base = clp_lane_base(self->lane);
    clproc_status status = CLPROC_OK;
    /* On their way through the device the samples get lost. */
    if (!self->early && (verified || (!base && !picture->in_rows))) {
        CLP_TRY(status, out, clp_worker_decode_aside(self, error));
    }
    if (self->early) {
        CLP_TRY(status, out, clp_lane_feed(self->lane, self->early, error));
        if (verified) {
            clp_worker_drop_original(picture);
            picture->original = self->early;
            self->early = NULL;
        }
        goto out;
    }
    const clp_row_sink *sink = base ? NULL : clp_lane_sink(self->lane);
    status = decode(self, picture->task.item, &picture->recipe, base, sink, error);
out:
    clp_worker_drop_early(self);
    return status;
}
