#include "batch/stations.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "batch/strategy.h"
#include "codec/jpeg_scan_trial.h"
#include "core/memory.h"

struct clp_stations {
    clp_stations_params params;
    clp_opened *opened;
    uint64_t memory[CLP_MAX_STATIONS];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ended;     /**< no wish will come any more */
    clp_plan *wish; /**< to make ready; one reference */
};

uint32_t clp_stations_expected(const char *selection) {
    bool several = selection && (strchr(selection, ',') || strcmp(selection, "all") == 0);
    return several ? CLP_MAX_STATIONS : 1;
}

/* ----------------------------------------------------------------- opening */

/** What pictures under way may hold of a device. */
static uint64_t choose_memory(const clproc_run_params *params, const clproc_device_info *info) {
    uint64_t own = info->unified_memory ? 0 : info->global_memory / 4 * 3;
    return params->device_memory ? params->device_memory : own ? own : UINT64_MAX;
}

static clproc_status open_devices(clp_stations *self, clproc_error *error) {
    clp_opened *opened = self->opened;
    clp_device_params params = self->params.device;
    params.selection = self->params.run->device;
    if (opened->count > 0) {
        return CLPROC_OK;
    }
    clproc_status status = clp_devices_open(&opened->devices, &opened->count, &params, error);
    if (status == CLPROC_OK && clp_device_notice(opened->devices[0])[0]) {
        clp_events_notice(self->params.events, clp_device_notice(opened->devices[0]));
    }
    return status;
}

/** Lets devices decode and encode JPEGs that make the same bytes as libjpeg: those that wait for it
 * with their first picture, or the others. */
static void open_codecs(clp_stations *self, bool awaited, clp_prof_thread *thread) {
    clp_jpeg_trial trials[CLP_JPEG_TRIALS] = {0};
    clproc_error error;
    bool made = false, wanted = clp_strategy_has(self->params.run, CLPROC_STRATEGY_DEVICE_CODEC);
    for (size_t i = 0; wanted && i < self->opened->count; i++) {
        clp_device *device = self->opened->devices[i];
        if (!clp_device_wants_codec(device) || clp_device_has_codec(device) ||
            clp_device_awaits_codec(device) != awaited) {
            continue;
        }
        made = made || clp_jpeg_trials_make(trials, &error) == CLPROC_OK;
        if (!made || clp_device_check_codec(device, trials, thread, &error) != CLPROC_OK ||
            !clp_device_has_codec(device)) {
            char message[256];
            snprintf(message, sizeof message,
                     "%.100s does not decode JPEGs as libjpeg does, so the processor does it",
                     clp_device_info(device)->name);
            clp_events_notice(self->params.events, message);
        }
    }
    clp_jpeg_trials_free(trials);
}

static clproc_status open_stations(clp_stations *self, clp_prof_thread *thread,
                                   clproc_error *error) {
    clp_board *board = self->params.board;
    clp_opened *opened = self->opened;
    clproc_status status;
    CLP_TRY(status, out, open_devices(self, error));
    CLP_TRY(status, out, self->params.on_open(self->params.user, error));
    open_codecs(self, true, thread);
    for (uint32_t i = 0; i < opened->count && i < CLP_MAX_STATIONS; i++) {
        self->memory[i] = choose_memory(self->params.run, clp_device_info(opened->devices[i]));
        clp_board_open(board, i, self->memory[i], 0);
    }
    /* Fewer came than might have. */
    clproc_error absent;
    clp_error_set(&absent, CLPROC_ERROR_NO_DEVICE, "there is no such device");
    for (uint32_t i = (uint32_t)opened->count; i < clp_stations_expected(self->params.run->device);
         i++) {
        clp_board_lose(board, i, &absent);
    }
out:
    return status;
}

/* ------------------------------------------------------------------- wishes */

