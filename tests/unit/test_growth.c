/* The sign-up curve: ascending, its own inverse, growing, and whole within its ends. */
#include <math.h>

#include "engine/growth.h"
#include "harness.h"

#define DAY INT64_C(86400000000)

static void assert_curve(int64_t start, int64_t end)
{
    struct cw_growth growth;
    ck_assert_int_eq(cw_growth_init(&growth, start, end, NULL), CW_OK);
    ck_assert_int_eq(cw_growth_time(&growth, 0.0), start);
    ck_assert_int_lt(cw_growth_time(&growth, 0x1.fffffffffffffp-1), end);
    ck_assert_double_eq(cw_growth_share(&growth, start), 0.0);
    ck_assert_double_eq(cw_growth_share(&growth, end), 1.0);
    int64_t before = start;
    int32_t day = 0;
    for (int i = 0; i < 20000; i++) {
        double share = i / 20000.0;
        int64_t time = cw_growth_time(&growth, share);
        ck_assert_int_ge(time, before);
        ck_assert_int_eq(cw_growth_next_time(&growth, share, &day), time);
        ck_assert_int_lt(time, end);
        ck_assert_double_eq_tol(cw_growth_share(&growth, time), share, 1e-9);
        before = time;
    }
    cw_growth_clear(&growth);
}

START_TEST(curves_are_their_own_inverse)
{
    assert_curve(18628 * DAY, 20454 * DAY);
    assert_curve(20453 * DAY, 20454 * DAY);
    assert_curve(20000 * DAY + 1234567, 20454 * DAY + 7);
    assert_curve(10957 * DAY, 25567 * DAY);
}
END_TEST

START_TEST(shops_grow_by_a_third_a_year)
{
    struct cw_growth growth;
    ck_assert_int_eq(cw_growth_init(&growth, 18628 * DAY, 20454 * DAY, NULL), CW_OK);
    double one = cw_growth_share(&growth, 18993 * DAY);
    double two = cw_growth_share(&growth, 19358 * DAY);
    ck_assert_double_eq_tol((two - one) / one, 1.33, 0.03);
    cw_growth_clear(&growth);
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("growth", curves_are_their_own_inverse, shops_grow_by_a_third_a_year);
}
