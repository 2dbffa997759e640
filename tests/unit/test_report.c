/* What is concluded from a profile, and its tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "report/tables.h"
#include "report_fixture.h"

typedef struct subject {
    clproc_profile *profile;
    clp_analysis analysis;
    clp_findings findings;
} subject;

static subject analyse(fixture_params params) {
    subject made = {.profile = fixture_make(params)};
    assert_int_equal(clp_analysis_make(&made.analysis, made.profile, NULL), CLPROC_OK);
    clp_findings_make(&made.findings, &made.analysis);
    return made;
}

static void release(subject *old) {
    clp_analysis_free(&old->analysis);
    clp_profile_free(&old->profile);
}

static void totals_are_the_sums_of_events(void **state) {
    (void)state;
    subject it = analyse(FIXTURE_DEFAULTS);
    uint64_t commands = 0, spans[CLP_PROF_STAGE_COUNT] = {0};
    for (size_t i = 0; i < it.profile->command_count; i++) {
        commands += it.profile->commands[i].ended - it.profile->commands[i].started;
    }
    uint64_t rows = 0, calls = 0;
    for (size_t i = 0; i < it.analysis.command_count; i++) {
        const clp_command_row *row = &it.analysis.commands[i];
        rows += row->total_ns;
        calls += row->calls;
        assert_int_equal(row->calls, row->first_calls + row->steady.count);
        assert_true(row->steady.sum <= (double)row->total_ns);
    }
    assert_int_equal(rows, commands);
    assert_int_equal(rows, it.analysis.command_ns);
    assert_int_equal(calls, it.profile->command_count);
    for (size_t t = 0; t < it.profile->thread_count; t++) {
        const clp_profile_thread *thread = &it.profile->threads[t];
        for (size_t i = 0; i < thread->span_count; i++) {
            spans[thread->spans[i].stage] += thread->spans[i].end - thread->spans[i].start;
        }
        const clp_thread_row *row = &it.analysis.threads[t];
        assert_true(row->busy_ns + row->waiting_ns <= row->life_ns);
    }
    for (size_t i = 0; i < it.analysis.stage_count; i++) {
        const clp_stage_row *row = &it.analysis.stages[i];
        assert_int_equal(row->total_ns, spans[row->stage]);
        assert_true(row->self_ns <= row->total_ns);
    }
    release(&it);
}

static void self_time_excludes_nested_stages(void **state) {
    (void)state;
    subject it = analyse(FIXTURE_DEFAULTS);
    uint64_t decode_self = 0, decode_total = 0;
    for (size_t i = 0; i < it.analysis.stage_count; i++) {
        if (it.analysis.stages[i].stage == CLP_PROF_DECODE) {
            decode_self = it.analysis.stages[i].self_ns;
            decode_total = it.analysis.stages[i].total_ns;
        }
    }
    /* Each of 32 decodings holds 300 µs of metadata. */
    assert_int_equal(decode_total - decode_self, 32 * 300000);
    release(&it);
}

/** The busy time found the slow way: one flag per µs. */
static uint64_t covered_slowly(const clproc_profile *profile) {
    size_t slots = profile->wall_ns / 1000 + 2;
    char *busy = clp_memory_zero(CLP_MEMORY_OTHER, slots, 1);
    uint64_t count = 0;
    for (size_t i = 0; i < profile->command_count; i++) {
        for (uint64_t t = profile->commands[i].started / 1000;
             t < profile->commands[i].ended / 1000; t++) {
            busy[t] = 1;
        }
    }
    for (size_t i = 0; i < slots; i++) {
        count += (uint64_t)busy[i];
    }
    clp_memory_free(busy);
    return count * 1000;
}

