#include "device/device.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/clock.h"
#include "core/memory.h"
#include "device/lane.h"

/** Tests run the other device class on whatever device there is, by words in CLPROC_FORCE: those of
 * grid.c, "discrete" memory, kernels in their lane's "thread" or in the driver's "pool",
 * "device-codec" for JPEGs, "sub-devices" of one unit each, an "emulated-gpu" taken for a real one;
 * one "abandoned" at the end, as GPUs are; "unprobed" leaves out the copies that show how fast its
 * memory is. */
bool clp_device_forced(const char *what) {
    const char *text = getenv("CLPROC_FORCE");
    return text && strstr(text, what) != NULL;
}

clproc_status clp_device_queue(clp_device *device, cl_command_queue *queue, clproc_error *error) {
    cl_command_queue_properties properties = device->prof ? CL_QUEUE_PROFILING_ENABLE : 0;
    cl_int code;
    *queue = clCreateCommandQueue(device->context, device->id, properties, &code);
    if (code == CL_INVALID_QUEUE_PROPERTIES || code == CL_INVALID_VALUE) {
        /* Profiling is a nicety: without it the pictures still come out. */
        device->untimed = clp_cl_name(code);
        *queue = clCreateCommandQueue(device->context, device->id, 0, &code);
    }
    if (code != CL_SUCCESS) {
        *queue = NULL;
    }
    return clp_cl_check(code, "clCreateCommandQueue", device->info.name, error);
}

void clp_queue_drain(cl_command_queue queue) {
    /* A driver that is short of something now may not be so a moment later. */
    for (int attempt = 0; attempt < 3 && clFinish(queue) != CL_SUCCESS; attempt++) {
    }
}

void clp_queue_close(cl_command_queue *queue) {
    if (*queue) {
        clp_queue_drain(*queue);
        clReleaseCommandQueue(*queue);
        *queue = NULL;
    }
}

/* ----------------------------------------------------------------- opening */

/** Pinned memory of all lanes together, at most; it costs half a millisecond a MiB. */
#define RING_BYTES ((uint64_t)64 << 20)
/** Tables that are kept for later pictures, at most. */
#define TABLE_BYTES ((uint64_t)64 << 20)
/** A part large enough for transfers to run at the link's speed. */
#define RING_PART ((size_t)1 << 20)

/** One part in `parts` of the pictures' bound, and no more than `most`. */
static uint64_t share_of(uint64_t memory, uint32_t parts, uint64_t most) {
    return memory > 0 && memory / parts < most ? memory / parts : most;
}

/** Pinned memory for the ring. */
static clproc_status pin_ring(clp_device *device, size_t bytes, clproc_error *error) {
    cl_int code;
    clp_pages *none = NULL;
    clproc_status status = clp_buffer_create(device, CLP_BUFFER_PINNED, bytes, "the ring", &none,
                                             &device->ring, error);
    if (status != CLPROC_OK) {
        return status;
    }
    device->ring_host =
        clEnqueueMapBuffer(device->queue, device->ring, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0,
                           bytes, 0, NULL, NULL, &code);
    status = clp_cl_check(code, "clEnqueueMapBuffer", "the ring", error);
    if (status != CLPROC_OK) {
        device->ring_host = NULL;
        clReleaseMemObject(device->ring);
        device->ring = NULL;
    }
    return status;
}

/** The ring, on a device with memory of its own. Where the driver has no pinned memory to give it
 * is plain memory, which travels more slowly. */
static clproc_status open_ring(clp_device *device, uint32_t lanes, uint64_t memory,
                               clproc_error *error) {
    clproc_error cause;
    lanes = lanes < 1 ? 1 : lanes < CLP_MAX_LANES ? lanes : CLP_MAX_LANES;
    size_t most = (size_t)share_of(memory, 8, RING_BYTES);
    size_t parts = (size_t)lanes * CLP_RING_PARTS + 1; /* one for tables */
    size_t part = most / parts / CLP_PITCH_ALIGN * CLP_PITCH_ALIGN;
    part = part > CLP_PITCH_ALIGN ? part : CLP_PITCH_ALIGN;
    part = part < RING_PART ? part : RING_PART;
    size_t bytes = part * parts;
    if (pin_ring(device, bytes, &cause) != CLPROC_OK) {
        size_t used = strlen(device->notice);
        snprintf(device->notice + used, sizeof device->notice - used,
                 "%s%.100s gives no pinned memory, so transfers take longer: %.150s",
                 used ? "; " : "", device->info.name, cause.message);
        device->ring_plain = clp_memory_alloc(CLP_MEMORY_BATCH, bytes);
        if (!device->ring_plain) {
            return clp_error_memory(error, "the ring", bytes);
        }
        device->ring_host = device->ring_plain;
    }
    device->ring_part = part;
    device->ring_lanes = lanes;
    return CLPROC_OK;
}

