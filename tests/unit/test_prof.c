/* Recording: nesting, sums, threads, clocks, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "prof/recorder.h"

static void spend(uint64_t ns) {
    uint64_t end = clp_clock_ns() + ns;
    while (clp_clock_ns() < end) {
    }
}

static clproc_profile *finish(clp_prof *prof) {
    clproc_profile *profile = NULL;
    clproc_error error = {0};
    assert_int_equal(clp_prof_finish(&prof, &profile, &error), CLPROC_OK);
    assert_null(prof);
    return profile;
}

static clp_prof *start(clproc_profile_level level) {
    clp_prof *prof = NULL;
    assert_int_equal(clp_prof_create(&prof, level, NULL), CLPROC_OK);
    return prof;
}

/** A device's number. */
static uint32_t add_device(clp_prof *prof, const char *name) {
    uint32_t device = 7;
    assert_int_equal(clp_prof_device(prof, name, &device, NULL), CLPROC_OK);
    return device;
}

/** Spans of each node must add up to the node's sums, nest, and stay within their thread. */
static void check_thread(const clproc_profile *profile, const clp_profile_thread *thread) {
    uint64_t total[CLP_PROF_STAGE_COUNT] = {0}, calls[CLP_PROF_STAGE_COUNT] = {0};
    const clp_profile_span *open[32];
    assert_true(thread->start <= thread->end && thread->end <= profile->wall_ns);
    for (size_t i = 0; i < thread->span_count; i++) {
        const clp_profile_span *span = &thread->spans[i];
        assert_true(span->start >= thread->start && span->end <= thread->end);
        assert_true(span->start <= span->end && span->depth < 32);
        if (span->depth) {
            assert_true(span->start >= open[span->depth - 1]->start);
            assert_true(span->end <= open[span->depth - 1]->end);
        }
        open[span->depth] = span;
        total[span->stage] += span->end - span->start;
        calls[span->stage]++;
    }
    for (size_t i = 1; i < thread->node_count; i++) {
        total[thread->nodes[i].stage] -= thread->nodes[i].total_ns;
        calls[thread->nodes[i].stage] -= thread->nodes[i].calls;
        assert_true(thread->nodes[i].parent < i);
    }
    for (int stage = 0; stage < CLP_PROF_STAGE_COUNT; stage++) {
        assert_int_equal(total[stage], 0);
        assert_int_equal(calls[stage], 0);
    }
}

static void null_is_tolerated(void **state) {
    (void)state;
    clp_prof *prof = NULL;
    clproc_profile *profile = (clproc_profile *)&prof;
    assert_int_equal(clp_prof_create(&prof, CLPROC_PROFILE_OFF, NULL), CLPROC_OK);
    assert_null(prof);
    clp_prof_thread *thread = clp_prof_thread_enter(prof, "x");
    assert_null(thread);
    clp_prof_begin(thread, CLP_PROF_READ, 0);
    clp_prof_end(thread);
    clp_prof_thread_leave(thread);
    clp_prof_count(prof, CLP_COUNTER_OPENS, 1);
    clp_prof_gauge_set(prof, CLP_GAUGE_HOST_BYTES, 1);
    clp_prof_build(prof, "x", 1, CLP_CACHE_COLD);
    clp_prof_batch(prof, 1, 1);
    clp_prof_commands(prof, NULL, 0);
    assert_int_equal(add_device(prof, "x"), 0);
    clp_prof_align(prof, 0, 0, true);
    clp_prof_copy_rate(prof, 0, 1);
    clp_prof_device_memory(prof, 0, "input", 1);
    clp_prof_fact(prof, "a", "b");
    assert_int_equal(clp_prof_finish(&prof, &profile, NULL), CLPROC_OK);
    assert_null(profile);
    clp_prof_destroy(&prof);
    clproc_profile_destroy(&profile);
}

/** Takes processor time, up to this moment of the thread's own clock. */
static void work_until(int64_t ns) {
    struct timespec now = {0};
    do {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec < ns);
}