static void overlaps_count_once(void **state) {
    (void)state;
    subject it = analyse(FIXTURE_DEFAULTS);
    uint64_t slowly = covered_slowly(it.profile);
    assert_true(it.analysis.busy_ns < it.analysis.command_ns);
    assert_true(llabs((long long)it.analysis.busy_ns - (long long)slowly) <
                2000 * (long long)it.profile->command_count);
    assert_true(it.analysis.busy_ns <= it.profile->wall_ns);
    /* One ms of each read-back runs beside a kernel. */
    assert_int_equal(it.analysis.kernel_busy_ns + it.analysis.transfer_busy_ns -
                         it.analysis.busy_ns,
                     8 * FIXTURE_MS);
    release(&it);
}

static void first_launches_last_from_being_queued(void **state) {
    (void)state;
    clproc_profile *profile = fixture_room(1, sizeof *profile);
    profile->wall_ns = 200 * FIXTURE_MS;
    profile->commands = fixture_room(3, sizeof *profile->commands);
    profile->command_count = 3;
    /* Queued together, compiled one after the other, each before it starts. */
    static const uint64_t started[] = {100, 150, 160}, ended[] = {101, 152, 165};
    for (size_t i = 0; i < 3; i++) {
        profile->commands[i] = (clp_prof_command){.kind = CLP_COMMAND_KERNEL,
                                                  .queued = 10 * FIXTURE_MS,
                                                  .submitted = 10 * FIXTURE_MS,
                                                  .started = started[i] * FIXTURE_MS,
                                                  .ended = ended[i] * FIXTURE_MS,
                                                  .first = i < 2};
        snprintf(profile->commands[i].name, sizeof profile->commands[i].name, "k");
    }
    clp_analysis analysis;
    assert_int_equal(clp_analysis_make(&analysis, profile, NULL), CLPROC_OK);
    assert_int_equal(analysis.command_count, 1);
    assert_int_equal(analysis.commands[0].first_calls, 2);
    assert_int_equal(analysis.commands[0].first_ns, (91 + 51) * FIXTURE_MS);
    assert_int_equal(analysis.commands[0].total_ns, (1 + 2 + 5) * FIXTURE_MS);
    assert_int_equal(analysis.busy_ns, (1 + 2 + 5) * FIXTURE_MS);
    clp_analysis_free(&analysis);
    clp_profile_free(&profile);
}

static void kernel_figures(void **state) {
    (void)state;
    subject it = analyse(FIXTURE_DEFAULTS);
    const clp_command_row *row = &it.analysis.commands[0];
    assert_int_equal(it.analysis.kernel_count, 2);
    assert_string_equal(row->name, "filter_u8_i16");
    assert_int_equal(row->first_calls, 1);
    assert_int_equal(row->bytes, 7 * 36000000);
    double rate = 7 * 36000000 / row->steady.sum * 1e9;
    assert_true(fabs(row->bytes_per_second / rate - 1) < 1e-9);
    assert_true(fabs(row->copy_share - rate / 40e9) < 1e-9);
    assert_true(fabs(row->delay_ns - 300000) < 1);
    assert_true(row->steady.min <= row->steady.p50 && row->steady.p50 <= row->steady.p95);
    assert_true(row->steady.p95 <= row->steady.max && row->steady.max < 20 * FIXTURE_MS);
    release(&it);
}

