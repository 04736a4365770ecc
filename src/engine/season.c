#include "engine/season.h"

#include <stdbool.h>

#include "base/calendar.h"
#include "model/world.h"

#define HOLIDAY_RUSH_DAYS 35

static const double hour_weights[24] = {0.30, 0.17, 0.10, 0.07, 0.07, 0.11, 0.25, 0.50,
                                        0.80, 1.10, 1.62, 1.68, 1.66, 1.58, 1.15, 1.05,
                                        1.05, 1.15, 1.66, 1.82, 1.72, 1.20, 0.80, 0.49};
static const double weekday_weights[7] = {0.84, 0.91, 0.94, 0.98, 1.10, 1.14, 1.12};
/* A summer lull and the weeks before the holidays. */
static const double month_weights[12] = {0.90, 0.92, 0.97, 0.97, 1.00, 0.96,
                                         0.90, 0.90, 1.00, 1.04, 1.22, 1.30};

double cw_season_hour(int32_t hour)
{
    return hour_weights[hour];
}

static double payday_weight(int32_t day_of_month)
{
    switch (day_of_month) {
    case 1:
    case 15:
        return 1.25;
    case 2:
    case 16:
        return 1.15;
    default:
        return 0.98;
    }
}

/* The peak day, the weekend after it and its Monday. */
static double peak_factor(int32_t day, int32_t peak_day)
{
    static const double after[4] = {10.0, 4.0, 3.0, 5.0};
    int32_t distance = day - peak_day;
    return distance >= 0 && distance < 4 ? after[distance] : 1.0;
}

/* Rises to threefold demand in the last days of the rush. */
static double holiday_factor(int32_t day, int32_t holiday_end)
{
    int32_t distance = holiday_end - day;
    if (distance < 0 || distance >= HOLIDAY_RUSH_DAYS) {
        return 1.0;
    }
    return 1.0 + 2.0 * (HOLIDAY_RUSH_DAYS - distance) / HOLIDAY_RUSH_DAYS;
}

double cw_season_day(int32_t day, enum cw_behavior behavior, int32_t peak_day, int32_t holiday_end)
{
    struct cw_date date = cw_date_from_days(day);
    double weight =
        month_weights[date.month - 1] * weekday_weights[cw_date_weekday(day) - 1] * payday_weight(date.day);
    if (behavior == CW_BEHAVIOR_PEAK) {
        weight *= peak_factor(day, peak_day);
    }
    if (behavior == CW_BEHAVIOR_HOLIDAY) {
        weight *= holiday_factor(day, holiday_end);
    }
    return weight;
}

int32_t cw_season_peak_day(int32_t first_day, int32_t last_day)
{
    int32_t last_year = cw_date_from_days(last_day).year;
    for (int32_t year = cw_date_from_days(first_day).year; year <= last_year; year++) {
        int32_t november = cw_date_to_days(year, 11, 1);
        int32_t thursday = november + (4 - cw_date_weekday(november) + 7) % 7 + 21;
        if (thursday + 1 >= first_day && thursday + 1 <= last_day) {
            return thursday + 1;
        }
    }
    int32_t middle = first_day + (last_day - first_day) / 2;
    int32_t friday = middle + (5 - cw_date_weekday(middle) + 7) % 7;
    return friday <= last_day ? friday : middle;
}

int32_t cw_season_holiday_end(int32_t first_day, int32_t last_day)
{
    for (int32_t year = cw_date_from_days(last_day).year; year >= cw_date_from_days(first_day).year; year--) {
        int32_t end = cw_date_to_days(year, 12, 23);
        if (end >= first_day && end <= last_day) {
            return end;
        }
    }
    return last_day;
}

/* The year's own season and whether people buy for the holidays, which are two months long. */
static const struct {
    uint8_t season;
    bool has_holidays;
} parts[CW_SEASON_PARTS] = {{CW_SEASON_WINTER, false}, {CW_SEASON_SPRING, false}, {CW_SEASON_SUMMER, false},
                            {CW_SEASON_AUTUMN, false}, {CW_SEASON_AUTUMN, true},  {CW_SEASON_WINTER, true}};

uint32_t cw_season_part(int32_t month)
{
    static const uint8_t part_of_month[12] = {0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5};
    return part_of_month[month - 1];
}

uint32_t cw_season_appeal(uint8_t season, uint32_t part)
{
    if (season == CW_SEASON_NONE) {
        return 1000;
    }
    if (season == CW_SEASON_HOLIDAY) {
        return parts[part].has_holidays ? 1000 : 120;
    }
    return parts[part].season == season ? 1000 : 350;
}
