/* Stock of one cell as a path through time: orders meet it in order of time, it is taken down, replenished
 * after lead times, and never promised twice. */
#ifndef CW_ENGINE_STOCK_PASS_H
#define CW_ENGINE_STOCK_PASS_H

#include "engine/order_plan.h"

/* A variant in a cell. */
struct cw_stock_item {
    int64_t inbound_at; /* when the open delivery arrives */
    int64_t updated_at; /* latest movement; INT64_MIN: none */
    int32_t available;  /* can be promised now */
    int32_t inbound;    /* of the open delivery, not yet promised; -1: no delivery is open */
    int32_t on_hand;    /* sum of the movements of this run */
    int32_t stockouts;
    int32_t reorder_point; /* -1: not looked up, nor the quantity */
    int32_t reorder_quantity;
    uint32_t promise; /* 1 + position in cw_stock.promises; 0: not looked up */
    uint32_t deliveries;
};

/* How a variant is kept in a cell: a function of the run and the two alone. */
struct cw_stock_policy {
    int32_t opening; /* units at the beginning; 0 where the world provides them */
    int32_t reorder_point;
    int32_t reorder_quantity;
    int32_t lead_days;
};

/* A delivery from the supplier. */
struct cw_delivery {
    uint32_t variant;
    int32_t quantity;
    int64_t time;
    uint64_t serial; /* differs between all deliveries of a run */
};

struct cw_delivery_list {
    int64_t count, capacity;
    struct cw_delivery *items;
};

struct cw_stock; /* of one cell */

/* Makes a cell's stock as it is when the range begins. world is borrowed and may be NULL. */
cw_status cw_stock_new(const struct cw_order_plan *plan, const struct cw_world *world, uint32_t cell,
                       struct cw_stock **stock, struct cw_error *error);
void cw_stock_free(struct cw_stock *stock);

/* Takes the unit's orders, which must follow those taken before, out of the stock: sets fulfilment, variant
 * and sale_at of their lines and ready_at of the orders; appends the deliveries it asked for that arrive by
 * as-of. */
cw_status cw_stock_take(struct cw_stock *stock, struct cw_order_set *set, struct cw_delivery_list *deliveries,
                        struct cw_error *error);

/* The items, in catalogue order. */
const struct cw_stock_item *cw_stock_items(const struct cw_stock *stock);

void cw_stock_policy_of(const struct cw_order_plan *plan, uint32_t cell, uint32_t variant,
                        struct cw_stock_policy *policy);

/* When a variant's opening stock is put on the shelf: before the range, or with the launch of its product. */
int64_t cw_stock_opening_time(const struct cw_order_plan *plan, uint32_t variant);

#endif
