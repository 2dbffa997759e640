/* A worker: reads and decodes files, encodes and writes what the device has finished. */
#include <string.h>

#include "batch/run.h"
#include "batch/stream.h"
#include "core/memory.h"

/** Codec state and buffers that serve file after file. */
typedef struct worker {
    clp_run *run;
    clp_prof_thread *thread;
    clp_decoder *decoder;
    clp_encoder *encoder;
    clp_bytes file;    /**< the file being read */
    uint8_t *early;    /**< a picture decoded before there was a device to decode for, or NULL */
    clp_bytes name;    /**< of the file being written */
    clp_picture draft; /**< before it has a place in a batch */
    clp_header header; /**< of the file being read */
} worker;

static const char *input_path(const worker *self, uint32_t item) {
    return self->run->listing.items[item].path;
}

/** What the profile calls a picture. */
static uint64_t image_number(const worker *self, uint32_t item) {
    return self->run->first_image + item;
}

/** A picture that was under way when the run was stopped has not failed. */
static void report_failure(worker *self, const char *path, const char *output,
                           const clproc_error *error) {
    if (error->status != CLPROC_ERROR_CANCELLED) {
        clp_events_failed(&self->run->events, path, output, error);
    }
}

/* ----------------------------------------------------------------- writing */

static clproc_status write_file(worker *self, uint32_t item, clp_key source, const char *name,
                                const void *data, size_t size, clproc_error *error) {
    clp_run *run = self->run;
    clproc_status status;
    clp_prof_begin(self->thread, CLP_PROF_WRITE, image_number(self, item));
    CLP_TRY(status, out, clp_names_make_folder(run->names, name, error));
    CLP_TRY(status, out, clp_file_write(name, data, size, run->params->durable, error));
    clp_names_note(run->names, source, name, size);
    clp_prof_count(run->prof, CLP_COUNTER_BYTES_WRITTEN, size);
    if (run->prof) {
        clp_digest digest = clp_digest_bytes(data, size);
        clp_digest_add(&run->outputs, &digest);
    }
out:
    clp_prof_end(self->thread);
    return status;
}

static clproc_status encode(worker *self, clp_picture *picture, const uint8_t **data, size_t *size,
                            clproc_error *error) {
    const clproc_run_params *params = self->run->params;
    const clp_plan *plan = picture->recipe.plan;
    clp_encode_params encoding = {
        .format = plan->target.format,
        .quality = params->quality,
        .progressive = params->progressive,
        .png_level = params->png_level,
        .blocks = picture->metadata.blocks,
        .colour = picture->metadata.colour,
    };
    clp_prof_begin(self->thread, CLP_PROF_ENCODE, image_number(self, picture->item));
    clproc_status status =
        clp_encoder_write(self->encoder, &plan->output,
                          clp_slot_output(clp_batch_slot(picture->batch), picture->index),
                          &encoding, data, size, error);
    clp_prof_end(self->thread);
    return status;
}

/** Compares a finished picture with the reference's. Whatever comes of it, the picture is written.
 */
static void verify(worker *self, const clp_picture *picture) {
    clp_run *run = self->run;
    const char *path = input_path(self, picture->item);
    clproc_verification found;
    clproc_error error;
    char message[sizeof error.message + 32];
    clp_prof_begin(self->thread, CLP_PROF_VERIFY, image_number(self, picture->item));
    clproc_status status = clp_verify_picture(
        &run->verify, picture->recipe.plan, picture->original,
        clp_slot_output(clp_batch_slot(picture->batch), picture->index), &found, &error);
    clp_prof_end(self->thread);
    if (status == CLPROC_OK) {
        clp_events_verified(&run->events, path, &found);
    } else {
        snprintf(message, sizeof message, "could not be verified: %s", error.message);
        clp_events_warning(&run->events, path, message);
    }
}

static void drop_original(clp_picture *picture) {
    clp_memory_free(picture->original);
    picture->original = NULL;
}

