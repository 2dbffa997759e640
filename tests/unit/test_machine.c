/* How much memory and how many cores a process may use, in control groups of both versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/machine.h"

#define GIB ((uint64_t)1 << 30)

static char root[] = "/tmp/clproc-machine-XXXXXX";

static void put(const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    assert_int_equal(clp_file_make_folder(path, NULL), CLPROC_OK);
    *slash = '/';
    assert_int_equal(clp_file_write(path, text, strlen(text), false, NULL), CLPROC_OK);
}

static void test_without_groups(void **state) {
    (void)state;
    assert_true(clp_machine_memory_below("/nowhere", 8 * GIB) == 8 * GIB);
    assert_true(clp_machine_memory() > 0);
}

static void test_version_2(void **state) {
    (void)state;
    put("proc/self/cgroup", "0::/user/job\n");
    put("sys/fs/cgroup/user/job/memory.max", "max\n");
    assert_true(clp_machine_memory_below(root, 8 * GIB) == 8 * GIB);
    put("sys/fs/cgroup/user/memory.max", "2147483648\n"); /* one above counts as well */
    assert_true(clp_machine_memory_below(root, 8 * GIB) == 2 * GIB);
    put("sys/fs/cgroup/user/job/memory.max", "1073741824\n");
    assert_true(clp_machine_memory_below(root, 8 * GIB) == GIB);
    assert_true(clp_machine_memory_below(root, GIB / 2) == GIB / 2);
    /* In a container its own group is the root. */
    put("proc/self/cgroup", "0::/\n");
    put("sys/fs/cgroup/memory.max", "943718400\n");
    assert_true(clp_machine_memory_below(root, 8 * GIB) == 943718400);
}

static void test_version_1(void **state) {
    (void)state;
    put("proc/self/cgroup", "9:cpuset:/x\n4:cpu,memory:/docker/id\n1:name=systemd:/x\n");
    put("sys/fs/cgroup/memory/docker/id/memory.limit_in_bytes", "9223372036854771712\n");
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    assert_true(clp_machine_memory_below(root, 8 * GIB) == 8 * GIB);
    put("sys/fs/cgroup/memory/docker/id/memory.limit_in_bytes", "1073741824\n");
    assert_true(clp_machine_memory_below(root, 8 * GIB) == GIB);
}

static void test_cores_without_groups(void **state) {
    (void)state;
    assert_int_equal(clp_machine_cores_below("/nowhere", 12), 12);
    assert_int_equal(clp_machine_cores_below("/nowhere", 0), 1);
}

static void test_cores_of_version_2(void **state) {
    (void)state;
    put("proc/self/cgroup", "0::/user/job\n");
    put("sys/fs/cgroup/user/job/cpu.max", "max 100000\n");
    assert_int_equal(clp_machine_cores_below(root, 64), 64);
    put("sys/fs/cgroup/user/cpu.max", "800000 100000\n"); /* one above counts as well */
    assert_int_equal(clp_machine_cores_below(root, 64), 8);
    put("sys/fs/cgroup/user/job/cpu.max", "250000 100000\n");
    assert_int_equal(clp_machine_cores_below(root, 64), 3); /* part of a core needs a thread, too */
    assert_int_equal(clp_machine_cores_below(root, 2), 2);
    put("sys/fs/cgroup/user/job/cpu.max", "1000 100000\n");
    assert_int_equal(clp_machine_cores_below(root, 64), 1);
    put("sys/fs/cgroup/user/job/cpu.max", "nonsense\n");
    assert_int_equal(clp_machine_cores_below(root, 64), 8);
}

static void test_cores_of_version_1(void **state) {
    (void)state;
    put("proc/self/cgroup", "9:cpuset:/x\n4:cpuacct,cpu:/docker/id\n1:name=systemd:/x\n");
    put("sys/fs/cgroup/cpu/docker/id/cpu.cfs_period_us", "50000\n");
    put("sys/fs/cgroup/cpu/docker/id/cpu.cfs_quota_us", "-1\n");
    assert_int_equal(clp_machine_cores_below(root, 16), 16);
    put("sys/fs/cgroup/cpu/docker/id/cpu.cfs_quota_us", "200000\n");
    assert_int_equal(clp_machine_cores_below(root, 16), 4);
}

/** A cpuset shows as an affinity, which the kernel keeps within it. */
static void test_affinity(void **state) {
    cpu_set_t all, one;
    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    assert_true(clp_machine_cores() >= 1 && clp_machine_cores() <= (uint32_t)CPU_COUNT(&all));
    int core = 0;
    while (!CPU_ISSET(core, &all)) {
        core++;
    }
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(clp_machine_cores(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

static int make_root(void **state) {
    (void)state;
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state) {
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_groups),     cmocka_unit_test(test_version_2),
        cmocka_unit_test(test_version_1),          cmocka_unit_test(test_cores_without_groups),
        cmocka_unit_test(test_cores_of_version_2), cmocka_unit_test(test_cores_of_version_1),
        cmocka_unit_test(test_affinity),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
