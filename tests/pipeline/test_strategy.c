/** Strategies: what each switch changes in a run, and that results stay what they are. */
#include <math.h>

#include "folder_fixture.h"
#include "prof/profile.h"

#define PICTURES 24

static const char *const pipelines[] = {
    "resize 60% | blur 2 | sharpen 1 | gamma 1.2",
    "crop 120x90+5+7 | flip h | saturation 1.4 | blur 1.3",
    "blur 11 | rotate 90 | gray | resize 50%",
    "brightness 1.2 | pad 200x200:colour=#f80 | blur 1 | contrast 0.8",
};

static void make_samples(uint32_t width, uint32_t height) {
    clproc_samples_params params;
    clproc_samples_params_init(&params);
    params.output = "in";
    params.count = PICTURES;
    params.width = width;
    params.height = height;
    assert_int_equal(clproc_samples(&params, NULL), CLPROC_OK);
}

/** Runs a pipeline with a strategy into the folder `output`. */
static void run_into(const char *output, const char *pipeline, const char *strategy,
                     clproc_profile **profile) {
    run_trial trial;
    trial_init(&trial, NULL, pipeline);
    assert_int_equal(clproc_strategy_parse(strategy, &trial.params.strategy, NULL), CLPROC_OK);
    trial.params.output = output;
    trial.params.format = CLPROC_FORMAT_PNG;
    trial.params.profile = profile ? CLPROC_PROFILE_SUMMARY : CLPROC_PROFILE_OFF;
    assert_int_equal(clproc_run(&trial.params, &trial.result, profile, &trial.error), CLPROC_OK);
    assert_int_equal(trial.result.written, PICTURES);
    trial_free(&trial);
}

/** How two pictures differ. */
typedef struct difference {
    uint32_t most; /**< levels of their own depth */
    double decibels;
} difference;

static uint32_t sample_at(const decoded *picture, const clp_plane *plane, uint32_t y, uint32_t i) {
    const uint8_t *row = picture->base + plane->offset + y * plane->pitch;
    return picture->layout.depth == 8 ? row[i] : ((const uint16_t *)(const void *)row)[i];
}

static difference compare_files(const char *a, const char *b) {
    decoded x, y;
    difference found = {0};
    double sum = 0, count = 0;
    get_picture(a, &x);
    get_picture(b, &y);
    assert_int_equal(x.layout.width, y.layout.width);
    assert_int_equal(x.layout.height, y.layout.height);
    assert_int_equal(x.layout.model, y.layout.model);
    assert_int_equal(x.layout.depth, y.layout.depth);
    const clp_plane *plane = &x.layout.planes[0];
    for (uint32_t row = 0; row < plane->height; row++) {
        for (uint32_t i = 0; i < plane->width * plane->channels; i++) {
            uint32_t v = sample_at(&x, plane, row, i), w = sample_at(&y, plane, row, i);
            uint32_t d = v > w ? v - w : w - v;
            found.most = d > found.most ? d : found.most;
            sum += (double)d * d;
            count++;
        }
    }
    double white = x.layout.depth == 8 ? 255 : 65535;
    found.decibels = sum > 0 ? 10 * log10(white * white * count / sum) : 999;
    drop_picture(&x);
    drop_picture(&y);
    return found;
}

/** Compares every file of two folders; those made from JPEGs by decibels where `lossy`. */
static void expect_alike(const char *a, const char *b, bool lossy) {
    DIR *stream = opendir(a);
    struct dirent *entry;
    size_t count = 0;
    assert_non_null(stream);
    while ((entry = readdir(stream))) {
        char x[600], y[600];
        if (entry->d_name[0] == '.') {
            continue;
        }
        snprintf(x, sizeof x, "%s/%s", a, entry->d_name);
        snprintf(y, sizeof y, "%s/%s", b, entry->d_name);
        difference found = compare_files(x, y);
        bool jpeg = strstr(entry->d_name, "-jpeg-") != NULL;
        if (lossy && jpeg ? found.decibels < 45 : found.most > 1) {
            print_error("%s: %u levels, %.1f dB\n", entry->d_name, found.most, found.decibels);
            fail();
        }
        count++;
    }
    closedir(stream);
    assert_int_equal(count, PICTURES);
}