static void save_picture(worker *self, clp_picture *picture) {
    clp_run *run = self->run;
    const uint8_t *data = NULL;
    size_t size = 0;
    clproc_error error;
    clproc_status status = CLPROC_OK;
    bool writes = !run->params->null_output;
    clp_digest digest = {.text = ""};
    uint32_t item = picture->item;
    clp_key source = picture->source;
    const clp_layout *output = &picture->recipe.plan->output;
    clp_prof_count(run->prof, CLP_COUNTER_PIXELS_OUT, (uint64_t)output->width * output->height);
    if (picture->original) {
        verify(self, picture);
        drop_original(picture);
    }
    if (writes) {
        status = encode(self, picture, &data, &size, &error);
    }
    if (status == CLPROC_OK && run->params->digest) {
        digest = writes ? clp_digest_bytes(data, size)
                        : clp_digest_picture(output, clp_slot_output(clp_batch_slot(picture->batch),
                                                                     picture->index));
    }
    /* The slot is needed no longer, so give it back before writing. */
    clp_bytes name = picture->output;
    picture->output = self->name;
    self->name = name;
    clp_plan_release(&picture->recipe.plan);
    clp_board_encoded(run->board, picture);

    const char *path = input_path(self, item), *target = (char *)self->name.data;
    if (status == CLPROC_OK && writes) {
        status = write_file(self, item, source, target, data, size, &error);
    }
    if (status == CLPROC_OK) {
        clp_prof_count(run->prof, CLP_COUNTER_IMAGES, 1);
        clp_events_done(&run->events, path, target, NULL, digest.text);
    } else {
        report_failure(self, path, target, &error);
    }
    clp_board_done(run->board);
}

static void encode_task(worker *self, clp_picture *picture) {
    clp_prof_begin(self->thread, CLP_PROF_SAVE, image_number(self, picture->item));
    save_picture(self, picture);
    clp_prof_end(self->thread);
}

/* ----------------------------------------------------------------- reading */

/** What became of a file that did not fail. */
typedef enum file_outcome {
    OUTCOME_GOES_ON,
    OUTCOME_THROUGH, /**< skipped, copied or only looked at; reported */
    OUTCOME_STOPPED  /**< the run was */
} file_outcome;

static bool looks_like_picture(const uint8_t *head, size_t size) {
    return clp_codec_recognise(head, size, NULL);
}

/** Reads a file whole; what turned up in a folder only if it is a picture. */
static clproc_status read_file(worker *self, uint32_t item, file_outcome *outcome,
                               clproc_error *error) {
    clp_run *run = self->run;
    const clp_item *input = &run->listing.items[item];
    bool accepted = true;
    clp_prof_begin(self->thread, CLP_PROF_READ, image_number(self, item));
    clproc_status status =
        clp_file_read_if(input->path, run->memory, input->named ? NULL : looks_like_picture,
                         &self->file, &accepted, error);
    clp_prof_end(self->thread);
    clp_prof_count(run->prof, CLP_COUNTER_OPENS, 1);
    if (status == CLPROC_ERROR_LIMIT) {
        status = clp_error_set_file(error, status, input->path,
                                    "is larger than the limit of %llu bytes; raise it with "
                                    "--memory",
                                    (unsigned long long)run->memory);
    }
    if (status == CLPROC_OK) {
        clp_prof_count(run->prof, CLP_COUNTER_BYTES_READ, self->file.size);
    }
    if (status == CLPROC_OK && !accepted) {
        clp_events_skipped(&run->events, input->path, NULL, "is not a JPEG or PNG picture");
        *outcome = OUTCOME_THROUGH;
    }
    return status;
}

static clproc_status read_header(worker *self, uint32_t item, clproc_error *error) {
    const clproc_run_params *params = self->run->params;
    clp_prof_begin(self->thread, CLP_PROF_HEADER, image_number(self, item));
    clproc_status status = clp_decoder_open(self->decoder, self->file.data, self->file.size,
                                            &params->limits, params->fail_on, &self->header, error);
    clp_prof_end(self->thread);
    return status;
}

static clproc_status find_plan(worker *self, clp_picture *draft, clproc_format format,
                               clproc_error *error) {
    clp_run *run = self->run;
    bool made = false;
    clp_prof_begin(self->thread, CLP_PROF_PLAN, image_number(self, draft->item));
    clp_plan_release(&draft->recipe.plan);
    clproc_status status = clp_planner_find(run->planner, self->decoder, &self->header, format,
                                            &draft->recipe, &made, error);
    clp_prof_end(self->thread);
    if (made && !run->params->dry_run) {
        clp_board_want(run->board, draft->recipe.plan);
    }
    return status;
}

