/** The JPEG codec in a lane: a scan goes to the device, and where the plan wants a JPEG one comes
 * back; samples never leave it. */
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/memory.h"
#include "device/lane.h"

/** Where there is no ring, or too little of it. */
#define STAGING_OWN ((size_t)3 << 20)
#define STAGING_LEAST ((size_t)64 << 10)
/** What goes to the device in one copy: jobs of decoding, jobs of encoding, the package. */
#define MOST_JOBS ((size_t)4 << 10)
#define ENCODE_JOBS MOST_JOBS
#define PACKAGE (2 * MOST_JOBS)
/** What comes back in one: what decoding and encoding say, then the beginning of the scan. They
 * stand in front of all other working memory of encoding, which leaves the flags alone. Without
 * encoding, or where decoding has a buffer apart, flags come by themselves, to where jobs were: in
 * the other place results may follow. */
#define HEAD_FLAGS 0
#define HEAD_RESULT (JPEG_FLAG_WORDS * sizeof(uint32_t))
#define HEAD_SCAN 64
#define HEAD_LEAST ((size_t)64 << 10)
#define HEAD_OWN ((size_t)1 << 20)

/* ------------------------------------------------------------------ the device */

bool clp_device_wants_codec(const clp_device *device) {
    return !device->reference && !device->codec_checked &&
           (device->codec_forced || (!device->unified && !device->one_at_a_time));
}

bool clp_device_awaits_codec(const clp_device *device) {
    return !device->reference && device->codec_forced;
}

bool clp_device_has_codec(const clp_device *device) {
    return atomic_load(&device->codec_ready);
}

clproc_status clp_device_check_codec(clp_device *device,
                                     const clp_jpeg_trial trials[CLP_JPEG_TRIALS],
                                     clp_prof_thread *thread, clproc_error *error) {
    cl_command_queue queue = NULL;
    bool same = false;
    uint64_t start = clp_clock_ns();
    int64_t cached = clp_cache_programs(device);
    clproc_status status;
    device->codec_checked = true;
    clp_prof_begin(thread, CLP_PROF_BUILD, CLP_PROF_NO_IMAGE);
    CLP_TRY(status, out, clp_device_queue(device, &queue, error));
    CLP_TRY(status, out,
            clp_jpeg_codec_open(&device->codec, device->context, device->id, device, 0, error));
    CLP_TRY(status, out, clp_jpeg_codec_check(device->codec, queue, trials, &same, error));
    atomic_store(&device->codec_ready, same);
    /* Its first launches count: PoCL compiles there. */
    clp_prof_build(device->prof, "JPEG codec", clp_clock_ns() - start,
                   clp_jpeg_codec_is_kept(device->codec) ? CLP_CACHE_WARM
                                                         : clp_cache_since(device, cached));
out:
    clp_queue_close(&queue);
    clp_prof_end(thread);
    return status;
}

/* ------------------------------------------------------------------- staging */

/** Bytes of the lane's share of the ring that scans may have: all but the part of results; 0 if
 * they are too few. */
static size_t share_bytes(const clp_lane *lane) {
    size_t share = lane->ring_index == UINT32_MAX ? 0 : lane->device->ring_part * CLP_BAND_WINDOWS;
    return share < STAGING_LEAST ? 0 : share;
}

/** That share, or memory of its own. */
static uint8_t *staging_of(clp_lane *lane) {
    const clp_device *device = lane->device;
    if (share_bytes(lane) > 0) {
        return device->ring_host + (size_t)lane->ring_index * CLP_RING_PARTS * device->ring_part;
    }
    if (!lane->staging) {
        lane->staging = clp_memory_alloc(CLP_MEMORY_BATCH, STAGING_OWN);
    }
    return lane->staging;
}

