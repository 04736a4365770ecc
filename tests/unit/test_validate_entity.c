#define _POSIX_C_SOURCE 200809L

#include "store_fixture.h"

#include <sqlite3.h>

#include "cartwright/run.h"
#include "service/generate_store.h"
#include "service/validate.h"
#include "service/values.h"

static void seed_shop(void)
{
    struct cw_run_spec spec;
    struct cw_store_run run = {0};
    cw_run_spec_init(&spec);
    spec.seed = 11;
    spec.customers = 60;
    spec.products = 20;
    spec.orders = 120;
    const struct cw_store_run_options options = {.spec = spec, .threads = 1};
    assert_ok(cw_generate_store(fixture_store, &options, &run, &fixture_error));
}

static bool take_text(void *context, int columns, const char *const *values)
{
    ck_assert_int_eq(columns, 1);
    snprintf(context, CW_UUID_TEXT, "%s", values[0] != NULL ? values[0] : "");
    return false;
}

static void change_file(const char *sql)
{
    sqlite3 *database = NULL;
    ck_assert_int_eq(sqlite3_open(fixture_path, &database), SQLITE_OK);
    sqlite3_exec(database, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL);
    ck_assert_msg(sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql,
                  sqlite3_errmsg(database));
    ck_assert_int_gt(sqlite3_changes(database), 0);
    sqlite3_close(database);
}

/* Changes rows of the store behind its back. */
static void change(const char *sql)
{
    if (fixture_server() != NULL) {
        fixture_server_run(fixture_path, sql);
    } else {
        change_file(sql);
    }
}

/* The id that a query answers. */
static struct cw_uuid find_id(const char *sql)
{
    struct cw_uuid id = {{0}};
    char text[CW_UUID_TEXT] = "";
    char wrapped[1024];
    snprintf(wrapped, sizeof wrapped, "SELECT %s FROM (%s) AS found",
             fixture_words("lower(hex(id))", "id::text"), sql);
    assert_ok(cw_store_select(fixture_store, wrapped, NULL, 0, take_text, text, &fixture_error));
    int digits = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at != '-') {
            const int digit = *at <= '9' ? *at - '0' : *at - 'a' + 10;
            id.bytes[digits / 2] = (uint8_t)(id.bytes[digits / 2] << 4 | digit);
            digits++;
        }
    }
    ck_assert_msg(digits == 32, "%s: %s", sql, text);
    return id;
}

static const struct cw_rule_result *find_result(const struct cw_validation *validation, const char *rule)
{
    for (size_t i = 0; i < validation->count; i++) {
        if (strcmp(validation->results[i].rule, rule) == 0) {
            return &validation->results[i];
        }
    }
    return NULL;
}

/* Checks the row that a query finds; the rule must be broken `violations` times, and no other. */
static void expect(enum cw_entity_id entity, const char *sql, const char *rule, int64_t violations)
{
    struct cw_validation validation = {0};
    const struct cw_uuid id = find_id(sql);
    assert_ok(cw_validate_entity(fixture_store, entity, &id, &validation, &fixture_error));
    const struct cw_rule_result *result = find_result(&validation, rule);
    ck_assert_msg(result != NULL, "no %s", rule);
    ck_assert_int_eq(result->violations, violations);
    ck_assert_int_eq(validation.violations, violations);
    ck_assert_int_eq(result->outcome, violations > 0 ? CW_RULE_VIOLATED : CW_RULE_PASSED);
    ck_assert_int_eq(result->offender_count, violations < CW_OFFENDERS_MAX ? violations : CW_OFFENDERS_MAX);
    cw_validation_clear(&validation);
}

START_TEST(every_kind_of_row_is_valid)
{
    seed_shop();
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        char sql[128];
        struct cw_validation validation = {0};
        snprintf(sql, sizeof sql, "SELECT id FROM %s LIMIT 1", cw_entity_get((enum cw_entity_id)e)->table);
        const struct cw_uuid id = find_id(sql);
        assert_ok(cw_validate_entity(fixture_store, (enum cw_entity_id)e, &id, &validation, &fixture_error));
        ck_assert_int_eq(validation.violations, 0);
        ck_assert_uint_gt(validation.count, 0);
        ck_assert_uint_eq(validation.rules_skipped, 0);
        for (size_t i = 0; i < validation.count; i++) {
            if (validation.results[i].entity == (enum cw_entity_id)e) {
                ck_assert_int_eq(validation.results[i].checked, 1);
            }
        }
        cw_validation_clear(&validation);
    }
}
END_TEST

START_TEST(only_what_hangs_on_the_row_is_checked)
{
    static const char picked[] =
        "SELECT customer_id AS id FROM orders GROUP BY 1 ORDER BY count(*) DESC LIMIT 1";
    struct cw_validation validation = {0};
    int64_t orders = 0;
    seed_shop();
    const struct cw_uuid id = find_id(picked);
    assert_ok(cw_store_select(
        fixture_store, "SELECT max(n) FROM (SELECT count(*) AS n FROM orders GROUP BY customer_id) AS counts",
        NULL, 0, fixture_take_number, &orders, &fixture_error));
    assert_ok(cw_validate_entity(fixture_store, CW_ENTITY_CUSTOMER, &id, &validation, &fixture_error));
    ck_assert_int_eq(find_result(&validation, "orders.total_adds_up")->checked, orders);
    ck_assert_int_ge(find_result(&validation, "order_items.total_adds_up")->checked, orders);
    ck_assert_ptr_null(find_result(&validation, "products.price_above_cost"));
    cw_validation_clear(&validation);
}
END_TEST