/** On two devices a kernel compares with what copies of its bytes would reach where they were. */
static void copies_are_those_of_the_devices(void **state) {
    (void)state;
    subject it = {.profile = fixture_make(FIXTURE_DEFAULTS)};
    fixture_two_devices(it.profile);
    size_t launches = 0;
    for (size_t i = 0; i < it.profile->command_count; i++) {
        clp_prof_command *command = &it.profile->commands[i];
        if (strcmp(command->name, "filter_u8_i16") == 0 && !command->first) {
            command->device = launches++ >= 3; /* the other four on the card */
        }
    }
    assert_int_equal(clp_analysis_make(&it.analysis, it.profile, NULL), CLPROC_OK);
    const clp_command_row *row = &it.analysis.commands[0];
    assert_string_equal(row->name, "filter_u8_i16");
    double seconds = 3 * 36e6 / 9e9 + 4 * 36e6 / 4e12;
    assert_true(fabs(row->copy_rate / (7 * 36e6 / seconds) - 1) < 1e-9);
    assert_true(fabs(row->copy_share / (seconds * 1e9 / row->steady.sum) - 1) < 1e-9);
    clp_analysis_free(&it.analysis);
    /* A device of which it is not known. */
    it.profile->devices[0].copy_rate = 0;
    assert_int_equal(clp_analysis_make(&it.analysis, it.profile, NULL), CLPROC_OK);
    assert_true(it.analysis.commands[0].copy_share == 0);
    assert_true(it.analysis.commands[1].copy_share > 0);
    release(&it);
}

static void statistics(void **state) {
    (void)state;
    double values[] = {4, 1, 3, 2, 10};
    clp_stats_sort(values, 5);
    clp_stats stats = clp_stats_of(values, 5);
    assert_true(stats.mean == 4 && stats.p50 == 3 && stats.min == 1 && stats.max == 10);
    assert_true(fabs(stats.deviation - 3.5355339) < 1e-6);
    assert_true(fabs(stats.p95 - 8.8) < 1e-9);
    assert_true(clp_stats_of(values, 0).mean == 0 && clp_stats_of(values, 1).deviation == 0);
    double a[] = {1, 2, 3, 4, 5, 6, 7, 8}, b[] = {11, 12, 13, 14, 15, 16, 17, 18}, scratch[16];
    /* Of the 16 over 8 = 12870 rankings two are as far apart. */
    assert_true(fabs(clp_stats_same(a, 8, b, 8, scratch) - 2.0 / 12870) < 1e-12);
    /* Of 3 and 2 values, U = 1 or less: 2 of 10 rankings on either side. */
    double c[] = {1, 2, 4}, d[] = {3, 5};
    assert_true(fabs(clp_stats_same(c, 3, d, 2, scratch) - 0.4) < 1e-12);
    /* With a tie by hand: z = (32 - 0.5) / sqrt(8 * 8 / 12 * (17 - 6 / (16 * 15))). */
    a[1] = 1;
    double z = 31.5 / sqrt(64.0 / 12 * (17 - 6.0 / 240));
    assert_true(fabs(clp_stats_same(a, 8, b, 8, scratch) - erfc(z / sqrt(2))) < 1e-12);
    assert_true(clp_stats_same(a, 8, a, 8, scratch) > 0.9);
    /* All eight on one side: 2 of 256 ways. Of 1, -2, 3 sums of 2 or less: 0, 1, 2 of 8 ways. */
    double centred[] = {1, 2, 3, 4, 5, 6, 7, 8}, mixed[] = {3, 1, -2};
    assert_true(clp_stats_centred(centred, 8) == 2.0 / 256);
    assert_true(clp_stats_centred(mixed, 3) == 2 * 3.0 / 8);
    double low, high;
    clp_stats_median_interval(centred, 8, scratch, &low, &high);
    assert_true(low >= 1 && low < 4.5 && high > 4.5 && high <= 8);
    clp_stats_ratio_interval(a, 8, b, 8, scratch, &low, &high);
    assert_true(low > 1 && low < 14.5 / 4.5 && high > 14.5 / 4.5);
}

static const clp_finding *find(const subject *it, const char *id) {
    for (size_t i = 0; i < it->findings.count; i++) {
        if (strcmp(it->findings.items[i].id, id) == 0) {
            return &it->findings.items[i];
        }
    }
    return NULL;
}

