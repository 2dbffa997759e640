/** Passes of all pictures of a batch, level by level, as the jobs of one launch for each kernel. */
#include "device/batch_jobs.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "device/jobs.h"

static int compare(const void *a, const void *b) {
    const clp_work *x = a, *y = b;
    const int keys[][2] = {{x->pass->level, y->pass->level},
                           {(int)x->variant.kind, (int)y->variant.kind},
                           {x->variant.real, y->variant.real},
                           {x->variant.transpose, y->variant.transpose},
                           {(int)x->variant.src, (int)y->variant.src},
                           {(int)x->variant.dst, (int)y->variant.dst},
                           {(int)x->src, (int)y->src},
                           {(int)x->dst, (int)y->dst}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (keys[i][0] != keys[i][1]) {
            return keys[i][0] < keys[i][1] ? -1 : 1;
        }
    }
    return 0;
}

static size_t arena_offset(const clp_picture *picture, clp_role role) {
    return role == CLP_ROLE_INPUT    ? picture->input
           : role == CLP_ROLE_OUTPUT ? picture->output
                                     : picture->scratch;
}

static const clp_surface *surface_of(const clp_work *w, uint32_t index) {
    return &w->picture->plan->surfaces[index];
}

static uint64_t sample_offset(const clp_work *w, const clp_surface *surface) {
    return (arena_offset(w->picture, surface->role) + surface->offset) /
           clp_sample_size(surface->sample);
}

static uint32_t sample_pitch(const clp_surface *surface) {
    return (uint32_t)(surface->pitch / clp_sample_size(surface->sample));
}

static uint32_t divide_up(uint32_t value, uint32_t unit) {
    return (value + unit - 1) / unit;
}

static void set_fill(const clp_pass *pass, bool q6, float fill[4]) {
    for (int i = 0; i < 4; i++) {
        fill[i] = q6 ? floorf(pass->fill[i] * 64 + 0.5f) : pass->fill[i];
    }
}

double clp_work_share(const clp_work *work) {
    const clp_band *band = work->band;
    const clp_pass *first = &work->picture->plan->passes[band ? work->route->first : 0];
    return band ? (double)(band->result_end - band->result) / first->windows : 1;
}

/** Turns a job on whole planes into one on a band: some rows of the first pass, which are columns
 * to the second. */
static void restrict_to_band(const clp_work *w, const clp_surface *src, const clp_surface *dst,
                             filter_job *job) {
    const clp_pass *pass = w->pass;
    const clp_band *band = w->band;
    uint64_t first = band->result;
    uint32_t count = band->result_end - band->result;
    bool second =
        w->route->second != CLP_NO_PASS && pass == &w->picture->plan->passes[w->route->second];
    size_t between = clp_sample_size(second ? src->sample : dst->sample);
    if (second) {
        job->src = w->route->between_offset / between;
        job->src_pitch = (uint32_t)(w->route->between_pitch / between);
        job->columns = count;
        job->dst += pass->transpose ? first * job->dst_pitch : first * job->row_channels;
        return;
    }
    size_t weight = pass->real ? sizeof(float) : sizeof(int16_t);
    job->rows = count;
    job->starts += (uint32_t)first * 2 * (uint32_t)sizeof(int32_t);
    job->weights += (uint32_t)(first * pass->weight_pitch * weight);
    /* Windows count rows from the plane's first, which the window does not hold: modulo 2^64. */
    job->src =
        w->window->offset / clp_sample_size(src->sample) - (uint64_t)band->source * job->src_pitch;
    if (w->route->second == CLP_NO_PASS) {
        job->dst += pass->transpose ? first : first * job->dst_pitch;
    } else {
        job->dst = w->route->between_offset / between;
        job->dst_pitch = (uint32_t)(w->route->between_pitch / between);
    }
}