static void spans_nest_and_add_up(void **state) {
    (void)state;
    clp_prof *prof = start(CLPROC_PROFILE_TRACE);
    clp_prof_thread *thread = clp_prof_thread_enter(prof, "decode 1");
    struct timespec before = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    for (uint64_t image = 0; image < 3000; image++) {
        clp_prof_begin(thread, CLP_PROF_DECODE, image);
        clp_prof_begin(thread, CLP_PROF_META, image);
        clp_prof_end(thread);
        clp_prof_end(thread);
    }
    clp_prof_begin(thread, CLP_PROF_META, CLP_PROF_NO_IMAGE);
    work_until((int64_t)before.tv_sec * 1000000000 + before.tv_nsec + 2000000);
    clp_prof_end(thread);
    clp_prof_end(thread); /* one too many is ignored */
    clp_prof_thread_leave(thread);
    clproc_profile *profile = finish(prof);
    assert_int_equal(profile->thread_count, 1);
    const clp_profile_thread *merged = &profile->threads[0];
    assert_string_equal(merged->name, "decode 1");
    assert_int_equal(merged->span_count, 6001);
    /* thread, decode, metadata within it, metadata alone */
    assert_int_equal(merged->node_count, 4);
    check_thread(profile, merged);
    assert_true(merged->cpu_ns >= 1000000);
    assert_int_equal(profile->lost, 0);
    clp_profile_free(&profile);
}

static void summary_keeps_sums_only(void **state) {
    (void)state;
    clp_prof *prof = start(CLPROC_PROFILE_SUMMARY);
    clp_prof_thread *thread = clp_prof_thread_enter(prof, "encode 1");
    for (int i = 0; i < 1000; i++) {
        clp_prof_begin(thread, CLP_PROF_ENCODE, 0);
        clp_prof_end(thread);
    }
    clp_prof_gauge_set(prof, CLP_GAUGE_PICTURES, 7);
    clp_prof_gauge_set(prof, CLP_GAUGE_PICTURES, 3);
    clp_prof_thread_leave(thread);
    clproc_profile *profile = finish(prof);
    assert_int_equal(profile->threads[0].span_count, 0);
    assert_int_equal(profile->threads[0].nodes[1].calls, 1000);
    assert_int_equal(profile->gauges[CLP_GAUGE_PICTURES].peak, 7);
    assert_int_equal(profile->gauges[CLP_GAUGE_PICTURES].count, 0);
    /* 1000 calls in 256 places: every fourth is left */
    assert_int_equal(profile->samples[CLP_PROF_ENCODE].stride, 4);
    assert_int_equal(profile->samples[CLP_PROF_ENCODE].count, 250);
    clp_profile_free(&profile);
}

static void too_deep_is_counted(void **state) {
    (void)state;
    clp_prof *prof = start(CLPROC_PROFILE_TRACE);
    clp_prof_thread *thread = clp_prof_thread_enter(prof, "x");
    for (int i = 0; i < 20; i++) {
        clp_prof_begin(thread, CLP_PROF_VERIFY, 0);
    }
    for (int i = 0; i < 20; i++) {
        clp_prof_end(thread);
    }
    clp_prof_begin(thread, CLP_PROF_READ, 0); /* left open: closed by leaving */
    clp_prof_thread_leave(thread);
    clproc_profile *profile = finish(prof);
    assert_int_equal(profile->lost, 4);
    assert_int_equal(profile->threads[0].span_count, 17);
    check_thread(profile, &profile->threads[0]);
    clp_profile_free(&profile);
}

/** A thread of its own: one that left is taken up again by the next of its name. */
typedef struct worker {
    clp_prof *prof;
    char name[16];
} worker;

static void *work(void *argument) {
    worker *self = argument;
    clp_prof *prof = self->prof;
    clp_prof_thread *thread = clp_prof_thread_enter(prof, self->name);
    for (uint64_t i = 0; i < 2000; i++) {
        clp_prof_begin(thread, CLP_PROF_READ, i);
        clp_prof_count(prof, CLP_COUNTER_OPENS, 1);
        clp_prof_gauge_set(prof, CLP_GAUGE_PICTURES, i);
        clp_prof_end(thread);
    }
    clp_prof_thread_leave(thread);
    return NULL;
}

