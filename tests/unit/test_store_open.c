#define _POSIX_C_SOURCE 200809L

#include "store_fixture.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "store/migrations.h"

static cw_status open_again(bool create, bool read_only)
{
    const struct cw_store_options options = {
        .location = fixture_path, .create = create, .read_only = read_only};
    return cw_store_open(&options, &fixture_store, &fixture_error);
}

/* Changes the file behind the store's back. */
static void change(const char *sql)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(fixture_path, &db), SQLITE_OK);
    char *message = NULL;
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK, "%s: %s", sql, message);
    sqlite3_close(db);
}

static void write_file(const char *text)
{
    FILE *file = fopen(fixture_path, "wb");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(new_store_has_all_revisions_and_opens_again)
{
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM schema_revisions"), cw_migration_count);
    ck_assert_int_eq(fixture_number("SELECT max(revision) FROM schema_revisions"), cw_migration_count);
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        ck_assert_int_eq(fixture_count((enum cw_entity_id)e), 0);
    }
    fixture_close();
    assert_ok(open_again(false, false));
}
END_TEST

/* One of the customer's addresses, whose ids are unique: it needs no index. */
static bool is_unique_by_itself(const struct cw_entity *entity, uint32_t column)
{
    return entity->id == CW_ENTITY_CUSTOMER && column == CW_CUSTOMER_DEFAULT_ADDRESS_ID;
}

/* The catalogue decides names, order, types and nullability; the migrations must follow. */
START_TEST(tables_are_those_of_the_catalogue)
{
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        const struct cw_entity *entity = cw_entity_get((enum cw_entity_id)e);
        for (uint32_t c = 0; c < entity->column_count; c++) {
            const struct cw_column_def *column = &entity->columns[c];
            const char *type = column->type == CW_TYPE_UUID     ? "BLOB"
                               : column->type == CW_TYPE_STRING ? "TEXT"
                                                                : "INTEGER";
            char sql[512];
            snprintf(sql, sizeof sql,
                     "SELECT count(*) FROM pragma_table_info('%s') WHERE cid = %" PRIu32
                     " AND name = '%s' AND type = '%s' AND \"notnull\" = %d",
                     entity->table, c, column->name, type, !column->nullable);
            ck_assert_msg(fixture_number(sql) == 1, "%s.%s", entity->table, column->name);
            if (column->reference != CW_NO_REFERENCE) {
                snprintf(sql, sizeof sql,
                         "SELECT count(*) FROM pragma_foreign_key_list('%s') WHERE \"from\" = '%s' AND "
                         "\"table\" = "
                         "'%s' AND \"to\" = 'id'",
                         entity->table, column->name,
                         cw_entity_get((enum cw_entity_id)column->reference)->table);
                ck_assert_msg(fixture_number(sql) == 1, "%s.%s has no key", entity->table, column->name);
            }
            snprintf(sql, sizeof sql,
                     "SELECT count(*) FROM pragma_index_list('%s') AS l WHERE l.\"unique\" AND (SELECT "
                     "group_concat(name) FROM pragma_index_info(l.name)) = '%s'",
                     entity->table, column->name);
            ck_assert_msg(fixture_number(sql) == (column->unique && !is_unique_by_itself(entity, c)),
                          "%s.%s unique", entity->table, column->name);
        }
    }
}
END_TEST

START_TEST(missing_file_is_not_found)
{
    fixture_close();
    ck_assert_int_eq(unlink(fixture_path), 0);
    ck_assert_int_eq(open_again(false, false), CW_E_NOT_FOUND);
    ck_assert_int_eq(open_again(true, true), CW_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(fixture_error.message, fixture_path));
    assert_ok(open_again(true, false));
}
END_TEST

START_TEST(odd_locations_are_refused)
{
    static const char *const locations[] = {"", "sqlite:", ":memory:", "sqlite::memory:", "/"};
    for (size_t i = 0; i < sizeof locations / sizeof *locations; i++) {
        struct cw_store *store = NULL;
        const struct cw_store_options options = {.location = locations[i], .create = true};
        ck_assert_msg(cw_store_open(&options, &store, &fixture_error) == CW_E_INVALID, "%s", locations[i]);
        ck_assert_ptr_null(store);
    }
}
END_TEST

START_TEST(prefix_names_the_same_file)
{
    fixture_close();
    char location[600];
    snprintf(location, sizeof location, "sqlite:%s", fixture_path);
    const struct cw_store_options options = {.location = location};
    assert_ok(cw_store_open(&options, &fixture_store, &fixture_error));
}
END_TEST

START_TEST(newer_store_is_refused)
{
    fixture_close();
    change("INSERT INTO schema_revisions VALUES (1000, 'future', 'abc', 0)");
    ck_assert_int_eq(open_again(true, false), CW_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(fixture_error.message, "1000 (future)"));
    ck_assert_int_eq(open_again(false, true), CW_E_UNSUPPORTED);
}
END_TEST

