#define _POSIX_C_SOURCE 200809L

#include "store_fixture.h"

#include "base/calendar.h"
#include "model/reference.h"

static const struct cw_world *world_of(struct cw_store_world **world)
{
    assert_ok(cw_store_world_acquire(fixture_store, world, &fixture_error));
    return cw_store_world_get(*world);
}

static void add_customers(int64_t first, int64_t rows)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    rows_customers(batches, first, rows);
    rows_set_texts(&batches[CW_ENTITY_CUSTOMER], CW_CUSTOMER_SEGMENT, "vip", 0);
    assert_ok(fixture_load(batches, first));
}

static void check_order(const struct cw_population *population)
{
    for (uint32_t i = 0; i < population->customer_count; i++) {
        const struct cw_known_customer *customer = &population->customers[i];
        ck_assert(i == 0 || customer[-1].created_at <= customer->created_at);
        const int64_t number = (customer->created_at - ROWS_EPOCH) / 1000000;
        const struct cw_uuid id = rows_id(CW_ENTITY_CUSTOMER, number);
        const struct cw_uuid address = rows_id(CW_ENTITY_ADDRESS, number);
        const struct cw_uuid method = rows_id(CW_ENTITY_PAYMENT_METHOD, number);
        ck_assert_mem_eq(customer->id.bytes, id.bytes, 16);
        ck_assert_int_eq(customer->address_count, 1);
        ck_assert_int_eq(customer->payment_method_count, 1);
        ck_assert_mem_eq(population->addresses[customer->first_address].id.bytes, address.bytes, 16);
        ck_assert_mem_eq(population->payment_methods[customer->first_payment_method].id.bytes, method.bytes,
                         16);
        ck_assert_int_eq(customer->segment, CW_SEGMENT_VIP);
        ck_assert_int_eq(customer->market, cw_market_find("DE"));
    }
}

START_TEST(empty_store_gives_an_empty_world)
{
    struct cw_store_world *world = NULL;
    const struct cw_world *view = world_of(&world);
    ck_assert_uint_eq(view->population->customer_count, 0);
    ck_assert_uint_eq(view->catalogue->product_count, 0);
    ck_assert_uint_eq(view->catalogue->variant_count, 0);
    ck_assert_uint_gt(view->catalogue->currency_count, 0);
    cw_store_world_release(world);
}
END_TEST

START_TEST(population_grows_with_what_is_added)
{
    struct cw_store_world *first;
    struct cw_store_world *second;
    struct cw_store_world *third;
    add_customers(1000, 500);
    const struct cw_world *view = world_of(&first);
    ck_assert_uint_eq(view->population->customer_count, 500);
    check_order(view->population);
    /* Earlier and later ones, while the first world is in use and must not change. */
    add_customers(0, 100);
    add_customers(5000, 100);
    const struct cw_world *grown = world_of(&second);
    ck_assert_uint_eq(grown->population->customer_count, 700);
    check_order(grown->population);
    ck_assert_uint_eq(view->population->customer_count, 500);
    check_order(view->population);
    cw_store_world_release(first);
    cw_store_world_release(second);
    /* Nobody uses it now: the same memory grows. */
    add_customers(3000, 50);
    grown = world_of(&third);
    ck_assert_uint_eq(grown->population->customer_count, 750);
    check_order(grown->population);
    ck_assert_int_eq(cw_store_world_basis(third)[CW_ENTITY_CUSTOMER], 750);
    world_of(&second);
    ck_assert_ptr_eq(second, third);
    cw_store_world_release(second);
    cw_store_world_release(third);
}
END_TEST

START_TEST(world_of_an_earlier_moment)
{
    add_customers(1000, 50);
    int64_t basis[CW_ENTITY_COUNT];
    assert_ok(cw_store_basis(fixture_store, basis, &fixture_error));
    add_customers(0, 50);
    struct cw_store_world *world = NULL;
    assert_ok(cw_store_world_acquire_at(fixture_store, basis, &world, &fixture_error));
    const struct cw_population *population = cw_store_world_get(world)->population;
    ck_assert_uint_eq(population->customer_count, 50);
    ck_assert_int_eq(population->customers[0].created_at, rows_time(1000));
    cw_store_world_release(world);
}
END_TEST

