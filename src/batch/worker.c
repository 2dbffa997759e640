/* A worker: takes files one after the other, from reading to writing. */
#include "batch/worker.h"

#include "core/cancel.h"

/* ---------------------------------------------------------------- branches */

/** Keeps what is wrong with a picture for who takes its features: the first that was found. */
static void note_flaw(clp_worker *self, const char *message) {
    if (!self->picture.flaw[0]) {
        snprintf(self->picture.flaw, sizeof self->picture.flaw, "%.255s", message);
    }
}

void clp_worker_close_branch(clp_worker *self) {
    self->branch->open = false;
    self->picture.task.done |= UINT32_C(1) << (self->branch - self->picture.branches);
}

static uint32_t count_open(const clp_worker *self, uint32_t count) {
    uint32_t open = 0;
    for (uint32_t i = 0; i < count; i++) {
        open += self->picture.branches[i].open;
    }
    return open;
}

uint32_t clp_worker_count_open(const clp_worker *self) {
    return count_open(self, self->run->outputs.count);
}

uint32_t clp_worker_count_files(const clp_worker *self) {
    return count_open(self, self->run->outputs.file_count);
}

void clp_worker_fail_branch(clp_worker *self, const clproc_error *error) {
    const clp_branch *branch = self->branch;
    if (branch->output->features) {
        note_flaw(self, error->message);
    } else if (error->status != CLPROC_ERROR_CANCELLED) {
        /* A picture that was under way when the run was stopped has not failed. Before its sides
         * are known, a template is all there is. */
        const char *name =
            branch->name.size > 0 ? (char *)branch->name.data : branch->output->params.output;
        clp_events_failed(&self->run->events, clp_worker_input(self, self->picture.task.item), name,
                          1, error);
    }
    clp_worker_close_branch(self);
}

void clp_worker_fail_files(clp_worker *self, const clproc_error *error) {
    clp_picture *picture = &self->picture;
    const clp_output_set *outputs = &self->run->outputs;
    uint32_t count = clp_worker_count_files(self);
    const char *name = "";
    for (uint32_t i = 0; i < outputs->file_count; i++) {
        clp_branch *branch = &picture->branches[i];
        if (branch->open) {
            name = branch->name.size > 0 ? (char *)branch->name.data : "";
            branch->open = false;
            picture->task.done |= UINT32_C(1) << i;
        }
    }
    if (count > 0 && error->status != CLPROC_ERROR_CANCELLED) {
        clp_events_failed(&self->run->events, clp_worker_input(self, picture->task.item),
                          outputs->file_count > 1 ? "" : name, count, error);
    }
}

/** Nothing can be made of the picture: closes all branches. */
static void fail_all(clp_worker *self, const clproc_error *error) {
    clp_worker_fail_files(self, error);
    for (uint32_t i = self->run->outputs.file_count; i < self->run->outputs.count; i++) {
        self->branch = &self->picture.branches[i];
        if (self->branch->open) {
            clp_worker_fail_branch(self, error);
        }
    }
}

void clp_worker_count_picture(clp_worker *self) {
    clp_task *task = &self->picture.task;
    clp_prof_count(self->run->prof, CLP_COUNTER_IMAGES, !(task->told & CLP_TOLD_COUNTED));
    task->told |= CLP_TOLD_COUNTED;
}

void clp_worker_warn(clp_worker *self, uint32_t what, const char *message) {
    clp_task *task = &self->picture.task;
    note_flaw(self, message);
    if (self->branch->output->features) {
        return; /* who looks at files does not ask how features came about */
    }
    if (!(task->told & what)) {
        clp_events_warning(&self->run->events, clp_worker_input(self, task->item), message);
    }
    task->told |= what;
}

/* ---------------------------------------------------------------- a file */

/** Makes the present branch, from samples to file. */
static clproc_status make_branch(clp_worker *self, clp_outcome *outcome, clproc_error *error) {
    clp_picture *picture = &self->picture;
    if (self->branch->output->features) {
        clp_worker_take_small(self);
    }
    if (!clp_layout_begins_with(&picture->aside, &clp_worker_recipe(self)->plan->input)) {
        clp_worker_drop_early(self);
        clp_worker_drop_original(picture);
    }
    clp_prof_begin(self->thread, CLP_PROF_LOAD, clp_worker_image(self, picture->task.item));
    clproc_status status = clp_worker_compute(self, outcome, error);
    clp_prof_end(self->thread);
    if (status == CLPROC_OK && *outcome == CLP_OUTCOME_GOES_ON) {
        status = clp_worker_save(self, error);
    }
    if (self->lane) {
        clp_lane_end(self->lane);
    }
    bool holds = status == CLPROC_OK && *outcome == CLP_OUTCOME_GOES_ON && self->lane &&
                 clp_lane_holds_input(self->lane);
    /* It may be another plan than before, which was given up meanwhile. */
    picture->held = holds ? clp_worker_recipe(self)->plan->input : (clp_layout){.plane_count = 0};
    picture->held_eighths = clp_worker_recipe(self)->request.eighths;
    picture->scanned &= status == CLPROC_OK;
    return status;
}

