#include "batch/stations.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "batch/strategy.h"
#include "codec/jpeg_scan_trial.h"
#include "core/memory.h"

struct clp_stations {
    clp_stations_params params;
    clp_opened *opened;
    pthread_t id;
    clp_prof_thread *thread; /**< its own */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ended;     /**< no wish will come any more */
    bool opening;   /**< the thread may be in a driver that opens a device */
    bool left;      /**< it was, at the end: the run is gone, and all of this is the thread's */
    clp_plan *wish; /**< to make ready; one reference */
    bool scans;     /**< pictures are there that a device's JPEG codec might decode or encode */
    pthread_mutex_t trials_lock;
    clp_jpeg_trial trials[CLP_JPEG_TRIALS]; /**< for devices' codecs, once they are made */
    bool tried;
    clproc_status trials_status; /**< what came of that */
    clproc_error trials_error;
    bool takes_over; /**< the devices of an earlier run, with their codecs */
    char *selection;
};

uint32_t clp_stations_expected(const char *selection) {
    /* "auto" may begin on a CPU, until a GPU is there. */
    return clp_selection_is_several(selection) ? CLP_MAX_STATIONS
           : clp_selection_is_auto(selection)  ? 2
                                               : 1;
}

bool clp_stations_expect_gpu(const char *selection) {
    return selection && strcasecmp(selection, "gpu") == 0;
}

/* ----------------------------------------------------------------- opening */

/** What pictures under way may hold of a device. */
static uint64_t choose_memory(const clproc_run_params *params, const clproc_device_info *info) {
    uint64_t own = info->unified_memory ? 0 : info->global_memory / 4 * 3;
    return params->device_memory ? params->device_memory : own ? own : UINT64_MAX;
}

/** Makes the pictures that a device's codec is tried with, once; libjpeg takes some milliseconds.
 */
static clproc_status make_trials(clp_stations *self, clproc_error *error) {
    pthread_mutex_lock(&self->trials_lock);
    if (!self->tried) {
        self->trials_status = clp_jpeg_trials_make(self->trials, &self->trials_error);
        self->tried = true;
    }
    clproc_status status = self->trials_status;
    *error = self->trials_error;
    pthread_mutex_unlock(&self->trials_lock);
    return status;
}

/** Lets a device decode and encode JPEGs, if it makes the same bytes as libjpeg. */
static void open_codec(clp_stations *self, clp_device *device) {
    clproc_error error;
    char message[256];
    if (!clp_strategy_has(self->params.run, CLPROC_STRATEGY_DEVICE_CODEC) ||
        !clp_device_wants_codec(device) || clp_device_has_codec(device)) {
        return;
    }
    bool checked = make_trials(self, &error) == CLPROC_OK &&
                   clp_device_check_codec(device, self->trials, self->thread, &error) == CLPROC_OK;
    if (!clp_device_has_codec(device)) {
        snprintf(message, sizeof message, "the processor decodes JPEGs, not %.60s: %.150s",
                 clp_device_info(device)->name,
                 checked ? "its results are not those of libjpeg" : error.message);
        clp_events_notice(self->params.events, message);
    }
}

static void make_ready(clp_stations *self, clp_device *device, clp_plan *plan) {
    clproc_error error;
    /* A failure shows again, with the pictures it concerns. */
    (void)clp_device_prepare(device, plan, self->thread, &error);
}

/** What a device needs before pictures come to it. Its codec is worth the wait: what libjpeg
 * decodes or encodes meanwhile takes each core longer than building the codec takes, and larger
 * transfers. */
static void get_ready(clp_stations *self, clp_device *device) {
    pthread_mutex_lock(&self->lock);
    clp_plan *plan = self->scans && self->wish ? clp_plan_retain(self->wish) : NULL;
    bool scans = self->scans && clp_device_wants_codec(device);
    pthread_mutex_unlock(&self->lock);
    if (plan && scans) {
        make_ready(self, device, plan);
    }
    if (scans || clp_device_awaits_codec(device)) {
        open_codec(self, device);
    }
    clp_plan_release(&plan);
}

/** The board may give pictures to a station. */
static void announce(clp_stations *self, uint32_t number) {
    clp_device *device = self->opened->devices[number];
    get_ready(self, device);
    clp_board_open(self->params.board, number,
                   choose_memory(self->params.run, clp_device_info(device)),
                   self->opened->ranks[number]);
}

/** Fewer came than might have: the others are not waited for. `cause` may be NULL. */
static void lose_from(clp_stations *self, uint32_t first, const clproc_error *cause) {
    clproc_error absent;
    if (cause) {
        absent = *cause;
    } else {
        clp_error_set(&absent, CLPROC_ERROR_NO_DEVICE, "there is no such device");
    }
    for (uint32_t i = first; i < clp_stations_expected(self->params.run->device); i++) {
        clp_board_lose(self->params.board, i, &absent);
    }
}

