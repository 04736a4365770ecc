#include <string.h>

#include "base/mathematics.h"
#include "base/uuid.h"
#include "engine/catalogue_parts.h"
#include "engine/distribution.h"
#include "model/columns.h"
#include "model/reference.h"

#define LIST_ATTEMPTS 8
#define WITHOUT_TAX 100000     /* factor of a price that holds no tax */
#define EPISODE_DAYS 90        /* of a product's life that an increase or promotion needs to itself */
#define EPISODES_MAX 2         /* with a markdown, five changes after the launch */
#define MARKDOWN_PER_MILLE 700 /* of retired products are marked down before */
#define MARKDOWN_DAYS 45       /* at most so long before */
#define HIGHEST_AMOUNT INT64_C(1000000000000)

static const char reason_bytes[80] = "launchincreasepromotionmarkdownregular";
static const uint32_t reason_offsets[] = {0, 6, 14, 23, 31, 38};
static const struct cw_pool reason_pool = {5, reason_offsets, reason_bytes};

/* Prices hold the tax where it is inclusive: by tax class, hundred thousandths of the price without it. */
static void slot_factors(struct cw_currency_slot *slot, const struct cw_tax *tax)
{
    const uint32_t rates[3] = {tax->standard_rate, tax->reduced_rate, tax->zero_rate};
    for (uint32_t i = 0; i < 3; i++) {
        slot->factor[i] = WITHOUT_TAX + (tax->inclusive ? rates[i] : 0);
    }
}

void cw_currencies_init(struct cw_catalogue_plan *plan)
{
    for (uint32_t m = 0; m < cw_market_count() && m < CW_MARKETS_MAX; m++) {
        const struct cw_market *market = cw_market_get(m);
        uint32_t k = 0;
        while (k < plan->currency_count && strcmp(plan->currencies[k].code, market->currency) != 0) {
            k++;
        }
        plan->market_currency[m] = (uint8_t)k;
        if (k < plan->currency_count) {
            continue;
        }
        struct cw_currency_slot *slot = &plan->currencies[plan->currency_count++];
        slot->code = market->currency;
        slot->market = m;
        slot->rate = market->rate;
        slot_factors(slot, &market->tax);
        slot->endings = cw_price_endings_get(market->currency, market->currency_digits, &slot->ending_count);
    }
}

/* The ending that the product uses at this level of prices; style is its own draw. */
static const struct cw_price_ending *ending_of(const struct cw_currency_slot *slot, int64_t amount,
                                               uint64_t style)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < slot->ending_count && slot->endings[i].from <= amount; i++) {
        if (slot->endings[i].from != slot->endings[first].from) {
            first = i;
        }
    }
    uint64_t sum = 0;
    uint32_t end = first;
    for (; end < slot->ending_count && slot->endings[end].from == slot->endings[first].from; end++) {
        sum += slot->endings[end].weight;
    }
    uint64_t place = cw_below(style, sum);
    while (place >= slot->endings[first].weight) {
        place -= slot->endings[first++].weight;
    }
    return &slot->endings[first];
}

/* The price with a shop-like ending nearest to amount, within the bounds; amount, brought into them, where
 * none is. */
static int64_t shape(const struct cw_currency_slot *slot, int64_t amount, uint64_t style, int64_t low,
                     int64_t high)
{
    const struct cw_price_ending *ending = ending_of(slot, amount, style);
    int64_t step = ending->step;
    int64_t above = amount - (int64_t)ending->ending + step / 2;
    int64_t shaped = (above > 0 ? above / step : 0) * step + (int64_t)ending->ending;
    shaped += shaped < low ? step : 0;
    shaped -= shaped > high ? step : 0;
    if (shaped >= low && shaped <= high) {
        return shaped;
    }
    return amount < low ? low : amount > high ? high : amount;
}

/* Where no draw of the category falls within the bounds: evenly by magnitude between them. */
static double within_bounds(const struct cw_catalogue_plan *plan, double usual, uint64_t draw)
{
    double low = (double)plan->lowest_price;
    double high = (double)plan->highest_price;
    if (usual < low && high > 2.0 * low) {
        high = 2.0 * low;
    }
    if (usual > high && low < 0.5 * high) {
        low = 0.5 * high;
    }
    return low * cw_exp(cw_unit(draw) * cw_log(high / low));
}

