/* Draws orders: who, when, what, at which price and paid how. */
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "engine/basket.h"
#include "engine/order_plan.h"

#define BUYER_TRIES 64

/* ---- Amounts ---- */

static int32_t tax_rate(const struct cw_market *market, uint32_t region, uint8_t tax_class)
{
    if (!market->tax.inclusive)
        return tax_class == CW_TAX_STANDARD ? (int32_t)market->regions.sales_tax[region] : 0;
    switch ((enum cw_tax_class)tax_class) {
    case CW_TAX_REDUCED:
        return (int32_t)market->tax.reduced_rate;
    case CW_TAX_ZERO:
        return (int32_t)market->tax.zero_rate;
    case CW_TAX_STANDARD:
        break;
    }
    return (int32_t)market->tax.standard_rate;
}

/* Tax within (inclusive) or on top of an amount, rounded half up to a minor unit. */
static int64_t tax_of(int64_t amount, int64_t rate, bool inclusive)
{
    int64_t base = inclusive ? 100000 + rate : 100000;
    return (2 * amount * rate + base) / (2 * base);
}

/* Standard shipping is free from 50 US dollars on; fees keep shop-like endings. */
static int64_t shipping_fee(const struct cw_market *market, enum cw_shipping option, int64_t goods)
{
    static const int64_t cents[4] = {499, 999, 1499, 0};
    if (option == CW_SHIPPING_STANDARD && goods * 10000 >= INT64_C(5000) * market->rate)
        return 0;
    int64_t fee = cents[option] * market->rate / 10000;
    return fee == 0 ? 0 : fee / 10 * 10 + (market->currency_digits > 0 ? 9 : 0);
}

static void add_up(const struct cw_order_plan *plan, struct cw_order *order, struct cw_order_line *lines,
                   uint32_t region, int64_t discount_percent)
{
    const struct cw_market *market = plan->tables->tables[order->market].market;
    bool inclusive = market->tax.inclusive;
    order->subtotal_amount = order->discount_amount = order->tax_amount = 0;
    for (uint32_t i = 0; i < order->line_count; i++) {
        struct cw_order_line *line = &lines[i];
        int64_t gross = line->quantity * line->unit_amount;
        line->discount_amount = gross * discount_percent / 100;
        line->tax_rate = tax_rate(market, region, line->tax_class);
        line->tax_amount = tax_of(gross - line->discount_amount, line->tax_rate, inclusive);
        line->total_amount = gross - line->discount_amount + (inclusive ? 0 : line->tax_amount);
        order->subtotal_amount += gross;
        order->discount_amount += line->discount_amount;
        order->tax_amount += line->tax_amount;
    }
    int64_t goods = order->subtotal_amount - order->discount_amount;
    order->shipping_amount = shipping_fee(market, (enum cw_shipping)order->shipping, goods);
    order->shipping_tax_amount =
        inclusive ? tax_of(order->shipping_amount, (int64_t)market->tax.standard_rate, true) : 0;
    order->tax_amount += order->shipping_tax_amount;
    order->total_amount = goods + order->shipping_amount + (inclusive ? 0 : order->tax_amount);
}

/* ---- Payment ---- */

/* The payment method that can bear the most of those valid at a time; method_count where none is. */
static uint32_t strongest_method(const struct cw_buyer *buyer, int64_t time)
{
    uint32_t best = buyer->method_count;
    for (uint32_t k = 0; k < buyer->method_count; k++) {
        const struct cw_known_payment_method *method = &buyer->methods[k];
        if (method->created_at <= time && method->expires_at > time &&
            (best == buyer->method_count || method->limit_amount > buyer->methods[best].limit_amount)) {
            best = k;
        }
    }
    return best;
}

static uint32_t choose_method(const struct cw_buyer *buyer, const struct cw_order *order, uint32_t wish,
                              uint32_t strongest)
{
    uint32_t k = wish % buyer->method_count;
    const struct cw_known_payment_method *method = &buyer->methods[k];
    bool fits = method->created_at <= order->created_at && method->expires_at > order->created_at &&
                method->limit_amount >= order->total_amount;
    return fits ? k : strongest;
}

