/* Orders as a whole: shapes of demand, baskets, and the ends of what can be asked for. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "engine/season.h"
#include "harness.h"
#include "model/columns.h"
#include "model/reference.h"
#include "model/zone.h"
#include "shop_rows.h"

#define AS_OF_DAY 20454

static struct cw_run_spec spec;
static struct shop shop;
static struct cw_error error;
static const struct shop_part whole = {.threads = 1, .shards = 1};

static void set_up(void)
{
    cw_run_spec_init(&spec);
    spec.seed = 5;
    spec.customers = 3000;
    spec.products = 400;
    spec.orders = 30000;
}

static void tear_down(void)
{
    shop_clear(&shop);
}

/* Only the orders, for what needs many of them. */
static void make_orders(uint64_t entities)
{
    const struct shop_part part = {.threads = 1, .shards = 1, .entities = entities};
    cw_status status = shop_make(&shop, &spec, NULL, &part, &error);
    ck_assert_msg(status == CW_OK, "%s", error.message);
}

static void only_market(const char *country)
{
    memset(spec.market_shares, 0, sizeof spec.market_shares);
    spec.market_shares[cw_market_find(country)] = 1;
}

static int64_t order_time(int64_t row)
{
    return shop_number(&shop, CW_ENTITY_ORDER, CW_ORDER_CREATED_AT, row);
}

/* ---- Demand ---- */

struct shape {
    double hours[24], weekdays[7], days[366];
    double paydays, other_days, months[12];
};

static void measure(struct shape *shape)
{
    memset(shape, 0, sizeof *shape);
    const struct cw_zone *zone = cw_zone_get((uint32_t)cw_zone_find("Europe/Berlin"));
    for (int64_t r = 0; r < shop_rows(&shop, CW_ENTITY_ORDER); r++) {
        int64_t seconds = order_time(r) / 1000000;
        int64_t local = seconds + cw_zone_offset(zone, seconds);
        int32_t day = (int32_t)(local / 86400);
        struct cw_date date = cw_date_from_days(day);
        shape->hours[local % 86400 / 3600]++;
        shape->weekdays[cw_date_weekday(day) - 1]++;
        shape->months[date.month - 1]++;
        if (date.day == 1 || date.day == 15) {
            shape->paydays++;
        } else {
            shape->other_days++;
        }
        if (day >= AS_OF_DAY - 365 && day <= AS_OF_DAY)
            shape->days[day - (AS_OF_DAY - 365)]++;
    }
}

START_TEST(demand_has_hours_weekdays_paydays_and_months)
{
    only_market("DE");
    spec.opening = (AS_OF_DAY - 4000) * SHOP_DAY;
    make_orders(1ULL << CW_ENTITY_ORDER);
    struct shape shape;
    measure(&shape);
    double late_morning = shape.hours[10] + shape.hours[11] + shape.hours[12] + shape.hours[13];
    double evening = shape.hours[18] + shape.hours[19] + shape.hours[20];
    double afternoon = shape.hours[14] + shape.hours[15] + shape.hours[16] + shape.hours[17];
    double night = shape.hours[0] + shape.hours[1] + shape.hours[2] + shape.hours[3];
    ck_assert_double_gt(late_morning, 1.3 * afternoon);
    ck_assert_double_gt(evening / 3, 1.3 * afternoon / 4);
    ck_assert_double_gt(afternoon, 4 * night);
    for (int d = 1; d < 7; d++)
        ck_assert_double_gt(shape.weekdays[d], shape.weekdays[0]);
    double weekend = (shape.weekdays[4] + shape.weekdays[5] + shape.weekdays[6]) / 3;
    double week = (shape.weekdays[0] + shape.weekdays[1] + shape.weekdays[2] + shape.weekdays[3]) / 4;
    ck_assert_double_gt(weekend, 1.1 * week);
    ck_assert_double_gt(shape.paydays / 24, 1.12 * shape.other_days / 341);
    ck_assert_double_gt(shape.months[11] + shape.months[10], 1.2 * (shape.months[6] + shape.months[7]));
}
END_TEST

static double highest_day(const struct shape *shape, int *day)
{
    double highest = 0;
    for (int d = 0; d < 366; d++) {
        if (shape->days[d] > highest) {
            highest = shape->days[d];
            *day = d;
        }
    }
    return highest;
}

