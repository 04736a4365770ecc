#include "cartwright/entity.h"
#include "harness.h"
#include "model/columns.h"

#include <string.h>

static bool is_snake_case(const char *name)
{
    return name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name) &&
           strstr(name, "__") == NULL && name[strlen(name) - 1] != '_';
}

/* Cuts a closed set into its values; returns how many there are, at most capacity. */
static size_t split_values(const char *values, const char *starts[], size_t lengths[], size_t capacity)
{
    size_t count = 0;
    for (const char *at = values; count < capacity; at++) {
        starts[count] = at;
        lengths[count] = strcspn(at, "|");
        at += lengths[count];
        count++;
        if (*at == '\0') {
            break;
        }
    }
    return count;
}

START_TEST(every_entity_is_described)
{
    for (int id = 0; id < CW_ENTITY_COUNT; id++) {
        const struct cw_entity *entity = cw_entity_get((enum cw_entity_id)id);
        ck_assert_ptr_nonnull(entity);
        ck_assert_int_eq((int)entity->id, id);
        ck_assert_msg(is_snake_case(entity->name), "%s", entity->name);
        ck_assert_msg(is_snake_case(entity->table), "%s", entity->table);
        ck_assert_uint_gt(strlen(entity->meaning), 10);
        ck_assert_uint_ge(entity->column_count, 2);
        ck_assert_uint_le(entity->column_count, 64);
    }
    ck_assert_ptr_null(cw_entity_get(CW_ENTITY_COUNT));
    ck_assert_ptr_null(cw_entity_get((enum cw_entity_id) - 1));
}
END_TEST

START_TEST(names_and_tables_are_unique)
{
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        const struct cw_entity *entity = cw_entity_get((enum cw_entity_id)i);
        for (int j = 0; j < i; j++) {
            const struct cw_entity *other = cw_entity_get((enum cw_entity_id)j);
            ck_assert_str_ne(entity->name, other->name);
            ck_assert_str_ne(entity->table, other->table);
            ck_assert_str_ne(entity->name, other->table);
            ck_assert_str_ne(entity->table, other->name);
        }
    }
}
END_TEST

START_TEST(column_0_is_the_primary_key)
{
    for (int id = 0; id < CW_ENTITY_COUNT; id++) {
        const struct cw_column_def *key = &cw_entity_get((enum cw_entity_id)id)->columns[0];
        ck_assert_str_eq(key->name, "id");
        ck_assert_int_eq((int)key->type, CW_TYPE_UUID);
        ck_assert(!key->nullable);
        ck_assert(key->unique);
        ck_assert_int_eq(key->reference, CW_NO_REFERENCE);
    }
}
END_TEST

static void check_column(const struct cw_entity *entity, uint32_t index)
{
    const struct cw_column_def *column = &entity->columns[index];
    ck_assert_msg(is_snake_case(column->name), "%s.%s", entity->table, column->name);
    ck_assert_msg(column->unit != NULL, "%s.%s has no unit", entity->table, column->name);
    ck_assert_msg(column->meaning != NULL && strlen(column->meaning) >= 4 &&
                      strchr(column->meaning, '\n') == NULL,
                  "%s.%s has no line of meaning", entity->table, column->name);
    ck_assert_str_ne(cw_type_name(column->type), "unknown");
    ck_assert(column->personal <= CW_PERSONAL_PSEUDONYM);
    ck_assert_int_eq(cw_entity_column(entity, column->name, strlen(column->name)), (int)index);
    for (uint32_t other = 0; other < index; other++) {
        ck_assert_str_ne(column->name, entity->columns[other].name);
    }
}

START_TEST(columns_are_well_described)
{
    for (int id = 0; id < CW_ENTITY_COUNT; id++) {
        const struct cw_entity *entity = cw_entity_get((enum cw_entity_id)id);
        for (uint32_t i = 0; i < entity->column_count; i++) {
            check_column(entity, i);
        }
    }
}
END_TEST

START_TEST(references_exist_and_can_be_loaded_in_order)
{
    for (int id = 0; id < CW_ENTITY_COUNT; id++) {
        const struct cw_entity *entity = cw_entity_get((enum cw_entity_id)id);
        for (uint32_t i = 0; i < entity->column_count; i++) {
            const struct cw_column_def *column = &entity->columns[i];
            if (column->reference == CW_NO_REFERENCE) {
                continue;
            }
            ck_assert_msg(column->reference >= 0 && column->reference <= id, "%s.%s", entity->table,
                          column->name);
            ck_assert_msg(column->type == CW_TYPE_UUID, "%s.%s", entity->table, column->name);
            ck_assert_msg(column->reference < id || column->nullable, "%s.%s: a row can't come before itself",
                          entity->table, column->name);
        }
    }
}
END_TEST

