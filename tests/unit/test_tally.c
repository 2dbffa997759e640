/* Summing up commands, against the slow way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "prof/tally.h"
#include "report/stats.h"

static uint64_t random_below(uint64_t *state, uint64_t limit) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (*state >> 33) % limit;
}

/* ------------------------------------------------------------ time covered */

enum { MOMENTS = 400000 };

/** Flags of every ns: what is covered. */
static void mark(char *flags, uint64_t start, uint64_t end) {
    memset(flags + start, 1, end - start);
}

static uint64_t marked(const char *flags) {
    uint64_t count = 0;
    for (size_t i = 0; i < MOMENTS; i++) {
        count += (uint64_t)flags[i];
    }
    return count;
}

/** Intervals as several queues give them: each in order, of each other far from it. */
static void cover_is_the_union(void **state) {
    (void)state;
    enum { QUEUES = 7, EACH = 1500 };
    clp_cover *cover = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *cover);
    char *flags = clp_memory_zero(CLP_MEMORY_OTHER, MOMENTS, 1);
    uint64_t seed = 3, now[QUEUES] = {0};
    for (int i = 0; i < QUEUES * EACH; i++) {
        /* Bursts of 100 from one queue. */
        uint64_t *at = &now[i / 100 % QUEUES];
        uint64_t start = *at + random_below(&seed, 400), end = start + random_below(&seed, 60);
        clp_cover_add(cover, start, end);
        mark(flags, start, end);
        *at = end;
        if (i % 500 == 0) {
            assert_int_equal(clp_cover_ns(cover), marked(flags));
        }
    }
    assert_true(cover->closed > 0); /* it did not hold all of them */
    assert_int_equal(clp_cover_ns(cover), marked(flags));
    for (size_t i = 1; i < cover->count; i++) {
        assert_true(cover->held[i - 1].end < cover->held[i].start);
    }
    clp_memory_free(flags);
    clp_memory_free(cover);
}

static void cover_ends_what_touches(void **state) {
    (void)state;
    clp_cover *cover = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *cover);
    assert_int_equal(clp_cover_reached(cover, 50), 0);
    clp_cover_add(cover, 10, 20);
    clp_cover_add(cover, 30, 40);
    clp_cover_add(cover, 60, 60);
    assert_int_equal(cover->count, 3);
    assert_int_equal(clp_cover_reached(cover, 5), 0);
    assert_int_equal(clp_cover_reached(cover, 15), 15);
    assert_int_equal(clp_cover_reached(cover, 29), 20);
    assert_int_equal(clp_cover_reached(cover, 70), 60);
    clp_cover_add(cover, 20, 30); /* fills the gap */
    assert_int_equal(cover->count, 2);
    clp_cover_add(cover, 5, 100); /* holds all */
    assert_int_equal(cover->count, 1);
    assert_int_equal(clp_cover_ns(cover), 95);
    clp_memory_free(cover);
}

static void what_comes_too_late_is_not_counted_twice(void **state) {
    (void)state;
    clp_cover *cover = clp_memory_zero(CLP_MEMORY_OTHER, 1, sizeof *cover);
    const uint64_t all = 3 * CLP_COVER_OPEN;
    for (uint64_t i = 0; i < all; i++) {
        clp_cover_add(cover, 10 * i, 10 * i + 4);
    }
    assert_int_equal(clp_cover_ns(cover), 4 * all);
    clp_cover_add(cover, 0, 4); /* counted long ago */
    clp_cover_add(cover, 5, 9); /* a gap long ago: left out */
    assert_int_equal(clp_cover_ns(cover), 4 * all);
    clp_cover_add(cover, 0, 10 * all); /* all of it: gaps that are not held stay */
    assert_true(clp_cover_ns(cover) <= 10 * all);
    assert_true(clp_cover_ns(cover) >= 4 * all + 6 * (CLP_COVER_OPEN / 2 - 1));
    clp_memory_free(cover);
}

/* -------------------------------------------------------- how durations lie */

