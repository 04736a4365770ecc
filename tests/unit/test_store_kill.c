/* A writer is killed without warning, again and again, in the middle of bulk loads and of small writes: what
 * it was told is durable is there afterwards, whole, and of the rest there is nothing. CARTWRIGHT_KILLS sets
 * how often (5 otherwise). */
#define _POSIX_C_SOURCE 200809L

#include "store_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define WRITERS 4
#define SMALL_ROWS 5
#define LOAD_ROWS 3000
#define LOAD_BATCHES 4
#define NUMBERS_A_WRITER INT64_C(1000000) /* customers that one writer of one round may make */

/* What the writer says when a run is durable. */
struct acknowledgement {
    int64_t first;
    int64_t rows;
};

struct small_writer {
    pthread_t thread;
    int pipe;
    int64_t first;
};

static void acknowledge(int out, int64_t first, int64_t rows)
{
    const struct acknowledgement message = {first, rows};
    if (write(out, &message, sizeof message) != (ssize_t)sizeof message) {
        _exit(3);
    }
}

static void *write_until_killed(void *context)
{
    const struct small_writer *self = context;
    for (int64_t first = self->first;; first += SMALL_ROWS) {
        struct cw_batch batches[CW_ENTITY_COUNT] = {0};
        struct cw_error error;
        rows_customers(batches, first, SMALL_ROWS);
        rows_must(fixture_write(batches, first, &error), &error);
        acknowledge(self->pipe, first, SMALL_ROWS);
    }
    return NULL;
}

static void load_until_killed(int out, int64_t base)
{
    for (int64_t first = base;; first += LOAD_ROWS * LOAD_BATCHES) {
        struct cw_load *load;
        struct cw_error error;
        rows_must(cw_load_begin(fixture_store, CW_WAIT_FOREVER, &load, &error), &error);
        for (int64_t b = 0; b < LOAD_BATCHES; b++) {
            struct cw_batch batches[CW_ENTITY_COUNT] = {0};
            rows_customers(batches, first + b * LOAD_ROWS, LOAD_ROWS);
            rows_must(fixture_add(load, batches), &error);
            rows_clear(batches);
        }
        struct cw_run_record run = rows_run(first);
        rows_must(cw_load_commit(&load, &run, &error), &error);
        cw_run_record_clear(&run);
        acknowledge(out, first, LOAD_ROWS * LOAD_BATCHES);
    }
}

/* Odd rounds load, even ones write small runs from several threads, every third does both. */
static void child_main(int round, int out)
{
    static struct small_writer writers[WRITERS];
    const int64_t base = (int64_t)round * (WRITERS + 1) * NUMBERS_A_WRITER;
    struct cw_error error;
    const struct cw_store_options options = {.location = fixture_path};
    rows_must(cw_store_open(&options, &fixture_store, &error), &error);
    for (int t = 0; t < WRITERS && (round % 2 == 0 || round % 3 == 0); t++) {
        writers[t] = (struct small_writer){.pipe = out, .first = base + (t + 1) * NUMBERS_A_WRITER};
        pthread_create(&writers[t].thread, NULL, write_until_killed, &writers[t]);
    }
    if (round % 2 == 1) {
        load_until_killed(out, base);
    }
    for (;;) {
        pause();
    }
}

static int64_t read_acknowledgements(int in, struct acknowledgement *list, int64_t capacity)
{
    int64_t count = 0;
    struct acknowledgement message;
    while (read(in, &message, sizeof message) == (ssize_t)sizeof message) {
        ck_assert_int_lt(count, capacity);
        list[count++] = message;
    }
    return count;
}

static void check_acknowledged(const struct acknowledgement *list, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        char sql[256];
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM customers JOIN addresses ON addresses.id = default_address_id WHERE "
                 "email IN "
                 "('customer.%" PRId64 "@example.com', 'customer.%" PRId64 "@example.com')",
                 list[i].first, list[i].first + list[i].rows - 1);
        ck_assert_msg(fixture_number(sql) == 2, "run of %" PRId64 " rows from %" PRId64 " was lost",
                      list[i].rows, list[i].first);
    }
}

