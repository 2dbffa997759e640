/** A plan as a device runs it: its passes, level by level, as the jobs of one launch for each
 * kernel. */
#include "device/lane.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "device/jobs.h"
#include "device/work.h"

static int compare(const void *a, const void *b) {
    const clp_work *x = a, *y = b;
    const int keys[][2] = {{x->pass->level, y->pass->level},
                           {(int)x->variant.kind, (int)y->variant.kind},
                           {x->variant.real, y->variant.real},
                           {x->variant.transpose, y->variant.transpose},
                           {(int)x->variant.alpha, (int)y->variant.alpha},
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

/** The part of a pass's bytes and operations that a work stands for. */
static double share_of(const clp_work *work) {
    const clp_band *band = work->band;
    const clp_pass *first = &work->plan->passes[band ? work->route->first : 0];
    return band ? (double)(band->result_end - band->result) / first->windows : 1;
}

/** A schedule being made. */
typedef struct draft {
    clp_schedule *schedule;
    const clp_device *device;
    uint8_t *staging; /**< the plan's tables, then jobs */
    size_t size, capacity;
} draft;

/** Room for `size` bytes at the end of what is staged, 64-byte aligned. */
static clproc_status stage(draft *d, size_t size, size_t *offset, clproc_error *error) {
    size_t start = (d->size + 63) & ~(size_t)63;
    uint8_t *staging = clp_memory_grow(CLP_MEMORY_PLAN, d->staging, &d->capacity, start + size, 1);
    if (!staging) {
        return clp_error_memory(error, "the tables of a plan", start + size);
    }
    memset(staging + d->size, 0, start - d->size);
    d->staging = staging;
    d->size = start + size;
    *offset = start;
    return CLPROC_OK;
}

/** The map behind the jobs of a launch, by which a tile finds its own. */
static clproc_status stage_map(draft *d, const clp_group *g, clproc_error *error) {
    size_t size = clp_job_kinds[g->variant.kind].size;
    size_t first_tile = clp_job_kinds[g->variant.kind].first_tile;
    size_t entries = g->tiles / JOB_MAP_TILES + (g->tiles % JOB_MAP_TILES != 0) + 1, offset = 0;
    clproc_status status = stage(d, entries * sizeof(uint32_t), &offset, error);
    if (status != CLPROC_OK) {
        return status;
    }
    if (offset != g->jobs + JOB_MAP(g->count, size)) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "a launch's map is out of place");
    }
    uint32_t *map = (uint32_t *)(d->staging + offset), job = 0;
    for (size_t i = 0; i + 1 < entries; i++) {
        const uint8_t *next = d->staging + g->jobs + (job + 1) * size + first_tile;
        while (job + 1 < g->count && *(const uint32_t *)next <= i * JOB_MAP_TILES) {
            job++;
            next += size;
        }
        map[i] = job;
    }
    map[entries - 1] = g->count - 1;
    return CLPROC_OK;
}

/** Adds a launch of some works. */
static clproc_status add_group(draft *d, const clp_work *works, size_t count, clproc_error *error) {
    clp_schedule *made = d->schedule;
    clp_pass_kind kind = works[0].variant.kind;
    clp_group *grown = clp_memory_grow(CLP_MEMORY_PLAN, made->groups, &made->group_capacity,
                                       made->group_count + 1, sizeof *grown);
    if (!grown) {
        return clp_error_memory(error, "a plan", sizeof *grown);
    }
    made->groups = grown;
    clp_group *g = &grown[made->group_count++];
    *g = (clp_group){.variant = works[0].variant,
                     .src = works[0].src,
                     .dst = works[0].dst,
                     .count = (uint32_t)count};
    clproc_status status = stage(d, count * clp_job_kinds[kind].size, &g->jobs, error);
    for (size_t i = 0; status == CLPROC_OK && i < count; i++) {
        const clp_pass *pass = works[i].pass;
        double share = share_of(&works[i]);
        uint32_t tiles = clp_job_kinds[kind].make(
            d->device, &works[i], g->tiles, d->staging + g->jobs + i * clp_job_kinds[kind].size);
        g->bytes_read += (uint64_t)((double)pass->bytes_read * share);
        g->bytes_written += (uint64_t)((double)pass->bytes_written * share);
        g->operations += (uint64_t)((double)pass->operations * share);
        if (__builtin_add_overflow(g->tiles, tiles, &g->tiles)) {
            status = clp_error_set(error, CLPROC_ERROR_LIMIT,
                                   "the picture is too large for a device; use smaller ones");
        }
    }
    return status == CLPROC_OK ? stage_map(d, g, error) : status;
}

