/* Runs in which memory ends: each allocation of clproc's own fails once, or all from one on. Built
 * with the linker's --wrap for the functions of core/memory.h. */
#include "pipeline/folder_fixture.h"

#include <stdatomic.h>

#include "core/memory.h"
#include "meta/meta.h"

/* ----------------------------------------------------- allocations that can be made to fail */

static struct {
    atomic_int made;
    int failing;   /**< number of the allocation that fails, from 1; 0: none */
    bool for_good; /**< all later ones fail, too */
} memory;

static bool fails(void) {
    int number = atomic_fetch_add(&memory.made, 1) + 1;
    return memory.failing &&
           (memory.for_good ? number >= memory.failing : number == memory.failing);
}

#define WRAP(name, parameters, arguments)                                                          \
    void *__real_##name parameters;                                                                \
    void *__wrap_##name parameters;                                                                \
    void *__wrap_##name parameters {                                                               \
        return fails() ? NULL : __real_##name arguments;                                           \
    }

WRAP(clp_memory_alloc, (clp_memory_site site, size_t size), (site, size))
WRAP(clp_memory_zero, (clp_memory_site site, size_t count, size_t size), (site, count, size))
WRAP(clp_memory_resize, (clp_memory_site site, void *block, size_t size), (site, block, size))
WRAP(clp_memory_string, (clp_memory_site site, const char *text), (site, text))

void *__real_clp_memory_grow(clp_memory_site site, void *array, size_t *capacity, size_t needed,
                             size_t item);
void *__wrap_clp_memory_grow(clp_memory_site site, void *array, size_t *capacity, size_t needed,
                             size_t item);
void *__wrap_clp_memory_grow(clp_memory_site site, void *array, size_t *capacity, size_t needed,
                             size_t item) {
    bool there = array && needed <= *capacity;
    return !there && fails() ? NULL : __real_clp_memory_grow(site, array, capacity, needed, item);
}

static void arm(int number, bool for_good) {
    memory.failing = number;
    memory.for_good = for_good;
    atomic_store(&memory.made, 0);
}

/** Bytes of clproc's own that are held now. */
static uint64_t bytes_held(void) {
    uint64_t total = 0;
    for (int site = 0; site < CLP_MEMORY_SITE_COUNT; site++) {
        total += clp_memory_usage((clp_memory_site)site).current;
    }
    return total;
}

/** True once no more is held than before. Drivers may let go of a buffer, and of the memory behind
 * it, a little after it was released. */
static bool all_returned(uint64_t before) {
    for (int wait = 0; wait < 2000 && bytes_held() != before; wait++) {
        usleep(1000);
    }
    return bytes_held() == before;
}

/* ------------------------------------------------------------------------------- trials */

static const char *const reports[] = {"r.json", "r.csv", "r.html",   "r.trace.json",
                                      "r.prom", "r.txt", "r.folded", "r.speedscope.json"};

static int tries, survivals;

/** From parameters to reports, as the program does it; true if something failed. */
static bool run_all(run_trial *trial, const char *device, const char *text, bool profiled) {
    clproc_profile *profile = NULL;
    clproc_status status;
    memset(trial, 0, sizeof *trial);
    clproc_run_params_init(&trial->params);
    CLP_TRY(status, out, clproc_pipeline_create(&trial->pipeline, &trial->error));
    CLP_TRY(status, out, clproc_pipeline_parse(trial->pipeline, text, &trial->error));
    trial->params.inputs = &trial_input;
    trial->params.input_count = 1;
    trial->params.output = "out";
    trial->params.device = device;
    trial->params.pipeline = trial->pipeline;
    trial->params.png_level = 1;
    trial->params.jobs = 2;
    trial->params.batch_images = 2;
    trial->params.profile = profiled ? CLPROC_PROFILE_TRACE : CLPROC_PROFILE_OFF;
    trial->params.on_event = listen;
    trial->params.user = &trial->told;
    CLP_TRY(status, out, clproc_run(&trial->params, &trial->result, &profile, &trial->error));
    for (size_t i = 0; profile && i < sizeof reports / sizeof *reports; i++) {
        CLP_TRY(status, out, clproc_profile_write(profile, reports[i], &trial->error));
    }
out:
    clproc_profile_destroy(&profile);
    clproc_pipeline_destroy(&trial->pipeline);
    return status != CLPROC_OK || trial->result.failed > 0;
}