/* Every run that is there has all of its rows; the counters, keys and references agree. */
static void check_whole(void)
{
    char sql[512];
    snprintf(
        sql, sizeof sql,
        "SELECT count(*) FROM (SELECT (%s - %" PRId64 ") / 1000000 AS n FROM runs) AS r WHERE (SELECT "
        "count(*) FROM customers WHERE email IN ('customer.' || n || '@example.com', 'customer.' || (n + "
        "%d) || '@example.com')) <> 2",
        FIXTURE_MICROS("created_at"), ROWS_EPOCH, SMALL_ROWS - 1);
    ck_assert_int_eq(fixture_number(sql), 0);
    ck_assert_int_eq(
        fixture_number("SELECT (SELECT count(*) FROM customers) - coalesce((SELECT value FROM counters "
                       "WHERE name = 'rows.customers'), 0)"),
        0);
    ck_assert_int_eq(
        fixture_number("SELECT (SELECT count(*) FROM customers) - (SELECT count(*) FROM addresses)"), 0);
    ck_assert_int_eq(fixture_broken_references(), 0);
    if (fixture_server() != NULL) {
        return;
    }
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM sqlite_schema WHERE name = 'customers_email'"), 1);
    ck_assert_int_eq(fixture_number("SELECT count(*) <> 1 OR min(integrity_check) <> 'ok' FROM "
                                    "pragma_integrity_check"),
                     0);
}

/* Rows that no run accounts for would be half a run. */
static void check_accounted(int64_t runs_of_loads)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "SELECT (SELECT count(*) FROM customers) - %d * (SELECT count(*) FROM runs) - %" PRId64,
             SMALL_ROWS, runs_of_loads * (LOAD_ROWS * LOAD_BATCHES - SMALL_ROWS));
    ck_assert_int_eq(fixture_number(sql), 0);
}

static int64_t count_load_runs(int rounds)
{
    int64_t loads = 0;
    for (int round = 1; round <= rounds; round += 2) {
        char sql[256];
        const int64_t base = (int64_t)round * (WRITERS + 1) * NUMBERS_A_WRITER;
        snprintf(sql, sizeof sql, "SELECT count(*) FROM runs WHERE %s >= %" PRId64 " AND %s < %" PRId64,
                 FIXTURE_MICROS("created_at"), rows_time(base), FIXTURE_MICROS("created_at"),
                 rows_time(base + NUMBERS_A_WRITER));
        loads += fixture_number(sql);
    }
    return loads;
}

static void kill_once(int round, struct acknowledgement *list, int64_t capacity, int64_t *acknowledged)
{
    int pipes[2];
    ck_assert_int_eq(pipe(pipes), 0);
    fixture_close();
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        close(pipes[0]);
        child_main(round, pipes[1]);
    }
    close(pipes[1]);
    const uint64_t wait = 20 + rows_mix((uint64_t)round * 7919) % 280;
    const struct timespec pause = {.tv_nsec = (long)wait * 1000000};
    nanosleep(&pause, NULL);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    int result = 0;
    ck_assert_int_eq(waitpid(child, &result, 0), child);
    ck_assert_msg(WIFSIGNALED(result), "the writer ended with %d before it was killed", WEXITSTATUS(result));
    const int64_t count = read_acknowledgements(pipes[0], list, capacity);
    close(pipes[0]);
    fixture_open();
    check_acknowledged(list, count);
    *acknowledged += count;
}

START_TEST(what_was_acknowledged_outlives_a_kill)
{
    static struct acknowledgement list[20000];
    const char *wanted = getenv("CARTWRIGHT_KILLS");
    const int kills = wanted != NULL ? (int)strtol(wanted, NULL, 10) : 5;
    int64_t acknowledged = 0;
    for (int round = 1; round <= kills; round++) {
        kill_once(round, list, sizeof list / sizeof *list, &acknowledged);
        check_whole();
        check_accounted(count_load_runs(round));
    }
    ck_assert_int_gt(acknowledged, 0);
    printf("%d kills, %" PRId64 " runs acknowledged\n", kills, acknowledged);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("store_kill");
    TCase *group = tcase_create("store_kill");
    tcase_set_timeout(group, 600);
    tcase_add_checked_fixture(group, fixture_set_up, fixture_tear_down);
    tcase_add_test(group, what_was_acknowledged_outlives_a_kill);
    suite_add_tcase(suite, group);
    return suite;
}
