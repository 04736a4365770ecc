#define _POSIX_C_SOURCE 200809L

#include "store_fixture.h"

#define CUSTOMERS 600

static struct cw_batch batch;

static void read_ok(enum cw_entity_id entity, const struct cw_filter *filters, uint32_t count, int64_t limit,
                    const struct cw_uuid *after)
{
    const struct cw_query query = {.entity = entity,
                                   .columns = ~UINT64_C(0),
                                   .filters = filters,
                                   .filter_count = count,
                                   .after = after,
                                   .limit = limit};
    assert_ok(cw_store_read(fixture_store, &query, &batch, &fixture_error));
}

static void load_customers(void)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    rows_customers(batches, 0, CUSTOMERS);
    struct cw_batch *customers = &batches[CW_ENTITY_CUSTOMER];
    rows_set_texts(customers, CW_CUSTOMER_PHONE, "+49%" PRId64, 1000);
    for (int64_t row = 0; row < CUSTOMERS; row++) {
        rows_set_int(customers, CW_CUSTOMER_CREDIT_LIMIT, row, row);
        rows_set_int(customers, CW_CUSTOMER_BIRTH_DATE, row, row);
        rows_set_int(customers, CW_CUSTOMER_MARKETING_CONSENT, row, row % 3 == 0);
        if (row % 2 == 0) {
            customers->columns[CW_CUSTOMER_PHONE].validity[row >> 3] &= (uint8_t) ~(1 << (row & 7));
        }
    }
    assert_ok(fixture_load(batches, 1));
}

static void set_up(void)
{
    fixture_set_up();
    load_customers();
    assert_ok(cw_batch_init(&batch, cw_entity_get(CW_ENTITY_CUSTOMER), &fixture_error));
}

static void tear_down(void)
{
    cw_batch_clear(&batch);
    fixture_tear_down();
}

START_TEST(rows_come_back_as_they_went_in)
{
    read_ok(CW_ENTITY_CUSTOMER, NULL, 0, 10000, NULL);
    ck_assert_int_eq(batch.row_count, CUSTOMERS);
    for (int64_t row = 0; row < CUSTOMERS; row++) {
        const struct cw_uuid id = rows_id(CW_ENTITY_CUSTOMER, row);
        char email[64];
        size_t length;
        ck_assert_mem_eq((const uint8_t *)batch.columns[0].values + row * 16, id.bytes, 16);
        ck_assert_int_eq(((const int64_t *)batch.columns[CW_CUSTOMER_CREATED_AT].values)[row],
                         rows_time(row));
        ck_assert_int_eq(((const int32_t *)batch.columns[CW_CUSTOMER_BIRTH_DATE].values)[row], row);
        ck_assert_int_eq(cw_column_bool(&batch.columns[CW_CUSTOMER_MARKETING_CONSENT], row), row % 3 == 0);
        ck_assert_int_eq(cw_column_is_valid(&batch.columns[CW_CUSTOMER_PHONE], row), row % 2 != 0);
        snprintf(email, sizeof email, "customer.%" PRId64 "@example.com", row);
        const char *text = cw_column_string(&batch.columns[CW_CUSTOMER_EMAIL], row, &length);
        ck_assert_uint_eq(length, strlen(email));
        ck_assert_mem_eq(text, email, length);
        cw_column_string(&batch.columns[CW_CUSTOMER_PHONE], row, &length);
        ck_assert_uint_eq(length, row % 2 != 0 ? 7 : 0);
    }
    ck_assert_int_eq(batch.columns[CW_CUSTOMER_PHONE].null_count, CUSTOMERS / 2);
}
END_TEST

START_TEST(pages_follow_the_cursor)
{
    int64_t seen = 0;
    struct cw_uuid last;
    do {
        read_ok(CW_ENTITY_CUSTOMER, NULL, 0, 100, seen > 0 ? &last : NULL);
        for (int64_t row = 0; row < batch.row_count; row++) {
            const struct cw_uuid id = rows_id(CW_ENTITY_CUSTOMER, seen + row);
            ck_assert_mem_eq((const uint8_t *)batch.columns[0].values + row * 16, id.bytes, 16);
            last = id;
        }
        seen += batch.row_count;
    } while (batch.row_count > 0);
    ck_assert_int_eq(seen, CUSTOMERS);
}
END_TEST

