#include "base/calendar.h"
#include "base/decimal.h"
#include "base/parse.h"
#include "harness.h"

#include <string.h>

static int64_t int64_of(const char *text)
{
    int64_t value = -77;
    ck_assert_msg(cw_parse_int64(text, strlen(text), &value), "%s", text);
    return value;
}

static int64_t timestamp_of(const char *text)
{
    int64_t value = -77;
    ck_assert_msg(cw_parse_timestamp(text, strlen(text), &value), "%s", text);
    return value;
}

START_TEST(whole_numbers)
{
    ck_assert_int_eq(int64_of("0"), 0);
    ck_assert_int_eq(int64_of("-0"), 0);
    ck_assert_int_eq(int64_of("-9223372036854775808"), INT64_MIN);
    ck_assert_int_eq(int64_of("9223372036854775807"), INT64_MAX);
    int32_t small = 0;
    ck_assert(cw_parse_int32("-2147483648", 11, &small));
    ck_assert_int_eq(small, INT32_MIN);
    ck_assert(cw_parse_int32("2147483647", 10, &small));
    ck_assert_int_eq(small, INT32_MAX);
    uint64_t large = 0;
    ck_assert(cw_parse_uint64("18446744073709551615", 20, &large));
    ck_assert(large == UINT64_MAX);
    ck_assert(cw_parse_uint64("12abc", 2, &large));
    ck_assert_uint_eq(large, 12);
}
END_TEST

START_TEST(what_is_no_whole_number_is_refused)
{
    static const char *const texts[] = {"",
                                        "-",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "01",
                                        "-01",
                                        "00",
                                        "1.0",
                                        "1e3",
                                        "0x10",
                                        "--1",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "99999999999999999999",
                                        "18446744073709551616",
                                        "100000000000000000000000000",
                                        "1-"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t value = 42;
        ck_assert_msg(!cw_parse_int64(texts[i], strlen(texts[i]), &value), "%s", texts[i]);
        ck_assert_int_eq(value, 42);
    }
    int32_t small = 42;
    ck_assert(!cw_parse_int32("2147483648", 10, &small));
    ck_assert(!cw_parse_int32("-2147483649", 11, &small));
    ck_assert_int_eq(small, 42);
    uint64_t large;
    ck_assert(!cw_parse_uint64("18446744073709551616", 20, &large));
    ck_assert(!cw_parse_uint64("-1", 2, &large));
}
END_TEST

START_TEST(booleans)
{
    bool value = false;
    ck_assert(cw_parse_bool("true", 4, &value) && value);
    ck_assert(cw_parse_bool("false", 5, &value) && !value);
    ck_assert(!cw_parse_bool("True", 4, &value));
    ck_assert(!cw_parse_bool("1", 1, &value));
    ck_assert(!cw_parse_bool("", 0, &value));
}
END_TEST

START_TEST(uuids)
{
    uint8_t uuid[16] = {0};
    char text[CW_DECIMAL_SLACK];
    ck_assert(cw_parse_uuid("01234567-89aB-Cdef-FEDC-ba9876543210", 36, uuid));
    cw_decimal_uuid(text, uuid);
    ck_assert_mem_eq(text, "01234567-89ab-cdef-fedc-ba9876543210", 36);
    static const char *const bad[] = {"",
                                      "0123456789abcdeffedcba9876543210",
                                      "01234567-89ab-cdef-fedc-ba987654321",
                                      "01234567-89ab-cdef-fedc-ba98765432100",
                                      "0123456-789ab-cdef-fedc-ba9876543210",
                                      "g1234567-89ab-cdef-fedc-ba9876543210",
                                      "01234567-89ab-cdef-fedc-ba987654321\x80",
                                      "01234567-89ab-cdef-fedc--a9876543210",
                                      "{1234567-89ab-cdef-fedc-ba987654321}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(!cw_parse_uuid(bad[i], strlen(bad[i]), uuid), "%s", bad[i]);
    }
}
END_TEST