/** Fills in a job; returns its number of tiles. */
static uint32_t make_filter_job(const clp_device *device, const clp_work *w, uint32_t first_tile,
                                filter_job *job) {
    const clp_pass *pass = w->pass;
    const clp_surface *src = surface_of(w, pass->src[0]), *dst = surface_of(w, pass->dst[0]);
    uint32_t tables = (uint32_t)w->picture->tables;
    uint32_t columns = device->group_tiles ? GROUP_COLUMNS : ITEM_COLUMNS;
    uint32_t rows = device->group_tiles ? GROUP_TILE_ROWS(pass->channel_step) : ITEM_ROWS;
    *job = (filter_job){
        .src = sample_offset(w, src),
        .dst = sample_offset(w, dst),
        .src_pitch = sample_pitch(src),
        .dst_pitch = sample_pitch(dst),
        .rows = pass->windows * pass->channel_step,
        .columns = src->width * src->channels,
        .row_channels = pass->channel_step,
        .column_channels = src->channels,
        .taps = pass->taps,
        .weights = tables + pass->weights,
        .weight_pitch = pass->weight_pitch,
        .starts = tables + pass->starts,
        .tiles_across = divide_up(src->width * src->channels, columns),
        .first_tile = first_tile,
    };
    set_fill(pass, !pass->real, job->fill);
    if (w->band) {
        restrict_to_band(w, src, dst, job);
        job->tiles_across = divide_up(job->columns, columns);
    }
    return job->tiles_across * divide_up(job->rows, rows);
}

static uint32_t make_reindex_job(const clp_device *device, const clp_work *w, uint32_t first_tile,
                                 reindex_job *job) {
    const clp_pass *pass = w->pass;
    const clp_surface *src = surface_of(w, pass->src[0]), *dst = surface_of(w, pass->dst[0]);
    uint32_t tables = (uint32_t)w->picture->tables;
    (void)device;
    *job = (reindex_job){
        .src = sample_offset(w, src),
        .dst = sample_offset(w, dst),
        .src_pitch = sample_pitch(src),
        .dst_pitch = sample_pitch(dst),
        .rows = dst->height,
        .columns = dst->width,
        .channels = dst->channels,
        .row_index = tables + pass->starts,
        .column_index = tables + pass->columns,
        .transpose = pass->transpose,
        .tiles_across = divide_up(dst->width, REINDEX_TILE),
        .first_tile = first_tile,
    };
    set_fill(pass, src->sample == CLP_SAMPLE_I16, job->fill);
    return job->tiles_across * divide_up(dst->height, REINDEX_TILE);
}

/** Describes where each channel stands: planes, or interleaved samples of one plane; alpha goes
 * last, into [3]. */
static void colour_surfaces(const clp_work *w, const uint32_t *surfaces, uint32_t count,
                            uint32_t channels, bool alpha, colour_surface *out) {
    for (uint32_t c = 0; c < channels; c++) {
        const clp_surface *surface = surface_of(w, surfaces[count > 1 ? c : 0]);
        uint32_t slot = alpha && c + 1 == channels ? 3 : c;
        size_t inside = count > 1 ? 0 : c * clp_sample_size(surface->sample);
        out[slot] = (colour_surface){.offset = arena_offset(w->picture, surface->role) +
                                               surface->offset + inside,
                                     .pitch = (uint32_t)surface->pitch,
                                     .role = surface->role,
                                     .sample = surface->sample,
                                     .stride = count > 1 ? 1 : channels};
    }
}

