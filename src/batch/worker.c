/* A worker: takes files one after the other, from reading to writing. */
#include "batch/worker.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/jpeg_scan_write.h"

/** A picture that was under way when the run was stopped has not failed. */
static void report_failure(clp_worker *self, const char *path, const char *output,
                           const clproc_error *error) {
    if (error->status != CLPROC_ERROR_CANCELLED) {
        clp_events_failed(&self->run->events, path, output, error);
    }
}

void clp_worker_warn(clp_worker *self, uint32_t what, const char *message) {
    clp_task *task = &self->picture.task;
    if (!(task->told & what)) {
        clp_events_warning(&self->run->events, clp_worker_input(self, task->item), message);
    }
    task->told |= what;
}

/* ----------------------------------------------------------------- writing */

/** Gives an output the times and permissions of its input. That they cannot be given, on a file
 * system without them, makes no picture worse. */
static void preserve(clp_worker *self, uint32_t item, clp_key source, const char *name,
                     size_t size) {
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
    clp_names_note(run->names, source, name, size); /* with the time that it has now */
}

clproc_status clp_worker_write(clp_worker *self, uint32_t item, clp_key source, const char *name,
                               const void *data, size_t size, clproc_error *error) {
    clp_run *run = self->run;
    clproc_status status;
    clp_prof_begin(self->thread, CLP_PROF_WRITE, clp_worker_image(self, item));
    if (clp_names_is_stream(run->names)) {
        CLP_TRY(status, out, clp_file_write_stream(STDOUT_FILENO, data, size, error));
    } else {
        CLP_TRY(status, out, clp_names_write(run->names, item, source, name, data, size, error));
        preserve(self, item, source, name, size);
    }
    clp_prof_count(run->prof, CLP_COUNTER_BYTES_WRITTEN, size);
    if (run->prof) {
        clp_digest digest = clp_digest_bytes(data, size);
        clp_digest_add(&run->outputs, &digest);
    }
out:
    clp_prof_end(self->thread);
    return status;
}

/** The file's bytes, from the results' samples, or where `results` is NULL around the scan that the
 * lane has encoded them to. */
static clproc_status encode(clp_worker *self, uint8_t *results, const uint8_t **data, size_t *size,
                            clproc_error *error) {
    const clproc_run_params *params = self->run->params;
    const clp_picture *picture = &self->picture;
    const clp_plan *plan = picture->recipe.plan;
    bool written = false;
    clp_encode_params encoding = {
        .format = plan->target.format,
        .quality = params->quality,
        .progressive = params->progressive,
        .png_level = params->png_level,
        .blocks = picture->metadata.blocks,
        .colour = picture->metadata.colour,
    };
    clp_prof_begin(self->thread, CLP_PROF_ENCODE, clp_worker_image(self, picture->task.item));
    clproc_status status = CLPROC_OK;
    if (!results) {
        CLP_TRY(status, out, clp_worker_write_scan(self, &encoding, data, size, &written, error));
    }
    if (!results && !written) {
        CLP_TRY(status, out, clp_lane_results(self->lane, &results, error));
    }
    if (!written) {
        status =
            clp_encoder_write(self->encoder, &plan->output, results, &encoding, data, size, error);
    }
out:
    clp_prof_end(self->thread);
    return status;
}

/** Compares a finished picture with the reference's. Whatever comes of it, the picture is written.
 */
static void verify(clp_worker *self, const uint8_t *results) {
    clp_run *run = self->run;
    const clp_picture *picture = &self->picture;
    const char *path = clp_worker_input(self, picture->task.item);
    clproc_verification found;
    clproc_error error;
    char message[sizeof error.message + 32];
    clp_prof_begin(self->thread, CLP_PROF_VERIFY, clp_worker_image(self, picture->task.item));
    clproc_status status = clp_verify_picture(&run->verify, picture->recipe.plan, picture->original,
                                              results, &found, &error);
    clp_prof_end(self->thread);
    if (status == CLPROC_OK) {
        clp_events_verified(&run->events, path, &found);
    } else {
        snprintf(message, sizeof message, "could not be verified: %s", error.message);
        clp_events_warning(&run->events, path, message);
    }
}

/** Encodes and writes what the lane holds. */
static clproc_status save_results(clp_worker *self, uint8_t *results, clproc_error *error) {
    clp_run *run = self->run;
    const clp_picture *picture = &self->picture;
    const clp_layout *output = &picture->recipe.plan->output;
    const char *path = clp_worker_input(self, picture->task.item);
    const char *target = (char *)picture->output.data;
    const uint8_t *data = NULL;
    size_t size = 0;
    bool writes = !run->params->null_output;
    clp_digest digest = {.text = ""};
    clproc_status status = CLPROC_OK;
    if (picture->original) {
        verify(self, results);
    }
    if (writes) {
        CLP_TRY(status, out, encode(self, results, &data, &size, error));
    }
    if (run->params->digest) {
        digest = writes ? clp_digest_bytes(data, size) : clp_digest_picture(output, results);
    }
    if (writes) {
        CLP_TRY(
            status, out,
            clp_worker_write(self, picture->task.item, picture->source, target, data, size, error));
    }
    clp_prof_count(run->prof, CLP_COUNTER_PIXELS_OUT, (uint64_t)output->width * output->height);
    clp_prof_count(run->prof, CLP_COUNTER_IMAGES, 1);
    clp_events_done(&run->events, path, target, NULL, digest.text);
out:
    return status;
}

