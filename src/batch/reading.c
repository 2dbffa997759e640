/* From a file to all that is known of its output before its pixels. */
#include <string.h>

#include "batch/template.h"
#include "batch/worker.h"
#include "codec/extent.h"

/** Cameras' raw files are TIFFs by their first bytes: in folders the name decides. */
static bool is_misnamed(const char *path, const clp_bytes *file) {
    clproc_format format;
    return clp_codec_recognise(file->data, file->size, &format) && format == CLPROC_FORMAT_TIFF &&
           clp_ending_format(path) != format;
}

static bool looks_like_picture(const uint8_t *head, size_t size) {
    return clp_codec_recognise(head, size, NULL);
}

/** Skips what a folder holds besides pictures. Who sees a picture's name or a picture's bytes
 * expects one, so that is told. */
static void pass_over(clp_worker *self, const char *path) {
    clp_events *events = &self->run->events;
    const clp_bytes *head = &self->file;
    uint32_t files = clp_worker_count_files(self);
    const char *kind = clp_codec_kind(head->data, head->size);
    bool named = clp_ending_format(path) != CLPROC_FORMAT_KEEP || clp_ending_is_foreign(path);
    char message[128] = "skipped: is empty";
    const char *missing = kind ? clp_codec_missing(kind) : NULL;
    if (!kind) {
        kind = head->size == 0 ? "empty" : named ? "unknown" : "other";
    }
    if (files > 0 && (named || clp_codec_kind_is_picture(kind))) {
        bool unknown = strcmp(kind, "unknown") == 0;
        if (is_misnamed(path, head)) {
            snprintf(message, sizeof message,
                     "skipped: is a TIFF by another name, as raw files are");
        } else if (head->size > 0) {
            snprintf(message, sizeof message, "skipped: is %s%s%s%s",
                     unknown ? "in no format that clproc knows" : kind,
                     unknown ? "" : ", which is not read",
                     missing ? "; a build with it needs " : "", missing ? missing : "");
        }
        clp_events_warning(events, path, message);
    }
    if (files > 0) {
        clp_events_skipped(events, path, NULL, files, CLPROC_SKIP_NO_PICTURE, kind);
    }
}

/** Has the board account for a file that is about to be read. Where there is no room beside what
 * the lane holds, that is given up first: who waits must hold nothing. */
static clproc_status afford_file(void *purse, size_t bytes, clproc_error *error) {
    clp_worker *self = purse;
    clp_board *board = self->run->board;
    clp_holding wanted = {.host = self->lane_host + bytes,
                          .device = self->held.device,
                          .station = self->held.station};
    clp_board_answer answer =
        clp_board_hold(board, self->thread, &self->held, &wanted, false, error);
    if (answer == CLP_BOARD_LATER || answer == CLP_BOARD_REFUSED) {
        clp_worker_leave_station(self, false);
        clp_board_release(board, &self->held);
        wanted = (clp_holding){.host = bytes, .station = CLP_NO_STATION};
        answer = clp_board_hold(board, self->thread, &self->held, &wanted, true, error);
    }
    return answer == CLP_BOARD_GRANTED ? CLPROC_OK
           : answer == CLP_BOARD_REFUSED
               ? error->status
               : clp_error_set(error, CLPROC_ERROR_CANCELLED, "the run was stopped");
}

void clp_worker_give_up_file(clp_worker *self, size_t most) {
    if (self->has_piped) {
        self->run->listing.piped = self->file;
        self->file = (clp_bytes){0};
        self->has_piped = false;
    }
    clp_bytes_trim(&self->file, most);
}

/** Takes the picture that came on standard input out of the listing. */
static clproc_status take_piped(clp_worker *self, uint64_t most, bool again, clproc_error *error) {
    clp_bytes *piped = &self->run->listing.piped;
    clproc_status status = CLPROC_OK;
    clp_worker_give_up_file(self, SIZE_MAX);
    if (piped->size > most) {
        return CLPROC_ERROR_LIMIT;
    }
    if (!again) {
        status = afford_file(self, piped->size, error);
    }
    if (status == CLPROC_OK) {
        clp_bytes_free(&self->file);
        self->file = *piped;
        self->has_piped = true;
        *piped = (clp_bytes){0};
    }
    return status;
}

