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

static void test_unknown_device_is_an_error(void **state) {
    (void)state;
    clproc_error error = {0};
    assert_int_equal(clproc_selftest("no such device", NULL, NULL, NULL, &error),
                     CLPROC_ERROR_NO_DEVICE);
    assert_true(error.message[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_is_itself),
        cmocka_unit_test(test_devices_pass),
        cmocka_unit_test(test_wrong_driver_is_found_out),
        cmocka_unit_test(test_unknown_device_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
