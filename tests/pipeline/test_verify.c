/* --verify: random pictures are those of the reference, and a driver that computes
 * wrongly is found out. */
#include "folder_fixture.h"

#include <CL/cl.h>
#include <dlfcn.h>
#include <math.h>
#include <stdatomic.h>

/* A driver that leaves out the work from some launch on. */
static atomic_bool lazy;

#define REAL(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
                              const size_t *offset, const size_t *global, const size_t *local,
                              cl_uint waits, const cl_event *wait, cl_event *event) {
    if (atomic_load(&lazy)) {
        return clEnqueueMarkerWithWaitList(queue, waits, wait, event);
    }
    return REAL(clEnqueueNDRangeKernel)(queue, kernel, dimensions, offset, global, local, waits,
                                        wait, event);
}

enum { PICTURES = 16 };

/** What a run verified. */
typedef struct verified {
    bool chosen[PICTURES]; /**< by the number in the name */
    uint64_t count, beyond;
    double largest;
} verified;

static void note(const clproc_event *event, void *user) {
    verified *found = user;
    const char *name = strrchr(event->input, '/');
    if (event->kind == CLPROC_EVENT_VERIFIED) {
        assert_non_null(event->verification);
        assert_int_equal(event->verification->pictures, 1);
        found->chosen[strtoul(name + 1, NULL, 10) % PICTURES] = true;
        found->count++;
        found->beyond += event->verification->beyond;
        found->largest = fmax(found->largest, event->verification->largest);
        assert_true(!strstr(event->message, "breaks") == !event->verification->beyond);
    } else {
        assert_null(event->verification);
    }
}

/** Writes in/00.jpg, in/01.png and so on. */
static void put_numbered(void) {
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    for (uint32_t i = 0; i < PICTURES; i++) {
        const picture_kind *kind = &picture_kinds[i % 8];
        char path[32];
        snprintf(path, sizeof path, "in/%02u.%s", i,
                 kind->format == CLPROC_FORMAT_JPEG ? "jpg" : "png");
        put_picture(path, kind, 61 + i, 47 + 3 * i, i, NULL);
    }
}

static verified verify_as(const char *device, const char *pipeline, clproc_format format, int depth,
                          uint64_t count, uint64_t seed, clproc_run_result *result) {
    verified found = {0};
    run_trial trial;
    clproc_error error = {0};
    trial_init(&trial, device, pipeline);
    trial.params.format = format;
    trial.params.depth = depth;
    trial.params.existing = CLPROC_EXISTING_REPLACE;
    trial.params.verify = count;
    trial.params.verify_seed = seed;
    trial.params.on_event = note;
    trial.params.user = &found;
    if (clproc_run(&trial.params, result, NULL, &error) != CLPROC_OK) {
        fail_msg("%s", error.message);
    }
    trial_free(&trial);
    assert_int_equal(result->verification.pictures, found.count);
    assert_int_equal(result->verification.beyond, found.beyond);
    assert_true(result->verification.largest == found.largest);
    return found;
}

static verified verify(const char *device, const char *pipeline, uint64_t count, uint64_t seed,
                       clproc_run_result *result) {
    return verify_as(device, pipeline, CLPROC_FORMAT_KEEP, 0, count, seed, result);
}

static void test_reference_is_itself(void **state) {
    (void)state;
    clproc_run_result result;
    put_numbered();
    verify("reference", "resize 30x | blur 1", 1000, 0, &result);
    assert_int_equal(result.verification.pictures, PICTURES);
    assert_int_equal(result.verification.beyond, 0);
    assert_true(result.verification.seed > 0);
    assert_true(result.verification.largest == 0 && result.verification.mismatch == 0);
    assert_true(isinf(result.verification.psnr));
}

static void test_device_keeps_the_promise(void **state) {
    (void)state;
    clproc_run_result result;
    const char *pocl = need_pocl();
    put_numbered();
    verify(pocl, "resize 30x | blur 1.5 | contrast 1.3", PICTURES, 5, &result);
    assert_int_equal(result.verification.pictures, PICTURES);
    assert_int_equal(result.verification.beyond, 0);
    assert_int_equal(result.verification.seed, 5);
    assert_true(result.verification.largest <= 1);
    assert_true(result.verification.psnr > 50);
}

