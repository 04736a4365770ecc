#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

Suite *harness_suite_new(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *group = tcase_create(name);
    tcase_set_timeout(group, 60);
    for (size_t i = 0; i < count; i++) {
        tcase_add_test(group, tests[i]);
    }
    suite_add_tcase(suite, group);
    return suite;
}

const char *harness_source_path(const char *relative)
{
    static char path[4096];
    const char *root = getenv("CARTWRIGHT_SOURCE");
    const int length = snprintf(path, sizeof path, "%s/%s", root != NULL ? root : ".", relative);
    return length > 0 && (size_t)length < sizeof path ? path : relative;
}

/* The last line, "N passed, N failed", is what tools/run_tests.py adds up. */
int main(void)
{
    /* Suites built by hand would have Check's 4 seconds, too few on a busy machine. */
    setenv("CK_DEFAULT_TIMEOUT", "60", 0);
    SRunner *runner = srunner_create(test_suite());
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    const int passed = srunner_ntests_run(runner) - failed;
    srunner_free(runner);
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