/* Two addresses of a customer, the default one second; rows of one customer come in two runs. */
START_TEST(children_added_later_are_found)
{
    struct cw_store_world *world = NULL;
    add_customers(0, 10);
    world_of(&world);
    cw_store_world_release(world);
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    struct cw_batch *methods = &batches[CW_ENTITY_PAYMENT_METHOD];
    rows_init(methods, CW_ENTITY_PAYMENT_METHOD, 100, 1);
    rows_set_id(methods, CW_PAYMENT_METHOD_CUSTOMER_ID, 0, CW_ENTITY_CUSTOMER, 4);
    rows_set_int(methods, CW_PAYMENT_METHOD_EXPIRY_MONTH, 0, 12);
    rows_set_int(methods, CW_PAYMENT_METHOD_EXPIRY_YEAR, 0, 2029);
    rows_set_int(methods, CW_PAYMENT_METHOD_LIMIT_AMOUNT, 0, 12345);
    rows_init(&batches[CW_ENTITY_ADDRESS], CW_ENTITY_ADDRESS, 100, 1);
    rows_set_id(&batches[CW_ENTITY_ADDRESS], CW_ADDRESS_CUSTOMER_ID, 0, CW_ENTITY_CUSTOMER, 4);
    rows_set_int(&batches[CW_ENTITY_ADDRESS], CW_ADDRESS_IS_DEFAULT, 0, 0);
    assert_ok(fixture_load(batches, 100));
    const struct cw_population *population = world_of(&world)->population;
    const struct cw_known_customer *customer = &population->customers[4];
    ck_assert_int_eq(customer->payment_method_count, 2);
    ck_assert_int_eq(customer->address_count, 2);
    const struct cw_uuid first_address = rows_id(CW_ENTITY_ADDRESS, 4);
    ck_assert_mem_eq(population->addresses[customer->first_address].id.bytes, first_address.bytes, 16);
    bool found = false;
    for (uint32_t i = 0; i < 2; i++) {
        const struct cw_known_payment_method *method =
            &population->payment_methods[customer->first_payment_method + i];
        found = found || (method->limit_amount == 12345 &&
                          method->expires_at == cw_date_to_days(2030, 1, 1) * CW_MICROS_PER_DAY);
    }
    ck_assert(found);
    cw_store_world_release(world);
}
END_TEST

#define PRODUCTS 40
#define VARIANTS 100 /* variant v belongs to product v mod PRODUCTS */
#define MOVEMENTS 5  /* of each variant at each of two sites */

static const int quantities[MOVEMENTS] = {10, -4, -3, 20, -1};
static int64_t movement_time(int64_t k)
{
    return rows_time(k / 2 * 10);
}

static void add_movements(struct cw_batch *movements, int64_t first)
{
    rows_init(movements, CW_ENTITY_STOCK_MOVEMENT, first, VARIANTS * MOVEMENTS * 2);
    int64_t row = 0;
    for (int64_t k = 0; k < MOVEMENTS; k++) {
        for (int64_t v = 0; v < VARIANTS; v++) {
            for (int64_t site = 0; site < 2; site++) {
                rows_set_id(movements, CW_STOCK_MOVEMENT_FULFILMENT_CENTRE_ID, row,
                            CW_ENTITY_FULFILMENT_CENTRE, site);
                rows_set_id(movements, CW_STOCK_MOVEMENT_VARIANT_ID, row, CW_ENTITY_VARIANT, v);
                rows_set_int(movements, CW_STOCK_MOVEMENT_QUANTITY, row, quantities[k] + (k == 0 ? v : 0));
                rows_set_int(movements, CW_STOCK_MOVEMENT_OCCURRED_AT, row, movement_time(k) + site);
                row++;
            }
        }
    }
}