/** Lists the inputs as if this were the only way to find the next file. */
static clproc_status list_again(worker *self, clproc_error *error) {
    clp_run *run = self->run;
    clp_listing listing = {0};
    clp_events silent;
    clp_listing_request request = clp_run_listing_request(run);
    for (size_t i = 0; i < request.input_count; i++) {
        if (strcmp(request.inputs[i], "-") == 0) {
            return CLPROC_OK; /* standard input is there once */
        }
    }
    clp_events_init(&silent, NULL, NULL);
    clp_prof_begin(self->thread, CLP_PROF_LIST, CLP_PROF_NO_IMAGE);
    clproc_status status = clp_listing_make(&listing, &request, &silent, error);
    clp_prof_end(self->thread);
    clp_events_destroy(&silent);
    clp_listing_free(&listing);
    return status;
}

/** What is at the output's place may stay there: nothing is to be done. */
static void leave_there(worker *self, const clp_picture *draft, clp_placing placing,
                        file_outcome *outcome) {
    if (placing != CLP_PLACE_WRITE) {
        clp_events_skipped(&self->run->events, input_path(self, draft->item),
                           (char *)draft->output.data,
                           placing == CLP_PLACE_MADE ? "was made before" : "exists already");
        *outcome = OUTCOME_THROUGH;
    }
}

/** Settles the output's name. */
static clproc_status find_place(worker *self, clp_picture *draft, const clp_name_facts *facts,
                                file_outcome *outcome, clproc_error *error) {
    clp_run *run = self->run;
    clp_placing placing = CLP_PLACE_WRITE;
    draft->output.size = 0;
    if (!run->names) {
        return clp_bytes_append(&draft->output, "", 1, error);
    }
    clproc_status status = clp_names_place(run->names, draft->item, facts, draft->source,
                                           &draft->output, &placing, error);
    if (status == CLPROC_OK) {
        leave_there(self, draft, placing, outcome);
    }
    return status;
}

/** Nothing is to be done to this picture: its bytes are its output. */
static clproc_status copy_file(worker *self, clp_picture *draft, file_outcome *outcome,
                               clproc_error *error) {
    clp_run *run = self->run;
    clp_name_facts facts = {self->header.format, self->header.width, self->header.height};
    clproc_status status;
    CLP_TRY(status, out, find_place(self, draft, &facts, outcome, error));
    if (*outcome == OUTCOME_GOES_ON) {
        const char *name = (char *)draft->output.data;
        if (!run->params->dry_run && !run->params->null_output) {
            CLP_TRY(status, out,
                    write_file(self, draft->item, draft->source, name, self->file.data,
                               self->file.size, error));
        }
        clp_prof_count(run->prof, CLP_COUNTER_IMAGES, 1);
        clp_digest digest = {.text = ""};
        if (run->params->digest) {
            digest = clp_digest_bytes(self->file.data, self->file.size);
        }
        clp_events_done(&run->events, input_path(self, draft->item), name, "copied", digest.text);
        *outcome = OUTCOME_THROUGH;
    }
out:
    return status;
}

static clproc_status take_metadata(worker *self, clp_picture *draft, clproc_error *error) {
    const clproc_run_params *params = self->run->params;
    clp_prof_begin(self->thread, CLP_PROF_META, image_number(self, draft->item));
    clproc_status status =
        clp_metadata_make(&draft->metadata, &self->header, params, &draft->recipe,
                          clp_planner_colours(self->run->planner), error);
    clp_prof_end(self->thread);
    const char *warning = draft->metadata.warning;
    if (status == CLPROC_OK && draft->metadata.flawed &&
        params->fail_on == CLPROC_FAIL_ON_WARNING) {
        status = clp_error_set(error, CLPROC_ERROR_INPUT, "%s; --fail-on error takes it without",
                               warning);
    } else if (status == CLPROC_OK && warning[0]) {
        clp_events_warning(&self->run->events, input_path(self, draft->item), warning);
    }
    return status;
}

