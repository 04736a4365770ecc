/* What only the PostgreSQL store has: migrations that notice changes, keys built after loads, partitions,
 * rows of others, connections that break. */
#define _POSIX_C_SOURCE 200809L

#include "store_fixture.h"

#include <pthread.h>

#include "store/migrations.h"
#include "store/postgres_store.h"

static void change(const char *sql)
{
    fixture_server_run(fixture_path, sql);
}

static cw_status open_again(bool read_only)
{
    const struct cw_store_options options = {.location = fixture_path, .read_only = read_only};
    fixture_close();
    return cw_store_open(&options, &fixture_store, &fixture_error);
}

/* The catalogue decides names, order, types and nullability; the migrations must follow. */
START_TEST(tables_are_those_of_the_catalogue)
{
    static const char *const types[] = {
        [CW_TYPE_BOOL] = "boolean", [CW_TYPE_INT32] = "integer",
        [CW_TYPE_INT64] = "bigint", [CW_TYPE_DATE] = "date",
        [CW_TYPE_UUID] = "uuid",    [CW_TYPE_TIMESTAMP] = "timestamp with time zone",
        [CW_TYPE_STRING] = "text",
    };
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        const struct cw_entity *entity = cw_entity_get((enum cw_entity_id)e);
        for (uint32_t c = 0; c < entity->column_count; c++) {
            const struct cw_column_def *column = &entity->columns[c];
            char sql[512];
            snprintf(
                sql, sizeof sql,
                "SELECT count(*) FROM information_schema.columns WHERE table_name = '%s' AND column_name = "
                "'%s' AND ordinal_position = %" PRIu32 " AND data_type = '%s' AND is_nullable = '%s'",
                entity->table, column->name, c + 1, types[column->type], column->nullable ? "YES" : "NO");
            ck_assert_msg(fixture_number(sql) == 1, "%s.%s", entity->table, column->name);
            if (column->reference != CW_NO_REFERENCE) {
                snprintf(
                    sql, sizeof sql,
                    "SELECT count(*) FROM cartwright_shape WHERE kind = 'foreign key' AND relation = '%s' "
                    "AND name = '%s_%s_fkey' AND target = '%s'",
                    entity->table, entity->table, column->name,
                    cw_entity_get((enum cw_entity_id)column->reference)->table);
                ck_assert_msg(fixture_number(sql) == 1, "%s.%s has no key", entity->table, column->name);
            }
        }
    }
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM schema_revisions"), cw_pg_migration_count);
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM alembic_version"), 1);
}
END_TEST

START_TEST(newer_and_changed_revisions_are_refused)
{
    change("UPDATE schema_revisions SET digest = 'feedfacefeedface' WHERE revision = 1");
    ck_assert_int_eq(open_again(false), CW_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(fixture_error.message, "feedfacefeedface"));
    change("INSERT INTO schema_revisions VALUES (1000, 'future', 'abc', now())");
    ck_assert_int_eq(open_again(false), CW_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(fixture_error.message, "1000 (future)"));
    ck_assert_int_eq(open_again(true), CW_E_UNSUPPORTED);
}
END_TEST

static const struct {
    const char *sql;
    const char *words;
} changes[] = {
    {"ALTER TABLE products RENAME COLUMN weight TO mass", "products.weight is missing"},
    {"ALTER TABLE customers ALTER COLUMN phone SET NOT NULL", "customers.phone is text collate C not null"},
    {"DROP INDEX customers_email", "customers.customers_email is missing"},
    {"ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey", "orders.orders_customer_id_fkey"},
    {"ALTER TABLE stock DROP CONSTRAINT stock_on_hand_check", "stock.stock_on_hand_check"},
};

START_TEST(what_was_changed_by_hand_is_named)
{
    change(changes[_i].sql);
    ck_assert_int_eq(open_again(false), CW_E_CORRUPT);
    ck_assert_msg(strstr(fixture_error.message, changes[_i].words) != NULL, "%s", fixture_error.message);
    ck_assert_int_eq(open_again(true), CW_E_CORRUPT);
}
END_TEST

