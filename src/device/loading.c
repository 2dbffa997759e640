/** A picture's rows on their way to the device, portion by portion.
 *
 *  A portion is decoded into one of three windows while the device works on those before it. Where
 * the host's memory is the device's, its rows are still in the caches when kernels come to read
 * them; where it is not, they travel while the next ones are decoded. Either way no picture is ever
 * whole in the host's memory, unless its plan needs it so.
 */
#include <string.h>

#include "core/memory.h"
#include "device/lane.h"

static const clp_bands *portions_of(const clp_lane *lane) {
    return lane->schedule->portions;
}

static clp_arena *window_of(clp_lane *lane, uint32_t portion) {
    return &lane->windows[portion % CLP_BAND_WINDOWS];
}

/** Waits until the window of a portion may be written. */
static clproc_status await_window(clp_lane *lane, uint32_t portion, clproc_error *error) {
    cl_event *done = &lane->window_free[portion % CLP_BAND_WINDOWS];
    clproc_status status = CLPROC_OK;
    if (*done) {
        clp_prof_begin(lane->thread, CLP_PROF_WAIT_DEVICE, lane->number);
        status = clp_event_wait(lane->device, *done, error);
        clp_prof_end(lane->thread);
        clp_event_release(done);
    }
    return status;
}

/** Where a source row stands in the window of a portion; NULL outside of it. */
static uint8_t *row_in_window(clp_lane *lane, uint32_t portion, uint32_t index, uint32_t row) {
    const clp_bands *bands = portions_of(lane);
    const clp_plane *plane = &bands->window.planes[index];
    uint32_t first = clp_bands_part(bands, portion, index)->source;
    if (row < first || row - first >= plane->height) {
        return NULL;
    }
    return window_of(lane, portion)->host + plane->offset + (size_t)(row - first) * plane->pitch;
}

static uint8_t *place(void *user, uint32_t plane, uint32_t row) {
    clp_lane *lane = user;
    /* A decoder that has to begin again brings the same rows. */
    return row < lane->rows[plane] ? NULL : row_in_window(lane, lane->portion, plane, row);
}

/* ------------------------------------------------------------- to the device */

/** Copies the rows of a slice into the input of the passes. */
static clproc_status send_slice(clp_lane *lane, uint32_t portion, clproc_error *error) {
    const clp_bands *slices = portions_of(lane);
    const clp_layout *input = &lane->schedule->plan->input;
    const uint8_t *host = window_of(lane, portion)->host;
    cl_event *last = NULL;
    clproc_status status = CLPROC_OK;
    /* From the last plane to the first, which is never empty: its event is the last. */
    for (uint32_t i = input->plane_count; status == CLPROC_OK && i-- > 0;) {
        const clp_band *part = clp_bands_part(slices, portion, i);
        size_t pitch = input->planes[i].pitch;
        size_t bytes = (part->source_end - part->source) * pitch;
        last = i == 0 ? &lane->window_free[portion % CLP_BAND_WINDOWS] : NULL;
        if (bytes > 0) {
            status = clp_command_write(lane, "upload", lane->input.buffer,
                                       input->planes[i].offset + part->source * pitch,
                                       host + slices->window.planes[i].offset, bytes, last, error);
        }
    }
    return status;
}

/** Launches what computes a band from its window, and sees to it that the window comes free. */
static clproc_status send_band(clp_lane *lane, uint32_t portion, clproc_error *error) {
    const clp_schedule *s = lane->schedule;
    clp_arena *window = window_of(lane, portion);
    uint32_t index = portion % CLP_BAND_WINDOWS;
    cl_event *done = &lane->window_free[index];
    cl_mem input = window->buffer;
    clproc_status status;
    if (lane->device->unified) {
        CLP_TRY(status, out, clp_arena_unmap(lane, window, error));
    } else {
        input = lane->copies[index].buffer;
        CLP_TRY(status, out,
                clp_command_write(lane, "upload", input, 0, window->host, s->portions->window.bytes,
                                  done, error));
    }
    for (size_t i = portion > 0 ? s->band_ends[portion - 1] : 0; i < s->band_ends[portion]; i++) {
        CLP_TRY(status, out, clp_group_launch(lane, &s->groups[i], input, lane->thread, error));
    }
    if (lane->device->unified) {
        status = clp_arena_map(lane, window, CL_MAP_WRITE_INVALIDATE_REGION, done, error);
    }
out:
    return status;
}