static clproc_status save_picture(clp_worker *self, clproc_error *error) {
    uint8_t *results = NULL;
    clproc_status status = CLPROC_OK;
    clp_prof_begin(self->thread, CLP_PROF_SAVE, clp_worker_image(self, self->picture.task.item));
    if (!clp_worker_encodes_on_device(self)) {
        status = clp_lane_results(self->lane, &results, error);
    }
    if (status == CLPROC_OK) {
        status = save_results(self, results, error);
    }
    clp_prof_end(self->thread);
    return status;
}

/* ---------------------------------------------------------------- a file */

static clproc_status load_picture(clp_worker *self, clp_outcome *outcome, clproc_error *error) {
    clp_picture *picture = &self->picture;
    clp_prof_begin(self->thread, CLP_PROF_LOAD, clp_worker_image(self, picture->task.item));
    clproc_status status = clp_worker_prepare(self, picture, outcome, error);
    if (status == CLPROC_OK && *outcome == CLP_OUTCOME_GOES_ON) {
        status = clp_worker_compute(self, outcome, error);
    }
    clp_prof_end(self->thread);
    return status;
}

/** True if the device is to blame for a failure, and another may do better. */
static bool try_elsewhere(clp_worker *self, const clproc_error *error) {
    clp_board *board = self->run->board;
    uint32_t station = self->station;
    bool blamed = station != CLP_NO_STATION &&
                  (error->status == CLPROC_ERROR_DEVICE || error->status == CLPROC_ERROR_MEMORY);
    if (!blamed) {
        return false;
    }
    /* What is too large for a device, or for the host, says nothing of others. */
    if (error->cl_code != 0 && clp_board_note(board, station, true)) {
        clp_stations_lose(self->run->stations, station, error);
    }
    clp_task *task = &self->picture.task;
    task->tried |= UINT32_C(1) << station;
    if (!task->cause) {
        task->cause = clp_memory_string(CLP_MEMORY_BATCH, error->message);
    }
    return clp_board_has_other(board, task->tried) && clp_board_result(board, NULL) == CLPROC_OK;
}

static void do_file(clp_worker *self, const clp_task *task) {
    clproc_error error;
    clp_outcome outcome = CLP_OUTCOME_GOES_ON;
    self->picture.task = *task;
    self->station = CLP_NO_STATION;
    clproc_status status = load_picture(self, &outcome, &error);
    if (status == CLPROC_OK && outcome == CLP_OUTCOME_GOES_ON) {
        status = save_picture(self, &error);
    }
    if (self->lane) {
        clp_lane_end(self->lane);
    }
    clp_worker_leave_picture(self);
    bool failed = status != CLPROC_OK && outcome != CLP_OUTCOME_STOPPED;
    if (failed && try_elsewhere(self, &error)) {
        clp_worker_leave_station(self, false);
        clp_board_again(self->run->board, &self->picture.task);
        self->picture.task.cause = NULL;
        return;
    }
    if (failed) {
        report_failure(self, clp_worker_input(self, task->item), (char *)self->picture.output.data,
                       &error);
    }
    clp_memory_free(self->picture.task.cause);
    self->picture.task.cause = NULL;
    if (clp_board_is_short(self->run->board)) {
        clp_worker_leave_station(self, false);
    }
    clp_board_done(self->run->board);
}

/* ----------------------------------------------------------------- the thread */

static bool next_file(clp_worker *self, clp_task *task) {
    clp_board *board = self->run->board;
    clp_board_answer answer = clp_board_next(board, self->thread, false, task);
    if (answer == CLP_BOARD_LATER) {
        clp_worker_leave_station(self, false);
        answer = clp_board_next(board, self->thread, true, task);
    }
    return answer == CLP_BOARD_GRANTED;
}

void clp_worker_run(clp_run *run, uint32_t number) {
    char name[32];
    clproc_error error;
    clproc_status status;
    clp_task task;
    clp_worker self = {.run = run,
                       .number = number,
                       .station = CLP_NO_STATION,
                       .held = {.station = CLP_NO_STATION}};
    snprintf(name, sizeof name, "worker %u", number);
    self.thread = clp_prof_thread_enter(run->prof, name);
    CLP_TRY(status, out, clp_decoder_create(&self.decoder, &error));
    CLP_TRY(status, out, clp_encoder_create(&self.encoder, &error));
    if (clp_strategy_has(run->params, CLPROC_STRATEGY_DEVICE_CODEC)) {
        CLP_TRY(status, out,
                clp_jpeg_encode_tables_make(&self.tables, run->params->quality, &error));
        self.has_tables = true;
    }
    clp_decoder_heed(self.decoder, run->params->cancel);
    clp_encoder_heed(self.encoder, run->params->cancel);
    while (next_file(&self, &task)) {
        do_file(&self, &task);
    }
out:
    if (status != CLPROC_OK) {
        clp_board_stop(run->board, &error);
    }
    clp_worker_leave_station(&self, true);
    clp_encoder_destroy(&self.encoder);
    clp_decoder_destroy(&self.decoder);
    clp_picture_free(&self.picture);
    clp_bytes_free(&self.packed);
    clp_bytes_free(&self.file);
    clp_prof_thread_leave(self.thread);
}