int64_t cw_price_list(const struct cw_catalogue_plan *plan, uint64_t number, uint32_t leaf, uint32_t tier)
{
    double mu = plan->leaf_log_price[leaf] + plan->tier_log_price[tier];
    double sigma = cw_leaf_get(leaf)->sigma / 1000.0;
    double price = 0.0;
    bool inside = false;
    for (uint32_t i = 0; !inside && i < LIST_ATTEMPTS; i++) {
        price = cw_log_normal(cw_draw(plan->prices, number, 2 + i), mu, sigma);
        inside = price >= (double)plan->lowest_price && price <= (double)plan->highest_price;
    }
    if (!inside) {
        price = within_bounds(plan, price, cw_draw(plan->prices, number, 2 + LIST_ATTEMPTS));
    }
    return shape(&plan->currencies[0], (int64_t)price, cw_draw(plan->prices, number, 0), plan->lowest_price,
                 plan->highest_price);
}

static void add_step(struct cw_price_schedule *schedule, int64_t time, uint32_t factor,
                     enum cw_price_reason reason)
{
    schedule->valid_from[schedule->count] = time;
    schedule->factor[schedule->count] = (uint16_t)factor;
    schedule->reason[schedule->count++] = (uint8_t)reason;
}

/* One increase, or a promotion of 3 to 14 days and the return from it, in the first 60 % of a part of life.
 */
static uint32_t add_episode(struct cw_price_schedule *schedule, int64_t start, int64_t length,
                            uint32_t regular, uint64_t draw)
{
    int64_t hours = length / CW_MICROS_PER_HOUR;
    int64_t wait = 24 + (int64_t)cw_slice(&draw, (uint32_t)(hours * 6 / 10 - 24));
    int64_t time = start + wait * CW_MICROS_PER_HOUR;
    if (cw_chance(&draw, 450)) {
        uint32_t raised = regular * (1030 + cw_slice(&draw, 80)) / 1000;
        add_step(schedule, time, raised, CW_PRICE_INCREASE);
        return raised;
    }
    uint32_t discount = 100 + 50 * cw_slice(&draw, 5);
    int64_t days = 3 + cw_slice(&draw, 12);
    add_step(schedule, time, regular * (1000 - discount) / 1000, CW_PRICE_PROMOTION);
    add_step(schedule, time + days * CW_MICROS_IN_DAY, regular, CW_PRICE_REGULAR);
    return regular;
}

void cw_price_schedule_make(const struct cw_catalogue_plan *plan, const struct cw_product *product,
                            struct cw_price_schedule *schedule)
{
    *schedule = (struct cw_price_schedule){0};
    add_step(schedule, product->launched_at, 1000, CW_PRICE_LAUNCH);
    uint64_t draw = cw_draw(plan->prices, product->number, 1);
    bool retired = product->retired_at != INT64_MAX;
    int64_t end = retired ? product->retired_at - MARKDOWN_DAYS * CW_MICROS_IN_DAY : plan->spec.as_of;
    int64_t days = (end - product->launched_at) / CW_MICROS_IN_DAY;
    uint32_t most = days < EPISODE_DAYS ? 0 : days < 6 * EPISODE_DAYS ? 1 : EPISODES_MAX;
    /* Of products older than a year and a half a third has no change, a third one, a third two. */
    uint32_t episodes = cw_slice(&draw, most + 1);
    uint32_t regular = 1000;
    for (uint32_t i = 0; i < episodes; i++) {
        int64_t length = (end - product->launched_at) / episodes;
        regular = add_episode(schedule, product->launched_at + length * i, length, regular,
                              cw_draw(plan->prices, product->number, 20 + i));
    }
    if (retired && cw_chance(&draw, MARKDOWN_PER_MILLE)) {
        int64_t before = (7 + (int64_t)cw_slice(&draw, MARKDOWN_DAYS - 7)) * CW_MICROS_IN_DAY;
        add_step(schedule, product->retired_at - before, regular * (500 + 50 * cw_slice(&draw, 6)) / 1000,
                 CW_PRICE_MARKDOWN);
    }
}

/* What the launch price is in a currency, before its ending. */
static int64_t converted(const struct cw_currency_slot *slot, int64_t list, uint32_t tax_class)
{
    int64_t amount = list * slot->rate / 10000;
    return amount / WITHOUT_TAX * slot->factor[tax_class] +
           amount % WITHOUT_TAX * slot->factor[tax_class] / WITHOUT_TAX;
}

