/* What is looked up millions of times when customers are drawn, made once from the reference data: thresholds
 * of names, alias tables, and pools that hold the strings of all markets, so that one dictionary serves a
 * whole column. */
#ifndef CW_ENGINE_MARKET_TABLES_H
#define CW_ENGINE_MARKET_TABLES_H

#include "engine/distribution.h"
#include "engine/growth.h"
#include "engine/name_tables.h"
#include "engine/street.h"
#include "model/reference.h"

/* Where customers live: a cell of the alias table over a market's cities together with the city itself, so
 * that a draw mostly reads one cache line. */
struct cw_city_cell {
    uint32_t threshold; /* of 2^32: below it this city, else other */
    uint32_t other;
    uint32_t first_postal; /* in the market's postal codes */
    uint16_t postal_count; /* >= 1 */
    uint16_t region;       /* in the market's regions */
};

/* A range of phone numbers. */
#define CW_PHONE_PREFIX_MAX 14
#define CW_PHONE_DIGITS_MAX 8
struct cw_phone_range {
    char prefix[CW_PHONE_PREFIX_MAX];
    uint8_t length; /* of the prefix */
    uint8_t digits; /* random ones that follow */
};

/* A street's name; only its beginning if it is longer. */
#define CW_STREET_TEXT_MAX 31
struct cw_street_text {
    char text[CW_STREET_TEXT_MAX];
    uint8_t length;
};

/* Whose domain an e-mail address has: a free-mail provider's, a company's, or the customer's own. */
enum cw_email_owner { CW_EMAIL_PROVIDER, CW_EMAIL_COMPANY, CW_EMAIL_SELF, CW_EMAIL_OWNER_COUNT };

/* What stands behind the names in an e-mail address: "@example.com". */
#define CW_EMAIL_END_MAX 39
struct cw_email_end {
    char text[CW_EMAIL_END_MAX];
    uint8_t length;
};

struct cw_email_ends {
    struct cw_alias choice;
    struct cw_email_end *ends;
};

struct cw_market_table {
    const struct cw_market *market;
    struct cw_name_tables names;
    uint32_t city_count;
    struct cw_city_cell *cities;
    struct cw_phone_range *phone_ranges;
    struct cw_street_text *street_texts; /* of the streets or, where those have no names, the localities */
    const struct cw_pool *street_names;  /* the same in full */
    uint8_t *region_shown;               /* whether addresses show the region: 1 or 0 */
    struct cw_alias streets;             /* count 0 where the market has none */
    struct cw_alias phones;
    struct cw_alias payment_brands;
    struct cw_email_ends email_ends[CW_EMAIL_OWNER_COUNT];
    struct cw_street_format street_format;
    uint16_t *region_zones; /* time zone of each region: that of its largest city */
    /* Where the market's strings begin in the shared pools. */
    uint32_t given_base, family_base, city_base, region_base, postal_base, company_base, brand_base;
};

struct cw_market_tables {
    uint32_t count;
    struct cw_market_table *tables;
    struct cw_arena arena; /* holds the tables and what they point to */
    int32_t day;           /* whose people the names suit, days since 1970 */
    struct cw_age_table ages;
    struct cw_pool given_names, family_names, cities, regions, postal_codes, payment_brands;
    struct cw_pool countries, locales, languages, currencies; /* indexed by market */
    struct cw_growth growth; /* of a shop that opened CW_USUAL_AGE before the as-of time */
    double spread[256];      /* log-normal multipliers (median 1, sigma 0.5) at even probabilities */
};

/* How long before the as-of time a shop opens unless the spec says otherwise, in microseconds. */
#define CW_USUAL_AGE (INT64_C(1826) * 86400 * 1000000)

/* Makes the tables of all markets for people of the year of as_of (microseconds since 1970): some megabytes,
 * some milliseconds. Immutable and shared freely. */
cw_status cw_market_tables_new(int64_t as_of, struct cw_market_tables **tables, struct cw_error *error);

/* Whether tables are those that cw_market_tables_new makes for as_of. */
bool cw_market_tables_suit(const struct cw_market_tables *tables, int64_t as_of);
void cw_market_tables_free(struct cw_market_tables *tables);

/* A city of the market, by population. */
static inline uint32_t cw_city_pick(const struct cw_market_table *table, uint32_t draw)
{
    uint64_t product = (uint64_t)draw * table->city_count;
    uint32_t index = (uint32_t)(product >> 32);
    const struct cw_city_cell *cell = &table->cities[index];
    return cw_alias_decide(index, cell->other, cell->threshold, (uint32_t)product);
}

/* Writes the name of a street or, where streets have none, of a locality, with room for CW_PADDING after it.
 */
static inline char *cw_street_text_write(char *out, const struct cw_market_table *table, uint32_t street)
{
    const struct cw_street_text *text = &table->street_texts[street];
    memcpy(out, text->text, sizeof text->text);
    if (__builtin_expect(text->length > CW_STREET_TEXT_MAX, 0)) {
        memcpy(out, table->street_names->bytes + table->street_names->offsets[street], text->length);
    }
    return out + text->length;
}

#endif
