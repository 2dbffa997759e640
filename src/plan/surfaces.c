/** Surfaces and passes of a plan, and where scratch surfaces lie. */
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/memory.h"
#include "plan/lower.h"

static const struct {
    const char *name;
    size_t size;
} samples[] = {[CLP_SAMPLE_U8] = {"u8", 1},
               [CLP_SAMPLE_I16] = {"i16", 2},
               [CLP_SAMPLE_U16] = {"u16", 2},
               [CLP_SAMPLE_F32] = {"f32", 4}};

size_t clp_sample_size(clp_sample sample) {
    return samples[sample].size;
}

const char *clp_sample_name(clp_sample sample) {
    return samples[sample].name;
}

static clproc_status append(clp_lowering *lowering, const clp_surface *surface, uint32_t *index) {
    clp_plan *plan = lowering->plan;
    clp_surface *surfaces =
        clp_memory_grow(CLP_MEMORY_PLAN, plan->surfaces, &plan->surface_capacity,
                        plan->surface_count + 1, sizeof *surfaces);
    if (!surfaces) {
        return clp_error_memory(lowering->error, "a plan", sizeof *surfaces);
    }
    plan->surfaces = surfaces;
    *index = (uint32_t)plan->surface_count;
    surfaces[plan->surface_count++] = *surface;
    return CLPROC_OK;
}

clproc_status clp_surface_scratch(clp_lowering *lowering, clp_sample sample, uint32_t width,
                                  uint32_t height, uint32_t channels, uint32_t *index) {
    clp_surface surface = {.role = CLP_ROLE_SCRATCH,
                           .sample = sample,
                           .width = width,
                           .height = height,
                           .channels = channels,
                           .first_level = -1};
    size_t bytes;
    if (!clp_checked_mul((size_t)width * channels, clp_sample_size(sample), &bytes) ||
        !clp_pitch(bytes, &surface.pitch)) {
        return clp_error_set(lowering->error, CLPROC_ERROR_LIMIT,
                             "a picture of %u × %u pixels is too large", width, height);
    }
    return append(lowering, &surface, index);
}

clproc_status clp_surface_plane(clp_lowering *lowering, clp_role role, const clp_layout *layout,
                                uint32_t plane, uint32_t *index) {
    const clp_plane *from = &layout->planes[plane];
    clp_surface surface = {.role = role,
                           .sample = layout->depth == 8 ? CLP_SAMPLE_U8 : CLP_SAMPLE_U16,
                           .offset = from->offset,
                           .pitch = from->pitch,
                           .width = from->width,
                           .height = from->height,
                           .channels = from->channels};
    return append(lowering, &surface, index);
}

clproc_status clp_pass_append(clp_lowering *lowering, const clp_pass *pass) {
    clp_plan *plan = lowering->plan;
    clp_pass *passes = clp_memory_grow(CLP_MEMORY_PLAN, plan->passes, &plan->pass_capacity,
                                       plan->pass_count + 1, sizeof *passes);
    if (!passes) {
        return clp_error_memory(lowering->error, "a plan", sizeof *passes);
    }
    plan->passes = passes;
    passes[plan->pass_count++] = *pass;
    for (uint32_t i = 0; i < pass->src_count; i++) {
        plan->surfaces[pass->src[i]].last_level = pass->level;
    }
    for (uint32_t i = 0; i < pass->side_count; i++) {
        plan->surfaces[pass->side[i]].last_level = pass->level;
    }
    for (uint32_t i = 0; i < pass->dst_count; i++) {
        clp_surface *surface = &plan->surfaces[pass->dst[i]];
        surface->first_level = surface->last_level = pass->level;
    }
    if (pass->level >= plan->level_count) {
        plan->level_count = pass->level + 1;
    }
    return CLPROC_OK;
}

static bool surface_bytes(const clp_surface *surface, size_t *bytes) {
    size_t rows;
    return clp_checked_align(surface->height, CLP_ROW_ALIGN, &rows) &&
           clp_checked_mul(rows, surface->pitch, bytes);
}

/** Whether `other` has its place before `surface`: those between bands' passes come last. */
static bool placed_before(const clp_surface *other, const clp_surface *surface) {
    return other->between == surface->between ? other < surface : surface->between;
}

/** The end of the first surface that is placed before this one and overlaps
 * [offset, offset + bytes) while it lives; 0 if none does. */
static size_t conflict(const clp_plan *plan, const clp_surface *surface, size_t offset,
                       size_t bytes) {
    for (size_t i = 0; i < plan->surface_count; i++) {
        const clp_surface *other = &plan->surfaces[i];
        size_t size;
        if (!placed_before(other, surface) || other->role != CLP_ROLE_SCRATCH ||
            other->last_level < surface->first_level || surface->last_level < other->first_level ||
            !surface_bytes(other, &size)) {
            continue;
        }
        if (other->offset < offset + bytes && offset < other->offset + size) {
            return other->offset + size;
        }
    }
    return 0;
}

static int by_level(const void *a, const void *b) {
    const clp_pass *x = a, *y = b;
    return x->level - y->level;
}

/** Places one surface; false where a size overflows. */
static bool place(clp_plan *plan, clp_surface *surface) {
    size_t bytes, end, next;
    surface->offset = 0;
    if (!surface_bytes(surface, &bytes)) {
        return false;
    }
    while ((next = conflict(plan, surface, surface->offset, bytes)) != 0) {
        surface->offset = next;
    }
    if (!clp_checked_add(surface->offset, bytes, &end)) {
        return false;
    }
    plan->scratch_bytes = end > plan->scratch_bytes ? end : plan->scratch_bytes;
    return true;
}

clproc_status clp_surfaces_place(clp_plan *plan, clproc_error *error) {
    plan->scratch_bytes = 0;
    for (int between = 0; between < 2; between++) {
        plan->kept_bytes = plan->scratch_bytes;
        for (size_t i = 0; i < plan->surface_count; i++) {
            clp_surface *surface = &plan->surfaces[i];
            if (surface->role == CLP_ROLE_SCRATCH && surface->between == (between != 0) &&
                !place(plan, surface)) {
                return clp_error_set(error, CLPROC_ERROR_LIMIT, "the picture is too large");
            }
        }
    }
    return CLPROC_OK;
}

void clp_passes_sort(clp_plan *plan) {
    /* Passes of one level are independent, so any order among them will do. */
    qsort(plan->passes, plan->pass_count, sizeof *plan->passes, by_level);
}
