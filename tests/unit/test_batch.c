#include "cartwright/batch.h"
#include "harness.h"
#include "model/columns.h"

#include <string.h>

static struct cw_batch batch;
static struct cw_error error;

static void set_up(void)
{
    ck_assert_int_eq(cw_batch_init(&batch, cw_entity_get(CW_ENTITY_CUSTOMER), &error), CW_OK);
}

static void tear_down(void)
{
    cw_batch_clear(&batch);
}

START_TEST(init_gives_an_empty_batch_without_memory)
{
    ck_assert_ptr_eq(batch.entity, cw_entity_get(CW_ENTITY_CUSTOMER));
    ck_assert_int_eq(batch.row_count, 0);
    ck_assert_uint_eq(batch.column_count, CW_CUSTOMER_COLUMN_COUNT);
    for (uint32_t i = 0; i < batch.column_count; i++) {
        ck_assert_int_eq((int)batch.columns[i].type, (int)batch.entity->columns[i].type);
        ck_assert_ptr_null(batch.columns[i].values);
        ck_assert_ptr_null(batch.columns[i].validity);
        ck_assert_ptr_null(batch.columns[i].bytes);
    }
}
END_TEST

START_TEST(clear_accepts_null_and_zeroed)
{
    struct cw_batch zeroed = {0};
    cw_batch_clear(NULL);
    cw_batch_clear(&zeroed);
    cw_batch_clear(&batch);
    cw_batch_clear(&batch);
    ck_assert_ptr_null(batch.columns);
}
END_TEST

START_TEST(reserve_makes_aligned_room_for_each_type)
{
    static const size_t row_bytes[] = {
        [CW_TYPE_BOOL] = 0,      [CW_TYPE_INT32] = 4, [CW_TYPE_INT64] = 8,  [CW_TYPE_DATE] = 4,
        [CW_TYPE_TIMESTAMP] = 8, [CW_TYPE_UUID] = 16, [CW_TYPE_STRING] = 4,
    };
    const int64_t rows = 1000;
    for (uint32_t i = 0; i < batch.column_count; i++) {
        ck_assert_int_eq(cw_batch_reserve(&batch, i, rows, &error), CW_OK);
        struct cw_column *column = &batch.columns[i];
        size_t size = row_bytes[column->type] * (size_t)rows;
        size += column->type == CW_TYPE_BOOL ? 125 : column->type == CW_TYPE_STRING ? 4 : 0;
        ck_assert_uint_ge(column->values_capacity, size);
        ck_assert_uint_eq((uintptr_t)column->values % 64, 0);
        memset(column->values, 0xFF, size + CW_PADDING);
        ck_assert(batch.entity->columns[i].nullable == (column->validity != NULL));
        if (column->validity != NULL) {
            ck_assert_uint_ge(column->validity_capacity, 125);
            ck_assert_uint_eq((uintptr_t)column->validity % 64, 0);
            memset(column->validity, 0xFF, 125 + CW_PADDING);
        }
    }
}
END_TEST

START_TEST(growing_keeps_contents_and_at_least_doubles)
{
    struct cw_column *column = &batch.columns[CW_CUSTOMER_CREATED_AT];
    int growths = 0;
    for (int64_t rows = 1; rows <= 100000; rows++) {
        const void *before = column->values;
        ck_assert_int_eq(cw_batch_reserve(&batch, CW_CUSTOMER_CREATED_AT, rows, &error), CW_OK);
        growths += column->values != before;
        ((int64_t *)column->values)[rows - 1] = rows;
    }
    for (int64_t row = 0; row < 100000; row++) {
        ck_assert_int_eq(((const int64_t *)column->values)[row], row + 1);
    }
    ck_assert_int_le(growths, 18);
    const void *kept = column->values;
    ck_assert_int_eq(cw_batch_reserve(&batch, CW_CUSTOMER_CREATED_AT, 1, &error), CW_OK);
    ck_assert_ptr_eq(column->values, kept);
}
END_TEST

START_TEST(no_rows_still_give_values)
{
    ck_assert_int_eq(cw_batch_reserve(&batch, CW_CUSTOMER_PHONE, 0, NULL), CW_OK);
    ck_assert_ptr_nonnull(batch.columns[CW_CUSTOMER_PHONE].values);
    ck_assert_ptr_nonnull(batch.columns[CW_CUSTOMER_PHONE].validity);
    ck_assert_int_eq(cw_batch_reserve_bytes(&batch, CW_CUSTOMER_PHONE, 0, NULL), CW_OK);
    ck_assert_ptr_nonnull(batch.columns[CW_CUSTOMER_PHONE].bytes);
}
END_TEST

