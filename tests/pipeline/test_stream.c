/* Large pictures in bands: the same bytes as in one piece, whatever fails on the way. */
#include "folder_fixture.h"

#include <CL/cl.h>
#include <dlfcn.h>
#include <stdatomic.h>

/* ------------------------------------------------------------- a driver that can be watched */

static atomic_int launches;
static atomic_int failing; /* number of the launch that fails, from 1; 0: none */

#define REAL(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
                              const size_t *offset, const size_t *global, const size_t *local,
                              cl_uint waits, const cl_event *wait, cl_event *event) {
    if (atomic_fetch_add(&launches, 1) + 1 == atomic_load(&failing)) {
        return CL_OUT_OF_RESOURCES;
    }
    return REAL(clEnqueueNDRangeKernel)(queue, kernel, dimensions, offset, global, local, waits,
                                        wait, event);
}

/* -------------------------------------------------------------------------- pictures */

enum { PICTURES = 6 };

/** Pictures of three bands and more, in every layout that rows are decoded in. */
static void put_large(void) {
    static const struct {
        const char *path;
        picture_kind kind;
        uint32_t width, height;
    } all[PICTURES] = {
        {"in/420.jpg", {CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 8, 2, 2}, 2501, 2203},
        {"in/422.jpg", {CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 8, 2, 1}, 2190, 1811},
        {"in/gray.jpg", {CLPROC_FORMAT_JPEG, CLP_MODEL_GRAY, 8, 1, 1}, 3001, 2603},
        {"in/rgb.png", {CLPROC_FORMAT_PNG, CLP_MODEL_RGB, 8, 1, 1}, 1803, 1501},
        {"in/wide.png", {CLPROC_FORMAT_PNG, CLP_MODEL_GRAY, 16, 1, 1}, 2301, 1707},
        {"in/alpha.png", {CLPROC_FORMAT_PNG, CLP_MODEL_RGBA, 8, 1, 1}, 1402, 1301},
    };
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    for (size_t i = 0; i < PICTURES; i++) {
        put_picture(all[i].path, &all[i].kind, all[i].width, all[i].height, (uint32_t)i, NULL);
    }
}

/** Cuts a file to some of its bytes. */
static void cut(const char *path, double part) {
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(truncate(path, (off_t)((double)info.st_size * part)), 0);
}

static void set_stream(run_trial *trial, bool stream) {
    trial->params.strategy =
        stream ? CLPROC_STRATEGY_DEFAULT : CLPROC_STRATEGY_DEFAULT & ~CLPROC_STRATEGY_STREAM;
}

/** Hash of what a run makes; `*kernels` receives its launches. */
static uint64_t hash_of(run_trial *trial, bool stream, int jobs, uint64_t failed, int *kernels) {
    set_stream(trial, stream);
    trial->params.jobs = jobs;
    remove_tree("out");
    atomic_store(&launches, 0);
    trial_expect(trial, PICTURES - failed, failed);
    *kernels = atomic_load(&launches);
    tree found = tree_of("out");
    assert_int_equal(found.temporary, 0);
    assert_int_equal(found.files, PICTURES - failed);
    return found.hash;
}

/* ------------------------------------------------------------------------------ tests */

static void test_same_bytes(void **state) {
    (void)state;
    static const char *const pipelines[] = {
        "resize 1100x",
        "resize 60% | blur 2",
        "rotate 90 | resize 1000x",
        "crop 1500x1200+37+101 | resize 50%",
        "resize 300x1800:fit=fill",
        "flip v | resize 1200x",
        "resize 1100x | gamma 1.4", /* what follows the bands: colours, chroma again */
        "resize 1200x | contrast 1.2 | rotate 90",
        "resize 60% | sharpen 1",
        "flip v | resize 900x | blur 9 | gamma 0.7",
        "gamma 1.4 | flip v | resize 900x", /* colours before the filters */
        "sharpen 1 | gamma 1.4",            /* the picture before the blur is there, too */
        "gamma 1.4 | sharpen 2",
        "crop 1300x1200+37+101 | flip v", /* rows are only moved */
    };
    const char *pocl = need_pocl();
    put_large();
    for (size_t i = 0; i < sizeof pipelines / sizeof *pipelines; i++) {
        run_trial trial;
        int whole, banded;
        trial_init(&trial, pocl, pipelines[i]);
        uint64_t expected = hash_of(&trial, false, 2, 0, &whole);
        for (int jobs = 1; jobs <= 3; jobs += 2) {
            if (hash_of(&trial, true, jobs, 0, &banded) != expected) {
                fail_msg("%s: other bytes in bands, with %d jobs", pipelines[i], jobs);
            }
            /* That bands were there at all shows in the number of launches. */
            if (banded <= whole + PICTURES) {
                fail_msg("%s: only %d launches, %d without bands", pipelines[i], banded, whole);
            }
        }
        trial_free(&trial);
    }
}

/** One picture in bands and as a whole: the same bytes. */
static void check_alone(const char *path, const picture_kind *kind, uint32_t width, uint32_t height,
                        const char *pipeline, bool in_bands) {
    const char *pocl = need_pocl();
    run_trial trial;
    uint64_t hashes[2];
    int kernels[2];
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    put_picture(path, kind, width, height, 7, NULL);
    trial_init(&trial, pocl, pipeline);
    for (int i = 0; i < 2; i++) {
        set_stream(&trial, i == 1);
        remove_tree("out");
        atomic_store(&launches, 0);
        trial_expect(&trial, 1, 0);
        kernels[i] = atomic_load(&launches);
        hashes[i] = tree_of("out").hash;
    }
    assert_int_equal(kernels[1] > kernels[0] + 1, in_bands);
    assert_int_equal(hashes[1], hashes[0]);
    trial_free(&trial);
}

