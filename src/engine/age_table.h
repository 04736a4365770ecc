/* How old customers are: a normal distribution of mean 35 and standard deviation 12 years between 16 and 95.
 */
#ifndef CW_ENGINE_AGE_TABLE_H
#define CW_ENGINE_AGE_TABLE_H

#include <stdint.h>

#include "model/reference.h"

#define CW_AGE_STEP_BITS 11
#define CW_AGE_STEPS (1 << CW_AGE_STEP_BITS)

struct cw_age_table {
    uint16_t days[CW_AGE_STEPS + 1]; /* age in days at probability i / CW_AGE_STEPS */
};

/* Where the decades of birth lie among the ages, by probability of 2^32: those born in decade d are the ages
 * from start[d + 1] up to start[d], so the youngest come first. Empty for decades in which nobody of age was
 * born. CW_ANY_DECADE is of all ages. */
#define CW_ANY_DECADE (CW_BIRTH_DECADES + 1)
struct cw_birth_decades {
    uint32_t start[CW_ANY_DECADE + 2];
};

void cw_age_table_fill(struct cw_age_table *ages);

/* day: days since 1970 on which people have these ages. */
void cw_birth_decades_fill(struct cw_birth_decades *decades, const struct cw_age_table *ages, int32_t day);

/* Age in days at a probability of 2^32. */
static inline int32_t cw_age_days(const struct cw_age_table *ages, uint32_t probability)
{
    const uint32_t rest_bits = 32 - CW_AGE_STEP_BITS;
    uint32_t step = probability >> rest_bits;
    uint64_t rest = probability & ((1U << rest_bits) - 1);
    uint64_t length = (uint64_t)ages->days[step + 1] - ages->days[step];
    return (int32_t)(ages->days[step] + (uint32_t)((length * rest) >> rest_bits));
}

#endif
