/* What lanes hold: all of it is given back, and none of it stands in a picture's way. */
#include "folder_fixture.h"

#include <CL/cl.h>
#include <dlfcn.h>
#include <stdatomic.h>

/* ------------------------------------------------------------- a driver that can be watched */

static atomic_int buffers;           /* made and not released */
static atomic_int filled;            /* when they were made: the driver copies at once */
static atomic_ulong most_allocation; /* of a buffer, as the device tells; 0: what it is */

#define REAL(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

cl_mem clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host,
                      cl_int *code) {
    cl_mem made = REAL(clCreateBuffer)(context, flags, size, host, code);
    atomic_fetch_add(&buffers, made != NULL);
    atomic_fetch_add(&filled, (flags & CL_MEM_COPY_HOST_PTR) != 0);
    return made;
}

cl_int clReleaseMemObject(cl_mem buffer) {
    atomic_fetch_sub(&buffers, 1);
    return REAL(clReleaseMemObject)(buffer);
}

cl_int clGetDeviceInfo(cl_device_id device, cl_device_info what, size_t size, void *value,
                       size_t *needed) {
    cl_int code = REAL(clGetDeviceInfo)(device, what, size, value, needed);
    if (what == CL_DEVICE_MAX_MEM_ALLOC_SIZE && value && atomic_load(&most_allocation)) {
        *(cl_ulong *)value = atomic_load(&most_allocation);
    }
    return code;
}

/** The event of a command that went wrong. */
static cl_int put_failure(cl_command_queue queue, cl_event *event) {
    cl_context context;
    cl_int code = clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof context, &context, NULL);
    *event = code == CL_SUCCESS ? clCreateUserEvent(context, &code) : NULL;
    return code == CL_SUCCESS ? clSetUserEventStatus(*event, CL_OUT_OF_RESOURCES) : code;
}

static bool has_failure(const cl_event *events, cl_uint count) {
    cl_int state = CL_COMPLETE;
    for (cl_uint i = 0; i < count && state >= 0; i++) {
        assert_int_equal(clGetEventInfo(events[i], CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state,
                                        &state, NULL),
                         CL_SUCCESS);
    }
    return state < 0;
}

static atomic_int failures; /* of copies to the device, as many as come next */

cl_int clEnqueueWriteBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset,
                            size_t size, const void *from, cl_uint count, const cl_event *list,
                            cl_event *event) {
    if (event && atomic_load(&failures) > 0) {
        atomic_fetch_sub(&failures, 1);
        return put_failure(queue, event);
    }
    return REAL(clEnqueueWriteBuffer)(queue, buffer, blocking, offset, size, from, count, list,
                                      event);
}

static atomic_int launches;                /* of kernels */
static atomic_int waiting;                 /* for commands of other queues */
static atomic_int stops_at;                /* with which one the run is asked to stop; 0: none */
static volatile int *_Atomic stop_request; /* to it */

cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
                              const size_t *offset, const size_t *global, const size_t *local,
                              cl_uint count, const cl_event *list, cl_event *event) {
    atomic_fetch_add(&waiting, count > 0);
    if (atomic_fetch_add(&launches, 1) + 1 == atomic_load(&stops_at)) {
        clp_cancel_ask(atomic_load(&stop_request));
    }
    if (has_failure(list, count)) { /* not run, as drivers do; PoCL would never end */
        return event ? put_failure(queue, event) : CL_SUCCESS;
    }
    return REAL(clEnqueueNDRangeKernel)(queue, kernel, dimensions, offset, global, local, count,
                                        list, event);
}

static atomic_bool pinless; /* there is no memory to be had that the driver may map at once */

void *clEnqueueMapBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking,
                         cl_map_flags flags, size_t offset, size_t size, cl_uint count,
                         const cl_event *list, cl_event *event, cl_int *code) {
    if (atomic_load(&pinless)) {
        *code = CL_MAP_FAILURE;
        return NULL;
    }
    return REAL(clEnqueueMapBuffer)(queue, buffer, blocking, flags, offset, size, count, list,
                                    event, code);
}

/* -------------------------------------------------------------------------------- tests */

