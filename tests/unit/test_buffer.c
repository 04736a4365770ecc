#include "cartwright/buffer.h"
#include "harness.h"

#include <stdint.h>
#include <string.h>

static struct cw_error error;

START_TEST(zeroed_is_empty)
{
    struct cw_buffer buffer = {0};
    cw_buffer_clear(&buffer);
    cw_buffer_clear(NULL);
    ck_assert_int_eq(cw_buffer_append(&buffer, NULL, 0, &error), CW_OK);
    ck_assert_ptr_null(buffer.data);
    ck_assert_int_eq(cw_buffer_reserve(&buffer, 0, &error), CW_OK);
}
END_TEST

START_TEST(appending_keeps_what_was_there_and_doubles)
{
    struct cw_buffer buffer = {0};
    int growths = 0;
    for (uint32_t i = 0; i < 100000; i++) {
        const size_t before = buffer.capacity;
        ck_assert_int_eq(cw_buffer_append(&buffer, &i, sizeof i, &error), CW_OK);
        growths += buffer.capacity != before;
    }
    ck_assert_uint_eq(buffer.size, 400000);
    ck_assert_int_le(growths, 13);
    for (uint32_t i = 0; i < 100000; i++) {
        ck_assert_mem_eq(buffer.data + i * sizeof i, &i, sizeof i);
    }
    cw_buffer_clear(&buffer);
    ck_assert_uint_eq(buffer.size, 0);
    ck_assert_uint_eq(buffer.capacity, 0);
}
END_TEST

START_TEST(formatting_appends)
{
    struct cw_buffer buffer = {0};
    for (int i = 0; i < 200; i++) {
        ck_assert_int_eq(cw_buffer_format(&buffer, &error, "%03d%s", i, ";"), CW_OK);
    }
    ck_assert_uint_eq(buffer.size, 800);
    ck_assert_mem_eq(buffer.data, "000;001;", 8);
    ck_assert_mem_eq(buffer.data + 792, "198;199;", 8);
    cw_buffer_clear(&buffer);
}
END_TEST

START_TEST(what_cannot_be_had_is_refused)
{
    struct cw_buffer buffer = {0};
    ck_assert_int_eq(cw_buffer_append(&buffer, "abc", 3, &error), CW_OK);
    ck_assert_int_eq(cw_buffer_reserve(&buffer, SIZE_MAX - 1, &error), CW_E_NO_MEMORY);
    ck_assert_int_eq(cw_buffer_append(&buffer, "x", SIZE_MAX - 8, &error), CW_E_NO_MEMORY);
    ck_assert_uint_eq(buffer.size, 3);
    ck_assert_mem_eq(buffer.data, "abc", 3);
    cw_buffer_clear(&buffer);
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("buffer", zeroed_is_empty, appending_keeps_what_was_there_and_doubles,
                         formatting_appends, what_cannot_be_had_is_refused);
}
