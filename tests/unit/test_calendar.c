#include "base/calendar.h"
#include "harness.h"

START_TEST(every_day_of_ten_thousand_years_round_trips)
{
    int32_t year = 1;
    int32_t month = 1;
    int32_t day = 1;
    int weekday = 1;
    for (int32_t days = CW_CALENDAR_FIRST_DAY; days <= CW_CALENDAR_LAST_DAY; days++) {
        const struct cw_date date = cw_date_from_days(days);
        if (date.year != year || date.month != month || date.day != day ||
            cw_date_to_days(year, month, day) != days || cw_date_weekday(days) != weekday) {
            ck_abort_msg("day %d is not %d-%d-%d", days, year, month, day);
        }
        weekday = weekday % 7 + 1;
        if (++day > cw_month_length(year, month)) {
            day = 1;
            month = month % 12 + 1;
            year += month == 1;
        }
    }
    ck_assert_int_eq(year, 10000);
}
END_TEST

START_TEST(known_days)
{
    ck_assert_int_eq(cw_date_to_days(1970, 1, 1), 0);
    ck_assert_int_eq(cw_date_to_days(2000, 2, 29), 11016);
    ck_assert_int_eq(cw_date_to_days(2025, 3, 1), 20148);
    ck_assert_int_eq(cw_date_weekday(0), 4);
    ck_assert_int_eq(cw_date_weekday(cw_date_to_days(2025, 3, 1)), 6);
}
END_TEST

START_TEST(leap_years_and_months)
{
    ck_assert(cw_year_is_leap(2000));
    ck_assert(cw_year_is_leap(2024));
    ck_assert(!cw_year_is_leap(1900));
    ck_assert(!cw_year_is_leap(2023));
    ck_assert_int_eq(cw_month_length(2024, 2), 29);
    ck_assert_int_eq(cw_month_length(2023, 2), 28);
    ck_assert_int_eq(cw_month_length(2023, 12), 31);
}
END_TEST

START_TEST(only_days_that_exist_are_valid)
{
    ck_assert(cw_date_is_valid(1, 1, 1));
    ck_assert(cw_date_is_valid(9999, 12, 31));
    ck_assert(cw_date_is_valid(2024, 2, 29));
    ck_assert(!cw_date_is_valid(2023, 2, 29));
    ck_assert(!cw_date_is_valid(0, 1, 1));
    ck_assert(!cw_date_is_valid(10000, 1, 1));
    ck_assert(!cw_date_is_valid(2023, 0, 1));
    ck_assert(!cw_date_is_valid(2023, 13, 1));
    ck_assert(!cw_date_is_valid(2023, 4, 31));
    ck_assert(!cw_date_is_valid(2023, 4, 0));
    ck_assert(!cw_date_is_valid(-1, -1, -1));
}
END_TEST

START_TEST(timestamps_split_at_midnight_before_and_after_1970)
{
    int64_t rest;
    ck_assert_int_eq(cw_timestamp_split(0, &rest), 0);
    ck_assert_int_eq(rest, 0);
    ck_assert_int_eq(cw_timestamp_split(-1, &rest), -1);
    ck_assert_int_eq(rest, CW_MICROS_PER_DAY - 1);
    ck_assert_int_eq(cw_timestamp_split(CW_MICROS_PER_DAY, &rest), 1);
    ck_assert_int_eq(rest, 0);
    ck_assert_int_eq(cw_timestamp_split(-CW_MICROS_PER_DAY, &rest), -1);
    ck_assert_int_eq(rest, 0);
    ck_assert_int_eq(cw_timestamp_split(CW_CALENDAR_LAST_MICRO, &rest), CW_CALENDAR_LAST_DAY);
    ck_assert_int_eq(rest, CW_MICROS_PER_DAY - 1);
    ck_assert_int_eq(cw_timestamp_split(CW_CALENDAR_FIRST_MICRO, &rest), CW_CALENDAR_FIRST_DAY);
    ck_assert_int_eq(rest, 0);
}
END_TEST

START_TEST(ages_and_months)
{
    const int32_t born = cw_date_to_days(2000, 2, 29);
    ck_assert_int_eq(cw_date_years_between(born, cw_date_to_days(2018, 2, 28)), 17);
    ck_assert_int_eq(cw_date_years_between(born, cw_date_to_days(2018, 3, 1)), 18);
    ck_assert_int_eq(cw_date_years_between(born, cw_date_to_days(2020, 2, 29)), 20);
    ck_assert_int_eq(cw_date_years_between(born, born), 0);
    ck_assert_int_eq(cw_date_add_months(born, 12), cw_date_to_days(2001, 2, 28));
    ck_assert_int_eq(cw_date_add_months(born, 48), cw_date_to_days(2004, 2, 29));
    ck_assert_int_eq(cw_date_add_months(born, -2), cw_date_to_days(1999, 12, 29));
    ck_assert_int_eq(cw_date_add_months(cw_date_to_days(2023, 12, 31), 2), cw_date_to_days(2024, 2, 29));
    ck_assert_int_eq(cw_date_add_months(cw_date_to_days(2023, 12, 15), 1), cw_date_to_days(2024, 1, 15));
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("calendar", every_day_of_ten_thousand_years_round_trips, known_days,
                         leap_years_and_months, only_days_that_exist_are_valid,
                         timestamps_split_at_midnight_before_and_after_1970, ages_and_months);
}