static void threads_are_merged(void **state) {
    (void)state;
    enum { THREADS = 8 };
    clp_prof *prof = start(CLPROC_PROFILE_TRACE);
    pthread_t threads[THREADS];
    worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i].prof = prof;
        snprintf(workers[i].name, sizeof workers[i].name, "decode %d", i + 1);
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    clproc_profile *profile = finish(prof);
    assert_int_equal(profile->thread_count, THREADS);
    assert_int_equal(profile->counters[CLP_COUNTER_OPENS], THREADS * 2000);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(profile->threads[i].span_count, 2000);
        check_thread(profile, &profile->threads[i]);
    }
    const clp_profile_gauge *gauge = &profile->gauges[CLP_GAUGE_PICTURES];
    assert_int_equal(gauge->count, THREADS * 2000);
    for (size_t i = 1; i < gauge->count; i++) {
        assert_true(gauge->readings[i - 1].time <= gauge->readings[i].time);
    }
    const clp_profile_samples *samples = &profile->samples[CLP_PROF_READ];
    assert_int_equal(samples->stride, 8);
    assert_int_equal(samples->count, THREADS * 250);
    for (size_t i = 1; i < samples->count; i++) {
        assert_true(samples->items[i - 1].end <= samples->items[i].end);
    }
    clp_profile_free(&profile);
}

static void commands_come_to_the_hosts_clock(void **state) {
    (void)state;
    clp_prof *prof = start(CLPROC_PROFILE_SUMMARY);
    add_device(prof, "d");
    const uint64_t ahead = 5000000000000u; /* the device's clock */
    uint64_t now = clp_clock_ns() + ahead;
    clp_prof_align(prof, 0, -(int64_t)ahead, false);
    clp_prof_command commands[] = {
        {.kind = CLP_COMMAND_KERNEL,
         .name = "late",
         .queued = now + 5000000,
         .submitted = now + 5000100,
         .started = now + 6000000,
         .ended = now + 6500000},
        {.kind = CLP_COMMAND_UPLOAD,
         .name = "early",
         .queued = now + 1000000,
         .submitted = now + 1000100,
         .started = now + 2000000,
         .ended = now + 2250000},
        /* queued on another clock, as some drivers give it */
        {.kind = CLP_COMMAND_READBACK,
         .name = "mixed",
         .queued = now + 9000000,
         .submitted = 17,
         .started = now + 7000000,
         .ended = now + 7000001},
    };
    clp_prof_commands(prof, commands, 3);
    clp_prof_align(prof, 0, -(int64_t)ahead, false);
    spend(10000000);
    clproc_profile *profile = finish(prof);
    assert_int_equal(profile->command_count, 3);
    assert_string_equal(profile->commands[0].name, "early");
    assert_string_equal(profile->commands[1].name, "late");
    assert_int_equal(profile->commands[0].ended - profile->commands[0].started, 250000);
    assert_int_equal(profile->commands[1].started - profile->commands[1].queued, 1000000);
    assert_true(profile->commands[0].started >= 2000000);
    assert_true(profile->commands[2].ended <= profile->wall_ns);
    for (size_t i = 0; i < 3; i++) {
        const clp_prof_command *command = &profile->commands[i];
        assert_true(command->queued <= command->submitted);
        assert_true(command->submitted <= command->started);
        assert_true(command->started <= command->ended);
    }
    assert_int_equal(profile->repaired, 1);
    assert_false(profile->clock_estimated);
    clp_profile_free(&profile);
}

static void the_closest_estimate_is_taken(void **state) {
    (void)state;
    clp_prof *prof = start(CLPROC_PROFILE_SUMMARY);
    add_device(prof, "d");
    uint64_t now = clp_clock_ns();
    clp_prof_command command = {.kind = CLP_COMMAND_KERNEL,
                                .name = "k",
                                .queued = 1000000,
                                .submitted = 1000000,
                                .started = 1000000,
                                .ended = 2000000};
    clp_prof_align(prof, 0, (int64_t)now + 3000000, true);
    clp_prof_align(prof, 0, (int64_t)now + 1000000, true);
    clp_prof_align(prof, 0, (int64_t)now + 2000000, true);
    clp_prof_commands(prof, &command, 1);
    clproc_profile *profile = finish(prof);
    assert_true(profile->clock_estimated);
    assert_true(profile->commands[0].started >= 2000000);
    assert_true(profile->commands[0].started < 3000000);
    clp_profile_free(&profile);
}