static void add_shop(void)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    rows_init(&batches[CW_ENTITY_CATEGORY], CW_ENTITY_CATEGORY, 0, 1);
    rows_init(&batches[CW_ENTITY_BRAND], CW_ENTITY_BRAND, 0, 1);
    struct cw_batch *products = &batches[CW_ENTITY_PRODUCT];
    rows_init(products, CW_ENTITY_PRODUCT, 0, PRODUCTS);
    rows_set_texts(products, CW_PRODUCT_EXCLUDED_COUNTRIES, "JP;XX;DE", 0);
    rows_set_texts(products, CW_PRODUCT_SEASON, "winter", 0);
    rows_set_texts(products, CW_PRODUCT_TAX_CLASS, "reduced", 0);
    struct cw_batch *prices = &batches[CW_ENTITY_PRODUCT_PRICE];
    rows_init(prices, CW_ENTITY_PRODUCT_PRICE, 0, PRODUCTS * 2);
    for (int64_t p = 0; p < PRODUCTS; p++) {
        rows_set_id(products, CW_PRODUCT_CATEGORY_ID, p, CW_ENTITY_CATEGORY, 0);
        rows_set_id(products, CW_PRODUCT_BRAND_ID, p, CW_ENTITY_BRAND, 0);
        rows_set_int(products, CW_PRODUCT_POPULARITY, p, p + 1);
    }
    for (int64_t i = 0; i < PRODUCTS * 2; i++) {
        /* The later price of each product stands first. */
        rows_set_id(prices, CW_PRODUCT_PRICE_PRODUCT_ID, i, CW_ENTITY_PRODUCT, i % PRODUCTS);
        rows_set_int(prices, CW_PRODUCT_PRICE_VALID_FROM, i, i < PRODUCTS ? 2000 : 1000);
        rows_set_int(prices, CW_PRODUCT_PRICE_UNIT_AMOUNT, i, i);
    }
    rows_init(&batches[CW_ENTITY_VARIANT], CW_ENTITY_VARIANT, 0, VARIANTS);
    rows_set_texts(&batches[CW_ENTITY_VARIANT], CW_VARIANT_SKU, "SKU-%" PRId64, 0);
    for (int64_t v = 0; v < VARIANTS; v++) {
        rows_set_id(&batches[CW_ENTITY_VARIANT], CW_VARIANT_PRODUCT_ID, v, CW_ENTITY_PRODUCT, v % PRODUCTS);
    }
    /* Centres 0 and 1 stand at sites 0 and 1. */
    struct cw_batch *centres = &batches[CW_ENTITY_FULFILMENT_CENTRE];
    rows_init(centres, CW_ENTITY_FULFILMENT_CENTRE, 0, 2);
    struct cw_column *codes = &centres->columns[CW_FULFILMENT_CENTRE_CODE];
    char text[128];
    snprintf(text, sizeof text, "%s%s", cw_fulfilment_site_get(0)->code, cw_fulfilment_site_get(1)->code);
    assert_ok(cw_batch_reserve_bytes(centres, CW_FULFILMENT_CENTRE_CODE, strlen(text), &fixture_error));
    memcpy(codes->bytes, text, strlen(text));
    ((int32_t *)codes->values)[1] = (int32_t)strlen(cw_fulfilment_site_get(0)->code);
    ((int32_t *)codes->values)[2] = (int32_t)strlen(text);
    add_movements(&batches[CW_ENTITY_STOCK_MOVEMENT], 0);
    assert_ok(fixture_load(batches, 1));
}

static int64_t variant_number(const struct cw_catalogue *catalogue, uint32_t variant)
{
    return strtoll(catalogue->sku_bytes + catalogue->sku_offsets[variant] + 4, NULL, 10);
}

START_TEST(catalogue_is_grouped_and_sorted)
{
    add_shop();
    struct cw_store_world *world = NULL;
    const struct cw_catalogue *catalogue = world_of(&world)->catalogue;
    ck_assert_uint_eq(catalogue->product_count, PRODUCTS);
    ck_assert_uint_eq(catalogue->variant_count, VARIANTS);
    ck_assert_uint_eq(catalogue->price_count, PRODUCTS * 2);
    ck_assert_uint_eq(catalogue->first_variant[PRODUCTS], VARIANTS);
    const uint32_t slot = catalogue->market_currency[cw_market_find("DE")];
    ck_assert_str_eq(cw_market_get(catalogue->currency_market[slot])->currency, "EUR");
    ck_assert_uint_eq(catalogue->market_currency[cw_market_find("FR")], slot);
    for (uint32_t p = 0; p < PRODUCTS; p++) {
        const struct cw_uuid id = rows_id(CW_ENTITY_PRODUCT, p);
        ck_assert_mem_eq(catalogue->product_ids[p].bytes, id.bytes, 16);
        ck_assert_uint_eq(catalogue->popularity[p], p + 1);
        ck_assert_int_eq(catalogue->retired_at[p], INT64_MAX);
        ck_assert_uint_eq(catalogue->excluded_markets[p],
                          1u << cw_market_find("JP") | 1u << cw_market_find("DE"));
        ck_assert_int_eq(catalogue->season[p], CW_SEASON_WINTER);
        ck_assert_int_eq(catalogue->tax_class[p], CW_TAX_REDUCED);
        ck_assert_int_eq(catalogue->minimum_age[p], 0);
        for (uint32_t v = catalogue->first_variant[p]; v < catalogue->first_variant[p + 1]; v++) {
            ck_assert_uint_eq(catalogue->variant_product[v], p);
            const struct cw_uuid variant = rows_id(CW_ENTITY_VARIANT, variant_number(catalogue, v));
            ck_assert_int_eq(variant_number(catalogue, v) % PRODUCTS, p);
            ck_assert_mem_eq(catalogue->variant_ids[v].bytes, variant.bytes, 16);
        }
        const uint32_t *first = &catalogue->first_price[p * catalogue->currency_count + slot];
        ck_assert_uint_eq(first[1] - first[0], 2);
        ck_assert_int_eq(catalogue->price_valid_from[first[0]], 1000);
        ck_assert_int_eq(catalogue->price_amount[first[0]], p + PRODUCTS);
        ck_assert_int_eq(catalogue->price_valid_from[first[0] + 1], 2000);
    }
    cw_store_world_release(world);
}
END_TEST