/** Sorts works into launches. */
static clproc_status add_groups(draft *d, clp_work *works, size_t count, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    if (count > 0) {
        qsort(works, count, sizeof *works, compare);
    }
    for (size_t i = 0, end; status == CLPROC_OK && i < count; i = end) {
        for (end = i + 1; end < count && compare(&works[i], &works[end]) == 0; end++) {
        }
        status = add_group(d, &works[i], end - i, error);
    }
    return status;
}

static clp_work make_work(const clp_plan *plan, const clp_pass *pass) {
    bool colour = pass->kind == CLP_PASS_COLOUR;
    return (clp_work){.plan = plan,
                      .pass = pass,
                      .variant = clp_pass_variant(plan, pass),
                      .src = colour ? 0 : plan->surfaces[pass->src[0]].role,
                      .dst = colour ? 0 : plan->surfaces[pass->dst[0]].role};
}

bool clp_way_has_bands(const clp_device *device, const clp_plan *plan, clp_way way) {
    bool there = device->unified && (way == CLP_WAY_KEPT || way == CLP_WAY_RESIDENT);
    return way == CLP_WAY_BANDS || (there && plan->bands.count > 0);
}

/** The works of one band, of a window or else of the whole input; returns how many. */
static size_t collect_band(const clp_plan *plan, uint32_t index, bool in_window, clp_work *works) {
    const clp_bands *bands = &plan->bands;
    size_t count = 0;
    for (uint32_t plane = 0; plane < plan->input.plane_count; plane++) {
        const clp_band *band = clp_bands_part(bands, index, plane);
        const clp_band_route *route = &bands->routes[plane];
        /* A pass on colours that reads every plane comes with the first. */
        bool colours = route->colour != CLP_NO_PASS &&
                       (plane == 0 || plan->passes[route->colour].src_count == 1);
        const uint32_t passes[] = {route->lead, route->first, route->second,
                                   colours ? route->colour : CLP_NO_PASS};
        for (int i = 0; i < 4 && band->result < band->result_end; i++) {
            if (passes[i] == CLP_NO_PASS) {
                continue;
            }
            works[count] = make_work(plan, &plan->passes[passes[i]]);
            works[count].band = band;
            works[count].route = route;
            works[count++].window = in_window ? &bands->window.planes[plane] : NULL;
        }
    }
    return count;
}

/** The works of the passes that follow the bands; returns how many. */
static size_t collect_rest(const clp_plan *plan, clp_work *works) {
    size_t count = 0;
    for (uint32_t i = 0; i < plan->pass_count; i++) {
        if (!clp_bands_hold(&plan->bands, i)) {
            works[count++] = make_work(plan, &plan->passes[i]);
        }
    }
    return count;
}

/** The launches of one band after those of the other; the rest goes with the last. */
static clproc_status add_bands(draft *d, clp_work *works, clproc_error *error) {
    clp_schedule *made = d->schedule;
    const clp_bands *bands = &made->plan->bands;
    made->scratch = bands->scratch_bytes;
    made->band_ends = clp_memory_zero(CLP_MEMORY_PLAN, bands->count, sizeof *made->band_ends);
    if (!made->band_ends) {
        return clp_error_memory(error, "a plan", bands->count * sizeof *made->band_ends);
    }
    clproc_status status = CLPROC_OK;
    for (uint32_t band = 0; status == CLPROC_OK && band < bands->count; band++) {
        status = add_groups(
            d, works, collect_band(made->plan, band, made->way == CLP_WAY_BANDS, works), error);
        made->band_ends[band] = made->group_count;
    }
    if (status == CLPROC_OK) {
        status = add_groups(d, works, collect_rest(made->plan, works), error);
        made->band_ends[bands->count - 1] = made->group_count;
    }
    return status;
}