static void a_known_clock_ends_the_guessing(void **state) {
    (void)state;
    clp_prof *prof = start(CLPROC_PROFILE_SUMMARY);
    add_device(prof, "d");
    uint64_t now = clp_clock_ns();
    clp_prof_command command = {.kind = CLP_COMMAND_KERNEL,
                                .name = "k",
                                .queued = 1000000,
                                .submitted = 1000000,
                                .started = 1000000,
                                .ended = 2000000};
    clp_prof_align(prof, 0, (int64_t)now + 90000000, true);
    clp_prof_align(prof, 0, (int64_t)now + 4000000, false);
    clp_prof_commands(prof, &command, 1);
    clproc_profile *profile = finish(prof);
    assert_false(profile->clock_estimated);
    assert_true(profile->commands[0].started >= 5000000);
    assert_true(profile->commands[0].started < 6000000);
    clp_profile_free(&profile);
}

/** A command of a device, by the device's own clock, which shows `clock` when the run is 0 ms old.
 */
static clp_prof_command device_command(uint32_t device, uint64_t clock, uint64_t ms,
                                       uint64_t duration) {
    uint64_t started = clock + ms * 1000000;
    return (clp_prof_command){.kind = CLP_COMMAND_KERNEL,
                              .device = device,
                              .name = "k",
                              .queued = started,
                              .submitted = started,
                              .started = started,
                              .ended = started + duration};
}

/** Clocks 5 s apart: each device's commands are where they were, whichever clock was told last. */
static void each_device_has_a_clock_of_its_own(void **state) {
    (void)state;
    clp_prof *prof = start(CLPROC_PROFILE_SUMMARY);
    uint32_t idle = add_device(prof, "idle"), cpu = add_device(prof, "cpu"),
             gpu = add_device(prof, "gpu");
    const uint64_t clocks[] = {7000000000, 12000000000};
    int64_t zero = (int64_t)prof->start;
    assert_int_equal(idle, 0);
    clp_prof_align(prof, cpu, zero - (int64_t)clocks[0], false);
    clp_prof_align(prof, gpu, zero - (int64_t)clocks[1], false);
    clp_prof_command commands[] = {device_command(gpu, clocks[1], 60, 80000000),
                                   device_command(cpu, clocks[0], 60, 80000000),
                                   device_command(cpu, clocks[0], 200, 80000000)};
    clp_prof_commands(prof, commands, 3);
    clp_prof_align(prof, cpu, zero - (int64_t)clocks[0], false);
    clp_prof_align(prof, gpu, zero - (int64_t)clocks[1], false);
    clp_prof_copy_rate(prof, cpu, 10);
    clp_prof_copy_rate(prof, gpu, 4000);
    clproc_profile *profile = finish(prof);
    clp_tallies *tallies = NULL;
    clp_profile_tallies(profile, &tallies, NULL);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(profile->commands[i].started, (i == 2 ? 200 : 60) * 1000000);
        assert_int_equal(profile->commands[i].ended, (i == 2 ? 280 : 140) * 1000000);
    }
    assert_int_equal(tallies->busy_ns[CLP_COVER_ALL], 160000000);
    /* The device without commands is not among the profile's. */
    assert_int_equal(profile->device_count, 2);
    assert_string_equal(profile->devices[0].name, "cpu");
    assert_int_equal(profile->commands[2].device, 0);
    assert_int_equal(profile->devices[1].copy_rate, 4000);
    assert_int_equal(tallies->devices[0].busy_ns[CLP_COVER_ALL], 160000000);
    assert_int_equal(tallies->devices[1].busy_ns[CLP_COVER_ALL], 80000000);
    /* Of two rates neither is that of all commands. */
    assert_null(clp_profile_fact_value(profile, CLP_FACT_COPY_RATE));
    clp_tallies_destroy(&tallies);
    clp_profile_free(&profile);
}

/** A device without a timer says nothing of another's clock, nor does its guess replace a better
 * one of that device's. */
static void a_guess_is_of_one_device(void **state) {
    (void)state;
    clp_prof *prof = start(CLPROC_PROFILE_SUMMARY);
    uint32_t a = add_device(prof, "a"), b = add_device(prof, "b");
    int64_t zero = (int64_t)prof->start;
    clp_prof_command commands[] = {device_command(a, 1000, 10, 1000),
                                   device_command(b, 5000000000, 20, 1000)};
    clp_prof_align(prof, b, zero - 5000000000, true);
    clp_prof_align(prof, a, zero - 1000, true);
    clp_prof_commands(prof, commands, 2);
    clproc_profile *profile = finish(prof);
    assert_int_equal(profile->commands[0].started, 10000000);
    assert_int_equal(profile->commands[1].started, 20000000);
    assert_true(profile->clock_estimated);
    clp_profile_free(&profile);
}

