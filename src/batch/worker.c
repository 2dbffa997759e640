/* A worker: reads and decodes files, encodes and writes what the device has finished. */
#include "batch/worker.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** A picture that was under way when the run was stopped has not failed. */
static void report_failure(clp_worker *self, const char *path, const char *output,
                           const clproc_error *error) {
    if (error->status != CLPROC_ERROR_CANCELLED) {
        clp_events_failed(&self->run->events, path, output, error);
    }
}

/* ----------------------------------------------------------------- writing */

/** Gives an output the times and permissions of its input. That they cannot be given, on a file
 * system without them, makes no picture worse. */
static void preserve(clp_worker *self, uint32_t item, const char *name) {
    clp_run *run = self->run;
    uint32_t kept = run->params->preserve;
    struct stat info;
    if (!kept || run->listing.items[item].piped ||
        stat(run->listing.items[item].path, &info) != 0) {
        return;
    }
    struct timespec times[2] = {info.st_atim, info.st_mtim};
    bool done = !(kept & CLPROC_PRESERVE_MODE) || chmod(name, info.st_mode & 0777) == 0;
    done &= !(kept & CLPROC_PRESERVE_TIMES) || utimensat(AT_FDCWD, name, times, 0) == 0;
    if (!done) {
        clp_events_warning(&run->events, name, "its times or permissions could not be set");
    }
}

clproc_status clp_worker_write(clp_worker *self, uint32_t item, clp_key source, const char *name,
                               const void *data, size_t size, clproc_error *error) {
    clp_run *run = self->run;
    clproc_status status;
    clp_prof_begin(self->thread, CLP_PROF_WRITE, clp_worker_image(self, item));
    if (clp_names_is_stream(run->names)) {
        CLP_TRY(status, out, clp_file_write_stream(STDOUT_FILENO, data, size, error));
    } else {
        CLP_TRY(status, out, clp_names_make_folder(run->names, name, error));
        CLP_TRY(status, out, clp_file_write(name, data, size, run->params->durable, error));
        preserve(self, item, name);
    }
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

static clproc_status encode(clp_worker *self, clp_picture *picture, const uint8_t **data,
                            size_t *size, clproc_error *error) {
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
    clp_prof_begin(self->thread, CLP_PROF_ENCODE, clp_worker_image(self, picture->item));
    clproc_status status =
        clp_encoder_write(self->encoder, &plan->output,
                          clp_slot_output(clp_batch_slot(picture->batch), picture->index),
                          &encoding, data, size, error);
    clp_prof_end(self->thread);
    return status;
}

/** Compares a finished picture with the reference's. Whatever comes of it, the picture is written.
 */
static void verify(clp_worker *self, const clp_picture *picture) {
    clp_run *run = self->run;
    const char *path = clp_worker_input(self, picture->item);
    clproc_verification found;
    clproc_error error;
    char message[sizeof error.message + 32];
    clp_prof_begin(self->thread, CLP_PROF_VERIFY, clp_worker_image(self, picture->item));
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

static void save_picture(clp_worker *self, clp_picture *picture) {
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
        clp_worker_drop_original(picture);
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

    const char *path = clp_worker_input(self, item), *target = (char *)self->name.data;
    if (status == CLPROC_OK && writes) {
        status = clp_worker_write(self, item, source, target, data, size, &error);
    }
    if (status == CLPROC_OK) {
        clp_prof_count(run->prof, CLP_COUNTER_IMAGES, 1);
        clp_events_done(&run->events, path, target, NULL, digest.text);
    } else {
        report_failure(self, path, target, &error);
    }
    clp_board_done(run->board);
}

static void encode_task(clp_worker *self, clp_picture *picture) {
    clp_prof_begin(self->thread, CLP_PROF_SAVE, clp_worker_image(self, picture->item));
    save_picture(self, picture);
    clp_prof_end(self->thread);
}

/* ----------------------------------------------------------------- reading */

/** Gets the draft a place in a batch, helping to make room where there is none. */
static clproc_status find_room(clp_worker *self, clp_picture *draft, clp_picture **placed,
                               clp_outcome *outcome, clproc_error *error) {
    clp_task task;
    do {
        clp_board_reserve(self->run->board, self->thread, draft, &task, error);
        if (task.kind == CLP_TASK_ENCODE) {
            encode_task(self, task.picture);
        }
    } while (task.kind == CLP_TASK_ENCODE);
    *placed = task.kind == CLP_TASK_PLACED ? task.picture : NULL;
    if (task.kind == CLP_TASK_END) {
        *outcome = CLP_OUTCOME_STOPPED;
    }
    return task.kind == CLP_TASK_REFUSED ? error->status : CLPROC_OK;
}

static void load_picture(clp_worker *self, uint32_t item) {
    clp_run *run = self->run;
    clp_picture *draft = &self->draft, *placed = NULL;
    clproc_error error;
    clp_outcome outcome;
    draft->item = item;
    clproc_status status = clp_worker_prepare(self, draft, &outcome, &error);
    if (status == CLPROC_OK && outcome == CLP_OUTCOME_GOES_ON) {
        status = clp_worker_decode_early(self, draft, &error);
    }
    if (status == CLPROC_OK && outcome == CLP_OUTCOME_GOES_ON) {
        status = find_room(self, draft, &placed, &outcome, &error);
    }
    uint32_t bands = placed ? placed->bands : 0;
    if (placed) {
        status = clp_worker_fill(self, placed, &outcome, &error);
    }
    clp_worker_drop_early(self); /* also of one without a place */
    if (status != CLPROC_OK && outcome != CLP_OUTCOME_STOPPED) {
        report_failure(self, clp_worker_input(self, item), NULL, &error);
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

static void read_task(clp_worker *self, uint32_t item) {
    clp_prof_begin(self->thread, CLP_PROF_LOAD, clp_worker_image(self, item));
    load_picture(self, item);
    clp_prof_end(self->thread);
}

/* ----------------------------------------------------------------- the thread */

static void work(clp_worker *self) {
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
    clp_worker self = {.run = run};
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
