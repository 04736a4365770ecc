#include <string.h>

#include "base/mathematics.h"
#include "base/uuid.h"
#include "engine/catalogue_parts.h"
#include "model/columns.h"

/* ln of popularity is normal with this deviation: the most popular fifth of products has Phi(1.28 - 0.8416) =
 * 67 % of all weight; 64 % to 66 % of lines were measured in public shop data. Late launches and retirements
 * add to it. */
#define POPULARITY_DEVIATION 1.28
#define POPULARITY_MEDIAN 1000.0
#define EARLY_SHARE 0.8125 /* of later launches: with the fifth at the opening, 85 % of all */
#define EARLY_TIME 0.6     /* fall into this first part of the shop's time */
#define RETIRED_PER_MILLE 135
#define SHORTEST_LIFE_DAYS 180
#define LONGEST_LEAD_DAYS 45
#define BASE_CURRENCY_SLOT 0

static const char status_bytes[48] = "activeretired";
static const uint32_t status_offsets[] = {0, 6, 13};
static const struct cw_pool status_pool = {2, status_offsets, status_bytes};
static const char tax_bytes[56] = "standardreducedzero";
static const uint32_t tax_offsets[] = {0, 8, 15, 19};
static const struct cw_pool tax_pool = {3, tax_offsets, tax_bytes};
static const char season_bytes[64] = "springsummerautumnwinterholiday";
static const uint32_t season_offsets[] = {0, 6, 12, 18, 24, 31};
static const struct cw_pool season_pool = {5, season_offsets, season_bytes};

