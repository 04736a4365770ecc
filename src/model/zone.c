#include "model/zone.h"

int32_t cw_zone_offset(const struct cw_zone *zone, int64_t utc_seconds)
{
    uint32_t low = 0;
    uint32_t high = zone->count;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (zone->transitions[middle] <= utc_seconds) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return zone->offsets[low];
}

int64_t cw_zone_to_utc(const struct cw_zone *zone, int64_t local_day, int64_t microseconds)
{
    int64_t local = local_day * 86400 + microseconds / CW_MICROS_PER_SECOND;
    int32_t before = cw_zone_offset(zone, local - 86400);
    int32_t offset = cw_zone_offset(zone, local - before);
    int32_t chosen = cw_zone_offset(zone, local - offset) == offset ? offset : before;
    return local_day * CW_MICROS_PER_DAY + microseconds - chosen * CW_MICROS_PER_SECOND;
}
