/** A batch to kernel launches: passes of all its pictures, level by level, one launch for each
 * kernel. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "device/device_private.h"
#include "device/jobs.h"

/** Tiles of one launch: PoCL compiles a kernel anew for grids beyond 16 bits. */
#define MAX_TILES 65000
#define GROUP_SIZE 256

/** One pass of one picture. */
typedef struct work {
    const clp_picture *picture;
    const clp_pass *pass;
    clp_variant variant;
    clp_role src, dst;
} work;

static int compare(const void *a, const void *b) {
    const work *x = a, *y = b;
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

static const clp_surface *surface_of(const work *w, uint32_t index) {
    return &w->picture->plan->surfaces[index];
}

static uint64_t sample_offset(const work *w, const clp_surface *surface) {
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

/** Fills in a job; returns its number of tiles. */
static uint32_t make_filter_job(const clp_device *device, const work *w, uint32_t first_tile,
                                filter_job *job) {
    const clp_pass *pass = w->pass;
    const clp_surface *src = surface_of(w, pass->src[0]), *dst = surface_of(w, pass->dst[0]);
    uint32_t tables = (uint32_t)w->picture->tables;
    /* A work-item owns 64 columns of 16 rows, a work-group 32 of 32. */
    uint32_t columns = device->group_tiles ? 32 : 64, rows = device->group_tiles ? 32 : 16;
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
        .starts = tables + pass->starts,
        .tiles_across = divide_up(src->width * src->channels, columns),
        .first_tile = first_tile,
    };
    set_fill(pass, !pass->real, job->fill);
    return job->tiles_across * divide_up(job->rows, rows);
}

static uint32_t make_reindex_job(const clp_device *device, const work *w, uint32_t first_tile,
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
        .tiles_across = divide_up(dst->width, 16),
        .first_tile = first_tile,
    };
    set_fill(pass, src->sample == CLP_SAMPLE_I16, job->fill);
    return job->tiles_across * divide_up(dst->height, 16);
}

/** Describes where each channel stands: planes, or interleaved samples of one plane; alpha goes
 * last, into [3]. */