/** Reads a file; `again`: no more of it than before, which is accounted for. */
static clproc_status read_file(clp_worker *self, uint32_t item, bool again, clp_outcome *outcome,
                               clproc_error *error) {
    clp_run *run = self->run;
    const clp_item *input = &run->listing.items[item];
    uint64_t given = run->params->limits.file_bytes, most = clp_run_file_bytes(run->params);
    clp_extent extent = {.by_sides = !given};
    bool accepted = true, by_memory = run->memory < most;
    clp_file_wish wish = {
        .limit = by_memory ? run->memory : most,
        .judge = input->named ? NULL : looks_like_picture,
        /* A copy is of the whole file. */
        .extent = run->copies ? NULL : clp_extent_find,
        .state = &extent,
        .afford = again ? NULL : afford_file,
        .purse = self,
    };
    clp_prof_begin(self->thread, CLP_PROF_READ, clp_worker_image(self, item));
    clproc_status status;
    if (input->piped) {
        status = take_piped(self, wish.limit, again, error);
    } else {
        status = clp_file_read_if(input->path, &wish, &self->file, &accepted, error);
    }
    clp_prof_end(self->thread);
    clp_prof_count(run->prof, CLP_COUNTER_OPENS, 1);
    if (status == CLPROC_ERROR_CANCELLED) {
        *outcome = CLP_OUTCOME_STOPPED;
    } else if (status == CLPROC_ERROR_LIMIT) {
        by_memory = by_memory && wish.limit == run->memory;
        bool megabytes = by_memory && wish.limit >> 20 > 0;
        status = clp_error_set_file(error, status, input->path,
                                    "is larger than the limit of %zu %s%s; raise it with %s",
                                    wish.limit >> (megabytes ? 20 : 0), megabytes ? "MB" : "bytes",
                                    given || by_memory ? "" : " for a picture of its sides",
                                    by_memory ? "--memory" : "--limit-file");
    }
    if (status == CLPROC_OK) {
        clp_prof_count(run->prof, CLP_COUNTER_BYTES_READ, self->file.size);
    }
    accepted = accepted && (input->named || !is_misnamed(input->path, &self->file));
    if (status == CLPROC_OK && !accepted) {
        pass_over(self, input->path);
        *outcome = CLP_OUTCOME_THROUGH;
    }
    return status;
}

clproc_status clp_worker_read_header(clp_worker *self, uint32_t item, clproc_error *error) {
    const clproc_run_params *params = &self->branch->output->params;
    clp_prof_begin(self->thread, CLP_PROF_HEADER, clp_worker_image(self, item));
    clproc_status status = clp_decoder_open(self->decoder, self->file.data, self->file.size,
                                            &params->limits, params->fail_on, &self->header, error);
    clp_prof_end(self->thread);
    self->picture.tolerance = params->fail_on;
    return status;
}

clproc_status clp_worker_read_again(clp_worker *self, clproc_error *error) {
    const clp_picture *picture = &self->picture;
    uint32_t item = picture->task.item;
    clp_outcome outcome = CLP_OUTCOME_GOES_ON;
    clproc_status status = read_file(self, item, true, &outcome, error);
    if (status == CLPROC_OK &&
        (outcome != CLP_OUTCOME_GOES_ON || self->file.size > picture->file_bytes)) {
        status = clp_error_set(error, CLPROC_ERROR_IO, "was replaced while it was processed");
    }
    if (status == CLPROC_OK) {
        status = clp_worker_read_header(self, item, error);
    }
    self->picture.decoded = false;
    return status;
}

/** Finds the recipes of outputs, told bit by bit, whose matrices take no more than is granted to
 * each. `*needed`: what one would take that takes more. */
static clproc_status find_within(clp_worker *self, uint32_t wanted, uint64_t granted,
                                 uint64_t *needed, clproc_error *error) {
    clp_run *run = self->run;
    clp_picture *picture = &self->picture;
    const clp_recipe_source source = {
        .decoder = self->decoder, .header = &self->header, .granted = granted};
    bool made = false;
    *needed = 0;
    clp_prof_begin(self->thread, CLP_PROF_PLAN, clp_worker_image(self, picture->task.item));
    clproc_status status =
        clp_planner_find(run->planner, &source, wanted, picture->recipes, &made, error);
    clp_prof_end(self->thread);
    for (uint32_t i = 0; status == CLPROC_OK && i < run->outputs.count; i++) {
        const clp_recipe *recipe = &picture->recipes[i];
        *needed = recipe->needed > *needed ? recipe->needed : *needed;
        if (recipe->plan && made && !run->params->dry_run) {
            bool scans = clp_worker_could_use_codec(self, &run->outputs.each[i], recipe->plan);
            clp_stations_want(run->stations, recipe->plan, scans);
        }
    }
    return status;
}