START_TEST(reserve_refuses_what_makes_no_sense)
{
    ck_assert_int_eq(cw_batch_reserve(&batch, batch.column_count, 1, &error), CW_E_INVALID);
    ck_assert_str_eq(error.field, "column");
    ck_assert_int_eq(cw_batch_reserve(&batch, 0, -1, &error), CW_E_INVALID);
    ck_assert_str_eq(error.field, "rows");
    ck_assert_int_eq(cw_batch_reserve(&batch, 0, INT64_MAX, NULL), CW_E_INVALID);
    ck_assert_int_eq(cw_batch_reserve_bytes(&batch, batch.column_count, 1, &error), CW_E_INVALID);
    ck_assert_int_eq(cw_batch_reserve_bytes(&batch, CW_CUSTOMER_ID, 1, &error), CW_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "customers.id"));
    ck_assert_int_eq(cw_batch_reserve_bytes(&batch, CW_CUSTOMER_EMAIL, SIZE_MAX, &error), CW_E_LIMIT);
    ck_assert_ptr_null(batch.columns[CW_CUSTOMER_EMAIL].bytes);
    ck_assert_uint_eq(batch.columns[CW_CUSTOMER_EMAIL].bytes_capacity, 0);
}
END_TEST

START_TEST(plain_strings_and_nulls_read_back)
{
    ck_assert_int_eq(cw_batch_reserve(&batch, CW_CUSTOMER_PHONE, 3, NULL), CW_OK);
    ck_assert_int_eq(cw_batch_reserve_bytes(&batch, CW_CUSTOMER_PHONE, 8, NULL), CW_OK);
    struct cw_column *column = &batch.columns[CW_CUSTOMER_PHONE];
    memcpy(column->values, ((const int32_t[]){0, 3, 3, 8}), 16);
    memcpy(column->bytes, "+1-+4930", 8);
    column->validity[0] = 0x05;
    size_t length;
    ck_assert_mem_eq(cw_column_string(column, 0, &length), "+1-", 3);
    ck_assert_uint_eq(length, 3);
    cw_column_string(column, 1, &length);
    ck_assert_uint_eq(length, 0);
    ck_assert_mem_eq(cw_column_string(column, 2, &length), "+4930", 5);
    ck_assert_int_eq(cw_column_is_valid(column, 0), 1);
    ck_assert_int_eq(cw_column_is_valid(column, 1), 0);
    ck_assert_int_eq(cw_column_is_valid(column, 2), 1);
    ck_assert_int_eq(cw_column_is_valid(&batch.columns[CW_CUSTOMER_ID], 1), 1);
}
END_TEST

START_TEST(dictionary_strings_and_bits_read_back)
{
    static const uint32_t offsets[] = {0, 6, 10};
    static const char bytes[10 + CW_PADDING] = "femalemale";
    const struct cw_pool pool = {.count = 2, .offsets = offsets, .bytes = bytes};
    ck_assert_int_eq(cw_batch_reserve(&batch, CW_CUSTOMER_SEX, 2, NULL), CW_OK);
    struct cw_column *column = &batch.columns[CW_CUSTOMER_SEX];
    column->pool = &pool;
    memcpy(column->values, ((const int32_t[]){1, 0}), 8);
    size_t length;
    ck_assert_mem_eq(cw_column_string(column, 0, &length), "male", 4);
    ck_assert_uint_eq(length, 4);
    ck_assert_mem_eq(cw_column_string(column, 1, &length), "female", 6);
    ck_assert_uint_eq(length, 6);
    ck_assert_int_eq(cw_batch_reserve(&batch, CW_CUSTOMER_MARKETING_CONSENT, 10, NULL), CW_OK);
    column = &batch.columns[CW_CUSTOMER_MARKETING_CONSENT];
    ((uint8_t *)column->values)[1] = 0x02;
    ck_assert_int_eq(cw_column_bool(column, 8), 0);
    ck_assert_int_eq(cw_column_bool(column, 9), 1);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("batch");
    TCase *group = tcase_create("batch");
    tcase_add_checked_fixture(group, set_up, tear_down);
    tcase_add_test(group, init_gives_an_empty_batch_without_memory);
    tcase_add_test(group, clear_accepts_null_and_zeroed);
    tcase_add_test(group, reserve_makes_aligned_room_for_each_type);
    tcase_add_test(group, growing_keeps_contents_and_at_least_doubles);
    tcase_add_test(group, no_rows_still_give_values);
    tcase_add_test(group, reserve_refuses_what_makes_no_sense);
    tcase_add_test(group, plain_strings_and_nulls_read_back);
    tcase_add_test(group, dictionary_strings_and_bits_read_back);
    suite_add_tcase(suite, group);
    return suite;
}