static void quantiles_are_within_the_error(void **state) {
    (void)state;
    enum { VALUES = 5001 };
    static double values[VALUES];
    uint64_t seed = 11;
    for (int kind = 0; kind < 5; kind++) {
        clp_spread spread = {0};
        for (size_t i = 0; i < VALUES; i++) {
            uint64_t ns = kind == 0   ? random_below(&seed, 64)
                          : kind == 1 ? 1234567
                          : kind == 2 ? (i % 2 ? 1000 : 9000000)
                          : kind == 3 ? 20000 + random_below(&seed, 9000)
                                      : (uint64_t)exp2(0.01 * (double)random_below(&seed, 6200));
            values[i] = (double)ns;
            assert_true(clp_spread_add(&spread, ns, 1));
        }
        clp_stats_sort(values, VALUES);
        for (int q = 0; q <= 100; q += 5) {
            double exact = clp_stats_quantile(values, VALUES, q / 100.0);
            double told = clp_spread_quantile(&spread, q / 100.0);
            assert_true(fabs(told - exact) <= (kind == 0 ? 1e-9 : 0.008 * exact));
        }
        clp_spread_free(&spread);
    }
    clp_spread none = {0};
    assert_float_equal(clp_spread_quantile(&none, 0.5), 0, 0);
}

static void classes_hold_their_values(void **state) {
    (void)state;
    for (int bit = 0; bit < 64; bit++) {
        for (int less = 0; less < 2; less++) {
            uint64_t ns = ((uint64_t)1 << bit) - (uint64_t)less, calls;
            clp_spread spread = {0};
            clp_interval class;
            size_t place = 0;
            assert_true(clp_spread_add(&spread, ns, 7));
            assert_true(clp_spread_next(&spread, &place, &class, &calls));
            assert_int_equal(calls, 7);
            assert_true(class.start <= ns && ns <= class.end);
            assert_true(class.end - class.start <= class.start / CLP_SPREAD_STEPS);
            assert_false(clp_spread_next(&spread, &place, &class, &calls));
            clp_spread_free(&spread);
        }
    }
}

/* --------------------------------------------------------------------- sums */

/** Four launches of a kernel to a picture, each of another size, with a transfer between pictures.
 */
static clp_prof_command command_at(uint64_t i, uint64_t *seed) {
    static const uint64_t sizes[] = {1000, 5000, 20000, 90000};
    bool kernel = i % 5 != 4;
    uint64_t started = i * 50000 + random_below(seed, 1000);
    uint64_t duration = kernel ? sizes[i % 5] + random_below(seed, 100) : 700;
    return (clp_prof_command){.kind = kernel ? CLP_COMMAND_KERNEL : CLP_COMMAND_UPLOAD,
                              .name = "x", /* the kind tells them apart */
                              .queued = started - (i ? 300 : 0),
                              .submitted = started,
                              .started = started,
                              .ended = started + duration,
                              .bytes_read = 10 * duration,
                              .bytes_written = duration,
                              .operations = 3 * duration,
                              .images = (uint32_t)(1 + i % 3),
                              .first = i == 0 || i == 20};
}