START_TEST(what_others_added_is_left_alone)
{
    change("CREATE TABLE notes (customer uuid REFERENCES customers, words text); CREATE INDEX "
           "customers_by_city ON customers (city); ALTER TABLE customers ADD COLUMN nickname text");
    assert_ok(open_again(false));
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    rows_customers(batches, 0, 100);
    assert_ok(fixture_load(batches, 1));
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 100);
    ck_assert_int_eq(fixture_broken_references(), 0);
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM pg_indexes WHERE indexname = 'customers_by_city'"),
                     1);
}
END_TEST

START_TEST(tables_of_another_program_are_refused)
{
    fixture_close();
    change("SET client_min_messages = error; DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE "
           "customers (number integer)");
    const struct cw_store_options options = {.location = fixture_path, .create = true};
    ck_assert_int_eq(cw_store_open(&options, &fixture_store, &fixture_error), CW_E_CORRUPT);
    ck_assert_ptr_nonnull(strstr(fixture_error.message, "another program"));
    change("DROP TABLE customers");
    ck_assert_int_eq(open_again(true), CW_E_UNSUPPORTED);
    assert_ok(open_again(false));
}
END_TEST

START_TEST(bad_addresses_tell_no_secrets)
{
    struct cw_store *store;
    struct cw_store_options options = {.location =
                                           "postgresql://someone:secret@/nowhere?host=/nonexistent&port=1"};
    ck_assert_int_eq(cw_store_open(&options, &store, &fixture_error), CW_E_UNAVAILABLE);
    ck_assert(fixture_error.retryable);
    ck_assert_ptr_null(strstr(fixture_error.message, "secret"));
    options.location = "postgresql://someone:secret@host/x?nonsense=1";
    ck_assert_int_eq(cw_store_open(&options, &store, &fixture_error), CW_E_INVALID);
    ck_assert_ptr_null(strstr(fixture_error.message, "secret"));
    char missing[512];
    fixture_database("no_such_database", missing);
    options.location = missing;
    ck_assert_int_eq(cw_store_open(&options, &store, &fixture_error), CW_E_UNAVAILABLE);
}
END_TEST

/* Keys are gone, as after a load whose process and server were killed. */
START_TEST(keys_that_a_killed_load_left_missing_are_built)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    change("SELECT cartwright_mark_empty(), cartwright_defer()");
    ck_assert_int_gt(fixture_broken_references(), 0);
    rows_customers(batches, 0, 10);
    assert_ok(fixture_write(batches, 1, &fixture_error));
    ck_assert_int_eq(fixture_broken_references(), 0);
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 10);
    change("DELETE FROM addresses; DELETE FROM payment_methods; DELETE FROM customers; SELECT "
           "cartwright_mark_empty(), cartwright_defer()");
    assert_ok(open_again(false));
    ck_assert_int_eq(fixture_broken_references(), 0);
}
END_TEST

START_TEST(small_writes_wait_for_a_load)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    struct cw_load *load;
    assert_ok(cw_load_begin(fixture_store, CW_WAIT_FOREVER, &load, &fixture_error));
    rows_customers(batches, 0, 10);
    assert_ok(fixture_add(load, batches));
    rows_clear(batches);
    /* Another process opens the store meanwhile and reads, but takes the load's keys for granted. */
    struct cw_store *other;
    assert_ok(cw_store_open(&(struct cw_store_options){.location = fixture_path}, &other, &fixture_error));
    int64_t rows = -1;
    assert_ok(cw_store_count(other, CW_ENTITY_CUSTOMER, &rows, &fixture_error));
    ck_assert_int_eq(rows, 0);
    cw_store_close(other);
    struct cw_run_record run = rows_run(1);
    assert_ok(cw_load_commit(&load, &run, &fixture_error));
    cw_run_record_clear(&run);
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 10);
    ck_assert_int_eq(fixture_broken_references(), 0);
}
END_TEST

#define END_OTHERS                                                                                           \
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND "  \
    "pid <> pg_backend_pid()"

