/* Several devices at once: every picture once, by whom it may be, also where one of them fails. */
#include "folder_fixture.h"

#include <CL/cl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>

/* ------------------------------------------------------ a driver of which a device can fail */

enum { PICTURES = 24, GOOD_LAUNCHES = 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static cl_device_id first; /**< the device that was launched on first */
static int others;         /**< launches on others */
static bool failing;       /**< the others fail after some launches */

#define REAL(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

static bool fails(cl_command_queue queue) {
    cl_device_id device = NULL;
    bool lost = false;
    clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE, sizeof device, &device, NULL);
    pthread_mutex_lock(&lock);
    first = first ? first : device;
    if (device != first) {
        lost = failing && others >= GOOD_LAUNCHES;
        others++;
    }
    pthread_mutex_unlock(&lock);
    return lost;
}

cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
                              const size_t *offset, const size_t *global, const size_t *local,
                              cl_uint waits, const cl_event *wait, cl_event *event) {
    return fails(queue) ? CL_OUT_OF_RESOURCES
                        : REAL(clEnqueueNDRangeKernel)(queue, kernel, dimensions, offset, global,
                                                       local, waits, wait, event);
}

/* PoCL unpacks a binary into a folder that devices of one name share. */
static pthread_cond_t another = PTHREAD_COND_INITIALIZER;
static int unpacking; /**< programs between their binary and their build */
static int most_unpacking;
static bool waits;        /**< the next to begin waits whether another comes, too */
static cl_program loaded; /**< from a binary, not yet built */

static void begin_unpacking(void) {
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec++;
    pthread_mutex_lock(&lock);
    unpacking++;
    most_unpacking = unpacking > most_unpacking ? unpacking : most_unpacking;
    pthread_cond_signal(&another);
    bool chosen = waits;
    waits = false;
    while (chosen && most_unpacking < 2 && pthread_cond_timedwait(&another, &lock, &end) == 0) {
    }
    pthread_mutex_unlock(&lock);
}

cl_program clCreateProgramWithBinary(cl_context context, cl_uint number,
                                     const cl_device_id *devices, const size_t *lengths,
                                     const unsigned char **binaries, cl_int *statuses,
                                     cl_int *code) {
    begin_unpacking();
    cl_program program = REAL(clCreateProgramWithBinary)(context, number, devices, lengths,
                                                         binaries, statuses, code);
    pthread_mutex_lock(&lock);
    loaded = program;
    unpacking -= !program; /* refused, it is not built */
    pthread_mutex_unlock(&lock);
    return program;
}

cl_int clBuildProgram(cl_program program, cl_uint number, const cl_device_id *devices,
                      const char *options, void(CL_CALLBACK *done)(cl_program, void *),
                      void *user) {
    cl_int code = REAL(clBuildProgram)(program, number, devices, options, done, user);
    pthread_mutex_lock(&lock);
    if (program == loaded) {
        unpacking--;
        loaded = NULL;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static void arm(bool fail) {
    first = NULL;
    others = 0;
    failing = fail;
}

/* -------------------------------------------------------------------------------- tests */

/** Takes the end marker off every JPEG of "in", which is a flaw that is told. */
static uint64_t cut_ends(void) {
    uint64_t count = 0;
    for (uint32_t i = 0; i < PICTURES; i++) {
        char path[64];
        struct stat info;
        snprintf(path, sizeof path, "in/%s%03u.jpg", i % 3 ? "" : "sub/", i);
        if (stat(path, &info) == 0) {
            assert_int_equal(truncate(path, info.st_size - 2), 0);
            count++;
        }
    }
    return count;
}

static uint64_t hash_of(run_trial *trial) {
    remove_tree("out");
    trial_expect(trial, PICTURES, 0);
    tree found = tree_of("out");
    assert_int_equal(found.temporary, 0);
    return found.hash;
}

static void test_parts_of_a_processor(void **state) {
    (void)state;
    run_trial trial;
    need_pocl();
    put_pictures(PICTURES);
    uint64_t flawed = cut_ends();
    assert_true(flawed > 4);
    assert_int_equal(setenv("CLPROC_FORCE", "pool", 1), 0);
    trial_init(&trial, "cpu", "resize 60% | blur 1");
    arm(false);
    uint64_t expected = hash_of(&trial);
    assert_int_equal(others, 0);
    trial_free(&trial);

    assert_int_equal(setenv("CLPROC_FORCE", "sub-devices", 1), 0);
    clproc_device_info *list = NULL;
    size_t count = 0;
    assert_int_equal(clproc_devices(&list, &count, NULL), CLPROC_OK);
    clproc_devices_free(&list);
    if (count < 3) { /* with the reference */
        unsetenv("CLPROC_FORCE");
        SKIP_BECAUSE("the processor cannot be divided");
    }
    trial_init(&trial, "0,1", "resize 60% | blur 1");
    trial.params.jobs = 4;
    waits = true;
    most_unpacking = 0;
    /* One may be open before the other, and done with all of them: then once more. */
    for (int turn = 0; turn == 0 || (turn < 20 && !strstr(trial.result.device, ", ")); turn++) {
        arm(false);
        assert_true(hash_of(&trial) == expected);
    }
    assert_true(others > 0);
    assert_non_null(strstr(trial.result.device, ", ")); /* shares of both */
    assert_int_equal(most_unpacking, 1);                /* in turn */

    /* One fails in the middle: the other does its pictures, too. What fails may also be a first
     * launch ahead of pictures that the other is done with before; nothing is told of that. */
    trial.told.kinds[CLPROC_EVENT_NOTICE] = 0;
    for (int turn = 0; turn < 20 && trial.told.kinds[CLPROC_EVENT_NOTICE] == 0; turn++) {
        arm(true);
        assert_true(hash_of(&trial) == expected);
    }
    assert_true(trial.told.kinds[CLPROC_EVENT_NOTICE] > 0);
    assert_true(others > GOOD_LAUNCHES);
    assert_int_equal(trial.told.kinds[CLPROC_EVENT_WARNING], flawed);
    assert_int_equal(unsetenv("CLPROC_FORCE"), 0);
    trial_free(&trial);
}

/** "auto" begins on the processor; what else happens depends on when the other driver is there. */
static void test_a_gpu_joins(void **state) {
    (void)state;
    run_trial trial;
    need_pocl();
    assert_int_equal(setenv("CLPROC_FORCE", "emulated-gpu", 1), 0);
    if (!find_device(RUSTICL, NULL)) {
        unsetenv("CLPROC_FORCE");
        SKIP_BECAUSE("rusticl has no llvmpipe");
    }
    /* Of one kind: rusticl takes long to compile a kernel. */
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    for (uint32_t i = 0; i < PICTURES; i++) {
        char path[32];
        snprintf(path, sizeof path, "in/%02u.jpg", i);
        put_picture(path, &jpeg_420, 120, 90, i, NULL);
    }
    arm(false);
    trial_init(&trial, "cpu", "resize 60%");
    uint64_t expected = hash_of(&trial);
    trial.params.device = "auto";
    assert_true(hash_of(&trial) == expected);
    assert_int_equal(unsetenv("CLPROC_FORCE"), 0);
    trial_free(&trial);
}

int main(void) {
    setenv("RUSTICL_ENABLE", "llvmpipe", 1); /* without, it shows no device */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parts_of_a_processor, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_a_gpu_joins, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