/** From a file's name to a draft that only lacks its pixels. */
static clproc_status prepare(worker *self, clp_picture *draft, file_outcome *outcome,
                             clproc_error *error) {
    clp_run *run = self->run;
    const char *path = input_path(self, draft->item);
    clproc_status status = CLPROC_OK;
    *outcome = OUTCOME_GOES_ON;
    if (run->names) {
        draft->source = clp_names_source(run->names, draft->item);
        leave_there(self, draft,
                    clp_names_foresee(run->names, draft->item, draft->source, &draft->output),
                    outcome);
    }
    if (*outcome != OUTCOME_GOES_ON) {
        goto out;
    }
    if (!clp_strategy_has(run->params, CLPROC_STRATEGY_ONE_LISTING)) {
        CLP_TRY(status, out, list_again(self, error));
    }
    CLP_TRY(status, out, read_file(self, draft->item, outcome, error));
    if (*outcome != OUTCOME_GOES_ON) {
        goto out;
    }
    CLP_TRY(status, out, read_header(self, draft->item, error));
    clp_prof_count(run->prof, CLP_COUNTER_PIXELS_IN,
                   (uint64_t)self->header.width * self->header.height);
    clproc_format asked = clp_names_format(run->names, run->params->format);
    clproc_format format = asked == CLPROC_FORMAT_KEEP ? self->header.format : asked;
    if (run->copies && format == self->header.format) {
        CLP_TRY(status, out, copy_file(self, draft, outcome, error));
        goto out;
    }
    draft->in_rows = clp_decoder_has_rows(self->decoder);
    CLP_TRY(status, out, find_plan(self, draft, format, error));
    const clp_layout *output = &draft->recipe.plan->output;
    clp_name_facts facts = {format, output->width, output->height};
    CLP_TRY(status, out, find_place(self, draft, &facts, outcome, error));
    if (*outcome == OUTCOME_GOES_ON && run->params->dry_run) {
        clp_events_done(&run->events, path, (char *)draft->output.data, NULL, NULL);
        *outcome = OUTCOME_THROUGH;
    }
    if (*outcome == OUTCOME_GOES_ON) {
        CLP_TRY(status, out, take_metadata(self, draft, error));
    }
out:
    return status;
}

/** Gets the draft a place in a batch, helping to make room where there is none. */
static clproc_status find_room(worker *self, clp_picture *draft, clp_picture **placed,
                               file_outcome *outcome, clproc_error *error) {
    clp_task task;
    do {
        clp_board_reserve(self->run->board, self->thread, draft, &task, error);
        if (task.kind == CLP_TASK_ENCODE) {
            encode_task(self, task.picture);
        }
    } while (task.kind == CLP_TASK_ENCODE);
    *placed = task.kind == CLP_TASK_PLACED ? task.picture : NULL;
    if (task.kind == CLP_TASK_END) {
        *outcome = OUTCOME_STOPPED;
    }
    return task.kind == CLP_TASK_REFUSED ? error->status : CLPROC_OK;
}

/** Reads the open file once more, for its pixels. */
static clproc_status open_again(worker *self, uint32_t item, clproc_error *error) {
    file_outcome outcome = OUTCOME_GOES_ON;
    clproc_status status = read_file(self, item, &outcome, error);
    if (status == CLPROC_OK && outcome != OUTCOME_GOES_ON) {
        status = clp_error_set(error, CLPROC_ERROR_IO, "was replaced while it was processed");
    }
    return status == CLPROC_OK ? read_header(self, item, error) : status;
}

/** Decodes the open file as the recipe's plan wants it: to `base`, or where that is NULL to `sink`.
 */
static clproc_status decode(worker *self, uint32_t item, const clp_recipe *recipe, uint8_t *base,
                            const clp_row_sink *sink, clproc_error *error) {
    const clp_layout *layout = &recipe->plan->input;
    clp_decode_result result = {0};
    clproc_status status;
    if (!clp_strategy_has(self->run->params, CLPROC_STRATEGY_ONE_OPEN)) {
        status = open_again(self, item, error);
        if (status != CLPROC_OK) {
            return status;
        }
    }
    clp_prof_begin(self->thread, CLP_PROF_DECODE, image_number(self, item));
    CLP_TRY(status, out, clp_recipe_check_layout(recipe, self->decoder, error));
    status = base ? clp_decoder_read(self->decoder, layout, base, &result, error)
                  : clp_decoder_read_rows(self->decoder, layout, sink, &result, error);
    if (status == CLPROC_OK && result.flaws) {
        clp_events_warning(&self->run->events, input_path(self, item), result.message);
    }
out:
    clp_prof_end(self->thread);
    return status;
}

/** Decodes into memory of the worker's own what has no place yet, or must stay. */
static clproc_status decode_aside(worker *self, uint32_t item, const clp_recipe *recipe,
                                  clproc_error *error) {
    size_t bytes = recipe->plan->input.bytes;
    self->early = clp_memory_alloc(CLP_MEMORY_PIXELS, bytes);
    if (!self->early) {
        return clp_error_memory(error, "a picture", bytes);
    }
    return decode(self, item, recipe, self->early, NULL, error);
}