/** Nor do lanes stand in each other's way. */
static void test_every_buffer_is_released(void **state) {
    static const char *const forced[] = {"pool", "discrete,pool", "discrete,pool,device-codec"};
    (void)state;
    run_trial trial;
    uint64_t hash = 0;
    need_pocl();
    put_pictures(48);
    trial_init(&trial, "cpu", "resize 60%");
    trial.params.existing = CLPROC_EXISTING_REPLACE;
    trial.params.jobs = 8;
    for (size_t i = 0; i < sizeof forced / sizeof *forced; i++) {
        assert_int_equal(setenv("CLPROC_FORCE", forced[i], 1), 0);
        atomic_store(&buffers, 0);
        trial_expect(&trial, 48, 0);
        assert_int_equal(atomic_load(&buffers), 0);
        hash = i == 0 ? tree_of("out").hash : hash;
        assert_true(tree_of("out").hash == hash);
    }
    assert_int_equal(unsetenv("CLPROC_FORCE"), 0);
    trial_free(&trial);
}

/** in/0.png and so on, RGB, with sides of `side` pixels. */
static void put_squares(int count, uint32_t side) {
    static const picture_kind kind = {CLPROC_FORMAT_PNG, CLP_MODEL_RGB, 8, 1, 1};
    char path[32];
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "in/%d.png", i);
        put_picture(path, &kind, side, side, (uint32_t)i, NULL);
    }
}

/** Pictures that no device could hold end no run, however many come in a row. */
static void test_large_pictures_are_not_the_devices_fault(void **state) {
    enum { LARGE = 5 };
    (void)state;
    run_trial trial;
    need_pocl();
    put_squares(LARGE, 1500);
    put_picture("in/small.png", &picture_kinds[1], 40, 40, 0, NULL);
    trial_init(&trial, "cpu", "brightness 1.2");
    trial.params.jobs = 1;
    atomic_store(&most_allocation, 1ul << 20);
    trial_expect(&trial, 1, LARGE);
    assert_int_equal(trial.told.status, CLPROC_ERROR_MEMORY);
    atomic_store(&most_allocation, 0);
    trial_free(&trial);
}

/** Where results have no room as a scan, too, they come back as samples. */
static void test_encoding_is_given_up_for_memory(void **state) {
    (void)state;
    run_trial trial;
    need_pocl();
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    put_picture("in/a.jpg", &jpeg_420, 800, 800, 0, NULL);
    trial_init(&trial, "cpu", "brightness 1.2");
    assert_int_equal(setenv("CLPROC_FORCE", "discrete,pool,device-codec", 1), 0);
    trial.params.device_memory = (size_t)7 << 20;
    trial_expect(&trial, 1, 0);
    assert_int_equal(unsetenv("CLPROC_FORCE"), 0);
    trial_free(&trial);
}

/** A driver without pinned memory is a slow one, and says so. */
static void test_without_pinned_memory(void **state) {
    (void)state;
    run_trial trial;
    need_pocl();
    put_pictures(16);
    trial_init(&trial, "cpu", "resize 60%");
    assert_int_equal(setenv("CLPROC_FORCE", "discrete,pool", 1), 0);
    trial.params.existing = CLPROC_EXISTING_REPLACE;
    trial_expect(&trial, 16, 0);
    uint64_t hash = tree_of("out").hash;
    assert_int_equal(trial.told.kinds[CLPROC_EVENT_NOTICE], 0);
    atomic_store(&buffers, 0);
    atomic_store(&pinless, true);
    trial_expect(&trial, 16, 0);
    atomic_store(&pinless, false);
    assert_int_equal(atomic_load(&buffers), 0);
    assert_true(tree_of("out").hash == hash);
    assert_int_equal(trial.told.kinds[CLPROC_EVENT_NOTICE], 1);
    assert_int_equal(unsetenv("CLPROC_FORCE"), 0);
    trial_free(&trial);
}

/** On a device with memory of its own tables travel in the ring, those that are larger than a part
 * of it, too, and launches come behind them. */
static void test_tables_go_through_the_ring(void **state) {
    static const picture_kind kind = {CLPROC_FORMAT_PNG, CLP_MODEL_RGB, 8, 1, 1};
    (void)state;
    run_trial trial;
    need_pocl();
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    put_picture("in/a.png", &kind, 2000, 30, 0, NULL);
    put_picture("in/b.png", &kind, 1999, 30, 0, NULL);
    trial_init(&trial, "cpu", "resize 95% | contrast 1.2");
    trial.params.existing = CLPROC_EXISTING_REPLACE;
    assert_int_equal(setenv("CLPROC_FORCE", "pool", 1), 0);
    trial_expect(&trial, 2, 0);
    uint64_t hash = tree_of("out").hash;
    assert_int_equal(setenv("CLPROC_FORCE", "discrete,pool", 1), 0);
    /* The ring has an eighth of it, a part of it a ninth of that: less than a table. */
    static const uint64_t memories[] = {0, (uint64_t)2 << 20};
    for (size_t i = 0; i < sizeof memories / sizeof *memories; i++) {
        trial.params.jobs = 2;
        trial.params.memory = memories[i];
        atomic_store(&filled, 0);
        atomic_store(&waiting, 0);
        trial_expect(&trial, 2, 0);
        assert_int_equal(atomic_load(&filled), 0);
        assert_true(atomic_load(&waiting) > 0);
        assert_true(tree_of("out").hash == hash);
    }
    assert_int_equal(unsetenv("CLPROC_FORCE"), 0);
    trial_free(&trial);
}