START_TEST(only_chosen_columns_are_there)
{
    read_ok(CW_ENTITY_CUSTOMER, NULL, 0, 10, NULL);
    const struct cw_query query = {
        .entity = CW_ENTITY_CUSTOMER, .columns = UINT64_C(1) << CW_CUSTOMER_EMAIL, .limit = 10};
    assert_ok(cw_store_read(fixture_store, &query, &batch, &fixture_error));
    ck_assert_ptr_nonnull(batch.columns[CW_CUSTOMER_ID].values);
    ck_assert_ptr_nonnull(batch.columns[CW_CUSTOMER_EMAIL].values);
    ck_assert_ptr_null(batch.columns[CW_CUSTOMER_CITY].values);
    ck_assert_int_eq(batch.row_count, 10);
}
END_TEST

static const struct {
    struct cw_filter filter;
    int64_t rows;
} filters[] = {
    {{CW_CUSTOMER_CREDIT_LIMIT, CW_LESS, "100"}, 100},
    {{CW_CUSTOMER_CREDIT_LIMIT, CW_LESS_EQUAL, "100"}, 101},
    {{CW_CUSTOMER_CREDIT_LIMIT, CW_GREATER, "100"}, CUSTOMERS - 101},
    {{CW_CUSTOMER_CREDIT_LIMIT, CW_GREATER_EQUAL, "100"}, CUSTOMERS - 100},
    {{CW_CUSTOMER_CREDIT_LIMIT, CW_NOT_EQUAL, "100"}, CUSTOMERS - 1},
    {{CW_CUSTOMER_EMAIL, CW_EQUAL, "Customer.17@Example.COM"}, 1},
    {{CW_CUSTOMER_EMAIL, CW_EQUAL, "' OR 1=1 --"}, 0},
    {{CW_CUSTOMER_MARKETING_CONSENT, CW_EQUAL, "true"}, CUSTOMERS / 3},
    {{CW_CUSTOMER_BIRTH_DATE, CW_LESS, "1970-01-11"}, 10},
    {{CW_CUSTOMER_CREATED_AT, CW_LESS, "2023-11-14T22:13:25Z"}, 5},
    {{CW_CUSTOMER_CREATED_AT, CW_LESS, "2023-11-14T23:13:25.5+01:00"}, 6},
    {{CW_CUSTOMER_PHONE, CW_NOT_EQUAL, "+491001"}, CUSTOMERS / 2 - 1},
    {{CW_CUSTOMER_COUNTRY, CW_EQUAL, "DE"}, CUSTOMERS},
};

START_TEST(filters_pick_rows)
{
    read_ok(CW_ENTITY_CUSTOMER, &filters[_i].filter, 1, 10000, NULL);
    ck_assert_msg(batch.row_count == filters[_i].rows, "case %d: %" PRId64 " rows, expected %" PRId64, _i,
                  batch.row_count, filters[_i].rows);
}
END_TEST

START_TEST(filters_are_joined)
{
    const struct cw_filter both[] = {{CW_CUSTOMER_CREDIT_LIMIT, CW_GREATER_EQUAL, "30"},
                                     {CW_CUSTOMER_CREDIT_LIMIT, CW_LESS, "60"},
                                     {CW_CUSTOMER_MARKETING_CONSENT, CW_EQUAL, "true"}};
    read_ok(CW_ENTITY_CUSTOMER, both, 3, 10000, NULL);
    ck_assert_int_eq(batch.row_count, 10);
    const struct cw_uuid after = rows_id(CW_ENTITY_CUSTOMER, 45);
    read_ok(CW_ENTITY_CUSTOMER, both, 3, 3, &after);
    ck_assert_int_eq(batch.row_count, 3);
    ck_assert_int_eq(((const int32_t *)batch.columns[CW_CUSTOMER_BIRTH_DATE].values)[0], 48);
}
END_TEST

static const struct cw_filter bad_filters[] = {
    {CW_CUSTOMER_CREDIT_LIMIT, CW_EQUAL, "many"},
    {CW_CUSTOMER_CREDIT_LIMIT, CW_EQUAL, "9223372036854775808"},
    {CW_CUSTOMER_ID, CW_EQUAL, "01234567-89ab-cdef-0123-456789abcdeg"},
    {CW_CUSTOMER_BIRTH_DATE, CW_EQUAL, "2023-02-29"},
    {CW_CUSTOMER_CREATED_AT, CW_EQUAL, "2023-11-14"},
    {CW_CUSTOMER_MARKETING_CONSENT, CW_EQUAL, "yes"},
};

