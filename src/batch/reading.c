/* From a file to all that is known of its output before its pixels. */
#include <string.h>

#include "batch/template.h"
#include "batch/worker.h"
#include "codec/extent.h"

/** Of one file, where neither its sides nor --limit-file say less. */
#define MOST_FILE_BYTES ((uint64_t)1 << 30)

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
    const char *kind = clp_codec_kind(head->data, head->size);
    bool named = clp_ending_format(path) != CLPROC_FORMAT_KEEP || clp_ending_is_foreign(path);
    char message[64] = "skipped: is empty";
    if (!kind) {
        kind = head->size == 0 ? "empty" : named ? "unknown" : "other";
    }
    if (named || clp_codec_kind_is_picture(kind)) {
        bool unknown = strcmp(kind, "unknown") == 0;
        if (is_misnamed(path, head)) {
            snprintf(message, sizeof message,
                     "skipped: is a TIFF by another name, as raw files are");
        } else if (head->size > 0) {
            snprintf(message, sizeof message, "skipped: is %s%s",
                     unknown ? "of no known kind" : kind, unknown ? "" : ", which is not read");
        }
        clp_events_warning(events, path, message);
    }
    clp_events_skipped(events, path, NULL, CLPROC_SKIP_NO_PICTURE, kind);
}