clproc_status clp_lane_staging(clp_lane *lane, uint8_t **staging, size_t *room,
                               clproc_error *error) {
    uint8_t *start = staging_of(lane);
    if (!start) {
        return clp_error_memory(error, "a scan", STAGING_OWN);
    }
    size_t share = share_bytes(lane);
    *staging = start + PACKAGE;
    *room = (share ? share : STAGING_OWN) - PACKAGE;
    return CLPROC_OK;
}

/** True where the flags come back by themselves, with no encoded scan behind them. */
static bool has_flags_apart(const clp_codec_plan *p) {
    return p->apart || !p->encodes;
}

/** Where what comes back first goes: the part of the ring for results, or memory of its own. */
static uint8_t *head_of(const clp_lane *lane) {
    return lane->head ? lane->head : lane->output.host;
}

static size_t head_bytes(const clp_lane *lane) {
    return lane->head ? HEAD_OWN : lane->output.capacity;
}

/** Shared memory is the device's while it works, and a share of the ring may be too small. */
static clproc_status take_head(clp_lane *lane, clproc_error *error) {
    bool own = lane->device->unified || lane->output.capacity < HEAD_LEAST;
    if (own && !lane->head) {
        lane->head = clp_memory_alloc(CLP_MEMORY_BATCH, HEAD_OWN);
        return lane->head ? CLPROC_OK : clp_error_memory(error, "a scan", HEAD_OWN);
    }
    return CLPROC_OK;
}

void clp_lane_free_codec(clp_lane *lane) {
    clp_memory_free(lane->head);
    lane->head = NULL;
    clp_jpeg_codec_close(&lane->codec);
    clp_memory_free(lane->staging);
    lane->staging = NULL;
}

/* ------------------------------------------------------------------ planning */

static uint64_t beyond(size_t wanted, const clp_store *store) {
    return wanted > store->capacity ? wanted : store->capacity;
}

static uint64_t blocks_of(const clp_layout *layout) {
    uint64_t blocks = 0;
    for (uint32_t i = 0; i < layout->plane_count; i++) {
        const clp_plane *plane = &layout->planes[i];
        /* Whole MCUs of up to four blocks a side. */
        blocks += ((uint64_t)plane->width / 8 + 4) * (plane->height / 8 + 4);
    }
    return blocks;
}

static clproc_status plan_decoding(clp_lane *lane, const clp_plan *plan, const clp_passage *passage,
                                   clproc_error *error) {
    clp_codec_plan *p = &lane->codec_plan;
    const clp_scan *scan = passage->scan;
    p->decodes = true;
    p->apart = passage->keep_scan || scan->resident;
    p->package = *scan->package;
    p->packed = scan->packed;
    p->package_bytes = scan->bytes;
    p->picture = (clp_jpeg_decode_picture){.package = &p->package, .at = PACKAGE};
    clp_jpeg_decode_planes(&p->picture, &plan->input, 0, scan->sizes);
    uint32_t slot_bits =
        p->package.scan_bits < CLP_JPEG_LARGE ? CLP_JPEG_SLOTS_ALONE : CLP_JPEG_SLOTS_LARGE;
    clproc_status status =
        clp_jpeg_decode_plan_batch(lane->codec, &p->picture, 1, slot_bits, &p->decode, error);
    p->decode.found = scan->resident;
    return status == CLPROC_OK && scan->resident && lane->blocks.capacity < p->decode.work_bytes
               ? clp_error_set(error, CLPROC_ERROR_INTERNAL, "a picture's blocks are gone")
               : status;
}

static clproc_status plan_encoding(clp_lane *lane, const clp_plan *plan,
                                   const jpeg_encode_tables *tables, clproc_error *error) {
    clp_codec_plan *p = &lane->codec_plan;
    uint64_t room = blocks_of(&plan->output) * (CLP_JPEG_BLOCK_BITS / 8);
    p->encodes = true;
    p->scan_bytes = (size_t)(room < UINT32_MAX / 8 ? room : UINT32_MAX / 8) / 4 * 4;
    p->result = (clp_jpeg_encode_picture){.layout = &plan->output,
                                          .tables = tables,
                                          .output = HEAD_SCAN,
                                          .output_bytes = (uint32_t)p->scan_bytes};
    clproc_status status =
        clp_jpeg_encode_plan_batch(lane->codec, &p->result, 1, CLP_JPEG_BLOCK_BITS, HEAD_RESULT,
                                   HEAD_SCAN + p->scan_bytes, &p->encode, error);
    if (status == CLPROC_ERROR_LIMIT) {
        p->encodes = false; /* too large for the device's codec: the samples come back */
        status = CLPROC_OK;
    }
    return status;
}

