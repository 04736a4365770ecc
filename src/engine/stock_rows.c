#include "engine/stock_rows.h"

#include "engine/fill.h"
#include "engine/text_pools.h"
#include "model/columns.h"

enum movement_kind { MOVEMENT_OPENING, MOVEMENT_RECEIPT, MOVEMENT_SALE, MOVEMENT_CANCELLATION };

struct movement {
    uint64_t number;
    int64_t occurred_at;
    uint32_t variant;
    int32_t quantity;
    uint8_t kind;
    bool has_item;
    uint64_t item_number;
    int64_t item_time;
};

struct movement_writer {
    const struct cw_order_plan *plan;
    uint32_t cell;
    uint64_t columns;
    struct cw_batch *batch;
    int64_t row;
};

static void put_movement(struct movement_writer *writer, const struct movement *movement)
{
    struct cw_batch *batch = writer->batch;
    uint64_t columns = writer->columns;
    int64_t row = writer->row++;
    if (cw_fill_wants(columns, CW_STOCK_MOVEMENT_ID)) {
        cw_order_id(writer->plan, CW_ENTITY_STOCK_MOVEMENT, movement->occurred_at, movement->number,
                    cw_fill_uuid(batch, CW_STOCK_MOVEMENT_ID, row));
    }
    if (cw_fill_wants(columns, CW_STOCK_MOVEMENT_FULFILMENT_CENTRE_ID)) {
        memcpy(cw_fill_uuid(batch, CW_STOCK_MOVEMENT_FULFILMENT_CENTRE_ID, row),
               writer->plan->site_ids[writer->cell].bytes, 16);
    }
    if (cw_fill_wants(columns, CW_STOCK_MOVEMENT_VARIANT_ID)) {
        memcpy(cw_fill_uuid(batch, CW_STOCK_MOVEMENT_VARIANT_ID, row),
               writer->plan->catalogue->variant_ids[movement->variant].bytes, 16);
    }
    if (cw_fill_wants(columns, CW_STOCK_MOVEMENT_KIND)) {
        *cw_fill_int32(batch, CW_STOCK_MOVEMENT_KIND, row) = movement->kind;
    }
    if (cw_fill_wants(columns, CW_STOCK_MOVEMENT_QUANTITY)) {
        *cw_fill_int32(batch, CW_STOCK_MOVEMENT_QUANTITY, row) = movement->quantity;
    }
    if (cw_fill_wants(columns, CW_STOCK_MOVEMENT_OCCURRED_AT)) {
        *cw_fill_int64(batch, CW_STOCK_MOVEMENT_OCCURRED_AT, row) = movement->occurred_at;
    }
    if (!cw_fill_wants(columns, CW_STOCK_MOVEMENT_ORDER_ITEM_ID)) {
        return;
    }
    uint8_t *item = cw_fill_uuid(batch, CW_STOCK_MOVEMENT_ORDER_ITEM_ID, row);
    cw_fill_valid(batch, CW_STOCK_MOVEMENT_ORDER_ITEM_ID, row, movement->has_item);
    memset(item, 0, 16);
    if (movement->has_item) {
        cw_order_id(writer->plan, CW_ENTITY_ORDER_ITEM, movement->item_time, movement->item_number, item);
    }
}

static void put_line(struct movement_writer *writer, const struct cw_order *order,
                     const struct cw_order_line *line, uint32_t i)
{
    if (line->sale_at == CW_NEVER) {
        return;
    }
    struct movement movement = {
        .number = CW_SALE_NUMBER(order->number, i, 0U),
        .occurred_at = line->sale_at,
        .variant = line->variant,
        .quantity = -line->quantity,
        .kind = MOVEMENT_SALE,
        .has_item = true,
        .item_number = CW_ITEM_NUMBER(order->number, i),
        .item_time = order->created_at,
    };
    put_movement(writer, &movement);
    if (order->ended_at > writer->plan->as_of) {
        return;
    }
    movement.number = CW_SALE_NUMBER(order->number, i, 1U);
    movement.occurred_at = order->ended_at;
    movement.quantity = line->quantity;
    movement.kind = MOVEMENT_CANCELLATION;
    put_movement(writer, &movement);
}

static cw_status begin_movements(struct movement_writer *writer, int64_t rows, struct cw_error *error)
{
    const struct cw_pool *pools[CW_STOCK_MOVEMENT_COLUMN_COUNT] = {[CW_STOCK_MOVEMENT_KIND] =
                                                                       &cw_movement_kind_pool};
    return cw_fill_begin(writer->batch, writer->columns, rows, pools, 0, error);
}

