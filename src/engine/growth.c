#include "engine/growth.h"

#include <stdlib.h>

#include "base/calendar.h"
#include "base/mathematics.h"

#define YEARLY_GROWTH_LOG 0.285 /* natural logarithm of 1.33 */

static const double month_weights[12] = {1.05, 0.96, 1.0, 0.99, 1.0, 0.95, 0.9, 0.9, 1.0, 1.02, 1.2, 1.15};
static const double weekday_weights[7] = {0.98, 0.97, 0.97, 0.98, 1.02, 1.06, 1.08};

static double day_weight(int32_t day, int32_t days_since_start)
{
    struct cw_date date = cw_date_from_days(day);
    return cw_exp(YEARLY_GROWTH_LOG * days_since_start / 365.25) * month_weights[date.month - 1] *
           weekday_weights[cw_date_weekday(day) - 1];
}

/* The last day may be shorter than 24 hours. */
static int64_t day_length(const struct cw_growth *growth, int32_t day)
{
    int64_t rest = growth->end - growth->start - day * CW_MICROS_PER_DAY;
    return rest < CW_MICROS_PER_DAY ? rest : CW_MICROS_PER_DAY;
}

cw_status cw_growth_init(struct cw_growth *growth, int64_t start, int64_t end, struct cw_error *error)
{
    int32_t days = (int32_t)((end - start + CW_MICROS_PER_DAY - 1) / CW_MICROS_PER_DAY);
    double *sums = calloc(2 * (size_t)days + 1, sizeof *sums);
    if (sums == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for a sign-up curve of %d days", days);
    }
    int32_t first_day = (int32_t)(start / CW_MICROS_PER_DAY);
    sums[0] = 0.0;
    for (int32_t d = 0; d < days; d++) {
        sums[d + 1] = sums[d] + day_weight(first_day + d, d);
    }
    double total = sums[days];
    for (int32_t d = 0; d <= days; d++) {
        sums[d] /= total;
    }
    growth->start = start;
    growth->end = end;
    growth->days = days;
    growth->sums = sums;
    growth->slopes = sums + days + 1;
    for (int32_t d = 0; d < days; d++) {
        growth->slopes[d] = (double)day_length(growth, d) / (sums[d + 1] - sums[d]);
    }
    uint32_t day = 0;
    for (uint32_t b = 0; b < 1U << CW_GROWTH_GUIDE_BITS; b++) {
        while (day + 1 < (uint32_t)days && sums[day + 1] <= (double)b / (1 << CW_GROWTH_GUIDE_BITS)) {
            day++;
        }
        growth->guide[b] = day;
    }
    return CW_OK;
}

void cw_growth_clear(struct cw_growth *growth)
{
    free(growth->sums);
    *growth = (struct cw_growth){0};
}

int64_t cw_growth_time(const struct cw_growth *growth, double share)
{
    int32_t day = cw_growth_first_day(growth, share);
    return cw_growth_next_time(growth, share, &day);
}

double cw_growth_share(const struct cw_growth *growth, int64_t time)
{
    if (time <= growth->start) {
        return 0.0;
    }
    if (time >= growth->end) {
        return 1.0;
    }
    int32_t day = (int32_t)((time - growth->start) / CW_MICROS_PER_DAY);
    int64_t offset = time - growth->start - day * CW_MICROS_PER_DAY;
    double within = (double)offset / (double)day_length(growth, day);
    return growth->sums[day] + within * (growth->sums[day + 1] - growth->sums[day]);
}
