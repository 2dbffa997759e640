/** The memory of a batch. */
#include <string.h>

#include "core/checked.h"
#include "core/memory.h"
#include "device/device_private.h"

/** Gives up the buffers; the pages stay, for the next ones to grow in. */
static void release_buffers(clp_device *device, clp_arena *arena) {
    if (device->reference) {
        clp_memory_free(arena->host);
    } else if (arena->host) {
        clEnqueueUnmapMemObject(device->mapping, arena->pinned ? arena->pinned : arena->buffer,
                                arena->host, 0, NULL, NULL);
    }
    if (arena->pinned) {
        clReleaseMemObject(arena->pinned);
    }
    if (arena->buffer) {
        clReleaseMemObject(arena->buffer);
    }
    *arena = (clp_arena){.pages = arena->pages};
}

void clp_arena_free(clp_device *device, clp_arena *arena) {
    release_buffers(device, arena);
    clp_pages_release(arena->pages);
    arena->pages = NULL;
}

static clproc_status map(clp_device *device, cl_mem buffer, size_t size, uint8_t **host,
                         clproc_error *error) {
    cl_int code;
    *host = clEnqueueMapBuffer(device->mapping, buffer, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0,
                               size, 0, NULL, NULL, &code);
    return clp_cl_check(code, "clEnqueueMapBuffer", "a batch", error);
}

clproc_status clp_arena_map(clp_device *device, clp_arena *arena, clproc_error *error) {
    if (device->reference || arena->host || arena->capacity == 0) {
        return CLPROC_OK;
    }
    return map(device, arena->buffer, arena->capacity, &arena->host, error);
}

clproc_status clp_arena_unmap(clp_device *device, clp_arena *arena, clproc_error *error) {
    if (device->reference || arena->pinned || !arena->host) {
        return CLPROC_OK;
    }
    cl_int code =
        clEnqueueUnmapMemObject(device->compute, arena->buffer, arena->host, 0, NULL, NULL);
    arena->host = NULL;
    return clp_cl_check(code, "clEnqueueUnmapMemObject", "a batch", error);
}

clproc_status clp_arena_grow(clp_device *device, clp_arena *arena, size_t capacity,
                             const char *what, clproc_error *error) {
    if (capacity <= arena->capacity) {
        return CLPROC_OK;
    }
    release_buffers(device, arena);
    clproc_status status;
    if (device->reference) {
        arena->host = clp_memory_alloc(CLP_MEMORY_PIXELS, capacity);
        arena->capacity = arena->host ? capacity : 0;
        return arena->host ? CLPROC_OK : clp_error_memory(error, what, capacity);
    }
    CLP_TRY(status, out,
            clp_buffer_create(device, CLP_BUFFER_PIXELS, capacity, what, &arena->pages,
                              &arena->buffer, error));
    if (device->unified) {
        CLP_TRY(status, out, map(device, arena->buffer, capacity, &arena->host, error));
    } else {
        CLP_TRY(status, out,
                clp_buffer_create(device, CLP_BUFFER_PINNED, capacity, what, &arena->pages,
                                  &arena->pinned, error));
        CLP_TRY(status, out, map(device, arena->pinned, capacity, &arena->host, error));
    }
    arena->capacity = capacity;
out:
    if (status != CLPROC_OK) {
        clp_arena_free(device, arena);
    }
    return status;
}

clproc_status clp_slot_create(clp_slot **slot, clp_device *device, uint64_t bytes, uint32_t images,
                              clproc_error *error) {
    clp_slot *made = clp_memory_zero(CLP_MEMORY_BATCH, 1, sizeof *made);
    if (!made) {
        return clp_error_memory(error, "a batch", sizeof *made);
    }
    made->device = device;
    made->wanted_bytes = bytes;
    made->capacity = images ? images : 1;
    made->pictures = clp_memory_zero(CLP_MEMORY_BATCH, made->capacity, sizeof *made->pictures);
    if (!made->pictures) {
        clp_memory_free(made);
        return clp_error_memory(error, "a batch", images * sizeof *made->pictures);
    }
    *slot = made;
    return CLPROC_OK;
}

static void drop_pictures(clp_slot *slot) {
    for (uint32_t i = 0; i < slot->count; i++) {
        clp_plan_release(&slot->pictures[i].plan);
    }
    clp_slot_end_bands(slot);
    slot->count = 0;
    slot->banded = false;
    slot->input.used = slot->output.used = 0;
}