void cw_price_amounts(const struct cw_catalogue_plan *plan, const struct cw_product *product,
                      const struct cw_price_schedule *schedule, uint32_t slot,
                      int64_t amounts[CW_PRICE_STEPS_MAX])
{
    const struct cw_currency_slot *currency = &plan->currencies[slot];
    uint64_t style = cw_draw(plan->prices, product->number, 0);
    int64_t low = slot == 0 ? plan->lowest_price : 1;
    int64_t high = slot == 0 ? plan->highest_price : HIGHEST_AMOUNT;
    int64_t base = converted(currency, product->list_amount, cw_leaf_get(product->leaf)->tax_class);
    if (slot == 0) {
        base = product->list_amount;
    }
    amounts[0] = slot == 0 ? base : shape(currency, base < 1 ? 1 : base, style, low, high);
    int64_t regular = amounts[0];
    for (uint32_t i = 1; i < schedule->count; i++) {
        enum cw_price_reason reason = (enum cw_price_reason)schedule->reason[i];
        /* An ending must not undo a small change. */
        int64_t lowest = reason == CW_PRICE_INCREASE ? regular + 1 : low;
        int64_t highest = reason == CW_PRICE_PROMOTION || reason == CW_PRICE_MARKDOWN ? regular - 1 : high;
        amounts[i] = regular;
        if (reason != CW_PRICE_REGULAR && lowest <= highest) {
            amounts[i] = shape(currency, base * schedule->factor[i] / 1000, style, lowest, highest);
        }
        if (reason == CW_PRICE_INCREASE) {
            regular = amounts[i];
        }
    }
}

/* A row number for every price: the product's, the currency's and the step's. */
static void price_id(const struct cw_catalogue_plan *plan, const struct cw_product *product, uint32_t slot,
                     uint32_t step, int64_t time, uint8_t out[16])
{
    uint64_t number = (product->number * CW_MARKETS_MAX + slot) * 8 + step;
    cw_uuid_v7(out, time, cw_unique62(plan->price_ids, number));
}

struct price_columns {
    uint8_t *ids, *products;
    int32_t *currency, *reason;
    int64_t *amount, *from, *to;
};

static int64_t put_prices(const struct cw_rows *rows, const struct price_columns *columns,
                          const struct cw_product *product, int64_t row)
{
    struct cw_price_schedule schedule;
    uint8_t product_id[16];
    int64_t amounts[CW_PRICE_STEPS_MAX];
    cw_price_schedule_make(rows->plan, product, &schedule);
    cw_product_id(rows->plan, product, product_id);
    for (uint32_t k = 0; k < rows->plan->currency_count; k++) {
        cw_price_amounts(rows->plan, product, &schedule, k, amounts);
        for (uint32_t i = 0; i < schedule.count; i++, row++) {
            bool last = i + 1 == schedule.count;
            if (columns->ids != NULL) {
                price_id(rows->plan, product, k, i, schedule.valid_from[i], columns->ids + 16 * row);
            }
            if (columns->products != NULL) {
                memcpy(columns->products + 16 * row, product_id, 16);
            }
            if (columns->currency != NULL) {
                columns->currency[row] = (int32_t)k;
            }
            if (columns->reason != NULL) {
                columns->reason[row] = schedule.reason[i];
            }
            if (columns->amount != NULL) {
                columns->amount[row] = amounts[i];
            }
            if (columns->from != NULL) {
                columns->from[row] = schedule.valid_from[i];
            }
            if (columns->to != NULL) {
                columns->to[row] = last ? 0 : schedule.valid_from[i + 1];
            }
            if (columns->to != NULL && last) {
                cw_rows_null(rows, CW_PRODUCT_PRICE_VALID_TO, row);
            }
        }
    }
    return row;
}

cw_status cw_price_fill(const struct cw_rows *rows)
{
    int64_t most = rows->count * rows->plan->currency_count * CW_PRICE_STEPS_MAX;
    cw_status status = cw_rows_begin(rows, most);
    if (status != CW_OK) {
        return status;
    }
    const struct price_columns columns = {
        .ids = cw_rows_values(rows, CW_PRODUCT_PRICE_ID),
        .products = cw_rows_values(rows, CW_PRODUCT_PRICE_PRODUCT_ID),
        .currency = cw_rows_codes(rows, CW_PRODUCT_PRICE_CURRENCY, &rows->plan->currency_pool),
        .reason = cw_rows_codes(rows, CW_PRODUCT_PRICE_REASON, &reason_pool),
        .amount = cw_rows_values(rows, CW_PRODUCT_PRICE_UNIT_AMOUNT),
        .from = cw_rows_values(rows, CW_PRODUCT_PRICE_VALID_FROM),
        .to = cw_rows_values(rows, CW_PRODUCT_PRICE_VALID_TO),
    };
    int64_t row = 0;
    for (int64_t i = 0; i < rows->count; i++) {
        struct cw_product product;
        cw_product_make(rows->plan, rows->first + i, &product);
        row = put_prices(rows, &columns, &product, row);
    }
    rows->batch->row_count = row;
    return CW_OK;
}
