#include "engine/catalogue_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/mathematics.h"
#include "engine/catalogue_parts.h"
#include "model/reference.h"

#define HIGHEST_PRICE INT64_C(100000000)
#define OPENING_SHARE 20 /* percent of products that are there from the first day */

static cw_status no_memory(struct cw_error *error)
{
    return cw_error_set(error, CW_E_NO_MEMORY, "products", "out of memory while the catalogue was prepared");
}

/* A pool of count texts in one block of memory, which *memory gets. */
static bool pool_init(struct cw_pool *pool, void **memory, const char *const *texts, uint32_t count)
{
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        size += strlen(texts[i]);
    }
    uint32_t *offsets = calloc(1, (count + 1) * sizeof *offsets + size + CW_PADDING);
    if (offsets == NULL) {
        return false;
    }
    char *bytes = (char *)(offsets + count + 1);
    for (uint32_t i = 0; i < count; i++) {
        size_t length = strlen(texts[i]);
        memcpy(bytes + offsets[i], texts[i], length);
        offsets[i + 1] = offsets[i] + (uint32_t)length;
    }
    *pool = (struct cw_pool){count, offsets, bytes};
    *memory = offsets;
    return true;
}

static cw_status pools_init(struct cw_catalogue_plan *plan, struct cw_error *error)
{
    const struct cw_pool *const usual[CW_ATTRIBUTE_COUNT] = {&cw_sizes, &cw_colours, &cw_materials};
    for (uint32_t a = 0; a < CW_ATTRIBUTE_COUNT; a++) {
        const struct cw_attribute_values *given = &plan->spec.attributes[a];
        const char *texts[CW_ATTRIBUTE_VALUES_MAX];
        for (uint32_t i = 0; i < given->count; i++) {
            texts[i] = given->values[i];
        }
        if (given->count == 0) {
            plan->attribute_pools[a] = *usual[a];
        } else if (!pool_init(&plan->attribute_pools[a], &plan->owned_pools[a], texts, given->count)) {
            return no_memory(error);
        }
    }
    const char *codes[CW_MARKETS_MAX];
    for (uint32_t k = 0; k < plan->currency_count; k++) {
        codes[k] = plan->currencies[k].code;
    }
    if (!pool_init(&plan->currency_pool, &plan->owned_pools[CW_ATTRIBUTE_COUNT], codes,
                   plan->currency_count)) {
        return no_memory(error);
    }
    return CW_OK;
}

/* Which markets a list of countries ("US;JP") closes to a product. */
static uint32_t markets_of(const char *text, size_t size)
{
    uint32_t markets = 0;
    for (size_t i = 0; i + 2 <= size; i += 3) {
        char country[3] = {text[i], text[i + 1], '\0'};
        int market = cw_market_find(country);
        if (market >= 0) {
            markets |= 1U << market;
        }
    }
    return markets;
}

static cw_status tables_init(struct cw_catalogue_plan *plan, struct cw_error *error)
{
    plan->leaf_log_price = calloc(cw_leaf_count(), sizeof *plan->leaf_log_price);
    plan->excluded_markets = calloc(cw_excluded_countries.count, sizeof *plan->excluded_markets);
    if (plan->leaf_log_price == NULL || plan->excluded_markets == NULL) {
        return no_memory(error);
    }
    for (uint32_t i = 0; i < cw_leaf_count(); i++) {
        plan->leaf_log_price[i] = cw_log((double)cw_leaf_get(i)->price);
    }
    for (uint32_t t = 0; t < CW_TIER_COUNT; t++) {
        plan->tier_log_price[t] = cw_log((double)cw_brand_tier_price((enum cw_brand_tier)t) / 1000.0);
    }
    for (uint32_t i = 0; i < cw_excluded_countries.count; i++) {
        const uint32_t *offset = cw_excluded_countries.offsets + i;
        plan->excluded_markets[i] =
            markets_of(cw_excluded_countries.bytes + offset[0], offset[1] - offset[0]);
    }
    return CW_OK;
}