/** No leak, no crash, only whole files, a cause for what failed. */
static void survive(const char *device, const char *text, bool profiled, int number, bool for_good,
                    uint64_t hash, bool *reached) {
    run_trial trial;
    uint64_t before = bytes_held();
    remove_tree("out");
    arm(number, for_good);
    bool failed = run_all(&trial, device, text, profiled);
    int made = atomic_load(&memory.made);
    arm(0, false);
    *reached = made >= number;
    tries++;
    if (!all_returned(before)) {
        fail_msg("allocation %d of %d: %lld bytes are left", number, made,
                 (long long)(bytes_held() - before));
    }
    tree found = tree_of("out");
    assert_int_equal(found.temporary, 0);
    assert_int_equal(found.files, trial.result.written);
    if (!failed) {
        assert_true(found.hash == hash);
    } else if (trial.result.failed) {
        /* Of memory that inflate() lacks, libspng only says that the stream is bad. */
        if (trial.told.status != CLPROC_ERROR_MEMORY &&
            !strstr(trial.told.message, "IDAT stream error")) {
            fail_msg("allocation %d of %d: %s", number, made, trial.told.message);
        }
    } else {
        if (trial.error.status != CLPROC_ERROR_MEMORY) {
            fail_msg("allocation %d of %d: %s", number, made, trial.error.message);
        }
    }
    survivals++;
}

static void check(const char *device, const char *text, bool profiled, int stride) {
    run_trial trial;
    put_pictures(4);
    arm(0, false);
    uint64_t before = bytes_held();
    if (run_all(&trial, device, text, profiled)) {
        fail_msg("%s: %s", device, trial.error.message);
    }
    int count = atomic_load(&memory.made);
    uint64_t hash = tree_of("out").hash;
    assert_true(all_returned(before));
    stride = getenv("FAULT_ALL") ? 1 : stride;
    tries = survivals = 0;
    for (int for_good = 0; for_good < 2; for_good++) {
        bool reached = true;
        for (int number = 1 + rand() % stride; reached; number += stride) {
            survive(device, text, profiled, number, for_good, hash, &reached);
        }
    }
    print_message("verify: T3 %s, %d allocations: tried %d, survived %d\n", device, count, tries,
                  survivals);
}

static const char everything[] =
    "resize 20x | blur 2 | gamma 1.2 | sharpen 1 | rotate 90 | pad 60x60";

static void test_reference(void **state) {
    (void)state;
    check("reference", "resize 20x | blur 2 | gamma 1.2 | pad 60x60", false, 1);
}

static void test_reports(void **state) {
    (void)state;
    check("reference", "gray", true, 7);
}

static void test_device(void **state) {
    (void)state;
    check(need_pocl(), everything, true, 41);
}

/** A profile is never taken for a broken one where memory ends, in Little CMS as anywhere. */
static void test_conversion(void **state) {
    (void)state;
    static const clp_icc_numbers p3 = {.white = {0.3127, 0.3290},
                                       .red = {0.680, 0.320},
                                       .green = {0.265, 0.690},
                                       .blue = {0.150, 0.060}};
    clp_bytes profile = {0};
    clproc_error error;
    assert_int_equal(clp_icc_make(&p3, false, &profile, &error), CLPROC_OK);
    const clp_icc_request request = {
        .source = profile.data, .source_size = profile.size, .channels = 3};
    uint64_t before = bytes_held();
    bool reached = true;
    int failed = 0;
    tries = 0;
    for (int number = 1; reached; number++) {
        clp_conversion *made = NULL;
        arm(number, false);
        clproc_status status = clp_icc_convert(&request, &made, &error);
        reached = atomic_load(&memory.made) >= number;
        arm(0, false);
        assert_true(status == CLPROC_ERROR_MEMORY || (status == CLPROC_OK && made));
        failed += status != CLPROC_OK;
        clp_conversion_release(&made);
        assert_true(bytes_held() == before);
        tries++;
    }
    assert_true(failed > 100);
    clp_bytes_free(&profile);
    print_message("verify: T3 a conversion of colours: tried %d, survived %d\n", tries, tries);
}

int main(void) {
    seed_faults();
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_reference),
        IN_SCRATCH(test_reports),
        cmocka_unit_test(test_conversion),
        IN_SCRATCH(test_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
