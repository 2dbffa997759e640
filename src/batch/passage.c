/* A picture's way through a station: which one, memory for it, its rows there, its results. */
#include "batch/worker.h"

uint64_t clp_worker_plan_bytes(const clp_worker *self) {
    const clp_recipe *recipes = self->picture.recipes;
    uint64_t bytes = 0;
    /* A worker without memory for recipes ends without any. */
    for (uint32_t i = 0; recipes && i < self->run->outputs.count; i++) {
        const clp_plan *plan = recipes[i].plan;
        bytes += plan ? clp_plan_bytes(plan) : 0;
    }
    return bytes;
}

/** What the worker holds of the picture that is under way, beside the lane. */
static uint64_t held_aside(const clp_worker *self) {
    const clp_picture *picture = &self->picture;
    bool decoded = self->early || picture->original;
    return picture->file_bytes + (decoded ? picture->aside.bytes : 0) + self->small_bytes +
           clp_worker_plan_bytes(self);
}

void clp_worker_keep_host(clp_worker *self, uint64_t bytes) {
    const clp_holding kept = {.host = bytes < self->held.host ? bytes : self->held.host,
                              .station = CLP_NO_STATION};
    clp_board_keep(self->run->board, &self->held, &kept);
}

void clp_worker_leave_station(clp_worker *self, bool keep) {
    self->picture.held.plane_count = 0;
    self->picture.scanned = false;
    clp_lane_give(&self->lane, keep);
    self->lane_host = 0;
    clp_worker_keep_host(self, held_aside(self));
}

/** Of the run's bound, what a buffer of all workers may keep from picture to picture. */
#define KEPT_SHARE 64

size_t clp_worker_keeps(const clp_worker *self) {
    return (size_t)(self->run->memory / KEPT_SHARE / self->run->jobs);
}

void clp_worker_leave_picture(clp_worker *self) {
    size_t most = clp_worker_keeps(self);
    clp_worker_drop_early(self);
    clp_worker_drop_small(self);
    clp_worker_drop_original(&self->picture);
    clp_recipes_release(self->picture.recipes, self->run->outputs.count);
    self->picture.file_bytes = self->picture.decode_bytes = 0;
    clp_worker_give_up_file(self, most);
    clp_bytes_trim(&self->packed, most);
    clp_decoder_close(self->decoder);
    clp_decoder_trim(self->decoder, most);
    clp_encoder_trim(self->encoder, most);
    clp_holding kept = self->held;
    kept.host = self->lane_host < kept.host ? self->lane_host : kept.host;
    kept.station = kept.host > 0 || kept.device > 0 ? kept.station : CLP_NO_STATION;
    clp_board_keep(self->run->board, &self->held, &kept);
}

/** Gives up all that is held but plans, the file read included: another worker waits for memory. */
static void let_go(clp_worker *self) {
    clp_worker_drop_early(self);
    clp_worker_drop_small(self);
    clp_worker_drop_original(&self->picture);
    clp_decoder_close(self->decoder);
    clp_worker_give_up_file(self, 0);
    clp_worker_leave_station(self, false);
    clp_worker_keep_host(self, clp_worker_plan_bytes(self));
}

/** Waits for memory, and holds nothing meanwhile: plans that are larger than what a worker may keep
 * anyway are given up, too. */
static clp_board_answer await_memory(clp_worker *self, const clp_holding *wanted,
                                     clproc_error *error) {
    if (clp_worker_plan_bytes(self) > clp_worker_keeps(self)) {
        clp_recipes_release(self->picture.recipes, self->run->outputs.count);
    }
    clp_board_release(self->run->board, &self->held);
    return clp_board_hold(self->run->board, self->thread, &self->held, wanted, true, error);
}

static clproc_status answered(clp_board_answer answer, clp_outcome *outcome,
                              const clproc_error *error) {
    if (answer == CLP_BOARD_STOPPED) {
        *outcome = CLP_OUTCOME_STOPPED;
    }
    return answer == CLP_BOARD_REFUSED ? error->status : CLPROC_OK;
}

/** True if the device that is opening will probably decode the picture itself: a scan travels in
 * less time than its samples do. */
static bool awaits_codec(const clp_worker *self) {
    return clp_stations_expect_gpu(self->run->params->device) &&
           clp_worker_could_decode(self, clp_worker_recipe(self)->plan);
}

