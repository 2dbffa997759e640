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

/** Tells the profile what all slots hold, once an arena of this kind has changed its capacity.
 * Modular arithmetic: it may have become smaller. */
static void note_capacity(clp_device *device, size_t before, size_t now, const char *what,
                          atomic_size_t *total) {
    if (now != before) {
        size_t sum = atomic_fetch_add(total, now - before) + (now - before);
        clp_prof_device_memory(device->prof, what, sum);
    }
}

static clproc_status grow_arena(clp_slot *slot, clp_arena *arena, size_t capacity, const char *what,
                                atomic_size_t *total, clproc_error *error) {
    size_t before = arena->capacity;
    clproc_status status = clp_arena_grow(slot->device, arena, capacity, what, error);
    note_capacity(slot->device, before, arena->capacity, what, total);
    return status;
}

static void free_arena(clp_slot *slot, clp_arena *arena, const char *what, atomic_size_t *total) {
    size_t before = arena->capacity;
    clp_arena_free(slot->device, arena);
    note_capacity(slot->device, before, 0, what, total);
}

void clp_slot_note_tables(clp_slot *slot, size_t before) {
    note_capacity(slot->device, before, slot->tables.capacity, "tables",
                  &slot->device->table_bytes);
}

static void drop_pictures(clp_slot *slot) {
    for (uint32_t i = 0; i < slot->count; i++) {
        clp_plan_release(&slot->pictures[i].plan);
    }
    clp_slot_end_bands(slot);
    slot->count = 0;
    slot->banded = false;
    slot->scratch = 0;
    slot->input.used = slot->output.used = 0;
}

void clp_slot_destroy(clp_slot **slot) {
    clp_slot *s = *slot;
    if (!s) {
        return;
    }
    drop_pictures(s);
    clp_slot_end_batch(s);
    free_arena(s, &s->input, "input", &s->device->input_bytes);
    for (uint32_t i = 0; i + 1 < CLP_BAND_WINDOWS; i++) {
        free_arena(s, &s->more_windows[i], "input", &s->device->input_bytes);
    }
    free_arena(s, &s->output, "results", &s->device->output_bytes);
    size_t tables = s->tables.capacity;
    clp_store_free(&s->tables);
    clp_slot_note_tables(s, tables);
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

uint64_t clp_slot_scratch(const clp_plan *plan, bool banded) {
    return banded ? plan->bands.scratch_bytes : plan->scratch_bytes;
}

bool clp_slot_fits(const clp_slot *slot, const clp_plan *plan, bool banded, uint64_t scratch) {
    return slot->count == 0 || (slot->count < slot->capacity && !slot->banded && !banded &&
                                slot->scratch + plan->scratch_bytes <= scratch &&
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
    if (!clp_slot_fits(slot, plan, banded, UINT64_MAX)) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "a picture was added to a full batch");
    }
    *index = slot->count++;
    slot->banded = banded;
    slot->pictures[*index] = (clp_picture){
        .plan = clp_plan_retain(plan), .input = slot->input.used, .output = slot->output.used};
    slot->scratch += clp_slot_scratch(plan, banded);
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

static uint64_t arena_growth(const clp_arena *arena, size_t needed) {
    return needed > arena->capacity ? needed - arena->capacity : 0;
}

uint64_t clp_slot_growth(const clp_slot *slot, const clp_plan *plan, bool banded) {
    size_t input = banded ? plan->bands.window.bytes : plan->input.bytes;
    uint64_t growth =
        arena_growth(&slot->input, input) + arena_growth(&slot->output, plan->output.bytes);
    for (uint32_t i = 0; banded && i + 1 < CLP_BAND_WINDOWS; i++) {
        growth += arena_growth(&slot->more_windows[i], input);
    }
    return growth;
}

void clp_slot_want(clp_slot *slot, uint64_t bytes) {
    slot->wanted_bytes = bytes;
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
