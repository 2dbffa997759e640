/* Memory for pixels: how many addresses it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/resource.h>

#include "device/pages.h"

#define NEEDED ((size_t)3 << 20)

/* Where nothing limits them, pictures that grow find room without moving. */
static void reserves_more_than_needed(void **state) {
    (void)state;
    clp_pages *pages = clp_pages_reserve(NEEDED);
    assert_non_null(pages);
    assert_true(clp_pages_size(pages) > 64 * NEEDED);
    clp_pages_release(pages);
}

/* Where `ulimit -v` does, a driver that finds none left ends the process. */
static void takes_no_more_than_needed_under_a_limit(void **state) {
    (void)state;
    struct rlimit before, limit;
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    limit = (struct rlimit){(rlim_t)1 << 46, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    clp_pages *pages = clp_pages_reserve(NEEDED);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_non_null(pages);
    assert_in_range(clp_pages_size(pages), NEEDED, NEEDED + ((size_t)2 << 20));
    clp_pages_release(pages);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reserves_more_than_needed),
        cmocka_unit_test(takes_no_more_than_needed_under_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
