/* A picture whose pixels are not decoded: from the file that was read to its output. */
#include "batch/kinds.h"
#include "batch/worker.h"
#include "core/format.h"

/** Settles the name, writes and tells. */
static clproc_status save(clp_worker *self, const clp_name_facts *facts, const uint8_t *data,
                          size_t size, const char *message, clproc_error *error) {
    clp_run *run = self->run;
    clp_digest digest = {.text = ""};
    clproc_status status;
    CLP_TRY(status, out, clp_worker_find_place(self, facts, error));
    if (!self->branch->open) {
        goto out;
    }
    if (!run->params->dry_run && !run->params->null_output) {
        CLP_TRY(status, out, clp_worker_write(self, data, size, error));
    }
    clp_worker_count_picture(self);
    clp_prof_count(run->prof, CLP_COUNTER_KEPT, 1);
    if (run->params->digest) {
        digest = clp_digest_bytes(data, size);
    }
    clp_events_done(&run->events, clp_worker_input(self, self->picture.task.item),
                    (char *)self->branch->name.data, true, message, digest.text);
    clp_worker_close_branch(self);
out:
    return status;
}

/** `move` NULL: pixels stay where they are. */
static clproc_status make_metadata(clp_worker *self, const clp_move *move,
                                   clp_encode_params *params, clproc_error *error) {
    const clp_header *header = &self->header;
    const clproc_run_params *asked = &self->branch->output->params;
    const clp_metadata_target target = {
        .format = header->format,
        .width = move ? clp_move_width(move) : header->width,
        .height = move ? clp_move_height(move) : header->height,
        .channels = clp_model_channels(header->model) - clp_model_has_alpha(header->model),
        .space = CLP_SPACE_RGB,
        .transposed = move && move->transpose,
        .as_stored = !asked->lossless && (clp_kinds_of(asked).parts & CLPROC_METADATA_ORIENTATION),
        .problem = "",
    };
    clp_header seen = *header;
    seen.beside &= ~(uint32_t)CLP_BESIDE_ANIMATION; /* its frames stay */
    clproc_status status = clp_worker_make_metadata(self, &seen, &target, error);
    *params = (clp_encode_params){.format = header->format,
                                  .blocks = self->branch->metadata.blocks,
                                  .colour = self->branch->metadata.colour};
    return status;
}

/** Memory for a new file as large as the old one: beside the lane, which other outputs use, if it
 * is to be had there. */
static clproc_status hold_copy(clp_worker *self, clp_outcome *outcome, clproc_error *error) {
    uint64_t bytes = self->picture.file_bytes;
    const clp_holding wanted = {.host = self->lane_host + 2 * bytes,
                                .device = self->held.device,
                                .station = self->held.station};
    clp_board_answer answer =
        clp_board_hold(self->run->board, self->thread, &self->held, &wanted, false, error);
    return answer == CLP_BOARD_GRANTED ? CLPROC_OK
                                       : clp_worker_hold_host(self, bytes, outcome, error);
}

/** All but the metadata stays. Where that cannot be seen to by markers alone, nothing has happened,
 * and the picture goes on to be decoded. */
static clproc_status keep_pixels(clp_worker *self, clp_outcome *outcome, clproc_error *error) {
    const clp_name_facts facts = {self->header.format, self->header.width, self->header.height};
    const clp_format *row = clp_format_of(self->header.format);
    const uint8_t *data = NULL;
    size_t size = 0;
    clp_encode_params params;
    clproc_status status;
    CLP_TRY(status, out, hold_copy(self, outcome, error));
    if (*outcome != CLP_OUTCOME_GOES_ON) {
        goto out;
    }
    CLP_TRY(status, out, clp_worker_reopen(self, error)); /* another output may have moved blocks */
    CLP_TRY(status, out, make_metadata(self, NULL, &params, error));
    CLP_TRY(status, out,
            clp_encoder_rewrite(self->encoder, self->decoder, &params, &data, &size, error));
    if (!data && self->branch->output->params.lossless && !row->exact) {
        bool jpeg = self->header.format == CLPROC_FORMAT_JPEG;
        status = clp_error_set(error, CLPROC_ERROR_INPUT,
                               jpeg ? "has not the markers of a whole JPEG, so only decoding it "
                                      "can tell what is there; leave out --lossless"
                                    : "gets other metadata only by being encoded anew; leave out "
                                      "--lossless");
    }
    if (status != CLPROC_OK || !data) {
        goto out;
    }
    clp_worker_tell_header(self);
    CLP_TRY(status, out, clp_worker_tell_metadata(self, error));
    status = save(self, &facts, data, size, "copied without re-encoding", error);
out:
    return status;
}

static clproc_status move_blocks(clp_worker *self, const clp_move *move, clp_outcome *outcome,
                                 clproc_error *error) {
    const clp_name_facts facts = {self->header.format, clp_move_width(move), clp_move_height(move)};
    const uint8_t *data = NULL;
    size_t size = 0;
    clp_encode_params params;
    clproc_status status;
    CLP_TRY(status, out,
            clp_worker_hold_host(self, clp_move_bytes(move, &self->header), outcome, error));
    if (*outcome != CLP_OUTCOME_GOES_ON) {
        goto out;
    }
    CLP_TRY(status, out, clp_worker_reopen(self, error));
    CLP_TRY(status, out, make_metadata(self, move, &params, error));
    self->picture.decoded = true;
    clp_prof_begin(self->thread, CLP_PROF_MOVE, clp_worker_image(self, self->picture.task.item));
    status = clp_encoder_move(self->encoder, self->decoder, move, &params, &data, &size, error);
    clp_prof_end(self->thread);
    if (status != CLPROC_OK) {
        goto out;
    }
    clp_worker_tell_header(self);
    CLP_TRY(status, out, clp_worker_tell_metadata(self, error));
    status = save(self, &facts, data, size, "moved without re-encoding", error);
out:
    clp_worker_leave_station(self, false);
    return status;
}

/** The file itself, which may have been given up for another output. */
static clproc_status keep_file(clp_worker *self, clproc_error *error) {
    const clp_header *header = &self->header;
    const clp_name_facts facts = {header->format, header->width, header->height};
    clproc_status status = CLPROC_OK;
    if (self->file.size == 0) {
        CLP_TRY(status, out, clp_worker_read_again(self, error));
    }
    clp_worker_tell_header(self);
    status = save(self, &facts, self->file.data, self->file.size, "copied", error);
out:
    return status;
}

clproc_status clp_worker_keep(clp_worker *self, clp_kept kept, const clp_move *move,
                              clp_outcome *outcome, clproc_error *error) {
    switch (kept) {
    case CLP_KEPT_FILE:
        return keep_file(self, error);
    case CLP_KEPT_PIXELS:
        return keep_pixels(self, outcome, error);
    case CLP_KEPT_BLOCKS:
        return move_blocks(self, move, outcome, error);
    default:
        return CLPROC_OK;
    }
}