static void sums_are_exact(void **state) {
    (void)state;
    enum { ALL = 100000 };
    clp_tallies *tallies;
    static double durations[ALL];
    uint64_t seed = 5, calls = 0, total = 0, bytes = 0, delay = 0, first_ns = 0;
    size_t steady = 0;
    assert_int_equal(clp_tallies_create(&tallies, NULL), CLPROC_OK);
    for (uint64_t i = 0; i < ALL; i++) {
        clp_prof_command command = command_at(i, &seed);
        assert_true(clp_tallies_add(tallies, &command));
        if (command.kind == CLP_COMMAND_KERNEL) {
            calls++;
            total += command.ended - command.started;
            if (command.first) {
                first_ns += command.ended - command.queued; /* nothing ran in between */
            } else {
                durations[steady++] = (double)(command.ended - command.started);
                bytes += command.bytes_read + command.bytes_written;
                delay += command.started - command.queued;
            }
        }
    }
    clp_tallies_end(tallies);
    assert_int_equal(tallies->count, 2);
    assert_int_equal(tallies->calls, ALL);
    const clp_tally *tally = clp_tallies_find(tallies, CLP_COMMAND_KERNEL, "x");
    clp_stats_sort(durations, steady);
    clp_stats stats = clp_stats_of(durations, steady);
    assert_int_equal(tally->calls, calls);
    assert_int_equal(tally->total_ns, total);
    assert_int_equal(tally->first_calls, 2);
    assert_int_equal(tally->first_ns, first_ns);
    assert_int_equal(tally->steady_ns, (uint64_t)stats.sum);
    assert_int_equal(tally->least_ns, (uint64_t)stats.min);
    assert_int_equal(tally->most_ns, (uint64_t)stats.max);
    assert_int_equal(tally->bytes, bytes);
    assert_int_equal(tally->delay_ns, delay);
    assert_int_equal(tally->most_images, 3);
    assert_float_equal(tally->mean_ns, stats.mean, 1e-6 * stats.mean);
    double deviation = sqrt(tally->squares / (double)(steady - 1));
    assert_float_equal(deviation, stats.deviation, 1e-6 * stats.deviation);
    /* Kernels of 90 µs run into the transfer after them. */
    assert_true(tallies->busy_ns[CLP_COVER_ALL] <
                tallies->busy_ns[CLP_COVER_KERNELS] + tallies->busy_ns[CLP_COVER_TRANSFERS]);
    clp_tallies_destroy(&tallies);
}

/** What is picked shows a beat of the work as it is: a quarter of each size. */
static void samples_follow_no_beat(void **state) {
    (void)state;
    clp_tallies *tallies;
    uint64_t seed = 5;
    size_t large = 0;
    assert_int_equal(clp_tallies_create(&tallies, NULL), CLPROC_OK);
    for (uint64_t i = 0; i < 200000; i++) {
        clp_prof_command command = command_at(i, &seed);
        assert_true(clp_tallies_add(tallies, &command));
    }
    const clp_tally_samples *samples = &clp_tallies_find(tallies, CLP_COMMAND_KERNEL, "x")->samples;
    assert_int_equal(samples->stride, 512);
    assert_in_range(samples->count, CLP_TALLY_SAMPLES / 2, CLP_TALLY_SAMPLES);
    assert_int_equal(samples->count, (160000 - 2 + 511) / 512);
    for (size_t i = 0; i < samples->count; i++) {
        assert_true(i == 0 || samples->items[i - 1].start < samples->items[i].start);
        large += samples->items[i].duration >= 90000;
    }
    /* Five times the deviation of a chance of 1 in 4. */
    assert_true(fabs((double)large - (double)samples->count / 4) <
                5 * sqrt((double)samples->count * 3 / 16));
    clp_tallies_destroy(&tallies);
}

/** A device that is busy takes no time off what another one's first launch took. */
static void first_launches_wait_for_their_own_device(void **state) {
    (void)state;
    for (uint32_t other = 0; other < 2; other++) {
        clp_tallies *tallies;
        clp_prof_command busy = {.name = "x", .device = other, .started = 100, .ended = 900};
        clp_prof_command first = {.name = "x",
                                  .queued = 300,
                                  .submitted = 300,
                                  .started = 1000,
                                  .ended = 1010,
                                  .first = 1};
        assert_int_equal(clp_tallies_create(&tallies, NULL), CLPROC_OK);
        assert_true(clp_tallies_add(tallies, &busy));
        assert_true(clp_tallies_add(tallies, &first));
        clp_tallies_end(tallies);
        assert_int_equal(tallies->items[0].first_ns, other ? 710 : 110);
        assert_int_equal(tallies->busy_ns[CLP_COVER_ALL], 810);
        assert_int_equal(tallies->devices[0].busy_ns[CLP_COVER_ALL], other ? 10 : 810);
        clp_tallies_destroy(&tallies);
    }
}

