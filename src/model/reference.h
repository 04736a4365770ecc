/* Reference data: the facts about markets that are compiled into the library from the text under data/.
 * Everything here is constant, static storage, safe to share between threads. Weights are relative unless
 * said. */
#ifndef CW_MODEL_REFERENCE_H
#define CW_MODEL_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "cartwright/batch.h"

enum cw_sex { CW_SEX_FEMALE, CW_SEX_MALE };

/* Birth decades that given names are weighted by: before 1940, 1940s, 1950s, ..., 2000s, 2010s. */
#define CW_BIRTH_DECADES 9
#define CW_FIRST_BIRTH_DECADE 1930

/* Given names, sorted by ascii form (bytewise), so that names of one ascii form are neighbours. */
struct cw_given_names {
    uint32_t count;
    struct cw_pool native; /* as written in the locale's script */
    struct cw_pool ascii;  /* lower-case a-z only, transliterated by the language's own rules; never empty */
    const uint8_t *sex;    /* enum cw_sex; a name given to both sexes stands twice */
    const uint32_t *weights; /* count * CW_BIRTH_DECADES; equal across decades where the source has none */
};

/* Family names, sorted by ascii form (bytewise). */
struct cw_family_names {
    uint32_t count;
    struct cw_pool native;
    struct cw_pool ascii; /* lower-case a-z only */
    const uint32_t *weights;
    /* Among all markets in their fixed order: how many have this ascii form, and how many of those stand
     * before. */
    const uint8_t *sharing_markets; /* >= 1 */
    const uint8_t *sharing_rank;    /* < sharing_markets */
};

/* Populated places. */
struct cw_cities {
    uint32_t count;
    struct cw_pool names;
    const uint16_t *region;       /* index into the market's regions */
    const uint16_t *zone;         /* index for cw_zone_get */
    const uint32_t *population;   /* about 2016; at least 1 */
    const uint32_t *first_postal; /* count + 1; postal codes of city i: [first_postal[i], first_postal[i +
                                     1]), never none */
};

/* States, Länder, departments, prefectures. names is what an address shows ("CA", "Bayern", "東京都"). */
struct cw_regions {
    uint32_t count;
    struct cw_pool names; /* shown in addresses; an empty string where addresses show none */
    struct cw_pool codes; /* ISO 3166-2 part after the hyphen */
    const uint32_t
        *sales_tax; /* thousandths of a percent added at the till in this region; 0 where VAT applies */
};

struct cw_postal_codes {
    uint32_t count;
    struct cw_pool codes; /* national format, "1010", "SW1A 1AA", "100-0001" */
    struct cw_pool
        localities; /* quarter or town that street addresses of this code use (JP); else empty strings */
};

/* Street names, ready to use ("Hauptstraße", "Maple Avenue", "Rue Victor Hugo"). Empty for JP, which uses
 * localities. */
struct cw_streets {
    uint32_t count;
    struct cw_pool names;
    const uint32_t *weights;
};

enum cw_phone_kind { CW_PHONE_MOBILE, CW_PHONE_LANDLINE };

/* A range of telephone numbers: every number of it is valid for its kind by the national plan. */
struct cw_phone_ranges {
    uint32_t count;
    struct cw_pool prefixes; /* E.164 with plus sign, "+4915112" */
    const uint8_t *kind;     /* enum cw_phone_kind */
    const uint8_t *digits;   /* random decimal digits that follow, each 0 to 9 */
    const uint32_t *weights;
};

enum cw_payment_kind {
    CW_PAYMENT_CARD,
    CW_PAYMENT_WALLET,
    CW_PAYMENT_BANK_TRANSFER,
    CW_PAYMENT_DIRECT_DEBIT,
    CW_PAYMENT_INVOICE,
    CW_PAYMENT_CASH,
    CW_PAYMENT_KIND_COUNT
};

/* Ways to pay in the market: card schemes, wallets, services. */
struct cw_payment_brands {
    uint32_t count;
    struct cw_pool names; /* "visa", "paypal", "sepa", "konbini" */
    const uint8_t *kind;  /* enum cw_payment_kind */
    const uint32_t *weights;
    const uint16_t *first_test_range; /* count + 1, into cw_card_ranges; empty unless a card */
};

/* Published test card numbers: prefix digits, then free digits, then the Luhn check digit; length in all. A
 * range whose prefix is a whole published number but its check digit has no free digits. Shared by all
 * markets. */
struct cw_card_ranges {
    uint32_t count;
    struct cw_pool prefixes;
    const uint8_t *length;
};

