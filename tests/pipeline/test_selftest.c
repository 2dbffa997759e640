/* The self-test passes on the reference and on PoCL, and finds a driver that computes wrongly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <CL/cl.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <sys/file.h>
#include <unistd.h>

#include "device/device.h"
#include "devices.h"

/* The launch that is left out, of every so many; 0: none. */
static atomic_int period, launches;

#define REAL(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
                              const size_t *offset, const size_t *global, const size_t *local,
                              cl_uint waits, const cl_event *wait, cl_event *event) {
    int every = atomic_load(&period);
    if (every && atomic_fetch_add(&launches, 1) % every == every - 1) {
        return clEnqueueMarkerWithWaitList(queue, waits, wait, event);
    }
    return REAL(clEnqueueNDRangeKernel)(queue, kernel, dimensions, offset, global, local, waits,
                                        wait, event);
}

/* Contexts that cannot be made, before all others. */
static atomic_int bad_contexts;

cl_context clCreateContext(const cl_context_properties *properties, cl_uint count,
                           const cl_device_id *devices,
                           void(CL_CALLBACK *note)(const char *, const void *, size_t, void *),
                           void *user, cl_int *code) {
    if (atomic_load(&bad_contexts) > 0) {
        atomic_fetch_sub(&bad_contexts, 1);
        if (code) {
            *code = CL_OUT_OF_RESOURCES;
        }
        return NULL;
    }
    return REAL(clCreateContext)(properties, count, devices, note, user, code);
}

/* How the lock of PoCL's folder fails the first time. */
static int lock_failure; /**< a number of errno; 0: it does not */
static char made[PATH_MAX], refused[PATH_MAX];

char *mkdtemp(char *template) {
    char *path = REAL(mkdtemp)(template);
    snprintf(made, sizeof made, "%s", path ? path : "");
    return path;
}

int flock(int file, int how) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    if (lock_failure && made[0] && strcmp(path, made) == 0) {
        memcpy(refused, path, sizeof refused);
        errno = lock_failure;
        lock_failure = 0;
        return -1;
    }
    return REAL(flock)(file, how);
}

/** What is locked is being removed by another process; where there are no locks nothing is. */
static void test_folder_that_another_removes(void **state) {
    (void)state;
    const clp_device_params params = {.selection = NULL};
    static const int failures[] = {EWOULDBLOCK, ENOLCK};
    for (size_t i = 0; i < 2; i++) {
        bool taken = failures[i] == EWOULDBLOCK;
        lock_failure = failures[i];
        refused[0] = '\0';
        clp_devices_prepare(&params);
        lock_failure = 0;
        if (!refused[0]) {
            SKIP_BECAUSE("PoCL is not installed");
        }
        bool used = strcmp(getenv("POCL_CACHE_DIR"), refused) == 0;
        bool there = access(refused, F_OK) == 0;
        clp_devices_leave();
        if (taken) {
            rmdir(refused); /* which the other would have done */
        }
        assert_true(there);
        assert_true(used == !taken);
    }
}

/** What was told, row by row. */
typedef struct told {
    uint32_t rows, failed, compared;
    bool operations[64]; /**< by their place among the operations */
} told;

static void note(const clproc_selftest_row *row, void *user) {
    told *heard = user;
    heard->rows++;
    heard->failed += !row->passed;
    heard->compared += row->compared;
    assert_true(row->passed == !row->problem[0]);
    for (size_t i = 0; i < clproc_op_count(); i++) {
        const char *name = clproc_op_at(i)->name;
        size_t length = strlen(name);
        bool whole = row->operation[length] == ' ' || row->operation[length] == '\0';
        heard->operations[i] |= strncmp(row->operation, name, length) == 0 && whole;
    }
}

static void expect_all_rows(const told *heard, const clproc_selftest_result *result) {
    assert_int_equal(heard->rows, result->rows);
    assert_int_equal(heard->failed, result->failed);
    for (size_t i = 0; i < clproc_op_count(); i++) {
        assert_true(heard->operations[i]);
    }
    assert_true(result->rows > clproc_op_count());
}

static void test_reference_is_itself(void **state) {
    (void)state;
    told heard = {0};
    clproc_selftest_result result;
    assert_int_equal(clproc_selftest("reference", note, &heard, &result, NULL), CLPROC_OK);
    expect_all_rows(&heard, &result);
    assert_int_equal(result.devices, 1);
    assert_int_equal(result.failed, 0);
}

static void test_devices_pass(void **state) {
    (void)state;
    told heard = {0};
    clproc_error error = {0};
    clproc_selftest_result result;
    clproc_status status = clproc_selftest(NULL, note, &heard, &result, &error);
    if (status == CLPROC_ERROR_NO_DEVICE) {
        SKIP_BECAUSE("there is no OpenCL device");
    }
    assert_int_equal(status, CLPROC_OK);
    expect_all_rows(&heard, &result);
    assert_int_equal(result.failed, 0);
    assert_int_equal(heard.compared, result.rows / result.devices * (result.devices - 1));
}

static void test_wrong_driver_is_found_out(void **state) {
    (void)state;
    told heard = {0};
    clproc_selftest_result result;
    const char *pocl = need_pocl();
    atomic_store(&period, 7);
    clproc_status status = clproc_selftest(pocl, note, &heard, &result, NULL);
    atomic_store(&period, 0);
    assert_int_equal(status, CLPROC_OK);
    expect_all_rows(&heard, &result);
    assert_true(result.failed > result.rows / 2);
}

/** A device that cannot be opened is no measure of the others. */
static void test_failing_device_alone_fails(void **state) {
    (void)state;
    told heard = {0};
    clproc_selftest_result result;
    (void)need_pocl();
    assert_int_equal(setenv("CLPROC_FORCE", "sub-devices", 1), 0);
    atomic_store(&bad_contexts, 1);
    clproc_status status = clproc_selftest(NULL, note, &heard, &result, NULL);
    bool failed = atomic_exchange(&bad_contexts, 0) == 0;
    assert_int_equal(unsetenv("CLPROC_FORCE"), 0);
    assert_int_equal(status, CLPROC_OK);
    assert_true(failed);
    assert_int_equal(result.failed, 1);
    if (result.devices < 2) {
        SKIP_BECAUSE("the processor cannot be divided");
    }
    uint32_t rows = (result.rows - 1) / (result.devices - 1);
    assert_int_equal(result.rows, 1 + rows * (result.devices - 1));
    assert_int_equal(heard.compared, rows * (result.devices - 2));
}

static void test_unknown_device_is_an_error(void **state) {
    (void)state;
    clproc_error error = {0};
    assert_int_equal(clproc_selftest("no such device", NULL, NULL, NULL, &error),
                     CLPROC_ERROR_NO_DEVICE);
    assert_true(error.message[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folder_that_another_removes), /* before PoCL has a folder */
        cmocka_unit_test(test_reference_is_itself),
        cmocka_unit_test(test_devices_pass),
        cmocka_unit_test(test_wrong_driver_is_found_out),
        cmocka_unit_test(test_failing_device_alone_fails),
        cmocka_unit_test(test_unknown_device_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
