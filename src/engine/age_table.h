/* How old customers are: a normal distribution of mean 35 and standard deviation 12 years between 16 and 95.
 */
#ifndef CW_ENGINE_AGE_TABLE_H
#define CW_ENGINE_AGE_TABLE_H

#include <stdint.h>

#include "model/reference.h"

#define CW_AGE_STEPS 4096

struct cw_age_table {
    int32_t days[CW_AGE_STEPS + 1]; /* age in days at probability i / CW_AGE_STEPS */
};

/* Where the decades of birth lie among the ages, by probability of 2^32: those born in decade d are the ages
 * from start[d + 1] up to start[d], so the youngest come first. Empty for decades in which nobody of age was
 * born. */
struct cw_birth_decades {
    uint32_t start[CW_BIRTH_DECADES + 1];
};

void cw_age_table_fill(struct cw_age_table *ages);

/* day: days since 1970 on which people have these ages. */
void cw_birth_decades_fill(struct cw_birth_decades *decades, const struct cw_age_table *ages, int32_t day);

/* Age in days at a probability of 2^32. */
static inline int32_t cw_age_days(const struct cw_age_table *ages, uint32_t probability)
{
    uint32_t step = probability >> 20;
    uint32_t rest = probability & 0xfffff;
    int64_t low = ages->days[step];
    return (int32_t)(low + (((ages->days[step + 1] - low) * (int64_t)rest) >> 20));
}

#endif