/* The first index whose cumulative weight lies above place. */
static uint32_t search_above(const uint64_t *cumulative, uint32_t count, uint64_t place)
{
    uint32_t low = 0;
    uint32_t high = count - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (cumulative[middle] > place) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* Products are dealt out evenly over the leaves by demand, in a drawn order. */
static uint32_t leaf_of(const struct cw_catalogue_plan *plan, int64_t index)
{
    uint64_t per = plan->category_order.size;
    const struct cw_leaf_choice *choice = &plan->choices[(uint64_t)index / per];
    uint64_t rank = cw_permute(&plan->category_order, (uint64_t)index % per);
    uint64_t total = choice->cumulative[choice->count - 1];
    uint64_t place = (uint64_t)((cw_u128)(2 * rank + 1) * total / (2 * per));
    return choice->leaves[search_above(choice->cumulative, choice->count, place)];
}

static uint32_t brand_of(const struct cw_catalogue_plan *plan, uint32_t department, int64_t launched_at,
                         uint64_t draw)
{
    const struct cw_department_brands *brands = &plan->departments[department];
    uint32_t low = 0;
    uint32_t high = brands->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (brands->created_at[middle] <= launched_at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return brands->brands[search_above(brands->cumulative, low, cw_below(draw, brands->cumulative[low - 1]))];
}

static int64_t whole_minutes(double share, int64_t span)
{
    const int64_t minute = INT64_C(60000000);
    const int64_t minutes = span / minute;
    return (int64_t)(share * (double)minutes) * minute;
}

static void lifetime(const struct cw_catalogue_plan *plan, struct cw_product *product)
{
    const int64_t opening = plan->spec.opening;
    const int64_t span = plan->spec.as_of - opening;
    int64_t rank = (int64_t)cw_permute(&plan->launch_order, (uint64_t)product->index);
    product->launched_at = opening;
    if (rank >= plan->opening_products) {
        double later = (double)(plan->spec.products - plan->opening_products);
        double place = ((double)(rank - plan->opening_products) + 0.5) / later;
        double share = place < EARLY_SHARE
                           ? place / EARLY_SHARE * EARLY_TIME
                           : EARLY_TIME + (place - EARLY_SHARE) / (1.0 - EARLY_SHARE) * (1.0 - EARLY_TIME);
        product->launched_at += whole_minutes(share, span);
    }
    uint64_t draw = cw_draw(plan->traits, product->number, 0);
    int64_t earliest = product->launched_at + SHORTEST_LIFE_DAYS * CW_MICROS_IN_DAY;
    product->retired_at = INT64_MAX;
    /* The first of all products never retires: the shop always has something to sell. */
    if (rank > 0 && earliest < plan->spec.as_of && cw_chance(&draw, RETIRED_PER_MILLE)) {
        product->retired_at = earliest + whole_minutes(cw_unit(draw), plan->spec.as_of - earliest);
    }
}

static uint32_t popularity_of(const struct cw_catalogue_plan *plan, int64_t index)
{
    uint64_t rank = cw_permute(&plan->popularity_order, (uint64_t)index);
    double place = ((double)rank + 0.5) / (double)plan->spec.products;
    double weight = POPULARITY_MEDIAN * cw_exp(POPULARITY_DEVIATION * cw_normal_quantile(place));
    return weight < 1.0 ? 1 : (uint32_t)weight;
}

static int64_t cost_of(int64_t list, uint32_t margin, uint64_t draw)
{
    /* The margin of a product is 70 % to 130 % of the usual one, and leaves a cost of 5 % to 95 %. */
    uint64_t share = margin * (700 + cw_below(draw, 601)) / 1000;
    share = share < 50 ? 50 : share > 950 ? 950 : share;
    int64_t cost = list - (int64_t)((uint64_t)list * share / 1000);
    return cost >= list ? list - 1 : cost < 1 && list > 1 ? 1 : cost;
}

/* Light things are more common than heavy ones: the square of a uniform place in the range. */
static int32_t weight_of(const struct cw_leaf *leaf, uint64_t draw)
{
    double place = cw_unit(draw);
    double grams = leaf->lightest + place * place * (double)(leaf->heaviest - leaf->lightest);
    int32_t step = grams > 2000.0 ? 50 : grams > 200.0 ? 10 : 1;
    int32_t whole = (int32_t)grams / step * step;
    return whole < 1 ? 1 : whole;
}

void cw_product_make(const struct cw_catalogue_plan *plan, int64_t index, struct cw_product *product)
{
    product->index = index;
    product->number = (uint64_t)(plan->spec.prior_products + index);
    product->leaf = leaf_of(plan, index);
    const struct cw_leaf *leaf = cw_leaf_get(product->leaf);
    lifetime(plan, product);
    product->brand =
        brand_of(plan, leaf->department, product->launched_at, cw_draw(plan->traits, product->number, 1));
    const struct cw_brand *brand = &plan->brands[product->brand];
    uint64_t draw = cw_draw(plan->traits, product->number, 2);
    int64_t created =
        product->launched_at - (int64_t)cw_slice(&draw, LONGEST_LEAD_DAYS * 24) * CW_MICROS_PER_HOUR;
    product->created_at = created < brand->created_at ? brand->created_at : created;
    product->season = leaf->seasons[cw_slice(&draw, leaf->season_count)];
    product->popularity = popularity_of(plan, index);
    product->list_amount = cw_price_list(plan, product->number, product->leaf, brand->tier);
    product->cost_amount =
        cost_of(product->list_amount, leaf->margin, cw_draw(plan->traits, product->number, 3));
    product->weight = weight_of(leaf, cw_draw(plan->traits, product->number, 4));
}

void cw_product_id(const struct cw_catalogue_plan *plan, const struct cw_product *product, uint8_t out[16])
{
    cw_uuid_v7(out, product->created_at, cw_unique62(plan->product_ids, product->number));
}

struct product_columns {
    uint8_t *ids, *categories, *brands;
    int64_t *created, *launched, *retired, *list, *cost;
    int32_t *status, *currency, *weight, *season, *tax, *age, *excluded, *popularity;
};

static struct product_columns columns_of(const struct cw_rows *fill)
{
    return (struct product_columns){
        .ids = cw_rows_values(fill, CW_PRODUCT_ID),
        .categories = cw_rows_values(fill, CW_PRODUCT_CATEGORY_ID),
        .brands = cw_rows_values(fill, CW_PRODUCT_BRAND_ID),
        .created = cw_rows_values(fill, CW_PRODUCT_CREATED_AT),
        .launched = cw_rows_values(fill, CW_PRODUCT_LAUNCHED_AT),
        .retired = cw_rows_values(fill, CW_PRODUCT_RETIRED_AT),
        .list = cw_rows_values(fill, CW_PRODUCT_LIST_AMOUNT),
        .cost = cw_rows_values(fill, CW_PRODUCT_COST_AMOUNT),
        .status = cw_rows_codes(fill, CW_PRODUCT_STATUS, &status_pool),
        .currency = cw_rows_codes(fill, CW_PRODUCT_CURRENCY, &fill->plan->currency_pool),
        .weight = cw_rows_values(fill, CW_PRODUCT_WEIGHT),
        .season = cw_rows_codes(fill, CW_PRODUCT_SEASON, &season_pool),
        .tax = cw_rows_codes(fill, CW_PRODUCT_TAX_CLASS, &tax_pool),
        .age = cw_rows_values(fill, CW_PRODUCT_MINIMUM_AGE),
        .excluded = cw_rows_codes(fill, CW_PRODUCT_EXCLUDED_COUNTRIES, &cw_excluded_countries),
        .popularity = cw_rows_values(fill, CW_PRODUCT_POPULARITY),
    };
}

static void put_times(const struct cw_rows *fill, const struct product_columns *columns,
                      const struct cw_product *product, int64_t row)
{
    bool retired = product->retired_at != INT64_MAX;
    if (columns->created != NULL) {
        columns->created[row] = product->created_at;
    }
    if (columns->launched != NULL) {
        columns->launched[row] = product->launched_at;
    }
    if (columns->retired != NULL) {
        columns->retired[row] = retired ? product->retired_at : 0;
    }
    if (columns->retired != NULL && !retired) {
        cw_rows_null(fill, CW_PRODUCT_RETIRED_AT, row);
    }
    if (columns->status != NULL) {
        columns->status[row] = retired;
    }
}

static void put_leaf(const struct cw_rows *fill, const struct product_columns *columns,
                     const struct cw_leaf *leaf, int64_t row)
{
    if (columns->categories != NULL) {
        cw_category_id(leaf->category, columns->categories + 16 * row);
    }
    if (columns->tax != NULL) {
        columns->tax[row] = leaf->tax_class;
    }
    if (columns->age != NULL) {
        columns->age[row] = leaf->minimum_age;
    }
    if (columns->age != NULL && leaf->minimum_age == 0) {
        cw_rows_null(fill, CW_PRODUCT_MINIMUM_AGE, row);
    }
    if (columns->excluded != NULL) {
        columns->excluded[row] = leaf->excluded;
    }
    if (columns->excluded != NULL && leaf->excluded == 0) {
        cw_rows_null(fill, CW_PRODUCT_EXCLUDED_COUNTRIES, row);
    }
}

static void put_product(const struct cw_rows *fill, const struct product_columns *columns,
                        const struct cw_product *product, int64_t row)
{
    if (columns->ids != NULL) {
        cw_product_id(fill->plan, product, columns->ids + 16 * row);
    }
    if (columns->brands != NULL) {
        memcpy(columns->brands + 16 * row, fill->plan->brands[product->brand].id.bytes, 16);
    }
    if (columns->currency != NULL) {
        columns->currency[row] = BASE_CURRENCY_SLOT;
    }
    if (columns->list != NULL) {
        columns->list[row] = product->list_amount;
    }
    if (columns->cost != NULL) {
        columns->cost[row] = product->cost_amount;
    }
    if (columns->weight != NULL) {
        columns->weight[row] = product->weight;
    }
    if (columns->season != NULL) {
        columns->season[row] = product->season == CW_SEASON_NONE ? 0 : product->season - CW_SEASON_SPRING;
    }
    if (columns->season != NULL && product->season == CW_SEASON_NONE) {
        cw_rows_null(fill, CW_PRODUCT_SEASON, row);
    }
    if (columns->popularity != NULL) {
        columns->popularity[row] = (int32_t)product->popularity;
    }
}

cw_status cw_product_fill(const struct cw_rows *fill)
{
    cw_status status = cw_rows_begin(fill, fill->count);
    if (status != CW_OK) {
        return status;
    }
    const struct product_columns columns = columns_of(fill);
    for (int64_t row = 0; row < fill->count; row++) {
        struct cw_product product;
        cw_product_make(fill->plan, fill->first + row, &product);
        put_product(fill, &columns, &product, row);
        put_times(fill, &columns, &product, row);
        put_leaf(fill, &columns, cw_leaf_get(product.leaf), row);
        if (!cw_rows_want(fill, CW_PRODUCT_NAME)) {
            continue;
        }
        char name[CW_PRODUCT_NAME_MAX];
        status = cw_rows_text(fill, CW_PRODUCT_NAME, row, name, cw_product_name(fill->plan, &product, name));
        if (status != CW_OK) {
            return status;
        }
    }
    return CW_OK;
}