cw_status cw_stock_movement_fill(const struct cw_order_set *set, const struct cw_delivery_list *deliveries,
                                 uint64_t columns, struct cw_batch *batch, struct cw_error *error)
{
    struct movement_writer writer = {
        .plan = set->plan, .cell = set->cell, .columns = columns, .batch = batch};
    cw_status status = begin_movements(&writer, deliveries->count + 2 * set->line_count, error);
    if (status != CW_OK) {
        return status;
    }
    for (int64_t i = 0; i < deliveries->count; i++) {
        const struct cw_delivery *delivery = &deliveries->items[i];
        struct movement movement = {.number = CW_DELIVERY_NUMBER(set->plan, delivery->serial),
                                    .occurred_at = delivery->time,
                                    .variant = delivery->variant,
                                    .quantity = delivery->quantity,
                                    .kind = MOVEMENT_RECEIPT};
        put_movement(&writer, &movement);
    }
    for (int64_t o = 0; o < set->order_count; o++) {
        for (uint32_t i = 0; i < set->orders[o].line_count; i++) {
            put_line(&writer, &set->orders[o], &set->lines[set->orders[o].first_line + i], i);
        }
    }
    batch->row_count = writer.row;
    return CW_OK;
}

/* Serial of what is unique per centre and variant. */
static uint64_t place_serial(const struct cw_order_plan *plan, uint32_t cell, uint32_t variant)
{
    return (uint64_t)plan->demand.cells[cell].site << 50 | (uint64_t)variant << 17;
}

cw_status cw_stock_opening_fill(const struct cw_order_plan *plan, uint32_t cell, uint32_t first,
                                uint32_t count, uint64_t columns, struct cw_batch *batch,
                                struct cw_error *error)
{
    struct movement_writer writer = {.plan = plan, .cell = cell, .columns = columns, .batch = batch};
    cw_status status = begin_movements(&writer, count, error);
    if (status != CW_OK) {
        return status;
    }
    for (uint32_t v = first; v < first + count; v++) {
        struct cw_stock_policy policy;
        cw_stock_policy_of(plan, cell, v, &policy);
        struct movement movement = {.number = CW_DELIVERY_NUMBER(plan, place_serial(plan, cell, v)),
                                    .occurred_at = cw_stock_opening_time(plan, v),
                                    .variant = v,
                                    .quantity = policy.opening,
                                    .kind = MOVEMENT_OPENING};
        put_movement(&writer, &movement);
    }
    batch->row_count = writer.row;
    return CW_OK;
}

static void put_stock(const struct cw_order_plan *plan, uint32_t cell, uint32_t variant,
                      const struct cw_stock_item *item, uint64_t columns, struct cw_batch *batch, int64_t row)
{
    struct cw_stock_policy policy;
    cw_stock_policy_of(plan, cell, variant, &policy);
    if (cw_fill_wants(columns, CW_STOCK_ID)) {
        cw_order_id(plan, CW_ENTITY_STOCK, item->updated_at,
                    CW_DELIVERY_NUMBER(plan, place_serial(plan, cell, variant)),
                    cw_fill_uuid(batch, CW_STOCK_ID, row));
    }
    if (cw_fill_wants(columns, CW_STOCK_FULFILMENT_CENTRE_ID)) {
        memcpy(cw_fill_uuid(batch, CW_STOCK_FULFILMENT_CENTRE_ID, row), plan->site_ids[cell].bytes, 16);
    }
    if (cw_fill_wants(columns, CW_STOCK_VARIANT_ID)) {
        memcpy(cw_fill_uuid(batch, CW_STOCK_VARIANT_ID, row), plan->catalogue->variant_ids[variant].bytes,
               16);
    }
    const struct {
        uint32_t column;
        int32_t value;
    } numbers[] = {{CW_STOCK_ON_HAND, item->on_hand},
                   {CW_STOCK_REORDER_POINT, policy.reorder_point},
                   {CW_STOCK_REORDER_QUANTITY, policy.reorder_quantity},
                   {CW_STOCK_LEAD_TIME, policy.lead_days},
                   {CW_STOCK_STOCKOUTS, item->stockouts}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (cw_fill_wants(columns, numbers[i].column)) {
            *cw_fill_int32(batch, numbers[i].column, row) = numbers[i].value;
        }
    }
    if (cw_fill_wants(columns, CW_STOCK_UPDATED_AT)) {
        *cw_fill_int64(batch, CW_STOCK_UPDATED_AT, row) = item->updated_at;
    }
}

cw_status cw_stock_fill(const struct cw_order_plan *plan, uint32_t cell, const struct cw_stock_item *items,
                        uint32_t first, uint32_t count, uint64_t columns, struct cw_batch *batch,
                        struct cw_error *error)
{
    const struct cw_pool *pools[CW_STOCK_COLUMN_COUNT] = {0};
    cw_status status = cw_fill_begin(batch, columns, count, pools, 0, error);
    if (status != CW_OK) {
        return status;
    }
    int64_t row = 0;
    for (uint32_t v = first; v < first + count; v++) {
        if (items[v].updated_at != INT64_MIN) {
            put_stock(plan, cell, v, &items[v], columns, batch, row++);
        }
    }
    batch->row_count = row;
    return CW_OK;
}