/** While no device is there, there is time to decode, if there is memory. */
static clproc_status decode_early(clp_worker *self, clproc_error *error) {
    clp_run *run = self->run;
    const clp_picture *picture = &self->picture;
    long long bytes =
        (long long)(clp_worker_recipe(self)->plan->input.bytes + clp_worker_small_bytes(self));
    clproc_status status = CLPROC_OK;
    clp_holding wanted = {.host = held_aside(self) + picture->decode_bytes + (uint64_t)bytes,
                          .station = CLP_NO_STATION};
    if (!clp_strategy_has(run->params, CLPROC_STRATEGY_OVERLAP) || self->early ||
        awaits_codec(self)) {
        return CLPROC_OK;
    }
    if (atomic_fetch_sub(&run->early_room, bytes) >= bytes &&
        clp_board_hold(run->board, self->thread, &self->held, &wanted, false, error) ==
            CLP_BOARD_GRANTED) {
        status = clp_worker_decode_aside(self, error);
    } else {
        atomic_fetch_add(&run->early_room, bytes);
    }
    return status;
}

/** Chooses a station for the picture, and a lane on it. */
static clproc_status find_lane(clp_worker *self, clp_outcome *outcome, clproc_error *error) {
    clp_run *run = self->run;
    uint32_t tried = self->picture.task.tried, station;
    clp_board_answer answer =
        clp_board_choose(run->board, self->thread, self->number, tried, false, &station);
    if (answer == CLP_BOARD_LATER) {
        clp_worker_leave_station(self, false);
        clproc_status status = decode_early(self, error);
        if (status != CLPROC_OK) {
            return status;
        }
        answer = clp_board_choose(run->board, self->thread, self->number, tried, true, &station);
    }
    if (answer == CLP_BOARD_REFUSED) {
        const char *cause = self->picture.task.cause;
        return clp_error_set(error, CLPROC_ERROR_DEVICE, "no device is left to compute it%s%s",
                             cause ? "; the first failed: " : "", cause ? cause : "");
    }
    if (answer != CLP_BOARD_GRANTED) {
        return answered(answer, outcome, error);
    }
    if (self->lane && self->held.station != station) {
        clp_worker_leave_station(self, false);
    }
    self->station = station;
    self->most_bytes = clp_board_memory(run->board, station);
    return CLPROC_OK;
}

/** Has the lane hold what other outputs will start from: samples, or as much as is found in the
 * scan. */
static void look_ahead(const clp_worker *self, clp_passage *passage) {
    const clp_layout *input = &clp_worker_recipe(self)->plan->input;
    for (uint32_t i = 0; i < self->run->outputs.count; i++) {
        const clp_branch *other = &self->picture.branches[i];
        const clp_plan *plan = self->picture.recipes[i].plan;
        if (other->open && other != self->branch) {
            bool same = clp_layout_begins_with(input, &plan->input);
            passage->keep |= same;
            passage->keep_scan |= !same && clp_worker_could_decode(self, plan);
        }
    }
}

static clp_passage make_passage(const clp_worker *self) {
    const clproc_run_params *params = self->run->params;
    clp_passage passage = {
        .in_rows = self->picture.in_rows,
        .resident = clp_worker_is_resident(self, clp_worker_recipe(self)),
        .stream = clp_strategy_has(params, CLPROC_STRATEGY_STREAM),
        .overlap = clp_strategy_has(params, CLPROC_STRATEGY_OVERLAP),
        .most_bytes = self->most_bytes,
        .number = clp_worker_image(self, self->picture.task.item),
        .cancel = params->cancel,
        .encode = clp_worker_encodes_on_device(self) ? &self->branch->output->tables : NULL,
    };
    look_ahead(self, &passage);
    return passage;
}

uint64_t clp_worker_least(const clp_worker *self) {
    const clp_passage passage = make_passage(self);
    return clp_device_least(clp_stations_device(self->run->stations, self->station),
                            clp_worker_recipe(self)->plan, &passage);
}

static clproc_status ensure_lane(clp_worker *self, bool empty, clproc_error *error) {
    clp_device *device = clp_stations_device(self->run->stations, self->station);
    return self->lane ? CLPROC_OK : clp_lane_take(&self->lane, device, empty, error);
}