START_TEST(broken_connections_are_replaced)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    for (int64_t i = 0; i < 3; i++) {
        rows_customers(batches, i * 10, 10);
        assert_ok(fixture_write(batches, i, &fixture_error));
        change(END_OTHERS);
        ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), (i + 1) * 10);
        change(END_OTHERS);
    }
    struct cw_load *load;
    assert_ok(cw_load_begin(fixture_store, CW_WAIT_FOREVER, &load, &fixture_error));
    rows_customers(batches, 100, 1000);
    assert_ok(fixture_add(load, batches));
    change(END_OTHERS);
    struct cw_run_record run = rows_run(7);
    ck_assert_int_eq(cw_load_commit(&load, &run, &fixture_error), CW_E_UNAVAILABLE);
    ck_assert(fixture_error.retryable);
    cw_run_record_clear(&run);
    rows_clear(batches);
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 30);
    rows_customers(batches, 100, 10);
    assert_ok(fixture_load(batches, 8));
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM customers"), 40);
}
END_TEST

struct share {
    struct cw_reader *reader;
    cw_status status;
    struct cw_error error;
};

static void *share_reader(void *context)
{
    struct share *share = context;
    struct cw_reader *other;
    share->status = cw_pg_reader_share(share->reader, &other, &share->error);
    return NULL;
}

/* Ends the connection whose moment is shared, and waits until it is gone. */
#define SHARED                                                                                               \
    "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_export_snapshot%'"
#define END_SHARED                                                                                           \
    "DO $$ BEGIN PERFORM pg_terminate_backend(pid) " SHARED "; WHILE EXISTS (SELECT " SHARED ") LOOP "       \
    "PERFORM pg_stat_clear_snapshot(), pg_sleep(0.01); END LOOP; END $$"

START_TEST(a_reader_lost_while_it_is_shared_is_told)
{
    struct cw_reader *readers[CW_PG_POOL_MAX];
    for (int i = 0; i < CW_PG_POOL_MAX; i++) {
        assert_ok(cw_pg_reader_begin(fixture_store, &readers[i], &fixture_error));
    }
    /* All connections are taken: between its two statements, sharing waits for one. */
    struct share share = {.reader = readers[0]};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, share_reader, &share), 0);
    struct cw_store_connections connections = {0};
    while (connections.waiting == 0) {
        cw_store_count_connections(fixture_store, &connections);
    }
    change(END_SHARED);
    cw_pg_reader_end(readers[1]);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_msg(share.status == CW_E_UNAVAILABLE, "%d: %s", (int)share.status, share.error.message);
    ck_assert(share.error.retryable);
    ck_assert_ptr_nonnull(strstr(share.error.message, "terminating connection"));
    for (int i = 0; i < CW_PG_POOL_MAX; i++) {
        if (i != 1) {
            cw_pg_reader_end(readers[i]);
        }
    }
}
END_TEST

/* Whether the end of a load, which locks readers out, would have to wait. */
static bool is_read(void)
{
    PGconn *connection = PQconnectdb(fixture_path);
    PGresult *result = PQexec(connection, "BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE NOWAIT");
    const bool failed = PQresultStatus(result) != PGRES_COMMAND_OK;
    PQclear(result);
    PQfinish(connection);
    return failed;
}

START_TEST(a_moment_with_rows_aside_lasts_until_they_are_read)
{
    const int64_t from = INT64_C(1704067200000000); /* 2024-01-01 */
    struct cw_reader *reader;
    assert_ok(cw_store_expect(fixture_store, from, from, CW_WAIT_FOREVER, &fixture_error));
    assert_ok(cw_pg_reader_begin(fixture_store, &reader, &fixture_error));
    ck_assert(!is_read());
    cw_pg_reader_end(reader);
    change("SELECT cartwright_mark_empty(), cartwright_defer(), cartwright_set_aside()");
    assert_ok(cw_pg_reader_begin(fixture_store, &reader, &fixture_error));
    ck_assert(is_read());
    cw_pg_reader_end(reader);
    ck_assert(!is_read());
    change("DROP TABLE shipments CASCADE"); /* a reader reads what is there */
    assert_ok(cw_pg_reader_begin(fixture_store, &reader, &fixture_error));
    cw_pg_reader_end(reader);
}
END_TEST

