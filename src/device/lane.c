/** A thread's way through a device: its queue, and memory for one picture at a time. */
#include <string.h>

#include "core/memory.h"
#include "device/lane.h"

/* ------------------------------------------------------------------- lanes */

/** A share of the ring that no lane has; UINT32_MAX if there is none. */
static uint32_t take_share(clp_device *device) {
    for (uint32_t i = 0; i < device->ring_lanes; i++) {
        if (!device->ring_taken[i]) {
            device->ring_taken[i] = true;
            return i;
        }
    }
    return UINT32_MAX;
}

void clp_lane_take_turn(clp_lane *lane) {
    if (lane->device->one_at_a_time && !lane->has_turn) {
        pthread_mutex_lock(&lane->device->turn);
        lane->has_turn = true;
    }
}

void clp_lane_end_turn(clp_lane *lane) {
    if (lane->has_turn) {
        lane->has_turn = false;
        pthread_mutex_unlock(&lane->device->turn);
    }
}

static void free_stores(clp_lane *lane) {
    clp_device *device = lane->device;
    const struct {
        clp_store *store;
        clp_held what;
    } all[] = {{&lane->input, CLP_HELD_INPUT},     {&lane->scratch, CLP_HELD_SCRATCH},
               {&lane->results, CLP_HELD_RESULTS}, {&lane->copies[0], CLP_HELD_INPUT},
               {&lane->copies[1], CLP_HELD_INPUT}, {&lane->copies[2], CLP_HELD_INPUT},
               {&lane->package, CLP_HELD_INPUT},   {&lane->work, CLP_HELD_SCRATCH},
               {&lane->blocks, CLP_HELD_SCRATCH}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        clp_device_note_memory(device, all[i].what, all[i].store->capacity, 0);
        clp_store_free(all[i].store);
    }
    clp_memory_free(lane->host);
    lane->host = NULL;
    lane->host_size = 0;
}

static void destroy(clp_lane **lane) {
    clp_lane *l = *lane;
    clp_device *device = l->device;
    clp_lane_end(l);
    clp_lane_take_turn(l);
    for (uint32_t i = 0; i < CLP_BAND_WINDOWS; i++) {
        clp_arena_free(l, &l->windows[i], CLP_HELD_INPUT);
    }
    clp_arena_free(l, &l->output, CLP_HELD_RESULTS);
    free_stores(l);
    clp_lane_free_codec(l);
    while (l->kernel_count > 0) {
        clReleaseKernel(l->kernels[--l->kernel_count].kernel);
    }
    clp_queue_close(&l->queue);
    clp_lane_end_turn(l);
    pthread_mutex_lock(&device->lock);
    if (l->ring_index != UINT32_MAX) {
        device->ring_taken[l->ring_index] = false;
    }
    pthread_mutex_unlock(&device->lock);
    sem_destroy(&l->finished);
    clp_memory_free(l->launches);
    clp_memory_free(l);
    *lane = NULL;
}

static clproc_status create(clp_lane **lane, clp_device *device, clproc_error *error) {
    clp_lane *made = clp_memory_zero(CLP_MEMORY_BATCH, 1, sizeof *made);
    if (!made) {
        return clp_error_memory(error, "a picture under way", sizeof *made);
    }
    made->device = device;
    sem_init(&made->finished, 0, 0);
    pthread_mutex_lock(&device->lock);
    made->ring_index = take_share(device);
    pthread_mutex_unlock(&device->lock);
    clproc_status status =
        device->reference ? CLPROC_OK : clp_device_queue(device, &made->queue, error);
    if (status != CLPROC_OK) {
        destroy(&made);
    }
    *lane = made;
    return status;
}

clproc_status clp_lane_take(clp_lane **lane, clp_device *device, bool empty, clproc_error *error) {
    pthread_mutex_lock(&device->lock);
    *lane = device->idle_count > 0 ? device->idle[--device->idle_count] : NULL;
    pthread_mutex_unlock(&device->lock);
    if (*lane && empty) {
        destroy(lane);
    }
    return *lane ? CLPROC_OK : create(lane, device, error);
}

