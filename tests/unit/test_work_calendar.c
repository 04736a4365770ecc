/* Working hours of centres and their delivery days, around weekends, holidays and changes of the clock. */
#include "base/calendar.h"
#include "engine/work_calendar.h"
#include "harness.h"
#include "model/zone.h"

#define HOUR INT64_C(3600000000)
#define DAY (24 * HOUR)

static struct cw_work_calendar calendar;
static const struct cw_zone *zone;

static void set_up(void)
{
    zone = cw_zone_get((uint32_t)cw_zone_find("Europe/Berlin"));
    int64_t start = cw_date_to_days(2025, 1, 1) * DAY;
    ck_assert_int_eq(cw_work_calendar_init(&calendar, cw_market_get((uint32_t)cw_market_find("DE")), zone,
                                           start, start + 365 * DAY, NULL),
                     CW_OK);
}

static void tear_down(void)
{
    cw_work_calendar_clear(&calendar);
}

static int64_t local(int32_t month, int32_t day, int64_t hours)
{
    return cw_zone_to_utc(zone, cw_date_to_days(2025, month, day), hours * HOUR);
}

START_TEST(work_waits_for_the_next_working_hour)
{
    ck_assert_int_eq(cw_work_next(&calendar, local(3, 5, 10)), local(3, 5, 10));
    ck_assert_int_eq(cw_work_next(&calendar, local(3, 5, 3)), local(3, 5, 8));
    ck_assert_int_eq(cw_work_next(&calendar, local(3, 5, 18)), local(3, 6, 8));
    ck_assert_int_eq(cw_work_next(&calendar, local(3, 7, 20)), local(3, 10, 8));
    /* Good Friday to Easter Monday. */
    ck_assert_int_eq(cw_work_next(&calendar, local(4, 17, 19)), local(4, 22, 8));
}
END_TEST

START_TEST(work_goes_on_the_next_day)
{
    ck_assert_int_eq(cw_work_add(&calendar, local(3, 5, 10), 3 * HOUR), local(3, 5, 13));
    ck_assert_int_eq(cw_work_add(&calendar, local(3, 5, 16), 5 * HOUR), local(3, 6, 11));
    ck_assert_int_eq(cw_work_add(&calendar, local(3, 7, 16), 25 * HOUR), local(3, 12, 11));
    /* The night of 30 March is an hour shorter, the working day is not. */
    ck_assert_int_eq(cw_work_add(&calendar, local(3, 28, 17), 2 * HOUR), local(3, 31, 9));
    /* What would end at closing time ends with the next day's opening. */
    ck_assert_int_eq(cw_work_add(&calendar, local(3, 5, 10), 8 * HOUR), local(3, 6, 8));
}
END_TEST

START_TEST(parcels_come_on_delivery_days)
{
    ck_assert_int_eq(cw_work_delivery(&calendar, local(3, 7, 17), 1, 0), local(3, 8, 9));
    ck_assert_int_eq(cw_work_delivery(&calendar, local(3, 7, 17), 2, 0), local(3, 10, 9));
    ck_assert_int_eq(cw_work_delivery(&calendar, local(4, 17, 17), 1, 0), local(4, 19, 9));
    ck_assert_int_eq(cw_work_delivery(&calendar, local(4, 17, 17), 2, 0), local(4, 22, 9));
    ck_assert_int_lt(cw_work_delivery(&calendar, local(3, 5, 8), 1, UINT32_MAX), local(3, 6, 20));
    ck_assert_int_gt(cw_work_delivery(&calendar, local(3, 5, 8), 1, UINT32_MAX), local(3, 6, 19));
}
END_TEST

START_TEST(local_days)
{
    ck_assert_int_eq(cw_work_local_day(&calendar, local(7, 1, 0)), cw_date_to_days(2025, 7, 1));
    ck_assert_int_eq(cw_work_local_day(&calendar, local(7, 1, 0) - 1), cw_date_to_days(2025, 6, 30));
    for (int32_t day = cw_date_to_days(2025, 1, 1); day < cw_date_to_days(2026, 3, 1); day++) {
        int64_t midnight = cw_zone_to_utc(zone, day, 0);
        ck_assert_int_eq(cw_work_local_day(&calendar, midnight), day);
        ck_assert_int_eq(cw_work_local_day(&calendar, midnight + 22 * HOUR + 59 * HOUR / 60), day);
        ck_assert_int_eq(cw_work_local_day(&calendar, midnight - 1), day - 1);
    }
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("work_calendar");
    TCase *tcase = tcase_create("work_calendar");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, work_waits_for_the_next_working_hour);
    tcase_add_test(tcase, work_goes_on_the_next_day);
    tcase_add_test(tcase, parcels_come_on_delivery_days);
    tcase_add_test(tcase, local_days);
    suite_add_tcase(suite, tcase);
    return suite;
}
