#define _POSIX_C_SOURCE 200809L

#include "store_fixture.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>

START_TEST(loads_all_rows_and_the_run)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    rows_customers(batches, 0, 5000);
    assert_ok(fixture_load(batches, 1));
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 5000);
    ck_assert_int_eq(fixture_count(CW_ENTITY_ADDRESS), 5000);
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM payment_methods"), 5000);
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM runs"), 1);
    ck_assert_int_eq(fixture_broken_references(), 0);
    fixture_close();
    fixture_open();
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 5000);
}
END_TEST

START_TEST(indexes_are_the_same_after_a_load)
{
    const char *sql =
        fixture_words("SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
                      "SELECT count(*) FROM cartwright_shape WHERE kind IN ('index', 'key', 'foreign key')");
    const int64_t before = fixture_number(sql);
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    rows_customers(batches, 0, 100);
    assert_ok(fixture_load(batches, 1));
    ck_assert_int_eq(fixture_number(sql), before);
    rows_customers(batches, 100, 100);
    assert_ok(fixture_load(batches, 2));
    ck_assert_int_eq(fixture_number(sql), before);
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 200);
}
END_TEST

START_TEST(aborted_load_leaves_nothing)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    struct cw_load *load;
    rows_customers(batches, 0, 100);
    assert_ok(cw_load_begin(fixture_store, CW_WAIT_FOREVER, &load, &fixture_error));
    assert_ok(fixture_add(load, batches));
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM customers"), 0);
    cw_load_abort(&load);
    ck_assert_ptr_null(load);
    cw_load_abort(&load);
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 0);
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM customers"), 0);
    assert_ok(fixture_load(batches, 1));
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 100);
}
END_TEST

static cw_status load_watched(_Atomic bool *cancelled, bool cancels, int64_t number)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    struct cw_load *load;
    rows_customers(batches, 0, 70000);
    assert_ok(cw_load_begin(fixture_store, CW_WAIT_FOREVER, &load, &fixture_error));
    atomic_store(cancelled, false);
    assert_ok(cw_load_watch(load, cancelled, &fixture_error));
    assert_ok(fixture_add(load, batches));
    rows_clear(batches);
    atomic_store(cancelled, cancels);
    struct cw_run_record run = rows_run(number);
    const cw_status status = cw_load_commit(&load, &run, &fixture_error);
    cw_run_record_clear(&run);
    return status;
}

START_TEST(load_that_is_no_longer_wanted_leaves_nothing)
{
    _Atomic bool cancelled = false;
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    ck_assert_int_eq(load_watched(&cancelled, true, 1), CW_E_CANCELLED);
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM customers"), 0);
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM runs"), 0);
    /* Its keys are there again. */
    rows_customers(batches, 0, 10);
    rows_set_texts(&batches[CW_ENTITY_CUSTOMER], CW_CUSTOMER_EMAIL, "same@example.com", 0);
    ck_assert_int_eq(fixture_load(batches, 1), CW_E_CONFLICT);
    assert_ok(load_watched(&cancelled, false, 1));
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 70000);
}
END_TEST

/* In the middle of its rows, too: the load knows before whoever makes them does. */
START_TEST(load_that_is_cancelled_while_it_is_filled_fails)
{
    _Atomic bool cancelled = false;
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    struct cw_load *load;
    rows_customers(batches, 0, 70000);
    assert_ok(cw_load_begin(fixture_store, CW_WAIT_FOREVER, &load, &fixture_error));
    assert_ok(cw_load_watch(load, &cancelled, &fixture_error));
    atomic_store(&cancelled, true);
    const cw_status added = fixture_add(load, batches);
    ck_assert(added == CW_OK || added == CW_E_CANCELLED);
    struct cw_run_record run = rows_run(1);
    ck_assert_int_eq(cw_load_commit(&load, &run, &fixture_error), CW_E_CANCELLED);
    cw_run_record_clear(&run);
    atomic_store(&cancelled, false);
    assert_ok(fixture_load(batches, 1));
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 70000);
}
END_TEST

/* On an empty table the clash shows when its index is built, later at the row. */
START_TEST(clash_of_unique_values_is_a_conflict)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    rows_customers(batches, 0, 10);
    rows_set_texts(&batches[CW_ENTITY_CUSTOMER], CW_CUSTOMER_EMAIL, "same@example.com", 0);
    ck_assert_int_eq(fixture_load(batches, 1), CW_E_CONFLICT);
    ck_assert_ptr_nonnull(strstr(fixture_error.message, "customers.email"));
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM customers"), 0);
    rows_customers(batches, 0, 10);
    assert_ok(fixture_load(batches, 1));
    rows_customers(batches, 10, 10);
    rows_set_texts(&batches[CW_ENTITY_CUSTOMER], CW_CUSTOMER_EMAIL, "CUSTOMER.%" PRId64 "@example.com", 9);
    ck_assert_int_eq(fixture_load(batches, 2), CW_E_CONFLICT);
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 10);
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM customers"), 10);
}
END_TEST