/* Levels of variant number n: 10 + n at t0 less 4 at the same moment; less 3, plus 20 at t10; less 1 at t20.
 * The lowest from then on: 6 + n, 22 + n, 22 + n. */
static void check_promise(const struct cw_world *world, uint32_t site, uint32_t first, uint32_t count,
                          int64_t runs)
{
    struct cw_promise promise;
    assert_ok(world->load_promise(world->context, site, first, count, &promise, &fixture_error));
    for (uint32_t k = 0; k < count; k++) {
        const int64_t number = variant_number(world->catalogue, first + k);
        const uint32_t at = promise.first_step[k];
        ck_assert_uint_eq(promise.first_step[k + 1] - at, 2);
        ck_assert_int_eq(promise.times[at], movement_time(0) + site);
        ck_assert_int_eq(promise.available[at], runs * (6 + number));
        ck_assert_int_eq(promise.times[at + 1], movement_time(2) + site);
        ck_assert_int_eq(promise.available[at + 1], runs * (22 + number));
    }
    world->release_promise(world->context, &promise);
}

START_TEST(promises_are_the_lowest_level_from_then_on)
{
    add_shop();
    struct cw_store_world *before;
    struct cw_store_world *after;
    const struct cw_world *view = world_of(&before);
    check_promise(view, 0, 0, VARIANTS, 1);
    check_promise(view, 1, 17, 60, 1);
    for (uint32_t v = 0; v < VARIANTS; v += 9) {
        check_promise(view, 1, v, 1, 1);
    }
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    add_movements(&batches[CW_ENTITY_STOCK_MOVEMENT], 5000);
    assert_ok(fixture_load(batches, 2));
    /* The old world keeps to its moment. */
    check_promise(view, 0, 3, 1, 1);
    check_promise(view, 0, 0, VARIANTS, 1);
    const struct cw_world *renewed = world_of(&after);
    ck_assert_ptr_eq(renewed->catalogue, view->catalogue);
    check_promise(renewed, 0, 0, VARIANTS, 2);
    check_promise(renewed, 1, 99, 1, 2);
    cw_store_world_release(before);
    cw_store_world_release(after);
}
END_TEST

START_TEST(site_without_a_centre_promises_nothing)
{
    add_shop();
    struct cw_store_world *world = NULL;
    const struct cw_world *view = world_of(&world);
    struct cw_promise promise;
    assert_ok(view->load_promise(view->context, 2, 0, VARIANTS, &promise, &fixture_error));
    ck_assert_uint_eq(promise.first_step[VARIANTS], 0);
    view->release_promise(view->context, &promise);
    ck_assert_int_eq(view->load_promise(view->context, 0, 90, 11, &promise, &fixture_error), CW_E_INVALID);
    ck_assert_int_eq(view->load_promise(view->context, 10000, 0, 1, &promise, &fixture_error), CW_E_INVALID);
    cw_store_world_release(world);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const all[] = {
        empty_store_gives_an_empty_world,
        population_grows_with_what_is_added,
        world_of_an_earlier_moment,
        children_added_later_are_found,
        catalogue_is_grouped_and_sorted,
        promises_are_the_lowest_level_from_then_on,
        site_without_a_centre_promises_nothing,
    };
    return fixture_suite("store_world", all, sizeof all / sizeof *all);
}
