/* Merging: everything of all threads, on one clock that starts with the run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/clock.h"
#include "core/machine.h"
#include "prof/recorder.h"

static int compare_u64(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int by_nesting(const void *a, const void *b) {
    const clp_profile_span *x = a, *y = b;
    int order = compare_u64(x->start, y->start);
    return order ? order : (x->depth > y->depth) - (x->depth < y->depth);
}

static int by_thread_start(const void *a, const void *b) {
    const clp_profile_thread *x = a, *y = b;
    return compare_u64(x->start, y->start);
}

static int by_command_start(const void *a, const void *b) {
    const clp_prof_command *x = a, *y = b;
    int order = compare_u64(x->started, y->started);
    return order ? order : compare_u64(x->ended, y->ended);
}

static int by_sample_end(const void *a, const void *b) {
    const clp_profile_sample *x = a, *y = b;
    return compare_u64(x->end, y->end);
}

static void sort(void *items, size_t count, size_t size, int (*order)(const void *, const void *)) {
    if (count > 1) {
        qsort(items, count, size, order);
    }
}

static clproc_status merge_spans(const clp_prof_thread *from, uint64_t zero, clp_profile_thread *to,
                                 clproc_error *error) {
    size_t count = 0;
    for (const clp_span_chunk *chunk = from->chunks; chunk; chunk = chunk->next) {
        count += chunk->count;
    }
    clproc_status status = clp_profile_room(&to->spans, count, sizeof *to->spans, error);
    if (status != CLPROC_OK) {
        return status;
    }
    for (const clp_span_chunk *chunk = from->chunks; chunk; chunk = chunk->next) {
        for (size_t i = 0; i < chunk->count; i++) {
            clp_profile_span *span = &to->spans[to->span_count++];
            *span = chunk->items[i];
            span->start -= zero;
            span->end -= zero;
        }
    }
    sort(to->spans, to->span_count, sizeof *to->spans, by_nesting);
    return CLPROC_OK;
}

static clproc_status merge_thread(const clp_prof_thread *from, uint64_t zero, uint64_t wall,
                                  clp_profile_thread *to, clproc_error *error) {
    memcpy(to->name, from->name, sizeof to->name);
    to->start = from->start - zero;
    to->end = from->end ? from->end - zero : wall;
    to->cpu_ns = from->cpu_ns;
    clproc_status status = clp_profile_room(&to->nodes, from->node_count, sizeof *to->nodes, error);
    if (status != CLPROC_OK) {
        return status;
    }
    to->node_count = from->node_count;
    for (size_t i = 0; i < to->node_count; i++) {
        to->nodes[i] = from->nodes[i].sums;
    }
    return merge_spans(from, zero, to, error);
}

static clproc_status merge_threads(const clp_prof *prof, clproc_profile *profile,
                                   clproc_error *error) {
    size_t count = 0;
    for (const clp_prof_thread *thread = prof->threads; thread; thread = thread->next) {
        count++;
    }
    clproc_status status =
        clp_profile_room(&profile->threads, count, sizeof *profile->threads, error);
    for (const clp_prof_thread *thread = prof->threads; status == CLPROC_OK && thread;
         thread = thread->next) {
        profile->lost += thread->lost;
        status = merge_thread(thread, prof->start, profile->wall_ns,
                              &profile->threads[profile->thread_count++], error);
    }
    sort(profile->threads, profile->thread_count, sizeof *profile->threads, by_thread_start);
    return status;
}

/** Brings the samples of all threads to the widest stride among them, so that each call counts the
 * same. */
static clproc_status merge_samples(const clp_prof *prof, clp_prof_stage stage,
                                   clp_profile_samples *to, clproc_error *error) {
    size_t count = 0;
    to->stride = 1;
    for (const clp_prof_thread *thread = prof->threads; thread; thread = thread->next) {
        const clp_sampler *from = thread->samplers[stage];
        if (from) {
            count += from->count;
            to->stride = from->stride > to->stride ? from->stride : to->stride;
        }
    }
    clproc_status status = clp_profile_room(&to->items, count, sizeof *to->items, error);
    for (const clp_prof_thread *thread = prof->threads; status == CLPROC_OK && thread;
         thread = thread->next) {
        const clp_sampler *from = thread->samplers[stage];
        for (size_t i = 0; from && i < from->count; i += to->stride / from->stride) {
            clp_profile_sample sample = from->items[i];
            sample.end -= prof->start;
            to->items[to->count++] = sample;
        }
    }
    sort(to->items, to->count, sizeof *to->items, by_sample_end);
    return status;
}

/** Brings the sums of devices to their new places, which are no later ones, and free by then. */
static void renumber(clp_tallies *tallies, const uint32_t *places, size_t count) {
    for (size_t i = 0; i < tallies->device_count; i++) {
        clp_tally_device moved = tallies->devices[i];
        if (moved.calls) {
            tallies->devices[i] = (clp_tally_device){0};
            tallies->devices[places[i]] = moved;
        }
    }
    tallies->device_count = tallies->device_count < count ? tallies->device_count : count;
    for (size_t t = 0; t < tallies->count; t++) {
        clp_tally *tally = &tallies->items[t];
        for (size_t i = 0; i < tally->device_count; i++) {
            uint64_t moved = tally->device_bytes[i];
            if (moved) {
                tally->device_bytes[i] = 0;
                tally->device_bytes[places[i]] = moved;
            }
        }
        tally->device_count = tally->device_count < count ? tally->device_count : count;
    }
}

