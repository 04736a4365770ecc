#define _POSIX_C_SOURCE 200809L

#include "store/key_store.h"
#include "store_fixture.h"

#include <sqlite3.h>

static struct cw_key_record make_key(uint8_t number)
{
    struct cw_key_record key = {.scopes = CW_SCOPE_READ | CW_SCOPE_PERSONAL, .created_at = 1000 + number};
    snprintf(key.name, sizeof key.name, "key %d", number);
    memset(key.digest, number, sizeof key.digest);
    memset(key.id.bytes, number, sizeof key.id.bytes);
    return key;
}

static uint32_t read_keys(struct cw_key_record **records)
{
    uint32_t count = 99;
    *records = NULL;
    assert_ok(cw_store_keys(fixture_store, records, &count, &fixture_error));
    return count;
}

START_TEST(test_keys_come_back_as_they_were_kept)
{
    struct cw_key_record *records;
    struct cw_key_record first = make_key(2);
    struct cw_key_record second = make_key(1);
    second.expires_at = 5000;
    second.rate = 60;
    ck_assert_uint_eq(read_keys(&records), 0);
    ck_assert_ptr_null(records);
    assert_ok(cw_store_key_add(fixture_store, &first, &fixture_error));
    assert_ok(cw_store_key_add(fixture_store, &second, &fixture_error));
    fixture_close();
    fixture_open();
    ck_assert_uint_eq(read_keys(&records), 2);
    ck_assert_str_eq(records[0].name, "key 1");
    ck_assert_int_eq(records[0].expires_at, 5000);
    ck_assert_int_eq(records[0].rate, 60);
    ck_assert_int_eq(records[1].expires_at, 0);
    ck_assert_int_eq(records[1].revoked_at, 0);
    ck_assert_int_eq(records[1].used_at, 0);
    ck_assert_uint_eq(records[1].scopes, first.scopes);
    ck_assert_int_eq(memcmp(records[1].digest, first.digest, sizeof first.digest), 0);
    ck_assert_int_eq(memcmp(&records[1].id, &first.id, sizeof first.id), 0);
    free(records);
}
END_TEST

START_TEST(test_a_key_is_there_once)
{
    struct cw_key_record key = make_key(1);
    assert_ok(cw_store_key_add(fixture_store, &key, &fixture_error));
    ck_assert_int_eq(cw_store_key_add(fixture_store, &key, &fixture_error), CW_E_CONFLICT);
    key.id.bytes[0] = 9;
    ck_assert_int_eq(cw_store_key_add(fixture_store, &key, &fixture_error), CW_E_CONFLICT);
}
END_TEST

START_TEST(test_revoking_is_for_good)
{
    struct cw_key_record *records;
    const struct cw_key_record key = make_key(1);
    const struct cw_uuid other = {{7}};
    assert_ok(cw_store_key_add(fixture_store, &key, &fixture_error));
    assert_ok(cw_store_key_revoke(fixture_store, &key.id, 2000, &fixture_error));
    assert_ok(cw_store_key_revoke(fixture_store, &key.id, 3000, &fixture_error));
    ck_assert_int_eq(cw_store_key_revoke(fixture_store, &other, 3000, &fixture_error), CW_E_NOT_FOUND);
    ck_assert_uint_eq(read_keys(&records), 1);
    ck_assert_int_eq(records[0].revoked_at, 2000);
    free(records);
}
END_TEST

/* Someone who writes what a key's use would change: a load, or in PostgreSQL whoever changes the key. */
struct writer {
    struct cw_load *load;
    PGconn *connection;
};

