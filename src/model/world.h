/* The world a run builds upon: customers, catalogue and stock that exist already, as plain arrays. A store
 * fills it from its rows; a run that makes its own shop fills it from its own generators. Read only once
 * filled; share freely. */
#ifndef CW_MODEL_WORLD_H
#define CW_MODEL_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "cartwright/run.h"

struct cw_uuid {
    uint8_t bytes[16];
};

enum cw_tax_class { CW_TAX_STANDARD, CW_TAX_REDUCED, CW_TAX_ZERO };
enum cw_season {
    CW_SEASON_NONE,
    CW_SEASON_SPRING,
    CW_SEASON_SUMMER,
    CW_SEASON_AUTUMN,
    CW_SEASON_WINTER,
    CW_SEASON_HOLIDAY
};

/* Products and their variants and prices. Arrays are indexed by product or variant unless said otherwise. */
struct cw_catalogue {
    uint32_t product_count;
    uint32_t variant_count;
    uint32_t price_count;
    struct cw_uuid *product_ids;
    int64_t *launched_at;
    int64_t *retired_at;        /* INT64_MAX while active */
    uint32_t *popularity;       /* >= 1 */
    uint32_t *first_variant;    /* product_count + 1 */
    uint8_t *tax_class;         /* enum cw_tax_class */
    uint8_t *season;            /* enum cw_season */
    uint8_t *minimum_age;       /* 0: none */
    uint32_t *excluded_markets; /* bit m: not sold in market m */
    int32_t *weight;            /* g */
    /* Prices of product p in currency slot k: [first_price[p * currency_count + k], first_price[... + 1]),
     * ascending by valid_from; each holds until the next one's valid_from. */
    uint32_t currency_count;
    uint8_t currency_market[CW_MARKETS_MAX]; /* currency slot -> a market that uses it */
    uint8_t market_currency[CW_MARKETS_MAX]; /* market -> currency slot */
    uint32_t *first_price;
    int64_t *price_valid_from;
    int64_t *price_amount;
    struct cw_uuid *variant_ids;
    uint32_t *variant_product;
    uint32_t *sku_offsets; /* variant_count + 1; SKU codes as a pool */
    char *sku_bytes;
};

struct cw_known_address {
    struct cw_uuid id;
    int64_t created_at;
};

struct cw_known_payment_method {
    struct cw_uuid id;
    int64_t created_at;
    int64_t limit_amount;
    int64_t expires_at; /* first moment it is no longer valid; INT64_MAX: never */
    uint8_t kind;       /* enum cw_payment_kind */
};

/* A customer as orders need it. */
struct cw_known_customer {
    struct cw_uuid id;
    int64_t created_at;
    int32_t birth_date; /* days */
    uint8_t market;
    uint8_t segment;        /* enum cw_segment */
    uint16_t region;        /* index into the market's regions; 0 when unknown */
    uint32_t first_address; /* into addresses; the default one first */
    uint32_t first_payment_method;
    uint8_t address_count;        /* >= 1, else the customer cannot order */
    uint8_t payment_method_count; /* >= 1, else the customer cannot order */
};

/* Existing customers, ascending by created_at. */
struct cw_population {
    uint32_t customer_count;
    uint32_t address_count;
    uint32_t payment_method_count;
    struct cw_known_customer *customers;
    struct cw_known_address *addresses;
    struct cw_known_payment_method *payment_methods;
};

/* What one fulfilment centre can still promise of some variants: from step i's time on, at least available[i]
 * units (the lowest level from that moment on, hence never falling over time). Steps of the k-th variant
 * asked for: [first_step[k], first_step[k + 1]); before the first step nothing is available. */
struct cw_promise {
    uint32_t *first_step;
    int64_t *times;
    int32_t *available;
};

struct cw_market_tables;

struct cw_world {
    const struct cw_population *population; /* NULL: the run makes its own customers */
    const struct cw_catalogue *catalogue;   /* NULL: the run makes its own products */
    /* Loads what the centre at site index (cw_fulfilment_site_get) can promise of catalogue variants first to
     * first + count - 1. Called from any thread, by small runs one variant at a time, by large ones once per
     * site. NULL: the shelves are empty. release_promise gives the arrays back. */
    cw_status (*load_promise)(void *context, uint32_t site, uint32_t first, uint32_t count,
                              struct cw_promise *promise, struct cw_error *error);
    void (*release_promise)(void *context, struct cw_promise *promise);
    void *context;
    /* Tables that many runs share (engine/market_tables.h); NULL: the run makes its own. */
    const struct cw_market_tables *market_tables;
};

#endif
