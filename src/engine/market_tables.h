/* What is looked up millions of times when customers are drawn, made once from the reference data: thresholds
 * of names, alias tables, and pools that hold the strings of all markets, so that one dictionary serves a
 * whole column. */
#ifndef CW_ENGINE_MARKET_TABLES_H
#define CW_ENGINE_MARKET_TABLES_H

#include "engine/distribution.h"
#include "engine/street.h"
#include "model/reference.h"

/* Family names of one ascii form. Groups divide the 64-bit range in proportion to their weights. */
struct cw_family_group {
    uint64_t scale;                   /* maps an offset into the group onto the whole 64-bit range */
    uint32_t first;                   /* first name */
    uint32_t count : 6;               /* names of this ascii form */
    uint32_t offending_initials : 26; /* bit i: the initial 'a' + i before the name makes a word nobody is
                                         called */
};
#define CW_FAMILY_SPELLINGS_MAX 63

/* Given names of one ascii form; its cells say which spelling, sex and birth decade, by weight. */
struct cw_given_group {
    uint32_t first_cell;
    uint16_t cell_count;
    uint8_t initial; /* 0 for a to 25 for z */
};

/* A cell of an alias table over the cells of a group, small to stay in the cache. */
struct cw_given_cell {
    uint16_t threshold; /* of 2^16: below it this cell, else other */
    uint16_t name;      /* in the market's given names */
    uint8_t other;      /* within the group */
    uint8_t decade;     /* of birth, or CW_ANY_DECADE */
};

#define CW_ANY_DECADE 255
#define CW_NAME_GUIDE_BITS 12

/* Ages by probability: a normal of mean 35 and deviation 12 years between 16 and 95. */
#define CW_AGE_STEPS 4096
struct cw_age_table {
    int32_t days[CW_AGE_STEPS + 1]; /* age in days at probability i / CW_AGE_STEPS */
    uint32_t
        decade_start[CW_BIRTH_DECADES + 1]; /* where a decade begins, by probability of 2^32, oldest last */
};

struct cw_market_table {
    const struct cw_market *market;
    uint32_t family_group_count;
    uint32_t given_group_count;
    uint64_t *family_starts; /* where each group begins; ended by marks of UINT64_MAX */
    uint64_t *given_starts;  /* likewise */
    struct cw_family_group *family_groups;
    struct cw_given_group *given_groups;
    struct cw_given_cell *given_cells;
    uint16_t
        family_guide[1 << CW_NAME_GUIDE_BITS]; /* first group that may hold a number with these top bits */
    uint16_t given_guide[1 << CW_NAME_GUIDE_BITS];
    uint32_t initial_groups[27]; /* first group of each initial, and the count */
    struct cw_alias cities;
    struct cw_alias streets; /* count 0 where the market has none */
    struct cw_alias phones;
    struct cw_alias payment_brands;
    struct cw_alias email_domains;
    struct cw_street_format street_format;
    uint16_t *region_zones; /* time zone of each region: that of its largest city */
    /* Where the market's strings begin in the shared pools. */
    uint32_t given_base, family_base, city_base, region_base, postal_base, company_base, brand_base;
};

struct cw_market_tables {
    uint32_t count;
    struct cw_market_table *tables;
    struct cw_age_table ages;
    struct cw_pool given_names, family_names, cities, regions, postal_codes, payment_brands;
    struct cw_pool countries, locales, languages, currencies; /* indexed by market */
};

/* Makes the tables of all markets: some megabytes, some tens of milliseconds. Immutable and shared freely. */
cw_status cw_market_tables_new(struct cw_market_tables **tables, struct cw_error *error);
void cw_market_tables_free(struct cw_market_tables *tables);

/* The last of the ascending starts that is not above position, from group on. The first steps are taken
 * without branches, since their number cannot be predicted. starts goes on for CW_SEARCH_STEPS past its end
 * mark. */
#define CW_SEARCH_STEPS 4
static inline uint32_t cw_start_search(const uint64_t *starts, uint32_t group, uint64_t position)
{
    const uint64_t *next = starts + group + 1;
    uint32_t steps = (uint32_t)(next[0] <= position) + (uint32_t)(next[1] <= position) +
                     (uint32_t)(next[2] <= position) + (uint32_t)(next[3] <= position);
    group += steps;
    if (steps == CW_SEARCH_STEPS) {
        while (starts[group + 1] <= position) {
            group++;
        }
    }
    return group;
}

static inline uint32_t cw_family_find(const struct cw_market_table *table, uint64_t position)
{
    return cw_start_search(table->family_starts, table->family_guide[position >> (64 - CW_NAME_GUIDE_BITS)],
                           position);
}

/* Which spelling of a family name of several: an index below group->count, by weight. */
uint32_t cw_family_spelling(const struct cw_market_table *table, const struct cw_family_group *group,
                            uint64_t draw);

static inline uint32_t cw_given_find(const struct cw_market_table *table, uint64_t position)
{
    return cw_start_search(table->given_starts, table->given_guide[position >> (64 - CW_NAME_GUIDE_BITS)],
                           position);
}

/* Age in days at a probability of 2^32. */
static inline int32_t cw_age_days(const struct cw_age_table *ages, uint32_t probability)
{
    uint32_t step = probability >> 20;
    uint32_t rest = probability & 0xfffff;
    int64_t low = ages->days[step];
    return (int32_t)(low + (((ages->days[step + 1] - low) * (int64_t)rest) >> 20));
}

#endif