/** Those first that need not wait for a codec. */
static void announce_all(clp_stations *self) {
    for (int slow = 0; slow < 2; slow++) {
        for (uint32_t i = 0; i < self->opened->count; i++) {
            bool wants = clp_device_wants_codec(self->opened->devices[i]);
            if (wants == (slow != 0)) {
                announce(self, i);
            }
        }
    }
}

/** Before a driver opens a device; false once the run has ended. */
static bool begin_opening(clp_stations *self) {
    pthread_mutex_lock(&self->lock);
    bool goes_on = !self->ended;
    self->opening = goes_on;
    pthread_mutex_unlock(&self->lock);
    return goes_on;
}

static bool is_left(clp_stations *self) {
    pthread_mutex_lock(&self->lock);
    bool left = self->left;
    pthread_mutex_unlock(&self->lock);
    return left;
}

/** After that; false where the run has not waited for it. */
static bool end_opening(clp_stations *self) {
    pthread_mutex_lock(&self->lock);
    self->opening = false;
    pthread_mutex_unlock(&self->lock);
    return !is_left(self);
}

static clproc_status say_ended(clproc_error *error) {
    return clp_error_set(error, CLPROC_ERROR_CANCELLED, "the run has ended");
}

/** A device is open: it becomes a station. */
static clproc_status add_station(clp_stations *self, clp_device *device, uint32_t rank,
                                 uint32_t count, clproc_error *error) {
    clp_opened *opened = self->opened;
    uint32_t number = (uint32_t)opened->count;
    clproc_status status = CLPROC_OK;
    if (number == CLP_MAX_STATIONS) {
        clp_device_close(&device);
        return CLPROC_OK;
    }
    opened->devices[number] = device;
    opened->ranks[number] = rank;
    opened->count++;
    if (clp_device_notice(device)[0]) {
        clp_events_notice(self->params.events, clp_device_notice(device));
    }
    if (number == 0) {
        lose_from(self, count, NULL);
        CLP_TRY(status, out, self->params.on_open(self->params.user, error));
    }
    /* Who has named several wants all of them to take part; else the first may begin. */
    if (clp_selection_is_auto(self->params.run->device)) {
        announce(self, number);
    }
out:
    return status;
}

static clproc_status on_opened(void *user, clp_device *device, uint32_t rank, uint32_t count,
                               clproc_error *error) {
    clp_stations *self = user;
    if (!end_opening(self)) {
        clp_device_close(&device);
        return say_ended(error);
    }
    clproc_status status = add_station(self, device, rank, count, error);
    return status == CLPROC_OK && !begin_opening(self) ? say_ended(error) : status;
}

/** What a selection means to this run: which drivers, where nothing else is wanted in this process.
 * To find out whether its driver can be loaded is to load it, which takes some time. */
static void choose_drivers(const clp_stations *self, clp_device_params *device) {
    const char *asked = self->selection;
    bool sole = self->params.run->only_run;
    device->selection = asked;
    device->drivers = !sole || !asked                  ? CLP_DRIVERS_ALL
                      : strcasecmp(asked, "cpu") == 0  ? CLP_DRIVERS_CPU
                      : clp_stations_expect_gpu(asked) ? CLP_DRIVERS_GPU
                                                       : CLP_DRIVERS_ALL;
    if (sole && clp_selection_is_auto(self->params.run->device) && self->params.is_small &&
        clp_devices_cpu_suffices()) {
        device->selection = "cpu";
        device->drivers = CLP_DRIVERS_CPU;
    }
}