/** Finds the recipes of outputs, told bit by bit. Memory for matrices that are larger than what a
 * worker may keep anyway is asked for before they are made; planning tells how much that is when it
 * comes upon them. */
static clproc_status find_plans(clp_worker *self, uint32_t wanted, clp_outcome *outcome,
                                clproc_error *error) {
    const uint64_t most = self->run->memory - self->picture.file_bytes;
    const uint32_t count = wanted ? (uint32_t)__builtin_popcount(wanted) : 1;
    uint64_t granted = clp_worker_keeps(self) / count + 1, needed;
    bool asked = false;
    clproc_status status;
    CLP_TRY(status, out, find_within(self, wanted, granted, &needed, error));
    while (needed > 0) {
        /* Twice, for what comes behind it; no more than there can be. */
        uint64_t wish = 2 * needed * count;
        asked = true;
        clp_recipes_release(self->picture.recipes, self->run->outputs.count);
        CLP_TRY(status, out, clp_worker_hold_host(self, wish < most ? wish : most, outcome, error));
        if (*outcome != CLP_OUTCOME_GOES_ON) {
            goto out;
        }
        granted = wish < most ? wish / count : 0;
        CLP_TRY(status, out, clp_worker_reopen(self, error));
        CLP_TRY(status, out, find_within(self, wanted, granted, &needed, error));
    }
    if (asked) {
        clp_worker_keep_host(self, self->picture.file_bytes + clp_worker_plan_bytes(self));
    }
    self->picture.planned = wanted;
out:
    return status;
}

clproc_status clp_worker_plan_again(clp_worker *self, clproc_error *error) {
    const clp_picture *picture = &self->picture;
    uint64_t needed;
    clproc_status status;
    CLP_TRY(status, out, clp_worker_reopen(self, error));
    CLP_TRY(status, out, find_within(self, picture->planned, 0, &needed, error));
    for (uint32_t i = 0; status == CLPROC_OK && i < self->run->outputs.count; i++) {
        const clp_recipe *recipe = &picture->recipes[i];
        if (picture->branches[i].open && !recipe->plan) {
            *error = recipe->failure;
            status = error->status;
        }
    }
out:
    if (status != CLPROC_OK) {
        clp_recipes_release(picture->recipes, self->run->outputs.count);
    }
    return status;
}

/** Lists the inputs as if this were the only way to find the next file. */
static clproc_status list_again(clp_worker *self, clproc_error *error) {
    clp_run *run = self->run;
    clp_listing listing = {0};
    clp_events silent;
    clp_listing_output folders[CLPROC_MAX_OUTPUTS];
    clp_listing_request request = clp_run_listing_request(run, folders);
    for (size_t i = 0; i < request.input_count; i++) {
        if (strcmp(request.inputs[i], "-") == 0) {
            return CLPROC_OK; /* standard input is there once */
        }
    }
    clp_events_init(&silent, 1, NULL, NULL);
    clp_prof_begin(self->thread, CLP_PROF_LIST, CLP_PROF_NO_IMAGE);
    clproc_status status = clp_listing_make(&listing, &request, &silent, error);
    clp_prof_end(self->thread);
    clp_events_destroy(&silent);
    clp_listing_free(&listing);
    return status;
}

/** What is at the output's place may stay there: nothing is to be done. */
static void leave_there(clp_worker *self, clp_placing placing) {
    clp_branch *branch = self->branch;
    if (placing != CLP_PLACE_WRITE) {
        clp_events_skipped(&self->run->events, clp_worker_input(self, self->picture.task.item),
                           (char *)branch->name.data, 1,
                           placing == CLP_PLACE_MADE ? CLPROC_SKIP_MADE_BEFORE : CLPROC_SKIP_EXISTS,
                           NULL);
        clp_worker_close_branch(self);
    }
}

clproc_status clp_worker_find_place(clp_worker *self, const clp_name_facts *facts,
                                    clproc_error *error) {
    clp_branch *branch = self->branch;
    clp_placing placing = CLP_PLACE_WRITE;
    branch->name.size = 0;
    if (!branch->output->names) {
        return clp_bytes_append(&branch->name, "", 1, error);
    }
    clproc_status status = clp_names_place(branch->output->names, self->picture.task.item, facts,
                                           branch->source, &branch->name, &placing, error);
    if (status == CLPROC_OK) {
        leave_there(self, placing);
    }
    return status;
}

