#include "engine/basket.h"

#include "base/calendar.h"
#include "engine/season.h"

#define PRODUCT_TRIES 12
#define PREFETCHED_LINES 6

/* Draw numbers: 32 to a line; the n-th try for a product uses the n-th, a second choice those from 16 on. */
#define LINE_DRAWS 32U
#define SECOND_CHOICE 16U
#define COIN_DRAW 30U
#define VARIANT_DRAW 31U
#define COUNT_DRAW (LINE_DRAWS * CW_ORDER_LINES_MAX)

/* What must hold for a product to go into an order. */
struct want {
    const struct cw_order_plan *plan;
    const struct cw_offer *offers;
    const struct cw_alias *popularity;
    uint64_t number; /* of the order */
    uint32_t buyer;
    uint32_t market;
    int32_t birth_date; /* INT32_MIN until it is needed */
    int64_t time;
    int64_t highest_price;
};

struct choice {
    uint32_t product;
    int64_t price; /* 0: none */
};

/* What the lines try first. */
struct first_tries {
    uint32_t choice[CW_ORDER_LINES_MAX];
    uint32_t second_choice[CW_ORDER_LINES_MAX]; /* NO_PRODUCT: none is made */
};

#define NO_PRODUCT UINT32_MAX

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

static uint32_t draw_product(const struct want *want, uint32_t number)
{
    return cw_alias_pick(want->popularity, cw_draw(want->plan->basket, want->number, number));
}

/* The first of the products drawn that can be sold, beginning with the given one. */
static struct choice find_product(struct want *want, uint32_t product, uint32_t first_draw)
{
    for (uint32_t i = 1;; i++) {
        int64_t price = price_if_sold(want, product);
        if (price > 0) {
            return (struct choice){product, price};
        }
        if (i == PRODUCT_TRIES) {
            break;
        }
        product = draw_product(want, first_draw + i);
    }
    return find_any(want, cw_draw(want->plan->basket, want->number, first_draw + PRODUCT_TRIES));
}

/* Draws what each line tries first, and fetches it. */
static void draw_first_tries(const struct want *want, uint8_t segment, uint32_t lines,
                             struct first_tries *tries)
{
    bool may_choose = segment == CW_SEGMENT_VIP || segment == CW_SEGMENT_WHOLESALE;
    for (uint32_t i = 0; i < lines; i++) {
        uint32_t first_draw = LINE_DRAWS * i;
        tries->choice[i] = draw_product(want, first_draw);
        __builtin_prefetch(&want->offers[tries->choice[i]]);
        tries->second_choice[i] = NO_PRODUCT;
        if (may_choose && (segment == CW_SEGMENT_WHOLESALE ||
                           cw_draw(want->plan->basket, want->number, first_draw + COIN_DRAW) >> 63)) {
            tries->second_choice[i] = draw_product(want, first_draw + SECOND_CHOICE);
            __builtin_prefetch(&want->offers[tries->second_choice[i]]);
        }
    }
}

/* Very important customers take the dearer of two every other time, wholesalers always the cheaper: bulk
 * goods cost little a piece. */
static struct choice choose_product(struct want *want, uint8_t segment, uint32_t line,
                                    const struct first_tries *tries)
{
    struct choice choice = find_product(want, tries->choice[line], LINE_DRAWS * line);
    if (choice.price == 0 || tries->second_choice[line] == NO_PRODUCT) {
        return choice;
    }
    struct choice other = find_product(want, tries->second_choice[line], LINE_DRAWS * line + SECOND_CHOICE);
    bool is_better = segment == CW_SEGMENT_VIP ? other.price > choice.price : other.price < choice.price;
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

cw_status cw_basket_draw(const struct cw_order_plan *plan, const struct cw_buyer *buyer,
                         struct cw_order *order, struct cw_order_line *lines, int64_t highest_price,
                         struct cw_error *error)
{
    int32_t month = cw_date_from_days((int32_t)(order->created_at / CW_MICROS_PER_DAY)).month;
    struct want want = {.plan = plan,
                        .offers = plan->offers[plan->catalogue->market_currency[buyer->market]],
                        .popularity = &plan->popularity[cw_season_part(month)],
                        .number = order->number,
                        .buyer = buyer->index,
                        .market = buyer->market,
                        .birth_date = INT32_MIN,
                        .time = order->created_at,
                        .highest_price = highest_price};
    uint32_t wanted =
        1 + cw_alias_pick(&plan->lines[order->segment], cw_draw(plan->basket, order->number, COUNT_DRAW));
    wanted = wanted < CW_ORDER_LINES_MAX ? wanted : CW_ORDER_LINES_MAX;
    struct first_tries tries;
    draw_first_tries(&want, order->segment, wanted, &tries);
    order->line_count = 0;
    for (uint32_t i = 0; i < wanted; i++) {
        struct choice choice = choose_product(&want, order->segment, i, &tries);
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

void cw_basket_prefetch(const struct cw_order_plan *plan, uint32_t market, uint32_t part, uint64_t number)
{
    const struct cw_offer *offers = plan->offers[plan->catalogue->market_currency[market]];
    for (uint32_t line = 0; line < PREFETCHED_LINES; line++) {
        uint32_t product =
            cw_alias_pick(&plan->popularity[part], cw_draw(plan->basket, number, LINE_DRAWS * line));
        __builtin_prefetch(&offers[product]);
    }
}