START_TEST(bad_values_are_named)
{
    const struct cw_query query = {
        .entity = CW_ENTITY_CUSTOMER, .filters = &bad_filters[_i], .filter_count = 1, .limit = 1};
    ck_assert_int_eq(cw_store_read(fixture_store, &query, &batch, &fixture_error), CW_E_INVALID);
    ck_assert_str_eq(fixture_error.field,
                     cw_entity_get(CW_ENTITY_CUSTOMER)->columns[bad_filters[_i].column].name);
    ck_assert_ptr_nonnull(strstr(fixture_error.message, bad_filters[_i].value));
}
END_TEST

START_TEST(limits_are_checked)
{
    struct cw_query query = {.entity = CW_ENTITY_CUSTOMER, .limit = 0};
    ck_assert_int_eq(cw_store_read(fixture_store, &query, &batch, &fixture_error), CW_E_INVALID);
    query.limit = 1;
    query.filter_count = CW_FILTERS_MAX + 1;
    ck_assert_int_eq(cw_store_read(fixture_store, &query, &batch, &fixture_error), CW_E_LIMIT);
}
END_TEST

/* What was committed later than the basis is left out, wherever its ids are, of pages that are sequels too.
 */
START_TEST(later_rows_are_left_out)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    const struct cw_filter filter = {CW_CUSTOMER_EMAIL, CW_EQUAL, "CUSTOMER.7@example.com"};
    int64_t rows[CW_ENTITY_COUNT];
    assert_ok(cw_store_basis(fixture_store, rows, &fixture_error));
    ck_assert_int_eq(rows[CW_ENTITY_CUSTOMER], CUSTOMERS);
    rows_customers(batches, CUSTOMERS, 50);
    assert_ok(fixture_load(batches, 2));
    for (int sequel = 0; sequel < 2; sequel++) {
        struct cw_query query = {.entity = CW_ENTITY_CUSTOMER,
                                 .columns = 1,
                                 .limit = 10000,
                                 .basis = CUSTOMERS,
                                 .is_sequel = sequel == 1};
        assert_ok(cw_store_read(fixture_store, &query, &batch, &fixture_error));
        ck_assert_int_eq(batch.row_count, CUSTOMERS);
        query.basis = 100;
        assert_ok(cw_store_read(fixture_store, &query, &batch, &fixture_error));
        ck_assert_int_eq(batch.row_count, 100);
        query.basis = CUSTOMERS + 50;
        assert_ok(cw_store_read(fixture_store, &query, &batch, &fixture_error));
        ck_assert_int_eq(batch.row_count, CUSTOMERS + 50);
        query.filters = &filter;
        query.filter_count = 1;
        assert_ok(cw_store_read(fixture_store, &query, &batch, &fixture_error));
        ck_assert_int_eq(batch.row_count, 1);
        query.basis = 7;
        assert_ok(cw_store_read(fixture_store, &query, &batch, &fixture_error));
        ck_assert_int_eq(batch.row_count, 0);
    }
}
END_TEST

START_TEST(uuid_filters_find_children)
{
    cw_batch_clear(&batch);
    assert_ok(cw_batch_init(&batch, cw_entity_get(CW_ENTITY_ADDRESS), &fixture_error));
    const struct cw_uuid id = rows_id(CW_ENTITY_CUSTOMER, 42);
    char text[37];
    char *out = text;
    for (int i = 0; i < 16; i++) {
        out += snprintf(out, 4, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02X" : "%02X", id.bytes[i]);
    }
    const struct cw_filter filter = {CW_ADDRESS_CUSTOMER_ID, CW_EQUAL, text};
    read_ok(CW_ENTITY_ADDRESS, &filter, 1, 100, NULL);
    ck_assert_int_eq(batch.row_count, 1);
    const struct cw_uuid address = rows_id(CW_ENTITY_ADDRESS, 42);
    ck_assert_mem_eq(batch.columns[0].values, address.bytes, 16);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("store_read");
    TCase *group = tcase_create("store_read");
    tcase_set_timeout(group, 60);
    tcase_add_checked_fixture(group, set_up, tear_down);
    tcase_add_test(group, rows_come_back_as_they_went_in);
    tcase_add_test(group, pages_follow_the_cursor);
    tcase_add_test(group, only_chosen_columns_are_there);
    tcase_add_loop_test(group, filters_pick_rows, 0, sizeof filters / sizeof *filters);
    tcase_add_test(group, filters_are_joined);
    tcase_add_loop_test(group, bad_values_are_named, 0, sizeof bad_filters / sizeof *bad_filters);
    tcase_add_test(group, limits_are_checked);
    tcase_add_test(group, later_rows_are_left_out);
    tcase_add_test(group, uuid_filters_find_children);
    suite_add_tcase(suite, group);
    return suite;
}
