/* What every unit test includes. A test program is one file tests/unit/test_<subject>.c that defines
 * test_suite(); harness.c holds main(). It is built and run as soon as the file exists.
 *
 *     START_TEST(sum_of_two)
 *     {
 *         ck_assert_int_eq(add(1, 2), 3);
 *     }
 *     END_TEST
 *
 *     Suite *test_suite(void)
 *     {
 *         return harness_suite("add", sum_of_two, overflow_is_refused);
 *     }
 *
 * Loops, fixtures and longer time-outs (tcase_set_timeout) are Check's own: build the Suite by hand then.
 * The environment variable CARTWRIGHT_SOURCE holds the root of the source tree. */
#ifndef TESTS_UNIT_HARNESS_H
#define TESTS_UNIT_HARNESS_H

#include <check.h>
#include <stddef.h>

/* Defined by each test program. */
Suite *test_suite(void);

/* A suite of one test case that holds count tests. */
Suite *harness_suite_new(const char *name, const TTest *const *tests, size_t count);

#define harness_suite(name, ...)                                                                             \
    harness_suite_new(name, (const TTest *const[]){__VA_ARGS__},                                             \
                      sizeof((const TTest *const[]){__VA_ARGS__}) / sizeof(const TTest *))

/* The path of a file of the source tree, relative to its root; storage is overwritten by the next call. */
const char *harness_source_path(const char *relative);

#endif