START_TEST(a_broken_order_is_found_from_order_and_customer)
{
    seed_shop();
    change("UPDATE order_items SET sku = 'X' WHERE rowid = 1");
    expect(CW_ENTITY_ORDER, "SELECT order_id AS id FROM order_items WHERE rowid = 1",
           "order_items.sku_of_variant", 1);
    expect(
        CW_ENTITY_CUSTOMER,
        "SELECT customer_id AS id FROM orders WHERE id = (SELECT order_id FROM order_items WHERE rowid = 1)",
        "order_items.sku_of_variant", 1);
    expect(CW_ENTITY_ORDER,
           "SELECT id FROM orders WHERE id <> (SELECT order_id FROM order_items WHERE rowid = 1) LIMIT 1",
           "order_items.sku_of_variant", 0);
}
END_TEST

START_TEST(sums_over_other_rows_are_checked)
{
    seed_shop();
    change("UPDATE payments SET status = 'failed', captured_at = NULL, refunded_at = NULL, failure_code = "
           "'card_declined' WHERE order_id = (SELECT id FROM orders WHERE status = 'delivered' LIMIT 1)");
    expect(CW_ENTITY_ORDER, "SELECT id FROM orders WHERE status = 'delivered' LIMIT 1",
           "orders.paid_has_capture", 1);
}
END_TEST

START_TEST(the_ledger_of_a_place_is_checked)
{
    static const char place[] =
        "SELECT id FROM stock WHERE (fulfilment_centre_id, variant_id) = (SELECT "
        "fulfilment_centre_id, variant_id FROM stock_movements WHERE kind = 'sale' LIMIT 1)";
    seed_shop();
    expect(CW_ENTITY_STOCK, place, "stock_movements.never_below_zero", 0);
    /* What was there at first comes a year late: the level is below zero until then, the sum stays. */
    change("UPDATE stock_movements SET occurred_at = (SELECT max(occurred_at) FROM stock_movements m WHERE "
           "m.fulfilment_centre_id = stock_movements.fulfilment_centre_id AND m.variant_id = "
           "stock_movements.variant_id) WHERE kind IN ('opening', 'receipt') AND (fulfilment_centre_id, "
           "variant_id) = (SELECT fulfilment_centre_id, variant_id FROM stock_movements WHERE kind = 'sale' "
           "LIMIT 1)");
    struct cw_validation validation = {0};
    const struct cw_uuid id = find_id(place);
    assert_ok(cw_validate_entity(fixture_store, CW_ENTITY_STOCK, &id, &validation, &fixture_error));
    const struct cw_rule_result *result = find_result(&validation, "stock_movements.never_below_zero");
    ck_assert_int_gt(result->violations, 0);
    ck_assert_ptr_nonnull(strstr(result->offenders[0].detail, "level -"));
    cw_validation_clear(&validation);
}
END_TEST

START_TEST(unique_columns_are_looked_up)
{
    seed_shop();
    change(
        "DROP INDEX shipments_tracking_number; UPDATE shipments SET tracking_number = 'T' WHERE rowid <= 2");
    expect(CW_ENTITY_SHIPMENT, "SELECT id FROM shipments WHERE rowid = 1", "shipments.tracking_number.unique",
           1);
    expect(CW_ENTITY_SHIPMENT, "SELECT id FROM shipments WHERE rowid = 3", "shipments.tracking_number.unique",
           0);
}
END_TEST

START_TEST(unknown_rows_are_named)
{
    struct cw_validation validation = {0};
    struct cw_error error = {0};
    const struct cw_uuid id = {{1, 2, 3}};
    seed_shop();
    ck_assert_int_eq(cw_validate_entity(fixture_store, CW_ENTITY_ORDER, &id, &validation, &error),
                     CW_E_NOT_FOUND);
    ck_assert_str_eq(error.field, "entity_id");
    ck_assert_ptr_nonnull(strstr(error.message, "01020300-0000-0000-0000-000000000000"));
    ck_assert_ptr_null(validation.results);
}
END_TEST

/* Rows without a parent can't be found through it, and are checked all the same. */
START_TEST(rows_without_parent_are_checked)
{
    struct cw_validation validation = {0};
    seed_shop();
    change(fixture_words(
        "PRAGMA foreign_keys = OFF; UPDATE order_items SET order_id = x'00000000000000000000000000000000', "
        "quantity = 0 WHERE rowid = 1",
        "ALTER TABLE order_items DROP CONSTRAINT order_items_order_id_fkey, DROP CONSTRAINT "
        "order_items_quantity_check; UPDATE order_items SET order_id = "
        "'00000000-0000-0000-0000-000000000000', quantity = 0 WHERE rowid = 1"));
    assert_ok(cw_validate_path(fixture_path, 2, NULL, &validation, &fixture_error));
    ck_assert_int_eq(find_result(&validation, "order_items.order_id.exists")->violations, 1);
    ck_assert_int_eq(find_result(&validation, "order_items.quantity_positive")->violations, 1);
    ck_assert_int_eq(find_result(&validation, "order_items.quantity_positive")->checked,
                     fixture_count(CW_ENTITY_ORDER_ITEM));
    cw_validation_clear(&validation);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const all[] = {
        every_kind_of_row_is_valid,
        only_what_hangs_on_the_row_is_checked,
        a_broken_order_is_found_from_order_and_customer,
        sums_over_other_rows_are_checked,
        the_ledger_of_a_place_is_checked,
        unique_columns_are_looked_up,
        unknown_rows_are_named,
        rows_without_parent_are_checked,
    };
    return fixture_suite("validate_entity", all, sizeof all / sizeof *all);
}
