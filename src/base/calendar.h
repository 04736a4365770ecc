/* The proleptic Gregorian calendar by whole-number arithmetic: days since 1970-01-01 to and from year, month
 * and day. Pure functions; no zone, no leap seconds (as in POSIX time). */
#ifndef CW_BASE_CALENDAR_H
#define CW_BASE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

/* 0001-01-01 and 9999-12-31: what four year digits can say. */
#define CW_CALENDAR_FIRST_DAY (-719162)
#define CW_CALENDAR_LAST_DAY 2932896

#define CW_MICROS_PER_SECOND INT64_C(1000000)
#define CW_MICROS_PER_DAY (INT64_C(86400) * CW_MICROS_PER_SECOND)

/* The first microsecond of 0001-01-01 and the last of 9999-12-31. */
#define CW_CALENDAR_FIRST_MICRO (CW_CALENDAR_FIRST_DAY * CW_MICROS_PER_DAY)
#define CW_CALENDAR_LAST_MICRO ((CW_CALENDAR_LAST_DAY + 1) * CW_MICROS_PER_DAY - 1)

struct cw_date {
    int32_t year;  /* 1 to 9999 */
    int32_t month; /* 1 to 12 */
    int32_t day;   /* 1 to 31 */
};

/* A day by the years that begin in March, whose last day a leap day is. */
struct cw_march_day {
    uint32_t year;
    uint32_t day; /* of that year: 0 for 1 March to 365 for 29 February */
};

/* The same of a day from CW_CALENDAR_FIRST_DAY to CW_CALENDAR_LAST_DAY. Here and below the year and the month
 * come from one multiplication each: C. Neri and L. Schneider, "Euclidean affine functions and their
 * application to calendar algorithms", Software: Practice and Experience 53, 2023. */
static inline struct cw_march_day cw_march_day_from_days(int32_t days)
{
    /* Day 0 of the shifted count is 0000-03-01. */
    const uint32_t shifted = (uint32_t)(days + 719468);
    const uint32_t n1 = 4 * shifted + 3;
    const uint32_t century = n1 / 146097;
    const uint32_t n2 = (n1 % 146097) | 3;
    const uint64_t product = (uint64_t)2939745 * n2;
    return (struct cw_march_day){
        .year = 100 * century + (uint32_t)(product >> 32),
        .day = (uint32_t)product / 2939745 / 4,
    };
}

/* The date of a day from CW_CALENDAR_FIRST_DAY to CW_CALENDAR_LAST_DAY. */
static inline struct cw_date cw_date_from_days(int32_t days)
{
    const struct cw_march_day march_day = cw_march_day_from_days(days);
    const uint32_t n3 = 2141 * march_day.day + 197913;
    const uint32_t month = n3 >> 16;
    const uint32_t day = (n3 & 0xFFFF) / 2141;
    const uint32_t after_december = march_day.day >= 306;
    return (struct cw_date){
        .year = (int32_t)(march_day.year + after_december),
        .month = (int32_t)(month - 12 * after_december),
        .day = (int32_t)(day + 1),
    };
}

/* The day of a date that exists (see cw_date_is_valid). */
static inline int32_t cw_date_to_days(int32_t year, int32_t month, int32_t day)
{
    const uint32_t before_march = month <= 2;
    const uint32_t shifted_year = (uint32_t)year - before_march;
    const uint32_t shifted_month = (uint32_t)month + 12 * before_march;
    const uint32_t century = shifted_year / 100;
    const uint32_t year_days = 1461 * shifted_year / 4 - century + century / 4;
    const uint32_t month_days = (979 * shifted_month - 2919) / 32;
    return (int32_t)(year_days + month_days + (uint32_t)day - 1) - 719468;
}

/* 1 for Monday to 7 for Sunday (ISO 8601), for any day from CW_CALENDAR_FIRST_DAY on. */
static inline int cw_date_weekday(int32_t days)
{
    /* 1970-01-01 was a Thursday; the shift is a multiple of seven and keeps the sum positive. */
    return (int)((uint32_t)(days + 719163 + 6) % 7) + 1;
}

/* Splits microseconds since 1970-01-01T00:00:00Z into the day and, into *micros_of_day, the rest: 0 to
 * CW_MICROS_PER_DAY - 1, also before 1970. */
static inline int32_t cw_timestamp_split(int64_t micros, int64_t *micros_of_day)
{
    int64_t days = micros / CW_MICROS_PER_DAY;
    int64_t rest = micros % CW_MICROS_PER_DAY;
    if (rest < 0) {
        rest += CW_MICROS_PER_DAY;
        days--;
    }
    *micros_of_day = rest;
    return (int32_t)days;
}

bool cw_year_is_leap(int32_t year);

/* 28 to 31; month is 1 to 12. */
int32_t cw_month_length(int32_t year, int32_t month);

/* True when the date exists in the years 1 to 9999. */
bool cw_date_is_valid(int32_t year, int32_t month, int32_t day);

/* The whole years from the first day to the second, as in a person's age; negative when the second is
 * earlier. Who is born on 29 February becomes older on 1 March of common years. */
int32_t cw_date_years_between(int32_t from_days, int32_t to_days);

/* The same day of the month some months later (or earlier), or that month's last day when it is shorter. The
 * result must lie in the years 1 to 9999. */
int32_t cw_date_add_months(int32_t days, int32_t months);

#endif
