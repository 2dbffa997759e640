/** A made-up profile whose every figure is known: 2 decoders, a device thread, 2 encoders. */
#ifndef TESTS_REPORT_FIXTURE_H
#define TESTS_REPORT_FIXTURE_H

#include <stdio.h>
#include <string.h>

#include "prof/profile.h"
#include "report/diff.h"

#define FIXTURE_MS 1000000u
#define FIXTURE_BATCH 4
#define FIXTURE_DECODERS 2
#define FIXTURE_ENCODERS 2
#define FIXTURE_MAX_SPANS 4096

typedef struct fixture_params {
    uint32_t images;      /**< a multiple of FIXTURE_BATCH */
    uint64_t seed;        /**< of the scatter of durations */
    double decode_factor; /**< slows decoding */
    double kernel_factor; /**< slows the second kernel */
    bool trace;
    const char *kernel; /**< the second kernel's name */
} fixture_params;

#define FIXTURE_DEFAULTS                                                                           \
    (fixture_params) {                                                                             \
        .images = 32, .seed = 7, .decode_factor = 1, .kernel_factor = 1, .trace = true,            \
        .kernel = "filter_i16_u8"                                                                  \
    }

static inline double fixture_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 40) / (double)(1u << 24);
}

/** About `ms`, give or take a tenth, now and then half as long again. */
static inline uint64_t fixture_time(uint64_t *state, double ms) {
    double scatter = 0.9 + 0.2 * fixture_random(state);
    scatter *= fixture_random(state) > 0.93 ? 1.5 : 1;
    return (uint64_t)(ms * scatter * FIXTURE_MS);
}

static inline void *fixture_room(size_t count, size_t size) {
    void *room = NULL;
    clp_profile_room(&room, count, size, NULL);
    return room;
}

static inline clp_profile_thread *fixture_thread(clproc_profile *profile, const char *name) {
    clp_profile_thread *thread = &profile->threads[profile->thread_count++];
    snprintf(thread->name, sizeof thread->name, "%s", name);
    thread->start = 1000 * profile->thread_count;
    thread->nodes = fixture_room(64, sizeof *thread->nodes);
    thread->node_count = 1;
    thread->spans = fixture_room(FIXTURE_MAX_SPANS, sizeof *thread->spans);
    return thread;
}

/** A span below node `parent`; outer spans must be given before inner ones. Returns its node. */
static inline uint32_t fixture_span(clproc_profile *profile, clp_profile_thread *thread,
                                    uint32_t parent, clp_prof_stage stage, uint64_t start,
                                    uint64_t end, uint64_t image) {
    uint32_t node = 1;
    while (node < thread->node_count &&
           (thread->nodes[node].stage != stage || thread->nodes[node].parent != parent)) {
        node++;
    }
    if (node == thread->node_count) {
        thread->nodes[thread->node_count++] = (clp_profile_node){.stage = stage, .parent = parent};
    }
    thread->nodes[node].calls++;
    thread->nodes[node].total_ns += end - start;
    if (profile->level == CLPROC_PROFILE_TRACE) {
        thread->spans[thread->span_count++] =
            (clp_profile_span){start, end, image, stage, parent ? 1 : 0};
    }
    clp_profile_samples *samples = &profile->samples[stage];
    if (!samples->items) {
        samples->items = fixture_room(FIXTURE_MAX_SPANS, sizeof *samples->items);
        samples->stride = 1;
    }
    size_t place = samples->count++;
    for (; place > 0 && samples->items[place - 1].end > end; place--) {
        samples->items[place] = samples->items[place - 1];
    }
    samples->items[place] = (clp_profile_sample){end, end - start, image};
    if (!clp_prof_stage_waits(stage) && !parent) {
        thread->cpu_ns += (end - start) / 10 * 9;
    }
    thread->end = end > thread->end ? end : thread->end;
    return node;
}

static inline uint64_t fixture_command(clproc_profile *profile, clp_command_kind kind,
                                       const char *name, uint64_t ready, uint64_t duration,
                                       uint64_t batch, bool first) {
    clp_prof_command *command = &profile->commands[profile->command_count++];
    *command = (clp_prof_command){.kind = kind,
                                  .queued = ready - 300000,
                                  .batch = batch,
                                  .submitted = ready - 100000,
                                  .started = ready,
                                  .ended = ready + duration,
                                  .images = FIXTURE_BATCH,
                                  .bytes_read = 24000000,
                                  .bytes_written = 12000000,
                                  .operations = kind == CLP_COMMAND_KERNEL ? 72000000 : 0,
                                  .first = first};
    snprintf(command->name, sizeof command->name, "%s", name);
    return command->ended;
}

static inline void fixture_fact(clproc_profile *profile, const char *key, const char *value) {
    clp_profile_fact *fact = &profile->facts[profile->fact_count++];
    fact->key = clp_memory_string(CLP_MEMORY_PROFILE, key);
    fact->value = clp_memory_string(CLP_MEMORY_PROFILE, value);
}

