/* Rows of shipments: one per order that has left by as-of. */
#include "engine/fill.h"
#include "engine/order_plan.h"
#include "engine/text_pools.h"
#include "model/columns.h"

#define TRACKING_BYTES 48
#define PACKAGING_GRAMS 150
#define HEAVIEST_GRAMS 2000000000

struct parcel {
    int64_t shipped_at, delivered_at;
    int32_t weight;
    int32_t promised_on;
    uint8_t carrier;
    uint8_t service;
    uint8_t status;
};

#define FIELD(column, kind, member)                                                                          \
    {                                                                                                        \
        CW_SHIPMENT_##column, CW_FIELD_##kind, offsetof(struct parcel, member)                               \
    }

static const struct cw_field fields[] = {
    FIELD(CARRIER, UINT8, carrier),
    FIELD(SERVICE, UINT8, service),
    FIELD(STATUS, UINT8, status),
    FIELD(WEIGHT, INT32, weight),
    FIELD(SHIPPED_AT, INT64, shipped_at),
    FIELD(PROMISED_ON, INT32, promised_on),
    FIELD(DELIVERED_AT, TIME, delivered_at),
};

static int32_t parcel_weight(const struct cw_order_set *set, const struct cw_order *order)
{
    int64_t weight = PACKAGING_GRAMS;
    for (uint32_t i = 0; i < order->line_count; i++) {
        const struct cw_order_line *line = &set->lines[order->first_line + i];
        weight += (int64_t)line->quantity * set->plan->shelves[line->product].weight;
    }
    return (int32_t)(weight < HEAVIEST_GRAMS ? weight : HEAVIEST_GRAMS);
}

static void make_parcel(const struct cw_order_set *set, const struct cw_order *order, struct parcel *parcel)
{
    /* Delivery days from the order, by shipping option: what holds in nine of ten cases. */
    static const uint8_t promised_days[4] = {7, 4, 2, 5};
    const struct cw_work_calendar *calendar = &set->plan->calendars[set->cell];
    uint64_t draw = cw_draw(set->plan->times, order->number, 16);
    *parcel = (struct parcel){
        .shipped_at = order->reached_at[CW_ORDER_SHIPPED],
        .delivered_at = order->reached_at[CW_ORDER_DELIVERED],
        .weight = parcel_weight(set, order),
        .carrier = (uint8_t)cw_slice(&draw, cw_carrier_pool.count),
        .service = order->shipping,
        .status = order->status == CW_ORDER_DELIVERED,
    };
    int64_t promised = cw_work_delivery(calendar, order->created_at, promised_days[order->shipping], 0);
    parcel->promised_on = cw_work_local_day(calendar, promised);
}

/* Two letters of the carrier and the 62 bits of a number of its own in base 32. */
static char *write_tracking(const struct cw_order_plan *plan, const struct cw_order *order, uint8_t carrier,
                            char *out)
{
    static const char prefixes[] = "NPSWBPHEMF";
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint64_t value = cw_unique62(plan->ids[CW_ENTITY_SHIPMENT], order->number);
    memcpy(out, prefixes + 2 * carrier, 2);
    out += 2;
    for (int shift = 60; shift >= 0; shift -= 5) {
        *out++ = digits[(value >> shift) & 31];
    }
    return out;
}

static void put_others(const struct cw_order_set *set, uint64_t columns, const struct cw_order *order,
                       const struct parcel *parcel, int64_t row, struct cw_batch *batch)
{
    if (cw_fill_wants(columns, CW_SHIPMENT_ID)) {
        cw_order_id(set->plan, CW_ENTITY_SHIPMENT, parcel->shipped_at, order->number,
                    cw_fill_uuid(batch, CW_SHIPMENT_ID, row));
    }
    if (cw_fill_wants(columns, CW_SHIPMENT_ORDER_ID)) {
        cw_order_id(set->plan, CW_ENTITY_ORDER, order->created_at, order->number,
                    cw_fill_uuid(batch, CW_SHIPMENT_ORDER_ID, row));
    }
    if (cw_fill_wants(columns, CW_SHIPMENT_FULFILMENT_CENTRE_ID)) {
        memcpy(cw_fill_uuid(batch, CW_SHIPMENT_FULFILMENT_CENTRE_ID, row),
               set->plan->site_ids[set->cell].bytes, 16);
    }
    if (cw_fill_wants(columns, CW_SHIPMENT_TRACKING_NUMBER)) {
        struct cw_fill_text text = cw_fill_text_begin(batch, CW_SHIPMENT_TRACKING_NUMBER, row);
        cw_fill_text_end(&text, write_tracking(set->plan, order, parcel->carrier, text.at));
    }
}

cw_status cw_shipment_fill(const struct cw_order_set *set, uint64_t columns, struct cw_batch *batch,
                           struct cw_error *error)
{
    const struct cw_pool *pools[CW_SHIPMENT_COLUMN_COUNT] = {
        [CW_SHIPMENT_CARRIER] = &cw_carrier_pool,
        [CW_SHIPMENT_SERVICE] = &cw_shipping_option_pool,
        [CW_SHIPMENT_STATUS] = &cw_shipment_status_pool,
    };
    cw_status status = cw_fill_begin(batch, columns, set->order_count, pools, TRACKING_BYTES, error);
    if (status != CW_OK) {
        return status;
    }
    int64_t row = 0;
    for (int64_t o = 0; o < set->order_count; o++) {
        const struct cw_order *order = &set->orders[o];
        if (order->reached_at[CW_ORDER_SHIPPED] == CW_NEVER) {
            continue;
        }
        struct parcel parcel;
        make_parcel(set, order, &parcel);
        cw_fill_fields(batch, columns, fields, sizeof fields / sizeof fields[0], &parcel, sizeof parcel, 1,
                       row);
        put_others(set, columns, order, &parcel, row, batch);
        row++;
    }
    /* With no rows the offsets of the plain column still begin with 0. */
    if (row == 0 && cw_fill_wants(columns, CW_SHIPMENT_TRACKING_NUMBER)) {
        cw_fill_text_begin(batch, CW_SHIPMENT_TRACKING_NUMBER, 0);
    }
    batch->row_count = row;
    return CW_OK;
}