static clproc_status open_devices(clp_stations *self, clproc_error *error) {
    clp_opened *opened = self->opened;
    char problem[256] = "", message[320];
    clproc_status status;
    if (opened->count > 0) {
        CLP_TRY(status, out, self->params.on_open(self->params.user, error));
        announce_all(self);
        goto out;
    }
    status = begin_opening(self)
                 ? clp_devices_open(&self->params.device, on_opened, self, problem, error)
                 : say_ended(error);
    if (!end_opening(self) || status != CLPROC_OK) {
        return status;
    }
    if (!clp_selection_is_auto(self->params.run->device)) {
        announce_all(self);
    }
    if (problem[0]) {
        snprintf(message, sizeof message, "goes on without a device: %s", problem);
        clp_events_notice(self->params.events, message);
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

/** A wish that is there already; none once workers have ended. */
static bool take_wish(clp_stations *self, clp_plan **plan) {
    *plan = NULL;
    pthread_mutex_lock(&self->lock);
    if (!self->ended) {
        *plan = self->wish;
        self->wish = NULL;
    }
    pthread_mutex_unlock(&self->lock);
    return *plan != NULL;
}

static bool has_ended(clp_stations *self) {
    pthread_mutex_lock(&self->lock);
    bool ended = self->ended;
    pthread_mutex_unlock(&self->lock);
    return ended;
}

void clp_stations_want(clp_stations *self, clp_plan *plan, bool scans) {
    pthread_mutex_lock(&self->lock);
    self->scans |= scans;
    /* One wish at a time: a picture builds what it lacks. */
    if (!self->wish && !self->ended) {
        self->wish = clp_plan_retain(plan);
    }
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
    /* While the driver starts the worker would only wait for it. */
    if (scans && !self->takes_over && clp_stations_expect_gpu(self->params.run->device)) {
        clproc_error error;
        (void)make_trials(self, &error);
    }
}

static void make_all_ready(clp_stations *self, clp_plan *plan) {
    for (size_t i = 0; i < self->opened->count; i++) {
        make_ready(self, self->opened->devices[i], plan);
    }
    clp_plan_release(&plan);
}

static void serve(clp_stations *self) {
    clp_plan *plan;
    if (take_wish(self, &plan)) {
        make_all_ready(self, plan);
    }
    for (size_t i = 0; i < self->opened->count && !has_ended(self); i++) {
        open_codec(self, self->opened->devices[i]);
    }
    while (await_wish(self, &plan)) {
        make_all_ready(self, plan);
    }
}

static void free_stations(clp_stations *self) {
    clp_plan_release(&self->wish);
    clp_jpeg_trials_free(self->trials);
    pthread_mutex_destroy(&self->trials_lock);
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->lock);
    clp_memory_free(self->selection);
    clp_memory_free(self);
}

static void *run(void *argument) {
    clp_stations *self = argument;
    clproc_error error;
    self->thread = clp_prof_thread_enter(self->params.device.prof, "device");
    if (self->params.eager || await_wish(self, NULL)) {
        choose_drivers(self, &self->params.device);
        clproc_status status = open_devices(self, &error);
        if (is_left(self)) {
            free_stations(self);
            return NULL;
        }
        if (status == CLPROC_OK) {
            lose_from(self, (uint32_t)self->opened->count, NULL);
            serve(self);
        } else if (!has_ended(self)) {
            /* A run none of whose files needs a device ends as these do. */
            lose_from(self, 0, &error);
        }
    }
    clp_prof_thread_leave(self->thread);
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
    made->takes_over = opened->count > 0;
    if (params->run->device) {
        made->selection = clp_memory_string(CLP_MEMORY_BATCH, params->run->device);
        if (!made->selection) {
            clp_memory_free(made);
            return clp_error_memory(error, "the devices", strlen(params->run->device));
        }
    }
    pthread_mutex_init(&made->lock, NULL);
    pthread_mutex_init(&made->trials_lock, NULL);
    pthread_cond_init(&made->changed, NULL);
    if (opened->count == 0) {
        made->params.device.selection = made->selection;
        clp_devices_prepare(&made->params.device);
    }
    int code = pthread_create(&made->id, NULL, run, made);
    if (code != 0) {
        free_stations(made);
        return clp_error_set(error, CLPROC_ERROR_MEMORY,
                             "the device's thread cannot be started: %s; end other programs or "
                             "raise `ulimit -u`",
                             strerror(code));
    }
    *stations = made;
    return CLPROC_OK;
}

bool clp_stations_destroy(clp_stations **stations) {
    clp_stations *s = *stations;
    *stations = NULL;
    if (!s) {
        return false;
    }
    pthread_t id = s->id;
    pthread_mutex_lock(&s->lock);
    s->ended = true;
    /* A device knows its recorder. */
    bool left = s->opening && s->params.run->leave_drivers && !s->params.device.prof;
    s->left = left;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (left) {
        pthread_detach(id);
        return true;
    }
    pthread_join(id, NULL);
    free_stations(s);
    return false;
}

clp_device *clp_stations_device(const clp_stations *stations, uint32_t station) {
    return stations->opened->devices[station];
}

bool clp_stations_shrink(clp_stations *stations, const clp_holding *held, uint64_t least,
                         uint64_t seen) {
    clp_board *board = stations->params.board;
    uint32_t station = held->station;
    char message[256];
    if (clp_board_shrink(board, held, least, seen)) {
        snprintf(
            message, sizeof message,
            "%.100s has less memory to give than it says; pictures under way hold no more than "
            "%" PRIu64 " MB of it from now on",
            clp_device_info(clp_stations_device(stations, station))->name,
            clp_board_memory(board, station) / 1000000);
        clp_events_notice(stations->params.events, message);
    }
    return clp_board_memory(board, station) < seen;
}

void clp_stations_lose(clp_stations *stations, uint32_t station, const clproc_error *error) {
    char message[256];
    clproc_error kept = *error;
    snprintf(message, sizeof message, "%.100s fails again and again and is left out: %.100s",
             clp_device_info(clp_stations_device(stations, station))->name, error->message);
    clp_events_notice(stations->params.events, message);
    clp_board_lose(stations->params.board, station, &kept);
}
