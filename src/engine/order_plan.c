#include "engine/order_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/mathematics.h"
#include "base/uuid.h"
#include "engine/catalogue_plan.h"
#include "engine/crew.h"

#define FEW_PRODUCTS 4096 /* no work for several threads */
#define TABLES_MAX (CW_MARKETS_MAX > CW_SEASON_PARTS ? CW_MARKETS_MAX : CW_SEASON_PARTS)

/* Items per order by segment: a positive Poisson, of mean parameter 3.5 unless the segment buys otherwise. */
static const double line_means[CW_SEGMENT_COUNT] = {3.5, 3.5, 4.2, 8.0, 3.5};

/* Mean quantity of a line by segment, as basket.c draws it. */
static const double line_quantities[CW_SEGMENT_COUNT] = {1.3125, 1.3125, 1.3125, 6.5625, 1.3125};

/* Mean units of an order; those of a regular one where there are no buyers. */
static double mean_units(const struct cw_demand *demand)
{
    double shares[CW_SEGMENT_COUNT];
    double units[CW_SEGMENT_COUNT];
    double mean = 0.0;
    cw_demand_segment_shares(demand, shares);
    for (uint32_t s = 0; s < CW_SEGMENT_COUNT; s++) {
        units[s] = line_means[s] / (1.0 - cw_exp(-line_means[s])) * line_quantities[s];
        mean += shares[s] * units[s];
    }
    return mean > 0.0 ? mean : units[CW_SEGMENT_REGULAR];
}

static cw_status make_shelves(struct cw_order_plan *plan, struct cw_error *error)
{
    const struct cw_catalogue *catalogue = plan->catalogue;
    plan->shelves = calloc((size_t)catalogue->product_count + 1, sizeof *plan->shelves);
    if (plan->shelves == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for %u products",
                            catalogue->product_count);
    }
    for (uint32_t p = 0; p < catalogue->product_count; p++) {
        plan->popularity_sum += catalogue->popularity[p];
        plan->shelves[p] = (struct cw_shelf){
            .first_variant = catalogue->first_variant[p],
            .variant_count = (uint16_t)(catalogue->first_variant[p + 1] - catalogue->first_variant[p]),
            .weight = catalogue->weight[p],
        };
    }
    return CW_OK;
}

/* Tables of the plan, each made by itself: those of popularity by part of the year, those of offers by
 * currency slot. */
struct table_making {
    struct cw_order_plan *plan;
    cw_status (*make)(struct cw_order_plan *plan, uint32_t table, struct cw_error *error);
    bool is_wanted[TABLES_MAX];
    cw_status statuses[TABLES_MAX];
    struct cw_error errors[TABLES_MAX];
};

static void make_table(void *context, uint32_t table)
{
    struct table_making *making = context;
    if (making->is_wanted[table]) {
        making->statuses[table] = making->make(making->plan, table, &making->errors[table]);
    }
}

/* Makes the wanted tables. Of several failures the first table's is reported. */
static cw_status make_tables(struct table_making *making, uint32_t threads, struct cw_error *error)
{
    threads = making->plan->catalogue->product_count < FEW_PRODUCTS ? 1 : threads;
    cw_crew_run(threads, TABLES_MAX, make_table, making);
    for (uint32_t t = 0; t < TABLES_MAX; t++) {
        if (making->statuses[t] != CW_OK) {
            if (error != NULL) {
                *error = making->errors[t];
            }
            return making->statuses[t];
        }
    }
    return CW_OK;
}

static cw_status make_part(struct cw_order_plan *plan, uint32_t part, struct cw_error *error)
{
    const struct cw_catalogue *catalogue = plan->catalogue;
    double *weights = malloc(catalogue->product_count * sizeof *weights);
    if (weights == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for %u products",
                            catalogue->product_count);
    }
    for (uint32_t p = 0; p < catalogue->product_count; p++) {
        weights[p] = (double)catalogue->popularity[p] * cw_season_appeal(catalogue->season[p], part);
    }
    const cw_status status = cw_alias_init(&plan->popularity[part], weights, catalogue->product_count, error);
    free(weights);
    return status;
}