/** Decodes one picture from `now` on; returns when it is done. */
static inline uint64_t fixture_decode(clproc_profile *profile, clp_profile_thread *thread,
                                      uint64_t now, uint64_t image, double factor, uint64_t *seed) {
    uint64_t read = now + fixture_time(seed, 0.8);
    fixture_span(profile, thread, 0, CLP_PROF_READ, now, read, image);
    uint64_t header = read + fixture_time(seed, 0.2);
    fixture_span(profile, thread, 0, CLP_PROF_HEADER, read, header, image);
    uint64_t slot = header + fixture_time(seed, 1.5);
    fixture_span(profile, thread, 0, CLP_PROF_WAIT_MEMORY, header, slot, image);
    uint64_t decoded = slot + fixture_time(seed, 24 * factor);
    uint32_t node = fixture_span(profile, thread, 0, CLP_PROF_DECODE, slot, decoded, image);
    fixture_span(profile, thread, node, CLP_PROF_META, slot + 100000, slot + 400000, image);
    return decoded;
}

static inline uint64_t fixture_encode(clproc_profile *profile, clp_profile_thread *thread,
                                      uint64_t now, uint64_t ready, uint64_t image,
                                      uint64_t *seed) {
    if (ready > now) {
        fixture_span(profile, thread, 0, CLP_PROF_WAIT_FILE, now, ready, CLP_PROF_NO_IMAGE);
        now = ready;
    }
    uint64_t encoded = now + fixture_time(seed, 9);
    uint32_t node = fixture_span(profile, thread, 0, CLP_PROF_ENCODE, now, encoded, image);
    fixture_span(profile, thread, node, CLP_PROF_META, now + 50000, now + 250000, image);
    uint64_t written = encoded + fixture_time(seed, 1.2);
    fixture_span(profile, thread, 0, CLP_PROF_WRITE, encoded, written, image);
    return written;
}

/** Runs batch `batch` on the device; returns when its pictures are back. */
static inline uint64_t fixture_submit(clproc_profile *profile, clp_profile_thread *thread,
                                      uint64_t now, uint64_t sealed, uint64_t batch,
                                      const fixture_params *params, uint64_t *seed) {
    if (sealed > now) {
        fixture_span(profile, thread, 0, CLP_PROF_WAIT_OPEN, now, sealed, CLP_PROF_NO_IMAGE);
        now = sealed;
    }
    uint64_t submitted = now + fixture_time(seed, 0.5);
    fixture_span(profile, thread, 0, CLP_PROF_SUBMIT, now, submitted, CLP_PROF_NO_IMAGE);
    bool first = batch == 0;
    uint64_t t = fixture_command(profile, CLP_COMMAND_UPLOAD, "upload", submitted,
                                 fixture_time(seed, 2), batch, false);
    t = fixture_command(profile, CLP_COMMAND_KERNEL, "filter_u8_i16", t,
                        fixture_time(seed, first ? 90 : 6), batch, first);
    /* The read-back starts while the last kernel still runs: overlap to be counted once. */
    uint64_t end =
        fixture_command(profile, CLP_COMMAND_KERNEL, params->kernel, t,
                        fixture_time(seed, first ? 70 : 4 * params->kernel_factor), batch, first);
    t = fixture_command(profile, CLP_COMMAND_READBACK, "readback", end - FIXTURE_MS,
                        fixture_time(seed, 3), batch, false);
    fixture_span(profile, thread, 0, CLP_PROF_WAIT_DEVICE, submitted, t, CLP_PROF_NO_IMAGE);
    return t;
}

static inline void fixture_memory(clproc_profile *profile) {
    static const uint64_t peaks[CLP_MEMORY_SITE_COUNT] = {
        [CLP_MEMORY_FILE] = 9000000,  [CLP_MEMORY_CODEC] = 3000000,    [CLP_MEMORY_META] = 40000,
        [CLP_MEMORY_PLAN] = 700000,   [CLP_MEMORY_PIXELS] = 180000000, [CLP_MEMORY_BATCH] = 100000,
        [CLP_MEMORY_PROFILE] = 500000};
    for (int i = 0; i < CLP_MEMORY_SITE_COUNT; i++) {
        profile->memory[i] = (clp_memory_use){peaks[i] / 10, peaks[i], peaks[i] ? 16 + i : 0};
    }
    profile->memory_line_count = 100;
    profile->memory_line = fixture_room(100, sizeof *profile->memory_line);
    for (size_t t = 0; t < 100; t++) {
        clp_profile_memory *point = &profile->memory_line[t];
        point->time = profile->wall_ns / 100 * t;
        for (int i = 0; i < CLP_MEMORY_SITE_COUNT; i++) {
            point->bytes[i] = peaks[i] / 10 * (t < 10 ? t : 7 + (t * 7 + (size_t)i) % 4);
        }
        point->device = t < 15 ? 0 : 64000000 + 16000000 * (t / 30);
    }
    profile->roles = fixture_room(2, sizeof *profile->roles);
    profile->role_count = 2;
    profile->roles[0] = (clp_profile_role){"input", 0, 64000000};
    profile->roles[1] = (clp_profile_role){"output", 0, 48000000};
    profile->gauges[CLP_GAUGE_DEVICE_BYTES].peak = 112000000;
}

