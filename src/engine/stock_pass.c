#include "engine/stock_pass.h"

#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"

#define LOOK_AHEAD 4 /* orders */
#define MICROS_PER_HOUR INT64_C(3600000000)
#define PICKING_TIME MICROS_PER_HOUR    /* from arrival at the centre to leaving the stock */
#define NOMINAL_ORDERS_PER_PRODUCT 0.05 /* a day, for stock of a catalogue made without orders */

/* Units that come back when an order is cancelled. */
struct give_back {
    int64_t time;
    uint32_t variant;
    int32_t quantity;
};

/* Where a variant stands among the steps that the world can promise. */
struct promise_position {
    const struct cw_promise *promise;
    uint32_t variant; /* within the promise */
    uint32_t step;    /* first one not yet reached */
};

struct cw_stock {
    const struct cw_order_plan *plan;
    const struct cw_world *world;
    uint32_t cell;
    struct cw_stock_item *items;
    /* Give-backs to come, a binary heap with the earliest first. */
    int64_t heap_count, heap_capacity;
    struct give_back *heap;
    uint32_t promise_count, promise_capacity;
    struct promise_position *positions;
    struct cw_promise **promises; /* loaded ones, to be released */
    uint32_t loaded_count, loaded_capacity;
};

static cw_status no_memory(struct cw_error *error)
{
    return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the stock of a fulfilment centre");
}

/* Doubles an array when it is full. */
static bool make_room(void **array, int64_t count, int64_t *capacity, size_t size)
{
    if (count < *capacity) {
        return true;
    }
    int64_t wanted = *capacity * 2 + 64;
    void *grown = realloc(*array, (size_t)wanted * size);
    if (grown == NULL) {
        return false;
    }
    *array = grown;
    *capacity = wanted;
    return true;
}

/* ---- Policy ---- */

int64_t cw_stock_opening_time(const struct cw_order_plan *plan, uint32_t variant)
{
    int64_t launched = plan->catalogue->launched_at[plan->catalogue->variant_product[variant]];
    int64_t before_range = plan->opening - MICROS_PER_HOUR;
    return launched > before_range ? launched : before_range;
}

/* Units of a variant that a cell expects to sell a day. */
static double expected_demand(const struct cw_order_plan *plan, uint32_t cell, uint32_t variant)
{
    const struct cw_catalogue *catalogue = plan->catalogue;
    uint32_t product = catalogue->variant_product[variant];
    double orders = (double)plan->demand.cells[cell].order_count;
    double days = (double)(plan->demand.to - plan->demand.from) / (double)CW_MICROS_PER_DAY;
    double daily = orders > 0.0
                       ? orders / (days > 1.0 ? days : 1.0)
                       : NOMINAL_ORDERS_PER_PRODUCT * catalogue->product_count / plan->demand.cell_count;
    double share =
        (double)catalogue->popularity[product] / plan->popularity_sum / plan->shelves[product].variant_count;
    return daily * plan->units_per_order * share;
}

static uint64_t policy_draw(const struct cw_order_plan *plan, uint32_t cell, uint32_t variant)
{
    return cw_draw(plan->stock, variant, plan->demand.cells[cell].site << 8);
}

/* Takes the lead time off a draw whose first byte is used up. */
static int32_t slice_lead_days(uint64_t *draw)
{
    return 3 + (int32_t)cw_slice(draw, 16);
}

static int32_t lead_days_of(const struct cw_order_plan *plan, uint32_t cell, uint32_t variant)
{
    uint64_t draw = policy_draw(plan, cell, variant) << 8;
    return slice_lead_days(&draw);
}

/* The shop's idea of demand is off by a factor, so some variants are kept short and run out. */
void cw_stock_policy_of(const struct cw_order_plan *plan, uint32_t cell, uint32_t variant,
                        struct cw_stock_policy *policy)
{
    uint64_t draw = policy_draw(plan, cell, variant);
    double believed = expected_demand(plan, cell, variant) * (0.6 + 0.4 * plan->tables->spread[draw >> 56]);
    draw <<= 8;
    policy->lead_days = slice_lead_days(&draw);
    double safety = 1.3 + 0.008 * cw_slice(&draw, 100);
    double cover_days = 14.0 + cw_slice(&draw, 32);
    double order_days = 18.0 + cw_slice(&draw, 24);
    policy->reorder_point = 6 + (int32_t)(believed * policy->lead_days * safety);
    policy->reorder_quantity = 24 + (int32_t)(believed * order_days);
    policy->opening = 0;
    if (!plan->has_world) {
        policy->opening =
            12 + (int32_t)cw_slice(&draw, 19) + (int32_t)(believed * (policy->lead_days + cover_days));
    }
}