START_TEST(dates)
{
    int32_t days = -77;
    ck_assert(cw_parse_date("1970-01-01", 10, &days));
    ck_assert_int_eq(days, 0);
    ck_assert(cw_parse_date("2024-02-29", 10, &days));
    ck_assert_int_eq(days, 19782);
    ck_assert(cw_parse_date("0001-01-01", 10, &days));
    ck_assert_int_eq(days, CW_CALENDAR_FIRST_DAY);
    ck_assert(cw_parse_date("9999-12-31", 10, &days));
    ck_assert_int_eq(days, CW_CALENDAR_LAST_DAY);
    static const char *const bad[] = {
        "",           "2023-02-29", "0000-01-01", "2023-1-01",   "2023-01-1",  "23-01-01",   "2023/01/01",
        "2023-13-01", "2023-00-10", "2023-01-32", "2023-01-01 ", "-023-01-01", "2023-01-+1", "20230101"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(!cw_parse_date(bad[i], strlen(bad[i]), &days), "%s", bad[i]);
    }
}
END_TEST

START_TEST(timestamps)
{
    ck_assert_int_eq(timestamp_of("1970-01-01T00:00:00Z"), 0);
    ck_assert_int_eq(timestamp_of("1970-01-01t00:00:00.000001z"), 1);
    ck_assert_int_eq(timestamp_of("1969-12-31T23:59:59.999999Z"), -1);
    ck_assert_int_eq(timestamp_of("2025-03-01T12:34:56.5Z"), INT64_C(1740832496500000));
    ck_assert_int_eq(timestamp_of("2025-03-01T14:04:56.123456+01:30"), INT64_C(1740832496123456));
    ck_assert_int_eq(timestamp_of("2025-03-01T11:34:56.123456-01:00"), INT64_C(1740832496123456));
    ck_assert_int_eq(timestamp_of("0001-01-01T00:00:00.000000Z"), CW_CALENDAR_FIRST_MICRO);
    ck_assert_int_eq(timestamp_of("9999-12-31T23:59:59.999999Z"), CW_CALENDAR_LAST_MICRO);
}
END_TEST

START_TEST(what_is_no_timestamp_is_refused)
{
    static const char *const bad[] = {"",
                                      "2025-03-01",
                                      "2025-03-01T12:34:56",
                                      "2025-03-01 12:34:56Z",
                                      "2025-03-01T12:34Z",
                                      "2025-03-01T24:00:00Z",
                                      "2025-03-01T23:60:00Z",
                                      "2025-06-30T23:59:60Z",
                                      "2025-03-01T12:34:56.Z",
                                      "2025-03-01T12:34:56.1234567Z",
                                      "2025-03-01T12:34:56,5Z",
                                      "2025-03-01T12:34:56+0100",
                                      "2025-03-01T12:34:56+24:00",
                                      "2025-03-01T12:34:56+01:60",
                                      "2025-03-01T12:34:56+1:00",
                                      "2025-03-01T12:34:56ZZ",
                                      "2025-02-29T12:34:56Z",
                                      "0001-01-01T00:00:00+00:01",
                                      "9999-12-31T23:59:59-00:01",
                                      "2025-03-01T1a:34:56Z",
                                      "2025-03-01T12:34:56.12a456Z"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t value = 42;
        ck_assert_msg(!cw_parse_timestamp(bad[i], strlen(bad[i]), &value), "%s", bad[i]);
        ck_assert_int_eq(value, 42);
    }
}
END_TEST

START_TEST(utf8)
{
    static const char *const good[] = {"",
                                       "a",
                                       "Zoë",
                                       "東京",
                                       "😀",
                                       "\xC2\x80",
                                       "\xDF\xBF",
                                       "\xE0\xA0\x80",
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xEF\xBF\xBF",
                                       "\xF0\x90\x80\x80",
                                       "\xF4\x8F\xBF\xBF",
                                       "long enough for words and then ß"};
    static const char *const bad[] = {"\x80",
                                      "\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC2",
                                      "\xC2\x20",
                                      "\xE0\x9F\xBF",
                                      "\xE0\xA0",
                                      "\xED\xA0\x80",
                                      "\xED\xBF\xBF",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFE",
                                      "\xFF",
                                      "12345678\xE2\x82",
                                      "abcdefghijklmnop\xFF"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert_msg(cw_parse_is_utf8(good[i], strlen(good[i])), "%zu", i);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(!cw_parse_is_utf8(bad[i], strlen(bad[i])), "%zu", i);
    }
    ck_assert_uint_eq(cw_parse_utf8("", 0), 0);
    ck_assert_uint_eq(cw_parse_utf8("😀x", 5), 4);
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("parse", whole_numbers, what_is_no_whole_number_is_refused, booleans, uuids, dates,
                         timestamps, what_is_no_timestamp_is_refused, utf8);
}
