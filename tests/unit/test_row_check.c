/* Small writes and loads into the built-in store leave its CHECK clauses aside, because rows are checked
 * before: so what the clauses refuse must be refused there, and nothing else. */
#include "store/row_check.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "store/migrations.h"
#include "store_rows.h"

static sqlite3 *db;

static void set_up(void)
{
    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (int i = 0; i < cw_migration_count; i++) {
        ck_assert_int_eq(sqlite3_exec(db, cw_migrations[i].sql, NULL, NULL, NULL), SQLITE_OK);
    }
}

static void tear_down(void)
{
    sqlite3_close(db);
}

/* What a query answers, as text into out; empty for null. */
static void ask(const char *sql, char *out, size_t size)
{
    sqlite3_stmt *statement;
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK, "%s: %s", sql,
                  sqlite3_errmsg(db));
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    const unsigned char *text = sqlite3_column_text(statement, 0);
    snprintf(out, size, "%s", text != NULL ? (const char *)text : "");
    sqlite3_finalize(statement);
}

/* The condition of a column's CHECK, parentheses and all; false when it has none. */
static bool find_condition(const struct cw_entity *entity, uint32_t column, char *condition, size_t size)
{
    char sql[200];
    char table[8000];
    char name[80];
    snprintf(sql, sizeof sql, "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = '%s'",
             entity->table);
    ask(sql, table, sizeof table);
    snprintf(name, sizeof name, "    %s ", entity->columns[column].name);
    const char *start = strstr(table, name);
    ck_assert_msg(start != NULL, "%s.%s", entity->table, entity->columns[column].name);
    const char *check = strstr(start, "CHECK (");
    const char *next = column + 1 < entity->column_count ? entity->columns[column + 1].name : ") STRICT";
    snprintf(name, sizeof name, "\n%s%s", next[0] == ')' ? "" : "    ", next);
    if (check == NULL || check > strstr(start, name)) {
        return false;
    }
    check += strlen("CHECK ");
    const char *end = check;
    int depth = 0;
    do {
        depth += *end == '(' ? 1 : *end == ')' ? -1 : 0;
        end++;
    } while (depth > 0);
    snprintf(condition, size, "%.*s", (int)(end - check), check);
    return true;
}

/* Compares what the condition and the check say of a row with this value in one column. Returns whether it is
 * refused. */
static bool compare(const struct cw_entity *entity, uint32_t column, const char *condition, const char *value)
{
    const struct cw_column_def *definition = &entity->columns[column];
    struct cw_batch batch;
    struct cw_error error = {0};
    char sql[1000];
    char holds[8];
    rows_init(&batch, entity->id, 0, 1);
    if (definition->type == CW_TYPE_STRING) {
        rows_set_texts(&batch, column, value, 0);
        snprintf(sql, sizeof sql, "SELECT %s FROM (SELECT '%s' AS %s)", condition, value, definition->name);
    } else {
        rows_set_int(&batch, column, 0, strtol(value, NULL, 10));
        snprintf(sql, sizeof sql, "SELECT %s FROM (SELECT %s AS %s)", condition, value, definition->name);
    }
    ask(sql, holds, sizeof holds);
    const cw_status status = cw_rows_check(&batch, &error);
    ck_assert_msg((status == CW_OK) == (strcmp(holds, "1") == 0), "%s.%s = %s: CHECK %s gives %s, %s",
                  entity->table, definition->name, value, condition, holds, error.message);
    ck_assert(status == CW_OK || (status == CW_E_VIOLATION && strcmp(error.field, definition->name) == 0));
    cw_batch_clear(&batch);
    return status != CW_OK;
}

START_TEST(what_the_tables_would_refuse_is_refused)
{
    static const char *const numbers[] = {"-1", "0", "1", "13", "101"};
    int refused = 0;
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        const struct cw_entity *entity = cw_entity_get((enum cw_entity_id)e);
        for (uint32_t c = 0; c < entity->column_count; c++) {
            const enum cw_type type = entity->columns[c].type;
            char condition[1000];
            const bool is_change = e == CW_ENTITY_STOCK && c == CW_STOCK_ON_HAND;
            if (type == CW_TYPE_UUID || type == CW_TYPE_BOOL || is_change ||
                !find_condition(entity, c, condition, sizeof condition)) {
                continue;
            }
            if (type == CW_TYPE_STRING) {
                refused += compare(entity, c, condition, "nonsense");
                continue;
            }
            for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
                refused += compare(entity, c, condition, numbers[i]);
            }
        }
    }
    ck_assert_int_gt(refused, 60);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("row_check");
    TCase *tests = tcase_create("row_check");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, what_the_tables_would_refuse_is_refused);
    suite_add_tcase(suite, tests);
    return suite;
}