static clproc_status send(clp_lane *lane, uint32_t portion, clproc_error *error) {
    clp_way way = lane->schedule->way;
    clproc_status status = CLPROC_OK;
    if (way != CLP_WAY_SLICES && way != CLP_WAY_BANDS) {
        return CLPROC_OK;
    }
    clp_prof_begin(lane->thread, clp_lane_stage(lane), lane->number);
    if (portion == 0 && way == CLP_WAY_BANDS) {
        CLP_TRY(status, out, clp_arena_unmap(lane, &lane->output, error));
    }
    CLP_TRY(status, out,
            way == CLP_WAY_BANDS ? send_band(lane, portion, error)
                                 : send_slice(lane, portion, error));
    status = clp_cl_check(clFlush(lane->queue), "clFlush", "a picture", error);
out:
    clp_prof_end(lane->thread);
    return status == CLPROC_OK && !lane->overlap ? await_window(lane, portion, error) : status;
}

/* ------------------------------------------------------------- from the decoder */

/** Begins the next portion with the rows it shares with this one, and sends this one. */
static clproc_status move_on(clp_lane *lane, clproc_error *error) {
    const clp_bands *bands = portions_of(lane);
    uint32_t next = lane->portion + 1;
    clproc_status status = await_window(lane, next, error);
    if (status != CLPROC_OK) {
        return status;
    }
    for (uint32_t i = 0; i < bands->window.plane_count; i++) {
        size_t pitch = bands->window.planes[i].pitch;
        for (uint32_t row = clp_bands_part(bands, next, i)->source; row < lane->rows[i]; row++) {
            const uint8_t *from = row_in_window(lane, lane->portion, i, row);
            uint8_t *to = row_in_window(lane, next, i, row);
            if (from && to) {
                memcpy(to, from, pitch);
            }
        }
    }
    status = send(lane, lane->portion, error);
    lane->portion = next;
    return status;
}

/** True once the portion that is being filled has all its rows. */
static bool filled(const clp_lane *lane) {
    const clp_bands *bands = portions_of(lane);
    for (uint32_t i = 0; i < bands->window.plane_count; i++) {
        if (lane->rows[i] < clp_bands_part(bands, lane->portion, i)->source_end) {
            return false;
        }
    }
    return true;
}

static clproc_status advance(void *user, const uint32_t rows[CLP_MAX_PLANES], clproc_error *error) {
    clp_lane *lane = user;
    const clp_bands *bands = portions_of(lane);
    clproc_status status = CLPROC_OK;
    for (uint32_t i = 0; i < bands->window.plane_count; i++) {
        lane->rows[i] = lane->rows[i] > rows[i] ? lane->rows[i] : rows[i];
    }
    /* The last portion waits for the decoder's verdict. */
    while (status == CLPROC_OK && lane->portion + 1 < bands->count && filled(lane)) {
        status = move_on(lane, error);
    }
    return status;
}

uint8_t *clp_lane_base(clp_lane *lane) {
    clp_way way = lane->schedule->way;
    return way == CLP_WAY_WHOLE || way == CLP_WAY_KEPT ? lane->windows[0].host : NULL;
}

const clp_row_sink *clp_lane_sink(clp_lane *lane) {
    lane->sink = (clp_row_sink){place, advance, lane};
    return &lane->sink;
}

static void set_all_rows(clp_lane *lane) {
    const clp_layout *input = &lane->schedule->plan->input;
    for (uint32_t i = 0; i < input->plane_count; i++) {
        lane->rows[i] = input->planes[i].height;
    }
}

clproc_status clp_lane_feed(clp_lane *lane, const uint8_t *base, clproc_error *error) {
    const clp_layout *input = &lane->schedule->plan->input;
    const clp_bands *bands = portions_of(lane);
    clproc_status status = CLPROC_OK;
    for (;;) {
        CLP_TRY(status, out, await_window(lane, lane->portion, error));
        for (uint32_t i = 0; i < input->plane_count; i++) {
            const clp_band *part = clp_bands_part(bands, lane->portion, i);
            const clp_plane *plane = &input->planes[i];
            size_t bytes = (part->source_end - part->source) * plane->pitch;
            if (bytes > 0) {
                memcpy(row_in_window(lane, lane->portion, i, part->source),
                       base + plane->offset + part->source * plane->pitch, bytes);
            }
        }
        if (lane->portion + 1 == bands->count) {
            break;
        }
        CLP_TRY(status, out, send(lane, lane->portion, error));
        lane->portion++;
    }
    set_all_rows(lane);
out:
    return status;
}

