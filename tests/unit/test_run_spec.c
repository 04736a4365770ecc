/* Run specs: defaults, refusals that name the field, and the canonical JSON. */
#include <stdio.h>
#include <string.h>

#include "cartwright/run.h"
#include "harness.h"
#include "model/reference.h"

#define DAY INT64_C(86400000000)

static struct cw_run_spec spec;
static struct cw_error error;

static void begin(void)
{
    cw_run_spec_init(&spec);
    memset(&error, 0, sizeof error);
}

static void assert_refused(const char *field)
{
    struct cw_run_spec before = spec;
    ck_assert_int_eq(cw_run_spec_resolve(&spec, &error), CW_E_INVALID);
    ck_assert_str_eq(error.field, field);
    ck_assert_ptr_nonnull(strstr(error.message, "expected"));
    ck_assert_mem_eq(&before, &spec, sizeof spec);
    begin();
}

START_TEST(defaults_are_filled_in_once)
{
    begin();
    ck_assert_int_eq(cw_run_spec_resolve(&spec, &error), CW_OK);
    ck_assert_int_eq(spec.as_of, 20454 * DAY);
    ck_assert_int_eq(spec.to, spec.as_of);
    ck_assert_int_eq(spec.from, spec.to - 365 * DAY);
    ck_assert_int_le(spec.opening, spec.from - 365 * DAY);
    ck_assert_uint_eq(spec.data_version, cw_data_version());
    for (uint32_t m = 0; m < cw_market_count(); m++) {
        ck_assert_uint_eq(spec.market_shares[m], cw_market_get(m)->share);
    }
    struct cw_run_spec again = spec;
    ck_assert_int_eq(cw_run_spec_resolve(&again, &error), CW_OK);
    ck_assert_mem_eq(&spec, &again, sizeof spec);
}
END_TEST

START_TEST(what_cannot_be_is_refused_by_name)
{
    begin();
    spec.customers = -1;
    assert_refused("customers");
    spec.customers = INT64_C(1000000001);
    assert_refused("customers");
    spec.products = 10000001;
    assert_refused("products");
    spec.orders = -5;
    assert_refused("orders");
    spec.seed = UINT64_C(1) << 63;
    assert_refused("seed");
    spec.segment = CW_SEGMENT_COUNT;
    assert_refused("segment");
    spec.segment = -2;
    assert_refused("segment");
    spec.behavior = CW_BEHAVIOR_COUNT;
    assert_refused("behavior");
    spec.market_shares[CW_MARKETS_MAX - 1] = 1;
    assert_refused("locale");
    spec.market_shares[0] = 1000001;
    assert_refused("locale");
    spec.prior_customers[1] = -1;
    assert_refused("prior_customers");
    spec.price_minimum = 0;
    assert_refused("price_range.min");
    spec.price_minimum = 500;
    spec.price_maximum = 499;
    assert_refused("price_range.max");
}
END_TEST

START_TEST(impossible_times_are_refused)
{
    begin();
    spec.as_of = 0;
    assert_refused("as_of");
    spec.as_of = INT64_MAX;
    assert_refused("as_of");
    spec.to = 20455 * DAY;
    assert_refused("date_range.to");
    spec.from = 20454 * DAY + 1;
    assert_refused("date_range.from");
    spec.from = 20453 * DAY;
    spec.to = spec.from + 3599999999;
    assert_refused("date_range");
    spec.opening = 20454 * DAY;
    assert_refused("opening");
    spec.data_version = cw_data_version() + 1;
    ck_assert_int_eq(cw_run_spec_resolve(&spec, &error), CW_E_UNSUPPORTED);
}
END_TEST

START_TEST(json_is_canonical)
{
    begin();
    spec.seed = 42;
    spec.customers = 10;
    spec.segment = CW_SEGMENT_VIP;
    spec.price_minimum = 100;
    spec.market_shares[cw_market_find("GB")] = 2;
    spec.market_shares[cw_market_find("DE")] = 1;
    snprintf(spec.customer_id, sizeof spec.customer_id, "%s", "0176bbd7-6211-75f3-a4d1-de0b51b6c806");
    spec.attributes[CW_ATTRIBUTE_COLOUR].count = 1;
    snprintf(spec.attributes[CW_ATTRIBUTE_COLOUR].values[0],
             sizeof spec.attributes[CW_ATTRIBUTE_COLOUR].values[0], "%s", "a\"\\\n");
    ck_assert_int_eq(cw_run_spec_resolve(&spec, &error), CW_OK);
    struct cw_buffer json = {0};
    ck_assert_int_eq(cw_run_spec_json(&spec, &json, &error), CW_OK);
    ck_assert_int_eq(cw_buffer_append(&json, "", 1, &error), CW_OK);
    ck_assert_str_eq(
        json.data,
        "{\"as_of\":\"2026-01-01T00:00:00.000000Z\",\"attributes\":{\"colour\":[\"a\\\"\\\\\\u000a\"]},"
        "\"behavior\":\"normal\",\"categories\":[],\"cells\":0,"
        "\"customer_id\":\"0176bbd7-6211-75f3-a4d1-de0b51b6c806\",\"customers\":10,\"data_version\":2,"
        "\"from\":\"2025-01-01T00:00:00.000000Z\",\"locales\":{\"DE\":1,\"GB\":2},"
        "\"opening\":\"2021-01-01T00:00:00.000000Z\",\"orders\":0,\"price_minimum\":100,"
        "\"prior_customer_runs\":0,\"prior_customers\":{},\"prior_orders\":0,\"prior_products\":0,"
        "\"products\":0,\"products_per_category\":0,\"seed\":42,\"segment\":\"vip\","
        "\"to\":\"2026-01-01T00:00:00.000000Z\"}");
    cw_buffer_clear(&json);
}
END_TEST

START_TEST(names_of_choices)
{
    ck_assert_str_eq(cw_segment_name(CW_SEGMENT_DORMANT), "dormant");
    ck_assert_str_eq(cw_behavior_name(CW_BEHAVIOR_PEAK), "peak");
    ck_assert_str_eq(cw_attribute_name(CW_ATTRIBUTE_MATERIAL), "material");
    ck_assert_str_eq(cw_segment_name(CW_SEGMENT_COUNT), "unknown");
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("run_spec", defaults_are_filled_in_once, what_cannot_be_is_refused_by_name,
                         impossible_times_are_refused, json_is_canonical, names_of_choices);
}