static clproc_status open_context(clp_device *device, cl_platform_id platform,
                                  const clp_device_params *params, clproc_error *error) {
    cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)platform, 0};
    cl_int code;
    clproc_status status;
    device->context = clCreateContext(properties, 1, &device->id, NULL, NULL, &code);
    CLP_TRY(status, out, clp_cl_check(code, "clCreateContext", device->info.name, error));
    CLP_TRY(status, out, clp_device_queue(device, &device->queue, error));
    if (!device->unified) {
        CLP_TRY(status, out, open_ring(device, params->lanes, params->memory, error));
        status = clp_submitter_create(&device->submitter, device, error);
    }
out:
    return status;
}

/** What kind of device this is, and so how it is worked with. */
static void judge(clp_device *device, const clp_found *found, bool crowded) {
    device->info = found->info;
    device->id = found->id;
    device->reference = strcmp(found->info.type, "reference") == 0;
    device->unified =
        device->reference || (found->info.unified_memory && !clp_device_forced("discrete"));
    clp_grid_choose(device);
    device->pocl = strcmp(found->info.platform, CLP_POCL_PLATFORM) == 0;
    device->codec_forced = clp_device_forced("device-codec");
    device->one_at_a_time = strcasestr(found->info.platform, "oclgrind") != NULL;
    device->spins = clp_device_is_nvidia(device);
    if (found->in_thread && (crowded || clp_device_forced("thread")) &&
        !clp_device_forced("pool") && !device->group_tiles) {
        device->id = found->in_thread;
        device->in_thread = true;
    }
}

static clproc_status open_found(clp_device **device, const clp_found *found,
                                const clp_device_params *params, const char *notice,
                                clproc_error *error) {
    clproc_status status;
    clp_device *made = clp_memory_zero(CLP_MEMORY_BATCH, 1, sizeof *made);
    if (!made) {
        return clp_error_memory(error, "a device", sizeof *made);
    }
    pthread_mutex_init(&made->lock, NULL);
    pthread_mutex_init(&made->cube_lock, NULL);
    pthread_mutex_init(&made->tables_lock, NULL);
    pthread_mutex_init(&made->clock_lock, NULL);
    pthread_mutex_init(&made->codec_turn, NULL);
    pthread_mutex_init(&made->turn, NULL);
    pthread_cond_init(&made->built, NULL);
    made->prof = params->prof;
    made->opened = clp_clock_ns();
    made->most_tables = share_of(params->memory, 16, TABLE_BYTES);
    snprintf(made->notice, sizeof made->notice, "%s", notice);
    judge(made, found, params->crowded);
    status = clp_prof_device(made->prof, made->info.name, &made->recorded, error);
    if (status == CLPROC_OK && !made->reference) {
        status = open_context(made, found->platform, params, error);
    }
    if (status != CLPROC_OK) {
        clp_device_close(&made);
    }
    *device = made;
    return status;
}

clproc_status clp_device_open(clp_device **device, const clp_device_params *params,
                              clproc_error *error) {
    clp_found *found = NULL;
    char notice[512] = "";
    size_t count, index;
    clproc_status status;
    *device = NULL;
    if (params->selection && strcasecmp(params->selection, "reference") == 0) {
        /* Needs no driver, so a broken one must not stand in its way. */
        clp_found reference = {.info = clp_reference_info};
        return open_found(device, &reference, params, notice, error);
    }
    CLP_TRY(status, out, clp_devices_find(&found, &count, params->drivers, error));
    CLP_TRY(
        status, out,
        clp_devices_select(found, count, params->selection, &index, notice, sizeof notice, error));
    status = open_found(device, &found[index], params, notice, error);
out:
    clp_memory_free(found);
    return status;
}

/** The devices that a selection of several, or of none, comes to. */
static clproc_status choose(const clp_device_params *params, const clp_found *found, size_t count,
                            size_t *chosen, size_t *chosen_count, char notice[512],
                            clproc_error *error) {
    const char *selection = params->selection;
    size_t best, cpu;
    char unused[512];
    if (!clp_selection_is_auto(selection)) {
        return clp_devices_select_all(found, count, selection, chosen, chosen_count, error);
    }
    clproc_status status = clp_devices_select(found, count, NULL, &best, notice, 512, error);
    bool joins =
        status == CLPROC_OK && clp_device_is_gpu(&found[best].info) &&
        clp_devices_select(found, count, "cpu", &cpu, unused, sizeof unused, NULL) == CLPROC_OK &&
        found[cpu].in_thread;
    *chosen_count = 0;
    if (joins) {
        chosen[(*chosen_count)++] = cpu;
    }
    chosen[(*chosen_count)++] = best;
    return status;
}