static void colour_surfaces(const work *w, const uint32_t *surfaces, uint32_t count,
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

static uint32_t make_colour_job(const clp_device *device, const work *w, uint32_t first_tile,
                                colour_job *job) {
    const clp_pass *pass = w->pass;
    const clp_surface *dst = surface_of(w, pass->dst[0]);
    *job = (colour_job){.width = dst->width,
                        .height = dst->height,
                        .in_colours = pass->in_channels - pass->in_alpha,
                        .out_colours = pass->out_channels - pass->out_alpha,
                        .in_alpha = pass->in_alpha,
                        .out_alpha = pass->out_alpha,
                        .step_count = pass->step_count,
                        .tiles_across = divide_up(dst->width, device->group_tiles ? 1 : 16),
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
    return job->tiles_across * dst->height;
}

static const size_t job_sizes[] = {[CLP_PASS_FILTER] = sizeof(filter_job),
                                   [CLP_PASS_REINDEX] = sizeof(reindex_job),
                                   [CLP_PASS_COLOUR] = sizeof(colour_job)};

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

/** A launch to be: works of one kernel and one level, and where their jobs stand. */
typedef struct group {
    const work *works;
    uint32_t count, tiles;
    size_t jobs;
} group;

static clproc_status stage_group(clp_slot *slot, group *g, clproc_error *error) {
    clp_pass_kind kind = g->works[0].variant.kind;
    clproc_status status = stage(slot, g->count * job_sizes[kind], &g->jobs, error);
    g->tiles = 0;
    for (uint32_t i = 0; status == CLPROC_OK && i < g->count; i++) {
        void *job = slot->staging + g->jobs + i * job_sizes[kind];
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
    return status;
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

static cl_mem arena_buffer(const clp_slot *slot, clp_role role) {
    return role == CLP_ROLE_INPUT    ? slot->input.buffer
           : role == CLP_ROLE_OUTPUT ? slot->output.buffer
                                     : slot->device->scratch.buffer;
}

static clproc_status set_argument(clp_kernel *kernel, cl_uint index, size_t size, const void *value,
                                  clproc_error *error) {
    return clp_cl_check(clSetKernelArg(kernel->kernel, index, size, value), "clSetKernelArg",
                        kernel->name, error);
}

/** Sets arenas, tables, jobs and count; returns the index of the argument `base`. */
static clproc_status set_arguments(clp_kernel *kernel, const cl_mem *arenas, uint32_t arena_count,
                                   cl_mem tables, uint32_t jobs, uint32_t count, cl_uint *base,
                                   clproc_error *error) {
    cl_uint index = 0;
    clproc_status status = CLPROC_OK;
    for (; index < arena_count; index++) {
        CLP_TRY(status, out, set_argument(kernel, index, sizeof(cl_mem), &arenas[index], error));
    }
    CLP_TRY(status, out, set_argument(kernel, index++, sizeof(cl_mem), &tables, error));
    CLP_TRY(status, out, set_argument(kernel, index++, sizeof jobs, &jobs, error));
    CLP_TRY(status, out, set_argument(kernel, index++, sizeof count, &count, error));
    *base = index;
out:
    return status;
}

/** Work-items of a launch over `tiles` tiles. */
static void launch_size(const clp_device *device, clp_pass_kind kind, uint32_t tiles,
                        size_t *global, size_t *local) {
    *local = device->group_tiles ? GROUP_SIZE : 1;
    if (device->group_tiles && kind == CLP_PASS_COLOUR) {
        *global = (size_t)divide_up(tiles, GROUP_SIZE) * GROUP_SIZE;
    } else {
        *global = tiles * *local;
    }
}

static uint32_t tiles_per_launch(const clp_device *device, clp_pass_kind kind) {
    return device->group_tiles && kind == CLP_PASS_COLOUR ? MAX_TILES * GROUP_SIZE : MAX_TILES;
}

clproc_status clp_kernel_warm(clp_device *device, clp_kernel *kernel, clproc_error *error) {
    size_t global, local;
    cl_uint base, zero = 0;
    clproc_status status;
    /* PoCL compiles at the first launch: one without jobs does, and finds nothing to do. */
    CLP_TRY(status, out,
            clp_store_grow(device, CLP_BUFFER_PIXELS, &device->scratch, 64, "scratch", error));
    cl_mem any = device->scratch.buffer, arenas[3] = {any, any, any};
    uint32_t arena_count = kernel->variant.kind == CLP_PASS_COLOUR ? 3 : 2;
    CLP_TRY(status, out, set_arguments(kernel, arenas, arena_count, any, 0, 0, &base, error));
    CLP_TRY(status, out, set_argument(kernel, base, sizeof zero, &zero, error));
    launch_size(device, kernel->variant.kind, 1, &global, &local);
    cl_int code = clEnqueueNDRangeKernel(device->compute, kernel->kernel, 1, NULL, &global, &local,
                                         0, NULL, NULL);
    CLP_TRY(status, out, clp_cl_check(code, "clEnqueueNDRangeKernel", kernel->name, error));
    kernel->launched = true;
    status = clp_cl_check(clFlush(device->compute), "clFlush", kernel->name, error);
out:
    return status;
}

static clproc_status launch(clp_slot *slot, const group *g, clp_kernel *kernel,
                            clproc_error *error) {
    clp_device *device = slot->device;
    const work *w = &g->works[0];
    cl_mem all[3] = {slot->input.buffer, device->scratch.buffer, slot->output.buffer};
    cl_mem two[2] = {arena_buffer(slot, w->src), arena_buffer(slot, w->dst)};
    bool colour = w->variant.kind == CLP_PASS_COLOUR;
    cl_uint base;
    clproc_status status =
        set_arguments(kernel, colour ? all : two, colour ? 3 : 2, slot->tables.buffer,
                      (uint32_t)g->jobs, g->count, &base, error);
    clp_prof_command command = {
        .kind = CLP_COMMAND_KERNEL, .batch = slot->batch, .images = slot->count};
    snprintf(command.name, sizeof command.name, "%s", kernel->name);
    for (uint32_t i = 0; i < g->count; i++) {
        command.bytes_read += g->works[i].pass->bytes_read;
        command.bytes_written += g->works[i].pass->bytes_written;
        command.operations += g->works[i].pass->operations;
    }
    uint32_t most = tiles_per_launch(device, w->variant.kind);
    for (uint32_t first = 0; status == CLPROC_OK && first < g->tiles; first += most) {
        uint32_t tiles = g->tiles - first < most ? g->tiles - first : most;
        size_t global, local;
        cl_event event = NULL;
        launch_size(device, w->variant.kind, tiles, &global, &local);
        CLP_TRY(status, out, set_argument(kernel, base, sizeof first, &first, error));
        cl_int code = clEnqueueNDRangeKernel(device->compute, kernel->kernel, 1, NULL, &global,
                                             &local, 0, NULL, clp_event_wanted(device, &event));
        CLP_TRY(status, out, clp_cl_check(code, "clEnqueueNDRangeKernel", kernel->name, error));
        clp_prof_command part = command;
        double share = (double)tiles / g->tiles;
        part.bytes_read = (uint64_t)((double)part.bytes_read * share);
        part.bytes_written = (uint64_t)((double)part.bytes_written * share);
        part.operations = (uint64_t)((double)part.operations * share);
        part.first = !kernel->launched;
        kernel->launched = true;
        status = clp_launch_note(slot, event, &part, error);
    }
out:
    return status;
}

/** Collects what there is to do, sorted into launches. */
static clproc_status collect(clp_slot *slot, work **works, size_t *count, clproc_error *error) {
    size_t capacity = 0;
    *works = NULL;
    *count = 0;
    for (uint32_t i = 0; i < slot->count; i++) {
        const clp_picture *picture = &slot->pictures[i];
        const clp_plan *plan = picture->plan;
        for (size_t j = 0; !picture->dropped && j < plan->pass_count; j++) {
            work *grown =
                clp_memory_grow(CLP_MEMORY_BATCH, *works, &capacity, *count + 1, sizeof *grown);
            if (!grown) {
                return clp_error_memory(error, "a batch", sizeof *grown);
            }
            *works = grown;
            const clp_pass *pass = &plan->passes[j];
            bool colour = pass->kind == CLP_PASS_COLOUR;
            grown[(*count)++] = (work){.picture = picture,
                                       .pass = pass,
                                       .variant = clp_pass_variant(plan, pass),
                                       .src = colour ? 0 : plan->surfaces[pass->src[0]].role,
                                       .dst = colour ? 0 : plan->surfaces[pass->dst[0]].role};
        }
    }
    if (*count) {
        qsort(*works, *count, sizeof **works, compare);
    }
    return CLPROC_OK;
}

static clproc_status make_groups(clp_slot *slot, const work *works, size_t count, group **groups,
                                 size_t *group_count, clproc_error *error) {
    size_t capacity = 0;
    *groups = NULL;
    *group_count = 0;
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && compare(&works[i], &works[end]) == 0) {
            end++;
        }
        group *grown =
            clp_memory_grow(CLP_MEMORY_BATCH, *groups, &capacity, *group_count + 1, sizeof *grown);
        if (!grown) {
            return clp_error_memory(error, "a batch", sizeof *grown);
        }
        *groups = grown;
        group *g = &grown[(*group_count)++];
        *g = (group){.works = &works[i], .count = (uint32_t)(end - i)};
        clproc_status status = stage_group(slot, g, error);
        if (status != CLPROC_OK) {
            return status;
        }
        i = end;
    }
    return CLPROC_OK;
}

/** Input and tables to the device. `*ready`, if set, is the event kernels must wait for. */
static clproc_status upload(clp_slot *slot, cl_event *ready, clproc_error *error) {
    clp_device *device = slot->device;
    cl_event event = NULL;
    clproc_status status;
    *ready = NULL;
    CLP_TRY(status, out,
            clp_store_grow(device, CLP_BUFFER_TABLES, &slot->tables, slot->staging_size, "tables",
                           error));
    CLP_TRY(status, out, clp_arena_unmap(device, &slot->input, error));
    CLP_TRY(status, out, clp_arena_unmap(device, &slot->output, error));
    if (slot->input.pinned) {
        cl_int code =
            clEnqueueWriteBuffer(device->upload, slot->input.buffer, CL_FALSE, 0, slot->input.used,
                                 slot->input.host, 0, NULL, clp_event_wanted(device, &event));
        CLP_TRY(status, out, clp_cl_check(code, "clEnqueueWriteBuffer", "input", error));
        clp_prof_command command = {.kind = CLP_COMMAND_UPLOAD,
                                    .name = "upload",
                                    .bytes_read = slot->input.used,
                                    .bytes_written = slot->input.used,
                                    .batch = slot->batch,
                                    .images = slot->count};
        CLP_TRY(status, out, clp_launch_note(slot, event, &command, error));
    }
    event = NULL;
    bool wait = device->upload != device->compute;
    cl_int code = clEnqueueWriteBuffer(device->upload, slot->tables.buffer, CL_FALSE, 0,
                                       slot->staging_size, slot->staging, 0, NULL,
                                       wait ? ready : clp_event_wanted(device, &event));
    CLP_TRY(status, out, clp_cl_check(code, "clEnqueueWriteBuffer", "tables", error));
    if (wait) {
        code = clRetainEvent(*ready);
        CLP_TRY(status, out, clp_cl_check(code, "clRetainEvent", "tables", error));
        event = *ready;
    }
    clp_prof_command command = {.kind = CLP_COMMAND_UPLOAD,
                                .name = "upload tables",
                                .bytes_read = slot->staging_size,
                                .bytes_written = slot->staging_size,
                                .batch = slot->batch,
                                .images = slot->count};
    CLP_TRY(status, out, clp_launch_note(slot, event, &command, error));
    if (wait) {
        status = clp_cl_check(clFlush(device->upload), "clFlush", "upload", error);
    }
out:
    return status;
}

/** Brings the results back: by a map, or by a copy that waits for the kernels. Sets slot->done. */
static clproc_status read_back(clp_slot *slot, clproc_error *error) {
    clp_device *device = slot->device;
    clp_prof_command command = {.kind = CLP_COMMAND_READBACK,
                                .name = "readback",
                                .bytes_read = slot->output.used,
                                .bytes_written = slot->output.used,
                                .batch = slot->batch,
                                .images = slot->count};
    cl_int code;
    clproc_status status;
    if (slot->output.pinned) {
        cl_event computed = NULL;
        code = clEnqueueMarkerWithWaitList(device->compute, 0, NULL, &computed);
        CLP_TRY(status, out, clp_cl_check(code, "clEnqueueMarkerWithWaitList", "readback", error));
        status = clp_cl_check(clFlush(device->compute), "clFlush", "readback", error);
        if (status == CLPROC_OK) {
            code = clEnqueueReadBuffer(device->readback, slot->output.buffer, CL_FALSE, 0,
                                       slot->output.used, slot->output.host, 1, &computed,
                                       &slot->done);
            status = clp_cl_check(code, "clEnqueueReadBuffer", "results", error);
        }
        clReleaseEvent(computed);
        if (status != CLPROC_OK) {
            goto out;
        }
        CLP_TRY(status, out, clp_cl_check(clFlush(device->readback), "clFlush", "readback", error));
    } else {
        if (!slot->input.host) {
            /* For the next batch: mapped later, it would wait for the kernels of others. */
            slot->input.host = clEnqueueMapBuffer(device->compute, slot->input.buffer, CL_FALSE,
                                                  CL_MAP_WRITE_INVALIDATE_REGION, 0,
                                                  slot->input.capacity, 0, NULL, NULL, &code);
            CLP_TRY(status, out, clp_cl_check(code, "clEnqueueMapBuffer", "input", error));
        }
        slot->output.host = clEnqueueMapBuffer(device->compute, slot->output.buffer, CL_FALSE,
                                               CL_MAP_READ | CL_MAP_WRITE, 0, slot->output.capacity,
                                               0, NULL, &slot->done, &code);
        CLP_TRY(status, out, clp_cl_check(code, "clEnqueueMapBuffer", "results", error));
        command.bytes_read = command.bytes_written = 0;
        CLP_TRY(status, out, clp_cl_check(clFlush(device->compute), "clFlush", "results", error));
    }
    CLP_TRY(status, out,
            clp_cl_check(clRetainEvent(slot->done), "clRetainEvent", "results", error));
    status = clp_launch_note(slot, slot->done, &command, error);
out:
    return status;
}

static clproc_status run_groups(clp_slot *slot, const group *groups, size_t count, cl_event ready,
                                clp_prof_thread *thread, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    if (ready) {
        cl_int code = clEnqueueBarrierWithWaitList(slot->device->compute, 1, &ready, NULL);
        status = clp_cl_check(code, "clEnqueueBarrierWithWaitList", "upload", error);
    }
    for (size_t i = 0; status == CLPROC_OK && i < count; i++) {
        clp_kernel *kernel;
        status = clp_kernel_get(slot->device, &groups[i].works[0].variant, &kernel, thread, error);
        if (status == CLPROC_OK) {
            status = launch(slot, &groups[i], kernel, error);
        }
    }
    return status;
}

/** After a failure: what was enqueued must not outlive the memory it works on. */
static void finish_queues(clp_device *device) {
    clFinish(device->upload);
    clFinish(device->compute);
    clFinish(device->readback);
}

/** Gives up the events of a batch that has ended. */
static void end_batch(clp_slot *slot) {
    if (slot->done) {
        clReleaseEvent(slot->done);
        slot->done = NULL;
    }
    clp_launches_collect(slot->device, slot);
}

clproc_status clp_device_submit(clp_device *device, clp_slot *slot, uint64_t batch,
                                clp_prof_thread *thread, clproc_error *error) {
    work *works = NULL;
    group *groups = NULL;
    size_t count, group_count, scratch;
    cl_event ready = NULL;
    clproc_status status;
    slot->batch = batch;
    if (device->reference) {
        return clp_reference_submit(slot, thread, error);
    }
    clp_prof_begin(thread, CLP_PROF_SUBMIT, CLP_PROF_NO_IMAGE);
    slot->staging_size = 0;
    CLP_TRY(status, out, place(slot, &scratch, error));
    CLP_TRY(status, out, collect(slot, &works, &count, error));
    CLP_TRY(status, out, make_groups(slot, works, count, &groups, &group_count, error));
    CLP_TRY(status, out,
            clp_store_grow(device, CLP_BUFFER_PIXELS, &device->scratch, scratch, "scratch", error));
    if (group_count > 0) {
        CLP_TRY(status, out, upload(slot, &ready, error));
        CLP_TRY(status, out, run_groups(slot, groups, group_count, ready, thread, error));
    }
    status = read_back(slot, error);
    clp_prof_device_memory(device->prof, "scratch", device->scratch.capacity);
out:
    if (status != CLPROC_OK) {
        finish_queues(device);
        end_batch(slot);
    }
    if (ready) {
        clReleaseEvent(ready);
    }
    clp_memory_free(groups);
    clp_memory_free(works);
    clp_prof_end(thread);
    return status;
}

clproc_status clp_device_wait(clp_device *device, clp_slot *slot, clproc_error *error) {
    if (device->reference) {
        return CLPROC_OK;
    }
    if (!slot->done) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL,
                             "a batch was awaited that was not submitted");
    }
    clproc_status status =
        clp_cl_check(clWaitForEvents(1, &slot->done), "clWaitForEvents", "a batch", error);
    cl_int state = CL_COMPLETE;
    if (status == CLPROC_OK) {
        cl_int code = clGetEventInfo(slot->done, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state,
                                     &state, NULL);
        status = clp_cl_check(code, "clGetEventInfo", "a batch", error);
    }
    if (status == CLPROC_OK && state < 0) {
        status = clp_cl_check(state, "running", "a batch", error);
    }
    if (status != CLPROC_OK) {
        finish_queues(device);
    }
    end_batch(slot);
    return status;
}
