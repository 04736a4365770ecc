#include <string.h>

#include "api/rate_limit.h"
#include "harness.h"

#define SECOND INT64_C(1000000)

static struct cw_rate_limiter *limiter;

static void open_limiter(int64_t rate, int64_t burst, uint32_t concurrency)
{
    const struct cw_rate_options options = {rate, burst, concurrency};
    ck_assert_int_eq(cw_rate_limiter_new(&options, &limiter, NULL), CW_OK);
}

static struct cw_rate_verdict take(uint8_t who, int64_t rate, int64_t now)
{
    const uint8_t identity[16] = {who};
    struct cw_rate_verdict verdict;
    cw_rate_take(limiter, identity, rate, now, &verdict);
    return verdict;
}

START_TEST(test_a_quota_is_used_up_and_comes_back)
{
    int64_t now = 1000 * SECOND;
    open_limiter(60, 0, 0);
    for (int64_t i = 0; i < 60; i++) {
        const struct cw_rate_verdict verdict = take(1, 0, now);
        ck_assert(verdict.is_limited && !verdict.is_refused);
        ck_assert_int_eq(verdict.quota, 60);
        ck_assert_int_eq(verdict.window, 60);
        ck_assert_int_eq(verdict.remaining, 59 - i);
        ck_assert_int_eq(verdict.reset, i + 1);
    }
    struct cw_rate_verdict verdict = take(1, 0, now);
    ck_assert(verdict.is_refused);
    ck_assert_int_eq(verdict.wait, 1);
    ck_assert(!take(2, 0, now).is_refused);
    now += SECOND;
    ck_assert(!take(1, 0, now).is_refused);
    ck_assert(take(1, 0, now).is_refused);
    now += 60 * SECOND;
    ck_assert_int_eq(take(1, 0, now).remaining, 59);
    cw_rate_limiter_free(limiter);
}
END_TEST

START_TEST(test_a_burst_is_shorter_than_the_quota)
{
    open_limiter(60, 3, 0);
    for (int i = 0; i < 3; i++) {
        ck_assert(!take(1, 0, SECOND).is_refused);
    }
    ck_assert(take(1, 0, SECOND).is_refused);
    ck_assert(!take(1, 0, 2 * SECOND).is_refused);
    ck_assert(take(1, 0, 2 * SECOND).is_refused);
    cw_rate_limiter_free(limiter);
}
END_TEST

START_TEST(test_a_key_has_a_rate_of_its_own)
{
    open_limiter(0, 0, 0);
    ck_assert(!take(1, 0, SECOND).is_limited);
    ck_assert(!take(2, 1, SECOND).is_refused);
    ck_assert_int_eq(take(2, 1, SECOND).wait, 60);
    ck_assert(!take(1, 0, SECOND).is_limited);
    cw_rate_limiter_free(limiter);
}
END_TEST

START_TEST(test_more_callers_than_are_remembered)
{
    int let_in = 0;
    uint8_t identity[16] = {0};
    struct cw_rate_verdict verdict;
    open_limiter(1, 0, 0);
    for (uint32_t i = 1; i <= 100000; i++) {
        memcpy(identity, &i, sizeof i);
        cw_rate_take(limiter, identity, 0, SECOND, &verdict);
        let_in += !verdict.is_refused;
    }
    ck_assert_int_eq(let_in, 100000);
    cw_rate_limiter_free(limiter);
}
END_TEST

START_TEST(test_requests_at_the_same_time)
{
    const uint8_t first[16] = {1};
    const uint8_t second[16] = {2};
    open_limiter(0, 0, 2);
    ck_assert(cw_rate_enter(limiter, first, SECOND));
    ck_assert(cw_rate_enter(limiter, first, SECOND));
    ck_assert(!cw_rate_enter(limiter, first, SECOND));
    ck_assert(cw_rate_enter(limiter, second, SECOND));
    cw_rate_leave(limiter, first);
    ck_assert(cw_rate_enter(limiter, first, SECOND));
    cw_rate_limiter_free(limiter);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("rate_limit");
    TCase *group = tcase_create("rate_limit");
    tcase_add_test(group, test_a_quota_is_used_up_and_comes_back);
    tcase_add_test(group, test_a_burst_is_shorter_than_the_quota);
    tcase_add_test(group, test_a_key_has_a_rate_of_its_own);
    tcase_add_test(group, test_more_callers_than_are_remembered);
    tcase_add_test(group, test_requests_at_the_same_time);
    suite_add_tcase(suite, group);
    return suite;
}
