/* A picture's pixels on their way from its file into a slot of the device. */
#include <string.h>

#include "batch/stream.h"
#include "batch/worker.h"

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

/** Decodes into memory of the worker's own what has no place yet, or must stay. */
static clproc_status decode_aside(clp_worker *self, uint32_t item, const clp_recipe *recipe,
                                  clproc_error *error) {
    size_t bytes = recipe->plan->input.bytes;
    self->early = clp_memory_alloc(CLP_MEMORY_PIXELS, bytes);
    if (!self->early) {
        return clp_error_memory(error, "a picture", bytes);
    }
    return decode(self, item, recipe, self->early, NULL, error);
}

clproc_status clp_worker_decode_early(clp_worker *self, const clp_picture *draft,
                                      clproc_error *error) {
    bool overlap = clp_strategy_has(self->run->params, CLPROC_STRATEGY_OVERLAP);
    if (!overlap || clp_board_has_device(self->run->board) ||
        draft->recipe.plan->input.bytes > self->run->memory) {
        return CLPROC_OK;
    }
    return decode_aside(self, draft->item, &draft->recipe, error);
}

void clp_worker_drop_early(clp_worker *self) {
    clp_memory_free(self->early);
    self->early = NULL;
}

/** Hands a placed picture to the device band by band. `decoded`: its samples, or NULL if they are
 * still to be decoded. With the last band the picture is somebody else's. */
static clproc_status stream(clp_worker *self, clp_picture *picture, const uint8_t *decoded,
                            clp_outcome *outcome, clproc_error *error) {
    clp_stream stream = {.board = self->run->board, .thread = self->thread, .picture = picture};
    clp_row_sink sink;
    clproc_status status;
    if (decoded) {
        status = clp_stream_feed(&stream, decoded, error);
        goto out;
    }
    CLP_TRY(status, out, clp_stream_begin(&stream, &sink, error));
    CLP_TRY(status, out, decode(self, picture->item, &picture->recipe, NULL, &sink, error));
    status = clp_stream_end(&stream, error);
out:
    if (stream.stopped) {
        *outcome = CLP_OUTCOME_STOPPED;
    }
    return status;
}

clproc_status clp_worker_fill(clp_worker *self, clp_picture *picture, clp_outcome *outcome,
                              clproc_error *error) {
    const clp_recipe *recipe = &picture->recipe;
    bool verified = clp_verify_chosen(&self->run->verify, picture->item);
    clproc_status status = CLPROC_OK;
    clp_worker_drop_original(picture); /* of a picture that failed in this place */
    /* On their way through the device the samples get lost. */
    if (!self->early && verified) {
        CLP_TRY(status, out, decode_aside(self, picture->item, recipe, error));
    }
    const uint8_t *decoded = self->early;
    if (verified) {
        picture->original = self->early;
        self->early = NULL;
    }
    if (picture->bands > 0) {
        status = stream(self, picture, decoded, outcome, error);
        goto out;
    }
    uint8_t *base = clp_slot_input(clp_batch_slot(picture->batch), picture->index);
    if (decoded) {
        memcpy(base, decoded, recipe->plan->input.bytes);
    } else {
        status = decode(self, picture->item, recipe, base, NULL, error);
    }
out:
    clp_worker_drop_early(self);
    return status;
}