static clproc_status add_launches(draft *d, clproc_error *error) {
    const clp_plan *plan = d->schedule->plan;
    size_t tables = 0, most = (size_t)4 * CLP_MAX_PLANES,
           count = plan->pass_count > most ? plan->pass_count : most;
    clp_work *works = clp_memory_zero(CLP_MEMORY_PLAN, count, sizeof *works);
    if (!works) {
        return clp_error_memory(error, "a plan", count * sizeof *works);
    }
    clproc_status status;
    CLP_TRY(status, out, stage(d, plan->table_bytes, &tables, error));
    if (plan->table_bytes > 0) {
        memcpy(d->staging + tables, plan->tables, plan->table_bytes);
    }
    if (clp_way_has_bands(d->device, plan, d->schedule->way)) {
        status = add_bands(d, works, error);
        goto out;
    }
    d->schedule->scratch = plan->scratch_bytes;
    for (size_t i = 0; i < plan->pass_count; i++) {
        works[i] = make_work(plan, &plan->passes[i]);
    }
    status = add_groups(d, works, plan->pass_count, error);
out:
    clp_memory_free(works);
    return status;
}

static void destroy(clp_device *device, clp_schedule **schedule) {
    clp_schedule *s = *schedule;
    clp_tables_destroy(&s->tables, device);
    clp_cube_release(device, &s->cube);
    clp_bands_free(&s->slices);
    clp_memory_free(s->groups);
    clp_memory_free(s->band_ends);
    clp_plan_release(&s->plan);
    clp_memory_free(s);
    *schedule = NULL;
}

/** What rows come at a time. */
static clproc_status choose_portions(const clp_device *device, clp_schedule *made,
                                     clproc_error *error) {
    made->portions = made->way == CLP_WAY_BANDS ? &made->plan->bands : &made->slices;
    if (made->way == CLP_WAY_BANDS) {
        return CLPROC_OK;
    }
    size_t bytes = made->way == CLP_WAY_SLICES ? device->ring_part : SIZE_MAX;
    return clp_bands_slice(&made->plan->input, bytes, &made->slices, error);
}

static clproc_status make(clp_device *device, clp_plan *plan, clp_way way, clp_schedule **schedule,
                          clproc_error *error) {
    clp_schedule *made = clp_memory_zero(CLP_MEMORY_PLAN, 1, sizeof *made);
    draft d = {.schedule = made, .device = device};
    clproc_status status;
    if (!made) {
        return clp_error_memory(error, "a plan", sizeof *made);
    }
    made->plan = clp_plan_retain(plan);
    made->way = way;
    CLP_TRY(status, out, choose_portions(device, made, error));
    if (device->reference) {
        goto out;
    }
    CLP_TRY(status, out, add_launches(&d, error));
    if (plan->conversion) {
        CLP_TRY(status, out,
                clp_cube_get(device, plan->conversion, plan->conversion_white, &made->cube, error));
    }
    if (d.size > 0) {
        CLP_TRY(status, out,
                clp_tables_create(&made->tables, device, d.staging, d.size, "tables", error));
    }
out:
    clp_memory_free(d.staging);
    if (status != CLPROC_OK) {
        destroy(device, &made);
    }
    *schedule = made;
    return status;
}

/** Bytes by which what is kept grows with a schedule, its plan on the host among them; a cube
 * counts once. */
static uint64_t bytes_with(const clp_schedule *made) {
    return made->tables.bytes + clp_plan_bytes(made->plan) +
           (made->cube && made->cube->kept == 0 ? made->cube->tables.bytes : 0);
}

static void add(clp_device *device, clp_schedule *made) {
    device->kept_bytes += bytes_with(made);
    if (made->cube) {
        made->cube->kept++;
    }
    device->schedules[device->schedule_count++] = made;
}

/** Keeps one no longer. The others move up: the first is the oldest. */
static clp_schedule *take_out(clp_device *device, uint32_t index) {
    clp_schedule *old = device->schedules[index];
    if (old->cube) {
        old->cube->kept--;
    }
    device->kept_bytes -= bytes_with(old);
    device->schedule_count--;
    memmove(&device->schedules[index], &device->schedules[index + 1],
            (device->schedule_count - index) * sizeof device->schedules[0]);
    return old;
}

