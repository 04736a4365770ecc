/* Rows of order items. */
#include "engine/fill.h"
#include "engine/order_plan.h"
#include "engine/text_pools.h"
#include "model/columns.h"

#define FIELD(column, kind, member)                                                                          \
    {                                                                                                        \
        CW_ORDER_ITEM_##column, CW_FIELD_##kind, offsetof(struct cw_order_line, member)                      \
    }

static const struct cw_field fields[] = {
    FIELD(SKU, INT32, variant),
    FIELD(QUANTITY, INT32, quantity),
    FIELD(UNIT_AMOUNT, INT64, unit_amount),
    FIELD(DISCOUNT_AMOUNT, INT64, discount_amount),
    FIELD(TAX_RATE, INT32, tax_rate),
    FIELD(TAX_AMOUNT, INT64, tax_amount),
    FIELD(TOTAL_AMOUNT, INT64, total_amount),
    FIELD(FULFILMENT, UINT8, fulfilment),
};

/* Ids, positions and the order's id, order by order. */
static void fill_parents(const struct cw_order_set *set, uint64_t columns, struct cw_batch *batch)
{
    const struct cw_order_plan *plan = set->plan;
    bool wants_id = cw_fill_wants(columns, CW_ORDER_ITEM_ID);
    bool wants_order = cw_fill_wants(columns, CW_ORDER_ITEM_ORDER_ID);
    bool wants_number = cw_fill_wants(columns, CW_ORDER_ITEM_LINE_NUMBER);
    for (int64_t o = 0; o < set->order_count; o++) {
        const struct cw_order *order = &set->orders[o];
        uint8_t order_id[16];
        cw_order_id(plan, CW_ENTITY_ORDER, order->created_at, order->number, order_id);
        for (uint32_t i = 0; i < order->line_count; i++) {
            int64_t row = order->first_line + i;
            if (wants_id) {
                cw_order_id(plan, CW_ENTITY_ORDER_ITEM, order->created_at, CW_ITEM_NUMBER(order->number, i),
                            cw_fill_uuid(batch, CW_ORDER_ITEM_ID, row));
            }
            if (wants_order) {
                memcpy(cw_fill_uuid(batch, CW_ORDER_ITEM_ORDER_ID, row), order_id, 16);
            }
            if (wants_number) {
                *cw_fill_int32(batch, CW_ORDER_ITEM_LINE_NUMBER, row) = (int32_t)i + 1;
            }
        }
    }
}

#define LOOK_AHEAD 8 /* lines: ids lie scattered over more memory than the caches hold */

static void fill_products(const struct cw_order_set *set, struct cw_batch *batch)
{
    uint8_t *ids = cw_fill_uuid(batch, CW_ORDER_ITEM_PRODUCT_ID, 0);
    const struct cw_uuid *known = set->plan->catalogue->product_ids;
    for (int64_t i = 0; i < set->line_count; i++) {
        if (i + LOOK_AHEAD < set->line_count) {
            __builtin_prefetch(&known[set->lines[i + LOOK_AHEAD].product]);
        }
        memcpy(ids + 16 * i, known[set->lines[i].product].bytes, 16);
    }
}

static void fill_variants(const struct cw_order_set *set, struct cw_batch *batch)
{
    uint8_t *ids = cw_fill_uuid(batch, CW_ORDER_ITEM_VARIANT_ID, 0);
    const struct cw_uuid *known = set->plan->catalogue->variant_ids;
    for (int64_t i = 0; i < set->line_count; i++) {
        if (i + LOOK_AHEAD < set->line_count) {
            __builtin_prefetch(&known[set->lines[i + LOOK_AHEAD].variant]);
        }
        memcpy(ids + 16 * i, known[set->lines[i].variant].bytes, 16);
    }
}

static void fill_requested(const struct cw_order_set *set, struct cw_batch *batch)
{
    uint8_t *ids = cw_fill_uuid(batch, CW_ORDER_ITEM_REQUESTED_VARIANT_ID, 0);
    for (int64_t i = 0; i < set->line_count; i++) {
        bool valid = set->lines[i].fulfilment == CW_FULFILMENT_SUBSTITUTED;
        cw_fill_valid(batch, CW_ORDER_ITEM_REQUESTED_VARIANT_ID, i, valid);
        if (valid) {
            memcpy(ids + 16 * i, set->plan->catalogue->variant_ids[set->lines[i].requested].bytes, 16);
        } else {
            memset(ids + 16 * i, 0, 16);
        }
    }
}

cw_status cw_order_item_fill(const struct cw_order_set *set, uint64_t columns, struct cw_batch *batch,
                             struct cw_error *error)
{
    const struct cw_pool *pools[CW_ORDER_ITEM_COLUMN_COUNT] = {
        [CW_ORDER_ITEM_SKU] = &set->plan->skus,
        [CW_ORDER_ITEM_FULFILMENT] = &cw_fulfilment_pool,
    };
    cw_status status = cw_fill_begin(batch, columns, set->line_count, pools, 0, error);
    if (status != CW_OK) {
        return status;
    }
    cw_fill_fields(batch, columns, fields, sizeof fields / sizeof fields[0], set->lines, sizeof *set->lines,
                   set->line_count, 0);
    fill_parents(set, columns, batch);
    static const struct {
        uint32_t column;
        void (*fill)(const struct cw_order_set *, struct cw_batch *);
    } others[] = {{CW_ORDER_ITEM_PRODUCT_ID, fill_products},
                  {CW_ORDER_ITEM_VARIANT_ID, fill_variants},
                  {CW_ORDER_ITEM_REQUESTED_VARIANT_ID, fill_requested}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (cw_fill_wants(columns, others[i].column)) {
            others[i].fill(set, batch);
        }
    }
    batch->row_count = set->line_count;
    return CW_OK;
}