void clp_lane_give(clp_lane **lane, bool keep) {
    clp_lane *l = *lane;
    if (!l) {
        return;
    }
    clp_lane_end(l);
    pthread_mutex_lock(&l->device->lock);
    bool kept = keep && l->device->idle_count < CLP_MAX_LANES;
    if (kept) {
        l->device->idle[l->device->idle_count++] = l;
    }
    pthread_mutex_unlock(&l->device->lock);
    if (!kept) {
        destroy(&l);
    }
    *lane = NULL;
}

void clp_device_free_lanes(clp_device *device) {
    while (device->idle_count > 0) {
        destroy(&device->idle[--device->idle_count]);
    }
}

/* ------------------------------------------------------------------ memory */

bool clp_device_takes_whole(const clp_device *device, const clp_plan *plan) {
    uint64_t most = device->info.max_allocation;
    return most == 0 || (plan->input.bytes <= most && plan->scratch_bytes <= most);
}

static clp_way choose_way(const clp_device *device, const clp_plan *plan,
                          const clp_passage *passage) {
    if (passage->resident || passage->scan) {
        return passage->resident ? CLP_WAY_RESIDENT : CLP_WAY_SCAN;
    }
    bool can = plan->bands.count > 0 && !device->reference;
    if (device->unified) {
        /* Of what is there as a whole, for further outputs or as decoders leave it, bands are made,
         * too. */
        bool whole = passage->keep || !passage->in_rows;
        return !can || !passage->stream ? CLP_WAY_WHOLE : whole ? CLP_WAY_KEPT : CLP_WAY_BANDS;
    }
    /* A picture that has room is computed as a whole: launches are worth more there than memory. */
    uint64_t whole = (uint64_t)plan->input.bytes + plan->scratch_bytes + plan->output.bytes;
    bool fits = (!passage->most_bytes || whole <= passage->most_bytes) &&
                clp_device_takes_whole(device, plan);
    return can && passage->in_rows && !fits ? CLP_WAY_BANDS : CLP_WAY_SLICES;
}

static uint64_t larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

/** Pinned memory of the lane's own for windows: what it has, and what it takes where the ring's
 * parts are too small. */
static uint64_t pinned_bytes(const clp_device *device, const clp_lane *l, uint64_t window) {
    bool own = l->ring_index == UINT32_MAX || window > device->ring_part;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < CLP_BAND_WINDOWS; i++) {
        bytes += larger(l->windows[i].buffer ? l->windows[i].capacity : 0, own ? window : 0);
    }
    return bytes;
}

/** What a picture takes that goes this way; of each store at least what the lane has, or nothing
 * without a lane. */
static clp_need need_of(const clp_device *device, const clp_lane *l, const clp_plan *plan,
                        clp_way way) {
    static const clp_lane empty = {.ring_index = UINT32_MAX};
    bool banded = way == CLP_WAY_BANDS;
    size_t window = banded ? plan->bands.window.bytes : 0;
    size_t whole = banded ? 0 : plan->input.bytes;
    size_t scratch = device->reference                      ? 0
                     : clp_way_has_bands(device, plan, way) ? plan->bands.scratch_bytes
                                                            : plan->scratch_bytes;
    l = l ? l : &empty;
    clp_need need = {.device = larger(l->scratch.capacity, scratch)};
    for (uint32_t i = 0; i < CLP_BAND_WINDOWS; i++) {
        size_t held = device->unified ? l->windows[i].capacity : l->copies[i].capacity;
        need.device += larger(held, i == 0 && device->unified ? larger(window, whole) : window);
    }
    if (device->unified) {
        need.device += larger(l->output.capacity, plan->output.bytes);
        need.host = need.device;
    } else {
        need.device +=
            larger(l->input.capacity, whole) + larger(l->results.capacity, plan->output.bytes);
        uint64_t staged =
            way == CLP_WAY_SLICES ? clp_bands_slice_bytes(&plan->input, device->ring_part) : window;
        need.host = larger(l->host_size, plan->output.bytes) + pinned_bytes(device, l, staged);
    }
    return need;
}

