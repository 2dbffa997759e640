/** Memory that host and device take turns in. */
#include "core/memory.h"
#include "device/lane.h"

void clp_device_note_memory(clp_device *device, clp_held what, size_t before, size_t now) {
    static const char *const names[CLP_HELD_COUNT] = {[CLP_HELD_INPUT] = "input",
                                                      [CLP_HELD_RESULTS] = "results",
                                                      [CLP_HELD_SCRATCH] = "scratch",
                                                      [CLP_HELD_TABLES] = "tables"};
    if (now != before) {
        /* Modular arithmetic: it may have become smaller. */
        size_t sum = atomic_fetch_add(&device->held[what], now - before) + (now - before);
        clp_prof_device_memory(device->prof, device->recorded, names[what], sum);
    }
}

/** Gives up the buffers; the pages stay, for the next ones to grow in. */
static void release_buffers(clp_lane *lane, clp_arena *arena) {
    if (lane->device->reference) {
        clp_memory_free(arena->host);
    } else if (arena->buffer && arena->host) {
        clEnqueueUnmapMemObject(lane->queue, arena->buffer, arena->host, 0, NULL, NULL);
    }
    if (arena->buffer) {
        clReleaseMemObject(arena->buffer);
    }
    *arena = (clp_arena){.pages = arena->pages};
}

void clp_arena_free(clp_lane *lane, clp_arena *arena, clp_held what) {
    size_t before = arena->capacity;
    bool shared = lane->device->unified;
    release_buffers(lane, arena);
    clp_pages_release(arena->pages);
    arena->pages = NULL;
    if (shared) {
        clp_device_note_memory(lane->device, what, before, 0);
    }
}

static clproc_status map_now(clp_lane *lane, clp_arena *arena, clproc_error *error) {
    cl_event mapped = NULL;
    clproc_status status = clp_arena_map(lane, arena, CL_MAP_READ | CL_MAP_WRITE, &mapped, error);
    if (status == CLPROC_OK) {
        status = clp_event_wait(lane->device, mapped, error);
    }
    clp_event_release(&mapped);
    return status;
}

clproc_status clp_arena_grow(clp_lane *lane, clp_arena *arena, size_t capacity, clp_held what,
                             clproc_error *error) {
    clp_device *device = lane->device;
    size_t before = arena->capacity;
    clproc_status status = CLPROC_OK;
    if (capacity <= arena->capacity) {
        return CLPROC_OK;
    }
    release_buffers(lane, arena);
    if (device->reference) {
        arena->host = clp_memory_alloc(CLP_MEMORY_PIXELS, capacity);
        if (!arena->host) {
            status = clp_error_memory(error, "a picture", capacity);
        }
    } else {
        CLP_TRY(status, out,
                clp_buffer_create(device, CLP_BUFFER_PIXELS, capacity, "a picture", &arena->pages,
                                  &arena->buffer, error));
        arena->capacity = capacity;
        status = map_now(lane, arena, error);
    }
out:
    arena->capacity = status == CLPROC_OK ? capacity : 0;
    clp_device_note_memory(device, what, before, arena->capacity);
    if (status != CLPROC_OK) {
        clp_arena_free(lane, arena, what);
    }
    return status;
}

clproc_status clp_arena_pin(clp_lane *lane, clp_arena *arena, size_t capacity,
                            clproc_error *error) {
    clproc_status status;
    clp_pages *none = NULL;
    release_buffers(lane, arena);
    CLP_TRY(status, out,
            clp_buffer_create(lane->device, CLP_BUFFER_PINNED, capacity, "a window", &none,
                              &arena->buffer, error));
    arena->capacity = capacity;
    status = map_now(lane, arena, error);
out:
    if (status != CLPROC_OK) {
        release_buffers(lane, arena);
    }
    return status;
}

clproc_status clp_arena_unmap(clp_lane *lane, clp_arena *arena, clproc_error *error) {
    if (!lane->device->unified || lane->device->reference || !arena->host) {
        return CLPROC_OK;
    }
    cl_int code = clEnqueueUnmapMemObject(lane->queue, arena->buffer, arena->host, 0, NULL, NULL);
    arena->host = NULL;
    return clp_cl_check(code, "clEnqueueUnmapMemObject", "a picture", error);
}

clproc_status clp_arena_map(clp_lane *lane, clp_arena *arena, cl_map_flags flags, cl_event *done,
                            clproc_error *error) {
    cl_int code;
    arena->host = clEnqueueMapBuffer(lane->queue, arena->buffer, CL_FALSE, flags, 0,
                                     arena->capacity, 0, NULL, done, &code);
    clproc_status status = clp_cl_check(code, "clEnqueueMapBuffer", "a picture", error);
    return status == CLPROC_OK ? clp_cl_check(clFlush(lane->queue), "clFlush", "a picture", error)
                               : status;
}