static clproc_status open_all(const clp_device_params *params, const clp_found *found,
                              const size_t *chosen, size_t count, const char *notice,
                              clp_device_opened_fn opened, void *user, char problem[256],
                              clproc_error *error) {
    bool joins = count > 1 && !clp_selection_is_several(params->selection);
    clproc_status status = CLPROC_OK;
    size_t there = 0;
    for (size_t i = 0; i < count; i++) {
        clp_device *device = NULL;
        clproc_error failure;
        if (open_found(&device, &found[chosen[i]], params, i == 0 ? notice : "", &failure) !=
            CLPROC_OK) {
            snprintf(problem, 256, "%.250s", failure.message);
            if (error && there == 0) {
                *error = failure;
            }
            continue;
        }
        there++;
        CLP_TRY(status, out, opened(user, device, joins ? (uint32_t)i : 0, (uint32_t)count, error));
    }
    status = there > 0 ? CLPROC_OK : error ? error->status : CLPROC_ERROR_NO_DEVICE;
out:
    return status;
}

clproc_status clp_devices_open(const clp_device_params *params, clp_device_opened_fn opened,
                               void *user, char problem[256], clproc_error *error) {
    const char *selection = params->selection;
    bool one = params->drivers != CLP_DRIVERS_ALL ||
               (!clp_selection_is_auto(selection) && !clp_selection_is_several(selection));
    clp_found *found = NULL;
    clp_device *device;
    size_t *chosen = NULL;
    size_t count = 0, chosen_count = 0;
    char notice[512] = "";
    clproc_status status;
    problem[0] = '\0';
    if (one) {
        CLP_TRY(status, out, clp_device_open(&device, params, error));
        status = opened(user, device, 0, 1, error);
        goto out;
    }
    CLP_TRY(status, out, clp_devices_find(&found, &count, CLP_DRIVERS_ALL, error));
    chosen = clp_memory_zero(CLP_MEMORY_BATCH, count + 1, sizeof *chosen);
    if (!chosen) {
        status = clp_error_memory(error, "the devices", count * sizeof *chosen);
        goto out;
    }
    CLP_TRY(status, out, choose(params, found, count, chosen, &chosen_count, notice, error));
    status = open_all(params, found, chosen, chosen_count, notice, opened, user, problem, error);
out:
    clp_memory_free(found);
    clp_memory_free(chosen);
    return status;
}

/** What there is to say of a device at its end. */
static void settle(clp_device *d) {
    clp_submitter_destroy(&d->submitter);
    clp_clocks_anchor(d);
    clp_device_probe_copy(d);
}

bool clp_device_abandon(clp_device **device) {
    bool own = *device && !(*device)->reference &&
               (!(*device)->info.unified_memory || clp_device_forced("abandoned"));
    if (!own) {
        return false;
    }
    if ((*device)->prof) {
        clp_device_free_lanes(*device); /* measuring the copy rate takes memory */
    }
    settle(*device);
    *device = NULL;
    return true;
}

void clp_device_close(clp_device **device) {
    clp_device *d = *device;
    if (!d) {
        return;
    }
    clp_device_free_lanes(d);
    settle(d);
    clp_binaries_forget(d);
    clp_schedules_free(d);
    clp_jpeg_codec_close(&d->codec);
    clp_programs_release(d);
    clp_event_release(&d->tables_last);
    if (d->ring && d->ring_host) {
        clEnqueueUnmapMemObject(d->queue, d->ring, d->ring_host, 0, NULL, NULL);
    }
    if (d->ring) {
        clReleaseMemObject(d->ring);
    }
    clp_queue_close(&d->queue);
    clp_memory_free(d->ring_plain); /* a table may have been on its way from there */
    if (d->context) {
        clReleaseContext(d->context);
    }
    pthread_mutex_destroy(&d->turn);
    pthread_mutex_destroy(&d->codec_turn);
    pthread_mutex_destroy(&d->tables_lock);
    pthread_mutex_destroy(&d->clock_lock);
    pthread_mutex_destroy(&d->cube_lock);
    pthread_cond_destroy(&d->built);
    pthread_mutex_destroy(&d->lock);
    clp_memory_free(d);
    *device = NULL;
}

const clproc_device_info *clp_device_info(const clp_device *device) {
    return &device->info;
}

const char *clp_device_notice(const clp_device *device) {
    return device->notice;
}

const char *clp_device_untimed(const clp_device *device) {
    return device->untimed;
}

clproc_status clp_device_prepare(clp_device *device, clp_plan *plan, clp_prof_thread *thread,
                                 clproc_error *error) {
    clp_schedule *schedule = NULL;
    clproc_status status = CLPROC_OK;
    if (device->reference || device->one_at_a_time) {
        return CLPROC_OK;
    }
    for (size_t i = 0; status == CLPROC_OK && i < plan->pass_count; i++) {
        clp_variant variant = clp_pass_variant(plan, &plan->passes[i]);
        clp_program *program;
        status = clp_program_get(device, &variant, &program, thread, error);
    }
    if (status == CLPROC_OK && !device->unified) {
        status = clp_schedule_get(device, plan, CLP_WAY_SLICES, &schedule, error);
        clp_schedule_release(device, &schedule);
    }
    return status;
}

bool clp_device_was_full(const clproc_error *error) {
    return error->cl_code == CL_MEM_OBJECT_ALLOCATION_FAILURE;
}