/** Bytes of the buffer of jobs and package. */
static size_t upload_bytes(const clp_codec_plan *p) {
    return p->decodes || p->encodes ? PACKAGE + p->package_bytes : 0;
}

static size_t block_bytes(const clp_codec_plan *p) {
    return p->apart ? p->decode.work_bytes : 0;
}

static size_t work_bytes(const clp_codec_plan *p) {
    size_t decode = p->decodes && !p->apart ? p->decode.work_bytes : 0;
    size_t encode = p->encodes ? p->encode.work_bytes : 0;
    return decode > encode ? decode : encode;
}

clproc_status clp_lane_plan_codec(clp_lane *lane, const clp_plan *plan, const clp_passage *passage,
                                  uint64_t *need, clproc_error *error) {
    clp_codec_plan *p = &lane->codec_plan;
    clproc_status status = CLPROC_OK;
    *p = (clp_codec_plan){0};
    if (!lane->codec && (passage->scan || passage->encode)) {
        CLP_TRY(status, out, clp_jpeg_codec_share(&lane->codec, lane->device->codec, error));
    }
    if (passage->scan) {
        CLP_TRY(status, out, plan_decoding(lane, plan, passage, error));
    }
    if (passage->encode) {
        CLP_TRY(status, out, plan_encoding(lane, plan, passage->encode, error));
    }
    if (p->decode.job_bytes > MOST_JOBS || p->encode.job_bytes > MOST_JOBS) {
        status =
            clp_error_set(error, CLPROC_ERROR_INTERNAL, "jobs of the JPEG codec are too large");
        goto out;
    }
    *need += beyond(upload_bytes(p), &lane->package) + beyond(work_bytes(p), &lane->work) +
             beyond(block_bytes(p), &lane->blocks);
out:
    return status;
}

clproc_status clp_lane_grow_codec(clp_lane *lane, clproc_error *error) {
    const clp_codec_plan *p = &lane->codec_plan;
    clproc_status status = CLPROC_OK;
    if (!p->decodes && !p->encodes) {
        return CLPROC_OK;
    }
    CLP_TRY(status, out,
            clp_lane_grow_store(lane, &lane->package, upload_bytes(p), CLP_HELD_INPUT, error));
    CLP_TRY(status, out,
            clp_lane_grow_store(lane, &lane->work, work_bytes(p), CLP_HELD_SCRATCH, error));
    CLP_TRY(status, out,
            clp_lane_grow_store(lane, &lane->blocks, block_bytes(p), CLP_HELD_SCRATCH, error));
    status = take_head(lane, error);
out:
    return status;
}

/* ------------------------------------------------------------------ commands */

/** Brings a package to the device that was packed elsewhere, through both halves of the staging in
 * turn. */
static clproc_status send_through(clp_lane *lane, uint8_t *staging, size_t room,
                                  clproc_error *error) {
    const clp_codec_plan *p = &lane->codec_plan;
    size_t half = room / 2 / JPEG_ALIGN * JPEG_ALIGN;
    cl_event done[2] = {NULL, NULL};
    clproc_status status = CLPROC_OK;
    for (size_t offset = 0, i = 0; offset < p->package_bytes; offset += half, i ^= 1) {
        size_t left = p->package_bytes - offset, bytes = left < half ? left : half;
        if (done[i]) {
            CLP_TRY(status, out, clp_event_wait(lane->device, done[i], error));
            clp_event_release(&done[i]);
        }
        memcpy(staging + i * half, p->packed + offset, bytes);
        CLP_TRY(status, out,
                clp_command_write(lane, "upload scan", lane->package.buffer, PACKAGE + offset,
                                  staging + i * half, bytes, &done[i], error));
        CLP_TRY(status, out, clp_cl_check(clFlush(lane->queue), "clFlush", "a scan", error));
    }
out:
    clp_event_release(&done[0]);
    clp_event_release(&done[1]);
    return status;
}