/* --------------------------------------------------------------- the same results */

static void test_schedules_change_no_byte(void **state) {
    (void)state;
    static const char *const strategies[] = {"-parallel", "-overlap", "-one-open", "-one-listing",
                                             "planar,compose,shrink"};
    make_samples(160, 120);
    run_into("default", pipelines[0], "default", NULL);
    for (size_t i = 0; i < sizeof strategies / sizeof *strategies; i++) {
        run_into("other", pipelines[0], strategies[i], NULL);
        assert_true(tree_of("default").hash == tree_of("other").hash);
        remove_tree("other");
    }
}

static void test_passes_apart_agree(void **state) {
    (void)state;
    make_samples(160, 120);
    for (size_t i = 0; i < sizeof pipelines / sizeof *pipelines; i++) {
        run_into("default", pipelines[i], "default", NULL);
        run_into("apart", pipelines[i], "-compose", NULL);
        expect_alike("default", "apart", false);
        remove_tree("default");
        remove_tree("apart");
    }
}

static void test_naive_agrees(void **state) {
    (void)state;
    make_samples(160, 120);
    for (size_t i = 0; i < sizeof pipelines / sizeof *pipelines; i++) {
        run_into("default", pipelines[i], "default", NULL);
        run_into("naive", pipelines[i], "naive", NULL);
        expect_alike("default", "naive", true);
        remove_tree("default");
        remove_tree("naive");
    }
}

static void test_a_bad_file_fails_alone(void **state) {
    (void)state;
    run_trial trial;
    make_samples(80, 60);
    static const char bad[] = "\xff\xd8\xff\xe0 no picture here", text[] = "no picture at all";
    assert_int_equal(clp_file_write("in/bad.jpg", bad, sizeof bad, false, NULL), CLPROC_OK);
    assert_int_equal(clp_file_write("in/text", text, sizeof text, false, NULL), CLPROC_OK);
    trial_init(&trial, NULL, "resize 50%");
    trial.params.strategy = CLPROC_STRATEGY_NAIVE;
    trial_expect(&trial, PICTURES, 1);
    assert_int_equal(trial.result.skipped, 1);
    trial_free(&trial);
}

/* ------------------------------------------------------------ what each changes */

static uint64_t calls_of(const clproc_profile *profile, clp_prof_stage stage) {
    uint64_t calls = 0;
    for (size_t i = 0; i < profile->thread_count; i++) {
        for (size_t k = 1; k < profile->threads[i].node_count; k++) {
            const clp_profile_node *node = &profile->threads[i].nodes[k];
            calls += node->stage == stage ? node->calls : 0;
        }
    }
    return calls;
}

static size_t workers_of(const clproc_profile *profile) {
    size_t count = 0;
    for (size_t i = 0; i < profile->thread_count; i++) {
        count += strncmp(profile->threads[i].name, "worker", 6) == 0;
    }
    return count;
}

static size_t kernels_of(const clproc_profile *profile) {
    size_t count = 0;
    for (size_t i = 0; i < profile->command_count; i++) {
        count += profile->commands[i].kind == CLP_COMMAND_KERNEL;
    }
    return count;
}

static clproc_profile *profile_of(const char *strategy) {
    clproc_profile *profile = NULL;
    run_into("out", pipelines[0], strategy, &profile);
    assert_non_null(profile);
    assert_string_equal(clp_profile_fact_value(profile, "strategy"), strategy);
    remove_tree("out");
    return profile;
}