/** Chains that plans take apart: more steps than a pass has, alpha that comes to planes of YCbCr or
 * goes at last, moves on the grid of chroma. */
static void test_long_chains_keep_the_promise(void **state) {
    static const struct {
        const char *pipeline;
        clproc_format format;
        int depth;
    } cases[] = {
        {"colour lab | colour srgb | brightness 1.1", CLPROC_FORMAT_JPEG, 0},
        {"levels 5 | contrast 1.1 | gamma 1.1 | saturation 1.2 | gamma .9 | saturation .9 | "
         "gamma 1.05 | saturation 1.1 | flatten white",
         CLPROC_FORMAT_PNG, 0},
        {"resize 50% | pad 100x100:colour=transparent | blur 1", CLPROC_FORMAT_PNG, 16},
        {"pad 100x100:colour=transparent | resize 30%", CLPROC_FORMAT_PNG, 16},
        {"sharpen 1e-200 | blur 1e-200", CLPROC_FORMAT_PNG, 0},
        {"crop 32x32+16+8 | pad 1000x1000", CLPROC_FORMAT_KEEP, 0},
        {"sharpen 1 | flip v", CLPROC_FORMAT_KEEP, 0},
        {"sharpen 1 | sharpen 2 | rotate 90", CLPROC_FORMAT_KEEP, 0},
        {"rotate 90 | sharpen 1 | flip h", CLPROC_FORMAT_KEEP, 0},
        {"sharpen 1 | resize 50%", CLPROC_FORMAT_KEEP, 0},
    };
    (void)state;
    clproc_run_result result;
    const char *pocl = need_pocl();
    put_numbered();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        verify_as(pocl, cases[i].pipeline, cases[i].format, cases[i].depth, PICTURES, 5, &result);
        if (result.verification.pictures != PICTURES || result.verification.beyond) {
            fail_msg("%s: %g from the reference", cases[i].pipeline, result.verification.largest);
        }
    }
}

static void test_wrong_device_is_found_out(void **state) {
    (void)state;
    clproc_run_result result;
    const char *pocl = need_pocl();
    put_numbered();
    atomic_store(&lazy, true);
    verify(pocl, "resize 30x | blur 1.5", 4, 0, &result);
    atomic_store(&lazy, false);
    assert_int_equal(result.written, PICTURES);
    assert_int_equal(result.failed, 0);
    assert_int_equal(result.verification.pictures, 4);
    assert_int_equal(result.verification.beyond, 4);
    assert_true(result.verification.largest > 1 && result.verification.mismatch > 0.1);
}

static void test_seed_decides(void **state) {
    (void)state;
    clproc_run_result result;
    put_numbered();
    verified first = verify("reference", "resize 9x", 5, 11, &result);
    verified again = verify("reference", "resize 9x", 5, 11, &result);
    assert_int_equal(first.count, 5);
    assert_memory_equal(first.chosen, again.chosen, sizeof first.chosen);
    bool same = true;
    for (uint64_t seed = 12; seed < 20; seed++) {
        verified other = verify("reference", "resize 9x", 5, seed, &result);
        same = same && memcmp(first.chosen, other.chosen, sizeof first.chosen) == 0;
    }
    assert_false(same);
}

static void test_only_pictures_are_chosen(void **state) {
    (void)state;
    clproc_run_result result;
    put_numbered();
    for (int i = 0; i < 40; i++) {
        char path[32];
        snprintf(path, sizeof path, "in/note-%d.txt", i);
        assert_int_equal(clp_file_write(path, "text", 4, false, NULL), CLPROC_OK);
    }
    verify("reference", "resize 9x", 8, 3, &result);
    assert_int_equal(result.skipped, 40);
    assert_int_equal(result.verification.pictures, 8);
}

static void test_copies_need_no_proof(void **state) {
    (void)state;
    clproc_run_result result;
    put_numbered();
    verify("reference", NULL, 8, 3, &result);
    assert_int_equal(result.written, PICTURES);
    assert_int_equal(result.verification.pictures, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_reference_is_itself),
        IN_SCRATCH(test_device_keeps_the_promise),
        IN_SCRATCH(test_long_chains_keep_the_promise),
        IN_SCRATCH(test_wrong_device_is_found_out),
        IN_SCRATCH(test_seed_decides),
        IN_SCRATCH(test_only_pictures_are_chosen),
        IN_SCRATCH(test_copies_need_no_proof),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
