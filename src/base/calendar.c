#include "base/calendar.h"

bool cw_year_is_leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int32_t cw_month_length(int32_t year, int32_t month)
{
    static const int8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return lengths[month - 1] + (month == 2 && cw_year_is_leap(year) ? 1 : 0);
}

bool cw_date_is_valid(int32_t year, int32_t month, int32_t day)
{
    return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 &&
           day <= cw_month_length(year, month);
}

int32_t cw_date_years_between(int32_t from_days, int32_t to_days)
{
    const struct cw_date from = cw_date_from_days(from_days);
    const struct cw_date to = cw_date_from_days(to_days);
    const bool before_birthday = to.month < from.month || (to.month == from.month && to.day < from.day);
    return to.year - from.year - (before_birthday ? 1 : 0);
}

int32_t cw_date_add_months(int32_t days, int32_t months)
{
    const struct cw_date date = cw_date_from_days(days);
    const int32_t count = date.year * 12 + (date.month - 1) + months;
    const int32_t year = count / 12;
    const int32_t month = count % 12 + 1;
    const int32_t length = cw_month_length(year, month);
    return cw_date_to_days(year, month, date.day < length ? date.day : length);
}