/** The same run on two devices: kernels on the second. */
static inline void fixture_two_devices(clproc_profile *profile) {
    profile->devices = fixture_room(2, sizeof *profile->devices);
    profile->device_count = 2;
    profile->devices[0] = (clp_profile_device){"Test processor", 9000000000};
    profile->devices[1] = (clp_profile_device){"Test card", 4000000000000};
    for (size_t i = 0; i < profile->command_count; i++) {
        profile->commands[i].device = profile->commands[i].kind == CLP_COMMAND_KERNEL;
    }
}

/** Free with clp_profile_free(). */
static inline clproc_profile *fixture_make(fixture_params params) {
    clproc_profile *profile = fixture_room(1, sizeof *profile);
    uint64_t seed = params.seed, decoder[FIXTURE_DECODERS] = {0}, encoder[FIXTURE_ENCODERS] = {0};
    uint64_t device = 0;
    clp_profile_thread *decoders[FIXTURE_DECODERS], *encoders[FIXTURE_ENCODERS];
    profile->level = params.trace ? CLPROC_PROFILE_TRACE : CLPROC_PROFILE_SUMMARY;
    profile->threads = fixture_room(8, sizeof *profile->threads);
    profile->commands = fixture_room(params.images * 2, sizeof *profile->commands);
    profile->links = fixture_room(params.images, sizeof *profile->links);
    profile->facts = fixture_room(8, sizeof *profile->facts);
    for (int i = 0; i < FIXTURE_DECODERS; i++) {
        char name[32];
        snprintf(name, sizeof name, "decode %d", i + 1);
        decoders[i] = fixture_thread(profile, name);
        decoder[i] = decoders[i]->start;
    }
    clp_profile_thread *submitter = fixture_thread(profile, "device");
    device = submitter->start;
    for (int i = 0; i < FIXTURE_ENCODERS; i++) {
        char name[32];
        snprintf(name, sizeof name, "encode %d", i + 1);
        encoders[i] = fixture_thread(profile, name);
        encoder[i] = encoders[i]->start;
    }
    for (uint32_t batch = 0; batch < params.images / FIXTURE_BATCH; batch++) {
        uint64_t sealed = 0;
        for (uint32_t i = 0; i < FIXTURE_BATCH; i++) {
            uint64_t *at = &decoder[i % FIXTURE_DECODERS];
            *at = fixture_decode(profile, decoders[i % FIXTURE_DECODERS], *at,
                                 batch * FIXTURE_BATCH + i, params.decode_factor, &seed);
            if (params.trace) {
                profile->links[profile->link_count++] =
                    (clp_profile_link){batch * FIXTURE_BATCH + i, batch};
            }
            sealed = *at > sealed ? *at : sealed;
        }
        device = fixture_submit(profile, submitter, device, sealed, batch, &params, &seed);
        for (uint32_t i = 0; i < FIXTURE_BATCH; i++) {
            uint64_t *at = &encoder[i % FIXTURE_ENCODERS];
            *at = fixture_encode(profile, encoders[i % FIXTURE_ENCODERS], *at, device,
                                 batch * FIXTURE_BATCH + i, &seed);
            profile->wall_ns = *at > profile->wall_ns ? *at : profile->wall_ns;
        }
    }
    profile->wall_ns += FIXTURE_MS;
    profile->cores = 4;
    for (size_t i = 0; i < profile->thread_count; i++) {
        profile->user_ns += profile->threads[i].cpu_ns;
    }
    profile->user_ns += 80 * FIXTURE_MS;
    profile->system_ns = 20 * FIXTURE_MS;
    profile->peak_resident = 412000000;
    profile->counters[CLP_COUNTER_OPENS] = profile->counters[CLP_COUNTER_IMAGES] = params.images;
    profile->counters[CLP_COUNTER_BYTES_READ] = params.images * 2500000ull;
    profile->counters[CLP_COUNTER_BYTES_WRITTEN] = params.images * 400000ull;
    profile->counters[CLP_COUNTER_PIXELS_IN] = params.images * 6000000ull;
    profile->counters[CLP_COUNTER_PIXELS_OUT] = params.images * 2000000ull;
    profile->builds = fixture_room(1, sizeof *profile->builds);
    profile->build_count = 1;
    profile->builds[0] = (clp_profile_build){"filter", 45 * FIXTURE_MS, CLP_CACHE_COLD};
    fixture_memory(profile);
    fixture_fact(profile, CLP_FACT_DEVICE, "Test device (gpu)");
    fixture_fact(profile, CLP_FACT_COPY_RATE, "40000000000");
    fixture_fact(profile, CLP_FACT_CACHE, "cold");
    return profile;
}

/** The row of a comparison with this name. */
static inline const clp_diff_row *fixture_row(const clproc_diff *diff, const char *name) {
    for (size_t i = 0; i < diff->row_count; i++) {
        if (strcmp(diff->rows[i].name, name) == 0) {
            return &diff->rows[i];
        }
    }
    fail_msg("there is no row %s", name);
    return NULL;
}

#endif