/** Threads that were hardly on the processor, in a run that used this much of its cores. */
static bool held_up(double share_of_cores) {
    clproc_profile *profile = fixture_make(FIXTURE_DEFAULTS);
    for (size_t i = 0; i < profile->thread_count; i++) {
        profile->threads[i].cpu_ns = 1;
    }
    profile->system_ns = 0;
    profile->user_ns =
        (uint64_t)(share_of_cores * (double)profile->cores * (double)profile->wall_ns);
    subject it = {.profile = profile};
    assert_int_equal(clp_analysis_make(&it.analysis, profile, NULL), CLPROC_OK);
    clp_findings_make(&it.findings, &it.analysis);
    bool found = find(&it, "held-up") != NULL;
    release(&it);
    return found;
}

static void a_drivers_own_threads_are_no_other_programs(void **state) {
    (void)state;
    assert_true(held_up(0.2));
    assert_false(held_up(1));
}

static void findings_follow_the_figures(void **state) {
    (void)state;
    subject it = analyse(FIXTURE_DEFAULTS);
    assert_non_null(strstr(it.findings.verdict, "decode"));
    assert_non_null(find(&it, "bottleneck"));
    assert_non_null(find(&it, "first-launch"));
    assert_non_null(find(&it, "slow-kernel"));
    assert_non_null(find(&it, "memory"));
    assert_null(find(&it, "opens"));
    assert_null(find(&it, "lost-records"));
    for (size_t i = 0; i < it.findings.count; i++) {
        const clp_finding *finding = &it.findings.items[i];
        assert_true(finding->saving_ns >= 0 && finding->saving_ns <= (double)it.profile->wall_ns);
        assert_true(i == 0 || finding->saving_ns <= finding[-1].saving_ns);
        assert_true(strlen(finding->text) > 20);
    }
    release(&it);
}

/** Whether more threads are proposed, where the busiest threads decode or where they compile. */
static bool proposes_jobs(bool compiling) {
    subject it = {.profile = fixture_make(FIXTURE_DEFAULTS)};
    it.profile->cores = 32;
    assert_int_equal(clp_analysis_make(&it.analysis, it.profile, NULL), CLPROC_OK);
    clp_resource *top = &it.analysis.resources[0];
    top->share = 1;
    if (compiling) {
        memset(top->stage_ns, 0, sizeof top->stage_ns);
        top->stage_ns[CLP_PROF_BUILD] = top->busy_ns;
    }
    clp_findings_make(&it.findings, &it.analysis);
    bool found = find(&it, "idle-cores") != NULL;
    release(&it);
    return found;
}

static void more_threads_do_not_compile_faster(void **state) {
    (void)state;
    assert_true(proposes_jobs(false));
    assert_false(proposes_jobs(true));
}

static void first_launches_are_bounded_by_what_the_run_waits_for(void **state) {
    (void)state;
    subject it = {.profile = fixture_make(FIXTURE_DEFAULTS)};
    assert_int_equal(clp_analysis_make(&it.analysis, it.profile, NULL), CLPROC_OK);
    for (size_t i = 0; i < it.analysis.command_count; i++) {
        it.analysis.commands[i].first_ns *= 1000;
    }
    clp_findings_make(&it.findings, &it.analysis);
    assert_true(find(&it, "first-launch")->saving_ns == it.analysis.slack_ns);
    release(&it);
}

static void savings_are_bounds(void **state) {
    (void)state;
    subject it = analyse(FIXTURE_DEFAULTS);
    assert_int_equal(it.analysis.part_count, 8);
    assert_string_equal(it.analysis.parts[0].name, "decode");
    for (size_t i = 0; i < it.analysis.part_count; i++) {
        const clp_part *part = &it.analysis.parts[i];
        assert_true(part->half_ns >= 0 && part->half_ns <= part->saving_ns);
        assert_true(part->half_ns <= (double)part->busy_ns / 2);
        assert_true(part->saving_ns <= (double)it.profile->wall_ns);
    }
    /* Without the device the two decoders still need the half of their work each. */
    const clp_resource *decoders = &it.analysis.resources[0];
    assert_string_equal(decoders->name, "decode");
    double rest = (double)it.profile->wall_ns - (double)decoders->busy_ns / 2;
    assert_true(fabs(clp_analysis_device_part(&it.analysis)->saving_ns - rest) < 2);
    assert_true(fabs(it.analysis.slack_ns - rest) < 2);
    release(&it);
}

