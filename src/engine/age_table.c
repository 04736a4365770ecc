#include "engine/age_table.h"

#include "base/calendar.h"
#include "base/mathematics.h"

#define DAYS_PER_YEAR 365.25
#define MEAN_YEARS 35.0
#define DEVIATION_YEARS 12.0
#define OLDEST_DAYS 34698 /* 95 years */
/* The standard normal distribution function at (16 - 35) / 12 and (95 - 35) / 12. */
#define SHARE_YOUNGER 0.0566727546097629156862
#define SHARE_UP_TO_OLDEST 0.999999713348428120806

void cw_age_table_fill(struct cw_age_table *ages)
{
    for (int i = 0; i <= CW_AGE_STEPS; i++) {
        double share = SHARE_YOUNGER + (SHARE_UP_TO_OLDEST - SHARE_YOUNGER) * i / CW_AGE_STEPS;
        double years = MEAN_YEARS + DEVIATION_YEARS * cw_normal_quantile(share);
        int32_t days = (int32_t)(years * DAYS_PER_YEAR);
        ages->days[i] = (uint16_t)(days < OLDEST_DAYS ? days : OLDEST_DAYS - 1);
    }
}

/* The lowest probability at which people are at least so old. */
static uint32_t probability_of_age(const struct cw_age_table *ages, int32_t age)
{
    uint32_t low = 0;
    uint32_t high = UINT32_MAX;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (cw_age_days(ages, middle) >= age) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* The first and the last decade stand for all before and after them. */
void cw_birth_decades_fill(struct cw_birth_decades *decades, const struct cw_age_table *ages, int32_t day)
{
    decades->start[CW_BIRTH_DECADES] = 0;
    decades->start[0] = UINT32_MAX;
    decades->start[CW_ANY_DECADE] = UINT32_MAX;
    decades->start[CW_ANY_DECADE + 1] = 0;
    for (int32_t d = 1; d < CW_BIRTH_DECADES; d++) {
        /* Who was born on the decade's first day is so old, and belongs to it; who is older does not. */
        int32_t age = day - cw_date_to_days(CW_FIRST_BIRTH_DECADE + 10 * d, 1, 1);
        decades->start[d] = probability_of_age(ages, age + 1);
    }
}