static uint32_t make_colour_job(const clp_device *device, const clp_work *w, uint32_t first_tile,
                                colour_job *job) {
    const clp_pass *pass = w->pass;
    const clp_surface *dst = surface_of(w, pass->dst[0]);
    uint32_t lanes = device->group_tiles ? COLOUR_GROUP_LANES : COLOUR_ITEM_LANES;
    uint32_t vectors = device->group_tiles ? COLOUR_GROUP_VECTORS : COLOUR_ITEM_VECTORS;
    *job = (colour_job){.width = dst->width,
                        .height = dst->height,
                        .in_colours = pass->in_channels - pass->in_alpha,
                        .out_colours = pass->out_channels - pass->out_alpha,
                        .in_alpha = pass->in_alpha,
                        .out_alpha = pass->out_alpha,
                        .step_count = pass->step_count,
                        .vectors_across = divide_up(dst->width, lanes),
                        .first_tile = first_tile};
    colour_surfaces(w, pass->src, pass->src_count, pass->in_channels, pass->in_alpha, job->src);
    colour_surfaces(w, pass->dst, pass->dst_count, pass->out_channels, pass->out_alpha, job->dst);
    if (pass->side_count > 0) {
        colour_surfaces(w, pass->side, pass->side_count, pass->in_channels, pass->in_alpha,
                        job->side);
    }
    for (uint32_t i = 0; i < pass->step_count; i++) {
        const clp_step *step = &pass->steps[i];
        job->steps[i] = (colour_step){.kind = step->kind,
                                      .table = (uint32_t)w->picture->tables + step->table,
                                      .shift = step->shift,
                                      .in = step->in,
                                      .out = step->out,
                                      .white = step->white,
                                      .inverse_white = 1 / step->white};
        memcpy(job->steps[i].value, step->value, sizeof step->value);
    }
    return divide_up(job->vectors_across * dst->height, vectors);
}

/** Of each kind: bytes of a job, and where in it the number of its first tile stands. */
static const struct {
    size_t size, first_tile;
} job_kinds[] = {[CLP_PASS_FILTER] = {sizeof(filter_job), offsetof(filter_job, first_tile)},
                 [CLP_PASS_REINDEX] = {sizeof(reindex_job), offsetof(reindex_job, first_tile)},
                 [CLP_PASS_COLOUR] = {sizeof(colour_job), offsetof(colour_job, first_tile)}};

/* What the kernels call things, which know nothing of plans */
_Static_assert(SAMPLE_U8 == CLP_SAMPLE_U8 && SAMPLE_I16 == CLP_SAMPLE_I16 &&
                   SAMPLE_U16 == CLP_SAMPLE_U16 && SAMPLE_F32 == CLP_SAMPLE_F32,
               "samples have one number each");
_Static_assert(ROLE_INPUT == CLP_ROLE_INPUT && ROLE_SCRATCH == CLP_ROLE_SCRATCH &&
                   ROLE_OUTPUT == CLP_ROLE_OUTPUT,
               "arenas have one number each");
_Static_assert(STEP_MATRIX == CLP_STEP_MATRIX && STEP_CLAMP == CLP_STEP_CLAMP &&
                   STEP_CURVE == CLP_STEP_CURVE && STEP_PREMULTIPLY == CLP_STEP_PREMULTIPLY &&
                   STEP_UNPREMULTIPLY == CLP_STEP_UNPREMULTIPLY && STEP_SCALE == CLP_STEP_SCALE &&
                   STEP_FLATTEN == CLP_STEP_FLATTEN && STEP_UNSHARP == CLP_STEP_UNSHARP &&
                   STEP_HSV == CLP_STEP_HSV && STEP_TABLE == CLP_STEP_TABLE &&
                   STEP_LOOKUP == CLP_STEP_LOOKUP,
               "steps have one number each");
_Static_assert(COLOUR_STEPS == CLP_MAX_STEPS, "a job has room for the steps of a pass");

/** Room for `size` bytes at the end of the slot's staging, 64-byte aligned. */
static clproc_status stage(clp_slot *slot, size_t size, size_t *offset, clproc_error *error) {
    size_t start = (slot->staging_size + 63) & ~(size_t)63;
    uint8_t *staging =
        clp_memory_grow(CLP_MEMORY_BATCH, slot->staging, &slot->staging_capacity, start + size, 1);
    if (!staging) {
        return clp_error_memory(error, "the tables of a batch", start + size);
    }
    slot->staging = staging;
    slot->staging_size = start + size;
    *offset = start;
    return CLPROC_OK;
}