void clp_slot_destroy(clp_slot **slot) {
    clp_slot *s = *slot;
    if (!s) {
        return;
    }
    drop_pictures(s);
    clp_slot_end_batch(s);
    clp_arena_free(s->device, &s->input);
    for (uint32_t i = 0; i + 1 < CLP_BAND_WINDOWS; i++) {
        clp_arena_free(s->device, &s->more_windows[i]);
    }
    clp_arena_free(s->device, &s->output);
    clp_store_free(&s->tables);
    clp_memory_free(s->launches);
    clp_memory_free(s->staging);
    clp_memory_free(s->pictures);
    clp_memory_free(s);
    *slot = NULL;
}

uint64_t clp_slot_share(const clp_plan *plan, bool banded) {
    uint64_t input = banded ? CLP_BAND_WINDOWS * (uint64_t)plan->bands.window.bytes
                            : (uint64_t)plan->input.bytes;
    return input + plan->output.bytes;
}

bool clp_slot_fits(const clp_slot *slot, const clp_plan *plan, bool banded) {
    return slot->count == 0 || (slot->count < slot->capacity && !slot->banded && !banded &&
                                slot->input.used + plan->input.bytes <= slot->input.capacity &&
                                slot->output.used + plan->output.bytes <= slot->output.capacity);
}

/** How many pictures of this plan to make room for: as many as the wanted bytes hold, one at least.
 */
static size_t pictures_wanted(const clp_slot *slot, const clp_plan *plan) {
    uint64_t pictures = slot->wanted_bytes / clp_slot_share(plan, false);
    pictures = pictures < slot->capacity ? pictures : slot->capacity;
    return pictures > 1 ? (size_t)pictures : 1;
}

/** Grows one of a slot's arenas and tells the profile what all slots hold. */
static clproc_status grow_arena(clp_slot *slot, clp_arena *arena, size_t capacity, const char *what,
                                atomic_size_t *total, clproc_error *error) {
    size_t before = arena->capacity;
    clproc_status status = clp_arena_grow(slot->device, arena, capacity, what, error);
    /* Modular arithmetic: the arena may have become smaller, to nothing, on failure. */
    size_t now = atomic_fetch_add(total, arena->capacity - before) + (arena->capacity - before);
    if (arena->capacity != before) {
        clp_prof_device_memory(slot->device->prof, what, now);
    }
    return status;
}

/** Makes room in an empty slot for pictures of this plan. */
static clproc_status make_room(clp_slot *slot, const clp_plan *plan, bool banded,
                               clproc_error *error) {
    size_t pictures = banded ? 1 : pictures_wanted(slot, plan);
    size_t input = banded ? plan->bands.window.bytes : pictures * plan->input.bytes;
    atomic_size_t *total = &slot->device->input_bytes;
    clproc_status status;
    CLP_TRY(status, out, grow_arena(slot, &slot->input, input, "input", total, error));
    for (uint32_t i = 0; banded && i + 1 < CLP_BAND_WINDOWS; i++) {
        CLP_TRY(status, out,
                grow_arena(slot, &slot->more_windows[i], input, "input", total, error));
    }
    status = grow_arena(slot, &slot->output, pictures * plan->output.bytes, "results",
                        &slot->device->output_bytes, error);
out:
    return status;
}

clproc_status clp_slot_add(clp_slot *slot, clp_plan *plan, bool banded, uint32_t *index,
                           clproc_error *error) {
    if (slot->count == 0) {
        clproc_status status = make_room(slot, plan, banded, error);
        if (status != CLPROC_OK) {
            return status;
        }
    }
    if (!clp_slot_fits(slot, plan, banded)) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "a picture was added to a full batch");
    }
    *index = slot->count++;
    slot->banded = banded;
    slot->pictures[*index] = (clp_picture){
        .plan = clp_plan_retain(plan), .input = slot->input.used, .output = slot->output.used};
    slot->input.used += banded ? 0 : plan->input.bytes;
    slot->output.used += plan->output.bytes;
    return CLPROC_OK;
}

uint8_t *clp_slot_input(clp_slot *slot, uint32_t index) {
    return slot->input.host + slot->pictures[index].input;
}

uint8_t *clp_slot_output(clp_slot *slot, uint32_t index) {
    return slot->output.host + slot->pictures[index].output;
}

void clp_slot_drop(clp_slot *slot, uint32_t index) {
    slot->pictures[index].dropped = true;
}

uint64_t clp_slot_bytes(const clp_slot *slot) {
    uint64_t bytes = (uint64_t)slot->input.capacity + slot->output.capacity;
    for (uint32_t i = 0; i + 1 < CLP_BAND_WINDOWS; i++) {
        bytes += slot->more_windows[i].capacity;
    }
    return bytes;
}

clproc_status clp_slot_reset(clp_slot *slot, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    clp_slot_end_batch(slot);
    drop_pictures(slot);
    for (uint32_t i = 0; status == CLPROC_OK && i < CLP_BAND_WINDOWS; i++) {
        status = clp_arena_map(slot->device, clp_slot_window(slot, i), error);
    }
    return status;
}