START_TEST(failed_load_fails_again)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    struct cw_load *load;
    rows_customers(batches, 0, 10);
    rows_set_texts(&batches[CW_ENTITY_CUSTOMER], CW_CUSTOMER_SEX, "unknown", 0);
    assert_ok(cw_load_begin(fixture_store, CW_WAIT_FOREVER, &load, &fixture_error));
    ck_assert_int_eq(cw_load_add(load, &batches[CW_ENTITY_CUSTOMER], &fixture_error), CW_E_VIOLATION);
    ck_assert_str_eq(fixture_error.field, "sex");
    ck_assert_ptr_nonnull(strstr(fixture_error.message, "\"unknown\""));
    ck_assert_int_eq(cw_load_add(load, &batches[CW_ENTITY_ADDRESS], NULL), CW_E_VIOLATION);
    struct cw_run_record run = rows_run(1);
    ck_assert_int_eq(cw_load_commit(&load, &run, &fixture_error), CW_E_VIOLATION);
    ck_assert_str_eq(fixture_error.field, "sex");
    cw_run_record_clear(&run);
    rows_clear(batches);
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM runs"), 0);
}
END_TEST

START_TEST(missing_parent_is_a_violation)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    rows_customers(batches, 0, 10);
    rows_set_id(&batches[CW_ENTITY_ADDRESS], CW_ADDRESS_CUSTOMER_ID, 7, CW_ENTITY_CUSTOMER, 99);
    ck_assert_int_eq(fixture_load(batches, 1), CW_E_VIOLATION);
    ck_assert_str_eq(fixture_error.field, "customer_id");
    ck_assert_ptr_nonnull(strstr(fixture_error.message, "addresses.customer_id"));
    rows_customers(batches, 0, 10);
    assert_ok(fixture_load(batches, 1));
    /* Now the parents' index is in place: the way for tables with rows. */
    rows_customers(batches, 10, 10);
    rows_set_id(&batches[CW_ENTITY_PAYMENT_METHOD], CW_PAYMENT_METHOD_CUSTOMER_ID, 0, CW_ENTITY_CUSTOMER, 99);
    ck_assert_int_eq(fixture_load(batches, 2), CW_E_VIOLATION);
    rows_customers(batches, 10, 10);
    rows_set_id(&batches[CW_ENTITY_PAYMENT_METHOD], CW_PAYMENT_METHOD_CUSTOMER_ID, 0, CW_ENTITY_CUSTOMER, 3);
    assert_ok(fixture_load(batches, 2));
}
END_TEST

/* More children than are remembered or put off, before their parents. */
START_TEST(parents_may_follow_their_children)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    struct cw_load *load;
    rows_customers(batches, 0, 70000);
    for (int attempt = 0; attempt < 2; attempt++) {
        assert_ok(cw_load_begin(fixture_store, CW_WAIT_FOREVER, &load, &fixture_error));
        assert_ok(cw_load_add(load, &batches[CW_ENTITY_ADDRESS], &fixture_error));
        if (attempt == 1) {
            assert_ok(cw_load_add(load, &batches[CW_ENTITY_CUSTOMER], &fixture_error));
        }
        struct cw_run_record run = rows_run(attempt);
        ck_assert_int_eq(cw_load_commit(&load, &run, NULL), attempt == 1 ? CW_OK : CW_E_VIOLATION);
        cw_run_record_clear(&run);
    }
    rows_clear(batches);
    ck_assert_int_eq(fixture_count(CW_ENTITY_ADDRESS), 70000);
}
END_TEST

static void make_place(struct cw_batch batches[CW_ENTITY_COUNT])
{
    rows_init(&batches[CW_ENTITY_CATEGORY], CW_ENTITY_CATEGORY, 0, 1);
    rows_init(&batches[CW_ENTITY_BRAND], CW_ENTITY_BRAND, 0, 1);
    rows_init(&batches[CW_ENTITY_PRODUCT], CW_ENTITY_PRODUCT, 0, 1);
    rows_set_id(&batches[CW_ENTITY_PRODUCT], CW_PRODUCT_CATEGORY_ID, 0, CW_ENTITY_CATEGORY, 0);
    rows_set_id(&batches[CW_ENTITY_PRODUCT], CW_PRODUCT_BRAND_ID, 0, CW_ENTITY_BRAND, 0);
    rows_init(&batches[CW_ENTITY_VARIANT], CW_ENTITY_VARIANT, 0, 1);
    rows_set_id(&batches[CW_ENTITY_VARIANT], CW_VARIANT_PRODUCT_ID, 0, CW_ENTITY_PRODUCT, 0);
    rows_init(&batches[CW_ENTITY_FULFILMENT_CENTRE], CW_ENTITY_FULFILMENT_CENTRE, 0, 1);
}