clproc_status clp_worker_read_file(clp_worker *self, uint32_t item, clp_outcome *outcome,
                                   clproc_error *error) {
    clp_run *run = self->run;
    const clp_item *input = &run->listing.items[item];
    uint64_t given = run->params->limits.file_bytes, most = given ? given : MOST_FILE_BYTES;
    clp_extent extent = {.by_sides = !given};
    bool accepted = true, by_memory = run->memory < most;
    clp_file_wish wish = {
        .limit = by_memory ? run->memory : most,
        .judge = input->named ? NULL : looks_like_picture,
        /* A copy is of the whole file. */
        .extent = clp_lossless_copies(run->params) ? NULL : clp_extent_find,
        .state = &extent,
    };
    clp_prof_begin(self->thread, CLP_PROF_READ, clp_worker_image(self, item));
    clproc_status status;
    if (input->piped) {
        self->file.size = 0;
        status =
            clp_bytes_append(&self->file, run->listing.piped.data, run->listing.piped.size, error);
    } else {
        status = clp_file_read_if(input->path, &wish, &self->file, &accepted, error);
    }
    clp_prof_end(self->thread);
    clp_prof_count(run->prof, CLP_COUNTER_OPENS, 1);
    if (status == CLPROC_ERROR_LIMIT) {
        by_memory = by_memory && wish.limit == run->memory;
        status = clp_error_set_file(
            error, status, input->path, "is larger than the limit of %zu bytes%s; raise it with %s",
            wish.limit, given || by_memory ? "" : " for a picture of its sides",
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
    const clproc_run_params *params = self->run->params;
    clp_prof_begin(self->thread, CLP_PROF_HEADER, clp_worker_image(self, item));
    clproc_status status = clp_decoder_open(self->decoder, self->file.data, self->file.size,
                                            &params->limits, params->fail_on, &self->header, error);
    clp_prof_end(self->thread);
    return status;
}

static clproc_status find_plan(clp_worker *self, clp_picture *draft, clproc_format format,
                               clproc_error *error) {
    clp_run *run = self->run;
    bool made = false;
    clp_prof_begin(self->thread, CLP_PROF_PLAN, clp_worker_image(self, draft->task.item));
    clp_plan_release(&draft->recipe.plan);
    clproc_status status = clp_planner_find(run->planner, self->decoder, &self->header, format,
                                            &draft->recipe, &made, error);
    clp_prof_end(self->thread);
    if (made && !run->params->dry_run) {
        clp_stations_want(run->stations, draft->recipe.plan);
    }
    return status;
}

/** Lists the inputs as if this were the only way to find the next file. */
static clproc_status list_again(clp_worker *self, clproc_error *error) {
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
static void leave_there(clp_worker *self, const clp_picture *draft, clp_placing placing,
                        clp_outcome *outcome) {
    if (placing != CLP_PLACE_WRITE) {
        clp_events_skipped(&self->run->events, clp_worker_input(self, draft->task.item),
                           (char *)draft->output.data,
                           placing == CLP_PLACE_MADE ? CLPROC_SKIP_MADE_BEFORE : CLPROC_SKIP_EXISTS,
                           NULL);
        *outcome = CLP_OUTCOME_THROUGH;
    }
}

clproc_status clp_worker_find_place(clp_worker *self, clp_picture *draft,
                                    const clp_name_facts *facts, clp_outcome *outcome,
                                    clproc_error *error) {
    clp_run *run = self->run;
    clp_placing placing = CLP_PLACE_WRITE;
    draft->output.size = 0;
    if (!run->names) {
        return clp_bytes_append(&draft->output, "", 1, error);
    }
    clproc_status status = clp_names_place(run->names, draft->task.item, facts, draft->source,
                                           &draft->output, &placing, error);
    if (status == CLPROC_OK) {
        leave_there(self, draft, placing, outcome);
    }
    return status;
}

clproc_status clp_worker_make_metadata(clp_worker *self, clp_picture *draft,
                                       const clp_header *header, const clp_metadata_target *target,
                                       clproc_error *error) {
    clp_prof_begin(self->thread, CLP_PROF_META, clp_worker_image(self, draft->task.item));
    clproc_status status = clp_metadata_make(&draft->metadata, header, self->run->params, target,
                                             clp_planner_colours(self->run->planner), error);
    clp_prof_end(self->thread);
    return status;
}

clproc_status clp_worker_tell_metadata(clp_worker *self, const clp_picture *draft,
                                       clproc_error *error) {
    const char *warning = draft->metadata.warning;
    if (draft->metadata.flawed && self->run->params->fail_on == CLPROC_FAIL_ON_WARNING) {
        return clp_error_set(error, CLPROC_ERROR_INPUT, "%s; --fail-on error takes it without",
                             warning);
    }
    if (warning[0]) {
        clp_events_warning(&self->run->events, clp_worker_input(self, draft->task.item), warning);
    }
    return CLPROC_OK;
}

clproc_status clp_worker_prepare(clp_worker *self, clp_picture *draft, clp_outcome *outcome,
                                 clproc_error *error) {
    clp_run *run = self->run;
    const char *path = clp_worker_input(self, draft->task.item);
    clproc_status status = CLPROC_OK;
    *outcome = CLP_OUTCOME_GOES_ON;
    if (run->names) {
        draft->source = clp_names_source(run->names, draft->task.item);
        leave_there(self, draft,
                    clp_names_foresee(run->names, draft->task.item, draft->source, &draft->output),
                    outcome);
    }
    if (*outcome != CLP_OUTCOME_GOES_ON) {
        goto out;
    }
    if (!clp_strategy_has(run->params, CLPROC_STRATEGY_ONE_LISTING)) {
        CLP_TRY(status, out, list_again(self, error));
    }
    CLP_TRY(status, out, clp_worker_read_file(self, draft->task.item, outcome, error));
    if (*outcome != CLP_OUTCOME_GOES_ON) {
        goto out;
    }
    CLP_TRY(status, out, clp_worker_read_header(self, draft->task.item, error));
    clp_prof_count(run->prof, CLP_COUNTER_PIXELS_IN,
                   (uint64_t)self->header.width * self->header.height);
    clproc_format asked = clp_names_format(run->names, run->params->format);
    clproc_format format = asked == CLPROC_FORMAT_KEEP ? self->header.format : asked;
    CLP_TRY(status, out, clp_worker_keep(self, draft, format, outcome, error));
    if (*outcome != CLP_OUTCOME_GOES_ON) {
        goto out;
    }
    draft->in_rows = clp_decoder_has_rows(self->decoder);
    CLP_TRY(status, out, find_plan(self, draft, format, error));
    const clp_layout *output = &draft->recipe.plan->output;
    clp_name_facts facts = {format, output->width, output->height};
    CLP_TRY(status, out, clp_worker_find_place(self, draft, &facts, outcome, error));
    if (*outcome == CLP_OUTCOME_GOES_ON && run->params->dry_run) {
        clp_events_done(&run->events, path, (char *)draft->output.data, NULL, NULL);
        *outcome = CLP_OUTCOME_THROUGH;
    }
    if (*outcome == CLP_OUTCOME_GOES_ON) {
        const clp_metadata_target target = clp_metadata_target_of(&draft->recipe);
        CLP_TRY(status, out, clp_worker_make_metadata(self, draft, &self->header, &target, error));
        CLP_TRY(status, out, clp_worker_tell_metadata(self, draft, error));
    }
out:
    return status;
}