/** Two parts merged are as the whole; of the time covered the longer is kept. */
static void parts_merge(void **state) {
    (void)state;
    clp_tallies *whole, *parts[2];
    uint64_t seed = 9;
    assert_int_equal(clp_tallies_create(&whole, NULL), CLPROC_OK);
    assert_int_equal(clp_tallies_create(&parts[0], NULL), CLPROC_OK);
    assert_int_equal(clp_tallies_create(&parts[1], NULL), CLPROC_OK);
    for (uint64_t i = 0; i < 50000; i++) {
        clp_prof_command command = command_at(i, &seed);
        assert_true(clp_tallies_add(whole, &command));
        assert_true(clp_tallies_add(parts[i % 5 > 2 || i < 100], &command));
    }
    clp_tallies_end(whole);
    clp_tallies_end(parts[0]);
    clp_tallies_end(parts[1]);
    uint64_t longer =
        parts[0]->busy_ns[0] > parts[1]->busy_ns[0] ? parts[0]->busy_ns[0] : parts[1]->busy_ns[0];
    assert_true(clp_tallies_merge(parts[0], parts[1]));
    assert_int_equal(parts[0]->calls, whole->calls);
    assert_int_equal(parts[0]->busy_ns[0], longer);
    for (size_t i = 0; i < whole->count; i++) {
        const clp_tally *a = &whole->items[i];
        const clp_tally *b = clp_tallies_find(parts[0], a->kind, a->name);
        assert_int_equal(b->calls, a->calls);
        assert_int_equal(b->total_ns, a->total_ns);
        assert_int_equal(b->first_calls, a->first_calls);
        assert_int_equal(b->steady_ns, a->steady_ns);
        assert_int_equal(b->least_ns, a->least_ns);
        assert_int_equal(b->most_ns, a->most_ns);
        assert_int_equal(b->bytes, a->bytes);
        assert_int_equal(b->operations, a->operations);
        assert_float_equal(b->mean_ns, a->mean_ns, 1e-9 * a->mean_ns);
        assert_float_equal(b->squares, a->squares, 1e-6 * a->squares + 1e-3);
        for (int q = 0; q <= 10; q++) {
            assert_float_equal(clp_spread_quantile(&b->spread, q / 10.0),
                               clp_spread_quantile(&a->spread, q / 10.0), 1e-6);
        }
        for (size_t s = 1; s < b->samples.count; s++) {
            assert_true(b->samples.items[s - 1].start <= b->samples.items[s].start);
        }
    }
    clp_tallies_destroy(&parts[0]);
    clp_tallies_destroy(&parts[1]);
    clp_tallies_destroy(&whole);
}

/** What sums take depends on the names alone. */
static void memory_does_not_grow(void **state) {
    (void)state;
    uint64_t before = clp_memory_usage(CLP_MEMORY_PROFILE).current, held = 0, seed = 5;
    clp_tallies *tallies;
    assert_int_equal(clp_tallies_create(&tallies, NULL), CLPROC_OK);
    for (uint64_t i = 0; i < 400000; i++) {
        clp_prof_command command = command_at(i, &seed);
        assert_true(clp_tallies_add(tallies, &command));
        held = i == 20000 ? clp_memory_usage(CLP_MEMORY_PROFILE).current : held;
    }
    assert_int_equal(clp_memory_usage(CLP_MEMORY_PROFILE).current, held);
    assert_true(held - before < 300000);
    clp_tallies_destroy(&tallies);
    assert_int_equal(clp_memory_usage(CLP_MEMORY_PROFILE).current, before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cover_is_the_union),
        cmocka_unit_test(cover_ends_what_touches),
        cmocka_unit_test(what_comes_too_late_is_not_counted_twice),
        cmocka_unit_test(quantiles_are_within_the_error),
        cmocka_unit_test(classes_hold_their_values),
        cmocka_unit_test(sums_are_exact),
        cmocka_unit_test(samples_follow_no_beat),
        cmocka_unit_test(first_launches_wait_for_their_own_device),
        cmocka_unit_test(parts_merge),
        cmocka_unit_test(memory_does_not_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
