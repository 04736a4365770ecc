/* Rows of the orders' status history: every status reached by as-of, in order of time. */
#include "engine/fill.h"
#include "engine/order_plan.h"
#include "engine/text_pools.h"
#include "model/columns.h"

struct entry {
    int64_t changed_at;
    int64_t order; /* of the unit */
    int32_t sequence;
    uint8_t status;
};

/* A status entered later never stands before one entered earlier, so the fixed order of statuses will do. */
static int64_t list_entries(const struct cw_order *order, int64_t index,
                            struct entry entries[CW_ORDER_STATUS_COUNT])
{
    int64_t count = 0;
    for (uint32_t s = 0; s < CW_ORDER_STATUS_COUNT; s++) {
        if (order->reached_at[s] == CW_NEVER) {
            continue;
        }
        entries[count] = (struct entry){order->reached_at[s], index, (int32_t)count + 1, (uint8_t)s};
        count++;
    }
    return count;
}

static void put_entry(const struct cw_order_set *set, uint64_t columns, const struct entry *entry,
                      int64_t row, struct cw_batch *batch)
{
    const struct cw_order *order = &set->orders[entry->order];
    if (cw_fill_wants(columns, CW_ORDER_STATUS_HISTORY_ID)) {
        cw_order_id(set->plan, CW_ENTITY_ORDER_STATUS_HISTORY, entry->changed_at,
                    CW_HISTORY_NUMBER(order->number, (uint64_t)entry->sequence),
                    cw_fill_uuid(batch, CW_ORDER_STATUS_HISTORY_ID, row));
    }
    if (cw_fill_wants(columns, CW_ORDER_STATUS_HISTORY_ORDER_ID)) {
        cw_order_id(set->plan, CW_ENTITY_ORDER, order->created_at, order->number,
                    cw_fill_uuid(batch, CW_ORDER_STATUS_HISTORY_ORDER_ID, row));
    }
    if (cw_fill_wants(columns, CW_ORDER_STATUS_HISTORY_SEQUENCE)) {
        *cw_fill_int32(batch, CW_ORDER_STATUS_HISTORY_SEQUENCE, row) = entry->sequence;
    }
    if (cw_fill_wants(columns, CW_ORDER_STATUS_HISTORY_STATUS)) {
        *cw_fill_int32(batch, CW_ORDER_STATUS_HISTORY_STATUS, row) = entry->status;
    }
    if (cw_fill_wants(columns, CW_ORDER_STATUS_HISTORY_CHANGED_AT)) {
        *cw_fill_int64(batch, CW_ORDER_STATUS_HISTORY_CHANGED_AT, row) = entry->changed_at;
    }
}

cw_status cw_order_status_history_fill(const struct cw_order_set *set, uint64_t columns,
                                       struct cw_batch *batch, struct cw_error *error)
{
    const struct cw_pool *pools[CW_ORDER_STATUS_HISTORY_COLUMN_COUNT] = {
        [CW_ORDER_STATUS_HISTORY_STATUS] = &cw_order_status_pool,
    };
    cw_status status =
        cw_fill_begin(batch, columns, set->order_count * CW_ORDER_STATUS_COUNT, pools, 0, error);
    if (status != CW_OK) {
        return status;
    }
    int64_t row = 0;
    for (int64_t o = 0; o < set->order_count; o++) {
        struct entry entries[CW_ORDER_STATUS_COUNT];
        int64_t count = list_entries(&set->orders[o], o, entries);
        for (int64_t i = 0; i < count; i++) {
            put_entry(set, columns, &entries[i], row++, batch);
        }
    }
    batch->row_count = row;
    return CW_OK;
}