/* Takes lines, then units, off an order that no payment method of the buyer can bear. */
static void fit_limit(const struct cw_order_plan *plan, struct cw_order *order, struct cw_order_line *lines,
                      uint32_t region, int64_t discount_percent, int64_t limit)
{
    while (order->total_amount > limit) {
        if (order->line_count > 1) {
            order->line_count--;
        } else if (lines[0].quantity > 1) {
            lines[0].quantity /= 2;
        } else {
            break;
        }
        add_up(plan, order, lines, region, discount_percent);
    }
}

/* ---- Orders ---- */

static uint8_t draw_fraud_score(uint64_t draw)
{
    uint32_t percentile = cw_slice(&draw, 1000);
    if (percentile < 900)
        return (uint8_t)cw_slice(&draw, 30);
    return (uint8_t)(percentile < 991 ? 30 + cw_slice(&draw, 50) : 80 + cw_slice(&draw, 21));
}

static void draw_outcome(struct cw_order *order, uint64_t draw)
{
    uint32_t fate = cw_slice(&draw, 1000);
    uint32_t review = cw_slice(&draw, 100);
    bool is_slow = order->payment_kind == CW_PAYMENT_BANK_TRANSFER || order->payment_kind == CW_PAYMENT_CASH;
    order->attempts = (uint8_t)(!is_slow && cw_slice(&draw, 100) < 4 ? 2 : 1);
    order->outcome = CW_OUTCOME_DELIVERED;
    if (order->fraud_score >= 80 && review < 60) {
        order->outcome = CW_OUTCOME_CANCELLED;
        order->cancellation = CW_CANCELLED_FRAUD;
    } else if (fate < 14) {
        order->outcome = is_slow ? CW_OUTCOME_CANCELLED : CW_OUTCOME_PAYMENT_FAILED;
        order->cancellation = CW_CANCELLED_UNPAID;
        order->attempts = (uint8_t)(is_slow ? 1 : 1 + cw_slice(&draw, 3));
    } else if (fate < 49) {
        order->outcome = CW_OUTCOME_CANCELLED;
        order->cancellation = fate < 44 ? CW_CANCELLED_BY_CUSTOMER : CW_CANCELLED_ADDRESS;
    }
}

static void choose_addresses(const struct cw_buyer *buyer, struct cw_order *order, uint64_t *draw)
{
    uint32_t k = 0;
    if (buyer->address_count > 1 && cw_slice(draw, 4) == 0)
        k = 1 + cw_slice(draw, buyer->address_count - 1U);
    if (buyer->addresses[k].created_at > order->created_at)
        k = 0;
    order->shipping_address_id = buyer->addresses[k].id;
    order->billing_address_id = buyer->addresses[0].id;
}

static uint8_t draw_shipping(uint64_t *draw)
{
    uint32_t percent = cw_slice(draw, 100);
    return percent < 68   ? CW_SHIPPING_STANDARD
           : percent < 83 ? CW_SHIPPING_EXPRESS
           : percent < 90 ? CW_SHIPPING_NEXT_DAY
                          : CW_SHIPPING_PICKUP;
}

static uint8_t draw_channel(uint8_t segment, uint64_t *draw)
{
    uint32_t percent = cw_slice(draw, 100);
    if (segment == CW_SEGMENT_WHOLESALE && percent < 25)
        return 3;
    return percent < 44 ? 0 : percent < 72 ? 1 : percent < 98 ? 2 : 3;
}

static int64_t draw_discount(const struct cw_order_plan *plan, uint64_t *draw)
{
    static const uint8_t percents[8] = {5, 5, 10, 10, 10, 15, 15, 20};
    uint32_t share = plan->demand.behavior == CW_BEHAVIOR_NORMAL ? 12 : 30;
    bool has_coupon = cw_slice(draw, 100) < share;
    uint32_t choice = cw_slice(draw, 8);
    return has_coupon ? percents[choice] : 0;
}

