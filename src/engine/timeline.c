/* When things happen to an order: payment, confirmation, shipping, delivery, cancellation. */
#include "base/calendar.h"
#include "base/mathematics.h"
#include "engine/order_plan.h"

#define SECONDS(n) ((int64_t)(n)*CW_MICROS_PER_SECOND)
#define MINUTES(n) SECONDS((n)*60)
#define HOURS(n) MINUTES((n)*60)

enum { TIME_PAYMENT, TIME_END, TIME_CONFIRM, TIME_PACK, TIME_DELIVER };

static uint64_t draw_time(const struct cw_order_plan *plan, const struct cw_order *order, uint32_t what)
{
    return cw_draw(plan->times, order->number, what);
}

/* A time of log-normal spread around a median. */
static int64_t spread_time(const struct cw_order_plan *plan, uint64_t draw, int64_t median)
{
    uint64_t jitter = cw_below(draw << 8, (uint64_t)median / 50 + 1);
    return (int64_t)((double)median * plan->tables->spread[draw >> 56]) + (int64_t)jitter;
}

/* Cards, wallets and debits go through in minutes; an account is charged at once; transfers and counters take
 * days. */
int64_t cw_order_paid_at(const struct cw_order_plan *plan, const struct cw_order *order)
{
    static const int64_t medians[CW_PAYMENT_KIND_COUNT] = {SECONDS(75), SECONDS(45), HOURS(26),
                                                           SECONDS(60), SECONDS(8),  HOURS(11)};
    int64_t retries = (int64_t)(order->attempts - 1) * MINUTES(4);
    return order->created_at + retries +
           spread_time(plan, draw_time(plan, order, TIME_PAYMENT), medians[order->payment_kind]);
}

static int64_t confirmed_at(const struct cw_order_plan *plan, uint32_t cell, const struct cw_order *order,
                            int64_t paid)
{
    uint64_t draw = draw_time(plan, order, TIME_CONFIRM);
    int64_t median = order->fraud_score >= 80 ? HOURS(5) : MINUTES(20);
    return cw_work_add(&plan->calendars[cell], paid, spread_time(plan, draw, median));
}

/* The shop calls orders off when it works: for fraud and bad addresses, and where a look at the accounts
 * after six days finds no money. Customers do so, and payments fail, at any hour. */
void cw_order_decide_end(const struct cw_order_plan *plan, uint32_t cell, struct cw_order *order)
{
    order->ended_at = CW_NEVER;
    if (order->outcome == CW_OUTCOME_DELIVERED) {
        return;
    }
    uint64_t draw = draw_time(plan, order, TIME_END);
    if (order->outcome == CW_OUTCOME_PAYMENT_FAILED) {
        order->ended_at =
            order->created_at + (int64_t)order->attempts * MINUTES(4) + spread_time(plan, draw, MINUTES(12));
        return;
    }
    if (order->cancellation == CW_CANCELLED_UNPAID) {
        order->ended_at = cw_work_add(&plan->calendars[cell], order->created_at + HOURS(24 * 6),
                                      (int64_t)cw_below(draw, (uint64_t)HOURS(2)));
        return;
    }
    int64_t paid = cw_order_paid_at(plan, order);
    if (order->cancellation == CW_CANCELLED_BY_CUSTOMER) {
        order->ended_at = paid + spread_time(plan, draw, HOURS(3));
    } else {
        order->ended_at = cw_work_add(&plan->calendars[cell], paid, spread_time(plan, draw, HOURS(4)));
    }
}

static void enter(const struct cw_order_plan *plan, struct cw_order *order, enum cw_order_status status,
                  int64_t time)
{
    if (time > plan->as_of) {
        return;
    }
    order->reached_at[status] = time;
    order->status = (uint8_t)status;
}

static int64_t delivered_at(const struct cw_order_plan *plan, uint32_t cell, const struct cw_order *order,
                            int64_t shipped)
{
    static const uint8_t days[4][8] = {{2, 2, 3, 3, 3, 4, 4, 6},
                                       {1, 1, 1, 2, 2, 2, 2, 3},
                                       {1, 1, 1, 1, 1, 1, 1, 2},
                                       {1, 2, 2, 2, 3, 3, 3, 4}};
    uint64_t draw = draw_time(plan, order, TIME_DELIVER);
    uint32_t choice = cw_slice(&draw, 8);
    return cw_work_delivery(&plan->calendars[cell], shipped, days[order->shipping][choice],
                            (uint32_t)(draw >> 32));
}

void cw_order_timeline(const struct cw_order_plan *plan, uint32_t cell, struct cw_order *order)
{
    static const int64_t packing[4] = {HOURS(5), HOURS(2), HOURS(1), HOURS(4)};
    for (int s = 0; s < CW_ORDER_STATUS_COUNT; s++) {
        order->reached_at[s] = CW_NEVER;
    }
    enter(plan, order, CW_ORDER_CREATED, order->created_at);
    if (order->outcome == CW_OUTCOME_PAYMENT_FAILED) {
        enter(plan, order, CW_ORDER_PAYMENT_FAILED, order->ended_at);
        return;
    }
    if (order->outcome == CW_OUTCOME_CANCELLED && order->cancellation == CW_CANCELLED_UNPAID) {
        enter(plan, order, CW_ORDER_CANCELLED, order->ended_at);
        return;
    }
    int64_t paid = cw_order_paid_at(plan, order);
    int64_t confirmed = confirmed_at(plan, cell, order, paid);
    enter(plan, order, CW_ORDER_PAID, paid);
    if (confirmed <= order->ended_at) {
        enter(plan, order, CW_ORDER_CONFIRMED, confirmed);
    }
    if (order->outcome == CW_OUTCOME_CANCELLED) {
        enter(plan, order, CW_ORDER_CANCELLED, order->ended_at);
        return;
    }
    int64_t start = confirmed > order->ready_at ? confirmed : order->ready_at;
    uint64_t draw = draw_time(plan, order, TIME_PACK);
    int64_t shipped =
        cw_work_add(&plan->calendars[cell], start, spread_time(plan, draw, packing[order->shipping]));
    enter(plan, order, CW_ORDER_SHIPPED, shipped);
    enter(plan, order, CW_ORDER_DELIVERED, delivered_at(plan, cell, order, shipped));
}
