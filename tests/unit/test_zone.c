/* Time zones compiled from the IANA database, at moments known from elsewhere. */
#include "base/calendar.h"
#include "harness.h"
#include "model/reference.h"
#include "model/zone.h"

#define HOUR INT64_C(3600000000)

static const struct cw_zone *zone_of(const char *name)
{
    int index = cw_zone_find(name);
    ck_assert_msg(index >= 0, "%s is unknown", name);
    return cw_zone_get((uint32_t)index);
}

static int64_t seconds_of(int32_t year, int32_t month, int32_t day, int64_t hour)
{
    return cw_date_to_days(year, month, day) * INT64_C(86400) + hour * 3600;
}

START_TEST(offsets_change_at_their_moments)
{
    const struct cw_zone *berlin = zone_of("Europe/Berlin");
    ck_assert_int_eq(cw_zone_offset(berlin, seconds_of(2025, 3, 30, 1) - 1), 3600);
    ck_assert_int_eq(cw_zone_offset(berlin, seconds_of(2025, 3, 30, 1)), 7200);
    ck_assert_int_eq(cw_zone_offset(berlin, seconds_of(2025, 10, 26, 1) - 1), 7200);
    ck_assert_int_eq(cw_zone_offset(berlin, seconds_of(2025, 10, 26, 1)), 3600);
    const struct cw_zone *new_york = zone_of("America/New_York");
    ck_assert_int_eq(cw_zone_offset(new_york, seconds_of(2025, 3, 9, 7) - 1), -18000);
    ck_assert_int_eq(cw_zone_offset(new_york, seconds_of(2025, 3, 9, 7)), -14400);
    ck_assert_int_eq(cw_zone_offset(zone_of("America/Phoenix"), seconds_of(2025, 7, 1, 0)), -25200);
    ck_assert_int_eq(cw_zone_offset(zone_of("Asia/Tokyo"), seconds_of(2030, 7, 1, 0)), 32400);
    ck_assert_int_eq(cw_zone_find("Moon/Base"), -1);
}
END_TEST

/* There and back, but for the hour that the clock leaves out. */
START_TEST(local_times_come_back)
{
    for (uint32_t z = 0; z < cw_zone_count(); z++) {
        const struct cw_zone *zone = cw_zone_get(z);
        int64_t lost = 0;
        for (int32_t day = cw_date_to_days(2025, 1, 1); day < cw_date_to_days(2026, 1, 1); day++) {
            for (int64_t hour = 0; hour < 24; hour++) {
                int64_t utc = cw_zone_to_utc(zone, day, hour * HOUR);
                int64_t seconds = utc / 1000000;
                lost += seconds + cw_zone_offset(zone, seconds) != day * INT64_C(86400) + hour * 3600;
            }
        }
        ck_assert_msg(lost <= 1, "%s: %lld hours", zone->name, (long long)lost);
    }
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("zone", offsets_change_at_their_moments, local_times_come_back);
}