/** True if the package was packed into the lane's staging. */
static bool is_staged(clp_lane *lane) {
    return lane->codec_plan.packed == staging_of(lane) + PACKAGE;
}

clproc_status clp_lane_send_scan(clp_lane *lane, clproc_error *error) {
    uint8_t *staging = NULL;
    size_t room = 0;
    clproc_status status = clp_lane_staging(lane, &staging, &room, error);
    return status == CLPROC_OK && !is_staged(lane) ? send_through(lane, staging, room, error)
                                                   : status;
}

/** Jobs travel in front of the package that lies in the staging. Without one, they do from where
 * results will come to: what comes back is enqueued behind them, while the ring may still be read
 * by copies of rows. */
static clproc_status send_jobs(clp_lane *lane, clproc_error *error) {
    const clp_codec_plan *p = &lane->codec_plan;
    bool with_package = p->decodes && is_staged(lane);
    uint8_t *from = with_package ? staging_of(lane) : head_of(lane);
    memset(from, 0, PACKAGE);
    if (p->decodes) {
        clp_jpeg_decode_jobs(&p->decode, &p->picture, from);
    }
    if (p->encodes) {
        clp_jpeg_encode_jobs(&p->encode, &p->result, from + ENCODE_JOBS);
    }
    return clp_command_write(lane, "upload scan", lane->package.buffer, 0, from,
                             PACKAGE + (with_package ? p->package_bytes : 0), NULL, error);
}

/** Notes what the codec's kernels take, those that were launched. */
static clproc_status note_kernels(clp_lane *lane, cl_event *events, const char *const *names,
                                  uint32_t count, clproc_error *error) {
    clproc_status status = CLPROC_OK;
    for (uint32_t i = 0; i < count; i++) {
        if (status == CLPROC_OK) {
            status = clp_command_note(lane, CLP_COMMAND_KERNEL, names[i], 0, events[i], error);
        } else {
            clp_event_release(&events[i]);
        }
    }
    return status;
}

clproc_status clp_lane_decode(clp_lane *lane, clproc_error *error) {
    const clp_codec_plan *p = &lane->codec_plan;
    cl_event events[CLP_JPEG_DECODE_KERNELS] = {NULL};
    clp_jpeg_queue queue = {.queue = lane->queue, .events = clp_event_wanted(lane->device, events)};
    cl_mem planes = lane->device->unified ? lane->windows[0].buffer : lane->input.buffer;
    cl_mem work = p->apart ? lane->blocks.buffer : lane->work.buffer;
    clproc_status status;
    if (lane->device->unified) {
        CLP_TRY(status, out, clp_arena_unmap(lane, &lane->windows[0], error));
    }
    CLP_TRY(status, out, send_jobs(lane, error));
    status = clp_jpeg_decode_enqueue(lane->codec, &p->decode, lane->package.buffer,
                                     lane->package.buffer, work, planes, &queue, error);
    if (queue.events) {
        clproc_status noted =
            note_kernels(lane, events, clp_jpeg_decode_names, CLP_JPEG_DECODE_KERNELS, error);
        status = status == CLPROC_OK ? noted : status;
    }
    if (status == CLPROC_OK && has_flags_apart(p)) {
        status =
            clp_command_read(lane, "readback scan", work, HEAD_FLAGS,
                             JPEG_FLAG_WORDS * sizeof(uint32_t), staging_of(lane), NULL, error);
    }
out:
    return status;
}