/** Bytes of the host that the picture takes beside the lane, from its file to its output. */
static uint64_t need_aside(const clp_worker *self, const clp_passage *passage) {
    const clproc_run_params *params = &self->branch->output->params;
    const clp_picture *picture = &self->picture;
    const clp_plan *plan = clp_worker_recipe(self)->plan;
    bool verified = clp_worker_verifies(self);
    bool decoded = self->early || verified || !picture->in_rows;
    uint64_t decode = picture->decode_bytes + (passage->scan ? picture->file_bytes : 0);
    uint64_t encode =
        params->null_output
            ? 0
            : clp_codec_write_bytes(&plan->output, plan->target.format, params->progressive);
    uint64_t reference = verified ? clp_reference_bytes(plan) + plan->output.bytes : 0;
    encode = encode > reference ? encode : reference;
    size_t small = passage->scan ? self->small_bytes : clp_worker_small_bytes(self);
    /* A plan's tables are at the device, too. That of its conversion counts in full for each
     * picture, as any may be the one that brings it. */
    return picture->file_bytes + (decode > encode ? decode : encode) +
           (decoded ? plan->input.bytes : 0) + small + clp_worker_plan_bytes(self) +
           clp_plan_device_bytes(plan);
}

/** What the picture needs in all, and of it the lane. `empty`: who may wait wants no more. */
static clproc_status find_need(clp_worker *self, const clp_passage *passage, bool empty,
                               clp_need *need, clp_holding *wanted, clproc_error *error) {
    clproc_status status;
    CLP_TRY(status, out, ensure_lane(self, empty, error));
    CLP_TRY(status, out,
            clp_lane_need(self->lane, clp_worker_recipe(self)->plan, passage, need, error));
    *wanted = (clp_holding){.host = need->host + need_aside(self, passage),
                            .device = need->device,
                            .station = self->station};
out:
    return status;
}

/** Memory for the picture, if it is to be had now. */
static clproc_status hold(clp_worker *self, const clp_passage *passage, bool empty,
                          clp_board_answer *answer, clproc_error *error) {
    clp_need need;
    clp_holding wanted;
    clproc_status status = find_need(self, passage, empty, &need, &wanted, error);
    if (status == CLPROC_OK) {
        *answer =
            clp_board_hold(self->run->board, self->thread, &self->held, &wanted, false, error);
        self->lane_host = *answer == CLP_BOARD_GRANTED ? need.host : self->lane_host;
    }
    return status;
}

/** What making the picture's plans takes: the matrices that they are composed from are there as
 * well, or tables twice, and overlays as they are scaled. */
static uint64_t planning_bytes(const clp_worker *self) {
    const clp_recipe *recipes = self->picture.recipes;
    uint64_t bytes = 2 * clp_worker_plan_bytes(self);
    for (uint32_t i = 0; recipes && i < self->run->outputs.count; i++) {
        bytes += recipes[i].plan ? recipes[i].plan->planning_bytes : 0;
    }
    return bytes;
}

/** Memory for the picture, as soon as it is there. Plans that were given up are made again then. */
static clproc_status hold_later(clp_worker *self, const clp_passage *passage,
                                clp_board_answer *answer, clproc_error *error) {
    const uint64_t most = self->run->memory;
    clp_need need;
    clp_holding wanted;
    clproc_status status = find_need(self, passage, true, &need, &wanted, error);
    if (status != CLPROC_OK) {
        return status;
    }
    uint64_t made = self->picture.file_bytes + planning_bytes(self);
    made = made < most ? made : most;
    wanted.host = wanted.host > made ? wanted.host : made;
    *answer = await_memory(self, &wanted, error);
    if (*answer == CLP_BOARD_GRANTED) {
        self->lane_host = need.host;
        if (!clp_worker_recipe(self)->plan) {
            CLP_TRY(status, out, clp_worker_plan_again(self, error));
            /* The lane has prepared itself for the plan that is gone. */
            status = find_need(self, passage, false, &need, &wanted, error);
        }
    }
out:
    return status;
}

/** Memory for the picture. Where it is not to be had beside what the worker holds, that is given up
 * first, the file and large plans, too: who waits must hold nothing. What makes a picture quicker
 * is done without then. */
static clproc_status hold_memory(clp_worker *self, clp_passage *passage, clp_outcome *outcome,
                                 clproc_error *error) {
    clp_board_answer answer;
    clproc_status status = hold(self, passage, false, &answer, error);
    if (status == CLPROC_OK && (answer == CLP_BOARD_LATER || answer == CLP_BOARD_REFUSED)) {
        let_go(self);
        passage->resident = false;
        status = hold(self, passage, true, &answer, error);
    }
    if (status == CLPROC_OK && answer == CLP_BOARD_REFUSED && clp_worker_small_bytes(self) > 0) {
        self->picture.apart = true;
        status = hold(self, passage, true, &answer, error);
    }
    if (status == CLPROC_OK && answer == CLP_BOARD_REFUSED && passage->encode) {
        passage->encode = NULL; /* as samples the results need less */
        status = hold(self, passage, true, &answer, error);
    }
    if (status == CLPROC_OK && answer == CLP_BOARD_REFUSED && passage->keep) {
        passage->keep = false; /* decoded anew for each output, it need not be there as a whole */
        status = hold(self, passage, true, &answer, error);
    }
    if (status == CLPROC_OK && answer == CLP_BOARD_LATER) {
        status = hold_later(self, passage, &answer, error);
    }
    return status == CLPROC_OK ? answered(answer, outcome, error) : status;
}

