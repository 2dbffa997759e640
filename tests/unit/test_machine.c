/* How much memory a process may use, in control groups of both versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
        cmocka_unit_test(test_without_groups),
        cmocka_unit_test(test_version_2),
        cmocka_unit_test(test_version_1),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
