/* A picture's way through a station: which one, memory for it, its rows there, its results. */
#include "batch/worker.h"

void clp_worker_leave_station(clp_worker *self, bool keep) {
    clp_lane_give(&self->lane, keep);
    clp_board_release(self->run->board, &self->held);
}

static clproc_status answered(clp_board_answer answer, clp_outcome *outcome,
                              const clproc_error *error) {
    if (answer == CLP_BOARD_STOPPED) {
        *outcome = CLP_OUTCOME_STOPPED;
    }
    return answer == CLP_BOARD_REFUSED ? error->status : CLPROC_OK;
}

/** While no device is there, there is time to decode. */
static clproc_status decode_early(clp_worker *self, clproc_error *error) {
    clp_run *run = self->run;
    long long bytes = (long long)self->picture.recipe.plan->input.bytes;
    clproc_status status = CLPROC_OK;
    if (!clp_strategy_has(run->params, CLPROC_STRATEGY_OVERLAP)) {
        return CLPROC_OK;
    }
    if (atomic_fetch_sub(&run->early_room, bytes) >= bytes) {
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
        return clp_error_set(error, CLPROC_ERROR_DEVICE, "no device is left to compute it");
    }
    if (answer != CLP_BOARD_GRANTED) {
        return answered(answer, outcome, error);
    }
    if (self->lane && self->held.station != station) {
        clp_worker_leave_station(self, true);
    }
    self->station = station;
    return CLPROC_OK;
}

static clp_passage make_passage(const clp_worker *self) {
    const clproc_run_params *params = self->run->params;
    return (clp_passage){
        .in_rows = self->picture.in_rows,
        .stream = clp_strategy_has(params, CLPROC_STRATEGY_STREAM),
        .overlap = clp_strategy_has(params, CLPROC_STRATEGY_OVERLAP),
        .most_bytes = clp_stations_memory(self->run->stations, self->station),
        .number = clp_worker_image(self, self->picture.task.item),
        .cancel = params->cancel,
        .encode = clp_worker_encodes_on_device(self) ? &self->tables : NULL,
    };
}

static clproc_status ensure_lane(clp_worker *self, bool empty, clproc_error *error) {
    clp_device *device = clp_stations_device(self->run->stations, self->station);
    return self->lane ? CLPROC_OK : clp_lane_take(&self->lane, device, empty, error);
}

static clproc_status hold(clp_worker *self, const clp_passage *passage, bool wait,
                          clp_board_answer *answer, clproc_error *error) {
    clp_need need;
    clproc_status status;
    /* Who may wait wants no more than the picture needs. */
    CLP_TRY(status, out, ensure_lane(self, wait, error));
    CLP_TRY(status, out,
            clp_lane_need(self->lane, self->picture.recipe.plan, passage, &need, error));
    clp_holding wanted = {.host = need.host, .device = need.device, .station = self->station};
    *answer = clp_board_hold(self->run->board, self->thread, &self->held, &wanted, wait, error);
out:
    return status;
}

/** Memory for the picture. Where it is not to be had beside what the lane holds, that is given up
 * first: who waits must hold nothing. */
static clproc_status hold_memory(clp_worker *self, clp_passage *passage, clp_outcome *outcome,
                                 clproc_error *error) {
    clp_board_answer answer;
    clproc_status status = hold(self, passage, false, &answer, error);
    if (status == CLPROC_OK && (answer == CLP_BOARD_LATER || answer == CLP_BOARD_REFUSED)) {
        clp_worker_leave_station(self, false);
        status = hold(self, passage, true, &answer, error);
    }
    if (status == CLPROC_OK && answer == CLP_BOARD_REFUSED && passage->encode) {
        passage->encode = NULL; /* as samples the results need less */
        status = hold(self, passage, true, &answer, error);
    }
    return status == CLPROC_OK ? answered(answer, outcome, error) : status;
}

/** Through the lane in rows, decoded by libjpeg or libspng. */
static clproc_status compute_rows(clp_worker *self, clp_passage *passage, clp_outcome *outcome,
                                  clproc_error *error) {
    clproc_status status;
    CLP_TRY(status, out, hold_memory(self, passage, outcome, error));
    if (*outcome != CLP_OUTCOME_GOES_ON) {
        goto out;
    }
    CLP_TRY(status, out,
            clp_lane_begin(self->lane, self->picture.recipe.plan, passage, self->thread, error));
    CLP_TRY(status, out, clp_worker_fill(self, error));
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
    status = hold(self, passage, false, &answer, error);
    if (status != CLPROC_OK || answer != CLP_BOARD_GRANTED) {
        /* What is odd about it, or how much memory there is, matters less to the other way. */
        *done = false;
        status = CLPROC_OK;
        goto out;
    }
    CLP_TRY(status, out,
            clp_lane_begin(self->lane, self->picture.recipe.plan, passage, self->thread, error));
    CLP_TRY(status, out, clp_lane_compute(self->lane, error));
    CLP_TRY(status, out, clp_lane_await(self->lane, error));
    *done = clp_lane_verdict(self->lane) == NULL;
    clp_prof_count(run->prof, *done ? CLP_COUNTER_DEVICE_DECODED : CLP_COUNTER_FALLBACKS, 1);
    if (*done) {
        clp_worker_tell_header(self);
    } else {
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
    if (clp_worker_decodes_on_device(self)) {
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