uint64_t clp_device_least(const clp_device *device, const clp_plan *plan,
                          const clp_passage *passage) {
    const clp_passage least = {
        .in_rows = passage->in_rows, .stream = passage->stream, .most_bytes = 1};
    return need_of(device, NULL, plan, choose_way(device, plan, &least)).device;
}

clproc_status clp_lane_need(clp_lane *l, const clp_plan *plan, const clp_passage *passage,
                            clp_need *needed, clproc_error *error) {
    const clp_device *device = l->device;
    *needed = need_of(device, l, plan, choose_way(device, plan, passage));
    clproc_status status = clp_lane_plan_codec(l, plan, passage, &needed->device, error);
    if (device->unified) {
        needed->host = needed->device;
    }
    needed->host += device->reference ? clp_reference_bytes(plan) : 0;
    return status;
}

clproc_status clp_lane_grow_store(clp_lane *lane, clp_store *store, size_t size, clp_held what,
                                  clproc_error *error) {
    size_t before = store->capacity;
    clproc_status status = clp_store_grow(lane->device, store, size, "a picture", error);
    clp_device_note_memory(lane->device, what, before, store->capacity);
    return status;
}

/** A part of the lane's share of the ring, or memory of its own where that is too small. */
static clproc_status take_part(clp_lane *lane, clp_arena *arena, uint32_t part, size_t bytes,
                               clproc_error *error) {
    const clp_device *device = lane->device;
    if (arena->host && arena->capacity >= bytes) {
        return CLPROC_OK;
    }
    if (lane->ring_index == UINT32_MAX || bytes > device->ring_part) {
        return clp_arena_pin(lane, arena, bytes, error);
    }
    clp_arena_free(lane, arena, CLP_HELD_INPUT);
    size_t index = (size_t)lane->ring_index * CLP_RING_PARTS + part;
    *arena = (clp_arena){.capacity = device->ring_part,
                         .host = device->ring_host + index * device->ring_part};
    return CLPROC_OK;
}

/** Memory for the picture's rows. */
static clproc_status take_windows(clp_lane *lane, clproc_error *error) {
    const clp_schedule *s = lane->schedule;
    const clp_device *device = lane->device;
    size_t bytes = s->portions->window.bytes;
    uint32_t count = s->portions->count < CLP_BAND_WINDOWS ? s->portions->count : CLP_BAND_WINDOWS;
    clproc_status status = CLPROC_OK;
    for (uint32_t i = 0; i < count; i++) {
        if (device->unified) {
            CLP_TRY(status, out,
                    clp_arena_grow(lane, &lane->windows[i], bytes, CLP_HELD_INPUT, error));
            continue;
        }
        if (s->way == CLP_WAY_SCAN || s->way == CLP_WAY_RESIDENT) {
            continue; /* no rows come; the staging of scans lies there */
        }
        CLP_TRY(status, out, take_part(lane, &lane->windows[i], i, bytes, error));
        if (s->way == CLP_WAY_BANDS) {
            CLP_TRY(status, out,
                    clp_lane_grow_store(lane, &lane->copies[i], bytes, CLP_HELD_INPUT, error));
        }
    }
    if (!device->unified && s->way != CLP_WAY_BANDS) {
        status =
            clp_lane_grow_store(lane, &lane->input, s->plan->input.bytes, CLP_HELD_INPUT, error);
    }
out:
    return status;
}

