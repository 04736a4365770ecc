/* Local time: offsets of the compiled time zones. */
#ifndef CW_MODEL_ZONE_H
#define CW_MODEL_ZONE_H

#include <stdint.h>

#include "base/calendar.h"
#include "model/reference.h"

/* Seconds east of UTC at an instant (seconds since 1970 UTC). */
int32_t cw_zone_offset(const struct cw_zone *zone, int64_t utc_seconds);

/* The instant (microseconds UTC) of a local wall-clock time given as day since 1970 and microseconds into it.
 * A time that a change of clocks skips or repeats is read with the offset in force before the change. */
int64_t cw_zone_to_utc(const struct cw_zone *zone, int64_t local_day, int64_t microseconds);

/* Floor division, for days of instants before 1970. */
static inline int64_t cw_floor_divide(int64_t a, int64_t b)
{
    int64_t quotient = a / b;
    return quotient - (a % b < 0);
}

#endif