struct cw_email_domains {
    uint32_t count;
    struct cw_pool names; /* free-mail providers, lower case */
    const uint32_t *weights;
};

/* A public holiday of the whole market (regional ones are left out). */
struct cw_holidays {
    uint32_t count;
    const int32_t *days; /* days since 1970-01-01, ascending, 2000 to 2040 */
};

struct cw_tax {
    bool inclusive;         /* prices hold the tax; false: sales tax by region is added */
    uint32_t standard_rate; /* thousandths of a percent: 19000 is 19 %; used when inclusive */
    uint32_t reduced_rate;
    uint32_t zero_rate; /* rate of the lowest class: 0 in GB, else the reduced one */
};

/* How an address is written; {number} {street} {locality} {unit} are replaced. */
struct cw_address_format {
    const char *street;           /* "{number} {street}" or "{street} {number}"; JP "{locality}{number}" */
    const char *number;           /* "plain": 1 to 9999 by street; "block": JP chome-ban-go "1-2-3" */
    uint32_t highest_number;      /* usual highest house number: US 9999, else 200 */
    struct cw_pool unit_patterns; /* "Apt {n}", "Flat {n}", "{n}. OG"; {n} is a number from 1 */
};

struct cw_market {
    const char *country;      /* ISO 3166-1 alpha-2 */
    const char *name;         /* English */
    const char *locale;       /* "de-DE" */
    const char *language;     /* "de" */
    const char *currency;     /* "EUR" */
    uint32_t currency_digits; /* minor unit: 10^-digits of the currency */
    uint32_t rate;  /* minor units of the currency for 100.00 USD: a fixed rate of the data version */
    uint32_t share; /* weight in the default locale mix */
    bool family_name_first;
    uint32_t apartment_share; /* per mille of urban homes with a unit */
    struct cw_tax tax;
    struct cw_address_format address;
    struct cw_given_names given_names;
    struct cw_family_names family_names;
    struct cw_regions regions;
    struct cw_cities cities;
    struct cw_postal_codes postal_codes;
    struct cw_streets streets;
    struct cw_phone_ranges phones;
    struct cw_payment_brands payment_brands;
    struct cw_email_domains email_domains;
    struct cw_pool
        company_words; /* first parts of company names, ascii letters or native script: "Nordlicht" */
    struct cw_pool company_ascii;    /* the same for domains, lower-case a-z and hyphen */
    struct cw_pool company_suffixes; /* "GmbH", "Ltd", "Inc.", "株式会社" */
    const char *company_domain;      /* ".de": top level of corporate and own domains */
    struct cw_holidays holidays;
};

/* A time zone compiled from the IANA database: offset i holds from transitions[i] (seconds since 1970 UTC)
 * on. */
struct cw_zone {
    const char *name;           /* "Europe/Berlin" */
    uint32_t count;             /* >= 1; transitions[0] is INT64_MIN */
    const int64_t *transitions; /* ascending, 1990 to 2045 */
    const int32_t *offsets;     /* seconds east of UTC */
};

/* The version of the reference data and of every rule that decides bytes; raised when generated bytes change.
 */
uint32_t cw_data_version(void);

/* Markets in their fixed order (order of cw_market_get, never reordered): US, GB, DE, FR, JP, ... */
uint32_t cw_market_count(void);
const struct cw_market *cw_market_get(uint32_t index);

/* Index of a market by country ("DE") or locale ("de-DE", "de_DE"), case-insensitive; -1 when unknown. */
int cw_market_find(const char *code);

uint32_t cw_zone_count(void);
const struct cw_zone *cw_zone_get(uint32_t index);
int cw_zone_find(const char *name);

const struct cw_card_ranges *cw_card_ranges_get(void);

/* A place where a fulfilment centre stands. city, region and postal_code are one place of the market's data.
 */
struct cw_fulfilment_site {
    const char *code; /* "US-EAST-1": unique */
    const char *name;
    uint32_t market; /* index for cw_market_get */
    const char *city;
    const char *region; /* as the market's addresses show it */
    const char *postal_code;
    uint32_t zone;      /* index for cw_zone_get */
    int32_t opened_day; /* days since 1970-01-01 */
};

/* Sites grouped by market in market order; every market has one or more. index < cw_fulfilment_site_count().
 */
uint32_t cw_fulfilment_site_count(void);
const struct cw_fulfilment_site *cw_fulfilment_site_get(uint32_t index);

#endif
