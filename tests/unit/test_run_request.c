#include "harness.h"
#include "model/reference.h"
#include "service/json_read.h"
#include "service/run_request.h"

#include <string.h>

static cw_status parse(const char *text, struct cw_run_spec *spec, struct cw_error *error)
{
    cw_run_spec_init(spec);
    return cw_run_spec_parse(text, strlen(text), spec, error);
}

START_TEST(canonical_spec_comes_back)
{
    static const char text[] =
        "{\"seed\":42,\"customers\":\"10K\",\"orders\":7,\"products\":3,\"locales\":{\"DE\":3,\"fr-FR\":1},"
        "\"as_of\":\"2025-06-30\",\"segment\":\"vip\",\"behavior\":\"peak\",\"attributes\":{\"size\":[\"S\","
        "\"M\"]},"
        "\"prior_customers\":{\"US\":5},\"price_minimum\":100}";
    struct cw_run_spec spec;
    struct cw_run_spec again;
    struct cw_buffer first = {0};
    struct cw_buffer second = {0};
    struct cw_error error = {0};
    ck_assert_msg(parse(text, &spec, &error) == CW_OK, "%s", error.message);
    ck_assert_int_eq(spec.customers, 10000);
    ck_assert_uint_eq(spec.market_shares[cw_market_find("DE")], 3);
    ck_assert_msg(cw_run_spec_resolve(&spec, &error) == CW_OK, "%s", error.message);
    ck_assert_int_eq(cw_run_spec_json(&spec, &first, NULL), CW_OK);
    cw_run_spec_init(&again);
    ck_assert_msg(cw_run_spec_parse(first.data, first.size, &again, &error) == CW_OK, "%s", error.message);
    ck_assert_int_eq(cw_run_spec_resolve(&again, &error), CW_OK);
    ck_assert_int_eq(cw_run_spec_json(&again, &second, NULL), CW_OK);
    ck_assert_uint_eq(first.size, second.size);
    ck_assert_int_eq(memcmp(first.data, second.data, first.size), 0);
    cw_buffer_clear(&first);
    cw_buffer_clear(&second);
}
END_TEST

START_TEST(bad_fields_are_named)
{
    static const struct {
        const char *text;
        const char *field;
        const char *says;
    } cases[] = {
        {"{\"custmers\":1}", "custmers", "customers"},
        {"{\"customers\":-1}", "customers", "-1"},
        {"{\"customers\":1.5}", "customers", "1.5"},
        {"{\"customers\":\"lots\"}", "customers", "lots"},
        {"{\"seed\":\"x\"}", "seed", "x"},
        {"{\"as_of\":20250101}", "as_of", "20250101"},
        {"{\"segment\":\"rich\"}", "segment", "rich"},
        {"{\"behavior\":\"odd\"}", "behavior", "odd"},
        {"{\"locales\":{\"XX\":1}}", "locales", "XX"},
        {"{\"locales\":{\"DE\":0}}", "locales", "0"},
        {"{\"categories\":\"Shoes\"}", "categories", "list"},
        {"{\"attributes\":{\"weight\":[]}}", "attributes", "weight"},
        {"{\"customer_id\":\"17\"}", "customer_id", "17"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cw_run_spec spec;
        struct cw_error error = {0};
        ck_assert_msg(parse(cases[i].text, &spec, &error) == CW_E_INVALID, "%s was taken", cases[i].text);
        ck_assert_str_eq(error.field, cases[i].field);
        ck_assert_msg(strstr(error.message, cases[i].says) != NULL, "%s: %s", cases[i].text, error.message);
    }
}
END_TEST

START_TEST(hostile_json_is_refused)
{
    struct cw_run_spec spec;
    char deep[200];
    memset(deep, '[', sizeof deep);
    cw_run_spec_init(&spec);
    ck_assert_int_eq(cw_run_spec_parse(deep, sizeof deep, &spec, NULL), CW_E_LIMIT);
    ck_assert_int_eq(parse("{\"seed\":1,\"seed\":2}", &spec, NULL), CW_E_INVALID);
    ck_assert_int_eq(parse("", &spec, NULL), CW_E_INVALID);
    ck_assert_int_eq(parse("[]", &spec, NULL), CW_E_INVALID);
    ck_assert_int_eq(parse("{\"seed\":1} x", &spec, NULL), CW_E_INVALID);
    ck_assert_int_eq(parse("{\"seed\":99999999999999999999}", &spec, NULL), CW_E_INVALID);
}
END_TEST

START_TEST(locale_mixes_are_read)
{
    struct cw_run_spec spec;
    struct cw_error error = {0};
    cw_run_spec_init(&spec);
    ck_assert_int_eq(cw_request_locales("locale", "de-DE, FR=2", &spec, &error), CW_OK);
    ck_assert_uint_eq(spec.market_shares[cw_market_find("DE")], 1);
    ck_assert_uint_eq(spec.market_shares[cw_market_find("FR")], 2);
    ck_assert_int_eq(cw_request_locales("locale", "DE,de-DE", &spec, &error), CW_E_INVALID);
    ck_assert_int_eq(cw_request_locales("locale", "", &spec, &error), CW_E_INVALID);
    ck_assert_int_eq(cw_request_locales("locale", "tlh", &spec, &error), CW_E_INVALID);
}
END_TEST

START_TEST(tables_are_read)
{
    struct cw_selection selection;
    struct cw_error error = {0};
    ck_assert_int_eq(cw_request_tables("tables", "customers, order", &selection, &error), CW_OK);
    ck_assert_uint_ne(selection.columns[CW_ENTITY_CUSTOMER], 0);
    ck_assert_uint_ne(selection.columns[CW_ENTITY_ORDER], 0);
    ck_assert_uint_eq(selection.columns[CW_ENTITY_PRODUCT], 0);
    ck_assert_int_eq(cw_request_tables("tables", "custmers", &selection, &error), CW_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "customers"));
    ck_assert_int_eq(cw_request_tables("tables", "", &selection, &error), CW_E_INVALID);
}
END_TEST

START_TEST(categories_are_named)
{
    struct cw_run_spec spec;
    cw_run_spec_init(&spec);
    ck_assert_int_eq(cw_request_categories("categories", "Shoes, Lamps", &spec, NULL), CW_OK);
    ck_assert_uint_eq(spec.category_count, 2);
    ck_assert_int_eq(cw_request_categories("categories", "", &spec, NULL), CW_E_INVALID);
    ck_assert_int_eq(cw_request_categories("categories", "Shoes,,Lamps", &spec, NULL), CW_E_INVALID);
    ck_assert_uint_eq(spec.category_count, 2);
}
END_TEST

START_TEST(compression_has_levels)
{
    int compression = 0;
    int level = 0;
    ck_assert_int_eq(cw_request_compression("c", "zstd:9", &compression, &level, NULL), CW_OK);
    ck_assert_int_eq(level, 9);
    ck_assert_int_eq(cw_request_compression("c", "snappy:1", &compression, &level, NULL), CW_E_INVALID);
    ck_assert_int_eq(cw_request_compression("c", "zstd:99", &compression, &level, NULL), CW_E_INVALID);
    ck_assert_int_eq(cw_request_compression("c", "gzip", &compression, &level, NULL), CW_E_INVALID);
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("run_request", canonical_spec_comes_back, bad_fields_are_named,
                         hostile_json_is_refused, locale_mixes_are_read, tables_are_read,
                         categories_are_named, compression_has_levels);
}
