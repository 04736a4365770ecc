/* Rows of payments: every attempt to pay an order that had begun by as-of. */
#include "base/calendar.h"
#include "engine/fill.h"
#include "engine/order_plan.h"
#include "engine/text_pools.h"
#include "model/columns.h"

#define ATTEMPTS_MAX 4
#define RETRY_TIME (INT64_C(240) * CW_MICROS_PER_SECOND)

enum payment_status { PAYMENT_PENDING, PAYMENT_CAPTURED, PAYMENT_FAILED, PAYMENT_REFUNDED };
enum { FAILURE_CODES = 5, FAILURE_PROCESSING = 4 };

struct attempt {
    int64_t number; /* of the entity's rows */
    int64_t created_at, captured_at, refunded_at;
    int64_t amount;
    struct cw_uuid payment_method_id;
    int32_t attempt;
    uint8_t market;
    uint8_t status;
    uint8_t failure;
};

#define FIELD(column, kind, member)                                                                          \
    {                                                                                                        \
        CW_PAYMENT_##column, CW_FIELD_##kind, offsetof(struct attempt, member)                               \
    }

static const struct cw_field fields[] = {
    FIELD(PAYMENT_METHOD_ID, UUID, payment_method_id),
    FIELD(ATTEMPT, INT32, attempt),
    FIELD(AMOUNT, INT64, amount),
    FIELD(CURRENCY, UINT8, market),
    FIELD(STATUS, UINT8, status),
    FIELD(CREATED_AT, INT64, created_at),
    FIELD(CAPTURED_AT, TIME, captured_at),
    FIELD(REFUNDED_AT, TIME, refunded_at),
};

static void end_attempt(const struct cw_order_plan *plan, const struct cw_order *order,
                        struct attempt *attempt, uint64_t draw)
{
    bool is_last = attempt->attempt == order->attempts;
    attempt->status = PAYMENT_PENDING;
    attempt->failure = (uint8_t)cw_slice(&draw, FAILURE_CODES);
    if (!is_last || order->outcome == CW_OUTCOME_PAYMENT_FAILED) {
        attempt->status = PAYMENT_FAILED;
        return;
    }
    if (order->reached_at[CW_ORDER_PAID] == CW_NEVER) {
        attempt->failure = FAILURE_PROCESSING;
        if (order->status == CW_ORDER_CANCELLED) {
            attempt->status = PAYMENT_FAILED;
        }
        return;
    }
    attempt->status = PAYMENT_CAPTURED;
    attempt->captured_at = order->reached_at[CW_ORDER_PAID];
    if (order->status != CW_ORDER_CANCELLED) {
        return;
    }
    int64_t refunded_at =
        order->ended_at + RETRY_TIME + (int64_t)cw_below(draw, 86400) * CW_MICROS_PER_SECOND;
    if (refunded_at <= plan->as_of) {
        attempt->status = PAYMENT_REFUNDED;
        attempt->refunded_at = refunded_at;
    }
}

static int64_t list_attempts(const struct cw_order_plan *plan, const struct cw_order *order,
                             struct attempt attempts[ATTEMPTS_MAX])
{
    int64_t count = 0;
    for (int32_t n = 1; n <= order->attempts && n <= ATTEMPTS_MAX; n++) {
        int64_t created_at = order->created_at + (n - 1) * RETRY_TIME;
        if (created_at > plan->as_of) {
            break;
        }
        struct attempt *attempt = &attempts[count++];
        *attempt = (struct attempt){.number = (int64_t)CW_PAYMENT_NUMBER(order->number, (uint64_t)n),
                                    .created_at = created_at,
                                    .captured_at = INT64_MAX,
                                    .refunded_at = INT64_MAX,
                                    .amount = order->total_amount,
                                    .payment_method_id = order->payment_method_id,
                                    .attempt = n,
                                    .market = order->market};
        end_attempt(plan, order, attempt, cw_draw(plan->times, order->number, 8U + (uint32_t)n));
    }
    return count;
}

static void put_others(const struct cw_order_set *set, uint64_t columns, const struct cw_order *order,
                       const struct attempt *attempt, int64_t row, struct cw_batch *batch)
{
    if (cw_fill_wants(columns, CW_PAYMENT_ID)) {
        cw_order_id(set->plan, CW_ENTITY_PAYMENT, attempt->created_at, (uint64_t)attempt->number,
                    cw_fill_uuid(batch, CW_PAYMENT_ID, row));
    }
    if (cw_fill_wants(columns, CW_PAYMENT_ORDER_ID)) {
        cw_order_id(set->plan, CW_ENTITY_ORDER, order->created_at, order->number,
                    cw_fill_uuid(batch, CW_PAYMENT_ORDER_ID, row));
    }
    if (cw_fill_wants(columns, CW_PAYMENT_FAILURE_CODE)) {
        bool valid = attempt->status == PAYMENT_FAILED;
        cw_fill_valid(batch, CW_PAYMENT_FAILURE_CODE, row, valid);
        *cw_fill_int32(batch, CW_PAYMENT_FAILURE_CODE, row) = valid ? attempt->failure : 0;
    }
}

cw_status cw_payment_fill(const struct cw_order_set *set, uint64_t columns, struct cw_batch *batch,
                          struct cw_error *error)
{
    const struct cw_pool *pools[CW_PAYMENT_COLUMN_COUNT] = {
        [CW_PAYMENT_CURRENCY] = &set->plan->tables->currencies,
        [CW_PAYMENT_STATUS] = &cw_payment_status_pool,
        [CW_PAYMENT_FAILURE_CODE] = &cw_failure_pool,
    };
    cw_status status = cw_fill_begin(batch, columns, set->order_count * ATTEMPTS_MAX, pools, 0, error);
    if (status != CW_OK) {
        return status;
    }
    int64_t row = 0;
    for (int64_t o = 0; o < set->order_count; o++) {
        struct attempt attempts[ATTEMPTS_MAX];
        int64_t count = list_attempts(set->plan, &set->orders[o], attempts);
        cw_fill_fields(batch, columns, fields, sizeof fields / sizeof fields[0], attempts, sizeof attempts[0],
                       count, row);
        for (int64_t i = 0; i < count; i++) {
            put_others(set, columns, &set->orders[o], &attempts[i], row + i, batch);
        }
        row += count;
    }
    batch->row_count = row;
    return CW_OK;
}
