/* A store of its own for one test: a file in a new folder or, where CARTWRIGHT_POSTGRES names a server, a new
 * database there. The same tests run over both. */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include <dirent.h>
#include <libpq-fe.h>
#include <unistd.h>

#include "harness.h"
#include "store_rows.h"

static char fixture_folder[256];
static char fixture_path[512];
static struct cw_store *fixture_store;
static struct cw_error fixture_error;

#define assert_ok(call) ck_assert_msg((call) == CW_OK, "%s: %s", #call, fixture_error.message)

ROWS_UNUSED void fixture_open(void)
{
    const struct cw_store_options options = {.location = fixture_path, .create = true};
    assert_ok(cw_store_open(&options, &fixture_store, &fixture_error));
}

ROWS_UNUSED void fixture_close(void)
{
    cw_store_close(fixture_store);
    fixture_store = NULL;
}

/* The server to test on, or NULL: the built-in store. */
ROWS_UNUSED const char *fixture_server(void)
{
    return getenv("CARTWRIGHT_POSTGRES");
}

/* What a store of another kind says in other words. */
ROWS_UNUSED const char *fixture_words(const char *sqlite, const char *postgres)
{
    return fixture_server() == NULL ? sqlite : postgres;
}

/* An instant of SQL as microseconds. */
#define FIXTURE_MICROS(column) fixture_words(column, "(extract(epoch FROM " column ") * 1000000)::bigint")

/* Runs SQL in a database of the server, beside the store. */
ROWS_UNUSED void fixture_server_run(const char *location, const char *sql)
{
    PGconn *connection = PQconnectdb(location);
    PGresult *result = PQexec(connection, sql);
    const ExecStatusType status = PQresultStatus(result);
    ck_assert_msg(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s: %s", sql,
                  PQerrorMessage(connection));
    PQclear(result);
    PQfinish(connection);
}

/* The server's address with another database. */
ROWS_UNUSED void fixture_database(const char *name, char location[512])
{
    const char *settings = strchr(fixture_server(), '?');
    snprintf(location, 512, "postgresql:///%s%s", name, settings != NULL ? settings : "");
}

/* Databases are copies of one that the first test makes. */
ROWS_UNUSED void fixture_make_database(void)
{
    char sql[400];
    char location[512];
    struct cw_store *store;
    fixture_database("shop_template", location);
    PGconn *connection = PQconnectdb(fixture_server());
    PGresult *result =
        PQexec(connection, "SELECT 1 FROM pg_database WHERE datname = 'shop_template' AND datistemplate");
    const bool has_template = PQntuples(result) == 1;
    PQclear(result);
    PQfinish(connection);
    if (!has_template) {
        fixture_server_run(fixture_server(), "DROP DATABASE IF EXISTS shop_template");
        fixture_server_run(fixture_server(), "CREATE DATABASE shop_template");
        assert_ok(cw_store_open(&(struct cw_store_options){.location = location}, &store, &fixture_error));
        cw_store_close(store);
        fixture_server_run(fixture_server(), "ALTER DATABASE shop_template IS_TEMPLATE true");
    }
    snprintf(fixture_folder, sizeof fixture_folder, "shop_%ld", (long)getpid());
    snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE shop_template", fixture_folder);
    fixture_server_run(fixture_server(), sql);
    fixture_database(fixture_folder, fixture_path);
}

ROWS_UNUSED void fixture_set_up(void)
{
    if (fixture_server() != NULL) {
        fixture_make_database();
        fixture_open();
        return;
    }
    const char *base = getenv("TMPDIR");
    snprintf(fixture_folder, sizeof fixture_folder, "%s/cartwright_store_XXXXXX",
             base != NULL ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(fixture_folder));
    snprintf(fixture_path, sizeof fixture_path, "%s/shop.db", fixture_folder);
    fixture_open();
}