START_TEST(behaviours_differ_as_described)
{
    only_market("DE");
    struct shape shapes[CW_BEHAVIOR_COUNT];
    int day[CW_BEHAVIOR_COUNT];
    double highest[CW_BEHAVIOR_COUNT];
    for (int b = 0; b < CW_BEHAVIOR_COUNT; b++) {
        shop_clear(&shop);
        spec.behavior = (enum cw_behavior)b;
        make_orders(1ULL << CW_ENTITY_ORDER);
        measure(&shapes[b]);
        highest[b] = highest_day(&shapes[b], &day[b]);
    }
    double mean = 30000 / 365.0;
    ck_assert_double_lt(highest[CW_BEHAVIOR_NORMAL], 4 * mean);
    ck_assert_double_gt(highest[CW_BEHAVIOR_PEAK], 7 * mean);
    int black_friday = cw_date_to_days(2025, 11, 28) - (AS_OF_DAY - 365);
    ck_assert_int_eq(day[CW_BEHAVIOR_PEAK], black_friday);
    double before_christmas = 0;
    double normal = 0;
    for (int d = black_friday; d < black_friday + 26; d++) {
        before_christmas += shapes[CW_BEHAVIOR_HOLIDAY].days[d];
        normal += shapes[CW_BEHAVIOR_NORMAL].days[d];
    }
    ck_assert_double_gt(before_christmas, 1.6 * normal);
}
END_TEST

/* Customers who signed up before the range: how often each ordered. */
START_TEST(repeat_purchases_are_over_dispersed)
{
    make_orders(1ULL << CW_ENTITY_ORDER | 1ULL << CW_ENTITY_CUSTOMER);
    double *counts = calloc((size_t)spec.customers, sizeof *counts);
    for (int64_t r = 0; r < shop_rows(&shop, CW_ENTITY_ORDER); r++) {
        int64_t buyer =
            shop_find(&shop, CW_ENTITY_CUSTOMER, shop_uuid(&shop, CW_ENTITY_ORDER, CW_ORDER_CUSTOMER_ID, r));
        ck_assert_int_ge(buyer, 0);
        ck_assert_int_le(shop_number(&shop, CW_ENTITY_CUSTOMER, CW_CUSTOMER_CREATED_AT, buyer),
                         order_time(r));
        counts[buyer]++;
    }
    double sum = 0;
    double squares = 0;
    for (int64_t c = 0; c < spec.customers; c++) {
        sum += counts[c];
        squares += counts[c] * counts[c];
    }
    double mean = sum / (double)spec.customers;
    ck_assert_double_gt(squares / (double)spec.customers - mean * mean, 3 * mean);
    free(counts);
}
END_TEST

/* ---- Baskets ---- */

/* P(k) of a Poisson of mean 3.5 without 0; two equal variants in a basket become one line of more units,
 * which takes a little off. */
START_TEST(regular_baskets_are_a_positive_poisson)
{
    spec.segment = CW_SEGMENT_REGULAR;
    spec.products = 4000;
    make_orders(1ULL << CW_ENTITY_ORDER);
    double counts[64] = {0};
    double sum = 0;
    for (int64_t r = 0; r < shop_rows(&shop, CW_ENTITY_ORDER); r++) {
        int64_t lines = shop_number(&shop, CW_ENTITY_ORDER, CW_ORDER_ITEM_COUNT, r);
        ck_assert(lines >= 1 && lines < 64);
        counts[lines]++;
        sum += (double)lines;
    }
    double mean = 3.5 / (1 - exp(-3.5));
    ck_assert_double_eq_tol(sum / 30000, mean, 0.05);
    double probability = exp(-3.5) / (1 - exp(-3.5));
    for (int k = 1; k <= 10; k++) {
        probability *= 3.5 / k;
        ck_assert_double_eq_tol(counts[k] / 30000, probability, 0.012);
    }
}
END_TEST