/** Leaves `count` threads that did nothing yet, all of them workers. */
static void make_workers(clproc_profile *profile, size_t count) {
    while (profile->thread_count > count) {
        clp_profile_thread *last = &profile->threads[--profile->thread_count];
        clp_memory_free(last->nodes);
        clp_memory_free(last->spans);
    }
    for (size_t t = 0; t < count; t++) {
        clp_profile_thread *thread = &profile->threads[t];
        snprintf(thread->name, sizeof thread->name, "worker %zu", t + 1);
        thread->node_count = 1;
        thread->cpu_ns = 0;
    }
    profile->user_ns = profile->system_ns = 0;
}

static void add_work(clproc_profile *profile, size_t worker, clp_prof_stage stage, double ms) {
    clp_profile_thread *thread = &profile->threads[worker];
    thread->nodes[thread->node_count++] =
        (clp_profile_node){.stage = stage, .calls = 1, .total_ns = (uint64_t)(ms * FIXTURE_MS)};
}

static const clp_part *find_part(const subject *it, const char *name) {
    for (size_t i = 0; i < it->analysis.part_count; i++) {
        if (strcmp(it->analysis.parts[i].name, name) == 0) {
            return &it->analysis.parts[i];
        }
    }
    fail_msg("there is no part %s", name);
    return NULL;
}

/** Two workers decode for 20 ms each; kernels take 80 ms, in their threads or beside them. */
static subject kernels_in(clp_prof_stage stage) {
    subject it = {.profile = fixture_make(FIXTURE_DEFAULTS)};
    make_workers(it.profile, 2);
    for (size_t t = 0; t < 2; t++) {
        add_work(it.profile, t, CLP_PROF_DECODE, 20);
        add_work(it.profile, t, stage, 80);
    }
    it.profile->wall_ns = 100 * FIXTURE_MS;
    it.profile->command_count = 2;
    for (size_t i = 0; i < 2; i++) {
        clp_prof_command *command = &it.profile->commands[i];
        command->kind = CLP_COMMAND_KERNEL;
        command->queued = command->submitted = command->started = 20 * FIXTURE_MS;
        command->ended = 100 * FIXTURE_MS;
    }
    assert_int_equal(clp_analysis_make(&it.analysis, it.profile, NULL), CLPROC_OK);
    return it;
}

static void a_faster_device_computes_faster_in_the_hosts_threads(void **state) {
    (void)state;
    subject it = kernels_in(CLP_PROF_COMPUTE);
    const clp_part *device = clp_analysis_device_part(&it.analysis);
    const clp_part *compute = find_part(&it, "compute");
    assert_true(fabs(device->saving_ns - 80e6) < 2 && fabs(device->half_ns - 40e6) < 2);
    assert_true(fabs(compute->saving_ns - 80e6) < 2 && fabs(compute->half_ns - 40e6) < 2);
    release(&it);
    it = kernels_in(CLP_PROF_SUBMIT); /* submitting takes as long on any device */
    assert_true(clp_analysis_device_part(&it.analysis)->saving_ns < 2);
    release(&it);
}

/** Whether the order of files is blamed, where one of two workers did `stage` for 60 ms more and
 * the other waited for `wait`. */
