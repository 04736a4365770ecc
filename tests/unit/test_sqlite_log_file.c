/* A log whose pieces are gathered holds what SQLite wrote: for its own reads, for other connections, and when
 * the disk is full. */
#define _XOPEN_SOURCE 700

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "store/sqlite_connection.h"

#define ROWS 3000

static char folder[256];
static char path[512];
static struct cw_connection *writer;
static sqlite3 *other; /* by SQLite's own VFS */

static int64_t other_number(const char *sql)
{
    sqlite3_stmt *statement;
    ck_assert_int_eq(sqlite3_prepare_v2(other, sql, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    const int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

/* How many rows others see, of a file that is whole. */
static int64_t rows_elsewhere(void)
{
    ck_assert_int_eq(other_number("SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    return other_number("SELECT count(*) FROM t");
}

static void run(const char *sql)
{
    struct cw_error error;
    ck_assert_msg(cw_connection_execute(writer, sql, &error) == CW_OK, "%s: %s", sql, error.message);
}

/* Random keys: an index that is written all over, by a cache of ten pages that gives them to the log early.
 */
static cw_status insert(int from, int count)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n (i) AS (VALUES (%d) UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
             "INSERT INTO t SELECT i, (i * 7919) %% 1000003, randomblob(400) FROM n",
             from, from + count - 1);
    return cw_connection_execute(writer, sql, NULL);
}

static void set_up(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/cartwright_log_XXXXXX", base != NULL ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/log.db", folder);
    struct cw_error error;
    ck_assert_msg(cw_connection_open(path, CW_CONNECTION_WRITE, true, false, &writer, &error) == CW_OK, "%s",
                  error.message);
    run("PRAGMA journal_mode = WAL");
    run("CREATE TABLE t (id INTEGER PRIMARY KEY, key INTEGER NOT NULL UNIQUE, filler BLOB)");
    run("PRAGMA cache_size = 10");
    ck_assert_int_eq(sqlite3_open(path, &other), SQLITE_OK);
}

static void tear_down(void)
{
    sqlite3_close(other);
    cw_connection_close(writer);
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        char name[600];
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
    ck_assert_int_eq(rmdir(folder), 0);
}

START_TEST(others_see_each_commit_whole)
{
    for (int commit = 0; commit < 5; commit++) {
        run("BEGIN");
        ck_assert_int_eq(insert(commit * ROWS, ROWS), CW_OK);
        ck_assert_int_eq(rows_elsewhere(), commit * ROWS);
        run("COMMIT");
        ck_assert_int_eq(rows_elsewhere(), (commit + 1) * ROWS);
    }
    run("PRAGMA wal_checkpoint(TRUNCATE)");
    ck_assert_int_eq(rows_elsewhere(), 5 * ROWS);
}
END_TEST

START_TEST(what_is_undone_leaves_nothing)
{
    run("BEGIN");
    ck_assert_int_eq(insert(0, ROWS), CW_OK);
    run("SAVEPOINT part");
    ck_assert_int_eq(insert(ROWS, ROWS), CW_OK);
    run("DELETE FROM t WHERE id < 100");
    run("ROLLBACK TO part; RELEASE part");
    ck_assert_int_eq(insert(ROWS, 10), CW_OK);
    run("COMMIT");
    ck_assert_int_eq(rows_elsewhere(), ROWS + 10);
    run("BEGIN");
    ck_assert_int_eq(insert(2 * ROWS, ROWS), CW_OK);
    run("ROLLBACK");
    ck_assert_int_eq(insert(3 * ROWS, 1), CW_OK);
    ck_assert_int_eq(rows_elsewhere(), ROWS + 11);
}
END_TEST

/* How long the log's file is. */
static int64_t log_length(void)
{
    char name[600];
    snprintf(name, sizeof name, "%s-wal", path);
    struct stat file;
    ck_assert_int_eq(stat(name, &file), 0);
    return file.st_size;
}

START_TEST(a_long_log_is_cut_when_it_begins_anew)
{
    sqlite3_stmt *statement;
    ck_assert_int_eq(sqlite3_prepare_v2(writer->db, "PRAGMA journal_size_limit", -1, &statement, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    ck_assert_int_eq(sqlite3_column_int64(statement, 0), 768 << 20);
    sqlite3_finalize(statement);
    run("PRAGMA journal_size_limit = 500000");
    ck_assert_int_eq(insert(0, ROWS), CW_OK);
    ck_assert_int_gt(log_length(), 1000000);
    run("PRAGMA wal_checkpoint(RESTART)");
    ck_assert_int_eq(insert(ROWS, 1), CW_OK);
    ck_assert_int_le(log_length(), 500000);
    ck_assert_int_eq(rows_elsewhere(), ROWS + 1);
}
END_TEST

/* A limit on the size of files stands for the full disk. */
START_TEST(full_disk_loses_only_what_was_not_committed)
{
    ck_assert_int_eq(insert(0, 10), CW_OK);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    const struct rlimit narrow = {.rlim_cur = 1 << 20, .rlim_max = limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &narrow), 0);
    ck_assert_int_eq(insert(10, ROWS), CW_E_IO);
    ck_assert_int_eq(rows_elsewhere(), 10);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(insert(10, ROWS), CW_OK);
    ck_assert_int_eq(rows_elsewhere(), ROWS + 10);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("sqlite_log_file");
    TCase *tests = tcase_create("sqlite_log_file");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, others_see_each_commit_whole);
    tcase_add_test(tests, what_is_undone_leaves_nothing);
    tcase_add_test(tests, a_long_log_is_cut_when_it_begins_anew);
    tcase_add_test(tests, full_disk_loses_only_what_was_not_committed);
    suite_add_tcase(suite, tests);
    return suite;
}