/* One table of popularity for each part of the year that has orders. */
static cw_status make_popularity(struct cw_order_plan *plan, uint32_t threads, struct cw_error *error)
{
    struct table_making making = {.plan = plan, .make = make_part};
    int32_t day = (int32_t)(plan->demand.from / CW_MICROS_PER_DAY);
    int32_t last_day = (int32_t)((plan->demand.to - 1) / CW_MICROS_PER_DAY);
    last_day = last_day < day + 366 ? last_day : day + 366;
    for (; day <= last_day; day++) {
        making.is_wanted[cw_season_part(cw_date_from_days(day).month)] = true;
    }
    return make_tables(&making, threads, error);
}

/* The price at a time or, before the first one, the first. */
static void set_price(const struct cw_catalogue *catalogue, const uint32_t *range, int64_t time,
                      struct cw_offer *offer)
{
    uint32_t i = range[0];
    while (i + 1 < range[1] && catalogue->price_valid_from[i + 1] <= time) {
        i++;
    }
    offer->price = range[0] < range[1] ? catalogue->price_amount[i] : 0;
    offer->next_price = i + 1 < range[1] ? i + 1 : range[1];
    offer->end_price = range[1];
    offer->price_until =
        offer->next_price < range[1] ? catalogue->price_valid_from[offer->next_price] : INT64_MAX;
}

static cw_status make_offers(struct cw_order_plan *plan, uint32_t slot, struct cw_error *error)
{
    const struct cw_catalogue *catalogue = plan->catalogue;
    struct cw_offer *offers =
        aligned_alloc(_Alignof(struct cw_offer), ((size_t)catalogue->product_count + 1) * sizeof *offers);
    if (offers == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for %u products",
                            catalogue->product_count);
    }
    for (uint32_t p = 0; p < catalogue->product_count; p++) {
        offers[p] = (struct cw_offer){
            .sold_from = catalogue->launched_at[p],
            .sold_until = catalogue->retired_at[p],
            .first_variant = catalogue->first_variant[p],
            .excluded_markets = catalogue->excluded_markets[p],
            .variant_count = plan->shelves[p].variant_count,
            .season = catalogue->season[p],
            .minimum_age = catalogue->minimum_age[p],
            .tax_class = catalogue->tax_class[p],
        };
        set_price(catalogue, &catalogue->first_price[(size_t)p * catalogue->currency_count + slot],
                  plan->opening, &offers[p]);
    }
    plan->offers[slot] = offers;
    return CW_OK;
}

static cw_status make_all_offers(struct cw_order_plan *plan, uint32_t threads, struct cw_error *error)
{
    struct table_making making = {.plan = plan, .make = make_offers};
    for (uint32_t c = 0; c < plan->demand.cell_count; c++) {
        const struct cw_cell *cell = &plan->demand.cells[c];
        making.is_wanted[plan->catalogue->market_currency[cell->market]] |= cell->order_count > 0;
    }
    return make_tables(&making, threads, error);
}

static cw_status make_calendars(struct cw_order_plan *plan, const struct cw_run_spec *spec,
                                struct cw_error *error)
{
    uint32_t cells = plan->demand.cell_count;
    plan->calendars = calloc(cells, sizeof *plan->calendars);
    plan->site_ids = calloc(cells, sizeof *plan->site_ids);
    if (plan->calendars == NULL || plan->site_ids == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for %u fulfilment centres", cells);
    }
    for (uint32_t c = 0; c < cells; c++) {
        const struct cw_fulfilment_site *site = cw_fulfilment_site_get(plan->demand.cells[c].site);
        cw_fulfilment_id(plan->demand.cells[c].site, plan->site_ids[c].bytes);
        cw_status status = cw_work_calendar_init(&plan->calendars[c], cw_market_get(site->market),
                                                 cw_zone_get(site->zone), spec->from, spec->as_of, error);
        if (status != CW_OK) {
            return status;
        }
    }
    return CW_OK;
}

