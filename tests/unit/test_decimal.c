#include "base/decimal.h"
#include "harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t state = 1;

static uint64_t next_random(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return state ^ state >> 31;
}

/* The text that a call wrote, ended with a zero byte. */
#define TEXT_OF(call) text_of(buffer, call)
static char buffer[CW_DECIMAL_SLACK + 1];

static const char *text_of(char *text, const char *end)
{
    ck_assert_int_le(end - text, CW_DECIMAL_SLACK);
    text[end - text] = '\0';
    return text;
}

static void check_i64(int64_t value)
{
    char expected[32];
    snprintf(expected, sizeof expected, "%" PRId64, value);
    ck_assert_str_eq(TEXT_OF(cw_decimal_i64(buffer, value)), expected);
}

START_TEST(whole_numbers_of_every_length)
{
    check_i64(0);
    check_i64(INT64_MIN);
    check_i64(INT64_MAX);
    uint64_t power = 1;
    for (int digits = 1; digits < 19; digits++, power *= 10) {
        check_i64((int64_t)power);
        check_i64((int64_t)power - 1);
        check_i64(-(int64_t)power);
        check_i64(1 - (int64_t)power);
    }
    for (int i = 0; i < 200000; i++) {
        check_i64((int64_t)(next_random() >> (next_random() % 64)));
        check_i64(-(int64_t)(next_random() >> (next_random() % 63 + 1)));
    }
    ck_assert_str_eq(TEXT_OF(cw_decimal_u64(buffer, UINT64_MAX)), "18446744073709551615");
    ck_assert_str_eq(TEXT_OF(cw_decimal_i32(buffer, INT32_MIN)), "-2147483648");
}
END_TEST

START_TEST(up_to_four_digits_are_exact)
{
    for (uint32_t value = 0; value < 10000; value++) {
        char expected[8];
        snprintf(expected, sizeof expected, "%" PRIu32, value);
        ck_assert_str_eq(TEXT_OF(cw_decimal_short_4(buffer, value)), expected);
        ck_assert_str_eq(TEXT_OF(cw_decimal_nonzero_4(buffer, value)), value > 0 ? expected : "");
    }
}
END_TEST

START_TEST(eight_digits_are_exact)
{
    for (uint32_t value = 0; value < 100000000; value += value < 100000 || value > 99900000 ? 1 : 37) {
        const uint64_t lanes = cw_decimal_lanes(value);
        uint32_t sum = 0;
        for (int i = 0; i < 8; i++) {
            sum = sum * 10 + (uint32_t)(lanes >> (8 * i) & 0xFF);
        }
        if (sum != value || (lanes & UINT64_C(0xF0F0F0F0F0F0F0F0)) != 0) {
            ck_abort_msg("%" PRIu32 " has wrong digits", value);
        }
    }
}
END_TEST

START_TEST(eight_digits_are_padded_with_zeros)
{
    ck_assert_str_eq(TEXT_OF(cw_decimal_8(buffer, 42)), "00000042");
    ck_assert_str_eq(TEXT_OF(cw_decimal_8(buffer, 99999999)), "99999999");
}
END_TEST

START_TEST(dates_and_times)
{
    ck_assert_str_eq(TEXT_OF(cw_decimal_date(buffer, 0)), "1970-01-01");
    ck_assert_str_eq(TEXT_OF(cw_decimal_date(buffer, CW_CALENDAR_FIRST_DAY)), "0001-01-01");
    ck_assert_str_eq(TEXT_OF(cw_decimal_date(buffer, CW_CALENDAR_LAST_DAY)), "9999-12-31");
    ck_assert_str_eq(TEXT_OF(cw_decimal_timestamp(buffer, 0)), "1970-01-01T00:00:00.000000Z");
    ck_assert_str_eq(TEXT_OF(cw_decimal_timestamp(buffer, INT64_C(1740832496123456))),
                     "2025-03-01T12:34:56.123456Z");
    ck_assert_str_eq(TEXT_OF(cw_decimal_timestamp(buffer, -1)), "1969-12-31T23:59:59.999999Z");
    ck_assert_str_eq(TEXT_OF(cw_decimal_timestamp(buffer, CW_CALENDAR_FIRST_MICRO)),
                     "0001-01-01T00:00:00.000000Z");
    ck_assert_str_eq(TEXT_OF(cw_decimal_timestamp(buffer, CW_CALENDAR_LAST_MICRO)),
                     "9999-12-31T23:59:59.999999Z");
}
END_TEST

START_TEST(every_second_of_a_day)
{
    char expected[32];
    for (int second = 0; second < 86400; second++) {
        const int micros = (int)(next_random() % 1000000);
        snprintf(expected, sizeof expected, "%02d:%02d:%02d.%06d", second / 3600, second / 60 % 60,
                 second % 60, micros);
        ck_assert_str_eq(TEXT_OF(cw_decimal_time(buffer, second * CW_MICROS_PER_SECOND + micros)), expected);
    }
}
END_TEST

START_TEST(uuids)
{
    static const uint8_t uuid[16] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF,
                                     0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10};
    ck_assert_str_eq(TEXT_OF(cw_decimal_uuid(buffer, uuid)), "01234567-89ab-cdef-fedc-ba9876543210");
    uint8_t bytes[16];
    for (int value = 0; value < 256; value++) {
        for (int i = 0; i < 16; i++) {
            bytes[i] = (uint8_t)(value + i * 17);
        }
        char expected[40];
        int length = 0;
        for (int i = 0; i < 16; i++) {
            length += snprintf(expected + length, sizeof expected - (size_t)length, "%s%02x",
                               i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
        }
        ck_assert_str_eq(TEXT_OF(cw_decimal_uuid(buffer, bytes)), expected);
    }
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("decimal", whole_numbers_of_every_length, up_to_four_digits_are_exact,
                         eight_digits_are_exact, eight_digits_are_padded_with_zeros, dates_and_times,
                         every_second_of_a_day, uuids);
}
