/* Reading files: what can be wrong with one is told with its cause and a cure, and limits hold also
 * where a file's size says nothing of what is in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"

/** As files in /proc are: of no size, and not empty. */
static const char grows[] = "/proc/self/environ";

static void expect_failure(const char *path, size_t limit, clproc_status expected,
                           const char *words) {
    clp_bytes bytes = {0};
    clproc_error error = {0};
    clproc_status status = clp_file_read(path, limit, &bytes, &error);
    assert_int_equal(status, expected);
    assert_int_equal(error.status, expected);
    assert_string_equal(error.file, path);
    if (!strstr(error.message, words)) {
        fail_msg("'%s' should have '%s'", error.message, words);
    }
    clp_bytes_free(&bytes);
}

static void test_what_is_no_file(void **state) {
    (void)state;
    char folder[] = "/tmp/clproc-test-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    expect_failure(folder, 0, CLPROC_ERROR_INPUT, "is not a regular file");
    snprintf(path, sizeof path, "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_failure(path, 0, CLPROC_ERROR_INPUT, "is not a regular file"); /* without a writer */
    assert_int_equal(unlink(path), 0);
    expect_failure(path, 0, CLPROC_ERROR_INPUT, "No such file or directory; check the name");
    snprintf(path, sizeof path, "%s/loop", folder);
    assert_int_equal(symlink(path, path), 0);
    expect_failure(path, 0, CLPROC_ERROR_INPUT, "Too many levels of symbolic links");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("nothing", path), 0);
    expect_failure(path, 0, CLPROC_ERROR_INPUT, "is a symbolic link to what is not there");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void test_no_more_files(void **state) {
    (void)state;
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    clp_bytes bytes = {0};
    clproc_error error = {0};
    clproc_status status = clp_file_read(grows, 0, &bytes, &error);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0); /* the next tests need files */
    assert_int_equal(status, CLPROC_ERROR_INPUT);
    assert_non_null(strstr(error.message, "raise `ulimit -n` or use fewer --jobs"));
}

static void test_limits(void **state) {
    (void)state;
    char path[] = "/tmp/clproc-test-XXXXXX";
    int file = mkstemp(path);
    clp_bytes bytes = {0};
    assert_true(file >= 0);
    assert_int_equal(write(file, "12345", 5), 5);
    close(file);
    expect_failure(path, 4, CLPROC_ERROR_LIMIT, "is larger than the limit of 4 bytes");
    assert_int_equal(clp_file_read(path, 5, &bytes, NULL), CLPROC_OK);
    assert_int_equal(bytes.size, 5);
    assert_memory_equal(bytes.data, "12345", 5);
    unlink(path);

    assert_int_equal(setenv("CLPROC_TEST_FILLS", "some bytes", 1), 0);
    expect_failure(grows, 1, CLPROC_ERROR_LIMIT, "is larger than the limit of 1 bytes");
    assert_int_equal(clp_file_read("/proc/self/maps", 0, &bytes, NULL), CLPROC_OK);
    assert_true(bytes.size > 1000); /* read on beyond what was expected */
    clp_bytes_free(&bytes);
}

static bool begins_with_one(const uint8_t *head, size_t size) {
    return size > 0 && head[0] == '1';
}

static size_t wants_all(void *state, const uint8_t *bytes, size_t size, size_t *limit) {
    ++*(uint32_t *)state;
    (void)bytes;
    (void)size;
    (void)limit;
    return CLP_FILE_WHOLE;
}

/** Of a file that is wanted whole its size tells before more than its beginning is read. */
static void test_whole_files(void **state) {
    (void)state;
    char path[] = "/tmp/clproc-test-XXXXXX";
    int file = mkstemp(path);
    const off_t size = (off_t)CLP_FILE_PLENTY + 5;
    uint32_t asked = 0;
    bool accepted = true;
    clp_bytes bytes = {0};
    clproc_error error = {0};
    clp_file_wish wish = {.limit = CLP_FILE_PLENTY, .extent = wants_all, .state = &asked};
    assert_true(file >= 0);
    assert_int_equal(ftruncate(file, size), 0);
    assert_int_equal(clp_file_read_if(path, &wish, &bytes, &accepted, &error), CLPROC_ERROR_LIMIT);
    assert_non_null(strstr(error.message, "is larger than the limit"));
    assert_true(bytes.capacity < CLP_FILE_PLENTY / 1024);
    wish.limit = (size_t)size;
    assert_int_equal(clp_file_read_if(path, &wish, &bytes, &accepted, &error), CLPROC_OK);
    assert_int_equal(bytes.size, size);
    assert_int_equal(asked, 2);
    clp_bytes_free(&bytes);
    close(file);
    unlink(path);
}

static clproc_status cannot_afford(void *purse, size_t bytes, clproc_error *error) {
    *(size_t *)purse = bytes;
    return clp_error_set(error, CLPROC_ERROR_LIMIT, "is more than there is");
}

static void test_wishes(void **state) {
    (void)state;
    char path[] = "/tmp/clproc-test-XXXXXX";
    int file = mkstemp(path);
    size_t asked = 0;
    bool accepted = true;
    clp_bytes bytes = {0};
    clproc_error error = {0};
    clp_file_wish wish = {.judge = begins_with_one};
    assert_true(file >= 0);
    assert_int_equal(write(file, "2345", 4), 4);
    assert_int_equal(clp_file_read_if(path, &wish, &bytes, &accepted, NULL), CLPROC_OK);
    assert_false(accepted);
    assert_int_equal(pwrite(file, "1", 1, 0), 1);
    assert_int_equal(clp_file_read_if(path, &wish, &bytes, &accepted, NULL), CLPROC_OK);
    assert_true(accepted);
    assert_memory_equal(bytes.data, "1345", 4);

    wish.afford = cannot_afford;
    wish.purse = &asked;
    assert_int_equal(clp_file_read_if(path, &wish, &bytes, &accepted, &error), CLPROC_ERROR_LIMIT);
    assert_int_equal(asked, 5); /* one more shows the end */
    assert_string_equal(error.file, path);
    close(file);
    unlink(path);
    clp_bytes_free(&bytes);
}

static void test_cures(void **state) {
    (void)state;
    static const struct {
        int code;
        const char *cure;
    } known[] = {{EACCES, "permissions"}, {EPERM, "permissions"}, {EROFS, "permissions"},
                 {ENFILE, "too many"},    {ENOSPC, "space"},      {EDQUOT, "space"},
                 {ENAMETOOLONG, "short"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_non_null(strstr(clp_file_remedy(known[i].code), known[i].cure));
    }
    assert_string_equal(clp_file_remedy(EIO), "");
}

static void test_bytes(void **state) {
    (void)state;
    clp_bytes bytes = {0};
    assert_int_equal(clp_bytes_append(&bytes, "abc", 3, NULL), CLPROC_OK);
    assert_int_equal(clp_bytes_append(&bytes, NULL, 0, NULL), CLPROC_OK);
    assert_int_equal(clp_bytes_append(&bytes, "d", SIZE_MAX, NULL), CLPROC_ERROR_MEMORY);
    assert_int_equal(bytes.size, 3);
    clp_bytes_trim(&bytes, bytes.capacity);
    assert_memory_equal(bytes.data, "abc", 3);
    clp_bytes_trim(&bytes, bytes.capacity - 1);
    assert_null(bytes.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_file), cmocka_unit_test(test_no_more_files),
        cmocka_unit_test(test_limits),          cmocka_unit_test(test_whole_files),
        cmocka_unit_test(test_wishes),          cmocka_unit_test(test_cures),
        cmocka_unit_test(test_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