/** True if the device had no memory for the picture, and may compute it in smaller portions, with
 * fewer others beside it, or at last without its JPEG codec. */
static bool try_smaller(clp_worker *self, const clproc_error *error) {
    uint32_t *plain = &self->picture.task.plain;
    if (self->held.station == CLP_NO_STATION || !clp_device_was_full(error) ||
        clp_board_result(self->run->board, NULL) != CLPROC_OK) {
        return false;
    }
    bool smaller = clp_stations_shrink(self->run->stations, &self->held, clp_worker_least(self),
                                       self->most_bytes);
    /* Once the station is among those, neither of both is true any more. */
    if (!smaller && (clp_worker_encodes_on_device(self) || clp_worker_decodes_on_device(self))) {
        *plain |= UINT32_C(1) << self->station;
        smaller = true;
    }
    return smaller;
}

/** True if the device is to blame for a failure, and another may do better. */
static bool try_elsewhere(clp_worker *self, const clproc_error *error) {
    clp_board *board = self->run->board;
    clp_picture *picture = &self->picture;
    uint32_t station = self->station;
    bool blamed = station != CLP_NO_STATION &&
                  (error->status == CLPROC_ERROR_DEVICE || error->status == CLPROC_ERROR_MEMORY ||
                   error->status == CLPROC_ERROR_LIMIT); /* of memory, which others need less of */
    if (!blamed) {
        return false;
    }
    /* What is too large for a device, or for the host, says nothing of others; and a picture counts
     * once, however many of its outputs fail. */
    bool broken = error->cl_code != 0 && !clp_device_was_full(error);
    if (broken && !picture->blamed && clp_board_note(board, station, true)) {
        clp_stations_lose(self->run->stations, station, error);
    }
    picture->blamed |= broken;
    uint32_t tried = picture->task.tried | UINT32_C(1) << station;
    if (!clp_board_has_other(board, tried) || clp_board_result(board, NULL) != CLPROC_OK) {
        return false; /* the picture's other outputs may go on there */
    }
    picture->task.tried = tried;
    if (!picture->task.cause) {
        picture->task.cause = clp_memory_string(CLP_MEMORY_BATCH, error->message);
    }
    return true;
}

/** The next branch to make; NULL: none is open. First come those that find their planes in the
 * lane, then those that need most, among which others will find theirs. Features are the last: they
 * tolerate what files may not, and take what is left in the lane if it is what they need. */
static clp_branch *next_branch(const clp_worker *self) {
    const clp_picture *picture = &self->picture;
    clp_branch *found = NULL;
    uint32_t most = 0;
    for (uint32_t i = 0; i < self->run->outputs.count; i++) {
        if (!picture->branches[i].open) {
            continue;
        }
        const clp_recipe *recipe = &picture->recipes[i];
        bool here = clp_worker_is_resident(self, recipe);
        uint32_t rank = recipe->plan->input.plane_count + (here ? CLP_MAX_PLANES : 0);
        if (rank > most && !(found && picture->branches[i].output->features)) {
            most = rank;
            found = &picture->branches[i];
        }
    }
    return found;
}

/** Makes all open branches. `*again`: what is left is to be made by another station, or by the same
 * one with less of its memory. */
static void make_branches(clp_worker *self, bool *again) {
    clp_outcome outcome = CLP_OUTCOME_GOES_ON;
    clproc_error error;
    while ((self->branch = next_branch(self))) {
        clproc_status status = make_branch(self, &outcome, &error);
        if (outcome == CLP_OUTCOME_STOPPED) {
            return;
        }
        *again = status != CLPROC_OK && (try_smaller(self, &error) || try_elsewhere(self, &error));
        if (*again) {
            return;
        }
        bool features = self->branch->output->features;
        if (status != CLPROC_OK && !clp_worker_recipe(self)->plan) {
            fail_all(self, &error);
        } else if (status != CLPROC_OK && self->picture.unreadable && !features) {
            clp_worker_fail_files(self, &error);
        } else if (status != CLPROC_OK) {
            clp_worker_fail_branch(self, &error);
        } else {
            clp_worker_close_branch(self);
        }
    }
}

static void begin_picture(clp_worker *self, const clp_task *task) {
    clp_picture *picture = &self->picture;
    picture->task = *task;
    picture->decoded = picture->unreadable = picture->blamed = picture->summed = picture->apart =
        picture->scanned = false;
    picture->flaw[0] = '\0';
    picture->held = picture->aside = (clp_layout){.plane_count = 0};
    self->station = CLP_NO_STATION;
}