/** The same of a long run, which keeps sums alone: what devices did at one moment is busy once. */
static void sums_of_several_devices_are_on_one_clock(void **state) {
    (void)state;
    enum { ALL = 50000 };
    clp_prof *prof = start(CLPROC_PROFILE_SUMMARY);
    const uint64_t clocks[] = {5000000000000, 1000};
    add_device(prof, "idle");
    uint32_t devices[] = {add_device(prof, "a"), add_device(prof, "b")};
    for (int i = 0; i < 2; i++) {
        clp_prof_align(prof, devices[i], (int64_t)prof->start - (int64_t)clocks[i], false);
    }
    for (uint64_t ms = 0; ms < ALL; ms++) {
        /* Half a ms of each, of which a quarter overlaps. */
        clp_prof_command a = device_command(devices[0], clocks[0], ms, 500000);
        clp_prof_command b = device_command(devices[1], clocks[1] + 250000, ms, 500000);
        a.bytes_read = 3;
        clp_prof_commands(prof, &a, 1);
        clp_prof_commands(prof, &b, 1);
    }
    clproc_profile *profile = finish(prof);
    const clp_tallies *tallies = profile->tallies;
    assert_int_equal(profile->lost, 0);
    assert_int_equal(tallies->calls, 2 * ALL);
    assert_int_equal(tallies->busy_ns[CLP_COVER_ALL], ALL * 750000ull);
    assert_int_equal(tallies->busy_ns[CLP_COVER_TRANSFERS], 0);
    assert_int_equal(tallies->device_count, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tallies->devices[i].calls, ALL);
        assert_int_equal(tallies->devices[i].busy_ns[CLP_COVER_KERNELS], ALL * 500000ull);
        assert_int_equal(tallies->items[0].device_bytes[i], i ? 0 : ALL * 3);
    }
    const clp_tally_samples *samples = &tallies->items[0].samples;
    for (size_t i = 0; i < samples->count; i++) {
        assert_true(samples->items[i].start < ALL * 1000000ull);
    }
    clp_profile_free(&profile);
}

/** One picture's records: spans, a reading, a link, two commands 100 µs apart. */
static void record_picture(clp_prof *prof, clp_prof_thread *thread, uint64_t image) {
    clp_prof_command commands[] = {{.kind = CLP_COMMAND_KERNEL, .name = "k", .images = 1},
                                   {.kind = CLP_COMMAND_UPLOAD, .name = "upload", .images = 1}};
    clp_prof_begin(thread, CLP_PROF_LOAD, image);
    clp_prof_begin(thread, CLP_PROF_DECODE, image);
    clp_prof_end(thread);
    clp_prof_end(thread);
    clp_prof_gauge_set(prof, CLP_GAUGE_PICTURES, image % 9);
    clp_prof_batch(prof, image, image);
    for (uint64_t i = 0; i < 2; i++) {
        clp_prof_command *command = &commands[i];
        command->queued = command->submitted = (2 * image + i) * 100000;
        command->started = command->queued + 10;
        command->ended = command->started + 1000 + image % 500;
        command->batch = image;
    }
    clp_prof_commands(prof, commands, 2);
}