static clproc_status take_memory(clp_lane *lane, clproc_error *error) {
    const clp_schedule *s = lane->schedule;
    const clp_device *device = lane->device;
    size_t results = s->plan->output.bytes;
    clproc_status status;
    CLP_TRY(status, out, take_windows(lane, error));
    if (device->unified) {
        CLP_TRY(status, out, clp_arena_grow(lane, &lane->output, results, CLP_HELD_RESULTS, error));
    } else {
        size_t part = device->ring_part ? device->ring_part : results;
        CLP_TRY(status, out,
                take_part(lane, &lane->output, CLP_RING_PARTS - 1, part < results ? part : results,
                          error));
        CLP_TRY(status, out,
                clp_lane_grow_store(lane, &lane->results, results, CLP_HELD_RESULTS, error));
    }
    if (!device->reference && s->scratch > 0) {
        CLP_TRY(status, out,
                clp_lane_grow_store(lane, &lane->scratch, s->scratch, CLP_HELD_SCRATCH, error));
    }
    status = clp_lane_grow_codec(lane, error);
out:
    return status;
}

/* ----------------------------------------------------------------- pictures */

clproc_status clp_lane_begin(clp_lane *lane, clp_plan *plan, const clp_passage *passage,
                             clp_prof_thread *thread, clproc_error *error) {
    clproc_status status;
    clp_lane_take_turn(lane);
    lane->number = passage->number;
    lane->thread = thread;
    lane->overlap = passage->overlap;
    lane->cancel = passage->cancel;
    lane->portion = 0;
    memset(lane->rows, 0, sizeof lane->rows);
    if (passage->resident && !lane->holds_input) {
        status = clp_error_set(error, CLPROC_ERROR_INTERNAL, "a picture's samples are gone");
        goto out;
    }
    lane->holds_input = false;
    CLP_TRY(status, out,
            clp_schedule_get(lane->device, plan, choose_way(lane->device, plan, passage),
                             &lane->schedule, error));
    status = take_memory(lane, error);
out:
    if (status != CLPROC_OK) {
        clp_lane_end(lane);
    }
    return status;
}

bool clp_lane_holds_input(const clp_lane *lane) {
    return lane->holds_input;
}

void clp_lane_give_up(clp_lane *lane) {
    if (lane->queue) {
        clp_queue_drain(lane->queue);
    }
}

/** Brings shared memory back into the host's reach for the next picture. */
static void take_back(clp_lane *lane, clp_arena *arena, clp_held what) {
    cl_event mapped = NULL;
    clproc_error error;
    if (!arena->buffer || arena->host) {
        return;
    }
    clproc_status status = clp_arena_map(lane, arena, CL_MAP_READ | CL_MAP_WRITE, &mapped, &error);
    if (status == CLPROC_OK) {
        status = clp_event_wait(lane->device, mapped, &error);
    }
    clp_event_release(&mapped);
    if (status != CLPROC_OK) {
        /* It is of no more use; the next picture takes memory anew, and says what fails. */
        lane->holds_input = false;
        clp_arena_free(lane, arena, what);
    }
}

void clp_lane_end(clp_lane *lane) {
    clp_device *device = lane->device;
    if (!lane->schedule) {
        clp_lane_end_turn(lane);
        return;
    }
    if (lane->posted) {
        (void)clp_submitter_await(lane, NULL);
    }
    if (!lane->awaited) {
        clp_lane_give_up(lane);
    }
    for (uint32_t i = 0; i < CLP_BAND_WINDOWS; i++) {
        clp_event_release(&lane->window_free[i]);
    }
    clp_event_release(&lane->done);
    clp_launches_drop(lane);
    for (uint32_t i = 0; device->unified && !device->reference && i < CLP_BAND_WINDOWS; i++) {
        take_back(lane, &lane->windows[i], CLP_HELD_INPUT);
    }
    if (device->unified && !device->reference) {
        take_back(lane, &lane->output, CLP_HELD_RESULTS);
    }
    lane->awaited = false;
    lane->codec_plan = (clp_codec_plan){0};
    clp_schedule_release(device, &lane->schedule);
    clp_lane_end_turn(lane);
}