clproc_status clp_worker_hold_host(clp_worker *self, uint64_t bytes, clp_outcome *outcome,
                                   clproc_error *error) {
    clp_board *board = self->run->board;
    clp_holding wanted = {.host = self->picture.file_bytes + bytes, .station = CLP_NO_STATION};
    clp_worker_leave_station(self, false);
    clp_board_answer answer =
        clp_board_hold(board, self->thread, &self->held, &wanted, false, error);
    if (answer == CLP_BOARD_LATER || answer == CLP_BOARD_REFUSED) {
        let_go(self);
        answer = await_memory(self, &wanted, error);
    }
    return answered(answer, outcome, error);
}

/** Through the lane in rows, decoded by libjpeg or libspng. */
static clproc_status compute_rows(clp_worker *self, clp_passage *passage, clp_outcome *outcome,
                                  clproc_error *error) {
    clproc_status status;
    CLP_TRY(status, out, hold_memory(self, passage, outcome, error));
    if (*outcome != CLP_OUTCOME_GOES_ON) {
        goto out;
    }
    CLP_TRY(
        status, out,
        clp_lane_begin(self->lane, clp_worker_recipe(self)->plan, passage, self->thread, error));
    if (!passage->resident) {
        CLP_TRY(status, out, clp_worker_fill(self, error));
    }
    CLP_TRY(status, out, clp_lane_compute(self->lane, error));
    status = clp_lane_await(self->lane, error);
out:
    return status;
}

/** Through the lane as a scan. `*done` false: libjpeg must decode it, and nothing has happened. */
static clproc_status compute_scan(clp_worker *self, clp_passage *passage, bool *done,
                                  clproc_error *error) {
    clp_run *run = self->run;
    clp_board_answer answer;
    clp_scan scan;
    clproc_status status;
    *done = false;
    CLP_TRY(status, out, ensure_lane(self, false, error));
    CLP_TRY(status, out, clp_worker_pack(self, &scan, done, error));
    if (!*done) {
        goto out;
    }
    passage->scan = &scan;
    self->picture.scanned = false;
    status = hold(self, passage, false, &answer, error);
    if (status == CLPROC_OK && answer != CLP_BOARD_GRANTED && passage->keep_scan) {
        passage->keep_scan = false;
        status = hold(self, passage, false, &answer, error);
    }
    if (status != CLPROC_OK || answer != CLP_BOARD_GRANTED) {
        /* What is odd about it, or how much memory there is, matters less to the other way. */
        *done = false;
        status = CLPROC_OK;
        goto out;
    }
    CLP_TRY(
        status, out,
        clp_lane_begin(self->lane, clp_worker_recipe(self)->plan, passage, self->thread, error));
    CLP_TRY(status, out, clp_lane_compute(self->lane, error));
    CLP_TRY(status, out, clp_lane_await(self->lane, error));
    *done = clp_lane_verdict(self->lane) == NULL;
    if (*done) {
        self->picture.scanned = passage->keep_scan;
        clp_prof_count(run->prof, CLP_COUNTER_DEVICE_DECODED, !scan.resident);
        clp_worker_tell_header(self);
    } else {
        clp_prof_count(run->prof, CLP_COUNTER_FALLBACKS, 1);
        clp_lane_end(self->lane);
    }
out:
    passage->scan = NULL;
    return status;
}

clproc_status clp_worker_compute(clp_worker *self, clp_outcome *outcome, clproc_error *error) {
    clp_run *run = self->run;
    bool done = false;
    clproc_status status;
    CLP_TRY(status, out, find_lane(self, outcome, error));
    if (*outcome != CLP_OUTCOME_GOES_ON) {
        goto out;
    }
    clp_passage passage = make_passage(self);
    clp_prof_batch(run->prof, passage.number, passage.number);
    if (!passage.resident && clp_worker_decodes_on_device(self)) {
        CLP_TRY(status, out, compute_scan(self, &passage, &done, error));
    }
    if (!done) {
        CLP_TRY(status, out, compute_rows(self, &passage, outcome, error));
    }
    if (*outcome == CLP_OUTCOME_GOES_ON) {
        clp_board_note(run->board, self->station, false);
    }
out:
    return status;
}