/* --------------------------------------------------------- passes and results */

static clproc_status launch_all(clp_lane *lane, clp_prof_thread *thread, clproc_error *error) {
    const clp_schedule *s = lane->schedule;
    cl_mem input = lane->device->unified ? lane->windows[0].buffer : lane->input.buffer;
    clproc_status status = CLPROC_OK;
    if (lane->device->unified) {
        CLP_TRY(status, out, clp_arena_unmap(lane, &lane->windows[0], error));
        CLP_TRY(status, out, clp_arena_unmap(lane, &lane->output, error));
    }
    for (size_t i = 0; status == CLPROC_OK && i < s->group_count; i++) {
        status = clp_group_launch(lane, &s->groups[i], input, thread, error);
    }
out:
    return status;
}

/** Enqueues the way back of results from `offset` on, as many as the host has room for. */
static clproc_status read_part(clp_lane *lane, size_t offset, clproc_error *error) {
    size_t left = lane->schedule->plan->output.bytes - offset;
    size_t bytes = left < lane->output.capacity ? left : lane->output.capacity;
    clproc_status status;
    CLP_TRY(status, out,
            clp_command_read(lane, "readback", lane->results.buffer, offset, bytes,
                             lane->output.host, &lane->done, error));
    status = clp_cl_check(clFlush(lane->queue), "clFlush", "results", error);
out:
    return status;
}

static clproc_status map_results(clp_lane *lane, clproc_error *error) {
    clproc_status status =
        clp_arena_map(lane, &lane->output, CL_MAP_READ | CL_MAP_WRITE, &lane->done, error);
    if (status == CLPROC_OK) {
        status = clp_cl_check(clRetainEvent(lane->done), "clRetainEvent", "results", error);
    }
    return status == CLPROC_OK
               ? clp_command_note(lane, CLP_COMMAND_READBACK, "readback", 0, lane->done, error)
               : status;
}

clproc_status clp_lane_bring_back(clp_lane *lane, clproc_error *error) {
    return lane->device->unified ? map_results(lane, error) : read_part(lane, 0, error);
}

static clproc_status run_reference(clp_lane *lane, clproc_error *error) {
    clp_prof_begin(lane->thread, CLP_PROF_REFERENCE, lane->number);
    clproc_status status = clp_reference_run(lane->schedule->plan, lane->windows[0].host,
                                             lane->output.host, NULL, error);
    clp_prof_end(lane->thread);
    return status;
}

/** Passes and the way back, and what the JPEG codec does around them. */
static clproc_status enqueue_rest(clp_lane *lane, clp_prof_thread *thread, clproc_error *error) {
    const clp_schedule *s = lane->schedule;
    clproc_status status = CLPROC_OK;
    if (s->way == CLP_WAY_SCAN) {
        CLP_TRY(status, out, clp_lane_decode(lane, error));
    }
    if (s->way != CLP_WAY_BANDS) {
        CLP_TRY(status, out, launch_all(lane, thread, error));
    }
    status =
        lane->codec_plan.encodes ? clp_lane_encode(lane, error) : clp_lane_bring_back(lane, error);
out:
    return status;
}

/** PoCL keeps a kernel by the largest grid it was launched with; where launches of several threads
 * have ever larger ones, as the codec's do, version 3.1 loses count of the kernel's users. */
static clproc_status enqueue_alone(clp_lane *lane, clp_prof_thread *thread, clproc_error *error) {
    pthread_mutex_lock(&lane->device->codec_turn);
    clproc_status status = enqueue_rest(lane, thread, error);
    clp_lane_give_up(lane); /* waits */
    pthread_mutex_unlock(&lane->device->codec_turn);
    return status;
}

clproc_status clp_lane_enqueue(clp_lane *lane, clp_prof_thread *thread, clproc_error *error) {
    const clp_codec_plan *codec = &lane->codec_plan;
    bool alone = lane->device->pocl && (codec->decodes || codec->encodes);
    clp_prof_begin(thread, clp_lane_stage(lane), lane->number);
    clproc_status status =
        alone ? enqueue_alone(lane, thread, error) : enqueue_rest(lane, thread, error);
    clp_prof_end(thread);
    return status;
}