static void test_switches_act(void **state) {
    (void)state;
    make_samples(160, 120);
    clproc_profile *with = profile_of("default");
    assert_int_equal(with->counters[CLP_COUNTER_OPENS], PICTURES);
    assert_int_equal(calls_of(with, CLP_PROF_LIST), 1);
    assert_int_equal(workers_of(with), 3);
    size_t planned = kernels_of(with);

    clproc_profile *without = profile_of("-one-open");
    assert_int_equal(without->counters[CLP_COUNTER_OPENS], 2 * PICTURES);
    assert_int_equal(without->counters[CLP_COUNTER_PIXELS_IN],
                     with->counters[CLP_COUNTER_PIXELS_IN]);
    clproc_profile_destroy(&without);

    without = profile_of("-one-listing");
    assert_int_equal(calls_of(without, CLP_PROF_LIST), 1 + PICTURES);
    clproc_profile_destroy(&without);

    without = profile_of("-parallel");
    assert_int_equal(workers_of(without), 1);
    clproc_profile_destroy(&without);

    without = profile_of("-compose");
    assert_true(kernels_of(without) > planned);
    clproc_profile_destroy(&without);
    clproc_profile_destroy(&with);
}

static void test_decoding_follows(void **state) {
    (void)state;
    static const char *const strategies[] = {"-planar", "-shrink"};
    make_samples(320, 240);
    run_into("default", "resize 25%", "default", NULL);
    for (size_t i = 0; i < 2; i++) {
        run_into("other", "resize 25%", strategies[i], NULL);
        assert_true(compare_files("default/000-jpeg-420.png", "other/000-jpeg-420.png").most > 0);
        assert_int_equal(compare_files("default/001-png-rgb.png", "other/001-png-rgb.png").most, 0);
        remove_tree("other");
    }
}

/* ---------------------------------------------------------------------- names */

static void test_names(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint32_t strategy;
        const char *printed;
    } good[] = {
        {"default", CLPROC_STRATEGY_DEFAULT, "default"},
        {"naive", CLPROC_STRATEGY_NAIVE, "naive"},
        {"naive,shrink", CLPROC_STRATEGY_SHRINK, "shrink"},
        {"stream,parallel", CLPROC_STRATEGY_STREAM | CLPROC_STRATEGY_PARALLEL, "parallel,stream"},
        {"-planar", CLPROC_STRATEGY_DEFAULT & ~CLPROC_STRATEGY_PLANAR, "-planar"},
        {"default,-planar,-shrink",
         CLPROC_STRATEGY_DEFAULT & ~(CLPROC_STRATEGY_PLANAR | CLPROC_STRATEGY_SHRINK),
         "-planar,-shrink"},
    };
    static const char *const bad[] = {"", "fast", "planar,", "planar compose", "--planar", "Naive"};
    uint32_t strategy;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char text[200];
        assert_int_equal(clproc_strategy_parse(good[i].text, &strategy, NULL), CLPROC_OK);
        assert_int_equal(strategy, good[i].strategy);
        size_t length = clproc_strategy_print(strategy, text, sizeof text);
        assert_string_equal(text, good[i].printed);
        assert_int_equal(length, strlen(text));
        assert_int_equal(clproc_strategy_parse(text, &strategy, NULL), CLPROC_OK);
        assert_int_equal(strategy, good[i].strategy);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        clproc_error error;
        assert_int_equal(clproc_strategy_parse(bad[i], &strategy, &error), CLPROC_ERROR_ARGUMENT);
        assert_non_null(strstr(error.message, "one-open"));
    }
    uint32_t all = 0;
    for (size_t i = 0; clproc_strategy_at(i).name; i++) {
        all |= clproc_strategy_at(i).bit;
    }
    assert_int_equal(all, CLPROC_STRATEGY_DEFAULT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_schedules_change_no_byte),
        IN_SCRATCH(test_passes_apart_agree),
        IN_SCRATCH(test_naive_agrees),
        IN_SCRATCH(test_a_bad_file_fails_alone),
        IN_SCRATCH(test_switches_act),
        IN_SCRATCH(test_decoding_follows),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