START_TEST(changed_revision_is_refused)
{
    fixture_close();
    change("UPDATE schema_revisions SET digest = 'feedfacefeedface' WHERE revision = 1");
    ck_assert_int_eq(open_again(true, false), CW_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(fixture_error.message, "feedfacefeedface"));
}
END_TEST

START_TEST(lost_column_is_found_at_once)
{
    fixture_close();
    change("ALTER TABLE products RENAME COLUMN weight TO mass");
    ck_assert_int_eq(open_again(true, false), CW_E_CORRUPT);
    ck_assert_ptr_nonnull(strstr(fixture_error.message, "products.weight"));
}
END_TEST

START_TEST(what_is_no_store_is_refused)
{
    fixture_close();
    write_file(
        "id,email\n1,a@example.com\nThis is a file of text that is longer than a header of a database file "
        "and is not one.\n");
    ck_assert_int_eq(open_again(true, false), CW_E_CORRUPT);
    ck_assert_ptr_nonnull(strstr(fixture_error.message, fixture_path));
    ck_assert_int_eq(unlink(fixture_path), 0);
    change("CREATE TABLE notes (text)");
    ck_assert_int_eq(open_again(true, false), CW_E_CORRUPT);
    ck_assert_ptr_nonnull(strstr(fixture_error.message, "another program"));
}
END_TEST

START_TEST(empty_file_becomes_a_store)
{
    fixture_close();
    write_file("");
    ck_assert_int_eq(open_again(false, true), CW_E_UNSUPPORTED);
    assert_ok(open_again(false, false));
    ck_assert_int_eq(fixture_count(CW_ENTITY_ORDER), 0);
}
END_TEST

START_TEST(damaged_page_is_reported)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    rows_customers(batches, 0, 5000);
    assert_ok(fixture_load(batches, 1));
    fixture_close();
    struct stat facts;
    ck_assert_int_eq(stat(fixture_path, &facts), 0);
    FILE *file = fopen(fixture_path, "r+b");
    ck_assert_ptr_nonnull(file);
    char noise[4096];
    memset(noise, 0xA5, sizeof noise);
    for (long page = 100; page < facts.st_size / 4096; page += 2) {
        ck_assert_int_eq(fseek(file, page * 4096, SEEK_SET), 0);
        ck_assert_uint_eq(fwrite(noise, sizeof noise, 1, file), 1);
    }
    fclose(file);
    assert_ok(open_again(false, false));
    struct cw_batch batch;
    assert_ok(cw_batch_init(&batch, cw_entity_get(CW_ENTITY_CUSTOMER), &fixture_error));
    const struct cw_query query = {.entity = CW_ENTITY_CUSTOMER, .columns = ~UINT64_C(0), .limit = 10000};
    ck_assert_int_eq(cw_store_read(fixture_store, &query, &batch, &fixture_error), CW_E_CORRUPT);
    ck_assert_ptr_nonnull(strstr(fixture_error.message, "shop.db"));
    cw_batch_clear(&batch);
    struct cw_store_world *world;
    ck_assert_int_eq(cw_store_world_acquire(fixture_store, &world, &fixture_error), CW_E_CORRUPT);
}
END_TEST

START_TEST(read_only_store_reads_and_does_not_write)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    rows_customers(batches, 0, 10);
    assert_ok(fixture_load(batches, 1));
    fixture_close();
    assert_ok(open_again(false, true));
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 10);
    struct cw_load *load;
    ck_assert_int_eq(cw_load_begin(fixture_store, CW_WAIT_FOREVER, &load, &fixture_error), CW_E_UNSUPPORTED);
    rows_customers(batches, 10, 10);
    ck_assert_int_eq(fixture_write(batches, 2, &fixture_error), CW_E_UNSUPPORTED);
    int64_t number;
    ck_assert_int_ne(cw_store_select(fixture_store, "DELETE FROM customers", NULL, 0, fixture_take_number,
                                     &number, &fixture_error),
                     CW_OK);
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 10);
}
END_TEST

START_TEST(select_changes_nothing)
{
    int64_t number;
    ck_assert_int_ne(cw_store_select(fixture_store, "DELETE FROM schema_revisions", NULL, 0,
                                     fixture_take_number, &number, &fixture_error),
                     CW_OK);
    ck_assert_int_eq(cw_store_select(fixture_store, "SELECT nonsense", NULL, 0, fixture_take_number, &number,
                                     &fixture_error),
                     CW_E_INTERNAL);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const all[] = {
        new_store_has_all_revisions_and_opens_again,
        tables_are_those_of_the_catalogue,
        missing_file_is_not_found,
        odd_locations_are_refused,
        prefix_names_the_same_file,
        newer_store_is_refused,
        changed_revision_is_refused,
        lost_column_is_found_at_once,
        what_is_no_store_is_refused,
        empty_file_becomes_a_store,
        damaged_page_is_reported,
        read_only_store_reads_and_does_not_write,
        select_changes_nothing,
    };
    return fixture_suite("store_open", all, sizeof all / sizeof *all);
}