static void drop(clp_device *device, uint32_t index) {
    clp_schedule *old = take_out(device, index);
    destroy(device, &old);
}

static bool has_failed(const clp_schedule *s) {
    return clp_tables_have_failed(&s->tables) ||
           (s->cube && clp_tables_have_failed(&s->cube->tables));
}

/** The schedule of a plan that is kept. One whose tables did not come is kept no longer: it would
 * fail every picture. With the lock held. */
static clp_schedule *find(clp_device *device, const clp_plan *plan, clp_way way) {
    for (uint32_t i = 0; i < device->schedule_count; i++) {
        clp_schedule *known = device->schedules[i];
        if (known->plan == plan && known->way == way) {
            if (!has_failed(known)) {
                return known;
            }
            take_out(device, i);
            if (known->users == 0) {
                destroy(device, &known);
            }
            break;
        }
    }
    return NULL;
}

static bool has_room(const clp_device *device, const clp_schedule *made) {
    return device->schedule_count < CLP_MAX_SCHEDULES &&
           device->kept_bytes + bytes_with(made) <= device->most_tables;
}

/** Drops schedules of plans that nobody else has: these will not be asked for again, and hold what
 * they share with others. */
static void drop_orphans(clp_device *device) {
    for (uint32_t i = device->schedule_count; i > 0; i--) {
        const clp_schedule *old = device->schedules[i - 1];
        if (old->users == 0 && atomic_load(&old->plan->references) == 1) {
            drop(device, i - 1);
        }
    }
}

/** Keeps a schedule for later pictures; instead of others where there are too many. With the lock
 * held. */
static void keep(clp_device *device, clp_schedule *made) {
    uint64_t least = made->tables.bytes + clp_plan_bytes(made->plan);
    drop_orphans(device);
    if (least + (made->cube ? made->cube->tables.bytes : 0) > device->most_tables) {
        return;
    }
    for (uint32_t i = 0; i < device->schedule_count && !has_room(device, made);) {
        if (device->schedules[i]->users > 0) {
            i++;
        } else {
            drop(device, i);
        }
    }
    if (has_room(device, made)) {
        add(device, made);
    }
}

clproc_status clp_schedule_get(clp_device *device, clp_plan *plan, clp_way way,
                               clp_schedule **schedule, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    clp_schedule *made = NULL;
    pthread_mutex_lock(&device->lock);
    *schedule = find(device, plan, way);
    if (*schedule) {
        (*schedule)->users++;
    }
    pthread_mutex_unlock(&device->lock);
    if (*schedule) {
        return CLPROC_OK;
    }
    status = make(device, plan, way, &made, error);
    if (status != CLPROC_OK) {
        return status;
    }
    pthread_mutex_lock(&device->lock);
    *schedule = find(device, plan, way);
    if (!*schedule) {
        *schedule = made;
        made = NULL;
        keep(device, *schedule);
    }
    (*schedule)->users++;
    pthread_mutex_unlock(&device->lock);
    if (made) {
        destroy(device, &made); /* another thread was first */
    }
    return status;
}

void clp_schedule_release(clp_device *device, clp_schedule **schedule) {
    clp_schedule *s = *schedule;
    if (!s) {
        return;
    }
    pthread_mutex_lock(&device->lock);
    bool kept = find(device, s->plan, s->way) == s;
    s->users--;
    bool dead = s->users == 0 && !kept;
    pthread_mutex_unlock(&device->lock);
    if (dead) {
        destroy(device, &s);
    }
    *schedule = NULL;
}

cl_uint clp_schedule_to_come(const clp_schedule *s, cl_event events[2]) {
    cl_uint count = clp_tables_to_come(&s->tables, events);
    return s->cube ? count + clp_tables_to_come(&s->cube->tables, events + count) : count;
}

clproc_status clp_schedule_check(clp_schedule *s, clp_device *device, clproc_error *error) {
    clproc_status status = clp_tables_check(&s->tables, device, error);
    return status == CLPROC_OK && s->cube ? clp_tables_check(&s->cube->tables, device, error)
                                          : status;
}

void clp_schedules_free(clp_device *device) {
    while (device->schedule_count > 0) {
        destroy(device, &device->schedules[--device->schedule_count]);
    }
}
