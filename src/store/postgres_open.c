#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/calendar.h"
#include "store/migrations.h"
#include "store/postgres_store.h"

/* ---- The pool ---- */

/* How long to wait for a connection of ours before the server is asked for another once more. */
#define RETURN_NANOSECONDS 200000000L

static cw_status take_idle(struct cw_pg_store *store, struct cw_pg_connection **found, struct cw_error *error)
{
    struct cw_pool_state *pool = &store->base.pool;
    struct timespec until;
    int code = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += CW_PG_POOL_PATIENCE;
    pthread_mutex_lock(&pool->mutex);
    pool->waiting_count++;
    while (store->idle == NULL && pool->open_count >= pool->most && code != ETIMEDOUT) {
        code = pthread_cond_timedwait(&pool->returned, &pool->mutex, &until);
    }
    pool->waiting_count--;
    const bool is_full = store->idle == NULL && pool->open_count >= pool->most;
    *found = store->idle;
    if (*found != NULL) {
        store->idle = (*found)->next;
        pool->idle_count--;
    } else if (!is_full) {
        pool->open_count++;
    }
    pthread_mutex_unlock(&pool->mutex);
    if (!is_full) {
        return CW_OK;
    }
    cw_error_set(error, CW_E_UNAVAILABLE, "store", "store %s: all %d connections have been in use for %d s",
                 store->base.name, CW_PG_POOL_MAX, CW_PG_POOL_PATIENCE);
    if (error != NULL) {
        error->retryable = true;
    }
    return CW_E_UNAVAILABLE;
}

static void forget_one(struct cw_pg_store *store, struct cw_pg_connection *connection)
{
    struct cw_pool_state *pool = &store->base.pool;
    cw_pg_disconnect(connection);
    pthread_mutex_lock(&pool->mutex);
    pool->open_count--;
    pthread_cond_signal(&pool->returned);
    pthread_mutex_unlock(&pool->mutex);
}

/* Takes a connection that is idle and lives, or makes one. */
static cw_status take_or_connect(struct cw_pg_store *store, struct cw_pg_connection **connection,
                                 struct cw_error *error)
{
    struct cw_pg_connection *found = NULL;
    cw_status status = take_idle(store, &found, error);
    if (status != CW_OK) {
        return status;
    }
    if (found != NULL && cw_pg_is_alive(found)) {
        *connection = found;
        return CW_OK;
    }
    cw_pg_disconnect(found);
    status = cw_pg_connect(store->location, store->base.name, store->base.read_only, connection, error);
    if (status != CW_OK) {
        forget_one(store, NULL);
    }
    return status;
}

/* Waits a moment for someone to return a connection; false where nobody has one. */
static bool wait_for_return(struct cw_pg_store *store)
{
    struct cw_pool_state *pool = &store->base.pool;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += RETURN_NANOSECONDS;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&pool->mutex);
    const bool is_hopeful = pool->open_count > 0;
    if (is_hopeful && store->idle == NULL) {
        pool->waiting_count++;
        pthread_cond_timedwait(&pool->returned, &pool->mutex, &until);
        pool->waiting_count--;
    }
    pthread_mutex_unlock(&pool->mutex);
    return is_hopeful;
}

/* The server or the role may be allowed fewer connections than the pool: then those that there are go round.
 */
cw_status cw_pg_borrow(struct cw_pg_store *store, struct cw_pg_connection **connection,
                       struct cw_error *error)
{
    struct cw_error failure = {0};
    const int64_t until = cw_wait_of(CW_PG_POOL_PATIENCE);
    cw_status status = take_or_connect(store, connection, &failure);
    while (status != CW_OK && cw_pg_is_crowded(&failure) && cw_wait_of(0) < until && wait_for_return(store)) {
        status = take_or_connect(store, connection, &failure);
    }
    if (status != CW_OK && error != NULL) {
        *error = failure;
    }
    return status;
}

/* One that is lost is seldom lost alone. */
static void forget_idle(struct cw_pg_store *store)
{
    struct cw_pool_state *pool = &store->base.pool;
    pthread_mutex_lock(&pool->mutex);
    struct cw_pg_connection *idle = store->idle;
    store->idle = NULL;
    pool->open_count -= pool->idle_count;
    pool->idle_count = 0;
    pthread_cond_broadcast(&pool->returned);
    pthread_mutex_unlock(&pool->mutex);
    while (idle != NULL) {
        struct cw_pg_connection *next = idle->next;
        cw_pg_disconnect(idle);
        idle = next;
    }
}