static cw_status draw_order(const struct cw_order_plan *plan, const struct cw_buyer *buyer,
                            struct cw_order *order, struct cw_order_line *lines, struct cw_error *error)
{
    const struct cw_market *market = plan->tables->tables[buyer->market].market;
    uint64_t traits = cw_draw(plan->traits, order->number, 0);
    order->customer_id = buyer->id;
    order->market = buyer->market;
    order->segment = buyer->segment;
    order->shipping = draw_shipping(&traits);
    order->channel = draw_channel(buyer->segment, &traits);
    int64_t discount = draw_discount(plan, &traits);
    choose_addresses(buyer, order, &traits);
    uint32_t wish = cw_slice(&traits, 16) < 11 ? 0 : cw_slice(&traits, 8);
    uint32_t strongest = strongest_method(buyer, order->created_at);
    if (strongest == buyer->method_count) {
        return cw_error_set(error, CW_E_INVALID, "customers",
                            "no payment method of the customers tried is valid at an order time within "
                            "date_range; expected at least one");
    }
    int64_t limit = buyer->methods[strongest].limit_amount;
    int64_t dearest_fee = INT64_C(1509) * market->rate / 10000 + 9;
    cw_status status = cw_basket_draw(plan, buyer, order, lines, (limit - dearest_fee) * 4 / 5, error);
    if (status != CW_OK)
        return status;
    add_up(plan, order, lines, buyer->region, discount);
    fit_limit(plan, order, lines, buyer->region, discount, limit);
    const struct cw_known_payment_method *method =
        &buyer->methods[choose_method(buyer, order, wish, strongest)];
    order->payment_method_id = method->id;
    order->payment_kind = method->kind;
    order->fraud_score = draw_fraud_score(cw_draw(plan->traits, order->number, 1));
    draw_outcome(order, cw_draw(plan->traits, order->number, 2));
    return CW_OK;
}

/* ---- Units ---- */

static cw_status reserve(struct cw_order_set *set, int64_t orders, struct cw_error *error)
{
    if (orders > set->order_capacity) {
        struct cw_order *grown = realloc(set->orders, (size_t)orders * sizeof *grown);
        if (grown == NULL)
            return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for %lld orders", (long long)orders);
        set->orders = grown;
        set->order_capacity = orders;
    }
    return CW_OK;
}

/* Room for one more order's lines. */
static cw_status reserve_lines(struct cw_order_set *set, struct cw_error *error)
{
    if (set->line_count + CW_ORDER_LINES_MAX <= set->line_capacity)
        return CW_OK;
    int64_t capacity = set->line_capacity * 3 / 2 + 16 * CW_ORDER_LINES_MAX;
    struct cw_order_line *grown = realloc(set->lines, (size_t)capacity * sizeof *grown);
    if (grown == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for %lld order items",
                            (long long)capacity);
    }
    set->lines = grown;
    set->line_capacity = capacity;
    return CW_OK;
}

void cw_order_set_clear(struct cw_order_set *set)
{
    free(set->orders);
    free(set->lines);
    *set = (struct cw_order_set){0};
}

/* Moment of the index-th of count orders of a slot: one in each even part of it. */
static int64_t order_time(const struct cw_demand *demand, int32_t slot, int64_t index, int64_t count,
                          uint64_t draw)
{
    int64_t start = cw_slot_start(demand, slot);
    int64_t end = (demand->first_hour + slot + 1) * INT64_C(3600000000);
    end = end < demand->to ? end : demand->to;
    double share = ((double)index + cw_unit(draw)) / (double)count;
    int64_t time = start + (int64_t)(share * (double)(end - start));
    return time < end ? time : end - 1;
}

static uint32_t pick_group(const struct cw_cell *cell, const double *weights, double sum, uint64_t draw)
{
    double target = cw_unit(draw) * sum;
    uint32_t chosen = 0;
    for (uint32_t g = 0; g < cell->group_count; g++) {
        if (weights[g] == 0.0)
            continue;
        chosen = g;
        if (target < weights[g])
            break;
        target -= weights[g];
    }
    return chosen;
}

