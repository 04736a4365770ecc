#define _POSIX_C_SOURCE 200809L

#include "store_fixture.h"

#include <pthread.h>
#include <time.h>

#include "store/store_tally.h"

#define THREADS 16
#define WRITES 25
#define ROWS 4

struct writer {
    pthread_t thread;
    int number;
    int written;
    int conflicts;
    int others;
};

/* Every fifth write has an e-mail address that another thread has too: just one of them may succeed. */
static void *write_some(void *context)
{
    struct writer *self = context;
    for (int i = 0; i < WRITES; i++) {
        struct cw_batch batches[CW_ENTITY_COUNT] = {0};
        const int64_t number = (int64_t)self->number * WRITES + i;
        rows_customers(batches, number * ROWS, ROWS);
        if (i % 5 == 0) {
            rows_set_texts(&batches[CW_ENTITY_CUSTOMER], CW_CUSTOMER_EMAIL, "shared.%" PRId64 "@example.com",
                           (int64_t)i * ROWS);
        }
        struct cw_error error;
        const cw_status status = fixture_write(batches, number, &error);
        self->written += status == CW_OK;
        self->conflicts += status == CW_E_CONFLICT;
        self->others += status != CW_OK && status != CW_E_CONFLICT;
    }
    return NULL;
}

/* Reads all the while: what it sees always adds up. */
struct reader {
    pthread_t thread;
    bool stop;
    pthread_mutex_t mutex;
    int rounds;
    int mismatches;
};

static bool take_three(void *context, int columns, const char *const *values)
{
    int *mismatches = context;
    *mismatches += columns != 3 || strcmp(values[0], values[1]) != 0 || strcmp(values[0], values[2]) != 0;
    return true;
}

static void *read_some(void *context)
{
    struct reader *self = context;
    bool stop = false;
    while (!stop) {
        struct cw_error error;
        if (cw_store_select(
                fixture_store,
                "SELECT (SELECT count(*) FROM customers), (SELECT value FROM counters WHERE name = "
                "'rows.customers'), (SELECT count(*) * 4 FROM runs)",
                NULL, 0, take_three, &self->mismatches, &error) != CW_OK) {
            self->mismatches++;
        }
        self->rounds++;
        pthread_mutex_lock(&self->mutex);
        stop = self->stop;
        pthread_mutex_unlock(&self->mutex);
    }
    return NULL;
}

START_TEST(writes_of_many_threads_succeed_or_fail_alone)
{
    struct cw_batch first[CW_ENTITY_COUNT] = {0};
    rows_customers(first, 1000000, ROWS);
    assert_ok(fixture_write(first, 1000000, &fixture_error));
    struct reader reader = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    static struct writer writers[THREADS];
    ck_assert_int_eq(pthread_create(&reader.thread, NULL, read_some, &reader), 0);
    for (int t = 0; t < THREADS; t++) {
        writers[t] = (struct writer){.number = t};
        ck_assert_int_eq(pthread_create(&writers[t].thread, NULL, write_some, &writers[t]), 0);
    }
    int written = 1;
    int conflicts = 0;
    for (int t = 0; t < THREADS; t++) {
        pthread_join(writers[t].thread, NULL);
        ck_assert_int_eq(writers[t].others, 0);
        written += writers[t].written;
        conflicts += writers[t].conflicts;
    }
    pthread_mutex_lock(&reader.mutex);
    reader.stop = true;
    pthread_mutex_unlock(&reader.mutex);
    pthread_join(reader.thread, NULL);
    ck_assert_int_eq(reader.mismatches, 0);
    ck_assert_int_gt(reader.rounds, 0);
    ck_assert_int_eq(conflicts, (THREADS - 1) * WRITES / 5);
    ck_assert_int_eq(written, 1 + THREADS * WRITES - conflicts);
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), (int64_t)written * ROWS);
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM addresses"), (int64_t)written * ROWS);
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM runs"), written);
    ck_assert_int_eq(fixture_broken_references(), 0);
}
END_TEST