/** Asks who takes features whether those of the file are wanted, once however often it is tried. */
static void ask_sink(clp_worker *self) {
    const clp_sink *sink = self->run->session->sink;
    clp_task *task = &self->picture.task;
    clproc_status status = CLPROC_OK;
    clproc_error error;
    if (sink && !(task->told & CLP_TOLD_ASKED) &&
        !sink->begin(sink->user, self->number, task->item, &status, &error)) {
        task->told |= CLP_TOLD_DECLINED;
        task->done |= UINT32_C(1) << self->run->outputs.file_count;
    }
    task->told |= CLP_TOLD_ASKED;
    if (status != CLPROC_OK) {
        clp_board_stop(self->run->board, &error);
    }
}

/** Tells who takes features what became of the picture. */
static void hand_over(clp_worker *self) {
    clp_run *run = self->run;
    const clp_sink *sink = run->session->sink;
    const clp_picture *picture = &self->picture;
    clproc_error error;
    /* In a run that is stopped it is unknown what would have become of a picture. */
    if (!sink || picture->task.told & CLP_TOLD_DECLINED || clp_cancel_asked(run->params->cancel) ||
        clp_board_result(run->board, NULL) != CLPROC_OK) {
        return;
    }
    bool whole = self->file.size > 0 && self->file.size == picture->file_bytes;
    const clp_taken taken = {.item = picture->task.item,
                             .file = whole ? self->file.data : NULL,
                             .size = whole ? self->file.size : 0,
                             .features = picture->summed ? &self->features : NULL,
                             .flaw = picture->flaw};
    if (sink->end(sink->user, self->number, &taken, &error) != CLPROC_OK) {
        clp_board_stop(run->board, &error);
    }
}

static void do_file(clp_worker *self, const clp_task *task) {
    clproc_error error;
    clp_outcome outcome;
    bool again = false;
    begin_picture(self, task);
    ask_sink(self);
    clp_prof_begin(self->thread, CLP_PROF_LOAD, clp_worker_image(self, task->item));
    clproc_status status = clp_worker_prepare(self, &outcome, &error);
    clp_prof_end(self->thread);
    if (status != CLPROC_OK) {
        fail_all(self, &error);
    } else if (outcome == CLP_OUTCOME_GOES_ON) {
        make_branches(self, &again);
    }
    if (!again) {
        hand_over(self);
    }
    clp_worker_leave_picture(self);
    if (again) {
        clp_worker_leave_station(self, false);
        clp_board_again(self->run->board, &self->picture.task);
        self->picture.task.cause = NULL;
        return;
    }
    clp_memory_free(self->picture.task.cause);
    self->picture.task.cause = NULL;
    if (clp_board_is_short(self->run->board)) {
        clp_worker_leave_station(self, false);
    }
    clp_board_done(self->run->board);
}

/* ----------------------------------------------------------------- the thread */

static clproc_status make_room(clp_worker *self, clproc_error *error) {
    const clp_output_set *outputs = &self->run->outputs;
    clp_picture *picture = &self->picture;
    picture->branches =
        clp_memory_zero(CLP_MEMORY_BATCH, outputs->count, sizeof *picture->branches);
    picture->recipes = clp_memory_zero(CLP_MEMORY_BATCH, outputs->count, sizeof *picture->recipes);
    if (!picture->branches || !picture->recipes) {
        return clp_error_memory(error, "a picture", outputs->count * sizeof *picture->recipes);
    }
    for (uint32_t i = 0; i < outputs->count; i++) {
        picture->branches[i].output = &outputs->each[i];
    }
    return CLPROC_OK;
}

static void free_picture(clp_worker *self) {
    clp_picture *picture = &self->picture;
    for (uint32_t i = 0; picture->branches && i < self->run->outputs.count; i++) {
        clp_bytes_free(&picture->branches[i].name);
        clp_metadata_free(&picture->branches[i].metadata);
    }
    clp_memory_free(picture->branches);
    clp_memory_free(picture->recipes);
    clp_worker_drop_original(picture);
}

static bool next_file(clp_worker *self, clp_task *task) {
    clp_board *board = self->run->board;
    clp_board_answer answer = clp_board_next(board, self->thread, false, task);
    if (answer == CLP_BOARD_LATER) {
        clp_worker_leave_station(self, false);
        answer = clp_board_next(board, self->thread, true, task);
    }
    return answer == CLP_BOARD_GRANTED;
}

/** Of a worker's share of the memory, what a decoder may unpack at once is so many a part. */
#define UNPACKED_SHARE 4

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
    CLP_TRY(status, out, make_room(&self, &error));
    clp_decoder_unpack(self.decoder, run->memory / UNPACKED_SHARE / run->jobs);
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
    free_picture(&self);
    clp_bytes_free(&self.packed);
    clp_bytes_free(&self.file);
    clp_prof_thread_leave(self.thread);
}
