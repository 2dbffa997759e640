/* What lanes hold: all of it is given back, and none of it stands in a picture's way. */
#include "folder_fixture.h"
#include "unit/plan_fixture.h"

#include <CL/cl.h>
#include <dlfcn.h>
#include <stdatomic.h>

#include "device/lane.h"
#include "device/reference.h"

/* ------------------------------------------------------------- a driver that can be watched */

static atomic_int buffers;           /* made and not released */
static atomic_int filled;            /* when they were made: the driver copies at once */
static atomic_long held_events;      /* of commands, or retained, and not released */
static atomic_ulong made_bytes;      /* of buffers that were made and not released */
static atomic_ulong pinned_bytes;    /* of those that the driver finds memory of the host for */
static atomic_ulong most_allocation; /* of a buffer, as the device tells; 0: what it is */

#define REAL(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

static void count_bytes(cl_mem_flags flags, size_t size) {
    atomic_fetch_add(flags & CL_MEM_ALLOC_HOST_PTR ? &pinned_bytes : &made_bytes, size);
}

cl_mem clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host,
                      cl_int *code) {
    cl_mem made = REAL(clCreateBuffer)(context, flags, size, host, code);
    atomic_fetch_add(&buffers, made != NULL);
    atomic_fetch_add(&filled, (flags & CL_MEM_COPY_HOST_PTR) != 0);
    count_bytes(flags, made ? size : 0);
    return made;
}

cl_int clReleaseMemObject(cl_mem buffer) {
    size_t size = 0;
    cl_mem_flags flags = 0;
    (void)clGetMemObjectInfo(buffer, CL_MEM_SIZE, sizeof size, &size, NULL);
    (void)clGetMemObjectInfo(buffer, CL_MEM_FLAGS, sizeof flags, &flags, NULL);
    count_bytes(flags, 0 - size);
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

cl_int clRetainEvent(cl_event event) {
    atomic_fetch_add(&held_events, 1);
    return REAL(clRetainEvent)(event);
}

cl_int clReleaseEvent(cl_event event) {
    atomic_fetch_sub(&held_events, 1);
    return REAL(clReleaseEvent)(event);
}

cl_int clEnqueueReadBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset,
                           size_t size, void *to, cl_uint count, const cl_event *list,
                           cl_event *event) {
    atomic_fetch_add(&held_events, event != NULL);
    return REAL(clEnqueueReadBuffer)(queue, buffer, blocking, offset, size, to, count, list, event);
}

cl_int clEnqueueCopyBuffer(cl_command_queue queue, cl_mem from, cl_mem to, size_t from_offset,
                           size_t to_offset, size_t size, cl_uint count, const cl_event *list,
                           cl_event *event) {
    atomic_fetch_add(&held_events, event != NULL);
    return REAL(clEnqueueCopyBuffer)(queue, from, to, from_offset, to_offset, size, count, list,
                                     event);
}

cl_int clEnqueueFillBuffer(cl_command_queue queue, cl_mem buffer, const void *pattern,
                           size_t pattern_size, size_t offset, size_t size, cl_uint count,
                           const cl_event *list, cl_event *event) {
    atomic_fetch_add(&held_events, event != NULL);
    return REAL(clEnqueueFillBuffer)(queue, buffer, pattern, pattern_size, offset, size, count,
                                     list, event);
}

static atomic_bool delayed; /* copies to the device seem to come only once `arrival` is there */
static cl_event arrival;

static atomic_int failures; /* of copies to the device, as many as come next */