/** However long a run is: sums of all, a bounded part one by one, memory as much as at first. */
static void a_long_run_takes_no_more_memory(void **state) {
    (void)state;
    enum { IMAGES = 300000, SETTLED = 100000 };
    for (int trace = 0; trace < 2; trace++) {
        uint64_t before = clp_memory_usage(CLP_MEMORY_PROFILE).current, settled = 0, total = 0;
        clp_prof *prof = start(trace ? CLPROC_PROFILE_TRACE : CLPROC_PROFILE_SUMMARY);
        clp_prof_thread *thread = clp_prof_thread_enter(prof, "worker 1");
        clp_prof_align(prof, add_device(prof, "d"), (int64_t)clp_clock_ns(), false);
        for (uint64_t image = 0; image < IMAGES; image++) {
            record_picture(prof, thread, image);
            total += 1000 + image % 500;
            settled = image == SETTLED ? clp_memory_usage(CLP_MEMORY_PROFILE).current : settled;
        }
        assert_int_equal(clp_memory_usage(CLP_MEMORY_PROFILE).current, settled);
        assert_true(settled - before < (trace ? 16000000 : 6000000));
        clp_prof_thread_leave(thread);
        clproc_profile *profile = finish(prof);
        assert_int_equal(profile->lost, 0);
        assert_int_equal(profile->threads[0].nodes[2].calls, IMAGES);
        assert_int_equal(profile->command_count, CLP_PROF_KEPT_COMMANDS);
        assert_int_equal(profile->tallies->calls, 2 * IMAGES);
        assert_int_equal(profile->tallies->busy_ns[CLP_COVER_ALL], 2 * total);
        assert_int_equal(profile->tallies->busy_ns[CLP_COVER_TRANSFERS], total);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(profile->tallies->items[i].calls, IMAGES);
            assert_int_equal(profile->tallies->items[i].total_ns, total);
        }
        /* All that is kept one by one ends at one moment: with the last command that had room. */
        const clp_profile_gauge *gauge = &profile->gauges[CLP_GAUGE_PICTURES];
        const size_t kept = CLP_PROF_KEPT_COMMANDS / 2;
        assert_true(profile->kept_until > 0 && profile->kept_until < profile->wall_ns);
        assert_int_equal(profile->threads[0].span_count, trace ? 2 * (kept + 1) : 0);
        assert_int_equal(profile->link_count, trace ? kept + 1 : 0);
        assert_int_equal(gauge->count, trace ? kept + 1 : 0);
        assert_int_equal(gauge->peak, 8);
        if (trace) {
            assert_true(gauge->readings[kept].time <= profile->kept_until);
        }
        clp_profile_free(&profile);
        assert_int_equal(clp_memory_usage(CLP_MEMORY_PROFILE).current, before);
    }
}

/** Without a device it is the spans that are too many; a run that keeps all says nothing. */
static void spans_are_kept_up_to_a_bound(void **state) {
    (void)state;
    const uint64_t most = CLP_PROF_KEPT_CHUNKS * CLP_PROF_SPANS_IN_CHUNK;
    for (uint64_t more = 0; more < 2; more++) {
        clp_prof *prof = start(CLPROC_PROFILE_TRACE);
        clp_prof_thread *thread = clp_prof_thread_enter(prof, "worker 1");
        for (uint64_t i = 0; i < most + more; i++) {
            clp_prof_begin(thread, CLP_PROF_READ, i);
            clp_prof_end(thread);
        }
        clp_prof_thread_leave(thread);
        clproc_profile *profile = finish(prof);
        assert_int_equal(profile->threads[0].span_count, most);
        assert_int_equal(profile->threads[0].nodes[1].calls, most + more);
        assert_int_equal(profile->kept_until > 0, more);
        assert_null(profile->tallies);
        assert_int_equal(profile->lost, 0);
        clp_profile_free(&profile);
    }
}

static void one_cold_build_makes_the_cache_cold(void **state) {
    (void)state;
    static const clp_prof_cache builds[][2] = {{CLP_CACHE_COLD, CLP_CACHE_WARM},
                                               {CLP_CACHE_WARM, CLP_CACHE_COLD},
                                               {CLP_CACHE_WARM, CLP_CACHE_WARM}};
    static const char *const expected[] = {"cold", "cold", "warm"};
    for (int i = 0; i < 3; i++) {
        clp_prof *prof = start(CLPROC_PROFILE_SUMMARY);
        clp_prof_build(prof, "a", 1, builds[i][0]);
        clp_prof_build(prof, "b", 1, builds[i][1]);
        clproc_profile *profile = finish(prof);
        assert_string_equal(clp_profile_fact_value(profile, CLP_FACT_CACHE), expected[i]);
        assert_int_equal(profile->builds[1].cache, builds[i][1]);
        clp_profile_free(&profile);
    }
}