static void draws_init(struct cw_catalogue_plan *plan)
{
    uint64_t seed = plan->spec.seed;
    plan->product_ids = cw_stream_make(seed, CW_ENTITY_PRODUCT, CW_PURPOSE_ID);
    plan->variant_ids = cw_stream_make(seed, CW_ENTITY_VARIANT, CW_PURPOSE_ID);
    plan->price_ids = cw_stream_make(seed, CW_ENTITY_PRODUCT_PRICE, CW_PURPOSE_ID);
    plan->traits = cw_stream_make(seed, CW_ENTITY_PRODUCT, CW_PURPOSE_TRAITS);
    plan->names = cw_stream_make(seed, CW_ENTITY_PRODUCT, CW_PURPOSE_NAME);
    plan->prices = cw_stream_make(seed, CW_ENTITY_PRODUCT_PRICE, CW_PURPOSE_PRICE);
    plan->options = cw_stream_make(seed, CW_ENTITY_VARIANT, CW_PURPOSE_OPTIONS);
    int64_t products = plan->spec.products;
    /* A run into a store with products already gets orders of its own, even with the same seed. */
    uint64_t orders = seed ^ cw_mix((uint64_t)plan->spec.prior_products);
    uint64_t in_category =
        (uint64_t)(plan->spec.category_count > 0 ? plan->spec.products_per_category : products);
    plan->category_order =
        cw_permutation_make(cw_stream_make(orders, CW_ENTITY_PRODUCT, CW_PURPOSE_CATEGORY), in_category);
    plan->launch_order =
        cw_permutation_make(cw_stream_make(orders, CW_ENTITY_PRODUCT, CW_PURPOSE_LAUNCH), (uint64_t)products);
    plan->popularity_order = cw_permutation_make(
        cw_stream_make(orders, CW_ENTITY_PRODUCT, CW_PURPOSE_POPULARITY), (uint64_t)products);
    plan->opening_products = (products * OPENING_SHARE + 99) / 100;
}

static void bounds_init(struct cw_catalogue_plan *plan)
{
    bool low = plan->spec.price_minimum != CW_UNSET;
    bool high = plan->spec.price_maximum != CW_UNSET;
    plan->lowest_price = low ? plan->spec.price_minimum : 1;
    plan->highest_price = high ? plan->spec.price_maximum : HIGHEST_PRICE;
}

cw_status cw_catalogue_plan_new(const struct cw_run_spec *spec, struct cw_catalogue_plan **plan,
                                struct cw_error *error)
{
    struct cw_run_spec checked = *spec;
    cw_status status = cw_catalogue_resolve(&checked, error);
    if (status != CW_OK) {
        return status;
    }
    struct cw_catalogue_plan *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return no_memory(error);
    }
    made->spec = checked;
    bounds_init(made);
    draws_init(made);
    cw_currencies_init(made);
    status = pools_init(made, error);
    if (status == CW_OK) {
        status = tables_init(made, error);
    }
    if (status == CW_OK) {
        status = cw_leaf_choices_init(made, error);
    }
    if (status == CW_OK) {
        status = cw_brands_init(made, error);
    }
    if (status != CW_OK) {
        cw_catalogue_plan_free(made);
        return status;
    }
    *plan = made;
    return CW_OK;
}

void cw_catalogue_plan_free(struct cw_catalogue_plan *plan)
{
    if (plan == NULL) {
        return;
    }
    for (uint32_t i = 0; plan->choices != NULL && i < plan->choice_count; i++) {
        free(plan->choices[i].leaves);
        free(plan->choices[i].cumulative);
    }
    for (uint32_t i = 0; plan->departments != NULL && i < plan->department_count; i++) {
        free(plan->departments[i].brands);
        free(plan->departments[i].created_at);
        free(plan->departments[i].cumulative);
    }
    for (uint32_t i = 0; i <= CW_ATTRIBUTE_COUNT; i++) {
        free(plan->owned_pools[i]);
    }
    free(plan->choices);
    free(plan->departments);
    free(plan->brands);
    free(plan->leaf_log_price);
    free(plan->excluded_markets);
    free(plan);
}

int64_t cw_catalogue_plan_rows(const struct cw_catalogue_plan *plan, enum cw_entity_id entity)
{
    switch (entity) {
    case CW_ENTITY_CATEGORY:
        return cw_category_count();
    case CW_ENTITY_BRAND:
        return plan->brand_count;
    case CW_ENTITY_PRODUCT:
        return plan->spec.products;
    case CW_ENTITY_PRODUCT_PRICE:
        return plan->spec.products * plan->currency_count * 2;
    case CW_ENTITY_VARIANT:
        return plan->spec.products * 7 / 2;
    case CW_ENTITY_FULFILMENT_CENTRE:
        return cw_fulfilment_site_count();
    default:
        return 0;
    }
}