START_TEST(missing_parent_is_a_violation)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    rows_customers(batches, 0, 10);
    rows_set_id(&batches[CW_ENTITY_ADDRESS], CW_ADDRESS_CUSTOMER_ID, 7, CW_ENTITY_CUSTOMER, 99);
    ck_assert_int_eq(fixture_write(batches, 1, &fixture_error), CW_E_VIOLATION);
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM customers"), 0);
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 0);
}
END_TEST

START_TEST(absent_column_is_refused)
{
    struct cw_batch batch;
    assert_ok(cw_batch_init(&batch, cw_entity_get(CW_ENTITY_BRAND), &fixture_error));
    assert_ok(cw_batch_reserve(&batch, CW_BRAND_ID, 1, &fixture_error));
    batch.row_count = 1;
    const struct cw_batch *batches[CW_ENTITY_COUNT] = {[CW_ENTITY_BRAND] = &batch};
    struct cw_run_record run = rows_run(1);
    ck_assert_int_eq(cw_store_write(fixture_store, batches, &run, CW_WAIT_FOREVER, &fixture_error),
                     CW_E_INVALID);
    ck_assert_str_eq(fixture_error.field, "name");
    cw_run_record_clear(&run);
    cw_batch_clear(&batch);
}
END_TEST

START_TEST(runs_are_listed_newest_first)
{
    for (int64_t i = 0; i < 5; i++) {
        struct cw_batch batches[CW_ENTITY_COUNT] = {0};
        assert_ok(fixture_write(batches, i, &fixture_error));
    }
    struct cw_run_record records[3];
    uint32_t count = 0;
    assert_ok(cw_store_runs(fixture_store, NULL, 3, records, &count, &fixture_error));
    ck_assert_uint_eq(count, 3);
    ck_assert_int_eq(records[0].created_at, rows_time(4));
    ck_assert_mem_eq(records[2].spec.data, "{\"number\":2}", records[2].spec.size);
    const struct cw_uuid last = records[2].id;
    for (int i = 0; i < 3; i++) {
        cw_run_record_clear(&records[i]);
    }
    assert_ok(cw_store_runs(fixture_store, &last, 3, records, &count, &fixture_error));
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(records[1].created_at, rows_time(0));
    for (int i = 0; i < 2; i++) {
        cw_run_record_clear(&records[i]);
    }
    assert_ok(cw_store_run(fixture_store, &last, &records[0], &fixture_error));
    ck_assert_int_eq(records[0].created_at, rows_time(2));
    ck_assert_mem_eq(records[0].request.data, "{}", 2);
    cw_run_record_clear(&records[0]);
    const struct cw_uuid unknown = {{1}};
    ck_assert_int_eq(cw_store_run(fixture_store, &unknown, &records[0], &fixture_error), CW_E_NOT_FOUND);
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    ck_assert_int_eq(fixture_write(batches, 4, &fixture_error), CW_E_CONFLICT);
}
END_TEST

/* One write beside a load. */
struct waiter {
    pthread_t thread;
    int number;
    int64_t until;
    cw_status status;
    struct cw_error error;
    _Atomic bool is_over;
};

static void *write_one(void *context)
{
    struct waiter *self = context;
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    rows_customers(batches, (int64_t)self->number * ROWS, ROWS);
    self->status = fixture_write_until(batches, self->number, self->until, &self->error);
    self->is_over = true;
    return NULL;
}

static void begin_waiters(struct waiter *waiters, int count, int32_t seconds)
{
    for (int i = 0; i < count; i++) {
        waiters[i] = (struct waiter){.number = i + 1, .until = cw_wait_of(seconds)};
        ck_assert_int_eq(pthread_create(&waiters[i].thread, NULL, write_one, &waiters[i]), 0);
    }
}

static void count_ends(struct waiter *waiters, int count, int *written, int *given_up)
{
    for (int i = 0; i < count; i++) {
        pthread_join(waiters[i].thread, NULL);
        *written += waiters[i].status == CW_OK;
        *given_up += waiters[i].status == CW_E_UNAVAILABLE && waiters[i].error.retryable &&
                     strstr(waiters[i].error.message, "is busy with a run") != NULL;
    }
}