void cw_pg_return(struct cw_pg_store *store, struct cw_pg_connection *connection)
{
    struct cw_pool_state *pool = &store->base.pool;
    const bool is_lost = PQstatus(connection->handle) != CONNECTION_OK;
    if (is_lost || PQtransactionStatus(connection->handle) != PQTRANS_IDLE) {
        forget_one(store, connection);
        if (is_lost) {
            forget_idle(store);
        }
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    connection->next = store->idle;
    store->idle = connection;
    pool->idle_count++;
    pthread_cond_signal(&pool->returned);
    pthread_mutex_unlock(&pool->mutex);
}

cw_status cw_pg_ask(struct cw_pg_store *store, const char *sql, const struct cw_pg_parameters *parameters,
                    PGresult **result, struct cw_error *error)
{
    bool is_lost = true;
    cw_status status = CW_OK;
    for (int attempt = 0; is_lost && attempt < 2; attempt++) {
        struct cw_pg_connection *connection;
        status = cw_pg_borrow(store, &connection, error);
        if (status != CW_OK) {
            return status;
        }
        status = cw_pg_query(connection, sql, parameters, result, error);
        is_lost = PQstatus(connection->handle) != CONNECTION_OK;
        cw_pg_return(store, connection);
    }
    return status;
}

cw_status cw_pg_begin_reading(struct cw_pg_store *store, const char *begin,
                              struct cw_pg_connection **connection, struct cw_error *error)
{
    bool is_lost = true;
    cw_status status = CW_OK;
    for (int attempt = 0; is_lost && attempt < 2; attempt++) {
        struct cw_pg_connection *borrowed;
        status = cw_pg_borrow(store, &borrowed, error);
        if (status != CW_OK) {
            return status;
        }
        status = cw_pg_execute(borrowed, begin, error);
        if (status == CW_OK) {
            *connection = borrowed;
            return CW_OK;
        }
        is_lost = PQstatus(borrowed->handle) != CONNECTION_OK;
        cw_pg_return(store, borrowed);
    }
    return status;
}

/* ---- Stock ---- */

cw_status cw_pg_lock(struct cw_pg_connection *connection, const char *lock, int64_t until,
                     struct cw_error *error)
{
    const int64_t left = until == CW_WAIT_FOREVER ? 0 : (until - cw_wait_of(0)) / 1000;
    char sql[128];
    if (until != CW_WAIT_FOREVER && left <= 0) {
        return cw_wait_given_up(connection->name, error);
    }
    snprintf(sql, sizeof sql, "SET lock_timeout = %lld; SELECT pg_advisory_lock(%s)", (long long)left, lock);
    const cw_status status = cw_pg_execute(connection, sql, error);
    return status == CW_E_TIMEOUT ? cw_wait_given_up(connection->name, error) : status;
}

/* The gate keeps out the runs of this process, a lock in the database those of others. */
static cw_status lock_stock(struct cw_store *base, int64_t until, struct cw_error *error)
{
    struct cw_pg_store *store = cw_pg_store_of(base);
    struct cw_pg_connection *connection;
    cw_status status = cw_pg_borrow(store, &connection, error);
    if (status != CW_OK) {
        return status;
    }
    status = cw_pg_lock(connection, CW_PG_LOCK_STOCK, until, error);
    if (status != CW_OK) {
        cw_pg_return(store, connection);
        return status;
    }
    store->stock_connection = connection;
    return CW_OK;
}

static void unlock_stock(struct cw_store *base)
{
    struct cw_pg_store *store = cw_pg_store_of(base);
    /* A lock that can't be given back ends with its connection. */
    if (cw_pg_execute(store->stock_connection,
                      "SELECT pg_advisory_unlock(" CW_PG_LOCK_STOCK "); SET lock_timeout = '30s'",
                      NULL) == CW_OK) {
        cw_pg_return(store, store->stock_connection);
    } else {
        forget_one(store, store->stock_connection);
    }
    store->stock_connection = NULL;
}

/* ---- Partitions ---- */

static int32_t month_of(int64_t time)
{
    int64_t of_day;
    const struct cw_date date = cw_date_from_days(cw_timestamp_split(time, &of_day));
    return date.year * 12 + date.month - 1;
}

/* A year at a time: every partition and index takes a lock of the server's table of them until the commit. */
static cw_status make_partitions(struct cw_pg_store *store, int32_t first, int32_t last,
                                 struct cw_error *error)
{
    char sql[256];
    struct cw_pg_connection *connection;
    cw_status status = cw_pg_borrow(store, &connection, error);
    if (status != CW_OK) {
        return status;
    }
    for (int32_t from = first; from <= last && status == CW_OK; from += 12) {
        const int32_t to = from + 11 < last ? from + 11 : last;
        snprintf(sql, sizeof sql,
                 "BEGIN; SELECT pg_advisory_xact_lock(" CW_PG_LOCK_WRITE
                 "); SELECT cartwright_make_partitions('%d-%02d-01', '%d-%02d-01'); COMMIT",
                 from / 12, from % 12 + 1, to / 12, to % 12 + 1);
        status = cw_pg_execute(connection, sql, error);
    }
    if (status != CW_OK) {
        cw_pg_execute(connection, "ROLLBACK", NULL);
    }
    cw_pg_return(store, connection);
    return status;
}

/* Most months that a run may have made for it, the last ones; the rest is in the partition for all other
 * times.
 */
#define MONTHS_MAX 240

/* Adds months to those known to be there. */
static void know_months(struct cw_pg_store *store, int32_t first, int32_t last)
{
    pthread_mutex_lock(&store->months_mutex);
    const bool is_next = store->first_month <= last + 1 && first <= store->last_month + 1;
    store->first_month = is_next && store->first_month < first ? store->first_month : first;
    store->last_month = is_next && store->last_month > last ? store->last_month : last;
    pthread_mutex_unlock(&store->months_mutex);
}

cw_status cw_pg_expect(struct cw_store *base, int64_t from, int64_t to, int64_t until, struct cw_error *error)
{
    struct cw_pg_store *store = cw_pg_store_of(base);
    const int32_t last = month_of(to);
    const int32_t first = last - month_of(from) < MONTHS_MAX ? month_of(from) : last - MONTHS_MAX + 1;
    if (last < first || first < 12 || last >= 9999 * 12) {
        return CW_OK;
    }
    pthread_mutex_lock(&store->months_mutex);
    const bool is_known = first >= store->first_month && last <= store->last_month;
    pthread_mutex_unlock(&store->months_mutex);
    if (is_known) {
        return CW_OK;
    }
    if (!cw_gate_enter(&base->writer, until)) {
        return cw_wait_given_up(base->name, error);
    }
    const cw_status status = make_partitions(store, first, last, error);
    cw_gate_leave(&base->writer);
    if (status == CW_OK) {
        know_months(store, first, last);
    }
    return status;
}

/* ---- Opening ---- */

static void store_close(struct cw_store *base)
{
    struct cw_pg_store *store = cw_pg_store_of(base);
    cw_world_cache_clear(base);
    while (store->idle != NULL) {
        struct cw_pg_connection *next = store->idle->next;
        cw_pg_disconnect(store->idle);
        store->idle = next;
    }
    pthread_mutex_destroy(&store->months_mutex);
    free(store->location);
    cw_store_free(base);
}

static const struct cw_store_operations operations = {
    .close = store_close,
    .expect = cw_pg_expect,
    .load_begin = cw_pg_load_begin,
    .load_watch = cw_pg_load_watch,
    .load_add = cw_pg_load_add,
    .load_commit = cw_pg_load_commit,
    .load_abort = cw_pg_load_abort,
    .write_group = cw_pg_write_group,
    .answer = cw_pg_answer,
    .read = cw_pg_read,
    .count = cw_pg_count,
    .counters = cw_pg_counters,
    .runs = cw_pg_runs,
    .select = cw_pg_select,
    .reader_begin = cw_pg_reader_begin,
    .reader_share = cw_pg_reader_share,
    .reader_basis = cw_pg_reader_basis,
    .reader_end = cw_pg_reader_end,
    .reader_query = cw_pg_reader_query,
    .ledger_hint = "",
    .lock_stock = lock_stock,
    .unlock_stock = unlock_stock,
    .keys = &cw_pg_key_operations,
    .jobs = &cw_pg_job_operations,
};

static const char *option_of(const PQconninfoOption *options, const char *keyword)
{
    while (options->keyword != NULL && strcmp(options->keyword, keyword) != 0) {
        options++;
    }
    return options->val != NULL ? options->val : "";
}

/* Whether a character comes after `from` and before a question mark. */
static bool has_before_query(const char *from, char character)
{
    const char stops[] = {'?', character, '\0'};
    return from[strcspn(from, stops)] == character;
}

/* A name or password with '@' or '/' in it falls apart at these unless they are written as %40 and %2F: then
 * pieces of a password would be taken for host, port or database, and be shown. */
static bool falls_apart(const char *location)
{
    const char *start = strstr(location, "://");
    start = start != NULL ? start + 3 : location;
    const char *at = start + strcspn(start, "@");
    const char *slash = start + strcspn(start, "/");
    return (*at == '@' && has_before_query(at + 1, '@')) || (slash < at && has_before_query(slash, '@'));
}

/* How messages call the store: its place without user, password and settings. */
static cw_status name_of(const char *location, char name[256], struct cw_error *error)
{
    char *message = NULL;
    PQconninfoOption *options = falls_apart(location) ? NULL : PQconninfoParse(location, &message);
    if (options == NULL) {
        /* What libpq says of anything but a parameter's name may hold a password. */
        static const char parameter[] = "invalid URI query parameter: ";
        const bool is_parameter = message != NULL && strncmp(message, parameter, sizeof parameter - 1) == 0;
        cw_error_set(error, CW_E_INVALID, "store",
                     "store is no address that libpq reads%s%.*s, expected "
                     "postgresql://user@host:port/database with %%40 for @ and %%2F for / in names "
                     "and passwords",
                     is_parameter ? ": " : "", is_parameter ? (int)strcspn(message, "\n") : 0,
                     is_parameter ? message : "");
        PQfreemem(message);
        return CW_E_INVALID;
    }
    const char *port = option_of(options, "port");
    snprintf(name, 256, "postgresql://%s%s%s/%s", option_of(options, "host"), port[0] != '\0' ? ":" : "",
             port, option_of(options, "dbname"));
    PQconninfoFree(options);
    return CW_OK;
}

static struct cw_pg_store *store_allocate(const char *location, const char *name, bool read_only)
{
    struct cw_store *base = cw_store_new(sizeof(struct cw_pg_store), &operations, name, read_only);
    if (base == NULL) {
        return NULL;
    }
    struct cw_pg_store *store = cw_pg_store_of(base);
    base->pool.most = CW_PG_POOL_MAX;
    pthread_mutex_init(&store->months_mutex, NULL);
    store->first_month = INT32_MAX;
    store->location = strdup(location);
    if (store->location == NULL) {
        store_close(base);
        return NULL;
    }
    return store;
}

static cw_status set_up(struct cw_pg_store *store, bool as_is, struct cw_error *error)
{
    struct cw_pg_connection *connection;
    cw_status status = cw_pg_borrow(store, &connection, error);
    if (status != CW_OK) {
        return status;
    }
    status = cw_pg_migrations_apply(connection, store->base.read_only, store->base.read_only && as_is, error);
    if (status == CW_OK && !store->base.read_only) {
        status = cw_pg_counters_make(connection, error);
    }
    if (status == CW_OK && !store->base.read_only) {
        status = cw_pg_heal_unattended(connection, error);
    }
    cw_pg_return(store, connection);
    return status;
}

cw_status cw_pg_store_open(const struct cw_store_options *options, struct cw_store **store,
                           struct cw_error *error)
{
    char name[256];
    cw_status status = name_of(options->location, name, error);
    if (status != CW_OK) {
        return status;
    }
    struct cw_pg_store *opened = store_allocate(options->location, name, options->read_only);
    if (opened == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: opening store %s", name);
    }
    status = set_up(opened, options->as_is, error);
    if (status != CW_OK) {
        store_close(&opened->base);
        return status;
    }
    *store = &opened->base;
    return CW_OK;
}

cw_status cw_pg_revisions(const char *location, int *applied, int *known, struct cw_error *error)
{
    char name[256];
    struct cw_pg_connection *connection;
    cw_status status = name_of(location, name, error);
    if (status == CW_OK) {
        status = cw_pg_connect(location, name, true, &connection, error);
    }
    if (status == CW_OK) {
        status = cw_pg_migrations_look(connection, applied, error);
        cw_pg_disconnect(connection);
    }
    if (status == CW_OK) {
        *known = cw_pg_migration_count;
    }
    return status;
}