static void memory_and_facts(void **state) {
    (void)state;
    clp_prof *prof = start(CLPROC_PROFILE_TRACE);
    add_device(prof, "d");
    clp_prof_thread *thread = clp_prof_thread_enter(prof, "main");
    clp_prof_device_memory(prof, 0, "input", 100);
    clp_prof_device_memory(prof, 0, "output", 50);
    clp_prof_device_memory(prof, 0, "input", 20);
    clp_prof_fact(prof, "plan", "a");
    clp_prof_fact(prof, "plan", "b");
    clp_prof_build(prof, "filter", 1234, CLP_CACHE_WARM);
    clp_prof_batch(prof, 3, 1);
    void *block = clp_memory_alloc(CLP_MEMORY_PIXELS, 1000000);
    for (int i = 0; i < 5; i++) {
        clp_prof_begin(thread, CLP_PROF_DECODE, 0);
        spend(1500000);
        clp_prof_end(thread);
    }
    clp_memory_free(block);
    clp_prof_thread_leave(thread);
    clproc_profile *profile = finish(prof);
    assert_int_equal(profile->role_count, 2);
    assert_int_equal(profile->roles[0].peak, 100);
    assert_int_equal(profile->roles[0].current, 20);
    assert_int_equal(profile->gauges[CLP_GAUGE_DEVICE_BYTES].peak, 150);
    assert_string_equal(clp_profile_fact_value(profile, "plan"), "b");
    assert_string_equal(clp_profile_fact_value(profile, CLP_FACT_VERSION), CLPROC_VERSION);
    assert_null(clp_profile_fact_value(profile, "nothing"));
    assert_int_equal(profile->builds[0].ns, 1234);
    assert_int_equal(profile->links[0].image, 3);
    assert_true(profile->memory_line_count >= 3);
    assert_true(profile->memory_line[1].bytes[CLP_MEMORY_PIXELS] >= 1000000);
    assert_int_equal(profile->memory_line[1].device, 70);
    assert_true(profile->memory[CLP_MEMORY_PIXELS].peak >= 1000000);
    assert_true(profile->peak_resident > 1000000 && profile->cores >= 1);
    assert_true(profile->user_ns + profile->system_ns > 0);
    clp_profile_free(&profile);
}

/** What one device holds does not replace what another does. */
static void memory_of_devices_adds_up(void **state) {
    (void)state;
    clp_prof *prof = start(CLPROC_PROFILE_SUMMARY);
    uint32_t a = add_device(prof, "a"), b = add_device(prof, "b");
    clp_prof_device_memory(prof, a, "input", 100);
    clp_prof_device_memory(prof, b, "input", 30);
    clp_prof_device_memory(prof, a, "input", 10);
    clp_prof_device_memory(prof, b, "tables", 5);
    clproc_profile *profile = finish(prof);
    assert_int_equal(profile->role_count, 2);
    assert_int_equal(profile->roles[0].current, 40);
    assert_int_equal(profile->roles[0].peak, 130);
    assert_int_equal(profile->gauges[CLP_GAUGE_DEVICE_BYTES].peak, 130);
    clp_profile_free(&profile);
}

static void nothing_is_left_in_memory(void **state) {
    (void)state;
    uint64_t before = clp_memory_usage(CLP_MEMORY_PROFILE).current;
    clp_prof *prof = start(CLPROC_PROFILE_TRACE);
    clp_prof_thread *thread = clp_prof_thread_enter(prof, "x");
    clp_prof_begin(thread, CLP_PROF_LIST, 0);
    clp_prof_destroy(&prof);
    assert_int_equal(clp_memory_usage(CLP_MEMORY_PROFILE).current, before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_tolerated),
        cmocka_unit_test(spans_nest_and_add_up),
        cmocka_unit_test(summary_keeps_sums_only),
        cmocka_unit_test(too_deep_is_counted),
        cmocka_unit_test(threads_are_merged),
        cmocka_unit_test(commands_come_to_the_hosts_clock),
        cmocka_unit_test(the_closest_estimate_is_taken),
        cmocka_unit_test(a_known_clock_ends_the_guessing),
        cmocka_unit_test(each_device_has_a_clock_of_its_own),
        cmocka_unit_test(a_guess_is_of_one_device),
        cmocka_unit_test(sums_of_several_devices_are_on_one_clock),
        cmocka_unit_test(a_long_run_takes_no_more_memory),
        cmocka_unit_test(spans_are_kept_up_to_a_bound),
        cmocka_unit_test(one_cold_build_makes_the_cache_cold),
        cmocka_unit_test(memory_and_facts),
        cmocka_unit_test(memory_of_devices_adds_up),
        cmocka_unit_test(nothing_is_left_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
