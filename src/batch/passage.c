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
    clp_holding held = {.station = CLP_NO_STATION};
    clp_holding wanted = {.host = self->picture.recipe.plan->input.bytes,
                          .station = CLP_NO_STATION};
    clproc_error refused;
    if (!clp_strategy_has(run->params, CLPROC_STRATEGY_OVERLAP) ||
        clp_board_hold(run->board, self->thread, &held, &wanted, false, &refused) !=
            CLP_BOARD_GRANTED) {
        return CLPROC_OK;
    }
    clproc_status status = clp_worker_decode_aside(self, error);
    /* What the lane takes for it is accounted for next; the two are there at once for a moment. */
    clp_board_release(run->board, &held);
    return status;
}

/** Chooses a station for the picture, and a lane on it. */
static clproc_status find_lane(clp_worker *self, clp_outcome *outcome, clproc_error *error) {
    clp_run *run = self->run;
    uint32_t tried = self->picture.task.tried, station;
    clp_board_answer answer =
        clp_board_choose(run->board, self->thread, self->number, tried, false, &station);
    if (answer == CLP_BOARD_LATER) {
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
    };
}

static clp_holding need_of(const clp_worker *self, const clp_passage *passage) {
    clp_need need = clp_lane_need(clp_stations_device(self->run->stations, self->station),
                                  self->lane, self->picture.recipe.plan, passage);
    return (clp_holding){.host = need.host, .device = need.device, .station = self->station};
}

/** Memory for the picture. Where it is not to be had beside what the lane holds, that is given up
 * first: who waits must hold nothing. */
static clproc_status hold_memory(clp_worker *self, const clp_passage *passage, clp_outcome *outcome,
                                 clproc_error *error) {
    clp_board *board = self->run->board;
    clp_holding wanted = need_of(self, passage);
    clp_board_answer answer =
        clp_board_hold(board, self->thread, &self->held, &wanted, false, error);
    if (answer == CLP_BOARD_LATER || answer == CLP_BOARD_REFUSED) {
        clp_worker_leave_station(self, false);
        wanted = need_of(self, passage);
        answer = clp_board_hold(board, self->thread, &self->held, &wanted, true, error);
    }
    return answered(answer, outcome, error);
}

clproc_status clp_worker_compute(clp_worker *self, clp_outcome *outcome, clproc_error *error) {
    clp_run *run = self->run;
    clproc_status status;
    CLP_TRY(status, out, find_lane(self, outcome, error));
    if (*outcome != CLP_OUTCOME_GOES_ON) {
        goto out;
    }
    clp_passage passage = make_passage(self);
    CLP_TRY(status, out, hold_memory(self, &passage, outcome, error));
    if (*outcome != CLP_OUTCOME_GOES_ON) {
        goto out;
    }
    if (!self->lane) {
        CLP_TRY(
            status, out,
            clp_lane_take(&self->lane, clp_stations_device(run->stations, self->station), error));
    }
    clp_prof_batch(run->prof, passage.number, passage.number);
    CLP_TRY(status, out,
            clp_lane_begin(self->lane, self->picture.recipe.plan, &passage, self->thread, error));
    CLP_TRY(status, out, clp_worker_fill(self, error));
    CLP_TRY(status, out, clp_lane_compute(self->lane, error));
    CLP_TRY(status, out, clp_lane_await(self->lane, error));
    clp_board_note(run->board, self->station, false);
out:
    return status;
}
