/* A picture's pixels on their way from its file into a lane. */
#include "batch/worker.h"

void clp_worker_drop_original(clp_picture *picture) {
    clp_memory_free(picture->original);
    picture->original = NULL;
}

clproc_status clp_worker_reopen(clp_worker *self, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    if (self->file.size == 0) {
        return clp_worker_read_again(self, error);
    }
    if (self->picture.decoded || self->picture.tolerance != self->branch->output->params.fail_on) {
        status = clp_worker_read_header(self, self->picture.task.item, error);
        self->picture.decoded = false;
    }
    return status;
}

/** Makes the decoder ready for the picture's pixels. */
static clproc_status make_ready(clp_worker *self, clproc_error *error) {
    bool once = clp_strategy_has(self->run->params, CLPROC_STRATEGY_ONE_OPEN);
    clproc_status status =
        once ? clp_worker_reopen(self, error) : clp_worker_read_again(self, error);
    self->picture.decoded = true;
    return status;
}

/** Tells what was tolerated. */
static void tell_flaws(clp_worker *self, const clp_decode_result *result) {
    if (result->flaws) {
        clp_worker_warn(self, CLP_TOLD_FLAWS, result->message);
    }
}

/** What features are to be made of in one decode with the present output: the recipe of theirs
 * that is still to be made, if it is of a smaller decode. NULL: there is none. */
static const clp_recipe *find_small(const clp_worker *self) {
    const clp_picture *picture = &self->picture;
    uint32_t last = self->run->outputs.count - 1;
    const clp_branch *features = &picture->branches[last];
    const clp_decode_request *small = &picture->recipes[last].request;
    const clp_decode_request *own = &clp_worker_recipe(self)->request;
    bool wanted = self->run->decodes_small && !picture->apart && features->open &&
                  features->output->features && features != self->branch &&
                  picture->recipes[last].plan && small->eighths < own->eighths;
    return wanted ? &picture->recipes[last] : NULL;
}

size_t clp_worker_small_bytes(const clp_worker *self) {
    const clp_recipe *small = self->small ? NULL : find_small(self);
    return small ? small->plan->input.bytes : self->small_bytes;
}

void clp_worker_drop_small(clp_worker *self) {
    clp_memory_free(self->small);
    self->small = NULL;
    self->small_bytes = 0;
}

void clp_worker_take_small(clp_worker *self) {
    if (self->small) {
        clp_worker_drop_early(self);
        clp_worker_drop_original(&self->picture);
        self->early = self->small;
        self->picture.aside = clp_worker_recipe(self)->plan->input;
        self->small = NULL;
        self->small_bytes = 0;
    }
}

/** Has the decoder, which is ready, bring what features need as well, if that can be. */
static void add_small(clp_worker *self) {
    const clp_recipe *recipe = self->small ? NULL : find_small(self);
    if (recipe) {
        const clp_layout *layout = &recipe->plan->input;
        self->small = clp_memory_alloc(CLP_MEMORY_PIXELS, layout->bytes);
        self->small_bytes = self->small ? layout->bytes : 0;
        if (self->small &&
            !clp_decoder_add_small(self->decoder, &recipe->request, layout, self->small)) {
            clp_worker_drop_small(self);
        }
    }
}

/** Decodes the open file, which is closed then, as the recipe's plan wants it: to `base`, or where
 * that is NULL to `sink`.
 */
static clproc_status decode(clp_worker *self, uint32_t item, const clp_recipe *recipe,
                            uint8_t *base, const clp_row_sink *sink, clproc_error *error) {
    const clp_layout *layout = &recipe->plan->input;
    clp_decode_result result = {0};
    clproc_status status;
    clp_prof_begin(self->thread, CLP_PROF_DECODE, clp_worker_image(self, item));
    bool whole = self->small != NULL; /* by the decode of another output, as are its flaws */
    if (!whole) {
        self->picture.flaw[0] = '\0';
    }
    CLP_TRY(status, out, make_ready(self, error));
    add_small(self);
    CLP_TRY(status, out, clp_recipe_check_layout(recipe, self->decoder, error));
    /* Other outputs may start from the same samples, and the reference sees all of them. */
    if (self->run->outputs.count == 1 && !clp_worker_verifies(self)) {
        clp_decoder_want(self->decoder, recipe->plan->rows_read);
    }
    status = base ? clp_decoder_read(self->decoder, layout, base, &result, error)
                  : clp_decoder_read_rows(self->decoder, layout, sink, &result, error);
    if (status == CLPROC_OK) {
        tell_flaws(self, &result);
    }
    whole = whole || (status == CLPROC_OK && result.small);
out:
    if (!whole) {
        clp_worker_drop_small(self);
    }
    /* What a device or a lack of memory is to blame for says nothing of the file. */
    self->picture.unreadable = status != CLPROC_OK && status != CLPROC_ERROR_DEVICE &&
                               status != CLPROC_ERROR_MEMORY && status != CLPROC_ERROR_CANCELLED;
    clp_decoder_close(self->decoder);
    clp_decoder_trim(self->decoder, clp_worker_keeps(self)); /* encoding will need the room */
    clp_prof_end(self->thread);
    return status;
}

clproc_status clp_worker_decode_aside(clp_worker *self, clproc_error *error) {
    clp_picture *picture = &self->picture;
    const clp_recipe *recipe = clp_worker_recipe(self);
    size_t bytes = recipe->plan->input.bytes;
    picture->aside = recipe->plan->input;
    self->early = clp_memory_alloc(CLP_MEMORY_PIXELS, bytes);
    if (!self->early) {
        return clp_error_memory(error, "a picture", bytes);
    }
    clproc_status status = decode(self, picture->task.item, recipe, self->early, NULL, error);
    if (status != CLPROC_OK) {
        clp_worker_drop_early(self); /* features tolerate more, and need what they decode */
    }
    return status;
}

void clp_worker_drop_early(clp_worker *self) {
    clp_memory_free(self->early);
    self->early = NULL;
}

void clp_worker_tell_header(clp_worker *self) {
    clp_decode_result result;
    if (!self->picture.original) { /* else its decoder has told */
        clp_decoder_flaws(self->decoder, &result);
        tell_flaws(self, &result);
    }
}

/** Keeps the samples that were decoded aside, for verification. */
static void keep_original(clp_worker *self) {
    if (self->early) {
        clp_worker_drop_original(&self->picture);
        self->picture.original = self->early;
        self->early = NULL;
    }
}

clproc_status clp_worker_decode_original(clp_worker *self, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    if (!self->picture.original && !self->early) {
        status = clp_worker_decode_aside(self, error);
    }
    if (status == CLPROC_OK) {
        keep_original(self);
    }
    return status;
}

clproc_status clp_worker_fill(clp_worker *self, clproc_error *error) {
    clp_picture *picture = &self->picture;
    uint8_t *base = clp_lane_base(self->lane);
    clproc_status status = CLPROC_OK;
    if (clp_worker_verifies(self)) {
        /* On their way through the device the samples get lost. */
        CLP_TRY(status, out, clp_worker_decode_original(self, error));
    } else if (!self->early && !base && !picture->in_rows) {
        CLP_TRY(status, out, clp_worker_decode_aside(self, error));
    }
    const uint8_t *decoded = picture->original ? picture->original : self->early;
    if (decoded) {
        status = clp_lane_feed(self->lane, decoded, error);
        goto out;
    }
    const clp_row_sink *sink = base ? NULL : clp_lane_sink(self->lane);
    status = decode(self, picture->task.item, clp_worker_recipe(self), base, sink, error);
out:
    clp_worker_drop_early(self);
    return status;
}
