#include "engine/basket.h"

#include "base/calendar.h"
#include "engine/season.h"

#define PRODUCT_TRIES 12
#define PREFETCHED_LINES 6

/* Draw numbers: 64 to a line; the n-th try for a product uses the n-th pair, a second choice those from 32
 * on. */
#define LINE_DRAWS 64U
#define SECOND_CHOICE 32U
#define TRY_DRAWS 2U
#define COIN_DRAW 62U
#define VARIANT_DRAW 63U
#define COUNT_DRAW (LINE_DRAWS * CW_ORDER_LINES_MAX)

/* What must hold for a product to go into an order. */
struct want {
    const struct cw_order_plan *plan;
    const struct cw_offer *offers;
    uint64_t number; /* of the order */
    uint32_t buyer;
    uint32_t market;
    int32_t month;
    int32_t birth_date; /* INT32_MIN until it is needed */
    int64_t time;
    int64_t highest_price;
};

struct choice {
    uint32_t product;
    int64_t price; /* 0: none */
};

/* The day before counts, so that nobody is too young in any time zone. */
static bool is_old_enough(struct want *want, uint8_t minimum_age)
{
    if (minimum_age == 0) {
        return true;
    }
    if (want->birth_date == INT32_MIN) {
        want->birth_date = cw_buyer_birth_date(&want->plan->demand.buyers, want->buyer);
    }
    struct cw_date birth = cw_date_from_days(want->birth_date);
    struct cw_date today = cw_date_from_days((int32_t)(want->time / CW_MICROS_PER_DAY) - 1);
    int32_t age = today.year - birth.year;
    if (today.month < birth.month || (today.month == birth.month && today.day < birth.day)) {
        age--;
    }
    return age >= minimum_age;
}

static int64_t price_at(const struct cw_catalogue *catalogue, const struct cw_offer *offer, int64_t time)
{
    int64_t price = offer->price;
    if (time >= offer->price_until) {
        for (uint32_t i = offer->next_price; i < offer->end_price && catalogue->price_valid_from[i] <= time;
             i++) {
            price = catalogue->price_amount[i];
        }
    }
    return price;
}

/* The price of a product if it can be sold now, else 0. */
static int64_t price_if_sold(struct want *want, uint32_t product)
{
    const struct cw_offer *offer = &want->offers[product];
    if (want->time < offer->sold_from || want->time >= offer->sold_until || offer->variant_count == 0 ||
        (offer->excluded_markets >> want->market & 1) || !is_old_enough(want, offer->minimum_age)) {
        return 0;
    }
    int64_t price = price_at(want->plan->catalogue, offer, want->time);
    return price <= want->highest_price ? price : 0;
}

/* The first product from a drawn one on that can be sold at all. */
static struct choice find_any(struct want *want, uint64_t draw)
{
    uint32_t count = want->plan->catalogue->product_count;
    uint32_t start = (uint32_t)cw_below(draw, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t product = (start + i) % count;
        int64_t price = price_if_sold(want, product);
        if (price > 0) {
            return (struct choice){product, price};
        }
    }
    return (struct choice){0, 0};
}

static struct choice find_product(struct want *want, uint32_t first_draw)
{
    const struct cw_order_plan *plan = want->plan;
    for (uint32_t i = 0; i < PRODUCT_TRIES; i++) {
        uint32_t number = first_draw + TRY_DRAWS * i;
        uint32_t product = cw_alias_pick(&plan->popularity, cw_draw(plan->basket, want->number, number));
        uint32_t appeal = cw_season_appeal(want->offers[product].season, want->month);
        if (appeal < 1000 && cw_below(cw_draw(plan->basket, want->number, number + 1), 1000) >= appeal) {
            continue;
        }
        int64_t price = price_if_sold(want, product);
        if (price > 0) {
            return (struct choice){product, price};
        }
    }
    return find_any(want, cw_draw(plan->basket, want->number, first_draw + TRY_DRAWS * PRODUCT_TRIES));
}

/* Very important customers take the dearer of two every other time, wholesalers always the cheaper: bulk
 * goods cost little a piece. */
