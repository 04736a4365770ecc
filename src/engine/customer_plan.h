/* Customers as functions of their row number: what is decided once per run, and what a single row is. */
#ifndef CW_ENGINE_CUSTOMER_PLAN_H
#define CW_ENGINE_CUSTOMER_PLAN_H

#include "base/draw.h"
#include "base/uuid.h"
#include "cartwright/run.h"
#include "engine/growth.h"
#include "engine/market_tables.h"
#include "model/world.h"

#define CW_ADDRESSES_MAX 3
#define CW_PAYMENT_METHODS_MAX 3
#define CW_MARKET_GUIDE_BITS 6
#define CW_RATE_LEVELS 4 /* purchase rates within a segment */

/* Purposes of the customers' draws. Values take part in every draw: never renumber. */
enum cw_customer_draw {
    CW_CUSTOMER_DRAW_ORDER = 1,
    CW_CUSTOMER_DRAW_ID,
    CW_CUSTOMER_DRAW_SIGN_UP,
    CW_CUSTOMER_DRAW_TRAITS, /* bits as cw_customer_trait says */
    CW_CUSTOMER_DRAW_PLACE,
    CW_CUSTOMER_DRAW_STREET, /* high half: the street; low half: the house number */
    CW_CUSTOMER_DRAW_NAME,
    CW_CUSTOMER_DRAW_BIRTH,
    CW_CUSTOMER_DRAW_EMAIL,
    CW_CUSTOMER_DRAW_PHONE, /* high half: the range; low half: the digits */
    CW_CUSTOMER_DRAW_CREDIT,
    CW_CUSTOMER_DRAW_ADDRESS_ID,
    CW_CUSTOMER_DRAW_ADDRESS,
    CW_CUSTOMER_DRAW_METHOD_ID,
    CW_CUSTOMER_DRAW_METHOD,
    CW_CUSTOMER_DRAW_COUNT
};

struct cw_customer_market {
    int64_t first; /* of the run's shuffled rows: [first, first + count) are this market's */
    int64_t count;
    uint64_t step;   /* distance of two customers on the 64-bit scale of names */
    uint64_t offset; /* of the first one; below step */
};

struct cw_customer_plan {
    const struct cw_market_tables *tables;
    int64_t count;
    int64_t as_of;
    int64_t prior_total;
    int64_t prior_runs;
    int segment; /* -1: the usual mix */
    uint32_t market_count;
    struct cw_customer_market markets[CW_MARKETS_MAX];
    int64_t market_ends[CW_MARKETS_MAX]; /* first + count of each market */
    uint8_t
        market_guide[1 << CW_MARKET_GUIDE_BITS]; /* first market that may hold a place with these top bits */
    uint32_t market_guide_shift;
    int64_t prior[CW_MARKETS_MAX];
    struct cw_permutation order;
    const struct cw_growth *growth; /* of the tables where it suits, else the plan's own */
    struct cw_growth own_growth;
    struct cw_stream streams[CW_CUSTOMER_DRAW_COUNT];
    struct cw_birth_decades decades;
};

/* Prepares a run of spec->customers rows. tables must outlive the plan, which stays where it is. spec must be
 * resolved. */
cw_status cw_customer_plan_init(struct cw_customer_plan *plan, const struct cw_run_spec *spec,
                                const struct cw_market_tables *tables, struct cw_error *error);
void cw_customer_plan_clear(struct cw_customer_plan *plan);

/* What other columns and the orders follow from. */
struct cw_customer {
    const struct cw_market_table *table; /* of the market */
    int64_t row;
    int64_t created_at;
    int64_t number;        /* rank among the market's customers, in the order of names */
    uint64_t traits;       /* the draw that the traits below are cut from */
    uint32_t city, postal; /* in the market */
    uint16_t region;
    uint8_t market;
    uint8_t segment; /* enum cw_segment */
};

/* Traits are fields of bits of one draw; bits 48 to 63 choose the postal code, 0 to 13 the segment. */
static inline uint32_t cw_customer_trait(const struct cw_customer *customer, uint32_t first, uint32_t bits)
{
    return (uint32_t)(customer->traits >> first) & ((1U << bits) - 1);
}