/** Builds what is missing: all other lanes would wait while the submitter did. */
static clproc_status build_programs(clp_lane *lane, clproc_error *error) {
    const clp_schedule *s = lane->schedule;
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; status == CLPROC_OK && i < s->group_count; i++) {
        clp_program *program;
        status =
            clp_program_get(lane->device, &s->groups[i].variant, &program, lane->thread, error);
    }
    return status;
}

clproc_status clp_lane_compute(clp_lane *lane, clproc_error *error) {
    const clp_schedule *s = lane->schedule;
    clproc_status status;
    bool in_rows = s->way == CLP_WAY_SLICES || s->way == CLP_WAY_BANDS;
    if (in_rows && (lane->portion + 1 != s->portions->count || !filled(lane))) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "the decoder left rows out");
    }
    if (lane->device->reference) {
        return run_reference(lane, error);
    }
    CLP_TRY(status, out, send(lane, lane->portion, error));
    if (s->way == CLP_WAY_SCAN) {
        CLP_TRY(status, out, clp_lane_send_scan(lane, error));
    }
    if (lane->device->submitter) {
        CLP_TRY(status, out, build_programs(lane, error));
        clp_submitter_post(lane);
    } else {
        status = clp_lane_enqueue(lane, lane->thread, error);
    }
out:
    return status;
}

clproc_status clp_lane_await(clp_lane *lane, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    bool whole = lane->schedule->way != CLP_WAY_BANDS;
    if (lane->device->reference || lane->awaited) {
        lane->holds_input = whole;
        return CLPROC_OK;
    }
    if (!lane->posted && !lane->done) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL,
                             "a picture was awaited that was not computed");
    }
    clp_prof_begin(lane->thread, CLP_PROF_WAIT_DEVICE, lane->number);
    status = lane->posted ? clp_submitter_await(lane, error)
                          : clp_event_wait(lane->device, lane->done, error);
    clp_prof_end(lane->thread);
    clp_event_release(&lane->done);
    if (status == CLPROC_OK) {
        status = clp_schedule_check(lane->schedule, lane->device, error);
    }
    if (status == CLPROC_OK) {
        lane->awaited = true;
        lane->holds_input = whole;
        clp_launches_collect(lane);
    }
    return status;
}

clproc_status clp_lane_grow_host(clp_lane *lane, size_t bytes, clproc_error *error) {
    if (lane->host_size < bytes) {
        clp_memory_free(lane->host);
        lane->host = clp_memory_alloc(CLP_MEMORY_PIXELS, bytes);
        lane->host_size = lane->host ? bytes : 0;
    }
    return lane->host_size >= bytes ? CLPROC_OK : clp_error_memory(error, "a picture", bytes);
}

/** Copies all results into memory of the host, part by part. */
static clproc_status fetch(clp_lane *lane, clproc_error *error) {
    size_t bytes = lane->schedule->plan->output.bytes, offset = 0;
    clproc_status status = clp_lane_grow_host(lane, bytes, error);
    if (status != CLPROC_OK) {
        return status;
    }
    while (offset < bytes) {
        size_t left = bytes - offset;
        size_t part = left < lane->output.capacity ? left : lane->output.capacity;
        memcpy(lane->host + offset, lane->output.host, part);
        offset += part;
        if (offset < bytes) {
            lane->awaited = false;
            CLP_TRY(status, out, read_part(lane, offset, error));
            CLP_TRY(status, out, clp_lane_await(lane, error));
        }
    }
out:
    return status;
}

clproc_status clp_lane_results(clp_lane *lane, uint8_t **base, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    if (lane->codec_plan.encodes) {
        /* They were to come encoded, and had no room. */
        lane->codec_plan.encodes = lane->awaited = false;
        CLP_TRY(status, out, clp_lane_bring_back(lane, error));
        CLP_TRY(status, out, clp_lane_await(lane, error));
    }
    *base = lane->output.host;
    if (!lane->device->unified && lane->output.capacity < lane->schedule->plan->output.bytes) {
        status = fetch(lane, error);
        *base = lane->host;
    }
out:
    return status;
}