/** Planes of a quarter of the rows: some bands make nothing of them, and must hand their rows on.
 */
static void test_few_rows_of_chroma(void **state) {
    (void)state;
    picture_kind kind = {CLPROC_FORMAT_JPEG, CLP_MODEL_YCC, 8, 1, 4};
    check_alone("in/441.jpg", &kind, 2600, 2900, "crop 2600x2500+0+200 | resize x400", true);
}

/** Filters along one axis: the first goes through bands, the others follow. */
static void test_one_axis_twice(void **state) {
    (void)state;
    picture_kind kind = {CLPROC_FORMAT_PNG, CLP_MODEL_GRAY, 8, 1, 1};
    check_alone("in/gray.png", &kind, 1000, 8000,
                "resize 1000x4000:fit=fill | pad 1000x4400:gravity=south:colour=red | "
                "pad 1000x4800:gravity=south:colour=blue",
                true);
}

/** Decoders of some formats leave a picture as a whole; it is computed in bands from there. */
static void test_decoded_as_a_whole(void **state) {
    (void)state;
    picture_kind kind = {CLPROC_FORMAT_WEBP, CLP_MODEL_RGB, 8, 1, 1};
    check_alone("in/whole.webp", &kind, 1803, 1501, "resize 60% | blur 2", true);
}

static void test_no_gain_no_bands(void **state) {
    (void)state;
    run_trial trial;
    int whole, other;
    const char *pocl = need_pocl();
    put_large();
    trial_init(&trial, pocl, "resize 100x");
    uint64_t expected = hash_of(&trial, false, 2, 0, &whole);
    assert_int_equal(hash_of(&trial, true, 2, 0, &other), expected);
    trial_free(&trial);
}

static void test_cut_pictures(void **state) {
    (void)state;
    run_trial trial;
    int kernels;
    const char *pocl = need_pocl();
    put_large();
    trial_init(&trial, pocl, "resize 1100x");
    cut("in/420.jpg", 0.6);
    cut("in/rgb.png", 0.5);
    hash_of(&trial, true, 2, 2, &kernels);
    trial.params.fail_on = CLPROC_FAIL_ON_NONE;
    uint64_t expected = hash_of(&trial, false, 2, 0, &kernels);
    assert_int_equal(hash_of(&trial, true, 2, 0, &kernels), expected);
    trial_free(&trial);
}

static void test_verified(void **state) {
    (void)state;
    run_trial trial;
    int kernels;
    const char *pocl = need_pocl();
    put_large();
    trial_init(&trial, pocl, "resize 1300x");
    trial.params.verify = PICTURES;
    hash_of(&trial, true, 2, 0, &kernels);
    assert_int_equal(trial.result.verification.pictures, PICTURES);
    assert_int_equal(trial.result.verification.beyond, 0);
    trial_free(&trial);
}

static void test_failing_launches(void **state) {
    (void)state;
    run_trial trial;
    int count;
    const char *pocl = need_pocl();
    put_large();
    trial_init(&trial, pocl, "resize 1300x");
    hash_of(&trial, true, 2, 0, &count);
    assert_int_equal(rename("out", "expected"), 0);
    for (int call = 1; call <= count; call += 3) {
        remove_tree("out");
        atomic_store(&launches, 0);
        atomic_store(&failing, call);
        clproc_status status = trial_run(&trial);
        atomic_store(&failing, 0);
        assert_int_equal(status, CLPROC_OK);
        /* Launches that only make the driver compile may fail without harm. */
        if (trial.result.failed > 1) {
            fail_msg("call %d: %s: %s", call, trial.told.failed, trial.told.message);
        }
        assert_int_equal(trial.result.written + trial.result.failed, PICTURES);
        if (trial.result.failed) {
            assert_non_null(strstr(trial.told.message, "CL_OUT_OF_RESOURCES"));
        }
        assert_int_equal(tree_of("out").files, trial.result.written);
        assert_int_equal(system("diff -r out expected | grep -v '^Only in expected' | grep -q . "
                                "&& exit 1 || exit 0"),
                         0);
    }
    trial_free(&trial);
}

static void test_stopped(void **state) {
    (void)state;
    run_trial trial;
    const char *pocl = need_pocl();
    put_large();
    trial_init(&trial, pocl, "resize 1300x");
    trial.told.stop_after = 1;
    assert_int_equal(trial_run(&trial), CLPROC_ERROR_CANCELLED);
    assert_int_equal(trial.told.kinds[CLPROC_EVENT_FAILED], 0);
    assert_int_equal(tree_of("out").temporary, 0);
    trial_free(&trial);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_few_rows_of_chroma),
        IN_SCRATCH(test_one_axis_twice),
        IN_SCRATCH(test_same_bytes),
        IN_SCRATCH(test_decoded_as_a_whole),
        IN_SCRATCH(test_no_gain_no_bands),
        IN_SCRATCH(test_cut_pictures),
        IN_SCRATCH(test_verified),
        IN_SCRATCH(test_failing_launches),
        IN_SCRATCH(test_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