/** Tables that do not come to the device fail one picture at most, not all that use them. */
static void test_tables_that_do_not_come(void **state) {
    enum { PICTURES = 6 };
    (void)state;
    run_trial trial;
    need_pocl();
    put_squares(PICTURES, 200);
    trial_init(&trial, "cpu", "resize 95%");
    trial.params.jobs = 1;
    assert_int_equal(setenv("CLPROC_FORCE", "discrete,pool", 1), 0);
    atomic_store(&failures, 1);
    (void)trial_run(&trial);
    assert_int_equal(atomic_load(&failures), 0);
    assert_int_equal(tree_of("out").files, trial.told.kinds[CLPROC_EVENT_DONE]);
    assert_true(trial.told.kinds[CLPROC_EVENT_DONE] >= PICTURES - 1);
    assert_int_equal(unsetenv("CLPROC_FORCE"), 0);
    trial_free(&trial);
}

/** Tables that no more room is left for go, but not those that pictures under way read. */
static void test_tables_in_use_stay(void **state) {
    enum { PICTURES = 60 };
    static const picture_kind kind = {CLPROC_FORMAT_PNG, CLP_MODEL_RGB, 8, 1, 1};
    (void)state;
    run_trial trial;
    char path[32];
    need_pocl();
    assert_int_equal(clp_file_make_folder("in", NULL), CLPROC_OK);
    for (uint32_t i = 0; i < PICTURES; i++) {
        snprintf(path, sizeof path, "in/%u.png", i);
        put_picture(path, &kind, 200 + i, 100 + i, i, NULL);
    }
    trial_init(&trial, "cpu", "resize 60%");
    trial.params.existing = CLPROC_EXISTING_REPLACE;
    trial.params.jobs = 8;
    trial_expect(&trial, PICTURES, 0);
    uint64_t hash = tree_of("out").hash;
    trial.params.memory = (uint64_t)3 << 20; /* a sixteenth of it holds a few */
    trial_expect(&trial, PICTURES, 0);
    assert_true(tree_of("out").hash == hash);
    trial_free(&trial);
}

/** Once a run is asked to stop, its lanes launch nothing more. */
static void test_no_launch_after_a_request(void **state) {
    enum { STOPS_AT = 4, BESIDE = 2 }; /* the device's thread may be trying out programs */
    (void)state;
    run_trial trial;
    need_pocl();
    put_pictures(1);
    trial_init(&trial, "cpu", "blur 1 | gamma 2 | blur 1 | gamma 2 | blur 1 | gamma 2");
    trial.params.strategy &= ~(uint32_t)CLPROC_STRATEGY_COMPOSE; /* each has launches of its own */
    trial.params.jobs = 1;
    atomic_store(&stop_request, &trial.told.cancel);
    trial.params.existing = CLPROC_EXISTING_REPLACE;
    atomic_store(&launches, 0);
    trial_expect(&trial, 1, 0);
    assert_true(atomic_load(&launches) > 2 * (STOPS_AT + BESIDE));
    atomic_store(&launches, 0);
    atomic_store(&stops_at, STOPS_AT);
    assert_int_equal(trial_run(&trial), CLPROC_ERROR_CANCELLED);
    assert_true(atomic_load(&launches) >= STOPS_AT);
    assert_true(atomic_load(&launches) <= STOPS_AT + BESIDE);
    atomic_store(&stops_at, 0);
    trial_free(&trial);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_buffer_is_released, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(test_large_pictures_are_not_the_devices_fault,
                                        enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_encoding_is_given_up_for_memory, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(test_tables_go_through_the_ring, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(test_tables_that_do_not_come, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_tables_in_use_stay, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_no_launch_after_a_request, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(test_without_pinned_memory, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
