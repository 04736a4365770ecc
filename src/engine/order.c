/* Rows of orders. */
#include "engine/fill.h"
#include "engine/order_plan.h"
#include "engine/text_pools.h"
#include "model/columns.h"

#define FLAGGED_SCORE 80
#define FIELD(column, kind, member)                                                                          \
    {                                                                                                        \
        CW_ORDER_##column, CW_FIELD_##kind, offsetof(struct cw_order, member)                                \
    }

static const struct cw_field fields[] = {
    FIELD(CUSTOMER_ID, UUID, customer_id),
    FIELD(CREATED_AT, INT64, created_at),
    FIELD(STATUS, UINT8, status),
    FIELD(CURRENCY, UINT8, market),
    FIELD(SUBTOTAL_AMOUNT, INT64, subtotal_amount),
    FIELD(DISCOUNT_AMOUNT, INT64, discount_amount),
    FIELD(SHIPPING_AMOUNT, INT64, shipping_amount),
    FIELD(TAX_AMOUNT, INT64, tax_amount),
    FIELD(SHIPPING_TAX_AMOUNT, INT64, shipping_tax_amount),
    FIELD(TOTAL_AMOUNT, INT64, total_amount),
    FIELD(ITEM_COUNT, UINT8, line_count),
    FIELD(CHANNEL, UINT8, channel),
    FIELD(SHIPPING_OPTION, UINT8, shipping),
    FIELD(SHIPPING_ADDRESS_ID, UUID, shipping_address_id),
    FIELD(BILLING_ADDRESS_ID, UUID, billing_address_id),
    FIELD(PAYMENT_METHOD_ID, UUID, payment_method_id),
    FIELD(FRAUD_SCORE, UINT8, fraud_score),
};

static void fill_ids(const struct cw_order_set *set, struct cw_batch *batch)
{
    uint8_t *ids = cw_fill_uuid(batch, CW_ORDER_ID, 0);
    for (int64_t i = 0; i < set->order_count; i++) {
        cw_order_id(set->plan, CW_ENTITY_ORDER, set->orders[i].created_at, set->orders[i].number,
                    ids + 16 * i);
    }
}

static void fill_centres(const struct cw_order_set *set, struct cw_batch *batch)
{
    uint8_t *ids = cw_fill_uuid(batch, CW_ORDER_FULFILMENT_CENTRE_ID, 0);
    for (int64_t i = 0; i < set->order_count; i++) {
        memcpy(ids + 16 * i, set->plan->site_ids[set->cell].bytes, 16);
    }
}

static void fill_tax_inclusive(const struct cw_order_set *set, struct cw_batch *batch)
{
    for (int64_t i = 0; i < set->order_count; i++) {
        cw_fill_bool(batch, CW_ORDER_TAX_INCLUSIVE, i,
                     set->plan->tables->tables[set->orders[i].market].market->tax.inclusive);
    }
}

static void fill_flagged(const struct cw_order_set *set, struct cw_batch *batch)
{
    for (int64_t i = 0; i < set->order_count; i++) {
        cw_fill_bool(batch, CW_ORDER_IS_FRAUD_FLAGGED, i, set->orders[i].fraud_score >= FLAGGED_SCORE);
    }
}

static void fill_cancellation(const struct cw_order_set *set, struct cw_batch *batch)
{
    int32_t *codes = cw_fill_int32(batch, CW_ORDER_CANCELLATION_REASON, 0);
    for (int64_t i = 0; i < set->order_count; i++) {
        bool valid = set->orders[i].status == CW_ORDER_CANCELLED;
        cw_fill_valid(batch, CW_ORDER_CANCELLATION_REASON, i, valid);
        codes[i] = valid ? set->orders[i].cancellation : 0;
    }
}

cw_status cw_order_fill(const struct cw_order_set *set, uint64_t columns, struct cw_batch *batch,
                        struct cw_error *error)
{
    const struct cw_pool *pools[CW_ORDER_COLUMN_COUNT] = {
        [CW_ORDER_STATUS] = &cw_order_status_pool,
        [CW_ORDER_CURRENCY] = &set->plan->tables->currencies,
        [CW_ORDER_CHANNEL] = &cw_order_channel_pool,
        [CW_ORDER_SHIPPING_OPTION] = &cw_shipping_option_pool,
        [CW_ORDER_CANCELLATION_REASON] = &cw_cancellation_pool,
    };
    cw_status status = cw_fill_begin(batch, columns, set->order_count, pools, 0, error);
    if (status != CW_OK) {
        return status;
    }
    cw_fill_fields(batch, columns, fields, sizeof fields / sizeof fields[0], set->orders, sizeof *set->orders,
                   set->order_count, 0);
    static const struct {
        uint32_t column;
        void (*fill)(const struct cw_order_set *, struct cw_batch *);
    } others[] = {{CW_ORDER_ID, fill_ids},
                  {CW_ORDER_FULFILMENT_CENTRE_ID, fill_centres},
                  {CW_ORDER_TAX_INCLUSIVE, fill_tax_inclusive},
                  {CW_ORDER_IS_FRAUD_FLAGGED, fill_flagged},
                  {CW_ORDER_CANCELLATION_REASON, fill_cancellation}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (cw_fill_wants(columns, others[i].column)) {
            others[i].fill(set, batch);
        }
    }
    batch->row_count = set->order_count;
    return CW_OK;
}