/** Lists the devices that ran commands and renumbers commands and sums by their places there. */
static clproc_status merge_devices(clp_prof *prof, clproc_profile *profile, clproc_error *error) {
    uint32_t *places = NULL;
    clproc_status status;
    CLP_TRY(
        status, out,
        clp_profile_room(&profile->devices, prof->device_count, sizeof *profile->devices, error));
    CLP_TRY(status, out, clp_profile_room(&places, prof->device_count, sizeof *places, error));
    for (size_t i = 0; i < prof->device_count; i++) {
        if (prof->devices[i].worked) {
            places[i] = (uint32_t)profile->device_count++;
            profile->devices[places[i]] = prof->devices[i].known;
            profile->clock_estimated |= prof->devices[i].estimated;
        }
    }
    for (size_t i = 0; i < profile->command_count; i++) {
        profile->commands[i].device = places[profile->commands[i].device];
    }
    if (profile->tallies) {
        renumber(profile->tallies, places, profile->device_count);
    }
    if (profile->device_count == 1 && profile->devices[0].copy_rate) {
        char rate[32];
        snprintf(rate, sizeof rate, "%llu", (unsigned long long)profile->devices[0].copy_rate);
        clp_prof_fact(prof, CLP_FACT_COPY_RATE, rate);
    }
out:
    clp_memory_free(places);
    return status;
}

static clproc_status merge_commands(clp_prof *prof, clproc_profile *profile, clproc_error *error) {
    profile->commands = prof->commands;
    profile->command_count = prof->command_count;
    prof->commands = NULL;
    profile->tallies = prof->tallies;
    prof->tallies = NULL;
    profile->repaired = prof->repaired;
    profile->kept_until = atomic_load(&prof->kept_until);
    for (size_t i = 0; i < profile->command_count; i++) {
        clp_prof_place(prof, &profile->commands[i]);
    }
    sort(profile->commands, profile->command_count, sizeof *profile->commands, by_command_start);
    if (profile->tallies) {
        clp_tallies_end(profile->tallies);
    }
    return merge_devices(prof, profile, error);
}

static clproc_status merge_rest(clp_prof *prof, clproc_profile *profile, clproc_error *error) {
    for (int i = 0; i < CLP_COUNTER_COUNT; i++) {
        profile->counters[i] = atomic_load(&prof->counters[i]);
    }
    for (int i = 0; i < CLP_GAUGE_COUNT; i++) {
        profile->gauges[i] =
            (clp_profile_gauge){prof->gauge_peaks[i], prof->gauges[i].items, prof->gauges[i].count};
        prof->gauges[i].items = NULL;
    }
    for (int i = 0; i < CLP_MEMORY_SITE_COUNT; i++) {
        profile->memory[i] = clp_memory_usage((clp_memory_site)i);
    }
    profile->links = prof->links;
    profile->link_count = prof->link_count;
    prof->links = NULL;
    profile->builds = prof->builds;
    profile->build_count = prof->build_count;
    prof->builds = NULL;
    profile->memory_line = prof->memory_line;
    profile->memory_line_count = prof->memory_line_count;
    prof->memory_line = NULL;
    profile->facts = prof->facts.items;
    profile->fact_count = prof->facts.count;
    prof->facts = (clp_fact_list){0};
    clproc_status status =
        clp_profile_room(&profile->roles, prof->role_count, sizeof *profile->roles, error);
    if (status == CLPROC_OK && prof->role_count) {
        profile->role_count = prof->role_count;
        memcpy(profile->roles, prof->roles, prof->role_count * sizeof *profile->roles);
    }
    return status;
}

static void note_process(const clp_prof *prof, clproc_profile *profile) {
    profile->level = prof->level;
    profile->wall_ns = clp_clock_ns() - prof->start;
    profile->lost = prof->lost;
    uint64_t user, system;
    clp_prof_processor_time(&user, &system);
    profile->user_ns = user - prof->user_ns;
    profile->system_ns = system - prof->system_ns;
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    profile->peak_resident = (uint64_t)usage.ru_maxrss * 1024;
    profile->cores = clp_machine_cores();
}

clproc_status clp_prof_finish(clp_prof **prof, clproc_profile **profile, clproc_error *error) {
    *profile = NULL;
    if (!*prof) {
        return CLPROC_OK;
    }
    clproc_status status = CLPROC_OK;
    clproc_profile *made = clp_memory_zero(CLP_MEMORY_PROFILE, 1, sizeof *made);
    if (!made) {
        status = clp_error_memory(error, "the profile", sizeof *made);
        goto out;
    }
    note_process(*prof, made);
    CLP_TRY(status, out, merge_threads(*prof, made, error));
    for (int stage = 0; stage < CLP_PROF_STAGE_COUNT; stage++) {
        CLP_TRY(status, out,
                merge_samples(*prof, (clp_prof_stage)stage, &made->samples[stage], error));
    }
    CLP_TRY(status, out, merge_commands(*prof, made, error));
    CLP_TRY(status, out, merge_rest(*prof, made, error));
    *profile = made;
    made = NULL;
out:
    clp_profile_free(&made);
    clp_prof_destroy(prof);
    return status;
}
