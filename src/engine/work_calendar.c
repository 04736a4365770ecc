#include "engine/work_calendar.h"

#include <stdlib.h>

#include "base/calendar.h"
#include "model/zone.h"

#define MARGIN_DAYS 120
#define MICROS_PER_HOUR (3600 * CW_MICROS_PER_SECOND)
#define FIRST_DELIVERY_HOUR 9
#define DELIVERY_HOURS 11

static bool is_holiday(const struct cw_holidays *holidays, int32_t day)
{
    uint32_t low = 0;
    uint32_t high = holidays->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (holidays->days[middle] < day) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < holidays->count && holidays->days[low] == day;
}

cw_status cw_work_calendar_init(struct cw_work_calendar *calendar, const struct cw_market *market,
                                const struct cw_zone *zone, int64_t start, int64_t end,
                                struct cw_error *error)
{
    int32_t first = (int32_t)cw_floor_divide(start, CW_MICROS_PER_DAY) - 2;
    int32_t count = (int32_t)cw_floor_divide(end, CW_MICROS_PER_DAY) + MARGIN_DAYS - first;
    struct cw_work_day *days = calloc((size_t)count, sizeof *days);
    if (days == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for a calendar of %d days", count);
    }
    for (int32_t i = 0; i < count; i++) {
        int32_t day = first + i;
        int weekday = cw_date_weekday(day);
        bool holiday = is_holiday(&market->holidays, day);
        days[i].midnight = cw_zone_to_utc(zone, day, 0);
        days[i].open = cw_zone_to_utc(zone, day, CW_WORK_OPENING_HOUR * MICROS_PER_HOUR);
        days[i].close = cw_zone_to_utc(zone, day, CW_WORK_CLOSING_HOUR * MICROS_PER_HOUR);
        days[i].is_working = weekday <= 5 && !holiday;
        days[i].is_delivery = weekday <= 6 && !holiday;
    }
    *calendar = (struct cw_work_calendar){first, count, days};
    return CW_OK;
}

void cw_work_calendar_clear(struct cw_work_calendar *calendar)
{
    free(calendar->days);
    *calendar = (struct cw_work_calendar){0};
}

/* Index of the local day of an instant; clock changes move midnight by an hour at most. */
static int32_t day_index(const struct cw_work_calendar *calendar, int64_t time)
{
    int64_t index = (time - calendar->days[0].midnight) / CW_MICROS_PER_DAY;
    if (index < 0) {
        return 0;
    }
    if (index >= calendar->count) {
        return calendar->count - 1;
    }
    if (index > 0 && calendar->days[index].midnight > time) {
        index--;
    } else if (index + 1 < calendar->count && calendar->days[index + 1].midnight <= time) {
        index++;
    }
    return (int32_t)index;
}

int64_t cw_work_next(const struct cw_work_calendar *calendar, int64_t time)
{
    return cw_work_add(calendar, time, 0);
}

int64_t cw_work_add(const struct cw_work_calendar *calendar, int64_t time, int64_t duration)
{
    for (int32_t i = day_index(calendar, time); i < calendar->count; i++) {
        const struct cw_work_day *day = &calendar->days[i];
        if (!day->is_working || time >= day->close) {
            continue;
        }
        int64_t start = time > day->open ? time : day->open;
        if (start + duration < day->close) {
            return start + duration;
        }
        duration -= day->close - start;
        time = day->close;
    }
    return time + duration;
}

int64_t cw_work_delivery(const struct cw_work_calendar *calendar, int64_t time, int32_t count, uint32_t share)
{
    int32_t i = day_index(calendar, time);
    while (count > 0 && i + 1 < calendar->count) {
        i++;
        count -= calendar->days[i].is_delivery;
    }
    int64_t offset =
        FIRST_DELIVERY_HOUR * MICROS_PER_HOUR +
        (int64_t)(((uint64_t)share * (uint64_t)(DELIVERY_HOURS * MICROS_PER_HOUR / 1000)) >> 32) * 1000;
    return calendar->days[i].midnight + offset;
}

int32_t cw_work_local_day(const struct cw_work_calendar *calendar, int64_t time)
{
    return calendar->first_day + day_index(calendar, time);
}