/** While the device is still opening there is time to decode, but no batch to decode into. */
static clproc_status decode_early(worker *self, const clp_picture *draft, clproc_error *error) {
    bool overlap = clp_strategy_has(self->run->params, CLPROC_STRATEGY_OVERLAP);
    if (!overlap || clp_board_has_device(self->run->board) ||
        draft->recipe.plan->input.bytes > self->run->memory) {
        return CLPROC_OK;
    }
    return decode_aside(self, draft->item, &draft->recipe, error);
}

/** Gives up what was decoded early. */
static void drop_early(worker *self) {
    clp_memory_free(self->early);
    self->early = NULL;
}

/** Hands a placed picture to the device band by band. `decoded`: its samples, or NULL if they are
 * still to be decoded. With the last band the picture is somebody else's. */
static clproc_status stream(worker *self, clp_picture *picture, const uint8_t *decoded,
                            file_outcome *outcome, clproc_error *error) {
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
        *outcome = OUTCOME_STOPPED;
    }
    return status;
}

/** Brings a placed picture's pixels into its slot. */
static clproc_status fill_slot(worker *self, clp_picture *picture, file_outcome *outcome,
                               clproc_error *error) {
    const clp_recipe *recipe = &picture->recipe;
    bool verified = clp_verify_chosen(&self->run->verify, picture->item);
    clproc_status status = CLPROC_OK;
    drop_original(picture); /* of a picture that failed in this place */
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
    drop_early(self);
    return status;
}

static void load_picture(worker *self, uint32_t item) {
    clp_run *run = self->run;
    clp_picture *draft = &self->draft, *placed = NULL;
    clproc_error error;
    file_outcome outcome;
    draft->item = item;
    clproc_status status = prepare(self, draft, &outcome, &error);
    if (status == CLPROC_OK && outcome == OUTCOME_GOES_ON) {
        status = decode_early(self, draft, &error);
    }
    if (status == CLPROC_OK && outcome == OUTCOME_GOES_ON) {
        status = find_room(self, draft, &placed, &outcome, &error);
    }
    uint32_t bands = placed ? placed->bands : 0;
    if (placed) {
        status = fill_slot(self, placed, &outcome, &error);
    }
    drop_early(self); /* also of one without a place */
    if (status != CLPROC_OK && outcome != OUTCOME_STOPPED) {
        report_failure(self, input_path(self, item), NULL, &error);
    }
    if (!placed) {
        clp_board_leave(run->board);
    } else if (status == CLPROC_OK) {
        if (bands == 0) {
            clp_board_decoded(run->board, placed);
        }
    } else {
        clp_board_drop(run->board, placed);
    }
}

static void read_task(worker *self, uint32_t item) {
    clp_prof_begin(self->thread, CLP_PROF_LOAD, image_number(self, item));
    load_picture(self, item);
    clp_prof_end(self->thread);
}

/* ----------------------------------------------------------------- the thread */

static void work(worker *self) {
    clp_task task;
    do {
        clp_board_next(self->run->board, self->thread, &task);
        if (task.kind == CLP_TASK_READ) {
            read_task(self, task.item);
        } else if (task.kind == CLP_TASK_ENCODE) {
            encode_task(self, task.picture);
        }
    } while (task.kind != CLP_TASK_END);
}

void clp_worker_run(clp_run *run, uint32_t number) {
    char name[32];
    clproc_error error;
    clproc_status status;
    worker self = {.run = run};
    snprintf(name, sizeof name, "worker %u", number);
    self.thread = clp_prof_thread_enter(run->prof, name);
    CLP_TRY(status, out, clp_decoder_create(&self.decoder, &error));
    CLP_TRY(status, out, clp_encoder_create(&self.encoder, &error));
    clp_decoder_heed(self.decoder, run->params->cancel);
    clp_encoder_heed(self.encoder, run->params->cancel);
    work(&self);
out:
    if (status != CLPROC_OK) {
        clp_board_stop(run->board, &error);
    }
    clp_encoder_destroy(&self.encoder);
    clp_decoder_destroy(&self.decoder);
    clp_picture_free(&self.draft);
    clp_bytes_free(&self.name);
    clp_bytes_free(&self.file);
    clp_prof_thread_leave(self.thread);
}