/* Draws the buyer of an order and all of it. Another buyer gets the turn where one can have nothing that is
 * on sale, because they are too young for it, their means too small or their cards expired. */
static cw_status draw_bought_order(const struct cw_order_plan *plan, struct cw_order_set *set,
                                   const struct cw_buyer_choice *choice, const double *weights, double sum,
                                   struct cw_order *order, struct cw_error *error)
{
    const struct cw_demand *demand = &plan->demand;
    const struct cw_cell *cell = &demand->cells[set->cell];
    cw_status status = CW_E_INVALID;
    for (uint32_t n = 0; status == CW_E_INVALID && n < BUYER_TRIES; n++) {
        uint64_t draw = cw_draw(plan->traits, order->number, 3 + n);
        uint32_t group = cell->group_count == 1 ? 0 : pick_group(cell, weights, sum, cw_mix(draw + 1));
        struct cw_buyer buyer;
        cw_buyer_get(&demand->buyers, cw_buyer_pick(demand, &cell->groups[group], choice, group, draw),
                     &buyer);
        status = draw_order(plan, &buyer, order, set->lines + set->line_count, error);
    }
    return status;
}

/* Draws the orders [first, end) of a cell, which all lie in one slot. */
static cw_status draw_slot(const struct cw_order_plan *plan, struct cw_order_set *set, int32_t slot,
                           int64_t first, int64_t end, struct cw_buyer_choice *choice, struct cw_error *error)
{
    const struct cw_demand *demand = &plan->demand;
    const struct cw_cell *cell = &demand->cells[set->cell];
    cw_buyer_choice_update(demand, cell, slot, choice);
    double weights[CW_CELL_ZONES_MAX];
    double sum = 0.0;
    for (uint32_t g = 0; g < cell->group_count; g++) {
        weights[g] = cw_demand_weight(demand, &cell->groups[g], choice->group_rates[g], slot);
        sum += weights[g];
    }
    int32_t day = (int32_t)(cw_slot_start(demand, slot) / CW_MICROS_PER_DAY);
    uint32_t part = cw_season_part(cw_date_from_days(day).month);
    int64_t slot_first = cell->slot_orders[slot];
    int64_t slot_count = cell->slot_orders[slot + 1] - slot_first;
    for (int64_t i = first; i < end; i++) {
        cw_status room = reserve_lines(set, error);
        if (room != CW_OK)
            return room;
        struct cw_order *order = &set->orders[set->order_count++];
        order->number = plan->prior_orders + (uint64_t)(cell->first_order + i);
        cw_basket_prefetch(plan, cell->market, part, order->number + 1);
        order->created_at =
            order_time(demand, slot, i - slot_first, slot_count, cw_draw(plan->times, order->number, 100));
        order->first_line = (uint32_t)set->line_count;
        cw_status status = draw_bought_order(plan, set, choice, weights, sum, order, error);
        if (status != CW_OK)
            return status;
        cw_order_decide_end(plan, set->cell, order);
        set->line_count += order->line_count;
    }
    return CW_OK;
}

cw_status cw_order_draw(const struct cw_order_plan *plan, int64_t unit_index, struct cw_order_set *set,
                        struct cw_error *error)
{
    const struct cw_unit *unit = &plan->demand.units[unit_index];
    const struct cw_cell *cell = &plan->demand.cells[unit->cell];
    set->plan = plan;
    set->cell = unit->cell;
    set->order_count = set->line_count = 0;
    cw_status status = reserve(set, unit->count, error);
    struct cw_buyer_choice choice = {.step = -1};
    int64_t next = unit->first;
    int64_t end = unit->first + unit->count;
    for (int32_t slot = (int32_t)unit->first_slot; status == CW_OK && next < end; slot++) {
        int64_t slot_end = cell->slot_orders[slot + 1] < end ? cell->slot_orders[slot + 1] : end;
        if (slot_end > next)
            status = draw_slot(plan, set, slot, next, slot_end, &choice, error);
        next = slot_end > next ? slot_end : next;
    }
    return status;
}