static int compare_counts(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

START_TEST(a_fifth_of_the_products_sells_most)
{
    spec.products = 2000;
    make_orders(1ULL << CW_ENTITY_ORDER_ITEM | 1ULL << CW_ENTITY_PRODUCT);
    double *lines = calloc((size_t)spec.products, sizeof *lines);
    for (int64_t r = 0; r < shop_rows(&shop, CW_ENTITY_ORDER_ITEM); r++) {
        lines[shop_find(&shop, CW_ENTITY_PRODUCT,
                        shop_uuid(&shop, CW_ENTITY_ORDER_ITEM, CW_ORDER_ITEM_PRODUCT_ID, r))]++;
    }
    qsort(lines, (size_t)spec.products, sizeof *lines, compare_counts);
    double top = 0;
    for (int64_t p = 0; p < spec.products / 5; p++)
        top += lines[p];
    double share = top / (double)shop_rows(&shop, CW_ENTITY_ORDER_ITEM);
    ck_assert_double_ge(share, 0.60);
    ck_assert_double_le(share, 0.80);
    free(lines);
}
END_TEST

/* ---- The ends of what can be asked for ---- */

static void assert_refused(const char *field)
{
    memset(&error, 0, sizeof error);
    cw_status status = shop_make(&shop, &spec, NULL, &whole, &error);
    ck_assert_int_eq(status, CW_E_INVALID);
    ck_assert_str_eq(error.field, field);
    ck_assert_ptr_nonnull(strstr(error.message, "expected"));
    ck_assert_int_eq(shop_rows(&shop, CW_ENTITY_ORDER), 0);
}

START_TEST(impossible_runs_are_refused_by_name)
{
    spec.customers = 0;
    assert_refused("customers");
    set_up();
    spec.products = 0;
    assert_refused("products");
    set_up();
    spec.customers = 3;
    spec.from = spec.opening = (AS_OF_DAY - 1000) * SHOP_DAY;
    spec.to = spec.from + SHOP_DAY / 24;
    assert_refused("date_range");
    set_up();
    spec.cells = 99;
    assert_refused("cells");
    set_up();
    spec.price_minimum = 90000000;
    spec.orders = 100;
    assert_refused("products");
    set_up();
    snprintf(spec.customer_id, sizeof spec.customer_id, "%s", "00000000-0000-7000-8000-000000000000");
    ck_assert_int_eq(shop_make(&shop, &spec, NULL, &whole, &error), CW_E_NOT_FOUND);
    snprintf(spec.customer_id, sizeof spec.customer_id, "%s", "nobody");
    assert_refused("customer_id");
}
END_TEST

START_TEST(the_smallest_shops_work)
{
    static const int64_t sizes[][3] = {{1, 1, 1}, {1, 50, 30}, {2, 1, 7}, {40, 3, 1}, {3, 3000, 5}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (uint64_t seed = 0; seed < 8; seed++) {
            set_up();
            spec.seed = seed;
            spec.customers = sizes[i][0];
            spec.products = sizes[i][1];
            spec.orders = sizes[i][2];
            shop_make_all(&shop, &spec, NULL);
            ck_assert_int_eq(shop_rows(&shop, CW_ENTITY_ORDER), spec.orders);
            ck_assert_int_ge(shop_rows(&shop, CW_ENTITY_ORDER_ITEM), spec.orders);
            shop_clear(&shop);
        }
    }
}
END_TEST

START_TEST(an_hour_is_range_enough)
{
    spec.from = (AS_OF_DAY - 30) * SHOP_DAY + SHOP_DAY / 2 + 1234567;
    spec.to = spec.from + SHOP_DAY / 24;
    spec.orders = 700;
    shop_make_all(&shop, &spec, NULL);
    for (int64_t r = 0; r < spec.orders; r++)
        ck_assert(order_time(r) >= spec.from && order_time(r) < spec.to);
}
END_TEST

START_TEST(one_customer_may_place_all_orders)
{
    shop_make_all(&shop, &spec, NULL);
    int64_t row =
        shop_find(&shop, CW_ENTITY_CUSTOMER, shop_uuid(&shop, CW_ENTITY_ORDER, CW_ORDER_CUSTOMER_ID, 0));
    uint8_t id[16];
    memcpy(id, shop_uuid(&shop, CW_ENTITY_CUSTOMER, CW_CUSTOMER_ID, row), 16);
    for (int i = 0, at = 0; i < 16; i++) {
        static const char digits[] = "0123456789abcdef";
        if (i == 4 || i == 6 || i == 8 || i == 10)
            spec.customer_id[at++] = '-';
        spec.customer_id[at++] = digits[id[i] >> 4];
        spec.customer_id[at++] = digits[id[i] & 15];
    }
    shop_clear(&shop);
    spec.orders = 60;
    shop_make_all(&shop, &spec, NULL);
    ck_assert_int_eq(shop_rows(&shop, CW_ENTITY_ORDER), 60);
    for (int64_t r = 0; r < 60; r++)
        ck_assert_mem_eq(shop_uuid(&shop, CW_ENTITY_ORDER, CW_ORDER_CUSTOMER_ID, r), id, 16);
}
END_TEST

/* Most customers could not pay one such thing; those who can buy it. */
START_TEST(dear_products_find_buyers_of_means)
{
    spec.price_minimum = 300000;
    spec.orders = 2000;
    shop_make_all(&shop, &spec, NULL);
    ck_assert_int_eq(shop_rows(&shop, CW_ENTITY_ORDER), 2000);
    for (int64_t r = 0; r < 2000; r++) {
        int64_t method = shop_find(&shop, CW_ENTITY_PAYMENT_METHOD,
                                   shop_uuid(&shop, CW_ENTITY_ORDER, CW_ORDER_PAYMENT_METHOD_ID, r));
        ck_assert_int_le(
            shop_number(&shop, CW_ENTITY_ORDER, CW_ORDER_TOTAL_AMOUNT, r),
            shop_number(&shop, CW_ENTITY_PAYMENT_METHOD, CW_PAYMENT_METHOD_LIMIT_AMOUNT, method));
    }
}
END_TEST

/* In a world that has grown older the cards of many customers have expired. */
START_TEST(expired_cards_pay_nothing)
{
    spec.orders = 0;
    shop_make_all(&shop, &spec, NULL);
    struct shop_world world;
    shop_world_init(&world, &shop, &spec);
    struct cw_run_spec later;
    cw_run_spec_init(&later);
    later.as_of = (AS_OF_DAY + 3 * 365) * SHOP_DAY;
    later.orders = 3000;
    struct shop orders = {0};
    shop_make_all(&orders, &later, &world.world);
    for (int64_t r = 0; r < 3000; r++) {
        int64_t method = shop_find(&shop, CW_ENTITY_PAYMENT_METHOD,
                                   shop_uuid(&orders, CW_ENTITY_ORDER, CW_ORDER_PAYMENT_METHOD_ID, r));
        ck_assert_int_ge(method, 0);
        ck_assert_int_gt(world.population.payment_methods[method].expires_at,
                         shop_number(&orders, CW_ENTITY_ORDER, CW_ORDER_CREATED_AT, r));
    }
    shop_clear(&orders);
    shop_world_clear(&world);
}
END_TEST

START_TEST(seasonal_products_have_their_time)
{
    const struct {
        uint8_t season;
        int32_t month;
        uint32_t appeal;
    } known[] = {{CW_SEASON_NONE, 7, 1000},    {CW_SEASON_WINTER, 1, 1000},  {CW_SEASON_WINTER, 12, 1000},
                 {CW_SEASON_WINTER, 11, 350},  {CW_SEASON_SPRING, 3, 1000},  {CW_SEASON_SPRING, 2, 350},
                 {CW_SEASON_SUMMER, 8, 1000},  {CW_SEASON_SUMMER, 9, 350},   {CW_SEASON_AUTUMN, 9, 1000},
                 {CW_SEASON_AUTUMN, 11, 1000}, {CW_SEASON_HOLIDAY, 10, 120}, {CW_SEASON_HOLIDAY, 11, 1000},
                 {CW_SEASON_HOLIDAY, 12, 1000}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint32_t part = cw_season_part(known[i].month);
        ck_assert_uint_lt(part, CW_SEASON_PARTS);
        ck_assert_uint_eq(cw_season_appeal(known[i].season, part), known[i].appeal);
    }
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("orders");
    TCase *tcase = tcase_create("orders");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, demand_has_hours_weekdays_paydays_and_months);
    tcase_add_test(tcase, behaviours_differ_as_described);
    tcase_add_test(tcase, repeat_purchases_are_over_dispersed);
    tcase_add_test(tcase, regular_baskets_are_a_positive_poisson);
    tcase_add_test(tcase, a_fifth_of_the_products_sells_most);
    tcase_add_test(tcase, impossible_runs_are_refused_by_name);
    tcase_add_test(tcase, the_smallest_shops_work);
    tcase_add_test(tcase, an_hour_is_range_enough);
    tcase_add_test(tcase, one_customer_may_place_all_orders);
    tcase_add_test(tcase, dear_products_find_buyers_of_means);
    tcase_add_test(tcase, expired_cards_pay_nothing);
    tcase_add_test(tcase, seasonal_products_have_their_time);
    suite_add_tcase(suite, tcase);
    return suite;
}
