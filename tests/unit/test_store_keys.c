#define _POSIX_C_SOURCE 200809L

#include "store/key_store.h"
#include "store_fixture.h"

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

START_TEST(test_uses_go_forward_and_wait_for_nobody)
{
    struct cw_key_record *records;
    struct cw_load *load;
    const struct cw_key_record key = make_key(1);
    const struct cw_key_use later = {key.id, 9000};
    const struct cw_key_use earlier = {key.id, 8000};
    assert_ok(cw_store_key_add(fixture_store, &key, &fixture_error));
    assert_ok(cw_store_key_uses(fixture_store, &later, 1, &fixture_error));
    assert_ok(cw_store_key_uses(fixture_store, &earlier, 1, &fixture_error));
    assert_ok(cw_load_begin(fixture_store, &load, &fixture_error));
    ck_assert_int_eq(cw_store_key_uses(fixture_store, &later, 1, &fixture_error), CW_E_UNAVAILABLE);
    cw_load_abort(&load);
    assert_ok(cw_store_key_uses(fixture_store, &later, 1, &fixture_error));
    ck_assert_uint_eq(read_keys(&records), 1);
    ck_assert_int_eq(records[0].used_at, 9000);
    free(records);
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
    const TTest *const tests[] = {test_keys_come_back_as_they_were_kept, test_a_key_is_there_once,
                                  test_revoking_is_for_good, test_uses_go_forward_and_wait_for_nobody,
                                  test_a_read_only_store_takes_no_key};
    return fixture_suite("store_keys", tests, sizeof tests / sizeof tests[0]);
}