static struct choice choose_product(struct want *want, uint8_t segment, uint32_t line)
{
    struct choice choice = find_product(want, LINE_DRAWS * line);
    bool is_vip = segment == CW_SEGMENT_VIP &&
                  cw_draw(want->plan->basket, want->number, LINE_DRAWS * line + COIN_DRAW) >> 63;
    if (choice.price == 0 || (!is_vip && segment != CW_SEGMENT_WHOLESALE)) {
        return choice;
    }
    struct choice other = find_product(want, LINE_DRAWS * line + SECOND_CHOICE);
    bool is_better = is_vip ? other.price > choice.price : other.price < choice.price;
    return is_better && other.price > 0 ? other : choice;
}

static int32_t draw_quantity(uint8_t segment, enum cw_behavior behavior, uint64_t draw)
{
    static const uint8_t retail[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3};
    static const uint8_t wholesale[16] = {1, 2, 2, 3, 3, 4, 4, 4, 6, 6, 6, 6, 10, 12, 12, 24};
    uint32_t choice = cw_slice(&draw, 16);
    if (segment == CW_SEGMENT_WHOLESALE) {
        return wholesale[choice];
    }
    int32_t gifts = behavior == CW_BEHAVIOR_HOLIDAY && cw_slice(&draw, 5) == 0;
    return retail[choice] + gifts;
}

/* Adds a line, or units to the line that has the variant already. */
static void add_line(const struct want *want, struct cw_order *order, struct cw_order_line *lines,
                     struct choice choice, uint64_t draw)
{
    const struct cw_offer *offer = &want->offers[choice.product];
    uint32_t variant = offer->first_variant + cw_slice(&draw, offer->variant_count);
    int32_t quantity = draw_quantity(order->segment, want->plan->demand.behavior, draw);
    for (uint32_t i = 0; i < order->line_count; i++) {
        if (lines[i].variant == variant) {
            lines[i].quantity += quantity;
            return;
        }
    }
    lines[order->line_count++] = (struct cw_order_line){.variant = variant,
                                                        .product = choice.product,
                                                        .requested = variant,
                                                        .quantity = quantity,
                                                        .unit_amount = choice.price,
                                                        .fulfilment = CW_FULFILMENT_STOCK,
                                                        .tax_class = offer->tax_class};
}

/* Fetches the first candidates of lines [first, end). */
static void prefetch_lines(const struct cw_order_plan *plan, const struct cw_offer *offers, uint64_t number,
                           uint32_t first, uint32_t end)
{
    for (uint32_t line = first; line < end; line++) {
        uint32_t product = cw_alias_pick(&plan->popularity, cw_draw(plan->basket, number, LINE_DRAWS * line));
        __builtin_prefetch(&offers[product]);
    }
}

cw_status cw_basket_draw(const struct cw_order_plan *plan, const struct cw_buyer *buyer,
                         struct cw_order *order, struct cw_order_line *lines, int64_t highest_price,
                         struct cw_error *error)
{
    struct want want = {.plan = plan,
                        .offers = plan->offers[plan->catalogue->market_currency[buyer->market]],
                        .number = order->number,
                        .buyer = buyer->index,
                        .market = buyer->market,
                        .month = cw_date_from_days((int32_t)(order->created_at / CW_MICROS_PER_DAY)).month,
                        .birth_date = INT32_MIN,
                        .time = order->created_at,
                        .highest_price = highest_price};
    uint32_t wanted =
        1 + cw_alias_pick(&plan->lines[order->segment], cw_draw(plan->basket, order->number, COUNT_DRAW));
    wanted = wanted < CW_ORDER_LINES_MAX ? wanted : CW_ORDER_LINES_MAX;
    order->line_count = 0;
    prefetch_lines(plan, want.offers, order->number, PREFETCHED_LINES, wanted);
    for (uint32_t i = 0; i < wanted; i++) {
        struct choice choice = choose_product(&want, order->segment, i);
        if (choice.price == 0) {
            break;
        }
        add_line(&want, order, lines, choice,
                 cw_draw(plan->basket, order->number, LINE_DRAWS * i + VARIANT_DRAW));
    }
    if (order->line_count == 0) {
        return cw_error_set(
            error, CW_E_INVALID, "products",
            "no product is on sale to a customer in %s at an order time within date_range; expected at "
            "least one launched, not retired, unrestricted and affordable",
            plan->tables->tables[buyer->market].market->name);
    }
    return CW_OK;
}

void cw_basket_prefetch(const struct cw_order_plan *plan, uint32_t market, uint64_t number)
{
    prefetch_lines(plan, plan->offers[plan->catalogue->market_currency[market]], number, 0, PREFETCHED_LINES);
}