/** The map behind the jobs of a launch, by which a tile finds its own. */
static clproc_status stage_map(clp_slot *slot, const clp_group *g, clproc_error *error) {
    clp_pass_kind kind = g->works[0].variant.kind;
    size_t size = job_kinds[kind].size, first_tile = job_kinds[kind].first_tile;
    size_t entries = g->tiles / JOB_MAP_TILES + (g->tiles % JOB_MAP_TILES != 0) + 1, offset = 0;
    clproc_status status = stage(slot, entries * sizeof(uint32_t), &offset, error);
    if (status != CLPROC_OK) {
        return status;
    }
    if (offset != g->jobs + JOB_MAP(g->count, size)) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "a launch's map is out of place");
    }
    uint32_t *map = (uint32_t *)(slot->staging + offset), job = 0;
    for (size_t i = 0; i + 1 < entries; i++) {
        const uint8_t *next = slot->staging + g->jobs + (job + 1) * size + first_tile;
        while (job + 1 < g->count && *(const uint32_t *)next <= i * JOB_MAP_TILES) {
            job++;
            next += size;
        }
        map[i] = job;
    }
    map[entries - 1] = g->count - 1;
    return CLPROC_OK;
}

static clproc_status stage_group(clp_slot *slot, clp_group *g, clproc_error *error) {
    clp_pass_kind kind = g->works[0].variant.kind;
    clproc_status status = stage(slot, g->count * job_kinds[kind].size, &g->jobs, error);
    g->tiles = 0;
    for (uint32_t i = 0; status == CLPROC_OK && i < g->count; i++) {
        void *job = slot->staging + g->jobs + i * job_kinds[kind].size;
        uint32_t tiles = 0;
        switch (kind) {
        case CLP_PASS_FILTER:
            tiles = make_filter_job(slot->device, &g->works[i], g->tiles, job);
            break;
        case CLP_PASS_REINDEX:
            tiles = make_reindex_job(slot->device, &g->works[i], g->tiles, job);
            break;
        case CLP_PASS_COLOUR:
            tiles = make_colour_job(slot->device, &g->works[i], g->tiles, job);
            break;
        }
        if (__builtin_add_overflow(g->tiles, tiles, &g->tiles)) {
            status = clp_error_set(error, CLPROC_ERROR_LIMIT,
                                   "the batch is too large; use a smaller --batch");
        }
    }
    return status == CLPROC_OK ? stage_map(slot, g, error) : status;
}

/** Places every plan's tables once and every picture's scratch. */
static clproc_status place(clp_slot *slot, size_t *scratch, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    *scratch = 0;
    for (uint32_t i = 0; status == CLPROC_OK && i < slot->count; i++) {
        clp_picture *picture = &slot->pictures[i];
        uint32_t known = 0;
        picture->scratch = *scratch;
        if (picture->dropped) {
            continue;
        }
        *scratch += picture->plan->scratch_bytes;
        while (known < i &&
               (slot->pictures[known].dropped || slot->pictures[known].plan != picture->plan)) {
            known++;
        }
        if (known < i) {
            picture->tables = slot->pictures[known].tables;
        } else if (picture->plan->table_bytes > 0) {
            status = stage(slot, picture->plan->table_bytes, &picture->tables, error);
            if (status == CLPROC_OK) {
                memcpy(slot->staging + picture->tables, picture->plan->tables,
                       picture->plan->table_bytes);
            }
        }
    }
    return status;
}

static clp_work make_work(const clp_picture *picture, const clp_pass *pass) {
    const clp_plan *plan = picture->plan;
    bool colour = pass->kind == CLP_PASS_COLOUR;
    return (clp_work){.picture = picture,
                      .pass = pass,
                      .variant = clp_pass_variant(plan, pass),
                      .src = colour ? 0 : plan->surfaces[pass->src[0]].role,
                      .dst = colour ? 0 : plan->surfaces[pass->dst[0]].role};
}

static clproc_status reserve_works(clp_jobs *jobs, size_t count, clproc_error *error) {
    jobs->works = clp_memory_alloc(CLP_MEMORY_BATCH, (count ? count : 1) * sizeof *jobs->works);
    return jobs->works ? CLPROC_OK
                       : clp_error_memory(error, "a batch", count * sizeof *jobs->works);
}