START_TEST(closed_sets_are_well_formed)
{
    for (int id = 0; id < CW_ENTITY_COUNT; id++) {
        const struct cw_entity *entity = cw_entity_get((enum cw_entity_id)id);
        for (uint32_t c = 0; c < entity->column_count; c++) {
            const struct cw_column_def *column = &entity->columns[c];
            if (column->values == NULL) {
                continue;
            }
            ck_assert_msg(column->type == CW_TYPE_STRING, "%s.%s", entity->table, column->name);
            const char *starts[64];
            size_t lengths[64];
            const size_t count = split_values(column->values, starts, lengths, 64);
            ck_assert_uint_ge(count, 2);
            ck_assert_uint_lt(count, 64);
            for (size_t i = 0; i < count; i++) {
                ck_assert_msg(lengths[i] > 0, "%s.%s has an empty value", entity->table, column->name);
                for (size_t j = 0; j < i; j++) {
                    ck_assert(lengths[i] != lengths[j] || memcmp(starts[i], starts[j], lengths[i]) != 0);
                }
            }
        }
    }
}
END_TEST

START_TEST(find_takes_tables_and_entity_names)
{
    ck_assert_ptr_eq(cw_entity_find("orders", 6), cw_entity_get(CW_ENTITY_ORDER));
    ck_assert_ptr_eq(cw_entity_find("order", 5), cw_entity_get(CW_ENTITY_ORDER));
    ck_assert_ptr_eq(cw_entity_find("order_items", 5), cw_entity_get(CW_ENTITY_ORDER));
    ck_assert_ptr_eq(cw_entity_find("stock", 5), cw_entity_get(CW_ENTITY_STOCK));
    ck_assert_ptr_null(cw_entity_find("", 0));
    ck_assert_ptr_null(cw_entity_find("ord", 3));
    ck_assert_ptr_null(cw_entity_find("Orders", 6));
    ck_assert_ptr_null(cw_entity_find("orders\0", 7));
    ck_assert_int_eq(cw_entity_column(cw_entity_get(CW_ENTITY_ORDER), "nothing", 7), -1);
    ck_assert_int_eq(cw_entity_column(cw_entity_get(CW_ENTITY_ORDER), "", 0), -1);
}
END_TEST

START_TEST(column_positions_match_the_catalogue)
{
    ck_assert_uint_eq(cw_entity_get(CW_ENTITY_CUSTOMER)->column_count, CW_CUSTOMER_COLUMN_COUNT);
    ck_assert_uint_eq(cw_entity_get(CW_ENTITY_ORDER)->column_count, CW_ORDER_COLUMN_COUNT);
    ck_assert_uint_eq(cw_entity_get(CW_ENTITY_STOCK)->column_count, CW_STOCK_COLUMN_COUNT);
    ck_assert_str_eq(cw_entity_get(CW_ENTITY_CUSTOMER)->columns[CW_CUSTOMER_EMAIL].name, "email");
    ck_assert_str_eq(cw_entity_get(CW_ENTITY_ORDER)->columns[CW_ORDER_CREATED_AT].name, "created_at");
    ck_assert_str_eq(cw_entity_get(CW_ENTITY_STOCK)->columns[CW_STOCK_ON_HAND].name, "on_hand");
}
END_TEST

START_TEST(every_type_has_its_name)
{
    static const char *const names[] = {"bool", "int32", "int64", "date", "timestamp", "uuid", "string"};
    for (int type = 0; type <= CW_TYPE_STRING; type++) {
        ck_assert_str_eq(cw_type_name((enum cw_type)type), names[type]);
    }
    ck_assert_str_eq(cw_type_name((enum cw_type)99), "unknown");
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite(
        "entity", every_entity_is_described, names_and_tables_are_unique, column_0_is_the_primary_key,
        columns_are_well_described, references_exist_and_can_be_loaded_in_order, closed_sets_are_well_formed,
        find_takes_tables_and_entity_names, column_positions_match_the_catalogue, every_type_has_its_name);
}