/** Waits for a wish; false if none will come. */
static bool await_wish(clp_stations *self, clp_plan **plan) {
    pthread_mutex_lock(&self->lock);
    while (!self->wish && !self->ended) {
        pthread_cond_wait(&self->changed, &self->lock);
    }
    bool wanted = !self->ended;
    if (wanted && plan) {
        *plan = self->wish;
        self->wish = NULL;
    }
    pthread_mutex_unlock(&self->lock);
    return wanted;
}

/** A wish that is there already. */
static bool take_wish(clp_stations *self, clp_plan **plan) {
    pthread_mutex_lock(&self->lock);
    *plan = self->wish;
    self->wish = NULL;
    pthread_mutex_unlock(&self->lock);
    return *plan != NULL;
}

void clp_stations_want(clp_stations *self, clp_plan *plan) {
    pthread_mutex_lock(&self->lock);
    /* One wish at a time: a picture builds what it lacks. */
    if (!self->wish && !self->ended) {
        self->wish = clp_plan_retain(plan);
    }
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static void make_ready(clp_stations *self, clp_plan *plan, clp_prof_thread *thread) {
    for (size_t i = 0; i < self->opened->count; i++) {
        clproc_error error;
        /* A failure shows again, with the pictures it concerns. */
        (void)clp_device_prepare(self->opened->devices[i], plan, thread, &error);
    }
    clp_plan_release(&plan);
}

static void *run(void *argument) {
    clp_stations *self = argument;
    clp_prof_thread *thread = clp_prof_thread_enter(self->params.device.prof, "device");
    clproc_error error;
    clp_plan *plan;
    if (!self->params.eager && !await_wish(self, NULL)) {
        goto out;
    }
    if (open_stations(self, thread, &error) != CLPROC_OK) {
        clp_board_stop(self->params.board, &error);
        goto out;
    }
    if (take_wish(self, &plan)) {
        make_ready(self, plan, thread);
    }
    open_codecs(self, false, thread);
    while (await_wish(self, &plan)) {
        make_ready(self, plan, thread);
    }
out:
    clp_prof_thread_leave(thread);
    return NULL;
}

/* ---------------------------------------------------------------- the whole */

clproc_status clp_stations_create(clp_stations **stations, const clp_stations_params *params,
                                  clp_opened *opened, clproc_error *error) {
    clp_stations *made = clp_memory_zero(CLP_MEMORY_BATCH, 1, sizeof *made);
    *stations = NULL;
    if (!made) {
        return clp_error_memory(error, "the devices", sizeof *made);
    }
    made->params = *params;
    made->opened = opened;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->changed, NULL);
    int code = pthread_create(&made->thread, NULL, run, made);
    if (code != 0) {
        pthread_cond_destroy(&made->changed);
        pthread_mutex_destroy(&made->lock);
        clp_memory_free(made);
        return clp_error_set(error, CLPROC_ERROR_MEMORY,
                             "the device's thread cannot be started: %s; end other programs or "
                             "raise `ulimit -u`",
                             strerror(code));
    }
    *stations = made;
    return CLPROC_OK;
}

void clp_stations_destroy(clp_stations **stations) {
    clp_stations *s = *stations;
    if (!s) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    s->ended = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    clp_plan_release(&s->wish);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    clp_memory_free(s);
    *stations = NULL;
}

clp_device *clp_stations_device(const clp_stations *stations, uint32_t station) {
    return stations->opened->devices[station];
}

uint64_t clp_stations_memory(const clp_stations *stations, uint32_t station) {
    return stations->memory[station];
}

void clp_stations_lose(clp_stations *stations, uint32_t station, const clproc_error *error) {
    char message[256];
    clproc_error kept = *error;
    snprintf(message, sizeof message, "%.100s fails again and again and is left out: %.100s",
             clp_device_info(clp_stations_device(stations, station))->name, error->message);
    clp_events_notice(stations->params.events, message);
    clp_board_lose(stations->params.board, station, &kept);
}