/* ---- What the world can promise ---- */

static cw_status load_promise(struct cw_stock *stock, uint32_t first, uint32_t count, struct cw_promise **out,
                              struct cw_error *error)
{
    int64_t capacity = stock->loaded_capacity;
    if (!make_room((void **)&stock->promises, stock->loaded_count, &capacity, sizeof *stock->promises)) {
        return no_memory(error);
    }
    stock->loaded_capacity = (uint32_t)capacity;
    struct cw_promise *promise = calloc(1, sizeof *promise);
    if (promise == NULL) {
        return no_memory(error);
    }
    uint32_t site = stock->plan->demand.cells[stock->cell].site;
    cw_status status = stock->world->load_promise(stock->world->context, site, first, count, promise, error);
    if (status != CW_OK) {
        free(promise);
        return status;
    }
    stock->promises[stock->loaded_count++] = promise;
    *out = promise;
    return CW_OK;
}

static cw_status add_position(struct cw_stock *stock, struct cw_stock_item *item,
                              const struct cw_promise *promise, uint32_t variant, struct cw_error *error)
{
    int64_t capacity = stock->promise_capacity;
    if (!make_room((void **)&stock->positions, stock->promise_count, &capacity, sizeof *stock->positions)) {
        return no_memory(error);
    }
    stock->promise_capacity = (uint32_t)capacity;
    stock->positions[stock->promise_count++] =
        (struct promise_position){promise, variant, promise->first_step[variant]};
    item->promise = stock->promise_count;
    return CW_OK;
}

/* Moves an item on to the given time: promises of the world and arrived deliveries become available. */
static cw_status advance(struct cw_stock *stock, uint32_t variant, int64_t time, struct cw_error *error)
{
    struct cw_stock_item *item = &stock->items[variant];
    if (item->inbound >= 0 && item->inbound_at < time) {
        item->available += item->inbound;
        item->inbound = -1;
    }
    if (stock->world == NULL || stock->world->load_promise == NULL) {
        return CW_OK;
    }
    if (item->promise == 0) {
        struct cw_promise *promise = NULL;
        cw_status status = load_promise(stock, variant, 1, &promise, error);
        if (status == CW_OK) {
            status = add_position(stock, item, promise, 0, error);
        }
        if (status != CW_OK) {
            return status;
        }
    }
    struct promise_position *position = &stock->positions[item->promise - 1];
    const struct cw_promise *promise = position->promise;
    uint32_t first = promise->first_step[position->variant];
    uint32_t end = promise->first_step[position->variant + 1];
    for (; position->step < end && promise->times[position->step] < time; position->step++) {
        item->available += promise->available[position->step] -
                           (position->step > first ? promise->available[position->step - 1] : 0);
    }
    return CW_OK;
}

/* What the world will still add to what can be promised now. */
static int32_t promised_later(const struct cw_stock *stock, const struct cw_stock_item *item)
{
    if (item->promise == 0) {
        return 0;
    }
    const struct promise_position *position = &stock->positions[item->promise - 1];
    const struct cw_promise *promise = position->promise;
    uint32_t first = promise->first_step[position->variant];
    uint32_t end = promise->first_step[position->variant + 1];
    if (position->step == end) {
        return 0;
    }
    return promise->available[end - 1] -
           (position->step > first ? promise->available[position->step - 1] : 0);
}

/* ---- Give-backs ---- */