static bool blames_order(clp_prof_stage stage, clp_prof_stage wait, uint64_t images) {
    subject it = {.profile = fixture_make(FIXTURE_DEFAULTS)};
    make_workers(it.profile, 2);
    add_work(it.profile, 0, CLP_PROF_DECODE, 30);
    add_work(it.profile, 1, CLP_PROF_DECODE, 30);
    add_work(it.profile, 0, stage, 60);
    add_work(it.profile, 1, wait, 60);
    it.profile->wall_ns = 100 * FIXTURE_MS;
    it.profile->counters[CLP_COUNTER_IMAGES] = images;
    assert_int_equal(clp_analysis_make(&it.analysis, it.profile, NULL), CLPROC_OK);
    clp_findings_make(&it.findings, &it.analysis);
    bool found = find(&it, "uneven-threads") != NULL;
    release(&it);
    return found;
}

static void order_is_blamed_only_where_threads_had_no_file(void **state) {
    (void)state;
    assert_true(blames_order(CLP_PROF_ENCODE, CLP_PROF_WAIT_FILE, 8));
    assert_false(blames_order(CLP_PROF_BUILD, CLP_PROF_WAIT_DEVICE, 8));
    assert_false(blames_order(CLP_PROF_ENCODE, CLP_PROF_WAIT_FILE, 2));
}

static void findings_change_with_the_run(void **state) {
    (void)state;
    fixture_params slow_device = FIXTURE_DEFAULTS;
    slow_device.kernel_factor = 30;
    subject it = analyse(slow_device);
    assert_non_null(strstr(it.findings.verdict, "Limited by the device"));
    release(&it);

    it = analyse(FIXTURE_DEFAULTS);
    it.profile->counters[CLP_COUNTER_OPENS] = 64;
    it.profile->lost = 3;
    it.profile->user_ns = it.profile->wall_ns * 4;
    clp_analysis_free(&it.analysis);
    assert_int_equal(clp_analysis_make(&it.analysis, it.profile, NULL), CLPROC_OK);
    clp_findings_make(&it.findings, &it.analysis);
    assert_non_null(strstr(it.findings.verdict, "Limited by the processor"));
    assert_non_null(strstr(find(&it, "opens")->text, "2.00 times"));
    assert_non_null(find(&it, "lost-records"));
    release(&it);
}

/** A report from elsewhere: all threads are in "load picture" the whole time, which is no part that
 * could be made faster, and only the device has one. */
static void threads_without_a_part_limit_nothing(void **state) {
    (void)state;
    subject it = {.profile = fixture_make(FIXTURE_DEFAULTS)};
    for (size_t t = 0; t < it.profile->thread_count; t++) {
        clp_profile_thread *thread = &it.profile->threads[t];
        thread->node_count = 2;
        thread->nodes[1] =
            (clp_profile_node){.stage = CLP_PROF_LOAD, .calls = 1, .total_ns = it.profile->wall_ns};
    }
    it.profile->user_ns = it.profile->system_ns = 1;
    assert_int_equal(clp_analysis_make(&it.analysis, it.profile, NULL), CLPROC_OK);
    assert_int_equal(it.analysis.part_count, 1);
    clp_findings_make(&it.findings, &it.analysis);
    assert_non_null(strstr(it.findings.verdict, "Nothing is at its limit"));
    assert_null(find(&it, "bottleneck"));
    release(&it);
}

/** Busy for longer than the run lasted, by more than an int holds: no percentage of a real run. */
static void shares_beyond_any_run_are_shown(void **state) {
    (void)state;
    subject it = {.profile = fixture_make(FIXTURE_DEFAULTS)};
    clp_text text = {0};
    it.profile->wall_ns = 1;
    it.profile->threads[0].nodes[1].total_ns = INT64_MAX;
    assert_int_equal(clp_analysis_make(&it.analysis, it.profile, NULL), CLPROC_OK);
    clp_findings_make(&it.findings, &it.analysis);
    clp_tables(&text, &it.analysis, &it.findings, CLPROC_VIEW_ALL);
    assert_non_null(strstr(text.data, "922337203"));
    assert_null(strstr(text.data, "-2147483648"));
    clp_text_free(&text);
    release(&it);
}

