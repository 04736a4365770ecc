/* Orders while they are made: a unit's orders are drawn (order_draw.c), meet the stock of their centre in
 * order of time (stock_pass.c), get their timeline (timeline.c) and become rows (order.c and its neighbours).
 */
#ifndef CW_ENGINE_ORDER_PLAN_H
#define CW_ENGINE_ORDER_PLAN_H

#include "engine/demand.h"
#include "engine/season.h"
#include "engine/work_calendar.h"

#define CW_ORDER_LINES_MAX 40

/* Codes as in the entity catalogue's lists of values. */
enum cw_order_status {
    CW_ORDER_CREATED,
    CW_ORDER_PAID,
    CW_ORDER_CONFIRMED,
    CW_ORDER_SHIPPED,
    CW_ORDER_DELIVERED,
    CW_ORDER_CANCELLED,
    CW_ORDER_PAYMENT_FAILED,
    CW_ORDER_STATUS_COUNT
};
enum cw_shipping { CW_SHIPPING_STANDARD, CW_SHIPPING_EXPRESS, CW_SHIPPING_NEXT_DAY, CW_SHIPPING_PICKUP };
enum cw_cancellation {
    CW_CANCELLED_BY_CUSTOMER,
    CW_CANCELLED_UNPAID,
    CW_CANCELLED_FRAUD,
    CW_CANCELLED_ADDRESS
};
enum cw_fulfilment { CW_FULFILMENT_STOCK, CW_FULFILMENT_SUBSTITUTED, CW_FULFILMENT_BACKORDERED };

/* What will become of an order, unless as-of comes first. */
enum cw_outcome { CW_OUTCOME_DELIVERED, CW_OUTCOME_CANCELLED, CW_OUTCOME_PAYMENT_FAILED };

#define CW_NEVER INT64_MAX

struct cw_order_line {
    uint32_t variant;
    uint32_t product;
    uint32_t requested; /* variant asked for; differs from variant only when substituted */
    int32_t quantity;
    int32_t tax_rate;   /* thousandths of a percent */
    uint8_t fulfilment; /* enum cw_fulfilment */
    uint8_t tax_class;  /* enum cw_tax_class */
    int64_t unit_amount;
    int64_t discount_amount;
    int64_t tax_amount;
    int64_t total_amount;
    int64_t sale_at; /* when the goods leave the stock on hand; CW_NEVER if they do not before as-of */
};

struct cw_order {
    uint64_t number; /* among all orders of the store: prior orders + row of the run */
    int64_t created_at;
    struct cw_uuid customer_id, shipping_address_id, billing_address_id, payment_method_id;
    uint32_t first_line; /* of the unit's lines */
    uint8_t line_count;
    uint8_t market;
    uint8_t segment;
    uint8_t payment_kind; /* enum cw_payment_kind */
    uint8_t channel;
    uint8_t shipping; /* enum cw_shipping */
    uint8_t fraud_score;
    uint8_t outcome;      /* enum cw_outcome */
    uint8_t cancellation; /* enum cw_cancellation */
    uint8_t attempts;     /* payments tried, at least 1 */
    uint8_t status;       /* enum cw_order_status at as-of */
    int64_t subtotal_amount, discount_amount, shipping_amount, tax_amount, shipping_tax_amount, total_amount;
    int64_t ready_at; /* when all its goods are there */
    int64_t ended_at; /* when it is cancelled or its payment given up; CW_NEVER otherwise */
    int64_t reached_at[CW_ORDER_STATUS_COUNT]; /* when a status was entered; CW_NEVER when not by as-of */
};

/* A product on sale in a currency: all that the drawing of orders asks of it, in one line of the cache. */
struct cw_offer {
    _Alignas(64) int64_t sold_from; /* launch */
    int64_t sold_until;             /* retirement; INT64_MAX while active */
    int64_t price;                  /* in force at the beginning of the range, or at launch */
    int64_t price_until;            /* INT64_MAX when it does not change */
    uint32_t next_price;            /* in the catalogue's prices, from price_until on */
    uint32_t end_price;
    uint32_t first_variant;
    uint32_t excluded_markets;
    uint16_t variant_count;
    uint8_t season, minimum_age, tax_class;
};

/* A product as stock and parcels need it. */
struct cw_shelf {
    uint32_t first_variant;
    int32_t weight;
    uint16_t variant_count;
};