static void make_stock(struct cw_batch batches[CW_ENTITY_COUNT], int64_t number, int64_t change)
{
    struct cw_batch *stock = &batches[CW_ENTITY_STOCK];
    rows_init(stock, CW_ENTITY_STOCK, number, 1);
    rows_set_id(stock, CW_STOCK_FULFILMENT_CENTRE_ID, 0, CW_ENTITY_FULFILMENT_CENTRE, 0);
    rows_set_id(stock, CW_STOCK_VARIANT_ID, 0, CW_ENTITY_VARIANT, 0);
    rows_set_int(stock, CW_STOCK_ON_HAND, 0, change);
    rows_set_int(stock, CW_STOCK_STOCKOUTS, 0, 2);
    rows_set_int(stock, CW_STOCK_REORDER_POINT, 0, 10 + number);
}

START_TEST(stock_is_merged_and_never_below_zero)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    make_place(batches);
    make_stock(batches, 5, 10);
    assert_ok(fixture_load(batches, 1));
    /* The same category and centre again are left alone. */
    rows_init(&batches[CW_ENTITY_CATEGORY], CW_ENTITY_CATEGORY, 0, 2);
    rows_init(&batches[CW_ENTITY_FULFILMENT_CENTRE], CW_ENTITY_FULFILMENT_CENTRE, 0, 1);
    make_stock(batches, 3, -4);
    assert_ok(fixture_load(batches, 2));
    ck_assert_int_eq(fixture_count(CW_ENTITY_CATEGORY), 2);
    ck_assert_int_eq(fixture_count(CW_ENTITY_FULFILMENT_CENTRE), 1);
    make_stock(batches, 4, -3);
    assert_ok(fixture_write(batches, 3, &fixture_error));
    ck_assert_int_eq(fixture_count(CW_ENTITY_STOCK), 1);
    ck_assert_int_eq(fixture_number("SELECT on_hand FROM stock"), 3);
    ck_assert_int_eq(fixture_number("SELECT stockouts FROM stock"), 6);
    ck_assert_int_eq(fixture_number("SELECT reorder_point FROM stock"), 14);
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT %s FROM stock", FIXTURE_MICROS("updated_at"));
    ck_assert_int_eq(fixture_number(sql), rows_time(5));
    make_stock(batches, 5, -4);
    ck_assert_int_eq(fixture_load(batches, 4), CW_E_VIOLATION);
    ck_assert_str_eq(fixture_error.field, "on_hand");
    make_stock(batches, 5, -4);
    ck_assert_int_eq(fixture_write(batches, 5, &fixture_error), CW_E_VIOLATION);
    ck_assert_int_eq(fixture_number("SELECT on_hand FROM stock"), 3);
}
END_TEST

/* A limit on the size of files stands for the full disk. */
START_TEST(full_disk_fails_the_write_and_not_the_store)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    if (fixture_server() != NULL) {
        return; /* the limit would have to be the server's */
    }
    rows_customers(batches, 0, 100);
    assert_ok(fixture_load(batches, 1));
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 2 << 20;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    rows_customers(batches, 100, 20000);
    ck_assert_int_eq(fixture_load(batches, 2), CW_E_IO);
    rows_customers(batches, 100, 20000);
    ck_assert_int_eq(fixture_write(batches, 3, &fixture_error), CW_E_IO);
    ck_assert_ptr_nonnull(strstr(fixture_error.message, "shop.db"));
    limit.rlim_cur = before;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM customers"), 100);
    rows_customers(batches, 100, 20000);
    assert_ok(fixture_load(batches, 4));
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 20100);
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM runs"), 2);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const all[] = {
        loads_all_rows_and_the_run,
        indexes_are_the_same_after_a_load,
        aborted_load_leaves_nothing,
        load_that_is_no_longer_wanted_leaves_nothing,
        load_that_is_cancelled_while_it_is_filled_fails,
        clash_of_unique_values_is_a_conflict,
        failed_load_fails_again,
        missing_parent_is_a_violation,
        parents_may_follow_their_children,
        stock_is_merged_and_never_below_zero,
        full_disk_fails_the_write_and_not_the_store,
    };
    return fixture_suite("store_load", all, sizeof all / sizeof *all);
}