ROWS_UNUSED void fixture_tear_down(void)
{
    fixture_close();
    if (fixture_server() != NULL) {
        char sql[400];
        snprintf(sql, sizeof sql, "DROP DATABASE %s WITH (FORCE)", fixture_folder);
        fixture_server_run(fixture_server(), sql);
        return;
    }
    DIR *folder = opendir(fixture_folder);
    ck_assert_ptr_nonnull(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char name[600];
        snprintf(name, sizeof name, "%s/%s", fixture_folder, entry->d_name);
        unlink(name);
    }
    closedir(folder);
    rmdir(fixture_folder);
}

/* A suite whose tests each have a new, empty store. */
ROWS_UNUSED Suite *fixture_suite(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *group = tcase_create(name);
    tcase_set_timeout(group, 60);
    tcase_add_checked_fixture(group, fixture_set_up, fixture_tear_down);
    for (size_t i = 0; i < count; i++) {
        tcase_add_test(group, tests[i]);
    }
    suite_add_tcase(suite, group);
    return suite;
}

ROWS_UNUSED int64_t fixture_count(enum cw_entity_id entity)
{
    int64_t rows = -1;
    assert_ok(cw_store_count(fixture_store, entity, &rows, &fixture_error));
    return rows;
}

ROWS_UNUSED bool fixture_take_number(void *context, int columns, const char *const *values)
{
    ck_assert_int_ge(columns, 1);
    *(int64_t *)context = values[0] != NULL ? strtoll(values[0], NULL, 10) : INT64_MIN;
    return true;
}

/* The number that a query gives. */
ROWS_UNUSED int64_t fixture_number(const char *sql)
{
    int64_t number = INT64_MIN;
    assert_ok(cw_store_select(fixture_store, sql, NULL, 0, fixture_take_number, &number, &fixture_error));
    return number;
}

/* References that lead nowhere. PostgreSQL keeps none where its keys are all there. */
ROWS_UNUSED int64_t fixture_broken_references(void)
{
    return fixture_number(fixture_words("SELECT count(*) FROM pragma_foreign_key_check",
                                        "SELECT count(*) FROM schema_shape AS was LEFT JOIN cartwright_shape "
                                        "AS now USING (kind, relation, name) "
                                        "WHERE now.definition IS DISTINCT FROM was.definition"));
}

/* Adds all filled batches in entity order. */
ROWS_UNUSED cw_status fixture_add(struct cw_load *load, const struct cw_batch batches[CW_ENTITY_COUNT])
{
    cw_status status = CW_OK;
    for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
        if (batches[e].columns != NULL) {
            status = cw_load_add(load, &batches[e], &fixture_error);
        }
    }
    return status;
}

/* Loads the batches as one run; clears them. */
ROWS_UNUSED cw_status fixture_load(struct cw_batch batches[CW_ENTITY_COUNT], int64_t run_number)
{
    struct cw_load *load;
    assert_ok(cw_load_begin(fixture_store, CW_WAIT_FOREVER, &load, &fixture_error));
    fixture_add(load, batches);
    struct cw_run_record run = rows_run(run_number);
    const cw_status status = cw_load_commit(&load, &run, &fixture_error);
    ck_assert_ptr_null(load);
    cw_run_record_clear(&run);
    rows_clear(batches);
    return status;
}

/* The same as a small write. */
ROWS_UNUSED cw_status fixture_write_until(struct cw_batch batches[CW_ENTITY_COUNT], int64_t run_number,
                                          int64_t until, struct cw_error *error)
{
    const struct cw_batch *pointers[CW_ENTITY_COUNT];
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        pointers[e] = batches[e].columns != NULL ? &batches[e] : NULL;
    }
    struct cw_run_record run = rows_run(run_number);
    const cw_status status = cw_store_write(fixture_store, pointers, &run, until, error);
    cw_run_record_clear(&run);
    rows_clear(batches);
    return status;
}

ROWS_UNUSED cw_status fixture_write(struct cw_batch batches[CW_ENTITY_COUNT], int64_t run_number,
                                    struct cw_error *error)
{
    return fixture_write_until(batches, run_number, CW_WAIT_FOREVER, error);
}

#endif