/** Lines of the text must fit the terminal and hold no number that is none. */
static void check_lines(const clp_text *text) {
    int columns = 0;
    for (size_t i = 0; i < text->size; i++) {
        unsigned char byte = (unsigned char)text->data[i];
        columns = byte == '\n' ? 0 : columns + ((byte & 0xC0) != 0x80);
        assert_true(columns <= CLP_TABLE_WIDTH);
        assert_true(byte >= 0x20 || byte == '\n');
    }
}

static void tables_fit_the_terminal(void **state) {
    (void)state;
    static const char *const expected[] = {"filter_u8_i16", "readback", "% of copy",
                                           "decode 2",      "pixels",   "Findings"};
    fixture_params params = FIXTURE_DEFAULTS;
    params.kernel = "a_kernel_of_a_quite_unusual_name\x1b[31m";
    subject it = analyse(params);
    clp_text text = {0};
    clp_tables(&text, &it.analysis, &it.findings, CLPROC_VIEW_ALL);
    check_lines(&text);
    clp_text_add_bytes(&text, "", 1);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_non_null(strstr(text.data, expected[i]));
    }
    assert_null(strstr(text.data, "nan"));
    assert_null(strstr(text.data, "inf "));
    clp_text_free(&text);
    clp_tables(&text, &it.analysis, &it.findings, CLPROC_VIEW_MEMORY);
    clp_text_add_bytes(&text, "", 1);
    assert_null(strstr(text.data, "readback"));
    assert_non_null(strstr(text.data, "device: input"));
    clp_text_free(&text);
    release(&it);
}

static void each_device_has_a_line(void **state) {
    (void)state;
    subject it = {.profile = fixture_make(FIXTURE_DEFAULTS)};
    fixture_two_devices(it.profile);
    assert_int_equal(clp_analysis_make(&it.analysis, it.profile, NULL), CLPROC_OK);
    clp_findings_make(&it.findings, &it.analysis);
    clp_text text = {0};
    clp_tables(&text, &it.analysis, &it.findings, CLPROC_VIEW_ALL);
    check_lines(&text);
    clp_text_add_bytes(&text, "", 1);
    assert_non_null(strstr(text.data, "\nany OpenCL device "));
    assert_non_null(strstr(text.data, "\n  Test processor  "));
    assert_non_null(strstr(text.data, "\n  Test card  "));
    clp_text_free(&text);
    release(&it);
}

static int count(const char *text, const char *part) {
    int found = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part)) {
        found++;
    }
    return found;
}

static void memory_is_held_until_the_next_reading(void **state) {
    (void)state;
    subject it = analyse(FIXTURE_DEFAULTS);
    clp_profile_memory *line = it.profile->memory_line;
    clp_text text = {0};
    it.profile->memory_line_count = 2;
    line[0] = (clp_profile_memory){.bytes[CLP_MEMORY_PIXELS] = 41000000};
    line[1] = (clp_profile_memory){.time = it.profile->wall_ns / 100 * 55,
                                   .bytes[CLP_MEMORY_PIXELS] = 11000000,
                                   .device = 21000000};
    clp_tables(&text, &it.analysis, &it.findings, CLPROC_VIEW_MEMORY);
    clp_text_add_bytes(&text, "", 1);
    assert_int_equal(count(text.data, " 41.0 MB"), 6);
    assert_int_equal(count(text.data, " 11.0 MB"), 4);
    assert_int_equal(count(text.data, " 21.0 MB"), 5);
    clp_text_free(&text);
    it.profile->memory_line_count = 0;
    clp_tables(&text, &it.analysis, &it.findings, CLPROC_VIEW_MEMORY);
    clp_text_add_bytes(&text, "", 1);
    assert_null(strstr(text.data, "Memory over time"));
    clp_text_free(&text);
    release(&it);
}