static void make_streams(struct cw_order_plan *plan, const struct cw_run_spec *spec)
{
    plan->traits = cw_stream_make(spec->seed, CW_ENTITY_ORDER, 2);
    plan->basket = cw_stream_make(spec->seed, CW_ENTITY_ORDER, 3);
    plan->times = cw_stream_make(spec->seed, CW_ENTITY_ORDER, 4);
    plan->stock = cw_stream_make(spec->seed, CW_ENTITY_STOCK, 6);
    /* Deliveries are not numbered across runs as orders are. */
    plan->delivery_key = cw_mix(cw_mix((uint64_t)spec->prior_orders + 1) ^ (uint64_t)spec->prior_products) &
                         ((UINT64_C(1) << 61) - 1);
    for (uint32_t e = 0; e < CW_ENTITY_COUNT; e++) {
        plan->ids[e] = cw_stream_make(spec->seed, e, 5);
    }
}

static cw_status check_catalogue(const struct cw_run_spec *spec, const struct cw_buyers *buyers,
                                 const struct cw_catalogue *catalogue, struct cw_error *error)
{
    if (spec->orders > 0 && cw_buyers_count(buyers) == 0) {
        return cw_error_set(error, CW_E_INVALID, "customers",
                            "customers is 0; expected at least 1 to place orders");
    }
    if (spec->orders > 0 && catalogue->product_count == 0) {
        return cw_error_set(error, CW_E_INVALID, "products",
                            "products is 0; expected at least 1 to be ordered");
    }
    return CW_OK;
}

cw_status cw_order_plan_init(struct cw_order_plan *plan, const struct cw_run_spec *spec,
                             const struct cw_buyers *buyers, const struct cw_catalogue *catalogue,
                             const struct cw_market_tables *tables, bool has_world, uint32_t threads,
                             struct cw_error *error)
{
    memset(plan, 0, sizeof *plan);
    cw_status status = check_catalogue(spec, buyers, catalogue, error);
    if (status != CW_OK) {
        return status;
    }
    plan->tables = tables;
    plan->catalogue = catalogue;
    plan->as_of = spec->as_of;
    plan->opening = spec->from;
    plan->prior_orders = (uint64_t)spec->prior_orders;
    plan->seed = spec->seed;
    plan->has_world = has_world;
    plan->skus = (struct cw_pool){catalogue->variant_count, catalogue->sku_offsets, catalogue->sku_bytes};
    make_streams(plan, spec);
    for (uint32_t s = 0; s < CW_SEGMENT_COUNT && status == CW_OK; s++) {
        status = cw_alias_init_positive_poisson(&plan->lines[s], line_means[s], error);
    }
    if (status == CW_OK && catalogue->product_count > 0) {
        status = make_shelves(plan, error);
    }
    if (status == CW_OK) {
        status = cw_demand_init(&plan->demand, spec, buyers, tables, threads, error);
    }
    plan->units_per_order = status == CW_OK ? mean_units(&plan->demand) : 0.0;
    if (status == CW_OK) {
        status = make_calendars(plan, spec, error);
    }
    if (status == CW_OK && spec->orders > 0) {
        status = make_popularity(plan, threads, error);
    }
    if (status == CW_OK) {
        status = make_all_offers(plan, threads, error);
    }
    if (status != CW_OK) {
        cw_order_plan_clear(plan);
    }
    return status;
}

void cw_order_id(const struct cw_order_plan *plan, enum cw_entity_id entity, int64_t time, uint64_t number,
                 uint8_t id[16])
{
    cw_uuid_v7(id, time, cw_unique62(plan->ids[entity], number));
}

void cw_order_plan_clear(struct cw_order_plan *plan)
{
    for (uint32_t c = 0; plan->calendars != NULL && c < plan->demand.cell_count; c++) {
        cw_work_calendar_clear(&plan->calendars[c]);
    }
    for (uint32_t s = 0; s < CW_SEGMENT_COUNT; s++) {
        cw_alias_clear(&plan->lines[s]);
    }
    for (uint32_t part = 0; part < CW_SEASON_PARTS; part++) {
        cw_alias_clear(&plan->popularity[part]);
    }
    cw_demand_clear(&plan->demand);
    free(plan->calendars);
    free(plan->site_ids);
    free(plan->shelves);
    for (uint32_t k = 0; k < CW_MARKETS_MAX; k++) {
        free(plan->offers[k]);
    }
    *plan = (struct cw_order_plan){0};
}