/* What all units of a run share; immutable. */
struct cw_order_plan {
    const struct cw_market_tables *tables;
    const struct cw_catalogue *catalogue;
    struct cw_demand demand;
    struct cw_shelf *shelves;                /* of each product */
    struct cw_offer *offers[CW_MARKETS_MAX]; /* by currency slot, then product; NULL where no cell uses it */
    struct cw_alias
        popularity[CW_SEASON_PARTS]; /* of products; those of parts that the range does not touch are empty */
    struct cw_alias lines[CW_SEGMENT_COUNT]; /* items of an order less one */
    struct cw_work_calendar *calendars;      /* of each cell */
    struct cw_uuid *site_ids;                /* of each cell's fulfilment centre */
    struct cw_pool skus;
    int64_t as_of;
    int64_t opening;
    uint64_t prior_orders;
    uint64_t seed;
    bool has_world; /* stock comes from what the world can promise, not from opening stock */
    double popularity_sum;
    double units_per_order; /* on average over the buyers' segments */
    struct cw_stream traits, basket, times, stock, ids[CW_ENTITY_COUNT];
    uint64_t delivery_key; /* tells the deliveries of runs into one store apart */
};

/* Prepares the orders of a run, on up to so many threads. Errors: CW_E_INVALID, CW_E_NOT_FOUND,
 * CW_E_NO_MEMORY. */
cw_status cw_order_plan_init(struct cw_order_plan *plan, const struct cw_run_spec *spec,
                             const struct cw_buyers *buyers, const struct cw_catalogue *catalogue,
                             const struct cw_market_tables *tables, bool has_world, uint32_t threads,
                             struct cw_error *error);
void cw_order_plan_clear(struct cw_order_plan *plan);

/* The orders of a unit in order of time, and their lines. Storage grows and is used again. */
struct cw_order_set {
    const struct cw_order_plan *plan;
    uint32_t cell;
    int64_t order_count, line_count;
    int64_t order_capacity, line_capacity;
    struct cw_order *orders;
    struct cw_order_line *lines;
};
void cw_order_set_clear(struct cw_order_set *set);

/* Draws the orders of a unit: everything but what stock decides. */
cw_status cw_order_draw(const struct cw_order_plan *plan, int64_t unit, struct cw_order_set *set,
                        struct cw_error *error);

/* Sets status and the times of every status, from ready_at and the outcome. */
void cw_order_timeline(const struct cw_order_plan *plan, uint32_t cell, struct cw_order *order);

/* When an order that will not be delivered ends, before anything is known of its stock. */
void cw_order_decide_end(const struct cw_order_plan *plan, uint32_t cell, struct cw_order *order);

/* Identifier of a row: time is its own, number differs between all rows of the entity in the store. */
void cw_order_id(const struct cw_order_plan *plan, enum cw_entity_id entity, int64_t time, uint64_t number,
                 uint8_t id[16]);

/* Numbers of an order's rows. Those of deliveries and opening stock lie above all of them. */
#define CW_ITEM_NUMBER(order, line) ((order)*64 + (line))
#define CW_HISTORY_NUMBER(order, sequence) ((order)*8 + (sequence))
#define CW_PAYMENT_NUMBER(order, attempt) ((order)*8 + (attempt))
#define CW_SALE_NUMBER(order, line, is_back) (CW_ITEM_NUMBER(order, line) * 2 + (is_back))
#define CW_DELIVERY_NUMBER(plan, serial) (UINT64_C(1) << 61 | ((serial) ^ (plan)->delivery_key))

/* The moment its payment goes through, if it does. */
int64_t cw_order_paid_at(const struct cw_order_plan *plan, const struct cw_order *order);

/* Rows of a drawn unit, as batches of their entities; columns says which are wanted. Errors: CW_E_NO_MEMORY.
 */
cw_status cw_order_fill(const struct cw_order_set *set, uint64_t columns, struct cw_batch *batch,
                        struct cw_error *error);
cw_status cw_order_item_fill(const struct cw_order_set *set, uint64_t columns, struct cw_batch *batch,
                             struct cw_error *error);
cw_status cw_order_status_history_fill(const struct cw_order_set *set, uint64_t columns,
                                       struct cw_batch *batch, struct cw_error *error);
cw_status cw_payment_fill(const struct cw_order_set *set, uint64_t columns, struct cw_batch *batch,
                          struct cw_error *error);
cw_status cw_shipment_fill(const struct cw_order_set *set, uint64_t columns, struct cw_batch *batch,
                           struct cw_error *error);

#endif