static void begin_writing(struct writer *writer)
{
    if (fixture_server() == NULL) {
        assert_ok(cw_load_begin(fixture_store, CW_WAIT_FOREVER, &writer->load, &fixture_error));
        return;
    }
    writer->connection = PQconnectdb(fixture_path);
    PGresult *result = PQexec(writer->connection, "BEGIN; UPDATE api_keys SET used_at = '2001-01-01'");
    ck_assert_int_eq(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
}

static void stop_writing(struct writer *writer)
{
    if (fixture_server() == NULL) {
        cw_load_abort(&writer->load);
    } else {
        /* What just closes is rolled back by the server at its leisure. */
        PQclear(PQexec(writer->connection, "ROLLBACK"));
        PQfinish(writer->connection);
    }
}

START_TEST(test_uses_go_forward_and_wait_for_nobody)
{
    struct cw_key_record *records;
    struct writer writer = {0};
    const struct cw_key_record key = make_key(1);
    const struct cw_key_record other = make_key(2);
    const struct cw_key_use later = {key.id, 9000};
    const struct cw_key_use two[] = {{key.id, 8000}, {other.id, 7000}};
    assert_ok(cw_store_key_add(fixture_store, &key, &fixture_error));
    assert_ok(cw_store_key_add(fixture_store, &other, &fixture_error));
    assert_ok(cw_store_key_uses(fixture_store, &later, 1, &fixture_error));
    begin_writing(&writer);
    ck_assert_int_eq(cw_store_key_uses(fixture_store, two, 2, &fixture_error), CW_E_UNAVAILABLE);
    stop_writing(&writer);
    ck_assert_uint_eq(read_keys(&records), 2);
    ck_assert_int_eq(records[1].used_at, 0);
    free(records);
    assert_ok(cw_store_key_uses(fixture_store, two, 2, &fixture_error));
    ck_assert_uint_eq(read_keys(&records), 2);
    ck_assert_int_eq(records[0].used_at, 9000);
    ck_assert_int_eq(records[1].used_at, 7000);
    free(records);
}
END_TEST

static void fill_with_keys(int count)
{
    char sql[512];
    if (fixture_server() != NULL) {
        snprintf(sql, sizeof sql,
                 "INSERT INTO api_keys (id, name, digest, scopes, created_at) SELECT gen_random_uuid(), 'k', "
                 "sha256(number::text::bytea), 1, now() FROM generate_series(1, %d) AS number",
                 count);
        fixture_server_run(fixture_path, sql);
        return;
    }
    sqlite3 *database = NULL;
    snprintf(
        sql, sizeof sql,
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %d) INSERT "
        "INTO api_keys (id, name, digest, scopes, created_at) SELECT randomblob(16), 'k', "
        "randomblob(32), 1, n FROM numbers",
        count);
    ck_assert_int_eq(sqlite3_open(fixture_path, &database), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
}

START_TEST(test_keys_are_limited)
{
    struct cw_key_record *records;
    const struct cw_key_record last = make_key(1);
    const struct cw_key_record beyond = make_key(2);
    fill_with_keys(CW_KEYS_MAX - 1);
    assert_ok(cw_store_key_add(fixture_store, &last, &fixture_error));
    ck_assert_int_eq(cw_store_key_add(fixture_store, &beyond, &fixture_error), CW_E_LIMIT);
    ck_assert_uint_eq(read_keys(&records), CW_KEYS_MAX);
    free(records);
}
END_TEST

START_TEST(test_a_refused_key_shows_no_digest)
{
    struct cw_key_record key = make_key(0xab);
    assert_ok(cw_store_key_add(fixture_store, &key, &fixture_error));
    key.id.bytes[0] = 1;
    ck_assert_int_eq(cw_store_key_add(fixture_store, &key, &fixture_error), CW_E_CONFLICT);
    ck_assert_ptr_null(strstr(fixture_error.message, "abab"));
    ck_assert_ptr_nonnull(strstr(fixture_error.message, "api_keys.digest"));
}
END_TEST

START_TEST(test_a_read_only_store_takes_no_key)
{
    const struct cw_key_record key = make_key(1);
    fixture_close();
    const struct cw_store_options options = {.location = fixture_path, .read_only = true};
    assert_ok(cw_store_open(&options, &fixture_store, &fixture_error));
    ck_assert_int_eq(cw_store_key_add(fixture_store, &key, &fixture_error), CW_E_UNSUPPORTED);
    ck_assert_int_eq(cw_store_key_revoke(fixture_store, &key.id, 1, &fixture_error), CW_E_UNSUPPORTED);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {test_keys_come_back_as_they_were_kept,
                                  test_a_key_is_there_once,
                                  test_revoking_is_for_good,
                                  test_uses_go_forward_and_wait_for_nobody,
                                  test_keys_are_limited,
                                  test_a_refused_key_shows_no_digest,
                                  test_a_read_only_store_takes_no_key};
    return fixture_suite("store_keys", tests, sizeof tests / sizeof tests[0]);
}