START_TEST(rows_of_others_are_counted_and_seen)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    struct cw_store_world *world;
    rows_customers(batches, 0, 10);
    assert_ok(fixture_load(batches, 1));
    change(
        "INSERT INTO customers (id, created_at, email, given_name, family_name, sex, birth_date, street, "
        "city, "
        "postal_code, country, locale, language, currency, segment, acquisition_channel, credit_limit, "
        "marketing_consent, default_address_id) SELECT gen_random_uuid(), '2020-01-01', 'own@example.com', "
        "'A', 'B', 'female', '1990-01-01', 'S', 'C', 'P', 'DE', 'de-DE', 'de', 'EUR', 'vip', 'direct', 0, "
        "false, gen_random_uuid(); INSERT INTO addresses (id, customer_id, created_at, kind, is_default, "
        "recipient, street, city, postal_code, country, settlement) SELECT gen_random_uuid(), id, "
        "created_at, "
        "'home', true, 'A B', 'S', 'C', 'P', 'DE', 'urban' FROM customers WHERE email = 'own@example.com'");
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 11);
    rows_customers(batches, 10, 10);
    assert_ok(fixture_write(batches, 2, &fixture_error));
    ck_assert_int_eq(fixture_number("SELECT count(DISTINCT rowid) FROM customers"), 21);
    ck_assert_int_eq(fixture_number("SELECT max(rowid) FROM customers"), 21);
    assert_ok(cw_store_world_acquire(fixture_store, &world, &fixture_error));
    const struct cw_population *population = cw_store_world_get(world)->population;
    ck_assert_uint_eq(population->customer_count, 21);
    ck_assert_int_eq(population->customers[0].created_at, INT64_C(1577836800000000));
    ck_assert_int_eq(population->customers[0].address_count, 1);
    cw_store_world_release(world);
}
END_TEST

START_TEST(partitions_are_made_ahead)
{
    const int64_t from = INT64_C(1704067200000000); /* 2024-01-01 */
    assert_ok(cw_store_expect(fixture_store, from, from + INT64_C(70) * 86400000000, CW_WAIT_FOREVER,
                              &fixture_error));
    assert_ok(cw_store_expect(fixture_store, from, from, CW_WAIT_FOREVER, &fixture_error));
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM pg_inherits WHERE inhparent = 'orders'::regclass"),
                     4);
    ck_assert_int_eq(
        fixture_number("SELECT count(*) FROM pg_inherits WHERE inhparent = 'stock_movements'::regclass"), 4);
    assert_ok(open_again(false));
    change("ALTER TABLE orders DETACH PARTITION orders_other; DROP TABLE orders_other");
    const int64_t later = from + INT64_C(100) * 86400000000;
    ck_assert_int_eq(cw_store_expect(fixture_store, from, later, CW_WAIT_FOREVER, &fixture_error),
                     CW_E_CORRUPT);
    ck_assert_ptr_nonnull(strstr(fixture_error.message, "\"orders_other\" does not exist"));
    ck_assert_int_eq(fixture_broken_references(), 0);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const all[] = {
        tables_are_those_of_the_catalogue,
        newer_and_changed_revisions_are_refused,
        what_others_added_is_left_alone,
        tables_of_another_program_are_refused,
        bad_addresses_tell_no_secrets,
        keys_that_a_killed_load_left_missing_are_built,
        small_writes_wait_for_a_load,
        broken_connections_are_replaced,
        rows_of_others_are_counted_and_seen,
        partitions_are_made_ahead,
        a_reader_lost_while_it_is_shared_is_told,
        a_moment_with_rows_aside_lasts_until_they_are_read,
    };
    Suite *suite = fixture_suite("postgres_store", all, sizeof all / sizeof *all);
    TCase *group = tcase_create("changes");
    tcase_add_checked_fixture(group, fixture_set_up, fixture_tear_down);
    tcase_add_loop_test(group, what_was_changed_by_hand_is_named, 0, sizeof changes / sizeof *changes);
    suite_add_tcase(suite, group);
    return suite;
}
