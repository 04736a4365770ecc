/* The curve on which customers sign up: growing by a third a year, with seasons and weekdays. */
#ifndef CW_ENGINE_GROWTH_H
#define CW_ENGINE_GROWTH_H

#include <stdint.h>

#include "cartwright/error.h"

#define CW_GROWTH_GUIDE_BITS 12

struct cw_growth {
    int64_t start; /* microseconds UTC */
    int64_t end;
    int32_t days;
    double *sums;                              /* days + 1: share of sign-ups before each day, 0 to 1 */
    uint32_t guide[1 << CW_GROWTH_GUIDE_BITS]; /* first day that may hold a share */
};

/* Prepares the curve over [start, end), at least one day long. Errors: CW_E_NO_MEMORY. */
cw_status cw_growth_init(struct cw_growth *growth, int64_t start, int64_t end, struct cw_error *error);
void cw_growth_clear(struct cw_growth *growth);

/* The instant by which the given share (0 <= share < 1) of all customers has signed up. Ascending in share.
 */
int64_t cw_growth_time(const struct cw_growth *growth, double share);

/* The share of customers that has signed up before an instant: the inverse, 0 to 1. */
double cw_growth_share(const struct cw_growth *growth, int64_t time);

#endif