/** Sorts works into launches. */
static clproc_status append_groups(clp_slot *slot, clp_jobs *jobs, clp_work *works, size_t count,
                                   clproc_error *error) {
    if (count > 0) {
        qsort(works, count, sizeof *works, compare);
    }
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && compare(&works[i], &works[end]) == 0) {
            end++;
        }
        clp_group *grown = clp_memory_grow(CLP_MEMORY_BATCH, jobs->groups, &jobs->group_capacity,
                                           jobs->group_count + 1, sizeof *grown);
        if (!grown) {
            return clp_error_memory(error, "a batch", sizeof *grown);
        }
        jobs->groups = grown;
        clp_group *g = &grown[jobs->group_count++];
        *g = (clp_group){.works = &works[i], .count = (uint32_t)(end - i)};
        clproc_status status = stage_group(slot, g, error);
        if (status != CLPROC_OK) {
            return status;
        }
        i = end;
    }
    return CLPROC_OK;
}

clproc_status clp_batch_jobs(clp_slot *slot, clp_jobs *jobs, clproc_error *error) {
    size_t count = 0;
    clproc_status status;
    *jobs = (clp_jobs){0};
    slot->staging_size = 0;
    CLP_TRY(status, out, place(slot, &jobs->scratch, error));
    for (uint32_t i = 0; i < slot->count; i++) {
        count += slot->pictures[i].dropped ? 0 : slot->pictures[i].plan->pass_count;
    }
    CLP_TRY(status, out, reserve_works(jobs, count, error));
    count = 0;
    for (uint32_t i = 0; i < slot->count; i++) {
        const clp_picture *picture = &slot->pictures[i];
        for (size_t j = 0; !picture->dropped && j < picture->plan->pass_count; j++) {
            jobs->works[count++] = make_work(picture, &picture->plan->passes[j]);
        }
    }
    status = append_groups(slot, jobs, jobs->works, count, error);
out:
    return status;
}

/** The works of one band; returns how many. */
static size_t collect_band(const clp_picture *picture, uint32_t index, clp_work *works) {
    const clp_plan *plan = picture->plan;
    const clp_bands *bands = &plan->bands;
    size_t count = 0;
    for (uint32_t plane = 0; plane < plan->input.plane_count; plane++) {
        const clp_band *band = clp_bands_part(bands, index, plane);
        const clp_band_route *route = &bands->routes[plane];
        for (int i = 0; i < 2 && band->result < band->result_end; i++) {
            uint32_t pass = i == 0 ? route->first : route->second;
            if (pass == CLP_NO_PASS) {
                continue;
            }
            works[count] = make_work(picture, &plan->passes[pass]);
            works[count].band = band;
            works[count].route = route;
            works[count++].window = &bands->window.planes[plane];
        }
    }
    return count;
}

clproc_status clp_band_jobs(clp_slot *slot, clp_jobs *jobs, clproc_error *error) {
    const clp_picture *picture = &slot->pictures[0];
    const clp_bands *bands = &picture->plan->bands;
    size_t count = 0;
    clproc_status status;
    *jobs = (clp_jobs){0};
    slot->staging_size = 0;
    CLP_TRY(status, out, place(slot, &jobs->scratch, error));
    jobs->scratch = bands->scratch_bytes;
    CLP_TRY(status, out,
            reserve_works(jobs, (size_t)bands->count * 2 * bands->window.plane_count, error));
    jobs->band_ends = clp_memory_zero(CLP_MEMORY_BATCH, bands->count, sizeof *jobs->band_ends);
    if (!jobs->band_ends) {
        status = clp_error_memory(error, "a batch", bands->count * sizeof *jobs->band_ends);
        goto out;
    }
    for (uint32_t band = 0; band < bands->count; band++) {
        clp_work *works = jobs->works + count;
        size_t added = collect_band(picture, band, works);
        CLP_TRY(status, out, append_groups(slot, jobs, works, added, error));
        count += added;
        jobs->band_ends[band] = jobs->group_count;
    }
out:
    return status;
}

void clp_jobs_free(clp_jobs *jobs) {
    clp_memory_free(jobs->works);
    clp_memory_free(jobs->groups);
    clp_memory_free(jobs->band_ends);
    *jobs = (clp_jobs){0};
}