clproc_status clp_lane_encode(clp_lane *lane, clproc_error *error) {
    clp_codec_plan *p = &lane->codec_plan;
    cl_event events[CLP_JPEG_ENCODE_KERNELS] = {NULL};
    clp_jpeg_queue queue = {.queue = lane->queue, .events = clp_event_wanted(lane->device, events)};
    cl_mem planes = lane->device->unified ? lane->output.buffer : lane->results.buffer;
    clproc_status status;
    if (!p->decodes) {
        CLP_TRY(status, out, send_jobs(lane, error));
    }
    status =
        clp_jpeg_encode_enqueue(lane->codec, &p->encode, planes, lane->package.buffer, ENCODE_JOBS,
                                lane->work.buffer, lane->work.buffer, &queue, error);
    if (queue.events) {
        clproc_status noted =
            note_kernels(lane, events, clp_jpeg_encode_names, CLP_JPEG_ENCODE_KERNELS, error);
        status = status == CLPROC_OK ? noted : status;
    }
    CLP_TRY(status, out, status);
    size_t room = head_bytes(lane) - HEAD_SCAN;
    size_t from = has_flags_apart(p) ? HEAD_RESULT : HEAD_FLAGS;
    p->prefix = room < p->scan_bytes ? room : p->scan_bytes;
    CLP_TRY(status, out,
            clp_command_read(lane, "readback scan", lane->work.buffer, from,
                             HEAD_SCAN + p->prefix - from, head_of(lane) + from, &lane->done,
                             error));
    status = clp_cl_check(clFlush(lane->queue), "clFlush", "results", error);
out:
    return status;
}

/* ------------------------------------------------------------------- results */

const char *clp_lane_verdict(clp_lane *lane) {
    const clp_codec_plan *p = &lane->codec_plan;
    uint32_t flags[JPEG_FLAG_WORDS];
    if (!p->decodes) {
        return NULL;
    }
    memcpy(flags, has_flags_apart(p) ? staging_of(lane) : head_of(lane) + HEAD_FLAGS, sizeof flags);
    return clp_jpeg_decode_verdict(flags);
}

/** Brings back what the head had no room for. */
static clproc_status read_rest(clp_lane *lane, size_t bytes, clproc_error *error) {
    const clp_codec_plan *p = &lane->codec_plan;
    uint8_t *head = head_of(lane) + HEAD_SCAN;
    clproc_status status = clp_lane_grow_host(lane, bytes, error);
    if (status != CLPROC_OK) {
        return status;
    }
    memcpy(lane->host, head, p->prefix);
    for (size_t offset = p->prefix; offset < bytes; offset += p->prefix) {
        size_t left = bytes - offset, part = left < p->prefix ? left : p->prefix;
        lane->awaited = false;
        CLP_TRY(status, out,
                clp_command_read(lane, "readback scan", lane->work.buffer, HEAD_SCAN + offset, part,
                                 head, &lane->done, error));
        CLP_TRY(status, out, clp_cl_check(clFlush(lane->queue), "clFlush", "a scan", error));
        CLP_TRY(status, out, clp_lane_await(lane, error));
        memcpy(lane->host + offset, head, part);
    }
out:
    return status;
}

clproc_status clp_lane_scan(clp_lane *lane, const uint8_t **scan, uint32_t *bits,
                            clproc_error *error) {
    const clp_codec_plan *p = &lane->codec_plan;
    jpeg_encode_result result;
    clproc_status status = CLPROC_OK;
    *scan = NULL;
    if (!p->encodes) {
        return CLPROC_OK;
    }
    memcpy(&result, head_of(lane) + HEAD_RESULT, sizeof result);
    size_t bytes = ((size_t)result.bits + 31) / 32 * 4;
    if (result.crowded || bytes > p->scan_bytes) {
        return CLPROC_OK;
    }
    *bits = result.bits;
    *scan = head_of(lane) + HEAD_SCAN;
    if (bytes > p->prefix) {
        status = read_rest(lane, bytes, error);
        *scan = lane->host;
    }
    return status;
}
