#include "cartwright/error.h"
#include "harness.h"

#include <string.h>

START_TEST(set_fills_every_field)
{
    struct cw_error error;
    memset(&error, 0x5A, sizeof error);
    ck_assert_int_eq(cw_error_set(&error, CW_E_INVALID, "count", "count is %d, expected 1 to %d", 0, 9),
                     CW_E_INVALID);
    ck_assert_int_eq(error.code, CW_E_INVALID);
    ck_assert_int_eq(error.native_code, 0);
    ck_assert(!error.retryable);
    ck_assert_str_eq(error.field, "count");
    ck_assert_str_eq(error.message, "count is 0, expected 1 to 9");
}
END_TEST

START_TEST(set_accepts_no_error_and_no_field)
{
    ck_assert_int_eq(cw_error_set(NULL, CW_E_IO, "out", "disk full"), CW_E_IO);
    struct cw_error error;
    ck_assert_int_eq(cw_error_set(&error, CW_E_UNAVAILABLE, NULL, "busy"), CW_E_UNAVAILABLE);
    ck_assert_str_eq(error.field, "");
    ck_assert(error.retryable);
}
END_TEST

START_TEST(set_may_quote_the_error_it_replaces)
{
    struct cw_error error;
    cw_error_set(&error, CW_E_IO, "part-00000.csv", "disk full");
    cw_error_set(&error, error.code, error.field, "orders: %s", error.message);
    ck_assert_str_eq(error.field, "part-00000.csv");
    ck_assert_str_eq(error.message, "orders: disk full");
}
END_TEST

START_TEST(long_texts_are_cut_between_characters)
{
    struct cw_error error;
    char text[1000];
    /* Two-byte characters behind 0 and 1 plain byte: one of the two would be cut in half. */
    for (size_t shift = 0; shift < 2; shift++) {
        memset(text, 'x', shift);
        for (size_t i = shift; i + 1 < sizeof text - 1; i += 2) {
            memcpy(text + i, "\xC3\xA9", 2);
        }
        text[(sizeof text - 1 - shift) / 2 * 2 + shift] = '\0';
        cw_error_set(&error, CW_E_INVALID, text, "%s", text);
        ck_assert_uint_eq((strlen(error.message) - shift) % 2, 0);
        ck_assert_uint_ge(strlen(error.message), sizeof error.message - 2);
        ck_assert_uint_eq((strlen(error.field) - shift) % 2, 0);
        ck_assert_uint_ge(strlen(error.field), sizeof error.field - 2);
    }
}
END_TEST

START_TEST(table_answers_for_every_status)
{
    static const struct {
        cw_status status;
        const char *name;
        int http;
        int exit_code;
    } expected[] = {
        {CW_OK, "ok", 200, 0},
        {CW_E_INVALID, "invalid", 400, 2},
        {CW_E_NO_MEMORY, "no_memory", 503, 12},
        {CW_E_IO, "io", 503, 3},
        {CW_E_NOT_FOUND, "not_found", 404, 4},
        {CW_E_CONFLICT, "conflict", 409, 5},
        {CW_E_CANCELLED, "cancelled", 503, 130},
        {CW_E_UNSUPPORTED, "unsupported", 422, 6},
        {CW_E_CORRUPT, "corrupt", 500, 7},
        {CW_E_LIMIT, "limit", 413, 8},
        {CW_E_TIMEOUT, "timeout", 504, 9},
        {CW_E_UNAVAILABLE, "unavailable", 503, 10},
        {CW_E_INTERNAL, "internal", 500, 70},
        {CW_E_VIOLATION, "violation", 422, 1},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        ck_assert_str_eq(cw_status_name(expected[i].status), expected[i].name);
        ck_assert_int_eq(cw_status_http(expected[i].status), expected[i].http);
        ck_assert_int_eq(cw_status_exit_code(expected[i].status), expected[i].exit_code);
    }
    static const cw_status unknown[] = {1, -14, -1000000, 1000000};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        ck_assert_str_eq(cw_status_name(unknown[i]), "unknown");
        ck_assert_int_eq(cw_status_http(unknown[i]), 500);
        ck_assert_int_eq(cw_status_exit_code(unknown[i]), 70);
    }
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("error", set_fills_every_field, set_accepts_no_error_and_no_field,
                         set_may_quote_the_error_it_replaces, long_texts_are_cut_between_characters,
                         table_answers_for_every_status);
}