static void an_empty_profile_is_reported(void **state) {
    (void)state;
    clproc_profile *empty = fixture_room(1, sizeof *empty);
    FILE *out = fopen("/dev/null", "w");
    clproc_error error = {0};
    assert_int_equal(clproc_profile_print(empty, CLPROC_VIEW_ALL, out, &error), CLPROC_OK);
    fclose(out);
    assert_int_equal(clproc_profile_print(NULL, CLPROC_VIEW_ALL, stdout, &error),
                     CLPROC_ERROR_ARGUMENT);
    clp_profile_free(&empty);
}

static void a_text_has_its_end_behind_it(void **state) {
    (void)state;
    clp_text text = {0};
    clp_text_add(&text, "longer than what follows");
    text.size = 0; /* memory that was something else before */
    clp_text_add_bytes(&text, "short", 5);
    assert_string_equal(text.data, "short");
    clp_text_free(&text);
}

static void numbers_do_not_depend_on_the_locale(void **state) {
    (void)state;
    char buffer[CLP_UNIT_SIZE];
    const char *locale = setlocale(LC_ALL, "de_DE.UTF-8");
    assert_string_equal(clp_unit_time(buffer, 1234567), "1.23 ms");
    assert_string_equal(clp_unit_time(buffer, 999600), "1.00 ms");
    assert_string_equal(clp_unit_time(buffer, 0), "0 s");
    assert_string_equal(clp_unit_bytes(buffer, 999), "999 B");
    assert_string_equal(clp_unit_bytes(buffer, 1234567), "1.23 MB");
    assert_string_equal(clp_unit_percent(buffer, 0.0044), "0.4 %");
    assert_string_equal(clp_unit_percent(buffer, 0.9996), "100 %");
    assert_string_equal(clp_unit_percent(buffer, 0.0001), "<0.1 %");
    assert_string_equal(clp_unit_percent(buffer, 0), "0 %");
    clp_text text = {0};
    clp_text_number(&text, NAN, 2);
    clp_text_add(&text, " ");
    clp_text_number(&text, -0.001, 2);
    clp_text_add(&text, " ");
    clp_text_number(&text, -12.345, 1);
    clp_text_add(&text, " ");
    clp_text_number(&text, 1e30, 3);
    clp_text_add(&text, " ");
    clp_text_microseconds(&text, 1234005);
    clp_text_add_bytes(&text, "", 1);
    assert_string_equal(text.data, "0.00 0.00 -12.3 18446744073709551615 1234.005");
    clp_text_free(&text);
    if (locale) {
        setlocale(LC_ALL, "C");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_has_its_end_behind_it),
        cmocka_unit_test(totals_are_the_sums_of_events),
        cmocka_unit_test(self_time_excludes_nested_stages),
        cmocka_unit_test(overlaps_count_once),
        cmocka_unit_test(first_launches_last_from_being_queued),
        cmocka_unit_test(kernel_figures),
        cmocka_unit_test(copies_are_those_of_the_devices),
        cmocka_unit_test(statistics),
        cmocka_unit_test(findings_follow_the_figures),
        cmocka_unit_test(a_drivers_own_threads_are_no_other_programs),
        cmocka_unit_test(more_threads_do_not_compile_faster),
        cmocka_unit_test(first_launches_are_bounded_by_what_the_run_waits_for),
        cmocka_unit_test(savings_are_bounds),
        cmocka_unit_test(a_faster_device_computes_faster_in_the_hosts_threads),
        cmocka_unit_test(order_is_blamed_only_where_threads_had_no_file),
        cmocka_unit_test(findings_change_with_the_run),
        cmocka_unit_test(threads_without_a_part_limit_nothing),
        cmocka_unit_test(shares_beyond_any_run_are_shown),
        cmocka_unit_test(tables_fit_the_terminal),
        cmocka_unit_test(each_device_has_a_line),
        cmocka_unit_test(memory_is_held_until_the_next_reading),
        cmocka_unit_test(an_empty_profile_is_reported),
        cmocka_unit_test(numbers_do_not_depend_on_the_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