/** True if another output has told the same already. */
static bool is_told(const clp_worker *self) {
    for (const clp_branch *other = self->picture.branches; other < self->branch; other++) {
        if (strcmp(other->metadata.warning, self->branch->metadata.warning) == 0) {
            return true;
        }
    }
    return false;
}

clproc_status clp_worker_make_metadata(clp_worker *self, const clp_header *header,
                                       const clp_metadata_target *target, clproc_error *error) {
    clp_branch *branch = self->branch;
    clp_prof_begin(self->thread, CLP_PROF_META, clp_worker_image(self, self->picture.task.item));
    clproc_status status = clp_metadata_make(&branch->metadata, header, &branch->output->params,
                                             target, branch->output->colours, error);
    clp_prof_end(self->thread);
    return status;
}

clproc_status clp_worker_tell_metadata(clp_worker *self, clproc_error *error) {
    const clp_metadata *metadata = &self->branch->metadata;
    if (metadata->flawed && self->run->params->fail_on == CLPROC_FAIL_ON_WARNING) {
        return clp_error_set(error, CLPROC_ERROR_INPUT, "%s; --fail-on error takes it without",
                             metadata->warning);
    }
    if (metadata->warning[0] && !self->picture.task.tried && !is_told(self)) {
        clp_events_warning(&self->run->events, clp_worker_input(self, self->picture.task.item),
                           metadata->warning);
    }
    return CLPROC_OK;
}

/** Opens the branches that are not settled, but for those whose files can be seen to be there. */
static void open_branches(clp_worker *self) {
    clp_picture *picture = &self->picture;
    for (uint32_t i = 0; i < self->run->outputs.count; i++) {
        clp_branch *branch = self->branch = &picture->branches[i];
        branch->open = !(picture->task.done >> i & 1);
        branch->metadata.warning[0] = '\0';
        branch->name.size = 0;
        clp_names *names = branch->output->names;
        if (branch->open && names) {
            branch->source = clp_names_source(names, picture->task.item);
            leave_there(
                self, clp_names_foresee(names, picture->task.item, branch->source, &branch->name));
        }
    }
}

/** All of a branch but its pixels. */
static clproc_status prepare_branch(clp_worker *self, clproc_error *error) {
    const clp_run *run = self->run;
    clp_branch *branch = self->branch;
    const clp_recipe *recipe = clp_worker_recipe(self);
    clproc_status status = recipe->failure.status;
    if (status != CLPROC_OK) {
        *error = recipe->failure;
        goto out;
    }
    const clp_layout *output = &recipe->plan->output;
    clp_name_facts facts = {recipe->plan->target.format, output->width, output->height};
    CLP_TRY(status, out, clp_worker_find_place(self, &facts, error));
    if (branch->output->features) {
        return CLPROC_OK; /* there is no file to have a name or metadata */
    }
    if (branch->open && run->params->dry_run) {
        clp_events_done(&self->run->events, clp_worker_input(self, self->picture.task.item),
                        (char *)branch->name.data, false, NULL, NULL);
        clp_worker_close_branch(self);
    }
    if (branch->open) {
        const clp_metadata_target target = clp_metadata_target_of(recipe);
        CLP_TRY(status, out, clp_worker_make_metadata(self, &self->header, &target, error));
        status = clp_worker_tell_metadata(self, error);
    }
out:
    return status;
}

/** What an output that fails comes to: the others go on, unless none of them can be made. */
static clproc_status judge(clp_worker *self, clproc_status status, const clproc_error *error) {
    if (status != CLPROC_OK && !self->picture.unreadable) {
        clp_worker_fail_branch(self, error);
        status = CLPROC_OK;
    }
    return status;
}

/** Makes the outputs that keep the pixels as they are stored. `*wanted`: those that do not, bit by
 * bit, whether they are open or not: all of them start from one decode. */
static clproc_status keep_pixels(clp_worker *self, uint32_t *wanted, clp_outcome *outcome,
                                 clproc_error *error) {
    clproc_status status = CLPROC_OK;
    *wanted = 0;
    for (uint32_t i = 0; i < self->run->outputs.count && *outcome == CLP_OUTCOME_GOES_ON; i++) {
        clp_branch *branch = self->branch = &self->picture.branches[i];
        clp_kept kept = CLP_KEPT_NOTHING;
        clp_move move;
        status = clp_lossless_choose(branch->output, &self->header, &kept, &move, error);
        bool decodes = status == CLPROC_OK && kept == CLP_KEPT_NOTHING;
        if (branch->open && !decodes) {
            status =
                status == CLPROC_OK ? clp_worker_keep(self, kept, &move, outcome, error) : status;
            CLP_TRY(status, out, judge(self, status, error));
        }
        *wanted |= (uint32_t)(decodes || (branch->open && kept == CLP_KEPT_PIXELS)) << i;
    }
    status = CLPROC_OK;
out:
    return status;
}

