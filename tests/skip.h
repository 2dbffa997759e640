/** What a test leaves out, and why. */
#ifndef CLP_TESTS_SKIP_H
#define CLP_TESTS_SKIP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/** Skips a test and tells why, in the form that scripts/test.sh gathers: each cause has to stand in
 * tests/skips.txt. */
#define SKIP_BECAUSE(...)                                                                          \
    do {                                                                                           \
        print_message("skipped: " __VA_ARGS__);                                                    \
        print_message("\n");                                                                       \
        skip();                                                                                    \
    } while (0)

#endif
