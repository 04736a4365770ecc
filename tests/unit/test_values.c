#include "harness.h"
#include "service/values.h"

#include <string.h>

static int64_t count_of(const char *text)
{
    int64_t value = -1;
    return cw_value_count("n", text, 0, INT64_MAX, &value, NULL) == CW_OK ? value : -1;
}

START_TEST(counts_take_units)
{
    ck_assert_int_eq(count_of("0"), 0);
    ck_assert_int_eq(count_of("10K"), 10000);
    ck_assert_int_eq(count_of("1.5M"), 1500000);
    ck_assert_int_eq(count_of("2b"), 2000000000);
    ck_assert_int_eq(count_of("1_000"), 1000);
    ck_assert_int_eq(count_of("1.500"), -1);
    ck_assert_int_eq(count_of("2.000"), 2);
    ck_assert_int_eq(count_of("9223372036854775807"), INT64_MAX);
}
END_TEST

START_TEST(bad_counts_are_refused)
{
    static const char *const bad[] = {"",
                                      "-1",
                                      "K",
                                      "1.",
                                      ".5K",
                                      "1KK",
                                      "1e3",
                                      "1 ",
                                      " 1",
                                      "1__0",
                                      "_1",
                                      "0x10",
                                      "9223372036854775808",
                                      "99999999999B"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(count_of(bad[i]) == -1, "'%s' was taken", bad[i]);
    }
    struct cw_error error;
    int64_t value = 7;
    ck_assert_int_eq(cw_value_count("customers", "5", 10, 20, &value, &error), CW_E_INVALID);
    ck_assert_str_eq(error.field, "customers");
    ck_assert_int_eq(value, 7);
}
END_TEST

START_TEST(times_are_read_and_written)
{
    static const struct {
        const char *text;
        const char *canonical;
    } cases[] = {{"2025-06-30", "2025-06-30T00:00:00Z"},
                 {"2025-06-30T18:00:00Z", "2025-06-30T18:00:00Z"},
                 {"2025-06-30T18:00:00.5+02:00", "2025-06-30T16:00:00.500Z"},
                 {"2024-02-29T00:30:00+01:00", "2024-02-28T23:30:00Z"},
                 {"2025-01-01t00:00:00.000001z", "2025-01-01T00:00:00.000001Z"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t time = 0;
        char text[CW_TIME_TEXT];
        ck_assert_msg(cw_value_time("t", cases[i].text, &time, NULL) == CW_OK, "%s", cases[i].text);
        cw_time_text(time, text);
        ck_assert_str_eq(text, cases[i].canonical);
    }
}
END_TEST

START_TEST(bad_times_are_refused)
{
    static const char *const bad[] = {"",
                                      "2025",
                                      "2025-13-01",
                                      "2025-02-29",
                                      "1969-12-31",
                                      "2025-01-01T24:00:00Z",
                                      "2025-01-01T00:00:00",
                                      "2025-01-01T00:00:00.Z",
                                      "2025-01-01T00:00:00.1234567Z",
                                      "2025-01-01T00:00:00+2:00",
                                      "2025-01-01 ",
                                      "2025-01-01Z"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t time = 0;
        ck_assert_msg(cw_value_time("t", bad[i], &time, NULL) == CW_E_INVALID, "'%s' was taken", bad[i]);
    }
}
END_TEST

START_TEST(uuids_go_there_and_back)
{
    struct cw_uuid uuid;
    char text[CW_UUID_TEXT];
    ck_assert_int_eq(cw_value_uuid("id", "01890A5D-ac96-774b-bcce-b302099a8057", &uuid, NULL), CW_OK);
    cw_uuid_text(&uuid, text);
    ck_assert_str_eq(text, "01890a5d-ac96-774b-bcce-b302099a8057");
    ck_assert_int_eq(cw_value_uuid("id", "01890a5dac96774bbcceb302099a8057", &uuid, NULL), CW_E_INVALID);
    ck_assert_int_eq(cw_value_uuid("id", "01890a5d-ac96-774b-bcce-b302099a805", &uuid, NULL), CW_E_INVALID);
    ck_assert_int_eq(cw_value_uuid("id", "", &uuid, NULL), CW_E_INVALID);
    const struct cw_uuid first = cw_uuid_fresh();
    const struct cw_uuid second = cw_uuid_fresh();
    ck_assert_int_ne(memcmp(&first, &second, sizeof first), 0);
    ck_assert_int_eq(first.bytes[6] >> 4, 7);
}
END_TEST

START_TEST(amounts_have_two_digits)
{
    int64_t amount = 0;
    ck_assert_int_eq(cw_value_amount("a", "12.5", &amount, NULL), CW_OK);
    ck_assert_int_eq(amount, 1250);
    ck_assert_int_eq(cw_value_amount("a", "12", &amount, NULL), CW_OK);
    ck_assert_int_eq(amount, 1200);
    ck_assert_int_eq(cw_value_amount("a", "12.345", &amount, NULL), CW_E_INVALID);
    ck_assert_int_eq(cw_value_amount("a", "-1", &amount, NULL), CW_E_INVALID);
}
END_TEST

START_TEST(bounds_of_amounts_are_rounded_inwards)
{
    static const struct {
        double amount;
        int64_t least, most;
    } cases[] = {{0, 0, 0},
                 {1e-9, 1, 0},
                 {0.001, 1, 0},
                 {0.01, 1, 1},
                 {0.07, 7, 7},
                 {1.1, 110, 110},
                 {4.35, 435, 435},
                 {5.005, 501, 500},
                 {6.999, 700, 699},
                 {19.99, 1999, 1999},
                 {1.0000001, 101, 100},
                 {99.95, 9995, 9995},
                 {1e6, 1e8, 1e8},
                 {999999.99, 99999999, 99999999}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_int_eq(cw_amount_at_least(cases[i].amount), cases[i].least);
        ck_assert_int_eq(cw_amount_at_most(cases[i].amount), cases[i].most);
    }
    for (int64_t cents = 1; cents < 1000000; cents++) {
        ck_assert_int_eq(cw_amount_at_least((double)cents / 100), cents);
        ck_assert_int_eq(cw_amount_at_most((double)cents / 100), cents);
    }
}
END_TEST

START_TEST(nearest_name_is_found)
{
    static const char *const names[] = {"customers", "orders", "products", "as-of"};
    ck_assert_str_eq(cw_name_nearest("custmers", names, 4), "customers");
    ck_assert_str_eq(cw_name_nearest("ordesr", names, 4), "orders");
    ck_assert_str_eq(cw_name_nearest("as_of", names, 4), "as-of");
    ck_assert_ptr_null(cw_name_nearest("zebra", names, 4));
    ck_assert_ptr_null(cw_name_nearest("", names, 4));
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("values", counts_take_units, bad_counts_are_refused, times_are_read_and_written,
                         bad_times_are_refused, uuids_go_there_and_back, amounts_have_two_digits,
                         bounds_of_amounts_are_rounded_inwards, nearest_name_is_found);
}