/** The first branch that is open: features only where no file is to be made. */
static clp_branch *first_open(const clp_worker *self) {
    clp_branch *branch = self->picture.branches;
    while (!branch->open) {
        branch++;
    }
    return branch;
}

/** Opens the file that was read. What files do not tolerate of its header, features may. */
static clproc_status open_file(clp_worker *self, clproc_error *error) {
    uint32_t item = self->picture.task.item;
    self->branch = first_open(self);
    clproc_status status = clp_worker_read_header(self, item, error);
    if (status != CLPROC_OK && !self->branch->output->features) {
        clp_branch *features = &self->picture.branches[self->run->outputs.count - 1];
        if (features->open && features->output->features) {
            clp_worker_fail_files(self, error);
            self->branch = features;
            status = clp_worker_read_header(self, item, error);
        }
    }
    return status;
}

/** Of pictures one after another on standard input the first is taken: says so. */
static void tell_others(const clp_worker *self, uint32_t item) {
    clp_extent extent = {.by_sides = false};
    size_t most = SIZE_MAX, size = self->file.size;
    size_t end = clp_extent_find(&extent, self->file.data, size, &most);
    if (end < size && !(self->header.beside & CLP_BESIDE_PICTURES) &&
        clp_codec_recognise(self->file.data + end, size - end, NULL)) {
        clp_events_warning(&self->run->events, clp_worker_input(self, item),
                           "is followed by another picture, which is left out; a run takes one "
                           "from standard input");
    }
}

static clproc_status prepare_branches(clp_worker *self, clp_outcome *outcome, clproc_error *error) {
    uint32_t wanted;
    clproc_status status = keep_pixels(self, &wanted, outcome, error);
    if (status != CLPROC_OK || *outcome != CLP_OUTCOME_GOES_ON ||
        clp_worker_count_open(self) == 0) {
        return status;
    }
    self->branch = first_open(self);
    CLP_TRY(status, out, clp_worker_reopen(self, error));
    CLP_TRY(status, out, find_plans(self, wanted, outcome, error));
    for (uint32_t i = 0; *outcome == CLP_OUTCOME_GOES_ON && i < self->run->outputs.count; i++) {
        self->branch = &self->picture.branches[i];
        if (self->branch->open) {
            status = prepare_branch(self, error);
            CLP_TRY(status, out, judge(self, status, error));
        }
    }
out:
    return status;
}

clproc_status clp_worker_prepare(clp_worker *self, clp_outcome *outcome, clproc_error *error) {
    clp_run *run = self->run;
    uint32_t item = self->picture.task.item;
    clproc_status status = CLPROC_OK;
    *outcome = CLP_OUTCOME_GOES_ON;
    open_branches(self);
    if (clp_worker_count_open(self) == 0) {
        *outcome = CLP_OUTCOME_THROUGH;
        goto out;
    }
    if (!clp_strategy_has(run->params, CLPROC_STRATEGY_ONE_LISTING)) {
        CLP_TRY(status, out, list_again(self, error));
    }
    CLP_TRY(status, out, read_file(self, item, false, outcome, error));
    if (*outcome != CLP_OUTCOME_GOES_ON) {
        goto out;
    }
    CLP_TRY(status, out, open_file(self, error));
    if (self->has_piped && !self->picture.task.tried) {
        tell_others(self, item);
    }
    self->picture.file_bytes = self->file.size;
    self->picture.decode_bytes = clp_codec_read_bytes(&self->header, self->file.size);
    if (!self->picture.task.tried) {
        clp_prof_count(run->prof, CLP_COUNTER_PIXELS_IN,
                       (uint64_t)self->header.width * self->header.height);
    }
    self->picture.in_rows = clp_decoder_has_rows(self->decoder);
    CLP_TRY(status, out, prepare_branches(self, outcome, error));
    if (*outcome == CLP_OUTCOME_GOES_ON && clp_worker_count_open(self) == 0) {
        *outcome = CLP_OUTCOME_THROUGH;
    }
out:
    return status;
}
