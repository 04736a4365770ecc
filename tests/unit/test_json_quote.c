/* JSON strings of any bytes are JSON that others read. */
#include <jansson.h>
#include <string.h>

#include "harness.h"
#include "service/json_read.h"

static void assert_quoted(const char *text, size_t size, const char *expected)
{
    struct cw_buffer out = {0};
    ck_assert_int_eq(cw_json_quote(&out, text, size, NULL), CW_OK);
    ck_assert_uint_eq(out.size, strlen(expected));
    ck_assert_int_eq(memcmp(out.data, expected, out.size), 0);
    json_t *value = json_loadb(out.data, out.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    ck_assert_ptr_nonnull(value);
    json_decref(value);
    cw_buffer_clear(&out);
}

START_TEST(text_stays_and_marks_are_escaped)
{
    assert_quoted("", 0, "\"\"");
    assert_quoted("Zoë 東京", strlen("Zoë 東京"), "\"Zoë 東京\"");
    assert_quoted("a\"b\\c\n\0d", 8, "\"a\\\"b\\\\c\\u000a\\u0000d\"");
}
END_TEST

START_TEST(bytes_that_are_not_utf8_are_replaced)
{
    assert_quoted("GET\237", 4, "\"GET\\ufffd\"");
    assert_quoted("\303", 1, "\"\\ufffd\"");
    assert_quoted("\355\240\200x", 4, "\"\\ufffd\\ufffd\\ufffdx\"");
    assert_quoted("é\377é", 5, "\"é\\ufffdé\"");
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("json_quote", text_stays_and_marks_are_escaped,
                         bytes_that_are_not_utf8_are_replaced);
}