/* Purchase rate within the segment, below CW_RATE_LEVELS. */
static inline uint8_t cw_customer_level(const struct cw_customer *customer)
{
    return (uint8_t)cw_customer_trait(customer, 14, 2);
}

/* 1, 2 or 3 in the proportion 6 : 3 : 1, by a byte. */
static inline uint8_t cw_customer_one_to_three(uint32_t byte)
{
    return (uint8_t)(1 + (byte >= 154) + (byte >= 230));
}

static inline uint8_t cw_customer_address_count(const struct cw_customer *customer)
{
    return cw_customer_one_to_three(cw_customer_trait(customer, 16, 8));
}

static inline uint8_t cw_customer_method_count(const struct cw_customer *customer)
{
    return cw_customer_one_to_three(cw_customer_trait(customer, 24, 8));
}

static inline bool cw_customer_has_phone(const struct cw_customer *customer)
{
    return cw_customer_trait(customer, 44, 4) != 0;
}

void cw_customer_make(const struct cw_customer_plan *plan, int64_t row, struct cw_customer *customer);

/* The same for rows [first, first + count), which is faster than one by one. */
void cw_customers_make(const struct cw_customer_plan *plan, int64_t first, int64_t count,
                       struct cw_customer *customers);

/* Name and birth date. */
struct cw_identity {
    uint64_t within;       /* position on the scale of given names, within the family name */
    uint32_t family_group; /* in the market's tables */
    uint32_t given_group;
    uint32_t family; /* name in the market */
    uint32_t given;
    int32_t birth_date;
};

void cw_customer_identify(const struct cw_customer_plan *plan, const struct cw_customer *customer,
                          struct cw_identity *identity);

void cw_customers_identify(const struct cw_customer_plan *plan, const struct cw_customer *customers,
                           int64_t count, struct cw_identity *identities);

static inline uint64_t cw_customer_draw(const struct cw_customer_plan *plan, enum cw_customer_draw purpose,
                                        int64_t row, uint32_t number)
{
    return cw_draw(plan->streams[purpose], (uint64_t)row, number);
}

static inline void cw_customer_id(const struct cw_customer_plan *plan, const struct cw_customer *customer,
                                  uint8_t id[CW_UUID_SIZE])
{
    uint64_t row = (uint64_t)(plan->prior_total + customer->row);
    cw_uuid_v7(id, customer->created_at, cw_unique62(plan->streams[CW_CUSTOMER_DRAW_ID], row));
}

/* Highest open amount on account, minor units of the market's currency. */
int64_t cw_customer_credit_limit(const struct cw_customer_plan *plan, const struct cw_customer *customer);

/* Address k of the customer; 0 is the home address. */
void cw_customer_address(const struct cw_customer_plan *plan, const struct cw_customer *customer, uint32_t k,
                         struct cw_known_address *address);

struct cw_method_detail {
    struct cw_known_payment_method known;
    uint32_t brand;                    /* in the market's payment brands */
    int32_t expiry_year, expiry_month; /* 0 unless a card */
};

/* Payment method k of the customer; 0 is the default, and a card among the defaults is still valid at as-of.
 */
void cw_customer_method(const struct cw_customer_plan *plan, const struct cw_customer *customer, uint32_t k,
                        struct cw_method_detail *method);

/* Fills a batch of customers, addresses or payment methods with the rows of customers [first, first + count).
 * columns says which columns are wanted. Errors: CW_E_NO_MEMORY. */
cw_status cw_customer_fill(const struct cw_customer_plan *plan, int64_t first, int64_t count,
                           uint64_t columns, struct cw_batch *batch, struct cw_error *error);
cw_status cw_address_fill(const struct cw_customer_plan *plan, int64_t first, int64_t count, uint64_t columns,
                          struct cw_batch *batch, struct cw_error *error);
cw_status cw_payment_method_fill(const struct cw_customer_plan *plan, int64_t first, int64_t count,
                                 uint64_t columns, struct cw_batch *batch, struct cw_error *error);

#endif