START_TEST(a_write_waits_for_a_load_only_so_long)
{
    struct waiter waiters[3];
    struct cw_load *load;
    int written = 0;
    int given_up = 0;
    assert_ok(cw_load_begin(fixture_store, CW_WAIT_FOREVER, &load, &fixture_error));
    begin_waiters(waiters, 3, 0);
    count_ends(waiters, 3, &written, &given_up);
    ck_assert_int_eq(given_up, 3);
    struct cw_load *other;
    ck_assert_int_eq(cw_load_begin(fixture_store, cw_wait_of(0), &other, &fixture_error), CW_E_UNAVAILABLE);
    assert_ok(cw_store_lock_stock(fixture_store, CW_WAIT_FOREVER, &fixture_error));
    ck_assert_int_eq(cw_store_lock_stock(fixture_store, cw_wait_of(0), &fixture_error), CW_E_UNAVAILABLE);
    cw_store_unlock_stock(fixture_store);
    cw_load_abort(&load);
    begin_waiters(waiters, 3, 60);
    count_ends(waiters, 3, &written, &given_up);
    ck_assert_int_eq(written, 3);
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM runs"), 3);
}
END_TEST

/* So many wait as long as they like. */
#define PATIENT 24
#define CROWD 40

START_TEST(of_many_that_wait_for_a_load_most_give_up)
{
    static struct waiter waiters[CROWD];
    struct cw_load *load;
    int waiting = CROWD;
    assert_ok(cw_load_begin(fixture_store, CW_WAIT_FOREVER, &load, &fixture_error));
    begin_waiters(waiters, CROWD, 600);
    while (waiting > PATIENT) {
        waiting = 0;
        for (int i = 0; i < CROWD; i++) {
            waiting += !waiters[i].is_over;
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    cw_load_abort(&load);
    int written = 0;
    int given_up = 0;
    count_ends(waiters, CROWD, &written, &given_up);
    ck_assert_int_ge(written, 1);
    ck_assert_int_ge(given_up, CROWD - PATIENT);
    ck_assert_int_eq(written + given_up, CROWD);
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM runs"), written);
}
END_TEST

/* DE is market 2 in the fixed order US, GB, DE, FR, JP. */
#define DE 2

START_TEST(numbers_are_given_to_one_run_only)
{
    struct cw_run_spec first;
    struct cw_run_spec second = {0};
    memset(&first, 0, sizeof first);
    first.customers = 100;
    first.orders = 7;
    second.customers = 50;
    int64_t basis[CW_ENTITY_COUNT];
    assert_ok(cw_store_reserve_numbers(fixture_store, &first, basis, &fixture_error));
    ck_assert_int_eq(basis[CW_ENTITY_CUSTOMER], 0);
    ck_assert_int_eq(first.prior_customers[DE], 0);
    ck_assert_int_eq(first.prior_customer_runs, 0);
    assert_ok(cw_store_reserve_numbers(fixture_store, &second, basis, &fixture_error));
    ck_assert_int_eq(second.prior_customers[DE], 100);
    ck_assert_int_eq(second.prior_customer_runs, 1);
    ck_assert_int_eq(second.prior_orders, 7);
    /* The second run makes 20 customers in DE and is committed; the first is given up. */
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    rows_customers(batches, 0, 20);
    const struct cw_batch *pointers[CW_ENTITY_COUNT] = {
        [CW_ENTITY_CUSTOMER] = &batches[CW_ENTITY_CUSTOMER],
        [CW_ENTITY_ADDRESS] = &batches[CW_ENTITY_ADDRESS],
        [CW_ENTITY_PAYMENT_METHOD] = &batches[CW_ENTITY_PAYMENT_METHOD],
    };
    struct cw_run_record run = rows_run(1);
    run.priors = cw_priors_of(&second);
    assert_ok(cw_store_write(fixture_store, pointers, &run, CW_WAIT_FOREVER, &fixture_error));
    cw_run_record_clear(&run);
    rows_clear(batches);
    cw_store_release_numbers(fixture_store);
    cw_store_release_numbers(fixture_store);
    assert_ok(cw_store_priors(fixture_store, &first, &fixture_error));
    ck_assert_int_eq(first.prior_customers[DE], 120);
    /* Ids go on after the sum of all markets: that of the second run had these in it. */
    ck_assert_int_eq(first.prior_customers[0], 100);
    ck_assert_int_eq(first.prior_customer_runs, 2);
    ck_assert_int_eq(first.prior_orders, 0);
    rows_customers(batches, 20, 5);
    assert_ok(fixture_load(batches, 2));
    assert_ok(cw_store_priors(fixture_store, &first, &fixture_error));
    ck_assert_int_eq(first.prior_customers[DE], 125);
    assert_ok(cw_store_basis(fixture_store, basis, &fixture_error));
    ck_assert_int_eq(basis[CW_ENTITY_CUSTOMER], 25);
    ck_assert_int_eq(basis[CW_ENTITY_ORDER], 0);
}
END_TEST

#define RESERVATIONS 200

/* Runs of one thread after the other, each of one product: whoever reserves gets another number. */
static void *reserve_some(void *context)
{
    int64_t *given = context;
    for (int i = 0; i < RESERVATIONS; i++) {
        struct cw_run_spec spec;
        struct cw_error error;
        int64_t rows[CW_ENTITY_COUNT];
        memset(&spec, 0, sizeof spec);
        spec.products = 1;
        given[i] =
            cw_store_reserve_numbers(fixture_store, &spec, rows, &error) == CW_OK ? spec.prior_products : -1;
    }
    return NULL;
}

START_TEST(threads_that_reserve_at_once_get_numbers_of_their_own)
{
    static int64_t given[THREADS][RESERVATIONS];
    static bool seen[THREADS * RESERVATIONS];
    pthread_t threads[THREADS];
    for (int t = 0; t < THREADS; t++) {
        ck_assert_int_eq(pthread_create(&threads[t], NULL, reserve_some, given[t]), 0);
    }
    for (int t = 0; t < THREADS; t++) {
        pthread_join(threads[t], NULL);
    }
    for (int i = 0; i < THREADS * RESERVATIONS; i++) {
        const int64_t number = given[i / RESERVATIONS][i % RESERVATIONS];
        ck_assert_int_ge(number, 0);
        ck_assert_int_lt(number, THREADS * RESERVATIONS);
        ck_assert(!seen[number]);
        seen[number] = true;
        cw_store_release_numbers(fixture_store);
    }
    struct cw_run_spec spec;
    memset(&spec, 0, sizeof spec);
    assert_ok(cw_store_priors(fixture_store, &spec, &fixture_error));
    ck_assert_int_eq(spec.prior_products, 0);
}
END_TEST

/* Counters that runs raise together come to what they would one after the other. */
START_TEST(usage_adds_up)
{
    static const struct {
        int64_t prior, made;
    } runs[] = {{0, 5}, {40, 3}, {0, 2}, {10, 7}, {60, 1}, {0, 4}, {0, 0}, {9, 0}};
    struct cw_usage usage = {0};
    int64_t value = 30;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        const struct cw_tally tally = {.rows[CW_ENTITY_ORDER] = runs[i].made};
        const struct cw_priors priors = {.orders = runs[i].prior};
        const int64_t reached = runs[i].prior + runs[i].made;
        cw_usage_add(&usage, &tally, &priors);
        if (runs[i].prior == 0) {
            value += runs[i].made;
        } else if (runs[i].made > 0 && reached > value) {
            value = reached;
        }
        const int64_t added = 30 + usage.orders.added;
        ck_assert_int_eq(added > usage.orders.least ? added : usage.orders.least, value);
    }
    ck_assert_int_eq(usage.products.added, 0);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const all[] = {
        writes_of_many_threads_succeed_or_fail_alone,
        missing_parent_is_a_violation,
        absent_column_is_refused,
        runs_are_listed_newest_first,
        a_write_waits_for_a_load_only_so_long,
        of_many_that_wait_for_a_load_most_give_up,
        numbers_are_given_to_one_run_only,
        threads_that_reserve_at_once_get_numbers_of_their_own,
        usage_adds_up,
    };
    return fixture_suite("store_write", all, sizeof all / sizeof *all);
}
