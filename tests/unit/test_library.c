/* Libraries that are loaded when they are first needed, on the C library's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>
#include <pthread.h>

#include "core/library.h"

enum { THREADS = 8 };

static struct {
    __typeof__(floor) *floor;
    __typeof__(hypot) *hypot;
} maths;

static const clp_library_slot slots[] = {{"floor", &maths.floor}, {"hypot", &maths.hypot}};

static void *use(void *library) {
    const char *cause = clp_library_load(library);
    return !cause && maths.floor(3.5) == 3 && maths.hypot(3, 4) == 5 ? library : NULL;
}

static void test_threads_load_one_library(void **state) {
    clp_library library = {"libm.so.6", "libc6", slots, 2, false};
    pthread_t threads[THREADS];
    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use, &library), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *used = NULL;
        assert_int_equal(pthread_join(threads[i], &used), 0);
        assert_ptr_equal(used, &library);
    }
}

static void test_one_that_is_not_there_is_named(void **state) {
    clp_library library = {"libnowhere.so.7", "libnowhere7", slots, 2, false};
    (void)state;
    for (int again = 0; again < 2; again++) {
        const char *cause = clp_library_load(&library);
        assert_non_null(cause);
        assert_non_null(strstr(cause, "libnowhere.so.7: "));
        assert_false(library.loaded);
    }
    library.file = "libm.so.6"; /* installed meanwhile */
    assert_null(clp_library_load(&library));
}

static void test_one_that_lacks_a_function_is_not_taken(void **state) {
    void (*nothing)(void) = NULL;
    const clp_library_slot more[] = {{"floor", &maths.floor}, {"of_a_later_version", &nothing}};
    clp_library library = {"libm.so.6", "libc6", more, 2, false};
    (void)state;
    const char *cause = clp_library_load(&library);
    assert_non_null(cause);
    assert_non_null(strstr(cause, "of_a_later_version"));
    assert_false(library.loaded);
    assert_null(nothing);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_load_one_library),
        cmocka_unit_test(test_one_that_is_not_there_is_named),
        cmocka_unit_test(test_one_that_lacks_a_function_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
