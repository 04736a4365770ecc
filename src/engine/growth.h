/* The curve on which customers sign up: growing by a third a year, with seasons and weekdays. */
#ifndef CW_ENGINE_GROWTH_H
#define CW_ENGINE_GROWTH_H

#include <stdint.h>

#include "base/calendar.h"
#include "cartwright/error.h"

#define CW_GROWTH_GUIDE_BITS 12

struct cw_growth {
    int64_t start; /* microseconds UTC */
    int64_t end;
    int32_t days;
    double *sums;                              /* days + 1: share of sign-ups before each day, 0 to 1 */
    double *slopes;                            /* days: microseconds per share of sign-ups on each day */
    uint32_t guide[1 << CW_GROWTH_GUIDE_BITS]; /* first day that may hold a share */
};

/* Prepares the curve over [start, end), at least one day long. Errors: CW_E_NO_MEMORY. */
cw_status cw_growth_init(struct cw_growth *growth, int64_t start, int64_t end, struct cw_error *error);
void cw_growth_clear(struct cw_growth *growth);

/* The instant by which the given share (0 <= share < 1) of all customers has signed up. Ascending in share.
 */
int64_t cw_growth_time(const struct cw_growth *growth, double share);

/* The same for ascending shares, which is faster. *day: of the share before, or any day not after this one.
 */
static inline int64_t cw_growth_next_time(const struct cw_growth *growth, double share, int32_t *day)
{
    int32_t d = *day;
    while (d + 1 < growth->days && growth->sums[d + 1] <= share) {
        d++;
    }
    *day = d;
    int64_t start = growth->start + d * CW_MICROS_PER_DAY;
    int64_t time = start + (int64_t)((share - growth->sums[d]) * growth->slopes[d]);
    int64_t end = start + CW_MICROS_PER_DAY < growth->end ? start + CW_MICROS_PER_DAY : growth->end;
    return time < end ? time : end - 1;
}

/* A day not after that of the share. */
static inline int32_t cw_growth_first_day(const struct cw_growth *growth, double share)
{
    return (int32_t)growth->guide[(uint32_t)(share * (1 << CW_GROWTH_GUIDE_BITS))];
}

/* The share of customers that has signed up before an instant: the inverse, 0 to 1. */
double cw_growth_share(const struct cw_growth *growth, int64_t time);

#endif