cl_int clEnqueueWriteBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset,
                            size_t size, const void *from, cl_uint count, const cl_event *list,
                            cl_event *event) {
    atomic_fetch_add(&held_events, event != NULL);
    if (event && atomic_load(&delayed)) {
        *event = arrival;
        assert_int_equal(REAL(clRetainEvent)(arrival), CL_SUCCESS);
        return REAL(clEnqueueWriteBuffer)(queue, buffer, CL_TRUE, offset, size, from, count, list,
                                          NULL);
    }
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
    atomic_fetch_add(&held_events, event != NULL);
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
    atomic_fetch_add(&held_events, event != NULL);
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
        atomic_store(&held_events, 0);
        trial_expect(&trial, 48, 0);
        assert_int_equal(atomic_load(&buffers), 0);
        assert_int_equal(atomic_load(&held_events), 0);
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

/* --------------------------------------------------------------- what is asked for */

/** A device, taken for what CLPROC_FORCE says; `memory` bounds its pictures. */
static clp_device *open_device(const char *selection, const char *force, uint64_t memory) {
    const clp_device_params params = {.selection = selection, .memory = memory};
    clp_device *device = NULL;
    assert_int_equal(setenv("CLPROC_FORCE", force, 1), 0);
    assert_int_equal(clp_device_open(&device, &params, NULL), CLPROC_OK);
    assert_int_equal(unsetenv("CLPROC_FORCE"), 0);
    return device;
}

/** What lanes have of a device: all buffers but those of tables. */
static uint64_t lane_bytes(const clp_device *device) {
    return atomic_load(&made_bytes) - atomic_load(&device->held[CLP_HELD_TABLES]);
}

/** Takes a picture through a lane, the only one there is, and compares what that asked for with
 * what it took. */
static void expect_need(clp_lane *lane, clp_plan *plan, const clp_passage *passage, clp_way way) {
    const clp_device *device = lane->device;
    uint8_t *input = calloc(1, plan->input.bytes), *results;
    clp_need need;
    assert_non_null(input);
    assert_int_equal(clp_lane_need(lane, plan, passage, &need, NULL), CLPROC_OK);
    assert_int_equal(clp_lane_begin(lane, plan, passage, NULL, NULL), CLPROC_OK);
    assert_int_equal(lane->schedule->way, way);
    if (!passage->resident) {
        assert_int_equal(clp_lane_feed(lane, input, NULL), CLPROC_OK);
    }
    assert_int_equal(clp_lane_compute(lane, NULL), CLPROC_OK);
    assert_int_equal(clp_lane_await(lane, NULL), CLPROC_OK);
    assert_int_equal(clp_lane_results(lane, &results, NULL), CLPROC_OK);
    assert_int_equal(lane_bytes(device), need.device);
    if (device->unified) {
        assert_int_equal(need.host, need.device);
    } else {
        uint64_t host =
            atomic_load(&pinned_bytes) - device->ring_part * (CLP_RING_PARTS + 1) +
            (lane->host_size > plan->output.bytes ? lane->host_size : plan->output.bytes);
        assert_true(host <= need.host && need.host <= host + host / 4);
    }
    clp_lane_end(lane);
    free(input);
}

/** Whatever way pictures go, a lane takes the memory that it has asked for, and with what it has of
 * pictures before. */
static void test_lanes_take_what_they_ask_for(void **state) {
    static const clp_passage whole = {0}, stream = {.in_rows = true, .stream = true},
                             keep = {.in_rows = true, .stream = true, .keep = true},
                             resident = {.resident = true},
                             bounded = {.in_rows = true, .stream = true, .most_bytes = 1};
    static const struct {
        bool large;
        const clp_passage *passage;
        clp_way unified, discrete;
    } cases[] = {
        {true, &stream, CLP_WAY_BANDS, CLP_WAY_SLICES},
        {true, &bounded, CLP_WAY_BANDS, CLP_WAY_BANDS},
        {false, &whole, CLP_WAY_WHOLE, CLP_WAY_SLICES},
        {true, &keep, CLP_WAY_KEPT, CLP_WAY_SLICES},
        {true, &resident, CLP_WAY_RESIDENT, CLP_WAY_RESIDENT},
        {true, &whole, CLP_WAY_WHOLE, CLP_WAY_SLICES},
    };
    enum { CASES = sizeof cases / sizeof *cases };
    static const char *const forced[] = {"pool", "discrete,pool", "discrete,pool"};
    /* With so little, windows have no room in the ring. */
    static const uint64_t memories[] = {0, 0, (uint64_t)1 << 20};
    (void)state;
    const char *selection = need_pocl();
    clp_plan *small = make_plan("resize 70%", &kinds[1], 300, 200, true),
             *large = make_plan("resize 50%", &kinds[1], 1201, 1503, true);
    for (size_t i = 0; i < sizeof forced / sizeof *forced; i++) {
        clp_lane *lane = NULL, *alone = NULL;
        atomic_store(&made_bytes, 0);
        atomic_store(&pinned_bytes, 0);
        clp_device *device = open_device(selection, forced[i], memories[i]);
        for (size_t n = 0; n < 2 * CASES; n++) {
            clp_way way = i == 0 ? cases[n % CASES].unified : cases[n % CASES].discrete;
            clp_plan *plan = cases[n % CASES].large ? large : small;
            bool first = n < CASES; /* without what others have left */
            if (!first || !cases[n].passage->resident) {
                clp_lane **taken = first ? &alone : &lane;
                assert_int_equal(clp_lane_take(taken, device, first, NULL), CLPROC_OK);
                expect_need(*taken, plan, cases[n % CASES].passage, way);
                clp_lane_give(taken, !first);
            }
        }
        clp_device_close(&device);
        assert_int_equal(atomic_load(&made_bytes), 0);
        assert_int_equal(atomic_load(&pinned_bytes), 0);
    }
    clp_device *reference = open_device("reference", "", 0);
    clp_lane *lane = NULL;
    clp_need need;
    assert_int_equal(clp_lane_take(&lane, reference, true, NULL), CLPROC_OK);
    assert_int_equal(clp_lane_need(lane, large, &whole, &need, NULL), CLPROC_OK);
    assert_int_equal(need.device, large->input.bytes + large->output.bytes);
    assert_int_equal(need.host, need.device + clp_reference_bytes(large));
    clp_lane_give(&lane, false);
    clp_device_close(&reference);
    clp_plan_release(&small);
    clp_plan_release(&large);
}

/** A picture whose results nobody awaits leaves nothing behind. */
static void test_pictures_that_are_given_up(void **state) {
    static const char *const forced[] = {"pool", "discrete,pool"};
    static const clp_passage passage = {.overlap = true};
    (void)state;
    const char *selection = need_pocl();
    clp_plan *plan = make_plan("resize 70%", &kinds[1], 300, 200, false);
    uint8_t *input = calloc(1, plan->input.bytes);
    assert_non_null(input);
    for (size_t i = 0; i < sizeof forced / sizeof *forced; i++) {
        clp_lane *lane = NULL;
        atomic_store(&buffers, 0);
        atomic_store(&held_events, 0);
        clp_device *device = open_device(selection, forced[i], 0);
        assert_int_equal(clp_lane_take(&lane, device, true, NULL), CLPROC_OK);
        assert_int_equal(clp_lane_begin(lane, plan, &passage, NULL, NULL), CLPROC_OK);
        assert_int_equal(clp_lane_feed(lane, input, NULL), CLPROC_OK);
        assert_int_equal(clp_lane_compute(lane, NULL), CLPROC_OK);
        clp_lane_give(&lane, false);
        clp_device_close(&device);
        assert_int_equal(atomic_load(&buffers), 0);
        assert_int_equal(atomic_load(&held_events), 0);
    }
    free(input);
    clp_plan_release(&plan);
}

/* ------------------------------------------------------------------ what is kept */

static clp_plan *make_converted(const char *text, clp_conversion *conversion) {
    clproc_pipeline *pipeline = NULL;
    clp_plan *plan = NULL;
    assert_int_equal(clproc_pipeline_create(&pipeline, NULL), CLPROC_OK);
    assert_int_equal(clproc_pipeline_parse(pipeline, text, NULL), CLPROC_OK);
    assert_int_equal(clp_trial_plan(&plan, pipeline, false, conversion, &kinds[1], 300, 200, NULL),
                     CLPROC_OK);
    clproc_pipeline_destroy(&pipeline);
    return plan;
}

static clp_schedule *get_schedule(clp_device *device, clp_plan *plan) {
    clp_schedule *schedule = NULL;
    assert_int_equal(clp_schedule_get(device, plan, CLP_WAY_WHOLE, &schedule, NULL), CLPROC_OK);
    return schedule;
}

static uint64_t schedule_bytes(const clp_schedule *schedule) {
    return schedule->tables.bytes + clp_plan_bytes(schedule->plan);
}

/** All that is kept counts until it goes, what several plans share once; it goes when nobody has
 * its plan any more, but not while pictures use it. */
static void test_kept_tables_are_counted(void **state) {
    (void)state;
    clp_device *device = open_device(need_pocl(), "pool", 0);
    clp_conversion *conversion = NULL;
    const clp_trial_manner manner = {.table = true};
    assert_int_equal(clp_trial_conversion(&conversion, &manner, CLP_MODEL_RGB, NULL), CLPROC_OK);
    clp_plan *plans[] = {make_converted("resize 50%", conversion),
                         make_converted("blur 2", conversion), make_converted("resize 60%", NULL),
                         make_converted("blur 3", NULL)};
    clp_schedule *a = get_schedule(device, plans[0]), *b = get_schedule(device, plans[1]);
    uint64_t bytes = schedule_bytes(a) + schedule_bytes(b) + a->cube->tables.bytes;
    assert_ptr_equal(a->cube, b->cube);
    assert_int_equal(device->kept_bytes, bytes);
    /* There is room for one more, or for less than that. */
    clp_schedule *c = get_schedule(device, plans[2]);
    uint64_t more = schedule_bytes(c);
    assert_int_equal(device->kept_bytes, bytes + more);
    clp_schedule_release(device, &c);
    clp_plan_release(&plans[2]);
    plans[2] = make_converted("resize 60%", NULL);
    device->most_tables = bytes + more - 1;
    c = get_schedule(device, plans[2]);
    assert_int_equal(device->schedule_count, 2);
    assert_int_equal(device->kept_bytes, bytes);
    clp_schedule_release(device, &c);
    device->most_tables++;
    c = get_schedule(device, plans[2]);
    assert_int_equal(device->schedule_count, 3);
    assert_int_equal(device->kept_bytes, bytes + more);
    device->most_tables = UINT64_MAX;
    uint64_t last = schedule_bytes(b) + b->cube->tables.bytes;
    clp_schedule_release(device, &a);
    clp_schedule_release(device, &b);
    clp_plan_release(&plans[0]); /* nobody has it */
    clp_plan_release(&plans[2]); /* a picture has it */
    clp_schedule *d = get_schedule(device, plans[3]);
    assert_int_equal(device->schedule_count, 3);
    assert_int_equal(device->kept_bytes, last + more + schedule_bytes(d));
    clp_plan_release(&plans[1]);
    plans[0] = make_converted("resize 70%", NULL);
    a = get_schedule(device, plans[0]);
    assert_int_equal(device->kept_bytes, more + schedule_bytes(d) + schedule_bytes(a));
    clp_schedule_release(device, &a);
    clp_schedule_release(device, &c);
    clp_schedule_release(device, &d);
    clp_plan_release(&plans[0]);
    clp_plan_release(&plans[3]);
    clp_conversion_release(&conversion);
    clp_device_close(&device);
}

/** Launches wait for every table that is on its way to a device with memory of its own. */
static void test_launches_wait_for_tables(void **state) {
    (void)state;
    clp_device *device = open_device(need_pocl(), "discrete,pool", 0);
    clp_conversion *conversion = NULL;
    const clp_trial_manner manner = {.table = true};
    cl_event awaited[2];
    cl_int code;
    assert_int_equal(clp_trial_conversion(&conversion, &manner, CLP_MODEL_RGB, NULL), CLPROC_OK);
    clp_plan *plan = make_converted("resize 50%", conversion);
    arrival = clCreateUserEvent(device->context, &code);
    assert_int_equal(code, CL_SUCCESS);
    atomic_store(&delayed, true);
    clp_schedule *schedule = get_schedule(device, plan);
    atomic_store(&delayed, false);
    assert_int_equal(clp_schedule_to_come(schedule, awaited), 2);
    assert_int_equal(clSetUserEventStatus(arrival, CL_COMPLETE), CL_SUCCESS);
    assert_int_equal(clp_schedule_check(schedule, device, NULL), CLPROC_OK);
    assert_int_equal(clp_schedule_to_come(schedule, awaited), 0);
    clp_schedule_release(device, &schedule);
    clp_plan_release(&plan);
    clp_conversion_release(&conversion);
    clp_device_close(&device);
    assert_int_equal(clReleaseEvent(arrival), CL_SUCCESS);
}

/** A pass on colours that reads every plane works on each band once. */
static void test_colours_come_once_a_band(void **state) {
    (void)state;
    clp_device *device = open_device(need_pocl(), "pool", 0);
    clp_plan *plan = make_plan("resize 1100x", &kinds[7], 3001, 2503, false);
    clp_schedule *schedule = NULL;
    uint32_t jobs = 0;
    assert_int_equal(clp_schedule_get(device, plan, CLP_WAY_BANDS, &schedule, NULL), CLPROC_OK);
    assert_true(plan->bands.routes[2].colour != CLP_NO_PASS);
    for (size_t i = 0; i < schedule->group_count; i++) {
        const clp_group *group = &schedule->groups[i];
        jobs += group->variant.kind == CLP_PASS_COLOUR ? group->count : 0;
    }
    assert_int_equal(jobs, plan->bands.count);
    clp_schedule_release(device, &schedule);
    clp_plan_release(&plan);
    clp_device_close(&device);
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
        cmocka_unit_test(test_lanes_take_what_they_ask_for),
        cmocka_unit_test(test_pictures_that_are_given_up),
        cmocka_unit_test(test_kept_tables_are_counted),
        cmocka_unit_test(test_launches_wait_for_tables),
        cmocka_unit_test(test_colours_come_once_a_band),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