static cw_status push_give_back(struct cw_stock *stock, struct give_back entry, struct cw_error *error)
{
    if (!make_room((void **)&stock->heap, stock->heap_count, &stock->heap_capacity, sizeof *stock->heap)) {
        return no_memory(error);
    }
    int64_t i = stock->heap_count++;
    while (i > 0 && stock->heap[(i - 1) / 2].time > entry.time) {
        stock->heap[i] = stock->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    stock->heap[i] = entry;
    return CW_OK;
}

static struct give_back pop_give_back(struct cw_stock *stock)
{
    struct give_back top = stock->heap[0];
    struct give_back last = stock->heap[--stock->heap_count];
    int64_t i = 0;
    for (;;) {
        int64_t child = 2 * i + 1;
        if (child >= stock->heap_count) {
            break;
        }
        if (child + 1 < stock->heap_count && stock->heap[child + 1].time < stock->heap[child].time) {
            child++;
        }
        if (stock->heap[child].time >= last.time) {
            break;
        }
        stock->heap[i] = stock->heap[child];
        i = child;
    }
    stock->heap[i] = last;
    return top;
}

/* ---- Deliveries ---- */

static void move(struct cw_stock_item *item, int32_t quantity, int64_t time)
{
    item->on_hand += quantity;
    if (time > item->updated_at) {
        item->updated_at = time;
    }
}

static int64_t delivery_time(const struct cw_stock *stock, uint32_t variant, int32_t lead_days, int64_t time)
{
    const struct cw_order_plan *plan = stock->plan;
    uint32_t number = stock->items[variant].deliveries;
    uint64_t draw = cw_draw(plan->stock, variant, plan->demand.cells[stock->cell].site << 16 | (number + 1));
    int64_t lead = lead_days * (int64_t)(CW_MICROS_PER_DAY / 100) * (70 + cw_slice(&draw, 90));
    return cw_work_next(&plan->calendars[stock->cell],
                        time + lead + (int64_t)cw_below(draw, MICROS_PER_HOUR));
}

/* Notes a delivery of the variant; those after as-of have not been heard of yet. */
static cw_status note_delivery(struct cw_stock *stock, uint32_t variant, int32_t quantity, int64_t time,
                               struct cw_delivery_list *list, struct cw_error *error)
{
    struct cw_stock_item *item = &stock->items[variant];
    uint64_t site = stock->plan->demand.cells[stock->cell].site;
    uint64_t serial = site << 50 | (uint64_t)variant << 17 | (uint64_t)(item->deliveries + 1U);
    item->deliveries++;
    if (time > stock->plan->as_of) {
        return CW_OK;
    }
    if (!make_room((void **)&list->items, list->count, &list->capacity, sizeof *list->items)) {
        return no_memory(error);
    }
    list->items[list->count++] = (struct cw_delivery){variant, quantity, time, serial};
    move(item, quantity, time);
    return CW_OK;
}

static cw_status reorder(struct cw_stock *stock, uint32_t variant, int64_t time,
                         struct cw_delivery_list *list, struct cw_error *error)
{
    struct cw_stock_item *item = &stock->items[variant];
    if (item->reorder_point < 0) {
        struct cw_stock_policy policy;
        cw_stock_policy_of(stock->plan, stock->cell, variant, &policy);
        item->reorder_point = policy.reorder_point;
        item->reorder_quantity = policy.reorder_quantity;
    }
    if (item->available + promised_later(stock, item) >= item->reorder_point) {
        return CW_OK;
    }
    const int32_t lead_days = lead_days_of(stock->plan, stock->cell, variant);
    item->inbound_at = delivery_time(stock, variant, lead_days, time);
    item->inbound = item->reorder_quantity;
    return note_delivery(stock, variant, item->reorder_quantity, item->inbound_at, list, error);
}

static inline cw_status reorder_if_low(struct cw_stock *stock, uint32_t variant, int64_t time,
                                       struct cw_delivery_list *list, struct cw_error *error)
{
    const struct cw_stock_item *item = &stock->items[variant];
    bool is_low = item->reorder_point < 0 || item->available < item->reorder_point;
    return item->inbound < 0 && is_low ? reorder(stock, variant, time, list, error) : CW_OK;
}

/* ---- Demand meets stock ---- */

static void sell(struct cw_stock *stock, struct cw_order_line *line, const struct cw_order *order)
{
    struct cw_stock_item *item = &stock->items[line->variant];
    item->available -= line->quantity;
    line->sale_at = order->created_at;
    move(item, -line->quantity, line->sale_at);
}

/* Another variant of the product that is in stock. */
static cw_status try_substitute(struct cw_stock *stock, struct cw_order_line *line,
                                const struct cw_order *order, bool *found, struct cw_error *error)
{
    const struct cw_shelf *shelf = &stock->plan->shelves[line->product];
    for (uint32_t i = 0; i < shelf->variant_count; i++) {
        uint32_t variant = shelf->first_variant + i;
        cw_status status = advance(stock, variant, order->created_at, error);
        if (status != CW_OK) {
            return status;
        }
        if (variant != line->variant && stock->items[variant].available >= line->quantity) {
            line->requested = line->variant;
            line->variant = variant;
            line->fulfilment = CW_FULFILMENT_SUBSTITUTED;
            sell(stock, line, order);
            *found = true;
            return CW_OK;
        }
    }
    return CW_OK;
}

/* Waits for the open delivery where it has enough, else for one of its own. Orders that end before need
 * nothing. */
static cw_status backorder(struct cw_stock *stock, struct cw_order_line *line, struct cw_order *order,
                           struct cw_delivery_list *list, struct cw_error *error)
{
    struct cw_stock_item *item = &stock->items[line->variant];
    const int32_t lead_days = lead_days_of(stock->plan, stock->cell, line->variant);
    bool is_promised = item->inbound >= line->quantity;
    int64_t arrival =
        is_promised ? item->inbound_at : delivery_time(stock, line->variant, lead_days, order->created_at);
    int64_t sale_at = arrival + PICKING_TIME;
    line->fulfilment = CW_FULFILMENT_BACKORDERED;
    line->sale_at = CW_NEVER;
    if (order->ended_at <= sale_at) {
        return CW_OK;
    }
    if (sale_at > order->ready_at) {
        order->ready_at = sale_at;
    }
    if (is_promised) {
        item->inbound -= line->quantity;
    }
    cw_status status =
        is_promised ? CW_OK : note_delivery(stock, line->variant, line->quantity, arrival, list, error);
    if (status == CW_OK && sale_at <= stock->plan->as_of) {
        line->sale_at = sale_at;
        move(item, -line->quantity, sale_at);
    }
    return status;
}

static cw_status take_line(struct cw_stock *stock, struct cw_order *order, struct cw_order_line *line,
                           struct cw_delivery_list *list, struct cw_error *error)
{
    struct cw_stock_item *item = &stock->items[line->variant];
    cw_status status = advance(stock, line->variant, order->created_at, error);
    if (status != CW_OK) {
        return status;
    }
    bool is_met = item->available >= line->quantity;
    if (is_met) {
        sell(stock, line, order);
    } else {
        item->stockouts++;
        uint64_t draw = cw_draw(stock->plan->stock, order->number, line->variant);
        if (draw >> 63) {
            status = try_substitute(stock, line, order, &is_met, error);
        }
    }
    if (status == CW_OK) {
        status = reorder_if_low(stock, line->requested, order->created_at, list, error);
    }
    if (status == CW_OK && line->variant != line->requested) {
        status = reorder_if_low(stock, line->variant, order->created_at, list, error);
    }
    if (status == CW_OK && !is_met) {
        status = backorder(stock, line, order, list, error);
    }
    return status;
}

/* What left the stock comes back when the order ends. */
static cw_status schedule_give_backs(struct cw_stock *stock, const struct cw_order *order,
                                     const struct cw_order_line *lines, struct cw_error *error)
{
    if (order->ended_at > stock->plan->as_of) {
        return CW_OK;
    }
    for (uint32_t i = 0; i < order->line_count; i++) {
        if (lines[i].sale_at == CW_NEVER) {
            continue;
        }
        move(&stock->items[lines[i].variant], lines[i].quantity, order->ended_at);
        cw_status status = push_give_back(
            stock, (struct give_back){order->ended_at, lines[i].variant, lines[i].quantity}, error);
        if (status != CW_OK) {
            return status;
        }
    }
    return CW_OK;
}

/* Fetches what an order will need soon: the items lie scattered over more memory than the caches hold. */
static void prefetch_items(const struct cw_stock *stock, const struct cw_order_set *set, int64_t index)
{
    if (index >= set->order_count) {
        return;
    }
    const struct cw_order *order = &set->orders[index];
    for (uint32_t i = 0; i < order->line_count; i++) {
        const struct cw_stock_item *item = &stock->items[set->lines[order->first_line + i].variant];
        __builtin_prefetch(item, 1);
        __builtin_prefetch((const char *)(item + 1) - 1, 1);
    }
}

cw_status cw_stock_take(struct cw_stock *stock, struct cw_order_set *set, struct cw_delivery_list *deliveries,
                        struct cw_error *error)
{
    for (int64_t o = 0; o < set->order_count; o++) {
        struct cw_order *order = &set->orders[o];
        struct cw_order_line *lines = set->lines + order->first_line;
        while (stock->heap_count > 0 && stock->heap[0].time < order->created_at) {
            struct give_back back = pop_give_back(stock);
            stock->items[back.variant].available += back.quantity;
        }
        order->ready_at = order->created_at;
        prefetch_items(stock, set, o + LOOK_AHEAD);
        cw_status status = CW_OK;
        for (uint32_t i = 0; status == CW_OK && i < order->line_count; i++) {
            status = take_line(stock, order, &lines[i], deliveries, error);
        }
        if (status == CW_OK) {
            status = schedule_give_backs(stock, order, lines, error);
        }
        if (status != CW_OK) {
            return status;
        }
    }
    return CW_OK;
}

/* ---- A cell's stock ---- */

static cw_status load_all_promises(struct cw_stock *stock, struct cw_error *error)
{
    uint32_t variants = stock->plan->catalogue->variant_count;
    struct cw_promise *promise = NULL;
    cw_status status = load_promise(stock, 0, variants, &promise, error);
    for (uint32_t v = 0; status == CW_OK && v < variants; v++) {
        status = add_position(stock, &stock->items[v], promise, v, error);
    }
    return status;
}

cw_status cw_stock_new(const struct cw_order_plan *plan, const struct cw_world *world, uint32_t cell,
                       struct cw_stock **out, struct cw_error *error)
{
    uint32_t variants = plan->catalogue->variant_count;
    struct cw_stock *stock = calloc(1, sizeof *stock);
    if (stock == NULL) {
        return no_memory(error);
    }
    *stock = (struct cw_stock){.plan = plan, .world = world, .cell = cell};
    stock->items =
        aligned_alloc(_Alignof(struct cw_stock_item), ((size_t)variants + 1) * sizeof *stock->items);
    if (stock->items == NULL) {
        cw_stock_free(stock);
        return no_memory(error);
    }
    for (uint32_t v = 0; v < variants; v++) {
        struct cw_stock_policy policy = {0};
        if (!plan->has_world) {
            cw_stock_policy_of(plan, cell, v, &policy);
        }
        stock->items[v] = (struct cw_stock_item){
            .updated_at = plan->has_world ? INT64_MIN : cw_stock_opening_time(plan, v),
            .available = policy.opening,
            .inbound = -1,
            .on_hand = policy.opening,
            .reorder_point = plan->has_world ? -1 : policy.reorder_point,
            .reorder_quantity = policy.reorder_quantity,
        };
    }
    cw_status status = CW_OK;
    if (world != NULL && world->load_promise != NULL && plan->demand.cells[cell].order_count * 8 > variants) {
        status = load_all_promises(stock, error);
    }
    if (status != CW_OK) {
        cw_stock_free(stock);
        return status;
    }
    *out = stock;
    return CW_OK;
}

void cw_stock_free(struct cw_stock *stock)
{
    if (stock == NULL) {
        return;
    }
    for (uint32_t i = 0; i < stock->loaded_count; i++) {
        stock->world->release_promise(stock->world->context, stock->promises[i]);
        free(stock->promises[i]);
    }
    free(stock->promises);
    free(stock->positions);
    free(stock->items);
    free(stock->heap);
    free(stock);
}

const struct cw_stock_item *cw_stock_items(const struct cw_stock *stock)
{
    return stock->items;
}
